//! What comes of calls: records, sifted into news, told.

use std::{collections::HashMap, sync::Arc, time::Duration};

use indexmap::IndexMap;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    CALL,
    door::{Judgement, judge},
};
use crate::{
    adapter::{CallError, contract::webhook::Delivery},
    clock::{Millis, millis},
    host::Host,
    poll::{Baseline, Seen, Sifted, Teller, sift},
    session::{Failure, Session, Told},
    store::{
        Fingerprint, Inbound, InboundCommit, InboundFailure, Instance, Lease, ReceivedFingerprint,
        ReceivedIdentity, Registration, StoreError, User,
    },
};

/// So many instances' calls are processed at the same time.
const AT_ONCE: usize = 32;
/// So many calls of an instance are processed before others have their turn.
const IN_A_ROW: usize = 50;
/// Whoever died while processing gives the inbox up after so long.
const LEASE: Duration = Duration::from_secs(120);
/// A call that takes longer failed.
const PATIENCE: Duration = Duration::from_secs(100);
/// At the latest after so long the store is asked again.
const LONGEST_NAP: Duration = Duration::from_secs(10);
/// After an error of the store it is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// The wait after the first failure; doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);
/// A call that the provider's trouble keeps from being processed is given up after so many attempts, five hours later.
const ATTEMPTS: u32 = 20;
/// One that nothing but another adapter can mend, after so many.
const POISONED: u32 = 3;

/// Processes calls.
#[derive(Debug)]
pub struct Processor {
    host: Arc<Host>,
}

/// How processing a call ended.
enum Outcome {
    /// It told this.
    Told(Vec<Told>),
    /// It is not the provider's, which only now could be found out.
    Forged,
}

impl Processor {
    /// A processor over the host's store.
    pub fn new(host: Arc<Host>) -> Self {
        Self { host }
    }

