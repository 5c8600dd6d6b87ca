//! What is ours beside the compatible interface: the adapters, what is with each, and their reload.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing,
};
use serde_json::{Map, Value, json};

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    view::instant,
};
use crate::{
    adapter::{Adapter, Health, Reloaded, Standing, Unserved, UnservedState},
    store::Role,
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/adapters", routing::get(list))
        .route("/adapters/{name}", routing::get(get))
        .route("/adapters/{name}/reload", routing::post(reload))
}

/// `GET /adapters`: what is served, and what is not and why.
async fn list(State(api): State<Api>, _: Caller) -> Json<Value> {
    Json(entries(&api).collect())
}

/// `GET /adapters/{name}`: the entries of one element, component or description file.
async fn get(State(api): State<Api>, _: Caller, Path(name): Path<String>) -> ApiResult<Json<Value>> {
    of(&api, &name)
}

/// `POST /adapters/{name}/reload`: read and load it anew, whether its files changed or not. A record of strikes and a
/// quarantine end with it. Adapters serve all organizations, so that only operators may.
async fn reload(State(api): State<Api>, caller: Caller, Path(name): Path<String>) -> ApiResult<Json<Value>> {
    if caller.user.role < Role::Operator {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "only operators reload adapters",
        ));
    }
    match api.host.adapters.reload(&name).await {
        Reloaded::Done => of(&api, &name),
        Reloaded::Unknown => Err(unknown(&name)),
        Reloaded::Stopped => Err(ApiError::unavailable(
            "the host is stopping",
            std::time::Duration::from_secs(5),
        )),
    }
}

fn of(api: &Api, name: &str) -> ApiResult<Json<Value>> {
    let named = |entry: &Value| {
        ["element", "file", "package"]
            .iter()
            .any(|member| entry[*member] == name)
    };
    match entries(api).filter(named).collect::<Vec<_>>() {
        none if none.is_empty() => Err(unknown(name)),
        entries => Ok(Json(entries.into())),
    }
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!(
        "there is no adapter {name:?}; name an element, a .wasm file or a description file of GET /adapters"
    ))
}

fn entries(api: &Api) -> impl Iterator<Item = Value> {
    let adapters = &api.host.adapters;
    let served = adapters.list().into_iter().map(|adapter| served(&adapter));
    served.chain(
        adapters
            .unserved()
            .into_iter()
            .map(|unserved| self::unserved(&unserved)),
    )
}

fn served(adapter: &Adapter) -> Value {
    let Standing { health, since } = adapter.standing();
    let exports = adapter.exports().iter();
    let exports: Vec<String> = exports
        .map(|(interface, version)| format!("{interface}@{version}"))
        .collect();
    let mut shown = json!({
        "element": adapter.key(), "file": adapter.file(), "package": adapter.package_file(),
        "state": "ready", "since": instant(since), "digest": adapter.digest(), "fileDigest": adapter.file_digest(),
        "size": adapter.size(), "signature": adapter.verdict(), "packageSignature": adapter.package_verdict(),
        "contract": adapter.contract(), "imports": adapter.imports(), "exports": exports,
        "counters": adapter.counted(),
    });
    if let Value::Object(members) = &mut shown {
        match health {
            Health::Ready => {}
            Health::Degraded { strikes, why } => {
                members.insert("state".to_owned(), "degraded".into());
                members.insert("strikes".to_owned(), strikes.into());
                members.insert("reason".to_owned(), why.into());
            }
            Health::Quarantined { until, why } => {
                members.insert("state".to_owned(), "quarantined".into());
                members.insert("until".to_owned(), instant(until).into());
                members.insert("reason".to_owned(), why.into());
            }
        }
    }
    without_null(shown)
}

fn unserved(unserved: &Unserved) -> Value {
    let state = match unserved.state {
        UnservedState::Loading => "loading",
        UnservedState::Waiting => "waiting",
        UnservedState::Rejected => "rejected",
    };
    without_null(json!({
        "file": unserved.file, "package": unserved.package, "state": state, "reason": unserved.reason,
        "since": instant(unserved.since), "signature": unserved.doubt,
    }))
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let told = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(told.collect::<Map<_, _>>())
        }
        other => other,
    }
}
