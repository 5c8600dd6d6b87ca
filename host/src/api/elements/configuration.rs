//! What an instance of an element can be configured with.

use axum::{
    Json,
    extract::{Path, State},
};
use periodic_sdk::description::{ConfigurationType, Description};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::{
        Api,
        auth::Caller,
        error::{ApiError, ApiResult},
    },
    find,
};
use crate::instance::HOST_KEYS;

/// One configuration key of an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    key: &'a str,
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_value: Option<&'a str>,
    active: bool,
    hide_from_console: bool,
    required: bool,
    #[serde(rename = "type")]
    kind: ConfigurationType,
}

/// `GET /elements/{keyOrId}/configuration`.
pub(super) async fn list(
    State(api): State<Api>,
    _: Caller,
    Path(key): Path<String>,
) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key)?;
    Ok(shown(&entries(adapter.description())))
}

/// `GET /elements/{keyOrId}/configuration/{key}`.
pub(super) async fn get(
    State(api): State<Api>,
    _: Caller,
    Path((key, asked)): Path<(String, String)>,
) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key)?;
    let entries = entries(adapter.description());
    let found = entries.iter().find(|entry| entry.key == asked);
    let missing = || ApiError::not_found(format!("{key} has no configuration key {asked:?}"));
    found.map(shown).ok_or_else(missing)
}

fn shown(what: &impl Serialize) -> Json<Value> {
    Json(serde_json::to_value(what).unwrap_or_default())
}

/// The element's keys, then those of the host.
pub(super) fn entries(description: &Description) -> Vec<Entry<'_>> {
    let own = description.configuration.iter().map(|key| Entry {
        key: &key.key,
        name: &key.name,
        description: &key.description,
        default_value: key.default.as_deref(),
        active: true,
        hide_from_console: false,
        required: key.required,
        kind: key.kind,
    });
    let mut entries: Vec<Entry<'_>> = own.collect();
    for key in HOST_KEYS {
        if !entries.iter().any(|known| known.key == key.key) {
            entries.push(Entry {
                key: key.key,
                name: key.key,
                description: key.description,
                default_value: key.default,
                active: true,
                hide_from_console: false,
                required: false,
                kind: key.kind,
            });
        }
    }
    entries
}
