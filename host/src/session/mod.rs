//! Work with a provider on behalf of one instance.
//!
//! A [`Session`] knows the instance's adapter, its configuration in force and its secrets, and runs the adapter's
//! steps: it sends what an adapter asks for, takes captured secrets into the vault, obeys rate limits, and refreshes
//! a rejected token once. Adapter and provider only meet here.

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
mod webhook;

use std::sync::Arc;

use indexmap::IndexMap;
use periodic_sdk::description::Description;
use serde_json::value::RawValue;

pub use self::{
    document::{Rendered, Renderer, cut, cut_told, render},
    failure::Failure,
    grant::AuthorizeRequest,
    nulls::Nulls,
    oauth1::{Consented, Temporary},
    pkce::{Verifiers, verifier},
    reel::Asked,
};
use self::{
    last::{LastCall, packed},
    reel::Reel,
};
pub(crate) use self::{
    reel::{Recorded, unanswered},
    webhook::{Told, greet},
};
use crate::{
    adapter::{
        Adapter, Answers, Course,
        contract::{hub, poller, types},
    },
    clock::Millis,
    egress::{Audience, Patience, Secrets, is_reserved},
    host::{Host, Live},
    instance::HOST_KEYS,
    store::{Instance, InstanceChange, InstanceId, SealedSecret},
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
            reel: Reel::default(),
            last: None,
        };
        session.lend_presets();
        session.rebind()?;
        Ok(session)
    }

    /// Secrets that the operator presets, where the instance has none of its own. They stay the operator's: they are
    /// not stored with the instance.
    fn lend_presets(&mut self) {
        let description = self.adapter.description();
        for (key, value) in self
            .host
            .element_defaults
            .get(&description.key)
            .into_iter()
            .flatten()
        {
            if is_secret(description, key) && self.secrets.get(key).is_none() {
                self.secrets.insert(key.clone(), Secret::from(value.as_str()));
            }
        }
    }

    fn is_preset(&self, name: &str, secret: &Secret) -> bool {
        let presets = self.host.element_defaults.get(&self.adapter.description().key);
        presets
            .and_then(|presets| presets.get(name))
            .is_some_and(|preset| preset == secret.expose())
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

    /// What was derived so far.
    pub(crate) fn derived(&self) -> &IndexMap<String, String> {
        &self.derived
    }

    /// Set a value of the instance's own configuration, in this session only.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.own.insert(key.to_owned(), value.to_owned());
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// Now, by the provider's clock as far as it was measured: rather a little early than late.
    pub fn provider_now(&self) -> Millis {
        self.provider_time(self.host.clock.now())
    }

    /// An instant of our clock by the provider's, likewise.
    pub fn provider_time(&self, instant: Millis) -> Millis {
        instant.saturating_add(self.live.skew())
    }

    /// A value of the configuration in force: the instance's own, what was derived, the operator's preset, the
    /// element's default.
    pub fn setting(&self, key: &str) -> Option<&str> {
        in_force(
            &self.own,
            &self.derived,
            self.host,
            self.adapter.description(),
            key,
        )
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

    /// Keep what an adapter derives.
    pub(crate) async fn take_over(&mut self, mut settings: Vec<types::Setting>) -> Result<(), Failure> {
        settings.retain(|setting| !self.is_secret(&setting.key));
        self.derive(settings.into_iter().map(|setting| (setting.key, setting.value)))
            .await
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

    /// Start a walk. Unlike other operations its token is not refreshed in the middle: the caller starts again, and
    /// what is stored already is not told twice.
    pub async fn walk(&mut self, job: poller::Job) -> Result<Walk, Failure> {
        let context = self.context();
        self.reel.begun(&context, &job);
        let begun = self.adapter.poll(&context, &job).await?;
        self.last = Some(LastCall::new("poller.begin", context, packed(&job)));
        let step = self.said(begun)?;
        Ok(Walk {
            job,
            step: Some((step, Answers::default())),
            pages: 0,
            exchanges: 0,
        })
    }

    /// What a page may hold, and how many there may be.
    pub(crate) fn check_page(&self, page: &poller::Page, number: usize) -> Result<(), Failure> {
        self.count("pages", |limits| limits.pages, number)?;
        self.count("records", |limits| limits.records, page.records.len())?;
        let kept = page.checkpoint.as_ref().map_or(0, Vec::len);
        self.count("state", |limits| limits.state, kept)
    }

    /// For the documents of a step whose spans refer to these answers.
    pub fn renderer<'a>(&self, answers: &'a [types::Answer]) -> Renderer<'a> {
        Renderer::new(answers, self.adapter.limits().returned)
    }

    /// What every call of the adapter is given.
    pub(crate) fn context(&self) -> types::Context {
        let keys = self
            .description()
            .configuration
            .iter()
            .map(|key| key.key.as_str());
        let mut configuration: IndexMap<&str, &str> = keys
            .filter_map(|key| self.setting(key).map(|value| (key, value)))
            .collect();
        for (key, value) in self.derived.iter().chain(&self.own) {
            configuration.insert(key, value);
        }
        let shown = configuration.into_iter().filter(|(key, _)| !self.is_secret(key));
        let setting = |(key, value): (&str, &str)| types::Setting {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        types::Context {
            now: self.provider_now(),
            configuration: shown.map(setting).collect(),
            secrets: self
                .secrets
                .names()
                .filter(|name| !is_reserved(name))
                .map(str::to_owned)
                .collect(),
            package: self.adapter.package().map(<[u8]>::to_vec),
        }
    }

    /// Refuse to let an adapter set what is the host's own.
    fn not_the_hosts(&self, key: &str) -> Result<(), Failure> {
        if is_reserved(key) || HOST_KEYS.iter().any(|known| known.key == key) {
            return Err(self.malformed(format!("it sets {key:?}, which is the host's own")));
        }
        Ok(())
    }

    fn is_secret(&self, key: &str) -> bool {
        is_secret(self.description(), key)
    }

    fn seal(&self, name: &str, secret: &Secret) -> Result<SealedSecret, Failure> {
        let sealed = self.host.vault.seal(self.instance, name, secret)?;
        Ok(SealedSecret {
            name: name.to_owned(),
            sealed,
            expires: self.expiries.get(name).copied(),
        })
    }

    /// Keep derived configuration.
    async fn derive(&mut self, settings: impl IntoIterator<Item = (String, String)>) -> Result<(), Failure> {
        let before = self.derived.clone();
        for (key, value) in settings {
            self.not_the_hosts(&key)?;
            self.derived.insert(key, value);
        }
        if self.derived == before {
            return Ok(());
        }
        self.rebind()?;
        if self.keeping == Keeping::Store {
            let now = self.host.clock.now();
            let change = InstanceChange {
                derived: Some(self.derived.clone()),
                now,
                ..InstanceChange::default()
            };
            self.host.store.change_instance(self.instance, change).await?;
        }
        Ok(())
    }

    /// Where requests and secrets may go follows from the configuration.
    fn rebind(&mut self) -> Result<(), Failure> {
        let description = self.adapter.description();
        // A secret's value stands in no address: refusals show what the patterns come to.
        let lookup = |key: &str| {
            let value = in_force(&self.own, &self.derived, self.host, description, key);
            value.filter(|_| !self.is_secret(key)).map(str::to_owned)
        };
        let narrowed = self.host.element_egress.get(&description.key).map(Vec::as_slice);
        self.audience = Audience::new(description, narrowed, &lookup)?;
        Ok(())
    }
}

/// The value of a key that is in force.
fn in_force<'a>(
    own: &'a IndexMap<String, String>,
    derived: &'a IndexMap<String, String>,
    host: &'a Host,
    description: &'a Description,
    key: &str,
) -> Option<&'a str> {
    let preset = || host.element_defaults.get(&description.key)?.get(key);
    let default = || {
        description
            .configuration
            .iter()
            .find(|known| known.key == key)?
            .default
            .as_ref()
    };
    own.get(key)
        .or_else(|| derived.get(key))
        .or_else(preset)
        .or_else(default)
        .map(String::as_str)
}

