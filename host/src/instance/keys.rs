//! The configuration keys that belong to the host, whatever the element.

use periodic_sdk::description::ConfigurationType;

use super::{
    Rules,
    values::{self, Checked},
};
use crate::{delivery::Format, inbound::FINDER};

/// What stands for a secret in every answer. Sent back, it means: unchanged.
pub const MASK: &str = "********";

/// `true` switches events on.
pub const NOTIFICATIONS_ENABLED: &str = "event.notification.enabled";
/// Where notifications go.
pub(super) const CALLBACK_URL: &str = "event.notification.callback.url";
/// `polling`, or `webhook` where the element has it.
pub const VENDOR_TYPE: &str = "event.vendor.type";
/// Minutes between polls.
pub(super) const REFRESH_INTERVAL: &str = "event.poller.refresh_interval";
/// What is polled, by resource.
pub const POLLER_CONFIGURATION: &str = "event.poller.configuration";
/// The same in an older form.
pub(super) const POLLER_URLS: &str = "event.poller.urls";
/// The resources that a provider is to tell of.
pub(super) const OBJECTS: &str = "event.objects";
/// Further headers of every notification.
pub(super) const CALLBACK_HEADERS: &str = "event.notification.callback.headers";
/// Events of one notification.
pub(super) const BATCH_SIZE: &str = "event.notification.batch.size";
/// `true` writes a line to the log for every request to the provider.
pub const TRACE_LOGGING: &str = "trace.logging.enabled";
/// `true` leaves members of records out that are null.
pub const FILTER_NULLS: &str = "filter.response.nulls";
/// The name of the instance token among the secrets.
pub const TOKEN: &str = "periodic.token";

/// A configuration key of the host.
#[derive(Debug, Clone, Copy)]
pub struct HostKey {
    /// The key.
    pub key: &'static str,
    /// The type of its value.
    pub kind: ConfigurationType,
    /// What holds when nobody says otherwise.
    pub default: Option<&'static str>,
    /// What it means.
    pub description: &'static str,
    /// Whether it can have a value; if not, what is wrong.
    pub(super) check: fn(&str, Rules) -> Checked,
}

const fn key(
    key: &'static str,
    kind: ConfigurationType,
    default: Option<&'static str>,
    description: &'static str,
    check: fn(&str, Rules) -> Checked,
) -> HostKey {
    HostKey {
        key,
        kind,
        default,
        description,
        check,
    }
}

/// All of them. Facts: section 5.1 of the Cloud Elements events framework.
pub const HOST_KEYS: [HostKey; 15] = [
    key(
        NOTIFICATIONS_ENABLED,
        ConfigurationType::Boolean,
        Some("false"),
        "whether events are looked for",
        values::truth,
    ),
    key(
        VENDOR_TYPE,
        ConfigurationType::Combo,
        None,
        "polling or webhook, where an element has both",
        values::way,
    ),
    key(
        CALLBACK_URL,
        ConfigurationType::Text1000,
        None,
        "where notifications are sent",
        values::callback,
    ),
    key(
        CALLBACK_HEADERS,
        ConfigurationType::Text1000,
        None,
        "further headers of every notification",
        values::headers,
    ),
    key(
        "event.notification.signature.key",
        ConfigurationType::Password,
        None,
        "the key that notifications are signed with",
        values::anything,
    ),
    key(
        Format::KEY,
        ConfigurationType::Combo,
        Some("cloud-elements"),
        "cloud-elements, or CloudEvents: cloudevents (structured), cloudevents-binary or cloudevents-batch",
        values::format,
    ),
    key(
        BATCH_SIZE,
        ConfigurationType::Text32,
        Some("10"),
        "events of one notification at most",
        values::batch_size,
    ),
    key(
        REFRESH_INTERVAL,
        ConfigurationType::Text32,
        Some("15"),
        "minutes between polls; decimals are fine",
        values::interval,
    ),
    key(
        POLLER_CONFIGURATION,
        ConfigurationType::TextArea,
        None,
        "what is polled, a JSON object by resource",
        values::pollers,
    ),
    key(
        POLLER_URLS,
        ConfigurationType::TextArea,
        None,
        "the same in an older form, a line for each resource; without effect beside event.poller.configuration",
        values::poller_urls,
    ),
    key(
        OBJECTS,
        ConfigurationType::Text1000,
        None,
        "the resources that the provider's webhooks are to tell of, separated by commas; all of which it can otherwise",
        values::anything,
    ),
    key(
        FINDER,
        ConfigurationType::Text1000,
        None,
        "whose a call to the element's address is: a configuration key, a bar, and the path of its value in the call",
        values::finder,
    ),
    key(
        FILTER_NULLS,
        ConfigurationType::Boolean,
        Some("true"),
        "leave members out that are null",
        values::truth,
    ),
    key(
        TRACE_LOGGING,
        ConfigurationType::Boolean,
        Some("false"),
        "a line in the host's log for every request to the provider, without query, headers and bodies",
        values::truth,
    ),
    key(
        "oauth.callback.url",
        ConfigurationType::Text1000,
        None,
        "the redirect URI, passed on as it is",
        values::anything,
    ),
];

/// The default of a host key.
pub(super) fn default(key: &str) -> Option<&'static str> {
    HOST_KEYS.iter().find(|known| known.key == key)?.default
}
