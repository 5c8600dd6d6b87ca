//! Notifications, subscriptions and deliveries.

use bytes::Bytes;

use super::{DeliveryId, EventKind, InstanceId, NotificationId, SubscriptionId};
use crate::clock::Millis;

/// Which notifications.
#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    /// Only these: those of instances, or any.
    pub source: NotificationSource,
    /// Only of this instance.
    pub instance: Option<InstanceId>,
    /// Only this one.
    pub id: Option<NotificationId>,
    /// Only of these topics, unless there are none.
    pub topics: Vec<String>,
    /// Only with this event id.
    pub event_id: Option<String>,
    /// Only with an event of this object.
    pub object_id: Option<String>,
    /// Only made at this time or later.
    pub from: Option<Millis>,
    /// Only made before this time.
    pub to: Option<Millis>,
    /// Only older than this one.
    pub before: Option<NotificationId>,
    /// At most so many; none means 200.
    pub limit: Option<usize>,
}

/// Where notifications come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotificationSource {
    /// From wherever.
    #[default]
    Any,
    /// From instances: each stands for events.
    Instances,
}

/// A stored notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// Where it stands among all: rises in the order in which they became visible.
    pub position: i64,
    /// The event id.
    pub event_id: String,
    /// The instance; none for a message of a user.
    pub instance: Option<InstanceId>,
    /// The topic.
    pub topic: String,
    /// The resource; empty for a message of a user.
    pub resource: String,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub created: Millis,
    /// How far it came.
    pub progress: Progress,
    /// Whether somebody acknowledged it.
    pub acknowledged: bool,
    /// The body.
    pub body: Bytes,
}

/// How far a notification came on its way to its subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is stored, and nothing was tried.
    Stored,
    /// An attempt was begun, and no subscription has it.
    Tried,
    /// At least one subscription has it.
    Delivered,
}

/// A message of a user, frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id, which its body contains.
    pub id: NotificationId,
    /// The webhook id of its deliveries.
    pub event_id: String,
    /// The topic.
    pub topic: String,
    /// When.
    pub created: Millis,
    /// The body of every delivery.
    pub body: Bytes,
}

/// Topics to URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// The instance whose configuration has the URL; none for one that a user made.
    pub instance: Option<InstanceId>,
    /// The topics.
    pub topics: Vec<String>,
    /// The callback URL.
    pub url: String,
    /// Whether deliveries go out; otherwise they queue.
    pub active: bool,
    /// Why it is not active.
    pub reason: Option<String>,
    /// When it was made.
    pub created: Millis,
    /// Since when nothing new is delivered to it.
    pub retired: Option<Millis>,
}

/// A subscription to be, made by a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubscription {
    /// The topics, at least one.
    pub topics: Vec<String>,
    /// The callback URL.
    pub url: String,
    /// When.
    pub created: Millis,
}

/// Which subscriptions. Retired ones are listed only when asked for by id.
#[derive(Debug, Clone, Default)]
pub struct SubscriptionFilter {
    /// Only this one, be it retired or not.
    pub id: Option<SubscriptionId>,
    /// Only the one of this instance's configuration.
    pub instance: Option<InstanceId>,
    /// Only with one of these topics, unless there are none.
    pub topics: Vec<String>,
    /// Only after this one.
    pub after: Option<SubscriptionId>,
    /// At most so many; none means 200.
    pub limit: Option<usize>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Not tried yet.
    Created,
    /// Taken by the receiver.
    Delivered,
    /// Failed at least once, to be tried again.
    Retry,
    /// Waiting for its subscription to be resumed.
    Queued,
}

