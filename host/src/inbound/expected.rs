//! Instances that are being registered and do not exist yet: providers challenge while they register.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{adapter::contract::types, host::Host, session::Session, store::InstanceId};

/// Instances to be, by id.
#[derive(Debug, Default)]
pub struct Expected(Mutex<HashMap<InstanceId, Draft>>);

/// What is known of an instance to be.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The key of its element.
    pub(super) element: String,
    /// What its adapter is given.
    pub(super) context: types::Context,
}

/// An instance is expected until this is dropped.
#[derive(Debug)]
pub(crate) struct Expectation<'h> {
    host: &'h Host,
    instance: InstanceId,
}

impl Expected {
    pub(super) fn get(&self, instance: InstanceId) -> Option<Draft> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(&instance).cloned()
    }
}

impl<'h> Expectation<'h> {
    /// Expect calls for the instance of this session.
    pub(crate) fn new(host: &'h Host, instance: InstanceId, session: &Session<'_>) -> Self {
        let draft = Draft {
            element: session.description().key.clone(),
            context: session.context(),
        };
        let mut map = host.expected.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.insert(instance, draft);
        drop(map);
        Self { host, instance }
    }
}

impl Drop for Expectation<'_> {
    fn drop(&mut self) {
        let mut map = self
            .host
            .expected
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        map.remove(&self.instance);
    }
}
