//! `Scope.Fields`: which properties a row shows, in which shape, under the caller's spelling.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use crate::casing;
use crate::dates;
use crate::error::Refusal;
use crate::faults::{LocalTime, PrefixStyle};
use crate::key::Key;
use crate::query::{Path, resolve, unknown};
use crate::row::Row;
use crate::schema::{Entity, Field, Kind, Source};
use crate::store::Record;

/// How values are rendered in this session.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) prefix: PrefixStyle,
    pub(crate) local_time: Option<LocalTime>,
}

/// The properties that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selection {
    picks: Vec<Pick>,
}

#[derive(Debug, Clone, PartialEq)]
struct Pick {
    /// The caller's spelling.
    echo: String,
    path: Path,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// `1`: the default value.
    Whole,
    /// `{…}` or `[{…}]`: these parts.
    Parts(Vec<Part>),
    /// The properties of a linked record.
    Record(Selection),
}

#[derive(Debug, Clone, PartialEq)]
struct Part {
    echo: String,
    parts: Vec<Self>,
}

// === impl Selection ===

impl Selection {
    /// Everything, under the vendor's names: `"Fields": 1`.
    pub(crate) fn everything(entity: Entity) -> Self {
        let pick = |field: &Field| Pick {
            echo: field.name.to_string(),
            path: Path {
                field: field.clone(),
                part: None,
            },
            shape: Shape::Whole,
        };
        Self {
            picks: entity.fields().iter().map(pick).collect(),
        }
    }

    /// Everything, and the user-defined fields that are stored.
    pub(crate) fn stored(record: &Record) -> Self {
        let mut all = Self::everything(record.entity);
        let known = |name: &str| record.entity.fields().iter().any(|field| field.name == name);
        let extra = record.latest().fields.keys().filter(|name| !known(name));
        all.picks.extend(extra.filter_map(|name| {
            let path = Path {
                field: record.entity.field(name)?,
                part: None,
            };
            Some(Pick {
                echo: name.clone(),
                path,
                shape: Shape::Whole,
            })
        }));
        all
    }

    /// Reads `Scope.Fields`.
    ///
    /// # Errors
    /// A [`Refusal`] that names the property at fault, even when no row would show it.
    pub(crate) fn parse(entity: Entity, fields: &Value) -> Result<Self, Refusal> {
        let members = match fields {
            Value::Object(members) => members,
            one if is_one(one) => return Ok(Self::everything(entity)),
            _ => {
                let at = format!("{entity}.Scope.Fields");
                return Err(Refusal::malformed(
                    at,
                    "expected an object of properties, or 1 for all",
                ));
            }
        };
        let mut picks = Vec::with_capacity(members.len());
        for (echo, wanted) in members {
            if echo.starts_with('$') {
                let problem = format!("aggregate '{echo}' is not supported");
                return Err(Refusal::malformed(format!("{entity}.Scope.Fields"), problem));
            }
            let path = resolve(entity, echo)?;
            if let Some(shape) = Shape::parse(entity, &path, wanted)? {
                picks.push(Pick {
                    echo: echo.clone(),
                    path,
                    shape,
                });
            }
        }
        Ok(Self { picks })
    }

    /// Shows a row.
    pub(crate) fn show(&self, row: &Row<'_>, view: &View) -> Map<String, Value> {
        self.picks
            .iter()
            .map(|pick| (pick.echo.clone(), pick.show(row, view)))
            .collect()
    }
}

// === impl Shape ===

impl Shape {
    /// `None` when the property is switched off with 0, `false` or `null`.
    fn parse(entity: Entity, path: &Path, wanted: &Value) -> Result<Option<Self>, Refusal> {
        let name = &path.field.name;
        let parts = match wanted {
            Value::Object(parts) => parts,
            Value::Array(items) => match items.as_slice() {
                [Value::Object(parts)] => parts,
                _ => {
                    let at = format!("{entity}.Scope.Fields.{name}");
                    return Err(Refusal::malformed(at, "expected an array of one object"));
                }
            },
            one if is_one(one) => return Ok(Some(Self::Whole)),
            Value::Null | Value::Bool(false) => return Ok(None),
            Value::Number(number) if number.as_i64() == Some(0) => return Ok(None),
            _ => {
                let at = format!("{entity}.Scope.Fields.{name}");
                return Err(Refusal::malformed(
                    at,
                    "expected 1, an object or an array of one object",
                ));
            }
        };
        if let Kind::Linked(target) = path.field.kind {
            let inner = Value::Object(parts.clone());
            return Ok(Some(Self::Record(Selection::parse(target, &inner)?)));
        }
        Ok(Some(Self::Parts(Part::parse_all(entity, &path.field, parts)?)))
    }
}

// === impl Part ===

impl Part {
    fn parse_all(entity: Entity, field: &Field, members: &Map<String, Value>) -> Result<Vec<Self>, Refusal> {
        let known: &[&str] = match field.kind {
            Kind::Key | Kind::Reference(_) => &["Value", "ID", "Number", "EntityType", "DisplayValue"],
            Kind::User => &["Key", "Value", "UID", "DisplayValue"],
            Kind::DateTime => &["Value", "DisplayValue", "Attributes"],
            Kind::Object(parts) | Kind::Items(parts) => parts,
            _ => &["Value", "Key", "DisplayValue"],
        };
        let mut parts = Vec::with_capacity(members.len());
        for (echo, wanted) in members {
            let open = matches!(field.kind, Kind::Any);
            if !open && !known.iter().any(|name| name.eq_ignore_ascii_case(echo)) {
                return Err(unknown(entity, &format!("{}/{echo}", field.name)));
            }
            let inner = match wanted {
                Value::Object(inner) => inner
                    .keys()
                    .map(|name| Self {
                        echo: name.clone(),
                        parts: Vec::new(),
                    })
                    .collect(),
                one if is_one(one) => Vec::new(),
                _ => continue,
            };
            parts.push(Self {
                echo: echo.clone(),
                parts: inner,
            });
        }
        Ok(parts)
    }

