//! Webhooks of providers: registrations there, the door here, and what comes of the calls.
//!
//! A call is taken in this order: find the instance, let the adapter greet, verify, store, answer. It is processed
//! afterwards, by whoever holds the lease on the instance's inbox, one call after the other. What it tells is sifted by
//! fingerprints and becomes notifications as what polls find does, in one transaction with the end of the call.

mod address;
mod door;
mod expected;
mod finder;
mod processor;
mod registrar;
mod registration;
mod verify;

pub use self::{
    address::decode_id,
    door::{Admission, Knock, knock},
    expected::Expected,
    finder::{FinderError, FinderRule},
    processor::Processor,
    registrar::Registrar,
    registration::RegistrationError,
};
pub(crate) use self::{
    door::verify,
    expected::Expectation,
    registration::{Registered, address, open, subscribe, unsubscribe},
};

/// The configuration key of the rule that tells whose a call to the element's address is.
pub(crate) const FINDER: &str = "event.notification.instance.finder";
/// The name under which a registration's data is sealed.
const REGISTRATION: &str = "periodic.registration";
/// The name under which calls are sealed.
const CALL: &str = "periodic.call";
