//! Where the provider's value is found: a path, a condition on the entries of a list, or their number.
//!
//! `Products[id=4].name`, `Products[?(@.id==2)].name` and `Products[*].size()` are published. What is more than a plain
//! path is read as JSONPath (RFC 9535), of which everything is refused that could cost more than one pass over a record.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json_path::JsonPath;

use super::path::{Path, Unreadable};

/// The longest text, in bytes.
const LONGEST: usize = 512;
/// The most conditions.
const CONDITIONS: usize = 4;
/// What counts instead of finding.
const COUNTING: [&str; 2] = [".size()", ".length()"];

/// Where a value is found.
#[derive(Debug, Clone)]
pub enum Source {
    /// At a path, which can be written to as well.
    Plain(Path),
    /// By a query.
    Found {
        /// The query.
        query: JsonPath,
        /// Whether all that is found is meant, as a list, rather than the first.
        many: bool,
    },
    /// The number of what is there.
    Count(Box<Self>),
}

/// A text that is no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSource {
    /// It is too long.
    #[error("the path has {0} bytes; the most are {LONGEST}")]
    TooLong(usize),
    /// It is no path.
    #[error(transparent)]
    Path(#[from] Unreadable),
    /// It is no JSONPath.
    #[error("{query} is no JSONPath: {reason}")]
    Query {
        /// As it was read.
        query: String,
        /// Why.
        reason: String,
    },
    /// It could take long.
    #[error("{0}, because it could take long on a large record")]
    Costly(&'static str),
}

impl Source {
    /// Read a `vendorPath`.
    pub fn parse(text: &str) -> Result<Self, NoSource> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(NoSource::TooLong(text.len()));
        }
        match COUNTING.iter().find_map(|suffix| text.strip_suffix(suffix)) {
            Some(counted) => Ok(Self::Count(Box::new(Self::found(counted)?))),
            None => Self::found(text),
        }
    }

    fn found(text: &str) -> Result<Self, NoSource> {
        match Path::parse(text) {
            Ok(path) => Ok(Self::Plain(path)),
            Err(_) if text.contains(['[', '*']) => query(text),
            Err(unreadable) => Err(unreadable.into()),
        }
    }

    /// The path that can be read and written, when it is no more than that.
    pub fn plain(&self) -> Option<&Path> {
        match self {
            Self::Plain(path) => Some(path),
            Self::Found { .. } | Self::Count(_) => None,
        }
    }

    /// What a record has there.
    pub fn read(&self, record: &Value) -> Option<Value> {
        match self {
            Self::Plain(path) => path.read(record),
            Self::Found { query, many: false } => query.query(record).first().cloned(),
            Self::Found { query, many: true } => {
                let all: Vec<Value> = query.query(record).into_iter().cloned().collect();
                (!all.is_empty()).then_some(Value::Array(all))
            }
            Self::Count(counted) => match counted.read(record)? {
                Value::Array(items) => Some(items.len().into()),
                Value::Object(members) => Some(members.len().into()),
                _ => None,
            },
        }
    }
}

/// What stands outside of quotes decides whether it is cheap.
fn query(text: &str) -> Result<Source, NoSource> {
    let bare = without_quoted(text);
    let body = bare.strip_prefix(['$', '@']).unwrap_or(&bare);
    if body.contains("..") {
        return Err(NoSource::Costly("descendants (..) are refused"));
    }
    if body.contains([',', '$']) {
        return Err(NoSource::Costly(
            "unions and references to the whole record are refused",
        ));
    }
    if nested(body) || body.matches(['?', '=']).count() > 3 * CONDITIONS {
        return Err(NoSource::Costly(
            "conditions within conditions, and many of them, are refused",
        ));
    }
    let written = rfc9535(text);
    let query = JsonPath::parse(&written).map_err(|error| NoSource::Query {
        query: written,
        reason: error.to_string(),
    })?;
    Ok(Source::Found {
        query,
        many: body.contains(['*', ':']),
    })
}

/// The text with nothing between its quotes.
fn without_quoted(text: &str) -> String {
    let mut quote = None;
    let outside = text.chars().filter(|letter| match quote {
        Some(open) => {
            if *letter == open {
                quote = None;
            }
            false
        }
        None => {
            if matches!(letter, '\'' | '"') {
                quote = Some(*letter);
            }
            quote.is_none()
        }
    });
    outside.collect()
}

/// Whether a condition stands in brackets within brackets.
fn nested(bare: &str) -> bool {
    let mut depth = 0_usize;
    bare.chars().any(|letter| {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == '?' && depth > 1
    })
}

