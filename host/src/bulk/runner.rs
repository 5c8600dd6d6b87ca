//! Reads exports, page by page.
//!
//! Whatever happens between two pages costs at most the page that was under way: each is stored together with the
//! place where the next one starts, under the epoch of the claim, so that nobody who lost his lease stores one twice.

use std::{sync::Arc, time::Duration};

use indexmap::IndexSet;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{ExportView, Select, form};
use crate::{
    adapter::{CallError, contract::hub},
    clock::{Millis, millis},
    host::Host,
    ids::{self, NoRandomness},
    session::{Failure, HubAnswer, Nulls, Session},
    store::{
        BulkClaim, BulkEnd, BulkError, BulkNotice, BulkOutcome, BulkPage, BulkSettlement, BulkStatus,
        Instance, NotificationId, StoreError,
    },
};

/// How exports are read.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// So many at the same time, of as many instances. At least 1.
    pub concurrency: usize,
    /// So many bytes one of them may have.
    pub max_size: u64,
}

/// Reads exports.
#[derive(Debug)]
pub struct Runner {
    host: Arc<Host>,
    options: Options,
}

/// Records that are asked for at once.
const PAGE: u32 = 500;
/// Pages that one export may have: an element whose pages never end is given up.
const PAGES: u64 = 1_000_000;
/// How long a claim lasts without another page: longer than any operation of a session.
const LEASE: Duration = Duration::from_secs(15 * 60);
/// The first wait after a failure; doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);
/// Failures in a row after which an export is given up: about an hour.
const FAILURES: u32 = 20;
/// The longest sleep: another host may have taken down what this one does not know of.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// The sleep when something is due that cannot be claimed, and after an error of the store.
const PAUSE: Duration = Duration::from_secs(1);
/// Tries to store an end, whose notification's number may be another host's.
const TRIES: u32 = 5;

/// Why an export stops before its end.
#[derive(Debug, thiserror::Error)]
enum Stop {
    /// It is another host's by now, or somebody ended it.
    #[error("the export is no longer this host's")]
    Lost,
    /// The host stops.
    #[error("the host stops")]
    Shutdown,
    /// Reading failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It cannot go on, whatever the provider says.
    #[error("{0}")]
    Hopeless(String),
    /// No id for the notification.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(Failure::Store(error))
    }
}

// === impl Runner ===

impl Runner {
    /// A reader of this host's exports.
    pub fn new(host: Arc<Host>, options: Options) -> Self {
        Self { host, options }
    }

    /// Read until cancelled; what is under way then goes on at the next start.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut exports = JoinSet::new();
        while !shutdown.is_cancelled() {
            let sleep = match self.claim(&mut exports, &shutdown).await {
                Ok(sleep) => sleep,
                Err(StoreError::Closed) => break,
                Err(error) => {
                    tracing::error!(%error, "no exports could be claimed");
                    PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.host.bulk_due.notified() => {}
                Some(ended) = exports.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "an export broke off; it goes on when its lease ends");
                    }
                }
                () = tokio::time::sleep(sleep) => {}
            }
        }
        while exports.join_next().await.is_some() {}
    }

    /// Take what is due and say when to look again.
    async fn claim(
        &self,
        exports: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) -> Result<Duration, StoreError> {
        let store = &self.host.store;
        let room = self.options.concurrency.max(1).saturating_sub(exports.len());
        if room == 0 {
            return Ok(LONGEST_SLEEP);
        }
        let now = self.host.clock.now();
        for claim in store
            .claim_bulk(now, room, now.saturating_add(millis(LEASE)))
            .await?
        {
            let export = Export {
                host: Arc::clone(&self.host),
                max_size: self.options.max_size,
                claim,
                shutdown: shutdown.clone(),
            };
            exports.spawn(export.run());
        }
        let due = store.next_bulk_due().await?;
        Ok(due.map_or(LONGEST_SLEEP, |due| {
            let ahead = u64::try_from(due.saturating_sub(self.host.clock.now())).unwrap_or(0);
            Duration::from_millis(ahead).clamp(PAUSE.min(Duration::from_millis(50)), LONGEST_SLEEP)
        }))
    }
}

/// One export under way.
struct Export {
    host: Arc<Host>,
    max_size: u64,
    claim: BulkClaim,
    shutdown: CancellationToken,
}

/// What one page came to.
struct Read {
    lines: Vec<u8>,
    records: u64,
    skipped: u64,
    next: Option<String>,
}

impl Export {
    async fn run(mut self) {
        let id = self.claim.job.id;
        match self.pages().await {
            Ok(()) => tracing::info!(export = %id, records = self.claim.job.records, "an export is complete"),
            Err(Stop::Lost) => {}
            Err(stop) => {
                if let Err(error) = self.stopped(stop).await {
                    tracing::error!(export = %id, %error, "an export could not be given back; its lease ends");
                }
            }
        }
    }

