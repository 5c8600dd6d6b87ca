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
use serde_json::{Map, Value, json};

pub(super) use self::scope::owners;
use self::scope::{Level, OfAccount, OfInstance, OfOrganization, Scope};
use super::{
    Api,
    error::{ApiError, ApiResult},
    openapi::{Endpoint, FreeObject},
};
use crate::{
    body::{read, read_value},
    store::CommonObject,
    transform::{Definition, Transformation, Unfit, check_name},
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

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let rename = |path| {
        Endpoint::patch(path, "Rename a common object")
            .takes::<rename::Renaming>()
            .answers::<rename::Renamed>()
            .may_conflict()
    };
    let mut all = vec![
        rename("/instances/objects/{name}").by_token(),
        rename("/instances/{id}/objects/{name}"),
        Endpoint::get(
            "/common-resources",
            "The common objects of the caller's account and organization",
        )
        .lists::<definitions::CommonResource>(),
    ];
    all.extend(said("/organizations", "/elements/{key}").map(Endpoint::guarded));
    all.extend(said("/accounts", "/elements/{key}"));
    all.extend(said("/accounts/{id}", "/elements/{key}"));
    all.extend(said("/instances", "").map(Endpoint::by_token));
    all.extend(said("/instances/{id}", ""));
    all
}

/// What is said of a level.
fn said(prefix: &str, element: &str) -> impl Iterator<Item = Endpoint> + use<> {
    let definition = json!({ "fields": [{ "path": "id", "type": "string" }, { "path": "name.last" }] });
    let transformation = json!({
        "vendorName": "contacts",
        "fields": [{ "path": "id", "vendorPath": "Key" }, { "path": "name.last", "vendorPath": "LastName" }],
    });
    let definitions = format!("{prefix}/objects/definitions");
    let define = |endpoint: Endpoint| {
        let endpoint = endpoint.takes::<Definition>().example(definition.clone());
        endpoint.answers::<definitions::DefinitionView>().may_conflict()
    };
    let one = format!("{prefix}/objects/{{name}}/definitions");
    let transformations = format!("{prefix}{element}/transformations");
    let map = |endpoint: Endpoint| {
        let endpoint = endpoint.takes::<Transformation>().example(transformation.clone());
        endpoint
            .answers::<transformations::TransformationView>()
            .may_conflict()
    };
    let mapped = format!("{transformations}/{{name}}");
    let all = [
        Endpoint::get(&*definitions, "The level's definitions of common objects")
            .by_name::<definitions::DefinitionView>(),
        Endpoint::post(&*definitions, "Define several, by name; all of them, or none")
            .takes::<FreeObject>()
            .example(json!({ "people": definition }))
            .by_name::<definitions::DefinitionView>()
            .may_conflict(),
        Endpoint::delete(&*definitions, "Remove them all"),
        Endpoint::get(&*one, "A definition").answers::<definitions::DefinitionView>(),
        define(Endpoint::post(&*one, "Define a common object")),
        define(Endpoint::put(&*one, "Define it otherwise")),
        Endpoint::delete(one, "Remove a definition"),
        Endpoint::get(&*transformations, "The level's transformations")
            .by_name::<transformations::TransformationView>(),
        Endpoint::post(&*transformations, "Make several, by name; all of them, or none")
            .takes::<FreeObject>()
            .example(json!({ "people": transformation }))
            .by_name::<transformations::TransformationView>()
            .may_conflict(),
        Endpoint::delete(transformations, "Remove them all"),
        Endpoint::get(&*mapped, "A transformation with what it inherits")
            .answers::<transformations::TransformationView>(),
        map(Endpoint::post(&*mapped, "Make a transformation")),
        map(Endpoint::put(&*mapped, "Replace a transformation")),
        Endpoint::delete(mapped, "Remove a transformation"),
    ];
    all.into_iter().map(Endpoint::may_miss)
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
        let one = read_value(&name, &value)?;
        Ok((name, one))
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
