//! What is taken down of a session: its requests, for people, and the tape of its walk, for a replay; or the tape that
//! speaks in the provider's place.

use super::{Failure, Session, failure::detail, grant::describe};
use crate::{
    adapter::{
        CallError,
        contract::{poller, types},
    },
    clock::Millis,
    store::{PollRequest, TapeExtent},
    tape::{Beginning, Playback, Recorder},
};

/// So many requests are listed; the others are counted.
const LISTED: usize = 100;
/// Of a URL so many bytes are listed.
const URL: usize = 2000;

/// Who listens to a session, or speaks in its provider's place.
#[derive(Debug, Default)]
pub(super) struct Reel {
    asked: Option<Vec<Asked>>,
    recorder: Option<Recorder>,
    playback: Option<Playback>,
}

/// A request as the adapter asked for it, without what the host puts in, secrets above all; and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is remembered of it.
    pub request: PollRequest,
    /// Its body, where it is a text.
    pub body: Option<String>,
}

/// What was taken down.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// The first requests.
    pub(crate) asked: Vec<Asked>,
    /// The tape, compressed, where there is one.
    pub(crate) tape: Option<(Vec<u8>, TapeExtent)>,
}

// === impl Reel ===

impl Reel {
    pub(super) fn begun(&mut self, context: &types::Context, job: &poller::Job) {
        if let Some(recorder) = &mut self.recorder {
            recorder.begun(&Beginning {
                now: context.now,
                configuration: context.configuration.clone(),
                secrets: context.secrets.clone(),
                job: job.clone(),
            });
        }
    }

    pub(super) fn resumed(&mut self, now: Millis) {
        if let Some(recorder) = &mut self.recorder {
            recorder.resumed(now);
        }
    }

    pub(super) fn page(&mut self, records: &[types::Changed], checkpoint: &Option<Vec<u8>>) {
        if let Some(recorder) = &mut self.recorder {
            recorder.page(records, checkpoint);
        }
    }

    /// List a request that was sent.
    pub(super) fn sent(&mut self, request: &types::Request, answer: &types::Answer, took: Millis) {
        let Some(asked) = self.asked.as_mut().filter(|asked| asked.len() < LISTED) else {
            return;
        };
        let body = match &request.body {
            types::Body::Json(json) => Some(json.clone()),
            types::Body::None | types::Body::Form(_) | types::Body::Bytes(_) => None,
        };
        let response = answer.as_ref().ok();
        let digest =
            |response: &types::Response| blake3::hash(&response.body).to_hex().chars().take(32).collect();
        let mut url = request.url.clone();
        url.truncate(url.floor_char_boundary(URL));
        asked.push(Asked {
            request: PollRequest {
                method: request.method.clone(),
                url,
                status: response.map(|response| response.status),
                error: answer.as_ref().err().map(describe),
                bytes: response.map_or(0, |response| response.body.len() as u64),
                digest: response.map(digest),
                milliseconds: took,
            },
            body,
        });
    }
}

// === impl Session ===

impl Session<'_> {
    /// Take down the requests from now on, and of a walk a tape of up to so many bytes.
    pub(crate) fn record(&mut self, tape: usize) {
        self.reel.asked = Some(Vec::new());
        self.reel.recorder = (tape > 0).then(|| Recorder::new(tape));
    }

    /// How the walk ended for its adapter. What ended it otherwise is not on the tape, which is open then.
    pub(crate) fn walked(&mut self, failure: Option<&Failure>) {
        let Some(recorder) = &mut self.reel.recorder else {
            return;
        };
        match failure {
            None => recorder.ended(None),
            Some(failure) if is_of_adapter(failure) => recorder.ended(Some(failure.shown().to_string())),
            Some(_) => {}
        }
    }

    /// What was taken down since [`Session::record`].
    pub(crate) async fn recorded(&mut self) -> Recorded {
        let mut asked = self.reel.asked.take().unwrap_or_default();
        for Asked { request, body } in &mut asked {
            request.url = self.secrets.strike_out(std::mem::take(&mut request.url));
            *body = body.take().map(|body| self.secrets.strike_out(body));
        }
        let tape = match self.reel.recorder.take() {
            Some(recorder) => recorder.finish().await,
            None => None,
        };
        Recorded { asked, tape }
    }

    /// Hand the adapter these answers as they are, instead of asking the provider.
    pub(crate) fn play(&mut self, playback: Playback) {
        self.reel.playback = Some(playback);
    }

    /// Whether a tape speaks in the provider's place.
    pub(super) fn is_played(&self) -> bool {
        self.reel.playback.is_some()
    }

    /// What a tape was asked so far.
    pub(crate) fn heard(&mut self) -> Vec<types::Request> {
        let playback = self.reel.playback.as_mut();
        playback.map_or_else(Vec::new, |playback| std::mem::take(&mut playback.heard))
    }

    /// The answer that the adapter is handed.
    pub(super) async fn answer(&mut self, request: &types::Request) -> Result<types::Answer, Failure> {
        if let Some(playback) = &mut self.reel.playback {
            let (answer, now) = playback.next(request).ok_or_else(unanswered)?;
            if let Some(now) = now {
                let skew = now.saturating_sub(self.host.clock.now());
                self.live.skew.store(skew, std::sync::atomic::Ordering::Relaxed);
            }
            return Ok(answer);
        }
        if let Some(recorder) = &mut self.reel.recorder {
            recorder.asked(request);
        }
        let answer = self.send(request).await?;
        if let Some(recorder) = &mut self.reel.recorder {
            recorder.handed(&answer);
        }
        Ok(answer)
    }
}

/// Where a tape has no further answer.
pub(crate) fn unanswered() -> Failure {
    Failure::Transient(detail("no further answer is kept"))
}

/// What an adapter would answer again.
fn is_of_adapter(failure: &Failure) -> bool {
    match failure {
        Failure::Adapter(error) => !matches!(
            error,
            CallError::Quarantined { .. } | CallError::Busy { .. } | CallError::Absent { .. }
        ),
        Failure::Unauthenticated(_)
        | Failure::RateLimited { .. }
        | Failure::Transient(_)
        | Failure::Permanent(_)
        | Failure::NotFound(_)
        | Failure::InvalidRequest(_)
        | Failure::Unsupported(_)
        | Failure::Malformed { .. } => true,
        Failure::NoAdapter(_)
        | Failure::Declaration(_)
        | Failure::Refused(_)
        | Failure::Store(_)
        | Failure::Vault(_) => false,
    }
}
