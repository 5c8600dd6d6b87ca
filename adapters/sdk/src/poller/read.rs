//! What a simple walk needs: the URL of a window, and the records of a page.

use super::{Dates, Decision, Poller, PollerConfiguration, Window, decide};
use crate::{
    contract::{Changed, Context, Failure, Job, Piece},
    path::JsonPath,
    raw::{self, Fields, Span},
    template::{DateFault, Moment, PollerUrl},
};

/// The configuration key by which operators say how far the dates of a new record may differ, in seconds, when the
/// resource's configuration does not. An element has to declare it.
pub const TOLERANCE: &str = "event.poller.created_check_tolerance";

impl Poller {
    /// Compile a configuration, with the placeholders that the instance fills.
    ///
    /// # Errors
    ///
    /// What is wrong, by its member: what `plan` answers.
    pub fn of(context: &Context, configuration: &str) -> Result<Self, String> {
        let tolerance = match context.setting(TOLERANCE) {
            None => 0.0,
            Some(seconds) => seconds
                .parse()
                .map_err(|_unreadable| format!("{TOLERANCE}: {seconds:?} is no number of seconds"))?,
        };
        let lookup = |name: &str| context.setting(name).map(str::to_owned);
        let configuration = PollerConfiguration::parse(configuration).map_err(|error| error.to_string())?;
        configuration
            .compile(&lookup, tolerance)
            .map_err(|error| error.to_string())
    }

    /// The URL for a window, in milliseconds since 1970, taken apart.
    ///
    /// # Errors
    ///
    /// What is wrong with the template, and where. A template that renders for one window renders for all.
    pub fn url(&self, context: &Context, since: i64, until: i64) -> Result<PollerUrl, String> {
        let lookup = |name: &str| context.setting(name).map(str::to_owned);
        let moment = Moment {
            since_ms: since,
            now_ms: until,
            default_format: self.default_format.as_deref(),
            placeholders: &lookup,
        };
        let rendered = self
            .template
            .render(&moment)
            .map_err(|error| format!("url: {error}"))?;
        PollerUrl::parse(&rendered).map_err(|error| format!("url: {error}"))
    }

    /// The records of an array in the body of an answer that belong to the job's window, as spans of it. The id is the
    /// identity.
    ///
    /// # Errors
    ///
    /// Where the array is none, a record has no id, or a date does not read as its format says.
    pub fn changed(&self, job: &Job, answer: u32, body: &[u8], array: Span) -> Result<Vec<Changed>, Failure> {
        let nowhere = JsonPath::default();
        let date = |path: &Option<JsonPath>| path.clone().unwrap_or_else(|| nowhere.clone());
        let paths = [self.id.clone(), date(&self.updated), date(&self.created)];
        let fields = Fields::new(&paths);
        let window = Window {
            since_ms: job.since,
            until_ms: job.until,
        };
        let mut found = Vec::new();
        for record in fields.records(body, array) {
            let (record, values) = record.map_err(malformed)?;
            let text = |position: usize| match values.get(position).copied().flatten() {
                None => Ok(None),
                Some(span) => raw::scalar(body, span).map_err(malformed),
            };
            let updated = text(1)?.and_then(|text| self.rules.read_updated(&text, job.until));
            let created = text(2)?.and_then(|text| self.rules.read_created(&text, job.until));
            let unreadable = |path: &Option<JsonPath>, member: &str, fault: DateFault| {
                let id = text(0).ok().flatten().unwrap_or_default();
                let path = path.as_ref().unwrap_or(&nowhere);
                let what = format!(
                    "record {id:?}: {path}: {fault}; datesConfiguration.{member} says how it is written"
                );
                Failure::Permanent(what.into())
            };
            let dates = Dates {
                updated: updated
                    .transpose()
                    .map_err(|fault| unreadable(&self.updated, "updatedDateFormat", fault))?,
                created: created
                    .transpose()
                    .map_err(|fault| unreadable(&self.created, "createdDateFormat", fault))?,
            };
            let Decision::Emit(change) = decide(&self.rules, dates, window) else {
                continue;
            };
            let missing = || Failure::Permanent("idField: a record has no value there".into());
            let id = text(0)?.ok_or_else(missing)?.into_owned();
            found.push(Changed {
                identity: id.clone(),
                object_id: id,
                change,
                updated: dates.updated,
                created: dates.created,
                raw: vec![Piece::span(answer, record)],
            });
        }
        Ok(found)
    }
}

