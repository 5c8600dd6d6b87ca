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
    let decoded = decoded(value);
    let mut parts = decoded.as_deref().unwrap_or_default().split('\t').skip(1);
    let (decoded_id, decoded_number) = (parts.next(), parts.next());
    match (id.or(decoded_id), number.or(decoded_number)) {
        (Some(id), number) => format!("{entity_type}|{id}|{}", number.unwrap_or("0")),
        // An unknown kind of key: better its spelling than nothing.
        (None, _) => format!("{entity_type}|{value}"),
    }
}

/// Whether a key is of the form that all known keys have.
pub(crate) fn is_well_formed(value: &str) -> bool {
    let decoded = decoded(value).unwrap_or_default();
    let mut parts = decoded.split('\t').take(2);
    parts.clone().count() == 2 && parts.all(|part| !part.is_empty())
}

fn decoded(value: &str) -> Option<String> {
    let bytes = STANDARD.decode(value.trim()).ok()?;
    String::from_utf8(bytes).ok()
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

    #[test]
    fn keys_have_a_kind_and_an_id() {
        for text in ["Contact\t001002000613063671156C\t5", "Note\t3813", "User\t*"] {
            assert!(is_well_formed(&STANDARD.encode(text)), "{text}");
        }
        for text in ["Key", "", "\t3813", "Note\t"] {
            assert!(!is_well_formed(&STANDARD.encode(text)), "{text}");
        }
        assert!(!is_well_formed("-1") && !is_well_formed("////"));
    }
}
