//! What is looked up.

use super::world::{NOW, SECOND, World, deactivate, of, settlement};
use crate::store::{
    AccountId, DeliveryFilter, DeliveryId, DeliveryStatus, NotificationFilter, NotificationId, Progress,
    Store, Verdict,
};

pub(in crate::store) async fn notifications_are_filtered(store: &dyn Store) {
    let world = World::new(store).await;
    let (one, two) = (world.instance().await, world.instance().await);
    // Ids 1 to 4.
    world.notify(one, &[&["a"], &["b", "a", "a"], &["c"]]).await;
    world.notify(two, &[&["a"]]).await;
    let none = NotificationFilter::default;
    let object = |object: &str| Some(object.to_owned());
    let cases: [(NotificationFilter, &[i64]); 12] = [
        (none(), &[4, 3, 2, 1]),
        (
            NotificationFilter {
                instance: Some(one),
                ..none()
            },
            &[3, 2, 1],
        ),
        (
            NotificationFilter {
                object_id: object("a"),
                ..none()
            },
            &[4, 2, 1],
        ),
        (
            NotificationFilter {
                object_id: object("a"),
                instance: Some(one),
                ..none()
            },
            &[2, 1],
        ),
        (
            NotificationFilter {
                object_id: object("A"),
                ..none()
            },
            &[],
        ),
        (
            NotificationFilter {
                event_id: Some("event-3".to_owned()),
                ..none()
            },
            &[3],
        ),
        (
            NotificationFilter {
                event_id: Some("event-3".to_owned()),
                instance: Some(two),
                ..none()
            },
            &[],
        ),
        (
            NotificationFilter {
                before: Some(NotificationId(3)),
                ..none()
            },
            &[2, 1],
        ),
        (
            NotificationFilter {
                before: Some(NotificationId(4)),
                object_id: object("a"),
                ..none()
            },
            &[2, 1],
        ),
        (
            NotificationFilter {
                limit: Some(2),
                ..none()
            },
            &[4, 3],
        ),
        (
            NotificationFilter {
                limit: Some(1),
                before: Some(NotificationId(3)),
                ..none()
            },
            &[2],
        ),
        (
            NotificationFilter {
                limit: Some(0),
                ..none()
            },
            &[],
        ),
    ];
    for (filter, expected) in cases {
        let found = store.notifications(world.account, &filter).await.unwrap();
        assert_eq!(
            found.iter().map(|found| found.id.0).collect::<Vec<_>>(),
            expected,
            "{filter:?}"
        );
    }
}

pub(in crate::store) async fn notifications_know_how_far_they_came(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    world.notify(id, &[&["a"], &["b"], &["c"], &["d"]]).await;
    let claimed = world.claim_at(NOW, 3, 3).await;
    let retry = Verdict::Retry { at: NOW + SECOND };
    let settlements = vec![
        settlement(&claimed[0], Verdict::Delivered),
        settlement(&claimed[1], retry),
    ];
    store.settle_deliveries(settlements).await.unwrap();
    let found = store
        .notifications(world.account, &NotificationFilter::default())
        .await
        .unwrap();
    assert_eq!(
        found.iter().rev().map(|found| found.progress).collect::<Vec<_>>(),
        [
            Progress::Delivered,
            Progress::Tried,
            Progress::Tried,
            Progress::Stored
        ]
    );
}

