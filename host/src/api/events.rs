//! Stored events, one for each notification of an instance.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::HeaderMap,
    routing::get,
};
use serde_json::{Value, json};

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instances, instant,
    page::Page,
    query::Query,
    view,
};
use crate::store::{
    InstanceId, Notification, NotificationFilter, NotificationId, NotificationSource, Progress,
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/instances/events", get(list_all))
        .route("/instances/events/{event}", get(get_any))
        .route("/instances/{id}/events", get(list))
        .route("/instances/{id}/events/{event}", get(get_of))
}

/// `GET /instances/events`: of the Element token's instance, or of all.
async fn list_all(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    page(&api, &caller, caller.own(), &query).await
}

/// `GET /instances/{id}/events`.
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    page(&api, &caller, Some(instance.id), &query).await
}

/// `GET /instances/events/{eventId}`.
async fn get_any(
    State(api): State<Api>,
    caller: Caller,
    Path(event): Path<String>,
) -> ApiResult<Json<Value>> {
    one(&api, &caller, caller.own(), event).await
}

/// `GET /instances/{id}/events/{eventId}`.
async fn get_of(
    State(api): State<Api>,
    caller: Caller,
    Path((id, event)): Path<(String, String)>,
) -> ApiResult<Json<Value>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    one(&api, &caller, Some(instance.id), event).await
}

async fn one(
    api: &Api,
    caller: &Caller,
    instance: Option<InstanceId>,
    event: String,
) -> ApiResult<Json<Value>> {
    let filter = NotificationFilter {
        source: NotificationSource::Instances,
        instance,
        event_id: Some(event.clone()),
        limit: Some(1),
        ..NotificationFilter::default()
    };
    let found = api.host.store.notifications(caller.user.account, &filter).await?;
    let found = found
        .first()
        .ok_or_else(|| ApiError::not_found(format!("there is no event {event}")))?;
    Ok(Json(shown(found)))
}

async fn page(
    api: &Api,
    caller: &Caller,
    instance: Option<InstanceId>,
    query: &Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    let page = Page::of(query)?;
    let filter = NotificationFilter {
        source: NotificationSource::Instances,
        instance,
        before: page.after.map(NotificationId),
        object_id: query.get("objectId").map(str::to_owned),
        from: instant::of(query, "from")?,
        to: instant::of(query, "to")?,
        limit: page.limit(),
        ..NotificationFilter::default()
    };
    let mut found = api.host.store.notifications(caller.user.account, &filter).await?;
    let headers = page.headers(&mut found, |last| last.id.0);
    Ok((headers, Json(found.iter().map(shown).collect())))
}

/// An event as section 5.8 of the reference has it; `providerData` is the message as text.
pub(super) fn shown(notification: &Notification) -> Value {
    let body: Value = serde_json::from_slice(&notification.body).unwrap_or_default();
    let message = body.get("message").cloned().unwrap_or_default();
    let date = view::instant(notification.created);
    json!({
        "id": notification.event_id,
        "eventDate": date,
        "status": status(notification.progress),
        "providerData": message.to_string(),
        "notifiedData": [message],
        "eventElementInstances": [{
            "eventId": notification.event_id,
            "elementInstanceId": notification.instance,
            "notificationId": notification.id,
            "notifiedData": [message],
            "createdDate": date,
            "updatedDate": date,
        }],
    })
}

/// `RECEIVED` until an attempt to deliver it begins, then `DISPATCHED` until the first subscription has it, then and
/// for good `NOTIFIED`. Cloud Elements' `NEW` and `CONSUMED` name steps that are not there.
fn status(progress: Progress) -> &'static str {
    match progress {
        Progress::Stored => "RECEIVED",
        Progress::Tried => "DISPATCHED",
        Progress::Delivered => "NOTIFIED",
    }
}
