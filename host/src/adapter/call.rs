//! One call: a fresh instance from the pool, two clocks, and an end that leaves nothing behind.

use std::{sync::Arc, time::Instant};

use serde::Serialize;
use tokio::task::spawn_blocking;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline, WasmBacktrace, component::Instance};

use super::{
    Adapter,
    component::Linked,
    engine::TICK,
    error::CallError,
    limits::LimitExceeded,
    room::Room,
    state::State,
    supervision::Health,
    threads::{Turn, Unfinished},
};

/// Functions of a backtrace that are told.
const FRAMES: usize = 12;
/// Letters of a function's name that are told.
const NAME: usize = 300;
/// A guest of so many bytes is cleared away while the next one computes.
const LARGE: usize = 8 << 20;

impl Adapter {
    pub(super) fn absent(&self, interface: &'static str) -> CallError {
        CallError::Absent {
            adapter: self.key().to_owned(),
            interface,
        }
    }

    /// Wait for room, then prepare a call and the guest for it.
    pub(super) async fn enter(
        &self,
        function: &'static str,
        arguments: &impl Serialize,
    ) -> Result<(Call<'_>, Guest), CallError> {
        self.check_health()?;
        let handed = bytes(arguments);
        if let Err(refusal) = self.limits.check("handed", self.limits.handed, handed) {
            let adapter = self.key().to_owned();
            return Err(CallError::Handed {
                adapter,
                function,
                refusal: Box::new(refusal),
            });
        }
        let room = self.room.enter(self.health()).await;
        let room = room.map_err(|_closed| self.closed(function))?;
        // Those before it may have brought the quarantine.
        self.check_health()?;
        if let Some(tap) = &self.tap {
            tap.lowered(function, arguments);
        }
        self.counters.entered(handed);
        let turn = Arc::default();
        let call = Call {
            adapter: self,
            function,
            entered: Instant::now(),
            turn: Arc::clone(&turn),
        };
        let guest = Guest {
            linked: Arc::clone(&self.compiled.linked),
            store: self.store(turn),
            _room: room,
        };
        Ok((call, guest))
    }

    fn check_health(&self) -> Result<(), CallError> {
        match self.health() {
            Health::Quarantined { until, why } => {
                let adapter = self.key().to_owned();
                Err(CallError::Quarantined { adapter, until, why })
            }
            Health::Ready | Health::Degraded { .. } => Ok(()),
        }
    }

    fn store(&self, turn: Arc<Turn>) -> Store<State> {
        let state = State::new(self.key(), &self.limits);
        let mut store = Store::new(self.compiled.linked.pre.engine(), state);
        // NOTE: before the instance is made, so that its initial memories count.
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(self.limits.returned);
        let ticks = self.limits.cpu.as_millis() / TICK.as_millis();
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX).max(1);
        store.epoch_deadline_callback(move |_context| match turn.tick() {
            used if used > ticks => Err(Deadline.into()),
            _ => Ok(UpdateDeadline::Yield(1)),
        });
        store
    }

    fn closed(&self, function: &'static str) -> CallError {
        CallError::Trap {
            adapter: self.key().to_owned(),
            function,
            trap: "the host is shutting down".to_owned(),
        }
    }

    /// A failure of the call is the adapter's own fault.
    fn note(&self, error: &CallError) {
        self.counters.failed(error);
        self.strike(error.to_string());
    }

    fn explain(&self, function: &'static str, fault: Fault) -> CallError {
        let adapter = self.key().to_owned();
        let Fault { error, trap, refused } = fault;
        if error.is::<Deadline>() {
            return CallError::Cpu {
                adapter,
                function,
                limit: self.limits.cpu,
                setting: self.limits.setting("cpu"),
            };
        }
        let reached = match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => Some(LimitExceeded {
                name: "stack",
                limit: self.limits.stack,
                current: self.limits.stack,
                requested: 1,
            }),
            _ => refused,
        };
        match reached {
            Some(reached) => CallError::Limit {
                adapter,
                function,
                refusal: Box::new(self.limits.refused(reached)),
                trap,
            },
            // What stops a guest is a trap of the machine or of WASI, with the guest's frames; what it has returned is
            // read without it.
            None if error.downcast_ref::<WasmBacktrace>().is_none() && !error.is::<Trap>() => {
                CallError::Returned {
                    adapter,
                    function,
                    why: trap,
                    limit: self.limits.returned,
                    setting: self.limits.setting("returned"),
                }
            }
            None => CallError::Trap {
                adapter,
                function,
                trap,
            },
        }
    }
}

/// What crosses the boundary, in bytes of a compact encoding.
fn bytes(value: &impl Serialize) -> usize {
    postcard::experimental::serialized_size(value).unwrap_or_default()
}

