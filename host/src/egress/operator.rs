//! The operator's client: commands that talk to a running host over its interface.
//!
//! It goes where the operator says, and therefore past the address policy.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use url::Url;

use crate::vault::Secret;

/// One deadline over a call.
const PATIENCE: Duration = Duration::from_secs(60);

/// The deadline over a stream, which has no end of its own.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A page of a list.
#[derive(Debug, Clone)]
pub struct OperatorPage {
    /// The answer's body.
    pub body: Value,
    /// Where the next page starts.
    pub next: Option<String>,
}

/// Calls the interface of a host.
#[derive(Debug)]
pub struct OperatorClient {
    client: reqwest::Client,
    base: Url,
    authorization: Secret,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The address is none.
    #[error("{text:?} is no address of a host: {why}; it should be like http://127.0.0.1:8080")]
    Address {
        /// As given.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// The client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[source] reqwest::Error),
    /// Nobody answers.
    #[error("no host answers at {base}: {source}; start it with periodic run, or name it with --host")]
    Unreachable {
        /// Where.
        base: Url,
        /// Why.
        source: reqwest::Error,
    },
    /// The host refuses.
    #[error("{message} (status {status}, request {request})")]
    Refused {
        /// The status.
        status: StatusCode,
        /// Why, with the provider's own words.
        message: String,
        /// The request's id, for the host's log.
        request: String,
    },
    /// The answer is none of a host's.
    #[error("the answer from {base} is not that of a host (status {status}): is it the right address?")]
    Foreign {
        /// Where.
        base: Url,
        /// The status.
        status: StatusCode,
    },
}

impl OperatorClient {
    /// A client of the host at this address, as the user with these secrets.
    pub fn new(host: &str, user: &Secret, organization: &Secret) -> Result<Self, OperatorError> {
        let address = |why: String| OperatorError::Address {
            text: host.to_owned(),
            why,
        };
        let base = Url::parse(host).map_err(|error| address(error.to_string()))?;
        if base.cannot_be_a_base() || !matches!(base.scheme(), "http" | "https") {
            return Err(address("it is no http or https URL".to_owned()));
        }
        // The process has one provider of cryptography; a second installation is not needed.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Periodic/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .build()
            .map_err(OperatorError::Client)?;
        let (user, organization) = (user.expose(), organization.expose());
        Ok(Self {
            client,
            base,
            authorization: Secret::from(format!("User {user}, Organization {organization}")),
        })
    }

    /// The same user's client that addresses an instance by its token.
    #[must_use]
    pub fn on_instance(self, token: &Secret) -> Self {
        let authorization = format!("{}, Element {}", self.authorization.expose(), token.expose());
        Self {
            authorization: Secret::from(authorization),
            ..self
        }
    }

    /// Call a path beneath `/elements/api-v2`. The answer's body; null when it is empty.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, OperatorError> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        self.read(self.send(request).await?).await
    }

    /// `POST` without a body, with a header of its own where there is one.
    pub async fn post(&self, path: &str, header: Option<(&str, &str)>) -> Result<Value, OperatorError> {
        let mut request = self.request(Method::POST, path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        self.read(self.send(request).await?).await
    }

    /// A page of the list at a path.
    pub async fn page(&self, path: &str, query: &[(&str, String)]) -> Result<OperatorPage, OperatorError> {
        let mut path = path.to_owned();
        for (position, (name, value)) in query.iter().enumerate() {
            path.push(if position == 0 { '?' } else { '&' });
            path.push_str(name);
            path.push('=');
            // The host takes a plus for a plus.
            path.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        let response = self.send(self.request(Method::GET, &path)).await?;
        let next = response.headers().get("elements-next-page-token");
        let next = next.and_then(|next| next.to_str().ok()).map(str::to_owned);
        let body = self.read(response).await?;
        Ok(OperatorPage { body, next })
    }

    /// Open a long answer: server-sent events behind this one, or a download. Its pieces are as the network cuts them.
    pub async fn stream(
        &self,
        path: &str,
        last_event_id: Option<&str>,
    ) -> Result<impl Stream<Item = Result<Bytes, OperatorError>> + use<'_>, OperatorError> {
        let mut request = self.request(Method::GET, path).timeout(FOREVER);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = self.send(request).await?;
        if !response.status().is_success() {
            self.read(response).await?;
            return Err(self.foreign(StatusCode::OK));
        }
        let pieces = response.bytes_stream();
        Ok(pieces.map(|piece| piece.map_err(|source| self.unreachable(source))))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let base = self.base.as_str().trim_end_matches('/');
        self.client
            .request(method, format!("{base}/elements/api-v2{path}"))
            .header(header::AUTHORIZATION, self.authorization.expose())
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, OperatorError> {
        request.send().await.map_err(|source| self.unreachable(source))
    }

    /// The body of a good answer, or why it is none.
    async fn read(&self, response: Response) -> Result<Value, OperatorError> {
        let status = response.status();
        let bytes = response
            .bytes()
            .await
            .map_err(|source| self.unreachable(source))?;
        let body: Value = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes).map_err(|_no_json| self.foreign(status))?,
        };
        if status.is_success() {
            return Ok(body);
        }
        let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
        let mut message = text("message").ok_or_else(|| self.foreign(status))?;
        if let Some(words) = text("providerMessage") {
            message = format!("{message}; the provider says: {words}");
        }
        Err(OperatorError::Refused {
            status,
            message,
            request: text("requestId").unwrap_or_default(),
        })
    }

    fn unreachable(&self, source: reqwest::Error) -> OperatorError {
        OperatorError::Unreachable {
            base: self.base.clone(),
            source: source.without_url(),
        }
    }

    fn foreign(&self, status: StatusCode) -> OperatorError {
        OperatorError::Foreign {
            base: self.base.clone(),
            status,
        }
    }
}
