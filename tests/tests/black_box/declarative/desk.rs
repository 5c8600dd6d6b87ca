//! A help desk with an API key and cursors, as `helpdesk.element.toml` describes it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use chrono::SecondsFormat;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::now;

/// The key of its only customer.
pub(crate) const KEY: &str = "d3sk-k3y";

#[derive(Debug)]
pub(crate) struct Desk {
    url: String,
    world: Shared,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct World {
    tickets: Vec<Value>,
    /// Each with the id of its ticket.
    comments: Vec<(String, Value)>,
    made: i64,
    /// Seconds that its clock is ahead.
    ahead: i64,
    /// What came as `Authorization`.
    keys: Vec<String>,
}

type Shared = Arc<Mutex<World>>;

fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let world = Shared::default();
        let router = Router::new()
            .route("/api/v2/me", get(async || Json(json!({ "name": "me" }))))
            .route("/api/v2/tickets", get(list).post(create))
            .route("/api/v2/tickets/{id}", get(single).patch(update).delete(remove))
            .route("/api/v2/tickets/{id}/comments", get(comments).post(comment))
            .route(
                "/api/v2/tickets/{id}/comments/{comment}",
                get(one_comment).delete(no_comment),
            )
            .layer(middleware::from_fn_with_state(Arc::clone(&world), check))
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

    /// Set its clock forward, so that what is changed next is not changed in the second of its creation.
    pub(crate) fn later(&self, seconds: i64) {
        lock(&self.world).ahead += seconds;
    }

    /// What came as `Authorization`.
    pub(crate) fn keys(&self) -> Vec<String> {
        lock(&self.world).keys.clone()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    fn now(&self) -> String {
        let now = now() + chrono::TimeDelta::seconds(self.ahead);
        now.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    fn find(&mut self, id: i64) -> Result<&mut Value, StatusCode> {
        let mut tickets = self.tickets.iter_mut();
        tickets
            .find(|ticket| ticket["id"] == id)
            .ok_or(StatusCode::NOT_FOUND)
    }
}

async fn check(State(world): State<Shared>, request: Request, next: Next) -> Result<Response, StatusCode> {
    let key = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|key| key.to_str().ok());
    let key = key.unwrap_or_default().to_owned();
    let known = key == format!("Token {KEY}");
    lock(&world).keys.push(key);
    if !known {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(next.run(request).await)
}

async fn list(State(world): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let text = |ticket: &Value, member: &str| ticket[member].as_str().unwrap_or_default().to_owned();
    let mut tickets = lock(&world).tickets.clone();
    if let Some(status) = query.get("status") {
        tickets.retain(|ticket| status.split(',').any(|status| ticket["status"] == status));
    }
    if let Some(since) = query.get("updated_since") {
        tickets.retain(|ticket| text(ticket, "updated_at") >= *since);
    }
    match query.get("sort").map(String::as_str) {
        Some("-id") => tickets.reverse(),
        Some("updated_at") => tickets.sort_by_key(|ticket| text(ticket, "updated_at")),
        _ => {}
    }
    let number = |name: &str| query.get(name).and_then(|number| number.parse().ok());
    // What a cursor holds is the provider's affair.
    let start: usize = number("cursor").unwrap_or(0);
    let end = start + number("limit").unwrap_or(25);
    let next = (end < tickets.len()).then(|| end.to_string());
    let page: Vec<_> = tickets.iter().skip(start).take(end - start).collect();
    Json(json!({ "tickets": page, "meta": { "next_cursor": next, "total": tickets.len() } }))
}

async fn single(State(world): State<Shared>, Path(id): Path<i64>) -> Result<Json<Value>, StatusCode> {
    Ok(Json(json!({ "ticket": lock(&world).find(id)? })))
}

async fn create(State(world): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    let mut world = lock(&world);
    world.made += 1;
    let mut ticket = body["ticket"].clone();
    ticket["id"] = json!(world.made);
    ticket["created_at"] = json!(world.now());
    ticket["updated_at"] = json!(world.now());
    world.tickets.push(ticket.clone());
    Json(json!({ "ticket": ticket }))
}

async fn update(
    State(world): State<Shared>,
    Path(id): Path<i64>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let mut world = lock(&world);
    let now = world.now();
    let ticket = world.find(id)?;
    for (member, value) in body["ticket"].as_object().into_iter().flatten() {
        ticket[member] = value.clone();
    }
    ticket["updated_at"] = json!(now);
    Ok(Json(json!({ "ticket": ticket })))
}

async fn remove(State(world): State<Shared>, Path(id): Path<i64>) -> Result<StatusCode, StatusCode> {
    let mut world = lock(&world);
    world.find(id)?;
    world.tickets.retain(|ticket| ticket["id"] != id);
    Ok(StatusCode::NO_CONTENT)
}

async fn comments(
    State(world): State<Shared>,
    Path(ticket): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    let world = lock(&world);
    let of = world.comments.iter().filter(|(of, _)| *of == ticket);
    let all: Vec<&Value> = of.map(|(_, comment)| comment).collect();
    let number = |name: &str| query.get(name).and_then(|number| number.parse().ok());
    let start: usize = number("cursor").unwrap_or(0);
    let end = start + number("limit").unwrap_or(25);
    let next = (end < all.len()).then(|| end.to_string());
    let page: Vec<_> = all.iter().skip(start).take(end - start).collect();
    Json(json!({ "comments": page, "meta": { "next_cursor": next, "total": all.len() } }))
}

async fn comment(
    State(world): State<Shared>,
    Path(ticket): Path<String>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let mut world = lock(&world);
    world.made += 1;
    let mut comment = body["comment"].clone();
    comment["id"] = json!(world.made);
    world.comments.push((ticket, comment.clone()));
    Json(json!({ "comment": comment }))
}

async fn one_comment(
    State(world): State<Shared>,
    Path((ticket, id)): Path<(String, i64)>,
) -> Result<Json<Value>, StatusCode> {
    let world = lock(&world);
    let mut of = world.comments.iter().filter(|(of, _)| *of == ticket);
    let found = of.find(|(_, comment)| comment["id"] == id);
    Ok(Json(json!({ "comment": found.ok_or(StatusCode::NOT_FOUND)?.1 })))
}

async fn no_comment(State(world): State<Shared>, Path((ticket, id)): Path<(String, i64)>) -> StatusCode {
    let mut world = lock(&world);
    let before = world.comments.len();
    world
        .comments
        .retain(|(of, comment)| *of != ticket || comment["id"] != id);
    match world.comments.len() < before {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}
