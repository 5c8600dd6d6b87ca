//! What is shown: the shapes of Cloud Elements' answers, member by member in its order.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use periodic_sdk::description::{AuthenticationKind, Description, ResourceOperation};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::elements;
use crate::{
    instance::{MASK, TRACE_LOGGING, is_true},
    store::{ExternalAuthentication, Instance, InstanceId, InstanceState, User, UserId},
};

pub(super) use crate::clock::iso as instant;

/// An element.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Element)]
pub(super) struct ElementView {
    id: u64,
    name: String,
    key: String,
    description: String,
    image: &'static str,
    active: bool,
    deleted: bool,
    type_oauth: bool,
    trial_account: bool,
    /// Its resources; none where it stands in an instance.
    resources: Vec<ResourceView>,
    transformations_enabled: bool,
    bulk_download_enabled: bool,
    bulk_upload_enabled: bool,
    cloneable: bool,
    extendable: bool,
    beta: bool,
    authentication: AuthenticationView,
    extended: bool,
    hub: String,
    protocol_type: &'static str,
    parameters: Vec<Value>,
    /// What its instances are configured with; absent where it stands in an instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<Vec<elements::Entry>>,
}

/// How the instances of an element authenticate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ElementAuthentication)]
struct AuthenticationView {
    /// `oauth2`, `oauth1`, `basic`, `apiKey`, `custom` or `none`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: AuthenticationKind,
}

/// A resource of an element.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ElementResource)]
struct ResourceView {
    name: String,
    /// Of `list`, `get`, `create`, `update`, `replace` and `delete` those that it can.
    #[schema(value_type = Vec<String>)]
    operations: Vec<ResourceOperation>,
    /// Whether it can be polled.
    polling: bool,
}

/// The element of an instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = InstanceElement)]
enum InstanceElement {
    /// In full.
    Whole(Box<ElementView>),
    /// In a list that is not hydrated.
    Brief(BriefElement),
    /// No adapter serves it.
    Unserved(UnservedElement),
}

/// An element by name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BriefElement {
    id: u64,
    name: String,
    key: String,
    hub: String,
}

/// An element that no adapter serves.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnservedElement {
    key: String,
    active: bool,
}

impl ElementView {
    /// As it stands in an instance.
    fn new(description: &Description) -> Self {
        Self {
            id: description.id,
            name: description.name.clone(),
            key: description.key.clone(),
            description: description.description.clone(),
            image: "",
            active: true,
            deleted: false,
            type_oauth: false,
            trial_account: false,
            resources: Vec::new(),
            transformations_enabled: true,
            bulk_download_enabled: true,
            bulk_upload_enabled: false,
            cloneable: false,
            extendable: false,
            beta: false,
            authentication: AuthenticationView {
                kind: description.authentication.kind,
            },
            extended: false,
            hub: description.hub.clone(),
            protocol_type: "http",
            parameters: Vec::new(),
            configuration: None,
        }
    }

    /// As `GET /elements` shows it, with its resources and its configuration.
    pub(super) fn whole(description: &Description) -> Self {
        let resources = description.resources.iter().map(|(name, resource)| ResourceView {
            name: name.clone(),
            operations: resource.operations.clone(),
            polling: resource.polling.is_some(),
        });
        Self {
            resources: resources.collect(),
            configuration: Some(elements::entries(description)),
            ..Self::new(description)
        }
    }
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

/// An instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Instance)]
pub(super) struct InstanceBody {
    id: InstanceId,
    name: String,
    created_date: String,
    /// What addresses it: `Element <token>`.
    token: String,
    element: InstanceElement,
    element_id: u64,
    tags: Vec<String>,
    provision_interactions: Vec<Value>,
    /// Whether the provider takes its credentials.
    valid: bool,
    disabled: bool,
    max_cache_size: u32,
    cache_time_to_live: u32,
    /// What the provider handed over, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider_data: Option<IndexMap<&'static str, &'static str>>,
    /// Its configuration, secrets masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    configuration: Option<IndexMap<String, String>>,
    events_enabled: bool,
    trace_logging_enabled: bool,
    caching_enabled: bool,
    external_authentication: &'static str,
    user: UserView,
    /// Whether it can work.
    state: InstanceState,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state_reason: Option<String>,
    /// Since when.
    state_since: String,
}

/// Who made an instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InstanceUser)]
struct UserView {
    id: UserId,
    email_address: String,
    first_name: String,
    last_name: String,
}

impl InstanceView<'_> {
    /// What stands for the code or the verifier that was handed over: they are not kept.
    fn provider_data(&self) -> Option<IndexMap<&'static str, &'static str>> {
        let handed: &[&'static str] = match self.description?.authentication.kind {
            _ if self.instance.external == ExternalAuthentication::Initial => return None,
            AuthenticationKind::Oauth2 => &["code"],
            AuthenticationKind::Oauth1 => &["oauth_token", "oauth_verifier", "secret"],
            _ => return None,
        };
        Some(handed.iter().map(|name| (*name, MASK)).collect())
    }

    /// The body of an answer.
    pub(super) fn body(&self, shown: Shown) -> InstanceBody {
        let instance = self.instance;
        let mut configuration = instance.configuration.clone();
        for name in self.secrets.iter().filter(|name| is_configuration(name)) {
            configuration.insert(name.clone(), MASK.to_owned());
        }
        InstanceBody {
            id: instance.id,
            name: instance.name.clone(),
            created_date: instant(instance.created),
            token: self.token.to_owned(),
            element: self.element(shown),
            element_id: self.description.map_or(0, |description| description.id),
            tags: instance.tags.clone(),
            provision_interactions: Vec::new(),
            valid: instance.state == InstanceState::Connected,
            disabled: instance.disabled,
            max_cache_size: 0,
            cache_time_to_live: 0,
            provider_data: self.provider_data().filter(|_| shown == Shown::Whole),
            configuration: (shown != Shown::Brief).then_some(configuration),
            events_enabled: events_enabled(instance),
            trace_logging_enabled: is_true(&self.instance.configuration, TRACE_LOGGING),
            caching_enabled: false,
            external_authentication: instance.external.as_str(),
            user: UserView {
                id: self.user.id,
                email_address: self.user.email.clone(),
                first_name: self.user.first_name.clone(),
                last_name: self.user.last_name.clone(),
            },
            state: instance.state,
            state_reason: instance.state_reason.clone(),
            state_since: instant(instance.state_since),
        }
    }

    fn element(&self, shown: Shown) -> InstanceElement {
        match self.description {
            None => InstanceElement::Unserved(UnservedElement {
                key: self.instance.element.clone(),
                active: false,
            }),
            Some(description) if shown == Shown::Brief => InstanceElement::Brief(BriefElement {
                id: description.id,
                name: description.name.clone(),
                key: description.key.clone(),
                hub: description.hub.clone(),
            }),
            Some(description) => InstanceElement::Whole(Box::new(ElementView::new(description))),
        }
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
