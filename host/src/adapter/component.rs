//! From bytes to something that can be called: the checks that a file passes before it is served.

use std::sync::Arc;

use periodic_sdk::description::{AuthenticationKind, Description};
use wasmtime::component::{Component, InstancePre};

use super::{
    bindings::exports::periodic::element::{element, hub, oauth1, oauth2, poller, webhook},
    engine::Runtime,
    error::Rejection,
    limits::Limits,
    needs,
    state::State,
    surface::Surface,
    trust::Verdict,
};

/// A component's file, compiled and linked: shared by all elements that are made of it.
#[derive(Debug)]
pub(super) struct Compiled {
    /// Its name.
    pub(super) file: String,
    /// The BLAKE3 digest of its content, hexadecimal.
    pub(super) digest: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// What its signature came to, where somebody asked.
    pub(super) verdict: Option<Verdict>,
    pub(super) linked: Arc<Linked>,
}

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
    /// Link what was compiled of these bytes; whoever compiled them has found them well-formed. What is read of them here
    /// is read without recursion.
    pub(super) fn of(
        runtime: &Runtime,
        component: &Component,
        limits: &Limits,
        bytes: &[u8],
    ) -> Result<Self, Rejection> {
        let failed = |error: wasmtime::Error| Rejection::Load(format!("{error:#}"));
        let surface = Surface::read(bytes)?;
        surface.check()?;
        needs::check(bytes, limits)?;
        let pre = runtime.linker.instantiate_pre(component).map_err(failed)?;
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
