//! Who is polled when.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Backoff, NoPoll, Options, poller::Round, telling::Teller};
use crate::{
    adapter::CallError,
    clock::{Millis, millis},
    host::Host,
    session::{Failure, Session},
    store::{Instance, Lease, PollTrigger, Poller, Schedule, StoreError},
};

/// At the latest after so long the store is asked who is due, whatever woke nobody up.
const LONGEST_NAP: Duration = Duration::from_secs(10);
/// After an error of the store it is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// An instance of which nothing is to be polled is looked at again after so long.
const IDLE: Millis = 60 * 60 * 1000;
/// So many polls are replayed at the same time.
const REPLAYS: usize = 2;

/// Polls instances when they are due, one poll of an instance at a time.
#[derive(Debug)]
pub struct Scheduler {
    host: Arc<Host>,
    options: Options,
    /// Places for replays.
    pub(super) replays: Semaphore,
}

/// When an instance is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Next {
    run: Millis,
    failures: u32,
}

impl Scheduler {
    /// A scheduler over the host's store.
    pub fn new(host: Arc<Host>, options: Options) -> Self {
        Self {
            host,
            options,
            replays: Semaphore::new(REPLAYS),
        }
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Poll until cancelled; then finish the polls in progress.
    pub async fn run(self, shutdown: CancellationToken) {
        let this = Arc::new(self);
        let mut polls = JoinSet::new();
        while !shutdown.is_cancelled() {
            while polls.try_join_next().is_some() {}
            let free = this.options.concurrency.saturating_sub(polls.len());
            let claimed = if free == 0 {
                Ok(Vec::new())
            } else {
                this.claim(free).await
            };
            let nap = match claimed {
                Ok(leases) if leases.is_empty() => this.nap().await,
                Ok(leases) => {
                    for lease in leases {
                        let this = Arc::clone(&this);
                        polls.spawn(async move { this.poll(lease, PollTrigger::Schedule).await });
                    }
                    Duration::ZERO
                }
                Err(error) => {
                    tracing::error!(%error, "no instances could be claimed for polling");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(nap) => {}
                () = this.host.polls_due.notified() => {}
                Some(_) = polls.join_next(), if free == 0 => {}
            }
        }
        while polls.join_next().await.is_some() {}
    }

    /// Poll one instance now, whoever holds its lease permitting.
    pub async fn poll_now(self: &Arc<Self>, instance: &Instance) -> Result<(), NoPoll> {
        let now = self.host.clock.now();
        let ends = now.saturating_add(millis(self.options.lease));
        let Some(lease) = self.host.store.claim_instance(instance.id, now, ends).await? else {
            return Err(self.why_not(instance).await);
        };
        // NOTE: a task of its own, so that a caller who hangs up leaves no poll half done and no lease behind.
        let this = Arc::clone(self);
        if let Err(error) = tokio::spawn(async move { this.poll(lease, PollTrigger::Manual).await }).await {
            tracing::error!(instance = %instance.id, %error, "a poll on demand broke off; its lease runs out");
        }
        Ok(())
    }

    /// Why there is no poll of this instance to be had.
    pub async fn why_not(&self, instance: &Instance) -> NoPoll {
        NoPoll::why(&self.host, instance).await
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Lease>, StoreError> {
        let now = self.host.clock.now();
        let ends = now.saturating_add(millis(self.options.lease));
        self.host.store.claim_instances(now, limit, ends).await
    }

    async fn nap(&self) -> Duration {
        match self.host.store.next_poll_due().await {
            Ok(None) => LONGEST_NAP,
            Ok(Some(due)) => {
                let wait = u64::try_from(due.saturating_sub(self.host.clock.now())).unwrap_or(0);
                // Due, yet not claimed: leased by somebody else. A moment's patience instead of a busy loop.
                Duration::from_millis(wait).clamp(Duration::from_millis(20), LONGEST_NAP)
            }
            Err(error) => {
                tracing::error!(%error, "the store does not say which instance is due next");
                STORE_PAUSE
            }
        }
    }

    /// Poll an instance and give its lease back.
    async fn poll(&self, lease: Lease, trigger: PollTrigger) {
        let instance = lease.instance;
        let polled = AssertUnwindSafe(self.poll_instance(lease, trigger))
            .catch_unwind()
            .await;
        let next = match polled {
            Ok(Ok(next)) => next,
            // Whoever has the lease now does the rest.
            Ok(Err(Failure::Store(StoreError::StaleLease(_)))) => return,
            Ok(Err(failure)) => {
                tracing::warn!(%instance, error = %failure, "the instance could not be polled");
                self.after_failure(lease, Backoff::after(&failure, self.host.clock.now()))
                    .await
            }
            // Otherwise it would be polled again when the lease runs out, and nobody would hear of it.
            Err(_panic) => {
                tracing::error!(%instance, "a poll broke off by a fault of the host; the panic stands before this line");
                self.after_failure(lease, Backoff::Doubling).await
            }
        };
        match self
            .host
            .store
            .release_instance(lease, next.run, next.failures)
            .await
        {
            Ok(()) | Err(StoreError::StaleLease(_) | StoreError::Missing(_)) => {}
            Err(error) => {
                tracing::error!(instance = %lease.instance, %error, "a poll could not be ended; its lease runs out");
            }
        }
        // While it was leased it was due when the lease ends: whoever naps until then has to look again.
        self.host.polls_due.notify_one();
    }

    async fn poll_instance(&self, lease: Lease, trigger: PollTrigger) -> Result<Next, Failure> {
        let store = &self.host.store;
        let missing = || Failure::Store(StoreError::Missing("instance"));
        let instance = store.instance(lease.instance).await?.ok_or_else(missing)?;
        let schedule = store.schedule(instance.id).await?.ok_or_else(missing)?;
        let user = store.user_by_id(instance.user).await?.ok_or_else(missing)?;
        let mut session = Session::open(&self.host, &instance).await?;
        let round = Round {
            host: &self.host,
            options: &self.options,
            lease,
            teller: Teller::new(&self.host, &instance, &user),
            trigger,
        };
        let mut plan = Plan {
            schedule: &schedule,
            trigger,
            now: self.host.clock.now(),
            next: None,
            failures: 0,
        };
        for poller in store.pollers(instance.id).await? {
            if poller.paused {
                continue;
            }
            if let Some(due) = plan.not_due(&poller) {
                plan.put_off(&poller, due);
                continue;
            }
            match round.poll(&mut session, &poller).await? {
                Ok(()) => plan.succeeded(),
                Err(failure) => {
                    let resource = poller.resource.as_str();
                    tracing::warn!(instance = %instance.id, resource, error = failure.in_full(), "a poll failed");
                    let now = self.host.clock.now();
                    plan.failed(poller.failures + 1, Backoff::after(&failure, now), now);
                    if concerns_all(&failure) {
                        break;
                    }
                }
            }
        }
        Ok(plan.next())
    }

    /// The instance as a whole failed: no adapter, no secrets, no store.
    async fn after_failure(&self, lease: Lease, backoff: Backoff) -> Next {
        let failures = match self.host.store.schedule(lease.instance).await {
            Ok(Some(schedule)) => schedule.failures.saturating_add(1),
            Ok(None) | Err(_) => 1,
        };
        let now = self.host.clock.now();
        let wait = millis(backoff.wait(failures));
        Next {
            run: now.saturating_add(wait),
            failures,
        }
    }
}

/// When an instance is due again, found while its pollers are gone through.
struct Plan<'a> {
    schedule: &'a Schedule,
    trigger: PollTrigger,
    now: Millis,
    next: Option<Millis>,
    failures: u32,
}

impl Plan<'_> {
    /// When a poller is due that is not due yet: after a failure each is tried at its own time, those that are well when
    /// their interval is over and those that failed when their wait is. Whoever polls by hand polls all.
    fn not_due(&self, poller: &Poller) -> Option<Millis> {
        if self.trigger == PollTrigger::Manual || self.schedule.failures == 0 {
            return None;
        }
        let due = match poller.failures {
            0 => poller.last_success?.saturating_add(self.schedule.interval),
            _ => poller.retry?,
        };
        (due > self.now).then_some(due)
    }

    /// A poller is left for later.
    fn put_off(&mut self, poller: &Poller, due: Millis) {
        self.failures = self.failures.max(poller.failures);
        self.run_at(due);
    }

    fn run_at(&mut self, due: Millis) {
        self.next = Some(self.next.map_or(due, |next| next.min(due)));
    }

    fn succeeded(&mut self) {
        self.run_at(self.now.saturating_add(self.schedule.interval));
    }

    fn failed(&mut self, failures: u32, backoff: Backoff, now: Millis) {
        self.failures = self.failures.max(failures);
        let due = now.saturating_add(millis(backoff.wait(failures)));
        match backoff {
            // The account as a whole has to wait.
            Backoff::RetryAfter(_) => self.next = Some(due),
            Backoff::Doubling => self.run_at(due),
        }
    }

    fn next(self) -> Next {
        Next {
            run: self.next.unwrap_or(self.now.saturating_add(IDLE)),
            failures: self.failures,
        }
    }
}

/// Whether the instance's other resources would fail the same way.
fn concerns_all(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::RateLimited { .. }
            | Failure::Unauthenticated(_)
            | Failure::Adapter(CallError::Quarantined { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{InstanceId, PollerId};

    const NOW: Millis = 1_000_000;
    const INTERVAL: Millis = 60_000;

    fn schedule(failures: u32) -> Schedule {
        Schedule {
            instance: InstanceId(1),
            interval: INTERVAL,
            next_run: NOW,
            failures,
        }
    }

    fn plan(schedule: &Schedule, trigger: PollTrigger) -> Plan<'_> {
        Plan {
            schedule,
            trigger,
            now: NOW,
            next: None,
            failures: 0,
        }
    }

    fn poller(failures: u32, last_success: Option<Millis>, retry: Option<Millis>) -> Poller {
        Poller {
            id: PollerId(1),
            instance: InstanceId(1),
            resource: "contacts".to_owned(),
            configuration: "{}".to_owned(),
            paused: false,
            start: 0,
            cursor: 0,
            checkpoint: None,
            failures,
            last_success,
            last_failure: None,
            last_error: None,
            retry,
            records: 0,
            events: 0,
        }
    }

    #[test]
    fn after_a_failure_each_poller_is_tried_at_its_own_time() {
        let (early, late) = (Some(NOW - 1), Some(NOW + 7));
        for (failures, poller, expected) in [
            (0, poller(0, Some(NOW - 5), None), None),
            (2, poller(0, Some(NOW - 5), None), Some(NOW - 5 + INTERVAL)),
            (2, poller(0, Some(NOW - INTERVAL), None), None),
            (2, poller(0, None, None), None),
            (2, poller(2, Some(NOW - INTERVAL), late), late),
            (2, poller(2, None, late), late),
            (2, poller(2, None, early), None),
            // It waited with the account.
            (2, poller(2, None, None), None),
            // Somebody changed the instance since: all begin anew.
            (0, poller(2, None, late), None),
        ] {
            let schedule = schedule(failures);
            let due = plan(&schedule, PollTrigger::Schedule).not_due(&poller);
            assert_eq!(due, expected, "{failures} {poller:?}");
            let by_hand = plan(&schedule, PollTrigger::Manual).not_due(&poller);
            assert_eq!(by_hand, None, "{poller:?}");
        }
    }

    #[test]
    fn one_that_fails_neither_hurries_nor_is_hurried_by_one_that_is_well() {
        let schedule = schedule(3);
        let (well, failing) = (poller(0, None, None), poller(3, None, Some(NOW + 20_000)));
        let mut plan = plan(&schedule, PollTrigger::Schedule);
        for poller in [well, failing] {
            match plan.not_due(&poller) {
                Some(due) => plan.put_off(&poller, due),
                None => plan.succeeded(),
            }
        }
        let expected = Next {
            run: NOW + 20_000,
            failures: 3,
        };
        assert_eq!(plan.next(), expected);
    }
}
