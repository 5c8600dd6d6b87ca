//! `/events/{element}`, where providers call, and `/instances/{id}/webhook`, how that goes.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Addressed,
    error::{ApiError, ApiResult},
    openapi::{Endpoint, FreeObject},
    view::instant,
};
use crate::{
    adapter::contract::{
        types::Header,
        webhook::{Delivery, Reply},
    },
    inbound::{Admission, Knock, decode_id, knock},
    store::{InboundId, InboxState, Instance, InstanceId, Registration},
};

/// Which instances a call concerns.
const INSTANCES: HeaderName = HeaderName::from_static("element-instances");
/// The most bytes of headers and query that are taken.
const LARGEST_HEAD: usize = 64 << 10;
/// The most bytes of an adapter's answer.
const LARGEST_REPLY: usize = 64 << 10;
/// A full inbox is tried again after so long.
const FULL: Duration = Duration::from_secs(60);
/// An instance that is being made, or an adapter that is being loaded, is there after so long.
const EARLY: Duration = Duration::from_secs(5);

/// The routes of this module.
pub(super) fn routes() -> Router<Api> {
    let element = get(of_element).post(of_element);
    let instance = get(of_instance).post(of_instance);
    Router::new()
        .route("/events/{element}", element)
        .route("/events/{element}/{id}", instance)
        .route("/instances/{id}/webhook", get(show))
        .route("/instances/{id}/webhook/retry", post(retry))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let called = |endpoint: Endpoint| endpoint.takes::<FreeObject>().for_providers();
    let greeted = Endpoint::for_providers;
    let of_element = "/events/{element}";
    let of_instance = "/events/{element}/{instance}";
    vec![
        called(Endpoint::post(
            of_element,
            "Where providers call; the instance is found by Element-Instances or by its finder",
        )),
        greeted(Endpoint::get(of_element, "The same by GET, for challenges")),
        called(Endpoint::post(
            of_instance,
            "Where the provider of an instance calls",
        )),
        greeted(Endpoint::get(of_instance, "The same by GET, for challenges")),
        Endpoint::get(
            "/instances/{id}/webhook",
            "The registration at the provider, and calls that wait or failed",
        )
        .answers::<WebhookView>(),
        Endpoint::post(
            "/instances/{id}/webhook/retry",
            "Process calls that wait or failed now",
        )
        .answers::<Retried>(),
    ]
}

/// An instance's registration at its provider, and its inbox.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
struct WebhookView {
    /// `registered`, or `failing` when it cannot be prolonged.
    state: &'static str,
    /// Where the provider calls.
    callback_url: String,
    resources: Vec<String>,
    registered: String,
    renewed: String,
    #[schema(required)]
    expires: Option<String>,
    #[schema(required)]
    next_renewal: Option<String>,
    failures: u32,
    #[schema(required)]
    last_error: Option<String>,
    #[schema(required)]
    last_failure: Option<String>,
    inbox: InboxView,
}

/// Calls of a provider.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Inbox)]
struct InboxView {
    waiting: u64,
    failed: u64,
    #[schema(required)]
    last_call: Option<String>,
    /// The newest that failed or are tried again.
    troubled: Vec<TroubledView>,
}

/// A call that was tried in vain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TroubledCall)]
struct TroubledView {
    id: InboundId,
    received: String,
    attempts: u32,
    error: String,
    /// `waiting` or `failed`.
    state: &'static str,
    #[schema(required)]
    next_attempt: Option<String>,
}

/// How many calls are processed again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetriedCalls)]
struct Retried {
    retried: usize,
}

/// `GET` and `POST /events/{element}`.
async fn of_element(
    State(api): State<Api>,
    Path(element): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let named = named(&headers)?;
    let call = call(&method, query, &headers, &body)?;
    answer(&api, element, named, call).await
}

/// `GET` and `POST /events/{element}/{base64(id)}`.
async fn of_instance(
    State(api): State<Api>,
    Path((element, id)): Path<(String, String)>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let id = decode_id(&id).ok_or_else(nobody)?;
    let call = call(&method, query, &headers, &body)?;
    answer(&api, element, Some(vec![id]), call).await
}

/// The instances that `Element-Instances` names.
fn named(headers: &HeaderMap) -> ApiResult<Option<Vec<InstanceId>>> {
    let mut named = Vec::new();
    for value in headers.get_all(INSTANCES) {
        let text = value.to_str().map_err(|_binary| nobody())?;
        for id in text.split(',').map(str::trim).filter(|id| !id.is_empty()) {
            named.push(InstanceId(id.parse().map_err(|_no_number| nobody())?));
        }
    }
    Ok(Some(named).filter(|named| !named.is_empty()))
}

