//! The shapes in which people write settings, read as what they mean.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    net::IpAddr,
    str::FromStr,
};

use ipnet::IpNet;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use super::settings::AdapterSettings;

/// A network, or an address that is one of its own.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_no_network| address())
        .map_err(|_neither| "is neither a network such as 10.0.0.0/8 nor an address".to_owned())
}

/// The table of adapters, which is easily taken for their folder.
pub(super) fn adapters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AdapterSettings, D::Error> {
    deserializer.deserialize_any(Table)
}

struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = AdapterSettings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_str<E: serde::de::Error>(self, folder: &str) -> Result<AdapterSettings, E> {
        Err(E::custom(format!(
            "is the table of all that concerns adapters; their folder is set by adapters.folder = {folder:?}"
        )))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<AdapterSettings, A::Error> {
        AdapterSettings::deserialize(MapAccessDeserializer::new(table))
    }
}

/// A list of networks.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts: Vec<String> = list(deserializer)?;
    let read = |text: &String| network(text).map_err(|error| D::Error::custom(format!("{text:?} {error}")));
    texts.iter().map(read).collect()
}

/// A list, or a text with commas as an environment variable holds it.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = match Value::deserialize(deserializer)? {
        Value::String(text) => text.split(',').map(str::to_owned).collect(),
        Value::Array(items) => items.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        other => return Err(D::Error::custom(format!("{other} is no list"))),
    };
    let items = texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty());
    items
        .map(|text| {
            text.parse()
                .map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
        })
        .collect()
}

/// Dotted keys to texts. TOML reads `acme.site = "x"` as a table in a table: it means the key `acme.site` here.
pub(super) fn flat<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let mut flat = BTreeMap::new();
    flatten(String::new(), &Value::deserialize(deserializer)?, &mut flat)?;
    Ok(flat)
}

fn flatten<E: serde::de::Error>(
    path: String,
    value: &Value,
    flat: &mut BTreeMap<String, String>,
) -> Result<(), E> {
    match value {
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            let below = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            flatten(below, value, flat)
        }),
        _ if path.is_empty() => Err(E::custom("has to be a table of keys and values")),
        value => {
            let text = text(value).map_err(|error: E| E::custom(format!("{path}: {error}")))?;
            flat.insert(path, text);
            Ok(())
        }
    }
}

fn text<E: serde::de::Error>(value: &Value) -> Result<String, E> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(E::custom(format!(
            "{other} is neither a text nor a number nor a truth value"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Flat(#[serde(deserialize_with = "flat")] BTreeMap<String, String>);

    #[derive(Debug, Deserialize)]
    struct List(#[serde(deserialize_with = "list")] Vec<u16>);

    #[test]
    fn dotted_keys_are_read_nested_or_quoted() {
        let texts = [
            r#"{"acme.site": "x", "acme.port": 7}"#,
            r#"{"acme": {"site": "x", "port": 7}}"#,
        ];
        for text in texts {
            let Flat(read) = serde_json::from_str(text).unwrap();
            let expected = [("acme.port", "7"), ("acme.site", "x")];
            assert_eq!(
                read,
                expected
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
                "{text}"
            );
        }
        let refused = serde_json::from_str::<Flat>(r#"{"acme": {"site": [1]}}"#).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "acme.site: [1] is neither a text nor a number nor a truth value"
        );
    }

    #[test]
    fn networks_have_a_length_or_are_one_address() {
        for (text, expected) in [
            ("127.0.0.0/8", Some("127.0.0.0/8")),
            (" 127.0.0.1 ", Some("127.0.0.1/32")),
            ("::1", Some("::1/128")),
            ("fd00::/8", Some("fd00::/8")),
            ("1.2.3.4.5", None),
            ("localhost", None),
            ("", None),
        ] {
            let read = network(text).ok().map(|network| network.to_string());
            assert_eq!(read.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn lists_come_as_lists_or_as_text() {
        for (text, expected) in [
            ("\"1, 2\"", vec![1, 2]),
            ("[\"1\", 2]", vec![1, 2]),
            ("\"\"", vec![]),
            ("[]", vec![]),
        ] {
            let List(read) = serde_json::from_str(text).unwrap();
            assert_eq!(read, expected, "{text}");
        }
        let refused = serde_json::from_str::<List>("\"1,x\"").unwrap_err();
        assert_eq!(refused.to_string(), "\"x\": invalid digit found in string");
    }
}
