//! `/instances/{id}/pollers` and `/polls`: how polling goes, and what an operator can do about it.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instances, instant,
    openapi::Endpoint,
    polls,
    polls::{EventCounts, PollView},
    view,
};
use crate::{
    body::read,
    clock::Millis,
    poll::{NoPoll, Preview, PreviewRequest},
    store::{EventKind, Instance, InstanceState, PollFilter, PollRequest, Poller, PollerSwitch, Schedule},
};

/// So many past polls are shown with a poller.
const HISTORY: usize = 20;
/// So many records of a preview are shown, unless the caller says otherwise.
const SHOWN: usize = 20;
/// The most records that a preview shows.
const MOST_SHOWN: usize = 1000;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/instances/{id}/pollers", get(list))
        .route("/instances/{id}/pollers/{resource}", get(show).patch(change))
        .route("/instances/{id}/polls", post(poll_now).get(polls::list))
        .route("/instances/{id}/polls/preview", post(preview))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/instances/{id}/pollers", "How its pollers are").lists::<PollerView>(),
        Endpoint::get(
            "/instances/{id}/pollers/{resource}",
            "How one of them is, with its last polls",
        )
        .answers::<PollerView>(),
        Endpoint::patch(
            "/instances/{id}/pollers/{resource}",
            "Pause it, resume it, or set its cursor back",
        )
        .takes::<Change>()
        .example(json!({ "cursor": "2026-01-31T12:00:00Z" }))
        .answers::<PollerView>(),
        Endpoint::post("/instances/{id}/polls", "Poll now")
            .takes::<PollBody>()
            .example(json!({ "resource": "contacts" }))
            .lists::<PollerView>()
            .may_conflict(),
        Endpoint::post(
            "/instances/{id}/polls/preview",
            "What a poll would ask for, read and tell; nothing is stored",
        )
        .takes::<PreviewBody>()
        .example(json!({ "resource": "contacts", "show": 5 }))
        .lists::<PreviewView>()
        .at_provider()
        .may_conflict(),
    ]
}

/// How a poller is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Poller)]
struct PollerView {
    resource: String,
    /// `ok`, `failing`, `paused`, `needs-authentication` or `disabled`.
    state: &'static str,
    /// Why it does not go well.
    #[schema(required)]
    reason: Option<String>,
    #[schema(required)]
    last_success: Option<String>,
    #[schema(required)]
    last_failure: Option<String>,
    #[schema(required)]
    last_error: Option<String>,
    /// How many polls in a row failed.
    failures: u32,
    /// When it is due; null while it rests.
    #[schema(required)]
    next_run: Option<String>,
    /// In seconds.
    #[schema(required, value_type = Option<i64>)]
    interval: Option<Millis>,
    /// Records changed before are not told.
    start: String,
    /// Up to when, in provider time, everything is stored.
    cursor: String,
    /// Records read so far.
    records: u64,
    /// Events found so far.
    events: u64,
    /// Its configuration in force.
    configuration: Value,
    /// Its last polls, where one poller is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    polls: Option<Vec<PollView>>,
}

/// What a poll of a resource would do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Preview)]
struct PreviewView {
    resource: String,
    since: String,
    until: String,
    requests: Vec<PreviewedRequest>,
    record_count: u32,
    event_count: u32,
    events: EventCounts,
    /// Whether the window was walked to its end.
    complete: bool,
    /// Why it was not.
    #[schema(required)]
    error: Option<String>,
    /// The first records.
    records: Vec<PreviewedRecord>,
}

/// A request of a preview.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewedRequest {
    #[serde(flatten)]
    request: PollRequest,
    /// What was sent, as text.
    #[schema(required)]
    body: Option<String>,
}

/// A record of a preview.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PreviewedRecord {
    object_id: String,
    #[schema(required)]
    updated: Option<String>,
    /// The event that would be told; null when the record is no news.
    #[schema(required)]
    event: Option<EventKind>,
    /// The record as the provider has it.
    raw: Value,
}

