//! What polls and previews have in common: the job, the records of a page and what is known of them, the count of it all.

use super::{news::Seen, window::Window};
use crate::{
    adapter::contract::poller::Job,
    host::Host,
    session::{Failure, Session, WalkPage},
    store::{EventKind, Fingerprint, PollEvents, Poller},
};

/// What a walk came to so far.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) records: u32,
    pub(super) events: PollEvents,
}

/// What to ask the adapter for. Another version of it may not know the checkpoint: it starts again from the window.
pub(super) fn job(session: &Session<'_>, poller: &Poller, window: Window) -> Job {
    let digest = session.adapter().digest();
    let checkpoint = poller.checkpoint.as_ref();
    let checkpoint = checkpoint.filter(|checkpoint| checkpoint.adapter == digest);
    Job {
        resource: poller.resource.clone(),
        configuration: poller.configuration.clone(),
        since: window.since,
        until: window.until,
        checkpoint: checkpoint.map(|checkpoint| checkpoint.data.clone()),
    }
}

/// The records of a page.
pub(super) fn seen(session: &Session<'_>, page: WalkPage) -> Result<Vec<Seen>, Failure> {
    let mut records = Vec::with_capacity(page.records.len());
    let mut renderer = session.renderer(&page.answers);
    for changed in page.records {
        let rendered = renderer.render(&changed.raw);
        let rendered = rendered.map_err(|error| session.malformed(error.to_string()))?;
        records.push(Seen::new(changed, rendered));
    }
    Ok(records)
}

/// What is known of these records.
pub(super) async fn known(
    host: &Host,
    poller: &Poller,
    records: &[Seen],
) -> Result<Vec<Fingerprint>, Failure> {
    let mut identities: Vec<_> = records.iter().map(|record| record.identity).collect();
    identities.sort_unstable();
    identities.dedup();
    match identities.as_slice() {
        [] => Ok(Vec::new()),
        _ => Ok(host.store.fingerprints(poller.id, identities).await?),
    }
}

impl Tally {
    /// Count a page: its records, and what of them is news.
    pub(super) fn count(&mut self, records: usize, news: &[Seen]) {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let of = |kind| number(news.iter().filter(|seen| seen.kind == kind).count());
        let events = &mut self.events;
        for (sum, count) in [
            (&mut self.records, number(records)),
            (&mut events.all, number(news.len())),
            (&mut events.created, of(EventKind::Created)),
            (&mut events.updated, of(EventKind::Updated)),
            (&mut events.deleted, of(EventKind::Deleted)),
        ] {
            *sum = sum.saturating_add(count);
        }
    }
}
