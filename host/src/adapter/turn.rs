//! Taking turns on the processor: a few slots, and guests that hand theirs on at every tick.
//!
//! Guests only live while they compute. There are fewer slots than processors, so that the rest of the host always has
//! one, and whoever waits for a slot gets it after a tick at the latest for each that waits before: a guest that spins
//! until its deadline delays a neighbour's millisecond by some ticks, not by the deadline.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::{Instant, error::Elapsed, timeout_at},
};

/// The slots of a process.
#[derive(Debug, Clone)]
pub(super) struct Slots(Arc<Semaphore>);

/// A guest's hold on a slot. It ends with the call.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    slots: Slots,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
    /// Times at which a slot was waited for: waiting is not the guest's.
    waits: Arc<Mutex<Waits>>,
}

#[derive(Debug, Default)]
struct Waits {
    past: Duration,
    /// The beginning of the present one.
    since: Option<Instant>,
}

impl Waits {
    fn total(&self) -> Duration {
        self.past + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Slots {
    pub(super) fn new(slots: usize) -> Self {
        Self(Arc::new(Semaphore::new(slots)))
    }

    /// Wait for a slot; first come, first served.
    pub(super) async fn take(&self) -> Result<Turn, AcquireError> {
        let permit = Arc::clone(&self.0).acquire_owned().await?;
        Ok(Turn {
            slots: self.clone(),
            held: Arc::new(Mutex::new(Some(permit))),
            waits: Arc::default(),
        })
    }
}

impl Turn {
    /// Hand the slot to whoever waits longest, and queue up again.
    pub(super) async fn hand_on(self) {
        drop(self.hold(None));
        self.waits().since = Some(Instant::now());
        if let Ok(permit) = Arc::clone(&self.slots.0).acquire_owned().await {
            self.hold(Some(permit));
        }
        let mut waits = self.waits();
        waits.past = waits.total();
        waits.since = None;
    }

    /// Give up on a call after so long, not counting the time in which it waited for its turn.
    pub(super) async fn timeout<F: Future>(&self, limit: Duration, call: F) -> Result<F::Output, Elapsed> {
        let mut call = pin!(call);
        let begun = Instant::now();
        loop {
            let waited = self.waits().total();
            match timeout_at(begun + limit + waited, call.as_mut()).await {
                Err(_elapsed) if self.waits().total() > waited => {}
                ended => return ended,
            }
        }
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, permit: Option<OwnedSemaphorePermit>) -> Option<OwnedSemaphorePermit> {
        std::mem::replace(
            &mut *self.held.lock().unwrap_or_else(PoisonError::into_inner),
            permit,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_turn_is_not_the_guests_time() {
        let slots = Slots::new(1);
        let turn = slots.take().await.unwrap();
        let limit = Duration::from_secs(1);
        let slow = turn.timeout(limit, tokio::time::sleep(2 * limit));
        assert!(slow.await.is_err(), "it did not wait for a turn");
        let other = tokio::spawn(async move {
            let _turn = slots.take().await.unwrap();
            tokio::time::sleep(5 * limit).await;
        });
        tokio::task::yield_now().await;
        turn.timeout(limit, turn.clone().hand_on()).await.unwrap();
        other.await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_comes_before_who_hands_on() {
        let slots = Slots::new(1);
        let first = slots.take().await.unwrap();
        let second = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take().await.unwrap() }
        });
        tokio::task::yield_now().await;
        let handing_on = first.clone().hand_on();
        let mut handing_on = Box::pin(handing_on);
        assert!(
            futures::poll!(handing_on.as_mut()).is_pending(),
            "the second has the slot"
        );
        let second = second.await.unwrap();
        drop(second);
        handing_on.await;
        drop(first);
        slots.take().await.unwrap();
    }
}
