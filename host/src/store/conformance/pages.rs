//! What polls store.

use super::world::{INTERVAL, LEASE, NOW, SECOND, World, fingerprint, identity};
use crate::store::{
    Checkpoint, Fingerprint, Lease, NotificationFilter, PollCommit, PollOutcome, PollerId, Progress, Store,
    StoreError,
};

fn poll(lease: Lease, poller: PollerId, outcome: PollOutcome) -> PollCommit {
    PollCommit {
        lease,
        poller,
        started: NOW,
        finished: NOW + SECOND,
        since: NOW - INTERVAL,
        until: NOW - SECOND,
        requests: 2,
        records: 3,
        events: 1,
        adapter: "digest".to_owned(),
        outcome,
    }
}

/// Nothing of a page is there.
async fn assert_untouched(world: &World<'_>, poller: PollerId, instance: crate::store::InstanceId) {
    let store = world.store;
    assert_eq!(
        store
            .notifications(world.account, &NotificationFilter::default())
            .await
            .unwrap(),
        []
    );
    assert_eq!(world.deliveries().await, []);
    assert_eq!(store.fingerprints(poller, vec![identity("a")]).await.unwrap(), []);
    let after = world.poller(instance).await;
    assert_eq!((after.records, after.events, after.checkpoint), (0, 0, None));
    assert_eq!(world.claim(NOW + INTERVAL).await, []);
}

pub(in crate::store) async fn a_page_is_stored_whole(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let notifications = vec![
        world.notification(id, &["a", "b"]),
        world.notification(id, &["c"]),
    ];
    let mut page = world.page(lease, notifications.clone()).await;
    let checkpoint = Checkpoint {
        data: vec![0, 255],
        adapter: "digest".to_owned(),
    };
    page.fingerprints = vec![fingerprint("a", 1), fingerprint("b", 2)];
    page.checkpoint = Some(checkpoint.clone());
    let poller = page.poller;
    store.commit_page(page.clone()).await.unwrap();

    let stored = store
        .notifications(world.account, &NotificationFilter::default())
        .await
        .unwrap();
    assert_eq!(stored.len(), 2);
    // Newest first.
    for (stored, new) in stored.iter().rev().zip(&notifications) {
        assert_eq!(
            (stored.id, &stored.event_id, &stored.topic),
            (new.id, &new.event_id, &new.topic)
        );
        assert_eq!(
            (&stored.resource, stored.kind, &stored.body),
            (&new.resource, new.kind, &new.body)
        );
        assert_eq!(
            (stored.instance, stored.created, stored.progress),
            (Some(id), NOW, Progress::Stored)
        );
    }
    assert_eq!(world.deliveries().await.len(), 2);
    let mut found = store
        .fingerprints(poller, vec![identity("b"), identity("a"), identity("z")])
        .await
        .unwrap();
    found.sort_by_key(|fingerprint| fingerprint.identity);
    assert_eq!(found, [fingerprint("a", 1), fingerprint("b", 2)]);
    let after = world.poller(id).await;
    assert_eq!(
        (after.records, after.events, after.checkpoint),
        (3, 3, Some(checkpoint.clone()))
    );

    // A page without a checkpoint keeps the last one.
    page.notifications.clear();
    page.checkpoint = None;
    store.commit_page(page).await.unwrap();
    let after = world.poller(id).await;
    assert_eq!(
        (after.records, after.events, after.checkpoint),
        (6, 3, Some(checkpoint))
    );
}

pub(in crate::store) async fn a_stale_page_stores_nothing(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let stale = world.lease(id).await;
    let taken = store
        .claim_instance(id, NOW + LEASE, NOW + 2 * LEASE)
        .await
        .unwrap();
    assert!(taken.is_some());
    let mut page = world.page(stale, vec![world.notification(id, &["a"])]).await;
    page.checkpoint = Some(Checkpoint {
        data: vec![1],
        adapter: "digest".to_owned(),
    });
    let poller = page.poller;
    assert!(matches!(store.commit_page(page).await, Err(StoreError::StaleLease(lease)) if lease == stale));
    assert_untouched(&world, poller, id).await;
    let end = poll(
        stale,
        poller,
        PollOutcome::Complete {
            cursor: NOW,
            prune: None,
        },
    );
    assert!(matches!(
        store.commit_poll(end).await,
        Err(StoreError::StaleLease(_))
    ));
    assert_eq!(store.polls(poller, 10).await.unwrap(), []);
    assert_eq!(world.poller(id).await.cursor, NOW - SECOND);
}

pub(in crate::store) async fn a_failing_page_stores_nothing(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let first = world.notification(id, &["a"]);
    let mut second = world.notification(id, &["b"]);
    second.id = first.id;
    let page = world.page(lease, vec![first, second]).await;
    let poller = page.poller;
    assert!(matches!(
        store.commit_page(page).await,
        Err(StoreError::Taken("notification id"))
    ));
    assert_untouched(&world, poller, id).await;
}

pub(in crate::store) async fn foreign_pollers_are_refused(store: &dyn Store) {
    let world = World::new(store).await;
    let own = world.instance().await;
    let lease = world.lease(own).await;
    let mut notification = world.notification(own, &["a"]);
    notification.topic = "nobody waits for this".to_owned();
    let page = world.page(lease, vec![notification]).await;
    store.commit_page(page).await.unwrap();
    assert_eq!(world.deliveries().await, []);
}
