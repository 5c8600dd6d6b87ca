//! The switches in use: what is set, how often it hit, who is blocked.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::kinds::{
    AuthorizeDenial, DropConnection, ExpireTokens, Format, HttpStatus, HugeBody, LogicalError, NonJson,
    PageShift, RateLimit, Slow, TokenRefusal, TruncateJson, Warning,
};
use super::when::{Call, Tally, When};
use super::{CATALOG, Entry, Faults};

/// Why a switch cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// There is no such switch.
    #[error("no fault '{name}'; there are {}", CATALOG.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", "))]
    Unknown {
        /// The name as it was sent.
        name: String,
    },
    /// The setting does not fit.
    #[error("fault '{name}': {problem}; an example is {example}")]
    Invalid {
        /// The switch.
        name: &'static str,
        /// What is wrong.
        problem: String,
        /// What would fit.
        example: &'static str,
    },
}

/// Whether a call may pass the rate limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    Limited {
        retry_after_s: i64,
        format: Format,
        /// The caller had been told to wait and did not.
        violation: bool,
    },
}

/// The switches in use.
#[derive(Debug, Default)]
pub(crate) struct Board {
    faults: Faults,
    tallies: BTreeMap<&'static str, Tally>,
    blocked: Option<Block>,
    recent: VecDeque<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
struct Block {
    until: DateTime<Utc>,
    format: Format,
    when: When,
}

/// A fault that hits some calls and not others.
pub(crate) trait Timed: Clone {
    const NAME: &'static str;
    fn when(&self) -> &When;
    fn slot(faults: &mut Faults) -> &mut Option<Self>;
}

macro_rules! timed {
    ($($kind:ident $field:ident $name:literal,)*) => {$(
        impl Timed for $kind {
            const NAME: &'static str = $name;

            fn when(&self) -> &When {
                &self.when
            }

            fn slot(faults: &mut Faults) -> &mut Option<Self> {
                &mut faults.$field
            }
        }
    )*};
}

timed! {
    RateLimit rate_limit "rate-limit",
    HttpStatus http_status "http-status",
    NonJson non_json "non-json",
    LogicalError logical_error "logical-error",
    Warning warning "warning",
    DropConnection drop_connection "drop-connection",
    TruncateJson truncate_json "truncate-json",
    HugeBody huge_body "huge-body",
    Slow slow "slow",
    ExpireTokens expire_tokens "expire-tokens",
    TokenRefusal token_refusal "token-refusal",
    AuthorizeDenial authorize_denial "authorize-denial",
    PageShift page_shift "page-shift",
}

// === impl Board ===

impl Board {
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Replaces all switches; those that changed are counted anew.
    pub(crate) fn replace(&mut self, faults: Faults) -> Result<(), FaultError> {
        faults.check()?;
        let (before, after) = (as_map(&self.faults), as_map(&faults));
        for entry in CATALOG {
            if before.get(entry.name) != after.get(entry.name) {
                self.forget(entry.name);
            }
        }
        self.faults = faults;
        Ok(())
    }

    /// Replaces all switches by those of a JSON object.
    pub(crate) fn put_all(&mut self, settings: Map<String, Value>) -> Result<(), FaultError> {
        let mut wanted = Self::default();
        for (name, setting) in settings {
            wanted.put(&name, setting)?;
        }
        self.replace(wanted.faults)
    }

    /// Sets one switch from JSON, or takes it away with `null`.
    pub(crate) fn put(&mut self, name: &str, setting: Value) -> Result<&'static Entry, FaultError> {
        let entry = self.faults.set(name, setting)?;
        self.forget(entry.name);
        Ok(entry)
    }

    /// One switch for people: its setting, how often it was considered and hit, help and an example.
    pub(crate) fn show(&self, name: &str) -> Result<Value, FaultError> {
        let entry = entry(name)?;
        let tally = self.tallies.get(entry.name).copied().unwrap_or_default();
        Ok(json!({
            "name": entry.name,
            "setting": as_map(&self.faults).get(entry.name),
            "seen": tally.seen,
            "hits": tally.hits,
            "help": entry.help,
            "example": serde_json::from_str::<Value>(entry.example).unwrap_or_default(),
        }))
    }

    /// The switches that are set, and the names of all.
    pub(crate) fn show_all(&self) -> Value {
        let set = as_map(&self.faults)
            .into_iter()
            .filter(|(_, setting)| !setting.is_null());
        let shown = set.map(|(name, setting)| {
            let tally = self.tallies.get(name.as_str()).copied().unwrap_or_default();
            (
                name,
                json!({ "setting": setting, "seen": tally.seen, "hits": tally.hits }),
            )
        });
        json!({
            "set": shown.collect::<Map<_, _>>(),
            "available": CATALOG.iter().map(|entry| entry.name).collect::<Vec<_>>(),
        })
    }

    /// How often a switch hit since it was set.
    pub(crate) fn hits(&self, name: &str) -> Result<u32, FaultError> {
        let entry = entry(name)?;
        Ok(self.tallies.get(entry.name).map_or(0, |tally| tally.hits))
    }

    /// Decides whether this call is hit. A fault takes itself away after its last hit.
    pub(crate) fn hit<T: Timed>(&mut self, call: &Call) -> Option<T> {
        let slot = T::slot(&mut self.faults);
        let fault = slot.clone()?;
        let tally = self.tallies.entry(T::NAME).or_default();
        let hit = fault.when().strike(call, tally);
        if fault.when().times.is_some_and(|times| tally.hits >= times) {
            *slot = None;
        }
        hit.then_some(fault)
    }

