//! The providers' rate limits: one budget for all instances of an account.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use periodic_sdk::description::RateLimit;
use tokio::time::Instant;

/// Budgets by account.
#[derive(Debug, Default)]
pub struct Budgets(Mutex<HashMap<String, Budget>>);

#[derive(Debug, Default)]
struct Budget {
    /// When requests were let through, as far back as the longest limit looks.
    sent: VecDeque<Instant>,
    /// The provider asked for patience until then.
    paused_until: Option<Instant>,
}

/// Why and until when an account has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// The provider asked for it.
    Paused(Instant),
    /// The budget is used up.
    Full(Instant),
}

/// Accounts that were not used for so long are forgotten.
const FORGET: usize = 10_000;

impl Budgets {
    /// Wait until the account may send one more request, and count it. A pause that the provider asked for is waited
    /// for if it ends within this patience; how long it lasts is the error otherwise.
    pub async fn acquire(
        &self,
        account: &str,
        limits: &[RateLimit],
        patience: Duration,
    ) -> Result<(), Duration> {
        let patient_until = Instant::now() + patience;
        while let Some(wait) = self.try_acquire(account, limits, Instant::now()) {
            match wait {
                Wait::Paused(until) if until > patient_until => {
                    return Err(until.saturating_duration_since(Instant::now()));
                }
                Wait::Paused(until) | Wait::Full(until) => tokio::time::sleep_until(until).await,
            }
        }
        Ok(())
    }

    /// The provider asks for patience: nobody of the account sends before it is over.
    pub fn pause(&self, account: &str, duration: Duration) {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = budgets.entry(account.to_owned()).or_default();
        let until = Instant::now() + duration;
        budget.paused_until = Some(budget.paused_until.map_or(until, |before| before.max(until)));
    }

    /// Count a request, or say until when to wait.
    fn try_acquire(&self, account: &str, limits: &[RateLimit], now: Instant) -> Option<Wait> {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if budgets.len() > FORGET {
            budgets.retain(|_, budget| {
                budget.paused_until.is_some_and(|until| until > now) || !budget.sent.is_empty()
            });
        }
        let budget = budgets.entry(account.to_owned()).or_default();
        if let Some(until) = budget.paused_until.filter(|until| *until > now) {
            return Some(Wait::Paused(until));
        }
        budget.paused_until = None;
        let longest = limits
            .iter()
            .map(|limit| u64::from(limit.seconds))
            .max()
            .unwrap_or(0);
        while budget
            .sent
            .front()
            .is_some_and(|sent| now.duration_since(*sent) >= Duration::from_secs(longest))
        {
            budget.sent.pop_front();
        }
        let full = limits.iter().filter_map(|limit| {
            // The request that has to leave the window before another one fits.
            let index = budget.sent.len().checked_sub(limit.requests.max(1) as usize)?;
            let until = *budget.sent.get(index)? + Duration::from_secs(u64::from(limit.seconds));
            (until > now).then_some(until)
        });
        match full.max() {
            Some(until) => Some(Wait::Full(until)),
            None => {
                if longest > 0 {
                    budget.sent.push_back(now);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(requests: u32, seconds: u32) -> RateLimit {
        RateLimit {
            requests,
            seconds,
            account: Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_holds_more_than_the_limit() {
        let budgets = Budgets::default();
        let limits = [limit(3, 10), limit(4, 60)];
        let start = Instant::now();
        let mut sent = Vec::new();
        for _ in 0..6 {
            budgets.acquire("a", &limits, Duration::ZERO).await.unwrap();
            sent.push(start.elapsed().as_secs());
        }
        assert_eq!(sent, [0, 0, 0, 10, 60, 60]);
        budgets.acquire("b", &limits, Duration::ZERO).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_the_whole_account() {
        let budgets = Budgets::default();
        let start = Instant::now();
        budgets.pause("a", Duration::from_secs(7));
        budgets.pause("a", Duration::from_secs(3));
        let patience = Duration::from_secs(7);
        budgets.acquire("b", &[], patience).await.unwrap();
        let impatient = budgets.acquire("a", &[], Duration::from_secs(6)).await;
        assert_eq!(impatient, Err(patience));
        assert_eq!(start.elapsed().as_secs(), 0);
        budgets.acquire("a", &[], patience).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 7);
    }
}
