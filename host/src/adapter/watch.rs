//! Follows the adapters folder.
//!
//! A look compares what lies there with what was taken, and brings those groups up to date of which something changed
//! (see [`super::group`]). Each group is loaded by a task of its own, never twice at once: one that compiles for a minute
//! delays neither the others nor the removal of anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use cap_std::fs::Dir;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Catalog, Rejection,
    catalog::Reload,
    folder::{self, Kind, Listing, SizeLimit},
    group::{Content, Job},
    package::Package,
    signature::{SUFFIX, Subject},
    trust::Vetted,
};

/// How often the folder is looked at. A file is taken when two looks agree, so that one that is still being copied
/// is left alone.
const INTERVAL: Duration = Duration::from_millis(250);
/// At start so long is waited for what lies in the folder; what takes longer is loaded while the others serve.
const START: Duration = Duration::from_secs(10);

/// Follows an adapters folder on behalf of a catalog.
#[derive(Debug)]
pub struct Watch {
    catalog: Arc<Catalog>,
    folder: Arc<Dir>,
    /// What the last look saw.
    seen: Listing,
    /// What was taken.
    taken: Listing,
    /// The description files as they last could be read.
    packages: BTreeMap<String, Package>,
    /// The groups that are to be brought up to date.
    due: BTreeMap<String, Due>,
    /// The groups under way, by file, each with the means to abandon it.
    busy: BTreeMap<String, CancellationToken>,
    tasks: JoinSet<Ended>,
    reloads: Option<mpsc::Receiver<Reload>>,
}

/// What is due of a group.
#[derive(Debug, Default)]
struct Due {
    /// The component is read again.
    component: bool,
    /// Everything is loaded anew.
    forced: bool,
    /// Who waits for the end of it.
    waiting: Vec<oneshot::Sender<()>>,
}

/// What is left of a group that was under way.
#[derive(Debug)]
struct Ended {
    file: String,
    /// Whether its file was removed or replaced meanwhile.
    abandoned: bool,
    due: Due,
}

/// Which files a look takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    /// Those that two looks found the same.
    Stable,
    /// All: at start nobody waits for a copy to end, and a broken one is taken again when it changes.
    All,
}

