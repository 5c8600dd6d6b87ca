//! A resource's poller configuration: checked when an instance is made, compiled when it is polled.

use periodic_sdk::{
    contract::Context,
    java_date::Zone,
    path::JsonPath,
    poller::{Poller, PollerConfiguration},
    template::DateFormat,
};
use serde_json::Value;

use crate::{
    describe::{self, CREATED, DATE_FORMAT, MODIFIED},
    hub,
    resource::{self, Resource},
};

/// What the walk itself says to the store: what is asked for of it is read, and has no effect.
const OWN: [&str; 9] = [
    "modified_after",
    "modified_before",
    "dates_are_gmt",
    "orderby",
    "order",
    "per_page",
    "page",
    "offset",
    "_fields",
];

/// Everything that a walk needs to know of a resource.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) resource: &'static Resource,
    pub(crate) poller: Poller,
    /// The store's parameters besides the walk's own.
    pub(crate) conditions: Vec<(String, String)>,
}

/// The configuration in force: the element's own for `{ }`, the instance's otherwise.
pub(crate) fn in_force(name: &str, configuration: &str) -> Result<String, String> {
    resource::lookup(name)?;
    let given: Value = serde_json::from_str(configuration).map_err(|error| error.to_string())?;
    match given.as_object() {
        None => Err(format!(
            "a poller configuration is a JSON object, and {given} is none"
        )),
        Some(members) if !members.is_empty() => Ok(given.to_string()),
        Some(_) => Ok(Value::Object(describe::polling(name)).to_string()),
    }
}

impl Plan {
    /// Compile a configuration in force for a window; an error says what is wrong with it.
    pub(crate) fn new(
        context: &Context,
        name: &str,
        configuration: &str,
        since: i64,
        until: i64,
    ) -> Result<Self, String> {
        let mut poller = Poller::of(context, configuration)?;
        if poller.id.names_nothing() {
            return Err("idField: is missing; the store's records have their id in id".to_owned());
        }
        let configuration = PollerConfiguration::parse(configuration).map_err(|error| error.to_string())?;
        let dates = &configuration.dates_configuration;
        if let Some(field) = in_gmt(&dates.updated_date_field, MODIFIED) {
            poller.updated = Some(path(field)?);
            poller.rules.updated_format = Some(iso()?);
            poller.rules.updated_zone = Zone::UTC;
        }
        if let Some(field) = in_gmt(&dates.created_date_field, CREATED) {
            poller.created = Some(path(field)?);
            poller.rules.created_format = Some(iso()?);
            poller.rules.created_zone = Zone::UTC;
        }
        let format = poller.default_format.take();
        poller.default_format = Some(format.unwrap_or_else(|| DATE_FORMAT.to_owned()));
        let url = poller.url(context, since, until)?;
        let asked = url.resource();
        let resource = resource::lookup(&asked)?;
        if resource.path != resource::lookup(name)?.path {
            return Err(format!("url: asks for {asked}, which is not {name}"));
        }
        let mut conditions =
            hub::conditions(url.where_clause()).map_err(|failure| format!("url: {}", words(&failure)))?;
        let others = url
            .query
            .into_iter()
            .filter(|(name, _)| name != "where" && name != "pageSize");
        conditions.extend(others);
        conditions.retain(|(name, _)| !OWN.contains(&name.as_str()));
        Ok(Self {
            resource,
            poller,
            conditions,
        })
    }
}

/// The store writes every date twice: in its own zone, which it does not tell, and in GMT. Whoever names the first, or
/// none, means the same instant as the second.
fn in_gmt(field: &Option<String>, gmt: &'static str) -> Option<&'static str> {
    let local = gmt.strip_suffix("_gmt").unwrap_or(gmt);
    let given = field.as_deref().map_or("", str::trim);
    (given.is_empty() || given == local || given == gmt).then_some(gmt)
}

pub(crate) fn iso() -> Result<DateFormat, String> {
    DateFormat::new(DATE_FORMAT).map_err(|error| error.to_string())
}

fn path(text: &str) -> Result<JsonPath, String> {
    JsonPath::parse(text).map_err(|error| error.to_string())
}

fn words(failure: &periodic_sdk::contract::Failure) -> String {
    match failure {
        periodic_sdk::contract::Failure::InvalidRequest(detail) => detail.message.clone(),
        other => format!("{other:?}"),
    }
}