fn malformed(error: raw::RawError) -> Failure {
    Failure::Transient(format!("the answer is malformed: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Change, Setting};

    const CONFIGURATION: &str = r#"{"url":"/c?where=u>='${date}'","idField":"id","datesConfiguration":{
        "updatedDateField":"u","updatedDateFormat":"milliseconds","createdDateField":"c"}}"#;

    fn context(tolerance: &str) -> Context {
        Context {
            configuration: vec![Setting::new(TOLERANCE, tolerance)],
            ..Context::default()
        }
    }

    fn job() -> Job {
        Job {
            resource: "c".to_owned(),
            configuration: CONFIGURATION.to_owned(),
            since: 1000,
            until: 2000,
            checkpoint: None,
        }
    }

    #[test]
    fn a_window_has_a_url() {
        let poller = Poller::of(&Context::default(), CONFIGURATION).unwrap();
        let url = poller.url(&Context::default(), 1000, 2000).unwrap();
        assert_eq!(url.where_clause(), Some("u>='1000'"));
    }

    #[test]
    fn records_are_judged_and_handed_over_as_spans() {
        let body = br#"{"items":[{"id":1,"u":1500,"c":1500},{"id":"b","u":999},{"id":3,"u":1900,"c":1}]}"#;
        let array = raw::find(body, &JsonPath::parse("items").unwrap())
            .unwrap()
            .unwrap();
        let found = Poller::of(&Context::default(), CONFIGURATION)
            .unwrap()
            .changed(&job(), 0, body, array)
            .unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|it| (it.object_id.as_str(), it.change))
            .collect();
        assert_eq!(shown, [("1", Change::Created), ("3", Change::Updated)]);
        let tolerant = Poller::of(&context("2"), CONFIGURATION).unwrap();
        assert_eq!(
            tolerant.changed(&job(), 0, body, array).unwrap()[1].change,
            Change::Created
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let poller = Poller::of(&Context::default(), CONFIGURATION).unwrap();
        for body in [r#"[{"u":1500}]"#, r#"[{"id":1,"u":"x"}]"#, r#"[{"id":1"#, "7"] {
            let array = Span {
                offset: 0,
                length: u32::try_from(body.len()).unwrap(),
            };
            assert!(
                poller.changed(&job(), 0, body.as_bytes(), array).is_err(),
                "{body}"
            );
        }
        let dated = CONFIGURATION.replace("\"milliseconds\"", "\"yyyy-MM-dd\"");
        let poller = Poller::of(&Context::default(), &dated).unwrap();
        let body = r#"[{"id":1,"u":"1999-01-01"},{"id":7,"u":"2999-01-01","c":"yesterday"}]"#;
        let array = Span {
            offset: 0,
            length: u32::try_from(body.len()).unwrap(),
        };
        let Err(Failure::Permanent(told)) = poller.changed(&job(), 0, body.as_bytes(), array) else {
            panic!("yesterday is no date")
        };
        assert_eq!(
            told.message,
            "record \"7\": c: \"yesterday\" does not fit the pattern \"yyyy-MM-dd\" at position 0: expected a year; \
             datesConfiguration.createdDateFormat says how it is written"
        );
        assert!(
            Poller::of(&context("much"), CONFIGURATION)
                .unwrap_err()
                .starts_with(TOLERANCE)
        );
    }
}
