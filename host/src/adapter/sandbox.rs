//! Single files in the real sandbox, for the tools of adapters' authors: no folder, no running host.

use std::{io, path::Path, sync::Arc};

use super::{
    Adapter, CallError, Catalog, LimitTable, Rejection, component::Compiled, counters::Counters,
    folder::SizeLimit, package::Package, supervision::Supervisor,
};
use crate::clock::Clock;

/// Loads single files.
#[derive(Debug)]
pub struct Sandbox(Arc<Catalog>);

/// Why a file was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum Unloaded {
    /// It cannot be read.
    #[error("{file}: cannot be read: {error}")]
    Unreadable {
        /// Its path.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// A host would not serve it.
    #[error("{file}: {rejection}")]
    Rejected {
        /// Its path.
        file: String,
        /// Why.
        rejection: Rejection,
    },
}

impl Sandbox {
    /// A sandbox with these limits.
    pub fn new(limits: LimitTable) -> Result<Self, CallError> {
        Catalog::new(limits, None, None, Clock::system()).map(Self)
    }

    /// A catalog that serves nothing, for those who work with a host's parts.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0)
    }

    /// Load a file as a host would that finds it in its folder, with the description file that belongs to it.
    pub async fn load(&self, file: &Path, package: Option<&Path>) -> Result<Adapter, Unloaded> {
        let host = &self.0.host;
        let own = file
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let limits = host.limits.of_file(own);
        let (name, bytes) = read(file, SizeLimit::file(&limits))?;
        let rejected = |rejection| Unloaded::Rejected {
            file: name.clone(),
            rejection,
        };
        let compiled = Compiled::load(host, &name, bytes).await.map_err(rejected)?;
        let compiled = Arc::new(compiled);
        let Some(package) = package else {
            return Adapter::of(host, compiled, None, false).await.map_err(rejected);
        };
        let (name, bytes) = read(package, SizeLimit::package(&limits))?;
        let adapter = match Package::read(&name, bytes) {
            Ok(package) => Adapter::of(host, compiled, Some(package), false).await,
            Err(rejection) => Err(rejection),
        };
        adapter.map_err(|rejection| Unloaded::Rejected {
            file: name,
            rejection,
        })
    }
}

impl Adapter {
    /// The same for a replay: strikes, counters and crashes of a replay are not those of the adapter that serves, and a
    /// quarantine of that one does not keep anybody from looking into it.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self {
            description: self.description.clone(),
            digest: self.digest.clone(),
            compiled: Arc::clone(&self.compiled),
            package: self.package.clone(),
            limits: self.limits.clone(),
            slots: self.slots.clone(),
            room: self.room.another(),
            supervisor: Supervisor::new(Clock::system()),
            counters: Counters::default(),
            at_start: self.at_start,
            tap: None,
        }
    }

    /// Forget its strikes: in the sandbox each case stands for itself.
    pub fn pardon(&self) {
        self.supervisor.returned();
        self.supervisor.accepted();
    }
}

fn read(
    file: &Path,
    SizeLimit {
        bytes: limit,
        setting,
    }: SizeLimit,
) -> Result<(String, Vec<u8>), Unloaded> {
    let name = file.display().to_string();
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return Err(Unloaded::Unreadable { file: name, error }),
    };
    let size = bytes.len() as u64;
    if size > limit {
        let rejection = Rejection::TooLarge { size, limit, setting };
        return Err(Unloaded::Rejected {
            file: name,
            rejection,
        });
    }
    Ok((name, bytes))
}
