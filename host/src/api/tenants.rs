//! `/organizations`, `/accounts` and `/users`: management.
//!
//! Elements have resources of these names too: with an Element token the paths mean those, as in Cloud Elements.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::{MethodRouter, get, put},
};
use serde::Serialize;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{
    Api,
    auth::{self, Caller},
    error::{ApiError, ApiResult},
    hub, layers,
};
use crate::{
    store::{OrganizationId, UserId},
    tenant::{
        AccountRequest, AccountView, OrganizationRequest, OrganizationView, TenantError, Tenants,
        UserRequest, UserView,
    },
};

/// The routes of this module.
pub(super) fn routes(api: &Api) -> Router<Api> {
    let resource = hub::resources().with_state(api.clone());
    table().layer(middleware::from_fn(move |request, next| {
        to_resource(resource.clone(), request, next)
    }))
}

/// The same, taken for management whatever the token.
pub(super) fn table() -> Router<Api> {
    // NOTE: a fallback of their own, so that methods that only resources have pass the layer too.
    let known = |methods: MethodRouter<Api>| methods.fallback(layers::method_not_allowed);
    Router::new()
        .route(
            "/organizations",
            known(get(organizations).post(create_organization)),
        )
        .route("/organizations/{organization}", known(get(organization)))
        .route(
            "/organizations/{organization}/secret",
            known(put(rotate_organization).delete(revoke_organization)),
        )
        .route("/accounts", known(get(accounts).post(create_account)))
        .route("/accounts/{account}", known(get(account)))
        .route("/users", known(get(users).post(create_user)))
        .route("/users/{user}", known(get(user).delete(remove_user)))
        .route(
            "/users/{user}/secret",
            known(put(rotate_user).delete(revoke_user)),
        )
}

async fn to_resource(resource: Router, request: Request, next: Next) -> Response {
    if !auth::addresses_instance(request.headers()) {
        return next.run(request).await;
    }
    match resource.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn organizations(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Value>> {
    let found = tenants(&api, &caller).organizations().await?;
    shown(found.into_iter().map(OrganizationView::from).collect::<Vec<_>>())
}

async fn organization(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let found = tenants(&api, &caller).organization(organization_id(&id)?).await?;
    shown(OrganizationView::from(found))
}

async fn create_organization(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<Value>> {
    let request = OrganizationRequest::parse(&body)?;
    let made = tenants(&api, &caller).create_organization(request).await?;
    let user = serde_json::to_value(UserView::from(made.user).with(&made.user_secret));
    let Json(mut body) = shown(OrganizationView::from(made.organization).with(&made.secret))?;
    if let Value::Object(members) = &mut body {
        members.insert("user".to_owned(), user.unwrap_or_default());
    }
    Ok(Json(body))
}

async fn rotate_organization(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let tenants = tenants(&api, &caller);
    let (changed, secret) = tenants.rotate_organization(organization_id(&id)?).await?;
    shown(OrganizationView::from(changed).with(&secret))
}

async fn revoke_organization(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    tenants(&api, &caller)
        .revoke_organization(organization_id(&id)?)
        .await?;
    Ok(StatusCode::OK)
}

async fn accounts(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Value>> {
    let found = tenants(&api, &caller).accounts().await?;
    shown(found.into_iter().map(AccountView::from).collect::<Vec<_>>())
}

async fn account(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let found = tenants(&api, &caller).accounts().await?;
    let found = found.into_iter().find(|account| account.id.to_string() == id);
    let found = found.ok_or_else(|| ApiError::not_found(format!("there is no account {id}")))?;
    shown(AccountView::from(found))
}

async fn create_account(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<Value>> {
    let request = AccountRequest::parse(&body)?;
    let made = tenants(&api, &caller).create_account(request).await?;
    shown(AccountView::from(made))
}

async fn users(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Value>> {
    let found = tenants(&api, &caller).users().await?;
    shown(found.into_iter().map(UserView::from).collect::<Vec<_>>())
}

async fn user(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    shown(UserView::from(tenants(&api, &caller).user(user_id(&id)?).await?))
}

async fn create_user(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<Value>> {
    let request = UserRequest::parse(&body)?;
    let (made, secret) = tenants(&api, &caller).create_user(request).await?;
    shown(UserView::from(made).with(&secret))
}

async fn rotate_user(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let (changed, secret) = tenants(&api, &caller).rotate_user(user_id(&id)?).await?;
    shown(UserView::from(changed).with(&secret))
}

async fn revoke_user(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    tenants(&api, &caller).revoke_user(user_id(&id)?).await?;
    Ok(StatusCode::OK)
}

async fn remove_user(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    tenants(&api, &caller).delete_user(user_id(&id)?).await?;
    Ok(StatusCode::OK)
}

fn tenants<'a>(api: &'a Api, caller: &'a Caller) -> Tenants<'a> {
    Tenants {
        store: &*api.host.store,
        vault: &api.host.vault,
        by: &caller.user,
        now: api.host.clock.now(),
    }
}

fn shown(what: impl Serialize) -> ApiResult<Json<Value>> {
    Ok(Json(serde_json::to_value(what).unwrap_or_default()))
}

fn organization_id(text: &str) -> ApiResult<OrganizationId> {
    let missing = |_no_number| ApiError::not_found(format!("there is no organization {text}"));
    text.parse().map(OrganizationId).map_err(missing)
}

fn user_id(text: &str) -> ApiResult<UserId> {
    let missing = |_no_number| ApiError::not_found(format!("there is no user {text}"));
    text.parse().map(UserId).map_err(missing)
}

impl From<TenantError> for ApiError {
    fn from(error: TenantError) -> Self {
        let status = match error {
            TenantError::Field { .. } => StatusCode::BAD_REQUEST,
            TenantError::Forbidden(_) => StatusCode::FORBIDDEN,
            TenantError::Missing(_) => StatusCode::NOT_FOUND,
            TenantError::LocksOut(_) => StatusCode::CONFLICT,
            TenantError::NoRandomness(error) => return Self::internal(&error),
            TenantError::Store(error) => return error.into(),
        };
        Self::new(status, error.to_string())
    }
}
