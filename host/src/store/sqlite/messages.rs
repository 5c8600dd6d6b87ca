//! Notifications as a whole: their order, those that users send, and what users do with them.

use rusqlite::{Connection, params};

use super::{error::taken, outboxes, subscriptions};
use crate::store::{
    AccountId, DeliveryId, EventKind, InstanceId, NewMessage, NotificationId, Result, StoreError,
    SubscriptionId,
};

/// The position of the next notification. There is one writer, so positions rise in the order of commits.
pub(super) fn next_position(connection: &Connection) -> Result<i64> {
    let mut next = connection.prepare_cached(
        "UPDATE sequences SET value = value + 1 WHERE name = 'notification' RETURNING value",
    )?;
    Ok(next.query_row((), |row| row.get(0))?)
}

pub(super) fn newest_position(connection: &Connection) -> Result<i64> {
    let mut select = connection.prepare_cached("SELECT value FROM sequences WHERE name = 'notification'")?;
    Ok(select.query_row((), |row| row.get(0))?)
}

pub(super) fn post(connection: &Connection, account: AccountId, message: &NewMessage) -> Result<()> {
    keep(connection, account, message)?;
    for subscription in subscriptions::of_topic(connection, message.id)? {
        outboxes::enqueue(connection, subscription, message.id, message.created)?;
        outboxes::refresh(connection, subscription)?;
    }
    Ok(())
}

/// Store a message without a delivery.
pub(super) fn keep(connection: &Connection, account: AccountId, message: &NewMessage) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO notifications (id, position, account_id, event_id, topic, resource, kind, created)
         VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7)",
    )?;
    insert
        .execute(params![
            message.id,
            next_position(connection)?,
            account,
            message.event_id,
            message.topic,
            EventKind::Unknown,
            message.created
        ])
        .map_err(taken("notification id"))?;
    let mut insert = connection
        .prepare_cached("INSERT INTO notification_bodies (notification_id, body) VALUES (?1, ?2)")?;
    insert.execute(params![message.id, message.body.as_ref()])?;
    Ok(())
}

pub(super) fn acknowledge(connection: &Connection, account: AccountId, id: NotificationId) -> Result<()> {
    let mut update = connection
        .prepare_cached("UPDATE notifications SET acknowledged = 1 WHERE id = ?1 AND account_id = ?2")?;
    existed(update.execute(params![id, account])?)
}

pub(super) fn delete(connection: &Connection, account: AccountId, id: NotificationId) -> Result<()> {
    let mut own =
        connection.prepare_cached("SELECT 1 FROM notifications WHERE id = ?1 AND account_id = ?2")?;
    if !own.exists(params![id, account])? {
        return existed(0);
    }
    let mut select = connection.prepare_cached(
        "SELECT id, subscription_id, notification_id FROM deliveries WHERE notification_id = ?1 AND status <> 1",
    )?;
    let unfinished = select.query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let touched = leave(connection, unfinished.collect::<rusqlite::Result<_>>()?)?;
    let mut delete = connection.prepare_cached("DELETE FROM notifications WHERE id = ?1")?;
    delete.execute([id])?;
    refresh(connection, &touched)
}

/// Let go what unfinished deliveries of an instance hold back at subscriptions that outlive it. Says which these are;
/// once the deliveries are gone they want a [`refresh`].
pub(super) fn leave_others(connection: &Connection, instance: InstanceId) -> Result<Vec<SubscriptionId>> {
    let mut select = connection.prepare_cached(
        "SELECT d.id, d.subscription_id, d.notification_id
         FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id
         WHERE d.instance_id = ?1 AND d.status <> 1 AND s.instance_id IS NOT ?1",
    )?;
    let unfinished = select.query_map([instance], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    leave(connection, unfinished.collect::<rusqlite::Result<_>>()?)
}

/// Find out anew when something is due for these.
pub(super) fn refresh(connection: &Connection, subscriptions: &[SubscriptionId]) -> Result<()> {
    for subscription in subscriptions {
        outboxes::unhold(connection, *subscription)?;
        outboxes::refresh(connection, *subscription)?;
    }
    Ok(())
}

fn leave(
    connection: &Connection,
    deliveries: Vec<(DeliveryId, SubscriptionId, NotificationId)>,
) -> Result<Vec<SubscriptionId>> {
    let mut touched = Vec::new();
    for (delivery, subscription, notification) in deliveries {
        outboxes::leave_lanes(connection, subscription, delivery, notification)?;
        touched.push(subscription);
    }
    touched.sort_unstable();
    touched.dedup();
    Ok(touched)
}

fn existed(rows: usize) -> Result<()> {
    match rows {
        0 => Err(StoreError::Missing("notification")),
        _ => Ok(()),
    }
}
