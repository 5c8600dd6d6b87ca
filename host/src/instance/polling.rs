//! From an instance's configuration to its pollers.

use std::time::Duration;

use indexmap::IndexMap;
use periodic_sdk::description::Description;
use serde_json::Value;

use super::{
    Problem, Rules, keys,
    mode::{self, Mode},
};
use crate::{
    clock::{Millis, millis},
    delivery::Format,
    poll::floor_to_second,
    session::Session,
    store::{NewPoller, Polling},
};

const MINUTE: f64 = 60.0;

/// The pollers that a configuration asks for; none when it asks for no polling.
pub(super) async fn polling(
    session: &Session<'_>,
    configuration: &IndexMap<String, String>,
    rules: Rules,
    now: Millis,
) -> Result<Option<Polling>, Problem> {
    if Mode::of(session.description(), configuration)? != Mode::Polling {
        return Ok(None);
    }
    let interval = millis(interval(configuration, rules)?);
    // Providers tell whole seconds: what changed later in this second is dated to its beginning.
    let start = floor_to_second(session.provider_now());
    let mut pollers = Vec::new();
    for (resource, asked) in asked(session.description(), configuration)? {
        let field = || format!("configuration[{:?}].{resource}", keys::POLLER_CONFIGURATION);
        let planned = session.plan(&resource, &asked).await?;
        let configuration = planned.map_err(|what| Problem::field(field(), what))?;
        pollers.push(NewPoller {
            resource,
            configuration,
            start,
        });
    }
    if pollers.is_empty() {
        return Ok(None);
    }
    Ok(Some(Polling {
        interval,
        next_run: now,
        pollers,
    }))
}

/// Whether events are wanted.
pub(super) fn enabled(configuration: &IndexMap<String, String>) -> Result<bool, Problem> {
    let Some(value) = configuration.get(keys::NOTIFICATIONS_ENABLED) else {
        return Ok(false);
    };
    truth(keys::NOTIFICATIONS_ENABLED, value)
}

/// The callback URL, where there is one.
pub(super) fn callback(configuration: &IndexMap<String, String>) -> Result<Option<String>, Problem> {
    let Some(text) = configuration
        .get(keys::CALLBACK_URL)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    match check_callback(text) {
        Ok(()) => Ok(Some(text.to_owned())),
        Err(what) => Err(Problem::field(
            format!("configuration[{:?}]", keys::CALLBACK_URL),
            what,
        )),
    }
}

/// Whether notifications can be sent to this URL; if not, why, with the way out.
pub fn check_callback(text: &str) -> Result<(), String> {
    let refuse = |why: &str| {
        format!("{text:?} is no callback URL: {why}; it should be like https://example.com/events")
    };
    let url = url::Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(()),
        "http" | "https" => Err(refuse("it carries a user name or a password")),
        scheme => Err(refuse(&format!("its scheme is {scheme}"))),
    }
}

/// Check the values of the host's own keys that have a form.
pub(super) fn check_values(configuration: &IndexMap<String, String>, rules: Rules) -> Result<(), Problem> {
    enabled(configuration)?;
    mode::check_values(configuration)?;
    interval(configuration, rules)?;
    callback(configuration)?;
    if let Some(format) = configuration.get(Format::KEY)
        && let Err(error) = format.parse::<Format>()
    {
        return Err(Problem::field(
            format!("configuration[{:?}]", Format::KEY),
            error.to_string(),
        ));
    }
    if let Some(size) = configuration.get(keys::BATCH_SIZE)
        && !size
            .trim()
            .parse::<u16>()
            .is_ok_and(|size| (1..=1000).contains(&size))
    {
        let what = format!("{size:?} is no batch size; it should be a number from 1 to 1000");
        return Err(Problem::field(
            format!("configuration[{:?}]", keys::BATCH_SIZE),
            what,
        ));
    }
    Ok(())
}

fn truth(key: &str, value: &str) -> Result<bool, Problem> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        other => {
            let what = format!("{other:?} is neither true nor false");
            Err(Problem::field(format!("configuration[{key:?}]"), what))
        }
    }
}

fn interval(configuration: &IndexMap<String, String>, rules: Rules) -> Result<Duration, Problem> {
    let asked = configuration
        .get(keys::REFRESH_INTERVAL)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty());
    let text = asked
        .or_else(|| keys::default(keys::REFRESH_INTERVAL))
        .unwrap_or_default();
    let refuse = |what: String| Problem::field(format!("configuration[{:?}]", keys::REFRESH_INTERVAL), what);
    let minutes: Option<f64> = text.parse().ok().filter(|minutes: &f64| minutes.is_finite());
    let duration = minutes.and_then(|minutes| Duration::try_from_secs_f64(minutes * MINUTE).ok());
    let Some(duration) = duration else {
        return Err(refuse(format!(
            "{text:?} is no interval; it should be a number of minutes, for instance \"15\""
        )));
    };
    let least = rules.min_poll_interval;
    if duration < least {
        let minutes = least.as_secs_f64() / MINUTE;
        let what = format!(
            "{text} minutes is less than the host allows: at least {minutes} (setting min_poll_interval, now {})",
            humantime::format_duration(least)
        );
        return Err(refuse(what));
    }
    Ok(duration)
}

