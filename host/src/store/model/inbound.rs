//! Webhooks of providers: registrations there, and the inbox here.

use super::{Fingerprint, IdentityHash, InstanceId, Lease, NewNotification};
use crate::{clock::Millis, store::Digest};

/// A call of a provider that is kept until it is processed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct InboundId(pub i64);

/// A registration to be: it replaces the one that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRegistration {
    /// The key of the instance's element.
    pub element: String,
    /// Where the provider calls.
    pub callback_url: String,
    /// The resources of interest.
    pub resources: Vec<String>,
    /// The adapter's own words, sealed.
    pub data: Vec<u8>,
    /// When it ends.
    pub expires: Option<Millis>,
    /// When it has to be prolonged.
    pub due: Option<Millis>,
    /// How calls to the element's address are told to be this instance's.
    pub finder: Option<Finder>,
    /// When.
    pub now: Millis,
}

/// A value in a call that tells an instance from others of its element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finder {
    /// Where it stands in a call.
    pub path: String,
    /// What stands there.
    pub value: String,
}

/// What is registered at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// For whom, and by what right it is prolonged while it is leased.
    pub lease: Lease,
    /// Where the provider calls.
    pub callback_url: String,
    /// The resources of interest.
    pub resources: Vec<String>,
    /// The adapter's own words, sealed.
    pub data: Vec<u8>,
    /// When it ends.
    pub expires: Option<Millis>,
    /// When it has to be prolonged.
    pub due: Option<Millis>,
    /// When it was made.
    pub created: Millis,
    /// When it was made or prolonged last.
    pub renewed: Millis,
    /// How often in a row it could not be prolonged.
    pub failures: u32,
    /// Why not.
    pub error: Option<String>,
    /// When that failed.
    pub failed: Option<Millis>,
}

/// What came of prolonging a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// It lives on.
    Renewed {
        /// The adapter's own words, sealed.
        data: Vec<u8>,
        /// When it ends.
        expires: Option<Millis>,
        /// When it has to be prolonged again.
        due: Option<Millis>,
    },
    /// It could not be prolonged.
    Failed {
        /// Why, with the way out.
        error: String,
        /// When to try again.
        due: Millis,
    },
}

/// A call to keep.
#[derive(Debug, Clone)]
pub struct NewInbound {
    /// Whom it concerns.
    pub instance: InstanceId,
    /// What tells it from others.
    pub digest: Digest,
    /// The call, sealed.
    pub message: Vec<u8>,
    /// Whether it is known to be the provider's.
    pub verified: bool,
    /// When.
    pub now: Millis,
    /// No instance has more waiting messages
    pub most_messages: usize,
    /// or more bytes in them.
    pub most_bytes: usize,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// It is kept.
    Kept,
    /// It is there already, and says nothing new.
    Repeated,
    /// The instance's inbox is full.
    Full,
}

/// A call to process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Its id.
    pub id: InboundId,
    /// The call, sealed.
    pub message: Vec<u8>,
    /// Whether it is known to be the provider's.
    pub verified: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// When it came.
    pub received: Millis,
}

/// What is remembered of a record that a call told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedFingerprint {
    /// The resource.
    pub resource: String,
    /// The rest.
    pub fingerprint: Fingerprint,
}

/// A record of a resource.
pub type ReceivedIdentity = (String, IdentityHash);

/// What a call came to.
#[derive(Debug, Clone)]
pub struct InboundCommit {
    /// By what right.
    pub lease: Lease,
    /// The call.
    pub message: InboundId,
    /// Added or replaced.
    pub fingerprints: Vec<ReceivedFingerprint>,
    /// What it told.
    pub notifications: Vec<NewNotification>,
    /// Whether the provider was asked for more.
    pub asked: bool,
    /// When.
    pub now: Millis,
}

/// A call that could not be processed.
#[derive(Debug, Clone)]
pub struct InboundFailure {
    /// By what right.
    pub lease: Lease,
    /// The call.
    pub message: InboundId,
    /// Whether it counts as an attempt.
    pub counts: bool,
    /// Why, with the way out.
    pub error: String,
    /// When to try again; none: not by itself.
    pub next_attempt: Option<Millis>,
    /// When.
    pub now: Millis,
}

/// How an inbox is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboxState {
    /// Calls that wait.
    pub waiting: u64,
    /// Calls that failed for good.
    pub failed: u64,
    /// When the last one came.
    pub last: Option<Millis>,
    /// The newest that failed or are tried again.
    pub troubled: Vec<TroubledInbound>,
}

/// A call that was tried in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubledInbound {
    /// Its id.
    pub id: InboundId,
    /// When it came.
    pub received: Millis,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed.
    pub error: String,
    /// When it is tried again; none: not by itself.
    pub next_attempt: Option<Millis>,
}
