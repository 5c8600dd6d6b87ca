//! The adapter runtime: the only part of the host that knows WebAssembly.
//!
//! A [`Catalog`] watches the adapters folder and holds what it serves; an [`Adapter`] is one element's component, and
//! each call of it runs in a fresh instance that dies with the call.

mod bindings;
mod cache;
mod call;
mod catalog;
mod component;
mod engine;
mod error;
mod exports;
mod limits;
mod precompiled;
mod sandbox;
mod state;
mod supervision;
mod tap;
mod turn;
pub(crate) mod wasm_test;
mod watch;

use std::{sync::Arc, thread::available_parallelism};

pub use self::{
    cache::Cache,
    catalog::{Catalog, Rejected},
    error::{CallError, Rejection},
    exports::Called,
    limits::{LimitExceeded, Limits},
    sandbox::{Sandbox, Unloaded},
    supervision::Health,
    tap::{Crash, Tap, Witness},
    watch::Watch,
};
use self::{component::Linked, engine::Runtime, supervision::Supervisor, turn::Slots};
use crate::clock::Clock;
use periodic_sdk::description::Description;

/// The contract's types as the host sees them, one module for each interface of `wit/v1`.
pub mod contract {
    pub use super::bindings::exports::periodic::element::{
        element, hub, oauth1, oauth2, poller, types, webhook,
    };
}

/// One element's component, ready to be called.
#[derive(Debug)]
pub struct Adapter {
    description: Description,
    digest: String,
    file: String,
    linked: Linked,
    limits: Limits,
    slots: Slots,
    supervisor: Supervisor,
    tap: Option<Arc<Tap>>,
}

impl Adapter {
    /// The element's key.
    pub fn key(&self) -> &str {
        &self.description.key
    }

    /// What the element says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The BLAKE3 digest of its file, hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The name of its file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How it fares.
    pub fn health(&self) -> Health {
        self.supervisor.health()
    }

    /// Note a fault of its own: a call that failed, or an answer that the contract does not allow.
    pub(crate) fn strike(&self, why: String) {
        self.supervisor.strike(why);
        if let Health::Quarantined { why, .. } = self.health() {
            tracing::error!(adapter = self.key(), why, "the adapter is put into quarantine");
        }
    }

    /// What it imports: interfaces with their versions.
    pub fn imports(&self) -> &[String] {
        &self.linked.surface.imports
    }

    /// What it exports of the contract: interfaces and their versions.
    pub fn exports(&self) -> &[(String, String)] {
        &self.linked.surface.exports
    }

    /// Load from bytes: check, compile, link, describe.
    async fn load(runtime: &Host, file: String, bytes: Vec<u8>) -> Result<Self, Rejection> {
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let (engine, cache, key) = (runtime.engine.clone(), runtime.cache.clone(), digest.clone());
        let linked =
            tokio::task::spawn_blocking(move || Linked::load(&engine, cache.as_deref(), &key, &bytes)).await;
        let linked = linked.map_err(|panicked| Rejection::Load(panicked.to_string()))??;
        let mut adapter = Self {
            description: nameless(&file),
            digest,
            file,
            linked,
            limits: runtime.limits,
            slots: runtime.slots.clone(),
            supervisor: Supervisor::new(runtime.clock),
            tap: runtime.tap.clone(),
        };
        let described = adapter
            .describe(None)
            .await
            .map_err(|error| Rejection::Describe(Box::new(error)))?;
        let json = described.map_err(Rejection::Described)?;
        let parsed = serde_json::from_str(&json).map_err(|error| Rejection::Description(error.to_string()));
        adapter.description = parsed?;
        adapter.linked.check_claims(&adapter.description)?;
        Ok(adapter)
    }
}

/// What all adapters of a process share.
#[derive(Debug)]
struct Host {
    engine: Runtime,
    limits: Limits,
    slots: Slots,
    clock: Clock,
    tap: Option<Arc<Tap>>,
    cache: Option<Arc<Cache>>,
}

impl Host {
    fn new(limits: Limits, tap: Option<Arc<Tap>>, clock: Clock) -> Result<Self, CallError> {
        let engine = Runtime::new(&limits).map_err(|error| CallError::Trap {
            adapter: "(none)".to_owned(),
            function: "start of the WebAssembly engine",
            trap: format!("{error:#}"),
        })?;
        // Guests compute; one processor is left for everybody else where there is more than one.
        let slots = available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1));
        Ok(Self {
            engine,
            limits,
            slots: Slots::new(slots),
            clock,
            tap,
            cache: None,
        })
    }
}

/// What an adapter is called by until it has said its name: its file.
fn nameless(file: &str) -> Description {
    use periodic_sdk::description::{Authentication, AuthenticationKind};
    Description {
        key: file.to_owned(),
        name: String::new(),
        id: 0,
        hub: String::new(),
        description: String::new(),
        authentication: Authentication {
            kind: AuthenticationKind::None,
            pkce: false,
        },
        configuration: Vec::new(),
        resources: indexmap::IndexMap::new(),
        egress: Vec::new(),
        secrets: Vec::new(),
        rate_limits: Vec::new(),
    }
}
