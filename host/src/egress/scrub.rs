//! Known secrets are struck out of what a guest is handed.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    Secrets,
    basic::{credentials, user_and_password},
};

/// Shorter values are left alone: they would strike out ordinary text, and nobody can keep them secret.
const SHORTEST: usize = 6;

/// The spellings of known secrets.
#[derive(Default)]
pub(crate) struct Scrubber(Vec<Vec<u8>>);

impl Scrubber {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let values = secrets
            .iter()
            .map(|(_, secret)| secret.expose())
            .filter(|value| value.len() >= SHORTEST);
        let mut spellings: Vec<Vec<u8>> = values.flat_map(spellings).collect();
        // The longest first: a spelling may contain another.
        spellings.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        Self(spellings)
    }

    /// Replace every occurrence by as many asterisks. Offsets and lengths stay.
    pub(crate) fn strike(&self, bytes: &mut [u8]) {
        for spelling in &self.0 {
            strike_one(bytes, spelling);
        }
    }

    /// The same for a text.
    pub(crate) fn strike_text(&self, text: String) -> String {
        let mut bytes = text.into_bytes();
        self.strike(&mut bytes);
        // Asterisks may only have replaced whole characters of a spelling that is itself text.
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The same for the value of a header. In `Basic …` a secret is encoded together with a user, in letters that are none
    /// of its spellings: all of it is struck out then.
    pub(crate) fn strike_header(&self, value: String) -> String {
        let value = self.strike_text(value);
        let Some(known) = user_and_password(&value) else {
            return value;
        };
        let mut struck = known.clone();
        self.strike(&mut struck);
        match credentials(&value) {
            Some(encoded) if struck != known => value.replace(encoded, &"*".repeat(encoded.len())),
            _ => value,
        }
    }
}

fn spellings(value: &str) -> Vec<Vec<u8>> {
    let bytes = value.as_bytes();
    let json = serde_json::to_string(value).unwrap_or_default();
    let spellings = [
        value.to_owned(),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        url::form_urlencoded::byte_serialize(bytes).collect(),
        json.trim_matches('"').to_owned(),
        json.trim_matches('"').replace('/', "\\/"),
    ];
    spellings.into_iter().map(String::into_bytes).collect()
}

fn strike_one(bytes: &mut [u8], spelling: &[u8]) {
    let finder = memchr::memmem::Finder::new(spelling);
    let mut from = 0;
    while let Some(found) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
        let start = from + found;
        from = start + spelling.len();
        if let Some(occurrence) = bytes.get_mut(start..from) {
            occurrence.fill(b'*');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Secret;

    fn strike(secret: &str, text: &str) -> String {
        let mut secrets = Secrets::default();
        secrets.insert("s".to_owned(), Secret::from(secret));
        Scrubber::new(&secrets).strike_text(text.to_owned())
    }

    #[test]
    fn every_spelling_is_struck_out() {
        let secret = "s3cr3t/t0ken+=";
        let spelled = [
            secret.to_owned(),
            STANDARD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            "s3cr3t\\/t0ken+=".to_owned(),
        ];
        for spelling in spelled {
            let text = format!("{{\"a\":\"{spelling}\"}}");
            let struck = strike(secret, &text);
            assert_eq!(
                struck,
                format!("{{\"a\":\"{}\"}}", "*".repeat(spelling.len())),
                "{spelling}"
            );
        }
    }

    #[test]
    fn basic_authentication_with_a_secret_is_struck_out() {
        let mut secrets = Secrets::default();
        secrets.insert("s".to_owned(), Secret::from("s3cr3t/t0ken+="));
        let scrubber = Scrubber::new(&secrets);
        for (user, is_struck) in [
            ("u:s3cr3t/t0ken+=", true),
            ("u:another", false),
            ("s3cr3t", false),
        ] {
            let header = format!("basic {}", STANDARD.encode(user));
            let expected = match is_struck {
                true => format!("basic {}", "*".repeat(header.len() - 6)),
                false => header.clone(),
            };
            assert_eq!(scrubber.strike_header(header), expected, "{user}");
        }
    }

    #[test]
    fn short_secrets_and_other_text_stay() {
        assert_eq!(strike("abc", "abcabc"), "abcabc");
        assert_eq!(strike("abcdef", "xabcdefxabcdex"), "x******xabcdex");
    }
}
