//! Messages of users, their subscriptions, settings, replays, and what is counted.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::world::{NOW, SECOND, World, deactivate, ids, of, topic};
use crate::store::{
    AccountId, CountFilter, DeliveryFilter, DeliveryId, DeliveryStatus, EventCount, FailurePolicy, Maker,
    NewMessage, NewSubscription, NotificationFilter, NotificationId, NotificationSource, Progress, Store,
    StoreError, Subscription, SubscriptionFilter, Verdict,
};

async fn subscribe(world: &World<'_>, topics: &[&str], url: &str) -> Subscription {
    let new = NewSubscription {
        topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        url: url.to_owned(),
        created: NOW,
    };
    world.store.create_subscription(world.account, new).await.unwrap()
}

async fn post(world: &World<'_>, topic: &str) -> NotificationId {
    let number = world.number();
    let message = NewMessage {
        id: NotificationId(number),
        event_id: format!("message-{number}"),
        topic: topic.to_owned(),
        created: NOW,
        body: Bytes::from_static(b"{}"),
    };
    let id = message.id;
    world.store.post_message(world.account, message).await.unwrap();
    id
}

async fn settings(world: &World<'_>, policy: &str) {
    let settings = BTreeMap::from([(FailurePolicy::SETTING.to_owned(), policy.to_owned())]);
    world
        .store
        .put_account_settings(world.account, settings)
        .await
        .unwrap();
}

pub(in crate::store) async fn a_message_goes_to_its_topic(store: &dyn Store) {
    let world = World::new(store).await;
    let two = subscribe(&world, &["news", "other"], "https://example.org/two").await;
    subscribe(&world, &["other"], "https://example.org/other").await;
    assert_eq!((two.instance, two.active, two.retired), (None, true, None));
    assert_eq!(two.topics, ["news", "other"]);
    let id = post(&world, "news").await;
    let claimed = world.claim(NOW).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].subscription, claimed[0].notification), (two.id, id));
    assert_eq!((claimed[0].instance, claimed[0].maker), (None, Maker::User));
    let filter = NotificationFilter {
        topics: vec!["news".to_owned()],
        ..NotificationFilter::default()
    };
    let found = store
        .notifications(world.account, &filter)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (found.id, found.instance, found.progress, found.acknowledged),
        (id, None, Progress::Tried, false)
    );
    let events = NotificationFilter {
        source: NotificationSource::Instances,
        ..NotificationFilter::default()
    };
    assert_eq!(store.notifications(world.account, &events).await.unwrap(), []);
}

pub(in crate::store) async fn events_go_to_subscriptions_of_users_too(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let own = subscribe(&world, &[&topic(id)], "https://example.org/mine").await;
    world.notify(id, &[&["a"], &["a"]]).await;
    let claimed = world.claim(NOW).await;
    let mut told: Vec<_> = claimed
        .iter()
        .map(|claimed| (claimed.url.as_str(), claimed.instance, claimed.maker))
        .collect();
    told.sort_unstable_by_key(|(url, ..)| *url);
    // Each of them sees the object in its order.
    assert_eq!(
        told,
        [
            ("https://example.org/hook", Some(id), Maker::Configuration),
            ("https://example.org/mine", Some(id), Maker::User),
        ]
    );
    // An instance that goes leaves nothing behind that holds others up.
    store.delete_instance(id).await.unwrap();
    assert_eq!(world.deliveries().await, []);
    assert_eq!(store.next_delivery_due().await.unwrap(), None);
    let next = world.instance().await;
    store
        .delete_subscription(world.account, own.id, NOW)
        .await
        .unwrap();
    subscribe(&world, &[&topic(next)], "https://example.org/mine").await;
    world.notify(next, &[&["a"]]).await;
    assert_eq!(world.claim(NOW).await.len(), 2);
}

pub(in crate::store) async fn a_deleted_subscription_is_over(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let own = subscribe(&world, &[&topic(id)], "https://example.org/mine").await;
    let stranger = AccountId(world.account.0 + 1);
    let refused = store.delete_subscription(stranger, own.id, NOW).await;
    assert!(matches!(refused, Err(StoreError::Missing("subscription"))));
    world.notify(id, &[&["a"]]).await;
    let claimed = world.claim(NOW).await;
    store
        .delete_subscription(world.account, own.id, NOW)
        .await
        .unwrap();
    // What comes of its attempt counts no more.
    for claimed in &claimed {
        world.settle(claimed, Verdict::Delivered).await;
    }
    assert_eq!(world.deliveries().await.len(), 1);
    let all = store
        .subscriptions(world.account, &SubscriptionFilter::default())
        .await
        .unwrap();
    assert_eq!(all.len(), 1);
    let again = store.delete_subscription(world.account, own.id, NOW).await;
    assert!(matches!(again, Err(StoreError::Missing("subscription"))));
    // That of the configuration waits for the next one.
    let configured = world.subscription(id).await.id;
    world.notify(id, &[&["b"]]).await;
    store
        .delete_subscription(world.account, configured, NOW)
        .await
        .unwrap();
    assert_eq!(store.subscriptions(world.account, &of(id)).await.unwrap(), []);
    let queued = world.deliveries().await.remove(0);
    assert_eq!(queued.status, DeliveryStatus::Queued);
}

