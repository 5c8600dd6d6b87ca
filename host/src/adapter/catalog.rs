//! What is served: elements by key, and the files that are not served with the reason.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;

use super::{Adapter, Cache, CallError, Host, Limits, Rejection, Tap};
use crate::clock::{Clock, Millis};

/// The adapters in service. Whoever has looked one up keeps it to the end of his work, whatever is dropped in or
/// removed meanwhile.
#[derive(Debug)]
pub struct Catalog {
    pub(super) host: Host,
    served: ArcSwap<Served>,
    clock: Clock,
}

/// A file that is not served.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Its name.
    pub file: String,
    /// Why, with the way out.
    pub reason: String,
    /// Since when.
    pub since: Millis,
    /// Whether another file serves its element.
    duplicate: bool,
}

#[derive(Debug, Default, Clone)]
struct Served {
    by_key: BTreeMap<String, Arc<Adapter>>,
    rejected: BTreeMap<String, Rejected>,
}

impl Catalog {
    /// An empty catalog.
    pub fn new(
        limits: Limits,
        cache: Option<Cache>,
        tap: Option<Arc<Tap>>,
        clock: Clock,
    ) -> Result<Arc<Self>, CallError> {
        let mut host = Host::new(limits, tap, clock)?;
        host.cache = cache.map(Arc::new);
        Ok(Arc::new(Self {
            host,
            served: ArcSwap::default(),
            clock,
        }))
    }

    /// The adapter of an element, by key or numeric id.
    pub fn get(&self, key_or_id: &str) -> Option<Arc<Adapter>> {
        let served = self.served.load();
        if let Some(adapter) = served.by_key.get(key_or_id) {
            return Some(Arc::clone(adapter));
        }
        let id: u64 = key_or_id.parse().ok()?;
        served
            .by_key
            .values()
            .find(|adapter| adapter.description().id == id)
            .cloned()
    }

    /// All adapters, by key.
    pub fn list(&self) -> Vec<Arc<Adapter>> {
        self.served.load().by_key.values().cloned().collect()
    }

    /// The files that are not served.
    pub fn rejected(&self) -> Vec<Rejected> {
        self.served.load().rejected.values().cloned().collect()
    }

    /// Serve this file's content, or keep what was served and note why not.
    pub(super) async fn install(&self, file: &str, bytes: Result<Vec<u8>, Rejection>) {
        if let Ok(bytes) = &bytes
            && self.is_served(file, bytes)
        {
            // Only touched: what is served stays, its record of strikes with it.
            self.change(|served| {
                served.rejected.remove(file);
            });
            return;
        }
        let loaded = match bytes {
            Ok(bytes) => Adapter::load(&self.host, file.to_owned(), bytes).await,
            Err(rejection) => Err(rejection),
        };
        let loaded = loaded.and_then(|adapter| self.check_unique(adapter));
        match loaded {
            Ok(adapter) => {
                let (key, digest) = (adapter.key().to_owned(), adapter.digest().to_owned());
                let adapter = Arc::new(adapter);
                self.change(|served| {
                    served.rejected.remove(file);
                    served.by_key.retain(|_, other| other.file() != file);
                    served.by_key.insert(key.clone(), Arc::clone(&adapter));
                });
                tracing::info!(file, element = key, digest, "adapter ready");
            }
            Err(rejection) => {
                let reason = rejection.to_string();
                tracing::warn!(file, reason, "adapter rejected");
                let rejected = Rejected {
                    file: file.to_owned(),
                    reason,
                    since: self.clock.now(),
                    duplicate: matches!(rejection, Rejection::Duplicate { .. }),
                };
                self.change(|served| {
                    served.rejected.insert(file.to_owned(), rejected.clone());
                });
            }
        }
    }

    fn is_served(&self, file: &str, bytes: &[u8]) -> bool {
        let digest = blake3::hash(bytes).to_hex();
        let served = self.served.load();
        served
            .by_key
            .values()
            .any(|adapter| adapter.file() == file && adapter.digest() == digest.as_str())
    }

    /// The files that another one kept out; with that one gone they may be served.
    pub(super) fn duplicates(&self) -> Vec<String> {
        let served = self.served.load();
        let duplicates = served.rejected.values().filter(|rejected| rejected.duplicate);
        duplicates.map(|rejected| rejected.file.clone()).collect()
    }

    /// Serve this file no more.
    pub(super) fn remove(&self, file: &str) {
        self.change(|served| {
            served.rejected.remove(file);
            served.by_key.retain(|_, adapter| adapter.file() != file);
        });
        tracing::info!(file, "adapter removed");
    }

    fn check_unique(&self, adapter: Adapter) -> Result<Adapter, Rejection> {
        let served = self.served.load();
        match served
            .by_key
            .get(adapter.key())
            .filter(|other| other.file() != adapter.file())
        {
            None => Ok(adapter),
            Some(other) => Err(Rejection::Duplicate {
                key: adapter.key().to_owned(),
                file: other.file().to_owned(),
            }),
        }
    }

    fn change(&self, change: impl Fn(&mut Served)) {
        self.served.rcu(|served| {
            let mut served = Served::clone(served);
            change(&mut served);
            served
        });
    }
}
