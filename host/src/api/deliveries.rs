//! Deliveries: looked up, released from their queue, made again.

use std::collections::HashMap;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    filter::{self, Where},
    instances, instant, notifications,
    notifications::NotificationView,
    openapi::{self, Endpoint},
    page::Page,
    query::Query,
    subscriptions,
    subscriptions::SubscriptionView,
    view,
};
use crate::{
    body::read,
    clock::Millis,
    store::{
        Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, InstanceId, NotificationId, Replayed,
        SubscriptionId, User,
    },
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

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let all = "/notifications/subscriptions/deliveries";
    let again = |path: &str| {
        Endpoint::post(
            path,
            "Make deliveries again: all that failed, or those of a range",
        )
        .takes::<Replay>()
        .example(json!({ "status": "failed" }))
        .answers::<ReplayedView>()
    };
    vec![
        Endpoint::get(all, "Deliveries that match, newest first")
            .asks(openapi::DELIVERIES)
            .asks(openapi::HYDRATE)
            .pages::<DeliveryView>(),
        Endpoint::put(all, "Deliver what is queued and matches")
            .asks(openapi::DELIVERIES)
            .asks(openapi::HYDRATE)
            .lists::<DeliveryView>(),
        again(&format!("{all}/replay")),
        Endpoint::get(
            format!("{all}/{{id}}"),
            "A delivery with its attempts, its notification and its subscription",
        )
        .answers::<DeliveryView>(),
        Endpoint::post(format!("{all}/{{id}}/replay"), "Make it again").answers::<ReplayedView>(),
        Endpoint::get(
            "/notifications/{id}/subscriptions/deliveries",
            "A notification's deliveries",
        )
        .asks(openapi::HYDRATE)
        .pages::<DeliveryView>(),
        Endpoint::get(
            "/notifications/{id}/subscriptions/{subscription}/deliveries",
            "Its latest delivery to a subscription",
        )
        .asks(openapi::HYDRATE)
        .answers::<DeliveryView>(),
        Endpoint::get(
            "/instances/{id}/deliveries",
            "An instance's deliveries, newest first",
        )
        .asks(openapi::OF_STATUS)
        .asks(openapi::HYDRATE)
        .pages::<DeliveryView>(),
        again("/instances/{id}/deliveries/replay"),
    ]
}

/// A delivery, and how it goes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Delivery)]
struct DeliveryView {
    notification_id: NotificationId,
    subscription_id: SubscriptionId,
    status: DeliveryStatus,
    created_date: String,
    updated_date: String,
    id: DeliveryId,
    event_id: String,
    #[schema(required)]
    instance_id: Option<InstanceId>,
    /// How many attempts were made since it was made or resumed.
    attempts: u32,
    #[schema(required)]
    next_attempt: Option<String>,
    /// The status of the last answer.
    #[schema(required)]
    last_status: Option<u16>,
    #[schema(required)]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    notification: Option<NotificationView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscription: Option<Target>,
    /// Its attempts, where one delivery is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    history: Option<Vec<AttemptView>>,
}

/// The subscription of a delivery.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = DeliveryTarget)]
enum Target {
    Known(SubscriptionView),
    Unknown(UnknownTarget),
}

/// It is gone.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnknownTarget {}

/// An attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
struct AttemptView {
    started: String,
    #[schema(value_type = i64)]
    milliseconds: Millis,
    #[schema(required)]
    status: Option<u16>,
    #[schema(required)]
    error: Option<String>,
}

/// How many deliveries were released from their queue, and how many were made again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replayed)]
struct ReplayedView {
    released: usize,
    repeated: usize,
}

/// `GET /notifications/subscriptions/deliveries?where=…`, newest first.
async fn find_all(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<DeliveryView>>)> {
    match wanted(&query)? {
        Where::Nothing => Ok((HeaderMap::new(), Json(Vec::new()))),
        Where::Matching(filter) => list(&api, &caller.user, &query, filter).await,
    }
}

