//! The embedded store: SQLite in one file.
//!
//! One thread writes, with group commit; a few connections read beside it. Simulations under paused time cannot wait
//! for threads, so [`Sqlite::in_task`] runs the same statements where the caller stands.

mod analysis;
mod bulk;
mod change;
mod claims;
mod columns;
mod commits;
mod connection;
mod engine;
mod error;
mod history;
mod housekeeping;
mod inboxes;
mod instances;
mod messages;
mod migrations;
mod objects;
mod outboxes;
mod pollers;
mod polls;
mod query;
mod readers;
mod registrations;
mod replays;
mod schedules;
mod settings;
mod settlements;
mod subscriptions;
mod tenants;
#[cfg(test)]
mod tests;
mod writer;

use std::{collections::BTreeMap, path::Path};

use async_trait::async_trait;

use self::engine::Engine;
pub use self::error::{GroupFailed, OpenError};
use super::{
    Account, AccountId, Attempt, ClaimedDelivery, CountFilter, Delivery, DeliveryClaim, DeliveryFilter,
    DeliveryId, Digest, Disposition, EventCount, Fingerprint, IdentityHash, Inbound, InboundCommit,
    InboundFailure, InboxState, Instance, InstanceChange, InstanceFilter, InstanceId, Intake, Lease,
    NewInbound, NewInstance, NewMessage, NewSubscription, NewTenant, NewUser, Notification,
    NotificationFilter, NotificationId, Organization, OrganizationId, PageCommit, PollCommit, PollFilter,
    PollId, PollRecord, Poller, PollerId, PollerSwitch, ReceivedFingerprint, ReceivedIdentity, Registration,
    Renewal, Replayed, Result, Role, Schedule, SealedSecret, SecretChange, Settlement, Store, Subscription,
    SubscriptionFilter, SubscriptionId, User, UserId,
};
use crate::clock::Millis;

/// The store in a file, or in memory.
///
/// A file belongs to one `Sqlite` at a time, on this machine; a second is refused with [`OpenError::AlreadyOpen`].
#[derive(Debug)]
pub struct Sqlite {
    engine: Engine,
}