    fn is(&self, name: &str) -> bool {
        self.echo.eq_ignore_ascii_case(name)
    }
}

// === impl Pick ===

impl Pick {
    fn show(&self, row: &Row<'_>, view: &View) -> Value {
        let field = &self.path.field;
        if let (Shape::Record(inner), Source::Link(via)) = (&self.shape, field.source) {
            return row
                .linked(via)
                .map_or(Value::Null, |row| Value::Object(inner.show(&row, view)));
        }
        if let (Some(part), Source::Link(via)) = (&self.path.part, field.source) {
            let linked = row.linked(via);
            let shown = linked.and_then(|row| {
                row.entity()
                    .field(part)
                    .map(|field| view.whole(&field, &row.value(&field)))
            });
            return shown.unwrap_or(Value::Null);
        }
        let value = row.value(field);
        match (&self.path.part, &self.shape) {
            (Some(part), _) => {
                let part = Part {
                    echo: part.clone(),
                    parts: Vec::new(),
                };
                view.part(field, &value, &part)
            }
            (None, Shape::Parts(parts)) => view.parts(field, &value, parts),
            (None, _) => view.whole(field, &value),
        }
    }
}

// === impl View ===

impl View {
    /// The default rendering of a value.
    fn whole(&self, field: &Field, value: &Value) -> Value {
        match (field.kind, value) {
            (Kind::Key | Kind::Reference(_), Value::String(key)) => Value::String(self.key(key)),
            (Kind::DateTime, Value::String(text)) => Value::String(self.date(&field.name, text)),
            (Kind::Linked(_), Value::Object(parts)) => {
                let mut parts = parts.clone();
                if let Some(Value::String(key)) = parts.get_mut("Key") {
                    *key = self.key(key);
                }
                Value::Object(parts)
            }
            _ => value.clone(),
        }
    }

    fn parts(&self, field: &Field, value: &Value, parts: &[Part]) -> Value {
        match value {
            Value::Null => Value::Null,
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.parts(field, item, parts)).collect())
            }
            one => {
                let shown = parts
                    .iter()
                    .map(|part| (part.echo.clone(), self.part(field, one, part)));
                Value::Object(shown.collect())
            }
        }
    }

    fn part(&self, field: &Field, value: &Value, part: &Part) -> Value {
        match (field.kind, value) {
            (_, Value::Null) => Value::Null,
            (Kind::Key | Kind::Reference(_), Value::String(text)) => self.key_part(text, part),
            (Kind::User, Value::String(text)) => user_part(text, part),
            (Kind::DateTime, Value::String(text)) => match () {
                () if part.is("DisplayValue") => {
                    dates::parse(text).map_or(Value::Null, |at| Value::String(dates::display(at)))
                }
                () if part.is("Attributes") => json!({"Date": true, "Time": true, "IgnoreYear": false}),
                () => self.whole(field, value),
            },
            (_, Value::Object(members)) => casing::get(members, &part.echo).cloned().unwrap_or(Value::Null),
            (_, Value::String(_)) => value.clone(),
            (_, scalar) if part.is("DisplayValue") => Value::String(scalar.to_string()),
            (_, scalar) => scalar.clone(),
        }
    }

    fn key_part(&self, text: &str, part: &Part) -> Value {
        let Ok(key) = Key::parse(text) else {
            return Value::Null;
        };
        match () {
            () if part.is("ID") => Value::String(key.id),
            () if part.is("Number") => json!(key.identity().number),
            () if part.is("EntityType") => {
                json!(Entity::of_prefix(&key.prefix).and_then(Entity::number))
            }
            () => Value::String(self.key(text)),
        }
    }

    /// The spelling of a key in this session: ID and number stay, the prefix may not.
    pub(crate) fn key(&self, text: &str) -> String {
        match (self.prefix, Key::parse(text)) {
            (PrefixStyle::Generic, Ok(mut key))
                if Entity::of_prefix(&key.prefix) == Some(Entity::AbEntry) =>
            {
                key.prefix = Entity::AbEntry.name().to_owned();
                key.to_string()
            }
            _ => text.to_owned(),
        }
    }

    fn date(&self, field: &str, text: &str) -> String {
        let shift = self.local_time.as_ref().filter(|local| local.covers(field));
        let shifted = shift.and_then(|local| {
            dates::parse(text)?.checked_add_signed(TimeDelta::minutes(local.offset_minutes.into()))
        });
        shifted.map_or_else(|| text.to_owned(), dates::format)
    }
}

fn user_part(text: &str, part: &Part) -> Value {
    let uid = Key::parse(text).map(|key| key.id).unwrap_or_default();
    if part.is("Key") && !part.parts.is_empty() {
        let inner = part
            .parts
            .iter()
            .map(|inner| (inner.echo.clone(), user_part(text, inner)));
        return Value::Object(inner.collect());
    }
    if part.is("UID") || part.is("DisplayValue") {
        Value::String(uid)
    } else {
        Value::String(text.to_owned())
    }
}

fn is_one(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_i64() == Some(1),
        _ => false,
    }
}
