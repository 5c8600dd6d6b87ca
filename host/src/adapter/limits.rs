//! What one call of a guest may use, and the enforcement of memory and tables.

use std::{collections::BTreeMap, path::Path, time::Duration};

use wasmtime::ResourceLimiter;

use crate::config::{AdapterSettings, LimitSettings, Settings};

/// What one call may use. Every number bounds something that a guest controls, and is a setting of the same name under
/// `adapter`, or under `elements.KEY.limits` for one adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time on the processor. A page of 100 records takes about one millisecond, so that a second means an endless
    /// loop.
    pub cpu: Duration,
    /// Time from entry to return, waiting for the processor included.
    pub wall: Duration,
    /// Bytes of all linear memories of the call together. A response body and its records have to fit several
    /// times.
    pub memory: usize,
    /// Elements of all tables of the call together: they hold function references, of which real adapters have a
    /// few thousand.
    pub table_elements: usize,
    /// Bytes of the call stack; the same for all, because the engine reserves it.
    pub stack: usize,
    /// Bytes that a call is handed: the answers to its requests above all.
    pub handed: usize,
    /// Bytes that the guest may hand to the host in one call, and bytes of the records that one step renders.
    pub returned: usize,
    /// Bytes of log, standard error included.
    pub log: usize,
    /// Bytes of the state of an exchange, and of a checkpoint: they are kept, and handed back again and again.
    pub state: usize,
    /// Requests of one exchange.
    pub requests: usize,
    /// Exchanges of one operation, and of a walk between two pages: an adapter that asks for more goes round in circles.
    pub exchanges: usize,
    /// Records of one step.
    pub records: usize,
    /// Pages of one walk.
    pub pages: usize,
    /// Size of the `.wasm` file.
    pub file_size: u64,
    /// Size of a description file, which is part of every call of its element.
    pub package_size: u64,
    /// Time on the processor that compiling the file may take: five times what a component of 20 MB takes.
    pub compile_time: Duration,
    /// Bytes of memory that compiling the file may take: five times what a component of 20 MB takes.
    pub compile_memory: u64,
    /// Where they are set that are not the general ones: the table under `elements`, by name of the limit.
    own: BTreeMap<&'static str, String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&Settings::default().adapters)
    }
}

impl Limits {
    /// As the settings have them for all.
    fn of(settings: &AdapterSettings) -> Self {
        Self {
            cpu: settings.cpu.0,
            wall: settings.wall.0,
            memory: settings.memory,
            table_elements: settings.table_elements,
            stack: settings.stack,
            handed: settings.handed,
            returned: settings.returned,
            log: settings.log,
            state: settings.state,
            requests: settings.requests,
            exchanges: settings.exchanges,
            records: settings.records,
            pages: settings.pages,
            file_size: settings.file_size,
            package_size: settings.package_size,
            compile_time: settings.compile_time.0,
            compile_memory: settings.compile_memory,
            own: BTreeMap::new(),
        }
    }

    /// The usual ones, with so much memory and so many elements of tables.
    pub(super) fn holding(memory: usize, table_elements: usize) -> Self {
        Self {
            memory,
            table_elements,
            ..Self::default()
        }
    }

    /// With what the table of this name sets instead.
    fn with(mut self, table: &str, settings: &LimitSettings) -> Self {
        macro_rules! instead {
            ($($limit:ident: $value:expr),*) => {$(
                if let Some(value) = $value {
                    self.$limit = value;
                    self.own.insert(stringify!($limit), table.to_owned());
                }
            )*};
        }
        instead!(
            cpu: settings.cpu.map(|span| span.0), wall: settings.wall.map(|span| span.0),
            memory: settings.memory, table_elements: settings.table_elements, handed: settings.handed,
            returned: settings.returned, log: settings.log, state: settings.state, requests: settings.requests,
            exchanges: settings.exchanges, records: settings.records, pages: settings.pages,
            file_size: settings.file_size, compile_time: settings.compile_time.map(|span| span.0),
            compile_memory: settings.compile_memory
        );
        self
    }

    /// The setting that a limit comes from.
    pub fn setting(&self, limit: &str) -> String {
        match self.own.get(limit) {
            Some(table) if table.contains('.') => format!("elements.{table:?}.limits.{limit}"),
            Some(table) => format!("elements.{table}.limits.{limit}"),
            None => format!("adapters.{limit}"),
        }
    }

    /// Refuse more than there may be.
    pub(crate) fn check(&self, name: &'static str, limit: usize, asked: usize) -> Result<(), Refused> {
        if asked <= limit {
            return Ok(());
        }
        let exceeded = LimitExceeded {
            name,
            limit,
            current: 0,
            requested: asked,
        };
        Err(self.refused(exceeded))
    }

    /// A refusal with the setting that it comes from.
    pub(crate) fn refused(&self, exceeded: LimitExceeded) -> Refused {
        Refused {
            setting: self.setting(exceeded.name),
            exceeded,
        }
    }
}

/// The limits of all adapters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitTable {
    general: Limits,
    own: BTreeMap<String, LimitSettings>,
}

impl Eq for LimitSettings {}

impl LimitTable {
    /// As the settings have them.
    pub fn of(settings: &Settings) -> Self {
        let own = settings.elements.iter();
        Self {
            general: Limits::of(&settings.adapters),
            own: own
                .map(|(name, element)| (name.clone(), element.limits.clone()))
                .collect(),
        }
    }

