//! Why an adapter could not be loaded, and why a call of one failed.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};

use super::{compile::Uncompiled, limits::Refused, trust::Doubt};
use crate::clock::Millis;

/// Why a file is not served.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// Too large.
    #[error("the file has {size} bytes, more than the {limit} that setting {setting} allows")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
        /// The setting of the limit.
        setting: String,
    },
    /// Not a file.
    #[error("it is {0}; the host reads plain files of the adapters folder")]
    Irregular(&'static str),
    /// Machine code.
    #[error(
        "it is compiled code, which the host runs only when it compiled it itself; put the .wasm component here"
    )]
    Precompiled,
    /// Nobody who is trusted has signed it.
    #[error(
        "{doubt}; setting adapters.signatures asks for the signature of a trusted key: let its holder run \
         `periodic adapter sign {file}`, and put {file}.sig beside it"
    )]
    Untrusted {
        /// Its name.
        file: String,
        /// Why it is not trusted.
        doubt: Doubt,
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
         WASI 0.2 (cli, clocks, filesystem, io, random, sockets), nothing else"
    )]
    Import(String),
    /// Needs too much from the beginning.
    #[error("it needs more than it may have: {0}")]
    Needs(#[source] Box<Refused>),
    /// What the process that read it first says of it.
    #[error("{0}")]
    Told(String),
    /// The process that was to compile it did not.
    #[error(transparent)]
    Compile(#[from] Uncompiled),
    /// Does not compile or link.
    #[error("the component cannot be loaded: {0}")]
    Load(String),
    /// `describe` failed.
    #[error("describe failed: {0}")]
    Describe(#[source] Box<CallError>),
    /// `describe` refused.
    #[error("describe answers: {0}")]
    Described(String),
    /// It needs a description file, and there is none.
    #[error(
        "it describes no element on its own: put a description file NAME.element.toml with the line \
         adapter = {file:?} beside it, or name one with --package where a command loads it (describe answers: {answer})"
    )]
    NeedsDescription {
        /// Its name.
        file: String,
        /// What `describe` answered.
        answer: String,
    },
    /// A description file that cannot be understood.
    #[error(
        "the description file is not understood: {0}; its line adapter = \"NAME.wasm\" names its adapter"
    )]
    Package(String),
    /// A description file whose adapter is not there.
    #[error("its adapter {0} is not in the folder")]
    NoComponentFile(String),
    /// A description file whose adapter is not served.
    #[error("its adapter {file} is not served: {why}")]
    ComponentRejected {
        /// The adapter's file.
        file: String,
        /// Why it is not served.
        why: String,
    },
    /// A new version that does not know a description file that the old one serves.
    #[error("this version refuses {package}, which the old one serves: {rejection}")]
    Regression {
        /// What the old version serves.
        package: String,
        /// What the new one says.
        rejection: Box<Self>,
    },
    /// A name that cannot be addressed.
    #[error(
        "the element's key {0:?} has to be 1 to 64 small letters, digits, - and _, with a letter among them"
    )]
    Key(String),
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
    #[error("the element {key:?} (id {id}) is already served by {file}; remove one of the files")]
    Duplicate {
        /// The element's key.
        key: String,
        /// Its numeric id.
        id: u64,
        /// The file that serves it.
        file: String,
    },
}

impl Rejection {
    /// Why it is not trusted, where that is the reason.
    pub(super) fn doubt(&self) -> Option<&Doubt> {
        match self {
            Self::Untrusted { doubt, .. } => Some(doubt),
            _ => None,
        }
    }
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
    #[error("adapter {adapter}: {function} used more than {limit:?} of processor time (setting {setting})")]
    Cpu {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// The limit.
        limit: Duration,
        /// Its setting.
        setting: String,
    },
    /// Too long altogether.
    #[error("adapter {adapter}: {function} did not return within {limit:?} (setting {setting})")]
    Wall {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// The limit.
        limit: Duration,
        /// Its setting.
        setting: String,
    },
    /// A limit was reached and the guest gave up.
    #[error("adapter {adapter}: {function} failed after a refusal: {refusal}; {trap}")]
    Limit {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// The refusal.
        refusal: Box<Refused>,
        /// What happened then.
        trap: String,
    },
    /// More than a call is handed.
    #[error("adapter {adapter}: {function} is not called: {refusal}")]
    Handed {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// The refusal.
        refusal: Box<Refused>,
    },
    /// What it returned could not be read.
    #[error(
        "adapter {adapter}: what {function} returned is not taken: {why}; up to {limit} bytes are (setting {setting})"
    )]
    Returned {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// Why not.
        why: String,
        /// Bytes that are taken.
        limit: usize,
        /// Their setting.
        setting: String,
    },
    /// More guests are alive than the host has room for.
    #[error("adapter {adapter}: {function} found no room: {why}")]
    Busy {
        /// The element's key.
        adapter: String,
        /// The function.
        function: &'static str,
        /// What there is too much of.
        why: String,
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

impl CallError {
    /// What happened without the guest's words and the functions that led to a trap, where there are some: they are for
    /// whoever runs the host.
    pub fn outline(&self) -> Option<String> {
        match self {
            Self::Trap {
                adapter, function, ..
            } => Some(format!("adapter {adapter}: {function} trapped")),
            Self::Limit {
                adapter,
                function,
                refusal,
                ..
            } => Some(format!(
                "adapter {adapter}: {function} failed after a refusal: {refusal}"
            )),
            _ => None,
        }
    }
}
