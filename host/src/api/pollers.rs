//! `/instances/{id}/pollers` and `/polls`: how polling goes, and what an operator can do about it.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instances, instant,
    notifications::read,
    polls, view,
};
use crate::{
    poll::{Preview, PreviewRequest},
    store::{EventKind, Instance, InstanceState, PollFilter, Poller, PollerSwitch, Schedule},
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

/// `GET /instances/{id}/pollers`.
async fn list(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
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
) -> ApiResult<Json<Value>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    whole(&api, &instance, &resource).await.map(Json)
}

/// What to change of a poller.
#[derive(Debug, Deserialize)]
struct Change {
    #[serde(default)]
    paused: Option<bool>,
    /// Where to start again.
    #[serde(default)]
    cursor: Option<String>,
}

/// `PATCH /instances/{id}/pollers/{resource}`: pause, resume, or set back to tell again what changed since.
async fn change(
    State(api): State<Api>,
    caller: Caller,
    Path((id, resource)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult<Json<Value>> {
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

/// `POST /instances/{id}/polls`: poll now.
async fn poll_now(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    match api.scheduler.poll_now(instance.id).await? {
        true => list(State(api), caller, Path(id)).await,
        false => {
            let message = format!("instance {id} is not polled, or a poll of it is in progress");
            Err(ApiError::new(StatusCode::CONFLICT, message))
        }
    }
}

/// What to preview.
#[derive(Debug, Default, Deserialize)]
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
) -> ApiResult<Json<Value>> {
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
    if pollers.is_empty() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            format!("instance {id} is not polled; event.notification.enabled has to be true for that"),
        ));
    }
    let request = PreviewRequest {
        since,
        show: asked.show.unwrap_or(SHOWN).min(MOST_SHOWN),
    };
    let previews = api.scheduler.preview(&instance, &pollers, request).await?;
    Ok(Json(previews.iter().map(previewed).collect()))
}

fn previewed(preview: &Preview) -> Value {
    let requests = preview.requests.iter().map(|asked| {
        let mut shown = json!(asked.request);
        shown["body"] = json!(asked.body);
        shown
    });
    let records = preview.records.iter().map(|record| {
        json!({
            "objectId": record.object_id,
            "updated": record.updated.map(view::instant),
            "event": record.event.map(event_type),
            "raw": record.raw,
        })
    });
    json!({
        "resource": preview.resource,
        "since": view::instant(preview.since),
        "until": view::instant(preview.until),
        "requests": requests.collect::<Vec<_>>(),
        "recordCount": preview.record_count,
        "eventCount": preview.events.all,
        "events": polls::events(preview.events),
        "complete": preview.complete,
        "error": preview.error,
        "records": records.collect::<Vec<_>>(),
    })
}

fn event_type(kind: EventKind) -> Value {
    serde_json::to_value(kind).unwrap_or_default()
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

async fn whole(api: &Api, instance: &Instance, resource: &str) -> ApiResult<Value> {
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
    let polls = polls.iter().map(polls::outline);
    if let Value::Object(members) = &mut whole {
        members.insert("polls".to_owned(), polls.collect());
    }
    Ok(whole)
}

fn shown(instance: &Instance, schedule: Option<&Schedule>, poller: &Poller) -> Value {
    let (state, rests) = match (instance.disabled, instance.state, poller.paused, poller.failures) {
        (true, ..) => ("disabled", true),
        (_, InstanceState::NeedsAuthentication, ..) => ("needs-authentication", true),
        (.., true, _) => ("paused", true),
        (.., 0) => ("ok", false),
        _ => ("failing", false),
    };
    let next_run = schedule
        .filter(|_| !rests)
        .map(|schedule| view::instant(schedule.next_run));
    json!({
        "resource": poller.resource,
        "state": state,
        "reason": match state {
            "needs-authentication" => instance.state_reason.as_deref(),
            "failing" => poller.last_error.as_deref(),
            _ => None,
        },
        "lastSuccess": poller.last_success.map(view::instant),
        "lastFailure": poller.last_failure.map(view::instant),
        "lastError": poller.last_error,
        "failures": poller.failures,
        "nextRun": next_run,
        "interval": schedule.map(|schedule| schedule.interval / 1000),
        "start": view::instant(poller.start),
        "cursor": view::instant(poller.cursor),
        "records": poller.records,
        "events": poller.events,
        "configuration": serde_json::from_str::<Value>(&poller.configuration).unwrap_or_default(),
    })
}
