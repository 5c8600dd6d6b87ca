//! `/notifications/subscriptions`: topics to URLs.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    notifications::{check_topic, topics},
    openapi::{self, Endpoint},
    page::Page,
    query::Query,
    view,
};
use crate::{
    body::read,
    instance,
    store::{InstanceId, NewSubscription, Subscription, SubscriptionFilter, SubscriptionId, User},
};

/// The most topics of one subscription.
const TOPICS: usize = 100;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/notifications/subscriptions", post(create).get(list))
        .route("/notifications/subscriptions/{id}", get(show).delete(remove))
        .route("/notifications/subscriptions/{id}/resume", post(resume))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/notifications/subscriptions", "Subscribe a URL to topics")
            .takes::<Request>()
            .example(json!({
                "channel": "webhook", "topics": ["instance-1-crm-events"],
                "config": { "url": "https://example.com/events" },
            }))
            .answers::<SubscriptionView>(),
        Endpoint::get(
            "/notifications/subscriptions",
            "The subscriptions, or those of topics",
        )
        .asks(openapi::TOPICS)
        .pages::<SubscriptionView>(),
        Endpoint::get("/notifications/subscriptions/{id}", "A subscription").answers::<SubscriptionView>(),
        Endpoint::delete("/notifications/subscriptions/{id}", "End it"),
        Endpoint::post(
            "/notifications/subscriptions/{id}/resume",
            "Activate it and deliver what is queued",
        )
        .answers::<SubscriptionView>(),
    ]
}

/// A subscription to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubscriptionRequest)]
struct Request {
    /// `webhook`.
    #[serde(default)]
    #[schema(required, nullable = false)]
    channel: Option<String>,
    /// At least one.
    #[serde(default)]
    #[schema(required, nullable = false)]
    topics: Option<Vec<String>>,
    #[serde(default)]
    #[schema(required, nullable = false)]
    config: Option<Config>,
}

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubscriptionTarget)]
struct Config {
    #[serde(default)]
    #[schema(required, nullable = false)]
    url: Option<String>,
}

/// A subscription, and why it is not active.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Subscription)]
pub(super) struct SubscriptionView {
    id: SubscriptionId,
    channel: &'static str,
    topics: Vec<String>,
    config: ConfigView,
    active: bool,
    #[schema(required)]
    reason: Option<String>,
    /// The instance that made it.
    #[schema(required)]
    instance_id: Option<InstanceId>,
    created_date: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SubscriptionConfig)]
struct ConfigView {
    url: String,
}

impl Request {
    fn check(self) -> ApiResult<(Vec<String>, String)> {
        match self.channel.as_deref() {
            Some("webhook") => {}
            Some(channel @ ("email" | "sms" | "push")) => {
                return Err(ApiError::bad_request(format!(
                    "channel: this host delivers to webhooks only, not by {channel}; take webhook, and let its receiver \
                     pass the message on"
                )));
            }
            Some(other) => {
                return Err(ApiError::bad_request(format!(
                    "channel: {other:?} is no channel; it should be webhook"
                )));
            }
            None => return Err(ApiError::bad_request("channel: is missing; it should be webhook")),
        }
        let asked = self.topics.unwrap_or_default();
        if asked.is_empty() {
            return Err(ApiError::bad_request(
                "topics: is missing; it is a list of topics, as in [\"instance-1-crm-events\"]",
            ));
        }
        if asked.len() > TOPICS {
            return Err(ApiError::bad_request(format!(
                "topics: are {}, and at most {TOPICS} are taken; make several subscriptions",
                asked.len()
            )));
        }
        let mut topics: Vec<String> = Vec::new();
        for topic in &asked {
            let topic = check_topic("topics", Some(topic))?;
            if !topics.iter().any(|known| known == topic) {
                topics.push(topic.to_owned());
            }
        }
        let url = self.config.and_then(|config| config.url).unwrap_or_default();
        let url = url.trim();
        if url.is_empty() {
            return Err(ApiError::bad_request(
                "config.url: is missing; it is where notifications are sent, like https://example.com/events",
            ));
        }
        instance::check_callback(url).map_err(|what| ApiError::bad_request(format!("config.url: {what}")))?;
        Ok((topics, url.to_owned()))
    }
}

