//! What a page brought.

use periodic_sdk::{
    contract::{Changed, Failure, Job, Response},
    java_date::{Pattern, Zone},
    path::JsonPath,
    poller::{Dates, Decision, Window, decide},
};
use serde::{Deserialize, Serialize};

use super::floor;
use crate::{
    plan::Plan,
    read::{Record, page},
};

/// What a page brought.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) changed: Vec<Changed>,
    /// The provider's key of the next page, where it tells one.
    pub(super) next: Option<String>,
    /// Second and digest of all records, the ignored ones among them.
    records: Vec<(Option<i64>, u64)>,
}

/// Some records, whatever their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pass {
    pub(super) records: u64,
    sum: u64,
}

impl Pass {
    /// One record.
    pub(super) fn of(digest: u64) -> Self {
        Self {
            records: 1,
            sum: digest,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            sum: self.sum.wrapping_add(other.sum),
        }
    }
}

impl Seen {
    pub(super) fn read(plan: &Plan, response: &Response, job: &Job) -> Result<Self, Failure> {
        let paths = [
            plan.poller.id.clone(),
            path(plan.poller.updated.as_ref())?,
            path(plan.poller.created.as_ref())?,
        ];
        let page = page(plan.resource, response, &paths)?;
        let mut seen = Self {
            changed: Vec::with_capacity(page.records.len()),
            next: page.next,
            records: Vec::with_capacity(page.records.len()),
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
        let identity = record.identity(plan.resource);
        self.records
            .push((updated.map(floor), digest(identity.as_bytes())));
        // The provider's dates have no fractions of a second.
        let since_ms = floor(job.since);
        // The provider's search found it in the window, so that its date is wrong, and no reason to drop it.
        let updated_reliably = updated.filter(|updated| *updated >= since_ms);
        let window = Window {
            since_ms: updated.unwrap_or(since_ms).min(since_ms),
            until_ms: job.until,
        };
        let Decision::Emit(change) = decide(rules, Dates { updated, created }, window) else {
            return;
        };
        // An id that stands elsewhere than in the key's object is read where it stands.
        let object_id = record
            .extra(0)
            .or_else(|| record.key())
            .unwrap_or_else(|| identity.clone());
        self.changed.push(Changed {
            identity,
            object_id,
            change,
            updated: updated_reliably,
            created,
            raw: record.document(),
        });
    }

    pub(super) fn records(&self) -> usize {
        self.records.len()
    }

    /// Whether more may follow.
    pub(super) fn is_full(&self, page_size: u32) -> bool {
        self.next.is_some() || self.records.len() >= page_size as usize
    }

    /// The first and the last second of the page; none when it is empty, or a record has no date that can be read.
    pub(super) fn seconds(&self) -> Option<(i64, i64)> {
        let mut seconds = self.records.iter().map(|(second, _)| *second);
        let first = seconds.next()??;
        seconds.try_fold((first, first), |(first, last), second| {
            Some((first.min(second?), last.max(second?)))
        })
    }

    pub(super) fn is_sorted(&self) -> bool {
        let seconds = self.records.iter().filter_map(|(second, _)| *second);
        seconds.is_sorted()
    }

    /// The records of a second.
    pub(super) fn at(&self, second: i64) -> Pass {
        self.digests_at(second)
            .map(Pass::of)
            .fold(Pass::default(), Pass::and)
    }

    /// The last record of a second.
    pub(super) fn last_at(&self, second: i64) -> u64 {
        self.digests_at(second).last().unwrap_or_default()
    }

    /// All records.
    pub(super) fn all(&self) -> Pass {
        self.records
            .iter()
            .map(|(_, digest)| Pass::of(*digest))
            .fold(Pass::default(), Pass::and)
    }

    fn digests_at(&self, second: i64) -> impl Iterator<Item = u64> {
        self.records
            .iter()
            .filter(move |(at, _)| *at == Some(second))
            .map(|(_, digest)| *digest)
    }
}

fn path(path: Option<&JsonPath>) -> Result<JsonPath, Failure> {
    path.cloned()
        .ok_or_else(|| Failure::Other("a walk without date fields".into()))
}

/// A date as the provider writes it, whatever the configuration expects: without a zone it means UTC, fractions of a
/// second are dropped.
fn provider_date(text: &str) -> Option<i64> {
    let text = without_fraction(text.trim());
    // The last two read the beginning of any text, so that they come last.
    let formats = [
        "yyyy-MM-dd'T'HH:mm:ssXXX",
        "yyyy-MM-dd'T'HH:mm:ssZ",
        "yyyy-MM-dd'T'HH:mm:ss",
        "yyyy-MM-dd",
    ];
    formats
        .into_iter()
        .find_map(|format| Pattern::new(format).ok()?.parse(&text, &Zone::UTC, 0).ok())
}

fn without_fraction(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, rest)) => format!("{whole}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => text.to_owned(),
    }
}

/// FNV-1a: identities are summed up, not secured.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_with_their_zones() {
        let cases = [
            ("2018-02-01T08:05:07Z", Some(1_517_472_307_000)),
            ("2018-02-01T08:05:07", Some(1_517_472_307_000)),
            ("2018-02-01T08:05:07.123Z", Some(1_517_472_307_000)),
            ("2018-02-01T00:05:07.1234567-08:00", Some(1_517_472_307_000)),
            ("2018-02-01T00:05:07-0800", Some(1_517_472_307_000)),
            ("2018-02-01", Some(1_517_443_200_000)),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(provider_date(text), expected, "{text}");
        }
    }
}
