//! Single files in the real sandbox, for the tools of adapters' authors: no folder, no running host.

use std::{io, path::Path, sync::Arc};

use super::{Adapter, CallError, Catalog, Limits, Rejection};
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
    pub fn new(limits: Limits) -> Result<Self, CallError> {
        Catalog::new(limits, None, None, Clock::system()).map(Self)
    }

    /// A catalog that serves nothing, for those who work with a host's parts.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0)
    }

    /// Load a file as a host would that finds it in its folder.
    pub async fn load(&self, file: &Path) -> Result<Adapter, Unloaded> {
        let name = file.display().to_string();
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => return Err(Unloaded::Unreadable { file: name, error }),
        };
        let (size, limit) = (bytes.len() as u64, self.0.host.limits.file_size);
        let loaded = if size > limit {
            Err(Rejection::TooLarge { size, limit })
        } else {
            Adapter::load(&self.0.host, name.clone(), bytes).await
        };
        loaded.map_err(|rejection| Unloaded::Rejected {
            file: name,
            rejection,
        })
    }
}

impl Adapter {
    /// Forget its strikes: in the sandbox each case stands for itself.
    pub fn pardon(&self) {
        self.supervisor.good();
    }
}
