//! A resource's poller configuration, compiled, and the rules that tell created from updated.
//!
//! Source: sections 5.2 and 5.5 of the Cloud Elements events framework.

mod configuration;
mod read;
mod rules;

pub use self::{
    configuration::{DatesConfiguration, Poller, PollerConfiguration, PollerError},
    read::TOLERANCE,
    rules::{Dates, Decision, Ignored, Rules, Window, decide},
};
