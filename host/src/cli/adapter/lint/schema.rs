//! Members and words of a description that its schema does not have: a host passes over them, and their author waits
//! for what they were to do.

use serde_json::{Map, Value};

use super::{Finding, error, warning};
use crate::cli::nearest::{guess, nearest};

/// The schema, as it is published.
const SCHEMA: &str = include_str!("../../../../../wit/v1/describe.schema.json");

/// Look at everything that `describe` answered.
pub(super) fn lint_schema(described: &Value, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let schema: Value = serde_json::from_str(SCHEMA)?;
    let mut walk = Walk {
        root: &schema,
        findings,
    };
    walk.value("", described, &schema);
    Ok(())
}

struct Walk<'a> {
    root: &'a Value,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, place: &str, value: &Value, schema: &'a Value) {
        let schema = self.resolved(schema);
        match value {
            Value::Object(members) => self.members(place, members, schema),
            Value::Array(elements) => {
                let Some(schema) = schema.get("items") else { return };
                for (index, element) in elements.iter().enumerate() {
                    self.value(&format!("{place}[{index}]"), element, schema);
                }
            }
            Value::String(word) => self.word(place, word, schema),
            _ => {}
        }
    }

    fn members(&mut self, place: &str, members: &Map<String, Value>, schema: &'a Value) {
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for (name, value) in members {
            let inner = if place.is_empty() {
                name.clone()
            } else {
                format!("{place}.{name}")
            };
            let schema = known.and_then(|known| known.get(name));
            match schema.or(others.filter(|others| others.is_object())) {
                Some(schema) => self.value(&inner, value, schema),
                None => self.stray(place, name, known, others == Some(&Value::Bool(true))),
            }
        }
    }

    /// A member that the schema does not have. Where there may be others, it is one unless it is misspelt.
    fn stray(&mut self, place: &str, name: &str, known: Option<&Map<String, Value>>, is_open: bool) {
        let known = known
            .into_iter()
            .flat_map(|known| known.keys().map(String::as_str));
        let near = nearest(name, known);
        if near.is_some() || !is_open {
            let place = if place.is_empty() { "describe" } else { place };
            let what = format!("{name:?} is no member that this host knows{}", guess(near));
            self.findings.push(warning(place, &what));
        }
    }

    fn word(&mut self, place: &str, word: &str, schema: &Value) {
        let Some(known) = schema.get("enum").and_then(Value::as_array) else {
            return;
        };
        let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
        if !known.contains(&word) {
            let near = nearest(word, known.iter().copied());
            let what = format!("{word:?} is none of {}{}", known.join(", "), guess(near));
            self.findings.push(error(place, &what));
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| self.root.pointer(reference.trim_start_matches('#')));
        target.unwrap_or(schema)
    }
}
