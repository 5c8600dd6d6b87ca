//! Stored events, one for each notification.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue},
};
use serde_json::{Value, json};

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instances,
    query::Query,
    view,
};
use crate::store::{InstanceId, Notification, NotificationFilter, NotificationId};

/// So many events on a page, unless the caller says otherwise.
const PAGE: usize = 200;

/// `GET /instances/events`: of the Element token's instance, or of all.
pub(super) async fn list_all(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    let instance = caller.instance.as_ref().map(|instance| instance.id);
    page(&api, &caller, instance, &query).await
}

/// `GET /instances/{id}/events`.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    page(&api, &caller, Some(instance.id), &query).await
}

/// `GET /instances/{id}/events/{eventId}`.
pub(super) async fn get(
    State(api): State<Api>,
    caller: Caller,
    Path((id, event)): Path<(String, String)>,
) -> ApiResult<Json<Value>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let filter = NotificationFilter {
        instance: Some(instance.id),
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
    let limit = query
        .number("pageSize")?
        .map_or(PAGE, |size| (size as usize).min(PAGE));
    let before = match query.get("nextPage") {
        None => None,
        Some(token) => Some(token.parse().map(NotificationId).map_err(|_no_number| {
            ApiError::bad_request("nextPage: take the value of the Elements-Next-Page-Token header as it is")
        })?),
    };
    let filter = NotificationFilter {
        instance,
        before,
        object_id: query.get("objectId").map(str::to_owned),
        limit: Some(limit + 1),
        ..NotificationFilter::default()
    };
    let mut found = api.host.store.notifications(caller.user.account, &filter).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let mut headers = HeaderMap::new();
    headers.insert("elements-returned-count", HeaderValue::from(found.len()));
    if let (true, Some(last)) = (more, found.last()) {
        headers.insert("elements-next-page-token", HeaderValue::from(last.id.0));
    }
    Ok((headers, Json(found.iter().map(shown).collect())))
}

/// An event as section 5.8 of the reference has it; `providerData` is the message as text.
fn shown(notification: &Notification) -> Value {
    let body: Value = serde_json::from_slice(&notification.body).unwrap_or_default();
    let message = body.get("message").cloned().unwrap_or_default();
    let date = view::instant(notification.created);
    json!({
        "id": notification.event_id,
        "eventDate": date,
        "status": if notification.delivered { "NOTIFIED" } else { "RECEIVED" },
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
