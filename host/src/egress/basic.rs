//! HTTP basic authentication (RFC 7617) as somebody else sent it.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Padded or not: what counts is who is meant.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// What stands behind `Basic` in the value of a header; none where it is of another scheme.
pub(super) fn credentials(header: &str) -> Option<&str> {
    let (scheme, credentials) = header.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("basic")
        .then(|| credentials.trim_start_matches(' '))
}

/// `user:password` of such a header, as bytes: it need be no text.
pub(crate) fn user_and_password(header: &str) -> Option<Vec<u8>> {
    STANDARD.decode(credentials(header)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_basic_is_read() {
        let cases: [(&str, Option<&[u8]>); 12] = [
            ("Basic dTpw", Some(b"u:p")),
            ("bAsIc dTpw", Some(b"u:p")),
            (" Basic   dTpw ", Some(b"u:p")),
            ("Basic dTo=", Some(b"u:")),
            ("Basic dTo", Some(b"u:")),
            ("Basic /w==", Some(b"\xff")),
            ("Basic ", None),
            ("Basic", None),
            ("Basicx dTpw", None),
            ("Bearer dTpw", None),
            ("Basic dT pw", None),
            ("Basic d!pw", None),
        ];
        for (header, expected) in cases {
            assert_eq!(user_and_password(header).as_deref(), expected, "{header:?}");
        }
    }
}
