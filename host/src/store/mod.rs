//! What outlives the process.
//!
//! One trait, implemented by [`sqlite`] now and by PostgreSQL later; the conformance suite in `store/conformance` is
//! what both have to pass. The store knows rows, leases and transactions, and nothing of providers, HTTP or
//! secrets in clear: what it is handed of secrets is sealed.

mod bulk;
#[cfg(test)]
mod conformance;
mod model;
mod objects;
pub mod sqlite;
mod tenants;

use std::collections::BTreeMap;

use async_trait::async_trait;

pub use bulk::*;
pub use model::*;
pub use objects::*;
pub use tenants::*;

use crate::clock::Millis;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the lease by now; what was to be written is not.
    #[error("the lease on instance {} was lost to another worker (epoch {})", .0.instance, .0.epoch)]
    StaleLease(Lease),
    /// The row is not there (any more).
    #[error("there is no {0}")]
    Missing(&'static str),
    /// Something with this id or digest is there already; what was to be written is not. With a fresh one it can be
    /// tried again.
    #[error("the {0} is taken already")]
    Taken(&'static str),
    /// The engine failed.
    #[error("the store failed: {0}")]
    Engine(Box<dyn std::error::Error + Send + Sync>),
    /// The engine is shutting down.
    #[error("the store is closed")]
    Closed,
}

/// What a store operation returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The store. Every method is one transaction, but for [`Store::prune`], which may make several small ones.
#[async_trait]
pub trait Store: BulkStore + ObjectStore + std::fmt::Debug + Send + Sync + 'static {
    // --- Organizations and users ---------------------------------------------------------------------------------

    /// Make the first organization, its account and its user, unless there is an organization already. Says whether
    /// it did.
    async fn bootstrap(&self, first: NewTenant) -> Result<bool>;

    /// The user whose secret and whose organization's secret have these digests. Revoked secrets are nobody's.
    async fn user(&self, user_secret: &Digest, organization_secret: &Digest) -> Result<Option<User>>;

    /// The user with this secret's digest, unless it is revoked or its organization's is.
    async fn user_by_secret(&self, user_secret: &Digest) -> Result<Option<User>>;

    /// A user by id.
    async fn user_by_id(&self, user: UserId) -> Result<Option<User>>;

    /// Make an organization with an account and a user of this role. Returns the user.
    async fn create_tenant(&self, tenant: NewTenant, role: Role) -> Result<User>;

    /// All organizations, by id.
    async fn organizations(&self) -> Result<Vec<Organization>>;

    /// Rotate or revoke an organization's secret.
    async fn change_organization_secret(
        &self,
        id: OrganizationId,
        change: SecretChange,
    ) -> Result<Organization>;

    /// The accounts of an organization, by id.
    async fn accounts(&self, organization: OrganizationId) -> Result<Vec<Account>>;

    /// Make an account.
    async fn create_account(
        &self,
        organization: OrganizationId,
        name: String,
        created: Millis,
    ) -> Result<Account>;

    /// The users of an organization, by id.
    async fn users(&self, organization: OrganizationId) -> Result<Vec<User>>;

    /// Make a user. [`StoreError::Taken`] when another of its organization has its address.
    async fn create_user(&self, user: NewUser) -> Result<User>;

    /// Rotate or revoke a user's secret.
    async fn change_user_secret(&self, id: UserId, change: SecretChange) -> Result<User>;

    /// Remove a user. False when instances are of its making.
    async fn delete_user(&self, id: UserId) -> Result<bool>;

    // --- Instances -----------------------------------------------------------------------------------------------

    /// An id for an instance that is about to be made; never given twice.
    async fn reserve_instance(&self) -> Result<InstanceId>;

    /// Make an instance with its secrets, its pollers and its subscription.
    async fn create_instance(&self, instance: NewInstance) -> Result<Instance>;

    /// An instance by id, whoever it belongs to.
    async fn instance(&self, id: InstanceId) -> Result<Option<Instance>>;

    /// The instance whose token has this digest.
    async fn instance_by_token(&self, token: &Digest) -> Result<Option<Instance>>;

    /// Instances of an account, by id.
    async fn instances(&self, account: AccountId, filter: &InstanceFilter) -> Result<Vec<Instance>>;

    /// Change an instance: its own columns, secrets, pollers and subscription, whatever the change names.
    async fn change_instance(&self, id: InstanceId, change: InstanceChange) -> Result<Instance>;

    /// Remove an instance with all that belongs to it, events and deliveries included.
    async fn delete_instance(&self, id: InstanceId) -> Result<()>;

    /// All sealed secrets of an instance.
    async fn secrets(&self, instance: InstanceId) -> Result<Vec<SealedSecret>>;

    // --- Polling -------------------------------------------------------------------------------------------------

    /// Take a lease on up to `limit` instances that are due, the longest waiting first. A lease that ends is
    /// anybody's. Never due are instances that are switched off or need authentication, and those whose pollers are
    /// all paused.
    async fn claim_instances(&self, now: Millis, limit: usize, lease_ends: Millis) -> Result<Vec<Lease>>;

    /// Take a lease on this instance, whenever it is due, unless somebody holds one or it can never be due.
    async fn claim_instance(&self, id: InstanceId, now: Millis, lease_ends: Millis) -> Result<Option<Lease>>;

    /// Prolong a lease. A lease that ended may be prolonged until somebody else takes it.
    async fn renew_lease(&self, lease: Lease, lease_ends: Millis) -> Result<()>;

    /// Give a lease back and say when the instance is due again.
    async fn release_instance(&self, lease: Lease, next_run: Millis, failures: u32) -> Result<()>;

    /// When the next instance is due, or the next lease ends.
    async fn next_poll_due(&self) -> Result<Option<Millis>>;

    /// The schedule of an instance.
    async fn schedule(&self, instance: InstanceId) -> Result<Option<Schedule>>;

    /// The pollers of an instance in their order.
    async fn pollers(&self, instance: InstanceId) -> Result<Vec<Poller>>;

    /// Pause a poller or let it run again.
    async fn switch_poller(&self, poller: PollerId, switch: PollerSwitch) -> Result<()>;

    /// Set a poller back to an instant in provider time: what was changed since is told again, whether it was told
    /// before or not. A poll in progress loses its lease, and the instance is due now.
    async fn rewind_poller(&self, poller: PollerId, to: Millis, now: Millis) -> Result<()>;

    /// Polls of an account's instances, newest first.
    async fn polls(&self, account: AccountId, filter: &PollFilter) -> Result<Vec<PollRecord>>;

    /// What is kept of the tape of a poll of an account's instance.
    async fn poll_tape(&self, account: AccountId, id: PollId) -> Result<Option<Vec<u8>>>;

    /// The fingerprints that exist for these identities.
    async fn fingerprints(&self, poller: PollerId, identities: Vec<IdentityHash>)
    -> Result<Vec<Fingerprint>>;

    /// Store a page: fingerprints, events, notifications, a delivery for each subscription, the checkpoint. Fails
    /// with [`StoreError::StaleLease`], and stores nothing, when the lease was given back or is another's; likewise
    /// with [`StoreError::Taken`] when a notification's id is in use.
    async fn commit_page(&self, page: PageCommit) -> Result<()>;

    /// End a poll: move the cursor on success, note the failure otherwise, prune fingerprints, keep the record in the
    /// place of the oldest of its result.
    async fn commit_poll(&self, poll: PollCommit) -> Result<()>;

    // --- Webhooks of providers -----------------------------------------------------------------------------------

    /// What is registered at an instance's provider.
    async fn registration(&self, instance: InstanceId) -> Result<Option<Registration>>;

    /// Where in calls to an element's address values stand that tell instances apart; at most `limit` places.
    async fn finder_paths(&self, element: &str, limit: usize) -> Result<Vec<String>>;

    /// The registered instances of an element that have this value at this place, by id.
    async fn find_registered(
        &self,
        element: &str,
        path: &str,
        value: &str,
        limit: usize,
    ) -> Result<Vec<InstanceId>>;

    /// Take a lease on up to `limit` registrations that have to be prolonged.
    async fn claim_registrations(
        &self,
        now: Millis,
        limit: usize,
        lease_ends: Millis,
    ) -> Result<Vec<Registration>>;

    /// Give a registration back with what came of it. [`StoreError::StaleLease`] when it is another's or was replaced.
    async fn settle_registration(&self, lease: Lease, renewal: Renewal, now: Millis) -> Result<()>;

    /// When the next registration has to be prolonged, or the next lease ends.
    async fn next_registration_due(&self) -> Result<Option<Millis>>;

    /// Keep a call of a provider. One that was kept before is not kept again, unless it was processed and the provider
    /// was asked for what it announces: then it may announce something new.
    async fn keep_inbound(&self, call: NewInbound) -> Result<Intake>;

    /// Take a lease on up to `limit` inboxes in which something is due.
    async fn claim_inboxes(&self, now: Millis, limit: usize, lease_ends: Millis) -> Result<Vec<Lease>>;

    /// Prolong a lease on an inbox.
    async fn renew_inbox(&self, lease: Lease, lease_ends: Millis) -> Result<()>;

    /// Give an inbox back.
    async fn release_inbox(&self, lease: Lease) -> Result<()>;

    /// The oldest call in an inbox that is due.
    async fn next_inbound(&self, instance: InstanceId, now: Millis) -> Result<Option<Inbound>>;

    /// What is remembered of these records of an instance.
    async fn received_fingerprints(
        &self,
        instance: InstanceId,
        identities: Vec<ReceivedIdentity>,
    ) -> Result<Vec<ReceivedFingerprint>>;

    /// Finish a call: fingerprints, events, notifications and deliveries in one transaction, under the inbox's lease as
    /// [`Store::commit_page`] under an instance's.
    async fn commit_inbound(&self, done: InboundCommit) -> Result<()>;

    /// Note that a call could not be processed.
    async fn fail_inbound(&self, failure: InboundFailure) -> Result<()>;

    /// Let calls that failed or wait be due now. Says how many.
    async fn retry_inbox(&self, instance: InstanceId, now: Millis) -> Result<usize>;

    /// How an inbox is.
    async fn inbox(&self, instance: InstanceId) -> Result<InboxState>;

    /// When something in an inbox is due, or the next lease ends.
    async fn next_inbox_due(&self) -> Result<Option<Millis>>;

    // --- Events --------------------------------------------------------------------------------------------------

    /// Notifications of an account, newest first.
    async fn notifications(
        &self,
        account: AccountId,
        filter: &NotificationFilter,
    ) -> Result<Vec<Notification>>;

    /// Notifications of an account's instances after a position, in the order in which they became visible.
    async fn feed(
        &self,
        account: AccountId,
        instance: Option<InstanceId>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Notification>>;

    /// The position of the newest notification of all; 0 when there is none.
    async fn newest_position(&self) -> Result<i64>;

    /// Store a message of a user, and a delivery of it for each subscription of its topic.
    async fn post_message(&self, account: AccountId, message: NewMessage) -> Result<()>;

    /// Note that somebody took notice.
    async fn acknowledge(&self, account: AccountId, id: NotificationId) -> Result<()>;

    /// Remove a notification with its deliveries, finished or not.
    async fn delete_notification(&self, account: AccountId, id: NotificationId) -> Result<()>;

    /// How many events there were, bucket by bucket and instance by instance.
    async fn count_events(&self, account: AccountId, filter: &CountFilter) -> Result<Vec<EventCount>>;

    /// What became of events, newest first. The filter's topics, object and event ids do not count here.
    async fn dispositions(&self, account: AccountId, filter: &NotificationFilter)
    -> Result<Vec<Disposition>>;

    // --- Delivery ------------------------------------------------------------------------------------------------

    /// Take a lease on deliveries that are due: oldest first, at most `limit`, at most `per_subscription` in flight
    /// for each subscription, and none while an earlier delivery of one of its objects to the same subscription is
    /// unfinished. A queued delivery is unfinished, so that a resumed subscription sees each object in its order.
    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>>;

    /// Write down what came of attempts. A settlement whose epoch is not the delivery's, or whose delivery was settled
    /// already, is ignored. When the subscription was deactivated meanwhile, what is to be retried queues.
    async fn settle_deliveries(&self, settlements: Vec<Settlement>) -> Result<()>;

    /// When the next delivery is due, or the next lease ends. Subscriptions that the last claim filled to their cap
    /// count only from when one of their leases ends; a settlement makes them count again.
    async fn next_delivery_due(&self) -> Result<Option<Millis>>;

    /// Deliveries of an account, newest first.
    async fn deliveries(&self, account: AccountId, filter: &DeliveryFilter) -> Result<Vec<Delivery>>;

    /// The attempts of a delivery, in their order.
    async fn attempts(&self, account: AccountId, delivery: DeliveryId) -> Result<Vec<Attempt>>;

    /// Make deliveries again that match the filter, from the oldest on and after this one: unfinished ones are due now,
    /// and their subscriptions active again; of finished ones a new delivery is made. What goes to a subscription that
    /// is retired goes to the one of its instance's configuration, or nowhere when there is none. The filter's limit
    /// counts, `before` does not.
    async fn replay_deliveries(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        after: DeliveryId,
        now: Millis,
    ) -> Result<Replayed>;

    /// Subscriptions of an account, by id.
    async fn subscriptions(
        &self,
        account: AccountId,
        filter: &SubscriptionFilter,
    ) -> Result<Vec<Subscription>>;

    /// Make a subscription for a user.
    async fn create_subscription(
        &self,
        account: AccountId,
        subscription: NewSubscription,
    ) -> Result<Subscription>;

    /// End a subscription. What it has not delivered is dropped when a user made it; when an instance's configuration
    /// did, it queues until the instance has another URL.
    async fn delete_subscription(&self, account: AccountId, id: SubscriptionId, now: Millis) -> Result<()>;

    /// Activate a subscription again and make its queued deliveries due, with a fresh retry schedule. Says how many.
    async fn resume_subscription(&self, account: AccountId, id: SubscriptionId, now: Millis)
    -> Result<usize>;

    // --- Settings of accounts ------------------------------------------------------------------------------------

    /// The settings that an account has of its own, by key.
    async fn account_settings(&self, account: AccountId) -> Result<BTreeMap<String, String>>;

    /// Add settings to an account or change them; the others stay.
    async fn put_account_settings(
        &self,
        account: AccountId,
        settings: BTreeMap<String, String>,
    ) -> Result<()>;

    // --- Housekeeping --------------------------------------------------------------------------------------------

    /// Give back every lease: for an embedded store at start, when no other host can hold one.
    async fn recover(&self) -> Result<()>;

    /// Remove notifications made before this which no subscription waits for, their deliveries, the records of
    /// polls that ended before, calls of providers that were finished before and what they told. Says how many notifications.
    async fn prune(&self, before: Millis) -> Result<usize>;

    /// Remove subscriptions that were over before this, or made for one callback, and of which no delivery is left.
    /// Says how many.
    async fn prune_subscriptions(&self, before: Millis) -> Result<usize>;

    /// Is the store there?
    async fn ping(&self) -> Result<()>;
}
