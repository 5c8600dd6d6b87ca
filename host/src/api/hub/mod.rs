//! The element's resources. The hub segment of the path is ignored, as Cloud Elements ignores it.

mod address;
mod objects;
mod place;
mod query;
mod target;
mod told;
mod unknown;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{OriginalUri, Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get as on_get},
};
use periodic_sdk::{
    child,
    description::{Description, Resource, ResourceOperation},
};
use serde_json::{Value, value::RawValue};

use self::{
    address::{Addressed, CollectionPath, ObjectPath},
    place::allowed,
    target::Target,
};
pub(super) use self::{place::Place, query::select, target::objects_of, told::addressed};
use super::{
    Api,
    auth::{self, OnInstance},
    elements::{ObjectMetadata, Swagger},
    error::{ApiError, ApiResult},
    layers,
    openapi::{self, Endpoint, FreeObject},
    query::Query,
};
use crate::{
    adapter::contract::{hub, types},
    body,
    session::{Failure, HubAnswer, Nulls, Session},
    store::Instance,
};

/// So many records on a page, unless the caller says otherwise.
const PAGE: u32 = 200;
/// The largest page.
const LARGEST_PAGE: u32 = 1000;

/// The routes of this module: whatever is no endpoint of the host's own is a resource.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/ping", on_get(objects::ping))
        .route("/query", on_get(query::get))
        .route("/objects", on_get(objects::list))
        .route("/objects/{name}/metadata", on_get(objects::metadata))
        .route("/objects/{name}/docs", on_get(objects::docs))
        .route("/hubs/{hub}/ping", on_get(objects::ping))
        .route("/hubs/{hub}/query", on_get(query::get))
        .route("/hubs/{hub}/objects", on_get(objects::list))
        .route("/hubs/{hub}/objects/{name}/metadata", on_get(objects::metadata))
        .route("/hubs/{hub}/objects/{name}/docs", on_get(objects::docs))
        .route("/hubs/{hub}/{resource}", of_all())
        .route("/hubs/{hub}/{resource}/{id}", of_one())
        .merge(children("/hubs/{hub}"))
        .route_layer(middleware::from_fn(told::tell))
        .merge(resources())
}

/// What is said of them. A hub before the first ones changes nothing; without one before the others, they would hide all
/// that has names of its own.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![
        Endpoint::get("/ping", "Whether the provider answers")
            .answers::<objects::Ping>()
            .by_token()
            .tells_instance()
            .at_provider(),
        Endpoint::get(
            "/objects",
            "The resources and common objects of the token's instance",
        )
        .lists::<objects::Listed>()
        .by_token()
        .tells_instance(),
        Endpoint::get(
            "/objects/{name}/metadata",
            "The fields of a resource or a common object",
        )
        .answers::<ObjectMetadata>()
        .by_token()
        .tells_instance()
        .at_provider(),
        Endpoint::get("/objects/{name}/docs", "Swagger 2.0 of a resource")
            .answers::<Swagger>()
            .by_token()
            .tells_instance(),
        Endpoint::get("/query", "Records of the token's instance by a query")
            .asks(openapi::Q)
            .asks(openapi::QUERY_PAGES)
            .records::<Value>()
            .by_token()
            .at_provider(),
    ];
    let of_instance = records(
        "/hubs/{hub}/{resource}",
        "{id}",
        "A record of the token's instance",
    );
    let of_record = records(
        "/hubs/{hub}/{resource}/{id}/{child}",
        "{object}",
        "A record of a record",
    );
    all.extend(of_instance.into_iter().chain(of_record));
    all
}

/// What can be done with the records of a collection.
fn records(collection: &str, id: &str, read: &'static str) -> [Endpoint; 6] {
    let one = format!("{collection}/{id}");
    let written = |endpoint: Endpoint| endpoint.takes::<FreeObject>().answers::<Value>();
    let all = [
        Endpoint::get(collection, "A page of records")
            .asks(openapi::RECORDS)
            .records::<Value>(),
        written(Endpoint::post(collection, "Make a record")),
        Endpoint::get(one.clone(), read)
            .asks(openapi::FIELDS)
            .answers::<Value>(),
        written(Endpoint::patch(one.clone(), "Change it")),
        written(Endpoint::put(one.clone(), "Replace it")),
        Endpoint::delete(one, "Remove it"),
    ];
    all.map(|endpoint| endpoint.by_token().tells_instance().at_provider())
}

/// The resources without a hub before them.
pub(super) fn resources() -> Router<Api> {
    Router::new()
        .route("/{resource}", of_all())
        .route("/{resource}/{id}", of_one())
        .merge(children(""))
        .route_layer(middleware::from_fn(told::tell))
}

