//! Query strings, decoded as forms are: `+` is a space.
//!
//! But it stays a plus between a time of day and two digits: time zone offsets (`T08:00:00+01:00`) stand in `where`
//! clauses unencoded.

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{Api, error::ApiError};

/// The query parameters in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Self(pairs.map(pair).collect())
    }

    /// A further parameter.
    pub(super) fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// The first value of a parameter, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())?;
        Some(value)
    }

    /// All values of a parameter.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A positive number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.trim().parse::<u32>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(ApiError::bad_request(format!(
                "{name}: {text:?} is no number above 0"
            ))),
        }
    }

    /// A truth value.
    pub(super) fn truth(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The parameters that are none of these.
    pub(super) fn others<'a>(&'a self, known: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let others = self.0.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        others.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decode(text: &str) -> String {
    let spaced: String = text
        .char_indices()
        .map(|(at, character)| match character {
            '+' if !is_offset(text, at) => ' ',
            character => character,
        })
        .collect();
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

/// Whether the sign at this place begins a time zone's offset: after digits that follow a colon, perhaps with a
/// fraction, and before two digits.
fn is_offset(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let digit = |c: char| c.is_ascii_digit();
    let before = before.trim_end_matches(digit);
    let seconds = before
        .strip_suffix('.')
        .map_or(before, |seconds| seconds.trim_end_matches(digit));
    seconds.ends_with(':') && after.chars().skip(1).take(2).filter(|c| digit(*c)).count() == 2
}

impl FromRequestParts<Api> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_a_space_but_in_time_zones() {
        let query = Query::parse("where=a>='2018-01-01T00:00:00+01:00'&x=%2B%20y&tags[]=a&tags%5B%5D=b&flag");
        assert_eq!(query.get("where"), Some("a>='2018-01-01T00:00:00+01:00'"));
        assert_eq!(query.get("x"), Some("+ y"));
        for (text, expected) in [
            ("a+%3E+%27b%27", "a > 'b'"),
            (
                "a+>+'2018-01-01T00:00:00.123+0100'",
                "a > '2018-01-01T00:00:00.123+0100'",
            ),
            ("a+>+'2018-01-01 08:00+01:00'", "a > '2018-01-01 08:00+01:00'"),
            ("name='12.5+20'", "name='12.5 20'"),
            ("a=1:2+b", "a=1:2 b"),
            ("+", " "),
            ("ä+ö", "ä ö"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
        assert_eq!(query.all("tags[]").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(query.get("flag"), None);
    }
}
