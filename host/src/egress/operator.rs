//! The operator's client: commands that talk to a running host over its interface.
//!
//! It goes where the operator says, and therefore past the address policy.

use std::time::Duration;

use http::{Method, StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::vault::Secret;

/// One deadline over a call.
const PATIENCE: Duration = Duration::from_secs(60);

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
        /// Why.
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
            .build()
            .map_err(OperatorError::Client)?;
        let (user, organization) = (user.expose(), organization.expose());
        Ok(Self {
            client,
            base,
            authorization: Secret::from(format!("User {user}, Organization {organization}")),
        })
    }

    /// Call a path beneath `/elements/api-v2`. The answer's body; null when it is empty.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, OperatorError> {
        let base = self.base.as_str().trim_end_matches('/');
        let mut request = self
            .client
            .request(method, format!("{base}/elements/api-v2{path}"))
            .header(header::AUTHORIZATION, self.authorization.expose());
        if let Some(body) = body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let unreachable = |source: reqwest::Error| OperatorError::Unreachable {
            base: self.base.clone(),
            source: source.without_url(),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        let foreign = || OperatorError::Foreign {
            base: self.base.clone(),
            status,
        };
        let body: Value = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes).map_err(|_no_json| foreign())?,
        };
        if status.is_success() {
            return Ok(body);
        }
        let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
        Err(OperatorError::Refused {
            status,
            message: text("message").ok_or_else(foreign)?,
            request: text("requestId").unwrap_or_default(),
        })
    }
}
