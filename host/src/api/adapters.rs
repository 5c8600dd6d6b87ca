//! What is ours beside the compatible interface: the adapters, what is with each, and their reload.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    openapi::Endpoint,
    view::instant,
};
use crate::{
    adapter::{Adapter, Counted, Health, Reloaded, SignatureView, Standing, Unserved, UnservedState},
    store::Role,
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/adapters", routing::get(list))
        .route("/adapters/{name}", routing::get(get))
        .route("/adapters/{name}/reload", routing::post(reload))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/adapters", "What is served, and what is not and why").lists::<AdapterView>(),
        Endpoint::get(
            "/adapters/{name}",
            "The same of one element, component or description file",
        )
        .lists::<AdapterView>(),
        Endpoint::post("/adapters/{name}/reload", "Load it anew, and end its quarantine")
            .lists::<AdapterView>()
            .guarded(),
    ]
}

/// A file of the adapters folder.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Adapter)]
enum AdapterView {
    Served(Box<ServedView>),
    Unserved(UnservedView),
}

/// An adapter that is served.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ServedAdapter)]
struct ServedView {
    /// The element's key.
    element: String,
    file: String,
    /// The description file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    package: Option<String>,
    /// `ready`, `degraded` or `quarantined`.
    state: &'static str,
    since: String,
    digest: String,
    file_digest: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signature: Option<SignatureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    package_signature: Option<SignatureView>,
    /// The version of the contract.
    contract: String,
    imports: Vec<String>,
    exports: Vec<String>,
    counters: Counted,
    /// How many calls in a row failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    strikes: Option<u32>,
    /// When its quarantine ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    until: Option<String>,
    /// What failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// How it fares with calls that anybody may have sent; left out while nothing is wrong. In quarantine they are
    /// answered and kept, and read when their turn comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    door: Option<DoorView>,
}

/// How an adapter fares with calls that anybody may have sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AdapterDoor)]
struct DoorView {
    /// `degraded` or `quarantined`.
    state: &'static str,
    since: String,
    /// How many calls in a row failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    strikes: Option<u32>,
    /// When its quarantine ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    until: Option<String>,
    /// What failed.
    reason: String,
}

impl DoorView {
    fn of(Standing { health, since }: Standing) -> Option<Self> {
        let (state, strikes, until, reason) = match health {
            Health::Ready => return None,
            Health::Degraded { strikes, why } => ("degraded", Some(strikes), None, why),
            Health::Quarantined { until, why } => ("quarantined", None, Some(instant(until)), why),
        };
        let since = instant(since);
        Some(Self {
            state,
            since,
            strikes,
            until,
            reason,
        })
    }
}

/// A file that is not served.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UnservedFile)]
struct UnservedView {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    file: Option<String>,
    /// The description file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    package: Option<String>,
    /// `loading`, `waiting` or `rejected`.
    state: &'static str,
    reason: String,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signature: Option<SignatureView>,
}

/// `GET /adapters`: what is served, and what is not and why.
async fn list(State(api): State<Api>, _: Caller) -> Json<Vec<AdapterView>> {
    Json(entries(&api).collect())
}

/// `GET /adapters/{name}`: the entries of one element, component or description file.
async fn get(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
) -> ApiResult<Json<Vec<AdapterView>>> {
    of(&api, &name)
}

/// `POST /adapters/{name}/reload`: read and load it anew, whether its files changed or not. A record of strikes and a
/// quarantine end with it. Adapters serve all organizations, so that only operators may.
async fn reload(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
) -> ApiResult<Json<Vec<AdapterView>>> {
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

fn of(api: &Api, name: &str) -> ApiResult<Json<Vec<AdapterView>>> {
    let named = |entry: &AdapterView| entry.names().contains(&Some(name));
    match entries(api).filter(named).collect::<Vec<_>>() {
        none if none.is_empty() => Err(unknown(name)),
        entries => Ok(Json(entries)),
    }
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!(
        "there is no adapter {name:?}; name an element, a .wasm file or a description file of GET /adapters"
    ))
}

fn entries(api: &Api) -> impl Iterator<Item = AdapterView> {
    let adapters = &api.host.adapters;
    let served = adapters.list().into_iter().map(|adapter| served(&adapter));
    served.chain(adapters.unserved().into_iter().map(self::unserved))
}

fn served(adapter: &Adapter) -> AdapterView {
    let Standing { health, since } = adapter.standing();
    let exports = adapter.exports().iter();
    let exports: Vec<String> = exports
        .map(|(interface, version)| format!("{interface}@{version}"))
        .collect();
    let (state, strikes, until, reason) = match health {
        Health::Ready => ("ready", None, None, None),
        Health::Degraded { strikes, why } => ("degraded", Some(strikes), None, Some(why)),
        Health::Quarantined { until, why } => ("quarantined", None, Some(instant(until)), Some(why)),
    };
    AdapterView::Served(Box::new(ServedView {
        element: adapter.key().to_owned(),
        file: adapter.file().to_owned(),
        package: adapter.package_file().map(str::to_owned),
        state,
        since: instant(since),
        digest: adapter.digest().to_owned(),
        file_digest: adapter.file_digest().to_owned(),
        size: adapter.size(),
        signature: adapter.verdict().map(SignatureView::from),
        package_signature: adapter.package_verdict().map(SignatureView::from),
        contract: adapter.contract().to_owned(),
        imports: adapter.imports().to_vec(),
        exports,
        counters: adapter.counted(),
        strikes,
        until,
        reason,
        door: DoorView::of(adapter.standing_at_the_door()),
    }))
}

fn unserved(unserved: Unserved) -> AdapterView {
    let state = match unserved.state {
        UnservedState::Loading => "loading",
        UnservedState::Waiting => "waiting",
        UnservedState::Rejected => "rejected",
    };
    AdapterView::Unserved(UnservedView {
        file: unserved.file,
        package: unserved.package,
        state,
        reason: unserved.reason,
        since: instant(unserved.since),
        signature: unserved.doubt.as_ref().map(SignatureView::from),
    })
}

impl AdapterView {
    /// Whatever it may be asked for by.
    fn names(&self) -> [Option<&str>; 3] {
        match self {
            Self::Served(served) => [
                Some(&served.element),
                Some(&served.file),
                served.package.as_deref(),
            ],
            Self::Unserved(unserved) => [None, unserved.file.as_deref(), unserved.package.as_deref()],
        }
    }
}
