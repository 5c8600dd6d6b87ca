//! What providers' calls left to do.
//!
//! `inboxes.due` holds when an instance's messages are to be looked at, so that a claim reads no message. Whoever touches
//! messages or the lease sets it anew with [`refresh`].

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    columns::{count, signed},
    commits,
};
use crate::{
    clock::Millis,
    store::{
        Fingerprint, Inbound, InboundCommit, InboundFailure, InboundId, InboxState, InstanceId, Intake,
        Lease, NewInbound, ReceivedFingerprint, ReceivedIdentity, Result, StoreError, TroubledInbound,
    },
};

/// So many calls that were tried in vain are shown.
const SHOWN: usize = 20;

const REFRESH: &str = "
    UPDATE inboxes
    SET due = CASE
        WHEN lease_ends IS NOT NULL THEN lease_ends
        ELSE (SELECT min(next_attempt) FROM inbox_messages WHERE instance_id = ?1 AND next_attempt IS NOT NULL)
    END
    WHERE instance_id = ?1";

pub(super) fn keep(connection: &Connection, new: &NewInbound) -> Result<Intake> {
    let mut make = connection.prepare_cached(
        "INSERT INTO inboxes (instance_id) VALUES (?1) ON CONFLICT (instance_id) DO NOTHING",
    )?;
    make.execute([new.instance])?;
    // A call that asked nobody said all that it had to say; one that waits and is not under way will be processed after
    // this. One that is under way may have asked already: what this one announces would be lost with it.
    let mut known = connection.prepare_cached(
        "SELECT 1 FROM inbox_messages m
         WHERE instance_id = ?1 AND digest = ?2
           AND ((state = 1 AND asked = 0)
                OR (state = 0 AND attempts = 0 AND verified >= ?3
                    AND NOT EXISTS (SELECT 1 FROM inboxes i
                                    WHERE i.instance_id = m.instance_id AND i.lease_ends IS NOT NULL)))",
    )?;
    let repeated = known.exists(params![new.instance, new.digest, new.verified])?;
    if repeated {
        return Ok(Intake::Repeated);
    }
    let size = signed(new.message.len());
    let mut add = connection.prepare_cached(
        "UPDATE inboxes SET waiting = waiting + 1, bytes = bytes + ?2, last = ?3
         WHERE instance_id = ?1 AND waiting < ?4 AND bytes + ?2 <= ?5",
    )?;
    let most = (signed(new.most_messages), signed(new.most_bytes));
    if add.execute(params![new.instance, size, new.now, most.0, most.1])? == 0 {
        return Ok(Intake::Full);
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO inbox_messages (instance_id, digest, message, size, verified, next_attempt, received)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?;
    insert.execute(params![
        new.instance,
        new.digest,
        new.message,
        size,
        new.verified,
        new.now
    ])?;
    refresh(connection, new.instance)?;
    Ok(Intake::Kept)
}

pub(super) fn claim(
    connection: &Connection,
    now: Millis,
    limit: usize,
    lease_ends: Millis,
) -> Result<Vec<Lease>> {
    let mut claim = connection.prepare_cached(
        "UPDATE inboxes SET epoch = epoch + 1, lease_ends = ?3, due = ?3
         WHERE instance_id IN (SELECT instance_id FROM inboxes WHERE due <= ?1 ORDER BY due LIMIT ?2)
         RETURNING instance_id, epoch",
    )?;
    let leases = claim.query_map(params![now, signed(limit), lease_ends], |row| {
        Ok(Lease {
            instance: row.get(0)?,
            epoch: row.get(1)?,
        })
    })?;
    Ok(leases.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn renew(connection: &Connection, lease: Lease, lease_ends: Millis) -> Result<()> {
    check(connection, lease)?;
    let mut renew = connection.prepare_cached("UPDATE inboxes SET lease_ends = ?2 WHERE instance_id = ?1")?;
    renew.execute(params![lease.instance, lease_ends])?;
    refresh(connection, lease.instance)
}

pub(super) fn release(connection: &Connection, lease: Lease) -> Result<()> {
    check(connection, lease)?;
    let mut release =
        connection.prepare_cached("UPDATE inboxes SET lease_ends = NULL WHERE instance_id = ?1")?;
    release.execute([lease.instance])?;
    refresh(connection, lease.instance)
}

/// The oldest message that is due.
pub(super) fn next(connection: &Connection, instance: InstanceId, now: Millis) -> Result<Option<Inbound>> {
    let mut select = connection.prepare_cached(
        "SELECT id, message, verified, attempts, received FROM inbox_messages
         WHERE instance_id = ?1 AND next_attempt <= ?2 AND message IS NOT NULL ORDER BY id LIMIT 1",
    )?;
    let next = select.query_row(params![instance, now], |row| {
        Ok(Inbound {
            id: InboundId(row.get(0)?),
            message: row.get(1)?,
            verified: row.get(2)?,
            attempts: row.get(3)?,
            received: row.get(4)?,
        })
    });
    Ok(next.optional()?)
}

pub(super) fn fingerprints(
    connection: &Connection,
    instance: InstanceId,
    identities: &[ReceivedIdentity],
) -> Result<Vec<ReceivedFingerprint>> {
    let mut select = connection.prepare_cached(
        "SELECT updated, content FROM received_fingerprints
         WHERE instance_id = ?1 AND resource = ?2 AND identity = ?3",
    )?;
    let mut found = Vec::new();
    for (resource, identity) in identities {
        let fingerprint = select.query_row(params![instance, resource, identity], |row| {
            Ok(Fingerprint {
                identity: *identity,
                updated: row.get(0)?,
                content: row.get(1)?,
            })
        });
        found.extend(fingerprint.optional()?.map(|fingerprint| ReceivedFingerprint {
            resource: resource.clone(),
            fingerprint,
        }));
    }
    Ok(found)
}

pub(super) fn commit(connection: &Connection, done: &InboundCommit) -> Result<()> {
    let instance = done.lease.instance;
    check(connection, done.lease)?;
    let mut put = connection.prepare_cached(
        "INSERT INTO received_fingerprints (instance_id, resource, identity, updated, content, seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (instance_id, resource, identity) DO UPDATE
         SET updated = excluded.updated, content = excluded.content, seen = excluded.seen",
    )?;
    for ReceivedFingerprint {
        resource,
        fingerprint,
    } in &done.fingerprints
    {
        put.execute(params![
            instance,
            resource,
            fingerprint.identity,
            fingerprint.updated,
            fingerprint.content,
            done.now
        ])?;
    }
    commits::notify(connection, instance, &done.notifications, done.now)?;
    let mut finish = connection.prepare_cached(
        "UPDATE inbox_messages
         SET state = 1, message = NULL, asked = ?3, next_attempt = NULL, error = NULL, finished = ?4,
             attempts = attempts + 1
         WHERE id = ?1 AND instance_id = ?2 AND state = 0
         RETURNING size",
    )?;
    let size = finish.query_row(params![done.message.0, instance, done.asked, done.now], |row| {
        row.get(0)
    });
    let size: Option<i64> = size.optional()?;
    leave(connection, instance, size.ok_or(StoreError::Missing("message"))?)
}

pub(super) fn fail(connection: &Connection, failure: &InboundFailure) -> Result<()> {
    let instance = failure.lease.instance;
    check(connection, failure.lease)?;
    let mut fail = connection.prepare_cached(
        "UPDATE inbox_messages
         SET attempts = attempts + ?3, error = ?4, next_attempt = ?5, state = iif(?5 IS NULL, 2, 0),
             finished = iif(?5 IS NULL, ?6, NULL)
         WHERE id = ?1 AND instance_id = ?2 AND state = 0
         RETURNING size",
    )?;
    let size = fail.query_row(
        params![
            failure.message.0,
            instance,
            failure.counts,
            failure.error,
            failure.next_attempt,
            failure.now
        ],
        |row| row.get(0),
    );
    let size: Option<i64> = size.optional()?;
    let size = size.ok_or(StoreError::Missing("message"))?;
    if failure.next_attempt.is_none() {
        leave(connection, instance, size)?;
    }
    Ok(())
}

pub(super) fn retry(connection: &Connection, instance: InstanceId, now: Millis) -> Result<usize> {
    let mut retry = connection.prepare_cached(
        "UPDATE inbox_messages SET state = 0, attempts = 0, next_attempt = ?2, finished = NULL
         WHERE instance_id = ?1 AND state = 2 AND message IS NOT NULL
         RETURNING size",
    )?;
    let sizes = retry.query_map(params![instance, now], |row| row.get(0))?;
    let sizes: Vec<i64> = sizes.collect::<rusqlite::Result<_>>()?;
    let mut hurry = connection
        .prepare_cached("UPDATE inbox_messages SET next_attempt = ?2 WHERE instance_id = ?1 AND state = 0")?;
    let waiting = hurry.execute(params![instance, now])?;
    let mut count = connection.prepare_cached(
        "UPDATE inboxes SET waiting = waiting + ?2, bytes = bytes + ?3 WHERE instance_id = ?1",
    )?;
    count.execute(params![instance, signed(sizes.len()), sizes.iter().sum::<i64>()])?;
    refresh(connection, instance)?;
    Ok(waiting)
}

pub(super) fn state(connection: &Connection, instance: InstanceId) -> Result<InboxState> {
    let mut inbox = connection.prepare_cached(
        "SELECT waiting, last,
                (SELECT count(*) FROM inbox_messages WHERE instance_id = ?1 AND state = 2) AS failed
         FROM inboxes WHERE instance_id = ?1",
    )?;
    let state = inbox.query_row([instance], |row| {
        Ok(InboxState {
            waiting: count(row, "waiting")?,
            failed: count(row, "failed")?,
            last: row.get("last")?,
            troubled: Vec::new(),
        })
    });
    let Some(state) = state.optional()? else {
        return Ok(InboxState::default());
    };
    let mut troubled = connection.prepare_cached(
        "SELECT id, received, attempts, error, next_attempt FROM inbox_messages
         WHERE instance_id = ?1 AND state <> 1 AND error IS NOT NULL ORDER BY id DESC LIMIT ?2",
    )?;
    let troubled = troubled.query_map(params![instance, signed(SHOWN)], |row| {
        Ok(TroubledInbound {
            id: InboundId(row.get(0)?),
            received: row.get(1)?,
            attempts: row.get(2)?,
            error: row.get(3)?,
            next_attempt: row.get(4)?,
        })
    })?;
    Ok(InboxState {
        troubled: troubled.collect::<rusqlite::Result<_>>()?,
        ..state
    })
}

pub(super) fn next_due(connection: &Connection) -> Result<Option<Millis>> {
    let mut select = connection.prepare_cached("SELECT min(due) FROM inboxes WHERE due IS NOT NULL")?;
    Ok(select.query_row((), |row| row.get(0))?)
}

/// Give back all leases.
pub(super) fn recover(connection: &Connection) -> Result<()> {
    let mut recover = connection.prepare_cached(
        "UPDATE inboxes SET epoch = epoch + 1, lease_ends = NULL WHERE lease_ends IS NOT NULL RETURNING instance_id",
    )?;
    let touched = recover.query_map((), |row| row.get(0))?;
    let touched: Vec<InstanceId> = touched.collect::<rusqlite::Result<_>>()?;
    touched
        .into_iter()
        .try_for_each(|instance| refresh(connection, instance))
}

/// Remove one batch of what is finished and old. Says whether there may be more.
pub(super) fn prune(connection: &Connection, before: Millis, batch: i64) -> Result<bool> {
    let mut messages = connection.prepare_cached(
        "DELETE FROM inbox_messages
         WHERE id IN (SELECT id FROM inbox_messages WHERE finished < ?1 LIMIT ?2)",
    )?;
    let messages = messages.execute(params![before, batch])?;
    let mut known = connection.prepare_cached(
        "DELETE FROM received_fingerprints
         WHERE (instance_id, resource, identity) IN
               (SELECT instance_id, resource, identity FROM received_fingerprints WHERE seen < ?1 LIMIT ?2)",
    )?;
    Ok(messages + known.execute(params![before, batch])? > 0)
}

fn refresh(connection: &Connection, instance: InstanceId) -> Result<()> {
    connection.prepare_cached(REFRESH)?.execute([instance])?;
    Ok(())
}

fn leave(connection: &Connection, instance: InstanceId, size: i64) -> Result<()> {
    let mut leave = connection.prepare_cached(
        "UPDATE inboxes SET waiting = waiting - 1, bytes = bytes - ?2 WHERE instance_id = ?1",
    )?;
    leave.execute(params![instance, size])?;
    Ok(())
}

fn check(connection: &Connection, lease: Lease) -> Result<()> {
    let mut held = connection.prepare_cached(
        "SELECT 1 FROM inboxes WHERE instance_id = ?1 AND epoch = ?2 AND lease_ends IS NOT NULL",
    )?;
    if held.exists(params![lease.instance, lease.epoch])? {
        Ok(())
    } else {
        Err(StoreError::StaleLease(lease))
    }
}
