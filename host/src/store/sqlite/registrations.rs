//! What is registered at providers.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Json, signed};
use crate::{
    clock::Millis,
    store::{InstanceId, Lease, NewRegistration, Registration, Renewal, Result, StoreError},
};

/// Give an instance this registration. A lease on the old one fits no more.
pub(super) fn put(connection: &Connection, instance: InstanceId, new: &NewRegistration) -> Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO registrations (instance_id, element, callback_url, resources, data, expires, finder_path,
                                    finder_value, created, renewed, due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)
         ON CONFLICT (instance_id) DO UPDATE
         SET element = excluded.element, callback_url = excluded.callback_url, resources = excluded.resources,
             data = excluded.data, expires = excluded.expires, finder_path = excluded.finder_path,
             finder_value = excluded.finder_value, created = excluded.created, renewed = excluded.renewed,
             due = excluded.due, epoch = epoch + 1, lease_ends = NULL, failures = 0, error = NULL, failed = NULL",
    )?;
    put.execute(params![
        instance,
        new.element,
        new.callback_url,
        Json(&new.resources),
        new.data,
        new.expires,
        new.finder.as_ref().map(|finder| &finder.path),
        new.finder.as_ref().map(|finder| &finder.value),
        new.now,
        new.due,
    ])?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, instance: InstanceId) -> Result<()> {
    let mut remove = connection.prepare_cached("DELETE FROM registrations WHERE instance_id = ?1")?;
    remove.execute([instance])?;
    Ok(())
}

pub(super) fn by_instance(connection: &Connection, instance: InstanceId) -> Result<Option<Registration>> {
    let mut select = connection.prepare_cached("SELECT * FROM registrations WHERE instance_id = ?1")?;
    Ok(select.query_row([instance], read).optional()?)
}

pub(super) fn finder_paths(connection: &Connection, element: &str, limit: usize) -> Result<Vec<String>> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT finder_path FROM registrations
         WHERE element = ?1 AND finder_path IS NOT NULL ORDER BY finder_path LIMIT ?2",
    )?;
    let paths = select.query_map(params![element, signed(limit)], |row| row.get(0))?;
    Ok(paths.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn found(
    connection: &Connection,
    element: &str,
    path: &str,
    value: &str,
    limit: usize,
) -> Result<Vec<InstanceId>> {
    let mut select = connection.prepare_cached(
        "SELECT instance_id FROM registrations
         WHERE element = ?1 AND finder_path = ?2 AND finder_value = ?3 ORDER BY instance_id LIMIT ?4",
    )?;
    let found = select.query_map(params![element, path, value, signed(limit)], |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn claim(
    connection: &Connection,
    now: Millis,
    limit: usize,
    lease_ends: Millis,
) -> Result<Vec<Registration>> {
    let mut claim = connection.prepare_cached(
        "UPDATE registrations SET epoch = epoch + 1, lease_ends = ?3, due = ?3
         WHERE instance_id IN (SELECT instance_id FROM registrations WHERE due <= ?1 ORDER BY due LIMIT ?2)
         RETURNING *",
    )?;
    let claimed = claim.query_map(params![now, signed(limit), lease_ends], read)?;
    Ok(claimed.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn settle(connection: &Connection, lease: Lease, renewal: &Renewal, now: Millis) -> Result<()> {
    let settled = match renewal {
        Renewal::Renewed { data, expires, due } => {
            let mut renew = connection.prepare_cached(
                "UPDATE registrations
                 SET data = ?3, expires = ?4, due = ?5, renewed = ?6, failures = 0, error = NULL, failed = NULL,
                     lease_ends = NULL
                 WHERE instance_id = ?1 AND epoch = ?2 AND lease_ends IS NOT NULL",
            )?;
            renew.execute(params![lease.instance, lease.epoch, data, expires, due, now])?
        }
        Renewal::Failed { error, due } => {
            let mut fail = connection.prepare_cached(
                "UPDATE registrations
                 SET failures = failures + 1, error = ?3, failed = ?4, due = ?5, lease_ends = NULL
                 WHERE instance_id = ?1 AND epoch = ?2 AND lease_ends IS NOT NULL",
            )?;
            fail.execute(params![lease.instance, lease.epoch, error, now, due])?
        }
    };
    if settled == 0 {
        return Err(StoreError::StaleLease(lease));
    }
    Ok(())
}

pub(super) fn next_due(connection: &Connection) -> Result<Option<Millis>> {
    let mut select = connection.prepare_cached("SELECT min(due) FROM registrations WHERE due IS NOT NULL")?;
    Ok(select.query_row((), |row| row.get(0))?)
}

/// Give back all leases: what was being prolonged is due now.
pub(super) fn recover(connection: &Connection) -> Result<()> {
    connection.execute(
        "UPDATE registrations SET epoch = epoch + 1, lease_ends = NULL, due = renewed WHERE lease_ends IS NOT NULL",
        (),
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Registration> {
    Ok(Registration {
        lease: Lease {
            instance: row.get("instance_id")?,
            epoch: row.get("epoch")?,
        },
        callback_url: row.get("callback_url")?,
        resources: row.get::<_, Json<_>>("resources")?.0,
        data: row.get("data")?,
        expires: row.get("expires")?,
        due: row.get("due")?,
        created: row.get("created")?,
        renewed: row.get("renewed")?,
        failures: row.get("failures")?,
        error: row.get("error")?,
        failed: row.get("failed")?,
    })
}
