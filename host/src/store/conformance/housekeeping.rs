//! Recovery and pruning.

use super::world::{INTERVAL, NOW, SECOND, World, callback, complete, deactivate, ids, settlement};
use crate::store::{
    Edit, InstanceChange, NotificationFilter, PollCommit, Store, StoreError, SubscriptionFilter, Verdict,
};

pub(in crate::store) async fn recovery_gives_back_all_leases(store: &dyn Store) {
    let world = World::new(store).await;
    let (one, two) = (world.instance().await, world.instance().await);
    let all = world.notify(one, &[&["a"], &["b"]]).await;
    let lease = world.lease(two).await;
    let before = world.claim_at(NOW, 10, 1).await;
    assert_eq!(before.len(), 1);
    store.recover().await.unwrap();

    assert!(matches!(
        store.renew_lease(lease, NOW + INTERVAL).await,
        Err(StoreError::StaleLease(_))
    ));
    let leases = store.claim_instances(NOW, 10, NOW + INTERVAL).await.unwrap();
    assert_eq!(
        leases.iter().map(|lease| lease.instance).collect::<Vec<_>>(),
        [two]
    );
    assert!(leases[0].epoch > lease.epoch);
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(NOW));
    let after = world.claim(NOW).await;
    assert_eq!(ids(&after), all);
    // What came of the attempt from before says nothing.
    world.settle(&before[0], deactivate()).await;
    assert!(world.subscription(one).await.active);
    store.recover().await.unwrap();
    assert_eq!(world.claim(NOW).await.len(), 2);
}

pub(in crate::store) async fn pruning_takes_what_is_finished_and_old(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let mut notifications: Vec<_> = ["done", "retried", "new", "young", "untold"]
        .iter()
        .map(|object| world.notification(id, &[object]))
        .collect();
    notifications[3].created = NOW + SECOND;
    notifications[4].topic = "nobody".to_owned();
    let lease = world.lease(id).await;
    let page = world.page(lease, notifications.clone()).await;
    let poller = page.poller;
    store.commit_page(page).await.unwrap();
    for finished in [NOW, NOW + SECOND] {
        let poll = PollCommit {
            finished,
            ..world.poll(lease, poller, complete())
        };
        store.commit_poll(poll).await.unwrap();
    }
    let claimed = world.claim(NOW).await;
    assert_eq!(claimed.len(), 4);
    world.settle(&claimed[0], Verdict::Delivered).await;
    world.settle(&claimed[1], Verdict::Retry { at: NOW }).await;
    world.settle(&claimed[3], Verdict::Delivered).await;

    assert_eq!(store.prune(NOW).await.unwrap(), 0);
    assert_eq!(store.prune(NOW + SECOND).await.unwrap(), 2);
    let left = store
        .notifications(world.account, &NotificationFilter::default())
        .await
        .unwrap();
    let left: Vec<_> = left.iter().rev().map(|notification| notification.id).collect();
    assert_eq!(
        left,
        [notifications[1].id, notifications[2].id, notifications[3].id]
    );
    assert_eq!(world.deliveries().await.len(), 3);
    assert_eq!(store.attempts(world.account, claimed[0].id).await.unwrap(), []);
    let polls = world.polls(id).await;
    assert_eq!(
        polls.iter().map(|poll| poll.finished).collect::<Vec<_>>(),
        [NOW + SECOND]
    );
    // The fingerprints stay: they are about the provider, not about the past.
    assert_eq!(
        store
            .fingerprints(poller, vec![super::world::identity("a")])
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(ids(&world.claim(NOW).await), [claimed[1].id]);
}

pub(in crate::store) async fn pruning_goes_through_many_batches(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let objects: Vec<_> = (0..1_201).map(|object| object.to_string()).collect();
    let notifications: Vec<_> = objects.iter().map(|object| [object.as_str()]).collect();
    let notifications: Vec<&[&str]> = notifications.iter().map(|objects| objects.as_slice()).collect();
    world.notify(id, &notifications).await;
    let claimed = world.claim_at(NOW, 2_000, 2_000).await;
    assert_eq!(claimed.len(), 1_201);
    // Every third stays unfinished among those that go.
    let delivered = claimed
        .iter()
        .enumerate()
        .filter(|(index, _)| index % 3 != 0)
        .map(|(_, claimed)| settlement(claimed, Verdict::Delivered));
    store.settle_deliveries(delivered.collect()).await.unwrap();
    assert_eq!(store.prune(NOW + SECOND).await.unwrap(), 800);
    assert_eq!(world.deliveries().await.len(), 401);
}

pub(in crate::store) async fn subscriptions_that_are_over_go(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let old = world.subscription(id).await.id;
    world.notify(id, &[&["a"], &["b"]]).await;
    let claimed = world.claim(NOW).await;
    world.settle(&claimed[0], Verdict::Delivered).await;
    let change = InstanceChange {
        callback: Edit::Set(callback(id, "https://example.net/")),
        now: NOW + SECOND,
        ..InstanceChange::default()
    };
    store.change_instance(id, change).await.unwrap();
    let late = NOW + INTERVAL;
    // What it delivered is kept as long as it is to be, and so is it.
    assert_eq!(store.prune_subscriptions(late).await.unwrap(), 0);
    assert_eq!(store.prune(late).await.unwrap(), 1);
    assert_eq!(store.prune_subscriptions(NOW + SECOND).await.unwrap(), 0);
    assert_eq!(store.prune_subscriptions(late).await.unwrap(), 1);
    let filter = SubscriptionFilter {
        id: Some(old),
        ..SubscriptionFilter::default()
    };
    assert_eq!(store.subscriptions(world.account, &filter).await.unwrap(), []);
    // Its heir has what it had not delivered.
    let heir = world.subscription(id).await.id;
    let left = world.claim(late).await;
    assert_eq!(
        left.iter()
            .map(|delivery| delivery.subscription)
            .collect::<Vec<_>>(),
        [heir]
    );
    assert_eq!(store.prune_subscriptions(late).await.unwrap(), 0);
}

pub(in crate::store) async fn it_answers(store: &dyn Store) {
    store.ping().await.unwrap();
}
