//! One resource polled when somebody asks for it. The others, and when the instance is due, stay as they are.

use std::sync::Arc;

use super::{NoPoll, Scheduler, poller::Round, telling::Teller};
use crate::{
    clock::millis,
    session::{Failure, Session},
    store::{Instance, Lease, PollTrigger, Poller, StoreError},
};

impl Scheduler {
    /// Poll one resource of an instance now, whoever holds its lease permitting.
    pub async fn poll_one(self: &Arc<Self>, instance: &Instance, poller: &Poller) -> Result<(), NoPoll> {
        if poller.paused {
            let resource = poller.resource.clone();
            return Err(NoPoll::PausedOne(instance.id, resource));
        }
        let store = &self.host().store;
        let now = self.host().clock.now();
        let ends = now.saturating_add(millis(self.options().lease));
        let Some(lease) = store.claim_instance(instance.id, now, ends).await? else {
            return Err(self.why_not(instance).await);
        };
        // NOTE: a task of its own, as for all of an instance.
        let (this, resource) = (Arc::clone(self), poller.resource.clone());
        if let Err(error) = tokio::spawn(async move { this.single(lease, &resource).await }).await {
            tracing::error!(instance = %instance.id, %error, "a poll on demand broke off; its lease runs out");
        }
        Ok(())
    }

    /// Poll a resource and give the lease back.
    async fn single(&self, lease: Lease, resource: &str) {
        let polled = self.poll_resource(lease, resource).await;
        if let Err(failure) = polled.and_then(|polled| polled) {
            if matches!(failure, Failure::Store(StoreError::StaleLease(_))) {
                return;
            }
            tracing::warn!(instance = %lease.instance, resource, error = failure.in_full(), "a poll on demand failed");
        }
        match self.give_back(lease).await {
            Ok(()) | Err(StoreError::StaleLease(_) | StoreError::Missing(_)) => {}
            Err(error) => {
                tracing::error!(instance = %lease.instance, %error, "a poll could not be ended; its lease runs out");
            }
        }
        self.host().polls_due.notify_one();
    }

    async fn poll_resource(&self, lease: Lease, resource: &str) -> Result<Result<(), Failure>, Failure> {
        let (host, store) = (self.host(), &self.host().store);
        let missing = |what| Failure::Store(StoreError::Missing(what));
        let instance = store.instance(lease.instance).await?;
        let instance = instance.ok_or_else(|| missing("instance"))?;
        let user = store.user_by_id(instance.user).await?;
        let user = user.ok_or_else(|| missing("user"))?;
        // As it is under the lease: it may have moved since it was asked for.
        let pollers = store.pollers(instance.id).await?;
        let poller = pollers.into_iter().find(|poller| poller.resource == resource);
        let poller = poller.ok_or_else(|| missing("poller"))?;
        let mut session = Session::open(host, &instance).await?;
        let round = Round {
            host,
            options: self.options(),
            lease,
            teller: Teller::new(host, &instance, &user),
            trigger: PollTrigger::Manual,
        };
        round.poll(&mut session, &poller).await
    }

    /// Give a lease back, with the schedule as it was.
    async fn give_back(&self, lease: Lease) -> Result<(), StoreError> {
        let store = &self.host().store;
        let schedule = store.schedule(lease.instance).await?;
        let schedule = schedule.ok_or(StoreError::Missing("instance"))?;
        store
            .release_instance(lease, schedule.next_run, schedule.failures)
            .await
    }
}
