//! Webhooks: registrations at the provider, and what its calls say.

use std::sync::Arc;

use super::{
    Failure, Rendered, Session,
    conversation::{Next, Operation, malformed},
    last::{LastCall, packed},
};
use crate::{
    adapter::{
        Adapter, Answers, CallError, Called, Health,
        contract::{types, webhook},
    },
    egress::{Refused, Scrubber},
    store::{Registration, SealedSecret},
};

/// Headers of a reply, and bytes of them.
const HEADERS: usize = 32;
const HEADER_BYTES: usize = 8 << 10;

/// A record that a provider's call told of.
#[derive(Debug)]
pub(crate) struct Told {
    /// The resource.
    pub(crate) resource: String,
    /// What changed.
    pub(crate) changed: types::Changed,
    /// The record.
    pub(crate) rendered: Rendered,
}

impl Session<'_> {
    /// Make, prolong or end a registration.
    pub(crate) async fn register(
        &mut self,
        change: webhook::ChangeRegistration,
    ) -> Result<Option<webhook::Registration>, Failure> {
        self.run(Register(change)).await
    }

    /// The same, in which the adapter's failures are no strikes. In quarantine it is left alone all the same.
    pub(crate) fn without_strikes(self) -> Result<Self, Failure> {
        self.called_as(Adapter::for_another_try)
    }

    /// The same for what anybody may have sent: the adapter's failures are strikes at the door, and nowhere else.
    pub(crate) fn for_strangers(self) -> Result<Self, Failure> {
        self.called_as(Adapter::for_strangers)
    }

    fn called_as(self, who: fn(&Adapter) -> Adapter) -> Result<Self, Failure> {
        if let Health::Quarantined { until, why } = self.adapter.health() {
            let adapter = self.adapter.key().to_owned();
            return Err(CallError::Quarantined { adapter, until, why }.into());
        }
        Ok(Self {
            adapter: Arc::new(who(&self.adapter)),
            ..self
        })
    }

    /// A call as an adapter may see it: known secrets are struck out, and nothing moves by that.
    pub(crate) fn shown(&self, call: &webhook::Delivery) -> webhook::Delivery {
        let scrubber = Scrubber::new(&self.secrets);
        let mut shown = call.clone();
        scrubber.strike(&mut shown.body);
        shown.query = scrubber.strike_text(shown.query);
        for header in &mut shown.headers {
            header.value = scrubber.strike_header(std::mem::take(&mut header.value));
        }
        shown
    }

    /// The answer that a call must have at once, where it must.
    pub(crate) async fn greet(&self, shown: &webhook::Delivery) -> Result<Option<webhook::Reply>, Failure> {
        greet(&self.adapter, &self.context(), shown).await
    }

    /// Whether nobody was warned yet that the calls of this registration are not verified.
    pub(crate) fn warns_of_unverified(&self, registration: &Registration) -> bool {
        self.live.first_unverified(registration.created)
    }

    /// How a call is verified.
    pub(crate) async fn verification(
        &mut self,
        shown: &webhook::Delivery,
    ) -> Result<webhook::Verification, Failure> {
        let context = self.context();
        let verification = self.adapter.verify(&context, shown).await?;
        self.last = Some(LastCall::new("webhook.verify", context, packed(shown)));
        Ok(verification)
    }

    /// Whether calls may be verified with this secret.
    pub(crate) fn check_verification(&self, secret: &str) -> Result<(), Refused> {
        self.audience.check_verification(secret)
    }

    /// What an adapter read in a call with this body, its documents rendered.
    pub(crate) fn told(
        &self,
        received: Vec<webhook::Received>,
        answers: &[types::Answer],
        body: &[u8],
    ) -> Result<Vec<Told>, Failure> {
        self.count("records", |limits| limits.records, received.len())?;
        let mut renderer = self.renderer(answers).received(body);
        let told = |webhook::Received { resource, changed }| {
            let rendered = renderer.render(&changed.raw);
            Ok(Told {
                rendered: rendered.map_err(|error| self.malformed(error.to_string()))?,
                resource,
                changed,
            })
        };
        received.into_iter().map(told).collect()
    }

    /// What a call says.
    pub(crate) async fn receive(&mut self, shown: webhook::Delivery) -> Result<Vec<Told>, Failure> {
        self.run(Receive(shown)).await
    }

    /// The secrets that were added or replaced since, sealed.
    pub(crate) fn secrets_since(
        &self,
        before: &crate::egress::Secrets,
    ) -> Result<Vec<SealedSecret>, Failure> {
        let fresh = self.secrets.iter().filter(|(name, secret)| {
            let known = before.get(name);
            known.is_none_or(|known| known.expose() != secret.expose()) && !self.is_preset(name, secret)
        });
        fresh.map(|(name, secret)| self.seal(name, secret)).collect()
    }
}