/// The same in JSONPath: from the root, and with `[id=4]` written out.
fn rfc9535(text: &str) -> String {
    let mut written = "$".to_owned();
    let mut rest = text;
    match text.strip_prefix(['$', '@']) {
        Some(behind) => rest = behind,
        None if text.starts_with('[') => {}
        None => written.push('.'),
    }
    while let Some((before, behind)) = rest.split_once('[') {
        written.push_str(before);
        let equation = behind.split_once(']').and_then(|(inside, after)| {
            let condition = equation(inside)?;
            Some((condition, after))
        });
        match equation {
            Some((condition, after)) => {
                let _infallible = write!(written, "[?({condition})]");
                rest = after;
            }
            None => {
                written.push('[');
                rest = behind;
            }
        }
    }
    written.push_str(rest);
    written
}

/// `id=4` as a condition; a bare number or truth value may stand in the record as a text as well.
fn equation(text: &str) -> Option<String> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim_start_matches('=').trim());
    let first = name.chars().next()?;
    if !first.is_alphabetic() && first != '_' {
        return None;
    }
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | ' ' | '.');
    if !name.chars().all(plain) {
        return None;
    }
    let member: String = name.split('.').map(|part| format!("['{part}']")).collect();
    let quoted = ['\'', '"'].iter().find_map(|quote| {
        let inner = value.strip_prefix(*quote)?;
        inner.strip_suffix(*quote)
    });
    let text = quoted.unwrap_or(value).replace('\\', "\\\\").replace('\'', "\\'");
    let literal =
        serde_json::from_str::<Value>(value).is_ok_and(|value| value.is_number() || value.is_boolean());
    Some(match literal {
        true => format!("@{member} == {value} || @{member} == '{text}'"),
        false => format!("@{member} == '{text}'"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<Value>) {
        let record = json!({
            "Id": "a", "Modified Time": "now",
            "Products": [
                { "id": 2, "name": "Phone", "features": { "touchId": true }, "kind": "o'c" },
                { "id": "4", "name": "Pad", "features": { "touchId": false } },
            ],
            "details": { "Products": [{ "id": 2, "name": "Inner" }] },
        });
        let source = Source::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(source.read(&record), expect, "{text}");
    }

    #[test]
    fn published_paths_are_understood() {
        check("Id", Some(json!("a")));
        check("['Modified Time']", Some(json!("now")));
        check("Products[0].id", Some(json!(2)));
        check("Products[id=4].name", Some(json!("Pad")));
        check("Products[id=2].name", Some(json!("Phone")));
        check("Products[id=7].name", None);
        check("details.Products[?(@.id==2)].name", Some(json!("Inner")));
        check("Products[?(@.features.touchId==true)].id", Some(json!(2)));
        check("Products[?(@.id==2)].features.touchId", Some(json!(true)));
        check("Products[*].size()", Some(json!(2)));
    }

    #[test]
    fn so_are_others() {
        check("$.Products[?@.name == 'Pad'].id", Some(json!("4")));
        check("Products[features.touchId=false].name", Some(json!("Pad")));
        check("Products[name='Phone'].id", Some(json!(2)));
        check("Products[name=Phone].id", Some(json!(2)));
        check("Products[kind=\"o'c\"].id", Some(json!(2)));
        check("Products[-1].name", Some(json!("Pad")));
        check("Products[*].name", Some(json!(["Phone", "Pad"])));
        check("Products[0:1].name", Some(json!(["Phone"])));
        check("Products.size()", Some(json!(2)));
        check("Products[?(@.id==2)][*].length()", Some(json!(4)));
        check("Nothing[*].size()", None);
        check("Id.size()", None);
    }

    #[test]
    fn what_could_take_long_is_refused() {
        for text in [
            "$..id[*]",
            "Products[?(@..id)]",
            "Products[0,0][0,0]",
            "Products[?(@.a[?(@.b)])]",
            "Products[?(@.id == $.Products[0].id)]",
        ] {
            assert!(matches!(Source::parse(text), Err(NoSource::Costly(_))), "{text}");
        }
        assert!(matches!(
            Source::parse(&"a".repeat(513)),
            Err(NoSource::TooLong(513))
        ));
        for text in ["", "a[", "a[?(@.b", "a.b[*", "[?]", "size()x["] {
            assert!(Source::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-c.$@*?=()&|!<>\\[\\]'\"\\\\0-9: é]{0,32}") {
            if let Ok(source) = Source::parse(&text) {
                source.read(&json!({ "a": [{ "b": [1, { "c": null }] }, "c"], "b": { "a": { "c": 1 } } }));
            }
        }
    }
}
