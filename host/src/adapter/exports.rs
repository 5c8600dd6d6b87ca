//! What can be called: the functions of the contract's interfaces.

use super::{
    Adapter,
    contract::{element, hub, oauth2, poller, types, webhook},
    error::CallError,
};

/// What a call comes to: an error of the call, or the adapter's own answer, which may be a failure.
pub type Called<T> = Result<Result<T, types::Failure>, CallError>;

/// Call an exported function. The instance is dropped with the macro's block, whatever came of the call.
macro_rules! invoke {
    ($self:ident.$interface:ident, $function:literal, $method:ident($($argument:ident),*)) => {{
        let indices = $self.compiled.linked.$interface.as_ref().ok_or_else(|| $self.absent(stringify!($interface)))?;
        let mut call = $self.enter($function, &($($argument,)*)).await?;
        let guest = indices.load(&mut call.store, &call.instance);
        let guest = guest.map_err(|error| call.failed(&error))?;
        let returned = guest.$method(&mut call.store, $($argument),*);
        let returned = call.turn.timeout($self.limits.wall, returned).await;
        let returned = call.leave(returned);
        if let (Err(error), Some(tap)) = (&returned, &$self.tap) {
            tap.crashed($self, $function, &($($argument,)*), error);
        }
        returned
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

    /// `oauth1.request-token`.
    pub async fn request_token(&self, context: &types::Context, callback: &str) -> Called<types::Request> {
        let callback = &callback.to_owned();
        invoke!(
            self.oauth1,
            "oauth1.request-token",
            call_request_token(context, callback)
        )
    }

    /// `oauth1.authorize`.
    pub async fn authorize_temporary(
        &self,
        context: &types::Context,
        callback: &str,
    ) -> Called<types::Request> {
        let callback = &callback.to_owned();
        invoke!(self.oauth1, "oauth1.authorize", call_authorize(context, callback))
    }

    /// `oauth1.access-token`.
    pub async fn access_token(&self, context: &types::Context) -> Called<types::Request> {
        invoke!(self.oauth1, "oauth1.access-token", call_access_token(context))
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

    /// `webhook.register`.
    pub async fn register(
        &self,
        context: &types::Context,
        change: &webhook::ChangeRegistration,
    ) -> Called<webhook::Step> {
        invoke!(self.webhook, "webhook.register", call_register(context, change))
    }

    /// `webhook.resume-register`.
    pub async fn resume_register(
        &self,
        context: &types::Context,
        change: &webhook::ChangeRegistration,
        state: &[u8],
        answers: &[types::Answer],
    ) -> Called<webhook::Step> {
        invoke!(
            self.webhook,
            "webhook.resume-register",
            call_resume_register(context, change, state, answers)
        )
    }

    /// `webhook.greet`.
    pub async fn greet(
        &self,
        context: &types::Context,
        delivery: &webhook::Delivery,
    ) -> Result<Option<webhook::Reply>, CallError> {
        invoke!(self.webhook, "webhook.greet", call_greet(context, delivery))
    }

    /// `webhook.verify`.
    pub async fn verify(
        &self,
        context: &types::Context,
        delivery: &webhook::Delivery,
    ) -> Result<webhook::Verification, CallError> {
        invoke!(self.webhook, "webhook.verify", call_verify(context, delivery))
    }

    /// `webhook.receive`.
    pub async fn receive(
        &self,
        context: &types::Context,
        delivery: &webhook::Delivery,
    ) -> Called<webhook::Receipt> {
        invoke!(self.webhook, "webhook.receive", call_receive(context, delivery))
    }

    /// `webhook.resume-receive`.
    pub async fn resume_receive(
        &self,
        context: &types::Context,
        delivery: &webhook::Delivery,
        state: &[u8],
        answers: &[types::Answer],
    ) -> Called<webhook::Receipt> {
        invoke!(
            self.webhook,
            "webhook.resume-receive",
            call_resume_receive(context, delivery, state, answers)
        )
    }
}
