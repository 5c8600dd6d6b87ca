//! What can be called: the functions of the contract's interfaces.

use super::{
    Adapter, Answers,
    contract::{element, hub, oauth2, poller, types, webhook},
    error::CallError,
};

/// What a call comes to: an error of the call, or the adapter's own answer, which may be a failure.
pub type Called<T> = Result<Result<T, types::Failure>, CallError>;

/// Call an exported function: `invoke!(adapter.interface, "name", [arguments], method(as they are given))`. The guest runs
/// on a thread of guests, which takes a copy of the arguments with it.
macro_rules! invoke {
    ($self:ident.$interface:ident, $function:literal, [$($argument:ident),*], $method:ident($($given:expr),*)) => {{
        let indices = $self.compiled.linked.$interface.clone();
        let indices = indices.ok_or_else(|| $self.absent(stringify!($interface)))?;
        let (call, mut guest) = $self.enter($function, &($($argument,)*)).await?;
        let returned = {
            $(let $argument = $argument.to_owned();)*
            call.run(async move {
                let called = async {
                    let instance = guest.instantiate().await?;
                    let interface = indices.load(&mut guest.store, &instance)?;
                    interface.$method(&mut guest.store, $($given),*).await
                };
                let called = called.await;
                guest.leave(called)
            })
        };
        let returned = returned.await;
        call.leave(&($($argument,)*), returned)
    }};
}

impl Adapter {
    /// `element.describe`, of its description file where it has one.
    pub(super) async fn describe(&self) -> Result<Result<String, String>, CallError> {
        let package = &self.package().map(<[u8]>::to_vec);
        invoke!(
            self.element,
            "element.describe",
            [package],
            call_describe(package.as_deref())
        )
    }

    /// `element.connect`.
    pub async fn connect(&self, context: &types::Context) -> Called<element::Step> {
        invoke!(self.element, "element.connect", [context], call_connect(&context))
    }

    /// `element.resume-connect`.
    pub async fn resume_connect(
        &self,
        context: &types::Context,
        state: &[u8],
        answers: &Answers,
    ) -> Called<element::Step> {
        invoke!(
            self.element,
            "element.resume-connect",
            [context, state, answers],
            call_resume_connect(&context, &state, &answers)
        )
    }

    /// `element.check`.
    pub async fn check(&self, context: &types::Context) -> Called<element::Step> {
        invoke!(self.element, "element.check", [context], call_check(&context))
    }

    /// `element.resume-check`.
    pub async fn resume_check(
        &self,
        context: &types::Context,
        state: &[u8],
        answers: &Answers,
    ) -> Called<element::Step> {
        invoke!(
            self.element,
            "element.resume-check",
            [context, state, answers],
            call_resume_check(&context, &state, &answers)
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
            [context, authorization],
            call_authorize(&context, &authorization)
        )
    }