/// The resources of an object: they are there for whoever addresses an instance, and nothing is for others.
fn children(prefix: &str) -> Router<Api> {
    let child = format!("{prefix}/{{resource}}/{{id}}/{{child}}");
    Router::new()
        .route(&child, of_all())
        .route(&format!("{child}/{{object}}"), of_one())
        .route_layer(middleware::from_fn(of_instances))
}

/// What is done at the path of all objects of a resource.
fn of_all() -> MethodRouter<Api> {
    on_get(list).post(create).fallback(unknown::of_all)
}

/// What is done at the path of one of them.
fn of_one() -> MethodRouter<Api> {
    let known = on_get(get).patch(update).put(replace).delete(delete);
    known.fallback(unknown::of_one)
}

async fn of_instances(uri: OriginalUri, request: Request, next: Next) -> Response {
    if auth::addresses_instance(request.headers()) {
        return next.run(request).await;
    }
    layers::not_found(uri).await.into_response()
}

/// `GET /{resource}`.
async fn list(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<CollectionPath>,
    query: Query,
) -> ApiResult<Response> {
    const KNOWN: [&str; 7] = [
        "where",
        "fields",
        "orderBy",
        "page",
        "pageSize",
        "nextPage",
        "returnTotalCount",
    ];
    let page_size = query.number("pageSize")?.unwrap_or(PAGE).min(LARGEST_PAGE);
    let start = start(&query)?;
    let field = |(name, value): (&str, &str)| types::Field {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let resource = path.resource();
    let listing = hub::Listing {
        resource: resource.called.clone(),
        where_: query.get("where").map(|clause| clause.trim().to_owned()),
        fields: fields(&query),
        order_by: query.get("orderBy").map(str::to_owned),
        start,
        page_size,
        total: query.truth("returnTotalCount"),
        parameters: query.others(&KNOWN).map(field).collect(),
    };
    listed(&api, &on, resource, listing).await
}

/// `GET /{resource}/{id}`.
async fn get(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<ObjectPath>,
    query: Query,
) -> ApiResult<Response> {
    let (resource, id) = path.object();
    let mut target = Target::of(&api, &on, resource).await?;
    let single = hub::Single {
        resource: target.resource(),
        id,
        fields: target.select(fields(&query))?,
    };
    let operation = |_: &mut Target, _: &Description| Ok(hub::Operation::Get(single));
    operate(&api, &on.instance, target, ResourceOperation::Get, operation).await
}

/// `POST /{resource}`.
async fn create(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<CollectionPath>,
    body: Bytes,
) -> ApiResult<Response> {
    let target = Target::of(&api, &on, path.resource()).await?;
    let written = object(&body)?;
    let operation = |target: &mut Target, description: &Description| {
        Ok(hub::Operation::Create(hub::Creation {
            resource: target.resource(),
            body: target.sent(written, description)?,
        }))
    };
    operate(&api, &on.instance, target, ResourceOperation::Create, operation).await
}

/// `PATCH /{resource}/{id}`.
async fn update(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<ObjectPath>,
    body: Bytes,
) -> ApiResult<Response> {
    alter(
        &api,
        &on,
        path,
        &body,
        ResourceOperation::Update,
        hub::Operation::Update,
    )
    .await
}

/// `PUT /{resource}/{id}`.
async fn replace(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<ObjectPath>,
    body: Bytes,
) -> ApiResult<Response> {
    alter(
        &api,
        &on,
        path,
        &body,
        ResourceOperation::Replace,
        hub::Operation::Replace,
    )
    .await
}

/// `DELETE /{resource}/{id}`.
async fn delete(State(api): State<Api>, on: OnInstance, Path(path): Path<ObjectPath>) -> ApiResult<Response> {
    let (resource, id) = path.object();
    let target = Target::of(&api, &on, resource).await?;
    let removal = hub::Removal {
        resource: target.resource(),
        id,
    };
    let operation = |_: &mut Target, _: &Description| Ok(hub::Operation::Delete(removal));
    operate(&api, &on.instance, target, ResourceOperation::Delete, operation).await
}

/// A list of what a listing names, which is in the caller's words.
async fn listed(
    api: &Api,
    on: &OnInstance,
    resource: Addressed,
    listing: hub::Listing,
) -> ApiResult<Response> {
    let mut target = Target::of(api, on, resource).await?;
    let listing = target.listing(listing)?;
    let operation = |_: &mut Target, _: &Description| Ok(hub::Operation::List(listing));
    operate(api, &on.instance, target, ResourceOperation::List, operation).await
}

/// `PATCH` and `PUT`.
async fn alter(
    api: &Api,
    on: &OnInstance,
    path: ObjectPath,
    body: &[u8],
    needed: ResourceOperation,
    operation: fn(hub::Alteration) -> hub::Operation,
) -> ApiResult<Response> {
    let (resource, id) = path.object();
    let target = Target::of(api, on, resource).await?;
    let written = object(body)?;
    let operation = move |target: &mut Target, description: &Description| {
        Ok(operation(hub::Alteration {
            resource: target.resource(),
            id,
            body: target.sent(written, description)?,
        }))
    };
    operate(api, &on.instance, target, needed, operation).await
}

/// Where a list starts. A cursor knows where it is; `page` may come along and says nothing.
fn start(query: &Query) -> ApiResult<hub::Position> {
    Ok(match query.get("nextPage") {
        Some(cursor) => hub::Position::Cursor(cursor.to_owned()),
        None => hub::Position::Page(query.number("page")?.unwrap_or(1)),
    })
}

/// Do what is needed with a target. The operation is made once it is known that it can be done.
async fn operate(
    api: &Api,
    instance: &Instance,
    mut target: Target,
    needed: ResourceOperation,
    operation: impl FnOnce(&mut Target, &Description) -> ApiResult<hub::Operation> + Send + 'static,
) -> ApiResult<Response> {
    check_enabled(instance)?;
    let nulls = Nulls::of(instance, target.named());
    let (host, on) = (Arc::clone(&api.host), instance.clone());
    let operated = api.carry(async move {
        let mut session = Session::open(&host, &on).await?.awaited();
        target.check(session.description(), needed)?;
        let operation = operation(&mut target, session.description())?;
        match session.operate(operation).await {
            Ok(answer) => Ok((target, answer)),
            Err(failure @ Failure::Unsupported(_)) => {
                let resource = target.find(session.description())?;
                Err(ApiError::from(failure).not_allowed(&allowed(needed, resource)))
            }
            Err(failure @ (Failure::Permanent(_) | Failure::InvalidRequest(_))) => {
                Err(ApiError::from(failure).with_status_of(session.last_status()))
            }
            Err(failure) => Err(failure.into()),
        }
    });
    let (target, answer) = operated.await??;
    let answer = target.shown(answer).await?;
    let mut headers = HeaderMap::new();
    target.warn(&mut headers);
    let body = match answer {
        HubAnswer::Done => return Ok((StatusCode::OK, headers).into_response()),
        HubAnswer::One(record) => shown(&record, &nulls)?,
        HubAnswer::Fields(json) => json.into_bytes(),
        HubAnswer::Listed { records, next, total } => {
            headers.insert("elements-returned-count", HeaderValue::from(records.len()));
            if let Some(total) = total {
                headers.insert("elements-total-count", HeaderValue::from(total));
            }
            if let Some(next) = next {
                let token = HeaderValue::from_str(&next).map_err(|_invisible| {
                    ApiError::new(
                        StatusCode::BAD_GATEWAY,
                        "the adapter's page token has characters beyond ASCII",
                    )
                })?;
                headers.insert("elements-next-page-token", token);
            }
            list_body(&records, &nulls)?
        }
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok((StatusCode::OK, headers, body).into_response())
}

pub(super) fn check_enabled(instance: &Instance) -> ApiResult<()> {
    if instance.disabled {
        let message = format!(
            "instance {} is disabled; PUT /instances/{}/enabled enables it",
            instance.id, instance.id
        );
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    Ok(())
}

/// A resource that no parent stands before.
pub(super) fn find<'d>(description: &'d Description, resource: &str) -> ApiResult<&'d Resource> {
    match child::names(resource) {
        None => find_any(description, resource),
        Some(_) => Err(unknown(description, resource)),
    }
}

/// A resource by its name in the description, a child's too.
fn find_any<'d>(description: &'d Description, resource: &str) -> ApiResult<&'d Resource> {
    let found = description.resources.get(resource);
    found.ok_or_else(|| unknown(description, resource))
}

fn unknown(description: &Description, resource: &str) -> ApiError {
    let names: Vec<&str> = description.resources.keys().map(String::as_str).collect();
    ApiError::not_found(format!(
        "{} has no resource {resource:?}; it has {}",
        description.key,
        names.join(", ")
    ))
}

fn list_body(records: &[Box<RawValue>], nulls: &Nulls) -> ApiResult<Vec<u8>> {
    let mut body = vec![b'['];
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend(shown(record, nulls)?);
    }
    body.push(b']');
    Ok(body)
}

/// A record as the instance wants it.
fn shown(record: &RawValue, nulls: &Nulls) -> ApiResult<Vec<u8>> {
    nulls.shown(record).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_GATEWAY,
            format!("the adapter's record is no JSON: {error}"),
        )
    })
}

fn fields(query: &Query) -> Vec<String> {
    let fields = query.get("fields").unwrap_or_default().split(',');
    fields
        .map(|field| field.trim().to_owned())
        .filter(|field| !field.is_empty())
        .collect()
}

fn object(body: &[u8]) -> ApiResult<Value> {
    Ok(Value::Object(body::object(body)?))
}
