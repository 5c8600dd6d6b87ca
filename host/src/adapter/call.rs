//! One call: a fresh instance from the pool, two clocks, and an end that leaves nothing behind.

use serde::Serialize;
use tokio::time::{Instant, error::Elapsed};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline, WasmBacktrace, component::Instance};

use super::{
    Adapter,
    engine::TICK,
    error::CallError,
    limits::LimitExceeded,
    room::Room,
    state::State,
    supervision::{Health, Strike},
    turn::Turn,
};

impl Adapter {
    pub(super) fn absent(&self, interface: &'static str) -> CallError {
        CallError::Absent {
            adapter: self.key().to_owned(),
            interface,
        }
    }

    /// Wait for a slot, then make a fresh instance. The clocks start afterwards: waiting is not the guest's.
    pub(super) async fn enter(
        &self,
        function: &'static str,
        arguments: &impl Serialize,
    ) -> Result<Call<'_>, CallError> {
        if let Health::Quarantined { until, why } = self.health() {
            let adapter = self.key().to_owned();
            return Err(CallError::Quarantined { adapter, until, why });
        }
        let handed = bytes(arguments);
        if let Err(refusal) = self.limits.check("handed", self.limits.handed, handed) {
            let adapter = self.key().to_owned();
            return Err(CallError::Handed {
                adapter,
                function,
                refusal: Box::new(refusal),
            });
        }
        let closed = |_closed| CallError::Trap {
            adapter: self.key().to_owned(),
            function,
            trap: "the host is shutting down".to_owned(),
        };
        let room = self.room.enter(self.health()).await.map_err(closed)?;
        let turn = self.slots.take().await.map_err(closed)?;
        if let Some(tap) = &self.tap {
            tap.lowered(function, arguments);
        }
        self.counters.entered(handed);
        let mut store = self.store();
        let next = turn.clone();
        let ticks = u64::try_from(self.limits.cpu.as_millis() / TICK.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |mut context| {
            let state = context.data_mut();
            state.ticks += 1;
            if state.ticks > ticks {
                Err(Deadline.into())
            } else {
                Ok(UpdateDeadline::YieldCustom(1, Box::pin(next.clone().hand_on())))
            }
        });
        match self.compiled.linked.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok(Call {
                adapter: self,
                function,
                store,
                instance,
                entered: Instant::now(),
                turn,
                _room: room,
            }),
            // Nobody's fault.
            Err(error) if error.is::<PoolConcurrencyLimitError>() => Err(CallError::Busy {
                adapter: self.key().to_owned(),
                function,
                why: format!("{error:#}"),
            }),
            Err(error) => Err(self.note(self.explain(function, &store, &error))),
        }
    }

    fn store(&self) -> Store<State> {
        let state = State::new(self.key(), &self.limits);
        let mut store = Store::new(self.compiled.linked.pre.engine(), state);
        // NOTE: before the instance is made, so that its initial memories count.
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(self.limits.returned);
        store
    }

    /// A failure of the call is the adapter's own fault.
    fn note(&self, error: CallError) -> CallError {
        self.counters.failed(&error);
        self.strike(Strike::Failed, error.to_string());
        error
    }

    fn explain(&self, function: &'static str, store: &Store<State>, error: &wasmtime::Error) -> CallError {
        let adapter = self.key().to_owned();
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
            _ => store.data().meter.refused.clone(),
        };
        let trap = trap(store, error);
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

/// A trap in words: its cause, the guest's own, and the functions that led to it.
fn trap(store: &Store<State>, error: &wasmtime::Error) -> String {
    let mut trap = format!("{:#}", error.root_cause());
    let words = store.data().last_words();
    if !words.is_empty() {
        trap = format!("{trap}; it wrote: {words}");
    }
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        let names = backtrace
            .frames()
            .iter()
            .take(12)
            .map(|frame| frame.func_name().unwrap_or("?"));
        trap = format!("{trap}; in {}", names.collect::<Vec<_>>().join(" < "));
    }
    trap
}

/// What crosses the boundary, in bytes of a compact encoding.
fn bytes(value: &impl Serialize) -> usize {
    postcard::experimental::serialized_size(value).unwrap_or_default()
}

/// The processor deadline was passed.
#[derive(Debug, thiserror::Error)]
#[error("processor deadline")]
struct Deadline;

/// A call in progress.
pub(super) struct Call<'a> {
    adapter: &'a Adapter,
    function: &'static str,
    pub(super) store: Store<State>,
    pub(super) instance: Instance,
    entered: Instant,
    pub(super) turn: Turn,
    _room: Room,
}

impl Call<'_> {
    pub(super) fn failed(&self, error: &wasmtime::Error) -> CallError {
        let error = self.adapter.explain(self.function, &self.store, error);
        self.adapter.note(error)
    }

    pub(super) fn leave<T: Serialize>(
        self,
        returned: Result<wasmtime::Result<T>, Elapsed>,
    ) -> Result<T, CallError> {
        let ticks = self.store.data().ticks;
        self.adapter.counters.used(ticks, self.entered.elapsed());
        match returned {
            Ok(Ok(value)) => {
                if let Some(tap) = &self.adapter.tap {
                    tap.returned(self.function, &value);
                }
                self.adapter.counters.returned(bytes(&value));
                self.adapter.supervisor.returned();
                Ok(value)
            }
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_elapsed) => Err(self.adapter.note(CallError::Wall {
                adapter: self.adapter.key().to_owned(),
                function: self.function,
                limit: self.adapter.limits.wall,
                setting: self.adapter.limits.setting("wall"),
            })),
        }
    }
}
