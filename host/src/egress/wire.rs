//! Somebody on the line between the host and its providers: who plays a provider, or listens.

use std::fmt;

use super::Delivered;
use crate::adapter::contract::types;

/// Stands on the line. Requests pass the same policy, and answers the same captures and scrubbing, as without it.
pub trait Wire: fmt::Debug + Send + Sync {
    /// Answer in the provider's place; none lets the request go out.
    fn answer(&self, request: &types::Request) -> Option<Result<types::Response, types::TransportError>>;

    /// What a request came to: the answer as the adapter is handed it, without secrets, and whether the provider has it.
    fn exchanged(&self, request: &types::Request, answer: &types::Answer, delivered: Delivered);
}
