//! One attempt to hand a notification to a callback.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use url::Url;

use super::{
    Egress, RefusedAddress,
    client::{body, explain, parse_retry_after},
};
use crate::adapter::contract::types::TransportError;

/// So much of a callback's answer is read; what follows is dropped with the connection.
const ANSWER_LIMIT: usize = 64 << 10;
/// So much of it is kept, in characters.
const EXCERPT: usize = 500;

/// A notification on its way.
#[derive(Debug, Clone)]
pub struct Callback<'a> {
    /// Where to.
    pub url: &'a str,
    /// Headers, the media type among them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What.
    pub body: Bytes,
    /// One deadline over resolution, connection, headers and body of the answer.
    pub timeout: Duration,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The status, when the receiver answered.
    pub status: Option<u16>,
    /// How long the receiver asks to wait.
    pub retry_after: Option<Duration>,
    /// Why there was no complete answer.
    pub error: Option<AttemptError>,
    /// The beginning of the answer's body.
    pub excerpt: String,
}

/// Why an attempt brought no complete answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttemptError {
    /// The URL is none.
    #[error("the callback URL is no URL: {0}")]
    NoUrl(url::ParseError),
    /// The policy refuses the address.
    #[error(transparent)]
    Refused(#[from] RefusedAddress),
    /// No complete answer in time.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
    /// No connection, or it broke.
    #[error("{0}")]
    Transport(String),
}

impl Egress {
    /// Hand a notification to a callback, once.
    pub async fn post(&self, callback: Callback<'_>) -> Attempt {
        let timeout = callback.timeout;
        let attempt = match tokio::time::timeout(timeout, self.try_post(callback)).await {
            Ok(attempt) => attempt,
            Err(_elapsed) => Err(AttemptError::Timeout(timeout)),
        };
        attempt.unwrap_or_else(|error| Attempt {
            status: None,
            retry_after: None,
            error: Some(error),
            excerpt: String::new(),
        })
    }

    async fn try_post(&self, callback: Callback<'_>) -> Result<Attempt, AttemptError> {
        let url = Url::parse(callback.url).map_err(AttemptError::NoUrl)?;
        self.policy.check(&url)?;
        let headers: HeaderMap = callback.headers.into_iter().collect();
        let sent = self
            .client
            .post(url)
            .headers(headers)
            .body(callback.body)
            .send()
            .await;
        let transport = |error: &reqwest::Error| match explain(error).1 {
            TransportError::Refused(why)
            | TransportError::Unreachable(why)
            | TransportError::Tls(why)
            | TransportError::Timeout(why)
            | TransportError::Other(why) => AttemptError::Transport(why),
            TransportError::TooLarge(_) => AttemptError::Transport("the answer is too large".to_owned()),
        };
        let response = sent.map_err(|error| transport(&error))?;
        let status = Some(response.status().as_u16());
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        let retry_after = wait.and_then(|value| parse_retry_after(value, self.clock.now()));
        // An answer that is longer than anybody reads is an answer all the same.
        let body = body(response, ANSWER_LIMIT)
            .await
            .map_err(|error| transport(&error))?
            .unwrap_or_default();
        let excerpt = String::from_utf8_lossy(&body).chars().take(EXCERPT).collect();
        Ok(Attempt {
            status,
            retry_after,
            error: None,
            excerpt,
        })
    }
}