    /// What holds for a file, wherever it lies, and for all that is made of it.
    pub(super) fn of_file(&self, file: &str) -> Limits {
        let name = Path::new(file).file_name().and_then(|name| name.to_str());
        self.with(self.general.clone(), name.unwrap_or(file))
    }

    /// What holds for an element that a file makes.
    pub(super) fn of_element(&self, key: &str, file: &str) -> Limits {
        self.with(self.of_file(file), key)
    }

    fn with(&self, limits: Limits, name: &str) -> Limits {
        match self.own.get(name) {
            Some(own) => limits.with(name, own),
            None => limits,
        }
    }

    /// The most that any adapter may have of what the engine has to reserve.
    pub(super) fn ceiling(&self) -> Limits {
        let mut ceiling = self.general.clone();
        for own in self.own.values() {
            ceiling.memory = ceiling.memory.max(own.memory.unwrap_or_default());
            ceiling.table_elements = ceiling.table_elements.max(own.table_elements.unwrap_or_default());
        }
        ceiling
    }
}

/// A limit that was reached, with all its numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("limit reached: {name}<={limit} current=={current} requested+={requested}")]
pub struct LimitExceeded {
    /// Which limit.
    pub name: &'static str,
    /// Its value.
    pub limit: usize,
    /// What is in use.
    pub current: usize,
    /// What was asked for on top.
    pub requested: usize,
}

/// A refusal: the limit, its numbers, and the setting that it comes from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{exceeded} (setting {setting})")]
pub struct Refused {
    /// The limit.
    pub exceeded: LimitExceeded,
    /// Its setting.
    pub setting: String,
}

/// Sums memories and tables over one store. A refused growth is an answer to the guest (-1), not a trap; the first
/// one is kept, because what the guest does next is usually a consequence.
#[derive(Debug)]
pub(super) struct Meter {
    memory: Gauge,
    tables: Gauge,
    /// The first refusal.
    pub(super) refused: Option<LimitExceeded>,
}

#[derive(Debug)]
struct Gauge {
    name: &'static str,
    limit: usize,
    used: usize,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory: Gauge {
                name: "memory",
                limit: limits.memory,
                used: 0,
            },
            tables: Gauge {
                name: "table_elements",
                limit: limits.table_elements,
                used: 0,
            },
            refused: None,
        }
    }

    /// The bytes of all memories together.
    pub(super) fn memory(&self) -> usize {
        self.memory.used
    }
}

impl Gauge {
    fn grow(&mut self, current: usize, desired: usize) -> Result<(), LimitExceeded> {
        let Self { name, limit, used } = self;
        let requested = desired.saturating_sub(current);
        let total = used.saturating_add(requested);
        if total > *limit {
            return Err(LimitExceeded {
                name,
                limit: *limit,
                current: *used,
                requested,
            });
        }
        *used = total;
        Ok(())
    }
}

impl Meter {
    fn note(&mut self, growth: Result<(), LimitExceeded>) -> bool {
        let Err(refusal) = growth else { return true };
        self.refused.get_or_insert(refusal);
        false
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = self.memory.grow(current, desired);
        Ok(self.note(growth))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = self.tables.grow(current, desired);
        Ok(self.note(growth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_summed() {
        let mut meter = Meter::new(&Limits {
            memory: 100,
            ..Limits::default()
        });
        assert!(meter.memory_growing(0, 60, None).is_ok_and(|granted| granted));
        assert!(meter.memory_growing(0, 40, None).is_ok_and(|granted| granted));
        assert!(meter.memory_growing(40, 41, None).is_ok_and(|granted| !granted));
        let refusal = meter.refused.map(|refusal| refusal.to_string());
        assert_eq!(
            refusal.as_deref(),
            Some("limit reached: memory<=100 current==100 requested+=1")
        );
    }

    #[test]
    fn an_element_has_its_own_limits_over_its_file_over_all() {
        let mut settings = Settings::default();
        let own = |text: &str| serde_json::from_str(text).unwrap();
        settings.elements.insert(
            "rest.wasm".to_owned(),
            own(r#"{"limits": {"memory": 7, "log": 8}}"#),
        );
        settings.elements.insert(
            "acme".to_owned(),
            own(r#"{"limits": {"memory": 999999999999, "cpu": "5s"}}"#),
        );
        let table = LimitTable::of(&settings);
        let acme = table.of_element("acme", "rest.wasm");
        assert_eq!(
            (acme.memory, acme.log, acme.cpu),
            (999_999_999_999, 8, Duration::from_secs(5))
        );
        assert_eq!(acme.setting("memory"), "elements.acme.limits.memory");
        assert_eq!(acme.setting("log"), "elements.\"rest.wasm\".limits.log");
        assert_eq!(acme.setting("wall"), "adapters.wall");
        assert_eq!(table.of_element("acme", "elsewhere/rest.wasm"), acme);
        assert_eq!(table.of_element("other", "other.wasm"), Limits::default());
        assert_eq!(table.ceiling().memory, 999_999_999_999);
        let refused = acme.check("log", acme.log, 9).unwrap_err().to_string();
        assert_eq!(
            refused,
            "limit reached: log<=8 current==0 requested+=9 (setting elements.\"rest.wasm\".limits.log)"
        );
    }
}
