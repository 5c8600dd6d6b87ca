//! What is shown: the shapes of Cloud Elements' answers, member by member in its order.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use periodic_sdk::description::{AuthenticationKind, Description};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    instance::{MASK, is_traced},
    store::{Instance, InstanceState, User},
};

pub(super) use crate::clock::iso as instant;

/// The element as it stands in an instance.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ElementView<'a> {
    id: u64,
    name: &'a str,
    key: &'a str,
    description: &'a str,
    image: &'a str,
    active: bool,
    deleted: bool,
    type_oauth: bool,
    trial_account: bool,
    resources: [Value; 0],
    transformations_enabled: bool,
    bulk_download_enabled: bool,
    bulk_upload_enabled: bool,
    cloneable: bool,
    extendable: bool,
    beta: bool,
    authentication: Value,
    extended: bool,
    hub: &'a str,
    protocol_type: &'a str,
    parameters: [Value; 0],
}

/// An element as `GET /elements` shows it.
pub(super) fn element(description: &Description) -> Value {
    let kind = match description.authentication.kind {
        AuthenticationKind::Oauth2 => "oauth2",
        AuthenticationKind::Oauth1 => "oauth1",
        AuthenticationKind::Basic => "basic",
        AuthenticationKind::ApiKey => "apiKey",
        AuthenticationKind::Custom => "custom",
        AuthenticationKind::None => "none",
    };
    let view = ElementView {
        id: description.id,
        name: &description.name,
        key: &description.key,
        description: &description.description,
        image: "",
        active: true,
        deleted: false,
        type_oauth: false,
        trial_account: false,
        resources: [],
        transformations_enabled: true,
        bulk_download_enabled: false,
        bulk_upload_enabled: false,
        cloneable: false,
        extendable: false,
        beta: false,
        authentication: json!({ "type": kind }),
        extended: false,
        hub: &description.hub,
        protocol_type: "http",
        parameters: [],
    };
    serde_json::to_value(view).unwrap_or_default()
}

/// Which answer an instance is shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// In full.
    Whole,
    /// After PUT and PATCH, without `providerData`.
    Changed,
    /// In a list that is not hydrated: without configuration, the element by name only.
    Brief,
}

/// An instance in the eyes of its account.
pub(super) struct InstanceView<'a> {
    /// The instance.
    pub(super) instance: &'a Instance,
    /// Who made it.
    pub(super) user: &'a User,
    /// What its element says, while an adapter serves it.
    pub(super) description: Option<&'a Description>,
    /// Its token.
    pub(super) token: &'a str,
    /// The names of its secrets, all shown masked.
    pub(super) secrets: &'a BTreeSet<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InstanceBody<'a> {
    id: i64,
    name: &'a str,
    created_date: String,
    token: &'a str,
    element: Value,
    element_id: u64,
    tags: &'a [String],
    provision_interactions: [Value; 0],
    valid: bool,
    disabled: bool,
    max_cache_size: u32,
    cache_time_to_live: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<IndexMap<&'a str, &'a str>>,
    events_enabled: bool,
    trace_logging_enabled: bool,
    caching_enabled: bool,
    external_authentication: &'a str,
    user: UserView<'a>,
    /// Ours: whether it can work, since when and why not.
    state: InstanceState,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<&'a str>,
    state_since: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UserView<'a> {
    id: i64,
    email_address: &'a str,
    first_name: &'a str,
    last_name: &'a str,
}

impl InstanceView<'_> {
    /// The body of an answer.
    pub(super) fn body(&self, shown: Shown) -> Value {
        let instance = self.instance;
        let unserved = || json!({ "key": instance.element, "active": false });
        let own = instance
            .configuration
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let mut configuration: IndexMap<&str, &str> = own.collect();
        for name in self.secrets.iter().filter(|name| is_configuration(name)) {
            configuration.insert(name, MASK);
        }
        let brief = |description: &Description| {
            json!({
                "id": description.id, "name": description.name, "key": description.key, "hub": description.hub,
            })
        };
        let served = if shown == Shown::Brief { brief } else { element };
        let body = InstanceBody {
            id: instance.id.0,
            name: &instance.name,
            created_date: instant(instance.created),
            token: self.token,
            element: self.description.map_or_else(unserved, served),
            element_id: self.description.map_or(0, |description| description.id),
            tags: &instance.tags,
            provision_interactions: [],
            valid: instance.state == InstanceState::Connected,
            disabled: instance.disabled,
            max_cache_size: 0,
            cache_time_to_live: 0,
            provider_data: (shown == Shown::Whole).then(|| provider_data(self.description)),
            configuration: (shown != Shown::Brief).then_some(configuration),
            events_enabled: events_enabled(instance),
            trace_logging_enabled: is_traced(&self.instance.configuration),
            caching_enabled: false,
            external_authentication: instance.external.as_str(),
            user: UserView {
                id: self.user.id.0,
                email_address: &self.user.email,
                first_name: &self.user.first_name,
                last_name: &self.user.last_name,
            },
            state: instance.state,
            state_reason: instance.state_reason.as_deref(),
            state_since: instant(instance.state_since),
        };
        serde_json::to_value(body).unwrap_or_default()
    }
}

/// What stands for the codes and verifiers that were handed over: they are not kept.
fn provider_data(description: Option<&Description>) -> Value {
    match description.map(|description| description.authentication.kind) {
        Some(AuthenticationKind::Oauth1) => {
            json!({ "oauth_token": MASK, "oauth_verifier": MASK, "secret": MASK })
        }
        _ => json!({ "code": MASK }),
    }
}

/// Whether an instance wants events.
pub(super) fn events_enabled(instance: &Instance) -> bool {
    let enabled = instance.configuration.get("event.notification.enabled");
    enabled.is_some_and(|enabled| enabled.trim().eq_ignore_ascii_case("true"))
}

/// Tokens are no configuration: they are not shown, not even masked.
pub(super) fn is_configuration(secret: &str) -> bool {
    !secret.starts_with("oauth.user.") && !secret.starts_with("periodic.")
}
