//! What an instance has: `/ping`, `/objects` and what is known of each.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use periodic_sdk::{child, description::Resource};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{Api, auth::OnInstance, elements, elements::ObjectMetadata, error::ApiResult, view},
    check_enabled, find_any,
    target::objects_of,
};
use crate::{
    adapter::contract::hub,
    session::{Failure, HubAnswer, Session},
    store::Instance,
};

/// The version in which objects are listed with their kinds.
const HELIUM: &str = "helium";

/// The provider answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ping {
    date_time: String,
    /// The element's key.
    endpoint: String,
}

/// A resource or a common object: its name, or with `Elements-Version: Helium` its name and kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ListedObject)]
pub(super) enum Listed {
    Named(String),
    Kind(ObjectKind),
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectKind {
    name: String,
    /// What stands behind it.
    vendor_name: String,
    /// `vdr`, `ceCanonical` or `vendor`.
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A resource by name, with or without a hub before it.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Named {
    name: String,
}

/// `GET /ping`.
pub(super) async fn ping(State(api): State<Api>, on: OnInstance) -> ApiResult<Json<Ping>> {
    check_enabled(&on.instance)?;
    let (host, instance) = (Arc::clone(&api.host), on.instance.clone());
    let checked = api.carry(async move { Session::open(&host, &instance).await?.awaited().check().await });
    checked.await??;
    Ok(Json(Ping {
        date_time: view::instant(api.host.clock.now()),
        endpoint: on.instance.element,
    }))
}

/// `GET /objects`, also of a disabled instance, common objects among them: names, or with `Elements-Version: Helium` names and kinds.
pub(super) async fn list(
    State(api): State<Api>,
    on: OnInstance,
    headers: HeaderMap,
) -> ApiResult<Json<Vec<Listed>>> {
    let adapter = elements::find(&api, &on.instance.element).await?;
    let objects = objects_of(&api, &on.instance, on.organization).await?;
    let described = objects.describe(adapter.description());
    let names = described.resources.keys();
    let names = names.filter(|name| child::names(name).is_none());
    let version = headers
        .get("elements-version")
        .and_then(|version| version.to_str().ok())
        .unwrap_or_default();
    let body: Vec<Listed> = if version.trim().eq_ignore_ascii_case(HELIUM) {
        let entry = |name: &str, resource: &str, kind| {
            Listed::Kind(ObjectKind {
                name: name.to_owned(),
                vendor_name: resource.to_owned(),
                kind,
            })
        };
        names
            .flat_map(|name| match objects.get(name) {
                Some(mapping) => vec![entry(name, mapping.resource.as_str(), "vdr")],
                // The element's own resource, and what it stands for at the provider: adapters call both the same.
                None => ["ceCanonical", "vendor"]
                    .map(|kind| entry(name, name.as_str(), kind))
                    .into(),
            })
            .collect()
    } else {
        names.cloned().map(Listed::Named).collect()
    };
    Ok(Json(body))
}

/// `GET /objects/{name}/metadata`: the fields as the provider tells them, otherwise as the element describes them.
pub(super) async fn metadata(
    State(api): State<Api>,
    on: OnInstance,
    Path(Named { name }): Path<Named>,
) -> ApiResult<Json<ObjectMetadata>> {
    let adapter = elements::find(&api, &on.instance.element).await?;
    let objects = objects_of(&api, &on.instance, on.organization).await?;
    if let Some(mapping) = objects.get(&name) {
        return Ok(Json(ObjectMetadata::of_mapping(mapping)));
    }
    let resource = find_any(adapter.description(), &name)?;
    let fields = match on.instance.disabled {
        true => described(resource),
        false => told(&api, &on.instance, &name)
            .await?
            .unwrap_or_else(|| described(resource)),
    };
    Ok(Json(ObjectMetadata::of_resource(name, &fields)))
}

/// `GET /objects/{name}/docs`: Swagger 2.0 of the resource.
pub(super) async fn docs(
    State(api): State<Api>,
    on: OnInstance,
    Path(Named { name }): Path<Named>,
) -> ApiResult<Json<Value>> {
    let adapter = elements::find(&api, &on.instance.element).await?;
    let objects = objects_of(&api, &on.instance, on.organization).await?;
    find_any(&objects.describe(adapter.description()), &name)?;
    let subject = elements::Subject::instance(adapter.description(), &objects);
    Ok(Json(elements::resource_docs(&api, subject, &name)))
}

fn described(resource: &Resource) -> Value {
    serde_json::to_value(&resource.fields).unwrap_or_default()
}

/// What the provider tells; none where it cannot tell.
async fn told(api: &Api, instance: &Instance, name: &str) -> ApiResult<Option<Value>> {
    let (host, instance, operation) = (
        Arc::clone(&api.host),
        instance.clone(),
        hub::Operation::Fields(name.to_owned()),
    );
    let told = api.carry(async move {
        let mut session = Session::open(&host, &instance).await?.awaited();
        match session.operate(operation).await {
            Ok(HubAnswer::Fields(json)) => serde_json::from_str(&json)
                .map(Some)
                .map_err(|error| session.malformed(format!("the fields are no JSON: {error}"))),
            Ok(_) | Err(Failure::Unsupported(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    });
    Ok(told.await??)
}
