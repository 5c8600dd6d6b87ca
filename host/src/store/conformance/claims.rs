//! Taking deliveries, and what comes of them.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::world::{INTERVAL, LEASE, NOW, SECOND, World, ids, settlement};
use crate::store::{Attempt, DeliveryStatus, Store, Verdict};

pub(in crate::store) async fn a_claim_says_all_that_a_delivery_needs(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let subscription = world.subscription(id).await;
    let notification = world.notification(id, &["a"]);
    let lease = world.lease(id).await;
    let page = world.page(lease, vec![notification.clone()]).await;
    store.commit_page(page).await.unwrap();
    let claimed = world.claim(NOW).await.remove(0);
    assert_eq!(
        (claimed.instance, claimed.subscription),
        (Some(id), subscription.id)
    );
    assert_eq!(
        (claimed.notification, &claimed.event_id),
        (notification.id, &notification.event_id)
    );
    assert_eq!(
        (&claimed.url, &claimed.body),
        (&subscription.url, &notification.body)
    );
    assert_eq!((claimed.attempts, claimed.first_failure), (0, None));
}

pub(in crate::store) async fn only_due_ones_are_claimed(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    world.notify(id, &[&["a"], &["b"]]).await;
    assert_eq!(world.claim(NOW - 1).await, []);
    assert_eq!(world.claim(NOW).await.len(), 2);
    assert_eq!(world.claim(NOW + LEASE - 1).await, []);
}

pub(in crate::store) async fn a_claim_keeps_to_its_limit_and_cap(store: &dyn Store) {
    let world = World::new(store).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        let id = world.instance().await;
        all.push(world.notify(id, &[&["a"], &["b"], &["c"], &["d"]]).await);
    }
    for (limit, cap) in [(0, 9), (9, 0), (0, 0)] {
        assert_eq!(world.claim_at(NOW, limit, cap).await, []);
    }
    // Two of each subscription, the oldest ones, until the limit is reached.
    let first = world.claim_at(NOW, 5, 2).await;
    assert_eq!(
        ids(&first),
        [all[0][0], all[0][1], all[1][0], all[1][1], all[2][0]]
    );
    assert_eq!(ids(&world.claim_at(NOW, 5, 2).await), [all[2][1]]);
    assert_eq!(world.claim_at(NOW, 5, 2).await, []);
    assert_eq!(world.claim_at(NOW, usize::MAX, usize::MAX).await.len(), 6);
}

pub(in crate::store) async fn the_cap_counts_earlier_claims(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world.notify(id, &[&["a"], &["b"], &["c"], &["d"], &["e"]]).await;
    let first = world.claim_at(NOW, 1, 3).await;
    assert_eq!(ids(&first), all[..1]);
    assert_eq!(ids(&world.claim_at(NOW, 10, 3).await), all[1..3]);
    assert_eq!(world.claim_at(NOW, 10, 3).await, []);
    world.settle(&first[0], Verdict::Delivered).await;
    assert_eq!(ids(&world.claim_at(NOW, 10, 3).await), all[3..4]);
    // Leases that ended are not in flight any more.
    assert_eq!(world.claim_at(NOW + LEASE, 10, 3).await.len(), 3);
}

pub(in crate::store) async fn a_dead_endpoint_holds_nobody_up(store: &dyn Store) {
    let world = World::new(store).await;
    let dead = world.instance().await;
    let objects: Vec<_> = (0..200).map(|object| object.to_string()).collect();
    let notifications: Vec<_> = objects.iter().map(|object| [object.as_str()]).collect();
    let notifications: Vec<&[&str]> = notifications.iter().map(|objects| objects.as_slice()).collect();
    world.notify(dead, &notifications).await;
    let stuck = world.claim_at(NOW, 10, 4).await;
    assert_eq!(stuck.len(), 4);
    let alive = world.instance().await;
    let fresh = world.notify(alive, &[&["a"], &["b"]]).await;
    assert_eq!(ids(&world.claim_at(NOW, 2, 4).await), fresh);
    assert_eq!(world.claim_at(NOW, 2, 4).await, []);
}

pub(in crate::store) async fn an_ended_lease_is_claimed_again(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    world.notify(id, &[&["a"]]).await;
    let first = world.claim(NOW).await.remove(0);
    let second = world.claim(NOW + LEASE).await.remove(0);
    assert_eq!(first.id, second.id);
    assert_eq!((&first.event_id, &first.body), (&second.event_id, &second.body));
    assert!(second.epoch > first.epoch);
    assert_eq!(second.attempts, 0);
}