    /// Read from where it stands to the end.
    async fn pages(&mut self) -> Result<(), Stop> {
        let job = &self.claim.job;
        let select = Select::parse(&job.query).map_err(|error| Stop::Hopeless(format!("q: {error}")))?;
        let host = Arc::clone(&self.host);
        let instance = host.store.instance(job.instance).await?.ok_or(Stop::Lost)?;
        if instance.disabled {
            let message = format!("instance {} is disabled; enable it and ask again", instance.id);
            return Err(Stop::Hopeless(message));
        }
        let mut session = Session::open(&host, &instance).await?;
        let mut columns: IndexSet<String> = match select.fields.as_slice() {
            [] => job.columns.iter().cloned().collect(),
            fields => fields.iter().cloned().collect(),
        };
        loop {
            if self.shutdown.is_cancelled() {
                return Err(Stop::Shutdown);
            }
            let read = self.read(&mut session, &instance, &select, &mut columns).await?;
            let last = read.next.is_none();
            self.store(read, &columns, &instance).await?;
            if last {
                return Ok(());
            }
        }
    }

    async fn read(
        &self,
        session: &mut Session<'_>,
        instance: &Instance,
        select: &Select,
        columns: &mut IndexSet<String>,
    ) -> Result<Read, Stop> {
        let job = &self.claim.job;
        let wanted = select
            .limit
            .map_or(u64::MAX, |limit| limit.saturating_sub(job.records));
        let mut left_out = select.offset.saturating_sub(job.skipped);
        let mut read = Read {
            lines: Vec::new(),
            records: 0,
            skipped: 0,
            next: None,
        };
        if wanted == 0 {
            return Ok(read);
        }
        let listing = hub::Listing {
            resource: job.object.clone(),
            where_: select.filter.clone(),
            fields: select.fields.clone(),
            order_by: select.order.clone(),
            start: match &job.cursor {
                Some(cursor) => hub::Position::Cursor(cursor.clone()),
                None => hub::Position::Page(1),
            },
            page_size: page_size(select),
            total: false,
            parameters: Vec::new(),
        };
        let answer = session.operate(hub::Operation::List(listing)).await?;
        let HubAnswer::Listed { records, next, .. } = answer else {
            return Err(session.malformed("a list is no list".to_owned()).into());
        };
        if next.is_some() && (next == job.cursor || job.pages >= PAGES) {
            return Err(session.malformed("the pages never end".to_owned()).into());
        }
        let nulls = Nulls::of(instance, &select.fields);
        for record in records {
            if left_out > 0 {
                left_out -= 1;
                read.skipped += 1;
                continue;
            }
            if read.records == wanted {
                return Ok(read);
            }
            let record = nulls
                .shown(&record)
                .map_err(|error| session.malformed(format!("a record is no JSON: {error}")))?;
            if select.fields.is_empty() {
                form::note_columns(columns, &record);
            }
            form::push_line(&mut read.lines, &record);
            read.records += 1;
        }
        read.next = next.filter(|_| read.records < wanted);
        Ok(read)
    }

