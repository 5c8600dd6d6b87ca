//! When a failed delivery is tried again.

use std::{fmt, str::FromStr, time::Duration};

use crate::clock::{Millis, millis};

/// When the attempts after the first are made.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// One attempt and nine retries, the x-th of them 4^x seconds after the *first* failure: 4 s, 16 s, … 72.8 h.
    /// Cloud Elements' guide leaves open from where it counts; its "a little under 73 hours after the original
    /// failed attempt" for the ninth is true of this reading alone.
    #[default]
    CloudElements,
    /// A retry for each delay, counted from the failure before it.
    Delays(Delays),
}

/// Delays between attempts: from 1 to [`Delays::MOST`], each from 1 s to [`Delays::LONGEST`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delays(Vec<Duration>);

/// The text is no schedule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// It has no delay.
    #[error("a retry schedule needs a delay; give `cloud-elements`, or a list like `5s,5m,30m,2h`")]
    Empty,
    /// It has too many.
    #[error("a retry schedule takes at most {} delays, this has {count}", Delays::MOST)]
    TooMany {
        /// How many it has.
        count: usize,
    },
    /// A delay cannot be read.
    #[error(
        "the retry schedule has {part:?} for a delay ({reason}); give `cloud-elements`, or a list like `5s,5m,30m,2h`"
    )]
    Unreadable {
        /// The text between two commas.
        part: String,
        /// What is wrong with it.
        reason: humantime::DurationError,
    },
    /// A delay is too short or too long.
    #[error(
        "the retry schedule has {part:?} for a delay; the shortest is 1s and the longest {}",
        humantime::format_duration(Delays::LONGEST)
    )]
    OutOfRange {
        /// The text between two commas.
        part: String,
    },
}

/// The longest that a receiver's `Retry-After` is believed: by then an operator should have seen the delivery wait.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(7 * 24);

const CLOUD_ELEMENTS: &str = "cloud-elements";
const CLOUD_ELEMENTS_RETRIES: u32 = 9;

// === impl Schedule ===

impl Schedule {
    /// When the next attempt is due; none when that was the last.
    ///
    /// `attempts` is how many were made, of which the first failed at `first_failure` and the last just `now`.
    /// What the receiver asked for with `Retry-After` can only put the attempt off, and at most by
    /// [`LONGEST_RETRY_AFTER`].
    ///
    /// An offset that has already gone by, because the attempts or the host took longer, is made up for by the step
    /// between it and the one before it, counted from now. So a host that was down for days does not spend all the
    /// retries that fell into this time at once.
    pub fn next(
        &self,
        attempts: u32,
        first_failure: Millis,
        now: Millis,
        retry_after: Option<Duration>,
    ) -> Option<Millis> {
        let planned = match self {
            Self::CloudElements => {
                let retry = attempts.clamp(1, CLOUD_ELEMENTS_RETRIES + 1);
                if retry > CLOUD_ELEMENTS_RETRIES {
                    return None;
                }
                let offset = |retry: u32| 4_i64.pow(retry) * 1000;
                let planned = first_failure.saturating_add(offset(retry));
                let step = if retry == 1 {
                    offset(1)
                } else {
                    offset(retry) - offset(retry - 1)
                };
                if planned > now {
                    planned
                } else {
                    now.saturating_add(step)
                }
            }
            Self::Delays(Delays(delays)) => {
                let retry = usize::try_from(attempts.max(1) - 1).ok()?;
                now.saturating_add(millis(*delays.get(retry)?))
            }
        };
        let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        Some(planned.max(now.saturating_add(millis(asked))))
    }

    /// How many attempts it makes, the first included.
    pub fn attempts(&self) -> usize {
        match self {
            Self::CloudElements => CLOUD_ELEMENTS_RETRIES as usize + 1,
            Self::Delays(Delays(delays)) => delays.len() + 1,
        }
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        match text.trim() {
            CLOUD_ELEMENTS => Ok(Self::CloudElements),
            list => list.parse().map(Self::Delays),
        }
    }
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, ScheduleError> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloudElements => f.write_str(CLOUD_ELEMENTS),
            Self::Delays(delays) => delays.fmt(f),
        }
    }
}

// === impl Delays ===

impl Delays {
    /// The most delays of a list.
    pub const MOST: usize = 50;
    /// The longest delay.
    pub const LONGEST: Duration = Duration::from_hours(30 * 24);
}

impl FromStr for Delays {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        if text.trim().is_empty() {
            return Err(ScheduleError::Empty);
        }
        let count = text.split(',').count();
        if count > Self::MOST {
            return Err(ScheduleError::TooMany { count });
        }
        text.split(',').map(delay).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, delay) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}", humantime::format_duration(*delay))?;
        }
        Ok(())
    }
}

