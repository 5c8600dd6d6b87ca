//! Taking deliveries.
//!
//! A claim goes from subscription to subscription instead of through all that is due: the backlog of a dead endpoint
//! is never read. `outboxes` says which subscriptions have something due, and an index over deliveries without
//! blockers what that is.

use rusqlite::{Connection, params};

use super::{columns::signed, outboxes};
use crate::{
    clock::Millis,
    store::{
        ClaimedDelivery, DeliveryClaim, DeliveryId, FailurePolicy, InstanceId, Maker, NotificationId, Result,
        SubscriptionId,
    },
};

pub(super) const DUE: &str = "
    SELECT o.subscription_id, s.instance_id, s.signer, s.url,
           (SELECT value FROM account_settings a
            WHERE a.account_id = s.account_id AND a.key = 'notification.webhook.failure.policy'),
           (SELECT count(*) FROM deliveries d WHERE d.subscription_id = o.subscription_id AND d.lease_ends > ?1)
               AS in_flight
    FROM outboxes o JOIN subscriptions s ON s.id = o.subscription_id
    WHERE o.next_due <= ?1 AND in_flight < ?2
    ORDER BY o.next_due LIMIT ?3";

pub(super) const CLAIM: &str = "
    UPDATE deliveries SET epoch = epoch + 1, lease_ends = ?4, next_attempt = ?4
    WHERE id IN (SELECT id FROM deliveries
                 WHERE subscription_id = ?1 AND next_attempt <= ?2 AND blockers = 0
                 ORDER BY next_attempt, id LIMIT ?3)
    RETURNING id, epoch, notification_id, attempts, first_failure";

pub(super) const NEXT_DUE: &str = "SELECT min(wake) FROM outboxes WHERE wake IS NOT NULL";

/// A subscription with something due and room for it.
struct Due {
    subscription: SubscriptionId,
    instance: Option<InstanceId>,
    /// The instance that signs where the notification has none.
    signer: Option<InstanceId>,
    url: String,
    on_failure: FailurePolicy,
    in_flight: usize,
}

/// A delivery without what stands in other tables.
struct Claimed {
    id: DeliveryId,
    epoch: i64,
    notification: NotificationId,
    attempts: u32,
    first_failure: Option<Millis>,
}

pub(super) fn claim(connection: &Connection, claim: &DeliveryClaim) -> Result<Vec<ClaimedDelivery>> {
    let mut taken = Vec::new();
    for due in due(connection, claim)? {
        let left = claim.limit.saturating_sub(taken.len());
        if left == 0 {
            break;
        }
        let room = claim.per_subscription.saturating_sub(due.in_flight);
        let claimed = take(connection, claim, due.subscription, left.min(room))?;
        if claimed.len() == room {
            outboxes::hold(connection, due.subscription, claim.now)?;
        }
        outboxes::refresh(connection, due.subscription)?;
        for delivery in claimed {
            taken.push(complete(connection, &due, delivery)?);
        }
    }
    taken.sort_by_key(|delivery| delivery.id);
    Ok(taken)
}

pub(super) fn next_due(connection: &Connection) -> Result<Option<Millis>> {
    Ok(connection
        .prepare_cached(NEXT_DUE)?
        .query_row((), |row| row.get(0))?)
}

fn due(connection: &Connection, claim: &DeliveryClaim) -> Result<Vec<Due>> {
    let mut select = connection.prepare_cached(DUE)?;
    // Each of them gives one delivery at least.
    let due = select.query_map(
        params![claim.now, signed(claim.per_subscription), signed(claim.limit)],
        |row| {
            Ok(Due {
                subscription: row.get(0)?,
                instance: row.get(1)?,
                signer: row.get(2)?,
                url: row.get(3)?,
                on_failure: row
                    .get::<_, Option<String>>(4)?
                    .and_then(|value| FailurePolicy::parse(&value))
                    .unwrap_or_default(),
                in_flight: usize::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
            })
        },
    )?;
    Ok(due.collect::<rusqlite::Result<_>>()?)
}

fn take(
    connection: &Connection,
    claim: &DeliveryClaim,
    subscription: SubscriptionId,
    limit: usize,
) -> Result<Vec<Claimed>> {
    let mut take = connection.prepare_cached(CLAIM)?;
    let taken = take.query_map(
        params![subscription, claim.now, signed(limit), claim.lease_ends],
        |row| {
            Ok(Claimed {
                id: row.get(0)?,
                epoch: row.get(1)?,
                notification: row.get(2)?,
                attempts: row.get(3)?,
                first_failure: row.get(4)?,
            })
        },
    )?;
    Ok(taken.collect::<rusqlite::Result<_>>()?)
}

fn complete(connection: &Connection, due: &Due, claimed: Claimed) -> Result<ClaimedDelivery> {
    let mut select = connection.prepare_cached(
        "SELECT n.event_id, n.instance_id, b.body
         FROM notifications n JOIN notification_bodies b ON b.notification_id = n.id
         WHERE n.id = ?1",
    )?;
    let (event_id, instance, body): (_, Option<InstanceId>, Vec<u8>) = select
        .query_row([claimed.notification], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    Ok(ClaimedDelivery {
        id: claimed.id,
        epoch: claimed.epoch,
        instance: instance.or(due.instance).or(due.signer),
        subscription: due.subscription,
        maker: due.instance.map_or(Maker::User, |_| Maker::Configuration),
        on_failure: due.on_failure,
        url: due.url.clone(),
        notification: claimed.notification,
        event_id,
        attempts: claimed.attempts,
        first_failure: claimed.first_failure,
        body: body.into(),
    })
}
