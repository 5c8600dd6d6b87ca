//! The element's resources. The hub segment of the path is ignored, as Cloud Elements ignores it.

mod objects;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get as on_get,
};
use periodic_sdk::description::{Description, Resource, ResourceOperation};
use serde_json::{Value, value::RawValue};

use super::{
    Api,
    auth::OnInstance,
    error::{ApiError, ApiResult},
    query::Query,
};
use crate::{
    adapter::contract::{hub, types},
    session::{HubAnswer, Session},
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
        .route("/objects", on_get(objects::list))
        .route("/objects/{name}/metadata", on_get(objects::metadata))
        .route("/objects/{name}/docs", on_get(objects::docs))
        .route("/hubs/{hub}/ping", on_get(objects::ping))
        .route("/hubs/{hub}/objects", on_get(objects::list))
        .route("/hubs/{hub}/objects/{name}/metadata", on_get(objects::metadata))
        .route("/hubs/{hub}/objects/{name}/docs", on_get(objects::docs))
        .route("/hubs/{hub}/{resource}", on_get(list).post(create))
        .route(
            "/hubs/{hub}/{resource}/{id}",
            on_get(get).patch(update).put(replace).delete(delete),
        )
        .merge(resources())
}

/// The resources without a hub before them.
pub(super) fn resources() -> Router<Api> {
    Router::new()
        .route("/{resource}", on_get(list).post(create))
        .route(
            "/{resource}/{id}",
            on_get(get).patch(update).put(replace).delete(delete),
        )
}

/// A resource, with or without a hub before it.
#[derive(Debug, serde::Deserialize)]
struct ResourcePath {
    resource: String,
}

/// An object of a resource.
#[derive(Debug, serde::Deserialize)]
struct ObjectPath {
    resource: String,
    id: String,
}

/// `GET /{resource}`.
async fn list(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<ResourcePath>,
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
    let start = match query.get("nextPage") {
        // A cursor knows where it is; `page` may come along and says nothing.
        Some(cursor) => hub::Position::Cursor(cursor.to_owned()),
        None => hub::Position::Page(query.number("page")?.unwrap_or(1)),
    };
    let field = |(name, value): (&str, &str)| types::Field {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let listing = hub::Listing {
        resource: path.resource.clone(),
        where_: query.get("where").map(|clause| clause.trim().to_owned()),
        fields: fields(&query),
        order_by: query.get("orderBy").map(str::to_owned),
        start,
        page_size,
        total: query.truth("returnTotalCount"),
        parameters: query.others(&KNOWN).map(field).collect(),
    };
    operate(
        &api,
        &on.instance,
        &path.resource,
        ResourceOperation::List,
        hub::Operation::List(listing),
    )
    .await
}

/// `GET /{resource}/{id}`.
async fn get(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<ObjectPath>,
    query: Query,
) -> ApiResult<Response> {
    let single = hub::Single {
        resource: path.resource.clone(),
        id: path.id,
        fields: fields(&query),
    };
    operate(
        &api,
        &on.instance,
        &path.resource,
        ResourceOperation::Get,
        hub::Operation::Get(single),
    )
    .await
}

/// `POST /{resource}`.
async fn create(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<ResourcePath>,
    body: Bytes,
) -> ApiResult<Response> {
    let creation = hub::Creation {
        resource: path.resource.clone(),
        body: object(&body)?,
    };
    operate(
        &api,
        &on.instance,
        &path.resource,
        ResourceOperation::Create,
        hub::Operation::Create(creation),
    )
    .await
}

/// `PATCH /{resource}/{id}`.
async fn update(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<ObjectPath>,
    body: Bytes,
) -> ApiResult<Response> {
    let change = hub::Alteration {
        resource: path.resource.clone(),
        id: path.id,
        body: object(&body)?,
    };
    operate(
        &api,
        &on.instance,
        &path.resource,
        ResourceOperation::Update,
        hub::Operation::Update(change),
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
    let change = hub::Alteration {
        resource: path.resource.clone(),
        id: path.id,
        body: object(&body)?,
    };
    operate(
        &api,
        &on.instance,
        &path.resource,
        ResourceOperation::Replace,
        hub::Operation::Replace(change),
    )
    .await
}

/// `DELETE /{resource}/{id}`.
async fn delete(State(api): State<Api>, on: OnInstance, Path(path): Path<ObjectPath>) -> ApiResult<Response> {
    let removal = hub::Removal {
        resource: path.resource.clone(),
        id: path.id,
    };
    operate(
        &api,
        &on.instance,
        &path.resource,
        ResourceOperation::Delete,
        hub::Operation::Delete(removal),
    )
    .await
}

async fn operate(
    api: &Api,
    instance: &Instance,
    resource: &str,
    needed: ResourceOperation,
    operation: hub::Operation,
) -> ApiResult<Response> {
    check_enabled(instance)?;
    let mut session = Session::open(&api.host, instance).await?;
    let description = session.description();
    let known = find(description, resource)?;
    if !known.operations.contains(&needed) {
        let message = format!(
            "{resource} of {} cannot {needed:?}; it can {:?}",
            description.key, known.operations
        );
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message));
    }
    let strip = instance
        .configuration
        .get("filter.response.nulls")
        .is_none_or(|text| text.trim() != "false");
    let answer = session.operate(operation).await?;
    let mut headers = HeaderMap::new();
    headers.insert("elements-element-instance-id", HeaderValue::from(instance.id.0));
    let body = match answer {
        HubAnswer::Done => return Ok((StatusCode::OK, headers).into_response()),
        HubAnswer::One(record) => shown(&record, strip)?,
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
            list_body(&records, strip)?
        }
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok((StatusCode::OK, headers, body).into_response())
}

