//! Who asks: `Authorization: User …, Organization …, Element …`.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, HeaderValue, header::AUTHORIZATION, request::Parts},
};

use super::{Api, error::ApiError, hub, instances};
use crate::{
    adapter::NotServed,
    store::{Instance, InstanceId, OrganizationId, User},
};

/// A user of an organization, and the instance that an Element token addresses.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Who asks.
    pub(super) user: User,
    /// The addressed instance.
    pub(super) instance: Option<Instance>,
}

impl Caller {
    /// The instance that the token addresses, which narrows what is asked for.
    pub(super) fn own(&self) -> Option<InstanceId> {
        self.instance.as_ref().map(|instance| instance.id)
    }
}

/// A caller who addresses an instance by its token.
#[derive(Debug, Clone)]
pub(super) struct OnInstance {
    /// The addressed instance.
    pub(super) instance: Instance,
    /// The organization of its account.
    pub(super) organization: OrganizationId,
}

/// An instance of the caller's account: that of the path's id (`{id}`, beneath an element `{key}` if there is one), or
/// without an id that of the Element token.
#[derive(Debug, Clone)]
pub(super) struct Addressed {
    /// The addressed instance.
    pub(super) instance: Instance,
    /// The organization of its account.
    pub(super) organization: OrganizationId,
}

/// The secrets of the header.
#[derive(Debug, Default, PartialEq, Eq)]
struct Presented<'a> {
    user: Option<&'a str>,
    organization: Option<&'a str>,
    element: Option<&'a str>,
}

impl<'a> Presented<'a> {
    /// Read the header: pairs of scheme and secret between commas, in any order, whatever the case and the spaces.
    /// Secrets contain `+`, `/` and `=`, never commas or spaces. None when it makes no sense.
    fn parse(header: &'a str) -> Option<Self> {
        let mut presented = Self::default();
        for part in header.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (scheme, secret) = part.split_once(char::is_whitespace)?;
            let place = match scheme.to_ascii_lowercase().as_str() {
                "user" => &mut presented.user,
                "organization" => &mut presented.organization,
                "element" => &mut presented.element,
                _ => return None,
            };
            let secret = secret.trim();
            if secret.contains(char::is_whitespace) || place.replace(secret).is_some() {
                return None;
            }
        }
        Some(presented)
    }
}

/// Whether the header has an Element token, whatever it is worth.
pub(super) fn addresses_instance(headers: &HeaderMap) -> bool {
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    header
        .and_then(Presented::parse)
        .is_some_and(|presented| presented.element.is_some())
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let caller = Self::known(parts.headers.get(AUTHORIZATION), api).await?;
        api.limiter
            .admit(caller.user.id, api.host.clock.now())
            .map_err(ApiError::too_many)?;
        Ok(caller)
    }
}

impl Caller {
    /// Whose these secrets are now.
    pub(super) async fn known(header: Option<&HeaderValue>, api: &Api) -> Result<Self, ApiError> {
        let presented = header
            .and_then(|header| header.to_str().ok())
            .and_then(Presented::parse)
            .ok_or_else(ApiError::unauthorized)?;
        let (store, vault) = (&api.host.store, &api.host.vault);
        // Secrets are looked up by keyed digest: what a comparison's time could tell is of no use.
        let user = match presented {
            Presented {
                user: Some(user),
                organization: Some(organization),
                ..
            } => {
                store
                    .user(&vault.digest(user), &vault.digest(organization))
                    .await?
            }
            Presented {
                user: Some(user),
                organization: None,
                element: Some(_),
            } => store.user_by_secret(&vault.digest(user)).await?,
            _ => None,
        };
        let user = user.ok_or_else(ApiError::unauthorized)?;
        let instance = match presented.element {
            None => None,
            Some(token) => {
                let instance = store.instance_by_token(&vault.digest(token)).await?;
                let own = instance.filter(|instance| instance.account == user.account);
                Some(own.ok_or_else(ApiError::unauthorized)?)
            }
        };
        Ok(Self { user, instance })
    }
}

impl FromRequestParts<Api> for OnInstance {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Caller { user, instance } = Caller::from_request_parts(parts, api).await?;
        let instance = instance.ok_or_else(ApiError::unauthorized)?;
        hub::addressed(instance.id);
        Ok(Self {
            instance,
            organization: user.organization,
        })
    }
}

impl FromRequestParts<Api> for Addressed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Caller { user, instance } = Caller::from_request_parts(parts, api).await?;
        let path = RawPathParams::from_request_parts(parts, api)
            .await
            .map_err(|unreadable| ApiError::bad_request(unreadable.to_string()))?;
        let parameter = |name| {
            path.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value)
        };
        let instance = match parameter("id") {
            Some(id) => instances::find(api, &user, id).await?,
            None => instance.ok_or_else(ApiError::unauthorized)?,
        };
        if let Some(key) = parameter("key").filter(|key| *key != instance.element) {
            match api.host.adapters.find(key).await {
                Ok(adapter) if adapter.key() == instance.element => {}
                Err(loading @ NotServed::Loading { .. }) => return Err(loading.into()),
                Ok(_) | Err(_) => {
                    let message = format!("{key} has no instance {}", instance.id);
                    return Err(ApiError::not_found(message));
                }
            }
        }
        Ok(Self {
            instance,
            organization: user.organization,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: Option<(Option<&str>, Option<&str>, Option<&str>)>) {
        let parsed = Presented::parse(header).map(|found| (found.user, found.organization, found.element));
        assert_eq!(parsed, expected, "{header:?}");
    }

    #[test]
    fn headers_are_read_tolerantly() {
        check("User a+/=, Organization b", Some((Some("a+/="), Some("b"), None)));
        check(
            "user a,organization b , ELEMENT c=",
            Some((Some("a"), Some("b"), Some("c="))),
        );
        check("  Organization   b,User a", Some((Some("a"), Some("b"), None)));
        check("User a, Element c", Some((Some("a"), None, Some("c"))));
        check("", Some((None, None, None)));
        check("Bearer x", None);
        check("User", None);
        check("User a, User b", None);
        check("User a b", None);
    }
}
