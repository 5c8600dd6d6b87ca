//! What waits for a subscription, and in which order.
//!
//! Two numbers are kept so that a claim reads only rows which it takes, however many wait behind them:
//!
//! - `deliveries.blockers`: for how many of its objects an earlier delivery to the same subscription is unfinished.
//!   Only a delivery without blockers can go out. It counts queued deliveries too, so order holds over a
//!   deactivation.
//! - `outboxes.next_due`: when the first delivery without blockers is due. Whoever touches deliveries calls
//!   [`refresh`].

use rusqlite::{Connection, params};

use crate::{
    clock::Millis,
    store::{DeliveryId, NotificationId, Result, SubscriptionId},
};

pub(super) const REFRESH: &str = "
    UPDATE outboxes
    SET next_due = (SELECT min(next_attempt) FROM deliveries
                    WHERE subscription_id = ?1 AND next_attempt IS NOT NULL AND blockers = 0)
    WHERE subscription_id = ?1";

/// Deliveries that one delivery was the first blocker of have one blocker less for each lane it leaves.
const UNBLOCK: &str = "
    WITH next (id) AS (
        SELECT (SELECT min(l.delivery_id) FROM delivery_lanes l
                WHERE l.subscription_id = ?1 AND l.identity = e.identity AND l.delivery_id > ?2)
        FROM (SELECT DISTINCT identity FROM events WHERE notification_id = ?3) e)
    UPDATE deliveries SET blockers = blockers - (SELECT count(*) FROM next WHERE next.id = deliveries.id)
    WHERE id IN (SELECT id FROM next)";

/// Make a delivery of a notification.
pub(super) fn enqueue(
    connection: &Connection,
    subscription: SubscriptionId,
    notification: NotificationId,
    now: Millis,
) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO deliveries (account_id, instance_id, notification_id, subscription_id, status, next_attempt,
                                 blockers, created, updated)
         SELECT s.account_id, coalesce((SELECT instance_id FROM notifications WHERE id = ?2), s.signer), ?2, s.id,
                iif(s.active, 0, 3), iif(s.active, ?3, NULL),
                (SELECT count(DISTINCT e.identity) FROM events e
                 WHERE e.notification_id = ?2
                   AND EXISTS (SELECT 1 FROM delivery_lanes l
                               WHERE l.subscription_id = ?1 AND l.identity = e.identity)),
                ?3, ?3
         FROM subscriptions s WHERE s.id = ?1
         RETURNING id",
    )?;
    let delivery: DeliveryId =
        insert.query_row(params![subscription, notification, now], |row| row.get(0))?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO delivery_lanes (subscription_id, identity, delivery_id)
         SELECT DISTINCT ?1, identity, ?3 FROM events WHERE notification_id = ?2",
    )?;
    insert.execute(params![subscription, notification, delivery])?;
    Ok(())
}

/// Let go what a finished delivery held back.
pub(super) fn leave_lanes(
    connection: &Connection,
    subscription: SubscriptionId,
    delivery: DeliveryId,
    notification: NotificationId,
) -> Result<()> {
    connection
        .prepare_cached(UNBLOCK)?
        .execute(params![subscription, delivery, notification])?;
    let mut leave = connection.prepare_cached(
        "DELETE FROM delivery_lanes
         WHERE subscription_id = ?1 AND delivery_id = ?2
           AND identity IN (SELECT identity FROM events WHERE notification_id = ?3)",
    )?;
    leave.execute(params![subscription, delivery, notification])?;
    Ok(())
}

/// Find out anew when something is due.
pub(super) fn refresh(connection: &Connection, subscription: SubscriptionId) -> Result<()> {
    connection.prepare_cached(REFRESH)?.execute([subscription])?;
    Ok(())
}

/// Note until when a subscription has as much in flight as it may, for the sake of who waits for the next due one.
pub(super) fn hold(connection: &Connection, subscription: SubscriptionId, now: Millis) -> Result<()> {
    let mut hold = connection.prepare_cached(
        "UPDATE outboxes
         SET held_until = (SELECT min(lease_ends) FROM deliveries WHERE subscription_id = ?1 AND lease_ends > ?2)
         WHERE subscription_id = ?1",
    )?;
    hold.execute(params![subscription, now])?;
    Ok(())
}

/// A subscription has room again.
pub(super) fn unhold(connection: &Connection, subscription: SubscriptionId) -> Result<()> {
    let mut unhold =
        connection.prepare_cached("UPDATE outboxes SET held_until = NULL WHERE subscription_id = ?1")?;
    unhold.execute([subscription])?;
    Ok(())
}

/// Queue whatever is pending for a subscription. Attempts in progress keep their leases: they are made anyway, and
/// what comes of them counts.
pub(super) fn queue_all(connection: &Connection, subscription: SubscriptionId, now: Millis) -> Result<()> {
    let mut queue = connection.prepare_cached(
        "UPDATE deliveries SET status = 3, next_attempt = NULL, updated = ?2
         WHERE subscription_id = ?1 AND status <> 1 AND status <> 3",
    )?;
    queue.execute(params![subscription, now])?;
    refresh(connection, subscription)
}
