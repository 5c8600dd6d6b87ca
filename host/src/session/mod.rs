//! Work with a provider on behalf of one instance.
//!
//! A [`Session`] knows the instance's adapter, its configuration in force and its secrets, and runs the adapter's
//! steps: it sends what an adapter asks for, takes captured secrets into the vault, obeys rate limits, and refreshes
//! a rejected token once. Adapter and provider only meet here.

mod configuration;
mod conversation;
mod document;
mod failure;
mod fields;
mod grant;
mod last;
mod nulls;
mod oauth1;
mod pkce;
mod reel;
mod walk;
mod webhook;

use std::sync::Arc;

use indexmap::IndexMap;
use periodic_sdk::description::Description;
use serde_json::value::RawValue;

pub use self::{
    configuration::is_secret,
    document::{Rendered, Renderer, cut, cut_told, render},
    failure::Failure,
    grant::AuthorizeRequest,
    nulls::Nulls,
    oauth1::{Consented, Temporary},
    pkce::{Verifiers, verifier},
    reel::Asked,
    walk::{Walk, WalkPage},
};
use self::{last::LastCall, reel::Reel};
pub(crate) use self::{
    reel::{Recorded, unanswered},
    webhook::{Told, greet},
};
use crate::{
    adapter::{
        Adapter,
        contract::{hub, types},
    },
    clock::Millis,
    egress::{Audience, Patience, Secrets},
    host::{Host, Live},
    store::{Instance, InstanceId, SealedSecret},
    vault::Secret,
};

/// The access token's name (see `oauth2.wit`).
pub const ACCESS_TOKEN: &str = "oauth.user.token";
/// The secret of a token of OAuth 1.0a (see `oauth1.wit`).
pub const TOKEN_SECRET: &str = "oauth.user.token.secret";
/// The refresh token's name.
pub const REFRESH_TOKEN: &str = "oauth.user.refresh_token";
/// The authorization code's name.
pub const CODE: &str = "oauth.code";
/// The PKCE verifier's name, while its code is exchanged.
pub const CODE_VERIFIER: &str = "oauth.code.verifier";
/// The configuration key of the redirect URI.
pub const CALLBACK_URL: &str = "oauth.callback.url";

/// Work on behalf of one instance.
#[derive(Debug)]
pub struct Session<'h> {
    host: &'h Host,
    adapter: Arc<Adapter>,
    instance: InstanceId,
    /// What the instance says itself.
    own: IndexMap<String, String>,
    /// What was derived; kept with the instance.
    derived: IndexMap<String, String>,
    secrets: Secrets,
    /// When secrets end, by name.
    expiries: IndexMap<String, Millis>,
    audience: Audience,
    live: Arc<Live>,
    keeping: Keeping,
    /// How long the provider's budget of requests is waited for.
    patience: Patience,
    requests: u32,
    /// The status of the provider's last answer.
    last_status: Option<u16>,
    reel: Reel,
    last: Option<LastCall>,
}

/// Where captured values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// The instance does not exist yet: they stay in the session (see [`Session::parts`]).
    Session,
    /// Into the store, before anything else is done with them.
    Store,
}

/// What a session of an instance to be has gathered.
#[derive(Debug)]
pub struct Parts {
    /// What was derived.
    pub derived: IndexMap<String, String>,
    /// Its secrets, sealed.
    pub secrets: Vec<SealedSecret>,
}

impl<'h> Session<'h> {
    /// A session of a stored instance.
    pub async fn open(host: &'h Host, instance: &Instance) -> Result<Self, Failure> {
        let adapter = host.adapters.find(&instance.element).await?;
        let mut secrets = Secrets::default();
        let mut expiries = IndexMap::new();
        for SealedSecret {
            name,
            sealed,
            expires,
        } in host.store.secrets(instance.id).await?
        {
            let secret = host.vault.open(instance.id, &name, &sealed)?;
            expiries.extend(expires.map(|expires| (name.clone(), expires)));
            secrets.insert(name, secret);
        }
        let (own, derived) = (instance.configuration.clone(), instance.derived.clone());
        Self::assemble(
            host,
            adapter,
            instance.id,
            own,
            derived,
            secrets,
            expiries,
            Keeping::Store,
        )
    }

