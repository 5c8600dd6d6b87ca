//! Methods that no resource has at a path: refused as those are that only this resource lacks.

use axum::{
    extract::{Path, State},
    http::Method,
};

use super::{
    super::{
        Api,
        auth::OnInstance,
        error::{ApiError, ApiResult},
    },
    address::{Addressed, CollectionPath, ObjectPath},
    check_enabled,
    target::Target,
};
use crate::session::Failure;

/// Some method of `/{resource}`.
pub(super) async fn of_all(
    State(api): State<Api>,
    on: OnInstance,
    method: Method,
    Path(path): Path<CollectionPath>,
) -> ApiResult<()> {
    Err(refusal(&api, &on, path.resource(), (&method, false)).await?)
}

/// Some method of `/{resource}/{id}`.
pub(super) async fn of_one(
    State(api): State<Api>,
    on: OnInstance,
    method: Method,
    Path(path): Path<ObjectPath>,
) -> ApiResult<()> {
    Err(refusal(&api, &on, path.object().0, (&method, true)).await?)
}

/// What a caller is told of a method at the path of all objects, or of one.
async fn refusal(
    api: &Api,
    on: &OnInstance,
    asked: Addressed,
    (method, on_object): (&Method, bool),
) -> ApiResult<ApiError> {
    check_enabled(&on.instance)?;
    let target = Target::of(api, on, asked).await?;
    let adapter = api.host.adapters.find(&on.instance.element).await;
    let adapter = adapter.map_err(Failure::from)?;
    target.unknown(adapter.description(), method, on_object)
}
