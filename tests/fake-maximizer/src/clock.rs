//! The fake's own time, which tests set, stop and move.

use std::sync::Mutex;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};

use crate::world::lock;

/// Where the clock of the fake stands when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockStart {
    /// The machine's time.
    #[default]
    Real,
    /// This instant, standing still until it is moved.
    Fixed(DateTime<Utc>),
    /// This instant, running on from there.
    Running(DateTime<Utc>),
}

/// A settable clock: the machine's time plus an offset, or an instant that stands still.
#[derive(Debug)]
pub struct Clock {
    mode: Mutex<Mode>,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Running(TimeDelta),
    Fixed(DateTime<Utc>),
}

// === impl Clock ===

impl Clock {
    /// A clock that stands where `start` says.
    #[must_use]
    pub fn new(start: ClockStart) -> Self {
        let clock = Self {
            mode: Mutex::new(Mode::Running(TimeDelta::zero())),
        };
        clock.restart(start);
        clock
    }

    /// Goes where `start` says.
    pub fn restart(&self, start: ClockStart) {
        match start {
            ClockStart::Real => self.real(),
            ClockStart::Fixed(at) => self.set(at),
            ClockStart::Running(from) => self.run_from(from),
        }
    }

    /// The present instant of the fake.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match *lock(&self.mode) {
            Mode::Running(offset) => machine_now() + offset,
            Mode::Fixed(at) => at,
        }
    }

    /// Stops the clock at `at`.
    pub fn set(&self, at: DateTime<Utc>) {
        *lock(&self.mode) = Mode::Fixed(within(at));
    }

    /// Sets the clock to `from` and lets it run.
    pub fn run_from(&self, from: DateTime<Utc>) {
        *lock(&self.mode) = Mode::Running(within(from) - machine_now());
    }

    /// Moves the clock by `by`, forwards or backwards; it keeps running or standing.
    pub fn advance(&self, by: TimeDelta) {
        let mut mode = lock(&self.mode);
        *mode = match *mode {
            Mode::Running(offset) => {
                let real = machine_now();
                let at = (real + offset).checked_add_signed(by).unwrap_or(real + offset);
                Mode::Running(within(at) - real)
            }
            Mode::Fixed(at) => Mode::Fixed(within(at.checked_add_signed(by).unwrap_or(at))),
        };
    }

    /// Returns to the machine's time.
    pub fn real(&self) {
        *lock(&self.mode) = Mode::Running(TimeDelta::zero());
    }

    /// Whether the clock stands still.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        matches!(*lock(&self.mode), Mode::Fixed(_))
    }
}

/// Keeps away from the ends of the calendar, where adding a few seconds is an overflow.
fn within(at: DateTime<Utc>) -> DateTime<Utc> {
    let year = at.year().clamp(1900, 9000);
    if year == at.year() {
        at
    } else {
        at.with_year(year).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clock"
)]
fn machine_now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike as _, TimeDelta};

    use super::{Clock, ClockStart};

    #[test]
    fn a_fixed_clock_stands_until_it_is_moved() {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::new(ClockStart::Fixed(at));
        assert_eq!(clock.now(), at);
        clock.advance(TimeDelta::seconds(90));
        assert_eq!(clock.now(), at + TimeDelta::seconds(90));
        clock.advance(TimeDelta::seconds(-30));
        assert_eq!(clock.now(), at + TimeDelta::seconds(60));
        assert!(clock.is_fixed());
        clock.real();
        assert!(!clock.is_fixed());
    }

    #[test]
    fn a_running_clock_starts_where_it_was_set() {
        let from = "2030-06-01T00:00:00Z".parse().unwrap();
        let clock = Clock::new(ClockStart::Running(from));
        let gone = clock.now() - from;
        assert!(
            gone >= TimeDelta::zero() && gone < TimeDelta::minutes(5),
            "{gone}"
        );
    }

    #[test]
    fn an_absurd_advance_is_ignored() {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::new(ClockStart::Fixed(at));
        clock.advance(TimeDelta::MAX);
        assert_eq!(clock.now(), at);
        clock.real();
        for by in [
            TimeDelta::MAX,
            TimeDelta::MIN,
            TimeDelta::days(90_000_000),
            TimeDelta::days(-90_000_000),
        ] {
            clock.advance(by);
            let year = clock.now().year();
            assert!((1900..=9000).contains(&year), "{by}: {year}");
        }
    }
}
