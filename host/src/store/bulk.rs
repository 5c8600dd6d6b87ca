//! Exports of resources in bulk: their jobs and the pages that they have stored.

use async_trait::async_trait;
use bytes::Bytes;

use super::{AccountId, BulkId, InstanceId, NotificationId, Result};
use crate::clock::Millis;

/// How far an export came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BulkStatus {
    /// It waits for its turn.
    Created,
    /// It is read.
    Running,
    /// All of it is stored.
    Completed,
    /// Somebody gave it up.
    Cancelled,
    /// It was given up by the host.
    Failed,
}

/// An export to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBulk {
    /// Whose it is.
    pub account: AccountId,
    /// What is read from.
    pub instance: InstanceId,
    /// The resource.
    pub object: String,
    /// The query as it was asked.
    pub query: String,
    /// Who is told of its end.
    pub callback: Option<String>,
    /// When.
    pub created: Millis,
}

/// An export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkJob {
    /// Its id.
    pub id: BulkId,
    /// Whose it is.
    pub account: AccountId,
    /// What is read from.
    pub instance: InstanceId,
    /// The resource.
    pub object: String,
    /// The query as it was asked.
    pub query: String,
    /// Who is told of its end.
    pub callback: Option<String>,
    /// How far it came.
    pub status: BulkStatus,
    /// Why it failed, or what it waits for.
    pub reason: Option<String>,
    /// Where the next page starts; none before the first.
    pub cursor: Option<String>,
    /// How many pages are stored.
    pub pages: u64,
    /// How many records an offset left out so far.
    pub skipped: u64,
    /// How many records are stored.
    pub records: u64,
    /// How many bytes these have.
    pub bytes: u64,
    /// The records' members in the order of their first coming.
    pub columns: Vec<String>,
    /// How many attempts in a row failed.
    pub failures: u32,
    /// When it was made.
    pub created: Millis,
    /// When its reading began.
    pub started: Option<Millis>,
    /// When it ended.
    pub finished: Option<Millis>,
}

/// An export that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkClaim {
    /// The export.
    pub job: BulkJob,
    /// Rises with every claim.
    pub epoch: i64,
}

/// A page of an export, frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkPage {
    /// The export.
    pub job: BulkId,
    /// The claim's epoch.
    pub epoch: i64,
    /// A record a line.
    pub body: Bytes,
    /// How many lines.
    pub records: u64,
    /// How many records the offset left out.
    pub skipped: u64,
    /// All members so far.
    pub columns: Vec<String>,
    /// Where the next page starts.
    pub cursor: Option<String>,
    /// When the lease ends now.
    pub lease_ends: Millis,
    /// When.
    pub now: Millis,
    /// The end, when this is the last page.
    pub end: Option<BulkEnd>,
}

/// How an export ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkEnd {
    /// Completed or failed.
    pub status: BulkStatus,
    /// Why it failed.
    pub reason: Option<String>,
    /// What its callback is told.
    pub notice: Option<BulkNotice>,
}

/// What a callback is told of an export's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkNotice {
    /// The notification's id.
    pub id: NotificationId,
    /// The webhook id of its delivery.
    pub event_id: String,
    /// The topic.
    pub topic: String,
    /// The body.
    pub body: Bytes,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkError {
    /// Its id, once it is stored.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// What, with the way out.
    pub message: String,
    /// The provider's own words.
    pub provider_message: Option<String>,
}

/// What becomes of an export that is given back without another page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkOutcome {
    /// It goes on then.
    Later {
        /// When.
        next_run: Millis,
        /// What it waits for.
        reason: Option<String>,
        /// How many attempts in a row failed.
        failures: u32,
    },
    /// It is over.
    Over(BulkEnd),
}

/// The end of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkSettlement {
    /// The export.
    pub job: BulkId,
    /// The claim's epoch.
    pub epoch: i64,
    /// What becomes of it.
    pub outcome: BulkOutcome,
    /// What went wrong.
    pub error: Option<BulkError>,
    /// When.
    pub now: Millis,
}

/// The part of the store that keeps exports. Every method is one transaction, but for [`BulkStore::prune_bulk`].
#[async_trait]
pub trait BulkStore: Send + Sync {
    /// Make an export, unless its instance has this many unfinished ones: none then.
    async fn create_bulk(&self, job: NewBulk, most: usize) -> Result<Option<BulkJob>>;

    /// An export of an instance.
    async fn bulk_job(&self, instance: InstanceId, id: BulkId) -> Result<Option<BulkJob>>;

    /// The exports of an instance before this one, newest first.
    async fn bulk_jobs(
        &self,
        instance: InstanceId,
        before: Option<BulkId>,
        limit: usize,
    ) -> Result<Vec<BulkJob>>;

    /// Take a lease on exports that are due, the longest waiting first: of each instance the oldest unfinished one.
    async fn claim_bulk(&self, now: Millis, limit: usize, lease_ends: Millis) -> Result<Vec<BulkClaim>>;

    /// When the next export is due, or the next lease ends.
    async fn next_bulk_due(&self) -> Result<Option<Millis>>;

    /// Store a page and where the next one starts. False, and nothing is stored, when the export is another's by now
    /// or over.
    async fn commit_bulk_page(&self, page: BulkPage) -> Result<bool>;

    /// End a claim. False, and nothing changes, when the export is another's by now or over.
    async fn settle_bulk(&self, settlement: BulkSettlement) -> Result<bool>;

    /// Give up an unfinished export and drop what it has stored; remove a finished one.
    async fn end_bulk(&self, instance: InstanceId, id: BulkId, now: Millis) -> Result<()>;

    /// A stored page, counted from 0.
    async fn bulk_page(&self, job: BulkId, ordinal: u64) -> Result<Option<Bytes>>;

    /// What went wrong, in its order, after this one.
    async fn bulk_errors(&self, job: BulkId, after: i64, limit: usize) -> Result<Vec<BulkError>>;

    /// Remove exports that ended before this. Says how many.
    async fn prune_bulk(&self, before: Millis) -> Result<usize>;
}