pub(in crate::store) async fn subscriptions_are_found_by_topic_and_page(store: &dyn Store) {
    let world = World::new(store).await;
    let one = subscribe(&world, &["a", "b"], "https://example.org/1").await.id;
    let two = subscribe(&world, &["b"], "https://example.org/2").await.id;
    let find = async |topics: &[&str], after, limit| {
        let filter = SubscriptionFilter {
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            after,
            limit,
            ..SubscriptionFilter::default()
        };
        let found = store.subscriptions(world.account, &filter).await.unwrap();
        found.into_iter().map(|found| found.id).collect::<Vec<_>>()
    };
    assert_eq!(find(&["b"], None, None).await, [one, two]);
    assert_eq!(find(&["a", "c"], None, None).await, [one]);
    assert_eq!(find(&["c"], None, None).await, []);
    assert_eq!(find(&[], Some(one), None).await, [two]);
    assert_eq!(find(&[], None, Some(1)).await, [one]);
}

pub(in crate::store) async fn notifications_are_acknowledged_and_deleted(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world.notify(id, &[&["a"], &["a"]]).await;
    let first = world.delivery(all[0]).await.notification;
    let stranger = AccountId(world.account.0 + 1);
    for (account, id) in [(stranger, first), (world.account, NotificationId(-1))] {
        let acknowledged = store.acknowledge(account, id).await;
        assert!(matches!(acknowledged, Err(StoreError::Missing("notification"))));
        let deleted = store.delete_notification(account, id).await;
        assert!(matches!(deleted, Err(StoreError::Missing("notification"))));
    }
    store.acknowledge(world.account, first).await.unwrap();
    let filter = NotificationFilter {
        id: Some(first),
        ..NotificationFilter::default()
    };
    let found = store.notifications(world.account, &filter).await.unwrap();
    assert!(found[0].acknowledged);
    // The second waits for the first, until there is none.
    store.delete_notification(world.account, first).await.unwrap();
    assert_eq!(store.notifications(world.account, &filter).await.unwrap(), []);
    assert_eq!(ids(&world.claim(NOW).await), all[1..]);
}

pub(in crate::store) async fn accounts_have_settings(store: &dyn Store) {
    let world = World::new(store).await;
    assert!(store.account_settings(world.account).await.unwrap().is_empty());
    settings(&world, "queue").await;
    let other = BTreeMap::from([("x".to_owned(), "y".to_owned())]);
    store.put_account_settings(world.account, other).await.unwrap();
    settings(&world, "retry").await;
    let settings = store.account_settings(world.account).await.unwrap();
    let settings: Vec<_> = settings
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(settings, [(FailurePolicy::SETTING, "retry"), ("x", "y")]);
}

pub(in crate::store) async fn the_policy_queue_reaches_claims_and_keeps_subscriptions(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world.notify(id, &[&["a"], &["b"]]).await;
    settings(&world, "queue").await;
    let claimed = world.claim(NOW).await;
    assert_eq!(claimed[0].on_failure, FailurePolicy::Queue);
    world.settle(&claimed[0], Verdict::Queue).await;
    world.settle(&claimed[1], Verdict::Delivered).await;
    assert_eq!(world.status(all[0]).await, DeliveryStatus::Queued);
    assert!(world.subscription(id).await.active);
    assert_eq!(store.next_delivery_due().await.unwrap(), None);
    let queued = DeliveryFilter {
        status: Some(DeliveryStatus::Queued),
        url: Some("https://example.org/hook".to_owned()),
        ..DeliveryFilter::default()
    };
    let replayed = store
        .replay_deliveries(world.account, &queued, DeliveryId(0), NOW + SECOND)
        .await
        .unwrap();
    assert_eq!(
        (replayed.released, replayed.repeated, replayed.next),
        (1, 0, None)
    );
    assert_eq!(ids(&world.claim(NOW + SECOND).await), all[..1]);
}

