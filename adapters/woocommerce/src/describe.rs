//! What the element says of itself.

use periodic_sdk::{
    description::{
        AuthenticationKind, ConfigurationKey, Description, Resource, ResourceField, ResourceOperation,
        SecretBinding,
    },
    poller::TOLERANCE,
};
use serde_json::{Map, Value, json};

use crate::{
    resource::{RESOURCES, Resource as Known, dates},
    store::{KEY, SECRET, URL},
    webhook,
};

/// Pattern of the dates. Those in GMT are as zoneless as the others.
pub(crate) const DATE_FORMAT: &str = "yyyy-MM-dd'T'HH:mm:ss";
/// The field that tells when a record was changed.
pub(crate) const MODIFIED: &str = "date_modified_gmt";
/// The field that tells when it was made.
pub(crate) const CREATED: &str = "date_created_gmt";

pub(crate) fn description() -> Description {
    let api = [format!("{{{URL}}}/wp-json/wc/v3/*")];
    let described = ConfigurationKey::text;
    Description {
        description: "WooCommerce stores by their REST API, version 3".to_owned(),
        configuration: vec![
            ConfigurationKey {
                description: "the address of the store, for instance https://shop.example.com".to_owned(),
                ..described(URL, "The store URL").required()
            },
            ConfigurationKey {
                description: "a consumer key of WooCommerce > Settings > Advanced > REST API".to_owned(),
                ..ConfigurationKey::secret(KEY, "Consumer key")
            },
            ConfigurationKey {
                description: "the consumer secret that belongs to it".to_owned(),
                ..ConfigurationKey::secret(SECRET, "Consumer secret")
            },
            ConfigurationKey {
                description: "what the store signs its webhooks with; made by the host when it is not given".to_owned(),
                ..ConfigurationKey::minted(webhook::SECRET, "Webhook secret")
            },
            ConfigurationKey {
                description: "seconds that the dates of a created record may differ by, where its resource does not say"
                    .to_owned(),
                // Orders are written more than once while they are made.
                default: Some("2".to_owned()),
                ..described(TOLERANCE, "Created check tolerance")
            },
        ],
        resources: RESOURCES
            .iter()
            .map(|resource| (resource.name.to_owned(), describe(resource)))
            .collect(),
        egress: api.to_vec(),
        secrets: vec![
            SecretBinding::new(KEY, ["basic"], api.clone()),
            SecretBinding::new(SECRET, ["basic"], api.clone()),
            SecretBinding::new(webhook::SECRET, ["json:secret", "webhook"], api),
        ],
        ..Description::new(
            "woocommercerest",
            "WooCommerce",
            2881,
            "ecommerce",
            AuthenticationKind::Custom,
        )
    }
}

fn describe(resource: &Known) -> Resource {
    use ResourceOperation::{Create, Delete, Get, List, Update};
    let told = |events: &[&str]| events.iter().map(|event| (*event).to_owned()).collect();
    Resource {
        operations: vec![List, Get, Create, Update, Delete],
        id_field: Some("id".to_owned()),
        fields: fields(resource),
        // What goes by two names is polled under one unless somebody asks for the other.
        polling: resource.topic.map(|_own| polling(resource.name)),
        poll_events: told(&["CREATED", "UPDATED"]),
        webhook_events: match resource.topic {
            Some(_) => told(&["CREATED", "UPDATED", "DELETED"]),
            None => Vec::new(),
        },
    }
}

pub(crate) fn fields(resource: &Known) -> Vec<ResourceField> {
    let field = |(path, kind): (&str, &str)| ResourceField {
        path: path.to_owned(),
        kind: kind.to_owned(),
    };
    resource
        .fields
        .iter()
        .copied()
        .chain(dates())
        .map(field)
        .collect()
}

/// The configuration that `{ }` stands for.
pub(crate) fn polling(name: &str) -> Map<String, Value> {
    let polling = json!({
        "url": format!("/hubs/ecommerce/{name}"),
        "idField": "id",
        "datesConfiguration": {
            "updatedDateField": MODIFIED,
            "updatedDateFormat": DATE_FORMAT,
            "createdDateField": CREATED,
            "createdDateFormat": DATE_FORMAT,
        },
    });
    match polling {
        Value::Object(polling) => polling,
        _ => Map::new(),
    }
}