fn check_enabled(instance: &Instance) -> ApiResult<()> {
    if instance.disabled {
        let message = format!(
            "instance {} is disabled; PUT /instances/{}/enabled enables it",
            instance.id, instance.id
        );
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    Ok(())
}

fn find<'d>(description: &'d Description, resource: &str) -> ApiResult<&'d Resource> {
    description.resources.get(resource).ok_or_else(|| {
        let names: Vec<&str> = description.resources.keys().map(String::as_str).collect();
        ApiError::not_found(format!(
            "{} has no resource {resource:?}; it has {}",
            description.key,
            names.join(", ")
        ))
    })
}

fn list_body(records: &[Box<RawValue>], strip: bool) -> ApiResult<Vec<u8>> {
    let mut body = vec![b'['];
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend(shown(record, strip)?);
    }
    body.push(b']');
    Ok(body)
}

/// A record without the members that are null, unless the instance wants them.
fn shown(record: &RawValue, strip: bool) -> ApiResult<Vec<u8>> {
    let record = record.get().as_bytes();
    if !strip || !record.windows(4).any(|window| window == b"null") {
        return Ok(record.to_vec());
    }
    let broken = |error: serde_json::Error| {
        ApiError::new(
            StatusCode::BAD_GATEWAY,
            format!("the adapter's record is no JSON: {error}"),
        )
    };
    let mut record: Value = serde_json::from_slice(record).map_err(broken)?;
    strip_nulls(&mut record);
    serde_json::to_vec(&record).map_err(broken)
}

fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

fn fields(query: &Query) -> Vec<String> {
    let fields = query.get("fields").unwrap_or_default().split(',');
    fields
        .map(|field| field.trim().to_owned())
        .filter(|field| !field.is_empty())
        .collect()
}

fn object(body: &[u8]) -> ApiResult<String> {
    match serde_json::from_slice::<Value>(body) {
        Ok(object @ Value::Object(_)) => Ok(object.to_string()),
        Ok(_) => Err(ApiError::bad_request("body: has to be a JSON object")),
        Err(error) => Err(ApiError::bad_request(format!("body: is no JSON: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_stripped_at_every_depth() {
        let record = r#"{"a":null,"b":{"c":null,"d":[{"e":null,"f":1}]},"g":"null"}"#;
        let record = &*RawValue::from_string(record.to_owned()).unwrap();
        let stripped = shown(record, true).unwrap();
        assert_eq!(
            String::from_utf8(stripped).unwrap(),
            r#"{"b":{"d":[{"f":1}]},"g":"null"}"#
        );
        assert_eq!(shown(record, false).unwrap(), record.get().as_bytes());
    }
}
