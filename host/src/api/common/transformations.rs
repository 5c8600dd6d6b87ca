//! `…/transformations` and `…/transformations/{name}`: each level its own, shown with what it inherits.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use indexmap::IndexMap;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{
    super::{
        Api,
        error::{ApiError, ApiResult},
        view,
    },
    Kept, Named, by_name,
    scope::{Level, Scope},
};
use crate::{
    body::read,
    store::CommonObject,
    transform::{self, Definition, InForce, MappedField, Rule, Transformation, Types, Unfit},
};

impl Kept for Transformation {
    fn fits(&self) -> Result<(), Unfit> {
        self.check()
    }
}

/// A transformation of a level with what it inherits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ObjectTransformation)]
pub(super) struct TransformationView {
    fields: Vec<FieldView>,
    level: transform::Level,
    object_name: String,
    /// The resource.
    vendor_name: String,
    configuration: Vec<Rule>,
    start_date: String,
}

/// A field of a transformation, in the order of the published one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TransformationField)]
struct FieldView {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    /// Where the provider's value is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vendor_path: Option<String>,
    /// The type that the provider wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vendor_type: Option<String>,
    /// The level whose definition has the field.
    associated_level: transform::Level,
    /// The level at which it is mapped.
    level: transform::Level,
    /// In which directions it goes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    configuration: Vec<Rule>,
}

/// What the level and those above it say of an element.
struct Said<'s> {
    scope: &'s Scope,
    rows: Vec<CommonObject>,
}

/// `GET …/transformations`: by name; 404 when there are none.
pub(super) async fn all<L: Level>(
    State(api): State<Api>,
    level: L,
) -> ApiResult<Json<IndexMap<String, TransformationView>>> {
    let scope = level.scope();
    let said = Said::read(&api, &scope).await?;
    let own: Vec<&str> = said.own().map(|row| row.name.as_str()).collect();
    if own.is_empty() {
        return Err(missing("there is no transformation", &scope));
    }
    said.shown_by_name(own).map(Json)
}

/// `POST …/transformations`: several by name, or one that says its name. All are made, or none.
pub(super) async fn create_all<L: Level>(
    State(api): State<Api>,
    level: L,
    body: Bytes,
) -> ApiResult<Json<IndexMap<String, TransformationView>>> {
    let scope = level.scope();
    scope.check_change()?;
    let before = Said::read(&api, &scope).await?;
    let mut rows = Vec::new();
    for (name, transformation) in by_name::<Transformation>(&body)? {
        let own = before.without_inherited(&name, transformation)?;
        rows.push(super::row(&api, &scope, Some(scope.element()?), &name, &own)?);
    }
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    super::create(&api, rows).await?;
    let after = Said::read(&api, &scope).await?;
    after.shown_by_name(names.iter().map(String::as_str)).map(Json)
}

/// `DELETE …/transformations`: all of the level.
pub(super) async fn remove_all<L: Level>(State(api): State<Api>, level: L) -> ApiResult<StatusCode> {
    let scope = level.scope();
    super::remove(&api, &scope, Some(scope.element()?), None).await?;
    Ok(StatusCode::OK)
}

/// `GET …/transformations/{name}`.
pub(super) async fn show<L: Level>(
    State(api): State<Api>,
    level: L,
    Path(Named { name }): Path<Named>,
) -> ApiResult<Json<TransformationView>> {
    let scope = level.scope();
    Said::read(&api, &scope).await?.shown(&name).map(Json)
}

/// `POST …/transformations/{name}`.
pub(super) async fn create<L: Level>(
    State(api): State<Api>,
    level: L,
    Path(Named { name }): Path<Named>,
    body: Bytes,
) -> ApiResult<Json<TransformationView>> {
    let scope = level.scope();
    let row = written(&api, &scope, &name, &body).await?;
    super::create(&api, vec![row]).await?;
    Said::read(&api, &scope).await?.shown(&name).map(Json)
}

/// `PUT …/transformations/{name}`.
pub(super) async fn replace<L: Level>(
    State(api): State<Api>,
    level: L,
    Path(Named { name }): Path<Named>,
    body: Bytes,
) -> ApiResult<Json<TransformationView>> {
    let scope = level.scope();
    let row = written(&api, &scope, &name, &body).await?;
    super::replace(&api, row).await?;
    Said::read(&api, &scope).await?.shown(&name).map(Json)
}

/// `DELETE …/transformations/{name}`: 200 with an empty body.
pub(super) async fn remove<L: Level>(
    State(api): State<Api>,
    level: L,
    Path(Named { name }): Path<Named>,
) -> ApiResult<StatusCode> {
    let scope = level.scope();
    match super::remove(&api, &scope, Some(scope.element()?), Some(&name)).await? {
        0 => Err(missing(&format!("there is no transformation {name:?}"), &scope)),
        _ => Ok(StatusCode::OK),
    }
}

