//! `…/objects/definitions` and `…/objects/{name}/definitions`: each level its own.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use indexmap::IndexMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        Api,
        auth::Caller,
        error::{ApiError, ApiResult},
    },
    Kept, Named, by_name,
    scope::{Level, Scope},
};
use crate::{
    body::read,
    store::{CommonObject, Owner},
    transform::{self, Definition, Unfit},
};

impl Kept for Definition {
    fn fits(&self) -> Result<(), Unfit> {
        self.check()
    }
}

/// A definition of a common object.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ObjectDefinition)]
pub(super) struct DefinitionView {
    name: String,
    object_name: String,
    fields: Vec<FieldView>,
    level: transform::Level,
}

/// A field of a definition.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DefinitionField)]
struct FieldView {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    /// The level that defines it.
    associated_level: transform::Level,
}

/// A common object with the fields of all levels.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CommonResource {
    name: String,
    fields: Vec<FieldView>,
}

/// `GET …/objects/definitions`: by name; 404 when there are none.
pub(super) async fn all<L: Level>(
    State(api): State<Api>,
    level: L,
) -> ApiResult<Json<IndexMap<String, DefinitionView>>> {
    let scope = level.scope();
    let found = own(&api, &scope).await?;
    if found.is_empty() {
        return Err(missing("no object", &scope));
    }
    shown_by_name(&found)
}

/// `POST …/objects/definitions`: several by name, or one that says its name. All are made, or none.
pub(super) async fn create_all<L: Level>(
    State(api): State<Api>,
    level: L,
    body: Bytes,
) -> ApiResult<Json<IndexMap<String, DefinitionView>>> {
    let scope = level.scope();
    scope.check_change()?;
    let mut rows = Vec::new();
    for (name, definition) in by_name::<Definition>(&body)? {
        rows.push(super::row(&api, &scope, None, &name, &definition)?);
    }
    super::create(&api, rows.clone()).await?;
    shown_by_name(&rows)
}

/// `DELETE …/objects/definitions`: all of the level.
pub(super) async fn remove_all<L: Level>(State(api): State<Api>, level: L) -> ApiResult<StatusCode> {
    super::remove(&api, &level.scope(), None, None).await?;
    Ok(StatusCode::OK)
}

/// `GET …/objects/{name}/definitions`.
pub(super) async fn show<L: Level>(
    State(api): State<Api>,
    level: L,
    Path(Named { name }): Path<Named>,
) -> ApiResult<Json<DefinitionView>> {
    let scope = level.scope();
    let found = own(&api, &scope).await?;
    let found = found.iter().find(|row| row.name == name);
    let found = found.ok_or_else(|| missing(&format!("no object {name:?}"), &scope))?;
    shown(found).map(Json)
}

/// `POST …/objects/{name}/definitions`.
pub(super) async fn create<L: Level>(
    State(api): State<Api>,
    level: L,
    Path(Named { name }): Path<Named>,
    body: Bytes,
) -> ApiResult<Json<DefinitionView>> {
    let row = written(&api, &level.scope(), &name, &body)?;
    super::create(&api, vec![row.clone()]).await?;
    shown(&row).map(Json)
}

/// `PUT …/objects/{name}/definitions`.
pub(super) async fn replace<L: Level>(
    State(api): State<Api>,
    level: L,
    Path(Named { name }): Path<Named>,
    body: Bytes,
) -> ApiResult<Json<DefinitionView>> {
    let row = written(&api, &level.scope(), &name, &body)?;
    super::replace(&api, row.clone()).await?;
    shown(&row).map(Json)
}

/// `DELETE …/objects/{name}/definitions`: 200 with an empty body.
pub(super) async fn remove<L: Level>(
    State(api): State<Api>,
    level: L,
    Path(Named { name }): Path<Named>,
) -> ApiResult<StatusCode> {
    let scope = level.scope();
    match super::remove(&api, &scope, None, Some(&name)).await? {
        0 => Err(missing(&format!("no object {name:?}"), &scope)),
        _ => Ok(StatusCode::OK),
    }
}

/// `GET /common-resources`: the objects of the caller's account and organization, each with the fields of both.
pub(super) async fn common_resources(
    State(api): State<Api>,
    caller: Caller,
) -> ApiResult<Json<Vec<CommonResource>>> {
    let owners = [
        Owner::Account(caller.user.account),
        Owner::Organization(caller.user.organization),
    ];
    let rows = api.host.store.common_objects(&owners, None).await?;
    let mut objects: IndexMap<&str, Vec<FieldView>> = IndexMap::new();
    for row in rows.iter().filter(|row| row.element.is_none()) {
        let known = objects.entry(&row.name).or_default();
        for field in fields(row)? {
            if !known.iter().any(|other| other.path == field.path) {
                known.push(field);
            }
        }
    }
    let shown = objects.into_iter().map(|(name, fields)| CommonResource {
        name: name.to_owned(),
        fields,
    });
    Ok(Json(shown.collect()))
}

/// The row of a definition that a caller wrote.
fn written(api: &Api, scope: &Scope, name: &str, body: &[u8]) -> ApiResult<CommonObject> {
    scope.check_change()?;
    super::row(api, scope, None, name, &read::<Definition>(body)?)
}

/// The definitions of the level itself.
async fn own(api: &Api, scope: &Scope) -> ApiResult<Vec<CommonObject>> {
    let mut rows = api.host.store.common_objects(&[scope.owner], None).await?;
    rows.retain(|row| row.element.is_none());
    Ok(rows)
}

fn missing(what: &str, scope: &Scope) -> ApiError {
    let level = scope.level();
    ApiError::not_found(format!("{what} is defined at the level of the {level}"))
}

fn shown_by_name(rows: &[CommonObject]) -> ApiResult<Json<IndexMap<String, DefinitionView>>> {
    let shown = |row: &CommonObject| Ok((row.name.clone(), shown(row)?));
    rows.iter().map(shown).collect::<ApiResult<_>>().map(Json)
}

fn shown(row: &CommonObject) -> ApiResult<DefinitionView> {
    Ok(DefinitionView {
        name: row.name.clone(),
        object_name: row.name.clone(),
        fields: fields(row)?,
        level: transform::Level::of(row.owner),
    })
}

fn fields(row: &CommonObject) -> ApiResult<Vec<FieldView>> {
    let definition: Definition =
        serde_json::from_str(&row.body).map_err(|error| ApiError::internal(&error))?;
    let level = transform::Level::of(row.owner);
    let shown = definition.fields.into_iter().map(|field| FieldView {
        kind: field.kind,
        path: field.path,
        associated_level: level,
    });
    Ok(shown.collect())
}
