//! What every request passes through: its id, its line in the log, the limit of its body, the net beneath it.

use std::{any::Any, sync::atomic::Ordering, time::Duration};

use axum::{
    body::{Body, BodyDataStream, HttpBody as _},
    extract::{OriginalUri, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::{StreamExt as _, stream};
use tracing::Instrument as _;

use super::{Api, BODY_LIMIT, error::ApiError};
use crate::ids;

tokio::task_local! {
    /// The id of the request that the current task answers.
    static REQUEST_ID: String;
}

/// So long, and so many bytes, a refused body is read on.
const PATIENCE: Duration = Duration::from_secs(5);
const THROWN_AWAY: usize = 4 * BODY_LIMIT;
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("elements-request-id");
/// What a client calls its request, or a whole row of them: in the answer and in the log.
const TRACE_ID_HEADER: HeaderName = HeaderName::from_static("elements-trace-id");
/// The longest refusal of the framework that is passed on, in bytes.
const LONGEST_REFUSAL: usize = 4096;
/// The headers that browsers may read, verbatim and in Cloud Elements' order.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Elements-Returned-Count, Elements-Total-Count, Elements-Request-Id, Elements-Next-Page-Token, \
     Elements-Trace-Id, Elements-Error, Content-Disposition",
);

/// The id of the request that is being answered.
pub(super) fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Give the request its id, in the answer and in the log. The log has the path and never the query, which may hold
/// secrets.
pub(super) async fn identify(State(api): State<Api>, request: Request, next: Next) -> Response {
    let started = api.host.clock.now();
    // Without randomness there is no id, but still an answer.
    let id = ids::request_id(started).unwrap_or_default();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let trace = request.headers().get(&TRACE_ID_HEADER).cloned();
    let traced = trace.as_ref().and_then(|trace| trace.to_str().ok());
    let span = tracing::info_span!("request", id, %method, path, trace = traced);
    let answer = async {
        let response = uniform(next.run(request).await).await;
        let millis = api.host.clock.now() - started;
        let status = response.status();
        // What went well says little, and there is much of it.
        match status.as_u16() {
            500.. => tracing::warn!(status = status.as_u16(), millis, "answered"),
            400.. => tracing::info!(status = status.as_u16(), millis, "answered"),
            _ => tracing::debug!(status = status.as_u16(), millis, "answered"),
        }
        response
    };
    let mut response = REQUEST_ID.scope(id.clone(), answer.instrument(span)).await;
    let headers = response.headers_mut();
    if let Some(trace) = trace {
        headers.insert(TRACE_ID_HEADER, trace);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID_HEADER, id);
    }
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    response
}

/// Errors have one form, also where the framework refuses before a handler is asked.
async fn uniform(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = axum::body::to_bytes(body, LONGEST_REFUSAL)
        .await
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let error = match (status, text.trim()) {
        (StatusCode::PAYLOAD_TOO_LARGE, _) => ApiError::too_large(None),
        (_, "") => ApiError::new(status, status.canonical_reason().unwrap_or("the request failed")),
        (_, text) => ApiError::new(status, text),
    };
    // What is said of the body is said of another one.
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    let mut response = error.into_response();
    response.headers_mut().extend(parts.headers);
    response
}

/// A path with a slash at its end means the same as without it: the reference writes some so. The log and what is answered
/// have the path as it was sent.
pub(super) async fn normalize(mut request: Request, next: Next) -> Response {
    if let Some(uri) = without_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// The same without the one slash at its end, where there is one.
fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/')?;
    if path.is_empty() || path.ends_with('/') {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}"));
    let target = format!("{path}{}", query.unwrap_or_default());
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Nothing can be said of elements before the adapters folder was read.
pub(super) async fn wait_for_adapters(State(api): State<Api>, request: Request, next: Next) -> Response {
    if api.ready.load(Ordering::Relaxed) {
        return next.run(request).await;
    }
    ApiError::unavailable(
        "the adapters are being loaded; GET /readyz tells when that is done",
        Duration::from_secs(1),
    )
    .into_response()
}

/// Refuse a body that says it is too large before it is read.
pub(super) async fn limit_body(request: Request<Body>, next: Next) -> Response {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    match announced.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > BODY_LIMIT as u64 => {
            throw_away(request.into_body().into_data_stream());
            ApiError::too_large(Some(length)).into_response()
        }
        _ => next.run(request.map(read_to_its_end)).await,
    }
}

/// A body that is read to its end whether the handler wants it or not: were it left, the connection would close, and
/// with it the client's next request.
fn read_to_its_end(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let left = Left(Some(body.into_data_stream()));
    Body::from_stream(stream::unfold(left, |mut left| async move {
        let chunk = left.0.as_mut()?.next().await;
        if chunk.is_none() {
            left.0 = None;
        }
        Some((chunk?, left))
    }))
}

/// What is left of a body when nobody reads on.
struct Left(Option<BodyDataStream>);

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(rest) = self.0.take() {
            throw_away(rest);
        }
    }
}

/// Read what a refused client goes on sending, for a while: when its connection closes under its hands it may never
/// see the answer.
fn throw_away(mut chunks: BodyDataStream) {
    tokio::spawn(tokio::time::timeout(PATIENCE, async move {
        let mut left = THROWN_AWAY;
        while let Some(Ok(chunk)) = chunks.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }));
}

/// Nobody answers to this path.
pub(super) async fn not_found(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::not_found(format!(
        "nothing is at {}; the interface is at {}",
        uri.path(),
        super::BASE
    ))
}

/// The path knows other methods.
pub(super) async fn method_not_allowed(method: Method, OriginalUri(uri): OriginalUri) -> ApiError {
    let message = format!("{} does not know the method {method}", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

/// A handler panicked: one request is lost, nobody else's.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(panic = text, "a handler panicked");
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the host failed; its log has the reason",
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_at_the_end_means_nothing() {
        let cases = [
            ("/contacts/", Some("/contacts")),
            ("/contacts/?where=a%2F", Some("/contacts?where=a%2F")),
            ("/a%2F/", Some("/a%2F")),
            ("http://host/a/?b", Some("http://host/a?b")),
            ("/contacts", None),
            ("/contacts?x=/", None),
            ("/contacts//", None),
            ("/", None),
            ("//", None),
        ];
        for (sent, expected) in cases {
            let uri: Uri = sent.parse().unwrap();
            let found = without_slash(&uri).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), expected, "{sent}");
        }
    }
}