    /// Process until cancelled; then finish what is under way.
    pub async fn run(self, shutdown: CancellationToken) {
        let this = Arc::new(self);
        let mut inboxes = JoinSet::new();
        while !shutdown.is_cancelled() {
            while inboxes.try_join_next().is_some() {}
            let free = AT_ONCE.saturating_sub(inboxes.len());
            let claimed = match free {
                0 => Ok(Vec::new()),
                free => this.claim(free).await,
            };
            let nap = match claimed {
                Ok(leases) if leases.is_empty() => this.nap().await,
                Ok(leases) => {
                    for lease in leases {
                        let (this, stop) = (Arc::clone(&this), shutdown.clone());
                        inboxes.spawn(async move { this.empty(lease, &stop).await });
                    }
                    Duration::ZERO
                }
                Err(error) => {
                    tracing::error!(%error, "no inboxes could be claimed");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(nap) => {}
                () = this.host.inbound_due.notified() => {}
                Some(_) = inboxes.join_next(), if free == 0 => {}
            }
        }
        while inboxes.join_next().await.is_some() {}
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Lease>, StoreError> {
        let now = self.host.clock.now();
        self.host.store.claim_inboxes(now, limit, self.lease_end()).await
    }

    fn lease_end(&self) -> Millis {
        self.host.clock.now().saturating_add(millis(LEASE))
    }

    async fn nap(&self) -> Duration {
        match self.host.store.next_inbox_due().await {
            Ok(None) => LONGEST_NAP,
            Ok(Some(due)) => {
                let wait = u64::try_from(due.saturating_sub(self.host.clock.now())).unwrap_or(0);
                Duration::from_millis(wait).clamp(Duration::from_millis(20), LONGEST_NAP)
            }
            Err(error) => {
                tracing::error!(%error, "the store does not say which inbox is due next");
                STORE_PAUSE
            }
        }
    }

    /// Process what is due in an inbox, then give it back.
    async fn empty(&self, lease: Lease, stop: &CancellationToken) {
        let instance = lease.instance;
        match self.process_all(lease, stop).await {
            Ok(()) => {}
            // Whoever has the lease now does the rest.
            Err(Failure::Store(StoreError::StaleLease(_) | StoreError::Missing(_))) => return,
            Err(failure) => {
                tracing::error!(%instance, error = %failure, "calls could not be processed");
            }
        }
        match self.host.store.release_inbox(lease).await {
            Ok(()) | Err(StoreError::StaleLease(_)) => {}
            Err(error) => tracing::error!(%instance, %error, "an inbox could not be given back"),
        }
        self.host.inbound_due.notify_one();
    }

    async fn process_all(&self, lease: Lease, stop: &CancellationToken) -> Result<(), Failure> {
        let store = &self.host.store;
        let missing = || Failure::Store(StoreError::Missing("instance"));
        let instance = store.instance(lease.instance).await?.ok_or_else(missing)?;
        let user = store.user_by_id(instance.user).await?.ok_or_else(missing)?;
        for _call in 0..IN_A_ROW {
            if stop.is_cancelled() {
                return Ok(());
            }
            let now = self.host.clock.now();
            let Some(inbound) = store.next_inbound(lease.instance, now).await? else {
                return Ok(());
            };
            store.renew_inbox(lease, self.lease_end()).await?;
            match self.process(lease, &instance, &user, &inbound).await {
                Ok(()) => {}
                Err(failure @ Failure::Store(_)) => return Err(failure),
                Err(failure) => self.put_off(lease, &inbound, &failure).await?,
            }
        }
        Ok(())
    }

    async fn process(
        &self,
        lease: Lease,
        instance: &Instance,
        user: &User,
        inbound: &Inbound,
    ) -> Result<(), Failure> {
        let registration = self.host.store.registration(instance.id).await?;
        let mut session = Session::open(&self.host, instance).await?;
        if !strikes(inbound) {
            session = session.without_strikes()?;
        }
        let outcome = match &registration {
            Some(registration) => {
                let receiving = self.receive(&mut session, registration, inbound);
                match tokio::time::timeout(PATIENCE, receiving).await {
                    Ok(outcome) => outcome?,
                    Err(_elapsed) => {
                        let message = format!("processing the call did not end within {PATIENCE:?}");
                        return Err(Failure::Transient(crate::adapter::contract::types::Detail {
                            message,
                            provider_message: None,
                        }));
                    }
                }
            }
            // Events were switched off since.
            None => Outcome::Told(Vec::new()),
        };
        let told = match outcome {
            Outcome::Told(told) => told,
            Outcome::Forged => {
                let failure = InboundFailure {
                    lease,
                    message: inbound.id,
                    counts: true,
                    error: "its signature is not the provider's".to_owned(),
                    next_attempt: None,
                    now: self.host.clock.now(),
                };
                return Ok(self.host.store.fail_inbound(failure).await?);
            }
        };
        let teller = Teller::new(&self.host, instance, user);
        let wanted = registration.map_or_else(Vec::new, |registration| registration.resources);
        let commit = self
            .sift(lease, &session, &teller, &wanted, inbound, told)
            .await?;
        let tells = !commit.notifications.is_empty();
        self.host.store.commit_inbound(commit).await?;
        if tells {
            teller.announce();
        }
        Ok(())
    }

    async fn receive(
        &self,
        session: &mut Session<'_>,
        registration: &Registration,
        inbound: &Inbound,
    ) -> Result<Outcome, Failure> {
        let call = self
            .host
            .vault
            .open_bytes(registration.lease.instance, CALL, &inbound.message)?;
        let call: Delivery = postcard::from_bytes(&call).map_err(|error| {
            // No strike: it was the host who wrote it.
            let adapter = session.adapter().key().to_owned();
            let what = format!("a stored call cannot be read: {error}");
            Failure::Malformed { adapter, what }
        })?;
        let shown = session.shown(&call);
        if !inbound.verified {
            match judge(session, registration, &call, &shown).await? {
                Judgement::Genuine | Judgement::Unsigned => {}
                // Nobody waits for the answer any more.
                Judgement::Greeted(_) => return Ok(Outcome::Told(Vec::new())),
                Judgement::Forged => return Ok(Outcome::Forged),
            }
        }
        Ok(Outcome::Told(session.receive(shown).await?))
    }

    /// Tell what is news from what is known, resource by resource.
    async fn sift(
        &self,
        lease: Lease,
        session: &Session<'_>,
        teller: &Teller<'_>,
        wanted: &[String],
        inbound: &Inbound,
        told: Vec<Told>,
    ) -> Result<InboundCommit, Failure> {
        let mut resources: IndexMap<String, Vec<Seen>> = IndexMap::new();
        for Told {
            resource,
            changed,
            rendered,
        } in told
        {
            if wanted.contains(&resource) {
                let seen = Seen::new(changed, rendered);
                resources.entry(resource).or_default().push(seen);
            }
        }
        let mut known = self.known(lease, &resources).await?;
        let mut commit = InboundCommit {
            lease,
            message: inbound.id,
            fingerprints: Vec::new(),
            notifications: Vec::new(),
            asked: session.requests() > 0,
            now: self.host.clock.now(),
        };
        for (resource, records) in resources {
            let before = known.remove(&resource).unwrap_or_default();
            // Whatever a provider reports by itself is told, however old it says it is.
            let baseline = Baseline {
                start: Millis::MIN,
                complete: true,
            };
            let Sifted { fingerprints, news } = sift(records, before, baseline);
            let told = teller.tell(session, &resource, news, inbound.received)?;
            commit.notifications.extend(told);
            commit
                .fingerprints
                .extend(fingerprints.into_iter().map(|fingerprint| ReceivedFingerprint {
                    resource: resource.clone(),
                    fingerprint,
                }));
        }
        Ok(commit)
    }

    async fn known(
        &self,
        lease: Lease,
        resources: &IndexMap<String, Vec<Seen>>,
    ) -> Result<HashMap<String, Vec<Fingerprint>>, StoreError> {
        let mut identities: Vec<ReceivedIdentity> = resources
            .iter()
            .flat_map(|(resource, records)| records.iter().map(|record| (resource.clone(), record.identity)))
            .collect();
        identities.sort_unstable();
        identities.dedup();
        let mut known: HashMap<String, Vec<Fingerprint>> = HashMap::new();
        if !identities.is_empty() {
            let found = self.host.store.received_fingerprints(lease.instance, identities);
            for found in found.await? {
                known.entry(found.resource).or_default().push(found.fingerprint);
            }
        }
        Ok(known)
    }

    /// A call that failed blocks nobody: it is tried again later, or kept for whoever looks.
    async fn put_off(&self, lease: Lease, inbound: &Inbound, failure: &Failure) -> Result<(), StoreError> {
        let now = self.host.clock.now();
        let attempts = inbound.attempts.saturating_add(1);
        let (wait, counts) = wait(failure, attempts, now);
        let next_attempt = wait.map(|wait| now.saturating_add(millis(wait)));
        tracing::warn!(
            instance = %lease.instance,
            call = inbound.id.0,
            attempts,
            gives_up = next_attempt.is_none(),
            error = failure.in_full(),
            "a call could not be processed"
        );
        self.host
            .store
            .fail_inbound(InboundFailure {
                lease,
                message: inbound.id,
                counts,
                error: failure.outwards(),
                next_attempt,
                now,
            })
            .await
    }
}

/// Whether an adapter that fails on this call gets a strike. A call is one strike at most, however often it is tried: were
/// each try one, a single call would bring the adapter to quarantine, and all instances of its element with it. One that
/// nobody vouches for, or that could not be verified when it came, may be a stranger's: it is judged by what it brings at
/// the door, and here it is none.
fn strikes(inbound: &Inbound) -> bool {
    inbound.attempts == 0 && inbound.verified
}

/// How long a call waits that failed so often, and whether this failure is its own; none when it waits no more.
fn wait(failure: &Failure, attempts: u32, now: Millis) -> (Option<Duration>, bool) {
    let doubled =
        FIRST_WAIT.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
    let doubled = doubled.min(LONGEST_WAIT);
    let up_to = |most: u32| (Some(doubled).filter(|_| attempts < most), true);
    match failure {
        Failure::Adapter(CallError::Quarantined { until, .. }) => {
            let wait = u64::try_from(until.saturating_sub(now)).unwrap_or(0);
            (Some(Duration::from_millis(wait).max(FIRST_WAIT)), false)
        }
        Failure::RateLimited { after, .. } => (Some(after.unwrap_or(doubled).max(FIRST_WAIT)), false),
        // It waits until somebody acts.
        Failure::NoAdapter(_) | Failure::Unauthenticated(_) => (Some(doubled), true),
        Failure::Adapter(_)
        | Failure::Malformed { .. }
        | Failure::Permanent(_)
        | Failure::InvalidRequest(_)
        | Failure::Unsupported(_) => up_to(POISONED),
        _ => up_to(ATTEMPTS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::contract::types::Detail;

    fn detail() -> Detail {
        Detail {
            message: "no".to_owned(),
            provider_message: None,
        }
    }

    #[test]
    fn poison_is_given_up_soon_and_trouble_late() {
        let seconds = |failure: &Failure, attempts| wait(failure, attempts, 0).0.map(|wait| wait.as_secs());
        let poison = Failure::Permanent(detail());
        assert_eq!([1, 2, 3].map(|n| seconds(&poison, n)), [Some(1), Some(2), None]);
        let trouble = Failure::Transient(detail());
        assert_eq!(
            [1, 11, 12, 19, 20].map(|n| seconds(&trouble, n)),
            [Some(1), Some(1024), Some(1800), Some(1800), None]
        );
    }

    #[test]
    fn what_is_not_the_calls_fault_does_not_count() {
        let until = Failure::Adapter(CallError::Quarantined {
            adapter: "a".to_owned(),
            until: 30_000,
            why: "w".to_owned(),
        });
        assert_eq!(wait(&until, 99, 0), (Some(Duration::from_secs(30)), false));
        let refused = Failure::Unauthenticated(detail());
        assert_eq!(wait(&refused, 99, 0), (Some(LONGEST_WAIT), true));
    }
}
