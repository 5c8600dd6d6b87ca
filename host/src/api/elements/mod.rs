//! `/elements` and `/hubs`: what is served, as the adapters describe it.

mod configuration;
mod docs;
mod expanded;
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
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;
use utoipa::ToSchema;

use super::{
    Api,
    auth::{Addressed, Caller},
    error::{ApiError, ApiResult},
    hub,
    openapi::{self, Endpoint, FreeObject},
    query::Query,
    view::ElementView,
};
use crate::{adapter::Adapter, instance::Setup, transform::Objects};

pub(super) use self::{
    configuration::{Entry, entries},
    docs::{DocumentedOperation, Subject, Swagger},
    metadata::ObjectMetadata,
};

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

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let of = |rest: &str| format!("/elements/{{key}}{rest}");
    vec![
        Endpoint::get("/elements", "The elements that are served").lists::<ElementView>(),
        Endpoint::get("/elements/keys", "Their keys").lists::<ElementKey>(),
        Endpoint::get("/elements/metadata", "What events they tell").lists::<metadata::Metadata>(),
        Endpoint::get(of(""), "An element").answers::<ElementView>(),
        Endpoint::get(of("/metadata"), "What events it tells")
            .asks(openapi::EXPAND)
            .answers::<metadata::Told>(),
        Endpoint::get(of("/configuration"), "What its instances are configured with").lists::<Entry>(),
        Endpoint::get(of("/configuration/{entry}"), "One key of it").answers::<Entry>(),
        Endpoint::get(
            of("/setup"),
            "What has to be known before an instance can be made",
        )
        .answers::<Setup<'_>>(),
        Endpoint::get(of("/docs"), "Swagger 2.0 of its resources")
            .asks(openapi::BASE_URL)
            .answers::<Swagger>(),
        Endpoint::get(of("/docs/{operation}"), "One operation of it").answers::<DocumentedOperation>(),
        Endpoint::get(
            of("/docs/{operation}/definitions"),
            "The shapes that the operation names",
        )
        .by_name::<FreeObject>(),
        Endpoint::get(of("/oauth/url"), "The URL to send a browser to")
            .asks(openapi::OAUTH)
            .answers::<oauth::Consent>()
            .open()
            .at_provider(),
        Endpoint::post(
            of("/oauth/url"),
            "The same, with the parameters where logs do not see them",
        )
        .asks(openapi::OAUTH)
        .takes::<oauth::Parameters>()
        .answers::<oauth::Consent>()
        .open()
        .at_provider(),
        Endpoint::get(of("/oauth/token"), "The temporary credentials of OAuth 1.0a")
            .asks(openapi::OAUTH)
            .answers::<oauth::TemporaryView>()
            .open()
            .at_provider(),
        Endpoint::post(
            of("/oauth/token"),
            "The same, with the parameters where logs do not see them",
        )
        .asks(openapi::OAUTH)
        .takes::<oauth::Parameters>()
        .answers::<oauth::TemporaryView>()
        .open()
        .at_provider(),
        Endpoint::get("/hubs", "The hubs")
            .asks(openapi::RESOURCES)
            .lists::<Hub>(),
        Endpoint::get("/hubs/{hub}", "A hub")
            .asks(openapi::RESOURCES)
            .answers::<Hub>(),
        Endpoint::get("/hubs/{hub}/elements", "Its elements").lists::<ElementView>(),
    ]
}

/// The key of an element.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
struct ElementKey(String);

/// A hub.
#[derive(Debug, Serialize, ToSchema)]
struct Hub {
    key: String,
    name: String,
    active: bool,
    /// The keys of its elements.
    elements: Vec<String>,
    /// The resources of its elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resources: Option<BTreeSet<String>>,
}

/// `GET /elements`.
async fn list(State(api): State<Api>, _: Caller) -> Json<Vec<ElementView>> {
    let served = api.host.adapters.list();
    Json(
        served
            .iter()
            .map(|adapter| ElementView::whole(adapter.description()))
            .collect(),
    )
}

/// `GET /elements/{keyOrId}`.
async fn get_one(State(api): State<Api>, _: Caller, Path(key): Path<String>) -> ApiResult<Json<ElementView>> {
    let adapter = find(&api, &key).await?;
    Ok(Json(ElementView::whole(adapter.description())))
}

/// `GET /elements/keys`.
async fn keys(State(api): State<Api>, _: Caller) -> Json<Vec<ElementKey>> {
    let served = api.host.adapters.list();
    let keys = served.iter().map(|adapter| ElementKey(adapter.key().to_owned()));
    Json(keys.collect())
}

/// `GET /elements/{keyOrId}/setup`: what has to be known before an instance can be made.
async fn setup(State(api): State<Api>, _: Caller, Path(key): Path<String>) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key).await?;
    let presets = api.host.element_defaults.get(adapter.key());
    let setup = Setup::of(adapter.description(), presets);
    Ok(Json(serde_json::to_value(setup).unwrap_or_default()))
}

/// `GET /elements/{keyOrId}/docs`: Swagger 2.0 of the element's resources.
async fn docs(
    State(api): State<Api>,
    _: Caller,
    Path(key): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key).await?;
    let subject = Subject::element(adapter.description());
    Ok(Json(docs::document(subject, None, base_url(&api, &query)?)))
}

/// Where the interface is reached, as far as anybody said.
fn base_url<'a>(api: &'a Api, query: &'a Query) -> ApiResult<Option<&'a str>> {
    let Some(asked) = query.get("baseUrl") else {
        return Ok(api.host.public_url.as_deref());
    };
    let url = Url::parse(asked).ok().filter(Url::has_host);
    if url.is_none_or(|url| !matches!(url.scheme(), "http" | "https")) {
        let what = format!("baseUrl: {asked:?} is no address like https://periodic.example.com");
        return Err(ApiError::bad_request(what));
    }
    Ok(Some(asked))
}

