//! An answer before it goes on the wire.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::faults::Format;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

// === impl Answer ===

impl Answer {
    pub(crate) fn new(status: StatusCode, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
        .with("content-type", content_type)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn text(status: StatusCode, body: String) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body.into_bytes())
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(
            status,
            "application/json; charset=utf-8",
            body.to_string().into_bytes(),
        )
    }

    /// JSON for people, with line breaks.
    pub(crate) fn pretty(status: StatusCode, body: &Value) -> Self {
        Self::new(
            status,
            "application/json; charset=utf-8",
            format!("{body:#}\n").into_bytes(),
        )
    }

    /// The path is right and the method is not.
    pub(crate) fn not_allowed(allowed: &str) -> Self {
        let problem = format!("this path takes {allowed}\n");
        Self::text(StatusCode::METHOD_NOT_ALLOWED, problem).with("allow", allowed)
    }

    /// Adds a header; what cannot be one is left out.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// Sets the `Date` header.
    pub(crate) fn date(&mut self, at: DateTime<Utc>) {
        if let Ok(value) = HeaderValue::from_str(&http_date(at)) {
            self.headers.push((header::DATE, value));
        }
    }
}

/// 429; `now` is the instant in the `Date` header.
pub(super) fn limited(retry_after_s: i64, format: Format, now: DateTime<Utc>) -> Answer {
    let answer = Answer::text(StatusCode::TOO_MANY_REQUESTS, "Too many requests\n".to_owned());
    match format {
        Format::Seconds => answer.with("retry-after", &retry_after_s.to_string()),
        Format::Date => {
            let wait = TimeDelta::try_seconds(retry_after_s).unwrap_or_default();
            answer.with(
                "retry-after",
                &http_date(now.checked_add_signed(wait).unwrap_or(now)),
            )
        }
        Format::Absent => answer,
    }
}

fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::limited;
    use crate::faults::Format;

    #[test]
    fn retry_after_has_three_forms() {
        let now = "2026-05-20T23:59:58Z".parse().unwrap();
        let check = |format: Format, expect: Option<&str>| {
            let answer = limited(5, format, now);
            let header = answer.headers.iter().find(|(name, _)| name == "retry-after");
            assert_eq!(header.map(|(_, value)| value.to_str().unwrap()), expect);
        };
        check(Format::Seconds, Some("5"));
        check(Format::Date, Some("Thu, 21 May 2026 00:00:03 GMT"));
        check(Format::Absent, None);
    }
}
