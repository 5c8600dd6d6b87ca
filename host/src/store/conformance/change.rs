//! Instances: changed.

use super::world::{
    INTERVAL, LEASE, NOW, SECOND, World, callback, complete, deactivate, fingerprint, identity, ids, map, of,
    polling, secret,
};
use crate::store::{
    Checkpoint, DeliveryStatus, Edit, InstanceChange, InstanceId, InstanceState, Store, StoreError, Verdict,
};

const LATER: i64 = NOW + 5 * SECOND;

fn nothing() -> InstanceChange {
    InstanceChange {
        now: LATER,
        ..InstanceChange::default()
    }
}

pub(in crate::store) async fn columns_change_alone(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let before = store.instance(id).await.unwrap().unwrap();
    assert_eq!(store.change_instance(id, nothing()).await.unwrap(), before);

    let change = InstanceChange {
        name: Some("New Name".to_owned()),
        ..nothing()
    };
    let mut expected = before.clone();
    expected.name = "New Name".to_owned();
    expected.updated = LATER;
    assert_eq!(store.change_instance(id, change).await.unwrap(), expected);

    let change = InstanceChange {
        tags: Some(vec!["three".to_owned()]),
        configuration: Some(map(&[("z", "1"), ("a", "2")])),
        derived: Some(map(&[])),
        disabled: Some(true),
        ..nothing()
    };
    expected.tags = vec!["three".to_owned()];
    expected.configuration = map(&[("z", "1"), ("a", "2")]);
    expected.derived = map(&[]);
    expected.disabled = true;
    assert_eq!(store.change_instance(id, change).await.unwrap(), expected);
    assert_eq!(store.instance(id).await.unwrap(), Some(expected));
    let filter = crate::store::InstanceFilter {
        search: Some("new name".to_owned()),
        ..Default::default()
    };
    assert_eq!(store.instances(world.account, &filter).await.unwrap().len(), 1);
}

pub(in crate::store) async fn secrets_are_put_and_removed_without_an_edit(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let change = InstanceChange {
        put_secrets: vec![secret("b", b"1"), secret("a", b"2")],
        remove_secrets: vec!["oauth.user.token".to_owned(), "unknown".to_owned()],
        ..nothing()
    };
    assert_eq!(store.change_instance(id, change).await.unwrap().updated, NOW);
    assert_eq!(
        store.secrets(id).await.unwrap(),
        [secret("a", b"2"), secret("b", b"1")]
    );
    let mut renewed = secret("a", b"3");
    renewed.expires = None;
    let change = InstanceChange {
        put_secrets: vec![renewed.clone()],
        ..nothing()
    };
    store.change_instance(id, change).await.unwrap();
    assert_eq!(store.secrets(id).await.unwrap(), [renewed, secret("b", b"1")]);
}

pub(in crate::store) async fn a_state_keeps_its_time_while_it_lasts(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let fail = |reason: &str, now| InstanceChange {
        state: Some((InstanceState::NeedsAuthentication, Some(reason.to_owned()))),
        now,
        ..InstanceChange::default()
    };
    let first = store.change_instance(id, fail("expired", NOW + 1)).await.unwrap();
    assert_eq!(
        (first.state, first.state_since),
        (InstanceState::NeedsAuthentication, NOW + 1)
    );
    let second = store.change_instance(id, fail("revoked", NOW + 2)).await.unwrap();
    assert_eq!(
        (second.state_reason.as_deref(), second.state_since),
        (Some("revoked"), NOW + 1)
    );
    let back = InstanceChange {
        state: Some((InstanceState::Connected, None)),
        now: NOW + 3,
        ..nothing()
    };
    let third = store.change_instance(id, back).await.unwrap();
    assert_eq!(
        (third.state, third.state_reason, third.state_since),
        (InstanceState::Connected, None, NOW + 3)
    );
}

pub(in crate::store) async fn pollers_of_a_resource_keep_their_memory(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let mut page = world.page(lease, vec![world.notification(id, &["a"])]).await;
    page.checkpoint = Some(Checkpoint {
        data: vec![0, 1],
        adapter: "digest".to_owned(),
    });
    store.commit_page(page).await.unwrap();
    let before = store.pollers(id).await.unwrap();

    let mut new = polling(&["companies", "contacts"]);
    new.interval = 2 * INTERVAL;
    new.next_run = LATER;
    new.pollers[1].configuration = "{\"pageSize\":5}".to_owned();
    new.pollers[1].start = LATER;
    let change = InstanceChange {
        polling: Edit::Set(new),
        ..nothing()
    };
    store.change_instance(id, change).await.unwrap();

    let after = store.pollers(id).await.unwrap();
    assert_eq!(
        after
            .iter()
            .map(|poller| poller.resource.as_str())
            .collect::<Vec<_>>(),
        ["companies", "contacts"]
    );
    let mut kept = before[0].clone();
    kept.configuration = "{\"pageSize\":5}".to_owned();
    assert_eq!(after[1], kept);
    assert!(before.iter().all(|poller| poller.id != after[0].id));
    assert_eq!(
        store.fingerprints(kept.id, vec![identity("a")]).await.unwrap(),
        [fingerprint("a", 1)]
    );
    let schedule = store.schedule(id).await.unwrap().unwrap();
    assert_eq!((schedule.interval, schedule.next_run), (2 * INTERVAL, LATER));
    // The poll in progress goes on.
    store.renew_lease(lease, LATER + LEASE).await.unwrap();
}

