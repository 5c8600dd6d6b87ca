//! The walk over what changed.
//!
//! Offsets shift while a set changes under them, so that the walk goes by date: each request asks for everything from
//! the last date seen on, in the order of dates. What stands at that date comes twice, and the host's fingerprints
//! drop it. A second with more records than a page holds is drained on its own, by offset, until a whole pass over it
//! brings what the pass before brought; only then it is left behind.

use periodic_sdk::{
    contract::{Answer, Changed, Context, Exchange, Failure, Job, Page, PollStep, Poller, Response},
    java_date::{Pattern, Zone},
    poller::{Dates, Decision, Window, decide},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Maximizer,
    plan::{self, Plan},
    query,
    read::{Read, Record, page, page_key},
    reply::response,
};

/// Records of a page, unless the configuration says otherwise: as the provider's own examples of paging.
const PAGE_SIZE: u32 = 50;
/// No smaller page is tried after the provider ran out of time.
const SMALLEST_PAGE: u32 = 5;
/// A second that still changes after so many passes is being written to; the next poll has it.
const PASSES: u32 = 20;

/// Where a walk stands: of constant size, however many records it has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    page_size: u32,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// From this instant on, which is part of it or not.
    Forward { from: i64, inclusive: bool },
    /// Through this second, record by record.
    Drain {
        second: i64,
        offset: u64,
        pass: Pass,
        before: Option<Pass>,
        passes: u32,
    },
}

/// What a pass over a second saw, whatever the order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    records: u64,
    sum: u64,
}

impl Poller for Maximizer {
    fn plan(context: &Context, resource: &str, configuration: &str) -> Result<String, String> {
        let configuration = plan::in_force(resource, configuration)?;
        Plan::new(context, resource, &configuration)?;
        Ok(configuration)
    }

    fn begin(context: &Context, job: Job) -> Result<PollStep, Failure> {
        let plan = compile(context, &job)?;
        let page_size = plan.poller.page_size.unwrap_or(PAGE_SIZE);
        let walk = Walk {
            page_size,
            stage: Stage::Forward {
                from: job.since,
                inclusive: true,
            },
        };
        Ok(PollStep::Send(walk.exchange(context, &plan, &job)?))
    }

    fn resume(context: &Context, job: Job, state: &[u8], answers: &[Answer]) -> Result<PollStep, Failure> {
        let plan = compile(context, &job)?;
        let walk: Walk = serde_json::from_slice(state)
            .map_err(|error| Failure::Other(format!("the walk's state is unreadable: {error}").into()))?;
        let response = response(answers)?;
        if response.status == 408 && walk.page_size > SMALLEST_PAGE {
            let smaller = Walk {
                page_size: (walk.page_size / 2).max(SMALLEST_PAGE),
                ..walk
            };
            return Ok(PollStep::Send(smaller.exchange(context, &plan, &job)?));
        }
        let seen = Seen::read(&plan, response, &job)?;
        let next = walk.after(&seen)?;
        let next = next.map(|walk| walk.exchange(context, &plan, &job)).transpose()?;
        Ok(PollStep::Page(Page {
            records: seen.changed,
            checkpoint: None,
            next,
        }))
    }
}

fn compile(context: &Context, job: &Job) -> Result<Plan, Failure> {
    Plan::new(context, &job.resource, &job.configuration).map_err(|error| Failure::Permanent(error.into()))
}

impl Walk {
    fn exchange(&self, context: &Context, plan: &Plan, job: &Job) -> Result<Exchange, Failure> {
        let asked = plan
            .asked(job.since, job.until)
            .map_err(|error| Failure::Permanent(error.into()))?;
        let (operator, instant, offset) = match self.stage {
            Stage::Forward {
                from,
                inclusive: true,
            } => ("$GE", from, 0),
            Stage::Forward {
                from,
                inclusive: false,
            } => ("$GT", from, 0),
            Stage::Drain { second, offset, .. } => ("$EQ", second, offset),
        };
        let start = query::compare(plan.date_field, operator, iso(instant).into());
        let read = Read {
            resource: plan.resource,
            fields: &asked.fields,
            query: query::all(vec![asked.condition, start]),
            order: Some(json!({ plan.date_field: "ASC" })),
            page_key: page_key(offset),
            page_size: self.page_size,
            driver: true,
        };
        let state = serde_json::to_vec(self).map_err(|error| Failure::Other(error.to_string().into()))?;
        Ok(Exchange::one(read.request(context)?, state))
    }

