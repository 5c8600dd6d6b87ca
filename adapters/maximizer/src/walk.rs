//! The walk over what changed.
//!
//! Offsets shift while a set changes under them, so that the walk goes by date: each request asks for everything from
//! the last date seen on, in the order of dates. What stands at that date comes twice, and the host's fingerprints
//! drop it. A second with more records than a page holds is drained on its own, by offset, until a whole pass over it
//! brings what the pass before brought; only then it is left behind.
//!
//! A page with fewer records than were asked for may be the last one, or the provider's own limit. The walk asks for
//! the last record seen once more: when it comes back alone, the window is complete. So a quiet poll costs one request
//! and a normal one two.
//!
//! Where the dates do not lead (records without one, dates in another zone than the provider's search, a provider that
//! does not sort), the window is drained as a whole like a crowded second.
//!
//! It always ends: from one page to the next the walk gets to a later second, or drains the one it is at; passes are
//! counted, and so are pages behind the window's end, where records may come in as fast as they are read.

mod seen;

use periodic_sdk::{
    contract::{Answer, Context, Exchange, Failure, Job, Page, PollStep, Poller, only},
    java_date::{Pattern, Zone},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::seen::{Pass, Seen};
use crate::{
    Maximizer,
    plan::{self, Plan},
    query,
    read::{Read, page_key},
};

/// Records of a page, unless the configuration says otherwise: as the provider's own examples of paging.
const PAGE_SIZE: u32 = 50;
/// No smaller page is tried after the provider ran out of time.
const SMALLEST_PAGE: u32 = 5;
/// A second that still changes after so many passes is being written to; the next poll has it.
const PASSES: u32 = 20;
/// So many pages are read behind the window's end; the next poll has the rest.
const PAGES_BEHIND: u32 = 20;
/// No drain takes more pages: what changes as fast as it is read has no end.
const PAGES: u32 = 20_000;
/// A page that comes back so often, whatever is asked for, tells of a provider that does not page.
const REPEATS: u32 = 40;
/// The provider's resolution.
const SECOND: i64 = 1000;
/// No record is changed later than now, save for clocks that disagree so far.
const CLOCKS: i64 = 300 * SECOND;

/// Where a walk stands: of constant size, however many records it has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    page_size: u32,
    /// Pages that ended behind the window.
    behind: u32,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// From this second on.
    Forward { from: i64 },
    /// Is this record the last one?
    Confirm {
        /// Its second.
        second: i64,
        /// Its place among the records of that second.
        offset: u64,
        /// The digest of its identity.
        record: u64,
        /// Whether the page before brought nothing but this second.
        alone: bool,
    },
    /// Through this span, record by record.
    Drain {
        from: i64,
        /// Where it ends, exclusive; none is the window's end.
        to: Option<i64>,
        offset: u64,
        /// The provider's own key of the next page, where it told one.
        key: Option<String>,
        /// What the page before brought, and how often.
        page: Pass,
        repeats: u32,
        /// What this pass brought, and the one before.
        pass: Pass,
        before: Option<Pass>,
        passes: u32,
        pages: u32,
    },
}

impl Poller for Maximizer {
    fn plan(context: &Context, resource: &str, configuration: &str) -> Result<String, String> {
        let configuration = plan::in_force(resource, configuration)?;
        Plan::new(context, resource, &configuration)?;
        Ok(configuration)
    }

    fn begin(context: &Context, job: Job) -> Result<PollStep, Failure> {
        let plan = compile(context, &job)?;
        let walk = Walk {
            page_size: plan.poller.page_size.unwrap_or(PAGE_SIZE),
            behind: 0,
            stage: Stage::Forward {
                from: floor(job.since),
            },
        };
        Ok(PollStep::Send(walk.exchange(context, &plan, &job)?))
    }

    fn resume(context: &Context, job: Job, state: &[u8], answers: &[Answer]) -> Result<PollStep, Failure> {
        let plan = compile(context, &job)?;
        let walk: Walk = serde_json::from_slice(state)
            .map_err(|error| Failure::Other(format!("the walk's state is unreadable: {error}").into()))?;
        let response = only(answers)?;
        if response.status == 408 && walk.page_size > SMALLEST_PAGE {
            let smaller = Walk {
                page_size: (walk.page_size / 2).max(SMALLEST_PAGE),
                ..walk
            };
            return Ok(PollStep::Send(smaller.exchange(context, &plan, &job)?));
        }
        let seen = Seen::read(&plan, response, &job)?;
        let next = walk.after(&seen, job.until, context.now.max(job.until))?;
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
            .asked(context, job.since, job.until)
            .map_err(|error| Failure::Permanent(error.into()))?;
        let from = |second| query::compare(plan.date_field, "$GE", iso(second).into());
        let mut conditions: Vec<Value> = vec![asked.condition];
        let page_key = match &self.stage {
            Stage::Forward { from: second } => {
                conditions.push(from(*second));
                None
            }
            Stage::Confirm { second, offset, .. } => {
                conditions.push(from(*second));
                page_key(*offset)
            }
            Stage::Drain {
                from: begin,
                to,
                offset,
                key,
                ..
            } => {
                // Not $EQ: what the provider shows in seconds it may keep more exactly.
                conditions.push(from(*begin));
                conditions.extend(to.map(|to| query::compare(plan.date_field, "$LT", iso(to).into())));
                key.clone().or_else(|| page_key(*offset))
            }
        };
        let read = Read {
            resource: plan.resource,
            fields: &asked.fields,
            query: query::all(conditions),
            order: Some(json!({ plan.date_field: "ASC" })),
            page_key,
            page_size: self.page_size,
            driver: true,
        };
        let state = serde_json::to_vec(self).map_err(|error| Failure::Other(error.to_string().into()))?;
        Ok(Exchange::one(read.request(context)?, state))
    }

