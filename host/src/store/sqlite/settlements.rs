//! What came of attempts.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{outboxes, subscriptions};
use crate::{
    clock::Millis,
    store::{DeliveryStatus, NotificationId, Result, Settlement, SubscriptionId, Verdict},
};

pub(super) fn settle(connection: &Connection, settlements: &[Settlement]) -> Result<()> {
    let mut touched = BTreeSet::new();
    for settlement in settlements {
        if let Some((subscription, notification)) = in_flight(connection, settlement)? {
            one(connection, settlement, subscription, notification)?;
            touched.insert(subscription);
        }
    }
    for subscription in touched {
        outboxes::unhold(connection, subscription)?;
        outboxes::refresh(connection, subscription)?;
    }
    Ok(())
}

/// What a settlement is about, unless its attempt does not count any more.
fn in_flight(
    connection: &Connection,
    settlement: &Settlement,
) -> Result<Option<(SubscriptionId, NotificationId)>> {
    let mut select = connection.prepare_cached(
        "SELECT subscription_id, notification_id FROM deliveries
         WHERE id = ?1 AND epoch = ?2 AND lease_ends IS NOT NULL",
    )?;
    let found = select.query_row(params![settlement.delivery, settlement.epoch], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    Ok(found.optional()?)
}

fn one(
    connection: &Connection,
    settlement: &Settlement,
    subscription: SubscriptionId,
    notification: NotificationId,
) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO attempts (delivery_id, started, finished, status, error) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![
        settlement.delivery,
        settlement.started,
        settlement.finished,
        settlement.status,
        settlement.error
    ])?;
    match &settlement.verdict {
        Verdict::Delivered => {
            update(connection, settlement, DeliveryStatus::Delivered, None)?;
            outboxes::leave_lanes(connection, subscription, settlement.delivery, notification)
        }
        Verdict::Retry { at } if subscriptions::is_active(connection, subscription)? => {
            update(connection, settlement, DeliveryStatus::Retry, Some(*at))
        }
        Verdict::Retry { .. } | Verdict::Queue => {
            update(connection, settlement, DeliveryStatus::Queued, None)
        }
        Verdict::Deactivate { reason } => {
            update(connection, settlement, DeliveryStatus::Queued, None)?;
            subscriptions::deactivate(connection, subscription, reason, settlement.finished)
        }
    }
}

fn update(
    connection: &Connection,
    settlement: &Settlement,
    status: DeliveryStatus,
    next_attempt: Option<Millis>,
) -> Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE deliveries
         SET status = ?2, next_attempt = ?3, lease_ends = NULL, attempts = attempts + 1,
             first_failure = iif(?2 = 1, first_failure, coalesce(first_failure, ?4)),
             last_status = ?5, last_error = ?6, updated = ?4
         WHERE id = ?1",
    )?;
    update.execute(params![
        settlement.delivery,
        status,
        next_attempt,
        settlement.finished,
        settlement.status,
        settlement.error
    ])?;
    Ok(())
}