impl Watch {
    /// Follow this folder.
    pub fn new(catalog: Arc<Catalog>, folder: Dir) -> Self {
        Self {
            reloads: catalog.asked(),
            catalog,
            folder: Arc::new(folder),
            seen: Listing::new(),
            taken: Listing::new(),
            packages: BTreeMap::new(),
            due: BTreeMap::new(),
            busy: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Load what lies in the folder now.
    pub async fn load(&mut self) {
        let patience = Instant::now() + START;
        self.look(Take::All).await;
        while let Ok(Some(ended)) = timeout_at(patience, self.tasks.join_next()).await {
            self.ended(ended);
        }
    }

    /// Follow the folder until cancelled.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut looks = interval(INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reloads = self.reloads.take();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = looks.tick() => self.look(Take::Stable).await,
                Some(ended) = self.tasks.join_next() => self.ended(ended),
                Some(reload) = next(&mut reloads) => self.reload(reload).await,
            }
        }
    }

    async fn look(&mut self, take: Take) {
        let folder = Arc::clone(&self.folder);
        let now = match tokio::task::spawn_blocking(move || folder::list(&folder)).await {
            Ok(Ok(now)) => now,
            Ok(Err(error)) => {
                tracing::error!(%error, "the adapters folder cannot be read; what was served stays");
                return;
            }
            Err(panicked) => {
                tracing::error!(%panicked, "the adapters folder could not be listed");
                return;
            }
        };
        let gone = self.taken.iter().filter(|(name, _)| !now.contains_key(*name));
        let gone: Vec<_> = gone.map(|(name, glance)| (name.clone(), glance.kind)).collect();
        let mut packages = BTreeSet::new();
        for (name, kind) in gone {
            self.taken.remove(&name);
            self.gone(&name, kind, &mut packages);
        }
        for (name, glance) in &now {
            let stable = take == Take::All || self.seen.get(name) == Some(glance);
            if stable && self.taken.get(name) != Some(glance) {
                self.taken.insert(name.clone(), *glance);
                match glance.kind {
                    Kind::Component => self.replaced(name),
                    Kind::Package => {
                        packages.insert(name.clone());
                    }
                    Kind::Signature(subject) => self.signed(name, subject, &mut packages),
                }
            }
        }
        for package in packages.into_iter().filter(|name| now.contains_key(name)) {
            self.read_package(&package).await;
        }
        self.seen = now;
        for file in self.catalog.released() {
            self.due(&file);
        }
        self.start(take);
    }

    fn due(&mut self, file: &str) -> &mut Due {
        self.due.entry(file.to_owned()).or_default()
    }

    /// A component came or changed. What is made of the one before is of no use any more.
    fn replaced(&mut self, name: &str) {
        self.due(name).component = true;
        if let Some(busy) = self.busy.get(name) {
            busy.cancel();
        }
    }

    /// A signature came, changed or went: what it signs is looked at anew.
    fn signed(&mut self, name: &str, subject: Subject, packages: &mut BTreeSet<String>) {
        let Some(signed) = name
            .strip_suffix(SUFFIX)
            .filter(|_| self.catalog.host.trust.is_asked())
        else {
            return;
        };
        if self.taken.contains_key(signed) {
            match subject {
                Subject::Component => self.due(signed).component = true,
                Subject::Description => {
                    packages.insert(signed.to_owned());
                }
            }
        }
    }

    fn gone(&mut self, name: &str, kind: Kind, packages: &mut BTreeSet<String>) {
        match kind {
            Kind::Component => {
                self.due.remove(name);
                self.catalog.remove(name, self.busy.get(name));
                if self.packages.values().any(|package| package.adapter == name) {
                    self.due(name);
                }
            }
            Kind::Package => {
                self.catalog.remove_package(name);
                if let Some(package) = self.packages.remove(name) {
                    self.due(&package.adapter);
                }
            }
            Kind::Signature(subject) => self.signed(name, subject, packages),
        }
    }

    async fn read_package(&mut self, name: &str) {
        let limit = SizeLimit::package(&self.catalog.host.limits.of_file(name));
        let read = read(&self.catalog, &self.folder, Subject::Description, name, limit).await;
        match read.and_then(|vetted| Package::read(name, vetted)) {
            Ok(package) => {
                self.catalog.readable(name);
                self.due(&package.adapter);
                if let Some(before) = self.packages.insert(name.to_owned(), package) {
                    self.due(&before.adapter);
                }
            }
            Err(rejection) => {
                let adapter = self.packages.get(name).map(|package| package.adapter.clone());
                self.catalog.unreadable(name, adapter, &rejection);
            }
        }
    }

    async fn reload(&mut self, reload: Reload) {
        let Reload { file, done } = reload;
        let packages = self.packages.values().filter(|package| package.adapter == file);
        let packages: BTreeSet<_> = packages.map(|package| package.file.clone()).collect();
        for package in packages {
            self.read_package(&package).await;
        }
        let due = self.due(&file);
        due.component = true;
        due.forced = true;
        due.waiting.push(done);
        self.start(Take::Stable);
    }

    /// Start what is due and not under way.
    fn start(&mut self, take: Take) {
        for (file, due) in std::mem::take(&mut self.due) {
            if self.busy.contains_key(&file) {
                self.due.insert(file, due);
                continue;
            }
            let abandoned = CancellationToken::new();
            self.busy.insert(file.clone(), abandoned.clone());
            let there = self.taken.contains_key(&file);
            if there && due.component {
                self.catalog.loading(&file);
            }
            let (catalog, folder) = (Arc::clone(&self.catalog), Arc::clone(&self.folder));
            let packages = self.packages.values().filter(|package| package.adapter == file);
            let packages = packages.cloned().collect();
            self.tasks.spawn(async move {
                let content = match (there, due.component) {
                    (false, _) => Content::Gone,
                    (true, false) => Content::Unchanged,
                    (true, true) => {
                        let limit = SizeLimit::file(&catalog.host.limits.of_file(&file));
                        Content::Read(read(&catalog, &folder, Subject::Component, &file, limit).await)
                    }
                };
                let job = Job {
                    file: file.clone(),
                    content,
                    packages,
                    forced: due.forced,
                    at_start: take == Take::All,
                };
                tokio::select! {
                    group = job.run(&catalog.host, catalog.standing(&file)) => catalog.install(group, &abandoned),
                    () = abandoned.cancelled() => {}
                }
                Ended { file, abandoned: abandoned.is_cancelled(), due }
            });
        }
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended { file, abandoned, due }) => {
                self.busy.remove(&file);
                if abandoned && self.taken.contains_key(&file) {
                    // Its successor does what was asked of it.
                    let successor = self.due(&file);
                    successor.forced |= due.forced;
                    successor.waiting.extend(due.waiting);
                } else {
                    for waiting in due.waiting {
                        // Who asked may have gone.
                        let _gone = waiting.send(());
                    }
                }
            }
            Err(error) => tracing::error!(%error, "the loading of an adapter broke off"),
        }
        self.start(Take::Stable);
    }
}

async fn next(reloads: &mut Option<mpsc::Receiver<Reload>>) -> Option<Reload> {
    match reloads {
        Some(reloads) => reloads.recv().await,
        None => None,
    }
}

/// Read a file, and have its signature judged before anything is made of its bytes.
async fn read(
    catalog: &Arc<Catalog>,
    folder: &Arc<Dir>,
    subject: Subject,
    name: &str,
    limit: SizeLimit,
) -> Result<Vetted, Rejection> {
    let (catalog, folder, file) = (Arc::clone(catalog), Arc::clone(folder), name.to_owned());
    let read = tokio::task::spawn_blocking(move || {
        let bytes = folder::read(&folder, &file, limit)?;
        let signature = || folder::read_signature(&folder, &file);
        catalog.host.trust.vet(subject, &file, bytes, signature)
    });
    let read = read.await;
    read.unwrap_or_else(|panicked| Err(Rejection::Load(panicked.to_string())))
}
