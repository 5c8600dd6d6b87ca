//! Changing and removing an instance.

use std::sync::Arc;

use indexmap::IndexMap;
use periodic_sdk::description::{AuthenticationKind, Description};

use super::{
    ChangeRequest, MASK, Problem, ProviderData, Rules,
    create::{authenticate, check_required},
    external, keys,
    minted::mint,
    mode::Mode,
    polling, registration, values,
};
use crate::{
    adapter::NotServed,
    delivery::envelope,
    egress::Secrets,
    host::Host,
    inbound::{self, Expectation, Registered},
    session::{self, ACCESS_TOKEN, REFRESH_TOKEN, Session, TOKEN_SECRET},
    store::{Callback, Edit, Instance, InstanceChange, InstanceState, SealedSecret, StoreError},
    vault::Secret,
};

/// Change an instance: what the request does not name stays as it is.
pub async fn change(
    host: &Host,
    instance: &Instance,
    rules: Rules,
    request: ChangeRequest,
) -> Result<Instance, Problem> {
    let live = host.live.get(instance.id);
    let _turn = live.editing.lock().await;
    let instance = &fresh(host, instance).await?;
    external::check_change(host, instance, &request).await?;
    let now = host.clock.now();
    let mut change = InstanceChange {
        name: request.name,
        tags: request.tags,
        now,
        ..InstanceChange::default()
    };
    if let Some(asked) = &request.element {
        stays(host, instance, asked).await?;
    }
    let reauthenticates = request.provider_data.authenticates();
    let old = host.store.registration(instance.id).await?;
    let mut registering = Registering {
        old: old.is_some(),
        new: None,
        expectation: None,
    };
    if request.whole || !request.configuration.is_empty() || reauthenticates {
        let edited = Edited::new(host, instance, request.configuration, request.whole).await?;
        let data = request.provider_data;
        edited
            .apply(host, instance, rules, data, &mut registering, &mut change)
            .await?;
    }
    let Registering {
        new: registered,
        expectation,
        ..
    } = registering;
    let (reauthenticated, unregisters) = (change.state.is_some(), change.registration == Edit::Remove);
    let changing = Arc::clone(&live).change();
    let stored = host.store.change_instance(instance.id, change).await;
    drop((changing, expectation));
    if let (Err(_), Some(new)) = (&stored, &registered) {
        let mut session = Session::open(host, instance).await?;
        inbound::unsubscribe(&mut session, instance.id, new.data.clone()).await;
    }
    let changed = stored?;
    if let Some(old) = old.filter(|_| registered.is_some() || unregisters) {
        let new = registered.as_ref().map(|registered| &registered.data);
        registration::retire(host, &changed, &old, new).await;
    }
    if reauthenticated {
        // What waited for good credentials waits no more.
        host.store.retry_inbox(instance.id, now).await?;
        host.inbound_due.notify_one();
    }
    host.registrations_due.notify_one();
    host.polls_due.notify_one();
    host.deliveries_due.notify_one();
    Ok(changed)
}

/// Switch an instance on or off. One that is off is not polled, and its resources answer 403.
pub async fn switch(host: &Host, instance: &Instance, enabled: bool) -> Result<Instance, Problem> {
    let change = InstanceChange {
        disabled: Some(!enabled),
        now: host.clock.now(),
        ..InstanceChange::default()
    };
    let changed = host.store.change_instance(instance.id, change).await?;
    tracing::info!(instance = %instance.id, enabled, "instance switched");
    host.polls_due.notify_one();
    Ok(changed)
}

/// Switch the tracing of an instance's requests.
pub async fn trace(host: &Host, instance: &Instance, enabled: bool) -> Result<Instance, Problem> {
    let live = host.live.get(instance.id);
    let _turn = live.editing.lock().await;
    let mut configuration = fresh(host, instance).await?.configuration;
    if enabled {
        configuration.insert(keys::TRACE_LOGGING.to_owned(), "true".to_owned());
    } else {
        configuration.shift_remove(keys::TRACE_LOGGING);
    }
    let change = InstanceChange {
        configuration: Some(configuration),
        now: host.clock.now(),
        ..InstanceChange::default()
    };
    Ok(host.store.change_instance(instance.id, change).await?)
}

/// The instance as it is now: whoever waited for his turn comes after another's change.
async fn fresh(host: &Host, instance: &Instance) -> Result<Instance, Problem> {
    let stored = host.store.instance(instance.id).await?;
    Ok(stored.ok_or(StoreError::Missing("instance"))?)
}

