//! What events an element can tell, and what fields its resources have.

use axum::{
    Json,
    extract::{Path, State},
};
use indexmap::IndexMap;
use periodic_sdk::description::Description;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{Api, auth::Caller, error::ApiResult, query::Query},
    expanded::Expanded,
    find,
};
use crate::transform::Mapping;

/// What events an element can tell, or everything that it can.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Told {
    Brief(Box<Metadata>),
    Expanded(Box<Expanded>),
}

/// What events an element can tell.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ElementMetadata)]
pub(super) struct Metadata {
    id: u64,
    key: String,
    name: String,
    description: String,
    events: Events,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ElementEvents)]
pub(super) struct Events {
    supported: bool,
    /// Of `polling` and `webhook` those that tell something.
    methods: Vec<&'static str>,
    /// By the resources' names.
    polling: IndexMap<String, ToldOf>,
    /// By the resources' names.
    webhook: IndexMap<String, ToldOf>,
}

/// What is told of a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ResourceEvents)]
struct ToldOf {
    /// Of `created`, `updated` and `deleted`.
    event_types: Vec<String>,
    /// What is polled.
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_url: Option<Value>,
}

/// The fields of a resource or of a common object.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct ObjectMetadata {
    name: String,
    /// The resource that is behind a common object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vendor_name: Option<String>,
    fields: Vec<ObjectField>,
}

/// A field of a resource or of a common object.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ObjectField {
    /// Its type, as the provider tells it.
    #[serde(rename = "type")]
    kind: Value,
    path: Value,
    /// Where the provider has it.
    vendor_path: Value,
}

/// `GET /elements/{keyOrId}/metadata`.
pub(super) async fn get(
    State(api): State<Api>,
    _: Caller,
    Path(key): Path<String>,
    query: Query,
) -> ApiResult<Json<Told>> {
    let adapter = find(&api, &key).await?;
    let metadata = metadata(adapter.description());
    Ok(Json(match query.truth("expand") {
        true => Told::Expanded(Box::new(Expanded::of(adapter.description(), metadata.events))),
        false => Told::Brief(Box::new(metadata)),
    }))
}

/// `GET /elements/metadata`: of all elements.
pub(super) async fn all(State(api): State<Api>, _: Caller) -> Json<Vec<Metadata>> {
    let served = api.host.adapters.list();
    Json(
        served
            .iter()
            .map(|adapter| metadata(adapter.description()))
            .collect(),
    )
}

impl ObjectMetadata {
    /// Of a resource, as `GET /objects/{name}/metadata` shows it. `fields` is what the provider tells, a list of `{path,
    /// type}`.
    pub(in crate::api) fn of_resource(name: String, fields: &Value) -> Self {
        let member = |field: &Value, member: &str| field.get(member).cloned().unwrap_or_default();
        let fields = fields.as_array().into_iter().flatten().map(|field| ObjectField {
            kind: member(field, "type"),
            path: member(field, "path"),
            vendor_path: member(field, "path"),
        });
        Self {
            name,
            vendor_name: None,
            fields: fields.collect(),
        }
    }

    /// Of a common object: its fields, and where the provider has them.
    pub(in crate::api) fn of_mapping(mapping: &Mapping) -> Self {
        let fields = mapping.shown_fields().map(|(path, kind, source)| ObjectField {
            kind: kind.into(),
            path: path.into(),
            vendor_path: source.into(),
        });
        Self {
            name: mapping.object.clone(),
            vendor_name: Some(mapping.resource.clone()),
            fields: fields.collect(),
        }
    }
}

fn metadata(description: &Description) -> Metadata {
    let mut polling = IndexMap::new();
    let mut webhook = IndexMap::new();
    for (name, resource) in &description.resources {
        if !resource.poll_events.is_empty() || resource.polling.is_some() {
            let url = resource.polling.as_ref().and_then(|polling| polling.get("url"));
            polling.insert(name.clone(), ToldOf::new(&resource.poll_events, url));
        }
        if !resource.webhook_events.is_empty() {
            webhook.insert(name.clone(), ToldOf::new(&resource.webhook_events, None));
        }
    }
    let methods = [("polling", &polling), ("webhook", &webhook)];
    let methods = methods.into_iter().filter(|(_, resources)| !resources.is_empty());
    let methods: Vec<&str> = methods.map(|(method, _)| method).collect();
    Metadata {
        id: description.id,
        key: description.key.clone(),
        name: description.name.clone(),
        description: description.description.clone(),
        events: Events {
            supported: !methods.is_empty(),
            methods,
            polling,
            webhook,
        },
    }
}

impl ToldOf {
    /// Kinds of events are spelled as in Cloud Elements' `event.metadata`: in lower case.
    fn new(kinds: &[String], poll_url: Option<&Value>) -> Self {
        Self {
            event_types: kinds.iter().map(|kind| kind.to_lowercase()).collect(),
            poll_url: poll_url.cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn methods_follow_from_what_resources_can_tell() {
        let description = |resources: Value| {
            let text = json!({
                "key": "acme", "name": "Acme", "id": 7, "hub": "crm", "authentication": { "type": "none" },
                "resources": resources,
            });
            serde_json::from_value::<Description>(text).unwrap()
        };
        let both = description(json!({
            "contacts": { "polling": { "url": "/contacts" }, "pollEvents": ["CREATED", "UPDATED"] },
            "notes": { "webhookEvents": ["DELETED"] },
            "silent": {},
        }));
        let expected = json!({
            "supported": true,
            "methods": ["polling", "webhook"],
            "polling": { "contacts": { "eventTypes": ["created", "updated"], "pollUrl": "/contacts" } },
            "webhook": { "notes": { "eventTypes": ["deleted"] } },
        });
        assert_eq!(json!(metadata(&both).events), expected);
        let none = metadata(&description(json!({ "silent": {} }))).events;
        assert!(!none.supported && none.methods.is_empty());
    }

    #[test]
    fn fields_have_their_paths() {
        let fields = json!([{ "path": "Address.City", "type": "string" }]);
        let expected = json!({
            "name": "contacts",
            "fields": [{ "type": "string", "path": "Address.City", "vendorPath": "Address.City" }],
        });
        let shown = ObjectMetadata::of_resource("contacts".to_owned(), &fields);
        assert_eq!(json!(shown), expected);
    }
}
