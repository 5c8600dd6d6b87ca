//! What clients send and want: JSON.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::error::ApiError;

/// Providers' webhooks come in forms of their own.
const WEBHOOKS: &str = "/events/";

/// Exports come as lines and as CSV too.
const EXPORTS: &str = "/bulk/";

const FORM: &str = "application/x-www-form-urlencoded";

/// Refuse with 415 a body that is no JSON, and with 406 a client that wants nothing that there is.
pub(super) async fn negotiate(request: Request, next: Next) -> Response {
    match check(request.method(), request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn check(method: &Method, path: &str, headers: &HeaderMap) -> Result<(), ApiError> {
    if path.contains(WEBHOOKS) && !path.contains("/instances/") {
        return Ok(());
    }
    let accepted: Vec<&str> = texts(headers, header::ACCEPT).collect();
    let exports = path.contains(EXPORTS);
    let fits = |accepted: &&str| has_acceptable(accepted) || exports && has_export(accepted);
    if !accepted.is_empty() && !accepted.iter().any(fits) {
        let there_is = if exports {
            "none of application/json, application/x-ndjson and text/csv"
        } else {
            "no application/json"
        };
        let message = format!("Accept: {:?} has {there_is}", accepted.join(", "));
        return Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, message));
    }
    let sends = matches!(*method, Method::POST | Method::PUT | Method::PATCH) && has_body(headers);
    let mut codings = texts(headers, header::CONTENT_ENCODING);
    if let Some(coding) = codings.find(|coding| sends && !is_identity(coding)) {
        let message =
            format!("Content-Encoding: {coding:?} is not taken; send the body as it is, uncompressed");
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let kind = texts(headers, header::CONTENT_TYPE).next();
    match kind {
        Some(kind) if sends && !is_json(kind) => {
            let message = format!("Content-Type: {kind:?} is not taken; send application/json");
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        }
        // Without a kind it is taken for JSON.
        _ => Ok(()),
    }
}

fn texts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || texts(headers, header::CONTENT_LENGTH).any(|length| length.trim() != "0")
}

fn is_identity(coding: &str) -> bool {
    let coding = coding.trim();
    coding.is_empty() || coding.eq_ignore_ascii_case("identity")
}

/// The media types that are wanted.
fn ranges(accept: &str) -> impl Iterator<Item = String> {
    accept.split(',').filter(|range| !is_unwanted(range)).map(essence)
}

/// Whether a range of weight 0 says what is not wanted.
fn is_unwanted(range: &str) -> bool {
    let mut parameters = range.split(';').skip(1).filter_map(|part| part.split_once('='));
    let weight = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.trim().parse() == Ok(0.0))
}

fn has_acceptable(accept: &str) -> bool {
    let mut ranges = ranges(accept);
    ranges.any(|range| {
        matches!(
            range.as_str(),
            "" | "*" | "*/*" | "application/*" | "application/json" | "text/json" | "text/event-stream"
        )
    })
}

fn has_export(accept: &str) -> bool {
    let mut ranges = ranges(accept);
    ranges.any(|range| {
        matches!(
            range.as_str(),
            "text/csv" | "text/*" | "application/x-ndjson" | "application/ndjson" | "application/jsonl"
        )
    })
}

/// Whether a body may be JSON. A form is what curl calls every body that nobody gave a kind: it is read as JSON, and
/// refused as 400 when it is none.
fn is_json(kind: &str) -> bool {
    let kind = essence(kind);
    matches!(kind.as_str(), "application/json" | "text/json" | FORM) || kind.ends_with("+json")
}

/// A media type without its parameters.
fn essence(kind: &str) -> String {
    kind.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let checked = check(&method, path, &map).map(|()| StatusCode::OK.into_response());
        checked
            .unwrap_or_else(|refused| refused.into_response())
            .status()
            .as_u16()
    }

    #[test]
    fn clients_want_json() {
        let cases = [
            ("*/*", 200),
            ("application/json, text/plain, */*", 200),
            ("text/html, application/*;q=0.5", 200),
            ("Application/JSON; charset=utf-8", 200),
            ("text/event-stream", 200),
            ("", 200),
            ("application/xml", 406),
            ("application/json;q=0", 406),
            ("application/json; Q=0.000, text/html", 406),
            ("application/json;q=0.001", 200),
            ("application/json;q=x", 200),
            ("text/html,image/png", 406),
        ];
        for (accept, expected) in cases {
            assert_eq!(
                status(Method::GET, "/instances", &[("accept", accept)]),
                expected,
                "{accept:?}"
            );
        }
        let both = [("accept", "text/html"), ("accept", "application/json")];
        assert_eq!(status(Method::GET, "/instances", &both), 200);
    }

    #[test]
    fn bodies_are_not_compressed() {
        let cases = [
            (Method::POST, "/instances", "gzip", 415),
            (Method::POST, "/instances", "Identity", 200),
            (Method::POST, "/instances", "", 200),
            (Method::GET, "/instances", "gzip", 200),
            (Method::POST, "/events/acme", "gzip", 200),
        ];
        for (method, path, coding, expected) in cases {
            let headers = [("content-length", "2"), ("content-encoding", coding)];
            assert_eq!(
                status(method.clone(), path, &headers),
                expected,
                "{method} {path} {coding}"
            );
        }
    }

    #[test]
    fn clients_send_json() {
        let cases = [
            (Method::POST, "/instances", Some("application/json"), "2", 200),
            (
                Method::POST,
                "/instances",
                Some("application/json; charset=utf-8"),
                "2",
                200,
            ),
            (
                Method::PATCH,
                "/instances",
                Some("application/merge-patch+json"),
                "2",
                200,
            ),
            (Method::POST, "/instances", None, "2", 200),
            (Method::PUT, "/instances/enabled", Some(FORM), "0", 200),
            (Method::POST, "/instances", Some(FORM), "2", 200),
            (Method::PATCH, "/instances/1", Some("text/plain"), "2", 415),
            (Method::POST, "/events/acme", Some(FORM), "2", 200),
            (Method::POST, "/events/acme/MTI", Some("text/xml"), "2", 200),
        ];
        for (method, path, kind, length, expected) in cases {
            let mut headers = vec![("content-length", length)];
            headers.extend(kind.map(|kind| ("content-type", kind)));
            assert_eq!(
                status(method.clone(), path, &headers),
                expected,
                "{method} {path} {kind:?}"
            );
        }
    }
}
