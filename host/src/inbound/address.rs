//! Where providers call.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};

use crate::store::InstanceId;

/// The door's path.
const DOOR: &str = "elements/api-v2/events";

/// Padded or not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Where the provider of an instance calls.
pub(super) fn callback_url(public_url: &str, element: &str, instance: InstanceId) -> String {
    let base = public_url.trim_end_matches('/');
    let id = URL_SAFE_NO_PAD.encode(instance.to_string());
    format!("{base}/{DOOR}/{element}/{id}")
}

/// The instance that a path names: its id in base64, of either alphabet, padded or not.
pub fn decode_id(text: &str) -> Option<InstanceId> {
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
    let digits = std::str::from_utf8(&bytes).ok()?;
    Some(InstanceId(digits.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_every_spelling() {
        let cases = [
            ("NDI", Some(42)),
            ("MTI=", Some(12)),
            ("MTI", Some(12)),
            ("MTIz", Some(123)),
            ("", None),
            ("!!", None),
            ("eA", None),
            ("/////w", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode_id(text).map(|id| id.0), expected, "{text:?}");
        }
    }

    #[test]
    fn addresses_are_beneath_the_public_one() {
        for base in ["https://hooks.example.com", "https://hooks.example.com/"] {
            assert_eq!(
                callback_url(base, "acme", InstanceId(42)),
                "https://hooks.example.com/elements/api-v2/events/acme/NDI"
            );
        }
    }
}
