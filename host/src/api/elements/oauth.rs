//! The browser's part of a grant.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use indexmap::IndexMap;
use periodic_sdk::description::AuthenticationKind;
use serde_json::{Value, json};

use super::{
    super::{
        Api,
        error::{ApiError, ApiResult},
        query::Query,
    },
    find,
};
use crate::{
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

/// `GET /elements/{keyOrId}/oauth/url`: the URL to send a browser to. Nobody has to say who he is for it.
pub(super) async fn url(
    State(api): State<Api>,
    Path(key): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    authorize_url(&api, &key, &query).await
}

/// `POST /elements/{keyOrId}/oauth/url`: the parameters in the query or in a JSON object, which logs do not see.
pub(super) async fn url_of_body(
    State(api): State<Api>,
    Path(key): Path<String>,
    mut query: Query,
    body: Bytes,
) -> ApiResult<Json<Value>> {
    if !body.trim_ascii().is_empty() {
        let parameters: serde_json::Map<String, Value> = serde_json::from_slice(&body).map_err(|error| {
            ApiError::bad_request(format!("body: has to be a JSON object of parameters: {error}"))
        })?;
        for (name, value) in parameters {
            match value {
                Value::String(text) => query.push(name, text),
                Value::Bool(_) | Value::Number(_) => query.push(name, value.to_string()),
                Value::Null => {}
                Value::Array(_) | Value::Object(_) => {
                    return Err(ApiError::bad_request(format!("{name}: has to be a text")));
                }
            }
        }
    }
    authorize_url(&api, &key, &query).await
}

/// `GET /elements/{keyOrId}/oauth/token`: the temporary token of OAuth 1.0a.
pub(super) async fn token(State(api): State<Api>, Path(key): Path<String>) -> ApiResult<Json<Value>> {
    let adapter = find(&api, &key)?;
    let key = adapter.key();
    Err(ApiError::bad_request(
        match adapter.description().authentication.kind {
            AuthenticationKind::Oauth1 => {
                format!("{key}: this release cannot run the grant of OAuth 1.0a yet")
            }
            AuthenticationKind::Oauth2 => format!(
                "{key} authenticates with OAuth 2.0, which has no request tokens; ask for GET /elements/{key}/oauth/url"
            ),
            _ => format!("{key} does not authenticate with OAuth; POST /instances with its configuration"),
        },
    ))
}

async fn authorize_url(api: &Api, key: &str, query: &Query) -> ApiResult<Json<Value>> {
    let adapter = find(api, key)?;
    let key = adapter.key().to_owned();
    let pkce = adapter.description().authentication.pkce;
    let mut secrets = Secrets::default();
    for (parameter, secret) in [("apiKey", "oauth.api.key"), ("apiSecret", "oauth.api.secret")] {
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
    let session =
        Session::draft(&api.host, adapter, InstanceId(0), configuration, secrets).map_err(Problem::from)?;
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
    Ok(Json(json!({ "oauthUrl": url, "element": key })))
}
