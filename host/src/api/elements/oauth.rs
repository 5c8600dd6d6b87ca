//! The browser's part of a grant.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use indexmap::IndexMap;
use periodic_sdk::description::AuthenticationKind;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    query::Query,
};
use crate::{
    adapter::{Adapter, NotServed},
    body,
    egress::Secrets,
    ids,
    instance::Problem,
    session::{self, AuthorizeRequest, Session, is_secret},
    store::InstanceId,
    vault::Secret,
};

/// The parameters that are not configuration.
const OWN: [&str; 8] = [
    "apiKey",
    "apiSecret",
    "callbackUrl",
    "scope",
    "state",
    "requestToken",
    "isOAuthProxy",
    "oauthProxyName",
];
/// The parameters that are secrets of the instance, with their configuration keys.
const CREDENTIALS: [(&str, &str); 2] = [("apiKey", "oauth.api.key"), ("apiSecret", "oauth.api.secret")];

/// Where a browser has to be sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OauthUrl)]
pub(super) struct Consent {
    oauth_url: String,
    /// The element's key.
    element: String,
}

/// The temporary credentials of OAuth 1.0a.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemporaryCredentials)]
pub(super) struct TemporaryView {
    token: String,
    secret: String,
}

/// Parameters, for their shape only; other members are configuration of the instance to be. Read by [`with_body`].
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OauthParameters)]
pub(super) struct Parameters {
    api_key: Option<String>,
    api_secret: Option<String>,
    callback_url: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    request_token: Option<String>,
}

/// `GET /elements/{keyOrId}/oauth/url`: the URL to send a browser to. Nobody has to say who he is for it.
pub(super) async fn url(
    State(api): State<Api>,
    Path(key): Path<String>,
    caller: Result<Caller, ApiError>,
    query: Query,
) -> ApiResult<Json<Consent>> {
    authorize_url(&api, &key, caller.ok(), &query).await
}

/// `POST /elements/{keyOrId}/oauth/url`: the parameters in the query or in a JSON object, which logs do not see.
pub(super) async fn url_of_body(
    State(api): State<Api>,
    Path(key): Path<String>,
    caller: Result<Caller, ApiError>,
    query: Query,
    body: Bytes,
) -> ApiResult<Json<Consent>> {
    authorize_url(&api, &key, caller.ok(), &with_body(query, &body)?).await
}

/// `GET /elements/{keyOrId}/oauth/token`: the temporary credentials of OAuth 1.0a. Nobody has to say who he is for it, as
/// long as he brings the credentials of his own application.
pub(super) async fn token(
    State(api): State<Api>,
    Path(key): Path<String>,
    caller: Result<Caller, ApiError>,
    query: Query,
) -> ApiResult<Json<TemporaryView>> {
    request_token(&api, &key, caller.ok(), &query).await
}

/// `POST /elements/{keyOrId}/oauth/token`: likewise, with the parameters where logs do not see them.
pub(super) async fn token_of_body(
    State(api): State<Api>,
    Path(key): Path<String>,
    caller: Result<Caller, ApiError>,
    query: Query,
    body: Bytes,
) -> ApiResult<Json<TemporaryView>> {
    request_token(&api, &key, caller.ok(), &with_body(query, &body)?).await
}

fn with_body(mut query: Query, body: &[u8]) -> ApiResult<Query> {
    if body.trim_ascii().is_empty() {
        return Ok(query);
    }
    for (name, value) in body::object(body)? {
        match value {
            Value::String(text) => query.push(name, text),
            Value::Bool(_) | Value::Number(_) => query.push(name, value.to_string()),
            Value::Null => {}
            Value::Array(_) | Value::Object(_) => {
                return Err(ApiError::bad_request(format!("{name}: has to be a text")));
            }
        }
    }
    Ok(query)
}

/// The element of a path. What else is served, and what is not, is told to known callers only.
async fn element(api: &Api, key: &str, caller: Option<&Caller>) -> ApiResult<Arc<Adapter>> {
    match api.host.adapters.find(key).await {
        Err(NotServed::Kept { .. } | NotServed::Unknown { .. }) if caller.is_none() => {
            Err(ApiError::not_found(format!("there is no element {key:?}")))
        }
        found => Ok(found?),
    }
}

