//! What the element says of itself.

use periodic_sdk::{
    description::{
        Authentication, AuthenticationKind, ConfigurationKey, ConfigurationType, Description, RateLimit,
        Resource, ResourceField, ResourceOperation, SecretBinding,
    },
    poller::TOLERANCE,
};
use serde_json::{Map, Value, json};

use crate::{
    address::{ALIAS, DATACENTER, DISCOVERED, OAUTH_URL, URL},
    resource::{Access, CREATED, FieldKind, MODIFIED, POLLED, RESOURCES, Resource as Known},
};

/// Pattern of the dates, as the provider's events page has it.
pub(crate) const DATE_FORMAT: &str = "yyyy-MM-dd'T'HH:mm:ssXXX";

pub(crate) fn description() -> Description {
    let web = [
        format!("https://{{{DATACENTER}}}.maximizercrmlive.com/*"),
        format!("{{{OAUTH_URL}}}*"),
    ];
    let api = [
        "https://api.maximizer.com/octopus*".to_owned(),
        "https://*.maximizercrmlive.com/*".to_owned(),
        format!("{{{URL}}}*"),
        format!("{{{DISCOVERED}}}*"),
    ];
    let discovery = format!("{{{OAUTH_URL}|origin}}/*");
    let bind = |secret: &str, places: &[&str], urls: &[String]| SecretBinding {
        secret: secret.to_owned(),
        places: places.iter().map(|place| (*place).to_owned()).collect(),
        urls: urls.to_vec(),
    };
    Description {
        key: "maximizer".to_owned(),
        name: "Maximizer".to_owned(),
        id: 5127,
        hub: "crm".to_owned(),
        description: "Maximizer CRM, in the cloud and on premise".to_owned(),
        authentication: Authentication {
            kind: AuthenticationKind::Oauth2,
            pkce: false,
        },
        configuration: configuration(),
        resources: RESOURCES
            .iter()
            .map(|resource| (resource.name.to_owned(), describe(resource)))
            .collect(),
        egress: web.iter().chain(&api).cloned().chain([discovery]).collect(),
        secrets: vec![
            bind("oauth.api.key", &["query:client_id", "form:client_id"], &web),
            bind("oauth.api.secret", &["form:client_secret"], &web),
            bind("oauth.code", &["form:code"], &web),
            bind("oauth.user.refresh_token", &["form:refresh_token"], &web),
            bind("oauth.user.token", &["bearer"], &api),
        ],
        rate_limits: vec![RateLimit {
            // What the Business edition allows; the smaller Core edition allows 30 in 10 s, the same rate.
            requests: 90,
            seconds: 30,
            account: [DATACENTER, ALIAS, URL].map(str::to_owned).to_vec(),
        }],
    }
}

fn configuration() -> Vec<ConfigurationKey> {
    let key = |key: &str, name: &str, description: &str, default: Option<&str>| ConfigurationKey {
        key: key.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        kind: ConfigurationType::Text1000,
        default: default.map(str::to_owned),
        ..ConfigurationKey::default()
    };
    let secret = |secret: ConfigurationKey| ConfigurationKey {
        kind: ConfigurationType::Password,
        required: true,
        secret: true,
        ..secret
    };
    vec![
        secret(key(
            "oauth.api.key",
            "API key",
            "the client id that Maximizer gave you",
            None,
        )),
        secret(key(
            "oauth.api.secret",
            "API secret",
            "the client secret that Maximizer gave you",
            None,
        )),
        key(
            "oauth.callback.url",
            "Callback URL",
            "the redirect URI that is registered for the client",
            None,
        ),
        key(
            DATACENTER,
            "Data center",
            "the region of the web host, the first label of its name",
            Some("caw"),
        ),
        key(
            ALIAS,
            "Alias",
            "the customer's segment of the web host's path",
            Some("CloudElements"),
        ),
        key(
            URL,
            "API URL",
            "the API's base, for instance https://ca1.maximizercrmlive.com/api45; found when it is not set",
            None,
        ),
        key(
            OAUTH_URL,
            "OAuth URL",
            "where /authorize and /token are found on an on-premise server",
            None,
        ),
        key(
            TOLERANCE,
            "Created check tolerance",
            "seconds that the dates of a created record may differ by, where its resource does not say",
            Some("0"),
        ),
    ]
}

fn describe(resource: &Known) -> Resource {
    use ResourceOperation::{Create, Delete, Get, List, Update};
    let polling = POLLED.contains(&resource.name).then(|| polling(resource.name));
    Resource {
        operations: match resource.access {
            Access::Full => vec![List, Get, Create, Update, Delete],
            Access::Read => vec![List, Get],
        },
        id_field: Some("Key".to_owned()),
        fields: fields(resource),
        poll_events: if resource.is_dated() {
            vec!["CREATED".to_owned(), "UPDATED".to_owned()]
        } else {
            Vec::new()
        },
        polling,
        webhook_events: Vec::new(),
    }
}

pub(crate) fn fields(resource: &Known) -> Vec<ResourceField> {
    let field = |field: &crate::resource::Field| ResourceField {
        path: field.name.to_owned(),
        kind: match field.kind {
            FieldKind::Text => "string",
            FieldKind::Number => "number",
            FieldKind::Truth => "boolean",
            FieldKind::Date => "date",
            FieldKind::Object => "object",
        }
        .to_owned(),
    };
    resource.fields.iter().map(field).collect()
}

/// The configuration that `{ }` stands for: that of the provider's events page, with the date of creation.
pub(crate) fn polling(name: &str) -> Map<String, Value> {
    let polling = json!({
        "url": format!("/hubs/crm/{name}?where={MODIFIED}>'${{date:{DATE_FORMAT}}}'"),
        "idField": "Key",
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
