//! Where a field stands in an object: `id`, `Address.City`, `phones[0].number`, `phones[*].number`.

use periodic_sdk::path::{JsonPath, PathError, Segment};
use serde_json::{Map, Value};

/// The most steps of a path; reading and writing recurse this deep at most.
const STEPS: usize = 32;
/// The highest index: a path that is written to makes all entries before it.
const HIGHEST: usize = 999;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Into the member of an object.
    Key(String),
    /// Into the element of an array, counted from 0.
    Index(usize),
    /// Into all elements of an array.
    Each,
}

/// A path that can be read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

/// A text that is no such path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It does not follow the grammar.
    #[error(transparent)]
    Grammar(#[from] PathError),
    /// It names no member.
    #[error("the path names no member of the object")]
    Nothing,
    /// Something stands directly behind `[*]`.
    #[error("after [*] comes a dot, a bracket or the end")]
    AfterEach,
    /// It goes too deep.
    #[error("the path has more than {STEPS} steps")]
    TooDeep,
    /// An index that nobody means.
    #[error("the index {0} is above {HIGHEST}")]
    TooFar(usize),
}

/// What is done to a value on its way.
type Convert<'c> = &'c dyn Fn(Value) -> Value;

impl Path {
    /// Read a path; `[]` means `[*]`.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let text = text.trim().replace("[]", "[*]");
        let mut steps = Vec::new();
        for (position, part) in text.split("[*]").enumerate() {
            let part = match position {
                0 => part,
                _ => {
                    steps.push(Step::Each);
                    behind_each(part)?
                }
            };
            if !part.is_empty() {
                let path = JsonPath::parse(part)?;
                for segment in path.segments().unwrap_or_default() {
                    steps.push(step(segment)?);
                }
            }
        }
        match steps.first() {
            None | Some(Step::Each) => Err(Unreadable::Nothing),
            Some(_) if steps.len() > STEPS => Err(Unreadable::TooDeep),
            Some(_) => Ok(Self(steps)),
        }
    }

    /// How many times it goes into all elements of an array.
    pub fn lists(&self) -> usize {
        self.0.iter().filter(|step| **step == Step::Each).count()
    }

    /// How many entries are made before those that are meant, when it is written to.
    pub fn padding(&self) -> usize {
        let padding = self.0.iter().map(|step| match step {
            Step::Index(index) => *index,
            Step::Key(_) | Step::Each => 0,
        });
        padding.sum()
    }

    /// The member of the object in which it begins; none when the object would have to be a list.
    pub fn root(&self) -> Option<&str> {
        match self.0.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The path as queries write it: names with dots between them; none when there is more in it.
    pub fn dotted(&self) -> Option<String> {
        let names = self.0.iter().map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) | Step::Each => None,
        });
        names.collect::<Option<Vec<_>>>().map(|names| names.join("."))
    }

    /// Whether another path is this one or goes on from it.
    pub fn begins(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The value that it names; of a path with `[*]` the list of all values.
    pub fn read(&self, from: &Value) -> Option<Value> {
        read(from, &self.0)
    }

    /// Bring the value that it names in one object to the place that another path names in another. Paths that go into
    /// as many lists are followed list by list; otherwise all values make one list.
    pub fn carry(&self, from: &Value, to: &Self, into: &mut Value, convert: Convert<'_>) {
        if self.lists() == to.lists() {
            carry(from, &self.0, into, &to.0, convert);
        } else if let Some(value) = self.read(from) {
            to.write(into, converted(value, convert));
        }
    }

    /// Put a value where it says, and make what is missing on the way. What stands there already and is no object or no
    /// list stays.
    pub fn write(&self, into: &mut Value, value: Value) {
        if let Some(place) = place(into, &self.0) {
            *place = value;
        }
    }

    /// Take the value that it names away, and objects that have nothing else in them.
    pub fn take(&self, from: &mut Value) {
        take(from, &self.0);
    }
}

