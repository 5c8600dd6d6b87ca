//! The records, in the order in which they were created.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::key::{Identity, Key};
use crate::schema::Entity;

/// How many states of one record are kept for readers that lag behind.
const KEPT_VERSIONS: usize = 16;

/// All records of all objects.
#[derive(Debug, Default)]
pub(crate) struct Store {
    tables: BTreeMap<Entity, IndexMap<Identity, Record>>,
    /// The next free number of each ID: the numbers of deleted contacts do not come back.
    numbers: BTreeMap<(Entity, String), u32>,
    ids: u64,
}

/// One record and its recent past.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) entity: Entity,
    pub(crate) identity: Identity,
    latest: Version,
    /// Earlier states, oldest first.
    past: Vec<Version>,
}

/// One state of a record.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// Written values under the vendor's names; instants as UTC text, references as typed keys.
    pub(crate) fields: Map<String, Value>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) modified: DateTime<Utc>,
    /// User IDs.
    pub(crate) creator: String,
    pub(crate) modifier: String,
}

// === impl Store ===

impl Store {
    /// The records of an object in insertion order.
    pub(crate) fn records(&self, entity: Entity) -> impl Iterator<Item = &Record> {
        self.tables.get(&entity).into_iter().flat_map(IndexMap::values)
    }

    /// How many records an object has.
    pub(crate) fn len(&self, entity: Entity) -> usize {
        self.tables.get(&entity).map_or(0, IndexMap::len)
    }

    pub(crate) fn get(&self, entity: Entity, identity: &Identity) -> Option<&Record> {
        self.tables.get(&entity)?.get(identity)
    }

    pub(crate) fn get_mut(&mut self, entity: Entity, identity: &Identity) -> Option<&mut Record> {
        self.tables.get_mut(&entity)?.get_mut(identity)
    }

    /// The record behind an encoded key, whatever its spelling.
    pub(crate) fn by_key(&self, key: &str) -> Option<&Record> {
        let key = Key::parse(key).ok()?;
        self.get(Entity::of_prefix(&key.prefix)?, &key.identity())
    }

    /// Adds a record that is not there yet.
    pub(crate) fn insert(&mut self, entity: Entity, identity: Identity, version: Version) {
        let number = self.numbers.entry((entity, identity.id.clone())).or_default();
        *number = (*number).max(identity.number.saturating_add(1));
        let record = Record {
            entity,
            identity: identity.clone(),
            latest: version,
            past: Vec::new(),
        };
        self.tables.entry(entity).or_default().insert(identity, record);
    }

    /// Removes a record for good; the order of the others stays.
    pub(crate) fn remove(&mut self, entity: Entity, identity: &Identity) -> Option<Record> {
        self.tables.get_mut(&entity)?.shift_remove(identity)
    }

    /// Empties one object, or all.
    pub(crate) fn clear(&mut self, entity: Option<Entity>) {
        match entity {
            Some(entity) => drop(self.tables.remove(&entity)),
            None => self.tables.clear(),
        }
    }

    /// A new ID in the vendor's form: day, counter and the letters of the object.
    pub(crate) fn new_id(&mut self, entity: Entity, now: DateTime<Utc>) -> String {
        loop {
            self.ids += 1;
            let id = match entity.id_suffix() {
                Some(suffix) => {
                    format!(
                        "{}{:015}{suffix}",
                        now.format("%y%m%d"),
                        252_000_000_000_000 + self.ids
                    )
                }
                None => (3000 + self.ids).to_string(),
            };
            // The control interface may have set it already.
            if !self.numbers.contains_key(&(entity, id.clone())) {
                return id;
            }
        }
    }

    /// The next number under an ID, starting at 1: 0 is the parent's own.
    pub(crate) fn next_number(&self, entity: Entity, id: &str) -> u32 {
        self.numbers
            .get(&(entity, id.to_owned()))
            .copied()
            .unwrap_or(1)
            .max(1)
    }
}

// === impl Record ===

impl Record {
    /// The newest state.
    pub(crate) fn latest(&self) -> &Version {
        &self.latest
    }

