//! `PATCH /instances/{id}/objects/{name}`: another name for a common object of an instance.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        Api,
        error::{ApiError, ApiResult},
    },
    Named,
    scope::{Level as _, OfInstance},
};
use crate::{
    body::read,
    transform::{self, check_name},
};

/// The new name.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ObjectRenaming)]
pub(super) struct Renaming {
    #[serde(alias = "objectName")]
    #[schema(required, nullable = false)]
    name: Option<String>,
}

/// What a common object is called now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RenamedObject)]
pub(super) struct Renamed {
    name: String,
    object_name: String,
    level: transform::Level,
}

/// Definition and transformation of the instance's own level go together; what is inherited is renamed where it stands.
pub(super) async fn rename(
    State(api): State<Api>,
    level: OfInstance,
    Path(Named { name }): Path<Named>,
    body: Bytes,
) -> ApiResult<Json<Renamed>> {
    let scope = level.scope();
    let renaming: Renaming = read(&body)?;
    let to = renaming
        .name
        .ok_or_else(|| ApiError::bad_request("name: is missing; it is the object's new name"))?;
    check_name(&to)?;
    let (store, now) = (&api.host.store, api.host.clock.now());
    store.rename_common_object(scope.owner, &name, &to, now).await?;
    api.host.objects.forget();
    Ok(Json(Renamed {
        name: to.clone(),
        object_name: to,
        level: scope.level(),
    }))
}
