//! What every call is given.

/// One entry of an instance's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The configuration key.
    pub key: String,
    /// Its value as text.
    pub value: String,
}

impl Setting {
    /// A setting of this key and value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// What every call is given; see `types.context` in the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The time of the call by the provider's clock, in milliseconds since 1970.
    pub now: i64,
    /// The configuration in force, without secrets.
    pub configuration: Vec<Setting>,
    /// The names of the secrets that exist for this instance.
    pub secrets: Vec<String>,
    /// The description file that belongs to the adapter.
    pub package: Option<Vec<u8>>,
}

impl Context {
    /// The value of a configuration key, unless it is absent or blank.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let setting = self.configuration.iter().find(|setting| setting.key == key)?;
        Some(setting.value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether a secret of this name exists.
    pub fn has_secret(&self, name: &str) -> bool {
        self.secrets.iter().any(|secret| secret == name)
    }
}
