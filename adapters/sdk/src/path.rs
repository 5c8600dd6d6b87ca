//! JSON paths, as `idField` and the date fields of a poller configuration use them.

use std::fmt;

use serde_json::Value;

use crate::place::Place;

/// The longest path that is read, in bytes.
const MAX_LENGTH: usize = 1024;
/// The most steps that a path takes; walkers of the path recurse this deep at most.
const MAX_SEGMENTS: usize = 32;

/// Where a value stands in a JSON document: `Key`, `customer.id`, `items[0].id`, `['Modified Time']`, `@.@id`.
///
/// A leading `@` or `$` is the document itself, so that `@` alone names the whole and `@.@id` the member `@id`.
/// The empty path names nothing (`"idField": ""` is published for resources without an id).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct JsonPath {
    /// None for the path that names nothing.
    segments: Option<Vec<Segment>>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Into the member of an object.
    Key(String),
    /// Into the element of an array, counted from 0.
    Index(usize),
}

/// A text that is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at {place}")]
pub struct PathError {
    /// What is wrong.
    pub fault: PathFault,
    /// Where.
    pub place: Place,
}

/// What is wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Two dots in a row, or a dot at either end.
    #[error("a name is missing beside the dot")]
    EmptyKey,
    /// `[` without `]`, or a quote in it without its partner.
    #[error("the bracket is never closed: write ['a name'] or [0]")]
    OpenBracket,
    /// Anything but a number or a quoted name between brackets.
    #[error("between brackets stands a number or a quoted name; filters and wildcards are not supported")]
    Bracket,
    /// A text that goes on behind a bracket without a dot.
    #[error("after a bracket comes a dot, a bracket or the end")]
    AfterBracket,
    /// `]` that closes nothing.
    #[error("the bracket closes nothing: a name with brackets is written ['a]name']")]
    StrayBracket,
    /// Longer than any sensible path.
    #[error("the path is too long: at most {MAX_LENGTH} bytes and {MAX_SEGMENTS} steps are read")]
    TooLong,
}

impl JsonPath {
    /// Read a path. White space around it does not count.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let error = |fault, offset| PathError {
            fault,
            place: Place::new(text, offset),
        };
        if text.len() > MAX_LENGTH {
            return Err(error(PathFault::TooLong, MAX_LENGTH));
        }
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(Self { segments: None });
        }
        let indent = text.len() - text.trim_start().len();
        let segments = segments(trimmed).map_err(|(fault, offset)| error(fault, indent + offset))?;
        Ok(Self {
            segments: Some(segments),
        })
    }

    /// The steps from the document to the value; none at all for the path that names nothing.
    pub fn segments(&self) -> Option<&[Segment]> {
        self.segments.as_deref()
    }

    /// Whether this is the empty path, which names nothing.
    pub fn names_nothing(&self) -> bool {
        self.segments.is_none()
    }

    /// The value that the path names in a document.
    pub fn lookup<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.segments()?
            .iter()
            .try_fold(document, |value, segment| match segment {
                Segment::Key(key) => value.as_object()?.get(key),
                Segment::Index(index) => value.as_array()?.get(*index),
            })
    }
}

/// The same path in one spelling, which [`JsonPath::parse`] reads back.
impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(segments) = self.segments() else {
            return Ok(());
        };
        if segments.is_empty() {
            return f.write_str("@");
        }
        for (position, segment) in segments.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if is_plain(key) => {
                    write!(f, "{}{key}", if position == 0 { "" } else { "." })?;
                }
                Segment::Key(key) => write!(f, "['{}']", key.replace('\\', "\\\\").replace('\'', "\\'"))?,
            }
        }
        Ok(())
    }
}

/// Whether a key can stand without brackets.
fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && key != "@"
        && key != "$"
        && !key.contains(['.', '[', ']', '\''])
        && !key.contains(char::is_whitespace)
}

/// A fault and where it is in the path.
type Fault = (PathFault, usize);

