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
use serde_json::json;
use tower::ServiceExt as _;

use super::{
    Api,
    auth::{self, Caller},
    error::{ApiError, ApiResult},
    hub, layers,
    openapi::Endpoint,
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

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let secret = |path: &'static str| {
        (
            Endpoint::put(path, "Rotate its secret; the answer has the new one"),
            Endpoint::delete(path, "Revoke its secret"),
        )
    };
    let (rotate_organization, revoke_organization) = secret("/organizations/{organization}/secret");
    let (rotate_user, revoke_user) = secret("/users/{user}/secret");
    let user = json!({ "email": "bob@example.com", "role": "administrator" });
    let all = vec![
        Endpoint::get("/organizations", "The organizations that the caller sees").lists::<OrganizationView>(),
        Endpoint::post(
            "/organizations",
            "Make one, with its first user; the answer has both secrets",
        )
        .takes::<OrganizationRequest>()
        .example(json!({ "name": "A customer", "user": user }))
        .answers::<OrganizationView>(),
        Endpoint::get("/organizations/{organization}", "An organization").answers::<OrganizationView>(),
        rotate_organization.answers::<OrganizationView>(),
        revoke_organization,
        Endpoint::get("/accounts", "The accounts that the caller sees").lists::<AccountView>(),
        Endpoint::post("/accounts", "Make one")
            .takes::<AccountRequest>()
            .example(json!({ "name": "A department" }))
            .answers::<AccountView>(),
        Endpoint::get("/accounts/{account}", "An account").answers::<AccountView>(),
        Endpoint::get("/users", "The users that the caller sees").lists::<UserView>(),
        Endpoint::post("/users", "Make one; the answer has the secret")
            .takes::<UserRequest>()
            .example(user)
            .answers::<UserView>(),
        Endpoint::get("/users/{user}", "A user").answers::<UserView>(),
        Endpoint::delete("/users/{user}", "Remove a user who made no instances"),
        rotate_user.answers::<UserView>(),
        revoke_user,
    ];
    let managed = all
        .into_iter()
        .map(|endpoint| endpoint.guarded().may_conflict().may_miss());
    managed.collect()
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

async fn organizations(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Vec<OrganizationView>>> {
    let found = tenants(&api, &caller).organizations().await?;
    Ok(Json(found.into_iter().map(OrganizationView::from).collect()))
}

async fn organization(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<OrganizationView>> {
    let found = tenants(&api, &caller).organization(organization_id(&id)?).await?;
    Ok(Json(OrganizationView::from(found)))
}

async fn create_organization(
    State(api): State<Api>,
    caller: Caller,
    body: Bytes,
) -> ApiResult<Json<OrganizationView>> {
    let request = OrganizationRequest::parse(&body)?;
    let made = tenants(&api, &caller).create_organization(request).await?;
    let user = UserView::from(made.user).with(&made.user_secret);
    let organization = OrganizationView::from(made.organization).with(&made.secret);
    Ok(Json(organization.with_user(user)))
}

async fn rotate_organization(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<OrganizationView>> {
    let tenants = tenants(&api, &caller);
    let (changed, secret) = tenants.rotate_organization(organization_id(&id)?).await?;
    Ok(Json(OrganizationView::from(changed).with(&secret)))
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

async fn accounts(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Vec<AccountView>>> {
    let found = tenants(&api, &caller).accounts().await?;
    Ok(Json(found.into_iter().map(AccountView::from).collect()))
}

async fn account(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<AccountView>> {
    let found = tenants(&api, &caller).accounts().await?;
    let found = found.into_iter().find(|account| account.id.to_string() == id);
    let found = found.ok_or_else(|| ApiError::not_found(format!("there is no account {id}")))?;
    Ok(Json(AccountView::from(found)))
}

async fn create_account(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<AccountView>> {
    let request = AccountRequest::parse(&body)?;
    let made = tenants(&api, &caller).create_account(request).await?;
    Ok(Json(AccountView::from(made)))
}

async fn users(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Vec<UserView>>> {
    let found = tenants(&api, &caller).users().await?;
    Ok(Json(found.into_iter().map(UserView::from).collect()))
}

async fn user(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<UserView>> {
    Ok(Json(UserView::from(
        tenants(&api, &caller).user(user_id(&id)?).await?,
    )))
}

async fn create_user(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<UserView>> {
    let request = UserRequest::parse(&body)?;
    let (made, secret) = tenants(&api, &caller).create_user(request).await?;
    Ok(Json(UserView::from(made).with(&secret)))
}

async fn rotate_user(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<UserView>> {
    let (changed, secret) = tenants(&api, &caller).rotate_user(user_id(&id)?).await?;
    Ok(Json(UserView::from(changed).with(&secret)))
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
            TenantError::Field { .. } | TenantError::Body(_) => StatusCode::BAD_REQUEST,
            TenantError::Forbidden(_) => StatusCode::FORBIDDEN,
            TenantError::Missing(_) => StatusCode::NOT_FOUND,
            TenantError::LocksOut(_) => StatusCode::CONFLICT,
            TenantError::NoRandomness(error) => return Self::internal(&error),
            TenantError::Store(error) => return error.into(),
        };
        Self::new(status, error.to_string())
    }
}
