//! What is counted and told of events.

use super::{Attempt, InstanceId, NotificationId};
use crate::clock::Millis;

/// Which events to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountFilter {
    /// Only of this instance.
    pub instance: Option<InstanceId>,
    /// From here on.
    pub from: Millis,
    /// Up to here, exclusive.
    pub to: Millis,
    /// The length of a bucket, above 0.
    pub step: Millis,
}

/// The events of an instance in one bucket. A bucket without any is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCount {
    /// Its number, from 0.
    pub bucket: i64,
    /// The instance.
    pub instance: InstanceId,
    /// All of them.
    pub count: u64,
    /// Those that at least one subscription has.
    pub delivered: u64,
    /// Those that none has, and that wait as dead letters.
    pub failed: u64,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disposition {
    /// The notification.
    pub notification: NotificationId,
    /// The event id.
    pub event_id: String,
    /// The instance.
    pub instance: InstanceId,
    /// When it was stored.
    pub created: Millis,
    /// The attempts to deliver it and where they went, in their order.
    pub attempts: Vec<(String, Attempt)>,
}
