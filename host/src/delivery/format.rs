//! In which form an instance wants its notifications: `event.notification.format`.

use std::{num::NonZeroUsize, str::FromStr};

/// The form of an instance's notifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// As Cloud Elements sends them.
    #[default]
    CloudElements,
    /// CloudEvents 1.0, structured: one event is one JSON object, attributes and data.
    Structured,
    /// CloudEvents 1.0, binary: attributes are headers, the body is the record.
    Binary,
    /// CloudEvents 1.0, batched: a JSON array of structured events.
    Batch,
}

/// The setting names no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no form of notifications; it should be cloud-elements, cloudevents, cloudevents-binary or \
     cloudevents-batch"
)]
pub struct FormatError(String);

impl Format {
    /// The configuration key.
    pub const KEY: &str = "event.notification.format";

    /// How many events a notification may hold, where so many are configured: in two of the forms a message is one
    /// event.
    pub fn batch(self, configured: NonZeroUsize) -> NonZeroUsize {
        match self {
            Self::CloudElements | Self::Batch => configured,
            Self::Structured | Self::Binary => NonZeroUsize::MIN,
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "cloud-elements" => Ok(Self::CloudElements),
            "cloudevents" | "cloudevents-structured" => Ok(Self::Structured),
            "cloudevents-binary" => Ok(Self::Binary),
            "cloudevents-batch" => Ok(Self::Batch),
            _ => Err(FormatError(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_whatever_their_case() {
        let cases = [
            ("", Format::CloudElements),
            ("cloud-elements", Format::CloudElements),
            (" CloudEvents ", Format::Structured),
            ("cloudevents-structured", Format::Structured),
            ("cloudevents-binary", Format::Binary),
            ("CLOUDEVENTS-BATCH", Format::Batch),
        ];
        for (text, format) in cases {
            assert_eq!(text.parse(), Ok(format), "{text}");
        }
        assert_eq!(
            "avro".parse::<Format>().unwrap_err().to_string(),
            "\"avro\" is no form of notifications; it should be cloud-elements, cloudevents, cloudevents-binary or \
             cloudevents-batch"
        );
    }

    #[test]
    fn a_message_that_is_an_event_holds_one() {
        let ten = NonZeroUsize::new(10).unwrap();
        assert_eq!(Format::Batch.batch(ten), ten);
        assert_eq!(Format::Binary.batch(ten), NonZeroUsize::MIN);
    }
}
