//! Which calls a fault hits.

use serde::{Deserialize, Serialize};

/// Which calls a fault hits; by default every call of the data service until the fault is taken away.
///
/// Calls that match `methods` and `entities` are counted; of these the first `skip` pass, then each `every`-th
/// is hit, `times` times in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Names of calls, in any casing: methods of the data service (`Read`, …), `Token`, `Authorize`,
    /// `Discovery`, `Webhooks`. Empty: all methods of the data service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Names of objects (`AbEntry`) of which the call must mention one. Empty: any call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<String>,
    /// How many matching calls pass before the fault begins.
    pub skip: u32,
    /// The fault hits every this many calls; 1, 0 and absent mean each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// The fault is over after this many hits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// What a fault needs to know of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    /// `Read`, `Token`, ….
    pub(crate) name: String,
    /// Whether a fault hits it that names no methods: those of the data service.
    pub(crate) is_data: bool,
    /// The objects that the body mentions.
    pub(crate) entities: Vec<String>,
}

/// How often a fault was considered and how often it hit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    pub(crate) seen: u32,
    pub(crate) hits: u32,
}

// === impl Call ===

impl Call {
    /// The same call for a fault that is about nothing else and so needs no methods.
    pub(crate) fn as_data(&self) -> Self {
        Self {
            is_data: true,
            ..self.clone()
        }
    }
}

// === impl When ===

impl When {
    /// Hits the next matching call only.
    #[must_use]
    pub fn once() -> Self {
        Self::times(1)
    }

    /// Hits the next `times` matching calls.
    #[must_use]
    pub fn times(times: u32) -> Self {
        Self {
            times: Some(times),
            ..Self::default()
        }
    }

    /// The same, only for calls of this name.
    #[must_use]
    pub fn on(mut self, method: &str) -> Self {
        self.methods.push(method.to_owned());
        self
    }

    /// The same, after letting `skip` matching calls pass.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    pub(crate) fn covers(&self, call: &Call) -> bool {
        let method = match self.methods.as_slice() {
            [] => call.is_data,
            names => names.iter().any(|name| name.eq_ignore_ascii_case(&call.name)),
        };
        let named = |name: &String| {
            call.entities
                .iter()
                .any(|entity| entity.eq_ignore_ascii_case(name))
        };
        method && (self.entities.is_empty() || self.entities.iter().any(named))
    }

    /// Counts a matching call and decides whether it is hit.
    pub(crate) fn strike(&self, call: &Call, tally: &mut Tally) -> bool {
        if !self.covers(call) {
            return false;
        }
        tally.seen = tally.seen.saturating_add(1);
        let past = tally.seen.saturating_sub(self.skip);
        let step = self.every.unwrap_or(1).max(1);
        let hit = past > 0 && past.is_multiple_of(step) && self.times.is_none_or(|times| tally.hits < times);
        if hit {
            tally.hits = tally.hits.saturating_add(1);
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Tally, When};

    fn read() -> Call {
        Call {
            name: "Read".into(),
            is_data: true,
            entities: vec!["AbEntry".into()],
        }
    }

    #[test]
    fn strikes_the_calls_it_says() {
        let check = |when: When, expect: &str| {
            let mut tally = Tally::default();
            let hits: String = (0..8)
                .map(|_| {
                    if when.strike(&read(), &mut tally) {
                        'x'
                    } else {
                        '.'
                    }
                })
                .collect();
            assert_eq!(hits, expect, "{when:?}");
        };
        check(When::default(), "xxxxxxxx");
        check(When::once(), "x.......");
        check(When::times(2).after(3), "...xx...");
        check(
            When {
                every: Some(3),
                ..When::default()
            },
            "..x..x..",
        );
        check(
            When {
                every: Some(0),
                ..When::default()
            },
            "xxxxxxxx",
        );
        check(
            When {
                every: Some(2),
                times: Some(1),
                skip: 1,
                ..When::default()
            },
            "..x.....",
        );
        check(When::default().on("read"), "xxxxxxxx");
        check(When::default().on("Token"), "........");
        check(
            When {
                entities: vec!["Lead".into()],
                ..When::default()
            },
            "........",
        );
        check(
            When {
                entities: vec!["abentry".into()],
                ..When::default()
            },
            "xxxxxxxx",
        );
    }

    #[test]
    fn names_of_other_calls_must_be_asked_for() {
        let token = Call {
            name: "Token".into(),
            is_data: false,
            entities: Vec::new(),
        };
        assert!(!When::default().covers(&token));
        assert!(When::default().on("token").covers(&token));
    }
}