    /// `oauth2.token`.
    pub async fn token(&self, context: &types::Context, grant: &oauth2::Grant) -> Called<types::Request> {
        invoke!(
            self.oauth2,
            "oauth2.token",
            [context, grant],
            call_token(&context, &grant)
        )
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
            [context, grant, response],
            call_granted(&context, &grant, &response)
        )
    }

    /// `oauth1.request-token`.
    pub async fn request_token(&self, context: &types::Context, callback: &str) -> Called<types::Request> {
        invoke!(
            self.oauth1,
            "oauth1.request-token",
            [context, callback],
            call_request_token(&context, &callback)
        )
    }

    /// `oauth1.authorize`.
    pub async fn authorize_temporary(
        &self,
        context: &types::Context,
        callback: &str,
    ) -> Called<types::Request> {
        invoke!(
            self.oauth1,
            "oauth1.authorize",
            [context, callback],
            call_authorize(&context, &callback)
        )
    }

    /// `oauth1.access-token`.
    pub async fn access_token(&self, context: &types::Context) -> Called<types::Request> {
        invoke!(
            self.oauth1,
            "oauth1.access-token",
            [context],
            call_access_token(&context)
        )
    }

    /// `hub.begin`.
    pub async fn hub(&self, context: &types::Context, operation: &hub::Operation) -> Called<hub::Step> {
        invoke!(
            self.hub,
            "hub.begin",
            [context, operation],
            call_begin(&context, &operation)
        )
    }

    /// `hub.resume`.
    pub async fn resume_hub(
        &self,
        context: &types::Context,
        operation: &hub::Operation,
        state: &[u8],
        answers: &Answers,
    ) -> Called<hub::Step> {
        invoke!(
            self.hub,
            "hub.resume",
            [context, operation, state, answers],
            call_resume(&context, &operation, &state, &answers)
        )
    }

    /// `poller.plan`.
    pub async fn plan(
        &self,
        context: &types::Context,
        resource: &str,
        configuration: &str,
    ) -> Result<Result<String, String>, CallError> {
        invoke!(
            self.poller,
            "poller.plan",
            [context, resource, configuration],
            call_plan(&context, &resource, &configuration)
        )
    }

    /// `poller.begin`.
    pub async fn poll(&self, context: &types::Context, job: &poller::Job) -> Called<poller::Step> {
        invoke!(
            self.poller,
            "poller.begin",
            [context, job],
            call_begin(&context, &job)
        )
    }

    /// `poller.resume`.
    pub async fn resume_poll(
        &self,
        context: &types::Context,
        job: &poller::Job,
        state: &[u8],
        answers: &Answers,
    ) -> Called<poller::Step> {
        invoke!(
            self.poller,
            "poller.resume",
            [context, job, state, answers],
            call_resume(&context, &job, &state, &answers)
        )
    }

    /// `webhook.register`.
    pub async fn register(
        &self,
        context: &types::Context,
        change: &webhook::ChangeRegistration,
    ) -> Called<webhook::Step> {
        invoke!(
            self.webhook,
            "webhook.register",
            [context, change],
            call_register(&context, &change)
        )
    }

    /// `webhook.resume-register`.
    pub async fn resume_register(
        &self,
        context: &types::Context,
        change: &webhook::ChangeRegistration,
        state: &[u8],
        answers: &Answers,
    ) -> Called<webhook::Step> {
        invoke!(
            self.webhook,
            "webhook.resume-register",
            [context, change, state, answers],
            call_resume_register(&context, &change, &state, &answers)
        )
    }

    /// `webhook.greet`.
    pub async fn greet(
        &self,
        context: &types::Context,
        delivery: &webhook::Delivery,
    ) -> Result<Option<webhook::Reply>, CallError> {
        invoke!(
            self.webhook,
            "webhook.greet",
            [context, delivery],
            call_greet(&context, &delivery)
        )
    }

    /// `webhook.verify`.
    pub async fn verify(
        &self,
        context: &types::Context,
        delivery: &webhook::Delivery,
    ) -> Result<webhook::Verification, CallError> {
        invoke!(
            self.webhook,
            "webhook.verify",
            [context, delivery],
            call_verify(&context, &delivery)
        )
    }

    /// `webhook.receive`.
    pub async fn receive(
        &self,
        context: &types::Context,
        delivery: &webhook::Delivery,
    ) -> Called<webhook::Receipt> {
        invoke!(
            self.webhook,
            "webhook.receive",
            [context, delivery],
            call_receive(&context, &delivery)
        )
    }

    /// `webhook.resume-receive`.
    pub async fn resume_receive(
        &self,
        context: &types::Context,
        delivery: &webhook::Delivery,
        state: &[u8],
        answers: &Answers,
    ) -> Called<webhook::Receipt> {
        invoke!(
            self.webhook,
            "webhook.resume-receive",
            [context, delivery, state, answers],
            call_resume_receive(&context, &delivery, &state, &answers)
        )
    }
}
