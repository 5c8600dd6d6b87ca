//! Durations as people write them: `1s`, `2m`, `12h`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A duration in a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duration; write it with a unit, for instance 500ms, 30s, 2m, 12h or 7d")]
pub struct NoSpan(String);

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        humantime::parse_duration(text.trim())
            .map(Self)
            .map_err(|_unreadable| NoSpan(text.to_owned()))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Numbers are taken in, so that the message says what is missing instead of what type it is.
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        let cases = [
            ("1s", Some(1)),
            ("2m", Some(120)),
            ("12h", Some(43_200)),
            (" 1m 30s ", Some(90)),
            ("15", None),
            ("", None),
            ("soon", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(text.parse().ok(), seconds.map(Span::seconds), "{text}");
        }
        assert_eq!(Span::seconds(90).to_string(), "1m 30s");
    }
}
