//! Registrations are prolonged before they end.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::registration::{open, renewal, retry, seal, subscription};
use crate::{
    adapter::contract::webhook::ChangeRegistration,
    clock::millis,
    host::Host,
    session::{Failure, Session},
    store::{Registration, Renewal, StoreError},
};

/// So many are prolonged at the same time.
const AT_ONCE: usize = 8;
/// Whoever died while prolonging one gives it up after so long.
const LEASE: Duration = Duration::from_secs(120);
/// One that takes longer failed.
const PATIENCE: Duration = Duration::from_secs(100);
/// At the latest after so long the store is asked again.
const LONGEST_NAP: Duration = Duration::from_secs(10);
/// After an error of the store it is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Prolongs registrations.
#[derive(Debug)]
pub struct Registrar {
    host: Arc<Host>,
}

impl Registrar {
    /// A registrar over the host's store.
    pub fn new(host: Arc<Host>) -> Self {
        Self { host }
    }

    /// Prolong until cancelled.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let nap = match self.round().await {
                Ok(0) => self.nap().await,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::error!(%error, "registrations could not be looked up");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(nap) => {}
                () = self.host.registrations_due.notified() => {}
            }
        }
    }

    async fn round(&self) -> Result<usize, StoreError> {
        let now = self.host.clock.now();
        let ends = now.saturating_add(millis(LEASE));
        let due = self.host.store.claim_registrations(now, AT_ONCE, ends).await?;
        let count = due.len();
        futures::future::join_all(due.into_iter().map(|registration| self.prolong(registration))).await;
        Ok(count)
    }

    async fn prolong(&self, registration: Registration) {
        let lease = registration.lease;
        let instance = lease.instance;
        let renewed = tokio::time::timeout(PATIENCE, self.renew(&registration)).await;
        let now = self.host.clock.now();
        let renewal = match renewed {
            Ok(Ok(renewal)) => renewal,
            failed => {
                let late = || format!("prolonging it did not end within {PATIENCE:?}");
                let (logged, error) = match failed {
                    Ok(Err(failure)) => (failure.in_full(), failure.outwards()),
                    _ => (late(), late()),
                };
                tracing::warn!(%instance, error = logged, "the registration at the provider could not be prolonged");
                let due = retry(registration.failures.saturating_add(1), now);
                Renewal::Failed { error, due }
            }
        };
        match self.host.store.settle_registration(lease, renewal, now).await {
            // Whoever has it now, or made another, does the rest.
            Ok(()) | Err(StoreError::StaleLease(_)) => {}
            Err(error) => tracing::error!(%instance, %error, "a registration could not be settled"),
        }
    }

    async fn renew(&self, registration: &Registration) -> Result<Renewal, Failure> {
        let id = registration.lease.instance;
        let instance = self.host.store.instance(id).await?;
        let instance = instance.ok_or(StoreError::Missing("instance"))?;
        let mut session = Session::open(&self.host, &instance).await?;
        let known = open(&self.host, registration)?;
        let renewed = match session.register(ChangeRegistration::Renew(known.clone())).await {
            // The provider forgot it.
            Err(Failure::NotFound(_)) => {
                let anew = subscription(&session, &registration.callback_url, &registration.resources);
                session.register(anew).await?
            }
            renewed => renewed?,
        };
        let renewed = renewed.unwrap_or(known);
        let now = self.host.clock.now();
        tracing::debug!(instance = %id, "registration prolonged");
        Ok(Renewal::Renewed {
            data: seal(&self.host, id, &renewed)?,
            expires: renewed.expires,
            due: renewal(renewed.expires, &session, now),
        })
    }

    async fn nap(&self) -> Duration {
        match self.host.store.next_registration_due().await {
            Ok(None) => LONGEST_NAP,
            Ok(Some(due)) => {
                let wait = u64::try_from(due.saturating_sub(self.host.clock.now())).unwrap_or(0);
                Duration::from_millis(wait).clamp(Duration::from_millis(20), LONGEST_NAP)
            }
            Err(error) => {
                tracing::error!(%error, "the store does not say which registration is due next");
                STORE_PAUSE
            }
        }
    }
}
