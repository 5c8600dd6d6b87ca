//! The configuration as it is written, and what it means.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use super::Rules;
use crate::{
    java_date::{PatternError, Zone},
    path::{JsonPath, PathError},
    template::{DateFormat, Template, TemplateError},
};

/// What the instance says of a resource. Numbers and truth values come as JSON or as text; unknown members are
/// passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PollerConfiguration {
    /// The template of the path to poll.
    pub url: String,
    /// Where a record's id stands; empty means nowhere.
    #[serde(default)]
    pub id_field: String,
    /// Where a record's dates stand and how they are written.
    #[serde(default, skip_serializing_if = "DatesConfiguration::is_empty")]
    pub dates_configuration: DatesConfiguration,
    /// Drop records that were changed before the window. One page of the documentation misspells it.
    #[serde(default = "yes", alias = "filterByUpdateDate", deserialize_with = "truth")]
    pub filter_by_updated_date: bool,
    /// Drop records that were changed after the poll's start.
    #[serde(default, deserialize_with = "truth")]
    pub filter_by_current_date: bool,
    /// Seconds that the dates of a new record may differ by.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub created_check_tolerance: Option<f64>,
    /// Records of one page.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub page_size: Option<f64>,
    /// Seconds that the window starts earlier, for providers whose search lags behind.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub poll_delay: Option<f64>,
    /// A stray that the archive's example has beside `datesConfiguration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_date_timezone: Option<String>,
}

/// Where a record's dates stand and how they are written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatesConfiguration {
    /// Path of the date of the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_date_field: Option<String>,
    /// Its format: a pattern of Java's `SimpleDateFormat`, or `milliseconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_date_format: Option<String>,
    /// The zone of dates that name none; GMT unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_date_timezone: Option<String>,
    /// Path of the date of creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_field: Option<String>,
    /// Its format; that of the last change unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_format: Option<String>,
    /// Its zone; that of the last change unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_timezone: Option<String>,
    /// One page of the documentation puts the tolerance here.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub created_check_tolerance: Option<f64>,
}

/// A configuration, ready to be used.
#[derive(Debug, Clone)]
pub struct Poller {
    /// The template of the path to poll.
    pub template: Template,
    /// Where a record's id stands.
    pub id: JsonPath,
    /// Path of the date of the last change.
    pub updated: Option<JsonPath>,
    /// Path of the date of creation.
    pub created: Option<JsonPath>,
    /// How records are judged.
    pub rules: Rules,
    /// Records of one page.
    pub page_size: Option<u32>,
    /// What `${date}` without a format is written in: the format of the date of the last change.
    pub default_format: Option<String>,
}

/// What is wrong with a configuration, by its member.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PollerError {
    /// Its shape.
    #[error("{0}")]
    Shape(String),
    /// The URL.
    #[error("url: {0}")]
    Url(#[from] TemplateError),
    /// A path.
    #[error("{member}: {error}")]
    Path {
        /// Which.
        member: &'static str,
        /// What is wrong.
        error: PathError,
    },
    /// A date format.
    #[error("datesConfiguration.{member}: {error}")]
    Format {
        /// Which.
        member: &'static str,
        /// What is wrong.
        error: PatternError,
    },
    /// A time zone.
    #[error("datesConfiguration.{member}: {zone:?} is no time zone; write America/Denver, PST, -8:00 or GMT")]
    Zone {
        /// Which.
        member: &'static str,
        /// As written.
        zone: String,
    },
    /// A date field without a format.
    #[error(
        "datesConfiguration.updatedDateFormat: is missing; write the format of {0:?}, for instance \
         yyyy-MM-dd'T'HH:mm:ssXXX or milliseconds"
    )]
    NoFormat(String),
    /// A number out of range.
    #[error("{member}: {value} is out of range; it should be {range}")]
    Number {
        /// Which.
        member: &'static str,
        /// As written.
        value: f64,
        /// What is taken.
        range: &'static str,
    },
}

impl PollerConfiguration {
    /// Read a configuration.
    pub fn parse(json: &str) -> Result<Self, PollerError> {
        serde_json::from_str(json).map_err(|error| PollerError::Shape(error.to_string()))
    }

