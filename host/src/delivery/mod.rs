//! From the outbox to the callback.
//!
//! A poll freezes [batches](batch) of events as [notifications](envelope); the store keeps a delivery of each for
//! every subscription; a [`Worker`] sends them, [signed](signature), and tries again by a [schedule](retry).

mod attempt;
pub mod batch;
mod cloudevents;
mod counters;
mod courier;
pub mod envelope;
mod format;
mod headers;
mod host;
mod lanes;
pub mod message;
pub mod retry;
mod settings;
mod settle;
pub mod signature;
mod verdict;
mod worker;

pub use self::{
    counters::{Counters, Counts},
    courier::{Courier, Parcel, Reply},
    format::{Format, FormatError},
    headers::{ExtraHeaders, HeadersError},
    host::StoredSettings,
    settings::{DeliverySettings, Settings, SettingsError},
    worker::{Options, Worker},
};
