//! A resource's poller configuration: checked when an instance is made, compiled when it is polled.

use periodic_sdk::{
    ceql::{Expression, Operator},
    contract::Context,
    path::JsonPath,
    poller::{Poller, PollerConfiguration},
    template::{Moment, PollerUrl},
};
use serde_json::{Value, json};

use crate::{
    describe::{self, DATE_FORMAT},
    query,
    resource::{self, CREATED, MODIFIED, Resource},
};

/// Seconds that the dates of a new record may differ by when the configuration does not say: as documented, none.
const TOLERANCE: f64 = 0.0;

/// Everything that a walk needs to know of a resource.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) resource: &'static Resource,
    pub(crate) poller: Poller,
    /// The field that the walk goes by.
    pub(crate) date_field: &'static str,
    /// The field that tells when a record was made.
    pub(crate) created_field: String,
    placeholders: Vec<(String, String)>,
    updated_format: Option<String>,
}

/// What the URL of one window asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The conditions besides the window's start.
    pub(crate) condition: Value,
    /// Exactly these fields; empty means all that are known.
    pub(crate) fields: Vec<String>,
}

/// The configuration in force: the element's own for `{ }`, the instance's otherwise.
pub(crate) fn in_force(name: &str, configuration: &str) -> Result<String, String> {
    let given: Value = serde_json::from_str(configuration).map_err(|error| error.to_string())?;
    if given.as_object().is_some_and(|members| !members.is_empty()) {
        return Ok(given.to_string());
    }
    let resource = resource::find(name).map_err(|_unknown| format!("Maximizer has no resource {name:?}"))?;
    check_dated(resource)?;
    Ok(Value::Object(describe::polling(name)).to_string())
}

impl Plan {
    /// Compile a configuration in force; an error says what is wrong with it.
    pub(crate) fn new(context: &Context, name: &str, configuration: &str) -> Result<Self, String> {
        let resource =
            resource::find(name).map_err(|_unknown| format!("Maximizer has no resource {name:?}"))?;
        check_dated(resource)?;
        let configuration = PollerConfiguration::parse(configuration).map_err(|error| error.to_string())?;
        let placeholders: Vec<(String, String)> = context
            .configuration
            .iter()
            .map(|setting| (setting.key.clone(), setting.value.clone()))
            .collect();
        let lookup = |name: &str| find(&placeholders, name);
        let mut poller = configuration
            .compile(&lookup, TOLERANCE)
            .map_err(|error| error.to_string())?;
        let dates = &configuration.dates_configuration;
        let date_field = match dates.updated_date_field.as_deref() {
            None => MODIFIED,
            Some(field) => date_field(resource, field)?,
        };
        if poller.updated.is_none() {
            poller.updated = path(MODIFIED)?.into();
            poller.rules.updated_format = iso();
        }
        let created_field = dates
            .created_date_field
            .clone()
            .unwrap_or_else(|| CREATED.to_owned());
        if poller.created.is_none() {
            poller.created = path(CREATED)?.into();
            poller.rules.created_format = iso();
        }
        if poller.id.names_nothing() {
            return Err("idField: is missing; Maximizer's records have their id in Key".to_owned());
        }
        let updated_format = dates.updated_date_format.clone();
        let plan = Self {
            resource,
            poller,
            date_field,
            created_field,
            placeholders,
            updated_format,
        };
        // A template that renders for one window renders for all.
        plan.asked(0, 0)?;
        Ok(plan)
    }