/// `GET /instances/{id}/pollers`.
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Vec<PollerView>>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let schedule = api.host.store.schedule(instance.id).await?;
    let pollers = api.host.store.pollers(instance.id).await?;
    let shown = pollers
        .iter()
        .map(|poller| shown(&instance, schedule.as_ref(), poller));
    Ok(Json(shown.collect()))
}

/// `GET /instances/{id}/pollers/{resource}`: with its last polls.
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path((id, resource)): Path<(String, String)>,
) -> ApiResult<Json<PollerView>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    whole(&api, &instance, &resource).await.map(Json)
}

/// What to change of a poller.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PollerChange)]
struct Change {
    /// Whether it rests.
    #[serde(default)]
    paused: Option<bool>,
    /// Where to start again: an instant that is not ahead of the poller.
    #[serde(default)]
    cursor: Option<String>,
}

/// `PATCH /instances/{id}/pollers/{resource}`: pause, resume, or set back to tell again what changed since.
async fn change(
    State(api): State<Api>,
    caller: Caller,
    Path((id, resource)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult<Json<PollerView>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let poller = find(&api, &instance, &resource).await?;
    let Change { paused, cursor } = read(&body)?;
    if paused.is_none() && cursor.is_none() {
        return Err(ApiError::bad_request(
            "nothing to change: give paused (true or false), or cursor (a date to start again from)",
        ));
    }
    let cursor = cursor.map(|text| instant::parse("cursor", &text)).transpose()?;
    if let Some(cursor) = cursor
        && cursor > poller.cursor
    {
        return Err(ApiError::bad_request(format!(
            "cursor: {} is ahead of the poller, which is at {}: what lies between would be lost; it can only be set \
             back",
            view::instant(cursor),
            view::instant(poller.cursor)
        )));
    }
    let store = &api.host.store;
    if let Some(paused) = paused {
        let switch = if paused {
            PollerSwitch::Paused
        } else {
            PollerSwitch::On
        };
        store.switch_poller(poller.id, switch).await?;
    }
    if let Some(cursor) = cursor {
        store
            .rewind_poller(poller.id, cursor, api.host.clock.now())
            .await?;
        tracing::info!(instance = %instance.id, resource, cursor = view::instant(cursor), "poller set back");
    }
    api.host.polls_due.notify_one();
    whole(&api, &instance, &resource).await.map(Json)
}

/// What to poll.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = PollNow)]
struct PollBody {
    /// A resource that is polled; all of them otherwise.
    #[serde(default)]
    resource: Option<String>,
}

/// `POST /instances/{id}/polls`: poll now.
async fn poll_now(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> ApiResult<Json<Vec<PollerView>>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let asked: PollBody = read(&body)?;
    match &asked.resource {
        Some(resource) => {
            let poller = find(&api, &instance, resource).await?;
            api.scheduler.poll_one(&instance, &poller).await?;
        }
        None => api.scheduler.poll_now(&instance).await?,
    }
    list(State(api), caller, Path(id)).await
}

impl From<NoPoll> for ApiError {
    fn from(no: NoPoll) -> Self {
        match no {
            NoPoll::Store(error) => error.into(),
            no => Self::new(StatusCode::CONFLICT, no.to_string()),
        }
    }
}

/// What to preview.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = PreviewRequest)]
struct PreviewBody {
    /// A resource that is polled; all of them otherwise.
    #[serde(default)]
    resource: Option<String>,
    /// Where the window starts, instead of where the next poll would.
    #[serde(default)]
    since: Option<String>,
    /// So many records are shown.
    #[serde(default)]
    show: Option<usize>,
}

/// `POST /instances/{id}/polls/preview`: what a poll would do, without storing or delivering anything.
async fn preview(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> ApiResult<Json<Vec<PreviewView>>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let asked: PreviewBody = read(&body)?;
    let since = asked
        .since
        .map(|text| instant::parse("since", &text))
        .transpose()?;
    let pollers = match &asked.resource {
        Some(resource) => vec![find(&api, &instance, resource).await?],
        None => api.host.store.pollers(instance.id).await?,
    };
    if pollers.is_empty() || instance.disabled {
        return Err(api.scheduler.why_not(&instance).await.into());
    }
    let request = PreviewRequest {
        since,
        show: asked.show.unwrap_or(SHOWN).min(MOST_SHOWN),
    };
    let previews = api.scheduler.preview(&instance, &pollers, request).await?;
    Ok(Json(previews.into_iter().map(previewed).collect()))
}

fn previewed(preview: Preview) -> PreviewView {
    let requests = preview.requests.into_iter().map(|asked| PreviewedRequest {
        request: asked.request,
        body: asked.body,
    });
    let records = preview.records.into_iter().map(|record| PreviewedRecord {
        object_id: record.object_id,
        updated: record.updated.map(view::instant),
        event: record.event,
        raw: serde_json::from_str(record.raw.get()).unwrap_or_default(),
    });
    PreviewView {
        resource: preview.resource,
        since: view::instant(preview.since),
        until: view::instant(preview.until),
        requests: requests.collect(),
        record_count: preview.record_count,
        event_count: preview.events.all,
        events: EventCounts::from(preview.events),
        complete: preview.complete,
        error: preview.error,
        records: records.collect(),
    }
}

async fn find(api: &Api, instance: &Instance, resource: &str) -> ApiResult<Poller> {
    let pollers = api.host.store.pollers(instance.id).await?;
    let known: Vec<&str> = pollers.iter().map(|poller| poller.resource.as_str()).collect();
    let missing = || {
        let known = if known.is_empty() {
            "nothing".to_owned()
        } else {
            known.join(", ")
        };
        ApiError::not_found(format!(
            "instance {} does not poll {resource:?}; it polls {known}",
            instance.id
        ))
    };
    let found = pollers.iter().find(|poller| poller.resource == resource);
    found.cloned().ok_or_else(missing)
}

async fn whole(api: &Api, instance: &Instance, resource: &str) -> ApiResult<PollerView> {
    let poller = find(api, instance, resource).await?;
    let schedule = api.host.store.schedule(instance.id).await?;
    let mut whole = shown(instance, schedule.as_ref(), &poller);
    let filter = PollFilter {
        instance: Some(instance.id),
        resource: Some(poller.resource),
        limit: Some(HISTORY),
        ..PollFilter::default()
    };
    let polls = api.host.store.polls(instance.account, &filter).await?;
    whole.polls = Some(polls.into_iter().map(polls::outline).collect());
    Ok(whole)
}

fn shown(instance: &Instance, schedule: Option<&Schedule>, poller: &Poller) -> PollerView {
    let (state, rests) = match (instance.disabled, instance.state, poller.paused, poller.failures) {
        (true, ..) => ("disabled", true),
        (_, InstanceState::NeedsAuthentication, ..) => ("needs-authentication", true),
        (.., true, _) => ("paused", true),
        (.., 0) => ("ok", false),
        _ => ("failing", false),
    };
    let next_run = schedule.filter(|_| !rests).map(|schedule| {
        let own = poller.retry.filter(|_| schedule.failures > 0);
        view::instant(own.map_or(schedule.next_run, |retry| retry.max(schedule.next_run)))
    });
    PollerView {
        resource: poller.resource.clone(),
        state,
        reason: match state {
            "needs-authentication" => instance.state_reason.clone(),
            "failing" => poller.last_error.clone(),
            _ => None,
        },
        last_success: poller.last_success.map(view::instant),
        last_failure: poller.last_failure.map(view::instant),
        last_error: poller.last_error.clone(),
        failures: poller.failures,
        next_run,
        interval: schedule.map(|schedule| schedule.interval / 1000),
        start: view::instant(poller.start),
        cursor: view::instant(poller.cursor),
        records: poller.records,
        events: poller.events,
        configuration: serde_json::from_str(&poller.configuration).unwrap_or_default(),
        polls: None,
    }
}