    /// Compile it. `placeholders` fills `{TimeZone}` and its like in zones; `tolerance` is what holds when the
    /// configuration names none, in seconds.
    pub fn compile(
        &self,
        placeholders: &dyn Fn(&str) -> Option<String>,
        tolerance: f64,
    ) -> Result<Poller, PollerError> {
        let dates = &self.dates_configuration;
        let path =
            |member, text: &Option<String>| match text.as_deref().filter(|text| !text.trim().is_empty()) {
                None => Ok(None),
                Some(text) => JsonPath::parse(text)
                    .map(Some)
                    .map_err(|error| PollerError::Path { member, error }),
            };
        let format = |member, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => DateFormat::new(text)
                .map(Some)
                .map_err(|error| PollerError::Format { member, error }),
        };
        let zone = |member, text: Option<&String>| match text.map(|text| fill(text, placeholders)) {
            None => Ok(None),
            Some(zone) if zone.trim().is_empty() => Ok(None),
            Some(zone) => Zone::known(zone.trim())
                .map(Some)
                .ok_or(PollerError::Zone { member, zone }),
        };
        let updated = path("datesConfiguration.updatedDateField", &dates.updated_date_field)?;
        let created = path("datesConfiguration.createdDateField", &dates.created_date_field)?;
        let updated_format = format("updatedDateFormat", &dates.updated_date_format)?;
        if let (Some(field), None) = (&dates.updated_date_field, &updated_format) {
            return Err(PollerError::NoFormat(field.clone()));
        }
        let created_format = format("createdDateFormat", &dates.created_date_format)?;
        let stray = self.updated_date_timezone.as_ref();
        let updated_zone = zone(
            "updatedDateTimezone",
            dates.updated_date_timezone.as_ref().or(stray),
        )?;
        let created_zone = zone("createdDateTimezone", dates.created_date_timezone.as_ref())?;
        let same_field = created.is_some() && dates.updated_date_field == dates.created_date_field;
        let tolerance = self
            .created_check_tolerance
            .or(dates.created_check_tolerance)
            .unwrap_or(tolerance);
        let tolerance_ms = seconds("createdCheckTolerance", tolerance)?;
        if let Some(delay) = self.poll_delay {
            seconds("pollDelay", delay)?;
        }
        let rules = Rules {
            created_format: created_format.or_else(|| updated_format.clone()),
            updated_format,
            created_zone: created_zone.or_else(|| updated_zone.clone()).unwrap_or(Zone::UTC),
            updated_zone: updated_zone.unwrap_or(Zone::UTC),
            filter_by_updated_date: self.filter_by_updated_date,
            filter_by_current_date: self.filter_by_current_date,
            same_field,
            tolerance_ms,
        };
        Ok(Poller {
            template: Template::parse(&self.url)?,
            id: JsonPath::parse(&self.id_field).map_err(|error| PollerError::Path {
                member: "idField",
                error,
            })?,
            updated,
            created,
            rules,
            page_size: self.page_size.map(page_size).transpose()?,
            default_format: dates.updated_date_format.clone(),
        })
    }
}

impl DatesConfiguration {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn page_size(size: f64) -> Result<u32, PollerError> {
    let out = PollerError::Number {
        member: "pageSize",
        value: size,
        range: "a whole number from 1 to 100000",
    };
    if !(1.0..=100_000.0).contains(&size) || size.fract() != 0.0 {
        return Err(out);
    }
    format!("{size:.0}").parse().map_err(|_unreadable| out)
}

fn seconds(member: &'static str, seconds: f64) -> Result<i64, PollerError> {
    let out = PollerError::Number {
        member,
        value: seconds,
        range: "seconds from 0 to 31536000",
    };
    if !(0.0..=31_536_000.0).contains(&seconds) {
        return Err(out);
    }
    format!("{:.0}", seconds * 1000.0)
        .parse()
        .map_err(|_unreadable| out)
}

/// `{TimeZone}` as the instance's configuration has it.
fn fill(text: &str, placeholders: &dyn Fn(&str) -> Option<String>) -> String {
    let name = text
        .trim()
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    name.and_then(placeholders).unwrap_or_else(|| text.to_owned())
}

fn yes() -> bool {
    true
}

fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(truth) => Ok(truth),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
        other => Err(D::Error::custom(format!("{other} is neither true nor false"))),
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("{value} is no number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(json: &str) -> Result<Poller, PollerError> {
        PollerConfiguration::parse(json)?.compile(&|name| (name == "TimeZone").then(|| "PST".to_owned()), 0.0)
    }

