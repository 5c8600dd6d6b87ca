//! Notifications, deliveries and attempts, as they are looked up.

use rusqlite::{Connection, Row, params};

use super::query::Query;
use crate::store::{
    AccountId, Attempt, Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, Notification,
    NotificationFilter, Result,
};

macro_rules! notifications {
    ($account:literal) => {
        concat!(
            "SELECT n.id, n.event_id, n.instance_id, n.topic, n.resource, n.kind, n.created, b.body,
                    EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = n.id AND d.status = 1)
             FROM notifications n JOIN notification_bodies b ON b.notification_id = n.id
             WHERE ",
            $account
        )
    };
}

macro_rules! deliveries {
    ($account:literal) => {
        concat!(
            "SELECT d.id, d.notification_id, n.event_id, d.subscription_id, d.status, d.attempts, d.next_attempt,
                    d.last_status, d.last_error, d.created, d.updated
             FROM deliveries d JOIN notifications n ON n.id = d.notification_id
             WHERE ",
            $account
        )
    };
}

pub(super) fn notifications(
    connection: &Connection,
    account: AccountId,
    filter: &NotificationFilter,
) -> Result<Vec<Notification>> {
    // A plus keeps the index over accounts out of it, where a narrower one serves.
    let narrow = filter.instance.is_some() || filter.event_id.is_some() || filter.object_id.is_some();
    let select = if narrow {
        notifications!("+n.account_id = ?")
    } else {
        notifications!("n.account_id = ?")
    };
    let sought = filter.event_id.is_some() || filter.object_id.is_some();
    let of_instance = if sought {
        "+n.instance_id = ?"
    } else {
        "n.instance_id = ?"
    };
    Query::new(select, account)
        .and_some(of_instance, filter.instance)
        .and_some("n.event_id = ?", filter.event_id.clone())
        .and_some(
            "n.id IN (SELECT notification_id FROM events WHERE object_id = ?)",
            filter.object_id.clone(),
        )
        .and_some("n.id < ?", filter.before)
        .rows(connection, "n.id DESC", filter.limit, notification)
}

pub(super) fn deliveries(
    connection: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
) -> Result<Vec<Delivery>> {
    let narrow = filter.instance.is_some() || filter.notification.is_some();
    let select = if narrow {
        deliveries!("+d.account_id = ?")
    } else {
        deliveries!("d.account_id = ?")
    };
    let of_instance = if filter.notification.is_some() {
        "+d.instance_id = ?"
    } else {
        "d.instance_id = ?"
    };
    let query = Query::new(select, account)
        .and_some(of_instance, filter.instance)
        .and_some("d.notification_id = ?", filter.notification)
        .and_some("d.id < ?", filter.before);
    // Literals: an index over unfinished deliveries serves only what says so when it is prepared.
    let query = match filter.status {
        None => query,
        Some(DeliveryStatus::Created) => query.and_always("d.status <> 1 AND d.status = 0"),
        Some(DeliveryStatus::Delivered) => query.and_always("d.status = 1"),
        Some(DeliveryStatus::Retry) => query.and_always("d.status <> 1 AND d.status = 2"),
        Some(DeliveryStatus::Queued) => query.and_always("d.status <> 1 AND d.status = 3"),
    };
    query.rows(connection, "d.id DESC", filter.limit, delivery)
}

pub(super) fn attempts(
    connection: &Connection,
    account: AccountId,
    delivery: DeliveryId,
) -> Result<Vec<Attempt>> {
    let mut select = connection.prepare_cached(
        "SELECT a.started, a.finished, a.status, a.error
         FROM attempts a JOIN deliveries d ON d.id = a.delivery_id
         WHERE a.delivery_id = ?1 AND d.account_id = ?2
         ORDER BY a.id",
    )?;
    let attempts = select.query_map(params![delivery, account], |row| {
        Ok(Attempt {
            started: row.get(0)?,
            finished: row.get(1)?,
            status: row.get(2)?,
            error: row.get(3)?,
        })
    })?;
    Ok(attempts.collect::<rusqlite::Result<_>>()?)
}

fn notification(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        id: row.get(0)?,
        event_id: row.get(1)?,
        instance: row.get(2)?,
        topic: row.get(3)?,
        resource: row.get(4)?,
        kind: row.get(5)?,
        created: row.get(6)?,
        body: row.get::<_, Vec<u8>>(7)?.into(),
        delivered: row.get(8)?,
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        notification: row.get(1)?,
        event_id: row.get(2)?,
        subscription: row.get(3)?,
        status: row.get(4)?,
        attempts: row.get(5)?,
        next_attempt: row.get(6)?,
        last_status: row.get(7)?,
        last_error: row.get(8)?,
        created: row.get(9)?,
        updated: row.get(10)?,
    })
}