/// The row of a transformation that a caller wrote.
async fn written(api: &Api, scope: &Scope, name: &str, body: &[u8]) -> ApiResult<CommonObject> {
    scope.check_change()?;
    let said = Said::read(api, scope).await?;
    let own = said.without_inherited(name, read(body)?)?;
    super::row(api, scope, Some(scope.element()?), name, &own)
}

fn missing(what: &str, scope: &Scope) -> ApiError {
    let level = scope.level();
    ApiError::not_found(format!("{what} at the level of the {level}"))
}

impl<'s> Said<'s> {
    async fn read(api: &Api, scope: &'s Scope) -> ApiResult<Self> {
        let element = scope.element()?;
        let store = &api.host.store;
        let rows = store.common_objects(&scope.owners(), Some(element)).await?;
        Ok(Self { scope, rows })
    }

    /// The level's own transformations.
    fn own(&self) -> impl Iterator<Item = &CommonObject> {
        let own = |row: &&CommonObject| row.owner == self.scope.owner && row.element.is_some();
        self.rows.iter().filter(own)
    }

    fn parsed<T: DeserializeOwned>(
        &self,
        name: &str,
        definition: bool,
    ) -> ApiResult<Vec<(transform::Level, T)>> {
        let rows = self.rows.iter();
        let rows = rows.filter(|row| row.name == name && row.element.is_none() == definition);
        let parse = |row: &CommonObject| {
            let body = serde_json::from_str(&row.body).map_err(|error| ApiError::internal(&error))?;
            Ok((transform::Level::of(row.owner), body))
        };
        rows.map(parse).collect()
    }

    /// What a caller wrote, without fields that he was shown because they are inherited.
    fn without_inherited(&self, name: &str, mut written: Transformation) -> ApiResult<Transformation> {
        if !written.inherits() {
            return Ok(written);
        }
        let level = self.scope.level();
        let types = self.types(name)?;
        let above: Vec<(transform::Level, Transformation)> = self.parsed(name, false)?;
        let layers: Vec<_> = above
            .iter()
            .filter(|(other, _)| *other != level)
            .map(|(level, body)| (*level, body))
            .collect();
        let inherited = InForce::of(&layers)
            .map(|in_force| in_force.fields)
            .unwrap_or_default();
        written.fields.retain(|field| {
            let shown = inherited.iter().any(|(from, known)| {
                let same_type = field
                    .kind
                    .as_deref()
                    .is_none_or(|kind| kind == type_of(known, &types));
                field.level == Some(*from) && same_type && field.maps_like(known)
            });
            !shown
        });
        Ok(written)
    }

    fn types(&self, name: &str) -> ApiResult<Types> {
        let definitions: Vec<(transform::Level, Definition)> = self.parsed(name, true)?;
        Ok(Types::of(definitions.iter().map(|(level, body)| (*level, body))))
    }

    fn shown_by_name<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> ApiResult<IndexMap<String, TransformationView>> {
        let shown = |name: &str| Ok((name.to_owned(), self.shown(name)?));
        names.into_iter().map(shown).collect()
    }

    /// A transformation of the level with what it inherits.
    fn shown(&self, name: &str) -> ApiResult<TransformationView> {
        let own = self.own().find(|row| row.name == name);
        let own = own.ok_or_else(|| missing(&format!("there is no transformation {name:?}"), self.scope))?;
        let all: Vec<(transform::Level, Transformation)> = self.parsed(name, false)?;
        let layers: Vec<_> = all.iter().map(|(level, body)| (*level, body)).collect();
        let types = self.types(name)?;
        let in_force =
            InForce::of(&layers).ok_or_else(|| missing("there is no transformation", self.scope))?;
        let configuration = layers.first().map(|(_, nearest)| nearest.configuration.clone());
        let fields = in_force.fields.into_iter();
        let fields = fields.map(|(level, field)| FieldView::new(level, field, &types));
        Ok(TransformationView {
            fields: fields.collect(),
            level: self.scope.level(),
            object_name: name.to_owned(),
            vendor_name: in_force.vendor.unwrap_or_else(|| name.to_owned()),
            configuration: configuration.unwrap_or_default(),
            start_date: view::instant(own.changed),
        })
    }
}

fn type_of<'f>(field: &'f MappedField, types: &'f Types) -> &'f str {
    let own = field.kind.as_deref();
    own.or_else(|| types.kind(&field.path)).unwrap_or("string")
}

impl FieldView {
    fn new(level: transform::Level, field: MappedField, types: &Types) -> Self {
        let defined = field.associated_level.or_else(|| types.level(&field.path));
        Self {
            kind: type_of(&field, types).to_owned(),
            path: field.path,
            vendor_path: field.vendor_path,
            vendor_type: field.vendor_type,
            associated_level: defined.unwrap_or(level),
            level,
            configuration: field.configuration,
        }
    }
}