pub(in crate::store) async fn retries_wait_and_count(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let delivery = world.notify(id, &[&["a"]]).await[0];
    let mut at = NOW;
    for attempts in 0..4 {
        assert_eq!(world.claim(at - 1).await, []);
        let claimed = world.claim(at).await.remove(0);
        assert_eq!((claimed.id, claimed.attempts), (delivery, attempts));
        assert_eq!(claimed.first_failure, (attempts > 0).then_some(NOW + SECOND));
        at += INTERVAL;
        let mut retry = settlement(&claimed, Verdict::Retry { at });
        retry.finished += i64::from(attempts) * SECOND;
        store.settle_deliveries(vec![retry]).await.unwrap();
        assert_eq!(world.status(delivery).await, DeliveryStatus::Retry);
    }
    let claimed = world.claim(at).await.remove(0);
    world.settle(&claimed, Verdict::Delivered).await;
    let done = world.delivery(delivery).await;
    assert_eq!(
        (done.status, done.attempts, done.next_attempt),
        (DeliveryStatus::Delivered, 5, None)
    );
    assert_eq!((done.last_status, done.last_error), (Some(200), None));
    assert_eq!(world.claim(at + 9 * INTERVAL).await, []);
}

pub(in crate::store) async fn stale_and_repeated_settlements_are_ignored(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let delivery = world.notify(id, &[&["a"]]).await[0];
    let stale = world.claim(NOW).await.remove(0);
    let fresh = world.claim(NOW + LEASE).await.remove(0);
    world.settle(&stale, Verdict::Delivered).await;
    assert_eq!(world.status(delivery).await, DeliveryStatus::Created);
    world.settle(&fresh, Verdict::Retry { at: NOW + INTERVAL }).await;
    world.settle(&fresh, Verdict::Delivered).await;
    let after = world.delivery(delivery).await;
    assert_eq!((after.status, after.attempts), (DeliveryStatus::Retry, 1));
    let mut unknown = settlement(&fresh, Verdict::Delivered);
    unknown.delivery.0 += 1000;
    store.settle_deliveries(vec![unknown]).await.unwrap();
    store.settle_deliveries(vec![]).await.unwrap();
    assert_eq!(store.attempts(world.account, delivery).await.unwrap().len(), 1);
}

pub(in crate::store) async fn attempts_are_kept(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let delivery = world.notify(id, &[&["a"]]).await[0];
    let first = world.claim(NOW).await.remove(0);
    world.settle(&first, Verdict::Retry { at: NOW }).await;
    let second = world.claim(NOW).await.remove(0);
    world.settle(&second, Verdict::Delivered).await;
    let attempt = |status, error: Option<&str>| Attempt {
        started: NOW,
        finished: NOW + SECOND,
        status,
        error: error.map(str::to_owned),
    };
    let expected = [attempt(Some(503), Some("busy")), attempt(Some(200), None)];
    assert_eq!(store.attempts(world.account, delivery).await.unwrap(), expected);
}

pub(in crate::store) async fn the_next_due_one_is_known(store: &dyn Store) {
    let world = World::new(store).await;
    assert_eq!(store.next_delivery_due().await.unwrap(), None);
    let id = world.instance().await;
    assert_eq!(store.next_delivery_due().await.unwrap(), None);
    world.notify(id, &[&["a"], &["b"]]).await;
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(NOW));
    let claimed = world.claim(NOW).await;
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(NOW + LEASE));
    world
        .settle(&claimed[0], Verdict::Retry { at: NOW + 5 * SECOND })
        .await;
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(NOW + 5 * SECOND));
    world.settle(&claimed[1], Verdict::Delivered).await;
    let claimed = world.claim(NOW + 5 * SECOND).await;
    world.settle(&claimed[0], Verdict::Delivered).await;
    assert_eq!(store.next_delivery_due().await.unwrap(), None);
}

pub(in crate::store) async fn a_full_subscription_is_not_due(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    world.notify(id, &[&["a"], &["b"], &["c"]]).await;
    let first = world.claim_at(NOW, 10, 1).await;
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(NOW + LEASE));
    // News for it change nothing of that.
    world.notify(id, &[&["d"]]).await;
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(NOW + LEASE));
    world.settle(&first[0], Verdict::Delivered).await;
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(NOW));
    assert_eq!(world.claim_at(NOW, 1, 2).await.len(), 1);
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(NOW));
}

pub(in crate::store) async fn concurrent_claims_never_share_deliveries(store: &dyn Store) {
    let world = World::new(store).await;
    for _ in 0..4 {
        let id = world.instance().await;
        let objects: Vec<_> = (0..25).map(|object| object.to_string()).collect();
        let notifications: Vec<_> = objects.iter().map(|object| [object.as_str()]).collect();
        let notifications: Vec<&[&str]> = notifications.iter().map(|objects| objects.as_slice()).collect();
        world.notify(id, &notifications).await;
    }
    let claimer = async || {
        let mut own = Vec::new();
        loop {
            let claimed = world.claim_at(NOW, 3, 1000).await;
            if claimed.is_empty() {
                return own;
            }
            own.extend(ids(&claimed));
            let settlements = claimed
                .iter()
                .map(|claimed| settlement(claimed, Verdict::Delivered))
                .collect();
            store.settle_deliveries(settlements).await.unwrap();
        }
    };
    let claimed: Vec<_> = join_all((0..8).map(|_| claimer()))
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(claimed.len(), 100);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>().len(), 100);
    assert!(
        world
            .deliveries()
            .await
            .iter()
            .all(|delivery| delivery.status == DeliveryStatus::Delivered)
    );
}