/// `POST /notifications/subscriptions`.
async fn create(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<SubscriptionView>> {
    let (topics, url) = read::<Request>(&body)?.check()?;
    let new = NewSubscription {
        topics,
        url,
        created: api.host.clock.now(),
    };
    let made = api
        .host
        .store
        .create_subscription(caller.user.account, new)
        .await?;
    Ok(Json(shown(&made)))
}

/// `GET /notifications/subscriptions`: all, or those of topics.
async fn list(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<SubscriptionView>>)> {
    let page = Page::of(&query)?;
    let filter = SubscriptionFilter {
        topics: topics(&query),
        after: page.after.map(SubscriptionId),
        limit: page.limit(),
        ..SubscriptionFilter::default()
    };
    let mut found = api.host.store.subscriptions(caller.user.account, &filter).await?;
    let headers = page.headers(&mut found, |last| last.id.0);
    Ok((headers, Json(found.iter().map(shown).collect())))
}

/// `GET /notifications/subscriptions/{id}`.
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<SubscriptionView>> {
    Ok(Json(shown(&find(&api, &caller.user, &id).await?)))
}

/// `DELETE /notifications/subscriptions/{id}`.
async fn remove(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<StatusCode> {
    let now = api.host.clock.now();
    api.host
        .store
        .delete_subscription(caller.user.account, number(&id)?, now)
        .await
        .map_err(|error| ApiError::unless_missing(error, || missing(&id)))?;
    Ok(StatusCode::OK)
}

/// `POST /notifications/subscriptions/{id}/resume`: activate it, and send what waits for it.
async fn resume(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<SubscriptionView>> {
    let now = api.host.clock.now();
    api.host
        .store
        .resume_subscription(caller.user.account, number(&id)?, now)
        .await
        .map_err(|error| ApiError::unless_missing(error, || missing(&id)))?;
    api.host.deliveries_due.notify_one();
    Ok(Json(shown(&find(&api, &caller.user, &id).await?)))
}

/// A subscription of the caller's account that is not over.
pub(super) async fn find(api: &Api, user: &User, id: &str) -> ApiResult<Subscription> {
    let found = look_up(api, user, number(id)?).await?;
    found
        .filter(|found| found.retired.is_none())
        .ok_or_else(|| missing(id))
}

/// A subscription of the caller's account, over or not.
pub(super) async fn look_up(api: &Api, user: &User, id: SubscriptionId) -> ApiResult<Option<Subscription>> {
    let filter = SubscriptionFilter {
        id: Some(id),
        ..SubscriptionFilter::default()
    };
    Ok(api.host.store.subscriptions(user.account, &filter).await?.pop())
}

/// A subscription's id in a path.
pub(super) fn number(id: &str) -> ApiResult<SubscriptionId> {
    id.parse().map(SubscriptionId).map_err(|_no_number| missing(id))
}

fn missing(id: &str) -> ApiError {
    ApiError::not_found(format!("there is no subscription {id}"))
}

/// As section 2.6 of the reference has it, and why it is not active.
pub(super) fn shown(subscription: &Subscription) -> SubscriptionView {
    SubscriptionView {
        id: subscription.id,
        channel: "webhook",
        topics: subscription.topics.clone(),
        config: ConfigView {
            url: subscription.url.clone(),
        },
        active: subscription.active,
        reason: subscription.reason.clone(),
        instance_id: subscription.instance,
        created_date: view::instant(subscription.created),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_subscribed_is_refused_by_its_field() {
        let cases = [
            (json!({}), "channel: is missing"),
            (
                json!({ "channel": "email", "topics": ["t"] }),
                "channel: this host delivers",
            ),
            (
                json!({ "channel": "pigeon" }),
                "channel: \"pigeon\" is no channel",
            ),
            (json!({ "channel": "webhook" }), "topics: is missing"),
            (
                json!({ "channel": "webhook", "topics": [" "] }),
                "topics: is missing",
            ),
            (
                json!({ "channel": "webhook", "topics": ["t"] }),
                "config.url: is missing",
            ),
            (
                json!({ "channel": "webhook", "topics": ["t"], "config": { "url": null } }),
                "config.url: is missing",
            ),
            (
                json!({ "channel": "webhook", "topics": ["t"], "config": { "url": "ftp://x" } }),
                "config.url: \"ftp://x\" is no callback URL",
            ),
        ];
        for (request, expected) in cases {
            let read: Request = serde_json::from_value(request.clone()).unwrap();
            let error = format!("{:?}", read.check().unwrap_err());
            assert!(
                error.contains(&expected.replace('"', "\\\"")),
                "{request}: {error}"
            );
        }
    }

    #[test]
    fn topics_are_taken_once() {
        let request = json!({
            "channel": "webhook", "topics": ["a", " b", "a"], "config": { "url": "https://example.com/x" },
        });
        let read: Request = serde_json::from_value(request).unwrap();
        let (topics, url) = read.check().unwrap();
        assert_eq!(
            (topics, url.as_str()),
            (vec!["a".to_owned(), "b".to_owned()], "https://example.com/x")
        );
    }
}
