//! Supervision: an adapter that keeps failing is left alone for a while, so that its pollers wait instead of burning
//! the processor, and nobody else notices.
//!
//! A *strike* is what a good adapter never does: a trap, a passed deadline, a reached limit, an answer that the
//! contract does not allow. Strikes in a row lead to quarantine, which doubles each time. After a quarantine the adapter
//! is on probation: the next strike brings the next quarantine, an operation that comes to its end ends the matter. That
//! a call returned says little: of an adapter that fails at every answer, the first call of each operation returns. A
//! new file starts anew.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::clock::{Clock, Millis, millis};

/// Strikes in a row that bring quarantine.
const STRIKES: u32 = 3;
/// The first quarantine.
const FIRST: Duration = Duration::from_secs(30);
/// The longest quarantine.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// After so long without a strike the next quarantine is a first one again.
const CALM: Duration = Duration::from_secs(15 * 60);

/// How an adapter fares, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How.
    pub health: Health,
    /// Since when: its load, its recovery, the first strike in a row, the beginning of its quarantine.
    pub since: Millis,
}

/// How an adapter fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Its last call went well.
    Ready,
    /// Its last calls failed by its own fault.
    Degraded {
        /// How many in a row.
        strikes: u32,
        /// The last one.
        why: String,
    },
    /// It is not called.
    Quarantined {
        /// Until then.
        until: Millis,
        /// The strike that brought it.
        why: String,
    },
}

/// Counts an adapter's strikes.
#[derive(Debug)]
pub(super) struct Supervisor {
    clock: Clock,
    record: Mutex<Record>,
}

#[derive(Debug)]
struct Record {
    /// Since when things are as they are.
    since: Millis,
    /// Strikes in a row.
    strikes: u32,
    /// Quarantines in a row, each twice as long.
    quarantines: u32,
    last: Option<(Millis, String)>,
    until: Option<Millis>,
}

impl Record {
    fn new(now: Millis) -> Self {
        Self {
            since: now,
            strikes: 0,
            quarantines: 0,
            last: None,
            until: None,
        }
    }
}

impl Supervisor {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            record: Mutex::new(Record::new(clock.now())),
        }
    }

    /// How the adapter fares.
    pub(super) fn standing(&self) -> Standing {
        let (now, record) = (self.clock.now(), self.record());
        let why = || {
            record
                .last
                .as_ref()
                .map(|(_, why)| why.clone())
                .unwrap_or_default()
        };
        let since = record.since;
        match (record.until, record.strikes) {
            (Some(until), _) if until > now => Standing {
                health: Health::Quarantined { until, why: why() },
                since,
            },
            (_, 0) => Standing {
                health: Health::Ready,
                since,
            },
            (until, strikes) => Standing {
                health: Health::Degraded { strikes, why: why() },
                since: until.unwrap_or(since),
            },
        }
    }

    /// The adapter's own fault.
    pub(super) fn strike(&self, why: String) {
        let (now, mut record) = (self.clock.now(), self.record());
        // What began before the quarantine ends in it, and is part of what brought it.
        if record.until.is_some_and(|until| until > now) {
            return;
        }
        let calm = |(last, _): &(Millis, String)| now.saturating_sub(*last) >= millis(CALM);
        if record.last.as_ref().is_some_and(calm) {
            *record = Record::new(record.since);
        }
        if record.strikes == 0 {
            record.since = now;
        }
        record.strikes = record.strikes.saturating_add(1);
        record.last = Some((now, why));
        let on_probation = record.until.is_some_and(|until| until <= now);
        if on_probation || record.strikes >= STRIKES {
            let doubled = FIRST.saturating_mul(1_u32.checked_shl(record.quarantines).unwrap_or(u32::MAX));
            record.quarantines = record.quarantines.saturating_add(1);
            record.until = Some(now.saturating_add(millis(doubled.min(LONGEST))));
            record.since = now;
        }
    }

    /// An operation came to its end, and what the adapter answered was used.
    pub(super) fn accepted(&self) {
        let (now, mut record) = (self.clock.now(), self.record());
        if record.strikes > 0 {
            record.strikes = 0;
            record.until = None;
            record.since = now;
        }
    }

    fn record(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarantine(supervisor: &Supervisor) -> Option<Millis> {
        match supervisor.standing().health {
            Health::Quarantined { until, .. } => Some(until - supervisor.clock.now()),
            Health::Ready | Health::Degraded { .. } => None,
        }
    }

    fn strike(supervisor: &Supervisor, times: u32) {
        (0..times).for_each(|number| supervisor.strike(format!("trap {number}")));
    }

    async fn wait(millis: Millis) {
        tokio::time::advance(Duration::from_millis(millis.unsigned_abs())).await;
    }

    #[tokio::test(start_paused = true)]
    async fn strikes_in_a_row_bring_quarantine_that_doubles() {
        let supervisor = Supervisor::new(Clock::simulated(1_000_000));
        assert_eq!(supervisor.standing().health, Health::Ready);
        strike(&supervisor, 2);
        let degraded = Health::Degraded {
            strikes: 2,
            why: "trap 1".to_owned(),
        };
        assert_eq!(supervisor.standing().health, degraded);
        supervisor.accepted();
        assert_eq!(supervisor.standing().health, Health::Ready);
        strike(&supervisor, 3);
        assert_eq!(quarantine(&supervisor), Some(30_000));
        for expected in [60_000, 120_000, 240_000, 480_000, 900_000, 900_000] {
            wait(quarantine(&supervisor).unwrap()).await;
            assert_eq!(quarantine(&supervisor), None);
            strike(&supervisor, 1);
            assert_eq!(quarantine(&supervisor), Some(expected));
            // What is calm in the eyes of the longest quarantine begins anew; that is told apart below.
            if expected == 900_000 {
                break;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_were_under_way_prolong_nothing() {
        let supervisor = Supervisor::new(Clock::simulated(1_000_000));
        strike(&supervisor, 40);
        assert_eq!(quarantine(&supervisor), Some(30_000));
        wait(30_000).await;
        strike(&supervisor, 40);
        assert_eq!(quarantine(&supervisor), Some(60_000));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stands_is_told_with_its_time() {
        let supervisor = Supervisor::new(Clock::simulated(1_000_000));
        strike(&supervisor, 2);
        let Standing { health, since } = supervisor.standing();
        let why = "trap 1".to_owned();
        assert_eq!((health, since), (Health::Degraded { strikes: 2, why }, 1_000_000));
        wait(1000).await;
        supervisor.accepted();
        let ready = Standing {
            health: Health::Ready,
            since: 1_001_000,
        };
        assert_eq!(supervisor.standing(), ready);
        strike(&supervisor, 3);
        wait(30_000).await;
        let Standing { health, since } = supervisor.standing();
        assert!(
            matches!(health, Health::Degraded { strikes: 3, .. }),
            "{health:?}"
        );
        assert_eq!(since, 1_031_000, "on probation since the quarantine's end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_good_operation_ends_probation_and_calm_forgives() {
        let supervisor = Supervisor::new(Clock::simulated(1_000_000));
        strike(&supervisor, 3);
        wait(30_000).await;
        supervisor.accepted();
        assert_eq!(supervisor.standing().health, Health::Ready);
        strike(&supervisor, 3);
        assert_eq!(quarantine(&supervisor), Some(60_000), "the second in a row");
        wait(15 * 60_000).await;
        supervisor.accepted();
        strike(&supervisor, 3);
        assert_eq!(quarantine(&supervisor), Some(30_000), "a first one again");
    }
}
