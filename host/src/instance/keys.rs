//! The configuration keys that belong to the host, whatever the element.

use indexmap::IndexMap;
use periodic_sdk::description::ConfigurationType;

use crate::{delivery::Format, inbound::FINDER};

/// What stands for a secret in every answer. Sent back, it means: unchanged.
pub const MASK: &str = "********";

/// `true` switches events on.
pub(super) const NOTIFICATIONS_ENABLED: &str = "event.notification.enabled";
/// Where notifications go.
pub(super) const CALLBACK_URL: &str = "event.notification.callback.url";
/// `polling`, or `webhook` where the element has it.
pub(super) const VENDOR_TYPE: &str = "event.vendor.type";
/// Minutes between polls.
pub(super) const REFRESH_INTERVAL: &str = "event.poller.refresh_interval";
/// What is polled, by resource.
pub const POLLER_CONFIGURATION: &str = "event.poller.configuration";
/// The resources that a provider is to tell of.
pub(super) const OBJECTS: &str = "event.objects";
/// Events of one notification.
pub(super) const BATCH_SIZE: &str = "event.notification.batch.size";
/// `true` writes a line to the log for every request to the provider.
pub(super) const TRACE_LOGGING: &str = "trace.logging.enabled";
/// The name of the instance token among the secrets.
pub const TOKEN: &str = "periodic.token";

/// A configuration key of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostKey {
    /// The key.
    pub key: &'static str,
    /// The type of its value.
    pub kind: ConfigurationType,
    /// What holds when nobody says otherwise.
    pub default: Option<&'static str>,
    /// What it means.
    pub description: &'static str,
}

const fn key(
    key: &'static str,
    kind: ConfigurationType,
    default: Option<&'static str>,
    description: &'static str,
) -> HostKey {
    HostKey {
        key,
        kind,
        default,
        description,
    }
}

/// All of them. Facts: section 5.1 of the Cloud Elements events framework.
pub const HOST_KEYS: [HostKey; 14] = [
    key(
        NOTIFICATIONS_ENABLED,
        ConfigurationType::Boolean,
        Some("false"),
        "whether events are looked for",
    ),
    key(
        VENDOR_TYPE,
        ConfigurationType::Combo,
        None,
        "polling or webhook, where an element has both",
    ),
    key(
        CALLBACK_URL,
        ConfigurationType::Text1000,
        None,
        "where notifications are sent",
    ),
    key(
        "event.notification.callback.headers",
        ConfigurationType::Text1000,
        None,
        "further headers of every notification",
    ),
    key(
        "event.notification.signature.key",
        ConfigurationType::Password,
        None,
        "the key that notifications are signed with",
    ),
    key(
        Format::KEY,
        ConfigurationType::Combo,
        Some("cloud-elements"),
        "cloud-elements, or CloudEvents: cloudevents (structured), cloudevents-binary or cloudevents-batch",
    ),
    key(
        BATCH_SIZE,
        ConfigurationType::Text32,
        Some("10"),
        "events of one notification at most",
    ),
    key(
        REFRESH_INTERVAL,
        ConfigurationType::Text32,
        Some("15"),
        "minutes between polls; decimals are fine",
    ),
    key(
        POLLER_CONFIGURATION,
        ConfigurationType::TextArea,
        None,
        "what is polled, a JSON object by resource",
    ),
    key(
        OBJECTS,
        ConfigurationType::Text1000,
        None,
        "the resources that the provider's webhooks are to tell of, separated by commas; all of which it can otherwise",
    ),
    key(
        FINDER,
        ConfigurationType::Text1000,
        None,
        "whose a call to the element's address is: a configuration key, a bar, and the path of its value in the call",
    ),
    key(
        "filter.response.nulls",
        ConfigurationType::Boolean,
        Some("true"),
        "leave members out that are null",
    ),
    key(
        TRACE_LOGGING,
        ConfigurationType::Boolean,
        Some("false"),
        "a line in the host's log for every request to the provider, without query, headers and bodies",
    ),
    key(
        "oauth.callback.url",
        ConfigurationType::Text1000,
        None,
        "the redirect URI, passed on as it is",
    ),
];

/// Whether an instance's requests to its provider are logged.
pub fn is_traced(configuration: &IndexMap<String, String>) -> bool {
    let setting = configuration.get(TRACE_LOGGING);
    setting.is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
}

/// The default of a host key.
pub(super) fn default(key: &str) -> Option<&'static str> {
    HOST_KEYS.iter().find(|known| known.key == key)?.default
}
