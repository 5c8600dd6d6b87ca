//! What is ours beside the compatible interface: how the host is.

use std::sync::atomic::Ordering;

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use super::Api;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: it can work.
pub(super) async fn readyz(State(api): State<Api>) -> (StatusCode, Json<Value>) {
    let store = api
        .host
        .store
        .ping()
        .await
        .map_or_else(|error| error.to_string(), |()| "ok".to_owned());
    let adapters = if api.ready.load(Ordering::Relaxed) {
        "ok"
    } else {
        "still loading"
    };
    let ready = store == "ok" && adapters == "ok";
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(
            json!({ "status": if ready { "ok" } else { "not ready" }, "store": store, "adapters": adapters }),
        ),
    )
}
