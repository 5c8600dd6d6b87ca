//! What the worker did so far.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::lanes::Lanes;
use crate::store::{Settlement, Verdict};

/// Counts of a worker since it was made.
#[derive(Debug)]
pub struct Counters {
    delivered: AtomicU64,
    retried: AtomicU64,
    queued: AtomicU64,
    deactivated: AtomicU64,
    lanes: Lanes,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Attempts that the receiver took.
    pub delivered: u64,
    /// Attempts that failed and are to be repeated.
    pub retried: u64,
    /// Attempts that failed and whose deliveries wait for their release.
    pub queued: u64,
    /// Attempts that failed and ended a subscription.
    pub deactivated: u64,
    /// Deliveries claimed and not settled yet, whichever lane they are in.
    pub in_flight: usize,
    /// Those of them in the lane of slow receivers.
    pub slow: usize,
}

impl Counters {
    pub(super) fn new(lanes: Lanes) -> Self {
        Self {
            delivered: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            deactivated: AtomicU64::new(0),
            lanes,
        }
    }

    pub(super) fn note(&self, settlement: &Settlement) {
        let counter = match settlement.verdict {
            Verdict::Delivered => &self.delivered,
            Verdict::Retry { .. } => &self.retried,
            Verdict::Queue => &self.queued,
            Verdict::Deactivate { .. } => &self.deactivated,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// The counts now.
    pub fn counts(&self) -> Counts {
        Counts {
            delivered: self.delivered.load(Relaxed),
            retried: self.retried.load(Relaxed),
            queued: self.queued.load(Relaxed),
            deactivated: self.deactivated.load(Relaxed),
            in_flight: self.lanes.in_flight(),
            slow: self.lanes.slow(),
        }
    }
}
