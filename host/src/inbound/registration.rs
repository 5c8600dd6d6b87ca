//! Registrations at providers: made, ended, and when they have to be prolonged.

use std::time::Duration;

use super::{FINDER, FinderRule, REGISTRATION, address::callback_url};
use crate::{
    adapter::contract::webhook,
    clock::{Millis, millis},
    host::Host,
    session::{self, Failure, Session},
    store::{Finder, InstanceId, NewRegistration, Registration},
};

/// No registration is prolonged sooner.
const SOONEST: Millis = 1000;
/// A provider that does not end a registration in this time keeps it.
const FAREWELL: Duration = Duration::from_secs(5);

/// What was registered, before it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    /// The adapter's own words, opened.
    pub(crate) data: webhook::Registration,
    /// The row to be.
    pub(crate) row: NewRegistration,
}

/// Why nothing can be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The host's address is not known.
    #[error(
        "the element {element} tells events by webhook, and its provider needs an address of this host: set public_url \
         (PERIODIC_PUBLIC_URL, --public-url) to the address at which providers reach it, for instance \
         https://hooks.example.com"
    )]
    NoPublicUrl {
        /// The element's key.
        element: String,
    },
    /// The provider or the adapter refuses.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The address of an instance's door, where the host knows its own.
pub(crate) fn address(
    host: &Host,
    session: &Session<'_>,
    instance: InstanceId,
) -> Result<String, RegistrationError> {
    let element = &session.description().key;
    match &host.public_url {
        Some(public_url) => Ok(callback_url(public_url, element, instance)),
        None => Err(RegistrationError::NoPublicUrl {
            element: element.clone(),
        }),
    }
}

/// Register an instance at its provider for these resources.
pub(crate) async fn subscribe(
    host: &Host,
    session: &mut Session<'_>,
    instance: InstanceId,
    resources: Vec<String>,
) -> Result<Registered, RegistrationError> {
    let callback_url = address(host, session, instance)?;
    let data = session
        .register(subscription(session, &callback_url, &resources))
        .await?;
    // A provider that has nothing to say of it later is registered all the same.
    let data = data.unwrap_or(webhook::Registration {
        data: Vec::new(),
        expires: None,
    });
    let now = host.clock.now();
    let row = NewRegistration {
        element: session.description().key.clone(),
        callback_url,
        resources,
        data: seal(host, instance, &data)?,
        expires: data.expires,
        due: renewal(data.expires, session, now),
        finder: finder(session),
        now,
    };
    Ok(Registered { data, row })
}

/// End a registration. A provider that refuses, or hangs, blocks nothing: what it sends is not taken any more.
pub(crate) async fn unsubscribe(
    session: &mut Session<'_>,
    instance: InstanceId,
    registration: webhook::Registration,
) {
    let change = webhook::ChangeRegistration::Unsubscribe(registration);
    let ended = tokio::time::timeout(FAREWELL, session.register(change)).await;
    let error = match ended {
        Ok(Ok(_)) | Ok(Err(Failure::NotFound(_))) => {
            tracing::info!(%instance, "the registration at the provider ended");
            return;
        }
        Ok(Err(failure)) => failure.in_full(),
        Err(_elapsed) => format!("no answer within {FAREWELL:?}"),
    };
    tracing::warn!(
        %instance,
        error,
        "the registration at the provider could not be ended; remove it there by hand"
    );
}

/// The request for a registration.
pub(super) fn subscription(
    session: &Session<'_>,
    callback_url: &str,
    resources: &[String],
) -> webhook::ChangeRegistration {
    let configuration = session.context().configuration.into_iter();
    let events = configuration.filter(|setting| setting.key.starts_with("event."));
    let events = events.map(|setting| (setting.key, setting.value.into()));
    webhook::ChangeRegistration::Subscribe(webhook::Subscription {
        callback_url: callback_url.to_owned(),
        resources: resources.to_vec(),
        configuration: serde_json::Value::Object(events.collect()).to_string(),
    })
}

/// When a registration has to be prolonged: with a fifth of its life left. It ends by the provider's clock.
pub(super) fn renewal(expires: Option<Millis>, session: &Session<'_>, now: Millis) -> Option<Millis> {
    let left = expires?.saturating_sub(session.provider_now()).max(0);
    Some(now.saturating_add((left / 5 * 4).max(SOONEST)))
}

/// When a registration is tried again that could not be prolonged.
pub(super) fn retry(failures: u32, now: Millis) -> Millis {
    now.saturating_add(millis(crate::poll::Backoff::Doubling.wait(failures)))
}

pub(super) fn seal(
    host: &Host,
    instance: InstanceId,
    registration: &webhook::Registration,
) -> Result<Vec<u8>, Failure> {
    Ok(host
        .vault
        .seal_bytes(instance, REGISTRATION, &registration.data)?)
}

/// A stored registration as the adapter knows it.
pub(crate) fn open(host: &Host, stored: &Registration) -> Result<webhook::Registration, Failure> {
    let data = host
        .vault
        .open_bytes(stored.lease.instance, REGISTRATION, &stored.data)?;
    Ok(webhook::Registration {
        data,
        expires: stored.expires,
    })
}

/// How calls to the element's address are told to be this instance's. Secrets find nobody.
fn finder(session: &Session<'_>) -> Option<Finder> {
    let rule: FinderRule = session.setting(FINDER)?.parse().ok()?;
    if session::is_secret(session.description(), &rule.key) {
        return None;
    }
    let value = session.setting(&rule.key)?.trim().to_owned();
    Some(Finder {
        path: rule.path,
        value,
    })
    .filter(|finder| !finder.value.is_empty())
}
