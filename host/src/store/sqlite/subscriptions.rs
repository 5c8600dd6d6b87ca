//! Subscriptions: made, retired, deactivated, resumed.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{columns::Json, outboxes, query::Query};
use crate::{
    clock::Millis,
    store::{
        AccountId, Callback, InstanceId, NewSubscription, NotificationId, Result, StoreError, Subscription,
        SubscriptionFilter, SubscriptionId,
    },
};

macro_rules! list {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.instance_id,
                    (SELECT json_group_array(topic)
                     FROM (SELECT topic FROM subscription_topics WHERE subscription_id = s.id ORDER BY ordinal)),
                    s.url, s.active, s.reason, s.created, s.retired
             FROM subscriptions s WHERE s.account_id = ?",
            $rest
        )
    };
}

/// Let an instance's events go here. To another URL than before a new subscription is made, which takes over what is
/// not delivered yet.
pub(super) fn put(
    connection: &Connection,
    instance: InstanceId,
    callback: &Callback,
    now: Millis,
) -> Result<()> {
    let mut same = connection.prepare_cached(
        "SELECT 1 FROM subscriptions s JOIN subscription_topics t ON t.subscription_id = s.id
         WHERE s.instance_id = ?1 AND s.retired IS NULL AND t.topic = ?2 AND s.url = ?3",
    )?;
    if same.exists(params![instance, callback.topic, callback.url])? {
        return Ok(());
    }
    retire(connection, instance, now)?;
    let mut account = connection.prepare_cached("SELECT account_id FROM instances WHERE id = ?1")?;
    let account = account.query_row([instance], |row| row.get(0))?;
    let topics = std::slice::from_ref(&callback.topic);
    let id = insert(connection, account, Some(instance), topics, &callback.url, now)?;
    take_over(connection, instance, id, now)?;
    outboxes::refresh(connection, id)
}

/// Make a subscription for a user.
pub(super) fn create(
    connection: &Connection,
    account: AccountId,
    new: &NewSubscription,
) -> Result<Subscription> {
    let id = insert(connection, account, None, &new.topics, &new.url, new.created)?;
    let filter = SubscriptionFilter {
        id: Some(id),
        ..SubscriptionFilter::default()
    };
    let made = list(connection, account, &filter)?.pop();
    made.ok_or(StoreError::Missing("subscription"))
}

/// Make a subscription for one callback, which no topic leads to: an export's end goes there, signed with the key of
/// its instance.
pub(super) fn create_single(
    connection: &Connection,
    account: AccountId,
    signer: InstanceId,
    url: &str,
    now: Millis,
) -> Result<SubscriptionId> {
    let id = insert(connection, account, None, &[], url, now)?;
    let mut sign = connection.prepare_cached("UPDATE subscriptions SET signer = ?2 WHERE id = ?1")?;
    sign.execute(params![id, signer])?;
    Ok(id)
}

fn insert(
    connection: &Connection,
    account: AccountId,
    instance: Option<InstanceId>,
    topics: &[String],
    url: &str,
    now: Millis,
) -> Result<SubscriptionId> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO subscriptions (account_id, instance_id, url, created) VALUES (?1, ?2, ?3, ?4) RETURNING id",
    )?;
    let id: SubscriptionId = insert.query_row(params![account, instance, url, now], |row| row.get(0))?;
    let mut topic = connection.prepare_cached(
        "INSERT INTO subscription_topics (subscription_id, ordinal, account_id, topic) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (name, ordinal) in topics.iter().zip(0_i64..) {
        topic.execute(params![id, ordinal, account, name])?;
    }
    connection
        .prepare_cached("INSERT INTO outboxes (subscription_id) VALUES (?1)")?
        .execute([id])?;
    Ok(id)
}

/// The subscriptions that a notification goes to: those of its topic in its account.
pub(super) fn of_topic(connection: &Connection, notification: NotificationId) -> Result<Vec<SubscriptionId>> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT s.id
         FROM notifications n
         JOIN subscription_topics t ON t.account_id = n.account_id AND t.topic = n.topic
         JOIN subscriptions s ON s.id = t.subscription_id
         WHERE n.id = ?1 AND s.retired IS NULL ORDER BY s.id",
    )?;
    let subscriptions = select.query_map([notification], |row| row.get(0))?;
    Ok(subscriptions.collect::<rusqlite::Result<_>>()?)
}

/// End a subscription at a user's request.
pub(super) fn delete(
    connection: &Connection,
    account: AccountId,
    id: SubscriptionId,
    now: Millis,
) -> Result<()> {
    let mut select = connection.prepare_cached(
        "SELECT instance_id FROM subscriptions WHERE id = ?1 AND account_id = ?2 AND retired IS NULL",
    )?;
    let found = select
        .query_row(params![id, account], |row| row.get::<_, Option<InstanceId>>(0))
        .optional()?;
    match found {
        None => return Err(StoreError::Missing("subscription")),
        Some(Some(instance)) => return retire(connection, instance, now),
        Some(None) => {}
    }
    let mut retire =
        connection.prepare_cached("UPDATE subscriptions SET active = 0, retired = ?2 WHERE id = ?1")?;
    retire.execute(params![id, now])?;
    let mut drop =
        connection.prepare_cached("DELETE FROM deliveries WHERE subscription_id = ?1 AND status <> 1")?;
    drop.execute([id])?;
    let mut lanes = connection.prepare_cached("DELETE FROM delivery_lanes WHERE subscription_id = ?1")?;
    lanes.execute([id])?;
    outboxes::refresh(connection, id)
}

/// Let deliveries go out again.
pub(super) fn activate(connection: &Connection, id: SubscriptionId) -> Result<()> {
    let mut activate = connection.prepare_cached(
        "UPDATE subscriptions SET active = 1, reason = NULL WHERE id = ?1 AND active = 0 AND retired IS NULL",
    )?;
    activate.execute([id])?;
    Ok(())
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
    filter: &SubscriptionFilter,
) -> Result<Vec<Subscription>> {
    let select = match filter.id {
        Some(_) => list!(""),
        None => list!(" AND s.retired IS NULL AND s.signer IS NULL"),
    };
    let topics = (!filter.topics.is_empty())
        .then(|| Json(&filter.topics).text())
        .transpose()?;
    Query::new(select, account)
        .and_some("s.id = ?", filter.id)
        .and_some("s.instance_id = ?", filter.instance)
        .and_some(
            "s.id IN (SELECT subscription_id FROM subscription_topics
                      WHERE account_id = s.account_id AND topic IN (SELECT value FROM json_each(?)))",
            topics,
        )
        .and_some("s.id > ?", filter.after)
        .rows(connection, "s.id", filter.limit, |row| {
            Ok(Subscription {
                id: row.get(0)?,
                instance: row.get(1)?,
                topics: row.get::<_, Json<_>>(2)?.0,
                url: row.get(3)?,
                active: row.get(4)?,
                reason: row.get(5)?,
                created: row.get(6)?,
                retired: row.get(7)?,
            })
        })
}
