//! What a process that compiles is told, and the limits that it takes upon itself.

use std::{ffi::OsString, io, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::adapter::Limits;

/// What a process that compiles is told. Its file comes on standard input.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub(crate) struct Order {
    /// Bytes of the file.
    #[arg(long)]
    pub(super) size: usize,
    /// Seconds on the processor.
    #[arg(long)]
    pub(super) seconds: u64,
    /// Bytes of memory.
    #[arg(long)]
    pub(super) space: u64,
    /// Bytes of memory that the adapter may have.
    #[arg(long)]
    pub(super) memory: usize,
    /// Elements of tables that the adapter may have.
    #[arg(long)]
    pub(super) table_elements: usize,
}

impl Order {
    pub(super) fn of(limits: &Limits, bytes: &[u8]) -> Self {
        Self {
            size: bytes.len(),
            seconds: whole_seconds(limits.compile_time),
            space: limits.compile_memory,
            memory: limits.memory,
            table_elements: limits.table_elements,
        }
    }

    /// The arguments that are read as this.
    pub(super) fn arguments(&self) -> [OsString; 5] {
        let Self {
            size,
            seconds,
            space,
            memory,
            table_elements,
        } = self;
        [
            format!("--size={size}").into(),
            format!("--seconds={seconds}").into(),
            format!("--space={space}").into(),
            format!("--memory={memory}").into(),
            format!("--table-elements={table_elements}").into(),
        ]
    }

    /// Lower the limits of this process; nothing raises them again.
    pub(super) fn submit(&self) -> io::Result<()> {
        lower(Resource::Core, 0, 0)?;
        lower(Resource::Data, self.space, self.space)?;
        // At the first of the two the signal says why, at the second there is no way out.
        lower(Resource::Cpu, self.seconds, self.seconds.saturating_add(1))
    }
}

/// The kernel counts whole seconds.
fn whole_seconds(time: Duration) -> u64 {
    let more = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(more).max(1)
}

/// Whoever started the host may have set less.
fn lower(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let before = getrlimit(resource);
    let least = |limit: u64, before: Option<u64>| Some(before.map_or(limit, |before| before.min(limit)));
    let lowered = Rlimit {
        current: least(current, before.current),
        maximum: least(maximum, before.maximum),
    };
    Ok(setrlimit(resource, lowered)?)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        order: Order,
    }

    #[test]
    fn what_is_told_is_understood() {
        let order = Order::of(&Limits::default(), b"seven b");
        let line = std::iter::once("compile".into()).chain(order.arguments());
        assert_eq!(Line::parse_from(line).order, order);
        assert_eq!(order.size, 7);
    }

    #[test]
    fn a_part_of_a_second_is_a_second() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (60_000, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis}");
        }
    }
}
