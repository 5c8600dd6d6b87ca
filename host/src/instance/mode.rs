//! Which way an instance gets its events.

use indexmap::IndexMap;
use periodic_sdk::description::Description;

use super::{Problem, keys, setup, values};
use crate::{
    inbound::{FINDER, FinderError, FinderRule},
    session,
};

/// Which way an instance gets its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// It wants none.
    Off,
    /// It asks for them.
    Polling,
    /// The provider tells it of changes of these resources.
    Webhook(Vec<String>),
}

/// What `event.vendor.type` can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Polling,
    Webhook,
}

impl std::str::FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "polling" => Ok(Self::Polling),
            "webhook" | "webhooks" => Ok(Self::Webhook),
            other => Err(format!(
                "{other:?} is no way to get events; it should be polling or webhook"
            )),
        }
    }
}

/// Whether a value of `event.vendor.type` lets the provider call.
pub fn is_webhook(vendor_type: &str) -> bool {
    vendor_type.parse() == Ok(Way::Webhook)
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Webhook => "webhook",
        }
    }
}

impl Mode {
    /// What a configuration asks for: nothing while events are off.
    pub(super) fn of(
        description: &Description,
        configuration: &IndexMap<String, String>,
    ) -> Result<Self, Problem> {
        let when_on = Self::when_on(description, configuration)?;
        Ok(
            match values::is_true(configuration, keys::NOTIFICATIONS_ENABLED) {
                true => when_on,
                false => Self::Off,
            },
        )
    }

    /// What it asks for once events are on: the way that it names, or else the element's own, polling first.
    pub(super) fn when_on(
        description: &Description,
        configuration: &IndexMap<String, String>,
    ) -> Result<Self, Problem> {
        let ways = ways(description);
        let way = match asked(configuration)? {
            Some(asked) if ways.contains(&asked) => asked,
            Some(asked) => return Err(lacks(description, asked, &ways)),
            None => match ways.first() {
                Some(way) => *way,
                None => return Ok(Self::Off),
            },
        };
        match way {
            Way::Polling => Ok(Self::Polling),
            Way::Webhook => {
                check_finder(description, configuration)?;
                resources(description, configuration).map(Self::Webhook)
            }
        }
    }
}

fn asked(configuration: &IndexMap<String, String>) -> Result<Option<Way>, Problem> {
    let asked = values::given(configuration, keys::VENDOR_TYPE);
    let way = asked.map(str::parse).transpose();
    way.map_err(|what: String| Problem::setting(keys::VENDOR_TYPE, what))
}

fn ways(description: &Description) -> Vec<Way> {
    let resources = || description.resources.values();
    let polls = resources().any(setup::is_polled);
    let notifies = resources().any(|resource| !resource.webhook_events.is_empty());
    let ways = [(polls, Way::Polling), (notifies, Way::Webhook)];
    ways.into_iter()
        .filter_map(|(has, way)| has.then_some(way))
        .collect()
}

fn lacks(description: &Description, asked: Way, ways: &[Way]) -> Problem {
    let known: Vec<&str> = ways.iter().map(|way| way.name()).collect();
    let known = match known.as_slice() {
        [] => "it tells none at all".to_owned(),
        known => format!("it should be {}", known.join(" or ")),
    };
    let what = format!(
        "the element {} does not tell events by {}; {known}",
        description.key,
        asked.name()
    );
    Problem::setting(keys::VENDOR_TYPE, what)
}

/// The resources that the provider is to tell of: those of `event.objects`, or all of which it can.
fn resources(
    description: &Description,
    configuration: &IndexMap<String, String>,
) -> Result<Vec<String>, Problem> {
    let told: Vec<&str> = description
        .resources
        .iter()
        .filter(|(_, resource)| !resource.webhook_events.is_empty())
        .map(|(name, _)| name.as_str())
        .collect();
    let asked = values::given(configuration, keys::OBJECTS).unwrap_or_default();
    let asked = asked.split(',').map(str::trim).filter(|name| !name.is_empty());
    let mut chosen = Vec::new();
    for name in asked {
        if !told.contains(&name) {
            let what = format!(
                "the element {} tells no events of {name:?} by webhook; it tells them of {}",
                description.key,
                told.join(", ")
            );
            return Err(Problem::setting(keys::OBJECTS, what));
        }
        if !chosen.iter().any(|known| known == name) {
            chosen.push(name.to_owned());
        }
    }
    if chosen.is_empty() {
        chosen = told.into_iter().map(str::to_owned).collect();
    }
    Ok(chosen)
}

