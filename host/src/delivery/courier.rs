//! What carries a notification to its callback, as the worker sees it.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};

/// One POST.
#[derive(Debug, Clone)]
pub struct Parcel<'a> {
    /// The callback URL.
    pub url: &'a str,
    /// All headers but those of the framing.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// One deadline over DNS, connect, TLS, headers and body.
    pub timeout: Duration,
}

/// What came of a POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The callback answered.
    Answered {
        /// The status.
        status: u16,
        /// Its `Retry-After`, counted from now.
        retry_after: Option<Duration>,
    },
    /// No answer: refused by policy, unreachable, too slow.
    Failed {
        /// What went wrong, with the way out where there is one.
        error: String,
    },
}

/// Carries notifications. Egress does; tests script one.
#[async_trait]
pub trait Courier: std::fmt::Debug + Send + Sync + 'static {
    /// POST once: no retry, no redirect followed.
    async fn post(&self, parcel: Parcel<'_>) -> Reply;
}
