//! What one call of a guest may use, and the enforcement of memory and tables.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::config::AdapterSettings;

/// What one call may use. Every number bounds something that a guest controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time on the processor. A page of 100 records takes about one millisecond, so that a second means an endless
    /// loop. Setting `adapter.cpu`.
    pub cpu: Duration,
    /// Time from entry to return, waiting for the processor included. Setting `adapter.wall`.
    pub wall: Duration,
    /// Bytes of all linear memories of the call together. A response body and its records have to fit several
    /// times. Setting `adapter.memory`.
    pub memory: usize,
    /// Elements of all tables of the call together: they hold function references, of which real adapters have a
    /// few thousand.
    pub table_elements: usize,
    /// Bytes that the guest may hand to the host in one call: requests, records, state and log lines.
    pub returned: usize,
    /// Bytes of log, standard error included.
    pub log: usize,
    /// Size of the `.wasm` file. Setting `adapter.file_size`.
    pub file_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(1),
            wall: Duration::from_secs(10),
            memory: 128 << 20,
            table_elements: 100_000,
            returned: 64 << 20,
            log: 64 << 10,
            file_size: 32 << 20,
        }
    }
}

impl Limits {
    /// As the settings have them.
    pub fn of(settings: &AdapterSettings) -> Self {
        Self {
            cpu: settings.cpu.0,
            wall: settings.wall.0,
            memory: settings.memory,
            file_size: settings.file_size,
            ..Self::default()
        }
    }
}

/// A refusal, with all its numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} limit reached: limit<={limit} current=={current} requested+={requested}")]
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
                name: "table elements",
                limit: limits.table_elements,
                used: 0,
            },
            refused: None,
        }
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
            Some("memory limit reached: limit<=100 current==100 requested+=1")
        );
    }
}