pub(in crate::store) async fn deliveries_are_made_again(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world.notify(id, &[&["a"], &["b"], &["c"]]).await;
    let claimed = world.claim_at(NOW, 2, 2).await;
    world.settle(&claimed[0], Verdict::Delivered).await;
    world.settle(&claimed[1], deactivate()).await;
    let stranger = AccountId(world.account.0 + 1);
    let any = DeliveryFilter {
        to: Some(NOW + SECOND),
        limit: Some(2),
        ..DeliveryFilter::default()
    };
    let replayed = store
        .replay_deliveries(stranger, &any, DeliveryId(0), NOW + SECOND)
        .await
        .unwrap();
    assert_eq!((replayed.released, replayed.repeated), (0, 0));
    let first = store
        .replay_deliveries(world.account, &any, DeliveryId(0), NOW + SECOND)
        .await
        .unwrap();
    assert_eq!((first.released, first.repeated, first.next), (1, 1, Some(all[1])));
    let second = store
        .replay_deliveries(world.account, &any, all[1], NOW + SECOND)
        .await
        .unwrap();
    assert_eq!((second.released, second.repeated, second.next), (1, 0, None));
    assert!(world.subscription(id).await.active);
    let again = world.claim(NOW + SECOND).await;
    assert_eq!(ids(&again)[..2], all[1..]);
    // A new delivery of the first, under the same webhook id.
    assert_eq!(again[2].event_id, claimed[0].event_id);
    assert!(again[2].id > all[2]);
}

pub(in crate::store) async fn events_are_counted(store: &dyn Store) {
    let world = World::new(store).await;
    let (one, two) = (world.instance().await, world.instance().await);
    world.notify(one, &[&["a"], &["b"], &["c"]]).await;
    world.notify(two, &[&["a"]]).await;
    post(&world, "news").await;
    let claimed = world.claim(NOW).await;
    world.settle(&claimed[0], Verdict::Delivered).await;
    world.settle(&claimed[1], Verdict::Queue).await;
    let filter = CountFilter {
        instance: None,
        from: NOW - 2 * SECOND,
        to: NOW + SECOND,
        step: SECOND,
    };
    let count = |instance, count, delivered, failed| EventCount {
        bucket: 2,
        instance,
        count,
        delivered,
        failed,
    };
    let counts = store.count_events(world.account, &filter).await.unwrap();
    assert_eq!(counts, [count(one, 3, 1, 1), count(two, 1, 0, 0)]);
    let narrow = CountFilter {
        instance: Some(two),
        ..filter
    };
    let counts = store.count_events(world.account, &narrow).await.unwrap();
    assert_eq!(counts, [count(two, 1, 0, 0)]);
    let before = CountFilter { to: NOW, ..filter };
    assert_eq!(store.count_events(world.account, &before).await.unwrap(), []);
    let stranger = AccountId(world.account.0 + 1);
    assert_eq!(store.count_events(stranger, &filter).await.unwrap(), []);
}

pub(in crate::store) async fn dispositions_tell_of_attempts(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    world.notify(id, &[&["a"], &["b"]]).await;
    let claimed = world.claim_at(NOW, 1, 1).await;
    world.settle(&claimed[0], Verdict::Retry { at: NOW }).await;
    let filter = NotificationFilter {
        from: Some(NOW),
        to: Some(NOW + 1),
        ..NotificationFilter::default()
    };
    let found = store.dispositions(world.account, &filter).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].attempts, []);
    let (url, attempt) = &found[1].attempts[0];
    assert_eq!(url, "https://example.org/hook");
    assert_eq!(
        (attempt.status, attempt.error.as_deref()),
        (Some(503), Some("busy"))
    );
    let stranger = AccountId(world.account.0 + 1);
    assert_eq!(store.dispositions(stranger, &filter).await.unwrap(), []);
}

pub(in crate::store) async fn the_feed_goes_by_visibility(store: &dyn Store) {
    let world = World::new(store).await;
    assert_eq!(store.newest_position().await.unwrap(), 0);
    let (one, two) = (world.instance().await, world.instance().await);
    // The second has the lower id and becomes visible later.
    let late = world.notification(one, &["a"]);
    let early = world.notification(two, &["b"]);
    for (instance, notification) in [(two, early.clone()), (one, late.clone())] {
        let lease = world.lease(instance).await;
        let page = world.page(lease, vec![notification]).await;
        store.commit_page(page).await.unwrap();
    }
    post(&world, "news").await;
    let feed = async |account, instance, after| {
        let found = store.feed(account, instance, after, 10).await.unwrap();
        found
            .into_iter()
            .map(|found| (found.position, found.id))
            .collect::<Vec<_>>()
    };
    assert_eq!(feed(world.account, None, 0).await, [(1, early.id), (2, late.id)]);
    assert_eq!(feed(world.account, None, 1).await, [(2, late.id)]);
    assert_eq!(feed(world.account, Some(two), 0).await, [(1, early.id)]);
    assert_eq!(feed(AccountId(world.account.0 + 1), None, 0).await, []);
    assert_eq!(store.newest_position().await.unwrap(), 3);
}
