//! Which level a path addresses, and what stands above it.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{StatusCode, request::Parts},
};

use super::super::{
    Api,
    auth::{Addressed, Caller},
    elements,
    error::{ApiError, ApiResult},
    settings::check_own,
};
use crate::{
    store::{Instance, OrganizationId, Owner, Role},
    transform,
};

/// A level that a path addresses.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Whose definitions and transformations are meant.
    pub(super) owner: Owner,
    /// What is inherited from, the nearest first.
    pub(super) above: Vec<Owner>,
    /// The element whose transformations are meant, where the path or the instance says one.
    element: Option<String>,
    may_change: bool,
}

/// Extracts a [`Scope`].
pub(super) trait Level: FromRequestParts<Api, Rejection = ApiError> + Send + 'static {
    /// What is addressed.
    fn scope(self) -> Scope;
}

/// The caller's organization.
#[derive(Debug)]
pub(super) struct OfOrganization(Scope);

/// The caller's account, with its id in the path or without.
#[derive(Debug)]
pub(super) struct OfAccount(Scope);

/// An instance, by the path's id or by its token.
#[derive(Debug)]
pub(super) struct OfInstance(Scope);

impl Scope {
    /// Of an instance of an organization.
    fn instance(instance: &Instance, organization: OrganizationId) -> Self {
        let [nearest, above @ ..] = owners(instance, organization);
        Self {
            owner: nearest,
            above: above.to_vec(),
            element: Some(instance.element.clone()),
            may_change: true,
        }
    }

    /// All owners, the nearest first.
    pub(super) fn owners(&self) -> Vec<Owner> {
        let mut owners = vec![self.owner];
        owners.extend(&self.above);
        owners
    }

    /// The name of the level.
    pub(super) fn level(&self) -> transform::Level {
        transform::Level::of(self.owner)
    }

    /// The element whose transformations are meant.
    pub(super) fn element(&self) -> ApiResult<&str> {
        let missing = || ApiError::not_found("there is no element in the path");
        self.element.as_deref().ok_or_else(missing)
    }

    /// Refuse changes by those who may only look.
    pub(super) fn check_change(&self) -> ApiResult<()> {
        if self.may_change {
            return Ok(());
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "only administrators change what holds for a whole organization; an account and an instance have \
             definitions and transformations of their own",
        ))
    }
}

/// Whose definitions and transformations an instance goes by, the nearest first.
pub(in crate::api) fn owners(instance: &Instance, organization: OrganizationId) -> [Owner; 3] {
    [
        Owner::Instance(instance.id),
        Owner::Account(instance.account),
        Owner::Organization(organization),
    ]
}

impl Level for OfOrganization {
    fn scope(self) -> Scope {
        self.0
    }
}

impl Level for OfAccount {
    fn scope(self) -> Scope {
        self.0
    }
}

impl Level for OfInstance {
    fn scope(self) -> Scope {
        self.0
    }
}

impl FromRequestParts<Api> for OfOrganization {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> ApiResult<Self> {
        let Caller { user, .. } = Caller::from_request_parts(parts, api).await?;
        Ok(Self(Scope {
            owner: Owner::Organization(user.organization),
            above: Vec::new(),
            element: element(parts, api).await?,
            may_change: user.role >= Role::Administrator,
        }))
    }
}

impl FromRequestParts<Api> for OfAccount {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> ApiResult<Self> {
        let Caller { user, .. } = Caller::from_request_parts(parts, api).await?;
        if let Some(id) = parameter(parts, api, "id").await? {
            check_own(&user, &id)?;
        }
        Ok(Self(Scope {
            owner: Owner::Account(user.account),
            above: vec![Owner::Organization(user.organization)],
            element: element(parts, api).await?,
            may_change: true,
        }))
    }
}

impl FromRequestParts<Api> for OfInstance {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> ApiResult<Self> {
        let Addressed {
            instance,
            organization,
        } = Addressed::from_request_parts(parts, api).await?;
        Ok(Self(Scope::instance(&instance, organization)))
    }
}

/// The element of the path, by key or id.
async fn element(parts: &mut Parts, api: &Api) -> ApiResult<Option<String>> {
    match parameter(parts, api, "key").await? {
        None => Ok(None),
        Some(key) => Ok(Some(elements::find(api, &key).await?.key().to_owned())),
    }
}

async fn parameter(parts: &mut Parts, api: &Api, name: &str) -> ApiResult<Option<String>> {
    let path = RawPathParams::from_request_parts(parts, api)
        .await
        .map_err(|unreadable| ApiError::bad_request(unreadable.to_string()))?;
    let found = path.iter().find(|(known, _)| *known == name);
    Ok(found.map(|(_, value)| value.to_owned()))
}
