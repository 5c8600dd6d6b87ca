//! Whom the operator trusts, and what that makes of a file: decided before a byte of it is parsed.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Rejection,
    signature::{NoPublicKey, NoSignature, PublicKey, Signature, Subject},
};
use crate::config::{AdapterSettings, SignaturePolicy};

/// Whose signatures are asked for, and how strictly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    policy: SignaturePolicy,
    /// The names that the operator has for them, by key.
    keys: BTreeMap<PublicKey, String>,
}

/// A trusted key that is none.
#[derive(Debug, thiserror::Error)]
#[error("setting adapters.trusted_keys.{name}: {error}")]
pub struct UnusableKey {
    name: String,
    error: NoPublicKey,
}

/// What a file's signature comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The trusted key of this name has signed it.
    Trusted(String),
    /// Nobody who is trusted has.
    Doubtful(Doubt),
}

/// Why a file is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No signature.
    #[error("no signature lies beside it")]
    Unsigned,
    /// Somebody else's signature.
    #[error("it is signed by the key {0}, which setting adapters.trusted_keys does not have")]
    Foreign(String),
    /// The signature is of something else.
    #[error(
        "the signature by the key {0} is not of this content: one of the two was changed, or signed as another kind of file"
    )]
    Broken(String),
    /// No signature, whatever its name says.
    #[error("its signature is none: {0}")]
    Garbled(String),
    /// Not to be read.
    #[error("its signature cannot be read: {0}")]
    Unreadable(String),
}

impl Doubt {
    /// In a word.
    fn state(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Foreign(_) => "foreign",
            Self::Broken(_) | Self::Garbled(_) | Self::Unreadable(_) => "invalid",
        }
    }
}

/// What a file's signature comes to, as everybody is shown it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdapterSignature)]
pub struct SignatureView {
    /// `trusted`, `unsigned`, `foreign` or `invalid`.
    state: &'static str,
    /// The name of the trusted key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<String>,
    /// Why it is not trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl From<&Verdict> for SignatureView {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Trusted(key) => Self {
                state: "trusted",
                key: Some(key.clone()),
                reason: None,
            },
            Verdict::Doubtful(doubt) => doubt.into(),
        }
    }
}

impl From<&Doubt> for SignatureView {
    fn from(doubt: &Doubt) -> Self {
        Self {
            state: doubt.state(),
            key: None,
            reason: Some(doubt.to_string()),
        }
    }
}

/// A file's content, and what its signature comes to.
#[derive(Debug)]
pub(super) struct Vetted {
    pub(super) bytes: Vec<u8>,
    /// None where nobody asks for signatures.
    pub(super) verdict: Option<Verdict>,
}

impl Trust {
    /// As the settings have it.
    pub fn of(settings: &AdapterSettings) -> Result<Self, UnusableKey> {
        let key = |(name, text): (&String, &String)| match text.parse() {
            Ok(key) => Ok((key, name.clone())),
            Err(error) => Err(UnusableKey {
                name: name.clone(),
                error,
            }),
        };
        Ok(Self {
            policy: settings.signatures,
            keys: settings.trusted_keys.iter().map(key).collect::<Result<_, _>>()?,
        })
    }

    /// Whether anybody asks for signatures.
    pub(super) fn is_asked(&self) -> bool {
        self.policy != SignaturePolicy::Off
    }

    /// Take a file's content, or refuse it. The signature is read only where somebody asks for it.
    pub(super) fn vet(
        &self,
        subject: Subject,
        file: &str,
        bytes: Vec<u8>,
        signature: impl FnOnce() -> Result<Option<Vec<u8>>, Rejection>,
    ) -> Result<Vetted, Rejection> {
        if !self.is_asked() {
            return Ok(Vetted { bytes, verdict: None });
        }
        let verdict = match signature() {
            Ok(None) => Verdict::Doubtful(Doubt::Unsigned),
            Ok(Some(signature)) => self.judge(subject, &bytes, &signature),
            Err(unreadable) => Verdict::Doubtful(Doubt::Unreadable(unreadable.to_string())),
        };
        if let Verdict::Doubtful(doubt) = &verdict {
            if self.policy == SignaturePolicy::Require {
                let (file, doubt) = (file.to_owned(), doubt.clone());
                return Err(Rejection::Untrusted { file, doubt });
            }
            tracing::warn!(
                file,
                "the file is not trusted: {doubt} (setting adapters.signatures is warn)"
            );
        }
        Ok(Vetted {
            bytes,
            verdict: Some(verdict),
        })
    }

    fn judge(&self, subject: Subject, content: &[u8], signature: &[u8]) -> Verdict {
        let read = std::str::from_utf8(signature)
            .map_err(|error| error.to_string())
            .and_then(|text| text.parse().map_err(|error: NoSignature| error.to_string()));
        let signature: Signature = match read {
            Ok(signature) => signature,
            Err(why) => return Verdict::Doubtful(Doubt::Garbled(why)),
        };
        match self.keys.get(&signature.key) {
            None => Verdict::Doubtful(Doubt::Foreign(signature.key.to_string())),
            Some(name) if signature.is_of(subject, content) => Verdict::Trusted(name.clone()),
            Some(name) => Verdict::Doubtful(Doubt::Broken(name.clone())),
        }
    }
}
