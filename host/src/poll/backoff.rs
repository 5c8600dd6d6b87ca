//! How long a failing instance waits.

use std::time::Duration;

use crate::{
    adapter::CallError,
    clock::{Millis, millis},
    session::Failure,
};

/// The wait after the first failure.
const FIRST: Duration = Duration::from_secs(5);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// How a failure is followed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// 5 s, doubling to 30 min. What looks hopeless is no exception: providers say the same of a passing trouble.
    Doubling,
    /// The provider says when.
    RetryAfter(Duration),
}

impl Backoff {
    /// How this failure is followed up.
    pub fn after(failure: &Failure, now: Millis) -> Self {
        match failure {
            Failure::RateLimited {
                after: Some(after), ..
            } => Self::RetryAfter(*after),
            Failure::Adapter(CallError::Quarantined { until, .. }) => {
                let wait = u64::try_from(until.saturating_sub(now)).unwrap_or(0);
                Self::RetryAfter(Duration::from_millis(wait))
            }
            _ => Self::Doubling,
        }
    }

    /// When a resource that failed so many times in a row is tried again, where that is its own matter and not that of
    /// the account as a whole.
    pub fn retry(self, failures: u32, now: Millis) -> Option<Millis> {
        match self {
            Self::Doubling => Some(now.saturating_add(millis(self.wait(failures)))),
            Self::RetryAfter(_) => None,
        }
    }

    /// The wait after so many failures in a row, this one included.
    pub fn wait(self, failures: u32) -> Duration {
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        match self {
            Self::Doubling => doubled.min(LONGEST),
            Self::RetryAfter(after) => after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_half_an_hour() {
        let waits = [1, 2, 3, 9, 10, 40, u32::MAX].map(|failures| Backoff::Doubling.wait(failures).as_secs());
        assert_eq!(waits, [5, 10, 20, 1280, 1800, 1800, 1800]);
    }

    #[test]
    fn what_the_provider_says_is_not_doubled() {
        assert_eq!(
            Backoff::RetryAfter(Duration::from_secs(7)).wait(5),
            Duration::from_secs(7)
        );
    }
}
