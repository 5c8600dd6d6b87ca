//! Why an instance is not polled when somebody asks for it.

use crate::{
    host::Host,
    instance::{NOTIFICATIONS_ENABLED, is_true},
    store::{Instance, InstanceId, InstanceState, StoreError},
};

/// Why an instance is not polled now.
#[derive(Debug, thiserror::Error)]
pub enum NoPoll {
    /// It wants no events.
    #[error("instance {0} is not polled: its events are off; set event.notification.enabled to true")]
    Off(InstanceId),
    /// The provider tells it of its events.
    #[error("instance {0} is not polled: its events come by webhook (event.vendor.type)")]
    Webhook(InstanceId),
    /// It has no pollers.
    #[error("instance {0} is not polled: it names no resources; name some in event.poller.configuration")]
    Nothing(InstanceId),
    /// It is switched off.
    #[error("instance {0} is not polled: it is disabled; PUT /instances/{0}/enabled enables it")]
    Disabled(InstanceId),
    /// The provider refuses its credentials.
    #[error(
        "instance {0} is not polled: the provider refuses its credentials; authenticate it again with PATCH \
         /instances/{0}"
    )]
    Unauthenticated(InstanceId),
    /// All its pollers rest.
    #[error(
        "instance {0} is not polled: its pollers are paused; PATCH /instances/{0}/pollers/RESOURCE with paused false \
         resumes one"
    )]
    Paused(InstanceId),
    /// The one that is asked for rests.
    #[error(
        "instance {0} does not poll {1}: its poller is paused; PATCH /instances/{0}/pollers/{1} with paused false \
         resumes it"
    )]
    PausedOne(InstanceId, String),
    /// Somebody else polls it.
    #[error("a poll of instance {0} is in progress; ask again when it has ended")]
    Polling(InstanceId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NoPoll {
    /// What keeps this instance from being polled.
    pub(super) async fn why(host: &Host, instance: &Instance) -> Self {
        Self::found(host, instance).await.unwrap_or_else(Self::Store)
    }

    async fn found(host: &Host, instance: &Instance) -> Result<Self, StoreError> {
        let id = instance.id;
        let pollers = host.store.pollers(id).await?;
        if pollers.is_empty() {
            if !is_true(&instance.configuration, NOTIFICATIONS_ENABLED) {
                return Ok(Self::Off(id));
            }
            return Ok(match host.store.registration(id).await? {
                Some(_) => Self::Webhook(id),
                None => Self::Nothing(id),
            });
        }
        Ok(match instance.state {
            _ if instance.disabled => Self::Disabled(id),
            InstanceState::NeedsAuthentication => Self::Unauthenticated(id),
            InstanceState::Connected if pollers.iter().all(|poller| poller.paused) => Self::Paused(id),
            InstanceState::Connected => Self::Polling(id),
        })
    }
}