async fn request_token(
    api: &Api,
    key: &str,
    caller: Option<Caller>,
    query: &Query,
) -> ApiResult<Json<TemporaryView>> {
    let adapter = element(api, key, caller.as_ref()).await?;
    let key = adapter.key();
    match adapter.description().authentication.kind {
        AuthenticationKind::Oauth1 => {}
        AuthenticationKind::Oauth2 => {
            return Err(ApiError::bad_request(format!(
                "{key} authenticates with OAuth 2.0, which has no request tokens; ask for GET /elements/{key}/oauth/url"
            )));
        }
        _ => return Err(no_oauth(key)),
    }
    // NOTE: the provider's address may be a parameter. What the operator presets is not signed with for anybody.
    let absent = CREDENTIALS.iter().find(|(name, _)| query.get(name).is_none());
    if let (Some((name, _)), None) = (absent, &caller) {
        return Err(ApiError::bad_request(format!(
            "{name}: is missing; give the consumer key and its secret as apiKey and apiSecret, or say who you are to use \
             those that the operator presets"
        )));
    }
    let mut session = draft(api, adapter, query)?;
    if let Some((name, _)) = CREDENTIALS
        .iter()
        .find(|(_, secret)| session.secrets().get(secret).is_none())
    {
        return Err(ApiError::bad_request(format!(
            "{name}: is missing; the provider gave you a consumer key and its secret"
        )));
    }
    let temporary = session.temporary(query.get("callbackUrl")).await;
    let session::Temporary { token, secret } = temporary.map_err(Problem::from)?;
    Ok(Json(TemporaryView {
        token: token.expose().to_owned(),
        secret: secret.expose().to_owned(),
    }))
}

async fn authorize_url(
    api: &Api,
    key: &str,
    caller: Option<Caller>,
    query: &Query,
) -> ApiResult<Json<Consent>> {
    let adapter = element(api, key, caller.as_ref()).await?;
    let key = adapter.key().to_owned();
    let kind = adapter.description().authentication.kind;
    if !matches!(kind, AuthenticationKind::Oauth1 | AuthenticationKind::Oauth2) {
        return Err(no_oauth(&key));
    }
    let url = if kind == AuthenticationKind::Oauth1 {
        let Some(token) = query.get("requestToken") else {
            return Err(ApiError::bad_request(format!(
                "requestToken: is missing; it is the token that GET /elements/{key}/oauth/token answers"
            )));
        };
        let token = Secret::from(token);
        let mut session = draft(api, adapter, query)?;
        let url = session.consent_url(token, query.get("callbackUrl")).await;
        url.map_err(Problem::from)?
    } else {
        code_url(api, adapter, query).await?
    };
    Ok(Json(Consent {
        oauth_url: url,
        element: key,
    }))
}

fn no_oauth(key: &str) -> ApiError {
    ApiError::bad_request(format!(
        "{key} does not authenticate with OAuth; POST /instances with its configuration"
    ))
}

/// The URL that brings a code of OAuth 2.0.
async fn code_url(api: &Api, adapter: Arc<Adapter>, query: &Query) -> ApiResult<String> {
    let key = adapter.key().to_owned();
    let pkce = adapter.description().authentication.pkce;
    let session = draft(api, adapter, query)?;
    if session.secrets().get("oauth.api.key").is_none() {
        return Err(ApiError::bad_request(
            "apiKey: is missing; it is the client id that the provider gave you",
        ));
    }
    let state = match query.get("state") {
        Some(state) => state.to_owned(),
        None if pkce => ids::event_id(api.host.clock.now()).map_err(Problem::from)?,
        None => key.clone(),
    };
    let verifier = if pkce {
        Some(session::verifier().map_err(Problem::from)?)
    } else {
        None
    };
    let asked = AuthorizeRequest {
        callback_url: query.get("callbackUrl").map(str::to_owned),
        state: state.clone(),
        scope: query.get("scope").map(str::to_owned),
        verifier: verifier.clone(),
    };
    let url = session.authorize_url(asked).await.map_err(Problem::from)?;
    if let Some(verifier) = verifier
        && !api
            .host
            .verifiers
            .put(&key, &state, verifier, api.host.clock.now())
    {
        return Err(ApiError::bad_request(format!(
            "state: {state:?} is in use by a grant under way; leave it out, and a unique one is made"
        )));
    }
    Ok(url)
}

/// A session of an instance to be, of what the parameters say.
fn draft<'h>(api: &'h Api, adapter: Arc<Adapter>, query: &Query) -> ApiResult<Session<'h>> {
    let mut secrets = Secrets::default();
    for (parameter, secret) in CREDENTIALS {
        if let Some(value) = query.get(parameter) {
            secrets.insert(secret.to_owned(), Secret::from(value));
        }
    }
    let mut configuration = IndexMap::new();
    for (name, value) in query
        .others(&OWN)
        .filter(|(name, _)| !is_secret(adapter.description(), name))
    {
        configuration.insert(name.to_owned(), value.to_owned());
    }
    // No instance has the id 0.
    let session = Session::draft(&api.host, adapter, InstanceId(0), configuration, secrets);
    Ok(session.map_err(Problem::from)?)
}
