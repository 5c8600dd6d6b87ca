//! From a file's bytes to an element that can be called.

use std::{ffi::OsStr, path::Path, sync::Arc};

use periodic_sdk::description::{AuthenticationKind, Description};
use wasmtime::component::Component;

use super::{
    Adapter, Cache, Limits, Rejection,
    component::{Compiled, Linked},
    described,
    engine::Runtime,
    host::Host,
    package::Package,
    precompiled,
    supervision::Supervisor,
    trust::{Verdict, Vetted},
};

impl Compiled {
    /// Check, compile and link a file's content. What was compiled before waits for nobody.
    pub(super) async fn load(host: &Host, file: &str, vetted: Vetted) -> Result<Self, Rejection> {
        let Vetted { bytes, verdict } = vetted;
        let size = bytes.len() as u64;
        let load = Load {
            runtime: host.engine.clone(),
            cache: host.cache.clone(),
            limits: host.limits.of_file(file),
            digest: blake3::hash(&bytes).to_hex().to_string(),
            bytes: bytes.into(),
        };
        let digest = load.digest.clone();
        let linked = match aside(&load, Load::kept).await? {
            Some(linked) => linked,
            None => {
                let place = host.lanes.enter(load.bytes.len()).await;
                let code = host.compiler.compile(&load.limits, &load.bytes).await?;
                drop(place);
                aside(&load, move |load| load.compiled(&code)).await?
            }
        };
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

/// What it takes to load a file's content, once it is compiled.
#[derive(Clone)]
struct Load {
    runtime: Runtime,
    cache: Option<Arc<Cache>>,
    limits: Limits,
    digest: String,
    bytes: Arc<[u8]>,
}

/// Off the executor: a large component takes the processor for a while.
async fn aside<T: Send + 'static>(
    load: &Load,
    work: impl FnOnce(&Load) -> Result<T, Rejection> + Send + 'static,
) -> Result<T, Rejection> {
    let load = load.clone();
    let done = tokio::task::spawn_blocking(move || work(&load)).await;
    done.map_err(|panicked| Rejection::Load(panicked.to_string()))?
}

impl Load {
    /// What was compiled at another time, if it was.
    fn kept(&self) -> Result<Option<Linked>, Rejection> {
        let cache = self.cache.as_ref();
        let kept = cache.and_then(|cache| cache.get(&self.runtime.engine, &self.digest));
        kept.map(|component| self.linked(&component)).transpose()
    }

    /// What was compiled just now, and is kept for another time.
    fn compiled(&self, code: &[u8]) -> Result<Linked, Rejection> {
        let engine = &self.runtime.engine;
        let component =
            precompiled::load(engine, code).map_err(|error| Rejection::Load(format!("{error:#}")))?;
        if let Some(cache) = &self.cache {
            cache.put(engine, &self.digest, code);
        }
        self.linked(&component)
    }

    fn linked(&self, component: &Component) -> Result<Linked, Rejection> {
        Linked::of(&self.runtime, component, &self.limits, &self.bytes)
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
