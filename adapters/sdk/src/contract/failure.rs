//! Why a call cannot succeed, and thereby what the host does.

/// What went wrong, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    /// For the operator: what happened and the way out.
    pub message: String,
    /// The provider's own words.
    pub provider_message: Option<String>,
}

/// See `types.failure` in the contract for what each case makes the host do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The provider rejects the token.
    TokenInvalid(Detail),
    /// Too many requests; come back after so many milliseconds.
    RateLimited(Detail, Option<u64>),
    /// It may work later.
    Transient(Detail),
    /// It will not work until somebody changes something.
    Permanent(Detail),
    /// The object does not exist.
    NotFound(Detail),
    /// The caller asked for something wrong.
    InvalidRequest(Detail),
    /// The provider has no such operation.
    Unsupported(Detail),
    /// Anything else.
    Other(Detail),
}

impl From<String> for Detail {
    fn from(message: String) -> Self {
        Self {
            message,
            provider_message: None,
        }
    }
}

impl From<&str> for Detail {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl Detail {
    /// Add what the provider said.
    #[must_use]
    pub fn quoting(self, provider_message: impl Into<String>) -> Self {
        Self {
            provider_message: Some(provider_message.into()),
            ..self
        }
    }
}
