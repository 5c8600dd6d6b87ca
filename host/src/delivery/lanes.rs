//! How many deliveries are under way.
//!
//! Two lanes: a delivery starts in the fast one, and moves over to the slow one when its receiver takes long. So
//! receivers that hang do not use up what is meant for those that answer, even when there are many of them; how much
//! one of them can hold is bounded by the cap on each subscription, which the store keeps.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The two lanes.
#[derive(Debug, Clone)]
pub(super) struct Lanes {
    fast: Lane,
    slow: Lane,
}

/// A place in a lane, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

#[derive(Debug, Clone)]
struct Lane {
    places: usize,
    free: Arc<Semaphore>,
}

// === impl Lanes ===

impl Lanes {
    /// Lanes of this many places; the fast one has at least one.
    pub(super) fn new(fast: usize, slow: usize) -> Self {
        Self {
            fast: Lane::new(fast.max(1)),
            slow: Lane::new(slow),
        }
    }

    /// The places of both.
    pub(super) fn places(&self) -> usize {
        self.fast.places + self.slow.places
    }

    /// How many deliveries may start now.
    pub(super) fn room(&self) -> usize {
        self.fast.free.available_permits()
    }

    /// How many are under way, in both.
    pub(super) fn in_flight(&self) -> usize {
        self.fast.taken() + self.slow.taken()
    }

    /// How many are under way in the slow one.
    pub(super) fn slow(&self) -> usize {
        self.slow.taken()
    }

    /// A place in the fast lane, if one is free.
    pub(super) fn enter(&self) -> Option<Place> {
        self.fast.enter()
    }

    /// Move over to the slow lane; stay when it is full.
    pub(super) fn move_over(&self, place: Place) -> Place {
        self.slow.enter().unwrap_or(place)
    }
}

// === impl Lane ===

impl Lane {
    fn new(places: usize) -> Self {
        let places = places.min(Semaphore::MAX_PERMITS);
        Self {
            places,
            free: Arc::new(Semaphore::new(places)),
        }
    }

    fn taken(&self) -> usize {
        self.places.saturating_sub(self.free.available_permits())
    }

    fn enter(&self) -> Option<Place> {
        Arc::clone(&self.free).try_acquire_owned().ok().map(Place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_moves_over_makes_room_until_the_slow_lane_is_full() {
        let lanes = Lanes::new(2, 1);
        let (first, second) = (lanes.enter().unwrap(), lanes.enter().unwrap());
        assert!(lanes.enter().is_none());
        let first = lanes.move_over(first);
        assert_eq!((lanes.room(), lanes.slow(), lanes.in_flight()), (1, 1, 2));
        let second = lanes.move_over(second);
        assert_eq!((lanes.room(), lanes.slow(), lanes.in_flight()), (1, 1, 2));
        drop(first);
        assert_eq!((lanes.room(), lanes.slow(), lanes.in_flight()), (1, 0, 1));
        drop(second);
        assert_eq!((lanes.room(), lanes.in_flight(), lanes.places()), (2, 0, 3));
    }
}
