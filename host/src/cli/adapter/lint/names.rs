//! Names that nobody knows: configuration keys in patterns and templates, and places of secrets.

use std::{cell::RefCell, collections::BTreeSet};

use periodic_sdk::description::Description;

use super::{Finding, error, warning};
use crate::{
    cli::nearest::nearest,
    egress::{PLACES, UrlPatterns, is_place},
    instance::HOST_KEYS,
};

/// The configuration keys that are asked for while something is filled in; every one has a value.
#[derive(Debug, Default)]
pub(super) struct Asked(RefCell<BTreeSet<String>>);

impl Asked {
    /// Answer with this value.
    pub(super) fn answer(&self, key: &str, value: &str) -> Option<String> {
        self.0.borrow_mut().insert(key.to_owned());
        Some(value.to_owned())
    }

    /// A finding for each that is no key of the element.
    pub(super) fn lint(self, description: &Description, place: &str, findings: &mut Vec<Finding>) {
        for key in self.0.into_inner() {
            lint_key(description, place, &key, findings);
        }
    }
}

/// Look at the keys of patterns and rate limits, and at the places of secrets.
pub(super) fn lint_names(description: &Description, findings: &mut Vec<Finding>) {
    for pattern in &description.egress {
        lint_pattern(description, &format!("egress {pattern:?}"), pattern, findings);
    }
    for binding in &description.secrets {
        let place = format!("secrets {:?}", binding.secret);
        for pattern in &binding.urls {
            lint_pattern(description, &place, pattern, findings);
        }
        for bound in binding.places.iter().filter(|bound| !is_place(bound)) {
            findings.push(error(&place, &unknown_place(bound)));
        }
    }
    for (index, limit) in description.rate_limits.iter().enumerate() {
        let is_secret = |key: &str| description.secrets.iter().any(|binding| binding.secret == key);
        for key in limit.account.iter().filter(|key| !is_secret(key)) {
            lint_key(
                description,
                &format!("rateLimits[{index}].account"),
                key,
                findings,
            );
        }
    }
}

fn lint_pattern(description: &Description, place: &str, pattern: &str, findings: &mut Vec<Finding>) {
    for key in UrlPatterns::keys(pattern) {
        let mut keys = description.configuration.iter();
        if keys.any(|known| known.secret && known.key == key) {
            let what =
                format!("{{{key}}} is a secret, whose value stands in no pattern: this one matches nothing");
            findings.push(error(place, &what));
        } else {
            lint_key(description, place, key, findings);
        }
    }
}

/// A key that `connect` derives need not be declared: an unknown one is told where it is like a known one.
fn lint_key(description: &Description, place: &str, key: &str, findings: &mut Vec<Finding>) {
    let declared = description.configuration.iter().map(|known| known.key.as_str());
    let hosts = HOST_KEYS.iter().map(|known| known.key);
    if let Some(near) = nearest(key, declared.chain(hosts)).filter(|near| *near != key) {
        let what = format!("{{{key}}} is no configuration key; did you mean {{{near}}}?");
        findings.push(warning(place, &what));
    }
}

fn unknown_place(bound: &str) -> String {
    let kind = |place: &'static str| place.split(':').next().unwrap_or(place);
    let written = bound.split(':').next().unwrap_or(bound);
    let near = nearest(written, PLACES.map(kind));
    match near.and_then(|near| PLACES.into_iter().find(|place| kind(place) == near)) {
        Some(place) => format!("{bound:?} is no place of a request; did you mean {place}?"),
        None => format!(
            "{bound:?} is no place of a request; places are {}",
            PLACES.join(", ")
        ),
    }
}
