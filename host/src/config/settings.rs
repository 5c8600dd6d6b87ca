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
    /// The folder of adapters.
    pub adapters: PathBuf,
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
    /// Adapters.
    pub adapter: AdapterSettings,
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

/// What one call of an adapter may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterSettings {
    /// Time on the processor.
    pub cpu: Span,
    /// Time altogether.
    pub wall: Span,
    /// Bytes of memory.
    pub memory: usize,
    /// Bytes of a `.wasm` file.
    pub file_size: u64,
    /// So many reports of crashes are kept in the data folder; 0 writes none. They hold what the adapter was given,
    /// which may be customers' data, and never secrets.
    pub crashes: usize,
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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "periodic-data".into(),
            adapters: "adapters".into(),
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
            adapter: AdapterSettings {
                cpu: Span::seconds(1),
                wall: Span::seconds(10),
                memory: 128 << 20,
                file_size: 32 << 20,
                crashes: 20,
            },
            log: LogSettings {
                filter: "info".to_owned(),
                format: LogFormat::Text,
            },
            elements: BTreeMap::new(),
        }
    }
}

/// The settings that have an environment variable: the path of each and what its variable holds. The variable's name is
/// `PERIODIC_` and the path in capitals, with `_` for `.`.
pub(super) const VARIABLES: [&str; 26] = [
    "data",
    "adapters",
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
    "delivery.timeout",
    "delivery.schedule",
    "delivery.concurrency",
    "delivery.per_callback",
    "bulk.concurrency",
    "bulk.max_size",
    "bulk.retention",
    "adapter.cpu",
    "adapter.wall",
    "adapter.memory",
    "adapter.file_size",
    "adapter.crashes",
    "log.filter",
    "log.format",
];
