//! The configuration in force: what the instance says, what was derived, what the operator presets and what the element
//! defaults to. Where requests and secrets may go follows from it.

use indexmap::IndexMap;
use periodic_sdk::description::Description;

use super::{ACCESS_TOKEN, Failure, Keeping, REFRESH_TOKEN, Session};
use crate::{
    adapter::contract::types,
    egress::{Audience, is_reserved},
    host::Host,
    instance::HOST_KEYS,
    store::InstanceChange,
    vault::Secret,
};

impl Session<'_> {
    /// Secrets that the operator presets, where the instance has none of its own. They stay the operator's: they are
    /// not stored with the instance.
    pub(super) fn lend_presets(&mut self) {
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

    pub(super) fn is_preset(&self, name: &str, secret: &Secret) -> bool {
        let presets = self.host.element_defaults.get(&self.adapter.description().key);
        presets
            .and_then(|presets| presets.get(name))
            .is_some_and(|preset| preset == secret.expose())
    }

    /// What was derived so far.
    pub(crate) fn derived(&self) -> &IndexMap<String, String> {
        &self.derived
    }

    /// Set a value of the instance's own configuration, in this session only.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.own.insert(key.to_owned(), value.to_owned());
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

    /// Keep what an adapter derives.
    pub(crate) async fn take_over(&mut self, mut settings: Vec<types::Setting>) -> Result<(), Failure> {
        settings.retain(|setting| !self.is_secret(&setting.key));
        self.derive(settings.into_iter().map(|setting| (setting.key, setting.value)))
            .await
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
    pub(super) fn not_the_hosts(&self, key: &str) -> Result<(), Failure> {
        if is_reserved(key) || HOST_KEYS.iter().any(|known| known.key == key) {
            return Err(self.malformed(format!("it sets {key:?}, which is the host's own")));
        }
        Ok(())
    }

    pub(super) fn is_secret(&self, key: &str) -> bool {
        is_secret(self.description(), key)
    }

    /// Keep derived configuration.
    pub(super) async fn derive(
        &mut self,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Failure> {
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
    pub(super) fn rebind(&mut self) -> Result<(), Failure> {
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
