//! `/instances/{id}/configuration`: the configuration key by key.

use std::collections::BTreeSet;

use axum::{
    Json,
    body::Bytes,
    extract::{RawPathParams, State},
};
use periodic_sdk::description::{ConfigurationType, Description};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::{
    Api,
    auth::Addressed,
    error::{ApiError, ApiResult},
    view::is_configuration,
};
use crate::{
    body,
    instance::{ChangeRequest, HOST_KEYS, MASK},
    store::{Instance, InstanceId},
};

/// One configuration key of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConfigurationEntry)]
pub(super) struct Entry {
    id: u64,
    key: String,
    name: String,
    description: String,
    /// What is in force; masked when it is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    property_value: Option<String>,
    active: bool,
    hide_from_console: bool,
    required: bool,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: ConfigurationType,
}

/// A change of an entry: the entry, as it is shown, with another value. Read by [`property_value`].
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConfigurationChange)]
pub(super) struct EntryChange {
    /// The new value, and null to remove it. Numbers and truth values are taken as text.
    #[schema(required)]
    property_value: Option<Value>,
}

/// `GET /instances/{id}/configuration`.
pub(super) async fn list(State(api): State<Api>, on: Addressed) -> ApiResult<Json<Vec<Entry>>> {
    entries_of(&api, &on.instance).await.map(Json)
}

/// `GET /instances/{id}/configuration/{configId}`; the key does instead of the id.
pub(super) async fn get(
    State(api): State<Api>,
    on: Addressed,
    path: RawPathParams,
) -> ApiResult<Json<Entry>> {
    find(&api, &on.instance, &path).await.map(Json)
}

/// `PATCH /instances/{id}/configuration/{configId}`: the entry with another `propertyValue`.
pub(super) async fn change(
    State(api): State<Api>,
    on: Addressed,
    path: RawPathParams,
    body: Bytes,
) -> ApiResult<Json<Entry>> {
    let entry = find(&api, &on.instance, &path).await?;
    let value = property_value(&body)?;
    let request = ChangeRequest::of_key(&entry.key, value);
    let changed = super::carried_change(&api, &on.instance, request).await?;
    find(&api, &changed, &path).await.map(Json)
}

/// The new value; none removes the key.
fn property_value(body: &[u8]) -> ApiResult<Option<String>> {
    match body::object(body)?.get("propertyValue") {
        None => Err(ApiError::bad_request(
            "propertyValue: is missing; send the entry with its new propertyValue",
        )),
        Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Ok(Some(other.to_string())),
    }
}

async fn find(api: &Api, instance: &Instance, path: &RawPathParams) -> ApiResult<Entry> {
    let asked = path.iter().find(|(name, _)| *name == "entry");
    let asked = asked.map(|(_, value)| value).unwrap_or_default();
    let mut entries = entries_of(api, instance).await?.into_iter();
    let found = entries.find(|entry| entry.key == asked || entry.id.to_string() == asked);
    found.ok_or_else(|| {
        ApiError::not_found(format!(
            "instance {} has no configuration entry {asked}",
            instance.id
        ))
    })
}

async fn entries_of(api: &Api, instance: &Instance) -> ApiResult<Vec<Entry>> {
    let sealed = api.host.store.secrets(instance.id).await?;
    let secrets = sealed.into_iter().map(|secret| secret.name).collect();
    let adapter = api.host.adapters.get(&instance.element);
    let description = adapter.as_ref().map(|adapter| adapter.description());
    Ok(entries(instance, description, &secrets))
}

