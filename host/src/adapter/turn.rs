//! Taking turns on the processor: a few slots, and guests that hand theirs on at every tick.
//!
//! Guests only live while they compute. There are fewer slots than processors, so that the rest of the host always has
//! one, and whoever waits for a slot gets it after a tick at the latest for each that waits before: a guest that spins
//! until its deadline delays a neighbour's millisecond by some ticks, not by the deadline.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The slots of a process.
#[derive(Debug, Clone)]
pub(super) struct Slots(Arc<Semaphore>);

/// A guest's hold on a slot. It ends with the call.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    slots: Slots,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
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
        })
    }
}

impl Turn {
    /// Hand the slot to whoever waits longest, and queue up again.
    pub(super) async fn hand_on(self) {
        drop(self.hold(None));
        if let Ok(permit) = Arc::clone(&self.slots.0).acquire_owned().await {
            self.hold(Some(permit));
        }
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