/// The processor deadline was passed.
#[derive(Debug, thiserror::Error)]
#[error("processor deadline")]
struct Deadline;

/// A call in progress, where it was asked for.
pub(super) struct Call<'a> {
    adapter: &'a Adapter,
    function: &'static str,
    entered: Instant,
    turn: Arc<Turn>,
}

impl Call<'_> {
    /// Run the guest to its end, or until the deadline over everything.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        guest: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<Result<T, Fault>, Unfinished> {
        let limit = self.adapter.limits.wall;
        self.adapter.threads.run(&self.turn, limit, guest).await
    }

    /// What came of it: counted, told to who watches the boundary, and a strike where it is the guest's fault.
    pub(super) fn leave<T: Serialize>(
        self,
        arguments: &impl Serialize,
        returned: Result<Result<T, Fault>, Unfinished>,
    ) -> Result<T, CallError> {
        let Self {
            adapter, function, ..
        } = self;
        let ticks = u64::from(self.turn.ticks());
        adapter.counters.used(ticks, self.entered.elapsed());
        let error = match returned {
            Ok(Ok(value)) => {
                if let Some(tap) = &adapter.tap {
                    tap.returned(function, &value);
                }
                adapter.counters.returned(bytes(&value));
                return Ok(value);
            }
            // Nobody's fault.
            Ok(Err(fault)) if fault.error.is::<PoolConcurrencyLimitError>() => {
                return Err(CallError::Busy {
                    adapter: adapter.key().to_owned(),
                    function,
                    why: fault.trap,
                });
            }
            Err(Unfinished::Closed) => return Err(adapter.closed(function)),
            Ok(Err(fault)) => adapter.explain(function, fault),
            Err(Unfinished::Elapsed(_)) => CallError::Wall {
                adapter: adapter.key().to_owned(),
                function,
                limit: adapter.limits.wall,
                setting: adapter.limits.setting("wall"),
            },
        };
        adapter.note(&error);
        if let Some(tap) = &adapter.tap {
            tap.crashed(adapter, function, arguments, &error);
        }
        Err(error)
    }
}

/// What runs on a thread of guests: a fresh store, and the instance in it. Both end there.
pub(super) struct Guest {
    linked: Arc<Linked>,
    pub(super) store: Store<State>,
    // NOTE: after the store, whose place it keeps.
    _room: Room,
}

/// The functions that led to a trap, the last one first. Those that make a panic of it say nothing.
fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let names = backtrace
        .frames()
        .iter()
        .map(|frame| frame.func_name().unwrap_or("?"));
    let names: Vec<String> = names
        .map(|name| readable(&format!("{:#}", rustc_demangle::demangle(name))))
        .collect();
    let panic = |name: &String| {
        ["core::panicking::", "std::panicking::"]
            .iter()
            .any(|of| name.starts_with(of))
    };
    let own = names.iter().rposition(panic).map_or(0, |last| last + 1);
    names.into_iter().skip(own).take(FRAMES).collect()
}

/// A name as it may stand in a log and on a terminal: the guest's maker chose it.
fn readable(name: &str) -> String {
    let letters = name.chars().take(NAME);
    letters
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .collect()
}

/// Why a guest returned nothing.
pub(super) struct Fault {
    error: wasmtime::Error,
    /// The error in words, the guest's among them.
    trap: String,
    /// The limit that it reached.
    refused: Option<LimitExceeded>,
}

impl Guest {
    /// Make a fresh instance. The processor's clock starts here.
    pub(super) async fn instantiate(&mut self) -> wasmtime::Result<Instance> {
        self.store.set_epoch_deadline(1);
        self.linked.pre.instantiate_async(&mut self.store).await
    }

    /// The end of the call, whatever came of it.
    pub(super) fn leave<T>(self, called: wasmtime::Result<T>) -> Result<T, Fault> {
        let ended = called.map_err(|error| Fault {
            trap: self.trap(&error),
            refused: self.store.data().meter.refused.clone(),
            error,
        });
        self.clear_away();
        ended
    }

    /// End the store. Pages of a large one take several ticks to give back: others need not wait for them.
    fn clear_away(self) {
        if self.store.data().meter.memory() > LARGE {
            spawn_blocking(move || drop(self));
        }
    }

    /// A trap in words: its cause, the guest's own, and the functions that led to it.
    fn trap(&self, error: &wasmtime::Error) -> String {
        let mut trap = format!("{:#}", error.root_cause());
        let words = self.store.data().last_words();
        if !words.is_empty() {
            trap = format!("{trap}; it wrote: {words}");
        }
        if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
            trap = format!("{trap}; in {}", frames(backtrace).join(" < "));
        }
        trap
    }
}