/// The resources that are asked for, with their configuration as JSON text; without any, those that the element
/// polls by default.
fn asked(
    description: &Description,
    configuration: &IndexMap<String, String>,
) -> Result<Vec<(String, String)>, Problem> {
    let field = || format!("configuration[{:?}]", keys::POLLER_CONFIGURATION);
    let Some(text) = configuration
        .get(keys::POLLER_CONFIGURATION)
        .filter(|text| !text.trim().is_empty())
    else {
        let by_default = description
            .resources
            .iter()
            .filter(|(_, resource)| resource.polling.is_some());
        return Ok(by_default
            .map(|(name, _)| (name.clone(), "{}".to_owned()))
            .collect());
    };
    let shape = "has to be a JSON object, or a text that holds one, with an entry for each resource";
    let parsed: Value =
        serde_json::from_str(text).map_err(|error| Problem::field(field(), format!("{shape}: {error}")))?;
    let Value::Object(entries) = parsed else {
        return Err(Problem::field(field(), shape));
    };
    let mut asked = Vec::new();
    for (resource, entry) in entries {
        if !description.resources.contains_key(&resource) {
            let known: Vec<&str> = description.resources.keys().map(String::as_str).collect();
            let what = format!(
                "the element {} has no resource {resource:?}; it has {}",
                description.key,
                known.join(", ")
            );
            return Err(Problem::field(field(), what));
        }
        if !entry.is_object() {
            let what = format!("{resource} has to be an object; {{}} means the element's default");
            return Err(Problem::field(field(), what));
        }
        asked.push((resource, entry.to_string()));
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        min_poll_interval: Duration::from_secs(60),
    };

    fn configuration(key: &str, value: &str) -> IndexMap<String, String> {
        IndexMap::from([(key.to_owned(), value.to_owned())])
    }

    fn check_refused(key: &str, value: &str, expected: &str) {
        let problem = check_values(&configuration(key, value), RULES)
            .unwrap_err()
            .to_string();
        assert_eq!(problem, format!("configuration[{key:?}]: {expected}"));
    }

    #[test]
    fn values_without_form_are_refused() {
        check_refused(
            keys::REFRESH_INTERVAL,
            "soon",
            "\"soon\" is no interval; it should be a number of minutes, for instance \"15\"",
        );
        check_refused(
            keys::REFRESH_INTERVAL,
            "-1",
            "\"-1\" is no interval; it should be a number of minutes, for instance \"15\"",
        );
        check_refused(
            keys::REFRESH_INTERVAL,
            "0.05",
            "0.05 minutes is less than the host allows: at least 1 (setting min_poll_interval, now 1m)",
        );
        check_refused(
            keys::NOTIFICATIONS_ENABLED,
            "maybe",
            "\"maybe\" is neither true nor false",
        );
        check_refused(
            keys::VENDOR_TYPE,
            "push",
            "\"push\" is no way to get events; it should be polling or webhook",
        );
        check_refused(
            keys::BATCH_SIZE,
            "0",
            "\"0\" is no batch size; it should be a number from 1 to 1000",
        );
        check_refused(
            keys::CALLBACK_URL,
            "https;//mycoolapp.com",
            "\"https;//mycoolapp.com\" is no callback URL: relative URL without a base; it should be like \
             https://example.com/events",
        );
        check_refused(
            keys::CALLBACK_URL,
            "ftp://example.com",
            "\"ftp://example.com\" is no callback URL: its scheme is ftp; it should be like https://example.com/events",
        );
    }

    #[test]
    fn intervals_are_minutes_with_decimals() {
        let rules = Rules {
            min_poll_interval: Duration::from_secs(1),
        };
        let cases = [
            ("0.05", 3),
            ("15", 900),
            (" 1 ", 60),
            ("999999999", 59_999_999_940),
        ];
        for (text, seconds) in cases {
            let duration = interval(&configuration(keys::REFRESH_INTERVAL, text), rules).unwrap();
            assert_eq!(duration, Duration::from_secs(seconds), "{text}");
        }
        assert_eq!(
            interval(&IndexMap::new(), rules).unwrap(),
            Duration::from_secs(900)
        );
    }
}
