//! `/instances`.

use std::collections::BTreeSet;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode},
};
use serde_json::Value;

use super::{
    Api,
    auth::{Caller, OnInstance},
    error::{ApiError, ApiResult},
    query::Query,
    view::{InstanceView, Shown},
};
use crate::{
    instance::{self, ChangeRequest, CreateRequest},
    store::{Instance, InstanceFilter, InstanceId, User},
};

/// So many instances on a page, unless the caller says otherwise.
const PAGE: usize = 200;

/// `POST /instances`.
pub(super) async fn create(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<Value>> {
    create_with(&api, &caller, CreateRequest::parse(&body, None)?).await
}

/// `POST /elements/{key}/instances`.
pub(super) async fn create_of(
    State(api): State<Api>,
    caller: Caller,
    Path(element): Path<String>,
    body: Bytes,
) -> ApiResult<Json<Value>> {
    create_with(&api, &caller, CreateRequest::parse(&body, Some(&element))?).await
}

/// `GET /instances`.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    list_with(&api, &caller, &query, None).await
}

/// `GET /elements/{key}/instances`.
pub(super) async fn list_of(
    State(api): State<Api>,
    caller: Caller,
    Path(element): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    let key = api
        .host
        .adapters
        .get(&element)
        .map_or(element, |adapter| adapter.key().to_owned());
    list_with(&api, &caller, &query, Some(key)).await
}

/// `GET /instances/{id}`.
pub(super) async fn get(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let instance = find(&api, &caller.user, &id).await?;
    show(&api, &instance, Shown::Whole).await
}

/// `PATCH /instances/{id}`.
pub(super) async fn change(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> ApiResult<Json<Value>> {
    let instance = find(&api, &caller.user, &id).await?;
    change_with(&api, &instance, &body).await
}

/// `PATCH /instances` with an Element token.
pub(super) async fn change_own(
    State(api): State<Api>,
    OnInstance { instance }: OnInstance,
    body: Bytes,
) -> ApiResult<Json<Value>> {
    change_with(&api, &instance, &body).await
}

/// `DELETE /instances/{id}`: 200 with an empty body.
pub(super) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let instance = find(&api, &caller.user, &id).await?;
    instance::remove(&api.host, &instance).await?;
    Ok(StatusCode::OK)
}

/// `DELETE /instances` with an Element token.
pub(super) async fn remove_own(
    State(api): State<Api>,
    OnInstance { instance }: OnInstance,
) -> ApiResult<StatusCode> {
    instance::remove(&api.host, &instance).await?;
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

async fn create_with(api: &Api, caller: &Caller, request: CreateRequest) -> ApiResult<Json<Value>> {
    let instance = instance::create(&api.host, &caller.user, api.rules, request).await?;
    show(api, &instance, Shown::Whole).await
}

async fn change_with(api: &Api, instance: &Instance, body: &[u8]) -> ApiResult<Json<Value>> {
    let request = ChangeRequest::parse(body)?;
    let changed = instance::change(&api.host, instance, api.rules, request).await?;
    show(api, &changed, Shown::Changed).await
}

async fn list_with(
    api: &Api,
    caller: &Caller,
    query: &Query,
    element: Option<String>,
) -> ApiResult<(HeaderMap, Json<Value>)> {
    if let (Some(instance), None) = (&caller.instance, &element) {
        let Json(shown) = show(api, instance, Shown::Whole).await?;
        return Ok((HeaderMap::new(), Json(shown)));
    }
    let limit = query
        .number("pageSize")?
        .map_or(PAGE, |size| (size as usize).min(PAGE));
    let after = match query.get("nextPage") {
        None => None,
        Some(token) => Some(token.parse().map(InstanceId).map_err(|_no_number| {
            ApiError::bad_request("nextPage: take the value of the Elements-Next-Page-Token header as it is")
        })?),
    };
    let tags: Vec<String> = query.all("tags[]").map(str::to_owned).collect();
    let search = query.get("searchText").map(str::to_owned);
    let searched = !tags.is_empty() || search.is_some();
    let filter = InstanceFilter {
        element,
        tags,
        search,
        after,
        limit: Some(limit + 1),
    };
    let mut instances = api.host.store.instances(caller.user.account, &filter).await?;
    if instances.is_empty() && searched {
        return Err(ApiError::not_found("no instance matches the search"));
    }
    let more = instances.len() > limit;
    instances.truncate(limit);
    let mut headers = HeaderMap::new();
    headers.insert("elements-returned-count", HeaderValue::from(instances.len()));
    if let (true, Some(last)) = (more, instances.last()) {
        headers.insert("elements-next-page-token", HeaderValue::from(last.id.0));
    }
    let mut shown = Vec::with_capacity(instances.len());
    for instance in &instances {
        let Json(body) = show(api, instance, Shown::Whole).await?;
        shown.push(body);
    }
    Ok((headers, Json(Value::Array(shown))))
}

async fn show(api: &Api, instance: &Instance, shown: Shown) -> ApiResult<Json<Value>> {
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
