//! From the outbox to the callback.
//!
//! A poll freezes [batches](batch) of events as [notifications](envelope); the store keeps a delivery of each for
//! every subscription; a worker sends them, [signed](signature), and tries again by a [schedule](retry).

pub mod batch;
pub mod envelope;
pub mod retry;
pub mod signature;