    /// Lets a call pass or tells how long to wait.
    pub(crate) fn gate(&mut self, call: &Call, now: DateTime<Utc>) -> Gate {
        if let Some(block) = self.blocked.as_ref().filter(|block| block.when.covers(call)) {
            if now < block.until {
                let retry_after_s = whole_seconds(block.until - now);
                return Gate::Limited {
                    retry_after_s,
                    format: block.format,
                    violation: true,
                };
            }
            self.blocked = None;
        }
        if let Some(limit) = self.hit::<RateLimit>(call) {
            let when = When {
                methods: limit.when.methods,
                entities: limit.when.entities,
                ..When::default()
            };
            return self.block(now, i64::from(limit.retry_after_s), limit.format, when);
        }
        let Some(budget) = self.faults.call_budget.as_ref().filter(|_| call.is_data) else {
            return Gate::Open;
        };
        let span = TimeDelta::seconds(i64::from(budget.per_s));
        while self.recent.front().is_some_and(|at| *at + span <= now) {
            self.recent.pop_front();
        }
        match self.recent.front() {
            Some(oldest) if self.recent.len() >= budget.calls as usize => {
                let wait = whole_seconds(*oldest + span - now);
                self.block(now, wait, Format::Seconds, When::default())
            }
            _ => {
                self.recent.push_back(now);
                Gate::Open
            }
        }
    }

    fn block(&mut self, now: DateTime<Utc>, retry_after_s: i64, format: Format, when: When) -> Gate {
        let until = now + TimeDelta::seconds(retry_after_s);
        // Whoever is told a date is told a whole second.
        let until = match format {
            Format::Date => until.trunc_subsecs(0),
            Format::Seconds | Format::Absent => until,
        };
        self.blocked = Some(Block { until, format, when });
        Gate::Limited {
            retry_after_s,
            format,
            violation: false,
        }
    }

    fn forget(&mut self, name: &str) {
        self.tallies.remove(name);
        if matches!(name, "rate-limit" | "call-budget") {
            self.blocked = None;
            self.recent.clear();
        }
    }
}

fn whole_seconds(span: TimeDelta) -> i64 {
    let millis = span.num_milliseconds().max(1);
    (millis + 999) / 1000
}

pub(super) fn entry(name: &str) -> Result<&'static Entry, FaultError> {
    CATALOG
        .iter()
        .find(|entry| entry.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| FaultError::Unknown {
            name: name.to_owned(),
        })
}

pub(super) fn as_map(faults: &Faults) -> Map<String, Value> {
    match serde_json::to_value(faults) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Board, CATALOG, Call, FaultError, Faults, Gate, HttpStatus, as_map};

    fn read() -> Call {
        Call {
            name: "Read".into(),
            is_data: true,
            entities: Vec::new(),
        }
    }

    #[test]
    fn the_catalogue_names_every_switch_and_its_examples_fit() {
        let switches = as_map(&Faults::default());
        assert_eq!(switches.len(), CATALOG.len());
        for entry in CATALOG {
            assert!(switches.contains_key(entry.name), "{}", entry.name);
            let example: Value = serde_json::from_str(entry.example).unwrap();
            for setting in [example, json!({}), Value::Null] {
                Board::default().put(entry.name, setting).unwrap();
            }
            assert!(
                include_str!("../lib.rs").contains(&format!("| `{}` |", entry.name)),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn refusals_name_what_is_accepted() {
        let mut board = Board::default();
        let unknown = board.put("nope", json!({})).unwrap_err();
        assert!(
            unknown.to_string().contains("rate-limit, call-budget"),
            "{unknown}"
        );
        let invalid = board.put("slow", json!({"ms": 3})).unwrap_err();
        assert!(matches!(invalid, FaultError::Invalid { name: "slow", .. }));
        assert!(invalid.to_string().contains("headers_ms"), "{invalid}");
    }

    #[test]
    fn a_fault_is_gone_after_its_last_hit_and_can_be_armed_again() {
        let mut board = Board::default();
        for _ in 0..2 {
            board
                .put("http-status", json!({"status": 502, "when": {"times": 1}}))
                .unwrap();
            assert_eq!(
                board.hit::<HttpStatus>(&read()).map(|fault| fault.status),
                Some(502)
            );
            assert_eq!(board.hit::<HttpStatus>(&read()), None);
            assert_eq!(board.hits("http-status"), Ok(1));
            assert_eq!(board.faults().http_status, None);
        }
    }

    #[test]
    fn calls_within_the_announced_time_are_violations() {
        let mut board = Board::default();
        board
            .put("rate-limit", json!({"retry_after_s": 5, "when": {"times": 1}}))
            .unwrap();
        let check = |board: &mut Board, at: &str, expect: Option<(i64, bool)>| {
            let found = match board.gate(&read(), at.parse().unwrap()) {
                Gate::Open => None,
                Gate::Limited {
                    retry_after_s,
                    violation,
                    ..
                } => Some((retry_after_s, violation)),
            };
            assert_eq!(found, expect, "{at}");
        };
        check(&mut board, "2026-01-01T00:00:00Z", Some((5, false)));
        check(&mut board, "2026-01-01T00:00:03.500Z", Some((2, true)));
        check(&mut board, "2026-01-01T00:00:05Z", None);
        board
            .put("call-budget", json!({"calls": 2, "per_s": 10}))
            .unwrap();
        check(&mut board, "2026-01-01T00:01:00Z", None);
        check(&mut board, "2026-01-01T00:01:04Z", None);
        check(&mut board, "2026-01-01T00:01:05Z", Some((5, false)));
        check(&mut board, "2026-01-01T00:01:06Z", Some((4, true)));
        check(&mut board, "2026-01-01T00:01:10Z", None);
        check(&mut board, "2026-01-01T00:01:11Z", Some((3, false)));
    }
}
