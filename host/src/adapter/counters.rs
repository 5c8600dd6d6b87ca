//! What an adapter has done since it was loaded.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde::Serialize;
use utoipa::ToSchema;

use super::CallError;

/// Counts an adapter's calls.
#[derive(Debug, Default)]
pub(super) struct Counters {
    calls: AtomicU64,
    ticks: AtomicU64,
    micros: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    traps: AtomicU64,
    processor: AtomicU64,
    wall: AtomicU64,
    limits: AtomicU64,
    malformed: AtomicU64,
}

/// What an adapter has done since it was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdapterCounters)]
pub struct Counted {
    /// Calls of its functions.
    pub calls: u64,
    /// What failed by its own fault.
    pub failures: Failures,
    /// Epochs of 2 ms that ended while it was on the processor.
    pub cpu_ticks: u64,
    /// Milliseconds from entry to return of all calls, waiting for the processor included.
    pub millis: u64,
    /// Bytes that it was handed.
    pub bytes_in: u64,
    /// Bytes that it returned.
    pub bytes_out: u64,
}

/// Failures of an adapter by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdapterFailures)]
pub struct Failures {
    /// It trapped.
    pub trap: u64,
    /// It passed the processor deadline.
    pub cpu: u64,
    /// It passed the deadline over everything.
    pub wall: u64,
    /// It gave up after it had reached a limit.
    pub limit: u64,
    /// It answered what the contract does not allow.
    pub malformed: u64,
}

impl Counters {
    pub(super) fn entered(&self, bytes: usize) {
        self.calls.fetch_add(1, Relaxed);
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn used(&self, ticks: u64, elapsed: Duration) {
        self.ticks.fetch_add(ticks, Relaxed);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Relaxed);
    }

    pub(super) fn returned(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn failed(&self, error: &CallError) {
        let counter = match error {
            CallError::Trap { .. } => &self.traps,
            CallError::Cpu { .. } => &self.processor,
            CallError::Wall { .. } => &self.wall,
            CallError::Limit { .. } => &self.limits,
            CallError::Returned { .. } => &self.malformed,
            CallError::Absent { .. }
            | CallError::Quarantined { .. }
            | CallError::Handed { .. }
            | CallError::Busy { .. } => return,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn malformed(&self) {
        self.malformed.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        Counted {
            calls: read(&self.calls),
            failures: Failures {
                trap: read(&self.traps),
                cpu: read(&self.processor),
                wall: read(&self.wall),
                limit: read(&self.limits),
                malformed: read(&self.malformed),
            },
            cpu_ticks: read(&self.ticks),
            millis: read(&self.micros) / 1000,
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
        }
    }
}
