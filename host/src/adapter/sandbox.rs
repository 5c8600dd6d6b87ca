//! Single files in the real sandbox, for the tools of adapters' authors: no folder, no running host.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use super::{
    Adapter, CallError, Catalog, Compiler, LimitTable, Rejection, Trust,
    component::Compiled,
    folder::SizeLimit,
    package::Package,
    signature::{LARGEST, SUFFIX, Subject},
    supervision::Supervisor,
    trust::Vetted,
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
    /// A sandbox with these limits, for whatever the caller trusts.
    pub fn new(limits: LimitTable, compiler: Compiler) -> Result<Self, CallError> {
        Self::with_trust(limits, Trust::default(), compiler)
    }

    /// A sandbox with these limits that takes what a host takes.
    pub fn with_trust(limits: LimitTable, trust: Trust, compiler: Compiler) -> Result<Self, CallError> {
        Catalog::new(limits, trust, compiler, None, None, Clock::system()).map(Self)
    }

    /// A catalog that serves nothing, for those who work with a host's parts.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0)
    }

    /// Load a file as a host would that finds it in its folder, with the description file that belongs to it.
    pub async fn load(&self, file: &Path, package: Option<&Path>) -> Result<Adapter, Unloaded> {
        let host = &self.0.host;
        let limits = host.limits.of_file(&file.to_string_lossy());
        let (name, vetted) = read(&host.trust, Subject::Component, file, SizeLimit::file(&limits))?;
        let rejected = |rejection| Unloaded::Rejected {
            file: name.clone(),
            rejection,
        };
        let compiled = Compiled::load(host, &name, vetted).await.map_err(rejected)?;
        let compiled = Arc::new(compiled);
        let Some(package) = package else {
            return Adapter::of(host, compiled, None, false).await.map_err(rejected);
        };
        let limit = SizeLimit::package(&limits);
        let (name, vetted) = read(&host.trust, Subject::Description, package, limit)?;
        let adapter = match Package::read(&name, vetted) {
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
            description: Arc::clone(&self.description),
            digest: self.digest.clone(),
            compiled: Arc::clone(&self.compiled),
            package: self.package.clone(),
            limits: self.limits.clone(),
            threads: self.threads.clone(),
            room: self.room.another(),
            supervisor: Arc::new(Supervisor::new(Clock::system())),
            door: Arc::new(Supervisor::new(Clock::system())),
            counters: Arc::default(),
            at_start: self.at_start,
            tap: None,
        }
    }

    /// The same for what it failed on before: that it fails again is no strike. It has the same room, and what it fails on
    /// is reported.
    #[must_use]
    pub(crate) fn for_another_try(&self) -> Self {
        Self {
            room: self.room.clone(),
            tap: self.tap.clone(),
            counters: Arc::clone(&self.counters),
            ..self.twin()
        }
    }

    /// The same for what anybody may have sent: a stranger who finds what it fails on closes the door for a while, and
    /// nothing else.
    #[must_use]
    pub(crate) fn for_strangers(&self) -> Self {
        Self {
            room: self.room.clone(),
            tap: self.tap.clone(),
            supervisor: Arc::clone(&self.door),
            door: Arc::clone(&self.door),
            counters: Arc::clone(&self.counters),
            ..self.twin()
        }
    }

    /// What `describe` answers, with the members that a host passes over.
    pub async fn described(&self) -> anyhow::Result<serde_json::Value> {
        let json = self.describe().await?.map_err(anyhow::Error::msg)?;
        Ok(serde_json::from_str(&json)?)
    }

    /// Forget its strikes: in the sandbox each case stands for itself.
    pub fn pardon(&self) {
        self.supervisor.accepted();
    }
}

fn read(
    trust: &Trust,
    subject: Subject,
    file: &Path,
    SizeLimit {
        bytes: limit,
        setting,
    }: SizeLimit,
) -> Result<(String, Vetted), Unloaded> {
    let name = file.display().to_string();
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return Err(Unloaded::Unreadable { file: name, error }),
    };
    let size = bytes.len() as u64;
    let vetted = if size > limit {
        Err(Rejection::TooLarge { size, limit, setting })
    } else {
        trust.vet(subject, &name, bytes, || {
            read_signature(&format!("{name}{SUFFIX}"))
        })
    };
    match vetted {
        Ok(vetted) => Ok((name, vetted)),
        Err(rejection) => Err(Unloaded::Rejected {
            file: name,
            rejection,
        }),
    }
}

fn read_signature(file: &str) -> Result<Option<Vec<u8>>, Rejection> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Rejection::Unreadable(error)),
    }
}
