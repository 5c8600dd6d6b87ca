//! Polling that misses nothing: the schedule, the window of a poll, and what of its records is news.
//!
//! The window starts before the end of the last one, so that rows that become visible late, edits within the same
//! second and clocks that disagree are read again; fingerprints decide what of it is news. Fingerprints, events,
//! notifications and deliveries of a page move in one transaction, the cursor after the last page.

mod backoff;
mod news;
mod page;
mod poller;
mod preview;
mod refusal;
mod replay;
mod scheduler;
mod single;
mod telling;
mod window;

use std::time::Duration;

pub use self::{
    backoff::Backoff,
    preview::{Preview, PreviewRecord, PreviewRequest},
    refusal::NoPoll,
    replay::{Changed, NoReplay, Replay, case_file},
    scheduler::Scheduler,
};
pub(crate) use self::{
    news::{Baseline, Seen, Sifted, sift},
    telling::Teller,
    window::floor_to_second,
};

/// How the host polls.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The window starts so long before the end of the last one.
    pub overlap: Duration,
    /// Fingerprints are kept so long beyond the window's start.
    pub horizon: Duration,
    /// So many instances are polled at the same time.
    pub concurrency: usize,
    /// A poller that died gives its instance up after so long.
    pub lease: Duration,
    /// So many records of polls of each result are kept of a poller.
    pub records: usize,
    /// So many bytes of a poll's tape are kept.
    pub tape: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            overlap: Duration::from_secs(120),
            horizon: Duration::from_secs(3600),
            concurrency: 64,
            lease: Duration::from_secs(120),
            records: 100,
            tape: 1 << 20,
        }
    }
}
