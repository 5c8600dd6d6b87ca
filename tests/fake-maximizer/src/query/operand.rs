//! The right side of a test, typed by the property it is compared with.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::casing;
use crate::dates::{self, Span};
use crate::error::Refusal;
use crate::key::Key;
use crate::row::Cell;
use crate::schema::{Entity, Kind};

/// A literal of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Null,
    Text(String),
    Number(f64),
    Flag(bool),
    Dates(Span),
    Key(KeyMatch),
    User(String),
}

/// Which records a key in a query stands for; the spelling of its prefix does not matter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyMatch {
    pub(crate) id: String,
    /// `None` for `{"Id": "…"}`: every number under the ID.
    pub(crate) number: Option<u32>,
}

/// Why a literal does not suit its property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// What would have been accepted.
    Expected(&'static str),
    /// A key of another object.
    KeyType,
}

// === impl Unfit ===

impl Unfit {
    pub(crate) fn refusal(self, entity: Entity, property: &str) -> Refusal {
        match self {
            Self::KeyType => Refusal::KeyType,
            Self::Expected(expected) => Refusal::WrongType {
                entity: entity.name(),
                property: property.to_owned(),
                expected,
            },
        }
    }
}

// === impl Operand ===

impl Operand {
    /// Reads a literal for a property of `kind`; `family` holds the objects whose keys it takes.
    pub(crate) fn read(
        kind: Kind,
        family: &[Entity],
        value: &Value,
        now: DateTime<Utc>,
    ) -> Result<Self, Unfit> {
        if value.is_null() {
            return Ok(Self::Null);
        }
        match kind {
            Kind::Key | Kind::Reference(_) | Kind::Linked(_) => {
                KeyMatch::read(value, family).map(Self::Key).ok_or(Unfit::KeyType)
            }
            Kind::User => read_user(value)
                .map(Self::User)
                .ok_or(Unfit::Expected("the key of a user")),
            Kind::Integer | Kind::Decimal => read_number(value).ok_or(Unfit::Expected("a number")),
            Kind::Flag => value
                .as_bool()
                .map(Self::Flag)
                .ok_or(Unfit::Expected("true or false")),
            Kind::DateTime => value
                .as_str()
                .and_then(|text| dates::literal(text, now))
                .map(Self::Dates)
                .ok_or(Unfit::Expected("an ISO 8601 date or a date function")),
            Kind::Text | Kind::Choice(_) => value
                .as_str()
                .map(|text| Self::Text(text.to_owned()))
                .ok_or(Unfit::Expected("a text")),
            Kind::List | Kind::Items(_) | Kind::Object(_) | Kind::Any => match value {
                Value::String(text) => Ok(Self::Text(text.clone())),
                Value::Number(number) => number
                    .as_f64()
                    .map(Self::Number)
                    .ok_or(Unfit::Expected("a finite number")),
                Value::Bool(flag) => Ok(Self::Flag(*flag)),
                _ => Err(Unfit::Expected("a text, a number, true, false or null")),
            },
        }
    }

    pub(crate) fn equals(&self, cell: &Cell) -> bool {
        match (self, cell) {
            (Self::Null, Cell::Null) => true,
            // The database compares texts without regard to case.
            (Self::Text(wanted), Cell::Text(text)) => wanted.to_lowercase() == text.to_lowercase(),
            (Self::Number(wanted), Cell::Number(number)) => wanted == number,
            (Self::Number(wanted), Cell::Text(text)) => text.parse() == Ok(*wanted),
            (Self::Text(wanted), Cell::Number(number)) => wanted.parse() == Ok(*number),
            (Self::Flag(wanted), Cell::Flag(flag)) => wanted == flag,
            (Self::Dates(span), Cell::Instant(at)) => span.low <= *at && *at <= span.high,
            (Self::Key(wanted), Cell::Key(identity)) => {
                wanted.id == identity.id && wanted.number.is_none_or(|number| number == identity.number)
            }
            (Self::User(wanted), Cell::User(uid)) => wanted.eq_ignore_ascii_case(uid),
            _ => false,
        }
    }

    /// How the value stands to the lower end of this literal.
    pub(crate) fn order_of_low(&self, cell: &Cell) -> Option<Ordering> {
        self.order(cell, |span| span.low)
    }

    /// How the value stands to the upper end of this literal.
    pub(crate) fn order_of_high(&self, cell: &Cell) -> Option<Ordering> {
        self.order(cell, |span| span.high)
    }

    fn order(&self, cell: &Cell, end: fn(&Span) -> DateTime<Utc>) -> Option<Ordering> {
        match (self, cell) {
            (Self::Text(wanted), Cell::Text(text)) => Some(text.to_lowercase().cmp(&wanted.to_lowercase())),
            (Self::Number(wanted), Cell::Number(number)) => number.partial_cmp(wanted),
            (Self::Dates(span), Cell::Instant(at)) => Some(at.cmp(&end(span))),
            _ => None,
        }
    }
}

// === impl KeyMatch ===

impl KeyMatch {
    /// Reads the key forms of the vendor: encoded, `{"Value"|"Body": encoded}`, `{"ID": …, "Number": …}`.
    /// Answers `None` when it is none of these or a key of another object.
    pub(crate) fn read(value: &Value, family: &[Entity]) -> Option<Self> {
        match value {
            Value::String(text) => {
                let key = Key::parse(text).ok()?;
                let entity = Entity::of_prefix(&key.prefix)?;
                let identity = key.identity();
                family.contains(&entity).then_some(Self {
                    id: identity.id,
                    number: Some(identity.number),
                })
            }
            Value::Object(parts) => {
                if let Some(inner) = casing::get(parts, "Value").or_else(|| casing::get(parts, "Body")) {
                    let mut found = inner.as_str().and_then(|text| Self::read(&text.into(), family))?;
                    let related = casing::get(parts, "OrRelated").and_then(Value::as_bool);
                    if related == Some(true) {
                        found.number = None;
                    }
                    return Some(found);
                }
                let id = casing::text(parts, "ID")?.to_owned();
                match casing::get(parts, "Number") {
                    None | Some(Value::Null) => Some(Self { id, number: None }),
                    Some(number) => Some(Self {
                        id,
                        number: Some(number.as_u64().and_then(|n| u32::try_from(n).ok())?),
                    }),
                }
            }
            _ => None,
        }
    }
}

/// Reads a user: an encoded key or `{"UID": …}`, `{"Value": …}`, `{"Key": …}` of one.
pub(crate) fn read_user(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let key = Key::parse(text).ok()?;
            matches!(key.prefix.as_str(), "User" | "Group").then_some(key.id)
        }
        Value::Object(parts) => match casing::text(parts, "UID") {
            Some(uid) => Some(uid.to_owned()),
            None => read_user(casing::get(parts, "Value").or_else(|| casing::get(parts, "Key"))?),
        },
        _ => None,
    }
}

/// Numbers may be quoted in a query, as in `Type='0'`; on write they may not.
fn read_number(value: &Value) -> Option<Operand> {
    match value {
        Value::Number(number) => number.as_f64().map(Operand::Number),
        Value::String(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite())
            .map(Operand::Number),
        _ => None,
    }
}
