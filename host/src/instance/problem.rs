//! Why a request for an instance is refused.

use crate::{
    body::BodyError, ids::NoRandomness, inbound::RegistrationError, session::Failure, store::StoreError,
    vault::VaultError,
};

/// Why a request for an instance is refused.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A field of the request is wrong.
    #[error("{field}: {what}")]
    Field {
        /// Which.
        field: String,
        /// What is wrong and what it should be.
        what: String,
    },
    /// The provider or the adapter refuses.
    #[error(transparent)]
    Provider(#[from] Failure),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No randomness for a token.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl From<BodyError> for Problem {
    fn from(BodyError { place, what }: BodyError) -> Self {
        Self::field(place, what)
    }
}

impl From<RegistrationError> for Problem {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::Failure(failure) => Self::Provider(failure),
            error @ RegistrationError::NoPublicUrl { .. } => {
                Self::setting(super::keys::VENDOR_TYPE, error.to_string())
            }
        }
    }
}

impl Problem {
    /// A field that is wrong.
    pub(super) fn field(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Field {
            field: field.into(),
            what: what.into(),
        }
    }

    /// A configuration key whose value is wrong.
    pub(super) fn setting(key: &str, what: impl Into<String>) -> Self {
        Self::field(format!("configuration[{key:?}]"), what)
    }
}
