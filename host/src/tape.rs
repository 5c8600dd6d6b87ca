//! The tape of a poll: everything that its adapter was given and answered, in the order in which it crossed the boundary.
//!
//! An adapter is a pure function, so that a tape says all there is to say of a poll: it runs again without the provider,
//! the instance and its secrets, of which no guest ever had more than the names. What the host did in between (a token
//! that it refreshed, a read that it repeated) is not on it; a walk that began again begins the tape again.

use std::{borrow::Cow, collections::VecDeque};

use serde::{Deserialize, Serialize};

use crate::{
    adapter::contract::{poller, types},
    clock::Millis,
    store::{InstanceId, PollId, PollTape, TapeExtent},
    vault::{Vault, VaultError},
};

/// Takes down a walk, up to a budget of bytes.
#[derive(Debug)]
pub(crate) struct Recorder {
    frames: Vec<u8>,
    budget: usize,
    /// Bytes that the tape would have without a budget.
    bytes: u64,
    /// The last request has no answer yet.
    unanswered: bool,
    ended: bool,
}

/// Hands a walk the answers of a tape, in their order.
#[derive(Debug, Default)]
pub(crate) struct Playback {
    answers: VecDeque<Played>,
    /// What was asked so far.
    pub(crate) heard: Vec<types::Request>,
}

/// An answer of a tape.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    /// The answer; none where the tape has none.
    pub(crate) answer: Option<types::Answer>,
    /// The provider's time from then on.
    pub(crate) now: Option<Millis>,
}

/// What a walk begins with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Beginning {
    /// The provider's time.
    pub(crate) now: Millis,
    /// The instance's configuration, as the adapter was shown it.
    pub(crate) configuration: Vec<types::Setting>,
    /// The names of its secrets.
    pub(crate) secrets: Vec<String>,
    /// The job.
    pub(crate) job: poller::Job,
}

/// What stands on a tape.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Frame<'a> {
    /// A walk began.
    Begun(Cow<'a, Beginning>),
    /// The adapter asked.
    Asked(Cow<'a, types::Request>),
    /// It was handed an answer.
    Handed(Cow<'a, types::Answer>),
    /// It was called with the answers since the last such frame, at this time of the provider's.
    Resumed(Millis),
    /// It returned a page, whose spans refer to the answers that it was resumed with.
    Page(Cow<'a, [types::Changed]>, Cow<'a, Option<Vec<u8>>>),
    /// The walk ended by the adapter's doing: complete, or with this failure, as JSON.
    Ended(Option<String>),
}

/// A tape that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// It cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// It is not what this version of the host writes.
    #[error("the tape is not one that this version of the host understands: {0}")]
    Foreign(String),
}

/// The first byte of a tape: the version of its frames.
const VERSION: u8 = 1;
/// Requests may go so far beyond the budget, so that the last one tells where the tape ends.
const SLACK: usize = 64 << 10;
/// No tape is larger than this, whatever it says of itself.
const LARGEST: usize = 1 << 30;
/// How hard the compression tries: most of the gain for little of the time.
const EFFORT: u8 = 1;

// === impl Recorder ===

impl Recorder {
    /// A recorder of up to so many bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            frames: Vec::new(),
            budget: budget.min(LARGEST),
            bytes: 0,
            unanswered: false,
            ended: false,
        }
    }

    /// A walk begins; what was taken down of another is forgotten.
    pub(crate) fn begun(&mut self, beginning: &Beginning) {
        *self = Self::new(self.budget);
        self.put(&Frame::Begun(Cow::Borrowed(beginning)), 0);
    }

    /// The adapter asks.
    pub(crate) fn asked(&mut self, request: &types::Request) {
        self.unanswered = true;
        self.put(&Frame::Asked(Cow::Borrowed(request)), SLACK);
    }

    /// It is handed an answer.
    pub(crate) fn handed(&mut self, answer: &types::Answer) {
        self.unanswered = false;
        self.put(&Frame::Handed(Cow::Borrowed(answer)), 0);
    }

    /// It is called with the answers, at this time of the provider's.
    pub(crate) fn resumed(&mut self, now: Millis) {
        self.put(&Frame::Resumed(now), SLACK);
    }

    /// It returned a page.
    pub(crate) fn page(&mut self, records: &[types::Changed], checkpoint: &Option<Vec<u8>>) {
        self.put(&Frame::Page(Cow::Borrowed(records), Cow::Borrowed(checkpoint)), 0);
    }

    /// The walk is over, with this failure of the adapter's if there is one. What the host gave up while a request was on
    /// its way is no end of the adapter's.
    pub(crate) fn ended(&mut self, failure: Option<String>) {
        if !self.unanswered && !self.ended {
            self.ended = true;
            self.put(&Frame::Ended(failure), SLACK);
        }
    }

    /// A frame that does not fit ends what is kept; the size of the others is still counted.
    fn put(&mut self, frame: &Frame<'_>, slack: usize) {
        let size = postcard::experimental::serialized_size(frame).unwrap_or(LARGEST);
        let whole = self.is_whole();
        self.bytes = self.bytes.saturating_add(size as u64);
        if !whole || self.frames.len().saturating_add(size) > self.budget.saturating_add(slack) {
            return;
        }
        let frames = std::mem::take(&mut self.frames);
        // A vector takes everything; should it not, the tape is not whole.
        self.frames = postcard::to_extend(frame, frames).unwrap_or_default();
    }

    fn is_whole(&self) -> bool {
        self.frames.len() as u64 == self.bytes
    }

    /// What is kept, compressed. None when that is nothing.
    pub(crate) async fn finish(self) -> Option<(Vec<u8>, TapeExtent)> {
        let extent = TapeExtent {
            bytes: self.bytes,
            whole: self.is_whole(),
        };
        let frames = self.frames;
        if frames.is_empty() {
            return None;
        }
        let compressed = if frames.len() <= SLACK {
            compress(&frames)
        } else {
            // Some milliseconds, which are nobody else's.
            tokio::task::spawn_blocking(move || compress(&frames))
                .await
                .ok()?
        };
        Some((compressed, extent))
    }
}

