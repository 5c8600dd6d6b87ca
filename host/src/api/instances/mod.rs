//! `/instances`, and the same beneath `/elements/{keyOrId}`.
//!
//! An instance is addressed by the id in the path or, without one, by the Element token.

mod body;
mod configuration;
mod list;

use std::{collections::BTreeSet, sync::Arc};

use self::{
    body::{ChangeBody, CreateBody, CreateOfBody},
    configuration::{Entry, EntryChange},
};
use super::{
    Api,
    auth::{Addressed, Caller},
    elements::{self, DocumentedOperation, Swagger},
    error::{ApiError, ApiResult},
    openapi::{self, Endpoint, FreeObject},
    view::{InstanceBody, InstanceView, Shown},
};
use crate::{
    instance::{self, ChangeRequest, CreateRequest},
    store::{Instance, InstanceId, User},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post, put},
};

/// The routes of this module.
pub(super) fn routes() -> Router<Api> {
    let configuration = get(configuration::list);
    let entry = get(configuration::get).patch(configuration::change);
    let enabled = put(enable).delete(disable);
    let traced = put(trace).delete(trace_no_more);
    Router::new()
        .route(
            "/instances",
            post(create)
                .get(list::all)
                .put(replace)
                .patch(change)
                .delete(remove),
        )
        .route("/instances/count", get(list::count))
        .route("/instances/polling-disabled", get(list::polling_disabled))
        .route("/jobs/polling-disabled", get(list::jobs_disabled))
        .route("/instances/configuration", configuration.clone())
        .route("/instances/configuration/{entry}", entry.clone())
        .route("/instances/enabled", enabled.clone())
        .route("/instances/trace-logging", traced.clone())
        .route("/instances/docs", get(elements::instance_docs))
        .route("/instances/docs/{operation}", get(elements::instance_operation))
        .route(
            "/instances/docs/{operation}/definitions",
            get(elements::instance_definitions),
        )
        .route(
            "/instances/{id}",
            get(show_one).put(replace).patch(change).delete(remove),
        )
        .route("/instances/{id}/configuration", configuration)
        .route("/instances/{id}/configuration/{entry}", entry)
        .route("/instances/{id}/enabled", enabled)
        .route("/instances/{id}/trace-logging", traced)
        .route("/instances/{id}/docs", get(elements::instance_docs))
        .route(
            "/instances/{id}/docs/{operation}",
            get(elements::instance_operation),
        )
        .route(
            "/instances/{id}/docs/{operation}/definitions",
            get(elements::instance_definitions),
        )
        .route("/elements/{key}/instances", post(create_of).get(list::of_element))
        .route(
            "/elements/{key}/instances/{id}",
            get(show_one).put(replace).patch(change).delete(remove),
        )
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![
        Endpoint::post("/instances", "Make an instance")
            .takes::<CreateBody>()
            .example(body::example())
            .answers::<InstanceBody>()
            .at_provider()
            .may_conflict(),
        Endpoint::get("/instances", "The instances, or with an Element token that one")
            .asks(openapi::INSTANCES)
            .one_or_pages::<InstanceBody>()
            .may_miss(),
        Endpoint::get(
            "/instances/count",
            "How many instances there are, and of which elements",
        )
        .answers::<list::Count>(),
        Endpoint::get(
            "/instances/polling-disabled",
            "Instances that should be polled and are not",
        )
        .lists::<InstanceBody>(),
        Endpoint::get("/jobs/polling-disabled", "The same as jobs, one an instance").lists::<list::Job>(),
        Endpoint::post("/elements/{key}/instances", "Make an instance of an element")
            .takes::<CreateOfBody>()
            .example(body::example_of())
            .answers::<InstanceBody>()
            .at_provider()
            .may_conflict(),
        Endpoint::get("/elements/{key}/instances", "The instances of an element")
            .asks(openapi::INSTANCES)
            .pages::<InstanceBody>(),
        Endpoint::get("/instances/{id}", "An instance").answers::<InstanceBody>(),
        Endpoint::get("/elements/{key}/instances/{id}", "An instance of an element")
            .answers::<InstanceBody>(),
    ];
    all.extend(changes("/instances").map(Endpoint::by_token));
    all.extend(particulars("/instances").map(Endpoint::by_token));
    all.extend(changes("/instances/{id}"));
    all.extend(particulars("/instances/{id}"));
    all.extend(changes("/elements/{key}/instances/{id}"));
    all
}

