//! `PATCH /instances/{id}/objects/{name}`: another name for a common object of an instance.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        Api,
        error::{ApiError, ApiResult},
        notifications::read,
    },
    Named,
    scope::{Level as _, OfInstance},
};
use crate::transform::check_name;

/// The new name.
#[derive(Debug, Deserialize)]
struct Renaming {
    #[serde(alias = "objectName")]
    name: Option<String>,
}

/// Definition and transformation of the instance's own level go together; what is inherited is renamed where it stands.
pub(super) async fn rename(
    State(api): State<Api>,
    level: OfInstance,
    Path(Named { name }): Path<Named>,
    body: Bytes,
) -> ApiResult<Json<Value>> {
    let scope = level.scope();
    let renaming: Renaming = read(&body)?;
    let to = renaming
        .name
        .ok_or_else(|| ApiError::bad_request("name: is missing; it is the object's new name"))?;
    check_name(&to)?;
    let (store, now) = (&api.host.store, api.host.clock.now());
    store.rename_common_object(scope.owner, &name, &to, now).await?;
    api.host.objects.forget();
    Ok(Json(
        json!({ "name": to, "objectName": to, "level": scope.level() }),
    ))
}
