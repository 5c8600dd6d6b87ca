//! Why work with a provider failed, and thereby what is done next.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    adapter::{CallError, NotServed, contract::types},
    egress::{PatternError, Refused},
    store::StoreError,
    vault::VaultError,
};

/// Why work with a provider failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody serves the element.
    #[error(transparent)]
    NoAdapter(#[from] NotServed),
    /// The call of the adapter failed.
    #[error(transparent)]
    Adapter(#[from] CallError),
    /// The adapter's description and the configuration do not fit.
    #[error("the element's egress declaration: {0}")]
    Declaration(#[from] PatternError),
    /// The egress policy refuses.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The provider refuses the credentials, and a refresh did not help.
    #[error("the provider refuses the credentials: {}; authenticate the instance again with PATCH \
             /instances/ID and a fresh providerData.code, or fresh keys where there is no code", .0.message)]
    Unauthenticated(types::Detail),
    /// The provider, or the budget of the account, asks for patience.
    #[error("the provider allows no more requests for now: {}", .detail.message)]
    RateLimited {
        /// What happened.
        detail: types::Detail,
        /// For how long.
        after: Option<Duration>,
    },
    /// It may work later.
    #[error("{}", .0.message)]
    Transient(types::Detail),
    /// It will not work until somebody changes something.
    #[error("{}", .0.message)]
    Permanent(types::Detail),
    /// The object does not exist.
    #[error("{}", .0.message)]
    NotFound(types::Detail),
    /// The caller asked for something wrong.
    #[error("{}", .0.message)]
    InvalidRequest(types::Detail),
    /// The provider has no such operation.
    #[error("{}", .0.message)]
    Unsupported(types::Detail),
    /// The adapter answers what the contract does not allow.
    #[error("adapter {adapter}: {what}")]
    Malformed {
        /// The element's key.
        adapter: String,
        /// What is wrong.
        what: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Bytes of what an adapter or a provider says that are passed on.
const WORDS: usize = 4 << 10;

/// Cut what is said to a length that a log and an answer can bear.
fn cut(words: &mut String) {
    if words.len() > WORDS {
        words.truncate(words.floor_char_boundary(WORDS));
        words.push('…');
    }
}

impl From<types::Failure> for Failure {
    fn from(mut failure: types::Failure) -> Self {
        let detail = match &mut failure {
            types::Failure::RateLimited(pause) => &mut pause.detail,
            types::Failure::TokenInvalid(detail)
            | types::Failure::Transient(detail)
            | types::Failure::Permanent(detail)
            | types::Failure::NotFound(detail)
            | types::Failure::InvalidRequest(detail)
            | types::Failure::Unsupported(detail)
            | types::Failure::Other(detail) => detail,
        };
        cut(&mut detail.message);
        detail.provider_message.iter_mut().for_each(cut);
        match failure {
            types::Failure::TokenInvalid(detail) => Self::Unauthenticated(detail),
            types::Failure::RateLimited(pause) => Self::RateLimited {
                detail: pause.detail,
                after: pause.after.map(Duration::from_millis),
            },
            types::Failure::Transient(detail) | types::Failure::Other(detail) => Self::Transient(detail),
            types::Failure::Permanent(detail) => Self::Permanent(detail),
            types::Failure::NotFound(detail) => Self::NotFound(detail),
            types::Failure::InvalidRequest(detail) => Self::InvalidRequest(detail),
            types::Failure::Unsupported(detail) => Self::Unsupported(detail),
        }
    }
}

impl Failure {
    /// What happened with the provider's own words, for whoever looks at a poller or at the log.
    pub fn in_full(&self) -> String {
        let message = self.to_string();
        match self.provider_message() {
            Some(words) if !message.contains(words) => format!("{message}: {words}"),
            _ => message,
        }
    }

    /// The same for whoever uses the host: a guest's own words stay in its log and in its reports.
    pub fn outwards(&self) -> String {
        let outline = match self {
            Self::Adapter(error) => error.outline(),
            _ => None,
        };
        match outline {
            Some(outline) => format!("{outline}; the host's log has the rest, and names the report of it"),
            None => self.in_full(),
        }
    }

    /// As results of cases and tapes have it.
    pub(crate) fn shown(&self) -> Value {
        let kind = match self {
            Self::Unauthenticated(_) => "token-invalid",
            Self::RateLimited { .. } => "rate-limited",
            Self::Transient(_) => "transient",
            Self::Permanent(_) => "permanent",
            Self::NotFound(_) => "not-found",
            Self::InvalidRequest(_) => "invalid-request",
            Self::Unsupported(_) => "unsupported",
            Self::Refused(_) => "refused",
            Self::Adapter(_) => "crash",
            Self::Malformed { .. } => "malformed",
            _ => "host",
        };
        let message = match self {
            Self::Unauthenticated(detail) => detail.message.clone(),
            Self::RateLimited { detail, .. } => detail.message.clone(),
            other => other.to_string(),
        };
        let mut shown = json!({ "failure": kind, "message": message });
        if let (Some(words), Some(object)) = (self.provider_message(), shown.as_object_mut()) {
            object.insert("providerMessage".to_owned(), words.into());
        }
        if let (
            Self::RateLimited {
                after: Some(after), ..
            },
            Some(object),
        ) = (self, shown.as_object_mut())
        {
            let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            object.insert("afterMs".to_owned(), millis.into());
        }
        shown
    }

    /// The provider's own words, where it said something.
    pub fn provider_message(&self) -> Option<&str> {
        let message = match self {
            Self::Unauthenticated(detail)
            | Self::RateLimited { detail, .. }
            | Self::Transient(detail)
            | Self::Permanent(detail)
            | Self::NotFound(detail)
            | Self::InvalidRequest(detail)
            | Self::Unsupported(detail) => detail.provider_message.as_deref(),
            _ => None,
        };
        message.filter(|message| !message.trim().is_empty())
    }
}

/// A detail without words of the provider.
pub(super) fn detail(message: impl Into<String>) -> types::Detail {
    types::Detail {
        message: message.into(),
        provider_message: None,
    }
}
