//! The adapter runtime: the only part of the host that knows WebAssembly.
//!
//! A [`Catalog`] holds what is served, and a [`Watch`] follows the adapters folder on its behalf. An [`Adapter`] is one
//! element: a component, with the description file that belongs to it where it has one. Each call of it runs in a fresh
//! instance that dies with the call.

mod answers;
mod bindings;
mod cache;
mod call;
mod catalog;
pub(crate) mod compile;
mod component;
mod counters;
mod described;
mod engine;
mod error;
mod exports;
mod folder;
mod group;
mod host;
mod lanes;
mod limits;
mod load;
mod lookup;
mod needs;
mod package;
mod precompiled;
mod room;
mod sandbox;
pub(crate) mod signature;
mod state;
mod supervision;
mod surface;
mod tap;
mod threads;
mod trust;
pub(crate) mod wasm_test;
mod watch;
mod words;

use std::sync::Arc;

pub(crate) use self::tap::Suspect;
pub use self::{
    answers::Answers,
    cache::Cache,
    catalog::{Catalog, Reloaded, Unserved, UnservedState},
    compile::{Compiler, Uncompiled},
    counters::{Counted, Failures},
    error::{CallError, Rejection},
    exports::Called,
    limits::{LimitExceeded, LimitTable, Limits, Refused},
    lookup::NotServed,
    sandbox::{Sandbox, Unloaded},
    supervision::{Health, Standing},
    tap::{Course, Crash, Tap, Witness},
    trust::{Doubt, SignatureView, Trust, UnusableKey, Verdict},
    watch::Watch,
};
use self::{
    component::Compiled, counters::Counters, package::Package, room::Rooms, supervision::Supervisor,
    threads::Threads,
};
use periodic_sdk::description::Description;

/// The contract's types as the host sees them, one module for each interface of `wit/v1`.
pub mod contract {
    pub use super::bindings::exports::periodic::element::{
        element, hub, oauth1, oauth2, poller, types, webhook,
    };
}

/// One element, ready to be called.
#[derive(Debug)]
pub struct Adapter {
    description: Arc<Description>,
    digest: String,
    compiled: Arc<Compiled>,
    package: Option<Package>,
    limits: Limits,
    threads: Threads,
    room: Rooms,
    supervisor: Arc<Supervisor>,
    /// The same for calls that strangers may have sent, whoever else fails or does not.
    door: Arc<Supervisor>,
    counters: Arc<Counters>,
    /// Whether it lay in the folder when the host started.
    at_start: bool,
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

    /// The BLAKE3 digest of all that it is made from, hexadecimal: the component, and the description file where it has
    /// one.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The name of the component's file.
    pub fn file(&self) -> &str {
        &self.compiled.file
    }

    /// The BLAKE3 digest of the component's file, hexadecimal.
    pub fn file_digest(&self) -> &str {
        &self.compiled.digest
    }

    /// The size of the component's file in bytes.
    pub fn size(&self) -> u64 {
        self.compiled.size
    }

    /// The name of its description file.
    pub fn package_file(&self) -> Option<&str> {
        self.package.as_ref().map(|package| package.file.as_str())
    }

    /// The content of its description file: part of the context of every call.
    pub fn package(&self) -> Option<&[u8]> {
        self.package.as_ref().map(|package| &*package.bytes)
    }

    /// What the signature of its component came to, where somebody asked.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.compiled.verdict.as_ref()
    }

    /// What the signature of its description file came to, where there is one and somebody asked.
    pub fn package_verdict(&self) -> Option<&Verdict> {
        self.package.as_ref()?.verdict.as_ref()
    }

    /// What it may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How it fares.
    pub fn health(&self) -> Health {
        self.supervisor.standing().health
    }

    /// How it fares, and since when.
    pub fn standing(&self) -> Standing {
        self.supervisor.standing()
    }

    /// How it fares with calls that anybody may have sent, and since when.
    pub fn standing_at_the_door(&self) -> Standing {
        self.door.standing()
    }

    /// What it has done so far.
    pub fn counted(&self) -> Counted {
        self.counters.read()
    }

    /// Note an answer that the contract does not allow, and the call that came to it.
    pub(crate) fn malformed(&self, why: String, call: Option<Suspect>) {
        self.counters.malformed();
        self.strike(why.clone());
        if let (Some(call), Some(tap)) = (call, &self.tap) {
            tap.told(self, call, why);
        }
    }

    /// Note that what it answered could be used.
    pub(crate) fn accepted(&self) {
        self.supervisor.accepted();
    }

    fn strike(&self, why: String) {
        self.supervisor.strike(why);
        let Health::Quarantined { why, .. } = self.health() else {
            return;
        };
        if Arc::ptr_eq(&self.supervisor, &self.door) {
            let what =
                "calls of providers are kept unread for a while: the adapter fails on what anybody may send";
            tracing::warn!(adapter = self.key(), why, "{what}");
        } else {
            tracing::error!(adapter = self.key(), why, "the adapter is put into quarantine");
        }
    }

    /// The version of the contract that it speaks.
    pub fn contract(&self) -> &str {
        self.compiled.linked.surface.contract()
    }

    /// What it imports: interfaces with their versions.
    pub fn imports(&self) -> &[String] {
        &self.compiled.linked.surface.imports
    }

    /// What it exports of the contract: interfaces and their versions.
    pub fn exports(&self) -> &[(String, String)] {
        &self.compiled.linked.surface.exports
    }
}
