//! The provider of the tests' own element `bell`, which calls when a bell rings (see `tests/adapters/bell`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use chrono::Utc;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};

use crate::{Answer, Api, PATIENCE};

/// The key that instances authenticate with.
pub const BELL_KEY: &str = "b3ll-k3y-0f-th3-t3sts";

/// A provider that calls.
#[derive(Debug)]
pub struct Belfry {
    url: String,
    tower: Arc<Mutex<Tower>>,
    server: JoinHandle<()>,
}

/// Somebody who wants to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its id.
    pub id: String,
    /// Where to call.
    pub url: String,
    /// What calls are signed with.
    pub secret: String,
    /// What it wants to hear of.
    pub resources: Vec<String>,
    /// How often it was prolonged.
    pub renewals: usize,
}

/// What the provider knows, and how it behaves.
#[derive(Debug, Default)]
pub struct Tower {
    /// Who wants to be called.
    pub hooks: Vec<Hook>,
    /// Records by path: `rings/1`.
    pub records: BTreeMap<String, Value>,
    /// What it was asked: `GET rings/1`.
    pub requests: Vec<String>,
    /// Requests that contain this are answered so.
    pub refuse: Option<(&'static str, u16)>,
    /// Requests that contain this are not answered, as long as it stands here.
    pub hang: Option<&'static str>,
    /// Registrations end after so many milliseconds.
    pub life: Option<i64>,
    /// Whoever registers is challenged at this host.
    pub challenge_at: Option<String>,
    made: usize,
}

// === impl Belfry ===

impl Belfry {
    /// A provider that knows nothing and nobody.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let tower = Arc::<Mutex<Tower>>::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&tower));
        let server = tokio::spawn(async move {
            // It ends with the test.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { url, tower, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Look at it, or change how it behaves.
    pub fn tower(&self) -> MutexGuard<'_, Tower> {
        self.tower.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The only one who wants to be called.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn hook(&self) -> anyhow::Result<Hook> {
        let tower = self.tower();
        ensure!(tower.hooks.len() == 1, "there are {:?}", tower.hooks);
        tower.hooks.first().cloned().context("nobody wants to be called")
    }

    /// An instance of the element with these configuration keys besides.
    #[must_use]
    pub fn request(&self, callback: &str, configuration: &Value) -> Value {
        let mut request = json!({
            "element": { "key": "bell" }, "name": "A bell",
            "configuration": {
                "bell.url": self.url, "bell.key": BELL_KEY, "event.notification.enabled": true,
                "event.notification.callback.url": callback,
            },
        });
        for (key, value) in configuration.as_object().into_iter().flatten() {
            request["configuration"][key] = value.clone();
        }
        request
    }

    /// Call as the provider does, at the path where the hook says, on the host of `api`.
    ///
    /// # Errors
    /// No answer.
    pub async fn ring(&self, api: &Api, call: &Value) -> anyhow::Result<Answer> {
        let hook = self.hook()?;
        let body = call.to_string();
        let path = door(&hook.url)?;
        signed(api, &path, &hook.secret, &body, &[]).await
    }
}

impl Drop for Belfry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The path of an address beneath the interface.
///
/// # Errors
/// It is no such address.
pub fn door(url: &str) -> anyhow::Result<String> {
    let (_host, path) = url.split_once("/elements/api-v2").context("no door")?;
    Ok(path.to_owned())
}

/// Call a path with a signature over the body.
///
/// # Errors
/// No answer.
pub async fn signed(
    api: &Api,
    path: &str,
    secret: &str,
    body: &str,
    headers: &[(&'static str, String)],
) -> anyhow::Result<Answer> {
    signed_over(api, path, secret, body, (body, headers)).await
}

/// The same with a signature over this.
///
/// # Errors
/// No answer.
pub async fn signed_over(
    api: &Api,
    path: &str,
    secret: &str,
    covered: &str,
    (body, headers): (&str, &[(&'static str, String)]),
) -> anyhow::Result<Answer> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(covered.as_bytes());
    let signature = mac.finalize().into_bytes();
    let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![("x-bell-signature", format!("sha256={signature}"))];
    all.extend_from_slice(headers);
    api.authorized(None)
        .call_with(Method::POST, path, &all, Some(body.as_bytes().to_vec()))
        .await
}

async fn answer(
    State(tower): State<Arc<Mutex<Tower>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let path = uri.path().trim_start_matches('/').to_owned();
    let asked = format!("{method} {path}");
    let lock = || tower.lock().unwrap_or_else(PoisonError::into_inner);
    let (refuse, hang, challenge_at) = {
        let mut tower = lock();
        tower.requests.push(asked.clone());
        (tower.refuse, tower.hang, tower.challenge_at.clone())
    };
    let fits = |pattern: &str| asked.contains(pattern);
    if hang.is_some_and(fits) {
        // Until somebody lets go.
        let begun = Instant::now();
        while lock().hang.is_some_and(fits) && begun.elapsed() < PATIENCE * 10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    if let Some((_, status)) = refuse.filter(|(pattern, _)| fits(pattern)) {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        return (status, "the belfry is closed".to_owned());
    }
    if headers.get("x-key").is_none_or(|key| key != BELL_KEY) {
        return (StatusCode::FORBIDDEN, "who are you".to_owned());
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(host) = challenge_at.filter(|_| asked == "POST hooks")
        && let Err(error) = challenge(&host, &body).await
    {
        return (StatusCode::BAD_REQUEST, format!("the challenge failed: {error}"));
    }
    lock().answer(&method, &path, &body)
}

async fn challenge(host: &str, body: &Value) -> anyhow::Result<()> {
    let url = body["url"].as_str().unwrap_or_default();
    let path = format!("{}?bell.challenge=ding-dong", door(url)?);
    let answer = Api::new(host)?.authorized(None).get(&path).await?;
    ensure!(answer.text == "ding-dong", "{} {}", answer.status, answer.text);
    Ok(())
}

// === impl Tower ===

impl Tower {
    fn answer(&mut self, method: &Method, path: &str, body: &Value) -> (StatusCode, String) {
        let missing = || (StatusCode::NOT_FOUND, "nothing rings there".to_owned());
        #[expect(clippy::disallowed_methods, reason = "a provider has a clock of its own")]
        let now = Utc::now().timestamp_millis();
        let expires = self.life.map(|life| now + life);
        if *method == Method::POST && path == "hooks" {
            self.made += 1;
            let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
            let resources = body["resources"].as_array().into_iter().flatten();
            let hook = Hook {
                id: format!("hook-{}", self.made),
                url: text("url"),
                secret: text("secret"),
                resources: resources
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .collect(),
                renewals: 0,
            };
            let made = json!({ "id": hook.id, "expires": expires });
            self.hooks.push(hook);
            return (StatusCode::OK, made.to_string());
        }
        if let Some(id) = path.strip_prefix("hooks/") {
            let Some(index) = self.hooks.iter().position(|hook| hook.id == id) else {
                return missing();
            };
            if *method == Method::DELETE {
                self.hooks.remove(index);
            } else if let Some(hook) = self.hooks.get_mut(index) {
                hook.renewals += 1;
            }
            let kept = json!({ "id": id, "expires": expires });
            return (StatusCode::OK, kept.to_string());
        }
        match self.records.get(path) {
            Some(record) => (StatusCode::OK, record.to_string()),
            None => missing(),
        }
    }
}
