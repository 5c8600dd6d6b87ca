//! An issue tracker with OAuth 2.0, PKCE and link headers, as `tracker.element.toml` describes it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, ensure};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

use super::now;

/// The public client that is registered.
pub(crate) const CLIENT: &str = "public-client";

#[derive(Debug)]
pub(crate) struct Tracker {
    url: String,
    world: Shared,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct World {
    issues: Vec<Value>,
    /// Codes that were given, with their challenges.
    codes: HashMap<String, String>,
    access: Option<String>,
    refresh: Option<String>,
    tokens: u32,
    /// The kinds of grants that were taken.
    grants: Vec<String>,
}

type Shared = Arc<Mutex<World>>;

fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tracker {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let world = Shared::default();
        let router = Router::new()
            .route("/oauth/token", post(token))
            .route("/v1/issues", get(list))
            .with_state(Arc::clone(&world));
        let server = tokio::spawn(async move {
            // It ends with the test.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { url, world, server })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What a person does at the authorize URL: the code and the state that come back.
    pub(crate) fn log_in(&self, url: &str) -> anyhow::Result<(String, String)> {
        let url = Url::parse(url)?;
        ensure!(
            url.as_str()
                .starts_with(&format!("{}/oauth/authorize?", self.url)),
            "{url}"
        );
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        ensure!(
            query["client_id"] == CLIENT && query["code_challenge_method"] == "S256",
            "{query:?}"
        );
        let challenge = query.get("code_challenge").context("no challenge")?.clone();
        let state = query.get("state").context("no state")?.clone();
        let code = format!("code-{}", challenge.len());
        lock(&self.world).codes.insert(code.clone(), challenge);
        Ok((code, state))
    }

    /// Make issues, all in one instant.
    pub(crate) fn add(&self, count: usize) {
        let now = now().timestamp_millis();
        let mut world = lock(&self.world);
        for _issue in 0..count {
            let id = format!("I-{}", world.issues.len());
            world
                .issues
                .push(json!({ "id": id, "title": "broken", "changed": now, "made": now }));
        }
    }

    /// The access token is worth nothing any more.
    pub(crate) fn revoke_access(&self) {
        lock(&self.world).access = None;
    }

    /// The kinds of grants that were taken.
    pub(crate) fn grants(&self) -> Vec<String> {
        lock(&self.world).grants.clone()
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn token(State(world): State<Shared>, body: Bytes) -> Response {
    let form = format!("http://form/?{}", String::from_utf8_lossy(&body));
    let form: HashMap<String, String> = Url::parse(&form)
        .map(|form| form.query_pairs().into_owned().collect())
        .unwrap_or_default();
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let mut world = lock(&world);
    let taken = field("client_id") == CLIENT
        && match field("grant_type").as_str() {
            "authorization_code" => {
                let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
                world
                    .codes
                    .remove(&field("code"))
                    .is_some_and(|challenge| challenge == proof)
            }
            "refresh_token" => world
                .refresh
                .take()
                .is_some_and(|refresh| refresh == field("refresh_token")),
            _ => false,
        };
    if !taken {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    world.tokens += 1;
    let (access, refresh) = (
        format!("access-{}", world.tokens),
        format!("refresh-{}", world.tokens),
    );
    world.access = Some(access.clone());
    world.refresh = Some(refresh.clone());
    world.grants.push(field("grant_type"));
    Json(json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 })).into_response()
}

async fn list(
    State(world): State<Shared>,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let world = lock(&world);
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if world
        .access
        .as_ref()
        .is_none_or(|access| bearer != format!("Bearer {access}"))
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let number = |name: &str| query.get(name).and_then(|number| number.parse::<i64>().ok());
    let since = number("since").unwrap_or(0);
    let found: Vec<&Value> = world
        .issues
        .iter()
        .filter(|issue| issue["changed"].as_i64() >= Some(since))
        .collect();
    let size = usize::try_from(number("per_page").unwrap_or(20)).unwrap_or(1);
    let page = usize::try_from(number("page").unwrap_or(1)).unwrap_or(1);
    let start = (page - 1) * size;
    let records: Vec<_> = found.iter().skip(start).take(size).collect();
    let mut answer = Json(json!(records)).into_response();
    let head = answer.headers_mut();
    if let Ok(total) = found.len().to_string().parse() {
        head.insert("x-total-count", total);
    }
    if start + size < found.len() {
        let others = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.starts_with("page="));
        let others = others.collect::<Vec<_>>().join("&");
        let links = format!(
            "<{0}?{others}&page=1>; rel=\"first\", <{0}?{others}&page={1}>; rel=\"next\"",
            uri.path(),
            page + 1
        );
        if let Ok(links) = links.parse() {
            head.insert("link", links);
        }
    }
    answer
}
