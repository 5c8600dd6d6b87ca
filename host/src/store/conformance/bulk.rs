//! Exports in bulk.

use bytes::Bytes;

use super::world::{LEASE, NOW, SECOND, World};
use crate::store::{
    BulkClaim, BulkEnd, BulkError, BulkNotice, BulkOutcome, BulkPage, BulkSettlement, BulkStatus, InstanceId,
    Maker, NewBulk, NotificationFilter, NotificationId, NotificationSource, Store, StoreError,
    SubscriptionFilter,
};

fn asked(world: &World<'_>, instance: InstanceId, callback: Option<&str>) -> NewBulk {
    NewBulk {
        account: world.account,
        instance,
        object: "contacts".to_owned(),
        query: "select * from contacts".to_owned(),
        callback: callback.map(str::to_owned),
        created: NOW,
    }
}

fn page(claim: &BulkClaim, body: &'static str, cursor: Option<&str>, end: Option<BulkEnd>) -> BulkPage {
    BulkPage {
        job: claim.job.id,
        epoch: claim.epoch,
        body: Bytes::from_static(body.as_bytes()),
        records: body.lines().count() as u64,
        skipped: 1,
        columns: vec!["id".to_owned()],
        cursor: cursor.map(str::to_owned),
        lease_ends: NOW + 2 * LEASE,
        now: NOW,
        end,
    }
}

fn complete(world: &World<'_>) -> BulkEnd {
    BulkEnd {
        status: BulkStatus::Completed,
        reason: None,
        notice: Some(BulkNotice {
            id: NotificationId(world.number()),
            event_id: "export-1".to_owned(),
            topic: "instance-1-crm-bulk".to_owned(),
            body: Bytes::from_static(b"{}"),
        }),
    }
}

async fn claim(store: &dyn Store, now: i64) -> Vec<BulkClaim> {
    store.claim_bulk(now, 10, now + LEASE).await.unwrap()
}

pub(in crate::store) async fn exports_have_their_turn(store: &dyn Store) {
    let world = World::new(store).await;
    let (one, two) = (world.instance().await, world.instance().await);
    assert_eq!(store.next_bulk_due().await.unwrap(), None);
    let first = store
        .create_bulk(asked(&world, one, None), 2)
        .await
        .unwrap()
        .unwrap();
    let second = store
        .create_bulk(asked(&world, one, None), 2)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        store.create_bulk(asked(&world, one, None), 2).await.unwrap(),
        None
    );
    let other = store
        .create_bulk(asked(&world, two, None), 2)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.status, BulkStatus::Created);
    assert_eq!(store.next_bulk_due().await.unwrap(), Some(NOW));

    let claimed = claim(store, NOW).await;
    let ids: Vec<_> = claimed.iter().map(|claim| claim.job.id).collect();
    assert_eq!(ids, [first.id, other.id], "of each instance one");
    assert!(claim(store, NOW).await.is_empty(), "they are held");
    assert_eq!(store.next_bulk_due().await.unwrap(), Some(NOW + LEASE));
    // Given back for later, it still holds the next one of its instance up.
    let later = BulkSettlement {
        job: first.id,
        epoch: claimed[0].epoch,
        outcome: BulkOutcome::Later {
            next_run: NOW + SECOND,
            reason: Some("busy".to_owned()),
            failures: 1,
        },
        error: Some(BulkError {
            id: 0,
            at: NOW,
            message: "busy".to_owned(),
            provider_message: None,
        }),
        now: NOW,
    };
    assert!(store.settle_bulk(later.clone()).await.unwrap());
    assert!(!store.settle_bulk(later).await.unwrap(), "it is held no more");
    assert!(claim(store, NOW).await.is_empty());
    let again = claim(store, NOW + SECOND).await;
    assert_eq!((again[0].job.id, again[0].job.failures), (first.id, 1));
    assert_eq!(again[0].job.reason.as_deref(), Some("busy"));
    assert_eq!(store.bulk_errors(first.id, 0, 10).await.unwrap().len(), 1);
    assert!(again[0].epoch > claimed[0].epoch);
    // A lease that ended is anybody's, and so is every lease after a start.
    assert_eq!(claim(store, NOW + 2 * LEASE).await.len(), 2);
    store.recover().await.unwrap();
    assert_eq!(claim(store, NOW + 2 * LEASE).await.len(), 2);
    store.end_bulk(one, first.id, NOW).await.unwrap();
    assert_eq!(claim(store, NOW + 2 * LEASE).await[0].job.id, second.id);
}

