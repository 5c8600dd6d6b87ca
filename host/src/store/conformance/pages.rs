//! What polls store.

use super::world::{INTERVAL, LEASE, NOW, SECOND, World, fingerprint, identity};
use crate::store::{
    Checkpoint, Fingerprint, NotificationFilter, PollOutcome, PollerId, Progress, Store, StoreError,
};

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
    let end = world.poll(
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
    assert_eq!(world.polls(id).await, []);
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
    let (own, other) = (world.instance().await, world.instance().await);
    let lease = world.lease(own).await;
    let foreign = world.poller(other).await.id;
    for poller in [foreign, PollerId(-1)] {
        let mut page = world.page(lease, vec![world.notification(own, &["a"])]).await;
        page.poller = poller;
        assert!(matches!(
            store.commit_page(page).await,
            Err(StoreError::Missing("poller"))
        ));
        let end = world.poll(
            lease,
            poller,
            PollOutcome::Complete {
                cursor: NOW,
                prune: None,
            },
        );
        assert!(matches!(
            store.commit_poll(end).await,
            Err(StoreError::Missing("poller"))
        ));
    }
    assert_untouched(&world, foreign, other).await;
}

pub(in crate::store) async fn fingerprints_are_replaced(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let undated = Fingerprint {
        identity: identity("a"),
        updated: None,
        content: [9; 16],
    };
    for version in [fingerprint("a", 1), fingerprint("a", 2), undated] {
        let mut page = world.page(lease, vec![]).await;
        let poller = page.poller;
        page.fingerprints = vec![version];
        store.commit_page(page).await.unwrap();
        assert_eq!(
            store
                .fingerprints(poller, vec![identity("a"), identity("a")])
                .await
                .unwrap(),
            [version]
        );
    }
    let other = store.pollers(id).await.unwrap()[1].id;
    assert_eq!(store.fingerprints(other, vec![identity("a")]).await.unwrap(), []);
}

pub(in crate::store) async fn polls_move_the_cursor_and_leave_a_record(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let poller = world.poller(id).await.id;
    let failed = world.poll(
        lease,
        poller,
        PollOutcome::Failed {
            error: "no answer".to_owned(),
            retry: Some(NOW + INTERVAL),
        },
    );
    store.commit_poll(failed).await.unwrap();
    let good = world.poll(
        lease,
        poller,
        PollOutcome::Complete {
            cursor: NOW + 7,
            prune: None,
        },
    );
    store.commit_poll(good).await.unwrap();
    let after = world.poller(id).await;
    assert_eq!(
        (after.cursor, after.failures, after.last_success, after.retry),
        (NOW + 7, 0, Some(NOW + SECOND), None)
    );
    let polls = world.polls(id).await;
    assert_eq!(polls.len(), 2);
    assert_eq!(
        (polls[0].error.as_deref(), polls[1].error.as_deref()),
        (None, Some("no answer"))
    );
    let last = &polls[0];
    assert_eq!(
        (last.poller, last.started, last.finished),
        (poller, NOW, NOW + SECOND)
    );
    assert_eq!((last.since, last.until), (NOW - INTERVAL, NOW - SECOND));
    assert_eq!(
        (last.requests, last.records, last.adapter.as_str()),
        (2, 3, "digest")
    );
    assert_eq!((last.cursor, polls[1].cursor), (Some(NOW + 7), None));
}

pub(in crate::store) async fn failed_polls_keep_the_cursor(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let before = world.poller(id).await;
    for failures in 1..=3 {
        let failed = world.poll(
            lease,
            before.id,
            PollOutcome::Failed {
                error: format!("failure {failures}"),
                retry: Some(NOW + i64::from(failures)),
            },
        );
        store.commit_poll(failed).await.unwrap();
        let after = world.poller(id).await;
        assert_eq!((after.cursor, after.failures), (before.cursor, failures));
        assert_eq!(after.last_error, Some(format!("failure {failures}")));
        assert_eq!(after.retry, Some(NOW + i64::from(failures)));
        assert_eq!(
            (after.last_failure, after.last_success),
            (Some(NOW + SECOND), None)
        );
    }
}

pub(in crate::store) async fn old_fingerprints_go(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let undated = Fingerprint {
        identity: identity("u"),
        updated: None,
        content: [0; 16],
    };
    let mut page = world.page(lease, vec![]).await;
    let poller = page.poller;
    page.fingerprints = vec![
        fingerprint("a", 1),
        fingerprint("b", 2),
        fingerprint("c", 3),
        undated,
    ];
    store.commit_page(page.clone()).await.unwrap();
    page.poller = store.pollers(id).await.unwrap()[1].id;
    store.commit_page(page.clone()).await.unwrap();

    let end = world.poll(
        lease,
        poller,
        PollOutcome::Complete {
            cursor: NOW,
            prune: Some(NOW + 2),
        },
    );
    store.commit_poll(end).await.unwrap();
    let all: Vec<_> = ["a", "b", "c", "u"].map(identity).into();
    let kept = store.fingerprints(poller, all.clone()).await.unwrap();
    assert_eq!(kept, [fingerprint("b", 2), fingerprint("c", 3), undated]);
    assert_eq!(store.fingerprints(page.poller, all).await.unwrap().len(), 4);
}

pub(in crate::store) async fn a_foreign_topic_gets_nothing(store: &dyn Store) {
    let world = World::new(store).await;
    let own = world.instance().await;
    let lease = world.lease(own).await;
    let mut notification = world.notification(own, &["a"]);
    notification.topic = "nobody waits for this".to_owned();
    let page = world.page(lease, vec![notification]).await;
    store.commit_page(page).await.unwrap();
    assert_eq!(world.deliveries().await, []);
}
