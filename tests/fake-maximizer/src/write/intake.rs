//! What a caller wants to write, checked and in the store's form.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::Authority;
use crate::casing;
use crate::dates;
use crate::error::Refusal;
use crate::key::Key;
use crate::query::{KeyMatch, unknown};
use crate::schema::{Entity, Field, Kind, Source};
use crate::store::Store;

/// Checked input.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// Under the vendor's names; instants as UTC text, references as typed keys.
    pub(super) fields: Map<String, Value>,
    pub(super) created: Option<DateTime<Utc>>,
    pub(super) modified: Option<DateTime<Utc>>,
    pub(super) creator: Option<String>,
    pub(super) modifier: Option<String>,
}

/// Where a value stands, for refusals.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    store: &'a Store,
    entity: Entity,
    name: &'a str,
}

// === impl Intake ===

impl Intake {
    pub(super) fn read(
        store: &Store,
        entity: Entity,
        data: &Map<String, Value>,
        authority: Authority,
    ) -> Result<Self, Refusal> {
        let mut intake = Self::default();
        for (name, value) in data {
            let mut field = entity.field(name).ok_or_else(|| unknown(entity, name))?;
            // `"Parent": "<key>"` is taken for `ParentKey`, as the suite of Cloud Elements writes it.
            if let (Source::Link(via), true) = (field.source, value.is_string()) {
                field = entity.field(via).ok_or_else(|| unknown(entity, via))?;
            }
            if field.source == Source::OwnKey {
                continue;
            }
            let place = Place { store, entity, name };
            if field.is_assignable() {
                intake.fields.insert(
                    field.name.clone().into_owned(),
                    place.normalise(field.kind, value)?,
                );
            } else if authority == Authority::Operator {
                intake.system(place, &field, value)?;
            } else {
                return Err(Refusal::NotAssignable {
                    entity: entity.name(),
                    property: name.clone(),
                });
            }
        }
        Ok(intake)
    }

    /// What only the control interface sets.
    fn system(&mut self, place: Place<'_>, field: &Field, value: &Value) -> Result<(), Refusal> {
        let instant = || {
            let at = value.as_str().and_then(dates::parse);
            at.map(Some).ok_or_else(|| place.wrong("an ISO 8601 date"))
        };
        let user = || {
            // A bare user ID is fine here.
            let uid = match value {
                Value::String(text) => Some(user_id(text).unwrap_or_else(|| text.clone())),
                other => crate::query::read_user(other),
            };
            uid.map(Some).ok_or_else(|| place.wrong("a user"))
        };
        match field.source {
            Source::Created => self.created = instant()?,
            Source::Modified => self.modified = instant()?,
            Source::Creator => self.creator = user()?,
            Source::Modifier => self.modifier = user()?,
            _ => {
                let property = place.name.to_owned();
                return Err(Refusal::NotAssignable {
                    entity: place.entity.name(),
                    property,
                });
            }
        }
        Ok(())
    }
}

// === impl Place ===

impl Place<'_> {
    fn wrong(&self, expected: &'static str) -> Refusal {
        Refusal::WrongType {
            entity: self.entity.name(),
            property: self.name.to_owned(),
            expected,
        }
    }

    /// Brings a value into the store's form.
    fn normalise(&self, kind: Kind, value: &Value) -> Result<Value, Refusal> {
        // On write only `Value` of a detailed field counts.
        let detailed = value.as_object().and_then(|parts| casing::get(parts, "Value"));
        match (kind, detailed) {
            (_, None) if value.is_null() => Ok(Value::Null),
            (Kind::Object(_) | Kind::Items(_) | Kind::Any | Kind::Reference(_) | Kind::User, _)
            | (_, None) => self.plain(kind, value),
            (_, Some(inner)) => self.plain(kind, inner),
        }
    }

    fn plain(&self, kind: Kind, value: &Value) -> Result<Value, Refusal> {
        match kind {
            Kind::Any => Ok(value.clone()),
            Kind::Text => match value {
                Value::String(_) | Value::Null => Ok(value.clone()),
                _ => Err(self.wrong("a text")),
            },
            Kind::Choice(options) => self.choice(options, value),
            Kind::Integer if value.is_i64() || value.is_u64() => Ok(value.clone()),
            Kind::Integer => Err(self.wrong("a whole number")),
            Kind::Decimal if value.is_number() => Ok(value.clone()),
            Kind::Decimal => Err(self.wrong("a number")),
            Kind::Flag if value.is_boolean() => Ok(value.clone()),
            Kind::Flag => Err(self.wrong("true or false")),
            Kind::DateTime => {
                let at = value.as_str().and_then(dates::parse);
                at.map(|at| Value::String(dates::format(at)))
                    .ok_or_else(|| self.wrong("an ISO 8601 date"))
            }
            Kind::List => match value {
                Value::Array(_) => Ok(value.clone()),
                Value::String(_) => Ok(Value::Array(vec![value.clone()])),
                _ => Err(self.wrong("an array")),
            },
            Kind::Items(_) if value.is_array() => Ok(value.clone()),
            Kind::Items(_) => Err(self.wrong("an array of objects")),
            Kind::Object(parts) => self.object(parts, value),
            Kind::User => {
                let uid = crate::query::read_user(value).ok_or_else(|| self.wrong("the key of a user"))?;
                Ok(Value::String(Key::user(&uid).to_string()))
            }
            Kind::Reference(targets) => self.reference(targets, value),
            Kind::Key | Kind::Linked(_) => Err(Refusal::NotAssignable {
                entity: self.entity.name(),
                property: self.name.to_owned(),
            }),
        }
    }

    fn choice(&self, options: &'static str, value: &Value) -> Result<Value, Refusal> {
        let text = value.as_str().ok_or_else(|| self.wrong("a text"))?;
        let option = options
            .split('|')
            .find(|option| option.eq_ignore_ascii_case(text));
        option
            .map(|option| Value::String(option.to_owned()))
            .ok_or_else(|| Refusal::InvalidOption {
                entity: self.entity.name(),
                property: self.name.to_owned(),
                value: text.to_owned(),
                options,
            })
    }

    fn object(&self, known: &[&str], value: &Value) -> Result<Value, Refusal> {
        let members = value.as_object().ok_or_else(|| self.wrong("an object"))?;
        let mut parts = Map::new();
        for (name, inner) in members {
            let spelled = known.iter().find(|known| known.eq_ignore_ascii_case(name));
            let spelled = spelled.ok_or_else(|| unknown(self.entity, &format!("{}/{name}", self.name)))?;
            parts.insert((*spelled).to_owned(), inner.clone());
        }
        Ok(Value::Object(parts))
    }

    fn reference(&self, targets: &[Entity], value: &Value) -> Result<Value, Refusal> {
        let key = KeyMatch::read(value, targets).ok_or(Refusal::KeyType)?;
        // An encoded key names its object; `{"ID": …}` is looked for in each.
        let encoded = value.as_str().and_then(|text| Key::parse(text).ok());
        let named = encoded.and_then(|key| Entity::of_prefix(&key.prefix));
        let identity = key.identity();
        let found = targets
            .iter()
            .filter(|target| named.is_none_or(|named| named == **target))
            .find_map(|target| self.store.get(*target, &identity));
        found
            .map(|record| Value::String(record.key().to_string()))
            .ok_or_else(|| Refusal::NotFound {
                entity: targets.first().map_or("AbEntry", |target| target.name()),
                key: identity.to_string(),
            })
    }
}

fn user_id(text: &str) -> Option<String> {
    Key::parse(text)
        .ok()
        .filter(|key| key.prefix == "User")
        .map(|key| key.id)
}
