//! Webhooks of providers.

use super::world::{LEASE, NOW, SECOND, World, fingerprint, identity};
use crate::store::{
    Edit, Finder, InboundCommit, InboundFailure, InstanceChange, InstanceId, Intake, Lease, NewInbound,
    NewRegistration, NotificationFilter, ReceivedFingerprint, Renewal, Store, StoreError,
};

fn registration(site: &str) -> NewRegistration {
    NewRegistration {
        element: "crm".to_owned(),
        callback_url: "https://hooks.example.com/1".to_owned(),
        resources: vec!["contacts".to_owned()],
        data: vec![0, 255],
        expires: Some(NOW + 100 * SECOND),
        due: Some(NOW + 80 * SECOND),
        finder: Some(Finder {
            path: "data.site".to_owned(),
            value: site.to_owned(),
        }),
        now: NOW,
    }
}

async fn registered(world: &World<'_>, site: &str) -> InstanceId {
    let mut new = world.new_instance().await;
    new.registration = Some(registration(site));
    world.store.create_instance(new).await.unwrap().id
}

fn call(instance: InstanceId, digest: u8) -> NewInbound {
    NewInbound {
        instance,
        digest: [digest; 32],
        message: vec![digest, 255],
        verified: true,
        now: NOW,
        most_messages: 3,
        most_bytes: 100,
    }
}

async fn lease(world: &World<'_>, now: i64) -> Lease {
    let mut leases = world.store.claim_inboxes(now, 10, now + LEASE).await.unwrap();
    assert_eq!(leases.len(), 1, "{leases:?}");
    leases.remove(0)
}

pub(in crate::store) async fn a_registration_lives_with_its_instance(store: &dyn Store) {
    let world = World::new(store).await;
    let id = registered(&world, "north").await;
    let stored = store.registration(id).await.unwrap().unwrap();
    assert_eq!((stored.data, stored.failures), (vec![0, 255], 0));
    assert_eq!(stored.resources, ["contacts"]);
    assert_eq!(
        store.next_registration_due().await.unwrap(),
        Some(NOW + 80 * SECOND)
    );
    assert_eq!(store.finder_paths("crm", 9).await.unwrap(), ["data.site"]);
    let found = async |value: &str| store.find_registered("crm", "data.site", value, 9).await.unwrap();
    assert_eq!(found("north").await, [id]);
    assert_eq!(found("south").await, []);
    let change = InstanceChange {
        registration: Edit::Set(registration("south")),
        now: NOW + SECOND,
        ..InstanceChange::default()
    };
    store.change_instance(id, change).await.unwrap();
    assert_eq!(found("south").await, [id]);
    let change = InstanceChange {
        registration: Edit::Remove,
        now: NOW + SECOND,
        ..InstanceChange::default()
    };
    store.change_instance(id, change).await.unwrap();
    assert_eq!(store.registration(id).await.unwrap(), None);
    assert_eq!(store.next_registration_due().await.unwrap(), None);
}

pub(in crate::store) async fn registrations_are_prolonged_under_a_lease(store: &dyn Store) {
    let world = World::new(store).await;
    let id = registered(&world, "north").await;
    let claim = async |now| store.claim_registrations(now, 9, now + LEASE).await.unwrap();
    assert_eq!(claim(NOW).await, []);
    let due = NOW + 80 * SECOND;
    let first = claim(due).await.remove(0);
    assert_eq!(claim(due).await, [], "one holder at a time");
    let failed = Renewal::Failed {
        error: "busy".to_owned(),
        due: due + SECOND,
    };
    store
        .settle_registration(first.lease, failed.clone(), due)
        .await
        .unwrap();
    let stored = store.registration(id).await.unwrap().unwrap();
    assert_eq!((stored.failures, stored.error.as_deref()), (1, Some("busy")));
    let second = claim(due + SECOND).await.remove(0);
    let stale = store.settle_registration(first.lease, failed, due).await;
    assert!(matches!(stale, Err(StoreError::StaleLease(_))), "{stale:?}");
    let renewed = Renewal::Renewed {
        data: vec![7],
        expires: None,
        due: None,
    };
    store
        .settle_registration(second.lease, renewed, due)
        .await
        .unwrap();
    let stored = store.registration(id).await.unwrap().unwrap();
    assert_eq!((stored.data, stored.failures, stored.error), (vec![7], 0, None));
    assert_eq!(claim(due + 1000 * SECOND).await, []);
}

pub(in crate::store) async fn calls_are_kept_once_and_up_to_a_limit(store: &dyn Store) {
    let world = World::new(store).await;
    let id = registered(&world, "north").await;
    let keep = async |digest| store.keep_inbound(call(id, digest)).await.unwrap();
    assert_eq!(keep(1).await, Intake::Kept);
    assert_eq!(keep(1).await, Intake::Repeated);
    assert_eq!(keep(2).await, Intake::Kept);
    assert_eq!(keep(3).await, Intake::Kept);
    assert_eq!(keep(4).await, Intake::Full);
    let large = NewInbound {
        message: vec![0; 101],
        most_messages: 9,
        ..call(id, 5)
    };
    assert_eq!(store.keep_inbound(large).await.unwrap(), Intake::Full);
    assert_eq!(store.inbox(id).await.unwrap().waiting, 3);
    assert_eq!(store.inbox(InstanceId(999)).await.unwrap().waiting, 0);
}

