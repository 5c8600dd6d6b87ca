//! The provider that the guide's adapter is for.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use chrono::Utc;
use serde_json::{Value, json};

/// Its key.
pub(crate) const KEY: &str = "a-k3y-0f-th3-sh0p";

/// Start it; its address. It ends with the test.
pub(crate) async fn open() -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    let router = Router::new()
        .route("/v1/contacts", get(contacts))
        .with_state(Arc::default());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// Whoever asks finds a new contact.
async fn contacts(
    State(asked): State<Arc<AtomicU64>>,
    headers: HeaderMap,
) -> Result<Json<Vec<Value>>, StatusCode> {
    if headers.get("x-api-key").is_none_or(|key| key != KEY) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    #[expect(clippy::disallowed_methods, reason = "a provider has a clock of its own")]
    let now = Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let id = asked.fetch_add(1, Ordering::Relaxed);
    Ok(Json(vec![
        json!({ "id": id, "name": "Ada", "created_at": now, "updated_at": now }),
    ]))
}
