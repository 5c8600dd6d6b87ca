//! Record keys: base64 of TAB-separated text, `Prefix \t ID \t Number [\t …]`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// What makes a record itself, whatever the spelling of its key: a contact shares the ID of its parent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Identity {
    /// `Key.ID`, such as `240813252013353360078C`.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Key.Number`: 0, or 1 and above for the contacts of an entry.
    #[serde(rename = "Number")]
    pub number: u32,
}

/// A decoded key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `Company`, `Contact`, `AbEntry`, `Opportunity`, `User`, …
    pub prefix: String,
    /// The second segment.
    pub id: String,
    /// The third segment; `Note\t3813` has none.
    pub number: Option<u32>,
    /// What follows, such as the organizer of an appointment.
    pub rest: Vec<String>,
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no base64 of UTF-8.
    #[error("the key is not base64 of text")]
    Encoding,
    /// There are fewer than two segments, or one is empty.
    #[error("the key has no prefix and id separated by a TAB")]
    Segments,
    /// The third segment is no number.
    #[error("the number segment of the key is not a number")]
    Number,
}

// === impl Identity ===

impl Identity {
    /// An identity from its parts.
    #[must_use]
    pub fn new(id: impl Into<String>, number: u32) -> Self {
        Self {
            id: id.into(),
            number,
        }
    }
}

impl fmt::Display for Identity {
    /// `ID:Number`, the spelling that the control interface takes in paths.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, self.number)
    }
}

// === impl Key ===

impl Key {
    /// Decodes a key.
    ///
    /// # Errors
    /// A [`KeyError`] that says which part is not as it should be.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text).map_err(|_| KeyError::Encoding)?;
        let plain = String::from_utf8(bytes).map_err(|_| KeyError::Encoding)?;
        let mut segments = plain.split('\t');
        let mut segment = || segments.next().filter(|s| !s.is_empty()).map(str::to_owned);
        let prefix = segment().ok_or(KeyError::Segments)?;
        let id = segment().ok_or(KeyError::Segments)?;
        let number = match segments.next() {
            Some(digits) => Some(digits.parse().map_err(|_| KeyError::Number)?),
            None => None,
        };
        Ok(Self {
            prefix,
            id,
            number,
            rest: segments.map(str::to_owned).collect(),
        })
    }

    /// The key of a user, such as `User\tMASTER`.
    #[must_use]
    pub fn user(uid: &str) -> Self {
        Self {
            prefix: "User".to_owned(),
            id: uid.to_owned(),
            number: None,
            rest: Vec::new(),
        }
    }

    /// The identity: an absent number counts as 0.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(self.id.clone(), self.number.unwrap_or(0))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = format!("{}\t{}", self.prefix, self.id);
        if let Some(number) = self.number {
            plain.push('\t');
            plain.push_str(&number.to_string());
        }
        for segment in &self.rest {
            plain.push('\t');
            plain.push_str(segment);
        }
        f.write_str(&STANDARD.encode(plain))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Key, KeyError};

    fn check(text: &str, expect: Result<(&str, &str, Option<u32>), KeyError>) {
        let found = Key::parse(text);
        let found = found
            .as_ref()
            .map(|k| (k.prefix.as_str(), k.id.as_str(), k.number));
        assert_eq!(found.map_err(Clone::clone), expect, "{text}");
    }

    #[test]
    fn decodes_the_keys_of_the_vendor() {
        check(
            "Q29tcGFueQkyNDA4MTMyNTIwMTMzNTMzNjAwNzhDCTA=",
            Ok(("Company", "240813252013353360078C", Some(0))),
        );
        check(
            "Q29udGFjdAkwMDEwMDIwMDA2MTMwNjM2NzExNTZDCTU=",
            Ok(("Contact", "001002000613063671156C", Some(5))),
        );
        check("VXNlcglNQVNURVI=", Ok(("User", "MASTER", None)));
        check("VXNlcgkq", Ok(("User", "*", None)));
    }

    #[test]
    fn refuses_what_is_no_key() {
        check("", Err(KeyError::Segments));
        check("not base64!", Err(KeyError::Encoding));
        check("/w==", Err(KeyError::Encoding));
        check("Q29tcGFueQ==", Err(KeyError::Segments));
        check("Q29tcGFueQlYCXg=", Err(KeyError::Number));
    }

    proptest! {
        #[test]
        fn encoding_and_decoding_are_inverse(
            prefix in "[A-Za-z]{1,12}", id in "[A-Z0-9_]{1,24}", number in any::<u32>(), user in "[A-Z]{1,9}",
        ) {
            let key = Key { prefix, id, number: Some(number), rest: vec![user] };
            prop_assert_eq!(Key::parse(&key.to_string()), Ok(key));
        }

        #[test]
        fn any_text_is_decoded_or_refused(text in ".{0,60}") {
            let _ = Key::parse(&text);
        }
    }
}
