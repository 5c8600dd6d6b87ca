//! Deliveries: looked up, released from their queue, made again.

use std::collections::HashMap;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    filter::{self, Where},
    instances, instant, notifications,
    notifications::read,
    page::Page,
    query::Query,
    subscriptions, view,
};
use crate::store::{
    Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, InstanceId, NotificationId, Replayed,
    SubscriptionId, User,
};

pub(super) fn routes() -> Router<Api> {
    let all = "/notifications/subscriptions/deliveries";
    Router::new()
        .route(all, get(find_all).put(release))
        .route(&format!("{all}/replay"), post(replay))
        .route(&format!("{all}/{{id}}"), get(show))
        .route(&format!("{all}/{{id}}/replay"), post(replay_one))
        .route(
            "/notifications/{id}/subscriptions/deliveries",
            get(of_notification),
        )
        .route(
            "/notifications/{id}/subscriptions/{subscription}/deliveries",
            get(of_subscription),
        )
        .route("/instances/{id}/deliveries", get(of_instance))
        .route("/instances/{id}/deliveries/replay", post(replay_of_instance))
}

/// `GET /notifications/subscriptions/deliveries?where=…`, newest first.
async fn find_all(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    match wanted(&query)? {
        Where::Nothing => Ok((HeaderMap::new(), Json(json!([])))),
        Where::Matching(filter) => list(&api, &caller.user, &query, filter).await,
    }
}

/// `PUT /notifications/subscriptions/deliveries?where=…`: deliver what is queued. Answers with what was released.
async fn release(State(api): State<Api>, caller: Caller, query: Query) -> ApiResult<Json<Value>> {
    if query.get("where").is_none() {
        return Err(ApiError::bad_request(
            "where: is missing; to release the whole queue say where=channel='webhook' and status='queued'",
        ));
    }
    let Where::Matching(filter) = wanted(&query)? else {
        return Ok(Json(json!([])));
    };
    let filter = DeliveryFilter {
        status: filter.status.or(Some(DeliveryStatus::Queued)),
        ..filter
    };
    let before = api.host.store.deliveries(caller.user.account, &filter).await?;
    replay_all(&api, &caller.user, &filter).await?;
    let mut released = Vec::with_capacity(before.len());
    for delivery in before {
        let filter = DeliveryFilter {
            id: Some(delivery.id),
            ..DeliveryFilter::default()
        };
        released.extend(api.host.store.deliveries(caller.user.account, &filter).await?);
    }
    Ok(Json(shown_all(&api, &caller.user, &query, &released).await?))
}

/// `GET /notifications/{id}/subscriptions/deliveries`.
async fn of_notification(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    let found = notifications::find(&api, &caller.user, notifications::number(&id)?).await?;
    let filter = DeliveryFilter {
        notification: Some(found.id),
        ..DeliveryFilter::default()
    };
    list(&api, &caller.user, &query, filter).await
}

/// `GET /notifications/{id}/subscriptions/{subscription}/deliveries`: one object, the latest.
async fn of_subscription(
    State(api): State<Api>,
    caller: Caller,
    Path((id, subscription)): Path<(String, String)>,
    query: Query,
) -> ApiResult<Json<Value>> {
    let filter = DeliveryFilter {
        notification: Some(notifications::number(&id)?),
        subscription: Some(subscriptions::number(&subscription)?),
        limit: Some(1),
        ..DeliveryFilter::default()
    };
    let found = api.host.store.deliveries(caller.user.account, &filter).await?;
    let mut shown = shown_all(&api, &caller.user, &query, &found).await?;
    let first = shown.as_array_mut().and_then(Vec::pop);
    first.map(Json).ok_or_else(|| {
        ApiError::not_found(format!(
            "there is no delivery of the notification {id} to the subscription {subscription}"
        ))
    })
}

/// `GET /instances/{id}/deliveries`, newest first.
async fn of_instance(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let status = query.get("status").map(filter::status).transpose()?.flatten();
    let filter = DeliveryFilter {
        instance: Some(instance.id),
        status,
        from: instant::of(&query, "from")?,
        to: instant::of(&query, "to")?,
        ..DeliveryFilter::default()
    };
    list(&api, &caller.user, &query, filter).await
}

/// `GET /notifications/subscriptions/deliveries/{id}`: with its attempts, notification and subscription.
async fn show(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let delivery = find(&api, &caller.user, &id).await?;
    let mut shown = hydrated(&api, &caller.user, &delivery, &mut HashMap::new()).await?;
    let attempts = api.host.store.attempts(caller.user.account, delivery.id).await?;
    let attempts = attempts.into_iter().map(|attempt| {
        json!({
            "started": view::instant(attempt.started),
            "milliseconds": attempt.finished.saturating_sub(attempt.started),
            "status": attempt.status,
            "error": attempt.error,
        })
    });
    if let Value::Object(members) = &mut shown {
        members.insert("history".to_owned(), attempts.collect());
    }
    Ok(Json(shown))
}

/// `POST /notifications/subscriptions/deliveries/{id}/replay`.
async fn replay_one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let delivery = find(&api, &caller.user, &id).await?;
    let filter = DeliveryFilter {
        id: Some(delivery.id),
        ..DeliveryFilter::default()
    };
    Ok(Json(told(replay_all(&api, &caller.user, &filter).await?)))
}

/// Which deliveries to make again.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replay {
    /// `failed` (retry and queued), or a status; all when there is a range.
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    subscription_id: Option<i64>,
    #[serde(default)]
    notification_id: Option<i64>,
}

