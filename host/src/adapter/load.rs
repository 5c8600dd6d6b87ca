//! From a file's bytes to an element that can be called.

use std::{ffi::OsStr, path::Path, sync::Arc};

use periodic_sdk::description::{AuthenticationKind, Description};

use super::{
    Adapter, Rejection,
    component::{Compiled, Linked},
    described,
    host::Host,
    package::Package,
    supervision::Supervisor,
    trust::{Verdict, Vetted},
};
impl Compiled {
    /// Check, compile and link a file's content, in its lane and off the executor.
    pub(super) async fn load(host: &Host, file: &str, vetted: Vetted) -> Result<Self, Rejection> {
        let Vetted { bytes, verdict } = vetted;
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let size = bytes.len() as u64;
        let _lane = host.lanes.enter(bytes.len()).await;
        let (engine, cache, key) = (host.engine.clone(), host.cache.clone(), digest.clone());
        let limits = host.limits.of_file(file);
        let load = move || Linked::load(&engine, cache.as_deref(), &limits, &key, &bytes);
        let linked = tokio::task::spawn_blocking(load).await;
        let linked = linked.map_err(|panicked| Rejection::Load(panicked.to_string()))??;
        Ok(Self {
            file: file.to_owned(),
            digest,
            size,
            verdict,
            linked: Arc::new(linked),
        })
    }

    /// The same code, trusted or doubted anew.
    pub(super) fn judged(&self, verdict: Option<Verdict>) -> Self {
        Self {
            file: self.file.clone(),
            digest: self.digest.clone(),
            size: self.size,
            verdict,
            linked: Arc::clone(&self.linked),
        }
    }
}

impl Adapter {
    /// The element that a component describes, with or without a description file.
    pub(super) async fn of(
        host: &Host,
        compiled: Arc<Compiled>,
        package: Option<Package>,
        at_start: bool,
    ) -> Result<Self, Rejection> {
        let limits = host.limits.of_file(&compiled.file);
        let mut adapter = Self {
            description: Arc::new(nameless(
                package.as_ref().map_or(&compiled.file, |package| &package.file),
            )),
            digest: digest(&compiled, package.as_ref()),
            compiled,
            package,
            limits,
            threads: host.threads.clone(),
            room: host.rooms.another(),
            supervisor: Arc::new(Supervisor::new(host.clock)),
            door: Arc::new(Supervisor::new(host.clock)),
            counters: Arc::default(),
            at_start,
            tap: host.tap.clone(),
        };
        let described = adapter
            .describe()
            .await
            .map_err(|error| Rejection::Describe(Box::new(error)))?;
        let json = described.map_err(|answer| match &adapter.package {
            Some(_) => Rejection::Described(answer),
            None => Rejection::NeedsDescription {
                file: base_name(adapter.file()).to_owned(),
                answer,
            },
        })?;
        adapter.description = Arc::new(described::read(&json)?);
        adapter.compiled.linked.check_claims(&adapter.description)?;
        adapter.limits = host.limits.of_element(adapter.key(), adapter.file());
        Ok(adapter)
    }
}

/// A file's name without its folder: tools load files from anywhere.
fn base_name(file: &str) -> &str {
    let name = Path::new(file).file_name();
    name.and_then(OsStr::to_str).unwrap_or(file)
}

/// Of all that an element is made from. A component alone is what its file is.
fn digest(compiled: &Compiled, package: Option<&Package>) -> String {
    match package {
        None => compiled.digest.clone(),
        Some(package) => {
            let mut hasher = blake3::Hasher::new();
            hasher.update(compiled.digest.as_bytes());
            hasher.update(package.digest.as_bytes());
            hasher.finalize().to_hex().to_string()
        }
    }
}

/// What an adapter is called by until it has said its name: its file.
fn nameless(file: &str) -> Description {
    Description::new(file, "", 0, "", AuthenticationKind::None)
}
