//! A record in one of its states, as queries, sorting and projection see it.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::casing;
use crate::dates;
use crate::key::{Identity, Key};
use crate::schema::{Entity, Field, Kind, Source};
use crate::store::{Record, Store, Version};

/// A record in one of its states.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) store: &'a Store,
    pub(crate) record: &'a Record,
    pub(crate) version: &'a Version,
}

/// A comparable value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Number(f64),
    Flag(bool),
    Instant(DateTime<Utc>),
    Key(Identity),
    User(String),
    Many(Vec<Self>),
}

// === impl Cell ===

impl Cell {
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The order of results: nothing first, then by value; texts without regard to case.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::User(a), Self::User(b)) => {
                a.to_lowercase().cmp(&b.to_lowercase())
            }
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => a.cmp(b),
            (Self::Many(a), Self::Many(b)) => match (a.first(), b.first()) {
                (Some(a), Some(b)) => a.order(b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            },
            _ => self.rank().cmp(&other.rank()),
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Flag(_) => 1,
            Self::Number(_) => 2,
            Self::Instant(_) => 3,
            Self::Text(_) => 4,
            Self::Key(_) => 5,
            Self::User(_) => 6,
            Self::Many(_) => 7,
        }
    }
}

// === impl Row ===

impl<'a> Row<'a> {
    /// A record in its newest state.
    pub(crate) fn latest(store: &'a Store, record: &'a Record) -> Self {
        Self {
            store,
            record,
            version: record.latest(),
        }
    }

    pub(crate) fn entity(&self) -> Entity {
        self.record.entity
    }

    fn stored(&self, name: &str) -> Option<&'a Value> {
        self.version.fields.get(name).filter(|value| !value.is_null())
    }

    fn stored_text(&self, name: &str) -> &'a str {
        self.stored(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The record behind a reference of this one.
    pub(crate) fn linked(&self, via: &str) -> Option<Self> {
        let record = self.store.by_key(self.stored(via)?.as_str()?)?;
        Some(Self::latest(self.store, record))
    }

    /// The plain value: instants as UTC text, keys in their typed spelling, `null` when there is none.
    pub(crate) fn value(&self, field: &Field) -> Cow<'a, Value> {
        let owned = match field.source {
            Source::Stored => {
                return self
                    .stored(&field.name)
                    .map_or(Cow::Owned(Value::Null), Cow::Borrowed);
            }
            Source::OwnKey => Value::String(self.record.key().to_string()),
            Source::Created => Value::String(dates::format(self.version.created)),
            Source::Modified => Value::String(dates::format(self.version.modified)),
            Source::Creator => Value::String(Key::user(&self.version.creator).to_string()),
            Source::Modifier => Value::String(Key::user(&self.version.modifier).to_string()),
            Source::FullName => text_or_null(self.full_name()),
            Source::DisplayValue => text_or_null(self.display_value()),
            Source::CompanyName => text_or_null(self.company_name()),
            Source::DefaultOf(fields, member) => self.default_of(&field.name, fields, member),
            Source::Link(via) => self.linked(via).map_or(
                Value::Null,
                |row| json!({"Key": row.record.key().to_string(), "DisplayValue": row.display_value()}),
            ),
            Source::Rights => json!({"CanRead": true, "CanUpdate": true, "CanDelete": true}),
        };
        Cow::Owned(owned)
    }

    /// The comparable value of a property or of a part of it.
    pub(crate) fn cell(&self, field: &Field, part: Option<&str>) -> Cell {
        match (field.source, part) {
            (Source::Created, _) => Cell::Instant(self.version.created),
            (Source::Modified, _) => Cell::Instant(self.version.modified),
            (Source::Creator, _) => Cell::User(self.version.creator.clone()),
            (Source::Modifier, _) => Cell::User(self.version.modifier.clone()),
            (Source::OwnKey, _) => Cell::Key(self.record.identity.clone()),
            (Source::Link(via), Some(part)) => {
                let row = self.linked(via);
                row.and_then(|row| row.entity().field(part).map(|field| row.cell(&field, None)))
                    .unwrap_or(Cell::Null)
            }
            (Source::Link(via), None) => self
                .linked(via)
                .map_or(Cell::Null, |row| Cell::Key(row.record.identity.clone())),
            _ => cell_of(field.kind, &self.value(field), part),
        }
    }

    fn is_typed(&self, kind: &str) -> bool {
        self.stored_text("Type") == kind
    }

    fn full_name(&self) -> String {
        if self.is_typed("Company") {
            return self.stored_text("CompanyName").to_owned();
        }
        let names = ["FirstName", "MiddleName", "LastName"].map(|name| self.stored_text(name));
        names
            .into_iter()
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// A contact shows the name of the company that it belongs to.
    fn company_name(&self) -> String {
        if self.is_typed("Contact")
            && let Some(parent) = self.linked("ParentKey")
        {
            return parent.stored_text("CompanyName").to_owned();
        }
        self.stored_text("CompanyName").to_owned()
    }

    fn display_value(&self) -> String {
        let first_of = |names: &[&str]| {
            let texts = names.iter().map(|name| self.stored_text(name));
            texts
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default()
                .to_owned()
        };
        match self.entity() {
            Entity::AbEntry | Entity::Lead => {
                let company = self.company_name();
                let names = [self.stored_text("LastName"), self.stored_text("FirstName")];
                let person = names
                    .into_iter()
                    .filter(|name| !name.is_empty())
                    .collect::<Vec<_>>()
                    .join(", ");
                match (person.is_empty(), company.is_empty()) {
                    (true, _) => company,
                    (false, true) => person,
                    (false, false) => format!("{person} - {company}"),
                }
            }
            Entity::Opportunity => first_of(&["Objective", "Description"]),
            Entity::Case => first_of(&["Subject", "CaseNumber"]),
            Entity::Note => first_of(&["Text"]),
            Entity::Task => first_of(&["Activity"]),
            Entity::Appointment => first_of(&["Subject"]),
            Entity::Address => first_of(&["Description", "AddressLine1"]),
            Entity::Document | Entity::Custom => first_of(&["Name"]),
        }
    }

    fn default_of(&self, own: &str, fields: &[&str], member: &str) -> Value {
        if let Some(value) = self.stored(own) {
            return value.clone();
        }
        let candidates = || fields.iter().filter_map(|name| self.stored(name)?.as_object());
        let is_default =
            |parts: &&Map<String, Value>| casing::get(parts, "Default") == Some(&Value::Bool(true));
        let chosen = candidates().find(is_default).or_else(|| candidates().next());
        chosen
            .and_then(|parts| casing::get(parts, member))
            .cloned()
            .unwrap_or(Value::Null)
    }
}

