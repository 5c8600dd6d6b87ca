//! From CEQL to the provider's `SearchQuery`.

use periodic_sdk::{
    ceql::{self, Expression, Operator, Value as Literal},
    java_date::{Pattern, Zone},
};
use serde_json::{Value, json};

use crate::resource::{FieldKind, Resource};

/// A `where` clause as `SearchQuery`.
pub(crate) fn parse(resource: &Resource, clause: &str) -> Result<Value, String> {
    let expression = ceql::parse(clause).map_err(|error| error.to_string())?;
    translate(resource, &expression)
}

/// A condition as `SearchQuery`.
pub(crate) fn translate(resource: &Resource, expression: &Expression) -> Result<Value, String> {
    condition(resource, expression, false)
}

/// Conditions that all have to hold; none is: all records.
pub(crate) fn all(conditions: Vec<Value>) -> Value {
    let mut parts: Vec<Value> = conditions.into_iter().flat_map(parts).collect();
    match parts.len() {
        0 => json!({}),
        1 => parts.remove(0),
        _ => json!({ "$AND": parts }),
    }
}

/// What a condition joins by AND.
fn parts(condition: Value) -> Vec<Value> {
    match condition {
        Value::Object(members) if members.is_empty() => Vec::new(),
        Value::Object(mut members) if members.len() == 1 => match members.get_mut("$AND") {
            Some(Value::Array(parts)) => std::mem::take(parts),
            _ => vec![Value::Object(members)],
        },
        other => vec![other],
    }
}

/// A comparison of a field, which may be a path: `Address.City`.
pub(crate) fn compare(field: &str, operator: &str, value: Value) -> Value {
    let (name, inner) = match split(field) {
        None => (field, json!({ operator: value })),
        Some((first, rest)) => (first, compare(rest, operator, value)),
    };
    json!({ name: inner })
}

/// The first name of a path and the rest. User-defined fields, such as `Udf/$TYPEID(111)`, are names of their own.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    path.split_once(['.', '/']).filter(|_| !path.contains('$'))
}

/// The provider has no NOT: it is pushed down to the comparisons.
fn condition(resource: &Resource, expression: &Expression, negated: bool) -> Result<Value, String> {
    Ok(match expression {
        Expression::And(parts) | Expression::Or(parts) => {
            let and = matches!(expression, Expression::And(_)) != negated;
            let parts: Vec<Value> = parts
                .iter()
                .map(|part| condition(resource, part, negated))
                .collect::<Result<_, _>>()?;
            json!({ (if and { "$AND" } else { "$OR" }): parts })
        }
        Expression::Not(inner) => condition(resource, inner, !negated)?,
        Expression::Compare {
            field,
            operator,
            value,
        } => {
            let value = literal(resource, &field.name, value)?;
            compare(name(resource, &field.name), sign(*operator, negated), value)
        }
        Expression::Like {
            field,
            pattern,
            negated: unlike,
        } => {
            let sign = if *unlike != negated { "$NLIKE" } else { "$LIKE" };
            compare(name(resource, &field.name), sign, pattern.as_str().into())
        }
        Expression::In {
            field,
            values,
            negated: none,
        } => {
            let sign = if *none != negated { "$NIN" } else { "$IN" };
            let values: Vec<Value> = values
                .iter()
                .map(|value| literal(resource, &field.name, value))
                .collect::<Result<_, _>>()?;
            compare(name(resource, &field.name), sign, values.into())
        }
        Expression::IsNull { field, negated: some } => {
            let sign = if *some != negated { "$NE" } else { "$EQ" };
            compare(name(resource, &field.name), sign, Value::Null)
        }
    })
}

fn sign(operator: Operator, negated: bool) -> &'static str {
    match (operator, negated) {
        (Operator::Equal, false) | (Operator::NotEqual, true) => "$EQ",
        (Operator::NotEqual, false) | (Operator::Equal, true) => "$NE",
        (Operator::Less, false) | (Operator::GreaterOrEqual, true) => "$LT",
        (Operator::LessOrEqual, false) | (Operator::Greater, true) => "$LE",
        (Operator::Greater, false) | (Operator::LessOrEqual, true) => "$GT",
        (Operator::GreaterOrEqual, false) | (Operator::Less, true) => "$GE",
    }
}

/// A field in the provider's spelling.
fn name<'n>(resource: &Resource, name: &'n str) -> &'n str {
    resource.field(name).map_or(name, |field| field.name)
}

/// A value in the field's type: numbers come quoted, truth values as words, dates in many forms.
fn literal(resource: &Resource, field: &str, literal: &Literal) -> Result<Value, String> {
    let text = literal.as_str();
    let number = || {
        serde_json::from_str::<serde_json::Number>(text)
            .ok()
            .map(Value::Number)
    };
    let truth = || text.to_ascii_lowercase().parse::<bool>().ok().map(Value::Bool);
    let known = resource.field(field).map(|field| field.kind);
    let value = match (known, literal) {
        (Some(FieldKind::Number), _) => number(),
        (Some(FieldKind::Truth), _) => truth(),
        (Some(FieldKind::Date), _) => Some(date(text).ok_or_else(|| no_date(field, text))?.into()),
        (Some(FieldKind::Text | FieldKind::Object), _) | (None, Literal::Text(_)) => None,
        (None, Literal::Number(_)) => number(),
        (None, Literal::Bare(_)) => truth(),
    };
    Ok(value.unwrap_or_else(|| text.into()))
}

fn no_date(field: &str, text: &str) -> String {
    format!(
        "{field} is a date, and {text:?} is none that Maximizer reads for sure; write 2018-02-01T08:05:07Z"
    )
}

/// A date as it is sent: with an explicit zone, because the provider takes those without for UTC, and in the one form
/// that it does not guess about. Its own functions, such as `$TODAY()`, go as they are.
fn date(text: &str) -> Option<String> {
    let text = text.trim();
    if text.starts_with('$') {
        return Some(text.to_owned());
    }
    if text.len() > 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let pattern = Pattern::new("yyyy-MM-dd'T'HH:mm:ss'Z'").ok()?;
        return Some(pattern.format(text.parse().ok()?, &Zone::UTC));
    }
    let digits: String = text
        .chars()
        .take(10)
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let (day, time) = (text.get(..10)?, text.get(10..)?);
    let zone = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    match (digits.as_str(), time.chars().next()) {
        ("0000-00-00", None) => Some(day.to_owned()),
        ("0000-00-00", Some('T' | ' ')) => {
            let (clock, zone) = (time.get(1..zone)?.trim(), time.get(zone..)?);
            let zone = match zone.len() {
                0 | 1 => "Z".to_owned(),
                // Java's `Z` writes no colon.
                5 if !zone.contains(':') => format!("{}:{}", zone.get(..3)?, zone.get(3..)?),
                _ => zone.to_owned(),
            };
            Some(format!("{day}T{clock}{zone}"))
        }
        _ => None,
    }
}
