//! What a poll writes: pages, and its end.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::{columns::signed, error::taken, messages, outboxes, polls, schedules, subscriptions};
use crate::{
    clock::Millis,
    store::{
        Fingerprint, InstanceId, Lease, NewNotification, PageCommit, PollCommit, PollOutcome, PollerId,
        Result, StoreError,
    },
};

pub(super) fn page(connection: &Connection, page: &PageCommit) -> Result<()> {
    check(connection, page.lease, page.poller)?;
    put_fingerprints(connection, page.poller, &page.fingerprints)?;
    let events: usize = page
        .notifications
        .iter()
        .map(|notification| notification.events.len())
        .sum();
    let mut count = connection
        .prepare_cached("UPDATE pollers SET records = records + ?2, events = events + ?3 WHERE id = ?1")?;
    count.execute(params![page.poller, signed(page.records), signed(events)])?;
    if let Some(checkpoint) = &page.checkpoint {
        let mut keep = connection
            .prepare_cached("UPDATE pollers SET checkpoint = ?2, checkpoint_adapter = ?3 WHERE id = ?1")?;
        keep.execute(params![page.poller, checkpoint.data, checkpoint.adapter])?;
    }
    notify(connection, page.lease.instance, &page.notifications, page.now)
}

/// Store notifications of an instance, and a delivery of each to each subscription of its topic.
pub(super) fn notify(
    connection: &Connection,
    instance: InstanceId,
    notifications: &[NewNotification],
    now: Millis,
) -> Result<()> {
    for notification in notifications {
        put_notification(connection, instance, notification)?;
    }
    deliver(connection, notifications, now)
}

pub(super) fn poll(connection: &Connection, poll: &PollCommit) -> Result<()> {
    check(connection, poll.lease, poll.poller)?;
    match &poll.outcome {
        PollOutcome::Complete { cursor, prune } => {
            let mut succeed = connection.prepare_cached(
                "UPDATE pollers SET cursor = ?2, failures = 0, last_success = ?3, retry = NULL WHERE id = ?1",
            )?;
            succeed.execute(params![poll.poller, cursor, poll.finished])?;
            if let Some(horizon) = prune {
                let mut prune = connection
                    .prepare_cached("DELETE FROM fingerprints WHERE poller_id = ?1 AND updated < ?2")?;
                prune.execute(params![poll.poller, horizon])?;
            }
        }
        PollOutcome::Failed { error, retry } => {
            let mut fail = connection.prepare_cached(
                "UPDATE pollers SET failures = failures + 1, last_failure = ?2, last_error = ?3, retry = ?4
                 WHERE id = ?1",
            )?;
            fail.execute(params![poll.poller, poll.finished, error, retry])?;
        }
    }
    polls::put(connection, poll)
}

/// A lease gives the right to its own instance's pollers, as long as they are there.
fn check(connection: &Connection, lease: Lease, poller: PollerId) -> Result<()> {
    schedules::check(connection, lease)?;
    let mut own = connection.prepare_cached("SELECT 1 FROM pollers WHERE id = ?1 AND instance_id = ?2")?;
    if own.exists(params![poller, lease.instance])? {
        Ok(())
    } else {
        Err(StoreError::Missing("poller"))
    }
}

fn put_fingerprints(connection: &Connection, poller: PollerId, fingerprints: &[Fingerprint]) -> Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO fingerprints (poller_id, identity, updated, content) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (poller_id, identity) DO UPDATE SET updated = excluded.updated, content = excluded.content",
    )?;
    for fingerprint in fingerprints {
        put.execute(params![
            poller,
            fingerprint.identity,
            fingerprint.updated,
            fingerprint.content
        ])?;
    }
    Ok(())
}

fn put_notification(connection: &Connection, instance: InstanceId, new: &NewNotification) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO notifications (id, position, account_id, instance_id, event_id, topic, resource, kind, created)
         VALUES (?1, ?2, (SELECT account_id FROM instances WHERE id = ?3), ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert
        .execute(params![
            new.id,
            messages::next_position(connection)?,
            instance,
            new.event_id,
            new.topic,
            new.resource,
            new.kind,
            new.created
        ])
        .map_err(taken("notification id"))?;
    let mut insert = connection
        .prepare_cached("INSERT INTO notification_bodies (notification_id, body) VALUES (?1, ?2)")?;
    insert.execute(params![new.id, new.body.as_ref()])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (notification_id, ordinal, object_id, identity, date) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (event, ordinal) in new.events.iter().zip(0_i64..) {
        insert.execute(params![
            new.id,
            ordinal,
            event.object_id,
            event.identity,
            event.date
        ])?;
    }
    Ok(())
}

/// Make a delivery of each notification to each subscription of its topic.
fn deliver(connection: &Connection, notifications: &[NewNotification], now: Millis) -> Result<()> {
    let Some(first) = notifications.first() else {
        return Ok(());
    };
    let mut touched = BTreeSet::new();
    // Notifications of one transaction share their topic: it is looked up once.
    let (mut topic, mut subscriptions) = (first.topic.as_str(), Vec::new());
    for (notification, index) in notifications.iter().zip(0_usize..) {
        if index == 0 || notification.topic != topic {
            topic = &notification.topic;
            subscriptions = subscriptions::of_topic(connection, notification.id)?;
        }
        for subscription in &subscriptions {
            outboxes::enqueue(connection, *subscription, notification.id, now)?;
            touched.insert(*subscription);
        }
    }
    for subscription in touched {
        outboxes::refresh(connection, subscription)?;
    }
    Ok(())
}
