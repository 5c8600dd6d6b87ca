//! Changing and removing an instance.

use indexmap::IndexMap;

use super::{
    ChangeRequest, MASK, Problem, ProviderData, Rules,
    create::{authenticate, check_required},
    keys, polling,
};
use crate::{
    delivery::envelope,
    egress::Secrets,
    host::Host,
    session::{self, Session},
    store::{Callback, Edit, Instance, InstanceChange, InstanceState, SealedSecret},
    vault::Secret,
};

/// Change an instance: what the request does not name stays as it is.
pub async fn change(
    host: &Host,
    instance: &Instance,
    rules: Rules,
    request: ChangeRequest,
) -> Result<Instance, Problem> {
    let now = host.clock.now();
    let mut change = InstanceChange {
        name: request.name,
        tags: request.tags,
        now,
        ..InstanceChange::default()
    };
    if let Some(asked) = &request.element {
        stays(host, instance, asked)?;
    }
    let reauthenticates = request.provider_data.authenticates();
    if request.whole || !request.configuration.is_empty() || reauthenticates {
        let edited = Edited::new(host, instance, request.configuration, request.whole)?;
        edited
            .apply(host, instance, rules, request.provider_data, &mut change)
            .await?;
    }
    let changed = host.store.change_instance(instance.id, change).await?;
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

/// An instance stays with its element: what it has stored means nothing to another.
fn stays(host: &Host, instance: &Instance, asked: &str) -> Result<(), Problem> {
    let adapter = host.adapters.get(asked);
    let key = adapter.as_ref().map_or(asked, |adapter| adapter.key());
    if key == instance.element {
        return Ok(());
    }
    let what = format!(
        "the instance is one of {}; make another instance for {asked:?}",
        instance.element
    );
    Err(Problem::field("element.key", what))
}

/// Remove an instance. Its token is worth nothing from then on.
pub async fn remove(host: &Host, instance: &Instance) -> Result<(), Problem> {
    host.store.delete_instance(instance.id).await?;
    host.live.forget(instance.id);
    tracing::info!(instance = %instance.id, element = instance.element, "instance deleted");
    Ok(())
}

/// The configuration as it will be.
struct Edited {
    configuration: IndexMap<String, String>,
    put: Vec<(String, Secret)>,
    removed: Vec<String>,
    /// Whether a key that has to do with polling is among the changes.
    polling: bool,
    /// Whether a key may be gone that is needed.
    removes: bool,
}

impl Edited {
    fn new(
        host: &Host,
        instance: &Instance,
        edits: IndexMap<String, Option<String>>,
        whole: bool,
    ) -> Result<Self, Problem> {
        let adapter = host.adapters.get(&instance.element);
        let adapter = adapter.ok_or_else(|| session::Failure::NoAdapter(instance.element.clone()))?;
        let mut edited = Self {
            configuration: if whole {
                IndexMap::new()
            } else {
                instance.configuration.clone()
            },
            put: Vec::new(),
            removed: Vec::new(),
            polling: false,
            removes: whole || edits.values().any(Option::is_none),
        };
        for (key, value) in edits {
            edited.polling |= key.starts_with("event.");
            let secret = session::is_secret(adapter.description(), &key);
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
        edited.polling |= instance
            .configuration
            .keys()
            .any(|key| key.starts_with("event.") && gone(key));
        Ok(edited)
    }

    async fn apply(
        mut self,
        host: &Host,
        instance: &Instance,
        rules: Rules,
        data: ProviderData,
        change: &mut InstanceChange,
    ) -> Result<(), Problem> {
        polling::check_values(&self.configuration, rules)?;
        let authenticates = data.authenticates();
        let tokens = data
            .tokens
            .iter()
            .map(|(name, token)| ((*name).to_owned(), token.clone()));
        self.put.extend(tokens);
        let mut session = self.session(host, instance, authenticates).await?;
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
            change.polling = match polling::polling(&session, &self.configuration, rules, change.now).await? {
                Some(polling) => Edit::Set(polling),
                None => Edit::Remove,
            };
        }
        if self.polling {
            let url =
                polling::callback(&self.configuration)?.filter(|_| matches!(change.polling, Edit::Set(_)));
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
            let session::Parts { derived, secrets } = session.into_parts()?;
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
        }
        change.remove_secrets = self.removed;
        change.configuration = Some(self.configuration);
        Ok(())
    }

    /// A session with the edited configuration that stores nothing by itself. Whoever authenticates again also
    /// discovers again.
    async fn session<'h>(
        &self,
        host: &'h Host,
        instance: &Instance,
        rediscovers: bool,
    ) -> Result<Session<'h>, Problem> {
        let adapter = host.adapters.get(&instance.element);
        let adapter = adapter.ok_or_else(|| session::Failure::NoAdapter(instance.element.clone()))?;
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
