//! From news to notifications, whichever way the news came.

use std::num::NonZeroUsize;

use super::news::Seen;
use crate::{
    clock::Millis,
    delivery::{
        Format,
        batch::{Batch, DEFAULT_BATCH, batches},
        envelope::{self, Notice, NoticeRecord, Origin},
    },
    host::Host,
    ids,
    session::{Failure, Session},
    store::{Instance, NewEvent, NewNotification, NotificationId, User},
};

/// The configuration key of the number of events of one notification.
const BATCH_KEY: &str = "event.notification.batch.size";

/// Tells an instance's news.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Teller<'a> {
    host: &'a Host,
    instance: &'a Instance,
    user: &'a User,
    /// Events of one notification at most.
    batch: NonZeroUsize,
}

impl<'a> Teller<'a> {
    /// The teller of this instance, which this user made.
    pub(crate) fn new(host: &'a Host, instance: &'a Instance, user: &'a User) -> Self {
        let batch = batch_size(instance);
        Self {
            host,
            instance,
            user,
            batch,
        }
    }

    /// Make notifications of a resource's news: of one kind each, up to the batch size, bodies frozen. `found` is when
    /// it was looked for.
    pub(crate) fn tell(
        &self,
        session: &Session<'_>,
        resource: &str,
        news: Vec<Seen>,
        found: Millis,
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
                resource,
                kind,
                poll_date: found,
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
                resource: resource.to_owned(),
                kind,
                created: now,
                events: changes.into_iter().map(event).collect(),
                body,
            });
        }
        Ok(notifications)
    }

    /// Let everybody know that notifications were stored.
    pub(crate) fn announce(&self) {
        self.host.events_stored.send_replace(());
        self.host.deliveries_due.notify_one();
    }
}

fn batch_size(instance: &Instance) -> NonZeroUsize {
    let configured = instance
        .configuration
        .get(BATCH_KEY)
        .and_then(|size| size.trim().parse().ok());
    let format = instance.configuration.get(Format::KEY);
    let format = format
        .and_then(|format| format.parse().ok())
        .unwrap_or(Format::CloudElements);
    format.batch(configured.unwrap_or(DEFAULT_BATCH))
}