/// Which deliveries.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only this one.
    pub id: Option<DeliveryId>,
    /// Only of this instance.
    pub instance: Option<InstanceId>,
    /// Only of this notification.
    pub notification: Option<NotificationId>,
    /// Only to this subscription.
    pub subscription: Option<SubscriptionId>,
    /// Only to subscriptions with this URL.
    pub url: Option<String>,
    /// Only made at this time or later.
    pub from: Option<Millis>,
    /// Only made before this time.
    pub to: Option<Millis>,
    /// Only in this status.
    pub status: Option<DeliveryStatus>,
    /// Only older than this one.
    pub before: Option<DeliveryId>,
    /// At most so many; none means 200.
    pub limit: Option<usize>,
}

/// One notification on its way to one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The notification's instance.
    pub instance: Option<InstanceId>,
    /// The notification.
    pub notification: NotificationId,
    /// The event id.
    pub event_id: String,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How many attempts were made since it was made or resumed.
    pub attempts: u32,
    /// When the next attempt is due, while there is one: for a delivery in flight, when its lease ends.
    pub next_attempt: Option<Millis>,
    /// The last answer's status.
    pub last_status: Option<u16>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was made.
    pub created: Millis,
    /// When it changed.
    pub updated: Millis,
}

/// What to claim.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryClaim {
    /// Now.
    pub now: Millis,
    /// When the leases end.
    pub lease_ends: Millis,
    /// At most so many.
    pub limit: usize,
    /// At most so many in flight for each subscription, earlier claims included.
    pub per_subscription: usize,
}

/// A delivery to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The claim's epoch.
    pub epoch: i64,
    /// The instance, for its signing key and its settings; none for a message of a user to a subscription of a user.
    pub instance: Option<InstanceId>,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Who made the subscription.
    pub maker: Maker,
    /// What its account wants done after a failure.
    pub on_failure: FailurePolicy,
    /// The callback URL.
    pub url: String,
    /// The notification.
    pub notification: NotificationId,
    /// The event id: the webhook id of every attempt.
    pub event_id: String,
    /// Attempts made before, since it was made or resumed.
    pub attempts: u32,
    /// When the first of them failed.
    pub first_failure: Option<Millis>,
    /// The body.
    pub body: Bytes,
}

/// Who made a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// The configuration of its instance, which may have further headers for it.
    Configuration,
    /// A user.
    User,
}

/// What is done after an attempt that failed: the account's setting [`FailurePolicy::SETTING`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Try again by the schedule.
    #[default]
    Retry,
    /// Queue the delivery until somebody releases it; its subscription stays active.
    Queue,
}

impl FailurePolicy {
    /// The setting's key.
    pub const SETTING: &str = "notification.webhook.failure.policy";

    /// The setting's value.
    pub fn parse(value: &str) -> Option<Self> {
        match value {
            "retry" => Some(Self::Retry),
            "queue" => Some(Self::Queue),
            _ => None,
        }
    }
}

/// What became of deliveries that were to be made again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Unfinished ones that are due now, with a fresh retry schedule.
    pub released: usize,
    /// Finished ones of which a new delivery was made, under the same event id.
    pub repeated: usize,
    /// Where to go on; none when there is nothing more.
    pub next: Option<DeliveryId>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver took it.
    Delivered,
    /// Try again then.
    Retry {
        /// When.
        at: Millis,
    },
    /// Try no more until somebody releases it; the subscription stays active.
    Queue,
    /// Give up: the delivery queues as a dead letter, its subscription is deactivated for this reason, and what
    /// else it has pending queues too.
    Deactivate {
        /// Why.
        reason: String,
    },
}

/// An attempt's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The claim's epoch.
    pub epoch: i64,
    /// What came of it.
    pub verdict: Verdict,
    /// When the attempt started.
    pub started: Millis,
    /// When it ended.
    pub finished: Millis,
    /// The answer's status, when there was one.
    pub status: Option<u16>,
    /// What went wrong, when something did.
    pub error: Option<String>,
}

/// What is remembered of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it started.
    pub started: Millis,
    /// When it ended.
    pub finished: Millis,
    /// The answer's status, when there was one.
    pub status: Option<u16>,
    /// What went wrong, when something did.
    pub error: Option<String>,
}