    /// The newest state that a reader sees who lags `lag` behind; none if the record is newer than that.
    pub(crate) fn visible(&self, now: DateTime<Utc>, lag: TimeDelta) -> Option<&Version> {
        if lag <= TimeDelta::zero() {
            return Some(&self.latest);
        }
        let seen = |version: &&Version| {
            version
                .modified
                .checked_add_signed(lag)
                .is_some_and(|at| at <= now)
        };
        std::iter::once(&self.latest)
            .chain(self.past.iter().rev())
            .find(seen)
    }

    /// Makes `version` the newest state.
    pub(crate) fn push(&mut self, version: Version) {
        let before = std::mem::replace(&mut self.latest, version);
        if self.past.len() == KEPT_VERSIONS {
            self.past.remove(0);
        }
        self.past.push(before);
    }

    /// The key with its typed prefix: an address book entry's own type.
    pub(crate) fn key(&self) -> Key {
        let prefix = match self.entity {
            Entity::AbEntry => self
                .latest
                .fields
                .get("Type")
                .and_then(Value::as_str)
                .unwrap_or("AbEntry"),
            other => other.prefixes().first().copied().unwrap_or("AbEntry"),
        };
        let rest = match self.entity {
            Entity::Appointment => vec![self.latest.creator.clone()],
            _ => Vec::new(),
        };
        let number = match self.entity {
            Entity::Note | Entity::Task => None,
            _ => Some(self.identity.number),
        };
        Key {
            prefix: prefix.to_owned(),
            id: self.identity.id.clone(),
            number,
            rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::{Map, json};

    use super::{Store, Version};
    use crate::key::Identity;
    use crate::schema::Entity;

    fn version(name: &str, modified: &str) -> Version {
        let at: DateTime<Utc> = modified.parse().unwrap();
        let mut fields = Map::new();
        fields.insert("CompanyName".to_owned(), json!(name));
        Version {
            fields,
            created: at,
            modified: at,
            creator: "MASTER".into(),
            modifier: "MASTER".into(),
        }
    }

    #[test]
    fn a_lagging_reader_sees_the_past() {
        let mut store = Store::default();
        let id = Identity::new("A", 0);
        store.insert(
            Entity::AbEntry,
            id.clone(),
            version("old", "2026-01-01T00:00:00Z"),
        );
        store
            .get_mut(Entity::AbEntry, &id)
            .unwrap()
            .push(version("new", "2026-01-01T00:01:00Z"));
        let record = store.get(Entity::AbEntry, &id).unwrap();
        let check = |now: &str, lag: i64, expect: Option<&str>| {
            let seen = record.visible(now.parse().unwrap(), TimeDelta::seconds(lag));
            assert_eq!(
                seen.map(|v| v.fields["CompanyName"].as_str().unwrap()),
                expect,
                "{now} {lag}"
            );
        };
        check("2026-01-01T00:00:00Z", 0, Some("new"));
        check("2026-01-01T00:01:29Z", 30, Some("old"));
        check("2026-01-01T00:01:30Z", 30, Some("new"));
        check("2026-01-01T00:00:10Z", 30, None);
    }

    #[test]
    fn new_ids_are_unlike_those_that_were_set() {
        let mut store = Store::default();
        let at = "2026-01-01T00:00:00Z";
        store.insert(Entity::Note, Identity::new("3001", 0), version("note", at));
        assert_eq!(store.new_id(Entity::Note, at.parse().unwrap()), "3002");
        assert_eq!(
            store.new_id(Entity::AbEntry, at.parse().unwrap()),
            "260101252000000000003C"
        );
    }

    #[test]
    fn numbers_of_deleted_contacts_do_not_come_back() {
        let mut store = Store::default();
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(store.next_number(Entity::AbEntry, "A"), 1);
        store.insert(Entity::AbEntry, Identity::new("A", 0), version("parent", at));
        store.insert(Entity::AbEntry, Identity::new("A", 1), version("contact", at));
        store.remove(Entity::AbEntry, &Identity::new("A", 1));
        assert_eq!(store.next_number(Entity::AbEntry, "A"), 2);
    }
}
