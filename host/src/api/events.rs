//! Stored events, one for each notification of an instance.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::HeaderMap,
    routing::get,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instances, instant,
    openapi::{self, Endpoint},
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

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/instances/events", "Events of all instances, or of the token's")
            .asks(openapi::EVENTS)
            .pages::<Event>(),
        Endpoint::get("/instances/{id}/events", "Events of an instance")
            .asks(openapi::EVENTS)
            .pages::<Event>(),
        Endpoint::get(
            "/instances/events/{event}",
            "An event of any instance, or of the token's",
        )
        .answers::<Event>(),
        Endpoint::get("/instances/{id}/events/{event}", "An event of an instance").answers::<Event>(),
    ]
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    id: String,
    event_date: String,
    /// `RECEIVED`, `DISPATCHED` or `NOTIFIED`.
    status: &'static str,
    /// The message as text.
    provider_data: String,
    /// The message, as it stands in notifications.
    notified_data: [Value; 1],
    event_element_instances: [EventInstance; 1],
}

/// An event of an instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EventInstance {
    event_id: String,
    #[schema(required)]
    element_instance_id: Option<InstanceId>,
    notification_id: NotificationId,
    notified_data: [Value; 1],
    created_date: String,
    updated_date: String,
}

/// `GET /instances/events`: of the Element token's instance, or of all.
async fn list_all(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<Event>>)> {
    page(&api, &caller, caller.own(), &query).await
}

/// `GET /instances/{id}/events`.
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<Event>>)> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    page(&api, &caller, Some(instance.id), &query).await
}

/// `GET /instances/events/{eventId}`.
async fn get_any(
    State(api): State<Api>,
    caller: Caller,
    Path(event): Path<String>,
) -> ApiResult<Json<Event>> {
    one(&api, &caller, caller.own(), event).await
}

/// `GET /instances/{id}/events/{eventId}`.
async fn get_of(
    State(api): State<Api>,
    caller: Caller,
    Path((id, event)): Path<(String, String)>,
) -> ApiResult<Json<Event>> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    one(&api, &caller, Some(instance.id), event).await
}

async fn one(
    api: &Api,
    caller: &Caller,
    instance: Option<InstanceId>,
    event: String,
) -> ApiResult<Json<Event>> {
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
) -> ApiResult<(HeaderMap, Json<Vec<Event>>)> {
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

/// As section 5.8 of the reference has it.
pub(super) fn shown(notification: &Notification) -> Event {
    let body: Value = serde_json::from_slice(&notification.body).unwrap_or_default();
    let message = body.get("message").cloned().unwrap_or_default();
    let date = view::instant(notification.created);
    Event {
        id: notification.event_id.clone(),
        event_date: date.clone(),
        status: status(notification.progress),
        provider_data: message.to_string(),
        notified_data: [message.clone()],
        event_element_instances: [EventInstance {
            event_id: notification.event_id.clone(),
            element_instance_id: notification.instance,
            notification_id: notification.id,
            notified_data: [message],
            created_date: date.clone(),
            updated_date: date,
        }],
    }
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
