//! Subscriptions: made, retired, deactivated, resumed.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{outboxes, query::Query};
use crate::{
    clock::Millis,
    store::{AccountId, Callback, InstanceId, Result, StoreError, Subscription, SubscriptionId},
};

const LIST: &str = "
    SELECT id, instance_id, topic, url, active, reason, created FROM subscriptions
    WHERE retired IS NULL AND account_id = ?";

/// Let an instance's events go here. To another URL than before a new subscription is made, which takes over what is
/// not delivered yet.
pub(super) fn put(
    connection: &Connection,
    instance: InstanceId,
    callback: &Callback,
    now: Millis,
) -> Result<()> {
    let mut same = connection.prepare_cached(
        "SELECT 1 FROM subscriptions WHERE instance_id = ?1 AND retired IS NULL AND topic = ?2 AND url = ?3",
    )?;
    if same.exists(params![instance, callback.topic, callback.url])? {
        return Ok(());
    }
    retire(connection, instance, now)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO subscriptions (account_id, instance_id, topic, url, created)
         SELECT account_id, id, ?2, ?3, ?4 FROM instances WHERE id = ?1
         RETURNING id",
    )?;
    let id: SubscriptionId = insert
        .query_row(params![instance, callback.topic, callback.url, now], |row| {
            row.get(0)
        })?;
    connection
        .prepare_cached("INSERT INTO outboxes (subscription_id) VALUES (?1)")?
        .execute([id])?;
    take_over(connection, instance, id, now)?;
    outboxes::refresh(connection, id)
}

/// End an instance's subscription; what it has not delivered queues.
pub(super) fn retire(connection: &Connection, instance: InstanceId, now: Millis) -> Result<()> {
    let mut retire = connection.prepare_cached(
        "UPDATE subscriptions SET active = 0, retired = ?2 WHERE instance_id = ?1 AND retired IS NULL RETURNING id",
    )?;
    let retired = retire.query_map(params![instance, now], |row| row.get(0))?;
    let retired: Vec<SubscriptionId> = retired.collect::<rusqlite::Result<_>>()?;
    for id in retired {
        outboxes::queue_all(connection, id, now)?;
    }
    Ok(())
}

/// Move what the instance's retired subscriptions have not delivered. The epochs rise: what comes of an attempt at
/// the old URL says nothing about the new one.
fn take_over(connection: &Connection, instance: InstanceId, heir: SubscriptionId, now: Millis) -> Result<()> {
    let mut select = connection.prepare_cached(
        "SELECT id FROM subscriptions WHERE instance_id = ?1 AND retired IS NOT NULL ORDER BY id",
    )?;
    let retired = select.query_map([instance], |row| row.get(0))?;
    let retired: Vec<SubscriptionId> = retired.collect::<rusqlite::Result<_>>()?;
    let mut deliveries = connection.prepare_cached(
        "UPDATE deliveries
         SET subscription_id = ?2, status = 0, epoch = epoch + 1, lease_ends = NULL, attempts = 0,
             first_failure = NULL, next_attempt = ?3, updated = ?3
         WHERE subscription_id = ?1 AND status <> 1",
    )?;
    let mut lanes = connection
        .prepare_cached("UPDATE delivery_lanes SET subscription_id = ?2 WHERE subscription_id = ?1")?;
    for old in retired {
        // While nothing is subscribed nothing is queued, so at most one of them has anything, and the counts of
        // blockers stay true.
        deliveries.execute(params![old, heir, now])?;
        lanes.execute(params![old, heir])?;
    }
    Ok(())
}

/// Stop delivering; false when that has happened before.
pub(super) fn deactivate(
    connection: &Connection,
    id: SubscriptionId,
    reason: &str,
    now: Millis,
) -> Result<()> {
    let mut deactivate = connection
        .prepare_cached("UPDATE subscriptions SET active = 0, reason = ?2 WHERE id = ?1 AND active = 1")?;
    deactivate.execute(params![id, reason])?;
    outboxes::queue_all(connection, id, now)
}

pub(super) fn resume(
    connection: &Connection,
    account: AccountId,
    id: SubscriptionId,
    now: Millis,
) -> Result<usize> {
    let mut activate = connection.prepare_cached(
        "UPDATE subscriptions SET active = 1, reason = NULL
         WHERE id = ?1 AND account_id = ?2 AND retired IS NULL",
    )?;
    if activate.execute(params![id, account])? == 0 {
        return Err(StoreError::Missing("subscription"));
    }
    // One that is still in flight since before the deactivation becomes due when its lease ends, not beside it.
    let mut resume = connection.prepare_cached(
        "UPDATE deliveries
         SET status = iif(attempts > 0, 2, 0), attempts = 0, first_failure = NULL,
             next_attempt = max(?2, coalesce(lease_ends, ?2)), updated = ?2
         WHERE subscription_id = ?1 AND status <> 1 AND status = 3",
    )?;
    let resumed = resume.execute(params![id, now])?;
    outboxes::unhold(connection, id)?;
    outboxes::refresh(connection, id)?;
    Ok(resumed)
}

pub(super) fn is_active(connection: &Connection, id: SubscriptionId) -> Result<bool> {
    let mut select = connection.prepare_cached("SELECT active FROM subscriptions WHERE id = ?1")?;
    Ok(select
        .query_row([id], |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    instance: Option<InstanceId>,
) -> Result<Vec<Subscription>> {
    Query::new(LIST, account)
        .and_some("instance_id = ?", instance)
        .rows(connection, "id", Some(usize::MAX), |row| {
            Ok(Subscription {
                id: row.get(0)?,
                instance: row.get(1)?,
                topic: row.get(2)?,
                url: row.get(3)?,
                active: row.get(4)?,
                reason: row.get(5)?,
                created: row.get(6)?,
            })
        })
}
