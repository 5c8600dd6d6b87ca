//! Settings from JSON, and limits that their types do not know.

use axum::http::HeaderValue;
use serde_json::Value;

use super::board::{as_map, entry};
use super::{CATALOG, Entry, FaultError, Faults};

/// A `huge-body` is no larger than this.
const MAX_HUGE: u64 = 4 << 30;
/// An answer is held back no longer than this: an hour.
const MAX_DELAY_MS: u64 = 3_600_000;
/// Clocks differ by no more than this: a hundred years.
const MAX_SKEW_S: i64 = 100 * 365 * 86_400;

// === impl Faults ===

impl Faults {
    /// Sets one switch from JSON such as `{"status": 503}`, or takes it away with `null`.
    ///
    /// # Errors
    /// A [`FaultError`] that says which switches and members there are; nothing is changed then.
    pub fn set(&mut self, name: &str, setting: Value) -> Result<&'static Entry, FaultError> {
        let entry = entry(name)?;
        let mut all = as_map(self);
        all.insert(entry.name.to_owned(), setting);
        let faults: Self =
            serde_json::from_value(Value::Object(all)).map_err(|error| FaultError::Invalid {
                name: entry.name,
                problem: error.to_string(),
                example: entry.example,
            })?;
        faults.check()?;
        *self = faults;
        Ok(entry)
    }

    /// Refuses what cannot be sent or computed.
    pub(crate) fn check(&self) -> Result<(), FaultError> {
        if let Some(fault) = &self.http_status {
            status("http-status", fault.status, 400)?;
        }
        if let Some(fault) = &self.non_json {
            status("non-json", fault.status, 200)?;
            header("non-json", &fault.content_type)?;
        }
        if let Some(fault) = &self.token_refusal {
            status("token-refusal", fault.status, 400)?;
        }
        if let Some(fault) = &self.content_type {
            header("content-type", &fault.value)?;
        }
        if let Some(fault) = &self.huge_body {
            at_most("huge-body", "bytes", fault.bytes, MAX_HUGE)?;
        }
        if let Some(fault) = &self.slow {
            at_most("slow", "headers_ms", fault.headers_ms, MAX_DELAY_MS)?;
            at_most("slow", "body_ms", fault.body_ms, MAX_DELAY_MS)?;
        }
        if let Some(fault) = &self.clock_skew {
            at_most(
                "clock-skew",
                "seconds",
                fault.seconds.unsigned_abs(),
                MAX_SKEW_S.unsigned_abs(),
            )?;
        }
        Ok(())
    }
}

fn status(name: &'static str, status: u16, least: u16) -> Result<(), FaultError> {
    if (least..=599).contains(&status) {
        return Ok(());
    }
    Err(invalid(
        name,
        format!("status is {status}; it has to be from {least} to 599"),
    ))
}

fn header(name: &'static str, value: &str) -> Result<(), FaultError> {
    match HeaderValue::from_str(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(invalid(name, format!("{value:?} cannot stand in a header"))),
    }
}

fn at_most(name: &'static str, member: &str, value: u64, limit: u64) -> Result<(), FaultError> {
    if value <= limit {
        return Ok(());
    }
    Err(invalid(
        name,
        format!("{member} is {value}; it can be {limit} at most"),
    ))
}

fn invalid(name: &'static str, problem: String) -> FaultError {
    let example = CATALOG
        .iter()
        .find(|entry| entry.name == name)
        .map_or("{}", |entry| entry.example);
    FaultError::Invalid {
        name,
        problem,
        example,
    }
}
