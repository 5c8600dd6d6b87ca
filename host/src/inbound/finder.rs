//! Whose is a call that names no instance? `event.notification.instance.finder` says where to look.

use periodic_sdk::path::JsonPath;
use serde_json::Value;

use crate::adapter::contract::webhook::Delivery;

/// The longest value that is compared.
const LONGEST: usize = 1000;

/// `<configuration key>|<path in the call>`: a call is that instance's whose configuration has under the key what the call
/// has at the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinderRule {
    /// The configuration key: `site.id`.
    pub key: String,
    /// Where its value stands in a call: `data.site_id`.
    pub path: String,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FinderError {
    /// Not two parts.
    #[error("{0:?} has to be a configuration key, a bar and a path in the call: \"site.id|data.site_id\"")]
    Parts(String),
    /// No path.
    #[error("{path:?} is no path: {why}")]
    Path {
        /// What was given.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

impl std::str::FromStr for FinderRule {
    type Err = FinderError;

    fn from_str(text: &str) -> Result<Self, FinderError> {
        let parts = || FinderError::Parts(text.to_owned());
        let (key, path) = text.split_once('|').ok_or_else(parts)?;
        let (key, path) = (key.trim(), path.trim());
        if key.is_empty() || path.is_empty() {
            return Err(parts());
        }
        JsonPath::parse(path).map_err(|error| FinderError::Path {
            path: path.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self {
            key: key.to_owned(),
            path: path.to_owned(),
        })
    }
}

/// A call, read as far as finders look into it.
pub(super) struct Searched<'d> {
    call: &'d Delivery,
    json: Option<Value>,
}

impl<'d> Searched<'d> {
    pub(super) fn new(call: &'d Delivery) -> Self {
        let json = serde_json::from_slice(&call.body).ok();
        Self { call, json }
    }

    /// What the call has at this place: in its JSON body, as a field of its form, as a query parameter.
    pub(super) fn value(&self, path: &str) -> Option<String> {
        let found = self.in_json(path).or_else(|| {
            let form = match self.json {
                Some(_) => None,
                None => field(&self.call.body, path),
            };
            form.or_else(|| field(self.call.query.as_bytes(), path))
        });
        found.filter(|value| !value.is_empty() && value.len() <= LONGEST)
    }

    fn in_json(&self, path: &str) -> Option<String> {
        let parsed = JsonPath::parse(path).ok()?;
        match parsed.lookup(self.json.as_ref()?)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

fn field(pairs: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(pairs)
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(query: &str, body: &str) -> Delivery {
        Delivery {
            method: "POST".to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn values_are_found_in_body_form_and_query() {
        let cases = [
            ("", r#"{"data":{"site_id":7}}"#, "data.site_id", Some("7")),
            (
                "",
                r#"{"organization":{"login":"o"}}"#,
                "organization.login",
                Some("o"),
            ),
            ("", "to_ids=1&item=a%20b", "item", Some("a b")),
            ("account=x", "", "account", Some("x")),
            ("account=x", r#"{"account":"y"}"#, "account", Some("y")),
            ("account=x", r#"{"a":{}}"#, "a", None),
            ("", "", "a", None),
        ];
        for (query, body, path, expected) in cases {
            let call = call(query, body);
            assert_eq!(
                Searched::new(&call).value(path).as_deref(),
                expected,
                "{query} {body}"
            );
        }
    }

    #[test]
    fn rules_have_two_parts() {
        let rule: FinderRule = "site.id|data.site_id".parse().unwrap();
        assert_eq!(
            (rule.key.as_str(), rule.path.as_str()),
            ("site.id", "data.site_id")
        );
        for wrong in ["", "a", "|a", "a|", "a|b["] {
            assert!(wrong.parse::<FinderRule>().is_err(), "{wrong}");
        }
    }
}
