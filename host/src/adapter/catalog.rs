//! What is served: elements by key, and the files that are not served with the reason.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Adapter, Cache, CallError, Compiler, Doubt, LimitTable, Rejection, Tap, Trust,
    component::Compiled,
    group::{Group, Standing},
    host::Host,
    package::Package,
};
use crate::clock::{Clock, Millis};

/// The adapters in service. Whoever has looked one up keeps it to the end of his work, whatever is dropped in or
/// removed meanwhile.
#[derive(Debug)]
pub struct Catalog {
    pub(super) host: Host,
    served: ArcSwap<Served>,
    /// Held while what is served is changed.
    changing: Mutex<()>,
    /// For those who wait for a change.
    changed: watch::Sender<()>,
    reloads: mpsc::Sender<Reload>,
    /// For whoever watches the folder.
    asked: Mutex<Option<mpsc::Receiver<Reload>>>,
}

/// A file of the adapters folder that is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unserved {
    /// The component's file, where it is known.
    pub file: Option<String>,
    /// The description file, where it is one.
    pub package: Option<String>,
    /// What is with it.
    pub state: UnservedState,
    /// Why, with the way out.
    pub reason: String,
    /// Since when.
    pub since: Millis,
    /// Why it is not trusted, where that is the reason.
    pub doubt: Option<Doubt>,
    /// The key and the id of its element, where another file serves one of them.
    contested: Option<(String, u64)>,
}

/// What is with a file that is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnservedState {
    /// It is being compiled or described.
    Loading,
    /// It lacks another file.
    Waiting,
    /// It is refused.
    Rejected,
}

/// What came of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloaded {
    /// It was read and loaded anew; what is served now, or why not, the lists tell.
    Done,
    /// Nothing of this name is known.
    Unknown,
    /// Nobody watches the folder any more.
    Stopped,
}

/// Somebody wants a component and its description files to be loaded anew.
#[derive(Debug)]
pub(super) struct Reload {
    pub(super) file: String,
    pub(super) done: oneshot::Sender<()>,
}

#[derive(Debug, Default, Clone)]
struct Served {
    /// What is compiled, by file.
    components: BTreeMap<String, Arc<Compiled>>,
    by_key: BTreeMap<String, Arc<Adapter>>,
    /// What its group does not serve, by the name of the file.
    unserved: BTreeMap<String, Unserved>,
    /// Description files that cannot be read: they belong to no group.
    unreadable: BTreeMap<String, Unserved>,
}