fn finder(configuration: &IndexMap<String, String>) -> Result<Option<FinderRule>, Problem> {
    let rule = values::given(configuration, FINDER).map(str::parse).transpose();
    rule.map_err(|error: FinderError| Problem::setting(FINDER, error.to_string()))
}

fn check_finder(description: &Description, configuration: &IndexMap<String, String>) -> Result<(), Problem> {
    match finder(configuration)? {
        Some(rule) if session::is_secret(description, &rule.key) => Err(Problem::setting(
            FINDER,
            format!(
                "{} is a secret, which is compared with nothing that comes in",
                rule.key
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn element(resources: Value) -> Description {
        let text = json!({
            "key": "acme", "name": "Acme", "id": 7, "hub": "crm", "authentication": { "type": "none" },
            "configuration": [{ "key": "acme.key", "name": "Key", "secret": true }],
            "resources": resources,
        });
        serde_json::from_value(text).unwrap()
    }

    fn mode(description: &Description, entries: &[(&str, &str)]) -> Result<Mode, String> {
        let mut configuration =
            IndexMap::from([("event.notification.enabled".to_owned(), "true".to_owned())]);
        for (key, value) in entries {
            configuration.insert((*key).to_owned(), (*value).to_owned());
        }
        Mode::of(description, &configuration).map_err(|problem| problem.to_string())
    }

    #[test]
    fn the_configuration_or_the_element_chooses() {
        let polled = element(json!({ "a": { "polling": {} } }));
        let told =
            element(json!({ "a": { "webhookEvents": ["CREATED"] }, "b": { "webhookEvents": ["DELETED"] } }));
        let both = element(json!({ "a": { "polling": {}, "webhookEvents": ["CREATED"] } }));
        let none = element(json!({ "a": {} }));
        let webhook = |names: &[&str]| {
            Ok(Mode::Webhook(
                names.iter().map(|name| (*name).to_owned()).collect(),
            ))
        };
        assert_eq!(mode(&polled, &[]), Ok(Mode::Polling));
        assert_eq!(mode(&told, &[]), webhook(&["a", "b"]));
        assert_eq!(mode(&told, &[("event.objects", "b, b,")]), webhook(&["b"]));
        assert_eq!(mode(&both, &[]), Ok(Mode::Polling));
        assert_eq!(mode(&both, &[("event.vendor.type", "webhooks")]), webhook(&["a"]));
        assert_eq!(mode(&none, &[]), Ok(Mode::Off));
        assert_eq!(
            mode(&both, &[("event.notification.enabled", "false")]),
            Ok(Mode::Off)
        );
    }

    #[test]
    fn what_the_element_lacks_is_refused_with_the_choices() {
        let polled = element(json!({ "a": { "polling": {} } }));
        let told = element(json!({ "a": { "webhookEvents": ["CREATED"] } }));
        let cases = [
            (
                mode(&polled, &[("event.vendor.type", "webhook")]),
                "configuration[\"event.vendor.type\"]: the element acme does not tell events by webhook; it should be \
                 polling",
            ),
            (
                mode(&told, &[("event.vendor.type", "polling")]),
                "configuration[\"event.vendor.type\"]: the element acme does not tell events by polling; it should be \
                 webhook",
            ),
            (
                mode(&element(json!({})), &[("event.vendor.type", "polling")]),
                "configuration[\"event.vendor.type\"]: the element acme does not tell events by polling; it tells none \
                 at all",
            ),
            (
                mode(&told, &[("event.objects", "b")]),
                "configuration[\"event.objects\"]: the element acme tells no events of \"b\" by webhook; it tells them of \
                 a",
            ),
            (
                mode(&told, &[(FINDER, "acme.key|id")]),
                "configuration[\"event.notification.instance.finder\"]: acme.key is a secret, which is compared with \
                 nothing that comes in",
            ),
        ];
        for (found, expected) in cases {
            assert_eq!(found, Err(expected.to_owned()));
        }
    }
}