    /// Where the walk goes after a page; none when the window is complete.
    fn after(&self, seen: &Seen, until: i64, now: i64) -> Result<Option<Self>, Failure> {
        let mut behind = self.behind;
        let stage = match &self.stage {
            Stage::Forward { .. } if seen.records() == 0 => return Ok(None),
            Stage::Forward { from } => 'forward: {
                let (first, last) = match seen.seconds() {
                    Some((first, last)) if first >= *from && last <= now.saturating_add(CLOCKS) => {
                        (first, last)
                    }
                    _ => break 'forward Stage::drain(*from, None),
                };
                if !seen.is_sorted() {
                    break 'forward Stage::drain(*from, None);
                }
                if last > until {
                    behind += 1;
                    if behind > PAGES_BEHIND {
                        return Ok(None);
                    }
                }
                let alone = first == last || last == *from;
                if seen.is_full(self.page_size) {
                    break 'forward Stage::beyond(last, alone, until);
                }
                Stage::Confirm {
                    second: last,
                    offset: seen.at(last).records.saturating_sub(1),
                    record: seen.last_at(last),
                    alone,
                }
            }
            Stage::Confirm {
                second,
                record,
                alone,
                ..
            } => {
                let of_second = seen.at(*second);
                let closed = of_second == Pass::of(*record);
                if closed && seen.records() == 1 && !seen.is_full(self.page_size) {
                    return Ok(None);
                }
                if closed {
                    // It is the last of its second, and later ones follow.
                    Stage::Forward {
                        from: second + SECOND,
                    }
                } else {
                    Stage::beyond(*second, *alone, until)
                }
            }
            Stage::Drain { .. } => match self.drained(seen)? {
                Some(stage) => stage,
                None => return Ok(None),
            },
        };
        Ok(Some(Self {
            page_size: self.page_size,
            behind,
            stage,
        }))
    }

    /// The next page of a pass, the next pass, or what comes after this second.
    fn drained(&self, seen: &Seen) -> Result<Option<Stage>, Failure> {
        let Stage::Drain {
            from,
            to,
            offset,
            page,
            repeats,
            pass,
            before,
            passes,
            pages,
            ..
        } = &self.stage
        else {
            return Ok(None);
        };
        let pages = pages + 1;
        let restless = || {
            let message = format!("the records of {} keep changing; they are read again", iso(*from));
            Err(Failure::Transient(message.into()))
        };
        if pages >= PAGES {
            return restless();
        }
        let of_page = seen.all();
        if of_page.records > 0 {
            let repeats = if of_page == *page { repeats + 1 } else { 0 };
            if repeats >= REPEATS {
                let message = "the provider answers every page key with the same page".to_owned();
                return Err(Failure::Permanent(message.into()));
            }
            return Ok(Some(Stage::Drain {
                from: *from,
                to: *to,
                offset: offset + of_page.records,
                key: seen.next.clone(),
                page: of_page,
                repeats,
                pass: pass.and(of_page),
                before: *before,
                passes: *passes,
                pages,
            }));
        }
        if *before == Some(*pass) {
            return Ok(to.map(|from| Stage::Forward { from }));
        }
        if *passes >= PASSES {
            return restless();
        }
        Ok(Some(Stage::Drain {
            from: *from,
            to: *to,
            offset: 0,
            key: None,
            page: Pass::default(),
            repeats: 0,
            pass: Pass::default(),
            before: Some(*pass),
            passes: passes + 1,
            pages,
        }))
    }
}

impl Stage {
    /// Behind a page that ends within this second.
    fn beyond(second: i64, alone: bool, until: i64) -> Self {
        match alone {
            false => Self::Forward { from: second },
            // More of the same second may follow, and the date alone cannot tell where.
            true if second <= until => Self::drain(second, Some(second + SECOND)),
            // The next poll has it.
            true => Self::Forward {
                from: second + SECOND,
            },
        }
    }

    fn drain(from: i64, to: Option<i64>) -> Self {
        Self::Drain {
            from,
            to,
            offset: 0,
            key: None,
            page: Pass::default(),
            repeats: 0,
            pass: Pass::default(),
            before: None,
            passes: 0,
            pages: 0,
        }
    }
}

/// The second that an instant is in.
fn floor(instant: i64) -> i64 {
    instant.div_euclid(SECOND).saturating_mul(SECOND)
}

/// An instant as the provider compares it.
fn iso(instant: i64) -> String {
    match Pattern::new("yyyy-MM-dd'T'HH:mm:ss'Z'") {
        Ok(pattern) => pattern.format(instant, &Zone::UTC),
        Err(_never) => String::new(),
    }
}