fn delay(part: &str) -> Result<Duration, ScheduleError> {
    let delay = humantime::parse_duration(part.trim()).map_err(|reason| ScheduleError::Unreadable {
        part: part.to_owned(),
        reason,
    })?;
    if (Duration::from_secs(1)..=Delays::LONGEST).contains(&delay) {
        Ok(delay)
    } else {
        Err(ScheduleError::OutOfRange {
            part: part.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Millis = 1_700_000_000_000;

    /// The offsets of all attempts from the first failure, in seconds, when each fails `takes` after it was due.
    fn offsets(schedule: &str, takes: Duration, retry_after: Option<Duration>) -> Vec<i64> {
        let schedule: Schedule = schedule.parse().unwrap();
        let mut now = START;
        let mut offsets = Vec::new();
        for attempts in 1.. {
            let Some(next) = schedule.next(attempts, START, now, retry_after) else {
                break;
            };
            assert!(next > now);
            offsets.push((next - START) / 1000);
            now = next + millis(takes);
        }
        assert_eq!(offsets.len() + 1, schedule.attempts());
        offsets
    }

    #[test]
    fn cloud_elements_counts_from_the_first_failure() {
        let published = [4, 16, 64, 256, 1024, 4096, 16384, 65536, 262_144];
        assert_eq!(offsets("cloud-elements", Duration::ZERO, None), published);
        assert_eq!(offsets("cloud-elements", Duration::from_secs(3), None), published);
    }

    #[test]
    fn offsets_that_went_by_are_not_spent_at_once() {
        let slow = offsets("cloud-elements", Duration::from_secs(30), None);
        assert_eq!(slow, [4, 46, 124, 256, 1024, 4096, 16384, 65536, 262_144]);
        let week = START + 7 * 24 * 3_600_000;
        assert_eq!(
            Schedule::CloudElements.next(5, START, week, None),
            Some(week + 768_000)
        );
    }

    #[test]
    fn a_list_counts_from_the_failure_before() {
        assert_eq!(offsets("5s,5m", Duration::ZERO, None), [5, 305]);
        assert_eq!(
            offsets("5s, 5m ,1h 30m", Duration::from_secs(1), None),
            [5, 306, 5707]
        );
    }

    #[test]
    fn retry_after_puts_off_and_never_brings_forward() {
        let next = |seconds| {
            Schedule::CloudElements
                .next(1, START, START, Some(Duration::from_secs(seconds)))
                .map(|at| (at - START) / 1000)
        };
        assert_eq!(next(0), Some(4));
        assert_eq!(next(3), Some(4));
        assert_eq!(next(120), Some(120));
        assert_eq!(next(u64::MAX), Some(7 * 24 * 3600));
        let asked = Some(Duration::from_secs(1000));
        assert_eq!(Schedule::CloudElements.next(10, START, START, asked), None);
    }

    #[test]
    fn texts_that_are_no_schedule() {
        let errors: Vec<String> = [
            "", " ", "5", "-5s", "5s,,5m", "elements", "0s", "999ms", "31d", "5s;5m",
        ]
        .iter()
        .map(|text| text.parse::<Schedule>().unwrap_err().to_string())
        .chain([",".repeat(60).parse::<Schedule>().unwrap_err().to_string()])
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        a retry schedule needs a delay; give `cloud-elements`, or a list like `5s,5m,30m,2h`
        a retry schedule needs a delay; give `cloud-elements`, or a list like `5s,5m,30m,2h`
        the retry schedule has "5" for a delay (time unit needed, for example 5sec or 5ms); give `cloud-elements`, or a list like `5s,5m,30m,2h`
        the retry schedule has "-5s" for a delay (expected number at 0); give `cloud-elements`, or a list like `5s,5m,30m,2h`
        the retry schedule has "" for a delay (value was empty); give `cloud-elements`, or a list like `5s,5m,30m,2h`
        the retry schedule has "elements" for a delay (expected number at 0); give `cloud-elements`, or a list like `5s,5m,30m,2h`
        the retry schedule has "0s" for a delay; the shortest is 1s and the longest 30days
        the retry schedule has "999ms" for a delay; the shortest is 1s and the longest 30days
        the retry schedule has "31d" for a delay; the shortest is 1s and the longest 30days
        the retry schedule has "5s;5m" for a delay (invalid character at 2); give `cloud-elements`, or a list like `5s,5m,30m,2h`
        a retry schedule takes at most 50 delays, this has 61
        "#);
    }

    proptest! {
        #[test]
        fn the_next_attempt_is_ahead_and_later_than_the_one_before(
            attempts in 1u32..12,
            since in 0..400_000_000_i64,
            takes in 0..60_000_i64,
            retry_after in proptest::option::of((0..u64::MAX).prop_map(Duration::from_millis)),
            schedule in prop_oneof!["cloud-elements", "[1-9]m,[1-9]h,[1-9]s"],
        ) {
            let schedule: Schedule = schedule.parse().unwrap();
            let now = START + since;
            if let Some(next) = schedule.next(attempts, START, now, retry_after) {
                prop_assert!(next > now);
                prop_assert!(next >= schedule.next(attempts, START, now, None).unwrap());
                if let Some(after) = schedule.next(attempts + 1, START, next + takes, None) {
                    prop_assert!(after > next);
                }
            }
        }

        #[test]
        fn extremes_do_not_overflow(attempts: u32, first: i64, now: i64, retry_after: u64) {
            for schedule in ["cloud-elements", "30d"] {
                let schedule: Schedule = schedule.parse().unwrap();
                let next = schedule.next(attempts, first, now, Some(Duration::from_secs(retry_after)));
                prop_assert!(next.is_none_or(|next| next >= now));
            }
        }

        #[test]
        fn a_schedule_is_read_as_it_is_shown(seconds in proptest::collection::vec(1u64..2_592_000, 1..10)) {
            let schedule = Schedule::Delays(Delays(seconds.into_iter().map(Duration::from_secs).collect()));
            prop_assert_eq!(schedule.to_string().parse(), Ok(schedule));
        }
    }
}
