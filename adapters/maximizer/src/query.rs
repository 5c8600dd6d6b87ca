//! From CEQL to the provider's `SearchQuery`.

use periodic_sdk::{
    ceql::{self, Expression, Operator, Value as Literal},
    contract::Failure,
};
use serde_json::{Map, Value, json};

use crate::resource::{FieldKind, Resource};

/// Read a `where` clause.
pub(crate) fn parse(clause: &str) -> Result<Expression, Failure> {
    ceql::parse(clause).map_err(|error| Failure::InvalidRequest(format!("where: {error}").into()))
}

/// A condition as `SearchQuery`.
pub(crate) fn translate(resource: &Resource, expression: &Expression) -> Value {
    condition(resource, expression, false)
}

/// Conditions that all have to hold; none is: all records.
pub(crate) fn all(mut conditions: Vec<Value>) -> Value {
    conditions.retain(|condition| condition.as_object().is_none_or(|members| !members.is_empty()));
    match conditions.len() {
        0 => json!({}),
        1 => conditions.remove(0),
        _ => json!({ "$AND": conditions }),
    }
}

/// A comparison of a field, which may be a path: `Address.City`.
pub(crate) fn compare(field: &str, operator: &str, value: Value) -> Value {
    let comparison = json!({ operator: value });
    field.rsplit(['.', '/']).fold(comparison, |inner, name| {
        let mut outer = Map::new();
        outer.insert(name.to_owned(), inner);
        Value::Object(outer)
    })
}

/// The provider has no NOT: it is pushed down to the comparisons.
fn condition(resource: &Resource, expression: &Expression, negated: bool) -> Value {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => {
            let and = matches!(expression, Expression::And(_)) != negated;
            let parts: Vec<Value> = parts
                .iter()
                .map(|part| condition(resource, part, negated))
                .collect();
            json!({ (if and { "$AND" } else { "$OR" }): parts })
        }
        Expression::Not(inner) => condition(resource, inner, !negated),
        Expression::Compare {
            field,
            operator,
            value,
        } => {
            let value = literal(resource, &field.name, value);
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
                .collect();
            compare(name(resource, &field.name), sign, values.into())
        }
        Expression::IsNull { field, negated: some } => {
            let sign = if *some != negated { "$NE" } else { "$EQ" };
            compare(name(resource, &field.name), sign, Value::Null)
        }
    }
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

/// A value in the field's type: numbers come quoted, truth values as words, dates without a zone mean UTC.
fn literal(resource: &Resource, field: &str, literal: &Literal) -> Value {
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
        (Some(FieldKind::Date), _) => Some(with_zone(text).into()),
        (Some(FieldKind::Text | FieldKind::Object), _) | (None, Literal::Text(_)) => None,
        (None, Literal::Number(_)) => number(),
        (None, Literal::Bare(_)) => truth(),
    };
    value.unwrap_or_else(|| text.into())
}

/// Dates are sent with an explicit zone: the provider takes those without for UTC, or guesses.
pub(crate) fn with_zone(date: &str) -> String {
    let time = date.get(10..).unwrap_or_default();
    let zoned = time.ends_with(['Z', 'z']) || time.contains(['+', '-']);
    if time.starts_with('T') && !zoned {
        format!("{date}Z")
    } else {
        date.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource;

    fn check(resource: &str, clause: &str, expected: &str) {
        let resource = resource::find(resource).unwrap();
        let query = translate(resource, &parse(clause).unwrap());
        assert_eq!(query.to_string(), expected, "{clause}");
    }

    #[test]
    fn clauses_become_search_queries() {
        check("contacts", "LastName='Chung'", r#"{"LastName":{"$EQ":"Chung"}}"#);
        check(
            "contacts",
            "lastname like 'Ch%'",
            r#"{"LastName":{"$LIKE":"Ch%"}}"#,
        );
        check("notes", "Type='0'", r#"{"Type":{"$EQ":0}}"#);
        check("tasks", "Priority Like 'Hi%'", r#"{"Priority":{"$LIKE":"Hi%"}}"#);
        check(
            "contacts",
            "Address.City = 'Bern'",
            r#"{"Address":{"City":{"$EQ":"Bern"}}}"#,
        );
        check("contacts", "Email IS NOT NULL", r#"{"Email":{"$NE":null}}"#);
        check(
            "opportunities",
            "Status IN (2, '3')",
            r#"{"Status":{"$IN":[2,3]}}"#,
        );
        check("contacts", "Lead = true", r#"{"Lead":{"$EQ":true}}"#);
        check(
            "contacts",
            "LastModifyDate>'2018-02-01T08:05:07'",
            r#"{"LastModifyDate":{"$GT":"2018-02-01T08:05:07Z"}}"#,
        );
        check(
            "contacts",
            "LastName='a' AND (FirstName='b' OR NOT FirstName IN ('c'))",
            r#"{"$AND":[{"LastName":{"$EQ":"a"}},{"$OR":[{"FirstName":{"$EQ":"b"}},{"FirstName":{"$NIN":["c"]}}]}]}"#,
        );
    }

    #[test]
    fn zones_are_explicit() {
        let cases = [
            ("2018-02-01T08:05:07", "2018-02-01T08:05:07Z"),
            ("2018-02-01T08:05:07-08:00", "2018-02-01T08:05:07-08:00"),
            ("2018-02-01T08:05:07Z", "2018-02-01T08:05:07Z"),
            ("2018-02-01", "2018-02-01"),
            ("", ""),
        ];
        for (date, expected) in cases {
            assert_eq!(with_zone(date), expected);
        }
    }
}
