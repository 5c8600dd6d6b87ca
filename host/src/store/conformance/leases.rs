//! Who polls what.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::world::{INTERVAL, LEASE, NOW, SECOND, World, polling};
use crate::{
    clock::Millis,
    store::{
        Edit, InstanceChange, InstanceId, InstanceState, Lease, PollerId, PollerSwitch, Store, StoreError,
    },
};

async fn due_at(world: &World<'_>, next_run: Millis) -> InstanceId {
    let mut new = world.new_instance().await;
    new.polling.as_mut().unwrap().next_run = next_run;
    world.store.create_instance(new).await.unwrap().id
}

fn instances(leases: &[Lease]) -> Vec<InstanceId> {
    leases.iter().map(|lease| lease.instance).collect()
}

pub(in crate::store) async fn due_instances_are_claimed_longest_waiting_first(store: &dyn Store) {
    let world = World::new(store).await;
    let second = due_at(&world, NOW - SECOND).await;
    let future = due_at(&world, NOW + SECOND).await;
    let first = due_at(&world, NOW - 2 * SECOND).await;
    let third = due_at(&world, NOW).await;
    assert_eq!(store.next_poll_due().await.unwrap(), Some(NOW - 2 * SECOND));
    let leases = store.claim_instances(NOW, 10, NOW + LEASE).await.unwrap();
    assert_eq!(instances(&leases), [first, second, third]);
    assert_eq!(store.next_poll_due().await.unwrap(), Some(NOW + SECOND));
    let leases = store
        .claim_instances(NOW + SECOND, 10, NOW + LEASE)
        .await
        .unwrap();
    assert_eq!(instances(&leases), [future]);
    // Then only leases are left to wait for.
    assert_eq!(store.next_poll_due().await.unwrap(), Some(NOW + LEASE));
}

pub(in crate::store) async fn claims_keep_to_their_limit(store: &dyn Store) {
    let world = World::new(store).await;
    let mut all = Vec::new();
    for wait in (0..5).rev() {
        all.push(due_at(&world, NOW - wait * SECOND).await);
    }
    let mut claimed = Vec::new();
    for (limit, expected) in [(0, 0), (2, 2), (2, 2), (2, 1), (2, 0)] {
        let leases = store.claim_instances(NOW, limit, NOW + LEASE).await.unwrap();
        assert_eq!(leases.len(), expected);
        claimed.extend(instances(&leases));
    }
    assert_eq!(claimed, all);
}

pub(in crate::store) async fn nobody_else_gets_a_held_lease(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = store.claim_instance(id, NOW, NOW + LEASE).await.unwrap();
    assert!(lease.is_some());
    assert_eq!(
        store
            .claim_instance(id, NOW + LEASE - 1, NOW + 2 * LEASE)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store
            .claim_instances(NOW + LEASE - 1, 10, NOW + 2 * LEASE)
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        store.claim_instance(InstanceId(-1), NOW, NOW).await.unwrap(),
        None
    );
}

pub(in crate::store) async fn epochs_rise_with_each_claim(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let mut last = None;
    for _ in 0..3 {
        let lease = world.lease(id).await;
        assert!(last < Some(lease.epoch), "{last:?} {lease:?}");
        last = Some(lease.epoch);
        store.release_instance(lease, NOW, 0).await.unwrap();
        let lease = store.claim_instances(NOW, 1, NOW + LEASE).await.unwrap()[0];
        assert!(last < Some(lease.epoch), "{last:?} {lease:?}");
        last = Some(lease.epoch);
        store.release_instance(lease, NOW, 0).await.unwrap();
    }
}

pub(in crate::store) async fn an_ended_lease_is_anybodys(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let first = world.lease(id).await;
    let after = NOW + LEASE;
    let second = store.claim_instances(after, 1, after + LEASE).await.unwrap();
    assert_eq!(instances(&second), [id]);
    assert!(second[0].epoch > first.epoch);
    let third = store
        .claim_instance(id, after + LEASE, after + 2 * LEASE)
        .await
        .unwrap();
    assert!(third.is_some());
}

pub(in crate::store) async fn a_renewed_lease_lasts(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    store.renew_lease(lease, NOW + 3 * LEASE).await.unwrap();
    assert_eq!(
        store
            .claim_instances(NOW + 2 * LEASE, 1, NOW + 4 * LEASE)
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.next_poll_due().await.unwrap(), Some(NOW + 3 * LEASE));
    // Ended, but nobody has taken it.
    store.renew_lease(lease, NOW + 5 * LEASE).await.unwrap();
    let page = world.page(lease, vec![]).await;
    store.commit_page(page).await.unwrap();
}

pub(in crate::store) async fn stale_leases_can_do_nothing(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let stale = world.lease(id).await;
    let fresh = store
        .claim_instance(id, NOW + LEASE, NOW + 2 * LEASE)
        .await
        .unwrap()
        .unwrap();
    assert!(
        matches!(store.renew_lease(stale, NOW + 9 * LEASE).await, Err(StoreError::StaleLease(lease)) if lease == stale)
    );
    assert!(matches!(
        store.release_instance(stale, NOW, 0).await,
        Err(StoreError::StaleLease(_))
    ));
    store.release_instance(fresh, NOW + INTERVAL, 0).await.unwrap();
    // A lease that was given back is as stale.
    assert!(matches!(
        store.renew_lease(fresh, NOW + 9 * LEASE).await,
        Err(StoreError::StaleLease(_))
    ));
    assert!(matches!(
        store.release_instance(fresh, NOW, 0).await,
        Err(StoreError::StaleLease(_))
    ));
    let page = world.page(fresh, vec![]).await;
    assert!(matches!(
        store.commit_page(page).await,
        Err(StoreError::StaleLease(_))
    ));
    assert_eq!(
        store.schedule(id).await.unwrap().unwrap().next_run,
        NOW + INTERVAL
    );
}

