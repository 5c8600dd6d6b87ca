//! A poll run again: its tape in the sandbox, with the adapter that serves now. Provider, store and deliveries have no
//! part in it.

use std::{path::Path, sync::Arc};

use serde::Serialize;

use super::Scheduler;
use crate::{
    case::{Bench, BenchError, Case, CaseFile, Difference, Observed, case_of, differences, lines},
    egress,
    session::Failure,
    store::{PollRecord, StoreError, TapeExtent, User},
    tape::{self, TapeError},
};

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReplayResult)]
pub struct Replay {
    /// Whether the adapter asked and returned the same.
    pub same: bool,
    /// The digest of the adapter that polled.
    pub recorded: String,
    /// The digest of the one that replayed.
    pub replayed: String,
    /// How many requests were compared.
    pub requests: usize,
    /// What was not compared, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What is not the same.
    pub differences: Vec<Changed>,
}

/// What is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = ReplayDifference)]
pub struct Changed {
    /// What it is: `request 2`, `result`.
    pub of: String,
    /// Line by line: `-` stands before what was recorded, `+` before what came about now.
    pub lines: Vec<String>,
}

/// Why a poll cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum NoReplay {
    /// There is no tape.
    #[error(
        "of the poll {0} no tape is kept: settings poll.tape_size and poll.records say what is, and a poll that never \
         came to ask its provider has none"
    )]
    NoTape(crate::store::PollId),
    /// The tape is of no use.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The adapter is not there, or cannot be called.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bench.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// The host is stopping.
    #[error("the host is stopping")]
    Stopping,
}

/// Lines of one difference that are told.
const LINES: usize = 2000;

impl Scheduler {
    /// The case of a poll.
    pub async fn case(&self, user: &User, poll: &PollRecord) -> Result<Case, NoReplay> {
        let host = self.host();
        let sealed = host.store.poll_tape(user.account, poll.id).await?;
        let sealed = sealed.ok_or(NoReplay::NoTape(poll.id))?;
        let frames = tape::open(&host.vault, poll.instance, poll.id, &sealed)?;
        case_of(&poll.element, frames).ok_or(NoReplay::NoTape(poll.id))
    }

    /// Run a poll again with the adapter that serves its element now.
    pub async fn replay(&self, user: &User, poll: &PollRecord) -> Result<Replay, NoReplay> {
        // NOTE: held to the end, so that replays do not crowd out polls.
        let _turn = self
            .replays
            .acquire()
            .await
            .map_err(|_closed| NoReplay::Stopping)?;
        let case = self.case(user, poll).await?;
        let adapters = &self.host().adapters;
        let serving = adapters.find(&poll.element).await.map_err(Failure::from)?;
        let adapter = Arc::new(serving.twin());
        let bench = Bench::new(Arc::clone(adapters), egress::Options::default());
        let observed = bench.replay(&adapter, &case).await?;
        let (recorded, replayed, extent) = (poll.adapter.clone(), adapter.digest().to_owned(), poll.tape);
        let compared =
            tokio::task::spawn_blocking(move || Replay::of(&case, &observed, recorded, replayed, extent));
        compared.await.map_err(|_stopped| NoReplay::Stopping)
    }
}

impl Replay {
    /// Compare what came about with the case of a poll.
    pub fn of(
        case: &Case,
        observed: &Observed,
        recorded: String,
        replayed: String,
        extent: Option<TapeExtent>,
    ) -> Self {
        let differences: Vec<Changed> = differences(case, observed)
            .into_iter()
            .map(Changed::from)
            .collect();
        let partly = extent.filter(|extent| !extent.whole);
        let note = partly.map(|extent| {
            format!(
                "the tape has {} bytes, more than are kept: the replay ends where it does, with request {}; setting \
                 poll.tape_size keeps more of polls to come",
                extent.bytes,
                case.exchanges.len()
            )
        });
        Self {
            same: differences.is_empty(),
            recorded,
            replayed,
            requests: observed.exchanges.len().min(case.exchanges.len()),
            note,
            differences,
        }
    }
}

impl From<Difference> for Changed {
    fn from(difference: Difference) -> Self {
        match difference {
            Difference::Note { note } => Self {
                of: note,
                lines: Vec::new(),
            },
            Difference::Text { of, expected, found } => {
                let mut lines = lines(&expected, &found);
                if lines.len() > LINES {
                    lines.truncate(LINES);
                    lines.push("…".to_owned());
                }
                Self { of, lines }
            }
        }
    }
}

/// A poll's case as a file.
pub fn case_file(poll: &PollRecord, case: Case) -> CaseFile {
    let name = format!("{}-{}.toml", poll.resource, poll.id);
    let head = format!(
        "# A poll of {} of the instance {}, at {}, by {}.\n# It holds what the provider answered, which may be \
         customers' data.\n",
        poll.resource,
        poll.instance,
        chrono::DateTime::from_timestamp_millis(poll.started)
            .unwrap_or_default()
            .to_rfc3339(),
        poll.adapter
    );
    CaseFile::make(Path::new(&name), case, &head)
}
