//! `/notifications`: messages to topics, those of events among them.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post, put},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    openapi::{self, Endpoint, FreeObject},
    page::Page,
    query::Query,
    view,
};
use crate::{
    body::read,
    delivery::{
        envelope::DEFAULT_FROM,
        message::{self, Message, Severity},
    },
    ids,
    instance::Problem,
    store::{NewMessage, Notification, NotificationFilter, NotificationId, StoreError, User},
};

/// The longest topic.
const TOPIC: usize = 500;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/notifications", post(create).get(list))
        .route("/notifications/emails", post(email))
        .route("/notifications/{id}", get(show).delete(remove))
        .route("/notifications/{id}/acknowledge", put(acknowledge))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/notifications", "Send a message to a topic")
            .takes::<Request>()
            .example(json!({ "topic": "maintenance", "message": "Back at noon", "severity": "low" }))
            .answers::<NotificationView>(),
        Endpoint::get("/notifications", "Notifications of topics, newest first")
            .asks(openapi::TOPICS)
            .pages::<NotificationView>(),
        Endpoint::post("/notifications/emails", "Refused: no mail is sent")
            .takes::<FreeObject>()
            .refuses(),
        Endpoint::get("/notifications/{id}", "A notification").answers::<NotificationView>(),
        Endpoint::delete(
            "/notifications/{id}",
            "Remove it; what is not delivered is not delivered any more",
        ),
        Endpoint::put("/notifications/{id}/acknowledge", "Acknowledge it").answers::<NotificationView>(),
    ]
}

/// A message to a topic.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NotificationRequest)]
struct Request {
    #[serde(default)]
    severity: Option<Severity>,
    /// The name under which subscriptions wait.
    #[serde(default)]
    #[schema(required, nullable = false)]
    topic: Option<String>,
    /// What it says.
    #[serde(default)]
    #[schema(required, nullable = false)]
    message: Option<String>,
    /// Who says it.
    #[serde(default)]
    from: Option<String>,
}

/// A notification.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notification)]
pub(super) struct NotificationView {
    id: NotificationId,
    from: String,
    topic: String,
    severity: String,
    /// What it says; of events their details, as text.
    message: String,
    created_date: String,
    active: bool,
    acknowledged: bool,
    event_id: String,
}