impl Sqlite {
    /// Open a database file, or make one that only its owner can read.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            engine: Engine::threads(path)?,
        })
    }

    /// Open a database file without threads: every operation runs to its end in the task that asks for it.
    pub fn in_task(path: &Path) -> Result<Self> {
        Ok(Self {
            engine: Engine::in_task(path)?,
        })
    }

    /// A database that is gone when it is dropped, without threads like [`Sqlite::in_task`].
    pub fn in_memory() -> Result<Self> {
        Ok(Self {
            engine: Engine::memory()?,
        })
    }

    /// Finish what was begun, then close the file. Later operations fail with [`super::StoreError::Closed`].
    ///
    /// Dropping the store does the same, but blocks the thread meanwhile.
    pub async fn close(&self) {
        self.engine.close().await;
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn bootstrap(&self, first: NewTenant) -> Result<bool> {
        self.engine.write(move |c| tenants::bootstrap(c, &first)).await
    }

    async fn user(&self, user_secret: &Digest, organization_secret: &Digest) -> Result<Option<User>> {
        let (user, organization) = (*user_secret, *organization_secret);
        self.engine
            .read(move |c| tenants::by_secret(c, &user, Some(&organization)))
            .await
    }

    async fn user_by_secret(&self, user_secret: &Digest) -> Result<Option<User>> {
        let user = *user_secret;
        self.engine
            .read(move |c| tenants::by_secret(c, &user, None))
            .await
    }

    async fn user_by_id(&self, user: UserId) -> Result<Option<User>> {
        self.engine.read(move |c| tenants::by_id(c, user)).await
    }

    async fn create_tenant(&self, tenant: NewTenant, role: Role) -> Result<User> {
        self.engine
            .write(move |c| tenants::create(c, &tenant, role))
            .await
    }

    async fn organizations(&self) -> Result<Vec<Organization>> {
        self.engine.read(tenants::organizations).await
    }

    async fn change_organization_secret(
        &self,
        id: OrganizationId,
        change: SecretChange,
    ) -> Result<Organization> {
        self.engine
            .write(move |c| tenants::change_organization(c, id, change))
            .await
    }

    async fn accounts(&self, organization: OrganizationId) -> Result<Vec<Account>> {
        self.engine
            .read(move |c| tenants::accounts(c, organization))
            .await
    }

    async fn create_account(
        &self,
        organization: OrganizationId,
        name: String,
        created: Millis,
    ) -> Result<Account> {
        self.engine
            .write(move |c| tenants::create_account(c, organization, &name, created))
            .await
    }

    async fn users(&self, organization: OrganizationId) -> Result<Vec<User>> {
        self.engine.read(move |c| tenants::users(c, organization)).await
    }

    async fn create_user(&self, user: NewUser) -> Result<User> {
        self.engine.write(move |c| tenants::create_user(c, &user)).await
    }

    async fn change_user_secret(&self, id: UserId, change: SecretChange) -> Result<User> {
        self.engine
            .write(move |c| tenants::change_user(c, id, change))
            .await
    }

    async fn delete_user(&self, id: UserId) -> Result<bool> {
        self.engine.write(move |c| tenants::delete_user(c, id)).await
    }

    async fn reserve_instance(&self) -> Result<InstanceId> {
        self.engine.write(instances::reserve).await
    }

    async fn create_instance(&self, instance: NewInstance) -> Result<Instance> {
        self.engine.write(move |c| instances::create(c, &instance)).await
    }

    async fn instance(&self, id: InstanceId) -> Result<Option<Instance>> {
        self.engine.read(move |c| instances::by_id(c, id)).await
    }

    async fn instance_by_token(&self, token: &Digest) -> Result<Option<Instance>> {
        let token = *token;
        self.engine.read(move |c| instances::by_token(c, &token)).await
    }

    async fn instances(&self, account: AccountId, filter: &InstanceFilter) -> Result<Vec<Instance>> {
        let filter = filter.clone();
        self.engine
            .read(move |c| instances::list(c, account, &filter))
            .await
    }

    async fn change_instance(&self, id: InstanceId, change: InstanceChange) -> Result<Instance> {
        self.engine.write(move |c| change::change(c, id, &change)).await
    }

    async fn delete_instance(&self, id: InstanceId) -> Result<()> {
        self.engine.write(move |c| instances::delete(c, id)).await
    }

    async fn secrets(&self, instance: InstanceId) -> Result<Vec<SealedSecret>> {
        self.engine.read(move |c| instances::secrets(c, instance)).await
    }

    async fn claim_instances(&self, now: Millis, limit: usize, lease_ends: Millis) -> Result<Vec<Lease>> {
        self.engine
            .write(move |c| schedules::claim_due(c, now, limit, lease_ends))
            .await
    }

    async fn claim_instance(&self, id: InstanceId, now: Millis, lease_ends: Millis) -> Result<Option<Lease>> {
        self.engine
            .write(move |c| schedules::claim(c, id, now, lease_ends))
            .await
    }

    async fn renew_lease(&self, lease: Lease, lease_ends: Millis) -> Result<()> {
        self.engine
            .write(move |c| schedules::renew(c, lease, lease_ends))
            .await
    }

    async fn release_instance(&self, lease: Lease, next_run: Millis, failures: u32) -> Result<()> {
        self.engine
            .write(move |c| schedules::release(c, lease, next_run, failures))
            .await
    }

    async fn next_poll_due(&self) -> Result<Option<Millis>> {
        self.engine.read(schedules::next_due).await
    }

    async fn schedule(&self, instance: InstanceId) -> Result<Option<Schedule>> {
        self.engine
            .read(move |c| schedules::by_instance(c, instance))
            .await
    }

    async fn pollers(&self, instance: InstanceId) -> Result<Vec<Poller>> {
        self.engine.read(move |c| pollers::list(c, instance)).await
    }

    async fn switch_poller(&self, poller: PollerId, switch: PollerSwitch) -> Result<()> {
        self.engine
            .write(move |c| pollers::switch(c, poller, switch))
            .await
    }

    async fn rewind_poller(&self, poller: PollerId, to: Millis, now: Millis) -> Result<()> {
        self.engine
            .write(move |c| pollers::rewind(c, poller, to, now))
            .await
    }

    async fn polls(&self, account: AccountId, filter: &PollFilter) -> Result<Vec<PollRecord>> {
        let filter = filter.clone();
        self.engine.read(move |c| polls::list(c, account, &filter)).await
    }

    async fn poll_tape(&self, account: AccountId, id: PollId) -> Result<Option<Vec<u8>>> {
        self.engine.read(move |c| polls::tape(c, account, id)).await
    }

    async fn fingerprints(
        &self,
        poller: PollerId,
        identities: Vec<IdentityHash>,
    ) -> Result<Vec<Fingerprint>> {
        self.engine
            .read(move |c| pollers::fingerprints(c, poller, &identities))
            .await
    }

    async fn commit_page(&self, page: PageCommit) -> Result<()> {
        self.engine.write(move |c| commits::page(c, &page)).await
    }

    async fn commit_poll(&self, poll: PollCommit) -> Result<()> {
        self.engine.write(move |c| commits::poll(c, &poll)).await
    }

    async fn registration(&self, instance: InstanceId) -> Result<Option<Registration>> {
        self.engine
            .read(move |c| registrations::by_instance(c, instance))
            .await
    }

    async fn finder_paths(&self, element: &str, limit: usize) -> Result<Vec<String>> {
        let element = element.to_owned();
        self.engine
            .read(move |c| registrations::finder_paths(c, &element, limit))
            .await
    }

    async fn find_registered(
        &self,
        element: &str,
        path: &str,
        value: &str,
        limit: usize,
    ) -> Result<Vec<InstanceId>> {
        let (element, path, value) = (element.to_owned(), path.to_owned(), value.to_owned());
        self.engine
            .read(move |c| registrations::found(c, &element, &path, &value, limit))
            .await
    }

    async fn claim_registrations(
        &self,
        now: Millis,
        limit: usize,
        lease_ends: Millis,
    ) -> Result<Vec<Registration>> {
        self.engine
            .write(move |c| registrations::claim(c, now, limit, lease_ends))
            .await
    }

    async fn settle_registration(&self, lease: Lease, renewal: Renewal, now: Millis) -> Result<()> {
        self.engine
            .write(move |c| registrations::settle(c, lease, &renewal, now))
            .await
    }

    async fn next_registration_due(&self) -> Result<Option<Millis>> {
        self.engine.read(registrations::next_due).await
    }

    async fn keep_inbound(&self, call: NewInbound) -> Result<Intake> {
        self.engine.write(move |c| inboxes::keep(c, &call)).await
    }

    async fn claim_inboxes(&self, now: Millis, limit: usize, lease_ends: Millis) -> Result<Vec<Lease>> {
        self.engine
            .write(move |c| inboxes::claim(c, now, limit, lease_ends))
            .await
    }

    async fn renew_inbox(&self, lease: Lease, lease_ends: Millis) -> Result<()> {
        self.engine
            .write(move |c| inboxes::renew(c, lease, lease_ends))
            .await
    }

    async fn release_inbox(&self, lease: Lease) -> Result<()> {
        self.engine.write(move |c| inboxes::release(c, lease)).await
    }

    async fn next_inbound(&self, instance: InstanceId, now: Millis) -> Result<Option<Inbound>> {
        self.engine.read(move |c| inboxes::next(c, instance, now)).await
    }

    async fn received_fingerprints(
        &self,
        instance: InstanceId,
        identities: Vec<ReceivedIdentity>,
    ) -> Result<Vec<ReceivedFingerprint>> {
        self.engine
            .read(move |c| inboxes::fingerprints(c, instance, &identities))
            .await
    }

    async fn commit_inbound(&self, done: InboundCommit) -> Result<()> {
        self.engine.write(move |c| inboxes::commit(c, &done)).await
    }

    async fn fail_inbound(&self, failure: InboundFailure) -> Result<()> {
        self.engine.write(move |c| inboxes::fail(c, &failure)).await
    }

    async fn retry_inbox(&self, instance: InstanceId, now: Millis) -> Result<usize> {
        self.engine.write(move |c| inboxes::retry(c, instance, now)).await
    }

    async fn inbox(&self, instance: InstanceId) -> Result<InboxState> {
        self.engine.read(move |c| inboxes::state(c, instance)).await
    }

    async fn next_inbox_due(&self) -> Result<Option<Millis>> {
        self.engine.read(inboxes::next_due).await
    }

    async fn notifications(
        &self,
        account: AccountId,
        filter: &NotificationFilter,
    ) -> Result<Vec<Notification>> {
        let filter = filter.clone();
        self.engine
            .read(move |c| history::notifications(c, account, &filter))
            .await
    }

    async fn feed(
        &self,
        account: AccountId,
        instance: Option<InstanceId>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Notification>> {
        self.engine
            .read(move |c| history::feed(c, account, instance, after, limit))
            .await
    }

    async fn newest_position(&self) -> Result<i64> {
        self.engine.read(messages::newest_position).await
    }

    async fn post_message(&self, account: AccountId, message: NewMessage) -> Result<()> {
        self.engine
            .write(move |c| messages::post(c, account, &message))
            .await
    }

    async fn acknowledge(&self, account: AccountId, id: NotificationId) -> Result<()> {
        self.engine
            .write(move |c| messages::acknowledge(c, account, id))
            .await
    }

    async fn delete_notification(&self, account: AccountId, id: NotificationId) -> Result<()> {
        self.engine.write(move |c| messages::delete(c, account, id)).await
    }

    async fn count_events(&self, account: AccountId, filter: &CountFilter) -> Result<Vec<EventCount>> {
        let filter = *filter;
        self.engine
            .read(move |c| analysis::count_events(c, account, &filter))
            .await
    }

    async fn dispositions(
        &self,
        account: AccountId,
        filter: &NotificationFilter,
    ) -> Result<Vec<Disposition>> {
        let filter = filter.clone();
        self.engine
            .read(move |c| analysis::dispositions(c, account, &filter))
            .await
    }

    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>> {
        self.engine.write(move |c| claims::claim(c, &claim)).await
    }

    async fn settle_deliveries(&self, settlements: Vec<Settlement>) -> Result<()> {
        self.engine
            .write(move |c| settlements::settle(c, &settlements))
            .await
    }

    async fn next_delivery_due(&self) -> Result<Option<Millis>> {
        self.engine.read(claims::next_due).await
    }

    async fn deliveries(&self, account: AccountId, filter: &DeliveryFilter) -> Result<Vec<Delivery>> {
        let filter = filter.clone();
        self.engine
            .read(move |c| history::deliveries(c, account, &filter))
            .await
    }

    async fn attempts(&self, account: AccountId, delivery: DeliveryId) -> Result<Vec<Attempt>> {
        self.engine
            .read(move |c| history::attempts(c, account, delivery))
            .await
    }

    async fn replay_deliveries(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        after: DeliveryId,
        now: Millis,
    ) -> Result<Replayed> {
        let filter = filter.clone();
        self.engine
            .write(move |c| replays::replay(c, account, &filter, after, now))
            .await
    }

    async fn subscriptions(
        &self,
        account: AccountId,
        filter: &SubscriptionFilter,
    ) -> Result<Vec<Subscription>> {
        let filter = filter.clone();
        self.engine
            .read(move |c| subscriptions::list(c, account, &filter))
            .await
    }

    async fn create_subscription(
        &self,
        account: AccountId,
        subscription: NewSubscription,
    ) -> Result<Subscription> {
        self.engine
            .write(move |c| subscriptions::create(c, account, &subscription))
            .await
    }

    async fn delete_subscription(&self, account: AccountId, id: SubscriptionId, now: Millis) -> Result<()> {
        self.engine
            .write(move |c| subscriptions::delete(c, account, id, now))
            .await
    }

    async fn resume_subscription(
        &self,
        account: AccountId,
        id: SubscriptionId,
        now: Millis,
    ) -> Result<usize> {
        self.engine
            .write(move |c| subscriptions::resume(c, account, id, now))
            .await
    }

    async fn account_settings(&self, account: AccountId) -> Result<BTreeMap<String, String>> {
        self.engine.read(move |c| settings::of(c, account)).await
    }

    async fn put_account_settings(
        &self,
        account: AccountId,
        settings: BTreeMap<String, String>,
    ) -> Result<()> {
        self.engine
            .write(move |c| settings::put(c, account, &settings))
            .await
    }

    async fn recover(&self) -> Result<()> {
        self.engine.write(housekeeping::recover).await
    }

    async fn prune(&self, before: Millis) -> Result<usize> {
        let mut total = 0;
        let mut from = Some(housekeeping::START);
        while let Some(position) = from {
            let prune = move |c: &_| housekeeping::prune_notifications(c, before, position);
            let (removed, next) = self.engine.write(prune).await?;
            total += removed;
            from = next;
        }
        while self
            .engine
            .write(move |c| housekeeping::prune_polls(c, before))
            .await?
        {}
        while self
            .engine
            .write(move |c| housekeeping::prune_inboxes(c, before))
            .await?
        {}
        Ok(total)
    }

    async fn prune_subscriptions(&self, before: Millis) -> Result<usize> {
        // Found by a reader: it goes through all deliveries once, and what is over gets nothing new.
        let over = self
            .engine
            .read(move |c| housekeeping::over_subscriptions(c, before))
            .await?;
        let count = over.len();
        if count > 0 {
            self.engine
                .write(move |c| housekeeping::remove_subscriptions(c, &over))
                .await?;
        }
        Ok(count)
    }

    async fn ping(&self) -> Result<()> {
        self.engine
            .read(|c| Ok(c.query_row("SELECT 1", (), |_| Ok(()))?))
            .await
    }
}
