//! `GET /elements/{keyOrId}/metadata?expand=true`: what an element can, in the members that Cloud Elements' own suite wants
//! to see. What an adapter does not describe is told as what is not there.

use std::collections::BTreeSet;

use periodic_sdk::description::{AuthenticationKind, Description, Resource, ResourceOperation};
use serde::Serialize;
use utoipa::ToSchema;

use super::metadata::Events;

/// What an element can.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ExpandedElementMetadata)]
pub(super) struct Expanded {
    id: u64,
    key: String,
    name: String,
    description: String,
    hub: String,
    image: &'static str,
    display_order: u32,
    active: bool,
    beta: bool,
    /// Whether common objects can be made of its resources.
    transformations: bool,
    element_type: &'static str,
    /// Whether Cloud Elements' suite had a part for it.
    churros: bool,
    /// Whether `page` and `pageSize` are the same for all resources.
    normalized_paging: bool,
    swagger_validated: bool,
    cloneable: bool,
    #[schema(value_type = String)]
    authentication_type: AuthenticationKind,
    events: Events,
    discovery: Discovery,
    bulk: Bulk,
    api: Interface,
    resources: Vec<ExpandedResource>,
}

/// What is known only when a provider is asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Discovery {
    custom_fields: bool,
    custom_objects: bool,
    endpoint_custom_fields: bool,
    endpoint_custom_objects: bool,
}

/// Whole resources at once.
#[derive(Debug, Serialize, ToSchema)]
struct Bulk {
    upload: bool,
    download: bool,
}

/// The interface of the provider.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderInterface)]
struct Interface {
    #[serde(rename = "type")]
    kind: &'static str,
    content_type: &'static str,
}

/// What a resource can.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ExpandedResource {
    canonical_name: String,
    #[schema(value_type = Vec<String>)]
    operations: Vec<ResourceOperation>,
    events: ResourceEvents,
    bulk: ResourceBulk,
    custom_field: CustomField,
}

/// The events of a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExpandedResourceEvents)]
struct ResourceEvents {
    supported: bool,
    methods: Vec<&'static str>,
    event_types: BTreeSet<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ResourceBulk {
    upload: Native,
    download: Native,
}

/// Whether it is there, and whether the provider itself has it.
#[derive(Debug, Serialize, ToSchema)]
struct Native {
    supported: bool,
    native: bool,
}

/// What can be done with fields of the customer's own, beside reading and writing them in records.
#[derive(Debug, Serialize, ToSchema)]
struct CustomField {
    get: bool,
    create: bool,
    update: bool,
    delete: bool,
}

impl Expanded {
    pub(super) fn of(description: &Description, events: Events) -> Self {
        let resources = description.resources.iter();
        Self {
            id: description.id,
            key: description.key.clone(),
            name: description.name.clone(),
            description: description.description.clone(),
            hub: description.hub.clone(),
            image: "",
            display_order: 0,
            active: true,
            beta: false,
            transformations: true,
            element_type: "public",
            churros: false,
            normalized_paging: true,
            swagger_validated: true,
            cloneable: false,
            authentication_type: description.authentication.kind,
            events,
            discovery: Discovery {
                custom_fields: false,
                custom_objects: false,
                endpoint_custom_fields: false,
                endpoint_custom_objects: false,
            },
            bulk: Bulk {
                upload: false,
                download: resources.clone().any(|(_, resource)| is_listed(resource)),
            },
            api: Interface {
                kind: "rest",
                content_type: "application/json",
            },
            resources: resources
                .map(|(name, resource)| ExpandedResource::of(name, resource))
                .collect(),
        }
    }
}

impl ExpandedResource {
    fn of(name: &str, resource: &Resource) -> Self {
        let polled = resource.polling.is_some() || !resource.poll_events.is_empty();
        let called = !resource.webhook_events.is_empty();
        let methods = [("polling", polled), ("webhook", called)];
        let methods = methods
            .into_iter()
            .filter_map(|(method, is)| is.then_some(method));
        let kinds = resource.poll_events.iter().chain(&resource.webhook_events);
        let absent = || Native {
            supported: false,
            native: false,
        };
        Self {
            canonical_name: name.to_owned(),
            operations: resource.operations.clone(),
            events: ResourceEvents {
                supported: polled || called,
                methods: methods.collect(),
                event_types: kinds.map(|kind| kind.to_lowercase()).collect(),
            },
            bulk: ResourceBulk {
                upload: absent(),
                download: Native {
                    supported: is_listed(resource),
                    ..absent()
                },
            },
            custom_field: CustomField {
                get: false,
                create: false,
                update: false,
                delete: false,
            },
        }
    }
}

fn is_listed(resource: &Resource) -> bool {
    resource.operations.contains(&ResourceOperation::List)
}