/// Whether a configuration key holds a secret: declared so by the element, or by its nature.
pub fn is_secret(description: &Description, key: &str) -> bool {
    const ALWAYS: [&str; 7] = [
        "password",
        "oauth.api.key",
        "oauth.api.secret",
        ACCESS_TOKEN,
        REFRESH_TOKEN,
        "event.notification.signature.key",
        "event.notification.basic.password",
    ];
    ALWAYS.contains(&key)
        || key.starts_with("oauth.user.")
        || description
            .configuration
            .iter()
            .any(|known| known.key == key && known.secret)
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

/// A walk over the changes of a resource.
#[derive(Debug)]
pub struct Walk {
    job: poller::Job,
    /// The adapter's last step, and the answers that its spans refer to.
    step: Option<(poller::Step, Answers)>,
    /// So far.
    pages: usize,
    /// Since the last page.
    exchanges: usize,
}

/// A page of a walk.
#[derive(Debug)]
pub struct WalkPage {
    /// What changed.
    pub records: Vec<types::Changed>,
    /// The answers that the records' spans refer to.
    pub answers: Answers,
    /// The new checkpoint.
    pub checkpoint: Option<Vec<u8>>,
}

impl Walk {
    /// The next page; none when the window is complete.
    pub async fn next(&mut self, session: &mut Session<'_>) -> Result<Option<WalkPage>, Failure> {
        loop {
            let Some((step, answers)) = self.step.take() else {
                return Ok(None);
            };
            match step {
                poller::Step::Send(exchange) => self.go_on(session, exchange).await?,
                poller::Step::Page(page) => {
                    self.pages += 1;
                    self.exchanges = 0;
                    session.check_page(&page, self.pages)?;
                    let poller::Page {
                        records,
                        checkpoint,
                        next,
                    } = page;
                    session.reel.page(&records, &checkpoint);
                    // The next exchange waits until the caller has stored this page.
                    self.step = next.map(|exchange| (poller::Step::Send(exchange), Answers::default()));
                    return Ok(Some(WalkPage {
                        records,
                        answers,
                        checkpoint,
                    }));
                }
            }
        }
    }

    async fn go_on(&mut self, session: &mut Session<'_>, exchange: types::Exchange) -> Result<(), Failure> {
        self.exchanges += 1;
        let answers = session.exchange(&exchange, self.exchanges).await?;
        let context = session.context();
        session.reel.resumed(context.now);
        let resumed = session
            .adapter
            .resume_poll(&context, &self.job, &exchange.state, &answers)
            .await?;
        session.last = Some(LastCall {
            function: "poller.resume",
            context,
            subject: packed(&self.job),
            resumed: Some((exchange.state, answers.clone())),
            course: Course {
                exchanges: self.exchanges,
                pages: self.pages,
                answered: None,
            },
        });
        self.step = Some((session.said(resumed)?, answers));
        Ok(())
    }
}