/// An instance stays with its element: what it has stored means nothing to another.
async fn stays(host: &Host, instance: &Instance, asked: &str) -> Result<(), Problem> {
    if asked == instance.element {
        return Ok(());
    }
    match host.adapters.find(asked).await {
        Ok(adapter) if adapter.key() == instance.element => return Ok(()),
        Err(loading @ NotServed::Loading { .. }) => return Err(session::Failure::from(loading).into()),
        _ => {}
    }
    let what = format!(
        "the instance is one of {}; make another instance for {asked:?}",
        instance.element
    );
    Err(Problem::field("element.key", what))
}

/// Remove an instance. Its token is worth nothing from then on. Its provider is told before, while the host still has the
/// credentials; what it answers changes nothing.
pub async fn remove(host: &Host, instance: &Instance) -> Result<(), Problem> {
    if let Some(old) = host.store.registration(instance.id).await? {
        registration::retire(host, instance, &old, None).await;
    }
    host.store.delete_instance(instance.id).await?;
    host.live.forget(instance.id);
    tracing::info!(instance = %instance.id, element = instance.element, "instance deleted");
    Ok(())
}

/// What becomes of the registration at the provider.
struct Registering<'h> {
    /// Whether there is one.
    old: bool,
    new: Option<Registered>,
    /// The provider may challenge until the new one is stored.
    expectation: Option<Expectation<'h>>,
}

/// The configuration as it will be.
struct Edited {
    configuration: IndexMap<String, String>,
    put: Vec<(String, Secret)>,
    removed: Vec<String>,
    /// Whether a key that has to do with polling is among the changes.
    polling: bool,
    /// Whether a key is among the changes that the provider has to hear of.
    provider: bool,
    /// Whether fresh credentials are among the changes, which need no grant.
    credentials: bool,
    /// Whether a key may be gone that is needed.
    removes: bool,
}

impl Edited {
    async fn new(
        host: &Host,
        instance: &Instance,
        edits: IndexMap<String, Option<String>>,
        whole: bool,
    ) -> Result<Self, Problem> {
        let adapter = host
            .adapters
            .find(&instance.element)
            .await
            .map_err(session::Failure::from)?;
        let mut edited = Self {
            configuration: if whole {
                IndexMap::new()
            } else {
                instance.configuration.clone()
            },
            put: Vec::new(),
            removed: Vec::new(),
            polling: false,
            provider: false,
            credentials: false,
            removes: whole || edits.values().any(|value| value.as_deref().is_none_or(is_blank)),
        };
        for (key, value) in edits {
            edited.polling |= key.starts_with("event.");
            edited.provider |= registration::concerns_provider(&key);
            let secret = session::is_secret(adapter.description(), &key);
            // An empty secret is none, as where an instance is made.
            let value = value.filter(|value| !secret || !is_blank(value));
            let given = value
                .as_ref()
                .is_some_and(|value| value != MASK && !value.is_empty());
            edited.credentials |= given && is_credential(adapter.description(), &key);
            match value {
                Some(value) if secret && value == MASK => {}
                Some(value) if secret => edited.put.push((key, Secret::from(value))),
                Some(value) => {
                    edited.configuration.insert(key, value);
                }
                None if secret => edited.removed.push(key),
                None => {
                    edited.configuration.shift_remove(&key);
                }
            }
        }
        let gone = |key: &String| !edited.configuration.contains_key(key);
        for key in instance.configuration.keys().filter(|key| gone(key)) {
            edited.polling |= key.starts_with("event.");
            edited.provider |= registration::concerns_provider(key);
        }
        Ok(edited)
    }

