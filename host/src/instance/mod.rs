//! Instances: made, changed and removed by request, checked before anything is stored.

mod change;
mod create;
mod external;
mod keys;
mod markup;
mod minted;
mod mode;
mod polling;
mod problem;
mod registration;
mod request;
mod setup;
mod urls;
mod values;

pub use self::{
    change::{change, remove, switch, trace},
    create::create,
    keys::{
        FILTER_NULLS, HOST_KEYS, HostKey, MASK, NOTIFICATIONS_ENABLED, POLLER_CONFIGURATION, TOKEN,
        TRACE_LOGGING, VENDOR_TYPE,
    },
    mode::is_webhook,
    problem::Problem,
    request::{ChangeRequest, CreateRequest, ProviderData},
    setup::{Pollable, Question, Setup, check_poll},
    values::{check_callback, is_true},
};

use std::time::Duration;

/// What the operator sets for all instances.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// No instance is polled more often.
    pub min_poll_interval: Duration,
}
