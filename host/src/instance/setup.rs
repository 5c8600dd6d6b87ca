//! What has to be known before an instance of an element can be made: what the command line asks for, and a page would.

use std::collections::BTreeMap;

use periodic_sdk::description::{AuthenticationKind, ConfigurationType, Description, Resource};
use serde::Serialize;

/// What somebody is asked who connects an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ElementSetup)]
pub struct Setup<'a> {
    /// The element's key.
    pub element: &'a str,
    /// Its name.
    pub name: &'a str,
    /// How its instances authenticate.
    #[schema(value_type = String)]
    pub authentication: AuthenticationKind,
    /// Whether a browser has to be sent to the provider, whose code comes back.
    pub consent: bool,
    /// Its configuration keys, in the element's order.
    pub questions: Vec<Question<'a>>,
    /// The resources that can be polled.
    pub resources: Vec<Pollable<'a>>,
}

/// A configuration key, as a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SetupQuestion)]
pub struct Question<'a> {
    /// The key.
    pub key: &'a str,
    /// Its name for people.
    pub name: &'a str,
    /// What it means.
    pub description: &'a str,
    /// The type of its value.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: ConfigurationType,
    /// Whether the answer must not be shown.
    pub secret: bool,
    /// Whether there has to be an answer: the element needs the key, and nothing else gives it a value.
    pub needed: bool,
    /// What holds without an answer, where it may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'a str>,
}

/// A resource that can be polled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PollableResource)]
pub struct Pollable<'a> {
    /// Its name.
    pub resource: &'a str,
    /// What polling tells of it.
    pub events: &'a [String],
    /// Whether it can be polled without a configuration of its own.
    pub ready: bool,
}

impl<'a> Setup<'a> {
    /// What an element asks for, beside what the operator presets for it.
    pub fn of(description: &'a Description, presets: Option<&'a BTreeMap<String, String>>) -> Self {
        let authentication = description.authentication.kind;
        let consent = matches!(
            authentication,
            AuthenticationKind::Oauth2 | AuthenticationKind::Oauth1
        );
        let questions = description.configuration.iter().map(|key| {
            let preset = presets.and_then(|presets| presets.get(&key.key));
            let default = preset.or(key.default.as_ref());
            Question {
                key: &key.key,
                name: &key.name,
                description: &key.description,
                kind: key.kind,
                secret: key.secret,
                needed: key.required && default.is_none(),
                default: default.map(String::as_str).filter(|_| !key.secret),
            }
        });
        Self {
            element: &description.key,
            name: &description.name,
            authentication,
            consent,
            questions: questions.collect(),
            resources: pollable(description),
        }
    }
}

/// The resources that can be polled.
pub(super) fn pollable(description: &Description) -> Vec<Pollable<'_>> {
    let polled = description.resources.iter();
    let polled = polled.filter(|(_, resource)| is_polled(resource));
    polled
        .map(|(name, resource)| Pollable {
            resource: name,
            events: &resource.poll_events,
            ready: resource.polling.is_some(),
        })
        .collect()
}

/// Whether the element says that a resource can be polled.
pub(super) fn is_polled(resource: &Resource) -> bool {
    resource.polling.is_some() || !resource.poll_events.is_empty()
}

/// Refuse to poll what an element cannot poll, or not by default: host and command line say so in the same words.
pub fn check_poll(
    element: &str,
    pollable: &[Pollable<'_>],
    asked: &str,
    by_default: bool,
) -> Result<(), String> {
    let found = pollable.iter().find(|known| known.resource == asked);
    match found {
        Some(known) if known.ready || !by_default => Ok(()),
        Some(_) => Err(format!(
            "{element} has no configuration of its own for polling {asked}; write one, with url, idField and \
             datesConfiguration"
        )),
        None => {
            let known: Vec<&str> = pollable.iter().map(|known| known.resource).collect();
            let known = match known.as_slice() {
                [] => "nothing".to_owned(),
                known => known.join(", "),
            };
            Err(format!("{element} cannot poll {asked}; it can poll {known}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use periodic_sdk::description::{ConfigurationKey, Resource};

    use super::*;

    #[test]
    fn only_what_nothing_else_tells_is_needed() {
        let with_default = ConfigurationKey {
            default: Some("caw".to_owned()),
            ..ConfigurationKey::text("a.region", "Region").required()
        };
        let polled = Resource {
            poll_events: vec!["UPDATED".to_owned()],
            ..Resource::default()
        };
        let description = Description {
            configuration: vec![
                with_default,
                ConfigurationKey::secret("a.key", "Key"),
                ConfigurationKey::secret("a.other", "Other"),
                ConfigurationKey::text("a.note", "Note"),
            ],
            resources: [
                ("things".to_owned(), polled),
                ("plain".to_owned(), Resource::default()),
            ]
            .into_iter()
            .collect(),
            ..Description::new("a", "A", 1, "crm", AuthenticationKind::Oauth2)
        };
        let presets = BTreeMap::from([("a.key".to_owned(), "s3cret".to_owned())]);
        let setup = Setup::of(&description, Some(&presets));
        assert!(setup.consent);
        let needed: Vec<_> = setup
            .questions
            .iter()
            .filter(|question| question.needed)
            .map(|question| question.key)
            .collect();
        assert_eq!(needed, ["a.other"]);
        let defaults: Vec<_> = setup.questions.iter().map(|question| question.default).collect();
        assert_eq!(
            defaults,
            [Some("caw"), None, None, None],
            "no secret is shown, not even a preset one"
        );
        let pollable: Vec<_> = setup
            .resources
            .iter()
            .map(|pollable| (pollable.resource, pollable.ready))
            .collect();
        assert_eq!(pollable, [("things", false)]);
    }

    #[test]
    fn what_cannot_be_polled_is_refused_with_what_can() {
        let contacts = Pollable {
            resource: "contacts",
            events: &[],
            ready: true,
        };
        let leads = Pollable {
            resource: "leads",
            ready: false,
            ..contacts.clone()
        };
        let pollable = [contacts, leads];
        let refused = |asked: &str, by_default| check_poll("acme", &pollable, asked, by_default).err();
        assert_eq!(refused("contacts", true), None);
        assert_eq!(refused("leads", false), None);
        assert_eq!(
            refused("leads", true).as_deref(),
            Some(
                "acme has no configuration of its own for polling leads; write one, with url, idField and \
                 datesConfiguration"
            )
        );
        assert_eq!(
            refused("notes", false).as_deref(),
            Some("acme cannot poll notes; it can poll contacts, leads")
        );
        assert_eq!(
            check_poll("acme", &[], "notes", true).err().as_deref(),
            Some("acme cannot poll notes; it can poll nothing")
        );
    }
}
