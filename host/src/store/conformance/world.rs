//! A tenant with instances, and the short way to what cases do with them.

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use indexmap::IndexMap;

use crate::{
    clock::Millis,
    store::{
        AccountId, Callback, ClaimedDelivery, Delivery, DeliveryClaim, DeliveryFilter, DeliveryId,
        DeliveryStatus, EventKind, ExternalAuthentication, Fingerprint, IdentityHash, InstanceId, Lease,
        NewEvent, NewInstance, NewNotification, NewPoller, NewTenant, NotificationId, PageCommit, PollCommit,
        PollEvents, PollFilter, PollId, PollOutcome, PollRecord, PollTrigger, Poller, PollerId, Polling,
        SealedSecret, Settlement, Store, Subscription, SubscriptionFilter, SubscriptionId, UserId, Verdict,
    },
};

/// When cases happen.
pub(super) const NOW: Millis = 1_700_000_000_000;
/// A second.
pub(super) const SECOND: Millis = 1_000;
/// The interval of all instances.
pub(super) const INTERVAL: Millis = 60 * SECOND;
/// How long leases last.
pub(super) const LEASE: Millis = 30 * SECOND;

/// A store with a tenant in it.
pub(super) struct World<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) account: AccountId,
    pub(super) user: UserId,
    next: AtomicI64,
}

impl<'a> World<'a> {
    pub(super) async fn new(store: &'a dyn Store) -> Self {
        store.bootstrap(tenant()).await.unwrap();
        let user = store.user(&[2; 32], &[1; 32]).await.unwrap().unwrap();
        Self {
            store,
            account: user.account,
            user: user.id,
            next: AtomicI64::new(1),
        }
    }

    /// A number that nothing else has.
    pub(super) fn number(&self) -> i64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// What an instance with pollers of contacts and notes and with a callback is made of.
    pub(super) async fn new_instance(&self) -> NewInstance {
        let id = self.store.reserve_instance().await.unwrap();
        NewInstance {
            id,
            account: self.account,
            user: self.user,
            element: "crm".to_owned(),
            external: ExternalAuthentication::Initial,
            name: format!("instance {id}"),
            tags: vec!["one".to_owned(), "two".to_owned()],
            configuration: map(&[("region", "eu"), ("alias", "a")]),
            derived: map(&[("base", "https://example.com")]),
            token: token(id),
            secrets: vec![secret("oauth.user.token", b"sealed")],
            polling: Some(polling(&["contacts", "notes"])),
            callback: Some(callback(id, "https://example.org/hook")),
            registration: None,
            created: NOW,
        }
    }

    pub(super) async fn instance(&self) -> InstanceId {
        let new = self.new_instance().await;
        self.store.create_instance(new).await.unwrap().id
    }

    pub(super) async fn lease(&self, id: InstanceId) -> Lease {
        self.store
            .claim_instance(id, NOW, NOW + LEASE)
            .await
            .unwrap()
            .unwrap()
    }

    /// The instance's first poller.
    pub(super) async fn poller(&self, id: InstanceId) -> Poller {
        self.store.pollers(id).await.unwrap().remove(0)
    }

    pub(super) fn notification(&self, instance: InstanceId, objects: &[&str]) -> NewNotification {
        let number = self.number();
        NewNotification {
            id: NotificationId(number),
            event_id: format!("event-{number}"),
            topic: topic(instance),
            resource: "contacts".to_owned(),
            kind: EventKind::Updated,
            created: NOW,
            events: objects.iter().map(|object| event(object)).collect(),
            body: Bytes::from(format!("{{\"number\":{number}}}")),
        }
    }

    pub(super) async fn page(&self, lease: Lease, notifications: Vec<NewNotification>) -> PageCommit {
        PageCommit {
            lease,
            poller: self.poller(lease.instance).await.id,
            fingerprints: vec![fingerprint("a", 1)],
            notifications,
            checkpoint: None,
            records: 3,
            now: NOW,
        }
    }

    /// A poll that read three records and ended so.
    pub(super) fn poll(&self, lease: Lease, poller: PollerId, outcome: PollOutcome) -> PollCommit {
        PollCommit {
            id: PollId(self.number()),
            lease,
            poller,
            trigger: PollTrigger::Schedule,
            started: NOW,
            finished: NOW + SECOND,
            since: NOW - INTERVAL,
            until: NOW - SECOND,
            requests: 2,
            asked: Vec::new(),
            records: 3,
            events: PollEvents::default(),
            adapter: "digest".to_owned(),
            outcome,
            tape: None,
            keep: 100,
        }
    }

    /// The polls of an instance, newest first.
    pub(super) async fn polls(&self, instance: InstanceId) -> Vec<PollRecord> {
        let filter = PollFilter {
            instance: Some(instance),
            ..PollFilter::default()
        };
        self.store.polls(self.account, &filter).await.unwrap()
    }

    /// Store one notification for each list of objects, and say the ids of their deliveries.
    pub(super) async fn notify(&self, instance: InstanceId, objects: &[&[&str]]) -> Vec<DeliveryId> {
        let notifications: Vec<_> = objects
            .iter()
            .map(|objects| self.notification(instance, objects))
            .collect();
        let ids: Vec<_> = notifications.iter().map(|notification| notification.id).collect();
        let lease = self.lease(instance).await;
        let page = self.page(lease, notifications).await;
        self.store.commit_page(page).await.unwrap();
        self.store
            .release_instance(lease, NOW + INTERVAL, 0)
            .await
            .unwrap();
        let mut deliveries: Vec<_> = self
            .deliveries()
            .await
            .into_iter()
            .filter(|delivery| ids.contains(&delivery.notification))
            .collect();
        deliveries.sort_by_key(|delivery| ids.iter().position(|id| *id == delivery.notification));
        deliveries.into_iter().map(|delivery| delivery.id).collect()
    }

