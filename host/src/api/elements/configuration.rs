//! What an instance of an element can be configured with.

use axum::{
    Json,
    extract::{Path, State},
};
use periodic_sdk::description::{ConfigurationType, Description};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    super::{
        Api,
        auth::Caller,
        error::{ApiError, ApiResult},
    },
    find,
};
use crate::instance::{HOST_KEYS, POLLER_CONFIGURATION};

/// One configuration key of an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConfigurationKey)]
pub(in crate::api) struct Entry {
    key: String,
    name: String,
    description: String,
    /// What holds unless the instance says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    default_value: Option<String>,
    active: bool,
    hide_from_console: bool,
    required: bool,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: ConfigurationType,
}

/// `GET /elements/{keyOrId}/configuration`.
pub(super) async fn list(
    State(api): State<Api>,
    _: Caller,
    Path(key): Path<String>,
) -> ApiResult<Json<Vec<Entry>>> {
    let adapter = find(&api, &key).await?;
    Ok(Json(entries(adapter.description())))
}

/// `GET /elements/{keyOrId}/configuration/{key}`.
pub(super) async fn get(
    State(api): State<Api>,
    _: Caller,
    Path((key, asked)): Path<(String, String)>,
) -> ApiResult<Json<Entry>> {
    let adapter = find(&api, &key).await?;
    let mut entries = entries(adapter.description()).into_iter();
    let found = entries.find(|entry| entry.key == asked);
    let missing = || ApiError::not_found(format!("{key} has no configuration key {asked:?}"));
    found.map(Json).ok_or_else(missing)
}

/// The element's keys, then those of the host.
pub(in crate::api) fn entries(description: &Description) -> Vec<Entry> {
    let own = description.configuration.iter().map(|key| Entry {
        key: key.key.clone(),
        name: key.name.clone(),
        description: key.description.clone(),
        default_value: key.default.clone(),
        active: true,
        hide_from_console: false,
        required: key.required,
        kind: key.kind,
    });
    let mut entries: Vec<Entry> = own.collect();
    for key in HOST_KEYS {
        if !entries.iter().any(|known| known.key == key.key) {
            entries.push(Entry {
                key: key.key.to_owned(),
                name: key.key.to_owned(),
                description: key.description.to_owned(),
                default_value: match key.key {
                    POLLER_CONFIGURATION => pollers(description),
                    _ => key.default.map(str::to_owned),
                },
                active: true,
                hide_from_console: false,
                required: false,
                kind: key.kind,
            });
        }
    }
    entries
}

/// What polls everything that the element suggests: clients of Cloud Elements read it here, change it and send it back.
/// An instance that sends nothing polls nothing.
fn pollers(description: &Description) -> Option<String> {
    let polled = description.resources.iter().filter_map(|(name, resource)| {
        let polling = resource.polling.clone()?;
        Some((name.clone(), Value::Object(polling)))
    });
    let polled: Map<String, Value> = polled.collect();
    (!polled.is_empty()).then(|| Value::Object(polled).to_string())
}
