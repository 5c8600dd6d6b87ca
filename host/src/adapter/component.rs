//! From bytes to something that can be called: the checks that a file passes before it is served.

use periodic_sdk::description::{AuthenticationKind, Description};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};
use wasmtime::component::{Component, InstancePre};

use super::{
    bindings::exports::periodic::element::{element, hub, oauth1, oauth2, poller, webhook},
    cache::Cache,
    engine::Runtime,
    error::Rejection,
    state::State,
};

/// What this host speaks of the contract.
const SPOKEN: &str = "1.0";
const PACKAGE: &str = "periodic:element/";

/// A component that is compiled and linked, with the capabilities that it exports.
pub(super) struct Linked {
    pub(super) surface: Surface,
    pub(super) pre: InstancePre<State>,
    pub(super) element: Option<element::GuestIndices>,
    pub(super) oauth2: Option<oauth2::GuestIndices>,
    pub(super) oauth1: Option<oauth1::GuestIndices>,
    pub(super) hub: Option<hub::GuestIndices>,
    pub(super) poller: Option<poller::GuestIndices>,
    pub(super) webhook: Option<webhook::GuestIndices>,
}

impl std::fmt::Debug for Linked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Linked")
    }
}

impl Linked {
    /// Check, compile and link. It takes the processor for a while: not on a worker of the executor. What was compiled
    /// before has passed the validation before.
    pub(super) fn load(
        runtime: &Runtime,
        cache: Option<&Cache>,
        digest: &str,
        bytes: &[u8],
    ) -> Result<Self, Rejection> {
        let failed = |error: wasmtime::Error| Rejection::Load(format!("{error:#}"));
        let compiled = cache.and_then(|cache| cache.get(&runtime.engine, digest));
        if compiled.is_none() {
            Validator::new_with_features(WasmFeatures::all())
                .validate_all(bytes)
                .map_err(broken)?;
        }
        let surface = Surface::read(bytes)?;
        surface.check()?;
        let component = match compiled {
            Some(component) => component,
            None => {
                let component = Component::from_binary(&runtime.engine, bytes).map_err(failed)?;
                if let Some(cache) = cache {
                    cache.put(&runtime.engine, digest, &component);
                }
                component
            }
        };
        let pre = runtime.linker.instantiate_pre(&component).map_err(failed)?;
        let exports = |interface: &str| surface.exports.iter().any(|(name, _)| name == interface);
        macro_rules! capability {
            ($interface:ident) => {
                exports(stringify!($interface))
                    .then(|| $interface::GuestIndices::new(&pre))
                    .transpose()
                    .map_err(failed)?
            };
        }
        Ok(Self {
            element: capability!(element),
            oauth2: capability!(oauth2),
            oauth1: capability!(oauth1),
            hub: capability!(hub),
            poller: capability!(poller),
            webhook: capability!(webhook),
            pre,
            surface,
        })
    }

    /// Check what a description claims against what is exported.
    pub(super) fn check_claims(&self, description: &Description) -> Result<(), Rejection> {
        let kind = description.authentication.kind;
        let polls = description
            .resources
            .values()
            .any(|resource| resource.polling.is_some());
        let works = description
            .resources
            .values()
            .any(|resource| !resource.operations.is_empty());
        let notifies = description
            .resources
            .values()
            .any(|resource| !resource.webhook_events.is_empty());
        let claims = [
            (
                kind == AuthenticationKind::Oauth2,
                self.oauth2.is_some(),
                "authentication by OAuth 2.0",
                "oauth2",
            ),
            (
                kind == AuthenticationKind::Oauth1,
                self.oauth1.is_some(),
                "authentication by OAuth 1.0a",
                "oauth1",
            ),
            (works, self.hub.is_some(), "operations on resources", "hub"),
            (polls, self.poller.is_some(), "resources to poll", "poller"),
            (notifies, self.webhook.is_some(), "webhooks", "webhook"),
        ];
        match claims
            .into_iter()
            .find(|(claimed, exported, ..)| *claimed && !exported)
        {
            None => Ok(()),
            Some((_, _, claim, interface)) => Err(Rejection::Claim {
                claim: claim.to_owned(),
                interface,
            }),
        }
    }
}

/// Names of what a component imports and of what it exports of the contract.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) imports: Vec<String>,
    /// Interface and version.
    pub(super) exports: Vec<(String, String)>,
}

impl Surface {
    /// Read a file that is known to be well-formed.
    fn read(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut surface = Self {
            imports: Vec::new(),
            exports: Vec::new(),
        };
        let mut depth = 0_usize;
        let mut is_component = false;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(broken)? {
                Payload::Version { encoding, .. } if depth == 0 => {
                    is_component = encoding == Encoding::Component
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        surface.imports.push(import.map_err(broken)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        let name = export.map_err(broken)?.name.name;
                        let Some((interface, version)) =
                            name.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@'))
                        else {
                            continue;
                        };
                        surface.exports.push((interface.to_owned(), version.to_owned()));
                    }
                }
                _ => {}
            }
        }
        if !is_component {
            return Err(Rejection::NoComponent("it is a core module".to_owned()));
        }
        Ok(surface)
    }

    fn check(&self) -> Result<(), Rejection> {
        if let Some((_, version)) = self.exports.iter().find(|(_, version)| major(version) != "1") {
            return Err(Rejection::Version {
                found: version.clone(),
                spoken: SPOKEN,
            });
        }
        if !self.exports.iter().any(|(interface, _)| interface == "element") {
            return Err(Rejection::NoAdapter);
        }
        // `types` has no functions: a toolchain may import it for its types' sake.
        let known = |name: &String| {
            let name = name.split_once('@').map_or(name.as_str(), |(name, _)| name);
            name.starts_with("wasi:")
                || ["log", "types"]
                    .iter()
                    .any(|own| name.strip_prefix(PACKAGE) == Some(own))
        };
        match self.imports.iter().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => Err(Rejection::Import(name.clone())),
        }
    }
}

/// Some of the reader's messages have many lines.
fn broken(error: wasmparser::BinaryReaderError) -> Rejection {
    let text = error.to_string();
    Rejection::NoComponent(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn major(version: &str) -> &str {
    version.split_once('.').map_or(version, |(major, _)| major)
}
