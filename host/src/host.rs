//! What the parts of a running host share.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use tokio::sync::{Notify, watch};

use crate::{
    adapter::Catalog,
    clock::{Clock, Millis},
    egress::{Budgets, Egress},
    ids::Sequence,
    inbound::Expected,
    session::Verifiers,
    store::{InstanceId, Store},
    transform,
    vault::Vault,
};

/// The running host: everything that API, pollers and delivery work with.
#[derive(Debug)]
pub struct Host {
    /// What outlives the process.
    pub store: Arc<dyn Store>,
    /// Seals and opens secrets.
    pub vault: Vault,
    /// The elements in service.
    pub adapters: Arc<Catalog>,
    /// Every outbound request.
    pub egress: Egress,
    /// The providers' rate limits, one budget an account.
    pub budgets: Budgets,
    /// The time.
    pub clock: Clock,
    /// Numbers for notifications.
    pub sequence: Sequence,
    /// What operators preset for elements, by element and key.
    pub element_defaults: ElementDefaults,
    /// The URL patterns that operators allow of what elements declare, by element, where they narrow it.
    pub element_egress: std::collections::BTreeMap<String, Vec<String>>,
    /// PKCE verifiers whose codes are on their way.
    pub verifiers: Verifiers,
    /// The address at which providers and browsers reach this host, where the operator says it.
    pub public_url: Option<String>,
    /// Instances that are being registered at their providers.
    pub expected: Expected,
    /// A provider called.
    pub inbound_due: Notify,
    /// Somebody registered an instance.
    pub registrations_due: Notify,
    /// Somebody changed a schedule.
    pub polls_due: Notify,
    /// Somebody stored a delivery.
    pub deliveries_due: Arc<Notify>,
    /// Somebody asked for an export.
    pub bulk_due: Notify,
    /// Changes whenever notifications were stored; those who wait for events watch it.
    pub events_stored: watch::Sender<()>,
    /// The common objects of instances.
    pub objects: transform::Cache,
    /// What is known of each instance beside the store.
    pub(crate) live: LiveInstances,
}

/// Configuration that operators preset, by element and key.
pub type ElementDefaults = std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>;

/// What is known of instances only while the process runs.
#[derive(Debug, Default)]
pub(crate) struct LiveInstances(Mutex<HashMap<InstanceId, Arc<Live>>>);

/// What is known of one instance.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Held while its tokens are refreshed, so that one task does it for all.
    pub(crate) refresh: tokio::sync::Mutex<()>,
    /// Held while it is changed: each change begins with what the one before has left, so that none is lost.
    pub(crate) editing: tokio::sync::Mutex<()>,
    /// The provider's clock minus ours, as last measured.
    pub(crate) skew: AtomicI64,
    /// When the registration was made of which was told that its calls are not verified.
    unverified: AtomicI64,
    /// Counts the beginnings and the ends of changes of its configuration.
    changes: AtomicU64,
}

/// A change of an instance's configuration, while it is stored.
pub(crate) struct Changing(Arc<Live>);

impl LiveInstances {
    /// What is known of this instance.
    pub(crate) fn get(&self, instance: InstanceId) -> Arc<Live> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(map.entry(instance).or_default())
    }

    /// Forget an instance that was deleted.
    pub(crate) fn forget(&self, instance: InstanceId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&instance);
    }
}

impl Live {
    /// A change begins; it ends when what is returned is dropped.
    pub(crate) fn change(self: Arc<Self>) -> Changing {
        self.changes.fetch_add(1, Ordering::SeqCst);
        Changing(self)
    }

    /// The number of changes so far; none while one is stored. What was read between two equal answers belongs
    /// together.
    pub(crate) fn changes(&self) -> Option<u64> {
        let changes = self.changes.load(Ordering::SeqCst);
        changes.is_multiple_of(2).then_some(changes / 2)
    }

    /// Whether it is the first call of the registration made then that is not verified.
    pub(crate) fn first_unverified(&self, registered: Millis) -> bool {
        self.unverified.swap(registered, Ordering::Relaxed) != registered
    }

    /// The provider's clock minus ours.
    pub(crate) fn skew(&self) -> Millis {
        self.skew.load(Ordering::Relaxed)
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        self.0.changes.fetch_add(1, Ordering::SeqCst);
    }
}
