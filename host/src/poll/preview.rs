//! What a poll would do: the same walk over the same window, with nothing stored and nothing told.

use serde_json::value::RawValue;

use super::{
    Options, Scheduler,
    news::{Baseline, Seen, sift},
    page::{Tally, job, known, seen},
    window::{Window, floor_to_second},
};
use crate::{
    adapter::contract::poller::Job,
    clock::Millis,
    session::{Asked, Failure, Session},
    store::{EventKind, Fingerprint, Instance, PollEvents, Poller},
};

/// A preview ends after the page that reaches so many records.
const RECORDS: u32 = 5000;

/// What to preview.
#[derive(Debug, Clone, Copy)]
pub struct PreviewRequest {
    /// Where the window starts, in provider time, instead of where the next poll's would; a poller that was set back
    /// there would tell the same.
    pub since: Option<Millis>,
    /// So many records are kept for show.
    pub show: usize,
}

/// What a poll of a resource would do.
#[derive(Debug)]
pub struct Preview {
    /// The resource.
    pub resource: String,
    /// The window's start, in provider time.
    pub since: Millis,
    /// The window's end.
    pub until: Millis,
    /// The requests that were sent, without credentials.
    pub requests: Vec<Asked>,
    /// Records read.
    pub record_count: u32,
    /// Events that would result.
    pub events: PollEvents,
    /// The first records.
    pub records: Vec<PreviewRecord>,
    /// Whether the window was walked to its end.
    pub complete: bool,
    /// Why it was not.
    pub error: Option<String>,
}

/// A record of a preview.
#[derive(Debug)]
pub struct PreviewRecord {
    /// What it is published as.
    pub object_id: String,
    /// When it was last changed.
    pub updated: Option<Millis>,
    /// The event that would result; none when it is no news.
    pub event: Option<EventKind>,
    /// The record as fetched.
    pub raw: Box<RawValue>,
}

impl Scheduler {
    /// Say what polls of these resources would do now. Nothing is stored but what a session stores on its own: a token
    /// that had to be refreshed.
    pub async fn preview(
        &self,
        instance: &Instance,
        pollers: &[Poller],
        request: PreviewRequest,
    ) -> Result<Vec<Preview>, Failure> {
        let host = self.host();
        let mut session = Session::open(host, instance).await?;
        let mut previews = Vec::with_capacity(pollers.len());
        for poller in pollers {
            let window = window(poller, &session, request, self.options());
            session.record(0);
            let mut preview = Preview {
                resource: poller.resource.clone(),
                since: window.since,
                until: window.until,
                requests: Vec::new(),
                record_count: 0,
                events: PollEvents::default(),
                records: Vec::new(),
                complete: false,
                error: None,
            };
            let mut job = job(&session, poller, window);
            if request.since.is_some() {
                job.checkpoint = None;
            }
            match self.walk(&mut session, poller, job, request, &mut preview).await {
                Ok(complete) => preview.complete = complete,
                Err(Failure::Store(error)) => return Err(error.into()),
                Err(failure) => preview.error = Some(failure.to_string()),
            }
            preview.requests = session.recorded().await.asked;
            previews.push(preview);
        }
        Ok(previews)
    }

    async fn walk(
        &self,
        session: &mut Session<'_>,
        poller: &Poller,
        job: Job,
        request: PreviewRequest,
        preview: &mut Preview,
    ) -> Result<bool, Failure> {
        let mut walk = session.walk(job).await?;
        // What one page makes known is known to the next, as it would be in the store.
        let (mut found, mut tally) = (Vec::new(), Tally::default());
        while let Some(page) = walk.next(session).await? {
            let records = seen(session, page)?;
            self.judge(poller, request, records, &mut found, (&mut tally, preview))
                .await?;
            if preview.record_count >= RECORDS {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn judge(
        &self,
        poller: &Poller,
        request: PreviewRequest,
        records: Vec<Seen>,
        found: &mut Vec<Fingerprint>,
        (tally, preview): (&mut Tally, &mut Preview),
    ) -> Result<(), Failure> {
        let mut known = known(self.host(), poller, &records).await?;
        if let Some(since) = request.since {
            // What setting the poller back would forget.
            known.retain(|known| known.updated.is_some_and(|updated| updated < since));
        }
        known.extend(found.iter().copied());
        let baseline = Baseline {
            start: request
                .since
                .map_or(poller.start, |since| poller.start.min(since)),
            complete: poller.last_success.is_some(),
        };
        let sifted = sift(records.clone(), known, baseline);
        tally.count(records.len(), &sifted.news);
        (preview.record_count, preview.events) = (tally.records, tally.events);
        let mut news = sifted.news.into_iter().peekable();
        for record in records {
            let told =
                news.next_if(|told| told.identity == record.identity && told.content == record.content);
            if preview.records.len() < request.show {
                preview.records.push(PreviewRecord {
                    object_id: record.object_id,
                    updated: record.updated,
                    event: told.map(|told| told.kind),
                    raw: record.raw,
                });
            }
        }
        found.extend(sifted.fingerprints);
        Ok(())
    }
}

fn window(poller: &Poller, session: &Session<'_>, request: PreviewRequest, options: &Options) -> Window {
    let mut window = Window::of(poller, session.provider_now(), options);
    if let Some(since) = request.since {
        window.since = floor_to_second(since);
    }
    window
}
