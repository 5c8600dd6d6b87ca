//! What an instance wants of its deliveries.

use std::time::Duration;

use async_trait::async_trait;

use super::{
    format::{Format, FormatError},
    headers::{ExtraHeaders, HeadersError},
};
use crate::{
    store::{InstanceId, StoreError},
    vault::{Secret, VaultError},
};

/// How the deliveries of an instance are made.
#[derive(Debug, Clone, Default)]
pub struct DeliverySettings {
    /// `event.notification.signature.key`: signs. Absent or empty, deliveries go out unsigned.
    pub signing_key: Option<Secret>,
    /// `event.notification.callback.headers`.
    pub headers: ExtraHeaders,
    /// `event.notification.format`.
    pub format: Format,
    /// `event.notification.callback.url`, which the headers and the key are meant for.
    pub callback_url: Option<String>,
    /// How long an attempt may take, where that is less than [`Options::timeout`](super::Options::timeout).
    pub timeout: Option<Duration>,
}

/// Why the settings of an instance cannot be had. The delivery fails with this for an error: unsigned, or without
/// the headers that authenticate it, it must not go out.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The headers cannot be read.
    #[error("event.notification.callback.headers: {0}")]
    Headers(#[from] HeadersError),
    /// The form is none.
    #[error("{key}: {0}", key = Format::KEY)]
    Format(#[from] FormatError),
    /// The signing key cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Knows the settings of instances. It is asked at every attempt, so a new key holds from the next attempt on, and
/// should remember its answers for some seconds.
#[async_trait]
pub trait Settings: std::fmt::Debug + Send + Sync + 'static {
    /// The settings of an instance.
    async fn of(&self, instance: InstanceId) -> Result<DeliverySettings, SettingsError>;
}