/// `PUT /notifications/subscriptions/deliveries?where=…`: deliver what is queued. Answers with what was released.
async fn release(State(api): State<Api>, caller: Caller, query: Query) -> ApiResult<Json<Vec<DeliveryView>>> {
    if query.get("where").is_none() {
        return Err(ApiError::bad_request(
            "where: is missing; to release the whole queue say where=channel='webhook' and status='queued'",
        ));
    }
    let Where::Matching(filter) = wanted(&query)? else {
        return Ok(Json(Vec::new()));
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
) -> ApiResult<(HeaderMap, Json<Vec<DeliveryView>>)> {
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
) -> ApiResult<Json<DeliveryView>> {
    let filter = DeliveryFilter {
        notification: Some(notifications::number(&id)?),
        subscription: Some(subscriptions::number(&subscription)?),
        limit: Some(1),
        ..DeliveryFilter::default()
    };
    let found = api.host.store.deliveries(caller.user.account, &filter).await?;
    let mut shown = shown_all(&api, &caller.user, &query, &found).await?;
    shown.pop().map(Json).ok_or_else(|| {
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
) -> ApiResult<(HeaderMap, Json<Vec<DeliveryView>>)> {
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
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<DeliveryView>> {
    let delivery = find(&api, &caller.user, &id).await?;
    let mut shown = hydrated(&api, &caller.user, &delivery, &mut HashMap::new()).await?;
    let attempts = api.host.store.attempts(caller.user.account, delivery.id).await?;
    let attempts = attempts.into_iter().map(|attempt| AttemptView {
        started: view::instant(attempt.started),
        milliseconds: attempt.finished.saturating_sub(attempt.started),
        status: attempt.status,
        error: attempt.error,
    });
    shown.history = Some(attempts.collect());
    Ok(Json(shown))
}

/// `POST /notifications/subscriptions/deliveries/{id}/replay`.
async fn replay_one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<ReplayedView>> {
    let delivery = find(&api, &caller.user, &id).await?;
    let filter = DeliveryFilter {
        id: Some(delivery.id),
        ..DeliveryFilter::default()
    };
    Ok(Json(told(replay_all(&api, &caller.user, &filter).await?)))
}

/// Which deliveries to make again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReplayRequest)]
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
async fn replay(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<ReplayedView>> {
    replay_some(&api, &caller.user, caller.own(), &body).await
}

/// `POST /instances/{id}/deliveries/replay`.
async fn replay_of_instance(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> ApiResult<Json<ReplayedView>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    replay_some(&api, &caller.user, Some(instance.id), &body).await
}

async fn replay_some(
    api: &Api,
    user: &User,
    instance: Option<InstanceId>,
    body: &[u8],
) -> ApiResult<Json<ReplayedView>> {
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

fn told(replayed: Replayed) -> ReplayedView {
    ReplayedView {
        released: replayed.released,
        repeated: replayed.repeated,
    }
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
) -> ApiResult<(HeaderMap, Json<Vec<DeliveryView>>)> {
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

async fn shown_all(
    api: &Api,
    user: &User,
    query: &Query,
    found: &[Delivery],
) -> ApiResult<Vec<DeliveryView>> {
    if !query.truth("hydrate") {
        return Ok(found.iter().map(shown).collect());
    }
    let mut known = HashMap::new();
    let mut all = Vec::with_capacity(found.len());
    for delivery in found {
        all.push(hydrated(api, user, delivery, &mut known).await?);
    }
    Ok(all)
}

/// With its notification and its subscription.
async fn hydrated(
    api: &Api,
    user: &User,
    delivery: &Delivery,
    known: &mut HashMap<SubscriptionId, Target>,
) -> ApiResult<DeliveryView> {
    let notification = notifications::find(api, user, delivery.notification).await?;
    let subscription = match known.get(&delivery.subscription) {
        Some(subscription) => subscription.clone(),
        None => {
            let found = subscriptions::look_up(api, user, delivery.subscription).await?;
            let shown = found.as_ref().map(subscriptions::shown);
            let shown = shown.map_or(Target::Unknown(UnknownTarget {}), Target::Known);
            known.insert(delivery.subscription, shown.clone());
            shown
        }
    };
    Ok(DeliveryView {
        notification: Some(notifications::shown(&notification)),
        subscription: Some(subscription),
        ..shown(delivery)
    })
}

/// As section 2.6 of the reference has it, and how it goes.
fn shown(delivery: &Delivery) -> DeliveryView {
    DeliveryView {
        notification_id: delivery.notification,
        subscription_id: delivery.subscription,
        status: delivery.status,
        created_date: view::instant(delivery.created),
        updated_date: view::instant(delivery.updated),
        id: delivery.id,
        event_id: delivery.event_id.clone(),
        instance_id: delivery.instance,
        attempts: delivery.attempts,
        next_attempt: delivery.next_attempt.map(view::instant),
        last_status: delivery.last_status,
        last_error: delivery.last_error.clone(),
        notification: None,
        subscription: None,
        history: None,
    }
}
