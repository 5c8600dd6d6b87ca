//! The walk over the pages of a window.
//!
//! Where pages are counted, a record that changes while they are read moves others to a page that was read already. Such
//! a walk of more than one page is therefore repeated until two passes brought the same.

use periodic_sdk::{
    contract::{Answer, Context, Exchange, Failure, Job, Page, PollStep, Poller as Contract, succeeded},
    poller::Poller,
    raw::{self, Span},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Rest, address, filter,
    package::{Package, Resource},
    paging::Place,
    reading,
};

/// Records of a page, unless the configuration says otherwise.
const PAGE_SIZE: u32 = 100;
/// What still changes after so many passes is being written to; the next poll has it.
const PASSES: u32 = 5;
/// No pass takes more pages: what grows as fast as it is read has no end.
const PAGES: u32 = 20_000;
/// What the walk says itself.
const OWN: [&str; 6] = ["where", "fields", "orderBy", "page", "pageSize", "nextPage"];

/// Where a walk stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    place: Place,
    /// Pages and records of this pass so far.
    pages: u32,
    records: usize,
    /// A digest of what this pass brought so far.
    digest: u64,
    /// What the pass before brought.
    before: Option<u64>,
    passes: u32,
}

impl Contract for Rest {
    fn plan(context: &Context, name: &str, configuration: &str) -> Result<String, String> {
        let package = Package::read(context.package.as_deref())?;
        let resource = package
            .resources
            .get(name)
            .ok_or_else(|| format!("there is no resource {name}"))?;
        let given: Value = serde_json::from_str(configuration).map_err(|error| error.to_string())?;
        let configuration = match given.as_object() {
            None => {
                return Err(format!(
                    "a poller configuration is a JSON object, and {given} is none"
                ));
            }
            Some(members) if !members.is_empty() => configuration.to_owned(),
            Some(_) => {
                let default = resource.polling.clone().map(Value::Object);
                let missing =
                    || format!("the description file says nothing of how {name} is polled; configure it");
                default.ok_or_else(missing)?.to_string()
            }
        };
        let poller = Poller::of(context, &configuration)?;
        if poller.id.names_nothing() {
            return Err(format!(
                "idField: is missing; records of {name} have their id in {}",
                resource.id_field
            ));
        }
        // A template that renders for one window renders for all.
        asked(context, name, resource, &poller, 0, 0)?;
        Ok(configuration)
    }

    fn begin(context: &Context, job: Job) -> Result<PollStep, Failure> {
        let walk = Walk {
            place: Place::Start,
            pages: 0,
            records: 0,
            digest: SEED,
            before: None,
            passes: 0,
        };
        Plan::new(context, &job)?
            .exchange(context, &walk)
            .map(PollStep::Send)
    }

    fn resume(context: &Context, job: Job, state: &[u8], answers: &[Answer]) -> Result<PollStep, Failure> {
        let plan = Plan::new(context, &job)?;
        let walk: Walk = serde_json::from_slice(state)
            .map_err(|error| Failure::Other(format!("the walk's state is unreadable: {error}").into()))?;
        let response = succeeded(answers)?;
        let resource = &plan.package.resource(&job.resource)?;
        let paging = plan.package.paging(resource);
        let array = reading::array(resource, response)?;
        let count = raw::elements(&response.body, array).count();
        let records = plan.poller.changed(&job, 0, &response.body, array)?;
        let next = paging.next(&walk.place, response, count)?;
        let size = paging.page_size(plan.page_size()) as usize;
        let walk = walk.after(digest(&response.body, array), count);
        let next = walk.go_on(next, paging.shifts().then_some(size))?;
        let next = next.map(|walk| plan.exchange(context, &walk)).transpose()?;
        Ok(PollStep::Page(Page {
            records,
            checkpoint: None,
            next,
        }))
    }
}

