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

/// How long somebody waits for his turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the end of a pause that the provider asked for.
    pub paused: Duration,
    /// For room in the budget; none waits however long it takes.
    pub full: Option<Duration>,
}

impl Patience {
    /// Of polls and whatever else nobody waits for: longer pauses are theirs to plan for.
    pub const FOR_WORK: Self = Self {
        paused: Duration::from_secs(2),
        full: None,
    };
    /// Of somebody who waits for an answer. He is better told when to come again than kept.
    pub const FOR_CALLERS: Self = Self {
        paused: Duration::from_secs(2),
        full: Some(Duration::from_secs(5)),
    };
}

/// It would take longer than somebody waits: so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// The provider asked for it.
    Paused(Duration),
    /// The budget is used up.
    Full(Duration),
}

impl Spent {
    /// When to come again.
    pub fn after(self) -> Duration {
        match self {
            Self::Paused(after) | Self::Full(after) => after,
        }
    }
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
    /// Wait until the account may send one more request, and count it; or say at once that it would take longer than
    /// this patience.
    pub async fn acquire(
        &self,
        account: &str,
        limits: &[RateLimit],
        patience: Patience,
    ) -> Result<(), Spent> {
        let came = Instant::now();
        while let Some(wait) = self.try_acquire(account, limits, Instant::now()) {
            let lasts = |until: Instant| until.saturating_duration_since(Instant::now());
            match wait {
                Wait::Paused(until) if until > came + patience.paused => {
                    return Err(Spent::Paused(lasts(until)));
                }
                Wait::Full(until) if patience.full.is_some_and(|full| until > came + full) => {
                    return Err(Spent::Full(lasts(until)));
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

    const PATIENT: Patience = Patience {
        paused: Duration::ZERO,
        full: None,
    };

    #[tokio::test(start_paused = true)]
    async fn no_window_holds_more_than_the_limit() {
        let budgets = Budgets::default();
        let limits = [limit(3, 10), limit(4, 60)];
        let start = Instant::now();
        let mut sent = Vec::new();
        for _ in 0..6 {
            budgets.acquire("a", &limits, PATIENT).await.unwrap();
            sent.push(start.elapsed().as_secs());
        }
        assert_eq!(sent, [0, 0, 0, 10, 60, 60]);
        budgets.acquire("b", &limits, PATIENT).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_wait_is_told_how_long_it_takes() {
        let budgets = Budgets::default();
        let (limits, start) = ([limit(1, 30)], Instant::now());
        let callers = Patience::FOR_CALLERS;
        budgets.acquire("a", &limits, callers).await.unwrap();
        let told = budgets.acquire("a", &limits, callers).await;
        assert_eq!(told, Err(Spent::Full(Duration::from_secs(30))));
        assert_eq!(start.elapsed().as_secs(), 0, "at once");
        tokio::time::advance(Duration::from_secs(26)).await;
        budgets.acquire("a", &limits, callers).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 30, "a short while is waited for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_the_whole_account() {
        let budgets = Budgets::default();
        let start = Instant::now();
        budgets.pause("a", Duration::from_secs(7));
        budgets.pause("a", Duration::from_secs(3));
        let paused = |seconds| Patience {
            paused: Duration::from_secs(seconds),
            full: None,
        };
        budgets.acquire("b", &[], paused(7)).await.unwrap();
        let impatient = budgets.acquire("a", &[], paused(6)).await;
        assert_eq!(impatient, Err(Spent::Paused(Duration::from_secs(7))));
        assert_eq!(start.elapsed().as_secs(), 0);
        budgets.acquire("a", &[], paused(7)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 7);
    }
}