/// `webhook.register`.
struct Register(webhook::ChangeRegistration);

fn register_next(step: webhook::Step) -> Next<Option<webhook::Registration>> {
    match step {
        webhook::Step::Send(exchange) => Next::Send(exchange),
        webhook::Step::Done(registration) => Next::Done(registration),
    }
}

impl Operation for Register {
    type Output = Option<webhook::Registration>;
    type Result = Option<webhook::Registration>;
    const FUNCTIONS: [&'static str; 2] = ["webhook.register", "webhook.resume-register"];

    fn subject(&self) -> Vec<u8> {
        packed(&self.0)
    }

    async fn begin(&self, adapter: &Adapter, context: &types::Context) -> Called<Next<Self::Output>> {
        Ok(adapter.register(context, &self.0).await?.map(register_next))
    }

    async fn resume(
        &self,
        adapter: &Adapter,
        context: &types::Context,
        state: &[u8],
        answers: &Answers,
    ) -> Called<Next<Self::Output>> {
        Ok(adapter
            .resume_register(context, &self.0, state, answers)
            .await?
            .map(register_next))
    }

    fn finish(
        &self,
        _: &Session<'_>,
        output: Self::Output,
        _: &[types::Answer],
    ) -> Result<Self::Result, Failure> {
        Ok(output)
    }
}

/// `webhook.receive`.
struct Receive(webhook::Delivery);

fn receive_next(receipt: webhook::Receipt) -> Next<Vec<webhook::Received>> {
    match receipt {
        webhook::Receipt::Send(exchange) => Next::Send(exchange),
        webhook::Receipt::Records(records) => Next::Done(records),
    }
}

impl Operation for Receive {
    type Output = Vec<webhook::Received>;
    type Result = Vec<Told>;
    const FUNCTIONS: [&'static str; 2] = ["webhook.receive", "webhook.resume-receive"];

    fn subject(&self) -> Vec<u8> {
        packed(&self.0)
    }

    async fn begin(&self, adapter: &Adapter, context: &types::Context) -> Called<Next<Self::Output>> {
        Ok(adapter.receive(context, &self.0).await?.map(receive_next))
    }

    async fn resume(
        &self,
        adapter: &Adapter,
        context: &types::Context,
        state: &[u8],
        answers: &Answers,
    ) -> Called<Next<Self::Output>> {
        Ok(adapter
            .resume_receive(context, &self.0, state, answers)
            .await?
            .map(receive_next))
    }

    fn finish(
        &self,
        session: &Session<'_>,
        output: Self::Output,
        answers: &[types::Answer],
    ) -> Result<Self::Result, Failure> {
        session.told(output, answers, &self.0.body)
    }
}

/// The answer that a call must have at once, for a session or before there can be one.
pub(crate) async fn greet(
    adapter: &Adapter,
    context: &types::Context,
    shown: &webhook::Delivery,
) -> Result<Option<webhook::Reply>, Failure> {
    let reply = adapter.greet(context, shown).await?;
    match reply.as_ref().and_then(unanswerable) {
        Some(why) => {
            let what = format!("webhook.greet answers with {why}");
            let call = LastCall::new("webhook.greet", context.clone(), packed(shown));
            Err(malformed(adapter, Some(&call), what))
        }
        None => Ok(reply),
    }
}

/// What of a reply no provider can be answered with.
fn unanswerable(reply: &webhook::Reply) -> Option<String> {
    let headers = reply.headers.iter();
    let bytes: usize = headers.map(|header| header.name.len() + header.value.len()).sum();
    if !(200..600).contains(&reply.status) {
        Some(format!("the status {}", reply.status))
    } else if reply.headers.len() > HEADERS {
        let headers = reply.headers.len();
        Some(format!("{headers} headers, and {HEADERS} are the most"))
    } else if bytes > HEADER_BYTES {
        Some(format!(
            "{bytes} bytes of headers, and {HEADER_BYTES} are the most"
        ))
    } else {
        None
    }
}
