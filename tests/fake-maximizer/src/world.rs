//! Everything that a fake knows: what the control interface does, in process.

mod records;

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde_json::Value;

use crate::clock::Clock;
use crate::error::Refusal;
use crate::faults::{Board, FaultError, Faults, SkewOn};
use crate::options::Options;
use crate::recording::{RecordedRequest, Recorder};
use crate::seed;
use crate::store::Store;
use crate::tokens::{Issued, Tokens};
use crate::webhooks::Hooks;

/// Everything that a fake knows. Each method is one step that no request comes between.
#[derive(Debug)]
pub struct World {
    pub(crate) options: Options,
    pub(crate) url: String,
    clock: Clock,
    state: Mutex<State>,
}

/// What changes while the fake runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) board: Board,
    pub(crate) tokens: Tokens,
    pub(crate) recorder: Recorder,
    pub(crate) hooks: Hooks,
}

// === impl World ===

impl World {
    /// A world as its options say, reached at `url`.
    ///
    /// # Errors
    /// A [`Refusal`] when the records of the options do not fit.
    pub(crate) fn new(options: Options, url: String) -> Result<Self, Refusal> {
        let clock = Clock::new(options.clock);
        let state = State::new(&options, &clock)?;
        Ok(Self {
            options,
            url,
            clock,
            state: Mutex::new(state),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The fake's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Starts anew: records, switches, clock, tokens and recorded requests are as in the beginning.
    ///
    /// # Errors
    /// A [`Refusal`] when the records of the options do not fit; everything stays as it was then.
    pub fn reset(&self) -> Result<(), Refusal> {
        let mut state = self.state();
        self.clock.restart(self.options.clock);
        *state = State::new(&self.options, &self.clock)?;
        Ok(())
    }

    // --- switches ---

    /// The switches that are set.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.state().board.faults().clone()
    }

    /// Replaces all switches; those that changed are counted anew.
    ///
    /// # Errors
    /// A [`FaultError`] that says which setting does not fit.
    pub fn set_faults(&self, faults: Faults) -> Result<(), FaultError> {
        self.state().board.replace(faults)
    }

    /// Sets one switch from JSON such as `{"status": 503}`, or takes it away with `null`.
    ///
    /// # Errors
    /// A [`FaultError`] that says which switches and members there are.
    pub fn set_fault(&self, name: &str, setting: Value) -> Result<(), FaultError> {
        self.state().board.put(name, setting).map(drop)
    }

    /// Takes all switches away.
    pub fn clear_faults(&self) {
        self.state().board = Board::default();
    }

    /// How often a switch hit since it was set.
    ///
    /// # Errors
    /// [`FaultError::Unknown`] when there is no such switch.
    pub fn fault_hits(&self, name: &str) -> Result<u32, FaultError> {
        self.state().board.hits(name)
    }

    // --- requests ---

    /// The recorded requests, oldest first; requests of the control interface are not recorded.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().recorder.list(None)
    }

    /// The recorded requests of one call: `Read`, `Token`, ….
    #[must_use]
    pub fn requests_of(&self, call: &str) -> Vec<RecordedRequest> {
        self.state().recorder.list(Some(call))
    }

    /// Forgets the recorded requests.
    pub fn clear_requests(&self) {
        self.state().recorder.clear();
    }

    // --- tokens ---

    /// Hands out tokens without a grant. Any client may refresh them.
    #[must_use]
    pub fn issue_tokens(&self) -> Issued {
        let now = self.clock.now();
        self.state().tokens.issue(None, None, now)
    }

    /// Ends all access tokens, as if their time were over; answers how many there were.
    pub fn expire_tokens(&self) -> usize {
        self.state().tokens.expire_access()
    }

    /// Ends all refresh tokens, so that only a new authorization helps; answers how many there were.
    pub fn expire_refresh_tokens(&self) -> usize {
        self.state().tokens.expire_refresh()
    }

    // --- the provider's two clocks ---

    /// The instant that a write stamps on a record, in whole seconds.
    pub(crate) fn record_now(&self, faults: &Faults) -> DateTime<Utc> {
        skewed(self.clock.now(), faults, SkewOn::Records).trunc_subsecs(0)
    }

    /// The instant in the `Date` header.
    pub(crate) fn header_now(&self, faults: &Faults) -> DateTime<Utc> {
        skewed(self.clock.now(), faults, SkewOn::DateHeader)
    }
}

// === impl State ===

impl State {
    fn new(options: &Options, clock: &Clock) -> Result<Self, Refusal> {
        let board = Board::new(options.faults.clone());
        let store = seed::store(&options.seed, clock.now().trunc_subsecs(0), &options.uid)?;
        Ok(Self {
            store,
            board,
            ..Self::default()
        })
    }
}

fn skewed(now: DateTime<Utc>, faults: &Faults, clock: SkewOn) -> DateTime<Utc> {
    let skew = faults
        .clock_skew
        .as_ref()
        .filter(|skew| skew.on == SkewOn::Both || skew.on == clock);
    let by = skew.and_then(|skew| TimeDelta::try_seconds(skew.seconds));
    by.and_then(|by| now.checked_add_signed(by)).unwrap_or(now)
}

/// Locks even after a panic elsewhere: the fake goes on as well as it can.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
