//! Pollers that are set back.

use super::world::{INTERVAL, LEASE, NOW, SECOND, World, fingerprint, identity};
use crate::store::{PollerId, Store, StoreError};

pub(in crate::store) async fn a_rewound_poller_forgets_what_changed_since(store: &dyn Store) {
    let world = World::new(store).await;
    let id = world.instance().await;
    let poller = world.poller(id).await;
    let lease = world.lease(id).await;
    let mut page = world.page(lease, vec![]).await;
    // Changed 1 and 5 ms after now.
    page.fingerprints = vec![fingerprint("a", 1), fingerprint("b", 5)];
    store.commit_page(page.clone()).await.unwrap();
    let later = NOW + 5 * SECOND;
    store.rewind_poller(poller.id, NOW + 5, later).await.unwrap();
    let known = store
        .fingerprints(poller.id, vec![identity("a"), identity("b")])
        .await
        .unwrap();
    assert_eq!(known, [fingerprint("a", 1)]);
    let rewound = world.poller(id).await;
    assert_eq!(
        (rewound.cursor, rewound.start, rewound.checkpoint),
        (NOW + 5, poller.start, None)
    );
    store
        .rewind_poller(poller.id, NOW - INTERVAL, later)
        .await
        .unwrap();
    let rewound = world.poller(id).await;
    assert_eq!((rewound.cursor, rewound.start), (NOW - INTERVAL, NOW - INTERVAL));
    // A poll that was in progress does not undo it, and the next one need not wait.
    let stale = store.commit_page(page).await;
    assert!(matches!(stale, Err(StoreError::StaleLease(_))));
    let claimed = store.claim_instances(later, 9, later + LEASE).await.unwrap();
    assert_eq!(claimed.len(), 1);
}

pub(in crate::store) async fn a_missing_poller_is_told(store: &dyn Store) {
    World::new(store).await;
    let missing = store.rewind_poller(PollerId(7), NOW, NOW).await;
    assert!(matches!(missing, Err(StoreError::Missing("poller"))));
}
