//! The order of an object's deliveries.

use super::world::{INTERVAL, NOW, SECOND, World, callback, deactivate, ids};
use crate::store::{Edit, InstanceChange, Store, Verdict};

pub(in crate::store) async fn an_object_is_delivered_in_its_order(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let mut all = world.notify(id, &[&["a"], &["a"]]).await;
    all.extend(world.notify(id, &[&["a"]]).await);
    let mut now = NOW;
    for expected in &all {
        let claimed = world.claim(now).await;
        assert_eq!(ids(&claimed), [*expected]);
        // Neither while it is in flight nor while it waits for its retry.
        assert_eq!(world.claim(now).await, []);
        world
            .settle(&claimed[0], Verdict::Retry { at: now + INTERVAL })
            .await;
        assert_eq!(world.claim(now + INTERVAL - 1).await, []);
        now += INTERVAL;
        let claimed = world.claim(now).await;
        assert_eq!(ids(&claimed), [*expected]);
        world.settle(&claimed[0], Verdict::Delivered).await;
    }
    assert_eq!(world.claim(now + INTERVAL).await, []);
}

pub(in crate::store) async fn other_objects_do_not_wait(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world
        .notify(id, &[&["a"], &["a"], &["b"], &["a", "c"], &["d"]])
        .await;
    assert_eq!(ids(&world.claim(NOW).await), [all[0], all[2], all[4]]);
}

pub(in crate::store) async fn a_delivery_waits_for_all_of_its_objects(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world
        .notify(
            id,
            &[&["a"], &["b"], &["c"], &["a", "b", "c"], &["b"], &["c", "a"]],
        )
        .await;
    let first = world.claim(NOW).await;
    assert_eq!(ids(&first), all[..3]);
    for claimed in &first {
        assert_eq!(world.claim(NOW).await, []);
        world.settle(claimed, Verdict::Delivered).await;
    }
    let second = world.claim(NOW).await;
    assert_eq!(ids(&second), [all[3]]);
    assert_eq!(world.claim(NOW).await, []);
    world.settle(&second[0], Verdict::Delivered).await;
    assert_eq!(ids(&world.claim(NOW).await), all[4..]);
}

pub(in crate::store) async fn an_object_twice_in_a_notification_counts_once(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let all = world
        .notify(id, &[&["a", "a"], &["a", "b", "a", "b"], &["b"]])
        .await;
    for expected in all {
        let claimed = world.claim(NOW).await;
        assert_eq!(ids(&claimed), [expected]);
        world.settle(&claimed[0], Verdict::Delivered).await;
    }
    assert_eq!(world.claim(NOW).await, []);
}

pub(in crate::store) async fn subscriptions_do_not_wait_for_each_other(store: &dyn Store) {
    let world = World::new(store).await;
    let (one, two) = (world.instance().await, world.instance().await);
    let first = world.notify(one, &[&["a"], &["a"]]).await;
    let second = world.notify(two, &[&["a"], &["a"]]).await;
    assert_eq!(ids(&world.claim(NOW).await), [first[0], second[0]]);
}

pub(in crate::store) async fn order_holds_over_deactivation(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let subscription = world.subscription(id).await.id;
    let mut all = world.notify(id, &[&["a"], &["a"]]).await;
    let claimed = world.claim(NOW).await;
    world.settle(&claimed[0], deactivate()).await;
    all.extend(world.notify(id, &[&["a"], &["b"]]).await);
    assert_eq!(world.claim(NOW + INTERVAL).await, []);
    assert_eq!(world.resume(subscription, NOW + INTERVAL).await, 4);
    all.extend(world.notify(id, &[&["b"]]).await);
    let mut delivered = Vec::new();
    loop {
        let claimed = world.claim(NOW + INTERVAL).await;
        if claimed.is_empty() {
            break;
        }
        for claimed in claimed {
            delivered.push(claimed.id);
            world.settle(&claimed, Verdict::Delivered).await;
        }
    }
    assert_eq!(delivered, [all[0], all[3], all[1], all[4], all[2]]);
}

pub(in crate::store) async fn order_holds_over_a_new_url(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let mut all = world.notify(id, &[&["a"], &["a"]]).await;
    assert_eq!(world.claim(NOW).await.len(), 1);
    let now = NOW + SECOND;
    let change = InstanceChange {
        callback: Edit::Set(callback(id, "https://example.net/")),
        now,
        ..InstanceChange::default()
    };
    store.change_instance(id, change).await.unwrap();
    all.extend(world.notify(id, &[&["a"]]).await);
    for expected in all {
        let claimed = world.claim(now).await;
        assert_eq!(ids(&claimed), [expected]);
        world.settle(&claimed[0], Verdict::Delivered).await;
    }
}
