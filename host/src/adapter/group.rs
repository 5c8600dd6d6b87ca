//! A component's file and the description files that name it: what they come to together.
//!
//! A new version of the component is taken whole or not at all: it has to describe everything that the old one serves.

use std::{collections::BTreeMap, sync::Arc};

use futures::future::join_all;

use super::{
    Adapter, Rejection, catalog::Unserved, component::Compiled, host::Host, package::Package, trust::Vetted,
};
use crate::clock::Millis;

/// What is to be brought up to date.
#[derive(Debug)]
pub(super) struct Job {
    /// The component's file.
    pub(super) file: String,
    pub(super) content: Content,
    /// The description files that name it.
    pub(super) packages: Vec<Package>,
    /// Whether what has not changed is loaded anew as well.
    pub(super) forced: bool,
    /// Whether it lay there when the host started.
    pub(super) at_start: bool,
}

/// What became of the component's file.
#[derive(Debug)]
pub(super) enum Content {
    Gone,
    Unchanged,
    Read(Result<Vetted, Rejection>),
}

/// What is served of a group already.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) compiled: Option<Arc<Compiled>>,
    /// By description file; without one for the component's own element.
    pub(super) elements: BTreeMap<Option<String>, Arc<Adapter>>,
    /// Why the component is not served, where it is not.
    pub(super) rejected: Option<Unserved>,
}

/// What a group comes to.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) file: String,
    pub(super) compiled: Option<Arc<Compiled>>,
    pub(super) elements: Vec<Arc<Adapter>>,
    pub(super) unserved: Vec<Unserved>,
}

/// What came of each element of a version.
struct Trial {
    elements: Vec<Arc<Adapter>>,
    refused: Vec<(Option<Package>, Rejection)>,
}

impl Job {
    /// Load, compile and describe what has to be.
    pub(super) async fn run(self, host: &Host, before: Standing) -> Group {
        let Self {
            file,
            content,
            packages,
            forced,
            at_start,
        } = self;
        let now = host.clock.now();
        let mut unserved = Vec::new();
        match content {
            Content::Gone => {
                let waiting =
                    |package| Unserved::waiting(package, &Rejection::NoComponentFile(file.clone()), now);
                return Group {
                    unserved: packages.iter().map(waiting).collect(),
                    file,
                    compiled: None,
                    elements: Vec::new(),
                };
            }
            Content::Unchanged => unserved.extend(before.rejected.clone()),
            Content::Read(read) => {
                let version = Version {
                    host,
                    before: &before,
                    packages: &packages,
                    at_start,
                };
                match version.take(&file, read, forced).await {
                    Ok(Some(group)) => return group,
                    Ok(None) => {}
                    Err(rejection) => unserved.push(Unserved::rejected(&file, None, &rejection, now)),
                }
            }
        }
        // The version that is served goes on, with the description files of now.
        let Some(compiled) = before.compiled.clone() else {
            let why = unserved
                .first()
                .map_or_else(String::new, |first| first.reason.clone());
            let rejection = Rejection::ComponentRejected {
                file: file.clone(),
                why,
            };
            unserved.extend(
                packages
                    .iter()
                    .map(|package| Unserved::waiting(package, &rejection, now)),
            );
            return Group {
                file,
                compiled: None,
                elements: Vec::new(),
                unserved,
            };
        };
        let trial = Trial::hold(host, &compiled, &packages, &before, false, at_start).await;
        let mut group = trial.conclude(&file, compiled, now);
        // A description file that got worse leaves the element as it was.
        for (package, _) in before
            .elements
            .iter()
            .filter_map(|(name, adapter)| Some((name.as_ref()?, adapter)))
        {
            let spoilt = group
                .unserved
                .iter()
                .any(|unserved| unserved.package.as_deref() == Some(package));
            if spoilt && let Some(adapter) = before.elements.get(&Some(package.clone())) {
                group.elements.push(Arc::clone(adapter));
            }
        }
        group.unserved.extend(unserved);
        group
    }
}

