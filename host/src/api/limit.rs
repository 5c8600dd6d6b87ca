//! So many requests for each user's secret in so much time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    clock::{Millis, millis},
    store::UserId,
};

/// How many requests each secret may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// So many at once, and again after [`RateLimit::per`].
    pub requests: u32,
    /// In so much time.
    pub per: Duration,
}

/// Counts requests. A budget refills evenly: whoever spent it waits for the next request, not for the next period.
#[derive(Debug, Default)]
pub struct Limiter {
    limit: Option<RateLimit>,
    /// When each user's budget is full again, in microseconds.
    full: Mutex<HashMap<UserId, i64>>,
}

impl Limiter {
    /// With this limit; none admits everybody.
    pub fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit: limit.filter(|limit| limit.requests > 0 && !limit.per.is_zero()),
            full: Mutex::default(),
        }
    }

    /// Admit a request, or say after what time to come again.
    pub(super) fn admit(&self, user: UserId, now: Millis) -> Result<(), Duration> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let per = millis(limit.per).saturating_mul(1000);
        let one = per / i64::from(limit.requests);
        let now = now.saturating_mul(1000);
        let mut users = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let full = users.entry(user).or_insert(now);
        let after = (*full).max(now).saturating_add(one);
        let missing = after.saturating_sub(now).saturating_sub(per);
        if missing > 0 {
            return Err(Duration::from_micros(missing.unsigned_abs()));
        }
        *full = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_and_refills_evenly() {
        let limiter = Limiter::new(Some(RateLimit {
            requests: 4,
            per: Duration::from_secs(2),
        }));
        let (a, b) = (UserId(1), UserId(2));
        // Who asks, when, and how long he has to wait.
        let cases = [
            (a, 0, None),
            (a, 0, None),
            (a, 0, None),
            (a, 0, None),
            (a, 0, Some(500)),
            (b, 0, None),
            (a, 499, Some(1)),
            (a, 500, None),
            (a, 500, Some(500)),
            (a, 10_000, None),
        ];
        for (number, (user, now, wait)) in cases.into_iter().enumerate() {
            let expected = wait.map_or(Ok(()), |wait| Err(Duration::from_millis(wait)));
            assert_eq!(limiter.admit(user, now), expected, "request {number}");
        }
    }

    #[test]
    fn no_limit_admits_everybody() {
        for limiter in [
            Limiter::default(),
            Limiter::new(Some(RateLimit {
                requests: 0,
                per: Duration::from_secs(1),
            })),
        ] {
            assert!((0..1000).all(|_| limiter.admit(UserId(1), 0).is_ok()));
        }
    }
}
