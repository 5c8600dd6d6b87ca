//! The operator's client: commands that talk to a running host over its interface.
//!
//! It goes where the operator says, and therefore past the address policy.

use std::{error::Error, fmt, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use url::Url;

use crate::vault::Secret;

/// This program's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where the interface stands on a host.
const INTERFACE: &str = "/elements/api-v2";

/// One deadline over a call.
const PATIENCE: Duration = Duration::from_secs(60);

/// The deadline over a stream, which has no end of its own.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A page of a list.
#[derive(Debug, Clone)]
pub struct OperatorPage {
    /// What stands on it.
    pub rows: Vec<Value>,
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
    #[error(
        "no host answers at {base}: {why}; start one with `periodic run`, or name another with --host or PERIODIC_HOST"
    )]
    Unreachable {
        /// Where.
        base: Url,
        /// Why.
        why: String,
    },
    /// Somebody is there and does not answer.
    #[error("the host at {base} does not answer: nothing came for {} s; its log may say why", PATIENCE.as_secs())]
    Silent {
        /// Where.
        base: Url,
    },
    /// The host refuses.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The answer is none of a host's.
    #[error(
        "the answer from {base} is not that of a host (status {status}): is it the right address? It is that of --host, \
         of PERIODIC_HOST or of the setting listen"
    )]
    Foreign {
        /// Where.
        base: Url,
        /// The status.
        status: StatusCode,
    },
}

/// What a host said that refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The whole body: `message`, `requestId`, and `providerMessage` where a provider said something.
    pub body: Value,
    /// After so many seconds it may be asked again, where it said so.
    pub retry_after: Option<u64>,
    /// Its version, where it is not this program's and the refusal may come of that.
    version: Option<String>,
}

impl OperatorError {
    /// Whether the host refuses with this status.
    pub fn is_status(&self, status: StatusCode) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == status)
    }

    /// Whether the same may go well in a moment.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Silent { .. })
            || self.is_status(StatusCode::SERVICE_UNAVAILABLE)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |member: &str| self.body.get(member).and_then(Value::as_str);
        f.write_str(text("message").unwrap_or_default())?;
        if let Some(words) = text("providerMessage") {
            write!(f, "; the provider says: {words}")?;
        }
        let request = text("requestId").unwrap_or_default();
        write!(f, " (status {}, request {request})", self.status)?;
        if let Some(seconds) = self.retry_after {
            write!(f, "; ask again in {seconds} s")?;
        }
        if self.status == StatusCode::UNAUTHORIZED {
            f.write_str(
                "; the secrets are those of --user-secret and --organization-secret, or of PERIODIC_USER_SECRET and \
                 PERIODIC_ORGANIZATION_SECRET",
            )?;
        }
        if let Some(version) = &self.version {
            write!(
                f,
                "; the host is of version {version}, and this command of {VERSION}"
            )?;
        }
        Ok(())
    }
}

impl OperatorClient {
    /// A client of the host at this address, as the user with these secrets.
    pub fn new(host: &str, user: &Secret, organization: &Secret) -> Result<Self, OperatorError> {
        let address = |why: String| OperatorError::Address {
            text: host.to_owned(),
            why,
        };
        let base = base(host).map_err(address)?;
        // The process has one provider of cryptography; a second installation is not needed.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(format!("Periodic/{VERSION}"))
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
        let is_question = method == Method::GET;
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let response = self.send(request).await?;
        let status = response.status();
        match self.read(response).await? {
            // NOTE: a host answers every question; many a server answers anything with nothing.
            Value::Null if is_question => Err(self.foreign(status)),
            body => Ok(body),
        }
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
        let status = response.status();
        match self.read(response).await? {
            Value::Array(rows) => Ok(OperatorPage { rows, next }),
            _ => Err(self.foreign(status)),
        }
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
        Ok(pieces.map(|piece| piece.map_err(|error| self.unreachable(&error))))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let base = self.base.as_str().trim_end_matches('/');
        self.client
            .request(method, format!("{base}{INTERFACE}{path}"))
            .header(header::AUTHORIZATION, self.authorization.expose())
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, OperatorError> {
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    /// The body of a good answer, or why it is none.
    async fn read(&self, response: Response) -> Result<Value, OperatorError> {
        let status = response.status();
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        let body: Value = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes).map_err(|_no_json| self.foreign(status))?,
        };
        if status.is_success() {
            return Ok(body);
        }
        if !body.get("message").is_some_and(Value::is_string) {
            return Err(self.foreign(status));
        }
        let version = match status {
            // NOTE: a path that another version does not have is missing like anything else.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => self.other_version().await,
            _ => None,
        };
        Err(OperatorError::Refused(Box::new(Refusal {
            status,
            body,
            retry_after,
            version,
        })))
    }

    /// The version of the host, if it is another than this program's.
    async fn other_version(&self) -> Option<String> {
        let base = self.base.as_str().trim_end_matches('/');
        let response = self.client.get(format!("{base}/openapi.json")).send().await;
        let bytes = response.ok()?.bytes().await.ok()?;
        let document: Value = serde_json::from_slice(&bytes).ok()?;
        let version = document.pointer("/info/version").and_then(Value::as_str)?;
        (version != VERSION).then(|| version.to_owned())
    }

    fn unreachable(&self, error: &reqwest::Error) -> OperatorError {
        let base = self.base.clone();
        // What is not connected is not silent, however long that took.
        if error.is_timeout() && !error.is_connect() {
            return OperatorError::Silent { base };
        }
        let why = innermost(error).to_string();
        OperatorError::Unreachable { base, why }
    }

    fn foreign(&self, status: StatusCode) -> OperatorError {
        OperatorError::Foreign {
            base: self.base.clone(),
            status,
        }
    }
}

/// The address of a host. That of its interface is taken for it: clients of the interface are given that one.
fn base(host: &str) -> Result<Url, String> {
    let beneath = host.trim_end_matches('/');
    let base = beneath.strip_suffix(INTERFACE).unwrap_or(host);
    if !base.contains("://") {
        return Err("write http:// or https:// before it".to_owned());
    }
    let url = Url::parse(base).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("it is no http or https URL".to_owned()),
    }
}

/// What lies at the bottom: the layers above it repeat themselves, and the URL.
fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    std::iter::successors(Some(error), |&error| error.source())
        .last()
        .unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_named_with_and_without_their_interface() {
        let cases = [
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080/")),
            (
                "https://host.example/periodic/",
                Ok("https://host.example/periodic/"),
            ),
            ("http://host/elements/api-v2", Ok("http://host/")),
            ("http://host/elements/api-v2/", Ok("http://host/")),
            (
                "https://host/periodic/elements/api-v2",
                Ok("https://host/periodic"),
            ),
            ("127.0.0.1:18080", Err("write http:// or https:// before it")),
            ("localhost:8080", Err("write http:// or https:// before it")),
            ("ftp://host", Err("it is no http or https URL")),
            ("http://", Err("empty host")),
        ];
        for (text, expected) in cases {
            let found = base(text);
            let found = found.as_ref().map(Url::as_str).map_err(String::as_str);
            assert_eq!(found, expected, "{text}");
        }
    }
}
