//! The rows, as the rest of the host sees them.

mod analysis;
mod delivery;
mod inbound;
mod polls;

pub use self::{analysis::*, delivery::*, inbound::*, polls::*};

use std::fmt;

use bytes::Bytes;
use indexmap::IndexMap;

use crate::clock::Millis;

/// Digest of a secret that is only compared: keyed BLAKE3 (see [`crate::vault::Vault::digest`]).
pub type Digest = [u8; 32];

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// An organization.
    OrganizationId,
    /// An account of an organization.
    AccountId,
    /// A user of an account.
    UserId,
    /// An element instance.
    InstanceId,
    /// A poller.
    PollerId,
    /// A poll; made by [`crate::ids::Sequence`], because its tape is sealed under it.
    PollId,
    /// A notification; made by [`crate::ids::Sequence`], because its body contains it.
    NotificationId,
    /// A subscription.
    SubscriptionId,
    /// A delivery; its order is the order of delivery.
    DeliveryId,
    /// An export in bulk.
    BulkId,
}

// --- Instances ---------------------------------------------------------------------------------------------------

/// Whether an instance can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// Its credentials work.
    Connected,
    /// The provider refuses its credentials; a new `providerData.code` is needed.
    NeedsAuthentication,
}

/// An element instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Whose it is.
    pub account: AccountId,
    /// Who made it.
    pub user: UserId,
    /// The key of its element.
    pub element: String,
    /// Whether it was made with tokens that its maker had already.
    pub external: ExternalAuthentication,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it says itself, without secrets.
    pub configuration: IndexMap<String, String>,
    /// What `connect` and captures derived; beneath `configuration` in weight.
    pub derived: IndexMap<String, String>,
    /// When it was made.
    pub created: Millis,
    /// When it was changed.
    pub updated: Millis,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it can work.
    pub state: InstanceState,
    /// Why it is in this state.
    pub state_reason: Option<String>,
    /// Since when it is in this state.
    pub state_since: Millis,
}

/// Where an instance's first tokens come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExternalAuthentication {
    /// From a grant that the host runs.
    #[default]
    None,
    /// From whoever made the instance.
    Initial,
}

impl ExternalAuthentication {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Initial => "initial",
        }
    }

    /// The other way round.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Initial]
            .into_iter()
            .find(|known| known.as_str() == text)
    }
}

/// A secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// Its name: `oauth.user.token`.
    pub name: String,
    /// What the vault made of it.
    pub sealed: Vec<u8>,
    /// When it ends, where that is known.
    pub expires: Option<Millis>,
}

/// An instance to be.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Its id, from [`super::Store::reserve_instance`]: secrets are sealed for it before it exists.
    pub id: InstanceId,
    /// Whose it is.
    pub account: AccountId,
    /// Who makes it.
    pub user: UserId,
    /// The key of its element.
    pub element: String,
    /// Whether it is made with tokens that its maker had already.
    pub external: ExternalAuthentication,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its configuration, without secrets.
    pub configuration: IndexMap<String, String>,
    /// What was derived.
    pub derived: IndexMap<String, String>,
    /// The digest of its token.
    pub token: Digest,
    /// Its secrets.
    pub secrets: Vec<SealedSecret>,
    /// How it is polled, where it is.
    pub polling: Option<Polling>,
    /// Where its events go, where they go.
    pub callback: Option<Callback>,
    /// What is registered at its provider, where something is.
    pub registration: Option<NewRegistration>,
    /// When.
    pub created: Millis,
}

/// How an instance is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polling {
    /// The refresh interval in milliseconds.
    pub interval: Millis,
    /// When it is due.
    pub next_run: Millis,
    /// Its pollers in their order.
    pub pollers: Vec<NewPoller>,
}

/// A poller to be, or one that stays: a poller of the same resource keeps its cursor and its fingerprints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPoller {
    /// The resource.
    pub resource: String,
    /// Its configuration in force, a JSON object.
    pub configuration: String,
    /// Where it starts, in provider time: records changed before are fingerprinted, not told.
    pub start: Millis,
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The topic: `instance-{id}-{element}-events`.
    pub topic: String,
    /// The URL.
    pub url: String,
}

/// A change of a value that may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// As it was.
    #[default]
    Keep,
    /// This now.
    Set(T),
    /// None any more.
    Remove,
}