fn compress(frames: &[u8]) -> Vec<u8> {
    let mut tape = vec![VERSION];
    tape.extend(miniz_oxide::deflate::compress_to_vec(frames, EFFORT));
    tape
}

// === impl Playback ===

impl Playback {
    /// These answers.
    pub(crate) fn new(answers: impl IntoIterator<Item = Played>) -> Self {
        Self {
            answers: answers.into_iter().collect(),
            heard: Vec::new(),
        }
    }

    /// The next answer; none when the tape has no further one.
    pub(crate) fn next(&mut self, request: &types::Request) -> Option<(types::Answer, Option<Millis>)> {
        self.heard.push(request.clone());
        let Played { answer, now } = self.answers.pop_front()?;
        Some((answer?, now))
    }
}

// --- At rest ------------------------------------------------------------------------------------------------------

/// Seal what was recorded of a poll: it may hold customers' data.
pub(crate) fn seal(
    vault: &Vault,
    instance: InstanceId,
    poll: PollId,
    (compressed, extent): (Vec<u8>, TapeExtent),
) -> Result<PollTape, VaultError> {
    let sealed = vault.seal_bytes(instance, &name(poll), &compressed)?;
    Ok(PollTape { sealed, extent })
}

/// Open a tape: its frames.
pub(crate) fn open(
    vault: &Vault,
    instance: InstanceId,
    poll: PollId,
    sealed: &[u8],
) -> Result<Vec<Frame<'static>>, TapeError> {
    frames(&vault.open_bytes(instance, &name(poll), sealed)?)
}

fn name(poll: PollId) -> String {
    format!("poll {poll}")
}

fn frames(tape: &[u8]) -> Result<Vec<Frame<'static>>, TapeError> {
    let foreign = |what: &str| TapeError::Foreign(what.to_owned());
    let Some((&VERSION, compressed)) = tape.split_first() else {
        return Err(foreign("it is of another version"));
    };
    let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(compressed, LARGEST + 2 * SLACK)
        .map_err(|error| TapeError::Foreign(error.to_string()))?;
    let (mut frames, mut rest) = (Vec::new(), bytes.as_slice());
    while !rest.is_empty() {
        let (frame, after) = postcard::take_from_bytes::<Frame<'static>>(rest)
            .map_err(|error| TapeError::Foreign(error.to_string()))?;
        frames.push(frame);
        rest = after;
    }
    Ok(frames)
}

#[cfg(test)]
mod tests;