/// `GET /elements/{keyOrId}/docs/{operationId}`: one operation of it.
async fn operation_docs(
    State(api): State<Api>,
    _: Caller,
    Path((key, operation)): Path<(String, String)>,
) -> ApiResult<Json<DocumentedOperation>> {
    let adapter = find(&api, &key).await?;
    Ok(Json(one(Subject::element(adapter.description()), &operation)?.0))
}

/// `GET /elements/{keyOrId}/docs/{operationId}/definitions`: the shapes of its bodies.
async fn operation_definitions(
    State(api): State<Api>,
    _: Caller,
    Path((key, operation)): Path<(String, String)>,
) -> ApiResult<Json<Map<String, Value>>> {
    let adapter = find(&api, &key).await?;
    Ok(Json(one(Subject::element(adapter.description()), &operation)?.1))
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
) -> ApiResult<Json<DocumentedOperation>> {
    let (adapter, objects) = with_objects(&api, on).await?;
    Ok(Json(
        one(Subject::instance(adapter.description(), &objects), &operation)?.0,
    ))
}

/// `GET /instances/{id}/docs/{operationId}/definitions`.
pub(super) async fn instance_definitions(
    State(api): State<Api>,
    on: Addressed,
    Path(OperationPath { operation }): Path<OperationPath>,
) -> ApiResult<Json<Map<String, Value>>> {
    let (adapter, objects) = with_objects(&api, on).await?;
    Ok(Json(
        one(Subject::instance(adapter.description(), &objects), &operation)?.1,
    ))
}

/// An instance's adapter and its common objects.
async fn with_objects(api: &Api, on: Addressed) -> ApiResult<(Arc<Adapter>, Arc<Objects>)> {
    let adapter = find(api, &on.instance.element).await?;
    let objects = hub::objects_of(api, &on.instance, on.organization).await?;
    Ok((adapter, objects))
}

/// An operation of an element and what it names.
fn one(subject: Subject<'_>, operation: &str) -> ApiResult<(DocumentedOperation, Map<String, Value>)> {
    let document = docs::document(subject, None, None);
    let found = docs::operation(&document, operation).ok_or_else(|| {
        ApiError::not_found(format!(
            "{} has no operation {operation:?}; they are named like list:contacts, see its docs",
            subject.element.key
        ))
    })?;
    let named = docs::definitions(&document, &found);
    Ok((found, named))
}

/// `GET /instances/{id}/docs`: the same for an instance, whose common objects are among them.
pub(super) async fn instance_docs(
    State(api): State<Api>,
    on: Addressed,
    query: Query,
) -> ApiResult<Json<Value>> {
    let (adapter, objects) = with_objects(&api, on).await?;
    let subject = Subject::instance(adapter.description(), &objects);
    Ok(Json(docs::document(subject, None, base_url(&api, &query)?)))
}

/// Swagger 2.0 of one resource.
pub(super) fn resource_docs(api: &Api, subject: Subject<'_>, resource: &str) -> Value {
    docs::document(subject, Some(resource), api.host.public_url.as_deref())
}

/// `GET /hubs`, with `hydrate=true` with their resources.
async fn hubs(State(api): State<Api>, _: Caller, query: Query) -> Json<Vec<Hub>> {
    let served = api.host.adapters.list();
    let mut hubs: BTreeMap<&str, Vec<&Adapter>> = BTreeMap::new();
    for adapter in &served {
        hubs.entry(&adapter.description().hub).or_default().push(adapter);
    }
    let hydrate = query.truth("hydrate");
    let hubs = hubs
        .into_iter()
        .map(|(key, elements)| Hub::new(key, &elements, hydrate));
    Json(hubs.collect())
}

/// `GET /hubs/{key}`.
async fn hub(
    State(api): State<Api>,
    _: Caller,
    Path(hub): Path<String>,
    query: Query,
) -> ApiResult<Json<Hub>> {
    let served = of_hub(&api, &hub).await?;
    let elements: Vec<&Adapter> = served.iter().map(|adapter| &**adapter).collect();
    Ok(Json(Hub::new(&hub, &elements, query.truth("hydrate"))))
}

/// `GET /hubs/{key}/elements`.
async fn hub_elements(
    State(api): State<Api>,
    _: Caller,
    Path(hub): Path<String>,
) -> ApiResult<Json<Vec<ElementView>>> {
    let served = of_hub(&api, &hub).await?;
    let elements = served
        .iter()
        .map(|adapter| ElementView::whole(adapter.description()));
    Ok(Json(elements.collect()))
}

impl Hub {
    fn new(key: &str, elements: &[&Adapter], hydrate: bool) -> Self {
        let resources = || {
            let resources = elements
                .iter()
                .flat_map(|adapter| adapter.description().resources.keys());
            resources.cloned().collect()
        };
        Self {
            key: key.to_owned(),
            name: key.to_owned(),
            active: true,
            elements: elements.iter().map(|adapter| adapter.key().to_owned()).collect(),
            resources: hydrate.then(resources),
        }
    }
}

async fn of_hub(api: &Api, hub: &str) -> ApiResult<Vec<Arc<Adapter>>> {
    let served = api.host.adapters.of_hub(hub).await?;
    if served.is_empty() {
        return Err(ApiError::not_found(format!(
            "no element of a hub {hub:?} is served"
        )));
    }
    Ok(served)
}

/// The element with this key or numeric id.
pub(super) async fn find(api: &Api, key: &str) -> ApiResult<Arc<Adapter>> {
    Ok(api.host.adapters.find(key).await?)
}