    pub(super) async fn claim_at(&self, now: Millis, limit: usize, cap: usize) -> Vec<ClaimedDelivery> {
        let claim = DeliveryClaim {
            now,
            lease_ends: now + LEASE,
            limit,
            per_subscription: cap,
        };
        self.store.claim_deliveries(claim).await.unwrap()
    }

    /// Claim whatever can be.
    pub(super) async fn claim(&self, now: Millis) -> Vec<ClaimedDelivery> {
        self.claim_at(now, 1000, 1000).await
    }

    pub(super) async fn settle(&self, claimed: &ClaimedDelivery, verdict: Verdict) {
        self.store
            .settle_deliveries(vec![settlement(claimed, verdict)])
            .await
            .unwrap();
    }

    /// All deliveries, newest first.
    pub(super) async fn deliveries(&self) -> Vec<Delivery> {
        let filter = DeliveryFilter {
            limit: Some(100_000),
            ..DeliveryFilter::default()
        };
        self.store.deliveries(self.account, &filter).await.unwrap()
    }

    pub(super) async fn delivery(&self, id: DeliveryId) -> Delivery {
        self.deliveries()
            .await
            .into_iter()
            .find(|delivery| delivery.id == id)
            .unwrap()
    }

    pub(super) async fn status(&self, id: DeliveryId) -> DeliveryStatus {
        self.delivery(id).await.status
    }

    /// The only subscription of an instance.
    pub(super) async fn subscription(&self, instance: InstanceId) -> Subscription {
        let mut subscriptions = self
            .store
            .subscriptions(self.account, &of(instance))
            .await
            .unwrap();
        assert_eq!(subscriptions.len(), 1, "{subscriptions:?}");
        subscriptions.remove(0)
    }

    pub(super) async fn resume(&self, id: SubscriptionId, now: Millis) -> usize {
        self.store
            .resume_subscription(self.account, id, now)
            .await
            .unwrap()
    }
}

/// A good end.
pub(super) fn complete() -> PollOutcome {
    PollOutcome::Complete {
        cursor: NOW,
        prune: None,
    }
}

/// The subscription of an instance's configuration.
pub(super) fn of(instance: InstanceId) -> SubscriptionFilter {
    SubscriptionFilter {
        instance: Some(instance),
        ..SubscriptionFilter::default()
    }
}

pub(super) fn tenant() -> NewTenant {
    NewTenant {
        organization: "Example".to_owned(),
        organization_secret: [1; 32],
        email: "owner@example.com".to_owned(),
        first_name: "Given".to_owned(),
        last_name: "Family".to_owned(),
        user_secret: [2; 32],
        created: NOW,
    }
}

pub(super) fn token(id: InstanceId) -> [u8; 32] {
    let mut token = [7; 32];
    token[..8].copy_from_slice(&id.0.to_le_bytes());
    token
}

pub(super) fn map(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

pub(super) fn secret(name: &str, sealed: &[u8]) -> SealedSecret {
    SealedSecret {
        name: name.to_owned(),
        sealed: sealed.to_owned(),
        expires: Some(NOW + INTERVAL),
    }
}

pub(super) fn polling(resources: &[&str]) -> Polling {
    let poller = |resource: &&str| NewPoller {
        resource: (*resource).to_owned(),
        configuration: "{}".to_owned(),
        start: NOW - SECOND,
    };
    Polling {
        interval: INTERVAL,
        next_run: NOW,
        pollers: resources.iter().map(poller).collect(),
    }
}

pub(super) fn topic(instance: InstanceId) -> String {
    format!("instance-{instance}-crm-events")
}

pub(super) fn callback(instance: InstanceId, url: &str) -> Callback {
    Callback {
        topic: topic(instance),
        url: url.to_owned(),
    }
}

/// An object's identity.
pub(super) fn identity(object: &str) -> IdentityHash {
    let mut identity = [0; 16];
    for (byte, source) in identity.iter_mut().zip(object.bytes()) {
        *byte = source;
    }
    identity
}

pub(super) fn event(object: &str) -> NewEvent {
    NewEvent {
        object_id: object.to_owned(),
        identity: identity(object),
        date: Some(NOW),
    }
}

pub(super) fn fingerprint(object: &str, version: u8) -> Fingerprint {
    Fingerprint {
        identity: identity(object),
        updated: Some(NOW + Millis::from(version)),
        content: [version; 16],
    }
}

pub(super) fn settlement(claimed: &ClaimedDelivery, verdict: Verdict) -> Settlement {
    let (status, error) = match &verdict {
        Verdict::Delivered => (Some(200), None),
        Verdict::Retry { .. } | Verdict::Queue => (Some(503), Some("busy".to_owned())),
        Verdict::Deactivate { .. } => (None, Some("no answer".to_owned())),
    };
    Settlement {
        delivery: claimed.id,
        epoch: claimed.epoch,
        verdict,
        started: NOW,
        finished: NOW + SECOND,
        status,
        error,
    }
}

pub(super) fn deactivate() -> Verdict {
    Verdict::Deactivate {
        reason: "gone".to_owned(),
    }
}

pub(super) fn ids(claimed: &[ClaimedDelivery]) -> Vec<DeliveryId> {
    claimed.iter().map(|delivery| delivery.id).collect()
}
