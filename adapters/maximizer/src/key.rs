//! Record keys: base64 of `Prefix TAB ID TAB Number`.
//!
//! The spelling of a key depends on the session (`Company` in one, `AbEntry` in another), so that it is no identity;
//! entity type, id and number are.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The stable identity of a record.
///
/// `id` and `number` as the provider tells them; what it does not tell is read out of the key's value. The entity type
/// is the resource's, so that it does not depend on what is told.
pub(crate) fn identity(entity_type: u32, value: &str, id: Option<&str>, number: Option<&str>) -> String {
    let decoded = STANDARD
        .decode(value.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let mut parts = decoded.as_deref().unwrap_or_default().split('\t').skip(1);
    let (decoded_id, decoded_number) = (parts.next(), parts.next());
    match (id.or(decoded_id), number.or(decoded_number)) {
        (Some(id), number) => format!("{entity_type}|{id}|{}", number.unwrap_or("0")),
        // An unknown kind of key: better its spelling than nothing.
        (None, _) => format!("{entity_type}|{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_is_no_identity() {
        let company = STANDARD.encode("Company\t240813252013353360078C\t0");
        let generic = STANDARD.encode("AbEntry\t240813252013353360078C\t0");
        assert_eq!(identity(1, &company, None, None), "1|240813252013353360078C|0");
        assert_eq!(
            identity(1, &generic, None, None),
            identity(1, &company, None, None)
        );
        assert_eq!(
            identity(1, &company, Some("240813252013353360078C"), Some("0")),
            "1|240813252013353360078C|0"
        );
        assert_eq!(identity(1, "no base64!", None, None), "1|no base64!");
    }
}
