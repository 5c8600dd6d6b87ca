//! The data service's methods on records, by whoever may call them.

mod shift;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::casing::{self, Casing};
use crate::error::Refusal;
use crate::faults::Faults;
use crate::key::Identity;
use crate::project::{Selection, View};
use crate::read::Reader;
use crate::row::Row;
use crate::schema::Entity;
use crate::store::Store;
use crate::write::{Authority, Writer, data_of};

/// A method of the data service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Authenticate,
    TokenValid,
    VerifyToken,
    Read,
    Create,
    Update,
    Delete,
    GetSystemInfo,
    GetSessionInfo,
}

/// The records and who works on them.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) faults: &'a Faults,
    /// The provider's present.
    pub(crate) now: DateTime<Utc>,
    pub(crate) user: &'a str,
    /// The number of the session, from 1.
    pub(crate) session: u64,
}

/// Members of a request that name no object.
const SETTINGS: [&str; 4] = ["Token", "Compatibility", "Configuration", "Globalization"];

// === impl Method ===

impl Method {
    pub(crate) const ALL: [Self; 9] = [
        Self::Authenticate,
        Self::TokenValid,
        Self::VerifyToken,
        Self::Read,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::GetSystemInfo,
        Self::GetSessionInfo,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Authenticate => "Authenticate",
            Self::TokenValid => "TokenValid",
            Self::VerifyToken => "VerifyToken",
            Self::Read => "Read",
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::GetSystemInfo => "GetSystemInfo",
            Self::GetSessionInfo => "GetSessionInfo",
        }
    }

    /// A method by name, in any casing.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|method| method.name().eq_ignore_ascii_case(name))
    }
}

// === impl Service ===

impl Service<'_> {
    /// Calls `Read`, `Create`, `Update` or `Delete`; answers the members beside `Code`.
    ///
    /// The writes of a batch are carried out one by one until the first that is refused.
    pub(crate) fn call(&mut self, method: Method, request: &Value) -> Result<Map<String, Value>, Refusal> {
        let request = request
            .as_object()
            .ok_or_else(|| Refusal::malformed("request", "expected a JSON object"))?;
        let targets = targets(request)?;
        if targets.is_empty() {
            let problem = format!("expected an object to work on: {}", Entity::names());
            return Err(Refusal::malformed("request", problem));
        }
        let mut members = Map::new();
        for (echo, entity, part) in targets {
            let body = match method {
                Method::Read => self.reader(entity, request).read(entity, part)?,
                Method::Create => self.create(entity, part)?,
                Method::Update => self.update(entity, part)?,
                Method::Delete => self.delete(entity, part)?,
                _ => {
                    return Err(Refusal::UnknownMethod {
                        name: method.name().to_owned(),
                    });
                }
            };
            members.insert(echo.to_owned(), Value::Object(body));
        }
        Ok(members)
    }

    fn create(&mut self, entity: Entity, part: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let data = data_of(entity, part)?;
        let identity = self.writer().create(entity, data)?;
        self.echo(entity, &identity, data, part)
    }

    fn update(&mut self, entity: Entity, part: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let data = data_of(entity, part)?;
        let identity = self.writer().update(entity, data)?;
        if entity == Entity::AbEntry
            && let Some(audit) = &self.faults.audit_notes
            && let Some(record) = self.store.get(entity, &identity)
        {
            let note = json!({ "ParentKey": record.key().to_string(), "Text": audit.text });
            if let Value::Object(note) = note {
                self.writer().create(Entity::Note, &note)?;
            }
        }
        self.echo(entity, &identity, data, part)
    }

    fn delete(&mut self, entity: Entity, part: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let data = data_of(entity, part)?;
        self.writer().delete(entity, data)?;
        let key = casing::find(data, "Key").map(|(echo, key)| (echo.to_owned(), key.clone()));
        Ok(self.data(Value::Object(key.into_iter().collect())))
    }

    /// What was sent, with the key where one was asked for; or what is stored now.
    fn echo(
        &self,
        entity: Entity,
        identity: &Identity,
        data: &Map<String, Value>,
        part: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        let reread =
            casing::object(part, "Options").and_then(|options| casing::get(options, "ReadAfterSave"));
        let record = self.store.get(entity, identity);
        let mut shown = match (reread, record) {
            (Some(Value::Bool(true)), Some(record)) => {
                let fields = Value::Object(data.keys().map(|name| (name.clone(), json!(1))).collect());
                Selection::parse(entity, &fields)?.show(&Row::latest(self.store, record), &self.view())
            }
            _ => data.clone(),
        };
        for (name, value) in &mut shown {
            if let (true, true, Some(record)) = (name.eq_ignore_ascii_case("Key"), value.is_null(), record) {
                *value = Value::String(self.view().key(&record.key().to_string()));
            }
        }
        Ok(self.data(Value::Object(shown)))
    }

    fn data(&self, data: Value) -> Map<String, Value> {
        Map::from_iter([(self.casing().spell("Data"), data)])
    }

    fn casing(&self) -> Casing {
        self.faults
            .casing
            .as_ref()
            .map(|casing| casing.members)
            .unwrap_or_default()
    }

    fn view(&self) -> View {
        let prefix = self
            .faults
            .key_prefix
            .as_ref()
            .map(|rule| rule.style(self.session))
            .unwrap_or_default();
        View {
            prefix,
            local_time: self.faults.local_time.clone(),
        }
    }

    fn writer(&mut self) -> Writer<'_> {
        Writer {
            store: self.store,
            now: self.now,
            user: self.user,
            authority: Authority::Caller,
        }
    }

    fn reader(&self, entity: Entity, request: &Map<String, Value>) -> Reader<'_> {
        Reader {
            store: self.store,
            now: self.now,
            faults: self.faults,
            view: self.view(),
            sql_driver: chooses_sql_driver(entity, request),
            casing: self.casing(),
        }
    }
}

/// A member of a request that names an object: the caller's spelling, the object, what is wanted of it.
type Target<'a> = (&'a str, Entity, &'a Map<String, Value>);

/// The objects of a request: `AbEntry`, or `AbEntry.Companies` in a batch.
fn targets(request: &Map<String, Value>) -> Result<Vec<Target<'_>>, Refusal> {
    let mut targets = Vec::new();
    for (echo, part) in request {
        if SETTINGS.iter().any(|setting| setting.eq_ignore_ascii_case(echo)) {
            continue;
        }
        let entity = entity_of(echo).ok_or_else(|| Refusal::UnknownObject { name: echo.clone() })?;
        let part = part
            .as_object()
            .ok_or_else(|| Refusal::malformed(echo, "expected an object"))?;
        targets.push((echo.as_str(), entity, part));
    }
    Ok(targets)
}

/// The object that a member of a request names, with or without an alias.
pub(crate) fn entity_of(member: &str) -> Option<Entity> {
    Entity::parse(member.split_once('.').map_or(member, |(object, _alias)| object))
}

/// `{"Configuration":{"Drivers":{"IAbEntrySearcher":"Maximizer.Model.Access.Sql.AbEntrySearcher"}}}`
fn chooses_sql_driver(entity: Entity, request: &Map<String, Value>) -> bool {
    let name = match entity {
        Entity::Appointment => "IApptSearcher".to_owned(),
        other => format!("I{other}Searcher"),
    };
    casing::object(request, "Configuration")
        .and_then(|configuration| casing::object(configuration, "Drivers"))
        .and_then(|drivers| casing::text(drivers, &name))
        .is_some_and(|driver| driver.to_ascii_lowercase().contains(".sql."))
}
