//! Webhooks: registrations at the provider, and what its calls say.

use super::{
    Failure, Rendered, Renderer, Session, Unrendered,
    conversation::{Next, Operation},
    last::packed,
};
use crate::{
    adapter::{
        Adapter, Answers, Called,
        contract::{types, webhook},
    },
    egress::{Refused, Scrubber},
    store::SealedSecret,
};

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

    /// A call as an adapter may see it: known secrets are struck out, and nothing moves by that.
    pub(crate) fn shown(&self, call: &webhook::Delivery) -> webhook::Delivery {
        let scrubber = Scrubber::new(&self.secrets);
        let mut shown = call.clone();
        scrubber.strike(&mut shown.body);
        shown.query = scrubber.strike_text(shown.query);
        for header in &mut shown.headers {
            header.value = scrubber.strike_text(std::mem::take(&mut header.value));
        }
        shown
    }

    /// The answer that a call must have at once, where it must.
    pub(crate) async fn greet(&self, shown: &webhook::Delivery) -> Result<Option<webhook::Reply>, Failure> {
        Ok(self.adapter.greet(&self.context(), shown).await?)
    }

    /// How a call is verified.
    pub(crate) async fn verification(
        &self,
        shown: &webhook::Delivery,
    ) -> Result<webhook::Verification, Failure> {
        Ok(self.adapter.verify(&self.context(), shown).await?)
    }

    /// Whether calls may be verified with this secret.
    pub(crate) fn check_verification(&self, secret: &str) -> Result<(), Refused> {
        self.audience.check_verification(secret)
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
        session.count("records", |limits| limits.records, output.len())?;
        let told = tell(session.renderer(answers).received(&self.0.body), output);
        told.map_err(|error| session.malformed(error.to_string()))
    }
}

/// What an adapter read in a call, its documents rendered.
pub(crate) fn tell(
    mut renderer: Renderer<'_>,
    received: Vec<webhook::Received>,
) -> Result<Vec<Told>, Unrendered> {
    let told = |webhook::Received { resource, changed }| {
        let rendered = renderer.render(&changed.raw)?;
        Ok(Told {
            resource,
            changed,
            rendered,
        })
    };
    received.into_iter().map(told).collect()
}