pub(in crate::store) async fn a_call_ends_with_what_it_tells(store: &dyn Store) {
    let world = World::new(store).await;
    let id = registered(&world, "north").await;
    store.keep_inbound(call(id, 1)).await.unwrap();
    let held = lease(&world, NOW).await;
    assert_eq!(store.claim_inboxes(NOW, 10, NOW + LEASE).await.unwrap(), []);
    let inbound = store.next_inbound(id, NOW).await.unwrap().unwrap();
    assert_eq!((inbound.message.as_slice(), inbound.attempts), (&[1, 255][..], 0));
    let done = InboundCommit {
        lease: held,
        message: inbound.id,
        fingerprints: vec![ReceivedFingerprint {
            resource: "contacts".to_owned(),
            fingerprint: fingerprint("a", 1),
        }],
        notifications: vec![world.notification(id, &["a"])],
        asked: false,
        now: NOW,
    };
    let stale = Lease {
        epoch: held.epoch + 1,
        ..held
    };
    let refused = store
        .commit_inbound(InboundCommit {
            lease: stale,
            ..done.clone()
        })
        .await;
    assert!(matches!(refused, Err(StoreError::StaleLease(_))), "{refused:?}");
    assert_eq!(world.deliveries().await, []);
    store.commit_inbound(done.clone()).await.unwrap();
    let known = vec![
        ("contacts".to_owned(), identity("a")),
        ("notes".to_owned(), identity("a")),
    ];
    let known = store.received_fingerprints(id, known).await.unwrap();
    assert_eq!(known, done.fingerprints);
    let told = store
        .notifications(world.account, &NotificationFilter::default())
        .await;
    assert_eq!(told.unwrap().len(), 1);
    assert_eq!(world.deliveries().await.len(), 1);
    assert_eq!(store.next_inbound(id, NOW).await.unwrap(), None);
    store.release_inbox(held).await.unwrap();
    assert_eq!(store.next_inbox_due().await.unwrap(), None);
    // It said all that it had to say; one that only announced may announce something new.
    assert_eq!(store.keep_inbound(call(id, 1)).await.unwrap(), Intake::Repeated);
    store.keep_inbound(call(id, 2)).await.unwrap();
    let held = lease(&world, NOW).await;
    let inbound = store.next_inbound(id, NOW).await.unwrap().unwrap();
    // While it is under way, too.
    assert_eq!(store.keep_inbound(call(id, 2)).await.unwrap(), Intake::Kept);
    let asked = InboundCommit {
        lease: held,
        message: inbound.id,
        fingerprints: Vec::new(),
        notifications: Vec::new(),
        asked: true,
        now: NOW,
    };
    store.commit_inbound(asked).await.unwrap();
    assert_eq!(store.inbox(id).await.unwrap().waiting, 1);
}

pub(in crate::store) async fn a_call_that_failed_blocks_nobody(store: &dyn Store) {
    let world = World::new(store).await;
    let id = registered(&world, "north").await;
    store.keep_inbound(call(id, 1)).await.unwrap();
    store.keep_inbound(call(id, 2)).await.unwrap();
    let held = lease(&world, NOW).await;
    let first = store.next_inbound(id, NOW).await.unwrap().unwrap();
    let failure = |next_attempt| InboundFailure {
        lease: held,
        message: first.id,
        counts: true,
        error: "busy".to_owned(),
        next_attempt,
        now: NOW,
    };
    store.fail_inbound(failure(Some(NOW + SECOND))).await.unwrap();
    let second = store.next_inbound(id, NOW).await.unwrap().unwrap();
    assert_eq!(second.message, [2, 255]);
    let again = store.next_inbound(id, NOW + SECOND).await.unwrap().unwrap();
    assert_eq!((again.id, again.attempts), (first.id, 1));
    store.fail_inbound(failure(None)).await.unwrap();
    let state = store.inbox(id).await.unwrap();
    assert_eq!((state.waiting, state.failed), (1, 1));
    assert_eq!(state.troubled[0].error, "busy");
    assert_eq!(store.retry_inbox(id, NOW).await.unwrap(), 2);
    assert_eq!(store.inbox(id).await.unwrap().waiting, 2);
    // A process that died gives its lease back.
    store.recover().await.unwrap();
    let renewed = store.renew_inbox(held, NOW + LEASE).await;
    assert!(matches!(renewed, Err(StoreError::StaleLease(_))), "{renewed:?}");
    let held = lease(&world, NOW).await;
    let last = store.next_inbound(id, NOW).await.unwrap().unwrap();
    let given_up = InboundFailure {
        lease: held,
        message: last.id,
        ..failure(None)
    };
    store.fail_inbound(given_up).await.unwrap();
    store.prune(NOW + SECOND).await.unwrap();
    assert_eq!(store.inbox(id).await.unwrap().failed, 0);
    store.delete_instance(id).await.unwrap();
    assert_eq!(store.next_inbox_due().await.unwrap(), None);
}
