//! A client of the host's interface.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use reqwest::{
    Client, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::{ORGANIZATION_SECRET, PATIENCE, USER_SECRET, contract::Contract};

/// Calls the interface as somebody. Every answer has to be one that the host's own description has.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: String,
    authorization: Option<String>,
    headers: Vec<(&'static str, String)>,
    answers: Arc<Mutex<Vec<Answer>>>,
    contract: Arc<OnceCell<Contract>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked: `GET /instances`.
    pub asked: String,
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub text: String,
    /// Its body as JSON; null when it is none.
    pub body: Value,
}

/// A client that follows nothing and asks nobody.
///
/// # Errors
/// It cannot be made.
pub fn client() -> anyhow::Result<Client> {
    // The process has one provider of cryptography; a second installation is not needed.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE);
    Ok(client.build()?)
}

// === impl Api ===

impl Api {
    /// The interface of the host at `url`, as the first user.
    ///
    /// # Errors
    /// No client can be made.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: client()?,
            base: url.to_owned(),
            authorization: Some(format!("User {USER_SECRET}, Organization {ORGANIZATION_SECRET}")),
            headers: Vec::new(),
            answers: Arc::default(),
            contract: Arc::default(),
        })
    }

    /// The same host at another address.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self {
            base: url.to_owned(),
            ..self.clone()
        }
    }

    /// The same, with another `Authorization` or none.
    #[must_use]
    pub fn authorized(&self, authorization: Option<&str>) -> Self {
        Self {
            authorization: authorization.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The same, with a further header.
    #[must_use]
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut this = self.clone();
        this.headers.push((name, value.to_owned()));
        this
    }

    /// The same, addressing an instance by its token.
    #[must_use]
    pub fn element(&self, token: &str) -> Self {
        self.authorized(Some(&format!("User {USER_SECRET}, Element {token}")))
    }

    /// All answers so far, of all clients that were made from the same.
    #[must_use]
    pub fn answers(&self) -> Vec<Answer> {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Call a path, which is below `/elements/api-v2` unless it begins with `//`.
    ///
    /// # Errors
    /// No answer, or none that the host's description has.
    pub async fn call(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> anyhow::Result<Answer> {
        let json = (CONTENT_TYPE.as_str(), "application/json".to_owned());
        let headers = if body.is_some() { vec![json] } else { Vec::new() };
        self.call_with(method, path, &headers, body).await
    }

    /// Call a path with these headers.
    ///
    /// # Errors
    /// No answer, or none that the host's description has.
    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<Answer> {
        let url = match path.strip_prefix('/') {
            Some(root) if root.starts_with('/') => format!("{}{root}", self.base),
            _ => format!("{}/elements/api-v2{path}", self.base),
        };
        let asked = format!("{method} {path}");
        let mut request = self.client.request(method.clone(), url);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("{asked} has no answer"))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer
            .text()
            .await
            .with_context(|| format!("the answer to {asked} breaks off"))?;
        let answer = Answer {
            asked,
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        };
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(answer.clone());
        if !path.starts_with("//") {
            self.contract()
                .await?
                .check(&method, path, self.by_token(), &answer)?;
        }
        Ok(answer)
    }

    /// What the host says of its interface.
    async fn contract(&self) -> anyhow::Result<&Contract> {
        let read = async || {
            let answer = self
                .client
                .get(format!("{}/openapi.json", self.base))
                .send()
                .await;
            let answer = answer.context("/openapi.json has no answer")?;
            Contract::new(serde_json::from_slice(&answer.bytes().await?)?)
        };
        self.contract.get_or_try_init(read).await
    }

    /// Whether an instance is addressed by its token.
    fn by_token(&self) -> bool {
        let authorization = self.authorization.as_deref().unwrap_or_default();
        authorization.to_ascii_lowercase().contains("element ")
    }

    /// `GET`.
    ///
    /// # Errors
    /// No answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::GET, path, None).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// No answer.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::DELETE, path, None).await
    }

    /// `POST`.
    ///
    /// # Errors
    /// No answer.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, Some(serde_json::to_vec(body)?))
            .await
    }

    /// `PATCH`.
    ///
    /// # Errors
    /// No answer.
    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.call(Method::PATCH, path, Some(serde_json::to_vec(body)?))
            .await
    }
}

// === impl Answer ===

impl Answer {
    /// The body of an answer that has to be 200.
    ///
    /// # Errors
    /// It is not.
    pub fn ok(self) -> anyhow::Result<Value> {
        ensure!(
            self.status == 200,
            "{} answered {}: {}",
            self.asked,
            self.status,
            self.text
        );
        Ok(self.body)
    }

    /// `message` of the body.
    #[must_use]
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// A header as text; empty when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Fail unless the answer is an error of this status whose message contains all of these.
    ///
    /// # Errors
    /// It is not.
    pub fn refused(&self, status: u16, needles: &[&str]) -> anyhow::Result<()> {
        ensure!(
            self.status == status,
            "{} answered {} instead of {status}: {}",
            self.asked,
            self.status,
            self.text
        );
        for needle in needles {
            ensure!(
                self.message().contains(needle),
                "{}: no {needle:?} in {}",
                self.asked,
                self.text
            );
        }
        let id = self.body["requestId"].as_str().unwrap_or_default();
        ensure!(
            id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{}: requestId {id:?}",
            self.asked
        );
        ensure!(
            self.header("elements-request-id") == id,
            "{}: Elements-Request-Id differs from requestId",
            self.asked
        );
        Ok(())
    }
}