/// The element's keys, then the host's, then what the instance has besides.
fn entries(instance: &Instance, description: Option<&Description>, secrets: &BTreeSet<String>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut add = |entry: Entry| {
        if !entries.iter().any(|known| known.key == entry.key) {
            entries.push(entry);
        }
    };
    let entry = |key: &str, default: Option<&str>| {
        let own = instance
            .configuration
            .get(key)
            .or_else(|| instance.derived.get(key));
        let value = match own {
            _ if secrets.contains(key) => Some(MASK),
            Some(own) => Some(own.as_str()),
            None => default,
        };
        Entry {
            id: id(instance.id, key),
            key: key.to_owned(),
            name: key.to_owned(),
            description: String::new(),
            property_value: value.map(str::to_owned),
            active: true,
            hide_from_console: false,
            required: false,
            kind: ConfigurationType::Text1000,
        }
    };
    for known in description
        .iter()
        .flat_map(|description| &description.configuration)
    {
        add(Entry {
            name: known.name.clone(),
            description: known.description.clone(),
            required: known.required,
            kind: known.kind,
            ..entry(&known.key, known.default.as_deref())
        });
    }
    for known in HOST_KEYS {
        add(Entry {
            description: known.description.to_owned(),
            kind: known.kind,
            ..entry(known.key, known.default)
        });
    }
    for key in instance.configuration.keys() {
        add(entry(key, None));
    }
    for key in secrets.iter().filter(|name| is_configuration(name)) {
        add(Entry {
            kind: ConfigurationType::Password,
            ..entry(key, None)
        });
    }
    entries
}

/// A number for a key of an instance, always the same, that JavaScript can hold.
fn id(instance: InstanceId, key: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&instance.0.to_le_bytes());
    hasher.update(key.as_bytes());
    let [a, b, c, d, e, f, ..] = *hasher.finalize().as_bytes();
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;
    use crate::store::{AccountId, ExternalAuthentication, InstanceState, UserId};

    fn instance() -> Instance {
        Instance {
            id: InstanceId(7),
            account: AccountId(1),
            user: UserId(1),
            element: "acme".to_owned(),
            external: ExternalAuthentication::None,
            name: "n".to_owned(),
            tags: Vec::new(),
            configuration: IndexMap::from([
                ("acme.site".to_owned(), "x".to_owned()),
                ("other".to_owned(), "y".to_owned()),
                ("event.notification.enabled".to_owned(), "true".to_owned()),
            ]),
            derived: IndexMap::new(),
            created: 0,
            updated: 0,
            disabled: false,
            state: InstanceState::Connected,
            state_reason: None,
            state_since: 0,
        }
    }

    #[test]
    fn entries_show_what_is_in_force_and_mask_secrets() {
        let secrets = ["oauth.api.key", "oauth.user.token", "periodic.token"];
        let secrets = secrets.map(str::to_owned).into();
        let entries = entries(&instance(), None, &secrets);
        let value = |key: &str| {
            let mut found = entries.iter().filter(|entry| entry.key == key);
            let first = found.next().map(|entry| entry.property_value.as_deref());
            assert_eq!(found.next(), None, "{key} is listed once");
            first
        };
        assert_eq!(value("acme.site"), Some(Some("x")));
        assert_eq!(value("other"), Some(Some("y")));
        assert_eq!(value("event.notification.enabled"), Some(Some("true")));
        assert_eq!(
            value("event.poller.refresh_interval"),
            Some(Some("15")),
            "a default"
        );
        assert_eq!(value("event.notification.callback.url"), Some(None), "not set");
        assert_eq!(value("oauth.api.key"), Some(Some(MASK)));
        assert_eq!(value("oauth.user.token"), None, "tokens are no configuration");
        assert_eq!(value("periodic.token"), None);
    }

    #[test]
    fn ids_are_stable_and_of_their_instance() {
        assert_eq!(id(InstanceId(7), "a"), id(InstanceId(7), "a"));
        assert_ne!(id(InstanceId(7), "a"), id(InstanceId(8), "a"));
        assert_ne!(id(InstanceId(7), "a"), id(InstanceId(7), "b"));
        assert!(id(InstanceId(7), "a") < 1 << 53);
    }

    #[test]
    fn a_new_value_is_read_leniently() {
        let cases: [(&str, Option<Option<&str>>); 5] = [
            (r#"{"propertyValue":"x"}"#, Some(Some("x"))),
            (r#"{"propertyValue":true}"#, Some(Some("true"))),
            (r#"{"propertyValue":null}"#, Some(None)),
            (r#"{"id":1}"#, None),
            ("nonsense", None),
        ];
        for (body, expected) in cases {
            let read = property_value(body.as_bytes()).ok();
            assert_eq!(read, expected.map(|value| value.map(str::to_owned)), "{body}");
        }
    }
}
