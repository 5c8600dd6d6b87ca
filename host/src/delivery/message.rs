//! A message that a user sends to a topic: the envelope of a notification, with a text where events have details.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::envelope::java_date;
use crate::{clock::Millis, store::NotificationId};

/// How much a message matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Little.
    Low,
    /// As much as an event.
    #[default]
    Medium,
    /// Much.
    High,
}

/// A message to be.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its id.
    pub id: NotificationId,
    /// How much it matters.
    pub severity: Severity,
    /// Its topic.
    pub topic: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Who says it: `user` of the body.
    pub from: &'a str,
    /// When.
    pub created: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    severity: Severity,
    created_date: String,
    topic: &'a str,
    action: &'static str,
    /// A string, as in every notification.
    id: String,
    message: &'a str,
    user: &'a str,
}

/// The body of its deliveries.
///
/// # Errors
///
/// None that the types let happen; serde's signature has one.
pub fn render(message: &Message<'_>) -> Result<Bytes, serde_json::Error> {
    let body = Body {
        severity: message.severity,
        created_date: java_date(message.created),
        topic: message.topic,
        action: "create",
        id: message.id.to_string(),
        message: message.text,
        user: message.from,
    };
    Ok(serde_json::to_vec(&body)?.into())
}
