//! What events an element can tell, and what fields its resources have.

use axum::{
    Json,
    extract::{Path, State},
};
use periodic_sdk::description::{Description, Resource};
use serde_json::{Map, Value, json};

use super::{
    super::{Api, auth::Caller, error::ApiResult},
    find,
};

/// `GET /elements/{keyOrId}/metadata`.
pub(super) async fn get(
    State(api): State<Api>,
    _: Caller,
    Path(key): Path<String>,
) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key)?;
    Ok(Json(metadata(adapter.description())))
}

/// `GET /elements/metadata`: of all elements.
pub(super) async fn all(State(api): State<Api>, _: Caller) -> Json<Value> {
    let served = api.host.adapters.list();
    Json(
        served
            .iter()
            .map(|adapter| metadata(adapter.description()))
            .collect(),
    )
}

/// The fields of a resource, as `GET /objects/{name}/metadata` shows them. `fields` is what the provider tells, a list
/// of `{path, type}`.
pub(crate) fn object_metadata(name: &str, fields: &Value) -> Value {
    let text = |field: &Value, member: &str| field.get(member).cloned().unwrap_or_default();
    let fields = fields.as_array().into_iter().flatten().map(|field| {
        json!({
            "type": text(field, "type"), "path": text(field, "path"), "vendorPath": text(field, "path"),
        })
    });
    json!({ "name": name, "fields": fields.collect::<Value>() })
}

fn metadata(description: &Description) -> Value {
    let mut polling = Map::new();
    let mut webhook = Map::new();
    for (name, resource) in &description.resources {
        if !resource.poll_events.is_empty() || resource.polling.is_some() {
            polling.insert(name.clone(), polled(resource));
        }
        if !resource.webhook_events.is_empty() {
            let told = json!({ "eventTypes": kinds(&resource.webhook_events) });
            webhook.insert(name.clone(), told);
        }
    }
    let methods = [("polling", &polling), ("webhook", &webhook)];
    let methods = methods.into_iter().filter(|(_, resources)| !resources.is_empty());
    let methods: Vec<&str> = methods.map(|(method, _)| method).collect();
    json!({
        "id": description.id,
        "key": description.key,
        "name": description.name,
        "description": description.description,
        "events": {
            "supported": !methods.is_empty(),
            "methods": methods,
            "polling": polling,
            "webhook": webhook,
        },
    })
}

fn polled(resource: &Resource) -> Value {
    let mut told = json!({ "eventTypes": kinds(&resource.poll_events) });
    let url = resource.polling.as_ref().and_then(|polling| polling.get("url"));
    if let (Some(url), Value::Object(members)) = (url, &mut told) {
        members.insert("pollUrl".to_owned(), url.clone());
    }
    told
}

/// Kinds of events as Cloud Elements' `event.metadata` spells them: in lower case.
fn kinds(kinds: &[String]) -> Vec<String> {
    kinds.iter().map(|kind| kind.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
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
        assert_eq!(metadata(&both)["events"], expected);
        let none = metadata(&description(json!({ "silent": {} })));
        assert_eq!(none["events"]["supported"], json!(false));
        assert_eq!(none["events"]["methods"], json!([]));
    }

    #[test]
    fn fields_have_their_paths() {
        let fields = json!([{ "path": "Address.City", "type": "string" }]);
        let expected = json!({
            "name": "contacts",
            "fields": [{ "type": "string", "path": "Address.City", "vendorPath": "Address.City" }],
        });
        assert_eq!(object_metadata("contacts", &fields), expected);
    }
}
