//! One call: a fresh instance from the pool, two clocks, and an end that leaves nothing behind.

use serde::Serialize;
use tokio::time::error::Elapsed;
use wasmtime::{Store, UpdateDeadline, WasmBacktrace, component::Instance};

use super::{Adapter, engine::TICK, error::CallError, state::State, supervision::Health, turn::Turn};

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
        let turn = self.slots.take().await.map_err(|_closed| CallError::Trap {
            adapter: self.key().to_owned(),
            function,
            trap: "the host is shutting down".to_owned(),
        })?;
        if let Some(tap) = &self.tap {
            tap.lowered(function, arguments);
        }
        let mut store = Store::new(self.linked.pre.engine(), State::new(self.key(), &self.limits));
        // NOTE: before the instance is made, so that its initial memories count.
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(self.limits.returned);
        let ticks = u64::try_from(self.limits.cpu.as_millis() / TICK.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        store.set_epoch_deadline(1);
        let next = turn.clone();
        store.epoch_deadline_callback(move |mut context| {
            let state = context.data_mut();
            state.ticks += 1;
            if state.ticks > ticks {
                Err(Deadline.into())
            } else {
                Ok(UpdateDeadline::YieldCustom(1, Box::pin(next.clone().hand_on())))
            }
        });
        match self.linked.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok(Call {
                adapter: self,
                function,
                store,
                instance,
                _turn: turn,
            }),
            Err(error) => Err(self.note(self.explain(function, &store, &error))),
        }
    }

    /// A failure of the call is the adapter's own fault.
    fn note(&self, error: CallError) -> CallError {
        self.strike(error.to_string());
        error
    }

    fn explain(&self, function: &'static str, store: &Store<State>, error: &wasmtime::Error) -> CallError {
        let adapter = self.key().to_owned();
        if error.is::<Deadline>() {
            return CallError::Cpu {
                adapter,
                function,
                limit: self.limits.cpu,
            };
        }
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
        match store.data().meter.refused.clone() {
            Some(refusal) => CallError::Limit {
                adapter,
                function,
                refusal,
                trap,
            },
            None => CallError::Trap {
                adapter,
                function,
                trap,
            },
        }
    }
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
    _turn: Turn,
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
        match returned {
            Ok(Ok(value)) => {
                if let Some(tap) = &self.adapter.tap {
                    tap.returned(self.function, &value);
                }
                self.adapter.supervisor.good();
                Ok(value)
            }
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_elapsed) => Err(self.adapter.note(CallError::Wall {
                adapter: self.adapter.key().to_owned(),
                function: self.function,
                limit: self.adapter.limits.wall,
            })),
        }
    }
}