    /// Store a page, and with the last one the end.
    async fn store(
        &mut self,
        read: Read,
        columns: &IndexSet<String>,
        instance: &Instance,
    ) -> Result<(), Stop> {
        let Read {
            lines,
            records,
            skipped,
            next,
        } = read;
        let job = &mut self.claim.job;
        job.bytes = job.bytes.saturating_add(lines.len() as u64);
        if job.bytes > self.max_size {
            return Err(Stop::Hopeless(format!(
                "the export has more than {} bytes (setting bulk.max_size); narrow it with where, with fewer fields or \
                 with limit",
                self.max_size
            )));
        }
        job.records += records;
        job.skipped += skipped;
        job.pages += u64::from(!lines.is_empty());
        job.columns = columns.iter().cloned().collect();
        job.cursor.clone_from(&next);
        let mut page = BulkPage {
            job: job.id,
            epoch: self.claim.epoch,
            body: lines.into(),
            records,
            skipped,
            columns: job.columns.clone(),
            cursor: next,
            lease_ends: 0,
            now: 0,
            end: None,
        };
        for tried in 1.. {
            page.now = self.host.clock.now();
            page.lease_ends = page.now.saturating_add(millis(LEASE));
            if page.cursor.is_none() {
                page.end = Some(self.end(BulkStatus::Completed, None, instance, page.now)?);
            }
            match self.host.store.commit_bulk_page(page.clone()).await {
                Ok(true) => {
                    self.claim.job.failures = 0;
                    break;
                }
                Ok(false) => return Err(Stop::Lost),
                Err(StoreError::Taken(_)) if tried < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
        if page.end.is_some() {
            self.host.deliveries_due.notify_one();
        }
        Ok(())
    }

    /// The end of the export, with what its callback is told.
    fn end(
        &self,
        status: BulkStatus,
        reason: Option<String>,
        instance: &Instance,
        now: Millis,
    ) -> Result<BulkEnd, Stop> {
        let mut job = self.claim.job.clone();
        (job.status, job.reason, job.finished) = (status, reason.clone(), Some(now));
        let wanted = job.callback.is_some();
        let notice = BulkNotice {
            id: NotificationId(self.host.sequence.next(now)),
            event_id: ids::event_id(now)?,
            topic: format!("instance-{}-{}-bulk", instance.id, instance.element),
            body: serde_json::to_vec(&ExportView::from(job))
                .unwrap_or_default()
                .into(),
        };
        Ok(BulkEnd {
            status,
            reason,
            notice: wanted.then_some(notice),
        })
    }

    /// Give it back: for later, or for good.
    async fn stopped(&self, stop: Stop) -> Result<(), Stop> {
        let job = &self.claim.job;
        let now = self.host.clock.now();
        let later = |wait: Duration, reason, failures| BulkOutcome::Later {
            next_run: now.saturating_add(millis(wait)),
            reason,
            failures,
        };
        let (outcome, told) = match &stop {
            Stop::Shutdown | Stop::Lost => (later(Duration::ZERO, None, job.failures), None),
            Stop::Failed(failure) => match follow_up(failure, job.failures, now) {
                FollowUp::Wait(wait) => (later(wait, Some(failure.in_full()), job.failures), None),
                FollowUp::Again(wait) => {
                    let told = (failure.in_full(), failure.provider_message().map(str::to_owned));
                    (later(wait, Some(failure.in_full()), job.failures + 1), Some(told))
                }
                FollowUp::GiveUp => {
                    let told = (failure.in_full(), failure.provider_message().map(str::to_owned));
                    (self.over(&told.0, now).await?, Some(told))
                }
            },
            Stop::Hopeless(message) => (self.over(message, now).await?, Some((message.clone(), None))),
            Stop::Randomness(error) => (later(PAUSE, Some(error.to_string()), job.failures + 1), None),
        };
        if let Some((error, _)) = &told {
            tracing::warn!(export = %job.id, instance = %job.instance, error, "an export failed");
        }
        let settlement = BulkSettlement {
            job: job.id,
            epoch: self.claim.epoch,
            outcome,
            error: told.map(|(message, provider_message)| BulkError {
                id: 0,
                at: now,
                message,
                provider_message,
            }),
            now,
        };
        self.host.store.settle_bulk(settlement).await?;
        self.host.deliveries_due.notify_one();
        Ok(())
    }

    async fn over(&self, why: &str, now: Millis) -> Result<BulkOutcome, Stop> {
        let instance = self.host.store.instance(self.claim.job.instance).await?;
        let instance = instance.ok_or(Stop::Lost)?;
        let reason = format!("{why}; when that is mended, ask again with POST /bulk/query");
        Ok(BulkOutcome::Over(self.end(
            BulkStatus::Failed,
            Some(reason),
            &instance,
            now,
        )?))
    }
}

/// How a failure is followed up.
#[derive(Debug, PartialEq, Eq)]
enum FollowUp {
    /// Wait, and count nothing.
    Wait(Duration),
    /// Try again.
    Again(Duration),
    /// Give up.
    GiveUp,
}

fn follow_up(failure: &Failure, failures: u32, now: Millis) -> FollowUp {
    let doubled = FIRST_WAIT.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
    let wait = doubled.min(LONGEST_WAIT);
    match failure {
        Failure::RateLimited { after, .. } => FollowUp::Wait(after.unwrap_or(wait).max(FIRST_WAIT)),
        Failure::Adapter(CallError::Quarantined { until, .. }) => {
            let until = u64::try_from(until.saturating_sub(now)).unwrap_or(0);
            FollowUp::Wait(Duration::from_millis(until).max(FIRST_WAIT))
        }
        // They may pass: a provider that is down, an adapter that is being replaced.
        Failure::Transient(_) | Failure::NoAdapter(_) | Failure::Adapter(_) | Failure::Store(_)
            if failures < FAILURES =>
        {
            FollowUp::Again(wait)
        }
        _ => FollowUp::GiveUp,
    }
}

fn page_size(select: &Select) -> u32 {
    let wanted = select.limit.map(|limit| limit.saturating_add(select.offset));
    wanted
        .and_then(|wanted| u32::try_from(wanted).ok())
        .map_or(PAGE, |wanted| wanted.clamp(1, PAGE))
}
