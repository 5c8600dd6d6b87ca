//! `where`, as far as the provider's parameters can say it.

use std::{fmt, str::FromStr};

use indexmap::IndexMap;
use periodic_sdk::ceql::{self, Expression};
use serde::Deserialize;

/// A comparison that a parameter stands for: `updated_at >=`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Condition {
    field: String,
    operator: String,
}

/// What can be compared with, as CEQL writes it.
const OPERATORS: [&str; 8] = ["=", "!=", "<", "<=", ">", ">=", "LIKE", "IN"];

/// The parameters that say a clause: it has to be a conjunction of conditions that there is a parameter for.
pub(crate) fn parameters(
    conditions: &IndexMap<Condition, String>,
    clause: &str,
) -> Result<Vec<(String, String)>, String> {
    let expression = ceql::parse(clause).map_err(|error| error.to_string())?;
    let mut parameters = Vec::new();
    for part in expression.conjuncts() {
        let read = Condition::read(part);
        let parameter =
            read.and_then(|(condition, value)| Some((conditions.get(&condition)?.clone(), value)));
        parameters.push(parameter.ok_or_else(|| unknown(conditions, part))?);
    }
    Ok(parameters)
}

fn unknown(conditions: &IndexMap<Condition, String>, part: &Expression) -> String {
    let known: Vec<String> = conditions.keys().map(Condition::to_string).collect();
    let known = match known.as_slice() {
        [] => "this resource cannot be filtered".to_owned(),
        known => format!("the conditions are {}, joined by AND", known.join(", ")),
    };
    format!("{part}: the provider cannot say that; {known}")
}

impl Condition {
    /// The comparison of a condition, and what it compares with.
    fn read(part: &Expression) -> Option<(Self, String)> {
        let (field, operator, value) = match part {
            Expression::Compare {
                field,
                operator,
                value,
            } => (field, operator.sign(), value.as_str().to_owned()),
            Expression::Like {
                field,
                pattern,
                negated: false,
            } => (field, "LIKE", pattern.as_str().to_owned()),
            Expression::In {
                field,
                values,
                negated: false,
            } => {
                let values: Vec<&str> = values.iter().map(ceql::Value::as_str).collect();
                (field, "IN", values.join(","))
            }
            _ => return None,
        };
        let field = field.name.clone();
        let operator = operator.to_owned();
        Some((Self { field, operator }, value))
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            let operators = OPERATORS.join(", ");
            format!(
                "{text:?} is no condition: write a field and one of {operators}, for instance \"updated_at >=\""
            )
        };
        let (field, operator) = text.trim().rsplit_once(' ').ok_or_else(wrong)?;
        let known = OPERATORS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(operator));
        Ok(Self {
            field: field.trim().to_owned(),
            operator: known.ok_or_else(wrong)?.to_owned(),
        })
    }
}

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(clause: &str, expected: Result<&[(&str, &str)], &str>) {
        let known = [
            ("updated_at >=", "since"),
            ("name LIKE", "q"),
            ("status in", "status"),
            ("is open =", "open"),
        ];
        let known = known
            .into_iter()
            .map(|(condition, name)| (condition.parse().unwrap(), name.to_owned()));
        let parameters = parameters(&known.collect(), clause);
        match expected {
            Ok(expected) => {
                let expected: Vec<_> = expected
                    .iter()
                    .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                    .collect();
                assert_eq!(parameters, Ok(expected), "{clause}");
            }
            Err(words) => assert!(
                parameters.as_ref().is_err_and(|error| error.contains(words)),
                "{parameters:?}"
            ),
        }
    }

    #[test]
    fn conjunctions_become_parameters() {
        check("updated_at >= '2020'", Ok(&[("since", "2020")]));
        check(
            "(name LIKE 'a%') AND status IN ('x', 'y')",
            Ok(&[("q", "a%"), ("status", "x,y")]),
        );
        check("`is open` = true", Ok(&[("open", "true")]));
        check("updated_at > '2020'", Err("updated_at >="));
        check("name LIKE 'a' OR name LIKE 'b'", Err("joined by AND"));
        check("NOT name LIKE 'a'", Err("cannot say that"));
        check("name IS NULL", Err("cannot say that"));
        check("name =", Err(""));
    }

    #[test]
    fn conditions_are_read() {
        for wrong in ["", "name", "name ~", ">="] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
    }
}