fn behind_each(part: &str) -> Result<&str, Unreadable> {
    match part.strip_prefix('.') {
        Some(rest) if !rest.is_empty() => Ok(rest),
        None if part.is_empty() || part.starts_with('[') => Ok(part),
        _ => Err(Unreadable::AfterEach),
    }
}

fn step(segment: &Segment) -> Result<Step, Unreadable> {
    match segment {
        Segment::Key(key) => Ok(Step::Key(key.clone())),
        Segment::Index(index) if *index > HIGHEST => Err(Unreadable::TooFar(*index)),
        Segment::Index(index) => Ok(Step::Index(*index)),
    }
}

/// The elements of a list one by one, anything else as it is.
fn converted(value: Value, convert: Convert<'_>) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(convert).collect(),
        value => convert(value),
    }
}

fn read(from: &Value, steps: &[Step]) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(from.clone());
    };
    match step {
        Step::Key(key) => read(from.as_object()?.get(key)?, rest),
        Step::Index(index) => read(from.as_array()?.get(*index)?, rest),
        Step::Each => {
            let found = from.as_array()?.iter().filter_map(|item| read(item, rest));
            let deeper = rest.contains(&Step::Each);
            let mut all = Vec::new();
            for value in found {
                match value {
                    Value::Array(inner) if deeper => all.extend(inner),
                    value => all.push(value),
                }
            }
            Some(Value::Array(all))
        }
    }
}

fn carry(from: &Value, steps: &[Step], into: &mut Value, places: &[Step], convert: Convert<'_>) {
    let is_each = |step: &Step| *step == Step::Each;
    let (Some(list), Some(target)) = (steps.iter().position(is_each), places.iter().position(is_each)) else {
        if let (Some(value), Some(place)) = (read(from, steps), place(into, places)) {
            *place = convert(value);
        }
        return;
    };
    let (before, behind) = (steps.get(..list), steps.get(list + 1..));
    let (place_before, place_behind) = (places.get(..target), places.get(target + 1..));
    let Some(Value::Array(items)) = before.and_then(|steps| read(from, steps)) else {
        return;
    };
    let Some(made) = place_before
        .and_then(|steps| place(into, steps))
        .and_then(|place| list_at(place, items.len()))
    else {
        return;
    };
    for (item, made) in items.iter().zip(made) {
        let (behind, place_behind) = (behind.unwrap_or_default(), place_behind.unwrap_or_default());
        carry(item, behind, made, place_behind, convert);
    }
}

/// A list of at least so many entries.
fn list_at(place: &mut Value, entries: usize) -> Option<&mut Vec<Value>> {
    if place.is_null() {
        *place = Value::Array(Vec::new());
    }
    let list = place.as_array_mut()?;
    if list.len() < entries {
        list.resize(entries, Value::Null);
    }
    Some(list)
}

/// The place at the end of steps without lists.
fn place<'v>(mut value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    for step in steps {
        value = match step {
            Step::Key(key) => {
                if value.is_null() {
                    *value = Value::Object(Map::new());
                }
                value.as_object_mut()?.entry(key.as_str()).or_insert(Value::Null)
            }
            Step::Index(index) => list_at(value, index + 1)?.get_mut(*index)?,
            Step::Each => return None,
        };
    }
    Some(value)
}

