//! One poll of one resource: walk the window, page by page into the store.

use std::num::NonZeroUsize;

use super::{
    Options,
    news::{Baseline, Seen, Sifted, sift},
    window::Window,
};
use crate::{
    adapter::contract::poller::Job,
    clock::{Millis, millis},
    delivery::{
        batch::{Batch, batches},
        envelope::{self, Notice, NoticeRecord, Origin},
    },
    host::Host,
    ids,
    session::{Failure, Session, WalkPage, render},
    store::{
        Checkpoint, Fingerprint, Instance, Lease, NewEvent, NewNotification, NotificationId, PageCommit,
        PollCommit, PollOutcome, Poller, User,
    },
};

/// What polls of an instance have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round<'a> {
    pub(super) host: &'a Host,
    pub(super) options: &'a Options,
    pub(super) lease: Lease,
    pub(super) instance: &'a Instance,
    pub(super) user: &'a User,
    /// Events of one notification at most.
    pub(super) batch: NonZeroUsize,
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
        for changed in page.records {
            let rendered = render(session.adapter().key(), &changed.raw, &page.answers)?;
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
        let notifications = self.freeze(session, poller, news, started)?;
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
            self.host.deliveries_due.notify_one();
        }
        Ok(())
    }

    /// Make notifications of a page's news: of one kind each, up to the batch size, bodies frozen.
    fn freeze(
        &self,
        session: &Session<'_>,
        poller: &Poller,
        news: Vec<Seen>,
        started: Millis,
    ) -> Result<Vec<NewNotification>, Failure> {
        let description = session.description();
        let origin = Origin {
            element_key: &description.key,
            hub_key: &description.hub,
            account: self.instance.account,
            organization: self.user.organization,
            user: self.instance.user,
            instance: self.instance.id,
            instance_name: &self.instance.name,
            instance_tags: &self.instance.tags,
            from: envelope::DEFAULT_FROM,
        };
        let batches = batches(news, self.batch, |seen| (seen.kind, seen.identity));
        let mut notifications = Vec::with_capacity(batches.len());
        for Batch { kind, changes } in batches {
            let now = self.host.clock.now();
            let id = NotificationId(self.host.sequence.next(now));
            let event_id = ids::event_id(now).map_err(|error| Failure::Vault(error.into()))?;
            let records: Vec<NoticeRecord<'_>> = changes
                .iter()
                .map(|seen| NoticeRecord {
                    object_id: &seen.object_id,
                    date: seen.updated,
                    raw: &seen.raw,
                })
                .collect();
            let notice = Notice {
                origin,
                notification: id,
                event_id: &event_id,
                created: now,
                resource: &poller.resource,
                kind,
                poll_date: started,
                records: &records,
            };
            let body = envelope::render(&notice).map_err(|error| session.malformed(error.to_string()))?;
            let event = |seen: Seen| NewEvent {
                object_id: seen.object_id,
                identity: seen.identity,
                date: seen.updated,
            };
            notifications.push(NewNotification {
                id,
                event_id,
                topic: envelope::topic(self.instance.id, &description.key),
                resource: poller.resource.clone(),
                kind,
                created: now,
                events: changes.into_iter().map(event).collect(),
                body,
            });
        }
        Ok(notifications)
    }
}
