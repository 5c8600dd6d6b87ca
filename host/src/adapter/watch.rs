//! Follows the adapters folder. One task does all the loading, so that a file is never loaded twice at once.

use std::{
    collections::BTreeMap,
    io::Read as _,
    sync::Arc,
    time::{Duration, SystemTime},
};

use cap_std::fs::Dir;
use tokio_util::sync::CancellationToken;

use super::{Catalog, Rejection};

/// How often the folder is looked at. A file is taken when two looks agree, so that one that is still being copied
/// is left alone.
const INTERVAL: Duration = Duration::from_millis(250);

/// What a look tells of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Glance {
    size: u64,
    modified: Option<SystemTime>,
}

/// Follows an adapters folder on behalf of a catalog.
#[derive(Debug)]
pub struct Watch {
    catalog: Arc<Catalog>,
    folder: Arc<Dir>,
    /// What the last look saw.
    seen: BTreeMap<String, Glance>,
    /// What was taken.
    taken: BTreeMap<String, Glance>,
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
            catalog,
            folder: Arc::new(folder),
            seen: BTreeMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Load what lies in the folder now.
    pub async fn load(&mut self) {
        self.look(Take::All).await;
    }

    /// Follow the folder until cancelled.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => self.look(Take::Stable).await,
            }
        }
    }

    async fn look(&mut self, take: Take) {
        let folder = Arc::clone(&self.folder);
        let now = match tokio::task::spawn_blocking(move || list(&folder)).await {
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
        let before = self.taken.len();
        self.taken.retain(|name, _| {
            let stays = now.contains_key(name);
            if !stays {
                self.catalog.remove(name);
            }
            stays
        });
        if self.taken.len() < before {
            for name in self.catalog.duplicates() {
                self.taken.remove(&name);
            }
        }
        for (name, glance) in &now {
            let stable = take == Take::All || self.seen.get(name) == Some(glance);
            if stable && self.taken.get(name) != Some(glance) {
                self.taken.insert(name.clone(), *glance);
                self.take(name).await;
            }
        }
        self.seen = now;
    }

    async fn take(&self, name: &str) {
        let limit = self.catalog.host.limits.file_size;
        let (folder, file) = (Arc::clone(&self.folder), name.to_owned());
        let read = tokio::task::spawn_blocking(move || read(&folder, &file, limit)).await;
        let bytes = read.unwrap_or_else(|panicked| Err(Rejection::Load(panicked.to_string())));
        self.catalog.install(name, bytes).await;
    }
}

/// The `.wasm` files of a folder. Links that lead out of it are not followed: the folder is a capability.
fn list(folder: &Dir) -> std::io::Result<BTreeMap<String, Glance>> {
    let mut files = BTreeMap::new();
    for entry in folder.entries()? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !name.ends_with(".wasm") || name.starts_with('.') {
            continue;
        }
        // A file that vanishes between the two calls is gone.
        let Ok(metadata) = folder.metadata(&name) else {
            continue;
        };
        if metadata.is_file() {
            let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
            files.insert(
                name,
                Glance {
                    size: metadata.len(),
                    modified,
                },
            );
        }
    }
    Ok(files)
}

fn read(folder: &Dir, name: &str, limit: u64) -> Result<Vec<u8>, Rejection> {
    let file = folder.open(name).map_err(Rejection::Unreadable)?;
    let size = file.metadata().map_err(Rejection::Unreadable)?.len();
    if size > limit {
        return Err(Rejection::TooLarge { size, limit });
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(Rejection::Unreadable)?;
    Ok(bytes)
}
