//! The types of fields, and how values become them. What cannot become one stays as it is: it is the provider's word.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Number, Value};

/// A type that values are converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A truth value.
    Truth,
    /// An instant, as a text in UTC: `2018-08-20T15:29:06Z`.
    Date,
}

impl Kind {
    /// The kind of a type's name; none for those whose values are taken as they are.
    pub fn of(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "string" | "text" => Some(Self::Text),
            "number" | "integer" | "int" | "long" | "float" | "double" | "decimal" => Some(Self::Number),
            "boolean" | "bool" => Some(Self::Truth),
            "date" | "datetime" | "date-time" | "timestamp" => Some(Self::Date),
            _ => None,
        }
    }

    /// A value of this kind where it can be one.
    pub fn convert(self, value: Value) -> Value {
        let converted = match (self, &value) {
            (Self::Text, Value::Number(_) | Value::Bool(_)) => Some(Value::String(value.to_string())),
            (Self::Number, Value::String(text)) => number(text),
            (Self::Truth, Value::String(text)) => truth(text),
            (Self::Truth, Value::Number(number)) => truth(&number.to_string()),
            (Self::Date, Value::String(text)) => instant(text),
            (Self::Date, Value::Number(number)) => number
                .as_i64()
                .and_then(DateTime::from_timestamp_millis)
                .map(shown),
            _ => None,
        };
        converted.unwrap_or(value)
    }

    /// A value of this kind for a provider: one that counts milliseconds gets dates as numbers.
    pub fn convert_from(self, from: Option<Self>, value: Value) -> Value {
        match (self, from, &value) {
            (Self::Number, Some(Self::Date), Value::String(text)) => match DateTime::parse_from_rfc3339(text)
            {
                Ok(instant) => instant.timestamp_millis().into(),
                Err(_) => self.convert(value),
            },
            _ => self.convert(value),
        }
    }
}

/// A number without a loss: one that has more digits than numbers keep stays a text.
fn number(text: &str) -> Option<Value> {
    let number: Number = serde_json::from_str(text.trim()).ok()?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (number.is_i64() || number.is_u64() || digits <= 15).then_some(Value::Number(number))
}

fn truth(text: &str) -> Option<Value> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(Value::Bool(true)),
        "false" | "0" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// An instant that says its offset.
fn instant(text: &str) -> Option<Value> {
    let instant = DateTime::parse_from_rfc3339(text.trim()).ok()?;
    Some(shown(instant.with_timezone(&Utc)))
}

fn shown(instant: DateTime<Utc>) -> Value {
    Value::String(instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: Kind, value: Value, expect: Value) {
        assert_eq!(kind.convert(value.clone()), expect, "{value} as {kind:?}");
    }

    #[test]
    fn values_become_what_they_can() {
        check(Kind::Text, json!(5), json!("5"));
        check(Kind::Text, json!(true), json!("true"));
        check(Kind::Text, json!({ "a": 1 }), json!({ "a": 1 }));
        check(Kind::Number, json!("5"), json!(5));
        check(Kind::Number, json!(" -1.5e3 "), json!(-1500.0));
        check(Kind::Number, json!("007"), json!("007"));
        check(
            Kind::Number,
            json!("12345678901234567890123"),
            json!("12345678901234567890123"),
        );
        check(Kind::Number, json!("1e999"), json!("1e999"));
        check(Kind::Number, json!("five"), json!("five"));
        check(Kind::Truth, json!("True"), json!(true));
        check(Kind::Truth, json!(0), json!(false));
        check(Kind::Truth, json!("maybe"), json!("maybe"));
        check(
            Kind::Date,
            json!("2018-08-20T17:29:06+02:00"),
            json!("2018-08-20T15:29:06Z"),
        );
        check(
            Kind::Date,
            json!("2018-08-20T15:29:06.5Z"),
            json!("2018-08-20T15:29:06.500Z"),
        );
        check(
            Kind::Date,
            json!(1_534_778_974_827_i64),
            json!("2018-08-20T15:29:34.827Z"),
        );
        check(Kind::Date, json!("2018-08-20"), json!("2018-08-20"));
        check(Kind::Date, json!(null), json!(null));
    }

    #[test]
    fn dates_go_to_providers_that_count() {
        let instant = json!("2018-08-20T15:29:34.827Z");
        let counted = Kind::Number.convert_from(Some(Kind::Date), instant.clone());
        assert_eq!(counted, json!(1_534_778_974_827_i64));
        assert_eq!(Kind::Number.convert_from(None, instant.clone()), instant);
    }

    proptest! {
        #[test]
        fn numbers_go_there_and_back(number in any::<i64>()) {
            let text = Kind::Text.convert(json!(number));
            prop_assert_eq!(Kind::Number.convert(text), json!(number));
        }
    }
}
