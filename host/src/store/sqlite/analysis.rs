//! Events counted, and what became of them.

use rusqlite::{Connection, params};

use super::{columns::count, query::Query};
use crate::store::{AccountId, Attempt, CountFilter, Disposition, EventCount, NotificationFilter, Result};

const COUNT: &str = "
    SELECT (e.created - e.start) / e.step AS bucket, e.instance_id, count(*), sum(e.delivered),
           sum(e.delivered = 0 AND e.queued)
    FROM (SELECT n.created, n.instance_id, ?2 AS start, ?4 AS step,
                 EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = n.id AND d.status = 1) AS delivered,
                 EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = n.id AND d.status = 3) AS queued
          FROM notifications n
          WHERE n.account_id = ?1 AND n.created >= ?2 AND n.created < ?3 AND n.instance_id IS NOT NULL
            AND (?5 IS NULL OR n.instance_id = ?5)) e
    GROUP BY bucket, e.instance_id ORDER BY bucket, e.instance_id";

pub(super) fn count_events(
    connection: &Connection,
    account: AccountId,
    filter: &CountFilter,
) -> Result<Vec<EventCount>> {
    let mut select = connection.prepare_cached(COUNT)?;
    let step = filter.step.max(1);
    let counts = select.query_map(
        params![account, filter.from, filter.to, step, filter.instance],
        |row| {
            Ok(EventCount {
                bucket: row.get(0)?,
                instance: row.get(1)?,
                count: count(row, 2)?,
                delivered: count(row, 3)?,
                failed: count(row, 4)?,
            })
        },
    )?;
    Ok(counts.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn dispositions(
    connection: &Connection,
    account: AccountId,
    filter: &NotificationFilter,
) -> Result<Vec<Disposition>> {
    let events = Query::new(
        "SELECT n.id, n.event_id, n.instance_id, n.created FROM notifications n
         WHERE n.instance_id IS NOT NULL AND n.account_id = ?",
        account,
    )
    .and_some("n.instance_id = ?", filter.instance)
    .and_some("n.id = ?", filter.id)
    .and_some("n.created >= ?", filter.from)
    .and_some("n.created < ?", filter.to)
    .and_some("n.id < ?", filter.before);
    let mut found = events.rows(connection, "n.id DESC", filter.limit, |row| {
        Ok(Disposition {
            notification: row.get(0)?,
            event_id: row.get(1)?,
            instance: row.get(2)?,
            created: row.get(3)?,
            attempts: Vec::new(),
        })
    })?;
    let mut select = connection.prepare_cached(
        "SELECT coalesce((SELECT url FROM subscriptions s WHERE s.id = d.subscription_id), ''),
                a.started, a.finished, a.status, a.error
         FROM deliveries d JOIN attempts a ON a.delivery_id = d.id
         WHERE d.notification_id = ?1 ORDER BY a.id",
    )?;
    for event in &mut found {
        let attempts = select.query_map([event.notification], |row| {
            let attempt = Attempt {
                started: row.get(1)?,
                finished: row.get(2)?,
                status: row.get(3)?,
                error: row.get(4)?,
            };
            Ok((row.get(0)?, attempt))
        })?;
        event.attempts = attempts.collect::<rusqlite::Result<_>>()?;
    }
    Ok(found)
}
