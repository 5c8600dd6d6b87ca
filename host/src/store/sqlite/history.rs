//! Notifications, deliveries and attempts, as they are looked up.

use rusqlite::{Connection, Row, params};

use super::{columns::Json, query::Query};
use crate::store::{
    AccountId, Attempt, Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, InstanceId, Notification,
    NotificationFilter, NotificationSource, Progress, Result,
};

macro_rules! notifications {
    ($account:literal) => {
        concat!(
            "SELECT n.id, n.position, n.event_id, n.instance_id, n.topic, n.resource, n.kind, n.created, b.body,
                    n.acknowledged,
                    CASE WHEN EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = n.id AND d.status = 1)
                         THEN 2
                         WHEN EXISTS (SELECT 1 FROM deliveries d
                                      WHERE d.notification_id = n.id AND d.status <> 1
                                        AND (d.lease_ends IS NOT NULL OR d.last_status IS NOT NULL
                                             OR d.last_error IS NOT NULL))
                         THEN 1 ELSE 0 END
             FROM notifications n JOIN notification_bodies b ON b.notification_id = n.id
             WHERE ",
            $account
        )
    };
}

macro_rules! deliveries {
    ($account:literal) => {
        concat!(
            "SELECT d.id, d.instance_id, d.notification_id, n.event_id, d.subscription_id, d.status, d.attempts,
                    d.next_attempt, d.last_status, d.last_error, d.created, d.updated
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
    let sought = filter.id.is_some() || filter.event_id.is_some() || filter.object_id.is_some();
    let narrow = filter.instance.is_some() || sought;
    let select = if narrow {
        notifications!("+n.account_id = ?")
    } else {
        notifications!("n.account_id = ?")
    };
    let of_instance = if sought {
        "+n.instance_id = ?"
    } else {
        "n.instance_id = ?"
    };
    let topics = (!filter.topics.is_empty())
        .then(|| Json(&filter.topics).text())
        .transpose()?;
    let query = Query::new(select, account)
        .and_some(of_instance, filter.instance)
        .and_some("n.id = ?", filter.id)
        .and_some("n.event_id = ?", filter.event_id.clone())
        .and_some("n.topic IN (SELECT value FROM json_each(?))", topics)
        .and_some(
            "n.id IN (SELECT notification_id FROM events WHERE object_id = ?)",
            filter.object_id.clone(),
        )
        .and_some("n.created >= ?", filter.from)
        .and_some("n.created < ?", filter.to)
        .and_some("n.id < ?", filter.before);
    let query = match filter.source {
        NotificationSource::Any => query,
        NotificationSource::Instances => query.and_always("n.instance_id IS NOT NULL"),
    };
    query.rows(connection, "n.id DESC", filter.limit, notification)
}

pub(super) fn feed(
    connection: &Connection,
    account: AccountId,
    instance: Option<InstanceId>,
    after: i64,
    limit: usize,
) -> Result<Vec<Notification>> {
    Query::new(notifications!("n.account_id = ?"), account)
        .and("n.position > ?", after)
        .and_some("+n.instance_id = ?", instance)
        .and_always("n.instance_id IS NOT NULL")
        .rows(connection, "n.position", Some(limit), notification)
}

pub(super) fn deliveries(
    connection: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
) -> Result<Vec<Delivery>> {
    select(account, filter).rows(connection, "d.id DESC", filter.limit, delivery)
}

/// Deliveries after this one, oldest first.
pub(super) fn deliveries_after(
    connection: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    after: DeliveryId,
) -> Result<Vec<Delivery>> {
    select(account, filter)
        .and("d.id > ?", after)
        .rows(connection, "d.id", filter.limit, delivery)
}

fn select(account: AccountId, filter: &DeliveryFilter) -> Query {
    let sought = filter.id.is_some() || filter.notification.is_some();
    let narrow = filter.instance.is_some() || sought;
    let select = if narrow {
        deliveries!("+d.account_id = ?")
    } else {
        deliveries!("d.account_id = ?")
    };
    let of_instance = if sought {
        "+d.instance_id = ?"
    } else {
        "d.instance_id = ?"
    };
    let query = Query::new(select, account)
        .and_some(of_instance, filter.instance)
        .and_some("d.id = ?", filter.id)
        .and_some("d.notification_id = ?", filter.notification)
        .and_some("+d.subscription_id = ?", filter.subscription)
        .and_some(
            "(SELECT url FROM subscriptions s WHERE s.id = d.subscription_id) = ?",
            filter.url.clone(),
        )
        .and_some("d.created >= ?", filter.from)
        .and_some("d.created < ?", filter.to)
        .and_some("d.id < ?", filter.before);
    // Literals: an index over unfinished deliveries serves only what says so when it is prepared.
    match filter.status {
        None => query,
        Some(DeliveryStatus::Created) => query.and_always("d.status <> 1 AND d.status = 0"),
        Some(DeliveryStatus::Delivered) => query.and_always("d.status = 1"),
        Some(DeliveryStatus::Retry) => query.and_always("d.status <> 1 AND d.status = 2"),
        Some(DeliveryStatus::Queued) => query.and_always("d.status <> 1 AND d.status = 3"),
    }
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
        position: row.get(1)?,
        event_id: row.get(2)?,
        instance: row.get(3)?,
        topic: row.get(4)?,
        resource: row.get(5)?,
        kind: row.get(6)?,
        created: row.get(7)?,
        body: row.get::<_, Vec<u8>>(8)?.into(),
        acknowledged: row.get(9)?,
        progress: match row.get(10)? {
            2_i64 => Progress::Delivered,
            1 => Progress::Tried,
            _ => Progress::Stored,
        },
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        instance: row.get(1)?,
        notification: row.get(2)?,
        event_id: row.get(3)?,
        subscription: row.get(4)?,
        status: row.get(5)?,
        attempts: row.get(6)?,
        next_attempt: row.get(7)?,
        last_status: row.get(8)?,
        last_error: row.get(9)?,
        created: row.get(10)?,
        updated: row.get(11)?,
    })
}
