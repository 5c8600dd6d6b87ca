//! Pollers and their fingerprints.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{columns::count, schedules};
use crate::{
    clock::Millis,
    store::{
        Checkpoint, Fingerprint, IdentityHash, InstanceId, NewPoller, Poller, PollerId, PollerSwitch, Result,
        StoreError,
    },
};

/// Give an instance these pollers and no others; those of a resource that stays keep all but their configuration.
pub(super) fn put(connection: &Connection, instance: InstanceId, new: &[NewPoller]) -> Result<()> {
    let wanted: BTreeSet<&str> = new.iter().map(|poller| poller.resource.as_str()).collect();
    let mut remove = connection.prepare_cached("DELETE FROM pollers WHERE id = ?1")?;
    for poller in list(connection, instance)? {
        if !wanted.contains(poller.resource.as_str()) {
            remove.execute([poller.id])?;
        }
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO pollers (instance_id, ordinal, resource, configuration, start, cursor)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (instance_id, resource) DO UPDATE
         SET ordinal = excluded.ordinal, configuration = excluded.configuration",
    )?;
    for (poller, ordinal) in new.iter().zip(0_i64..) {
        put.execute(params![
            instance,
            ordinal,
            poller.resource,
            poller.configuration,
            poller.start
        ])?;
    }
    Ok(())
}

pub(super) fn list(connection: &Connection, instance: InstanceId) -> Result<Vec<Poller>> {
    let mut select =
        connection.prepare_cached("SELECT * FROM pollers WHERE instance_id = ?1 ORDER BY ordinal, id")?;
    let pollers = select.query_map([instance], read)?;
    Ok(pollers.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn switch(connection: &Connection, id: PollerId, switch: PollerSwitch) -> Result<()> {
    let mut update =
        connection.prepare_cached("UPDATE pollers SET paused = ?2 WHERE id = ?1 RETURNING instance_id")?;
    let paused = match switch {
        PollerSwitch::On => false,
        PollerSwitch::Paused => true,
    };
    let instance = update
        .query_row(params![id, paused], |row| row.get(0))
        .optional()?;
    schedules::refresh(connection, instance.ok_or(StoreError::Missing("poller"))?)
}

/// Set a poller back. What is known of records that changed since is forgotten, so that they are told.
pub(super) fn rewind(connection: &Connection, id: PollerId, to: Millis, now: Millis) -> Result<()> {
    let mut rewind = connection.prepare_cached(
        "UPDATE pollers
         SET cursor = ?2, start = min(start, ?2), checkpoint = NULL, checkpoint_adapter = NULL
         WHERE id = ?1 RETURNING instance_id",
    )?;
    let instance = rewind.query_row(params![id, to], |row| row.get(0)).optional()?;
    let instance = instance.ok_or(StoreError::Missing("poller"))?;
    let mut forget = connection.prepare_cached(
        "DELETE FROM fingerprints WHERE poller_id = ?1 AND (updated IS NULL OR updated >= ?2)",
    )?;
    forget.execute(params![id, to])?;
    schedules::interrupt(connection, instance, now)
}

pub(super) fn fingerprints(
    connection: &Connection,
    poller: PollerId,
    identities: &[IdentityHash],
) -> Result<Vec<Fingerprint>> {
    let mut select = connection
        .prepare_cached("SELECT updated, content FROM fingerprints WHERE poller_id = ?1 AND identity = ?2")?;
    let mut found = Vec::with_capacity(identities.len());
    for identity in identities.iter().collect::<BTreeSet<_>>() {
        let fingerprint = select.query_row(params![poller, identity], |row| {
            Ok(Fingerprint {
                identity: *identity,
                updated: row.get(0)?,
                content: row.get(1)?,
            })
        });
        found.extend(fingerprint.optional()?);
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Poller> {
    let data: Option<Vec<u8>> = row.get("checkpoint")?;
    let adapter: Option<String> = row.get("checkpoint_adapter")?;
    Ok(Poller {
        id: row.get("id")?,
        instance: row.get("instance_id")?,
        resource: row.get("resource")?,
        configuration: row.get("configuration")?,
        paused: row.get("paused")?,
        start: row.get("start")?,
        cursor: row.get("cursor")?,
        checkpoint: data
            .zip(adapter)
            .map(|(data, adapter)| Checkpoint { data, adapter }),
        failures: row.get("failures")?,
        last_success: row.get("last_success")?,
        last_failure: row.get("last_failure")?,
        last_error: row.get("last_error")?,
        retry: row.get("retry")?,
        records: count(row, "records")?,
        events: count(row, "events")?,
    })
}
