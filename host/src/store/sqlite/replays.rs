//! Deliveries that are made again.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{history, messages, outboxes, subscriptions};
use crate::{
    clock::Millis,
    store::{
        AccountId, Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, Replayed, Result, SubscriptionId,
    },
};

/// Deliveries that one transaction makes again unless the filter says less.
const BATCH: usize = 500;

pub(super) fn replay(
    connection: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    after: DeliveryId,
    now: Millis,
) -> Result<Replayed> {
    let limit = filter.limit.unwrap_or(BATCH).min(BATCH);
    let batch = DeliveryFilter {
        limit: Some(limit),
        before: None,
        ..filter.clone()
    };
    let found = history::deliveries_after(connection, account, &batch, after)?;
    let mut replayed = Replayed {
        next: found.last().filter(|_| found.len() == limit).map(|last| last.id),
        ..Replayed::default()
    };
    let mut touched = BTreeSet::new();
    for delivery in &found {
        let Some(heir) = heir(connection, delivery.subscription)? else {
            continue;
        };
        match delivery.status {
            DeliveryStatus::Delivered => {
                subscriptions::activate(connection, heir)?;
                outboxes::enqueue(connection, heir, delivery.notification, now)?;
                replayed.repeated += 1;
            }
            DeliveryStatus::Retry | DeliveryStatus::Queued if heir == delivery.subscription => {
                subscriptions::activate(connection, heir)?;
                release(connection, delivery, now)?;
                replayed.released += 1;
            }
            // It is due anyway, or its heir has it already.
            DeliveryStatus::Created | DeliveryStatus::Retry | DeliveryStatus::Queued => continue,
        }
        touched.insert(heir);
    }
    let touched: Vec<_> = touched.into_iter().collect();
    messages::refresh(connection, &touched)?;
    Ok(replayed)
}

/// Where a delivery to this subscription goes today.
fn heir(connection: &Connection, subscription: SubscriptionId) -> Result<Option<SubscriptionId>> {
    let mut select = connection.prepare_cached(
        "SELECT iif(s.retired IS NULL, s.id,
                    (SELECT h.id FROM subscriptions h
                     WHERE h.instance_id = s.instance_id AND h.retired IS NULL ORDER BY h.id LIMIT 1))
         FROM subscriptions s WHERE s.id = ?1",
    )?;
    let heir = select.query_row([subscription], |row| row.get(0)).optional()?;
    Ok(heir.flatten())
}

/// One that is in flight becomes due when its lease ends, not beside it.
fn release(connection: &Connection, delivery: &Delivery, now: Millis) -> Result<()> {
    let mut release = connection.prepare_cached(
        "UPDATE deliveries
         SET status = iif(attempts > 0, 2, 0), attempts = 0, first_failure = NULL,
             next_attempt = max(?2, coalesce(lease_ends, ?2)), updated = ?2
         WHERE id = ?1",
    )?;
    release.execute(params![delivery.id, now])?;
    Ok(())
}
