//! Time, handed in: nobody in the host asks the system for the hour but through a [`Clock`].

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use tokio::time::Instant;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// Tells the time.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    System,
    Simulated { start: Millis, since: Instant },
    Still(Millis),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that starts at `start` and moves with tokio's, which tests can pause and advance.
    pub fn simulated(start: Millis) -> Self {
        Self(Source::Simulated {
            start,
            since: Instant::now(),
        })
    }

    /// A clock that stands still: a case file says the hour.
    pub fn still(at: Millis) -> Self {
        Self(Source::Still(at))
    }

    /// Now.
    pub fn now(&self) -> Millis {
        match self.0 {
            Source::System => system_now(),
            Source::Simulated { start, since } => start.saturating_add(millis(since.elapsed())),
            Source::Still(at) => at,
        }
    }
}

/// A duration in milliseconds, capped at what fits.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// An instant as `yyyy-MM-dd'T'HH:mm:ss'Z'`.
pub fn iso(instant: Millis) -> String {
    DateTime::from_timestamp_millis(instant)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the system"
)]
fn system_now() -> Millis {
    match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
}
