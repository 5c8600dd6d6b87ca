//! `/elements` and `/hubs`: what is served, as the adapters describe it.

mod configuration;
mod docs;
mod metadata;
mod oauth;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use periodic_sdk::description::Description;
use serde_json::{Value, json};

use super::{
    Api,
    auth::{Addressed, Caller},
    error::{ApiError, ApiResult},
    hub,
    query::Query,
    view,
};
use crate::{adapter::Adapter, instance::Setup};

pub(super) use self::metadata::object_metadata;

/// The routes of this module.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/elements", get(list))
        .route("/elements/keys", get(keys))
        .route("/elements/metadata", get(metadata::all))
        .route("/elements/{key}", get(get_one))
        .route("/elements/{key}/metadata", get(metadata::get))
        .route("/elements/{key}/configuration", get(configuration::list))
        .route("/elements/{key}/configuration/{entry}", get(configuration::get))
        .route("/elements/{key}/setup", get(setup))
        .route("/elements/{key}/docs", get(docs))
        .route("/elements/{key}/docs/{operation}", get(operation_docs))
        .route(
            "/elements/{key}/docs/{operation}/definitions",
            get(operation_definitions),
        )
        .route(
            "/elements/{key}/oauth/url",
            get(oauth::url).post(oauth::url_of_body),
        )
        .route(
            "/elements/{key}/oauth/token",
            get(oauth::token).post(oauth::token_of_body),
        )
        .route("/hubs", get(hubs))
        .route("/hubs/{hub}", get(hub))
        .route("/hubs/{hub}/elements", get(hub_elements))
}

/// `GET /elements`.
async fn list(State(api): State<Api>, _: Caller) -> Json<Value> {
    Json(
        api.host
            .adapters
            .list()
            .iter()
            .map(|adapter| whole(adapter))
            .collect(),
    )
}

/// `GET /elements/{keyOrId}`.
async fn get_one(State(api): State<Api>, _: Caller, Path(key): Path<String>) -> ApiResult<Json<Value>> {
    find(&api, &key).map(|adapter| Json(whole(&adapter)))
}

/// `GET /elements/keys`.
async fn keys(State(api): State<Api>, _: Caller) -> Json<Value> {
    let served = api.host.adapters.list();
    Json(served.iter().map(|adapter| adapter.key()).collect())
}

/// `GET /elements/{keyOrId}/setup`: what has to be known before an instance can be made.
async fn setup(State(api): State<Api>, _: Caller, Path(key): Path<String>) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key)?;
    let presets = api.host.element_defaults.get(adapter.key());
    let setup = Setup::of(adapter.description(), presets);
    Ok(Json(serde_json::to_value(setup).unwrap_or_default()))
}

/// `GET /elements/{keyOrId}/docs`: Swagger 2.0 of the element's resources.
async fn docs(State(api): State<Api>, _: Caller, Path(key): Path<String>) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key)?;
    let public_url = api.host.public_url.as_deref();
    Ok(Json(docs::document(adapter.description(), None, public_url)))
}

/// `GET /elements/{keyOrId}/docs/{operationId}`: one operation of it.
async fn operation_docs(
    State(api): State<Api>,
    _: Caller,
    Path((key, operation)): Path<(String, String)>,
) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key)?;
    Ok(Json(one(adapter.description(), &operation)?.0))
}

/// `GET /elements/{keyOrId}/docs/{operationId}/definitions`: the shapes of its bodies.
async fn operation_definitions(
    State(api): State<Api>,
    _: Caller,
    Path((key, operation)): Path<(String, String)>,
) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key)?;
    Ok(Json(one(adapter.description(), &operation)?.1))
}

/// An operation in a path.
#[derive(Debug, serde::Deserialize)]
pub(super) struct OperationPath {
    operation: String,
}

/// `GET /instances/{id}/docs/{operationId}`.
pub(super) async fn instance_operation(
    State(api): State<Api>,
    on: Addressed,
    Path(OperationPath { operation }): Path<OperationPath>,
) -> ApiResult<Json<Value>> {
    Ok(Json(one(&described(&api, on).await?, &operation)?.0))
}

/// `GET /instances/{id}/docs/{operationId}/definitions`.
pub(super) async fn instance_definitions(
    State(api): State<Api>,
    on: Addressed,
    Path(OperationPath { operation }): Path<OperationPath>,
) -> ApiResult<Json<Value>> {
    Ok(Json(one(&described(&api, on).await?, &operation)?.1))
}

