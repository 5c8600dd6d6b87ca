//! The records of polls.

use super::world::{NOW, SECOND, World, complete, tenant};
use crate::store::{
    Edit, InstanceChange, InstanceId, Lease, NewTenant, PollCommit, PollEvents, PollFilter, PollId,
    PollOutcome, PollRecord, PollRequest, PollResult, PollTape, PollTrigger, PollerId, Role, Store,
    TapeExtent,
};

const EXTENT: TapeExtent = TapeExtent {
    bytes: 7000,
    whole: false,
};

/// A poll that told events and has a tape.
fn told(world: &World<'_>, lease: Lease, poller: PollerId) -> PollCommit {
    let request = PollRequest {
        method: "GET".to_owned(),
        url: "https://example.com/'\"ü".to_owned(),
        status: Some(200),
        error: None,
        bytes: 12,
        digest: Some("ab".to_owned()),
        milliseconds: 5,
    };
    let unanswered = PollRequest {
        status: None,
        error: Some("no answer".to_owned()),
        digest: None,
        ..request.clone()
    };
    PollCommit {
        trigger: PollTrigger::Manual,
        asked: vec![request, unanswered],
        events: PollEvents {
            all: 4,
            created: 1,
            updated: 2,
            deleted: 1,
        },
        tape: Some(PollTape {
            sealed: b"sealed".to_vec(),
            extent: EXTENT,
        }),
        ..world.poll(lease, poller, complete())
    }
}

fn failed() -> PollOutcome {
    PollOutcome::Failed {
        error: "no answer".to_owned(),
        retry: None,
    }
}

fn ids(polls: &[PollRecord]) -> Vec<PollId> {
    polls.iter().map(|poll| poll.id).collect()
}

pub(in crate::store) async fn a_record_reads_as_it_was_made(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let (lease, poller) = (world.lease(id).await, world.poller(id).await);
    let commit = told(&world, lease, poller.id);
    store.commit_poll(commit.clone()).await.unwrap();
    let expected = PollRecord {
        id: commit.id,
        poller: poller.id,
        instance: id,
        element: "crm".to_owned(),
        resource: poller.resource,
        trigger: PollTrigger::Manual,
        result: PollResult::Told,
        started: NOW,
        finished: NOW + SECOND,
        since: commit.since,
        until: commit.until,
        requests: 2,
        asked: commit.asked,
        records: 3,
        events: commit.events,
        cursor: Some(NOW),
        adapter: "digest".to_owned(),
        error: None,
        tape: Some(EXTENT),
    };
    assert_eq!(world.polls(id).await, [expected]);
    let tape = store.poll_tape(world.account, commit.id).await.unwrap();
    assert_eq!(tape.as_deref(), Some(&b"sealed"[..]));
    assert_eq!(store.poll_tape(world.account, PollId(-1)).await.unwrap(), None);

    let without = world.poll(lease, poller.id, failed());
    store.commit_poll(without.clone()).await.unwrap();
    assert_eq!(store.poll_tape(world.account, without.id).await.unwrap(), None);
    let last = &world.polls(id).await[0];
    assert_eq!(
        (last.result, last.tape, last.cursor),
        (PollResult::Failed, None, None)
    );
    assert_eq!(last.error.as_deref(), Some("no answer"));
}

