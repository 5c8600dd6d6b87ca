//! Work that is done to its end, whether or not somebody still waits for it.

use std::{future::Future, panic::resume_unwind, time::Duration};

use tracing::Instrument as _;

use super::{
    Api,
    error::{ApiError, ApiResult},
};

/// Who comes when the host stops, comes again.
const RESTART: Duration = Duration::from_secs(5);

impl Api {
    /// Do it, and wait for it. A caller who hangs up ends his own waiting only: a registration that a provider has
    /// accepted is stored all the same, and a token that was traded is not lost.
    pub(super) async fn carry<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> ApiResult<T> {
        let task = self.carried.spawn(work.in_current_span());
        task.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_cancelled) => ApiError::unavailable("the host is stopping; come again", RESTART),
        })
    }
}