/// What an instance's element says of itself, with the instance's common objects.
async fn described(api: &Api, on: Addressed) -> ApiResult<Description> {
    let adapter = find(api, &on.instance.element)?;
    let objects = hub::objects_of(api, &on.instance, on.organization).await?;
    Ok(objects.describe(adapter.description()))
}

/// An operation of an element and what it names.
fn one(description: &Description, operation: &str) -> ApiResult<(Value, Value)> {
    let document = docs::document(description, None, None);
    let found = docs::operation(&document, operation).ok_or_else(|| {
        ApiError::not_found(format!(
            "{} has no operation {operation:?}; they are named like list:contacts, see its docs",
            description.key
        ))
    })?;
    let named = docs::definitions(&document, &found);
    Ok((found, named))
}

/// `GET /instances/{id}/docs`: the same for an instance, whose common objects are among them.
pub(super) async fn instance_docs(State(api): State<Api>, on: Addressed) -> ApiResult<Json<Value>> {
    let public_url = api.host.public_url.as_deref();
    Ok(Json(docs::document(
        &described(&api, on).await?,
        None,
        public_url,
    )))
}

/// Swagger 2.0 of one resource.
pub(super) fn resource_docs(api: &Api, description: &Description, resource: &str) -> Value {
    docs::document(description, Some(resource), api.host.public_url.as_deref())
}

/// `GET /hubs`, with `hydrate=true` with their resources.
async fn hubs(State(api): State<Api>, _: Caller, query: Query) -> Json<Value> {
    let served = api.host.adapters.list();
    let mut hubs: BTreeMap<&str, Vec<&Adapter>> = BTreeMap::new();
    for adapter in &served {
        hubs.entry(&adapter.description().hub).or_default().push(adapter);
    }
    let hydrate = query.truth("hydrate");
    let hubs = hubs
        .into_iter()
        .map(|(key, elements)| hub_body(key, &elements, hydrate));
    Json(hubs.collect())
}

/// `GET /hubs/{key}`.
async fn hub(
    State(api): State<Api>,
    _: Caller,
    Path(hub): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    let served = of_hub(&api, &hub)?;
    let elements: Vec<&Adapter> = served.iter().map(|adapter| &**adapter).collect();
    Ok(Json(hub_body(&hub, &elements, query.truth("hydrate"))))
}

/// `GET /hubs/{key}/elements`.
async fn hub_elements(State(api): State<Api>, _: Caller, Path(hub): Path<String>) -> ApiResult<Json<Value>> {
    let served = of_hub(&api, &hub)?;
    Ok(Json(served.iter().map(|adapter| whole(adapter)).collect()))
}

fn hub_body(key: &str, elements: &[&Adapter], hydrate: bool) -> Value {
    let keys: Vec<&str> = elements.iter().map(|adapter| adapter.key()).collect();
    let mut body = json!({ "key": key, "name": key, "active": true, "elements": keys });
    if let (true, Value::Object(members)) = (hydrate, &mut body) {
        let resources = elements
            .iter()
            .flat_map(|adapter| adapter.description().resources.keys());
        let resources: BTreeSet<&String> = resources.collect();
        members.insert("resources".to_owned(), json!(resources));
    }
    body
}

fn of_hub(api: &Api, hub: &str) -> ApiResult<Vec<Arc<Adapter>>> {
    let mut served = api.host.adapters.list();
    served.retain(|adapter| adapter.description().hub == hub);
    if served.is_empty() {
        return Err(ApiError::not_found(format!(
            "no element of a hub {hub:?} is served"
        )));
    }
    Ok(served)
}

/// The element with this key or numeric id.
pub(super) fn find(api: &Api, key: &str) -> ApiResult<Arc<Adapter>> {
    let missing = || ApiError::not_found(format!("no element {key:?} is served"));
    api.host.adapters.get(key).ok_or_else(missing)
}

/// An element with its resources and its configuration.
fn whole(adapter: &Adapter) -> Value {
    let description = adapter.description();
    let mut body = view::element(description);
    if let Value::Object(members) = &mut body {
        let resources = description.resources.iter().map(|(name, resource)| {
            json!({ "name": name, "operations": resource.operations, "polling": resource.polling.is_some() })
        });
        members.insert("resources".to_owned(), resources.collect());
        let configuration = configuration::entries(description);
        members.insert(
            "configuration".to_owned(),
            serde_json::to_value(configuration).unwrap_or_default(),
        );
    }
    body
}
