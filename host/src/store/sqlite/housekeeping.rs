//! Recovery at start, and removing what is old.

use rusqlite::{Connection, params};

use super::{bulk, inboxes, outboxes, polls, registrations, schedules};
use crate::{
    clock::Millis,
    store::{NotificationId, Result, SubscriptionId},
};

/// Rows that one transaction looks at when it removes old ones: few enough that nobody waits long behind it.
const BATCH: i64 = 500;

/// Where a batch of notifications ended.
pub(super) type Position = (Millis, NotificationId);

/// Before all notifications.
pub(super) const START: Position = (Millis::MIN, NotificationId(i64::MIN));

/// Give back every lease. The epochs rise, so that nothing from before is taken for an answer.
pub(super) fn recover(connection: &Connection) -> Result<()> {
    schedules::recover(connection)?;
    registrations::recover(connection)?;
    inboxes::recover(connection)?;
    bulk::recover(connection)?;
    let mut recover = connection.prepare_cached(
        "UPDATE deliveries
         SET epoch = epoch + 1, lease_ends = NULL, next_attempt = iif(next_attempt IS NULL, NULL, created)
         WHERE lease_ends IS NOT NULL
         RETURNING subscription_id",
    )?;
    let touched = recover.query_map((), |row| row.get(0))?;
    let mut touched: Vec<SubscriptionId> = touched.collect::<rusqlite::Result<_>>()?;
    touched.sort_unstable();
    touched.dedup();
    for subscription in touched {
        outboxes::unhold(connection, subscription)?;
        outboxes::refresh(connection, subscription)?;
    }
    Ok(())
}

/// Look at one batch of old notifications and remove those that are finished. Says how many, and from where to go on
/// when there may be more.
pub(super) fn prune_notifications(
    connection: &Connection,
    before: Millis,
    from: Position,
) -> Result<(usize, Option<Position>)> {
    let mut select = connection.prepare_cached(
        "SELECT created, id FROM notifications
         WHERE created < ?1 AND (created, id) > (?2, ?3)
         ORDER BY created, id LIMIT ?4",
    )?;
    let old = select.query_map(params![before, from.0, from.1, BATCH], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let old: Vec<Position> = old.collect::<rusqlite::Result<_>>()?;
    let mut remove = connection.prepare_cached(
        "DELETE FROM notifications
         WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE notification_id = ?1 AND status <> 1)",
    )?;
    let mut removed = 0;
    for (_, id) in &old {
        removed += remove.execute([id])?;
    }
    Ok((removed, old.last().copied()))
}

/// Subscriptions that were over before this, or made for one callback before, and of which no delivery is left.
pub(super) fn over_subscriptions(connection: &Connection, before: Millis) -> Result<Vec<SubscriptionId>> {
    const OVER: &str = "(retired < ?1 OR signer IS NOT NULL AND created < ?1)";
    let mut any = connection.prepare_cached(&format!("SELECT 1 FROM subscriptions WHERE {OVER} LIMIT 1"))?;
    if !any.exists([before])? {
        return Ok(Vec::new());
    }
    let mut select = connection.prepare_cached(&format!(
        "SELECT id FROM subscriptions
         WHERE {OVER} AND id NOT IN (SELECT subscription_id FROM deliveries) LIMIT ?2"
    ))?;
    let over = select.query_map(params![before, BATCH], |row| row.get(0))?;
    Ok(over.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn remove_subscriptions(connection: &Connection, over: &[SubscriptionId]) -> Result<()> {
    let mut remove = connection.prepare_cached("DELETE FROM subscriptions WHERE id = ?1")?;
    for id in over {
        remove.execute([id])?;
    }
    Ok(())
}

/// Remove one batch of old records of polls. Says whether there may be more.
pub(super) fn prune_polls(connection: &Connection, before: Millis) -> Result<bool> {
    polls::prune(connection, before, BATCH)
}

/// Remove one batch of old calls of providers and of what is remembered of them. Says whether there may be more.
pub(super) fn prune_inboxes(connection: &Connection, before: Millis) -> Result<bool> {
    inboxes::prune(connection, before, BATCH)
}
