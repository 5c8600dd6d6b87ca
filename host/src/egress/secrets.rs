//! Opened secrets, by name.

use std::{collections::BTreeMap, fmt};

use super::scrub::Scrubber;
use crate::vault::Secret;

/// Whether a name is the host's own, as those of an instance's token and of its signing key: no adapter hears of such a
/// secret, sends it, or puts another in its place.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with("periodic.") || name.starts_with("event.notification.")
}

/// Opened secrets, by name. `Debug` prints the names.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// The secret of this name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Add or replace a secret.
    pub fn insert(&mut self, name: String, secret: Secret) {
        self.0.insert(name, secret);
    }

    /// Remove a secret.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A text without any of them: every spelling is replaced by asterisks.
    pub fn strike_out(&self, text: String) -> String {
        Scrubber::new(self).strike_text(text)
    }

    /// Names and secrets.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, secret)| (name.as_str(), secret))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
