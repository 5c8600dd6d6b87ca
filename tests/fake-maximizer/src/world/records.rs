//! Records, edited directly: no token, no faults, and dates and users may be set as well.

use serde_json::{Map, Value};

use super::{State, World};
use crate::error::Refusal;
use crate::faults::Faults;
use crate::key::Identity;
use crate::project::{Selection, View};
use crate::row::Row;
use crate::schema::Entity;
use crate::service::{Method, Service};
use crate::store::Record;
use crate::write::{Writer, not_found};

impl World {
    /// Creates a record; answers it. `Key`, `CreationDate`, `LastModifyDate`, `Creator` and `ModifiedBy` may be given.
    ///
    /// # Errors
    /// A [`Refusal`] that names what does not fit.
    pub fn create(&self, entity: Entity, data: &Value) -> Result<Value, Refusal> {
        let mut state = self.state();
        let identity = self.writer(&mut state).create(entity, members(entity, data)?)?;
        found(&state, entity, &identity)
    }

    /// Changes a record; answers it. Without `LastModifyDate` it was modified now; `{}` only touches it.
    ///
    /// # Errors
    /// A [`Refusal`] that names what does not fit.
    pub fn update(&self, entity: Entity, key: &str, data: &Value) -> Result<Value, Refusal> {
        let mut state = self.state();
        let identity = entity.identity(key);
        self.writer(&mut state)
            .change(entity, &identity, members(entity, data)?)?;
        found(&state, entity, &identity)
    }

    /// Deletes a record for good; answers its key.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn delete(&self, entity: Entity, key: &str) -> Result<String, Refusal> {
        let mut state = self.state();
        let removed = self.writer(&mut state).remove(entity, &entity.identity(key))?;
        Ok(removed.key().to_string())
    }

    /// A record by its key, or by `ID:Number`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn record(&self, entity: Entity, key: &str) -> Result<Value, Refusal> {
        found(&self.state(), entity, &entity.identity(key))
    }

    /// All records of an object in the order of their creation.
    #[must_use]
    pub fn records(&self, entity: Entity) -> Vec<Value> {
        let state = self.state();
        state
            .store
            .records(entity)
            .map(|record| show(&state, record))
            .collect()
    }

    /// Removes all records of an object, or of all objects.
    pub fn clear(&self, entity: Option<Entity>) {
        self.state().store.clear(entity);
    }

    /// Calls a method of the data service (`Read`, `Create`, `Update`, `Delete`) without token, faults and record.
    #[must_use]
    pub fn service(&self, method: &str, request: &Value) -> Value {
        let mut state = self.state();
        // Skewed clocks are a property of the provider, not of a call.
        let now = self.record_now(state.board.faults());
        let faults = Faults::default();
        let mut service = Service {
            store: &mut state.store,
            faults: &faults,
            now,
            user: &self.options.uid,
            session: 1,
        };
        let outcome = match Method::parse(method) {
            Some(method @ (Method::Read | Method::Create | Method::Update | Method::Delete)) => {
                service.call(method, request)
            }
            _ => Err(Refusal::UnknownMethod {
                name: method.to_owned(),
            }),
        };
        Value::Object(crate::server::envelope(&faults, outcome, None))
    }

    fn writer<'a>(&'a self, state: &'a mut State) -> Writer<'a> {
        let now = self.record_now(state.board.faults());
        Writer::operator(&mut state.store, now, &self.options.uid)
    }
}

fn members(entity: Entity, data: &Value) -> Result<&Map<String, Value>, Refusal> {
    data.as_object().ok_or_else(|| {
        let problem = "expected an object such as {\"CompanyName\":\"ABC Wine Shop\"}";
        Refusal::malformed(entity.name(), problem)
    })
}

fn found(state: &State, entity: Entity, identity: &Identity) -> Result<Value, Refusal> {
    let record = state
        .store
        .get(entity, identity)
        .ok_or_else(|| not_found(entity, identity))?;
    Ok(show(state, record))
}

/// A record with all that is set.
fn show(state: &State, record: &Record) -> Value {
    let row = Row::latest(&state.store, record);
    let mut shown = Selection::stored(record).show(&row, &View::default());
    shown.retain(|_, value| !value.is_null());
    Value::Object(shown)
}
