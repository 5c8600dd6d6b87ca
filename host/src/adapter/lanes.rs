//! Who compiles when: small files side by side, large ones one after the other, so that nobody waits for a giant.

use tokio::sync::{Semaphore, SemaphorePermit};

/// A file of more bytes compiles for many seconds.
const LARGE: usize = 8 << 20;

/// The lanes of compilation.
#[derive(Debug)]
pub(super) struct Lanes {
    small: Semaphore,
    large: Semaphore,
}

impl Lanes {
    pub(super) fn new(cores: usize) -> Self {
        Self {
            small: Semaphore::new(cores.max(2)),
            large: Semaphore::new(1),
        }
    }

    /// Wait until a file of this size may be compiled. None when the process ends.
    pub(super) async fn enter(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        let lane = if bytes > LARGE { &self.large } else { &self.small };
        lane.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_giant_delays_giants_only() {
        let lanes = Lanes::new(1);
        let _giant = lanes.enter(LARGE + 1).await;
        assert!(futures::poll!(Box::pin(lanes.enter(LARGE + 1))).is_pending());
        let _small = lanes.enter(1).await;
        assert!(futures::poll!(Box::pin(lanes.enter(1))).is_ready());
    }
}