/// How an instance is changed.
fn changes(instance: &str) -> impl Iterator<Item = Endpoint> + use<> {
    let change = |endpoint: Endpoint| {
        let endpoint = endpoint.takes::<ChangeBody>().answers::<InstanceBody>();
        endpoint.at_provider().may_conflict()
    };
    [
        change(Endpoint::put(
            instance,
            "Replace the instance's configuration, and what else is named",
        )),
        change(Endpoint::patch(instance, "Change what is named of the instance")),
        Endpoint::delete(instance, "Remove the instance").may_conflict(),
    ]
    .into_iter()
}

/// What there is about an instance.
fn particulars(instance: &str) -> impl Iterator<Item = Endpoint> + use<> {
    let at = |rest: &str| format!("{instance}/{rest}");
    [
        Endpoint::get(at("configuration"), "Its configuration, entry by entry").lists::<Entry>(),
        Endpoint::get(at("configuration/{entry}"), "One entry of it").answers::<Entry>(),
        Endpoint::patch(at("configuration/{entry}"), "Change one entry of it")
            .takes::<EntryChange>()
            .answers::<Entry>()
            .at_provider()
            .may_conflict(),
        Endpoint::put(at("enabled"), "Enable the instance").answers::<InstanceBody>(),
        Endpoint::delete(at("enabled"), "Disable it"),
        Endpoint::put(at("trace-logging"), "Log its requests to the provider").answers::<InstanceBody>(),
        Endpoint::delete(at("trace-logging"), "Log them no more"),
        Endpoint::get(at("docs"), "Swagger 2.0 of its resources")
            .asks(openapi::BASE_URL)
            .answers::<Swagger>(),
        Endpoint::get(at("docs/{operation}"), "One operation of it").answers::<DocumentedOperation>(),
        Endpoint::get(
            at("docs/{operation}/definitions"),
            "The shapes that the operation names",
        )
        .by_name::<FreeObject>(),
    ]
    .into_iter()
}

