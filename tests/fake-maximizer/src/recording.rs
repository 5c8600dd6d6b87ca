//! What was asked of the fake, for tests to look at.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::dates;

/// So many requests are kept; older ones are forgotten.
const KEPT: usize = 10_000;

/// A request and how it was answered. Nothing is masked: it is a fake, and tests look for leaks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordedRequest {
    /// Counted from 1.
    pub number: u64,
    /// When it was answered, by the fake's clock.
    #[serde(serialize_with = "dates::serialize")]
    pub at: DateTime<Utc>,
    /// `Read`, `Create`, …, `Token`, `Authorize`, `Discovery`, `Webhooks`, or empty for an unknown path.
    pub call: String,
    /// `POST`.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// Headers under lower-case names; repeated ones are joined by commas.
    pub headers: Map<String, Value>,
    /// The body: JSON where it is JSON, a text otherwise, `null` when there was none.
    pub body: Value,
    /// The status that it was answered with.
    pub status: u16,
    /// The caller had been told to wait (`Retry-After`) and did not.
    pub retry_after_violated: bool,
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    seen: u64,
    kept: VecDeque<RecordedRequest>,
}

// === impl Recorder ===

impl Recorder {
    pub(crate) fn push(&mut self, mut request: RecordedRequest) {
        self.seen += 1;
        request.number = self.seen;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(request);
    }

    /// Those of one call, or all.
    pub(crate) fn list(&self, call: Option<&str>) -> Vec<RecordedRequest> {
        let wanted =
            |request: &&RecordedRequest| call.is_none_or(|call| request.call.eq_ignore_ascii_case(call));
        self.kept.iter().filter(wanted).cloned().collect()
    }

    /// Forgets all; numbers go on.
    pub(crate) fn clear(&mut self) -> usize {
        let count = self.kept.len();
        self.kept.clear();
        count
    }
}
