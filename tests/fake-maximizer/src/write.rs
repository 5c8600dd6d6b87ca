//! Create, update and delete.

mod intake;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::casing;
use crate::dates;
use crate::error::Refusal;
use crate::key::{Identity, Key};
use crate::query::{KeyMatch, own_key};
use crate::schema::Entity;
use crate::store::{Record, Store, Version};
use intake::Intake;

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authority {
    /// A caller of the data service.
    Caller,
    /// The control interface, which may set keys, dates and users as well.
    Operator,
}

/// Writes on behalf of a user at an instant.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) now: DateTime<Utc>,
    pub(crate) user: &'a str,
    pub(crate) authority: Authority,
}

// === impl Writer ===

impl<'a> Writer<'a> {
    /// A writer who may set everything.
    pub(crate) fn operator(store: &'a mut Store, now: DateTime<Utc>, user: &'a str) -> Self {
        Self {
            store,
            now,
            user,
            authority: Authority::Operator,
        }
    }
}

impl Writer<'_> {
    /// Creates a record.
    ///
    /// # Errors
    /// A [`Refusal`]; the store is as before then.
    pub(crate) fn create(&mut self, entity: Entity, data: &Map<String, Value>) -> Result<Identity, Refusal> {
        let mut intake = Intake::read(self.store, entity, data, self.authority)?;
        if entity == Entity::AbEntry {
            complete_entry(&mut intake.fields);
        }
        for &property in mandatory(entity, &intake.fields) {
            if is_blank(intake.fields.get(property)) {
                return Err(Refusal::MandatoryOnCreate {
                    entity: entity.name(),
                    property,
                });
            }
        }
        let identity = self.identity(entity, data, &intake.fields)?;
        if self.store.get(entity, &identity).is_some() {
            return Err(Refusal::Exists {
                entity: entity.name(),
                key: identity.to_string(),
            });
        }
        if entity == Entity::Case && !intake.fields.contains_key("CaseNumber") {
            let number = format!("CS-{:05}", self.store.len(entity) + 1);
            intake
                .fields
                .insert("CaseNumber".to_owned(), Value::String(number));
        }
        if entity == Entity::Note && !intake.fields.contains_key("DateTime") {
            intake
                .fields
                .insert("DateTime".to_owned(), Value::String(dates::format(self.now)));
        }
        if entity == Entity::Opportunity && !intake.fields.contains_key("Leader") {
            let leader = Key::user(self.user).to_string();
            intake.fields.insert("Leader".to_owned(), Value::String(leader));
        }
        let creator = intake.creator.unwrap_or_else(|| self.user.to_owned());
        let modified = intake.modified.or(intake.created).unwrap_or(self.now);
        let version = Version {
            created: intake.created.unwrap_or(modified.min(self.now)),
            modified,
            modifier: intake.modifier.unwrap_or_else(|| creator.clone()),
            creator,
            fields: intake.fields,
        };
        self.store.insert(entity, identity.clone(), version);
        Ok(identity)
    }

    /// Updates the record that `Key` in the data names.
    ///
    /// # Errors
    /// A [`Refusal`]; the store is as before then.
    pub(crate) fn update(&mut self, entity: Entity, data: &Map<String, Value>) -> Result<Identity, Refusal> {
        let identity = self.target(entity, data)?;
        self.change(entity, &identity, data)?;
        Ok(identity)
    }

    /// Changes a record; without any property it is only touched.
    pub(crate) fn change(
        &mut self,
        entity: Entity,
        identity: &Identity,
        data: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        let intake = Intake::read(self.store, entity, data, self.authority)?;
        let record = self
            .store
            .get_mut(entity, identity)
            .ok_or_else(|| not_found(entity, identity))?;
        let mut version = record.latest().clone();
        for (name, value) in intake.fields {
            let fixed = entity == Entity::AbEntry && matches!(name.as_str(), "Type" | "ParentKey");
            if fixed && version.fields.get(&name).unwrap_or(&Value::Null) != &value {
                return Err(Refusal::Immutable {
                    entity: entity.name(),
                    property: name,
                });
            }
            version.fields.insert(name, value);
        }
        for &property in mandatory(entity, &version.fields) {
            if is_blank(version.fields.get(property)) {
                return Err(Refusal::MandatoryOnUpdate {
                    entity: entity.name(),
                    property,
                });
            }
        }
        version.modified = intake.modified.unwrap_or(self.now);
        version.created = intake.created.unwrap_or(version.created);
        version.modifier = intake.modifier.unwrap_or_else(|| self.user.to_owned());
        version.creator = intake.creator.unwrap_or(version.creator);
        record.push(version);
        Ok(())
    }

    /// Deletes the record that `Key` in the data names, for good.
    ///
    /// # Errors
    /// A [`Refusal`] when there is no such record.
    pub(crate) fn delete(&mut self, entity: Entity, data: &Map<String, Value>) -> Result<Record, Refusal> {
        let identity = self.target(entity, data)?;
        self.remove(entity, &identity)
    }

    /// Removes a record. Notes of a contact move to its parent; contacts of an entry go with it.
    pub(crate) fn remove(&mut self, entity: Entity, identity: &Identity) -> Result<Record, Refusal> {
        let removed = self
            .store
            .remove(entity, identity)
            .ok_or_else(|| not_found(entity, identity))?;
        if entity != Entity::AbEntry {
            return Ok(removed);
        }
        match removed.latest().fields.get("ParentKey") {
            Some(Value::String(parent)) => self.move_notes(&removed, &parent.clone()),
            _ => {
                let below: Vec<_> = self
                    .store
                    .records(entity)
                    .map(|record| record.identity.clone())
                    .filter(|other| other.id == identity.id)
                    .collect();
                for contact in below {
                    self.store.remove(entity, &contact);
                }
            }
        }
        Ok(removed)
    }

    fn move_notes(&mut self, from: &Record, parent: &str) {
        let old = Value::String(from.key().to_string());
        let notes: Vec<_> = self
            .store
            .records(Entity::Note)
            .filter(|note| note.latest().fields.get("ParentKey") == Some(&old))
            .map(|note| note.identity.clone())
            .collect();
        for note in notes {
            if let Some(record) = self.store.get_mut(Entity::Note, &note) {
                let mut version = record.latest().clone();
                version
                    .fields
                    .insert("ParentKey".to_owned(), Value::String(parent.to_owned()));
                version.modified = self.now;
                record.push(version);
            }
        }
    }

    /// The record that the data's `Key` names.
    fn target(&self, entity: Entity, data: &Map<String, Value>) -> Result<Identity, Refusal> {
        let key = own_key(entity, data)?.ok_or(Refusal::MandatoryOnUpdate {
            entity: entity.name(),
            property: "Key",
        })?;
        let identity = key.identity();
        if self.store.get(entity, &identity).is_none() {
            return Err(not_found(entity, &identity));
        }
        Ok(identity)
    }

    fn identity(
        &mut self,
        entity: Entity,
        data: &Map<String, Value>,
        fields: &Map<String, Value>,
    ) -> Result<Identity, Refusal> {
        let parent = match entity {
            Entity::AbEntry | Entity::Address => fields.get("ParentKey").and_then(Value::as_str),
            _ => None,
        };
        let parent_id = parent
            .and_then(|key| self.store.by_key(key))
            .map(|record| record.identity.id.clone());
        match own_key(entity, data)? {
            Some(key) if self.authority == Authority::Operator => Ok(key.identity()),
            Some(_) => {
                let at = format!("{entity}.Data.Key");
                Err(Refusal::malformed(at, "a new record takes the key null"))
            }
            None => Ok(match parent_id {
                Some(id) => Identity::new(id.clone(), self.store.next_number(entity, &id)),
                None => Identity::new(self.store.new_id(entity, self.now), 0),
            }),
        }
    }
}

