//! Waiting for conditions.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep};

/// So long anything may take before a test gives up; machines are noisy.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Look until there is something to see.
///
/// # Errors
/// What the look fails with, or that [`PATIENCE`] is over.
pub async fn eventually<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await? {
            return Ok(seen);
        }
        if Instant::now() >= until {
            bail!("waited {PATIENCE:?} in vain: {what}");
        }
        sleep(PAUSE).await;
    }
}
