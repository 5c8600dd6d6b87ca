//! What can be set.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Span, shapes};

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The folder of everything that outlives the process.
    pub data: PathBuf,
    /// The adapters: where they are, whom they are trusted from, and what a call of one may use.
    #[serde(deserialize_with = "shapes::adapters")]
    pub adapters: AdapterSettings,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address at which providers and browsers reach this host; where it listens unless set.
    pub public_url: Option<String>,
    /// No instance is polled more often.
    pub min_poll_interval: Span,
    /// How long delivered events, their deliveries and the records of polls are kept.
    pub retention: Span,
    /// The HTTP interface.
    pub api: ApiSettings,
    /// Outbound requests.
    pub egress: EgressSettings,
    /// Polling.
    pub poll: PollSettings,
    /// Delivery.
    pub delivery: DeliverySettings,
    /// Exports in bulk.
    pub bulk: BulkSettings,
    /// The log.
    pub log: LogSettings,
    /// What is preset for elements, by element.
    pub elements: BTreeMap<String, ElementSettings>,
}

/// The HTTP interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSettings {
    /// So many requests each user's secret may make in `rate_limit_per`; 0 sets no limit.
    pub rate_limit: u32,
    /// The time in which a spent budget is full again.
    pub rate_limit_per: Span,
}

/// Outbound requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressSettings {
    /// Networks that are opened although they are private, loopback or otherwise special.
    #[serde(deserialize_with = "shapes::networks")]
    pub allow: Vec<IpNet>,
    /// One deadline over a provider's whole answer.
    pub timeout: Span,
}

/// Polling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollSettings {
    /// A window starts so long before the end of the last one.
    pub overlap: Span,
    /// So many instances are polled at the same time.
    pub concurrency: usize,
    /// So many records of polls are kept of each poller: of those that brought nothing, of those that told events and of
    /// those that failed. 0 keeps none.
    pub records: usize,
    /// Bytes of one poll's tape, before compression; 0 keeps none. It holds what the adapter was given, which may be
    /// customers' data, and never secrets.
    pub tape_size: usize,
}

/// Delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverySettings {
    /// One deadline over an attempt, the body of the answer included.
    pub timeout: Span,
    /// `cloud-elements`, or the waits between attempts: `5s,5m,30m`.
    pub schedule: String,
    /// Deliveries under way at the same time.
    pub concurrency: usize,
    /// Deliveries under way to one callback.
    pub per_callback: usize,
}

/// Exports in bulk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkSettings {
    /// So many exports are read at the same time; of one instance never more than one.
    pub concurrency: usize,
    /// Bytes of one export.
    pub max_size: u64,
    /// How long an export is kept after its end.
    pub retention: Span,
}

/// The adapters: where they are, whom they are trusted from, and what a call of one may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdapterSettings {
    /// The folder that `.wasm` and description files are dropped into.
    pub folder: PathBuf,
    /// Time on the processor.
    pub cpu: Span,
    /// Time altogether.
    pub wall: Span,
    /// Bytes of memory.
    pub memory: usize,
    /// Elements of all tables.
    pub table_elements: usize,
    /// Bytes of the call stack.
    pub stack: usize,
    /// Bytes that a call is handed.
    pub handed: usize,
    /// Bytes that a call returns, and bytes of the records that one step renders.
    pub returned: usize,
    /// Bytes of log.
    pub log: usize,
    /// Bytes of the state of an exchange, and of a checkpoint.
    pub state: usize,
    /// Requests of an exchange.
    pub requests: usize,
    /// Exchanges of an operation, and of a walk between two pages.
    pub exchanges: usize,
    /// Records of one step.
    pub records: usize,
    /// Pages of a walk.
    pub pages: usize,
    /// Bytes of a `.wasm` file.
    pub file_size: u64,
    /// Bytes of a description file.
    pub package_size: u64,
    /// Time on the processor that compiling a file may take.
    pub compile_time: Span,
    /// Bytes of memory that compiling a file may take.
    pub compile_memory: u64,
    /// Whether files need a signature.
    pub signatures: SignaturePolicy,
    /// The public keys whose signatures count, by names of the operator's choice.
    pub trusted_keys: BTreeMap<String, String>,
    /// So many reports of crashes are kept in the data folder; 0 writes none. They hold what the adapter was given,
    /// which may be customers' data, and never secrets.
    pub crashes: usize,
}

/// What becomes of a file of the adapters folder that nobody who is trusted has signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignaturePolicy {
    /// It is served; signatures are not looked at.
    #[default]
    Off,
    /// It is served, with a warning.
    Warn,
    /// It is rejected.
    Require,
}

