//! Records with the fields that were asked for, and no others.

use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};

/// A record with these members only, in its own order; all of them where none is named. `address.city` is a member of
/// the object `address`, unless there is a member of that name. What an adapter returns beyond that is left out here,
/// so that no adapter has to.
pub(super) fn only(record: Box<RawValue>, fields: &[String]) -> serde_json::Result<Box<RawValue>> {
    if fields.is_empty() {
        return Ok(record);
    }
    let fields: Vec<&str> = fields.iter().map(|field| shallow(field)).collect();
    Ok(pick(&record, &fields)?.unwrap_or(record))
}

/// So deep a path leads into a record; each step reads what is beneath anew.
const DEPTH: usize = 16;

/// A path, without what would lead deeper than [`DEPTH`]: its object is told whole.
fn shallow(field: &str) -> &str {
    match field.match_indices('.').nth(DEPTH - 1) {
        Some((end, _)) => field.get(..end).unwrap_or(field),
        None => field,
    }
}

/// The members of an object; none of what is no object.
fn pick(record: &RawValue, fields: &[&str]) -> serde_json::Result<Option<Box<RawValue>>> {
    if !record.get().starts_with('{') {
        return Ok(None);
    }
    let members: IndexMap<String, &RawValue> = serde_json::from_str(record.get())?;
    let mut picked = IndexMap::new();
    for (name, value) in &members {
        if fields.contains(&name.as_str()) {
            picked.insert(name, (*value).to_owned());
            continue;
        }
        let beneath = fields.iter().filter_map(|field| {
            let rest = field.strip_prefix(name.as_str())?;
            rest.strip_prefix('.')
        });
        let beneath: Vec<&str> = beneath.collect();
        if !beneath.is_empty() {
            let value = pick(value, &beneath)?.unwrap_or_else(|| (*value).to_owned());
            picked.insert(name, value);
        }
    }
    to_raw_value(&picked).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(record: &str, fields: &[&str], expected: &str) {
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        let record = RawValue::from_string(record.to_owned()).unwrap();
        assert_eq!(only(record, &fields).unwrap().get(), expected, "{fields:?}");
    }

    #[test]
    fn exactly_these_fields() {
        let record = r#"{"id":12345678901234567890123,"name":"A","address":{"city":"B","zip":"C"},"a.b":1,"list":[{"x":1}]}"#;
        check(record, &[], record);
        check(
            record,
            &["name", "id", "absent"],
            r#"{"id":12345678901234567890123,"name":"A"}"#,
        );
        check(record, &["address.city"], r#"{"address":{"city":"B"}}"#);
        check(
            record,
            &["address.city", "address"],
            r#"{"address":{"city":"B","zip":"C"}}"#,
        );
        check(record, &["a.b"], r#"{"a.b":1}"#);
        check(record, &["list.x"], r#"{"list":[{"x":1}]}"#);
        check(record, &["absent"], "{}");
        check("[1,2]", &["id"], "[1,2]");
        check("null", &["id"], "null");
        let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        for levels in [1, DEPTH, DEPTH + 1, 100] {
            check(&deep(100), &[&vec!["a"; levels].join(".")], &deep(100));
        }
    }
}