/// Says whether nothing is left of the value.
fn take(from: &mut Value, steps: &[Step]) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return true;
    };
    match (step, from) {
        (Step::Key(key), Value::Object(members)) => {
            let emptied = members.get_mut(key).is_some_and(|member| take(member, rest));
            if emptied {
                members.shift_remove(key);
            }
            emptied && members.is_empty()
        }
        // An entry's place in its list says what it is: none is taken out of the middle.
        (Step::Index(index), Value::Array(items)) => {
            if items.get_mut(*index).is_some_and(|item| take(item, rest)) && index + 1 == items.len() {
                items.pop();
            }
            items.is_empty()
        }
        (Step::Each, Value::Array(items)) => {
            items.retain_mut(|item| !take(item, rest));
            items.is_empty()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[track_caller]
    fn check(text: &str, expect: Option<Value>) {
        let record = json!({
            "id": 7, "Address": { "City": "Bern" },
            "phones": [{ "nr": 1, "tags": ["a", "b"] }, { "nr": 2, "tags": ["c"] }, {}],
        });
        assert_eq!(path(text).read(&record), expect, "{text}");
    }

    #[test]
    fn values_are_read() {
        check("id", Some(json!(7)));
        check("Address.City", Some(json!("Bern")));
        check("phones[1].nr", Some(json!(2)));
        check("phones[*].nr", Some(json!([1, 2])));
        check("phones[].nr", Some(json!([1, 2])));
        check("phones[*].tags[*]", Some(json!(["a", "b", "c"])));
        check("phones[*].tags", Some(json!([["a", "b"], ["c"]])));
        check("Address[*].City", None);
        check("nothing.here", None);
    }

    #[track_caller]
    fn refuse(text: &str) {
        assert!(Path::parse(text).is_err(), "{text}");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "",
            " ",
            "$",
            "@",
            "[*]",
            "[*].id",
            "a[*]b",
            "a[*].",
            "a.[*]",
            "a..b",
            "a[?(@.b)]",
            "a[1000]",
        ] {
            refuse(text);
        }
        refuse(&format!("a{}", "[*]".repeat(STEPS)));
        refuse(&"a.".repeat(600));
    }

    #[test]
    fn values_are_carried_list_by_list() {
        let record = json!({ "phones": [{ "nr": 1, "tags": ["a", "b"] }, { "nr": 2 }], "id": 7 });
        let mut made = json!({});
        for (from, to) in [
            ("phones[*].nr", "numbers[*].value"),
            ("phones[*].tags[*]", "numbers[*].labels[*].text"),
            ("phones[*].nr", "all"),
            ("id", "deep.ids[1]"),
        ] {
            path(from).carry(&record, &path(to), &mut made, &|value| value);
        }
        let expect = json!({
            "numbers": [{ "value": 1, "labels": [{ "text": "a" }, { "text": "b" }] }, { "value": 2 }],
            "all": [1, 2],
            "deep": { "ids": [null, 7] },
        });
        assert_eq!(made, expect);
    }

    #[test]
    fn what_is_taken_leaves_no_empty_objects() {
        let mut record =
            json!({ "a": { "b": 1 }, "c": { "d": 1, "e": 2 }, "f": [{ "g": 1 }, { "g": 2, "h": 3 }] });
        for text in ["a.b", "c.d", "f[*].g", "nothing"] {
            path(text).take(&mut record);
        }
        assert_eq!(record, json!({ "c": { "e": 2 }, "f": [{ "h": 3 }] }));
    }

    #[test]
    fn what_is_no_object_is_not_written_into() {
        let mut record = json!({ "a": "text" });
        path("a.b").write(&mut record, json!(1));
        path("a[0]").write(&mut record, json!(1));
        assert_eq!(record, json!({ "a": "text" }));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-c.$@*\\[\\]'0-9 é]{0,24}", other in "[a-c.*\\[\\]0-9]{1,12}") {
            let record = json!({ "a": [{ "b": [1, null] }, "c"], "b": { "a": { "c": 1 } } });
            if let (Ok(from), Ok(to)) = (Path::parse(&text), Path::parse(&other)) {
                let mut made = record.clone();
                from.carry(&record, &to, &mut made, &|value| value);
                from.take(&mut made);
            }
        }

        #[test]
        fn what_is_written_is_read(keys in prop::collection::vec("[a-z]{1,3}", 1..6), value in any::<i64>()) {
            let path = path(&keys.join("."));
            let mut made = json!({});
            path.write(&mut made, json!(value));
            prop_assert_eq!(path.read(&made), Some(json!(value)));
            path.take(&mut made);
            prop_assert_eq!(made, json!({}));
        }
    }
}
