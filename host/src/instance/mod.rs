//! Instances: made, changed and removed by request, checked before anything is stored.

mod change;
mod create;
mod keys;
mod minted;
mod mode;
mod polling;
mod problem;
mod registration;
mod request;
mod setup;

pub use self::{
    change::{change, remove, switch, trace},
    create::create,
    keys::{HOST_KEYS, HostKey, MASK, POLLER_CONFIGURATION, TOKEN, is_traced},
    polling::check_callback,
    problem::Problem,
    request::{ChangeRequest, CreateRequest, ProviderData},
    setup::{Pollable, Question, Setup},
};

use std::time::Duration;

/// What the operator sets for all instances.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// No instance is polled more often.
    pub min_poll_interval: Duration,
}