/// `POST /notifications`.
async fn create(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<NotificationView>> {
    let request: Request = read(&body)?;
    let topic = check_topic("topic", request.topic.as_deref())?;
    let text = request
        .message
        .ok_or_else(|| ApiError::bad_request("message: is missing; it is the text to send"))?;
    let host = &api.host;
    let created = host.clock.now();
    let event_id = ids::event_id(created).map_err(Problem::from)?;
    let from = request.from.filter(|from| !from.is_empty());
    let mut tries = 0;
    let id = loop {
        let id = NotificationId(host.sequence.next(created));
        let body = message::render(&Message {
            id,
            severity: request.severity.unwrap_or_default(),
            topic,
            text: &text,
            from: from.as_deref().unwrap_or(DEFAULT_FROM),
            created,
        });
        let new = NewMessage {
            id,
            event_id: event_id.clone(),
            topic: topic.to_owned(),
            created,
            body: body.map_err(|error| ApiError::bad_request(format!("message: {error}")))?,
        };
        match host.store.post_message(caller.user.account, new).await {
            Err(StoreError::Taken(_)) if tries < 5 => tries += 1,
            posted => break posted.map(|()| id)?,
        }
    };
    host.deliveries_due.notify_one();
    Ok(Json(shown(&find(&api, &caller.user, id).await?)))
}

/// `GET /notifications?topics[]=…`, newest first.
async fn list(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<NotificationView>>)> {
    let topics: Vec<String> = topics(&query);
    if topics.is_empty() {
        return Err(ApiError::bad_request(
            "topics[]: is missing; name at least one topic, as in topics[]=instance-1-crm-events",
        ));
    }
    let page = Page::of(&query)?;
    let filter = NotificationFilter {
        topics,
        before: page.after.map(NotificationId),
        limit: page.limit(),
        ..NotificationFilter::default()
    };
    let mut found = api.host.store.notifications(caller.user.account, &filter).await?;
    let headers = page.headers(&mut found, |last| last.id.0);
    Ok((headers, Json(found.iter().map(shown).collect())))
}

/// `GET /notifications/{id}`.
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<NotificationView>> {
    Ok(Json(shown(&find(&api, &caller.user, number(&id)?).await?)))
}

/// `DELETE /notifications/{id}`: what is not delivered is not delivered any more.
async fn remove(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<StatusCode> {
    api.host
        .store
        .delete_notification(caller.user.account, number(&id)?)
        .await
        .map_err(|error| ApiError::unless_missing(error, || missing(&id)))?;
    api.host.deliveries_due.notify_one();
    Ok(StatusCode::OK)
}

/// `PUT /notifications/{id}/acknowledge`.
async fn acknowledge(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<NotificationView>> {
    let number = number(&id)?;
    let acknowledged = api.host.store.acknowledge(caller.user.account, number).await;
    acknowledged.map_err(|error| ApiError::unless_missing(error, || missing(&id)))?;
    Ok(Json(shown(&find(&api, &caller.user, number).await?)))
}

/// `POST /notifications/emails`: there is no mail here.
async fn email(_: Caller, body: Bytes) -> ApiResult<StatusCode> {
    let request: Map<String, Value> = read(&body)?;
    let to = request.get("to").and_then(Value::as_str).unwrap_or_default();
    Err(ApiError::bad_request(if to.is_empty() {
        "to: is missing; and this host sends no e-mail: subscribe a webhook to a topic instead, with POST \
         /notifications/subscriptions"
    } else {
        "this host sends no e-mail: subscribe a webhook to a topic, with POST /notifications/subscriptions, and send \
         the message to the topic with POST /notifications"
    }))
}

/// A notification of the caller's account.
pub(super) async fn find(api: &Api, user: &User, id: NotificationId) -> ApiResult<Notification> {
    let filter = NotificationFilter {
        id: Some(id),
        limit: Some(1),
        ..NotificationFilter::default()
    };
    let found = api.host.store.notifications(user.account, &filter).await?.pop();
    found.ok_or_else(|| missing(&id.to_string()))
}

/// A notification's id in a path.
pub(super) fn number(id: &str) -> ApiResult<NotificationId> {
    id.parse().map(NotificationId).map_err(|_no_number| missing(id))
}

fn missing(id: &str) -> ApiError {
    ApiError::not_found(format!("there is no notification {id}"))
}

/// As section 2.6 of the reference has it.
pub(super) fn shown(notification: &Notification) -> NotificationView {
    let body: Value = serde_json::from_slice(&notification.body).unwrap_or_default();
    let text = |member: &str| {
        let text = body.get(member).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let message = match body.get("message") {
        Some(Value::String(text)) => text.clone(),
        Some(details) => details.to_string(),
        None => String::new(),
    };
    NotificationView {
        id: notification.id,
        from: text("user"),
        topic: notification.topic.clone(),
        severity: text("severity"),
        message,
        created_date: view::instant(notification.created),
        active: true,
        acknowledged: notification.acknowledged,
        event_id: notification.event_id.clone(),
    }
}

/// The topics of a query, in either spelling.
pub(super) fn topics(query: &Query) -> Vec<String> {
    let all = query.all("topics[]").chain(query.all("topics"));
    all.filter(|topic| !topic.is_empty()).map(str::to_owned).collect()
}

/// A topic that is one.
pub(super) fn check_topic<'a>(field: &str, topic: Option<&'a str>) -> ApiResult<&'a str> {
    match topic.map(str::trim).filter(|topic| !topic.is_empty()) {
        None => Err(ApiError::bad_request(format!(
            "{field}: is missing; it is the name under which subscriptions wait, as in instance-1-crm-events"
        ))),
        Some(topic) if topic.len() > TOPIC => Err(ApiError::bad_request(format!(
            "{field}: has {} bytes, and at most {TOPIC} are taken",
            topic.len()
        ))),
        Some(topic) => Ok(topic),
    }
}
