//! A resource's poller configuration: checked when an instance is made, compiled when it is polled.

use periodic_sdk::{
    ceql::{self, Expression, Operator},
    contract::Context,
    path::JsonPath,
    poller::{Poller, PollerConfiguration},
};
use serde_json::{Value, json};

use crate::{
    describe::{self, DATE_FORMAT},
    query,
    resource::{self, CREATED, MODIFIED, Resource},
};

/// The parameters of a poller's URL. Order and paging are the walk's own affair: what is asked for of them is read, and
/// has no effect.
const PARAMETERS: [&str; 7] = [
    "where",
    "fields",
    "orderBy",
    "page",
    "pageSize",
    "nextPage",
    "includeDeleted",
];

/// Everything that a walk needs to know of a resource.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) resource: &'static Resource,
    pub(crate) poller: Poller,
    /// The field that the walk goes by.
    pub(crate) date_field: &'static str,
    /// The field that tells when a record was made.
    created_field: String,
    /// The field that holds the id.
    id_field: String,
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
    match given.as_object() {
        None => {
            return Err(format!(
                "a poller configuration is a JSON object, and {given} is none"
            ));
        }
        Some(members) if !members.is_empty() => return Ok(given.to_string()),
        Some(_) => {}
    }
    check_dated(resource::lookup(name)?)?;
    Ok(Value::Object(describe::polling(name)).to_string())
}

impl Plan {
    /// Compile a configuration in force; an error says what is wrong with it.
    pub(crate) fn new(context: &Context, name: &str, configuration: &str) -> Result<Self, String> {
        let resource = resource::lookup(name)?;
        check_dated(resource)?;
        let mut poller = Poller::of(context, configuration)?;
        let configuration = PollerConfiguration::parse(configuration).map_err(|error| error.to_string())?;
        let dates = &configuration.dates_configuration;
        let given = |field: &Option<String>| field.clone().filter(|field| !field.trim().is_empty());
        let date_field = match given(&dates.updated_date_field) {
            None => MODIFIED,
            Some(field) => date_field(resource, &field)?,
        };
        if poller.updated.is_none() {
            poller.updated = path(MODIFIED)?.into();
            poller.rules.updated_format = iso();
        }
        let created_field = given(&dates.created_date_field).unwrap_or_else(|| CREATED.to_owned());
        if poller.created.is_none() {
            poller.created = path(CREATED)?.into();
            poller.rules.created_format = iso();
        }
        if poller.id.names_nothing() {
            return Err("idField: is missing; Maximizer's records have their id in Key".to_owned());
        }
        let format = poller.default_format.take();
        poller.default_format = Some(format.unwrap_or_else(|| DATE_FORMAT.to_owned()));
        let plan = Self {
            resource,
            poller,
            date_field,
            created_field,
            id_field: configuration.id_field.clone(),
        };
        // A template that renders for one window renders for all.
        plan.asked(context, 0, 0)?;
        Ok(plan)
    }

    /// Expand the template for a window.
    pub(crate) fn asked(&self, context: &Context, since: i64, until: i64) -> Result<Asked, String> {
        let url = self.poller.url(context, since, until)?;
        if url.resource() != self.resource.name {
            let (asked, own) = (url.resource(), self.resource.name);
            return Err(format!(
                "url: reads {asked:?}, but the entry is for {own:?}; its path should be /{own}"
            ));
        }
        if let Some((unknown, _)) = url
            .query
            .iter()
            .find(|(name, _)| !PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name)))
        {
            let known = PARAMETERS.join(", ");
            return Err(format!(
                "url: there is no parameter {unknown:?}; there are {known}"
            ));
        }
        let clause = url.where_clause().map(str::trim);
        let condition = match clause.filter(|clause| !clause.is_empty()) {
            None => json!({}),
            Some(clause) => self
                .condition(clause)
                .map_err(|error| format!("url: where: {error}"))?,
        };
        let fields = self.fields(url.parameter("fields").map(list).unwrap_or_default());
        Ok(Asked { condition, fields })
    }

    fn condition(&self, clause: &str) -> Result<Value, String> {
        let expression = ceql::parse(clause).map_err(|error| error.to_string())?;
        self.check_start(&expression)?;
        match self.without_start(expression) {
            Some(expression) => query::translate(self.resource, &expression),
            None => Ok(json!({})),
        }
    }

    /// What is read: what identity, id and dates rest on, whatever is asked for.
    fn fields(&self, mut fields: Vec<String>) -> Vec<String> {
        let known = |name: &str| self.resource.field(name).is_some();
        let needed = ["Key", self.date_field, &self.created_field, &self.id_field];
        if fields.is_empty() {
            if needed.iter().all(|name| known(root(name))) {
                return fields;
            }
            fields = self
                .resource
                .fields
                .iter()
                .map(|field| field.name.to_owned())
                .collect();
        }
        for needed in needed {
            let has = |field: &String| {
                field.eq_ignore_ascii_case(needed) || field.eq_ignore_ascii_case(root(needed))
            };
            if !fields.iter().any(has) {
                fields.push(root(needed).to_owned());
            }
        }
        fields
    }

    /// A date of change that is compared for equality finds next to nothing.
    fn check_start(&self, expression: &Expression) -> Result<(), String> {
        let equal = expression.conjuncts().into_iter().any(|part| {
            matches!(part, Expression::Compare { field, operator: Operator::Equal, .. }
                if field.name.eq_ignore_ascii_case(self.date_field))
        });
        if equal {
            return Err(format!(
                "{0} = … finds what was changed in that very second only; write {0} >= …",
                self.date_field
            ));
        }
        Ok(())
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

/// The field that a path begins with.
fn root(path: &str) -> &str {
    query::split(path).map_or(path, |(first, _)| first)
}

fn path(text: &str) -> Result<JsonPath, String> {
    JsonPath::parse(text).map_err(|error| error.to_string())
}

fn iso() -> Option<periodic_sdk::template::DateFormat> {
    periodic_sdk::template::DateFormat::new(DATE_FORMAT).ok()
}

fn list(fields: &str) -> Vec<String> {
    fields
        .split(',')
        .map(|field| field.trim().to_owned())
        .filter(|field| !field.is_empty())
        .collect()
}