    /// Expand the template for a window.
    pub(crate) fn asked(&self, since: i64, until: i64) -> Result<Asked, String> {
        let placeholders = |name: &str| find(&self.placeholders, name);
        let default_format = Some(self.updated_format.as_deref().unwrap_or(DATE_FORMAT));
        let moment = Moment {
            since_ms: since,
            now_ms: until,
            default_format,
            placeholders: &placeholders,
        };
        let rendered = self
            .poller
            .template
            .render(&moment)
            .map_err(|error| format!("url: {error}"))?;
        let url = PollerUrl::parse(&rendered).map_err(|error| format!("url: {error}"))?;
        if url.resource() != self.resource.name {
            let (asked, own) = (url.resource(), self.resource.name);
            return Err(format!(
                "url: reads {asked:?}, but the entry is for {own:?}; its path should be /{own}"
            ));
        }
        let condition = match url
            .where_clause()
            .map(str::trim)
            .filter(|clause| !clause.is_empty())
        {
            None => json!({}),
            Some(clause) => {
                let expression =
                    periodic_sdk::ceql::parse(clause).map_err(|error| format!("url: where: {error}"))?;
                match self.without_start(expression) {
                    Some(expression) => query::translate(self.resource, &expression),
                    None => json!({}),
                }
            }
        };
        let mut fields: Vec<String> = url.parameter("fields").map(list).unwrap_or_default();
        if !fields.is_empty() {
            // What identity and dates rest on is read whatever is asked for.
            for needed in ["Key", self.date_field, self.created_field.as_str()] {
                if !fields.iter().any(|field| field.eq_ignore_ascii_case(needed)) {
                    fields.push(needed.to_owned());
                }
            }
        }
        Ok(Asked { condition, fields })
    }

    /// The clause without the conditions that say where the window starts: the walk brings its own, which includes
    /// the second that it starts in. Within an OR they stay, with that second.
    fn without_start(&self, expression: Expression) -> Option<Expression> {
        match expression {
            Expression::And(parts) => {
                let mut parts: Vec<Expression> = parts
                    .into_iter()
                    .filter_map(|part| self.without_start(part))
                    .collect();
                if parts.len() > 1 {
                    Some(Expression::And(parts))
                } else {
                    parts.pop()
                }
            }
            Expression::Or(parts) => Some(Expression::Or(
                parts.into_iter().map(|part| self.including_start(part)).collect(),
            )),
            Expression::Compare {
                field,
                operator: Operator::Greater | Operator::GreaterOrEqual,
                ..
            } if field.name.eq_ignore_ascii_case(self.date_field) => None,
            other => Some(other),
        }
    }

    fn including_start(&self, expression: Expression) -> Expression {
        match expression {
            Expression::Compare {
                field,
                operator: Operator::Greater,
                value,
            } if field.name.eq_ignore_ascii_case(MODIFIED) || field.name.eq_ignore_ascii_case(CREATED) => {
                Expression::Compare {
                    field,
                    operator: Operator::GreaterOrEqual,
                    value,
                }
            }
            Expression::And(parts) => {
                Expression::And(parts.into_iter().map(|part| self.including_start(part)).collect())
            }
            Expression::Or(parts) => {
                Expression::Or(parts.into_iter().map(|part| self.including_start(part)).collect())
            }
            other => other,
        }
    }
}

/// A resource without dates cannot be polled, and the answer says what can.
fn check_dated(resource: &Resource) -> Result<(), String> {
    if resource.is_dated() {
        return Ok(());
    }
    let dated: Vec<&str> = resource::RESOURCES
        .iter()
        .filter(|other| other.is_dated())
        .map(|other| other.name)
        .collect();
    Err(format!(
        "{} cannot be polled: Maximizer does not tell when its records were changed; what can be polled are {}",
        resource.name,
        dated.join(", ")
    ))
}

fn date_field(resource: &Resource, field: &str) -> Result<&'static str, String> {
    [MODIFIED, CREATED]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(field) && resource.field(known).is_some())
        .ok_or_else(|| {
            format!(
                "datesConfiguration.updatedDateField: {field:?} is no date that {} can be read by; it should be \
                 {MODIFIED}",
                resource.name
            )
        })
}

fn path(text: &str) -> Result<JsonPath, String> {
    JsonPath::parse(text).map_err(|error| error.to_string())
}

fn iso() -> Option<periodic_sdk::template::DateFormat> {
    periodic_sdk::template::DateFormat::new(DATE_FORMAT).ok()
}

fn find(placeholders: &[(String, String)], name: &str) -> Option<String> {
    placeholders
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.clone())
}

fn list(fields: &str) -> Vec<String> {
    fields
        .split(',')
        .map(|field| field.trim().to_owned())
        .filter(|field| !field.is_empty())
        .collect()
}
