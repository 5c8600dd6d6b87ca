//! How many guests of one adapter are alive at the same time.
//!
//! A guest that hands on its turn stays alive, and the engine has room for so many. No adapter gets all of it; one with
//! a strike is called one call after the other.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::Health;

/// Guests of one adapter that are alive at the same time.
const EACH: usize = 16;

/// The room of one adapter.
#[derive(Debug, Clone)]
pub(super) struct Rooms {
    /// The engine's, shared by all.
    all: Arc<Semaphore>,
    /// The adapter's own.
    own: Arc<Semaphore>,
    /// For those who have to go one after the other.
    single: Arc<Semaphore>,
}

/// Room for one guest, to the end of its call.
#[derive(Debug)]
pub(super) struct Room(#[expect(dead_code, reason = "held, not read")] [Option<OwnedSemaphorePermit>; 3]);

impl Rooms {
    /// Room for so many guests of all adapters.
    pub(super) fn new(guests: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(guests)),
            own: Arc::new(Semaphore::new(EACH)),
            single: Arc::new(Semaphore::new(1)),
        }
    }

    /// The room of another adapter.
    pub(super) fn another(&self) -> Self {
        Self {
            all: Arc::clone(&self.all),
            ..Self::new(0)
        }
    }

    /// Wait for room; first come, first served.
    pub(super) async fn enter(&self, health: Health) -> Result<Room, AcquireError> {
        // NOTE: the adapter's own before the common one, so that who waits for his neighbours keeps nobody else out.
        let single = match health {
            Health::Ready => None,
            Health::Degraded { .. } | Health::Quarantined { .. } => {
                Some(Arc::clone(&self.single).acquire_owned().await?)
            }
        };
        let own = Arc::clone(&self.own).acquire_owned().await?;
        let all = Arc::clone(&self.all).acquire_owned().await?;
        Ok(Room([single, Some(own), Some(all)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn degraded() -> Health {
        Health::Degraded {
            strikes: 1,
            why: String::new(),
        }
    }

    #[tokio::test]
    async fn no_adapter_takes_all_and_one_with_a_strike_goes_alone() {
        let greedy = Rooms::new(EACH + 1);
        let other = greedy.another();
        let mut held = Vec::new();
        for _guest in 0..EACH {
            held.push(greedy.enter(Health::Ready).await.unwrap());
        }
        assert!(futures::poll!(Box::pin(greedy.enter(Health::Ready))).is_pending());
        drop(other.enter(Health::Ready).await.unwrap());
        held.clear();
        let first = other.enter(degraded()).await.unwrap();
        assert!(futures::poll!(Box::pin(other.enter(degraded()))).is_pending());
        assert!(futures::poll!(Box::pin(greedy.enter(degraded()))).is_ready());
        drop(first);
        other.enter(degraded()).await.unwrap();
    }
}
