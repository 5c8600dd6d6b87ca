//! The walk over what changed.
//!
//! Where the store can look for changes, the walk goes by date, oldest first: offsets shift while records move to the end
//! of that order. What stands at the date of a page's last record comes twice, and the host's fingerprints drop it. A
//! second with more records than a page holds is read on by offset, in half pages, so that records which leave it make
//! nobody be passed over.
//!
//! Customers can only be read from end to end, the newest first; pages overlap a little for the same reason.

use std::borrow::Cow;

use periodic_sdk::{
    contract::{Answer, Context, Exchange, Failure, Job, Page, PollStep, Poller},
    java_date::Zone,
    raw::{self, Fields, Span},
};
use serde::{Deserialize, Serialize};

use crate::{
    WooCommerce,
    describe::MODIFIED,
    hub::LARGEST_PAGE,
    plan::{self, Plan},
    reply,
    resource::Feed,
    store::{self, Parameter},
};

/// The store's resolution, in milliseconds.
const SECOND: i64 = 1000;
/// No record is changed later than now, save for clocks that disagree so far.
const CLOCKS: i64 = 300 * SECOND;
/// So many records a page of a scan shares with the one before.
const SHARED: u64 = 5;
/// No scan and no second has more records.
const MOST: u64 = 1_000_000;

/// Where a walk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    /// Records changed later than this, in milliseconds.
    after: i64,
    /// From here on.
    offset: u64,
}

impl Poller for WooCommerce {
    fn plan(context: &Context, resource: &str, configuration: &str) -> Result<String, String> {
        let configuration = plan::in_force(resource, configuration)?;
        // A template that renders for one window renders for all.
        Plan::new(context, resource, &configuration, 0, 0)?;
        Ok(configuration)
    }

    fn begin(context: &Context, job: Job) -> Result<PollStep, Failure> {
        let walk = Walk {
            // What was changed in the first second of the window belongs to it, and the store's bound does not.
            after: job.since - SECOND,
            offset: 0,
        };
        ask(context, &compile(context, &job)?, walk).map(PollStep::Send)
    }

    fn resume(context: &Context, job: Job, state: &[u8], answers: &[Answer]) -> Result<PollStep, Failure> {
        let walk: Walk = serde_json::from_slice(state)
            .map_err(|error| Failure::Other(format!("the state of the walk: {error}").into()))?;
        let plan = compile(context, &job)?;
        let (response, array) = reply::list(answers)?;
        let records = plan.poller.changed(&job, 0, &response.body, array)?;
        let next = following(&plan, &job, walk, &response.body, array)?;
        let next = next.map(|walk| ask(context, &plan, walk)).transpose()?;
        Ok(PollStep::Page(Page {
            records,
            checkpoint: None,
            next,
        }))
    }
}

fn compile(context: &Context, job: &Job) -> Result<Plan, Failure> {
    Plan::new(context, &job.resource, &job.configuration, job.since, job.until)
        .map_err(|what| Failure::Permanent(format!("event.poller.configuration: {what}").into()))
}

fn page_size(plan: &Plan) -> u64 {
    u64::from(
        plan.poller
            .page_size
            .unwrap_or(LARGEST_PAGE)
            .clamp(1, LARGEST_PAGE),
    )
}

fn ask(context: &Context, plan: &Plan, walk: Walk) -> Result<Exchange, Failure> {
    let mut query: Vec<Parameter<'_>> = plan
        .conditions
        .iter()
        .map(|(name, value)| (name.as_str(), Cow::from(value)))
        .collect();
    query.push(("per_page", page_size(plan).to_string().into()));
    query.push(("offset", walk.offset.to_string().into()));
    match plan.resource.feed {
        Feed::Modified => {
            let after = plan::iso().map_err(|what| Failure::Other(what.into()))?;
            query.push(("modified_after", after.format(walk.after, &Zone::UTC).into()));
            query.push(("dates_are_gmt", "true".into()));
            query.push(("orderby", "modified".into()));
            query.push(("order", "asc".into()));
        }
        Feed::Scan => {
            query.push(("orderby", "registered_date".into()));
            query.push(("order", "desc".into()));
        }
    }
    let request = store::get(context, plan.resource.path, &query)?;
    let state = serde_json::to_vec(&walk).map_err(|error| Failure::Other(error.to_string().into()))?;
    Ok(Exchange::one(request, state))
}

/// Where the walk goes on; none when the window is complete: a page that is not full is the last.
fn following(plan: &Plan, job: &Job, walk: Walk, body: &[u8], array: Span) -> Result<Option<Walk>, Failure> {
    let mut read = 0;
    let mut last = None;
    for record in raw::elements(body, array) {
        last = Some(record.map_err(|error| Failure::Transient(error.to_string().into()))?);
        read += 1;
    }
    let Some(last) = last.filter(|_| read >= page_size(plan)) else {
        return Ok(None);
    };
    let next = match plan.resource.feed {
        Feed::Scan => Walk {
            offset: walk.offset + read.saturating_sub(SHARED).max(1),
            ..walk
        },
        Feed::Modified => match modified(body, last, job.until)? {
            // It was changed after the poll began: the next poll has it.
            Some(at) if at > job.until.saturating_add(CLOCKS) => return Ok(None),
            Some(at) if at - SECOND > walk.after => Walk {
                after: at - SECOND,
                offset: 0,
            },
            _ => Walk {
                offset: walk.offset + (read / 2).max(1),
                ..walk
            },
        },
    };
    if next.offset > MOST {
        let what = format!("more than {MOST} records come at once; the store does not page");
        return Err(Failure::Permanent(what.into()));
    }
    Ok(Some(next))
}

/// When a record was changed.
pub(crate) fn modified(body: &[u8], record: Span, now: i64) -> Result<Option<i64>, Failure> {
    let malformed = |error: raw::RawError| Failure::Transient(error.to_string().into());
    let other = |what: String| Failure::Other(what.into());
    let path = periodic_sdk::path::JsonPath::parse(MODIFIED).map_err(|error| other(error.to_string()))?;
    let found = Fields::new(&[path]).read(body, record).map_err(malformed)?;
    let Some(span) = found.first().copied().flatten() else {
        return Ok(None);
    };
    let Some(text) = raw::scalar(body, span).map_err(malformed)? else {
        return Ok(None);
    };
    let format = plan::iso().map_err(other)?;
    match format.parse(&text, &Zone::UTC, now) {
        Ok(at) => Ok(Some(at)),
        Err(fault) => Err(Failure::Permanent(format!("{MODIFIED}: {fault}").into())),
    }
}
