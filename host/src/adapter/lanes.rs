//! How many files compile at the same time: as many as there are processors, and of large ones a single one, so that
//! nobody waits for a giant.

use tokio::sync::{Semaphore, SemaphorePermit};

/// A file of more bytes compiles for many seconds.
const LARGE: usize = 8 << 20;

/// The lanes of compilation.
#[derive(Debug)]
pub(super) struct Lanes {
    places: Semaphore,
    large: Semaphore,
}

/// The right to compile a file, until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    _place: SemaphorePermit<'a>,
    _large: Option<SemaphorePermit<'a>>,
}

impl Lanes {
    pub(super) fn new(cores: usize) -> Self {
        Self {
            // Beside one that takes long there is another one.
            places: Semaphore::new(cores.max(2)),
            large: Semaphore::new(1),
        }
    }

    /// Wait until a file of this size may be compiled. None when the process ends.
    pub(super) async fn enter(&self, bytes: usize) -> Option<Place<'_>> {
        // In this order, so that a giant that waits for giants is in nobody's way.
        let large = match bytes > LARGE {
            true => Some(self.large.acquire().await.ok()?),
            false => None,
        };
        Some(Place {
            _place: self.places.acquire().await.ok()?,
            _large: large,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_giant_delays_giants_only() {
        let lanes = Lanes::new(1);
        let giant = lanes.enter(LARGE + 1).await;
        let mut second = Box::pin(lanes.enter(LARGE + 1));
        assert!(futures::poll!(&mut second).is_pending());
        let small = lanes.enter(1).await;
        assert!(
            futures::poll!(Box::pin(lanes.enter(1))).is_pending(),
            "there are two places"
        );
        drop(small);
        assert!(futures::poll!(Box::pin(lanes.enter(1))).is_ready());
        drop(giant);
        assert!(futures::poll!(&mut second).is_ready());
    }
}
