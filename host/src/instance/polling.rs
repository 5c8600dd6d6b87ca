//! From an instance's configuration to its pollers.

use std::time::Duration;

use indexmap::IndexMap;
use periodic_sdk::description::Description;
use serde_json::{Map, Value};

use super::{Problem, keys, mode::Mode, setup, urls, values};
use crate::{
    clock::{Millis, millis},
    poll::floor_to_second,
    session::Session,
    store::{NewPoller, Polling},
};

/// What is to be polled.
#[derive(Debug)]
struct Written {
    /// The configuration key that says so.
    key: &'static str,
    /// Resources, each with its configuration as JSON text.
    resources: Vec<(String, String)>,
}

/// The pollers that a configuration asks for; none when it asks for no polling. What it says of pollers is checked while
/// events are off as well: whoever wrote it is there now, and need not be when they are switched on.
pub(super) async fn polling(
    session: &Session<'_>,
    configuration: &IndexMap<String, String>,
    now: Millis,
) -> Result<Option<Polling>, Problem> {
    let description = session.description();
    let mode = Mode::of(description, configuration)?;
    if Mode::when_on(description, configuration)? != Mode::Polling {
        return Ok(None);
    }
    let Written { key, resources } = match written(description, configuration)? {
        Some(written) => written,
        None if mode == Mode::Polling => by_default(description),
        None => return Ok(None),
    };
    // Providers tell whole seconds: what changed later in this second is dated to its beginning.
    let start = floor_to_second(session.provider_now());
    let mut pollers = Vec::new();
    for (resource, asked) in resources {
        let field = || format!("configuration[{key:?}].{resource}");
        let planned = session.plan(&resource, &asked).await?;
        let configuration = planned.map_err(|what| Problem::field(field(), what))?;
        pollers.push(NewPoller {
            resource,
            configuration,
            start,
        });
    }
    let polls = mode == Mode::Polling && !pollers.is_empty();
    Ok(polls.then(|| Polling {
        interval: millis(interval(configuration)),
        next_run: now,
        pollers,
    }))
}

/// The callback URL, where there is one.
pub(super) fn callback(configuration: &IndexMap<String, String>) -> Option<String> {
    values::given(configuration, keys::CALLBACK_URL).map(str::to_owned)
}

fn interval(configuration: &IndexMap<String, String>) -> Duration {
    let set = values::given(configuration, keys::REFRESH_INTERVAL).and_then(values::minutes);
    let default = || keys::default(keys::REFRESH_INTERVAL).and_then(values::minutes);
    // There is a default; were there none, never would be better than always.
    set.or_else(default).unwrap_or(Duration::MAX)
}

/// The resources that the element polls by default.
fn by_default(description: &Description) -> Written {
    let resources = description.resources.iter();
    let polled = resources.filter(|(_, resource)| resource.polling.is_some());
    Written {
        key: keys::POLLER_CONFIGURATION,
        resources: polled.map(|(name, _)| (name.clone(), "{}".to_owned())).collect(),
    }
}

/// The resources that `event.poller.configuration`, or else `event.poller.urls`, names.
fn written(
    description: &Description,
    configuration: &IndexMap<String, String>,
) -> Result<Option<Written>, Problem> {
    let of = |key: &'static str| values::given(configuration, key).map(|text| (key, text));
    let Some((key, text)) = of(keys::POLLER_CONFIGURATION).or_else(|| of(keys::POLLER_URLS)) else {
        return Ok(None);
    };
    let wrong = |what| Problem::setting(key, what);
    let entries = match key {
        keys::POLLER_URLS => from_lines(description, text),
        _ => values::poller_entries(text),
    };
    let pollable = setup::pollable(description);
    let mut resources = Vec::new();
    for (resource, entry) in entries.map_err(wrong)? {
        let bare = entry.as_object().is_some_and(|members| members.is_empty());
        setup::check_poll(&description.key, &pollable, &resource, bare).map_err(wrong)?;
        resources.push((resource, entry.to_string()));
    }
    Ok(Some(Written { key, resources }))
}

fn from_lines(description: &Description, text: &str) -> Result<Map<String, Value>, String> {
    let lines = urls::parse(text)?.into_iter();
    let entry = |line: urls::Line| {
        let known = description.resources.get(&line.resource);
        let id_field = known.and_then(|known| known.id_field.as_deref());
        let configuration = line.configuration(id_field);
        (line.resource, configuration)
    };
    Ok(lines.map(entry).collect())
}