fn call(method: &Method, query: Option<String>, headers: &HeaderMap, body: &Bytes) -> ApiResult<Delivery> {
    let query = query.unwrap_or_default();
    let headers: Vec<Header> = headers
        .iter()
        .map(|(name, value)| Header {
            name: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        })
        .collect();
    let head = headers
        .iter()
        .map(|header| header.name.len() + header.value.len());
    if head.sum::<usize>() + query.len() > LARGEST_HEAD {
        let message = format!("headers and query have more than the {LARGEST_HEAD} bytes that are taken");
        return Err(ApiError::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            message,
        ));
    }
    Ok(Delivery {
        method: method.as_str().to_owned(),
        query,
        headers,
        body: body.to_vec(),
    })
}

/// Whatever is missing, element, instance or its wish for events, strangers learn no more than that.
fn nobody() -> ApiError {
    ApiError::not_found("nobody is called here")
}

async fn answer(
    api: &Api,
    element: String,
    named: Option<Vec<InstanceId>>,
    call: Delivery,
) -> ApiResult<Response> {
    let knocked = Knock { element, named, call };
    match knock(&api.host, knocked).await? {
        Admission::Taken => Ok(Json(json!({})).into_response()),
        Admission::Greeted(reply) => Ok(greeting(reply)),
        Admission::Nobody => Err(nobody()),
        Admission::Loading => Err(ApiError::unavailable("the adapters are being loaded", EARLY)),
        Admission::TooEarly => Err(ApiError::unavailable("the instance is being made", EARLY)),
        Admission::Disabled => Err(ApiError::new(StatusCode::FORBIDDEN, "the instance is disabled")),
        Admission::Forged => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "the call is not signed as the provider signs",
        )),
        Admission::Full => Err(ApiError::unavailable(
            "more calls wait for this instance than the host keeps",
            FULL,
        )),
    }
}

/// What an adapter answers. It speaks to a provider, not to a browser: nothing in it is run or remembered.
fn greeting(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let mut body = reply.body;
    body.truncate(LARGEST_REPLY);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    for Header { name, value } in reply.headers {
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
            continue;
        };
        if name == header::CONTENT_TYPE || name.as_str().starts_with("x-") {
            headers.insert(name, value);
        }
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let harmless = kind.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        ["text/plain", "application/json"].contains(&kind)
    });
    if !harmless {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// `GET /instances/{id}/webhook`.
async fn show(State(api): State<Api>, on: Addressed) -> ApiResult<Json<WebhookView>> {
    let registration = registration(&api, &on.instance).await?;
    let inbox = api.host.store.inbox(on.instance.id).await?;
    Ok(Json(shown(registration, inbox)))
}

/// `POST /instances/{id}/webhook/retry`: calls that failed or wait are processed now.
async fn retry(State(api): State<Api>, on: Addressed) -> ApiResult<Json<Retried>> {
    let now = api.host.clock.now();
    let retried = api.host.store.retry_inbox(on.instance.id, now).await?;
    api.host.inbound_due.notify_one();
    Ok(Json(Retried { retried }))
}

async fn registration(api: &Api, instance: &Instance) -> ApiResult<Registration> {
    let registration = api.host.store.registration(instance.id).await?;
    registration.ok_or_else(|| {
        ApiError::not_found(format!(
            "instance {} does not get its events by webhook (event.notification.enabled, event.vendor.type)",
            instance.id
        ))
    })
}

fn shown(registration: Registration, inbox: InboxState) -> WebhookView {
    let troubled = inbox.troubled.into_iter().map(|troubled| TroubledView {
        id: troubled.id,
        received: instant(troubled.received),
        attempts: troubled.attempts,
        error: troubled.error,
        state: if troubled.next_attempt.is_some() {
            "waiting"
        } else {
            "failed"
        },
        next_attempt: troubled.next_attempt.map(instant),
    });
    WebhookView {
        state: if registration.failures == 0 {
            "registered"
        } else {
            "failing"
        },
        callback_url: registration.callback_url,
        resources: registration.resources,
        registered: instant(registration.created),
        renewed: instant(registration.renewed),
        expires: registration.expires.map(instant),
        next_renewal: registration.due.map(instant),
        failures: registration.failures,
        last_error: registration.error,
        last_failure: registration.failed.map(instant),
        inbox: InboxView {
            waiting: inbox.waiting,
            failed: inbox.failed,
            last_call: inbox.last.map(instant),
            troubled: troubled.collect(),
        },
    }
}
