//! What is ours beside the compatible interface: how the host and its adapters are.

use std::sync::atomic::Ordering;

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use super::{Api, auth::Caller, view::instant};
use crate::adapter::Health;

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

/// `GET /adapters`: what is served, and what is not and why.
pub(super) async fn adapters(State(api): State<Api>, _: Caller) -> Json<Value> {
    let served = api.host.adapters.list().into_iter().map(|adapter| {
        let (state, reason, until) = match adapter.health() {
            Health::Ready => ("ready", None, None),
            Health::Degraded { why, .. } => ("degraded", Some(why), None),
            Health::Quarantined { until, why } => ("quarantined", Some(why), Some(instant(until))),
        };
        let mut shown = json!({
            "file": adapter.file(), "element": adapter.key(), "digest": adapter.digest(), "state": state,
        });
        if let Value::Object(members) = &mut shown {
            members.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
            members.extend(until.map(|until| ("until".to_owned(), until.into())));
        }
        shown
    });
    let rejected = api.host.adapters.rejected().into_iter().map(|rejected| {
        json!({
            "file": rejected.file, "state": "rejected", "reason": rejected.reason, "since": instant(rejected.since),
        })
    });
    Json(served.chain(rejected).collect())
}
