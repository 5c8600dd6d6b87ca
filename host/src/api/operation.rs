//! What is ours beside the compatible interface: how the host, its adapters and its pollers are.

use std::sync::atomic::Ordering;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instances,
    query::Query,
    view::instant,
};
use crate::{
    adapter::Health,
    store::{DeliveryFilter, DeliveryId},
};

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

/// `GET /instances/{id}/pollers`.
pub(super) async fn pollers(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let schedule = api.host.store.schedule(instance.id).await?;
    let next_run = schedule.as_ref().map(|schedule| instant(schedule.next_run));
    let pollers = api.host.store.pollers(instance.id).await?;
    let shown = pollers.into_iter().map(|poller| {
        let state = match (poller.paused, poller.failures) {
            (true, _) => "paused",
            (false, 0) => "ok",
            (false, _) => "failing",
        };
        json!({
            "resource": poller.resource,
            "state": state,
            "lastSuccess": poller.last_success.map(instant),
            "lastFailure": poller.last_failure.map(instant),
            "lastError": poller.last_error,
            "failures": poller.failures,
            "nextRun": next_run,
            "cursor": instant(poller.cursor),
            "records": poller.records,
            "events": poller.events,
            "configuration": serde_json::from_str::<Value>(&poller.configuration).unwrap_or_default(),
        })
    });
    Ok(Json(shown.collect()))
}

/// `POST /instances/{id}/polls`: poll now.
pub(super) async fn poll_now(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    match api.scheduler.poll_now(instance.id).await? {
        true => pollers(State(api), caller, Path(id)).await,
        false => {
            let message = format!("instance {id} is not polled, or a poll of it is in progress");
            Err(ApiError::new(StatusCode::CONFLICT, message))
        }
    }
}

/// `GET /instances/{id}/deliveries`, newest first.
pub(super) async fn deliveries(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let filter = DeliveryFilter {
        instance: Some(instance.id),
        before: query.number("nextPage")?.map(|id| DeliveryId(i64::from(id))),
        limit: query.number("pageSize")?.map(|size| (size as usize).min(200)),
        ..DeliveryFilter::default()
    };
    let found = api.host.store.deliveries(caller.user.account, &filter).await?;
    let shown = found.into_iter().map(|delivery| {
        json!({
            "id": delivery.id,
            "notificationId": delivery.notification,
            "eventId": delivery.event_id,
            "subscriptionId": delivery.subscription,
            "status": delivery.status,
            "attempts": delivery.attempts,
            "nextAttempt": delivery.next_attempt.map(instant),
            "lastStatus": delivery.last_status,
            "lastError": delivery.last_error,
            "createdDate": instant(delivery.created),
            "updatedDate": instant(delivery.updated),
        })
    });
    Ok(Json(shown.collect()))
}
