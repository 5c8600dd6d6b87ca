//! One poll of one resource: walk the window, page by page into the store.

use super::{
    Backoff, Options,
    news::{Baseline, Sifted, sift},
    page::{Tally, job, known, seen},
    telling::Teller,
    window::Window,
};
use crate::{
    clock::{Millis, millis},
    host::Host,
    session::{Failure, Recorded, Session, WalkPage},
    store::{
        Checkpoint, Lease, PageCommit, PollCommit, PollId, PollOutcome, PollTape, PollTrigger, Poller,
        TapeExtent,
    },
    tape,
};

/// What polls of an instance have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round<'a> {
    pub(super) host: &'a Host,
    pub(super) options: &'a Options,
    pub(super) lease: Lease,
    pub(super) teller: Teller<'a>,
    pub(super) trigger: PollTrigger,
}

impl Round<'_> {
    /// Poll a resource and write down how it went. The outer error means that not even that was possible.
    pub(super) async fn poll(
        &self,
        session: &mut Session<'_>,
        poller: &Poller,
    ) -> Result<Result<(), Failure>, Failure> {
        let started = self.host.clock.now();
        let requests_before = session.requests();
        if self.options.records > 0 {
            session.record(self.options.tape);
        }
        let window = Window::of(poller, session.provider_now(), self.options);
        let mut tally = Tally::default();
        let walked = self.walk(session, poller, window, started, &mut tally).await;
        if let Err(Failure::Store(error)) = walked {
            return Err(error.into());
        }
        session.walked(walked.as_ref().err());
        let Recorded { asked, tape } = session.recorded().await;
        let id = PollId(self.host.sequence.next(started));
        // The first answer may have told that the provider's clock is behind: what it has not lived through yet is not
        // behind us either.
        let finished = self.host.clock.now();
        let outcome = match &walked {
            Ok(()) => PollOutcome::Complete {
                cursor: window.until.min(session.provider_time(started)),
                prune: Some(window.prune),
            },
            Err(failure) => PollOutcome::Failed {
                error: failure.in_full(),
                retry: Backoff::after(failure, finished).retry(poller.failures.saturating_add(1), finished),
            },
        };
        self.host
            .store
            .commit_poll(PollCommit {
                id,
                lease: self.lease,
                poller: poller.id,
                trigger: self.trigger,
                started,
                finished,
                since: window.since,
                until: window.until,
                requests: session.requests() - requests_before,
                asked: asked.into_iter().map(|asked| asked.request).collect(),
                records: tally.records,
                events: tally.events,
                adapter: session.adapter().digest().to_owned(),
                outcome,
                tape: tape.and_then(|tape| self.seal(id, tape)),
                keep: self.options.records,
            })
            .await?;
        Ok(walked)
    }

    async fn walk(
        &self,
        session: &mut Session<'_>,
        poller: &Poller,
        window: Window,
        started: Millis,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let job = job(session, poller, window);
        let mut walk = session.walk(job.clone()).await?;
        let mut refreshed = false;
        loop {
            let page = match walk.next(session).await {
                Err(Failure::Unauthenticated(why)) if !refreshed => {
                    refreshed = true;
                    session.walked(Some(&Failure::Unauthenticated(why.clone())));
                    session.refresh(why).await?;
                    walk = session.walk(job.clone()).await?;
                    continue;
                }
                page => page?,
            };
            let Some(page) = page else { return Ok(()) };
            self.store_page(session, poller, page, started, tally).await?;
            session.adapter().accepted();
            let ends = self.host.clock.now().saturating_add(millis(self.options.lease));
            self.host.store.renew_lease(self.lease, ends).await?;
        }
    }

    async fn store_page(
        &self,
        session: &Session<'_>,
        poller: &Poller,
        page: WalkPage,
        started: Millis,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let checkpoint = page.checkpoint.clone().map(|data| Checkpoint {
            data,
            adapter: session.adapter().digest().to_owned(),
        });
        let records = seen(session, page)?;
        let read = records.len();
        let known = known(self.host, poller, &records).await?;
        let baseline = Baseline {
            start: poller.start,
            complete: poller.last_success.is_some(),
        };
        let Sifted { fingerprints, news } = sift(records, known, baseline);
        tally.count(read, &news);
        let notifications = self.teller.tell(session, &poller.resource, news, started)?;
        let told = !notifications.is_empty();
        self.host
            .store
            .commit_page(PageCommit {
                lease: self.lease,
                poller: poller.id,
                fingerprints,
                notifications,
                checkpoint,
                records: read as u64,
                now: self.host.clock.now(),
            })
            .await?;
        if told {
            self.teller.announce();
        }
        Ok(())
    }

    /// A poll is worth more than its tape.
    fn seal(&self, id: PollId, tape: (Vec<u8>, TapeExtent)) -> Option<PollTape> {
        let instance = self.lease.instance;
        match tape::seal(&self.host.vault, instance, id, tape) {
            Ok(tape) => Some(tape),
            Err(error) => {
                tracing::error!(%instance, poll = %id, %error, "the tape of a poll could not be sealed; it is not kept");
                None
            }
        }
    }
}
