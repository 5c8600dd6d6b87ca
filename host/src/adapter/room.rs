//! How many guests of one adapter are alive at the same time.
//!
//! A guest that hands on its turn stays alive, and the engine has room for so many. No adapter gets all of it; one with
//! a strike is called one call after the other. Half of the room is kept for the first guest of each adapter: so few
//! that take their time, each with all that it gets, do not keep the others out.

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
    /// The engine's, for one guest of each adapter.
    kept: Arc<Semaphore>,
    /// The adapter's first guest.
    first: Arc<Semaphore>,
    /// The adapter's own.
    own: Arc<Semaphore>,
    /// For those who have to go one after the other.
    single: Arc<Semaphore>,
}

/// Room for one guest, to the end of its call.
#[derive(Debug)]
pub(super) struct Room(#[expect(dead_code, reason = "held, not read")] Vec<OwnedSemaphorePermit>);

impl Rooms {
    /// Room for so many guests of all adapters.
    pub(super) fn new(guests: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(guests.div_ceil(2))),
            kept: Arc::new(Semaphore::new(guests / 2)),
            first: Arc::new(Semaphore::new(1)),
            own: Arc::new(Semaphore::new(EACH)),
            single: Arc::new(Semaphore::new(1)),
        }
    }

    /// The room of another adapter.
    pub(super) fn another(&self) -> Self {
        Self {
            all: Arc::clone(&self.all),
            kept: Arc::clone(&self.kept),
            ..Self::new(0)
        }
    }

    /// Wait for room; first come, first served.
    pub(super) async fn enter(&self, health: Health) -> Result<Room, AcquireError> {
        let mut held = Vec::with_capacity(4);
        match health {
            Health::Ready => {}
            Health::Degraded { .. } | Health::Quarantined { .. } => {
                held.push(Arc::clone(&self.single).acquire_owned().await?);
            }
        }
        // NOTE: the adapter's own before the common one, so that who waits for his neighbours keeps nobody else out.
        held.push(Arc::clone(&self.own).acquire_owned().await?);
        let first = Arc::clone(&self.first).try_acquire_owned();
        match first.map(|first| (first, Arc::clone(&self.kept).try_acquire_owned())) {
            Ok((first, Ok(kept))) => held.extend([first, kept]),
            // Others of its own are alive, or there are more adapters than places that are kept.
            Ok((_, Err(_))) | Err(_) => held.push(Arc::clone(&self.all).acquire_owned().await?),
        }
        Ok(Room(held))
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
        let greedy = Rooms::new(2 * EACH);
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

    #[tokio::test]
    async fn who_comes_alone_comes_in_however_full_it_is() {
        let all = Rooms::new(2 * EACH);
        let greedy: Vec<Rooms> = (0..4).map(|_adapter| all.another()).collect();
        let mut held = Vec::new();
        for rooms in &greedy {
            while let std::task::Poll::Ready(room) = futures::poll!(Box::pin(rooms.enter(Health::Ready))) {
                held.push(room.unwrap());
            }
        }
        assert_eq!(
            held.len(),
            EACH + greedy.len(),
            "all that is shared, and one of each"
        );
        let alone = all.another();
        let room = alone.enter(Health::Ready).await.unwrap();
        assert!(futures::poll!(Box::pin(alone.enter(Health::Ready))).is_pending());
        drop(room);
        alone.enter(Health::Ready).await.unwrap();
    }
}