/// A version of a component that has just been read.
struct Version<'a> {
    host: &'a Host,
    before: &'a Standing,
    packages: &'a [Package],
    at_start: bool,
}

impl Version<'_> {
    /// None: it is what is served already.
    async fn take(
        &self,
        file: &str,
        read: Result<Vetted, Rejection>,
        mut forced: bool,
    ) -> Result<Option<Group>, Rejection> {
        let read = read?;
        let served = self.before.compiled.as_ref();
        let served = served.filter(|served| served.digest == blake3::hash(&read.bytes).to_hex().as_str());
        let compiled = match served {
            Some(served) if served.verdict != read.verdict => {
                forced = true;
                Arc::new(served.judged(read.verdict))
            }
            Some(_) if !forced => return Ok(None),
            Some(served) => Arc::clone(served),
            None => Arc::new(Compiled::load(self.host, file, read).await?),
        };
        let trial = Trial::hold(
            self.host,
            &compiled,
            self.packages,
            self.before,
            forced,
            self.at_start,
        )
        .await;
        let trial = trial.check(self.before)?;
        Ok(Some(trial.conclude(file, compiled, self.host.clock.now())))
    }
}

impl Trial {
    /// Let a component describe itself and each description file, all at the same time: one that takes long delays
    /// no other.
    async fn hold(
        host: &Host,
        compiled: &Arc<Compiled>,
        packages: &[Package],
        before: &Standing,
        forced: bool,
        at_start: bool,
    ) -> Self {
        let sources = std::iter::once(None).chain(packages.iter().cloned().map(Some));
        let described = sources.map(async |package: Option<Package>| {
            let name = package.as_ref().map(|package| package.file.clone());
            let known = before
                .elements
                .get(&name)
                .filter(|known| !forced && known.is_of(compiled, package.as_ref()));
            match known {
                // It stays, and its record of strikes with it.
                Some(known) => Ok(Arc::clone(known)),
                None => Adapter::of(host, Arc::clone(compiled), package.clone(), at_start)
                    .await
                    .map(Arc::new)
                    .map_err(|rejection| (package, rejection)),
            }
        });
        let mut trial = Self {
            elements: Vec::new(),
            refused: Vec::new(),
        };
        for described in join_all(described).await {
            match described {
                Ok(adapter) => trial.elements.push(adapter),
                Err(refused) => trial.refused.push(refused),
            }
        }
        trial
    }

    /// Refuse a version that lacks what the old one serves, or that cannot say what it is.
    fn check(self, before: &Standing) -> Result<Self, Rejection> {
        let mut refused = Vec::new();
        for (package, rejection) in self.refused {
            let name = package.as_ref().map(|package| package.file.clone());
            let served = before.elements.get(&name);
            let regressed = match &package {
                None => served.is_some() || !matches!(rejection, Rejection::NeedsDescription { .. }),
                Some(package) => served.is_some_and(|served| served.package.as_ref() == Some(package)),
            };
            match name {
                None if regressed => return Err(rejection),
                Some(package) if regressed => {
                    let rejection = Box::new(rejection);
                    return Err(Rejection::Regression { package, rejection });
                }
                _ => refused.push((package, rejection)),
            }
        }
        Ok(Self { refused, ..self })
    }

    fn conclude(self, file: &str, compiled: Arc<Compiled>, now: Millis) -> Group {
        let alone = self.elements.is_empty();
        let mut unserved = Vec::new();
        for (package, rejection) in &self.refused {
            match package {
                Some(package) => unserved.push(Unserved::rejected(file, Some(&package.file), rejection, now)),
                // A component that needs description files is what they make of it.
                None if alone => unserved.push(Unserved::needs_description(file, rejection, now)),
                None => {}
            }
        }
        Group {
            file: file.to_owned(),
            compiled: Some(compiled),
            elements: self.elements,
            unserved,
        }
    }
}

impl Adapter {
    fn is_of(&self, compiled: &Compiled, package: Option<&Package>) -> bool {
        self.compiled.digest == compiled.digest && self.package.as_ref() == package
    }
}
