//! `/elements`.

use axum::{
    Json,
    extract::{Path, State},
};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    query::Query,
    view,
};
use crate::{
    adapter::Adapter,
    egress::Secrets,
    instance::Problem,
    session::{AuthorizeRequest, Session, is_secret},
    store::InstanceId,
    vault::Secret,
};

/// `GET /elements`.
pub(super) async fn list(State(api): State<Api>, _: Caller) -> Json<Value> {
    Json(
        api.host
            .adapters
            .list()
            .iter()
            .map(|adapter| whole(adapter))
            .collect(),
    )
}

/// `GET /elements/{keyOrId}`.
pub(super) async fn get(
    State(api): State<Api>,
    _: Caller,
    Path(key): Path<String>,
) -> ApiResult<Json<Value>> {
    find(&api, &key).map(|adapter| Json(whole(&adapter)))
}

/// `GET /elements/{keyOrId}/oauth/url`: the URL to send a browser to. Nobody has to say who he is for it.
pub(super) async fn oauth_url(
    State(api): State<Api>,
    Path(key): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    const OWN: [&str; 5] = ["apiKey", "apiSecret", "callbackUrl", "scope", "state"];
    let adapter = find(&api, &key)?;
    let key = adapter.key().to_owned();
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
    let asked = AuthorizeRequest {
        callback_url: query.get("callbackUrl").map(str::to_owned),
        state: query.get("state").unwrap_or(&key).to_owned(),
        scope: query.get("scope").map(str::to_owned),
    };
    let url = session.authorize_url(asked).await.map_err(Problem::from)?;
    Ok(Json(json!({ "oauthUrl": url, "element": key })))
}

pub(super) fn find(api: &Api, key: &str) -> ApiResult<std::sync::Arc<Adapter>> {
    let missing = || ApiError::not_found(format!("no element {key:?} is served"));
    api.host.adapters.get(key).ok_or_else(missing)
}

/// An element with its resources and its configuration.
fn whole(adapter: &Adapter) -> Value {
    let description = adapter.description();
    let mut body = view::element(description);
    if let Value::Object(members) = &mut body {
        let resources = description.resources.iter().map(|(name, resource)| {
            json!({ "name": name, "operations": resource.operations, "polling": resource.polling.is_some() })
        });
        members.insert("resources".to_owned(), resources.collect());
        let keys = description.configuration.iter().map(|key| {
            json!({
                "key": key.key, "name": key.name, "description": key.description, "type": key.kind,
                "required": key.required, "defaultValue": key.default,
            })
        });
        members.insert("configuration".to_owned(), keys.collect());
    }
    body
}