pub(in crate::store) async fn a_lease_of_a_removed_schedule_never_fits_again(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let old = world.lease(id).await;
    let change = |polling| InstanceChange {
        polling,
        now: NOW,
        ..InstanceChange::default()
    };
    store.change_instance(id, change(Edit::Remove)).await.unwrap();
    store
        .change_instance(id, change(Edit::Set(polling(&["contacts"]))))
        .await
        .unwrap();
    let new = world.lease(id).await;
    assert!(new.epoch > old.epoch);
    assert!(matches!(
        store.renew_lease(old, NOW + LEASE).await,
        Err(StoreError::StaleLease(_))
    ));
}

pub(in crate::store) async fn a_release_says_when_it_is_due_again(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    store.release_instance(lease, NOW + INTERVAL, 4).await.unwrap();
    let schedule = store.schedule(id).await.unwrap().unwrap();
    assert_eq!(
        (
            schedule.instance,
            schedule.interval,
            schedule.next_run,
            schedule.failures
        ),
        (id, INTERVAL, NOW + INTERVAL, 4)
    );
    assert_eq!(store.next_poll_due().await.unwrap(), Some(NOW + INTERVAL));
    assert_eq!(
        store
            .claim_instances(NOW + INTERVAL - 1, 1, NOW + INTERVAL)
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        store
            .claim_instances(NOW + INTERVAL, 1, NOW + 2 * INTERVAL)
            .await
            .unwrap()
            .len(),
        1
    );
}

pub(in crate::store) async fn instances_that_cannot_work_are_not_claimed(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let disabled = |disabled| InstanceChange {
        disabled: Some(disabled),
        now: NOW,
        ..InstanceChange::default()
    };
    let state = |state| InstanceChange {
        state: Some((state, None)),
        now: NOW,
        ..InstanceChange::default()
    };
    let cases = [
        (disabled(true), false),
        (state(InstanceState::NeedsAuthentication), false),
        (disabled(false), false),
        (state(InstanceState::Connected), true),
        (disabled(true), false),
        (disabled(false), true),
    ];
    for (change, works) in cases {
        store.change_instance(id, change).await.unwrap();
        assert_eq!(store.next_poll_due().await.unwrap().is_some(), works);
        let due = store.claim_instances(NOW, 1, NOW + LEASE).await.unwrap();
        assert_eq!(due.len(), usize::from(works));
        for lease in due {
            store.release_instance(lease, NOW, 0).await.unwrap();
        }
        let asked = store.claim_instance(id, NOW, NOW + LEASE).await.unwrap();
        assert_eq!(asked.is_some(), works);
        if let Some(lease) = asked {
            store.release_instance(lease, NOW, 0).await.unwrap();
        }
    }
    // Switched off during a poll: the poll ends well, and there is no next one.
    let lease = world.lease(id).await;
    store.change_instance(id, disabled(true)).await.unwrap();
    let page = world.page(lease, vec![]).await;
    store.commit_page(page).await.unwrap();
    store.renew_lease(lease, NOW + LEASE).await.unwrap();
    store.release_instance(lease, NOW, 0).await.unwrap();
    assert_eq!(
        store
            .claim_instances(NOW + 9 * LEASE, 1, NOW + 10 * LEASE)
            .await
            .unwrap(),
        []
    );
}

pub(in crate::store) async fn paused_pollers_need_no_claim(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let pollers = store.pollers(id).await.unwrap();
    store
        .switch_poller(pollers[0].id, PollerSwitch::Paused)
        .await
        .unwrap();
    assert_eq!(store.next_poll_due().await.unwrap(), Some(NOW));
    store
        .switch_poller(pollers[1].id, PollerSwitch::Paused)
        .await
        .unwrap();
    assert!(
        store
            .pollers(id)
            .await
            .unwrap()
            .iter()
            .all(|poller| poller.paused)
    );
    assert_eq!(store.next_poll_due().await.unwrap(), None);
    assert_eq!(store.claim_instances(NOW, 1, NOW + LEASE).await.unwrap(), []);
    store
        .switch_poller(pollers[0].id, PollerSwitch::On)
        .await
        .unwrap();
    assert_eq!(store.claim_instances(NOW, 1, NOW + LEASE).await.unwrap().len(), 1);
    let missing = store.switch_poller(PollerId(-1), PollerSwitch::On).await;
    assert!(matches!(missing, Err(StoreError::Missing("poller"))));
}

pub(in crate::store) async fn concurrent_claims_never_share(store: &dyn Store) {
    let world = World::new(store).await;
    for _ in 0..40 {
        world.instance().await;
    }
    let claimer = async || {
        let mut own = Vec::new();
        loop {
            let leases = store.claim_instances(NOW, 3, NOW + LEASE).await.unwrap();
            if leases.is_empty() {
                return own;
            }
            own.extend(instances(&leases));
        }
    };
    let claimed: Vec<_> = join_all((0..8).map(|_| claimer()))
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(claimed.len(), 40);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>().len(), 40);
}
