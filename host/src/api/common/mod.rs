//! Common objects: their definitions, and the transformations of resources into them, at each level.

mod definitions;
mod rename;
mod scope;
mod transformations;

use axum::{
    Router,
    routing::{get, patch},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub(super) use self::scope::owners;
use self::scope::{Level, OfAccount, OfInstance, OfOrganization, Scope};
use super::{
    Api,
    error::{ApiError, ApiResult},
    notifications::read,
};
use crate::{
    store::CommonObject,
    transform::{Unfit, check_name},
};

/// The most definitions and transformations of one owner.
const MOST: usize = 200;

/// The routes of this module.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .merge(of::<OfOrganization>("/organizations", "/elements/{key}"))
        .merge(of::<OfAccount>("/accounts", "/elements/{key}"))
        .merge(of::<OfAccount>("/accounts/{id}", "/elements/{key}"))
        .merge(of::<OfInstance>("/instances", ""))
        .merge(of::<OfInstance>("/instances/{id}", ""))
        .route("/instances/objects/{name}", patch(rename::rename))
        .route("/instances/{id}/objects/{name}", patch(rename::rename))
        .route("/common-resources", get(definitions::common_resources))
}

/// The routes of a level, whose transformations stand beneath an element where the level does not say which.
fn of<L: Level>(prefix: &str, element: &str) -> Router<Api> {
    let definitions = format!("{prefix}/objects/definitions");
    let definition = format!("{prefix}/objects/{{name}}/definitions");
    let transformations = format!("{prefix}{element}/transformations");
    Router::new()
        .route(
            &definitions,
            get(definitions::all::<L>)
                .post(definitions::create_all::<L>)
                .delete(definitions::remove_all::<L>),
        )
        .route(
            &definition,
            get(definitions::show::<L>)
                .post(definitions::create::<L>)
                .put(definitions::replace::<L>)
                .delete(definitions::remove::<L>),
        )
        .route(
            &transformations,
            get(transformations::all::<L>)
                .post(transformations::create_all::<L>)
                .delete(transformations::remove_all::<L>),
        )
        .route(
            &format!("{transformations}/{{name}}"),
            get(transformations::show::<L>)
                .post(transformations::create::<L>)
                .put(transformations::replace::<L>)
                .delete(transformations::remove::<L>),
        )
}

/// An object in a path.
#[derive(Debug, serde::Deserialize)]
struct Named {
    name: String,
}

/// Several by name, or one that says its name.
fn by_name<T: DeserializeOwned>(body: &[u8]) -> ApiResult<Vec<(String, T)>> {
    let mut members: Map<String, Value> = read(body)?;
    let name = ["name", "objectName"].iter().find_map(|member| {
        let name = members.get(*member)?.as_str()?;
        (!name.is_empty()).then(|| name.to_owned())
    });
    if let Some(name) = name.filter(|_| !members.values().any(Value::is_object)) {
        return Ok(vec![(name, read(body)?)]);
    }
    // What is told by name is told with its level, which the path says better.
    members.shift_remove("level");
    if members.is_empty() {
        return Err(ApiError::bad_request(
            "the body has nothing in it; it should be an object by names, each with its fields",
        ));
    }
    let read_one = |(name, value): (String, Value)| {
        let text = value.to_string();
        read(text.as_bytes()).map(|one| (name, one))
    };
    members.into_iter().map(read_one).collect()
}

/// What is to be kept, before it is known under which name and whose it is.
trait Kept: serde::Serialize {
    /// Refuse what does not fit.
    fn fits(&self) -> Result<(), Unfit>;
}

/// A row of something that fits.
fn row(
    api: &Api,
    scope: &Scope,
    element: Option<&str>,
    name: &str,
    kept: &impl Kept,
) -> ApiResult<CommonObject> {
    check_name(name)?;
    kept.fits()?;
    Ok(CommonObject {
        owner: scope.owner,
        element: element.map(str::to_owned),
        name: name.to_owned(),
        body: serde_json::to_string(kept).map_err(|error| ApiError::internal(&error))?,
        changed: api.host.clock.now(),
    })
}

async fn create(api: &Api, rows: Vec<CommonObject>) -> ApiResult<()> {
    if !api.host.store.create_common_objects(rows, MOST).await? {
        return Err(ApiError::bad_request(format!(
            "an organization, an account or an instance has at most {MOST} definitions and transformations of its own"
        )));
    }
    api.host.objects.forget();
    Ok(())
}

async fn replace(api: &Api, row: CommonObject) -> ApiResult<()> {
    api.host.store.replace_common_object(row).await?;
    api.host.objects.forget();
    Ok(())
}

/// Remove one, or all. Says how many.
async fn remove(api: &Api, scope: &Scope, element: Option<&str>, name: Option<&str>) -> ApiResult<usize> {
    scope.check_change()?;
    let removed = api
        .host
        .store
        .delete_common_objects(scope.owner, element, name)
        .await?;
    api.host.objects.forget();
    Ok(removed)
}

impl From<Unfit> for ApiError {
    fn from(unfit: Unfit) -> Self {
        Self::bad_request(unfit.to_string())
    }
}