pub(in crate::store) async fn deliveries_are_filtered(store: &dyn Store) {
    let world = World::new(store).await;
    let (one, two) = (world.instance().await, world.instance().await);
    let first = world.notify(one, &[&["a"], &["b"], &["c"]]).await;
    let second = world.notify(two, &[&["a"], &["b"]]).await;
    let claimed = world.claim_at(NOW, 10, 2).await;
    // Of the first instance one is delivered, one is to be retried, one is new; of the second both are queued.
    assert_eq!(claimed.len(), 4);
    world.settle(&claimed[0], Verdict::Delivered).await;
    world
        .settle(&claimed[1], Verdict::Retry { at: NOW + 5 * SECOND })
        .await;
    world.settle(&claimed[2], deactivate()).await;
    let retried = world.delivery(first[1]).await;
    assert_eq!((retried.status, retried.attempts), (DeliveryStatus::Retry, 1));
    assert_eq!(retried.next_attempt, Some(NOW + 5 * SECOND));
    assert_eq!(
        (retried.last_status, retried.last_error.as_deref()),
        (Some(503), Some("busy"))
    );
    assert_eq!((retried.created, retried.updated), (NOW, NOW + SECOND));
    assert_eq!(retried.event_id, format!("event-{}", retried.notification));

    let none = DeliveryFilter::default;
    let status = |status| DeliveryFilter {
        status: Some(status),
        ..none()
    };
    let cases: [(DeliveryFilter, Vec<DeliveryId>); 11] = [
        (none(), vec![second[1], second[0], first[2], first[1], first[0]]),
        (
            DeliveryFilter {
                instance: Some(one),
                ..none()
            },
            vec![first[2], first[1], first[0]],
        ),
        (
            DeliveryFilter {
                notification: Some(claimed[3].notification),
                ..none()
            },
            vec![second[1]],
        ),
        (status(DeliveryStatus::Created), vec![first[2]]),
        (status(DeliveryStatus::Delivered), vec![first[0]]),
        (status(DeliveryStatus::Retry), vec![first[1]]),
        (status(DeliveryStatus::Queued), vec![second[1], second[0]]),
        (
            DeliveryFilter {
                instance: Some(one),
                ..status(DeliveryStatus::Queued)
            },
            vec![],
        ),
        (
            DeliveryFilter {
                before: Some(second[0]),
                ..none()
            },
            vec![first[2], first[1], first[0]],
        ),
        (
            DeliveryFilter {
                limit: Some(1),
                ..none()
            },
            vec![second[1]],
        ),
        (
            DeliveryFilter {
                limit: Some(1),
                before: Some(second[1]),
                ..none()
            },
            vec![second[0]],
        ),
    ];
    for (filter, expected) in cases {
        let found = store.deliveries(world.account, &filter).await.unwrap();
        assert_eq!(
            found.iter().map(|found| found.id).collect::<Vec<_>>(),
            expected,
            "{filter:?}"
        );
    }
}

pub(in crate::store) async fn accounts_see_their_own(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let delivery = world.notify(id, &[&["a"]]).await[0];
    let claimed = world.claim(NOW).await;
    world.settle(&claimed[0], Verdict::Delivered).await;
    let stranger = AccountId(world.account.0 + 1);
    let filters = [
        NotificationFilter::default(),
        NotificationFilter {
            instance: Some(id),
            ..NotificationFilter::default()
        },
        NotificationFilter {
            object_id: Some("a".to_owned()),
            ..NotificationFilter::default()
        },
        NotificationFilter {
            event_id: Some("event-1".to_owned()),
            ..NotificationFilter::default()
        },
    ];
    for filter in filters {
        assert_eq!(
            store.notifications(world.account, &filter).await.unwrap().len(),
            1
        );
        assert_eq!(store.notifications(stranger, &filter).await.unwrap(), []);
    }
    let filters = [
        DeliveryFilter::default(),
        DeliveryFilter {
            instance: Some(id),
            ..DeliveryFilter::default()
        },
        DeliveryFilter {
            notification: Some(NotificationId(1)),
            ..DeliveryFilter::default()
        },
    ];
    for filter in filters {
        assert_eq!(store.deliveries(world.account, &filter).await.unwrap().len(), 1);
        assert_eq!(store.deliveries(stranger, &filter).await.unwrap(), []);
    }
    assert_eq!(store.attempts(world.account, delivery).await.unwrap().len(), 1);
    assert_eq!(store.attempts(stranger, delivery).await.unwrap(), []);
    assert_eq!(store.subscriptions(stranger, &of(id)).await.unwrap(), []);
}