/// `POST /instances`.
async fn create(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<InstanceBody>> {
    create_with(&api, &caller, CreateRequest::parse(&body, None)?).await
}

/// `POST /elements/{key}/instances`.
async fn create_of(
    State(api): State<Api>,
    caller: Caller,
    Path(element): Path<String>,
    body: Bytes,
) -> ApiResult<Json<InstanceBody>> {
    elements::find(&api, &element).await?;
    create_with(&api, &caller, CreateRequest::parse(&body, Some(&element))?).await
}

/// `GET /instances/{id}`.
async fn show_one(State(api): State<Api>, on: Addressed) -> ApiResult<Json<InstanceBody>> {
    show(&api, &on.instance, Shown::Whole).await
}

/// `PATCH /instances/{id}`, `PATCH /instances`.
async fn change(State(api): State<Api>, on: Addressed, body: Bytes) -> ApiResult<Json<InstanceBody>> {
    change_with(&api, &on.instance, ChangeRequest::parse(&body)?).await
}

/// `PUT /instances/{id}`, `PUT /instances`.
async fn replace(State(api): State<Api>, on: Addressed, body: Bytes) -> ApiResult<Json<InstanceBody>> {
    change_with(&api, &on.instance, ChangeRequest::parse_whole(&body)?).await
}

/// `DELETE /instances/{id}`, `DELETE /instances`: 200 with an empty body.
async fn remove(State(api): State<Api>, on: Addressed) -> ApiResult<StatusCode> {
    let host = Arc::clone(&api.host);
    let removed = api.carry(async move { instance::remove(&host, &on.instance).await });
    removed.await??;
    Ok(StatusCode::OK)
}

/// `PUT /instances/{id}/enabled`.
async fn enable(State(api): State<Api>, on: Addressed) -> ApiResult<Json<InstanceBody>> {
    let instance = instance::switch(&api.host, &on.instance, true).await?;
    show(&api, &instance, Shown::Changed).await
}

/// `DELETE /instances/{id}/enabled`: 200 with an empty body.
async fn disable(State(api): State<Api>, on: Addressed) -> ApiResult<StatusCode> {
    instance::switch(&api.host, &on.instance, false).await?;
    Ok(StatusCode::OK)
}

/// `PUT /instances/{id}/trace-logging`.
async fn trace(State(api): State<Api>, on: Addressed) -> ApiResult<Json<InstanceBody>> {
    let instance = instance::trace(&api.host, &on.instance, true).await?;
    show(&api, &instance, Shown::Changed).await
}

/// `DELETE /instances/{id}/trace-logging`: 200 with an empty body.
async fn trace_no_more(State(api): State<Api>, on: Addressed) -> ApiResult<StatusCode> {
    instance::trace(&api.host, &on.instance, false).await?;
    Ok(StatusCode::OK)
}

/// An instance of the user's account. Another account's does not exist for him.
pub(super) async fn find(api: &Api, user: &User, id: &str) -> ApiResult<Instance> {
    let missing = || ApiError::not_found(format!("there is no instance {id}"));
    let number = id.parse().map(InstanceId).map_err(|_no_number| missing())?;
    let instance = api.host.store.instance(number).await?;
    instance
        .filter(|instance| instance.account == user.account)
        .ok_or_else(missing)
}

async fn create_with(api: &Api, caller: &Caller, request: CreateRequest) -> ApiResult<Json<InstanceBody>> {
    let (host, user, rules) = (Arc::clone(&api.host), caller.user.clone(), api.rules);
    let created = api.carry(async move { instance::create(&host, &user, rules, request).await });
    show(api, &created.await??, Shown::Whole).await
}

async fn change_with(
    api: &Api,
    instance: &Instance,
    request: ChangeRequest,
) -> ApiResult<Json<InstanceBody>> {
    let changed = carried_change(api, instance, request).await?;
    show(api, &changed, Shown::Changed).await
}

async fn carried_change(api: &Api, instance: &Instance, request: ChangeRequest) -> ApiResult<Instance> {
    let (host, instance, rules) = (Arc::clone(&api.host), instance.clone(), api.rules);
    let changed = api.carry(async move { instance::change(&host, &instance, rules, request).await });
    Ok(changed.await??)
}

/// An instance as its account sees it.
async fn show(api: &Api, instance: &Instance, shown: Shown) -> ApiResult<Json<InstanceBody>> {
    let host = &api.host;
    let sealed = host.store.secrets(instance.id).await?;
    let token = sealed.iter().find(|secret| secret.name == instance::TOKEN);
    let token = match token {
        Some(token) => host
            .vault
            .open(instance.id, &token.name, &token.sealed)
            .map_err(instance::Problem::from)?,
        None => crate::vault::Secret::from(""),
    };
    let secrets: BTreeSet<String> = sealed.into_iter().map(|secret| secret.name).collect();
    let user = host.store.user_by_id(instance.user).await?;
    let user = user.ok_or_else(|| ApiError::not_found("the user who made the instance is gone"))?;
    let adapter = host.adapters.get(&instance.element);
    let description = adapter.as_ref().map(|adapter| adapter.description());
    let view = InstanceView {
        instance,
        user: &user,
        description,
        token: token.expose(),
        secrets: &secrets,
    };
    Ok(Json(view.body(shown)))
}