    async fn apply<'h>(
        mut self,
        host: &'h Host,
        instance: &Instance,
        rules: Rules,
        data: ProviderData,
        registering: &mut Registering<'h>,
        change: &mut InstanceChange,
    ) -> Result<(), Problem> {
        let authenticates = data.authenticates() || self.credentials;
        let tokens = data
            .tokens
            .iter()
            .map(|(name, token)| ((*name).to_owned(), token.clone()));
        self.put.extend(tokens);
        let mut session = self.session(host, instance, authenticates).await?;
        values::check(session.description(), &self.configuration, rules)?;
        let mode = Mode::of(session.description(), &self.configuration)?;
        if self.removes {
            check_required(
                host,
                session.description(),
                &self.configuration,
                session.secrets(),
            )?;
        }
        // Whoever authenticates again does not wait for the end of a back-off: the schedule starts anew.
        if self.polling || authenticates {
            change.polling = match polling::polling(&session, &self.configuration, change.now).await? {
                Some(polling) => Edit::Set(polling),
                None => Edit::Remove,
            };
        }
        if self.polling {
            let tells = matches!(change.polling, Edit::Set(_)) || matches!(mode, Mode::Webhook(_));
            let url = polling::callback(&self.configuration).filter(|_| tells);
            change.callback = match url {
                Some(url) => Edit::Set(Callback {
                    topic: envelope::topic(instance.id, &instance.element),
                    url,
                }),
                None => Edit::Remove,
            };
        }
        if authenticates {
            authenticate(&mut session, data).await?;
            session.connect().await?;
        }
        let before = session.secrets().clone();
        match mode {
            Mode::Webhook(resources) if authenticates || self.provider || !registering.old => {
                registering.expectation = Some(Expectation::new(host, instance.id, &session));
                let new = inbound::subscribe(host, &mut session, instance.id, resources).await?;
                change.registration = Edit::Set(new.row.clone());
                registering.new = Some(new);
            }
            Mode::Webhook(_) => {}
            Mode::Off | Mode::Polling => {
                if registering.old {
                    change.registration = Edit::Remove;
                }
            }
        }
        if authenticates {
            let session::Parts { derived, secrets } = session.parts()?;
            change.derived = Some(derived);
            change.put_secrets = secrets;
            change.state = Some((InstanceState::Connected, None));
            tracing::info!(instance = %instance.id, "instance authenticated again");
        } else {
            for (name, secret) in &self.put {
                let sealed = host.vault.seal(instance.id, name, secret)?;
                change.put_secrets.push(SealedSecret {
                    name: name.clone(),
                    sealed,
                    expires: None,
                });
            }
            // What came of registering.
            change.put_secrets.extend(session.secrets_since(&before)?);
            let mut derived = session.parts()?.derived;
            if !derived.is_empty() {
                derived = instance.derived.clone().into_iter().chain(derived).collect();
                change.derived = Some(derived);
            }
        }
        change.remove_secrets = self.removed;
        change.configuration = Some(self.configuration);
        Ok(())
    }

    /// A session with the edited configuration that stores nothing by itself. Whoever authenticates again also
    /// discovers again.
    async fn session<'h>(
        &mut self,
        host: &'h Host,
        instance: &Instance,
        rediscovers: bool,
    ) -> Result<Session<'h>, Problem> {
        let adapter = host
            .adapters
            .find(&instance.element)
            .await
            .map_err(session::Failure::from)?;
        let mut secrets = Secrets::default();
        for SealedSecret { name, sealed, .. } in host.store.secrets(instance.id).await? {
            if name != keys::TOKEN && !self.removed.contains(&name) {
                let secret = host.vault.open(instance.id, &name, &sealed)?;
                secrets.insert(name, secret);
            }
        }
        for (name, secret) in &self.put {
            secrets.insert(name.clone(), secret.clone());
        }
        // A minted secret that was taken away is made anew.
        let given: Vec<String> = secrets.names().map(str::to_owned).collect();
        mint(host, adapter.description(), &mut secrets)?;
        let minted = secrets
            .iter()
            .filter(|(name, _)| !given.iter().any(|known| known == name));
        self.put
            .extend(minted.map(|(name, secret)| (name.to_owned(), secret.clone())));
        let mut configuration = if rediscovers {
            IndexMap::new()
        } else {
            instance.derived.clone()
        };
        configuration.extend(self.configuration.clone());
        Ok(Session::draft(
            host,
            adapter,
            instance.id,
            configuration,
            secrets,
        )?)
    }
}

/// Whether a value says that there is to be none.
fn is_blank(value: &str) -> bool {
    value.trim().is_empty()
}

/// Whether an instance authenticates with the value of this key, by itself: a declared secret, or where tokens are granted
/// one that the caller brings along.
fn is_credential(description: &Description, key: &str) -> bool {
    match description.authentication.kind {
        AuthenticationKind::Oauth2 => [ACCESS_TOKEN, REFRESH_TOKEN].contains(&key),
        AuthenticationKind::Oauth1 => [ACCESS_TOKEN, TOKEN_SECRET].contains(&key),
        _ => {
            let mut declared = description.configuration.iter();
            declared.any(|known| known.key == key && known.secret && !known.minted)
        }
    }
}
