//! What changed: a window, walked by date.

use periodic_sdk::{
    contract::{Answer, Changed, Context, Exchange, Failure, Job, Page, PollStep, succeeded},
    percent,
    poller::Poller,
    raw,
};

use crate::{AcmeShop, request};

/// What `{ }` stands for. A user may write another one into `event.poller.configuration`.
pub const DEFAULT: &str = r#"{
    "url": "/contacts?updated_since=${gmtDate:yyyy-MM-dd'T'HH:mm:ssXXX}",
    "idField": "id",
    "datesConfiguration": {
        "updatedDateField": "updated_at", "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ssXXX",
        "createdDateField": "created_at", "createdDateFormat": "yyyy-MM-dd'T'HH:mm:ssXXX"
    }
}"#;

/// Records of a page.
const PER_PAGE: usize = 100;

impl periodic_sdk::contract::Poller for AcmeShop {
    fn plan(context: &Context, resource: &str, configuration: &str) -> Result<String, String> {
        if resource != "contacts" {
            return Err(format!("{resource}: only contacts can be polled"));
        }
        let configuration = if configuration.trim() == "{}" { DEFAULT } else { configuration };
        // A template that renders for one window renders for all.
        let url = Poller::of(context, configuration)?.url(context, 0, 0)?;
        match url.parameter("updated_since") {
            Some(_) => Ok(configuration.to_owned()),
            None => Err("url: has to say updated_since=…, or every poll would read everything".to_owned()),
        }
    }

    fn begin(context: &Context, job: Job) -> Result<PollStep, Failure> {
        let start = Place {
            since: job.since,
            page: 1,
        };
        ask(context, &job, start).map(PollStep::Send)
    }

    fn resume(context: &Context, job: Job, state: &[u8], answers: &[Answer]) -> Result<PollStep, Failure> {
        let body = &succeeded(answers)?.body;
        let array = raw::whole(body);
        let records = configured(context, &job)?.changed(&job, 0, body, array)?;
        let is_last = raw::elements(body, array).count() < PER_PAGE;
        let next = match is_last {
            true => None,
            false => Some(ask(context, &job, Place::read(state)?.after(&records))?),
        };
        Ok(PollStep::Page(Page {
            records,
            checkpoint: None,
            next,
        }))
    }
}

/// Where a walk is. Offsets shift while records change, so a walk goes on from the last date that it saw, and counts
/// pages only within one second.
struct Place {
    since: i64,
    page: u32,
}

impl Place {
    fn after(&self, records: &[Changed]) -> Self {
        match records.iter().filter_map(|record| record.updated).max() {
            Some(last) if last > self.since => Self { since: last, page: 1 },
            _ => Self {
                since: self.since,
                page: self.page + 1,
            },
        }
    }

    /// From the state that came back with the answers.
    fn read(state: &[u8]) -> Result<Self, Failure> {
        let foreign = |error: serde_json::Error| Failure::Other(format!("the state is not ours: {error}").into());
        let (since, page) = serde_json::from_slice(state).map_err(foreign)?;
        Ok(Self { since, page })
    }
}

fn configured(context: &Context, job: &Job) -> Result<Poller, Failure> {
    Poller::of(context, &job.configuration).map_err(|wrong| Failure::Permanent(wrong.into()))
}

/// The request for a place of the window.
fn ask(context: &Context, job: &Job, place: Place) -> Result<Exchange, Failure> {
    let url = configured(context, job)?.url(context, place.since, job.until);
    let url = url.map_err(|wrong| Failure::Permanent(wrong.into()))?;
    let since = percent::encode(url.parameter("updated_since").unwrap_or_default());
    let path = format!(
        "contacts?updated_since={since}&sort=updated_at&page={}&per_page={PER_PAGE}",
        place.page
    );
    let state = serde_json::json!([place.since, place.page]).to_string();
    Ok(Exchange::one(request(context, "GET", &path)?, state.into_bytes()))
}