fn text_or_null(text: String) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        Value::String(text)
    }
}

fn cell_of(kind: Kind, value: &Value, part: Option<&str>) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Array(items) => Cell::Many(items.iter().map(|item| cell_of(kind, item, part)).collect()),
        Value::Object(parts) => match part {
            Some(part) => casing::get(parts, part).map_or(Cell::Null, |inner| match part {
                _ if part.eq_ignore_ascii_case("Key") => key_cell(inner),
                _ => cell_of(Kind::Any, inner, None),
            }),
            None => casing::get(parts, "Value")
                .or_else(|| casing::get(parts, "Key"))
                .map_or(Cell::Null, |inner| cell_of(kind, inner, None)),
        },
        Value::Bool(flag) => Cell::Flag(*flag),
        Value::Number(number) => number.as_f64().map_or(Cell::Null, Cell::Number),
        Value::String(text) => match kind {
            Kind::DateTime => dates::parse(text).map_or(Cell::Null, Cell::Instant),
            Kind::Key | Kind::Reference(_) => key_cell(value),
            Kind::User => Key::parse(text).map_or(Cell::Null, |key| Cell::User(key.id)),
            // An item that is a key itself answers to `AbEntries/Key`.
            Kind::Items(_) if part.is_some() => key_cell(value),
            _ => Cell::Text(text.clone()),
        },
    }
}

fn key_cell(value: &Value) -> Cell {
    match value {
        Value::String(text) => {
            Key::parse(text).map_or_else(|_| Cell::Text(text.clone()), |key| Cell::Key(key.identity()))
        }
        Value::Object(parts) => casing::get(parts, "Value").map_or(Cell::Null, key_cell),
        _ => Cell::Null,
    }
}