pub(in crate::store) async fn pages_are_stored_once(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let job = store
        .create_bulk(asked(&world, id, None), 1)
        .await
        .unwrap()
        .unwrap();
    let old = claim(store, NOW).await.remove(0);
    assert!(
        store
            .commit_bulk_page(page(&old, "1\n2\n", Some("p2"), None))
            .await
            .unwrap()
    );
    // Another host takes it over where it stands.
    let new = store
        .claim_bulk(NOW + 3 * LEASE, 1, NOW + 4 * LEASE)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (new.job.cursor.as_deref(), new.job.records, new.job.skipped),
        (Some("p2"), 2, 1)
    );
    assert!(
        !store
            .commit_bulk_page(page(&old, "3\n", Some("p3"), None))
            .await
            .unwrap()
    );
    assert!(
        store
            .commit_bulk_page(page(&new, "3\n", Some("p3"), None))
            .await
            .unwrap()
    );
    // A page of nothing moves the place and stores no page.
    assert!(
        store
            .commit_bulk_page(page(&new, "", Some("p4"), None))
            .await
            .unwrap()
    );
    let end = BulkEnd {
        status: BulkStatus::Completed,
        reason: None,
        notice: None,
    };
    assert!(
        store
            .commit_bulk_page(page(&new, "4\n", None, Some(end.clone())))
            .await
            .unwrap()
    );
    assert!(
        !store
            .commit_bulk_page(page(&new, "5\n", None, Some(end)))
            .await
            .unwrap()
    );
    let done = store.bulk_job(id, job.id).await.unwrap().unwrap();
    assert_eq!(
        (done.status, done.pages, done.records, done.bytes),
        (BulkStatus::Completed, 3, 4, 8)
    );
    assert_eq!(
        (done.cursor, done.finished, done.columns),
        (None, Some(NOW), vec!["id".to_owned()])
    );
    let mut text = Vec::new();
    for ordinal in 0..done.pages {
        text.extend(store.bulk_page(job.id, ordinal).await.unwrap().unwrap());
    }
    assert_eq!(text, b"1\n2\n3\n4\n");
    assert_eq!(store.bulk_page(job.id, done.pages).await.unwrap(), None);
}

pub(in crate::store) async fn the_end_of_an_export_is_told_once(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let url = "https://example.org/exports";
    store
        .create_bulk(asked(&world, id, Some(url)), 1)
        .await
        .unwrap()
        .unwrap();
    let claimed = claim(store, NOW).await.remove(0);
    let end = complete(&world);
    assert!(
        store
            .commit_bulk_page(page(&claimed, "1\n", None, Some(end)))
            .await
            .unwrap()
    );
    let deliveries = world.claim(NOW).await;
    let [delivery] = deliveries.as_slice() else {
        panic!("{deliveries:?}");
    };
    // Signed with the instance's key, without the further headers that are meant for another URL.
    assert_eq!((delivery.instance, delivery.maker), (Some(id), Maker::User));
    assert_eq!(
        (delivery.url.as_str(), delivery.event_id.as_str()),
        (url, "export-1")
    );
    // It is no event, and its subscription is nobody's to look at.
    let filter = NotificationFilter {
        source: NotificationSource::Instances,
        ..NotificationFilter::default()
    };
    assert!(
        store
            .notifications(world.account, &filter)
            .await
            .unwrap()
            .is_empty()
    );
    let listed = store
        .subscriptions(world.account, &SubscriptionFilter::default())
        .await
        .unwrap();
    assert!(listed.iter().all(|subscription| subscription.url != url));
    // It goes with its instance.
    store.delete_instance(id).await.unwrap();
    assert!(world.claim(NOW + 10 * LEASE).await.is_empty());
    assert_eq!(store.next_bulk_due().await.unwrap(), None);
}

pub(in crate::store) async fn exports_are_given_up_and_pruned(store: &dyn Store) {
    let world = World::new(store).await;
    let (id, other) = (world.instance().await, world.instance().await);
    let job = store
        .create_bulk(asked(&world, id, None), 1)
        .await
        .unwrap()
        .unwrap();
    let claimed = claim(store, NOW).await.remove(0);
    assert!(
        store
            .commit_bulk_page(page(&claimed, "1\n", Some("p2"), None))
            .await
            .unwrap()
    );
    let stranger = store.end_bulk(other, job.id, NOW).await;
    assert!(matches!(stranger, Err(StoreError::Missing(_))));
    assert_eq!(store.bulk_job(other, job.id).await.unwrap(), None);
    store.end_bulk(id, job.id, NOW).await.unwrap();
    let cancelled = store.bulk_job(id, job.id).await.unwrap().unwrap();
    assert_eq!(cancelled.status, BulkStatus::Cancelled);
    assert_eq!(store.bulk_page(job.id, 0).await.unwrap(), None);
    assert!(
        !store
            .commit_bulk_page(page(&claimed, "2\n", Some("p3"), None))
            .await
            .unwrap()
    );
    assert_eq!(store.prune_bulk(NOW).await.unwrap(), 0);
    assert_eq!(store.prune_bulk(NOW + 1).await.unwrap(), 1);
    assert_eq!(store.bulk_job(id, job.id).await.unwrap(), None);
    // Unfinished ones stay; a finished one is removed by whoever ends it again.
    let job = store
        .create_bulk(asked(&world, id, None), 1)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.prune_bulk(NOW + SECOND).await.unwrap(), 0);
    assert_eq!(
        store.bulk_jobs(id, None, 10).await.unwrap(),
        std::slice::from_ref(&job)
    );
    assert!(store.bulk_jobs(id, Some(job.id), 10).await.unwrap().is_empty());
    store.end_bulk(id, job.id, NOW).await.unwrap();
    store.end_bulk(id, job.id, NOW).await.unwrap();
    assert!(matches!(
        store.end_bulk(id, job.id, NOW).await,
        Err(StoreError::Missing(_))
    ));
}
