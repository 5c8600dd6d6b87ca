//! One call: a fresh instance from the pool, two clocks, and an end that leaves nothing behind.

use serde::Serialize;
use tokio::time::error::Elapsed;
use wasmtime::{Store, UpdateDeadline, WasmBacktrace, component::Instance};

use super::{
    Adapter,
    contract::{element, hub, oauth2, poller, types},
    engine::TICK,
    error::CallError,
    state::State,
    supervision::Health,
    turn::Turn,
};

/// What a call comes to: an error of the call, or the adapter's own answer, which may be a failure.
pub type Called<T> = Result<Result<T, types::Failure>, CallError>;

/// Call an exported function. The instance is dropped with the macro's block, whatever came of the call.
macro_rules! invoke {
    ($self:ident.$interface:ident, $function:literal, $method:ident($($argument:ident),*)) => {{
        let indices = $self.linked.$interface.as_ref().ok_or_else(|| $self.absent(stringify!($interface)))?;
        let mut call = $self.enter($function, &($($argument,)*)).await?;
        let guest = indices.load(&mut call.store, &call.instance);
        let guest = guest.map_err(|error| call.failed(&error))?;
        let returned = guest.$method(&mut call.store, $($argument),*);
        let returned = tokio::time::timeout($self.limits.wall, returned).await;
        call.leave(returned)
    }};
}

impl Adapter {
    /// `element.describe`.
    pub(super) async fn describe(&self, package: Option<&[u8]>) -> Result<Result<String, String>, CallError> {
        invoke!(self.element, "element.describe", call_describe(package))
    }

    /// `element.connect`.
    pub async fn connect(&self, context: &types::Context) -> Called<element::Step> {
        invoke!(self.element, "element.connect", call_connect(context))
    }

    /// `element.resume-connect`.
    pub async fn resume_connect(
        &self,
        context: &types::Context,
        state: &[u8],
        answers: &[types::Answer],
    ) -> Called<element::Step> {
        invoke!(
            self.element,
            "element.resume-connect",
            call_resume_connect(context, state, answers)
        )
    }

    /// `element.check`.
    pub async fn check(&self, context: &types::Context) -> Called<element::Step> {
        invoke!(self.element, "element.check", call_check(context))
    }

    /// `element.resume-check`.
    pub async fn resume_check(
        &self,
        context: &types::Context,
        state: &[u8],
        answers: &[types::Answer],
    ) -> Called<element::Step> {
        invoke!(
            self.element,
            "element.resume-check",
            call_resume_check(context, state, answers)
        )
    }

    /// `oauth2.authorize`.
    pub async fn authorize(
        &self,
        context: &types::Context,
        authorization: &oauth2::Authorization,
    ) -> Called<types::Request> {
        invoke!(
            self.oauth2,
            "oauth2.authorize",
            call_authorize(context, authorization)
        )
    }

    /// `oauth2.token`.
    pub async fn token(&self, context: &types::Context, grant: &oauth2::Grant) -> Called<types::Request> {
        invoke!(self.oauth2, "oauth2.token", call_token(context, grant))
    }

    /// `oauth2.granted`.
    pub async fn granted(
        &self,
        context: &types::Context,
        grant: &oauth2::Grant,
        response: &types::Response,
    ) -> Called<Vec<types::Setting>> {
        invoke!(
            self.oauth2,
            "oauth2.granted",
            call_granted(context, grant, response)
        )
    }

    /// `hub.begin`.
    pub async fn hub(&self, context: &types::Context, operation: &hub::Operation) -> Called<hub::Step> {
        invoke!(self.hub, "hub.begin", call_begin(context, operation))
    }

    /// `hub.resume`.
    pub async fn resume_hub(
        &self,
        context: &types::Context,
        operation: &hub::Operation,
        state: &[u8],
        answers: &[types::Answer],
    ) -> Called<hub::Step> {
        invoke!(
            self.hub,
            "hub.resume",
            call_resume(context, operation, state, answers)
        )
    }

    /// `poller.plan`.
    pub async fn plan(
        &self,
        context: &types::Context,
        resource: &str,
        configuration: &str,
    ) -> Result<Result<String, String>, CallError> {
        let (resource, configuration) = (&resource.to_owned(), &configuration.to_owned());
        invoke!(
            self.poller,
            "poller.plan",
            call_plan(context, resource, configuration)
        )
    }

    /// `poller.begin`.
    pub async fn poll(&self, context: &types::Context, job: &poller::Job) -> Called<poller::Step> {
        invoke!(self.poller, "poller.begin", call_begin(context, job))
    }

    /// `poller.resume`.
    pub async fn resume_poll(
        &self,
        context: &types::Context,
        job: &poller::Job,
        state: &[u8],
        answers: &[types::Answer],
    ) -> Called<poller::Step> {
        invoke!(
            self.poller,
            "poller.resume",
            call_resume(context, job, state, answers)
        )
    }

    fn absent(&self, interface: &'static str) -> CallError {
        CallError::Absent {
            adapter: self.key().to_owned(),
            interface,
        }
    }

    /// Wait for a slot, then make a fresh instance. The clocks start afterwards: waiting is not the guest's.
    async fn enter(&self, function: &'static str, arguments: &impl Serialize) -> Result<Call<'_>, CallError> {
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
struct Call<'a> {
    adapter: &'a Adapter,
    function: &'static str,
    store: Store<State>,
    instance: Instance,
    _turn: Turn,
}

impl Call<'_> {
    fn failed(&self, error: &wasmtime::Error) -> CallError {
        let error = self.adapter.explain(self.function, &self.store, error);
        self.adapter.note(error)
    }

    fn leave<T: Serialize>(self, returned: Result<wasmtime::Result<T>, Elapsed>) -> Result<T, CallError> {
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
