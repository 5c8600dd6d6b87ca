//! Every outbound request of the host, and the policy over it. Only here the HTTP client is named.
//!
//! Two clients stand behind one door. The guarded client serves providers and callbacks: it resolves names itself and
//! refuses special addresses before it connects, follows no redirects, uses no proxy, and has one deadline over name
//! resolution, connection, headers and body. Secrets are put in at the last moment, only where the element declares.

mod audience;
mod basic;
mod bounds;
mod budget;
mod callback;
mod capture;
mod client;
mod credential;
mod oauth1;
mod operator;
mod pattern;
mod policy;
mod scrub;
mod secrets;
mod wire;

pub use self::{
    audience::{Audience, PLACES, Place, Refused, WEBHOOK, is_place},
    budget::{Budgets, Patience, Spent},
    callback::{Attempt, AttemptError, Callback},
    capture::Captured,
    client::{Delivered, Egress, EgressError, Options, Sent},
    operator::{OperatorClient, OperatorError, OperatorPage, Refusal},
    pattern::{PatternError, UrlPatterns},
    policy::{AddressPolicy, RefusedAddress},
    secrets::{Secrets, is_reserved},
    wire::Wire,
};
pub(crate) use self::{
    basic::user_and_password,
    bounds::{PARTS, bodies},
    credential::digest as hmac,
    oauth1::method_name as oauth1_method,
    scrub::Scrubber,
};
