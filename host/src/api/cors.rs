//! Pages of other origins: a browser asks before it sends (`OPTIONS`), and hands an answer on when the answer says that
//! it may.
//!
//! Any origin may ask: who asks is said by a header that no browser adds by itself, and there are no cookies.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

const ANY: HeaderValue = HeaderValue::from_static("*");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Those that mean something here, and the star for whatever else a page sends: it covers all but `Authorization`.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Accept, Elements-Version, Elements-Trace-Id, Elements-Async-Callback-Url, \
     Last-Event-ID, *",
);
/// So many seconds a browser need not ask again: as many as any of them takes.
const AGE: HeaderValue = HeaderValue::from_static("7200");

/// Answer who asks before he sends, whatever he will be answered then, and let pages of all origins read answers.
pub(super) async fn share(request: Request, next: Next) -> Response {
    let asks = request.method() == Method::OPTIONS;
    // What there is knows its methods better than anybody.
    let mut response = next.run(request).await;
    if asks {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = before(allow);
    } else if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        // Whoever is refused for another reason has no use for the methods that routes have.
        response.headers_mut().remove(header::ALLOW);
    }
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    response
}

fn before(allow: Option<HeaderValue>) -> Response {
    let mut headers = HeaderMap::from_iter([
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, AGE),
    ]);
    headers.extend(allow.map(|methods| (header::ALLOW, methods)));
    (StatusCode::NO_CONTENT, headers).into_response()
}
