//! What the running host lends to the worker: egress carries, store and vault know the settings.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    courier::{Courier, Parcel, Reply},
    format::Format,
    settings::{DeliverySettings, Settings, SettingsError},
    worker::{Options, Worker},
};
use crate::{
    clock::{Millis, millis},
    egress::{Attempt, Callback, Egress},
    host::Host,
    store::{InstanceId, Store, StoreError},
    vault::{Secret, Vault},
};

const SIGNING_KEY: &str = "event.notification.signature.key";
const HEADERS: &str = "event.notification.callback.headers";
const CALLBACK_URL: &str = "event.notification.callback.url";

/// How long settings are remembered: a burst reads them once. A change by this process holds at once, one by another
/// soon.
const FRESH: Duration = Duration::from_secs(5);
/// How many instances' settings are remembered, before those that are no longer fresh are dropped.
const REMEMBERED: usize = 4096;

/// The settings that the store has of instances.
#[derive(Debug)]
pub struct StoredSettings {
    host: Arc<Host>,
    remembered: Mutex<HashMap<InstanceId, Remembered>>,
}

/// Settings that were read.
#[derive(Debug)]
struct Remembered {
    /// When.
    read: Millis,
    /// After how many changes of the instance.
    changes: u64,
    settings: DeliverySettings,
}

impl Worker {
    /// The worker of this host.
    pub fn of(host: &Arc<Host>, options: Options) -> Self {
        Self::new(
            Arc::clone(&host.store),
            Arc::clone(host) as Arc<dyn Courier>,
            Arc::new(StoredSettings::new(Arc::clone(host))),
            host.clock,
            Arc::clone(&host.deliveries_due),
            options,
        )
    }
}

#[async_trait]
impl Courier for Host {
    async fn post(&self, parcel: Parcel<'_>) -> Reply {
        Courier::post(&self.egress, parcel).await
    }
}

#[async_trait]
impl Courier for Egress {
    async fn post(&self, parcel: Parcel<'_>) -> Reply {
        let callback = Callback {
            url: parcel.url,
            headers: parcel.headers,
            body: parcel.body,
            timeout: parcel.timeout,
        };
        reply(Self::post(self, callback).await)
    }
}

fn reply(attempt: Attempt) -> Reply {
    match attempt {
        Attempt {
            status: Some(status),
            retry_after,
            error: None,
            ..
        } => Reply::Answered { status, retry_after },
        Attempt {
            error: Some(error), ..
        } => Reply::Failed {
            error: error.to_string(),
        },
        Attempt { .. } => Reply::Failed {
            error: "the callback sent no answer".to_owned(),
        },
    }
}

// === impl StoredSettings ===

impl StoredSettings {
    /// Settings from the host's store and vault.
    pub fn new(host: Arc<Host>) -> Self {
        Self {
            host,
            remembered: Mutex::default(),
        }
    }

    fn recall(&self, instance: InstanceId, now: Millis, changes: u64) -> Option<DeliverySettings> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let known = remembered.get(&instance)?;
        (known.changes == changes && is_fresh(known.read, now)).then(|| known.settings.clone())
    }

    fn remember(&self, instance: InstanceId, known: Remembered) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.retain(|_instance, other| is_fresh(other.read, known.read));
        }
        remembered.insert(instance, known);
    }
}

#[async_trait]
impl Settings for StoredSettings {
    async fn of(&self, instance: InstanceId) -> Result<DeliverySettings, SettingsError> {
        let live = self.host.live.get(instance);
        loop {
            let (now, changes) = (self.host.clock.now(), live.changes());
            if let Some(settings) = changes.and_then(|changes| self.recall(instance, now, changes)) {
                return Ok(settings);
            }
            let settings = read(&*self.host.store, &self.host.vault, instance).await?;
            // Configuration and secrets are read one after the other: half of a change may be in them.
            if let Some(changes) = changes.filter(|_| live.changes() == changes) {
                let known = Remembered {
                    read: now,
                    changes,
                    settings: settings.clone(),
                };
                self.remember(instance, known);
                return Ok(settings);
            }
        }
    }
}

fn is_fresh(read: Millis, now: Millis) -> bool {
    (0..millis(FRESH)).contains(&now.saturating_sub(read))
}

/// A secret weighs more than configuration of the same name: an element may declare the headers to be secret.
async fn read(
    store: &dyn Store,
    vault: &Vault,
    instance: InstanceId,
) -> Result<DeliverySettings, SettingsError> {
    let Some(found) = store.instance(instance).await? else {
        return Err(StoreError::Missing("instance").into());
    };
    let secrets = store.secrets(instance).await?;
    let value = |name: &str| -> Result<Option<Secret>, SettingsError> {
        if let Some(secret) = secrets.iter().find(|secret| secret.name == name) {
            return Ok(Some(vault.open(instance, name, &secret.sealed)?));
        }
        Ok(found
            .configuration
            .get(name)
            .map(|text| Secret::from(text.as_str())))
    };
    let headers = match value(HEADERS)? {
        Some(text) => text.expose().parse()?,
        None => super::ExtraHeaders::default(),
    };
    let format = match found.configuration.get(Format::KEY) {
        Some(text) => text.parse()?,
        None => Format::default(),
    };
    Ok(DeliverySettings {
        signing_key: value(SIGNING_KEY)?,
        headers,
        format,
        callback_url: found.configuration.get(CALLBACK_URL).cloned(),
        timeout: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::AttemptError;

    #[test]
    fn an_attempt_is_a_reply() {
        let attempt = |status, error| Attempt {
            status,
            retry_after: Some(Duration::from_secs(7)),
            error,
            excerpt: String::new(),
        };
        let broken = AttemptError::Transport("connection refused".to_owned());
        let failed = Reply::Failed {
            error: "connection refused".to_owned(),
        };
        assert_eq!(
            reply(attempt(Some(503), None)),
            Reply::Answered {
                status: 503,
                retry_after: Some(Duration::from_secs(7)),
            }
        );
        assert_eq!(reply(attempt(None, Some(broken.clone()))), failed);
        // An answer that broke off was not received whole, whatever its status.
        assert_eq!(reply(attempt(Some(200), Some(broken))), failed);
        assert!(matches!(reply(attempt(None, None)), Reply::Failed { .. }));
    }
}
