//! Record keys: base64 of `Prefix TAB ID TAB Number`.
//!
//! The spelling of a key depends on the session (`Company` in one, `AbEntry` in another), so that it is no identity;
//! entity type, id and number are.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The stable identity of a record.
///
/// `id`, `number` and `entity_type` as the provider tells them; what it does not tell is read out of the key's value.
pub(crate) fn identity(
    entity: u32,
    value: &str,
    id: Option<&str>,
    number: Option<&str>,
    entity_type: Option<&str>,
) -> String {
    let decoded = STANDARD
        .decode(value.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let mut parts = decoded.as_deref().unwrap_or_default().split('\t').skip(1);
    let (decoded_id, decoded_number) = (parts.next(), parts.next());
    let entity_type = entity_type.map_or_else(|| entity.to_string(), str::to_owned);
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
        assert_eq!(
            identity(1, &company, None, None, None),
            "1|240813252013353360078C|0"
        );
        assert_eq!(
            identity(1, &generic, None, None, None),
            identity(1, &company, None, None, None)
        );
        assert_eq!(
            identity(1, &company, Some("240813252013353360078C"), Some("0"), Some("1")),
            "1|240813252013353360078C|0"
        );
        assert_eq!(identity(1, "no base64!", None, None, None), "1|no base64!");
    }
}