impl Catalog {
    /// An empty catalog.
    pub fn new(
        limits: LimitTable,
        trust: Trust,
        compiler: Compiler,
        cache: Option<Cache>,
        tap: Option<Arc<Tap>>,
        clock: Clock,
    ) -> Result<Arc<Self>, CallError> {
        let mut host = Host::new(limits, trust, compiler, tap, clock)?;
        host.cache = cache.map(Arc::new);
        let (reloads, asked) = mpsc::channel(16);
        Ok(Arc::new(Self {
            host,
            served: ArcSwap::default(),
            changing: Mutex::default(),
            changed: watch::Sender::default(),
            reloads,
            asked: Mutex::new(Some(asked)),
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

    /// Tells of changes in what is served.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The files that are being loaded and of which nothing was loaded before: nobody knows yet what they serve.
    pub(super) fn first_loads(&self) -> Vec<String> {
        let served = self.served.load();
        let loading = served.unserved.iter().filter(|(file, unserved)| {
            unserved.state == UnservedState::Loading && !served.components.contains_key(*file)
        });
        loading.map(|(file, _)| file.clone()).collect()
    }

    /// The files that are not served.
    pub fn unserved(&self) -> Vec<Unserved> {
        let served = self.served.load();
        let all = served.unserved.values().chain(served.unreadable.values());
        all.cloned().collect()
    }

    /// Read and load anew what an element, a component's file or a description file consists of, whether it changed
    /// or not.
    pub async fn reload(&self, name: &str) -> Reloaded {
        let Some(file) = self.file_of(name) else {
            return Reloaded::Unknown;
        };
        let (done, reloaded) = oneshot::channel();
        match self.reloads.send(Reload { file, done }).await {
            Ok(()) if reloaded.await.is_ok() => Reloaded::Done,
            _ => Reloaded::Stopped,
        }
    }

    fn file_of(&self, name: &str) -> Option<String> {
        if let Some(adapter) = self.get(name) {
            return Some(adapter.file().to_owned());
        }
        let served = self.served.load();
        if served.components.contains_key(name) {
            return Some(name.to_owned());
        }
        let of_package = served
            .by_key
            .values()
            .find(|adapter| adapter.package_file() == Some(name));
        of_package.map(|adapter| adapter.file().to_owned()).or_else(|| {
            let unserved = served
                .unserved
                .get(name)
                .or_else(|| served.unreadable.get(name))?;
            unserved.file.clone()
        })
    }

    /// Who wants something to be loaded anew; for one watcher.
    pub(super) fn asked(&self) -> Option<mpsc::Receiver<Reload>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What is served of a component's file.
    pub(super) fn standing(&self, file: &str) -> Standing {
        let served = self.served.load();
        let elements = served.by_key.values().filter(|adapter| adapter.file() == file);
        Standing {
            compiled: served.components.get(file).cloned(),
            elements: elements
                .map(|adapter| (adapter.package_file().map(str::to_owned), Arc::clone(adapter)))
                .collect(),
            rejected: served
                .unserved
                .get(file)
                .filter(|unserved| unserved.state == UnservedState::Rejected)
                .cloned(),
        }
    }

    /// The components' files of which an element was kept out by another one that is gone.
    pub(super) fn released(&self) -> Vec<String> {
        let served = self.served.load();
        let free = |unserved: &&Unserved| {
            unserved
                .contested
                .as_ref()
                .is_some_and(|(key, id)| served.rival(key, *id).is_none())
        };
        let released = served.unserved.values().filter(free);
        released.filter_map(|unserved| unserved.file.clone()).collect()
    }

    /// Say that a component is being loaded.
    pub(super) fn loading(&self, file: &str) {
        let loading = Unserved {
            file: Some(file.to_owned()),
            package: None,
            state: UnservedState::Loading,
            reason: "it is being compiled and asked what it is".to_owned(),
            since: self.host.clock.now(),
            doubt: None,
            contested: None,
        };
        self.change(|served| {
            served.unserved.insert(file.to_owned(), loading);
        });
    }

    /// Serve what a group came to, unless its file was removed or replaced meanwhile.
    pub(super) fn install(&self, group: Group, abandoned: &CancellationToken) {
        self.change(|served| {
            if !abandoned.is_cancelled() {
                served.install(group, self.host.clock.now());
            }
        });
    }

    /// Serve this component no more, and nothing that is made of it.
    pub(super) fn remove(&self, file: &str, abandoned: Option<&CancellationToken>) {
        self.change(|served| {
            if let Some(abandoned) = abandoned {
                abandoned.cancel();
            }
            served.components.remove(file);
            served.by_key.retain(|_, adapter| adapter.file() != file);
            served
                .unserved
                .retain(|_, unserved| unserved.file.as_deref() != Some(file));
        });
        tracing::info!(file, "adapter removed");
    }

    /// A description file cannot be read; the element that it made stays as it is.
    pub(super) fn unreadable(&self, package: &str, file: Option<String>, rejection: &Rejection) {
        let reason = rejection.to_string();
        tracing::warn!(file = package, reason, "description file rejected");
        let unserved = Unserved {
            file,
            package: Some(package.to_owned()),
            state: UnservedState::Rejected,
            reason,
            since: self.host.clock.now(),
            doubt: rejection.doubt().cloned(),
            contested: None,
        };
        self.change(|served| {
            served.unreadable.insert(package.to_owned(), unserved);
        });
    }

    /// A description file can be read.
    pub(super) fn readable(&self, package: &str) {
        self.change(|served| {
            served.unreadable.remove(package);
        });
    }

    /// A description file is gone, and its element with it.
    pub(super) fn remove_package(&self, package: &str) {
        self.change(|served| {
            served.unreadable.remove(package);
            served.unserved.remove(package);
            served
                .by_key
                .retain(|_, adapter| adapter.package_file() != Some(package));
        });
        tracing::info!(file = package, "description file removed");
    }

    fn change(&self, change: impl FnOnce(&mut Served)) {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut served = Served::clone(&self.served.load());
        change(&mut served);
        self.served.store(Arc::new(served));
        self.changed.send_replace(());
    }
}

impl Served {
    /// Who serves this key or this id.
    fn rival(&self, key: &str, id: u64) -> Option<&Arc<Adapter>> {
        let by_id = || {
            self.by_key
                .values()
                .find(|adapter| adapter.description().id == id)
        };
        self.by_key.get(key).or_else(by_id)
    }

    fn install(&mut self, group: Group, now: Millis) {
        let Group {
            file,
            compiled,
            elements,
            unserved,
        } = group;
        let (old, others): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.by_key)
            .into_iter()
            .partition(|(_, adapter)| adapter.file() == file);
        self.by_key = others;
        let told = std::mem::take(&mut self.unserved);
        let (told, others) = told
            .into_iter()
            .partition(|(_, unserved)| unserved.file.as_deref() == Some(&file));
        self.unserved = others;
        match compiled {
            Some(compiled) => self.components.insert(file.clone(), compiled),
            None => self.components.remove(&file),
        };
        // Who was there before comes first.
        let (known, new): (Vec<_>, Vec<_>) = elements.into_iter().partition(|adapter| {
            let mut before = old.values();
            before.any(|before| before.package_file() == adapter.package_file())
        });
        let mut kept_out = Vec::new();
        for adapter in known.into_iter().chain(new) {
            kept_out.extend(self.admit(adapter, now));
        }
        // Who was served before and has lost to somebody else stays, as long as nobody is in his way.
        for Unserved { package, .. } in &kept_out {
            let before = old
                .values()
                .find(|adapter| adapter.package_file() == package.as_deref());
            if let Some(before) = before
                && self.rival(before.key(), before.description().id).is_none()
            {
                self.by_key.insert(before.key().to_owned(), Arc::clone(before));
            }
        }
        for adapter in self.by_key.values().filter(|adapter| adapter.file() == file) {
            let before = old.get(adapter.key());
            if !before.is_some_and(|before| Arc::ptr_eq(before, adapter)) {
                adapter.announce();
            }
        }
        for unserved in unserved.into_iter().chain(kept_out) {
            self.tell(unserved, &told);
        }
    }

    /// Serve an element; returned is who is kept out thereby. Whoever is served stays, and of those that lay there at
    /// start the first by name is.
    fn admit(&mut self, adapter: Arc<Adapter>, now: Millis) -> Option<Unserved> {
        let id = adapter.description().id;
        let Some(rival) = self.rival(adapter.key(), id).cloned() else {
            self.by_key.insert(adapter.key().to_owned(), adapter);
            return None;
        };
        if adapter.at_start && rival.at_start && adapter.name() < rival.name() {
            self.by_key.remove(rival.key());
            self.by_key.insert(adapter.key().to_owned(), Arc::clone(&adapter));
            return Some(Unserved::duplicate(&rival, &adapter, now));
        }
        Some(Unserved::duplicate(&adapter, &rival, now))
    }

    fn tell(&mut self, mut unserved: Unserved, told: &BTreeMap<String, Unserved>) {
        let name = unserved.name();
        match told.get(&name) {
            Some(before) if before.reason == unserved.reason => unserved.since = before.since,
            _ if unserved.state == UnservedState::Rejected => {
                tracing::warn!(file = name, reason = unserved.reason, "adapter rejected");
            }
            _ => tracing::info!(file = name, reason = unserved.reason, "adapter waits"),
        }
        self.unserved.insert(name, unserved);
    }
}

impl Adapter {
    /// The file that makes it this element.
    fn name(&self) -> &str {
        self.package_file().unwrap_or(self.file())
    }

    fn announce(&self) {
        let (file, element, digest) = (self.name(), self.key(), self.digest());
        tracing::info!(file, element, digest, "adapter ready");
    }
}

impl Unserved {
    pub(super) fn rejected(file: &str, package: Option<&str>, rejection: &Rejection, now: Millis) -> Self {
        Self {
            file: Some(file.to_owned()),
            package: package.map(str::to_owned),
            state: UnservedState::Rejected,
            reason: rejection.to_string(),
            since: now,
            doubt: rejection.doubt().cloned(),
            contested: None,
        }
    }

    /// A component that is nothing without a description file.
    pub(super) fn needs_description(file: &str, rejection: &Rejection, now: Millis) -> Self {
        Self {
            state: UnservedState::Waiting,
            ..Self::rejected(file, None, rejection, now)
        }
    }

    /// A description file whose component is not served.
    pub(super) fn waiting(package: &Package, rejection: &Rejection, now: Millis) -> Self {
        Self {
            state: UnservedState::Waiting,
            ..Self::rejected(&package.adapter, Some(&package.file), rejection, now)
        }
    }

    fn duplicate(loser: &Adapter, winner: &Adapter, now: Millis) -> Self {
        let (key, id) = (loser.key().to_owned(), loser.description().id);
        let rejection = Rejection::Duplicate {
            key: key.clone(),
            id,
            file: winner.name().to_owned(),
        };
        Self {
            contested: Some((key, id)),
            ..Self::rejected(loser.file(), loser.package_file(), &rejection, now)
        }
    }

    /// The file that it is about.
    pub(super) fn name(&self) -> String {
        self.package
            .clone()
            .or_else(|| self.file.clone())
            .unwrap_or_default()
    }
}
