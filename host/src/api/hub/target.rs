//! What a path names: a resource of the element, or a common object that one of them becomes.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use periodic_sdk::description::{Description, Resource, ResourceOperation};
use serde_json::{Value, value::RawValue};

use super::{
    super::{
        Api,
        auth::OnInstance,
        common,
        error::{ApiError, ApiResult},
    },
    address::Addressed,
    find, find_any,
    place::{Place, allowed, described},
};
use crate::{
    adapter::contract::hub,
    session::HubAnswer,
    store::{Instance, OrganizationId},
    transform::{Kind, Mapping, Objects, Room, Selection, Sent, TooMuch, Unaskable},
};

/// A resource, and how it is shown.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// As the caller names it.
    asked: Addressed,
    mapping: Option<Arc<Mapping>>,
    /// The members that the caller named.
    named: Vec<String>,
    selection: Selection,
    /// What the provider did not get of what the caller wrote.
    ignored: Vec<String>,
}

/// The common objects of an instance.
pub(in crate::api) async fn objects_of(
    api: &Api,
    instance: &Instance,
    organization: OrganizationId,
) -> ApiResult<Arc<Objects>> {
    let owners = common::owners(instance, organization);
    let host = &api.host;
    let found = host
        .objects
        .of(&*host.store, instance.id, &instance.element, &owners);
    Ok(found.await?)
}

impl Target {
    /// What an instance has under a name.
    pub(super) async fn of(api: &Api, on: &OnInstance, asked: Addressed) -> ApiResult<Self> {
        let objects = objects_of(api, &on.instance, on.organization).await?;
        let mapping = objects.get(&asked.declared).filter(|_| !asked.is_child);
        Ok(Self {
            mapping: mapping.cloned(),
            asked,
            named: Vec::new(),
            selection: Selection::default(),
            ignored: Vec::new(),
        })
    }

    /// The resource's name, as the adapter knows it.
    pub(super) fn resource(&self) -> String {
        let resource = self.mapping.as_ref().map(|mapping| &mapping.resource);
        resource.unwrap_or(&self.asked.called).clone()
    }

    /// The members that the caller named, in the caller's words.
    pub(super) fn named(&self) -> &[String] {
        &self.named
    }

    /// Whether the element can do this with the resource.
    pub(super) fn check(&self, description: &Description, needed: ResourceOperation) -> ApiResult<()> {
        let known = self.find(description)?;
        if known.operations.contains(&needed) {
            return Ok(());
        }
        let what = format!("cannot {}", Place::of(needed).verb);
        let refusal = self.refusal(description, known, &what);
        Err(refusal.not_allowed(&allowed(needed, known)))
    }

    /// Refuse a method that no resource has at the path of all objects, or of one.
    pub(super) fn unknown(
        &self,
        description: &Description,
        method: &Method,
        on_object: bool,
    ) -> ApiResult<ApiError> {
        let known = self.find(description)?;
        let place = if on_object {
            "the path of one object"
        } else {
            "this path"
        };
        let what = format!("does not know the method {method} at {place}");
        let refusal = self.refusal(description, known, &what);
        Ok(refusal.not_allowed(&described(on_object, known)))
    }

    /// What cannot be done with the resource, and what can.
    fn refusal(&self, description: &Description, known: &Resource, what: &str) -> ApiError {
        let can = known
            .operations
            .iter()
            .map(|operation| Place::of(*operation).verb);
        ApiError::bad_request(format!(
            "{} of {} {what}; it can {}",
            self.asked.declared,
            description.key,
            can.collect::<Vec<_>>().join(", ")
        ))
    }