    /// Where the walk goes after a page; none when the window is complete.
    fn after(&self, seen: &Seen) -> Result<Option<Self>, Failure> {
        let stage = match &self.stage {
            _ if seen.read == 0 && !matches!(self.stage, Stage::Drain { .. }) => return Ok(None),
            Stage::Forward { .. } => {
                let Some((first, last)) = seen.dates else {
                    return Err(Failure::Permanent(
                        "no record of a page has a date that can be read".into(),
                    ));
                };
                if seen.is_full(self.page_size) {
                    // A page of one second only: more of it may follow, and the date alone cannot tell where.
                    let stuck = first == last;
                    if stuck {
                        Stage::drain(last)
                    } else {
                        Stage::Forward {
                            from: last,
                            inclusive: true,
                        }
                    }
                } else {
                    // A short page may be the provider's own limit: only an empty one ends the walk.
                    Stage::Forward {
                        from: last,
                        inclusive: false,
                    }
                }
            }
            Stage::Drain {
                second,
                offset,
                pass,
                before,
                passes,
            } => {
                let pass = Pass {
                    records: pass.records + seen.pass.records,
                    sum: pass.sum.wrapping_add(seen.pass.sum),
                };
                if seen.read > 0 {
                    let offset = offset + seen.read;
                    Stage::Drain {
                        second: *second,
                        offset,
                        pass,
                        before: *before,
                        passes: *passes,
                    }
                } else if *before == Some(pass) {
                    Stage::Forward {
                        from: *second,
                        inclusive: false,
                    }
                } else if *passes >= PASSES {
                    let message = format!(
                        "the records of {} keep changing; they are read again",
                        iso(*second)
                    );
                    return Err(Failure::Transient(message.into()));
                } else {
                    let before = Some(pass);
                    Stage::Drain {
                        second: *second,
                        offset: 0,
                        pass: Pass::default(),
                        before,
                        passes: passes + 1,
                    }
                }
            }
        };
        Ok(Some(Self {
            page_size: self.page_size,
            stage,
        }))
    }
}

impl Stage {
    fn drain(second: i64) -> Self {
        Self::Drain {
            second,
            offset: 0,
            pass: Pass::default(),
            before: None,
            passes: 0,
        }
    }
}

/// What a page brought.
struct Seen {
    changed: Vec<Changed>,
    /// Records of the page, the ignored ones among them.
    read: u64,
    /// Whether the provider says that there is more.
    more: bool,
    /// The earliest and the latest date of the page.
    dates: Option<(i64, i64)>,
    pass: Pass,
}

impl Seen {
    fn read(plan: &Plan, response: &Response, job: &Job) -> Result<Self, Failure> {
        let paths = [
            plan.poller.id.clone(),
            path(plan.poller.updated.as_ref())?,
            path(plan.poller.created.as_ref())?,
        ];
        let page = page(plan.resource, response, &paths)?;
        let mut seen = Self {
            changed: Vec::with_capacity(page.records.len()),
            read: page.records.len() as u64,
            more: page.next.is_some(),
            dates: None,
            pass: Pass::default(),
        };
        for record in &page.records {
            seen.add(plan, record, job);
        }
        Ok(seen)
    }

    fn add(&mut self, plan: &Plan, record: &Record<'_>, job: &Job) {
        let rules = &plan.poller.rules;
        let read = |text: Option<String>, by_rule: &dyn Fn(&str) -> Option<i64>| {
            let text = text?;
            by_rule(&text).or_else(|| provider_date(&text))
        };
        let updated = read(record.extra(1), &|text| rules.read_updated(text, job.until)?.ok());
        let created = read(record.extra(2), &|text| rules.read_created(text, job.until)?.ok());
        if let Some(date) = updated {
            let (first, last) = self.dates.unwrap_or((date, date));
            self.dates = Some((first.min(date), last.max(date)));
        }
        let identity = record.identity(plan.resource);
        self.pass.records += 1;
        self.pass.sum = self.pass.sum.wrapping_add(digest(identity.as_bytes()));
        let window = Window {
            since_ms: job.since,
            until_ms: job.until,
        };
        let Decision::Emit(change) = decide(rules, Dates { updated, created }, window) else {
            return;
        };
        let key = record.key();
        // An id that stands elsewhere than in the key's object is read where it stands.
        let object_id = match record.extra(0) {
            Some(id) => id,
            None => key.unwrap_or_else(|| identity.clone()),
        };
        self.changed.push(Changed {
            identity,
            object_id,
            change,
            updated,
            created,
            raw: record.document(),
        });
    }

    fn is_full(&self, page_size: u32) -> bool {
        self.more || self.read >= u64::from(page_size)
    }
}

fn path(path: Option<&periodic_sdk::path::JsonPath>) -> Result<periodic_sdk::path::JsonPath, Failure> {
    path.cloned()
        .ok_or_else(|| Failure::Other("a walk without date fields".into()))
}

/// A date as the provider writes it, whatever the configuration expects: without a zone it means UTC, fractions of a
/// second are dropped.
fn provider_date(text: &str) -> Option<i64> {
    let formats = ["yyyy-MM-dd'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd"];
    formats
        .into_iter()
        .find_map(|format| Pattern::new(format).ok()?.parse(text.trim(), &Zone::UTC, 0).ok())
}

/// An instant as the provider compares it.
fn iso(instant: i64) -> String {
    match Pattern::new("yyyy-MM-dd'T'HH:mm:ss'Z'") {
        Ok(pattern) => pattern.format(instant, &Zone::UTC),
        Err(_never) => String::new(),
    }
}

/// FNV-1a: identities are summed up, not secured.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