    /// A session of an instance to be, or of one whose configuration is about to change: nothing is stored.
    pub fn draft(
        host: &'h Host,
        adapter: Arc<Adapter>,
        instance: InstanceId,
        configuration: IndexMap<String, String>,
        secrets: Secrets,
    ) -> Result<Self, Failure> {
        let (derived, expiries) = (IndexMap::new(), IndexMap::new());
        Self::assemble(
            host,
            adapter,
            instance,
            configuration,
            derived,
            secrets,
            expiries,
            Keeping::Session,
        )
    }

    /// The same, for somebody who waits for the answer: he is told when the budget is spent.
    #[must_use]
    pub fn awaited(self) -> Self {
        Self {
            patience: Patience::FOR_CALLERS,
            ..self
        }
    }

    #[expect(clippy::too_many_arguments, reason = "private, and each is a field")]
    fn assemble(
        host: &'h Host,
        adapter: Arc<Adapter>,
        instance: InstanceId,
        own: IndexMap<String, String>,
        derived: IndexMap<String, String>,
        secrets: Secrets,
        expiries: IndexMap<String, Millis>,
        keeping: Keeping,
    ) -> Result<Self, Failure> {
        let live = host.live.get(instance);
        let audience = Audience::default();
        let mut session = Self {
            host,
            adapter,
            instance,
            own,
            derived,
            secrets,
            expiries,
            audience,
            live,
            keeping,
            patience: Patience::FOR_WORK,
            requests: 0,
            last_status: None,
            reel: Reel::default(),
            last: None,
        };
        session.lend_presets();
        session.rebind()?;
        Ok(session)
    }

    /// The adapter.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// What the element says of itself.
    pub fn description(&self) -> &Description {
        self.adapter.description()
    }

    /// The secrets that are known.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// The status of the provider's last answer; none where it has given none.
    pub fn last_status(&self) -> Option<u16> {
        self.last_status
    }

    /// Now, by the provider's clock as far as it was measured: rather a little early than late.
    pub fn provider_now(&self) -> Millis {
        self.provider_time(self.host.clock.now())
    }

    /// An instant of our clock by the provider's, likewise.
    pub fn provider_time(&self, instant: Millis) -> Millis {
        instant.saturating_add(self.live.skew())
    }

    /// What the session gathered, with all secrets sealed.
    pub fn parts(&self) -> Result<Parts, Failure> {
        let mut secrets = Vec::new();
        for (name, secret) in self
            .secrets
            .iter()
            .filter(|(name, secret)| !self.is_preset(name, secret))
        {
            secrets.push(self.seal(name, secret)?);
        }
        Ok(Parts {
            derived: self.derived.clone(),
            secrets,
        })
    }

    /// Validate and discover: the adapter's `connect`.
    pub async fn connect(&mut self) -> Result<(), Failure> {
        let settings = self.run(conversation::Connect).await?;
        self.take_over(settings).await
    }

    /// Is the provider there, and are the credentials good?
    pub async fn check(&mut self) -> Result<(), Failure> {
        self.run(conversation::Check).await.map(|_settings| ())
    }

    /// An operation on a resource.
    pub async fn operate(&mut self, operation: hub::Operation) -> Result<HubAnswer, Failure> {
        self.run(conversation::Operate(operation)).await
    }

    /// Check a resource's poller configuration and fill in its defaults; an error is for whoever wrote it.
    pub async fn plan(&self, resource: &str, configuration: &str) -> Result<Result<String, String>, Failure> {
        let context = self.context();
        let planned = self.adapter.plan(&context, resource, configuration).await?;
        self.adapter.accepted();
        Ok(planned)
    }

    /// For the documents of a step whose spans refer to these answers.
    pub fn renderer<'a>(&self, answers: &'a [types::Answer]) -> Renderer<'a> {
        Renderer::new(answers, self.adapter.limits().returned)
    }

    fn seal(&self, name: &str, secret: &Secret) -> Result<SealedSecret, Failure> {
        let sealed = self.host.vault.seal(self.instance, name, secret)?;
        Ok(SealedSecret {
            name: name.to_owned(),
            sealed,
            expires: self.expiries.get(name).copied(),
        })
    }
}

/// What an operation on a resource came to, its documents rendered.
#[derive(Debug, Clone)]
pub enum HubAnswer {
    /// A page of records.
    Listed {
        /// The records.
        records: Vec<Box<RawValue>>,
        /// Where the next page starts.
        next: Option<String>,
        /// The total number.
        total: Option<u64>,
    },
    /// One record.
    One(Box<RawValue>),
    /// The fields of a resource as JSON text.
    Fields(String),
    /// Nothing to show.
    Done,
}
