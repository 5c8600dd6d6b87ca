//! Subscriptions that end and begin again.

use super::world::{INTERVAL, LEASE, NOW, SECOND, World, deactivate, ids, topic};
use crate::store::{
    AccountId, DeliveryStatus, Store, StoreError, SubscriptionFilter, SubscriptionId, Verdict,
};

const LATER: i64 = NOW + INTERVAL;

pub(in crate::store) async fn a_deactivated_one_queues(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world.notify(id, &[&["a"], &["b"], &["c"]]).await;
    let claimed = world.claim_at(NOW, 2, 10).await;
    world.settle(&claimed[0], Verdict::Retry { at: LATER }).await;
    world.settle(&claimed[1], deactivate()).await;
    let subscription = world.subscription(id).await;
    assert_eq!(
        (subscription.active, subscription.reason.as_deref()),
        (false, Some("gone"))
    );
    let later = world.notify(id, &[&["d"]]).await;
    for delivery in all.iter().chain(&later) {
        let delivery = world.delivery(*delivery).await;
        assert_eq!(
            (delivery.status, delivery.next_attempt),
            (DeliveryStatus::Queued, None)
        );
    }
    assert_eq!(world.claim(LATER + INTERVAL).await, []);
    assert_eq!(store.next_delivery_due().await.unwrap(), None);
}

pub(in crate::store) async fn attempts_in_flight_count_after_deactivation(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world.notify(id, &[&["a"], &["b"], &["c"], &["d"]]).await;
    let claimed = world.claim(NOW).await;
    world.settle(&claimed[0], deactivate()).await;
    world.settle(&claimed[1], Verdict::Delivered).await;
    world.settle(&claimed[2], Verdict::Retry { at: LATER }).await;
    world
        .settle(
            &claimed[3],
            Verdict::Deactivate {
                reason: "later".to_owned(),
            },
        )
        .await;
    let expected = [
        DeliveryStatus::Queued,
        DeliveryStatus::Delivered,
        DeliveryStatus::Queued,
        DeliveryStatus::Queued,
    ];
    for (delivery, expected) in all.iter().zip(expected) {
        let delivery = world.delivery(*delivery).await;
        assert_eq!(
            (delivery.status, delivery.attempts, delivery.next_attempt),
            (expected, 1, None)
        );
    }
    // The first reason is the reason.
    assert_eq!(world.subscription(id).await.reason.as_deref(), Some("gone"));
}

pub(in crate::store) async fn a_resumed_one_starts_afresh(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world.notify(id, &[&["a"], &["b"]]).await;
    let claimed = world.claim_at(NOW, 1, 1).await;
    world.settle(&claimed[0], deactivate()).await;
    let subscription = world.subscription(id).await.id;
    assert_eq!(world.resume(subscription, LATER).await, 2);
    let resumed = world.subscription(id).await;
    assert_eq!((resumed.active, resumed.reason), (true, None));
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(LATER));
    assert_eq!(world.status(all[0]).await, DeliveryStatus::Retry);
    assert_eq!(world.status(all[1]).await, DeliveryStatus::Created);
    let claimed = world.claim(LATER).await;
    assert_eq!(ids(&claimed), all);
    assert!(
        claimed
            .iter()
            .all(|claimed| claimed.attempts == 0 && claimed.first_failure.is_none())
    );
    // What was done before is not forgotten.
    assert_eq!(store.attempts(world.account, all[0]).await.unwrap().len(), 1);
    assert_eq!(world.resume(subscription, LATER).await, 0);
    world.settle(&claimed[0], Verdict::Delivered).await;
}

pub(in crate::store) async fn a_resumed_one_does_not_repeat_what_is_in_flight(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world.notify(id, &[&["a"], &["b"]]).await;
    let claimed = world.claim(NOW).await;
    world.settle(&claimed[0], deactivate()).await;
    let subscription = world.subscription(id).await.id;
    assert_eq!(world.resume(subscription, NOW + SECOND).await, 2);
    // The second attempt is still on its way.
    assert_eq!(ids(&world.claim(NOW + SECOND).await), all[..1]);
    world.settle(&claimed[1], Verdict::Delivered).await;
    assert_eq!(world.status(all[1]).await, DeliveryStatus::Delivered);
    assert_eq!(ids(&world.claim(NOW + SECOND + LEASE).await), all[..1]);
}

pub(in crate::store) async fn only_its_account_resumes_it(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let subscription = world.subscription(id).await.id;
    let stranger = AccountId(world.account.0 + 1);
    for (account, subscription) in [(stranger, subscription), (world.account, SubscriptionId(-1))] {
        let resumed = store.resume_subscription(account, subscription, NOW).await;
        assert!(matches!(resumed, Err(StoreError::Missing("subscription"))));
    }
}

pub(in crate::store) async fn they_are_listed(store: &dyn Store) {
    let world = World::new(store).await;
    let (one, two) = (world.instance().await, world.instance().await);
    let all = store
        .subscriptions(world.account, &SubscriptionFilter::default())
        .await
        .unwrap();
    assert_eq!(
        all.iter()
            .map(|subscription| subscription.instance)
            .collect::<Vec<_>>(),
        [Some(one), Some(two)]
    );
    let subscription = world.subscription(two).await;
    assert_eq!(subscription, all[1]);
    assert_eq!(
        (subscription.topics, subscription.url.as_str()),
        (vec![topic(two)], "https://example.org/hook")
    );
    assert_eq!(
        (subscription.active, subscription.reason, subscription.created),
        (true, None, NOW)
    );
}
