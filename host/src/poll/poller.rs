//! One poll of one resource: walk the window, page by page into the store.

use super::{
    Options,
    news::{Baseline, Seen, Sifted, sift},
    telling::Teller,
    window::Window,
};
use crate::{
    adapter::contract::poller::Job,
    clock::{Millis, millis},
    host::Host,
    session::{Failure, Session, WalkPage},
    store::{Checkpoint, Fingerprint, Lease, PageCommit, PollCommit, PollOutcome, Poller},
};

/// What polls of an instance have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round<'a> {
    pub(super) host: &'a Host,
    pub(super) options: &'a Options,
    pub(super) lease: Lease,
    pub(super) teller: Teller<'a>,
}

/// What a poll did so far.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    records: u32,
    events: u32,
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
        let window = Window::of(poller, session.provider_now(), self.options);
        let mut tally = Tally::default();
        let walked = self.walk(session, poller, window, started, &mut tally).await;
        if let Err(Failure::Store(error)) = walked {
            return Err(error.into());
        }
        // The first answer may have told that the provider's clock is behind: what it has not lived through yet is not
        // behind us either.
        let outcome = match &walked {
            Ok(()) => PollOutcome::Complete {
                cursor: window.until.min(session.provider_time(started)),
                prune: Some(window.prune),
            },
            Err(failure) => PollOutcome::Failed {
                error: failure.in_full(),
            },
        };
        self.host
            .store
            .commit_poll(PollCommit {
                lease: self.lease,
                poller: poller.id,
                started,
                finished: self.host.clock.now(),
                since: window.since,
                until: window.until,
                requests: session.requests() - requests_before,
                records: tally.records,
                events: tally.events,
                adapter: session.adapter().digest().to_owned(),
                outcome,
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
        let digest = session.adapter().digest().to_owned();
        // Another version of the adapter may not know the checkpoint: it starts again from the window.
        let checkpoint = poller
            .checkpoint
            .clone()
            .filter(|checkpoint| checkpoint.adapter == digest);
        let job = Job {
            resource: poller.resource.clone(),
            configuration: poller.configuration.clone(),
            since: window.since,
            until: window.until,
            checkpoint: checkpoint.map(|checkpoint| checkpoint.data),
        };
        let mut walk = session.walk(job.clone()).await?;
        let mut refreshed = false;
        loop {
            let page = match walk.next(session).await {
                Err(Failure::Unauthenticated(why)) if !refreshed => {
                    refreshed = true;
                    session.refresh(why).await?;
                    walk = session.walk(job.clone()).await?;
                    continue;
                }
                page => page?,
            };
            let Some(page) = page else { return Ok(()) };
            self.store_page(session, poller, page, started, &digest, tally)
                .await?;
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
        digest: &str,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let read = page.records.len();
        let mut records = Vec::with_capacity(read);
        let mut renderer = session.renderer(&page.answers);
        for changed in page.records {
            let rendered = renderer.render(&changed.raw);
            let rendered = rendered.map_err(|error| session.malformed(error.to_string()))?;
            records.push(Seen::new(changed, rendered));
        }
        let mut identities: Vec<_> = records.iter().map(|record| record.identity).collect();
        identities.sort_unstable();
        identities.dedup();
        let known: Vec<Fingerprint> = match identities.as_slice() {
            [] => Vec::new(),
            _ => self.host.store.fingerprints(poller.id, identities).await?,
        };
        let baseline = Baseline {
            start: poller.start,
            complete: poller.last_success.is_some(),
        };
        let Sifted { fingerprints, news } = sift(records, known, baseline);
        tally.records = tally
            .records
            .saturating_add(u32::try_from(read).unwrap_or(u32::MAX));
        tally.events = tally
            .events
            .saturating_add(u32::try_from(news.len()).unwrap_or(u32::MAX));
        let notifications = self.teller.tell(session, &poller.resource, news, started)?;
        let told = !notifications.is_empty();
        let checkpoint = page.checkpoint.map(|data| Checkpoint {
            data,
            adapter: digest.to_owned(),
        });
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
}
