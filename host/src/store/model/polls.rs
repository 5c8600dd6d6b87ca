//! Polls: how they end, and what is remembered of each.

use super::{InstanceId, Lease, PollId, PollerId};
use crate::clock::Millis;

/// How a poll ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollOutcome {
    /// The window is complete: the cursor moves here, and fingerprints with an updated instant before `prune` go.
    Complete {
        /// The new cursor.
        cursor: Millis,
        /// Fingerprints older than this are pruned.
        prune: Option<Millis>,
    },
    /// It failed; the cursor stays.
    Failed {
        /// Why, with the way out.
        error: String,
        /// When this resource is tried again; none where the instance as a whole waits.
        retry: Option<Millis>,
    },
}

/// What a poll came to, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PollResult {
    /// It brought nothing that is news.
    Idle,
    /// It told events.
    Told,
    /// It failed, whatever it had told before.
    Failed,
}

/// Why there was a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PollTrigger {
    /// It was due.
    Schedule,
    /// Somebody asked for it.
    Manual,
}

/// A request that a poll became.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct PollRequest {
    /// The method.
    pub method: String,
    /// The URL, without secrets.
    pub url: String,
    /// The answer's status; none when there was no answer.
    pub status: Option<u16>,
    /// Why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Bytes of the answer's body.
    pub bytes: u64,
    /// BLAKE3 of the answer's body as the adapter was handed it: 32 of its hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How long it took.
    #[schema(value_type = i64)]
    pub milliseconds: Millis,
}

/// How many events a poll told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollEvents {
    /// Altogether.
    pub all: u32,
    /// Records that are new.
    pub created: u32,
    /// Records that were edited.
    pub updated: u32,
    /// Records that are gone.
    pub deleted: u32,
}

/// All that a poll's adapter was given and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollTape {
    /// What of it is kept, compressed and sealed.
    pub sealed: Vec<u8>,
    /// How large it is.
    pub extent: TapeExtent,
}

/// How large a tape is, and whether all of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapeExtent {
    /// Bytes of the whole tape, before compression.
    pub bytes: u64,
    /// Whether all of them are kept.
    pub whole: bool,
}

/// A poll's end, and the record that it leaves.
#[derive(Debug, Clone)]
pub struct PollCommit {
    /// The poll's id: one that rises with the time of the start.
    pub id: PollId,
    /// By what right.
    pub lease: Lease,
    /// The poller.
    pub poller: PollerId,
    /// Why there was a poll.
    pub trigger: PollTrigger,
    /// When it started.
    pub started: Millis,
    /// When it ended.
    pub finished: Millis,
    /// The window's start, in provider time.
    pub since: Millis,
    /// The window's end.
    pub until: Millis,
    /// Requests sent.
    pub requests: u32,
    /// The first of them.
    pub asked: Vec<PollRequest>,
    /// Records read.
    pub records: u32,
    /// Events told.
    pub events: PollEvents,
    /// The adapter's digest, hexadecimal.
    pub adapter: String,
    /// How it ended.
    pub outcome: PollOutcome,
    /// What can be replayed.
    pub tape: Option<PollTape>,
    /// So many records of each result are kept of the poller, this one included; with 0 not even this one.
    pub keep: usize,
}

/// What is remembered of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollRecord {
    /// Its id.
    pub id: PollId,
    /// The poller.
    pub poller: PollerId,
    /// The instance.
    pub instance: InstanceId,
    /// The key of its element.
    pub element: String,
    /// The resource.
    pub resource: String,
    /// Why there was a poll.
    pub trigger: PollTrigger,
    /// What it came to.
    pub result: PollResult,
    /// When it started.
    pub started: Millis,
    /// When it ended.
    pub finished: Millis,
    /// The window's start, in provider time.
    pub since: Millis,
    /// The window's end.
    pub until: Millis,
    /// Requests sent.
    pub requests: u32,
    /// The first of them.
    pub asked: Vec<PollRequest>,
    /// Records read.
    pub records: u32,
    /// Events told.
    pub events: PollEvents,
    /// Where the cursor was moved to, when it was.
    pub cursor: Option<Millis>,
    /// The adapter's digest, hexadecimal.
    pub adapter: String,
    /// Why it failed, when it did.
    pub error: Option<String>,
    /// How large its tape is, where there is one.
    pub tape: Option<TapeExtent>,
}

/// Which polls.
#[derive(Debug, Clone, Default)]
pub struct PollFilter {
    /// Only this one.
    pub id: Option<PollId>,
    /// Only of this instance.
    pub instance: Option<InstanceId>,
    /// Only of this resource.
    pub resource: Option<String>,
    /// Only those that came to this.
    pub result: Option<PollResult>,
    /// Only older than this one.
    pub before: Option<PollId>,
    /// At most so many; none means 200.
    pub limit: Option<usize>,
}

impl PollCommit {
    /// What it came to.
    pub fn result(&self) -> PollResult {
        match self.outcome {
            PollOutcome::Failed { .. } => PollResult::Failed,
            PollOutcome::Complete { .. } if self.events.all > 0 => PollResult::Told,
            PollOutcome::Complete { .. } => PollResult::Idle,
        }
    }
}
