//! The span that one poll asks for, in provider time.

use std::time::Duration;

use serde_json::Value;

use crate::{
    clock::{Millis, millis},
    store::Poller,
};

use super::Options;

/// The span that one poll asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Its start, inclusive.
    pub(super) since: Millis,
    /// Its end: the poll's start.
    pub(super) until: Millis,
    /// Fingerprints of records changed before this are not needed any more.
    pub(super) prune: Millis,
}

impl Window {
    /// The window of a poll that starts now.
    ///
    /// Provider time is told in whole seconds, so that the start is rounded down to one. A clock that was set back
    /// moves the window back with it: what fingerprints know is not told again.
    pub(super) fn of(poller: &Poller, provider_now: Millis, options: &Options) -> Self {
        let back = millis(options.overlap).saturating_add(poll_delay(&poller.configuration));
        let since = floor_to_second(poller.cursor.min(provider_now).saturating_sub(back));
        let until = provider_now;
        let next_since = until.saturating_sub(back);
        let prune = next_since.min(since).saturating_sub(millis(options.horizon));
        Self { since, until, prune }
    }
}

/// The second in which an instant lies.
pub(crate) fn floor_to_second(instant: Millis) -> Millis {
    instant.saturating_sub(instant.rem_euclid(1000))
}

/// The resource's `pollDelay`: seconds, as number or text.
fn poll_delay(configuration: &str) -> Millis {
    let configuration: Value = serde_json::from_str(configuration).unwrap_or_default();
    let seconds = match configuration.get("pollDelay") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{InstanceId, PollerId};

    fn poller(cursor: Millis, configuration: &str) -> Poller {
        Poller {
            id: PollerId(1),
            instance: InstanceId(1),
            resource: "contacts".to_owned(),
            configuration: configuration.to_owned(),
            paused: false,
            start: 0,
            cursor,
            checkpoint: None,
            failures: 0,
            last_success: None,
            last_failure: None,
            last_error: None,
            retry: None,
            records: 0,
            events: 0,
        }
    }

    fn check(cursor: Millis, configuration: &str, now: Millis, since: Millis, until: Millis) {
        let window = Window::of(&poller(cursor, configuration), now, &Options::default());
        assert_eq!(
            (window.since, window.until),
            (since, until),
            "{configuration} {cursor} {now}"
        );
    }

    #[test]
    fn the_window_overlaps_the_last_one() {
        check(1_000_000, "{}", 1_060_000, 880_000, 1_060_000);
        check(1_000_000, r#"{"pollDelay": 60}"#, 1_060_000, 820_000, 1_060_000);
        check(1_000_000, r#"{"pollDelay": "30"}"#, 1_060_000, 850_000, 1_060_000);
        check(1_000_000, r#"{"pollDelay": -5}"#, 1_060_000, 880_000, 1_060_000);
    }

    #[test]
    fn the_start_is_a_whole_second_and_follows_a_clock_that_was_set_back() {
        check(1_000_999, "{}", 1_060_000, 880_000, 1_060_000);
        check(1_000_000, "{}", 400_000, 280_000, 400_000);
    }
}
