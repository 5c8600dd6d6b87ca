//! Changing and removing an instance.

use indexmap::IndexMap;

use super::{ChangeRequest, MASK, Problem, Rules, create::authenticate, keys, polling};
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
    let reauthenticates = request.provider_data.code.is_some();
    if !request.configuration.is_empty() || reauthenticates {
        let edited = Edited::new(host, instance, request.configuration)?;
        edited
            .apply(host, instance, rules, request.provider_data.code, &mut change)
            .await?;
    }
    let changed = host.store.change_instance(instance.id, change).await?;
    host.polls_due.notify_one();
    host.deliveries_due.notify_one();
    Ok(changed)
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
}

impl Edited {
    fn new(
        host: &Host,
        instance: &Instance,
        edits: IndexMap<String, Option<String>>,
    ) -> Result<Self, Problem> {
        let adapter = host.adapters.get(&instance.element);
        let adapter = adapter.ok_or_else(|| session::Failure::NoAdapter(instance.element.clone()))?;
        let mut edited = Self {
            configuration: instance.configuration.clone(),
            put: Vec::new(),
            removed: Vec::new(),
            polling: false,
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
        Ok(edited)
    }

    async fn apply(
        self,
        host: &Host,
        instance: &Instance,
        rules: Rules,
        code: Option<Secret>,
        change: &mut InstanceChange,
    ) -> Result<(), Problem> {
        polling::check_values(&self.configuration, rules)?;
        let mut session = self.session(host, instance, code.is_some()).await?;
        // Whoever authenticates again does not wait for the end of a back-off: the schedule starts anew.
        if self.polling || code.is_some() {
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
        if code.is_some() {
            authenticate(&mut session, code).await?;
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