pub(in crate::store) async fn removed_polling_forgets(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let page = world.page(lease, vec![]).await;
    let poller = page.poller;
    store.commit_page(page.clone()).await.unwrap();
    let remove = InstanceChange {
        polling: Edit::Remove,
        ..nothing()
    };
    store.change_instance(id, remove).await.unwrap();

    assert_eq!(store.schedule(id).await.unwrap(), None);
    assert_eq!(store.pollers(id).await.unwrap(), []);
    assert_eq!(store.fingerprints(poller, vec![identity("a")]).await.unwrap(), []);
    assert_eq!(store.next_poll_due().await.unwrap(), None);
    assert_eq!(store.claim_instance(id, NOW, LATER).await.unwrap(), None);
    assert!(matches!(
        store.commit_page(page).await,
        Err(StoreError::StaleLease(_))
    ));

    let change = InstanceChange {
        polling: Edit::Set(polling(&["contacts"])),
        ..nothing()
    };
    store.change_instance(id, change).await.unwrap();
    let fresh = world.poller(id).await;
    assert_ne!(fresh.id, poller);
    assert_eq!(
        store.fingerprints(fresh.id, vec![identity("a")]).await.unwrap(),
        []
    );
}

pub(in crate::store) async fn the_same_url_changes_nothing(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let before = world.subscription(id).await;
    let delivery = world.notify(id, &[&["a"]]).await[0];
    let claimed = world.claim(NOW).await;
    world.settle(&claimed[0], deactivate()).await;
    let change = InstanceChange {
        callback: Edit::Set(callback(id, &before.url)),
        ..nothing()
    };
    store.change_instance(id, change).await.unwrap();
    let after = world.subscription(id).await;
    assert_eq!((after.id, after.active), (before.id, false));
    assert_eq!(world.status(delivery).await, DeliveryStatus::Queued);
}

pub(in crate::store) async fn another_url_takes_over(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let old = world.subscription(id).await;
    let deliveries = world.notify(id, &[&["a"], &["b"], &["c"]]).await;
    let claimed = world.claim_at(NOW, 2, 2).await;
    world.settle(&claimed[0], Verdict::Delivered).await;
    world.settle(&claimed[1], deactivate()).await;

    let change = InstanceChange {
        callback: Edit::Set(callback(id, "https://example.net/")),
        ..nothing()
    };
    store.change_instance(id, change).await.unwrap();
    let new = world.subscription(id).await;
    assert_ne!(new.id, old.id);
    assert_eq!(
        (new.url.as_str(), new.active, new.reason),
        ("https://example.net/", true, None)
    );
    let subscriptions = [old.id, new.id, new.id];
    for (delivery, subscription) in deliveries.iter().zip(subscriptions) {
        assert_eq!(world.delivery(*delivery).await.subscription, subscription);
    }
    assert_eq!(store.next_delivery_due().await.unwrap(), Some(LATER));
    let claimed = world.claim(LATER).await;
    assert_eq!(ids(&claimed), deliveries[1..]);
    assert!(
        claimed
            .iter()
            .all(|claimed| claimed.url == new.url && claimed.attempts == 0)
    );
    assert!(claimed.iter().all(|claimed| claimed.first_failure.is_none()));
    // What comes later goes to the new one alone.
    let later = world.notify(id, &[&["d"]]).await;
    assert_eq!(later.len(), 1);
    assert_eq!(world.delivery(later[0]).await.subscription, new.id);
}

pub(in crate::store) async fn a_removed_callback_waits_for_the_next(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let old = world.subscription(id).await;
    let waiting = world.notify(id, &[&["a"]]).await;
    let remove = InstanceChange {
        callback: Edit::Remove,
        ..nothing()
    };
    store.change_instance(id, remove).await.unwrap();
    assert_eq!(store.subscriptions(world.account, &of(id)).await.unwrap(), []);
    assert_eq!(world.status(waiting[0]).await, DeliveryStatus::Queued);
    assert_eq!(world.claim(LATER).await, []);
    assert_eq!(store.next_delivery_due().await.unwrap(), None);
    let resumed = store.resume_subscription(world.account, old.id, LATER).await;
    assert!(matches!(resumed, Err(StoreError::Missing("subscription"))));
    assert_eq!(world.notify(id, &[&["b"]]).await, []);

    let set = InstanceChange {
        callback: Edit::Set(callback(id, &old.url)),
        ..nothing()
    };
    store.change_instance(id, set).await.unwrap();
    assert_ne!(world.subscription(id).await.id, old.id);
    assert_eq!(ids(&world.claim(LATER).await), waiting);
}

pub(in crate::store) async fn an_attempt_at_the_old_url_says_nothing_of_the_new(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let delivery = world.notify(id, &[&["a"]]).await[0];
    let attempt = world.claim(NOW).await.remove(0);
    let change = InstanceChange {
        callback: Edit::Set(callback(id, "https://example.net/")),
        ..nothing()
    };
    store.change_instance(id, change).await.unwrap();
    world.settle(&attempt, deactivate()).await;
    assert!(world.subscription(id).await.active);
    let again = world.claim(LATER).await;
    assert_eq!(ids(&again), [delivery]);
    assert!(again[0].epoch > attempt.epoch);
}

pub(in crate::store) async fn a_missing_instance_is_told(store: &dyn Store) {
    let world = World::new(store).await;
    let changed = store.change_instance(InstanceId(77), nothing()).await;
    assert!(matches!(changed, Err(StoreError::Missing("instance"))));
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let poll = world.poll(lease, world.poller(id).await.id, complete());
    store.delete_instance(id).await.unwrap();
    assert!(matches!(
        store.commit_poll(poll).await,
        Err(StoreError::StaleLease(_))
    ));
}