    #[test]
    fn published_configurations_compile() {
        let published = [
            r#"{"url":"/hubs/crm/contacts?where=LastModifyDate>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}'","idField":"Key","datesConfiguration":{"updatedDateField":"LastModifyDate","updatedDateFormat":"yyyy-MM-dd'T'HH:mm:ssXXX"}}"#,
            r#"{"createdCheckTolerance":5,"url":"/hubs/helpdesk/contacts?where=updated_since='${gmtDate:yyyy-MM-dd'T'HH:mm:ss'Z'}'","idField":"id","datesConfiguration":{"updatedDateField":"updated_at","updatedDateFormat":"yyyy-MM-dd'T'HH:mm:ssXXX","createdDateField":"created_at","createdDateFormat":"yyyy-MM-dd'T'HH:mm:ssXXX"}}"#,
            r#"{"url":"/hubs/crm/accounts?where='Modified Time'>'${dateTimeZone:{TimeZone}:yyyy-MM-dd HH:mm:ss}'","idField":"ACCOUNTID","datesConfiguration":{"updatedDateField":"['Modified Time']","updatedDateFormat":"yyyy-MM-dd HH:mm:ss","updatedDateTimezone":"{TimeZone}"}}"#,
            r#"{"url":"/hubs/crm/accounts?where=lastModifiedDate >= '${epoch:ms}'","filterByUpdatedDate":"true","idField":"internalId","datesConfiguration":{"updatedDateField":"lastModifiedDate","updatedDateFormat":"milliseconds"},"createdCheckTolerance":"2","pageSize":200}"#,
            r#"{"url":"/hubs/marketing/deals?where=mdate>=2017-02-28T16:11:29-06:00","idField":"id","filterByUpdatedDate":true,"datesConfiguration":{"updatedDateField":"mdate","updatedDateFormat":"yyyy-MM-dd'T'HH:mm:ssXXX","updatedDateTimezone":"GMT","createdDateField":"cdate","createdDateFormat":"yyyy-MM-dd'T'HH:mm:ssXXX'","createdDateTimezone":"GMT"},"createdCheckTolerance":60,"pageSize":20,"pollDelay":60}"#,
            r#"{"url":"/hubs/ecommerce/discounts","idField":"id","datesConfiguration":{}}"#,
            r#"{"url":"/hubs/general/calendars/primary/changed-events","idField":""}"#,
        ];
        for json in published {
            assert!(compile(json).is_ok(), "{json}: {:?}", compile(json).err());
        }
        assert_eq!(compile(published[3]).unwrap().rules.tolerance_ms, 2000);
    }

    #[test]
    fn errors_name_the_member() {
        let cases = [
            (r#"{}"#, "missing field `url` at line 1 column 2"),
            (
                r#"{"url":"/c","pageSize":"many"}"#,
                "\"many\" is no number at line 1 column 30",
            ),
            (
                r#"{"url":"/c","pageSize":0}"#,
                "pageSize: 0 is out of range; it should be a whole number from 1 to 100000",
            ),
            (
                r#"{"url":"/c","pollDelay":-1}"#,
                "pollDelay: -1 is out of range; it should be seconds from 0 to 31536000",
            ),
            (
                r#"{"url":"/c","datesConfiguration":{"updatedDateField":"u"}}"#,
                "datesConfiguration.updatedDateFormat: is missing; write the format of \"u\", for instance yyyy-MM-dd'T'HH:mm:ssXXX or milliseconds",
            ),
            (
                r#"{"url":"/c","datesConfiguration":{"updatedDateTimezone":"Mars"}}"#,
                "datesConfiguration.updatedDateTimezone: \"Mars\" is no time zone; write America/Denver, PST, -8:00 or GMT",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(compile(json).unwrap_err().to_string(), expected, "{json}");
        }
        assert!(
            compile(r#"{"url":"/c?where=a>'${dat:yyyy}'"}"#)
                .unwrap_err()
                .to_string()
                .starts_with("url: ")
        );
    }
}