impl Walk {
    /// After a page.
    fn after(self, page: u64, count: usize) -> Self {
        Self {
            pages: self.pages + 1,
            records: self.records.saturating_add(count),
            digest: if count == 0 {
                self.digest
            } else {
                mix(self.digest, &page.to_le_bytes())
            },
            ..self
        }
    }

    /// On to the next page, to another pass, or to the end. `shifting` is the size of pages between which records may
    /// move.
    fn go_on(self, next: Option<Place>, shifting: Option<usize>) -> Result<Option<Self>, Failure> {
        if let Some(place) = next {
            if self.pages >= PAGES || place == self.place {
                let pages = self.pages;
                let why =
                    format!("the pages do not end: {pages} were read, and the provider names another one");
                return Err(Failure::Transient(why.into()));
            }
            return Ok(Some(Self { place, ..self }));
        }
        let at_rest = match shifting {
            None => true,
            Some(size) => self.records < size || self.before == Some(self.digest),
        };
        if at_rest || self.passes + 1 >= PASSES {
            return Ok(None);
        }
        Ok(Some(Self {
            place: Place::Start,
            pages: 0,
            records: 0,
            digest: SEED,
            before: Some(self.digest),
            passes: self.passes + 1,
        }))
    }
}

/// A poll, compiled.
struct Plan {
    package: Package,
    poller: Poller,
    resource: String,
    parameters: Vec<(String, String)>,
}

impl Plan {
    fn new(context: &Context, job: &Job) -> Result<Self, Failure> {
        let wrong = |wrong: String| Failure::Permanent(wrong.into());
        let package = Package::of(context)?;
        let poller = Poller::of(context, &job.configuration).map_err(wrong)?;
        let resource = &package.resource(&job.resource)?;
        let parameters =
            asked(context, &job.resource, resource, &poller, job.since, job.until).map_err(wrong)?;
        Ok(Self {
            package,
            poller,
            resource: job.resource.clone(),
            parameters,
        })
    }

    fn page_size(&self) -> u32 {
        self.poller.page_size.unwrap_or(PAGE_SIZE)
    }

    fn exchange(&self, context: &Context, walk: &Walk) -> Result<Exchange, Failure> {
        let resource = &self.package.resource(&self.resource)?;
        let mut parameters = self.parameters.clone();
        parameters.extend(
            self.package
                .paging(resource)
                .parameters(&walk.place, self.page_size()),
        );
        let request = address::read_page(context, &self.package, &resource.path, &parameters, &walk.place)?;
        let state = serde_json::to_vec(walk).map_err(|error| Failure::Other(error.to_string().into()))?;
        Ok(Exchange::one(request, state))
    }
}

/// What the URL of a window asks for, as parameters of the provider.
fn asked(
    context: &Context,
    name: &str,
    resource: &Resource,
    poller: &Poller,
    since: i64,
    until: i64,
) -> Result<Vec<(String, String)>, String> {
    let url = poller.url(context, since, until)?;
    if url.resource() != name {
        let asked = url.resource();
        return Err(format!(
            "url: reads {asked:?}, but the entry is for {name:?}; its path should be /{name}"
        ));
    }
    let fixed = resource.parameters.iter();
    let mut parameters: Vec<(String, String)> =
        fixed.map(|(name, value)| (name.clone(), value.clone())).collect();
    if let Some(clause) = url.where_clause() {
        let conditions = filter::parameters(&resource.conditions, clause);
        parameters.extend(conditions.map_err(|wrong| format!("url: where: {wrong}"))?);
    }
    let own = |name: &str| OWN.iter().any(|own| own.eq_ignore_ascii_case(name));
    parameters.extend(url.query.into_iter().filter(|(name, _)| !own(name)));
    Ok(parameters)
}

/// FNV-1a, 64 bits: pages are compared with themselves, not with an adversary's.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn mix(digest: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(digest, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn digest(body: &[u8], array: Span) -> u64 {
    mix(SEED, array.of(body).unwrap_or_default())
}