/// What one adapter may use instead of what all may.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// See [`AdapterSettings::cpu`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Span>,
    /// See [`AdapterSettings::wall`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Span>,
    /// See [`AdapterSettings::memory`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<usize>,
    /// See [`AdapterSettings::table_elements`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_elements: Option<usize>,
    /// See [`AdapterSettings::handed`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handed: Option<usize>,
    /// See [`AdapterSettings::returned`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<usize>,
    /// See [`AdapterSettings::log`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<usize>,
    /// See [`AdapterSettings::state`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<usize>,
    /// See [`AdapterSettings::requests`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<usize>,
    /// See [`AdapterSettings::exchanges`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchanges: Option<usize>,
    /// See [`AdapterSettings::records`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<usize>,
    /// See [`AdapterSettings::pages`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<usize>,
    /// See [`AdapterSettings::file_size`]; by the name of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_size: Option<u64>,
    /// See [`AdapterSettings::compile_time`]; by the name of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compile_time: Option<Span>,
    /// See [`AdapterSettings::compile_memory`]; by the name of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compile_memory: Option<u64>,
}

/// The log, on standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// What is logged: `info`, or `periodic=debug,info`.
    pub filter: String,
    /// Lines for people or for programs.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What is preset for an element.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElementSettings {
    /// Configuration that instances start from; their own keys override it.
    #[serde(default, deserialize_with = "shapes::flat")]
    pub configuration: BTreeMap<String, String>,
    /// What its adapter may use instead of what `adapters` says. The table's name is the element's key, or the name of a
    /// `.wasm` file for what concerns the file and all elements of it.
    #[serde(default)]
    pub limits: LimitSettings,
    /// URL patterns that its requests have to match besides those that the adapter declares; all may pass unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Vec<String>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "periodic-data".into(),
            adapters: AdapterSettings::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            min_poll_interval: Span::seconds(60),
            retention: Span::seconds(7 * 24 * 3600),
            api: ApiSettings {
                rate_limit: 0,
                rate_limit_per: Span::seconds(60),
            },
            egress: EgressSettings {
                allow: Vec::new(),
                timeout: Span::seconds(60),
            },
            poll: PollSettings {
                overlap: Span::seconds(120),
                concurrency: 64,
                records: 100,
                tape_size: 1 << 20,
            },
            delivery: DeliverySettings {
                timeout: Span::seconds(30),
                schedule: "cloud-elements".to_owned(),
                concurrency: 256,
                per_callback: 8,
            },
            bulk: BulkSettings {
                concurrency: 4,
                max_size: 1 << 30,
                retention: Span::seconds(24 * 3600),
            },
            log: LogSettings {
                filter: "info".to_owned(),
                format: LogFormat::Text,
            },
            elements: BTreeMap::new(),
        }
    }
}

impl Default for AdapterSettings {
    fn default() -> Self {
        Self {
            folder: "adapters".into(),
            cpu: Span::seconds(1),
            wall: Span::seconds(10),
            memory: 128 << 20,
            table_elements: 100_000,
            stack: 512 << 10,
            handed: 64 << 20,
            returned: 64 << 20,
            log: 64 << 10,
            state: 1 << 20,
            requests: 100,
            exchanges: 100,
            records: 10_000,
            pages: 10_000,
            file_size: 32 << 20,
            package_size: 256 << 10,
            compile_time: Span::seconds(60),
            compile_memory: 2 << 30,
            signatures: SignaturePolicy::Off,
            trusted_keys: BTreeMap::new(),
            crashes: 20,
        }
    }
}

/// The settings that have an environment variable: the path of each and what its variable holds. The variable's name is
/// `PERIODIC_` and the path in capitals, with `_` for `.`.
pub(super) const VARIABLES: [&str; 42] = [
    "data",
    "adapters.folder",
    "listen",
    "public_url",
    "min_poll_interval",
    "retention",
    "api.rate_limit",
    "api.rate_limit_per",
    "egress.allow",
    "egress.timeout",
    "poll.overlap",
    "poll.concurrency",
    "poll.records",
    "poll.tape_size",
    "delivery.timeout",
    "delivery.schedule",
    "delivery.concurrency",
    "delivery.per_callback",
    "bulk.concurrency",
    "bulk.max_size",
    "bulk.retention",
    "adapters.cpu",
    "adapters.wall",
    "adapters.memory",
    "adapters.table_elements",
    "adapters.stack",
    "adapters.handed",
    "adapters.returned",
    "adapters.log",
    "adapters.state",
    "adapters.requests",
    "adapters.exchanges",
    "adapters.records",
    "adapters.pages",
    "adapters.file_size",
    "adapters.package_size",
    "adapters.compile_time",
    "adapters.compile_memory",
    "adapters.signatures",
    "adapters.crashes",
    "log.filter",
    "log.format",
];
