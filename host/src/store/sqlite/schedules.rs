//! When instances are polled, and by whom.
//!
//! `schedules.due` holds all that decides whether an instance can be claimed, so that a claim reads no row which it
//! does not take. Whoever changes an instance's state, its pollers or its lease sets it anew with [`refresh`].

use rusqlite::{Connection, OptionalExtension as _, params};

use super::columns::signed;
use crate::{
    clock::Millis,
    store::{InstanceId, Lease, Polling, Result, Schedule, StoreError},
};

pub(super) const CLAIM: &str = "
    UPDATE schedules SET lease_epoch = lease_epoch + 1, lease_ends = ?3, due = ?3
    WHERE instance_id IN (SELECT instance_id FROM schedules WHERE due <= ?1 ORDER BY due LIMIT ?2)
    RETURNING instance_id, lease_epoch, next_run";

pub(super) const NEXT_DUE: &str = "SELECT min(due) FROM schedules WHERE due IS NOT NULL";

const REFRESH: &str = "
    UPDATE schedules
    SET due = (SELECT max(schedules.next_run, coalesce(schedules.lease_ends, schedules.next_run))
               FROM instances i
               WHERE i.id = schedules.instance_id AND i.disabled = 0 AND i.state = 0
                 AND EXISTS (SELECT 1 FROM pollers p WHERE p.instance_id = i.id AND p.paused = 0))
    WHERE instance_id = ?1";

/// Schedule an instance, or change its schedule; a lease on it stays.
pub(super) fn put(connection: &Connection, instance: InstanceId, polling: &Polling) -> Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO schedules (instance_id, refresh, next_run, lease_epoch)
         VALUES (?1, ?2, ?3, (SELECT epoch_floor FROM instances WHERE id = ?1))
         ON CONFLICT (instance_id) DO UPDATE
         SET refresh = excluded.refresh, next_run = excluded.next_run, failures = 0",
    )?;
    put.execute(params![instance, polling.interval, polling.next_run])?;
    refresh(connection, instance)
}

pub(super) fn remove(connection: &Connection, instance: InstanceId) -> Result<()> {
    let mut keep = connection.prepare_cached(
        "UPDATE instances SET epoch_floor = s.lease_epoch
         FROM schedules s WHERE s.instance_id = ?1 AND instances.id = ?1",
    )?;
    keep.execute([instance])?;
    let mut remove = connection.prepare_cached("DELETE FROM schedules WHERE instance_id = ?1")?;
    remove.execute([instance])?;
    Ok(())
}

/// Find out anew when an instance can be claimed.
pub(super) fn refresh(connection: &Connection, instance: InstanceId) -> Result<()> {
    connection.prepare_cached(REFRESH)?.execute([instance])?;
    Ok(())
}

pub(super) fn claim_due(
    connection: &Connection,
    now: Millis,
    limit: usize,
    lease_ends: Millis,
) -> Result<Vec<Lease>> {
    let mut claim = connection.prepare_cached(CLAIM)?;
    let rows = claim.query_map(params![now, signed(limit), lease_ends], |row| {
        let lease = Lease {
            instance: row.get(0)?,
            epoch: row.get(1)?,
        };
        Ok((row.get::<_, Millis>(2)?, lease))
    })?;
    let mut leases: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    leases.sort_by_key(|(waiting_since, lease)| (*waiting_since, lease.instance));
    Ok(leases.into_iter().map(|(_, lease)| lease).collect())
}

pub(super) fn claim(
    connection: &Connection,
    id: InstanceId,
    now: Millis,
    lease_ends: Millis,
) -> Result<Option<Lease>> {
    let mut claim = connection.prepare_cached(
        "UPDATE schedules SET lease_epoch = lease_epoch + 1, lease_ends = ?3, due = ?3
         WHERE instance_id = ?1 AND due IS NOT NULL AND (lease_ends IS NULL OR lease_ends <= ?2)
         RETURNING lease_epoch",
    )?;
    let epoch = claim
        .query_row(params![id, now, lease_ends], |row| row.get(0))
        .optional()?;
    Ok(epoch.map(|epoch| Lease { instance: id, epoch }))
}

/// Fails unless the lease holds: it was neither given back nor taken by another.
pub(super) fn check(connection: &Connection, lease: Lease) -> Result<()> {
    let mut held = connection.prepare_cached(
        "SELECT 1 FROM schedules WHERE instance_id = ?1 AND lease_epoch = ?2 AND lease_ends IS NOT NULL",
    )?;
    if held.exists(params![lease.instance, lease.epoch])? {
        Ok(())
    } else {
        Err(StoreError::StaleLease(lease))
    }
}

pub(super) fn renew(connection: &Connection, lease: Lease, lease_ends: Millis) -> Result<()> {
    check(connection, lease)?;
    let mut renew =
        connection.prepare_cached("UPDATE schedules SET lease_ends = ?2 WHERE instance_id = ?1")?;
    renew.execute(params![lease.instance, lease_ends])?;
    refresh(connection, lease.instance)
}

pub(super) fn release(connection: &Connection, lease: Lease, next_run: Millis, failures: u32) -> Result<()> {
    check(connection, lease)?;
    let mut release = connection.prepare_cached(
        "UPDATE schedules SET lease_ends = NULL, next_run = ?2, failures = ?3 WHERE instance_id = ?1",
    )?;
    release.execute(params![lease.instance, next_run, failures])?;
    refresh(connection, lease.instance)
}

/// Take the lease from whoever has it, and let the instance be due now.
pub(super) fn interrupt(connection: &Connection, instance: InstanceId, now: Millis) -> Result<()> {
    let mut interrupt = connection.prepare_cached(
        "UPDATE schedules SET lease_epoch = lease_epoch + 1, lease_ends = NULL, next_run = ?2, failures = 0
         WHERE instance_id = ?1",
    )?;
    interrupt.execute(params![instance, now])?;
    refresh(connection, instance)
}

pub(super) fn next_due(connection: &Connection) -> Result<Option<Millis>> {
    Ok(connection
        .prepare_cached(NEXT_DUE)?
        .query_row((), |row| row.get(0))?)
}

pub(super) fn by_instance(connection: &Connection, instance: InstanceId) -> Result<Option<Schedule>> {
    let mut select = connection
        .prepare_cached("SELECT refresh, next_run, failures FROM schedules WHERE instance_id = ?1")?;
    let schedule = select.query_row([instance], |row| {
        Ok(Schedule {
            instance,
            interval: row.get(0)?,
            next_run: row.get(1)?,
            failures: row.get(2)?,
        })
    });
    Ok(schedule.optional()?)
}

/// Give back all leases. The epochs rise, so that no lease from before fits.
pub(super) fn recover(connection: &Connection) -> Result<()> {
    connection.execute(
        "UPDATE schedules
         SET lease_epoch = lease_epoch + 1, lease_ends = NULL, due = iif(due IS NULL, NULL, next_run)
         WHERE lease_ends IS NOT NULL",
        (),
    )?;
    Ok(())
}
