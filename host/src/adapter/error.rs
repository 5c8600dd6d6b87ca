//! Why an adapter could not be loaded, and why a call of one failed.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};

use super::limits::LimitExceeded;
use crate::clock::Millis;

/// Why a file is not served.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// Too large.
    #[error("the file has {size} bytes, more than the {limit} that setting adapter.file_size allows")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// Not to be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[source] std::io::Error),
    /// No component.
    #[error("the file is no WebAssembly component: {0}; build it with `cargo build --target wasm32-wasip2`")]
    NoComponent(String),
    /// No adapter.
    #[error(
        "the component exports no periodic:element/element interface, so it is no adapter; its world has to \
         include periodic:element/base@1.0.0"
    )]
    NoAdapter,
    /// Another contract.
    #[error(
        "the adapter speaks periodic:element@{found}, this host speaks {spoken}; build the adapter with a matching \
         SDK, or upgrade the host"
    )]
    Version {
        /// What it speaks.
        found: String,
        /// What the host speaks.
        spoken: &'static str,
    },
    /// Asks for too much.
    #[error(
        "the adapter imports {0}, which this host does not have: adapters may import periodic:element/log and \
         WASI 0.2, nothing else"
    )]
    Import(String),
    /// Does not compile or link.
    #[error("the component cannot be loaded: {0}")]
    Load(String),
    /// `describe` failed.
    #[error("describe failed: {0}")]
    Describe(#[source] Box<CallError>),
    /// `describe` refused.
    #[error("describe answers: {0}")]
    Described(String),
    /// `describe` makes no sense.
    #[error("the description is not what its schema says: {0}")]
    Description(String),
    /// Claims what it does not export.
    #[error("the description claims {claim}, but the component does not export periodic:element/{interface}")]
    Claim {
        /// What it claims.
        claim: String,
        /// What is missing.
        interface: &'static str,
    },
    /// Two of a kind.
    #[error("the element {key:?} is already served by {file}; remove one of the files")]
    Duplicate {
        /// The element's key.
        key: String,
        /// The file that serves it.
        file: String,
    },
}

/// Why a call came to nothing. The store is dropped whatever the reason.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The adapter lacks the capability.
    #[error("adapter {adapter} does not export periodic:element/{interface}")]
    Absent {
        /// The element's key.
        adapter: String,
        /// The interface.
        interface: &'static str,
    },
    /// It is left alone after too many strikes.
    #[error(
        "adapter {adapter} is in quarantine until {}: {why}; a new version of its file ends that",
        DateTime::from_timestamp_millis(*.until).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
    )]
    Quarantined {
        /// The element's key.
        adapter: String,
        /// Until then, in milliseconds since 1970.
        until: Millis,
        /// The last strike.
        why: String,
    },
    /// Too long on the processor.
    #[error("adapter {adapter}: {function} used more than {limit:?} of processor time (setting adapter.cpu)")]
    Cpu {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// Too long altogether.
    #[error("adapter {adapter}: {function} did not return within {limit:?} (setting adapter.wall)")]
    Wall {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// A limit was reached and the guest gave up.
    #[error(
        "adapter {adapter}: {function} failed after a refusal: {refusal} (setting adapter.memory); {trap}"
    )]
    Limit {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// The refusal.
        refusal: LimitExceeded,
        /// What happened then.
        trap: String,
    },
    /// It trapped.
    #[error("adapter {adapter}: {function} trapped: {trap}")]
    Trap {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// The trap, the guest's own words and its backtrace.
        trap: String,
    },
}