fn segments(path: &str) -> Result<Vec<Segment>, Fault> {
    let mut segments = Vec::new();
    let mut rest = match path.strip_prefix(['@', '$']) {
        Some("") => return Ok(segments),
        Some(rest) if rest.starts_with('[') => rest,
        Some(rest) => rest.strip_prefix('.').unwrap_or(path),
        None => path,
    };
    loop {
        let offset = path.len() - rest.len();
        if segments.len() == MAX_SEGMENTS {
            return Err((PathFault::TooLong, offset));
        }
        let after = if let Some(inner) = rest.strip_prefix('[') {
            let (segment, length) = bracket(inner).map_err(|(fault, at)| (fault, offset + at))?;
            segments.push(segment);
            rest.get(length + 1..).unwrap_or_default()
        } else {
            let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
            let (key, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if key.is_empty() {
                let fault = if after.starts_with(']') {
                    PathFault::StrayBracket
                } else {
                    PathFault::EmptyKey
                };
                return Err((fault, offset));
            }
            segments.push(Segment::Key(key.to_owned()));
            after
        };
        rest = match after.as_bytes().first() {
            None => return Ok(segments),
            Some(b'.') => after.get(1..).unwrap_or_default(),
            Some(b'[') => after,
            Some(b']') => return Err((PathFault::StrayBracket, path.len() - after.len())),
            Some(_) => return Err((PathFault::AfterBracket, path.len() - after.len())),
        };
    }
}

/// What stands after `[`, and how many bytes it takes up to and with the `]`. Faults count from the `[`.
fn bracket(inner: &str) -> Result<(Segment, usize), Fault> {
    let Some(quote) = inner.chars().next().filter(|first| matches!(first, '\'' | '"')) else {
        let end = inner.find(']').ok_or((PathFault::OpenBracket, 0))?;
        let digits = inner.get(..end).unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err((PathFault::Bracket, 1));
        }
        let index = digits.parse().map_err(|_| (PathFault::Bracket, 1))?;
        return Ok((Segment::Index(index), end + 1));
    };
    let mut key = String::new();
    let mut characters = inner.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return match characters.next() {
                Some((end, ']')) => Ok((Segment::Key(key), end + 1)),
                Some(_) => Err((PathFault::Bracket, at + 2)),
                None => Err((PathFault::OpenBracket, 0)),
            };
        }
        let literal = if character == '\\' {
            characters.next().map(|(_, next)| next)
        } else {
            Some(character)
        };
        key.extend(literal);
    }
    Err((PathFault::OpenBracket, 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{JsonPath, PathFault, Segment};

    #[track_caller]
    fn check(path: &str, expect: Option<serde_json::Value>) {
        let document = json!({
            "id": 7, "Key": "k", "@id": "a", "@": "at", "a-b": 1, "url:x": 2, "o'c": 3, "": "empty",
            "properties": { "lastmodifieddate": "1" },
            "Modified Time": "2018-02-01 08:05:07",
            "items": [ { "id": "first" }, [ "nested" ] ],
            "a.b": "dotted",
        });
        assert_eq!(
            JsonPath::parse(path).unwrap().lookup(&document),
            expect.as_ref(),
            "{path}"
        );
    }

    #[test]
    fn finds_values() {
        check("id", Some(json!(7)));
        check(" Key ", Some(json!("k")));
        check("key", None);
        check("properties.lastmodifieddate", Some(json!("1")));
        check("@.properties.lastmodifieddate", Some(json!("1")));
        check("$.id", Some(json!(7)));
        check("@['id']", Some(json!(7)));
        check("properties.missing.deeper", None);
        check("['Modified Time']", Some(json!("2018-02-01 08:05:07")));
        check("[\"Modified Time\"]", Some(json!("2018-02-01 08:05:07")));
        check("Modified Time", Some(json!("2018-02-01 08:05:07")));
        check("['o\\'c']", Some(json!(3)));
        check("['properties']['lastmodifieddate']", Some(json!("1")));
        check("items[0].id", Some(json!("first")));
        check("items[1][0]", Some(json!("nested")));
        check("items[9]", None);
        check("items.id", None);
        check("id[0]", None);
        check("@.@id", Some(json!("a")));
        check("@id", Some(json!("a")));
        check("@.@", Some(json!("at")));
        check("['a.b']", Some(json!("dotted")));
        check("a.b", None);
        check("a-b", Some(json!(1)));
        check("url:x", Some(json!(2)));
        check("['']", Some(json!("empty")));
        check("", None);
        check("  ", None);
    }

    #[test]
    fn the_whole_is_a_path_too() {
        for path in ["@", "$"] {
            assert_eq!(
                JsonPath::parse(path).unwrap().lookup(&json!([1])),
                Some(&json!([1]))
            );
        }
    }

    #[track_caller]
    fn refuse(path: &str, fault: PathFault, offset: usize) {
        let error = JsonPath::parse(path).unwrap_err();
        assert_eq!((error.fault, error.place.offset()), (fault, offset), "{path}");
    }

    #[test]
    fn refuses_what_it_cannot_follow() {
        refuse(".id", PathFault::EmptyKey, 0);
        refuse("a..b", PathFault::EmptyKey, 2);
        refuse("a.", PathFault::EmptyKey, 2);
        refuse(" a.", PathFault::EmptyKey, 3);
        refuse("@.", PathFault::EmptyKey, 2);
        refuse("a[", PathFault::OpenBracket, 1);
        refuse("a['b", PathFault::OpenBracket, 1);
        refuse("a['b'", PathFault::OpenBracket, 1);
        refuse("a['b\\", PathFault::OpenBracket, 1);
        refuse("a['b'c]", PathFault::Bracket, 5);
        refuse("a[]", PathFault::Bracket, 2);
        refuse("a[*].b", PathFault::Bracket, 2);
        refuse("a[id=4].name", PathFault::Bracket, 2);
        refuse("a[-1]", PathFault::Bracket, 2);
        refuse("a[99999999999999999999999]", PathFault::Bracket, 2);
        refuse("a[0]b", PathFault::AfterBracket, 4);
        refuse("a]b", PathFault::StrayBracket, 1);
        refuse("]", PathFault::StrayBracket, 0);
        refuse(&"a.".repeat(40), PathFault::TooLong, 64);
        refuse(&"a".repeat(2000), PathFault::TooLong, 1024);
    }

    #[test]
    fn the_error_shows_the_place() {
        insta::assert_snapshot!(JsonPath::parse("items[*].id").unwrap_err(), @r"
        between brackets stands a number or a quoted name; filters and wildcards are not supported at byte 6:
          items[*].id
                ^
        ");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-c@$.\\[\\]'\"\\\\0-9 é]{0,24}") {
            let _ = JsonPath::parse(&text);
        }

        #[test]
        fn reads_back_what_it_shows(segments in prop::collection::vec(segment(), 1..8)) {
            let path = JsonPath { segments: Some(segments) };
            prop_assert_eq!(JsonPath::parse(&path.to_string()), Ok(path));
        }
    }

    fn segment() -> impl Strategy<Value = Segment> {
        prop_oneof![
            "[a-zA-Z@$.'\\\\\\[\\] é\"]{0,6}".prop_map(Segment::Key),
            any::<usize>().prop_map(Segment::Index),
        ]
    }
}