// === impl KeyMatch ===

impl KeyMatch {
    /// The one record that this names: an absent number counts as 0.
    pub(crate) fn identity(self) -> Identity {
        Identity::new(self.id, self.number.unwrap_or(0))
    }
}

pub(crate) fn not_found(entity: Entity, identity: &Identity) -> Refusal {
    Refusal::NotFound {
        entity: entity.name(),
        key: identity.to_string(),
    }
}

/// Without a type an entry with a parent is a contact and one without is a company; a household is stored as one.
fn complete_entry(fields: &mut Map<String, Value>) {
    let has_parent = !is_blank(fields.get("ParentKey"));
    let kind = match fields.get("Type").and_then(Value::as_str) {
        Some("Household") => "Company",
        Some("Individual") => "Individual",
        Some("Contact") => "Contact",
        None if has_parent => "Contact",
        _ => "Company",
    };
    fields.insert("Type".to_owned(), Value::String(kind.to_owned()));
    if kind != "Contact" {
        fields.remove("ParentKey");
    }
}

fn mandatory(entity: Entity, fields: &Map<String, Value>) -> &'static [&'static str] {
    match (entity, fields.get("Type").and_then(Value::as_str)) {
        (Entity::AbEntry, Some("Contact")) => &["ParentKey", "LastName"],
        (Entity::AbEntry, Some("Individual")) => &["LastName"],
        (Entity::AbEntry, _) => &["CompanyName"],
        (other, _) => other.mandatory(),
    }
}

fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}

/// The members of `Data`, which is one object.
pub(crate) fn data_of(entity: Entity, request: &Map<String, Value>) -> Result<&Map<String, Value>, Refusal> {
    casing::object(request, "Data")
        .ok_or_else(|| Refusal::malformed(format!("{entity}.Data"), "expected an object"))
}