/// `POST /notifications/subscriptions/deliveries/replay`: all that failed, or those of a range.
async fn replay(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<Value>> {
    replay_some(&api, &caller.user, caller.own(), &body).await
}

/// `POST /instances/{id}/deliveries/replay`.
async fn replay_of_instance(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> ApiResult<Json<Value>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    replay_some(&api, &caller.user, Some(instance.id), &body).await
}

async fn replay_some(
    api: &Api,
    user: &User,
    instance: Option<InstanceId>,
    body: &[u8],
) -> ApiResult<Json<Value>> {
    let asked: Replay = read(body)?;
    let range = asked.from.is_some() || asked.notification_id.is_some();
    let statuses = match asked.status.as_deref() {
        Some("failed") => vec![Some(DeliveryStatus::Retry), Some(DeliveryStatus::Queued)],
        Some("all") if range => vec![None],
        None if range => vec![None],
        None | Some("all") => {
            return Err(ApiError::bad_request(
                "status: is missing; say failed for all that failed, or give a range with from and to",
            ));
        }
        Some(status) => vec![filter::status(status)?],
    };
    let filter = DeliveryFilter {
        instance,
        notification: asked.notification_id.map(NotificationId),
        subscription: asked.subscription_id.map(SubscriptionId),
        from: asked.from.map(|text| instant::parse("from", &text)).transpose()?,
        to: asked.to.map(|text| instant::parse("to", &text)).transpose()?,
        ..DeliveryFilter::default()
    };
    let mut sum = Replayed::default();
    for status in statuses {
        let filter = DeliveryFilter {
            status,
            ..filter.clone()
        };
        let replayed = replay_all(api, user, &filter).await?;
        sum.released += replayed.released;
        sum.repeated += replayed.repeated;
    }
    Ok(Json(told(sum)))
}

/// Make deliveries again, batch by batch; those that this makes are not among them.
async fn replay_all(api: &Api, user: &User, filter: &DeliveryFilter) -> ApiResult<Replayed> {
    let now = api.host.clock.now();
    let filter = DeliveryFilter {
        to: match filter.id {
            Some(_) => filter.to,
            None => Some(filter.to.map_or(now, |to| to.min(now))),
        },
        ..filter.clone()
    };
    let mut sum = Replayed::default();
    let mut after = Some(DeliveryId(0));
    while let Some(from) = after {
        let replayed = api
            .host
            .store
            .replay_deliveries(user.account, &filter, from, now)
            .await?;
        sum.released += replayed.released;
        sum.repeated += replayed.repeated;
        after = replayed.next;
    }
    api.host.deliveries_due.notify_one();
    Ok(sum)
}

fn told(replayed: Replayed) -> Value {
    json!({ "released": replayed.released, "repeated": replayed.repeated })
}

fn wanted(query: &Query) -> ApiResult<Where> {
    match query.get("where") {
        Some(text) => filter::parse(text),
        None => Ok(Where::Matching(DeliveryFilter::default())),
    }
}

async fn find(api: &Api, user: &User, id: &str) -> ApiResult<Delivery> {
    let missing = || ApiError::not_found(format!("there is no delivery {id}"));
    let filter = DeliveryFilter {
        id: Some(id.parse().map(DeliveryId).map_err(|_no_number| missing())?),
        ..DeliveryFilter::default()
    };
    let found = api.host.store.deliveries(user.account, &filter).await?.pop();
    found.ok_or_else(missing)
}

async fn list(
    api: &Api,
    user: &User,
    query: &Query,
    filter: DeliveryFilter,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    let page = Page::of(query)?;
    let filter = DeliveryFilter {
        before: page.after.map(DeliveryId),
        limit: page.limit(),
        ..filter
    };
    let mut found = api.host.store.deliveries(user.account, &filter).await?;
    let headers = page.headers(&mut found, |last| last.id.0);
    Ok((headers, Json(shown_all(api, user, query, &found).await?)))
}

async fn shown_all(api: &Api, user: &User, query: &Query, found: &[Delivery]) -> ApiResult<Value> {
    if !query.truth("hydrate") {
        return Ok(found.iter().map(shown).collect());
    }
    let mut known = HashMap::new();
    let mut all = Vec::with_capacity(found.len());
    for delivery in found {
        all.push(hydrated(api, user, delivery, &mut known).await?);
    }
    Ok(Value::Array(all))
}

/// With its notification and its subscription.
async fn hydrated(
    api: &Api,
    user: &User,
    delivery: &Delivery,
    known: &mut HashMap<SubscriptionId, Value>,
) -> ApiResult<Value> {
    let mut shown = shown(delivery);
    let notification = notifications::find(api, user, delivery.notification).await?;
    let subscription = match known.get(&delivery.subscription) {
        Some(subscription) => subscription.clone(),
        None => {
            let found = subscriptions::look_up(api, user, delivery.subscription).await?;
            let shown = found.as_ref().map_or(json!({}), subscriptions::shown);
            known.insert(delivery.subscription, shown.clone());
            shown
        }
    };
    if let Value::Object(members) = &mut shown {
        members.insert("notification".to_owned(), notifications::shown(&notification));
        members.insert("subscription".to_owned(), subscription);
    }
    Ok(shown)
}

/// As section 2.6 of the reference has it, and how it goes.
fn shown(delivery: &Delivery) -> Value {
    json!({
        "notificationId": delivery.notification,
        "subscriptionId": delivery.subscription,
        "status": delivery.status,
        "createdDate": view::instant(delivery.created),
        "updatedDate": view::instant(delivery.updated),
        "id": delivery.id,
        "eventId": delivery.event_id,
        "instanceId": delivery.instance,
        "attempts": delivery.attempts,
        "nextAttempt": delivery.next_attempt.map(view::instant),
        "lastStatus": delivery.last_status,
        "lastError": delivery.last_error,
    })
}
