//! Members of records that are null, which an instance wants to see or not.

use serde_json::{Value, value::RawValue};

use crate::{
    instance::{FILTER_NULLS, is_true},
    store::Instance,
};

/// Which members that are null are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nulls {
    /// All of them.
    All,
    /// Those that the caller named, as paths.
    Named(Vec<String>),
}

impl Nulls {
    /// As the instance wants it (`filter.response.nulls`), for a caller who asked for these fields.
    pub fn of(instance: &Instance, fields: &[String]) -> Self {
        match is_true(&instance.configuration, FILTER_NULLS) {
            true => Self::Named(fields.to_vec()),
            false => Self::All,
        }
    }

    /// A record without the others, at any depth.
    pub fn shown(&self, record: &RawValue) -> serde_json::Result<Vec<u8>> {
        let record = record.get().as_bytes();
        let Self::Named(named) = self else {
            return Ok(record.to_vec());
        };
        if memchr::memmem::find(record, b"null").is_none() {
            return Ok(record.to_vec());
        }
        let mut record: Value = serde_json::from_slice(record)?;
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        strip(&mut record, &named);
        serde_json::to_vec(&record)
    }
}

fn strip(value: &mut Value, named: &[&str]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| !member.is_null() || named.contains(&name.as_str()));
            for (name, member) in members {
                let beneath = named
                    .iter()
                    .filter_map(|path| path.strip_prefix(name.as_str())?.strip_prefix('.'));
                let beneath: Vec<&str> = beneath.collect();
                strip(member, &beneath);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, named)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_left_out_at_every_depth_but_where_they_were_asked_for() {
        let record = r#"{"a":null,"b":{"c":null,"d":[{"e":null,"f":1}]},"g":"null"}"#;
        let cases: [(&[&str], &str); 5] = [
            (&[], r#"{"b":{"d":[{"f":1}]},"g":"null"}"#),
            (&["a", "g"], r#"{"a":null,"b":{"d":[{"f":1}]},"g":"null"}"#),
            (&["b"], r#"{"b":{"d":[{"f":1}]},"g":"null"}"#),
            (&["b.c"], r#"{"b":{"c":null,"d":[{"f":1}]},"g":"null"}"#),
            (&["b.d.e"], r#"{"b":{"d":[{"e":null,"f":1}]},"g":"null"}"#),
        ];
        let raw = &*RawValue::from_string(record.to_owned()).unwrap();
        for (named, expected) in cases {
            let nulls = Nulls::Named(named.iter().map(|&name| name.to_owned()).collect());
            assert_eq!(
                String::from_utf8(nulls.shown(raw).unwrap()).unwrap(),
                expected,
                "{named:?}"
            );
        }
        assert_eq!(Nulls::All.shown(raw).unwrap(), record.as_bytes());
    }
}
