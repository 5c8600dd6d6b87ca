//! Case files: one call of an adapter, what its provider answers, and what is expected, as a text.
//!
//! An adapter is a pure function, so that a case says all there is to say of a call. It runs through the same session
//! and the same egress as on a running host, in the same sandbox; only the provider's place is taken by the case.
//! `docs/adapters.md` describes the format.

mod arguments;
mod bench;
mod crash;
mod difference;
mod file;
mod layout;
mod message;
mod outcome;
mod script;
mod single;
mod tape;
mod webhook;

use indexmap::IndexMap;

pub(crate) use self::tape::case_of;
pub use self::{
    bench::{Bench, BenchError, Live, Observed},
    crash::Crashes,
    difference::{Difference, differences, lines},
    file::{CaseError, CaseFile},
    layout::layout,
    message::{credential_text, request_text, response_text},
    script::Unheard,
};
use crate::{
    adapter::{
        Answers, Course,
        contract::{hub, oauth2, poller, types, webhook as hooks},
    },
    clock::Millis,
};

/// One call, with all that it is given.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is called.
    pub call: Call,
    /// Whether only this call is made, and not what follows from its answer.
    pub single: bool,
    /// Whether the answers are handed to the adapter as they are, as a tape has them, and not sent through the host.
    pub handed: bool,
    /// Where in its operation a single call stands.
    pub course: Course,
    /// The provider's time.
    pub now: Millis,
    /// The instance's configuration.
    pub configuration: IndexMap<String, String>,
    /// The names of the secrets that the instance has.
    pub secrets: Vec<String>,
    /// What the provider is asked, and what it answers, in order.
    pub exchanges: Vec<Scripted>,
    /// The result as a text; none takes any result that is no crash.
    pub result: Option<String>,
}

impl Case {
    /// Whether nothing follows from the answer of its call.
    fn is_single(&self) -> bool {
        self.single || self.call.resumed().is_some()
    }
}

/// What is called.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// `element.describe`.
    Describe,
    /// `element.connect`.
    Connect(Option<Resumed>),
    /// `element.check`.
    Check(Option<Resumed>),
    /// `oauth2.authorize`.
    Authorize(oauth2::Authorization),
    /// `oauth2.token`, and `oauth2.granted` with what comes of it.
    Token(oauth2::Grant),
    /// `oauth2.granted` alone.
    Granted(oauth2::Grant, types::Response),
    /// `oauth1.request-token`, with this callback.
    RequestToken(String),
    /// `oauth1.authorize`, with this callback.
    AuthorizeTemporary(String),
    /// `oauth1.access-token`.
    AccessToken,
    /// `hub`.
    Operate(hub::Operation, Option<Resumed>),
    /// `poller.plan`.
    Plan {
        /// The resource.
        resource: String,
        /// Its configuration.
        configuration: String,
    },
    /// `poller`: at most so many pages.
    Poll(poller::Job, Option<usize>, Option<Resumed>),
    /// `webhook.register`.
    Register(hooks::ChangeRegistration, Option<Resumed>),
    /// `webhook.greet`.
    Greet(hooks::Delivery),
    /// `webhook.verify`.
    Verify(hooks::Delivery),
    /// `webhook.receive`.
    Receive(hooks::Delivery, Option<Resumed>),
}

/// Where a call goes on: what the adapter asked the host to keep, and the answers to what it asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resumed {
    /// The state.
    pub state: Vec<u8>,
    /// The answers.
    pub answers: Answers,
}

/// A request as it is expected, and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Scripted {
    /// The request's text.
    pub request: String,
    /// The answer; none where only the request is of interest.
    pub answer: Option<types::Answer>,
    /// The provider's time from this answer on, where answers are handed.
    pub now: Option<Millis>,
}

impl Call {
    /// The function of the contract that is called.
    pub fn function(&self) -> &'static str {
        match self {
            Self::Describe => "element.describe",
            Self::Connect(None) => "element.connect",
            Self::Connect(Some(_)) => "element.resume-connect",
            Self::Check(None) => "element.check",
            Self::Check(Some(_)) => "element.resume-check",
            Self::Authorize(_) => "oauth2.authorize",
            Self::Token(_) => "oauth2.token",
            Self::Granted(..) => "oauth2.granted",
            Self::RequestToken(_) => "oauth1.request-token",
            Self::AuthorizeTemporary(_) => "oauth1.authorize",
            Self::AccessToken => "oauth1.access-token",
            Self::Operate(_, None) => "hub.begin",
            Self::Operate(_, Some(_)) => "hub.resume",
            Self::Plan { .. } => "poller.plan",
            Self::Poll(_, _, None) => "poller.begin",
            Self::Poll(_, _, Some(_)) => "poller.resume",
            Self::Register(_, None) => "webhook.register",
            Self::Register(_, Some(_)) => "webhook.resume-register",
            Self::Greet(_) => "webhook.greet",
            Self::Verify(_) => "webhook.verify",
            Self::Receive(_, None) => "webhook.receive",
            Self::Receive(_, Some(_)) => "webhook.resume-receive",
        }
    }

    /// Where it goes on, if it does not begin.
    pub fn resumed(&self) -> Option<&Resumed> {
        match self {
            Self::Connect(resumed)
            | Self::Check(resumed)
            | Self::Operate(_, resumed)
            | Self::Register(_, resumed)
            | Self::Receive(_, resumed)
            | Self::Poll(_, _, resumed) => resumed.as_ref(),
            _ => None,
        }
    }
}
