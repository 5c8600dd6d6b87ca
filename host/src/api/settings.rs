//! `/accounts/settings`: what an account says of itself.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    routing::get,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    openapi::{Endpoint, FreeObject},
};
use crate::{
    body::read,
    store::{FailurePolicy, User},
};

/// The longest key, and the longest value.
const LONGEST: usize = 1000;
/// The most settings of an account.
const MOST: usize = 200;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/accounts/settings", get(show).patch(change).post(change))
        .route(
            "/accounts/{id}/settings",
            get(show_of).patch(change_of).post(change_of),
        )
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let of = |path: &str| {
        let changing = |endpoint: Endpoint| {
            let example = json!({ FailurePolicy::SETTING: "queue" });
            endpoint
                .takes::<FreeObject>()
                .example(example)
                .answers::<Settings>()
        };
        [
            Endpoint::get(path, "The settings of the account").answers::<Settings>(),
            changing(Endpoint::patch(path, "Change those that are named")),
            changing(Endpoint::post(path, "The same")),
        ]
    };
    let all = ["/accounts/settings", "/accounts/{id}/settings"];
    all.into_iter().flat_map(of).collect()
}

/// The settings of an account, by their names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(as = AccountSettings)]
struct Settings(BTreeMap<String, String>);

/// `GET /accounts/settings`.
async fn show(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Settings>> {
    in_force(&api, &caller.user).await
}

/// `GET /accounts/{id}/settings`.
async fn show_of(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Settings>> {
    check_own(&caller.user, &id)?;
    in_force(&api, &caller.user).await
}

/// `PATCH|POST /accounts/settings`: what is not named stays.
async fn change(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Json<Settings>> {
    put(&api, &caller.user, &body).await
}

/// `PATCH|POST /accounts/{id}/settings`.
async fn change_of(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> ApiResult<Json<Settings>> {
    check_own(&caller.user, &id)?;
    put(&api, &caller.user, &body).await
}

/// Another account does not exist for him.
pub(super) fn check_own(user: &User, id: &str) -> ApiResult<()> {
    if id.parse() == Ok(user.account.0) {
        return Ok(());
    }
    Err(ApiError::not_found(format!("there is no account {id}")))
}

async fn put(api: &Api, user: &User, body: &[u8]) -> ApiResult<Json<Settings>> {
    let changes = check(read(body)?)?;
    let known = api.host.store.account_settings(user.account).await?;
    let new = changes.keys().filter(|key| !known.contains_key(*key)).count();
    if known.len() + new > MOST {
        return Err(ApiError::bad_request(format!(
            "an account has at most {MOST} settings, and this would make {}",
            known.len() + new
        )));
    }
    api.host.store.put_account_settings(user.account, changes).await?;
    in_force(api, user).await
}

async fn in_force(api: &Api, user: &User) -> ApiResult<Json<Settings>> {
    let mut settings = api.host.store.account_settings(user.account).await?;
    settings
        .entry(FailurePolicy::SETTING.to_owned())
        .or_insert_with(|| "retry".to_owned());
    Ok(Json(Settings(settings)))
}

/// Texts, numbers and truth values by key. Keys that mean nothing here are kept for whoever reads them.
fn check(settings: BTreeMap<String, Value>) -> ApiResult<BTreeMap<String, String>> {
    let mut checked = BTreeMap::new();
    for (key, value) in settings {
        let value = match value {
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return Err(ApiError::bad_request(format!("{key}: should be a text"))),
        };
        if key == FailurePolicy::SETTING && FailurePolicy::parse(&value).is_none() {
            return Err(ApiError::bad_request(format!(
                "{key}: {value:?} is no policy; it should be retry or queue"
            )));
        }
        if key.is_empty() || key.len() > LONGEST || value.len() > LONGEST {
            return Err(ApiError::bad_request(format!(
                "a setting has a key of 1 to {LONGEST} bytes and a value of at most {LONGEST}"
            )));
        }
        checked.insert(key, value);
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_checked() {
        let policy = FailurePolicy::SETTING;
        for good in [
            json!({ policy: "queue" }),
            json!({ policy: "retry", "x": 5 }),
            json!({}),
        ] {
            let settings = serde_json::from_value(good.clone()).unwrap();
            assert!(check(settings).is_ok(), "{good}");
        }
        for bad in [
            json!({ policy: "drop" }),
            json!({ policy: null }),
            json!({ "x": [] }),
            json!({ "": "y" }),
        ] {
            let settings = serde_json::from_value(bad.clone()).unwrap();
            assert!(check(settings).is_err(), "{bad}");
        }
    }
}
