//! Query strings, decoded as poller URLs and curl users write them: `+` stays a plus.
//!
//! Time zone offsets (`+01:00`) stand in `where` clauses unencoded, and form decoding would turn them into spaces.

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
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
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
    fn plus_stays_plus() {
        let query = Query::parse("where=a>='2018-01-01T00:00:00+01:00'&x=%2B%20y&tags[]=a&tags%5B%5D=b&flag");
        assert_eq!(query.get("where"), Some("a>='2018-01-01T00:00:00+01:00'"));
        assert_eq!(query.get("x"), Some("+ y"));
        assert_eq!(query.all("tags[]").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(query.get("flag"), None);
    }
}