/// What to change of an instance.
#[derive(Debug, Clone, Default)]
pub struct InstanceChange {
    /// Its name.
    pub name: Option<String>,
    /// Its tags.
    pub tags: Option<Vec<String>>,
    /// Its whole configuration, without secrets.
    pub configuration: Option<IndexMap<String, String>>,
    /// All that was derived.
    pub derived: Option<IndexMap<String, String>>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
    /// Its state with the reason.
    pub state: Option<(InstanceState, Option<String>)>,
    /// Secrets to add or replace.
    pub put_secrets: Vec<SealedSecret>,
    /// Names of secrets to remove.
    pub remove_secrets: Vec<String>,
    /// How it is polled: `Remove` drops schedule and pollers with cursors and fingerprints.
    pub polling: Edit<Polling>,
    /// Where its events go. `Set` with another URL retires the old subscription and makes a new one, which takes over
    /// what the old one has not delivered, due at once and with a fresh retry schedule; with the same URL it changes
    /// nothing. `Remove` retires the subscription: it is listed no more, and what it has not delivered queues until
    /// a later `Set`.
    pub callback: Edit<Callback>,
    /// What is registered at its provider.
    pub registration: Edit<NewRegistration>,
    /// When. A change of nothing but secrets is no edit: it leaves the instance's `updated` as it was.
    pub now: Millis,
}

/// Which instances.
#[derive(Debug, Clone, Default)]
pub struct InstanceFilter {
    /// Only of this element.
    pub element: Option<String>,
    /// Only with all of these tags.
    pub tags: Vec<String>,
    /// Only with this text in name or tags, whatever the case.
    pub search: Option<String>,
    /// Only after this id.
    pub after: Option<InstanceId>,
    /// At most so many; none means 200.
    pub limit: Option<usize>,
}

// --- Polling -----------------------------------------------------------------------------------------------------

/// The right to poll an instance, until it ends or another takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The instance.
    pub instance: InstanceId,
    /// Rises with every claim.
    pub epoch: i64,
}

/// When an instance is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The instance.
    pub instance: InstanceId,
    /// The refresh interval in milliseconds.
    pub interval: Millis,
    /// When it is due.
    pub next_run: Millis,
    /// How many polls in a row failed.
    pub failures: u32,
}

/// The schedule and cursor of one resource of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poller {
    /// Its id.
    pub id: PollerId,
    /// Its instance.
    pub instance: InstanceId,
    /// The resource.
    pub resource: String,
    /// Its configuration in force.
    pub configuration: String,
    /// Whether an operator paused it.
    pub paused: bool,
    /// Where it started: records changed before are not told.
    pub start: Millis,
    /// Up to when, in provider time, everything is stored.
    pub cursor: Millis,
    /// The delta feed's cursor.
    pub checkpoint: Option<Checkpoint>,
    /// How many polls in a row failed.
    pub failures: u32,
    /// When the last good poll ended.
    pub last_success: Option<Millis>,
    /// When the last poll failed.
    pub last_failure: Option<Millis>,
    /// Why it failed.
    pub last_error: Option<String>,
    /// After a failure, when it is tried again; none where the instance as a whole waits.
    pub retry: Option<Millis>,
    /// Records read so far.
    pub records: u64,
    /// Events found so far.
    pub events: u64,
}

/// A delta feed's cursor, and the digest of the adapter that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The adapter's own words.
    pub data: Vec<u8>,
    /// The adapter's digest, hexadecimal.
    pub adapter: String,
}

/// Digest of a record's identity.
pub type IdentityHash = [u8; 16];

/// What is remembered of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Whose it is.
    pub identity: IdentityHash,
    /// When the record was last changed, where the provider tells.
    pub updated: Option<Millis>,
    /// Digest of its updated instant and its content.
    pub content: [u8; 16],
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventKind {
    /// It is new.
    Created,
    /// It was edited.
    Updated,
    /// It is gone.
    Deleted,
    /// The provider does not tell.
    Unknown,
}

/// An event in its notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What `GET /{resource}/{id}` takes.
    pub object_id: String,
    /// Orders deliveries: events of one object carry the same.
    pub identity: IdentityHash,
    /// When it happened, by the provider.
    pub date: Option<Millis>,
}

/// A notification to be, frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// Its id, which its body contains.
    pub id: NotificationId,
    /// The event id, which its body contains.
    pub event_id: String,
    /// The topic.
    pub topic: String,
    /// The resource.
    pub resource: String,
    /// What happened to all of its records.
    pub kind: EventKind,
    /// When.
    pub created: Millis,
    /// Its events, in the order of the body.
    pub events: Vec<NewEvent>,
    /// The body of every delivery.
    pub body: Bytes,
}

/// Whether a poller takes part in polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollerSwitch {
    /// It is polled when its instance is due.
    On,
    /// It rests. An instance whose pollers all rest is never due.
    Paused,
}

/// A page to store.
#[derive(Debug, Clone)]
pub struct PageCommit {
    /// By what right.
    pub lease: Lease,
    /// The poller.
    pub poller: PollerId,
    /// Added or replaced.
    pub fingerprints: Vec<Fingerprint>,
    /// The notifications of this page's events.
    pub notifications: Vec<NewNotification>,
    /// The new checkpoint; none keeps the one there is.
    pub checkpoint: Option<Checkpoint>,
    /// How many records the page had.
    pub records: u64,
    /// When.
    pub now: Millis,
}
