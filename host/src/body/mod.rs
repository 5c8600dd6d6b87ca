//! What callers send: bodies of JSON, read into types. What is wrong with one is said in words of our own: where it is, what
//! was found there, and what should be.

mod node;

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, error::Category};

use self::node::Node;

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct BodyError {
    /// Where: `fields[2].type`, and `body` for all of it.
    pub place: String,
    /// What is wrong and what it should be.
    pub what: String,
}

/// Read a body of this shape. An empty one is an object without members.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, BodyError> {
    if body.trim_ascii().is_empty() {
        return read_value("", &Value::Object(Map::new()));
    }
    read_value("", &json(body)?)
}

/// Read a part of a body, which stands under this name.
pub fn read_value<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, BodyError> {
    T::deserialize(Node(value)).map_err(|wrong| {
        let wrong = if name.is_empty() {
            wrong
        } else {
            wrong.within(name)
        };
        BodyError {
            place: wrong.place(),
            what: wrong.what,
        }
    })
}

/// Read an object of any members.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    match json(body)? {
        Value::Object(members) => Ok(members),
        other => Err(of_all(format!("is {}; it has to be an object", Kind::of(&other)))),
    }
}

/// Read anything that is JSON.
pub fn json(body: &[u8]) -> Result<Value, BodyError> {
    if body.trim_ascii().is_empty() {
        return Err(of_all("is empty; it has to be JSON"));
    }
    serde_json::from_slice(body).map_err(|error| of_all(no_json(&error)))
}

/// Why a text is no JSON.
pub fn no_json(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => "is no JSON: it ends too early".to_owned(),
        Category::Syntax | Category::Data | Category::Io => {
            format!("is no JSON from line {line}, column {column} on")
        }
    }
}

fn of_all(what: impl Into<String>) -> BodyError {
    BodyError {
        place: "body".to_owned(),
        what: what.into(),
    }
}

/// What a value is, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Truth,
    Number,
    Text,
    List,
    Object,
}

impl Kind {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Truth,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "null",
            Self::Truth => "a truth value",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Thing {
        name: String,
        #[serde(default)]
        paused: Option<bool>,
        #[serde(default)]
        count: Option<u8>,
        #[serde(default)]
        share: Option<f64>,
        #[serde(default)]
        colour: Option<Colour>,
        #[serde(default)]
        parts: Vec<Part>,
        #[serde(default)]
        by_name: BTreeMap<String, i64>,
        #[serde(default)]
        any: Value,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Green,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "type", content = "value", rename_all = "lowercase")]
    enum Part {
        Text(String),
        Pair { left: i64, right: i64 },
    }

    fn refused(body: &str) -> String {
        read::<Thing>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_fits_is_read_as_serde_reads_it() {
        let body = json!({
            "name": "n", "paused": true, "count": 7, "share": 1, "colour": "green", "unknown": [{ "x": null }],
            "parts": [{ "type": "text", "value": "t" }, { "value": { "left": 1, "right": -2 }, "type": "pair" }],
            "byName": { "a": -1 }, "any": [1, "x", { "y": null }],
        });
        let text = body.to_string();
        let thing: Thing = read(text.as_bytes()).unwrap();
        assert_eq!(thing, serde_json::from_value(body).unwrap());
        assert_eq!(read::<Value>(b" ").unwrap(), json!({}));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let cases = [
            ("", "name: is missing"),
            ("[]", "body: is a list; it has to be an object"),
            ("7", "body: is a number; it has to be an object"),
            ("{", "body: is no JSON: it ends too early"),
            ("{\"name\":\n x}", "body: is no JSON from line 2, column 2 on"),
            (r#"{"name":7}"#, "name: is a number; it has to be a text"),
            (r#"{"name":null}"#, "name: is null; it has to be a text"),
            (
                r#"{"name":"n","paused":"yes"}"#,
                "paused: is a text; it has to be true or false",
            ),
            (
                r#"{"name":"n","count":"7"}"#,
                "count: is a text; it has to be a whole number",
            ),
            (
                r#"{"name":"n","count":7.5}"#,
                "count: is 7.5; it has to be a whole number",
            ),
            (
                r#"{"name":"n","count":300}"#,
                "count: is 300; it has to be a whole number from 0 to 255",
            ),
            (
                r#"{"name":"n","count":-1}"#,
                "count: is -1; it has to be a whole number from 0 to 255",
            ),
            (
                r#"{"name":"n","share":[]}"#,
                "share: is a list; it has to be a number",
            ),
            (
                r#"{"name":"n","colour":"blue"}"#,
                "colour: is \"blue\"; it has to be red or green",
            ),
            (
                r#"{"name":"n","colour":3}"#,
                "colour: is a number; it has to be red or green",
            ),
            (
                r#"{"name":"n","parts":{}}"#,
                "parts: is an object; it has to be a list",
            ),
            (
                r#"{"name":"n","parts":[{"type":"text","value":"t"},{"type":"text","value":[]}]}"#,
                "parts[1].value: is a list; it has to be a text",
            ),
            (
                r#"{"name":"n","parts":[{"type":"pair","value":{"left":1}}]}"#,
                "parts[0].value.right: is missing",
            ),
            (
                r#"{"name":"n","byName":{"a b":true}}"#,
                "byName.a b: is a truth value; it has to be a whole number",
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(refused(body), expected, "{body}");
        }
    }

    #[test]
    fn a_part_is_wrong_beneath_its_name() {
        let wrong = read_value::<Part>("first", &json!({ "type": "text", "value": 1 })).unwrap_err();
        assert_eq!(wrong.to_string(), "first.value: is a number; it has to be a text");
    }

    #[test]
    fn objects_are_objects() {
        assert_eq!(object(b"{\"a\":1}").unwrap().len(), 1);
        assert_eq!(
            object(b"[1]").unwrap_err().to_string(),
            "body: is a list; it has to be an object"
        );
        assert_eq!(
            object(b"").unwrap_err().to_string(),
            "body: is empty; it has to be JSON"
        );
    }
}