    /// What the element says of the resource.
    pub(super) fn find<'d>(&self, description: &'d Description) -> ApiResult<&'d Resource> {
        match &self.mapping {
            None if self.asked.is_child => find_any(description, &self.asked.declared),
            None => find(description, &self.asked.declared),
            Some(mapping) => description.resources.get(&mapping.resource).ok_or_else(|| {
                ApiError::not_found(format!(
                    "{} is made of {:?}, which {} does not have; change vendorName of its transformation",
                    self.asked.declared, mapping.resource, description.key
                ))
            }),
        }
    }

    /// The members to ask the provider for, so that these can be shown.
    pub(super) fn select(&mut self, names: Vec<String>) -> ApiResult<Vec<String>> {
        self.named.clone_from(&names);
        let Some(mapping) = &self.mapping else {
            return Ok(names);
        };
        let asked = mapping.select(&names)?;
        self.selection = asked.selection;
        Ok(asked.members)
    }

    /// A listing in the provider's names.
    pub(super) fn listing(&mut self, listing: hub::Listing) -> ApiResult<hub::Listing> {
        let fields = self.select(listing.fields)?;
        let Some(mapping) = &self.mapping else {
            return Ok(hub::Listing { fields, ..listing });
        };
        let filter = listing.where_.map(|clause| mapping.filter(&clause)).transpose()?;
        let order = listing.order_by.map(|order| mapping.order(&order)).transpose()?;
        Ok(hub::Listing {
            resource: self.resource(),
            where_: filter,
            fields,
            order_by: order,
            ..listing
        })
    }

    /// What a caller wrote, in the provider's form. The description tells the types that the provider wants.
    pub(super) fn sent(&mut self, written: Value, description: &Description) -> ApiResult<String> {
        let Some(mapping) = &self.mapping else {
            return Ok(written.to_string());
        };
        let fields = description.resources.get(&mapping.resource);
        let fields = fields
            .map(|resource| resource.fields.as_slice())
            .unwrap_or_default();
        let described = |name: &str| {
            let field = fields.iter().find(|field| field.path == name)?;
            Kind::of(&field.kind)
        };
        let Sent { record, ignored } = mapping.sent(&written, &described)?;
        self.ignored = ignored;
        Ok(record.to_string())
    }

    /// An answer in the caller's form. Long lists are work, which must not hold up others.
    pub(super) async fn shown(&self, answer: HubAnswer) -> ApiResult<HubAnswer> {
        let Some(mapping) = self.mapping.clone() else {
            return Ok(answer);
        };
        let selection = self.selection.clone();
        let work = move || {
            let room = Room::default();
            let one = |record: &RawValue| shown(&mapping, record, &selection, &room);
            let answer = match answer {
                HubAnswer::Listed { records, next, total } => HubAnswer::Listed {
                    records: records
                        .iter()
                        .map(|record| one(record))
                        .collect::<ApiResult<_>>()?,
                    next,
                    total,
                },
                HubAnswer::One(record) => HubAnswer::One(one(&record)?),
                other @ (HubAnswer::Fields(_) | HubAnswer::Done) => other,
            };
            Ok(answer)
        };
        let worked = tokio::task::spawn_blocking(work).await;
        worked.map_err(|error| ApiError::internal(&error))?
    }

    /// Say what was not sent, as Cloud Elements says of what it did only in part.
    pub(super) fn warn(&self, headers: &mut HeaderMap) {
        if self.ignored.is_empty() {
            return;
        }
        let visible = |letter: char| {
            if letter.is_ascii_graphic() || letter == ' ' {
                letter
            } else {
                '?'
            }
        };
        let names: String = self.ignored.join(", ").chars().map(visible).take(1000).collect();
        if let Ok(warning) = HeaderValue::from_str(&format!("fields ignored: {names}")) {
            headers.insert("elements-error", warning);
        }
    }
}

fn shown(
    mapping: &Mapping,
    record: &RawValue,
    selection: &Selection,
    room: &Room,
) -> ApiResult<Box<RawValue>> {
    let no_json = |error: serde_json::Error| {
        let message = format!("the adapter's record is no JSON: {error}");
        ApiError::new(StatusCode::BAD_GATEWAY, message)
    };
    let record: Value = serde_json::from_str(record.get()).map_err(no_json)?;
    let object = mapping.shown(&record, selection, room);
    room.check(&mapping.object)?;
    serde_json::value::to_raw_value(&object).map_err(no_json)
}

impl From<TooMuch> for ApiError {
    fn from(too_much: TooMuch) -> Self {
        Self::bad_request(too_much.to_string())
    }
}

impl From<Unaskable> for ApiError {
    fn from(unaskable: Unaskable) -> Self {
        Self::bad_request(unaskable.to_string())
    }
}