pub(in crate::store) async fn they_are_filtered_and_paged(store: &dyn Store) {
    let world = World::new(store).await;
    let (id, other) = (world.instance().await, world.instance().await);
    let lease = world.lease(id).await;
    let pollers = store.pollers(id).await.unwrap();
    let mut all = Vec::new();
    for (poller, outcome) in [(0, complete()), (1, failed()), (0, failed()), (1, complete())] {
        let poll = world.poll(lease, pollers[poller].id, outcome);
        all.insert(0, poll.id);
        store.commit_poll(poll).await.unwrap();
    }
    let found = async |filter: PollFilter| ids(&store.polls(world.account, &filter).await.unwrap());
    let of = |instance: InstanceId| PollFilter {
        instance: Some(instance),
        ..PollFilter::default()
    };
    assert_eq!(found(of(id)).await, all);
    assert_eq!(found(of(other)).await, []);
    let page = |before, limit| PollFilter {
        before,
        limit: Some(limit),
        ..of(id)
    };
    assert_eq!(found(page(None, 3)).await, all[..3]);
    assert_eq!(found(page(Some(all[2]), 3)).await, all[3..]);
    let resource = PollFilter {
        resource: Some("notes".to_owned()),
        ..of(id)
    };
    assert_eq!(found(resource.clone()).await, [all[0], all[2]]);
    let failed = PollFilter {
        result: Some(PollResult::Failed),
        ..resource
    };
    assert_eq!(found(failed).await, [all[2]]);
    let one = |instance| PollFilter {
        id: Some(all[1]),
        ..of(instance)
    };
    assert_eq!(found(one(id)).await, [all[1]]);
    assert_eq!(found(one(other)).await, []);
}

pub(in crate::store) async fn the_newest_of_each_result_are_kept(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let pollers = store.pollers(id).await.unwrap();
    let (poller, beside) = (pollers[0].id, pollers[1].id);
    let keep = async |poll: PollCommit, keep: usize| {
        let number = poll.id;
        store.commit_poll(PollCommit { keep, ..poll }).await.unwrap();
        number
    };
    let mut expected = Vec::new();
    expected.push(keep(world.poll(lease, beside, complete()), 2).await);
    expected.push(keep(told(&world, lease, poller), 2).await);
    expected.push(keep(world.poll(lease, poller, failed()), 2).await);
    for number in 0..100 {
        let poll = keep(world.poll(lease, poller, complete()), 2).await;
        if number >= 98 {
            expected.push(poll);
        }
    }
    expected.reverse();
    assert_eq!(
        ids(&world.polls(id).await),
        expected,
        "idle polls push out idle ones only"
    );

    // None is kept any more: what there was goes as well, and the poller goes on.
    let good = world.poll(
        lease,
        poller,
        PollOutcome::Complete {
            cursor: NOW + 5,
            prune: None,
        },
    );
    keep(good, 0).await;
    let left = world.polls(id).await;
    assert!(
        left.iter()
            .all(|poll| poll.result != PollResult::Idle || poll.poller == beside)
    );
    assert_eq!(left.len(), 3);
    assert_eq!(world.poller(id).await.cursor, NOW + 5);
}

pub(in crate::store) async fn accounts_see_their_own_polls(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let lease = world.lease(id).await;
    let poll = told(&world, lease, world.poller(id).await.id);
    store.commit_poll(poll.clone()).await.unwrap();
    let tenant = NewTenant {
        organization_secret: [8; 32],
        user_secret: [9; 32],
        ..tenant()
    };
    let stranger = store.create_tenant(tenant, Role::Administrator).await.unwrap();
    let filter = PollFilter {
        id: Some(poll.id),
        ..PollFilter::default()
    };
    assert_eq!(store.polls(world.account, &filter).await.unwrap().len(), 1);
    for filter in [filter, PollFilter::default()] {
        assert_eq!(store.polls(stranger.account, &filter).await.unwrap(), []);
    }
    assert_eq!(store.poll_tape(stranger.account, poll.id).await.unwrap(), None);
}

pub(in crate::store) async fn they_go_with_their_instance(store: &dyn Store) {
    let world = World::new(store).await;
    let (gone, silent, stays) = (
        world.instance().await,
        world.instance().await,
        world.instance().await,
    );
    for id in [gone, silent, stays] {
        let lease = world.lease(id).await;
        let poll = told(&world, lease, world.poller(id).await.id);
        store.commit_poll(poll).await.unwrap();
    }
    store.delete_instance(gone).await.unwrap();
    let change = InstanceChange {
        polling: Edit::Remove,
        now: NOW,
        ..InstanceChange::default()
    };
    store.change_instance(silent, change).await.unwrap();
    let left = store.polls(world.account, &PollFilter::default()).await.unwrap();
    assert_eq!(left.iter().map(|poll| poll.instance).collect::<Vec<_>>(), [stays]);
}
