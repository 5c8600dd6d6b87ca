//! What configuration keys may be set to. Each of the host's own says it in its table, [`HOST_KEYS`](super::HOST_KEYS);
//! of an element's keys only the type is known. Whoever sets a value, here it is checked.
//!
//! An empty value is none: what holds is the default.

use std::time::Duration;

use indexmap::IndexMap;
use periodic_sdk::description::{ConfigurationType, Description};
use serde_json::{Map, Value};

use super::{HOST_KEYS, HostKey, Problem, Rules, keys, mode::Way, urls};
use crate::{
    body::no_json,
    delivery::{ExtraHeaders, Format},
    inbound::FinderRule,
};

/// What is wrong with a value and what it should be.
pub(super) type Checked = Result<(), String>;

const MINUTE: f64 = 60.0;

/// Refuse values that a key cannot have.
pub(super) fn check(
    description: &Description,
    configuration: &IndexMap<String, String>,
    rules: Rules,
) -> Result<(), Problem> {
    for HostKey { key, check, .. } in HOST_KEYS {
        if let Some(value) = given(configuration, key) {
            check(value, rules).map_err(|what| Problem::setting(key, what))?;
        }
    }
    let truths = description.configuration.iter();
    for key in truths.filter(|key| key.kind == ConfigurationType::Boolean) {
        if let Some(value) = given(configuration, &key.key) {
            truth(value, rules).map_err(|what| Problem::setting(&key.key, what))?;
        }
    }
    Ok(())
}

/// The value of a key, unless it is empty.
pub(super) fn given<'c>(configuration: &'c IndexMap<String, String>, key: &str) -> Option<&'c str> {
    let value = configuration.get(key)?.trim();
    Some(value).filter(|value| !value.is_empty())
}

/// Whether a key of the host is true: as it is set, otherwise by default.
pub fn is_true(configuration: &IndexMap<String, String>, key: &str) -> bool {
    let set = given(configuration, key).and_then(read_truth);
    let default = || keys::default(key).and_then(read_truth);
    set.or_else(default).unwrap_or(false)
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

// What the table of keys names.

pub(super) fn anything(_: &str, _: Rules) -> Checked {
    Ok(())
}

pub(super) fn truth(value: &str, _: Rules) -> Checked {
    match read_truth(value) {
        Some(_) => Ok(()),
        None => Err(format!("{value:?} is neither true nor false")),
    }
}

pub(super) fn way(value: &str, _: Rules) -> Checked {
    value.parse::<Way>().map(|_way| ())
}

pub(super) fn callback(value: &str, _: Rules) -> Checked {
    check_callback(value)
}

/// Values of headers may be secrets: what is wrong is said without them.
pub(super) fn headers(value: &str, _: Rules) -> Checked {
    let read = value.parse::<ExtraHeaders>();
    read.map(|_headers| ()).map_err(|error| error.to_string())
}

pub(super) fn format(value: &str, _: Rules) -> Checked {
    let read = value.parse::<Format>();
    read.map(|_format| ()).map_err(|error| error.to_string())
}

pub(super) fn batch_size(value: &str, _: Rules) -> Checked {
    match value.parse::<u16>() {
        Ok(1..=1000) => Ok(()),
        _ => Err(format!(
            "{value:?} is no batch size; it should be a number from 1 to 1000"
        )),
    }
}

pub(super) fn interval(value: &str, rules: Rules) -> Checked {
    let Some(duration) = minutes(value) else {
        return Err(format!(
            "{value:?} is no interval; it should be a number of minutes, for instance \"15\""
        ));
    };
    let least = rules.min_poll_interval;
    if duration < least {
        // Thousandths of a minute, never less than what is allowed.
        let minutes = least.as_millis().div_ceil(60) as f64 / 1000.0;
        return Err(format!(
            "{value} minutes is less than the host allows: at least {minutes} (setting min_poll_interval, now {})",
            humantime::format_duration(least)
        ));
    }
    Ok(())
}

pub(super) fn pollers(value: &str, _: Rules) -> Checked {
    poller_entries(value).map(|_entries| ())
}

pub(super) fn poller_urls(value: &str, _: Rules) -> Checked {
    urls::parse(value).map(|_lines| ())
}

pub(super) fn finder(value: &str, _: Rules) -> Checked {
    let read = value.parse::<FinderRule>();
    read.map(|_rule| ()).map_err(|error| error.to_string())
}

// How values are read.

fn read_truth(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A number of minutes, decimals and all.
pub(super) fn minutes(value: &str) -> Option<Duration> {
    let minutes = value.trim().parse::<f64>().ok();
    let minutes = minutes.filter(|minutes| minutes.is_finite())?;
    Duration::try_from_secs_f64(minutes * MINUTE).ok()
}

/// Poller configurations by resource.
pub(super) fn poller_entries(value: &str) -> Result<Map<String, Value>, String> {
    let shape = "has to be a JSON object, or a text that holds one, with an entry for each resource";
    let entries = match serde_json::from_str(value) {
        Ok(Value::Object(entries)) => entries,
        Ok(_) => return Err(shape.to_owned()),
        Err(error) => return Err(format!("{shape}; it {}", no_json(&error))),
    };
    match entries.iter().find(|(_, entry)| !entry.is_object()) {
        None => Ok(entries),
        Some((resource, _)) => Err(format!(
            "{resource} has to be an object; {{}} means the element's default"
        )),
    }
}

#[cfg(test)]
mod tests {
    use periodic_sdk::description::{AuthenticationKind, ConfigurationKey};

    use super::*;

    const RULES: Rules = Rules {
        min_poll_interval: Duration::from_secs(60),
    };

    fn checked(key: &str, value: &str) -> Result<(), String> {
        let truth = ConfigurationKey {
            kind: ConfigurationType::Boolean,
            ..ConfigurationKey::text("acme.sandbox", "Sandbox")
        };
        let description = Description {
            configuration: vec![truth],
            ..Description::new("acme", "Acme", 7, "crm", AuthenticationKind::None)
        };
        let configuration = IndexMap::from([(key.to_owned(), value.to_owned())]);
        check(&description, &configuration, RULES).map_err(|problem| problem.to_string())
    }

    #[test]
    fn values_that_a_key_cannot_have_are_refused() {
        let cases = [
            (
                keys::REFRESH_INTERVAL,
                "soon",
                "\"soon\" is no interval; it should be a number of minutes, for instance \"15\"",
            ),
            (
                keys::REFRESH_INTERVAL,
                "-1",
                "\"-1\" is no interval; it should be a number of minutes, for instance \"15\"",
            ),
            (
                keys::REFRESH_INTERVAL,
                "0.05",
                "0.05 minutes is less than the host allows: at least 1 (setting min_poll_interval, now 1m)",
            ),
            (
                keys::REFRESH_INTERVAL,
                "0",
                "0 minutes is less than the host allows: at least 1 (setting min_poll_interval, now 1m)",
            ),
            (
                keys::NOTIFICATIONS_ENABLED,
                "maybe",
                "\"maybe\" is neither true nor false",
            ),
            (keys::FILTER_NULLS, "no", "\"no\" is neither true nor false"),
            (keys::TRACE_LOGGING, "1", "\"1\" is neither true nor false"),
            ("acme.sandbox", "yes", "\"yes\" is neither true nor false"),
            (
                keys::VENDOR_TYPE,
                "push",
                "\"push\" is no way to get events; it should be polling or webhook",
            ),
            (
                keys::BATCH_SIZE,
                "0",
                "\"0\" is no batch size; it should be a number from 1 to 1000",
            ),
            (
                Format::KEY,
                "avro",
                "\"avro\" is no form of notifications; it should be cloud-elements, cloudevents, cloudevents-binary or \
                 cloudevents-batch",
            ),
            (
                keys::CALLBACK_HEADERS,
                "Content-Length: 7",
                "content-length is set by the host itself; leave it out",
            ),
            (
                keys::CALLBACK_HEADERS,
                "X-Tenant",
                "there is no colon in line 1; give {\"X-Tenant\": \"7\"}, or lines like X-Tenant: 7",
            ),
            (
                keys::POLLER_CONFIGURATION,
                "[]",
                "has to be a JSON object, or a text that holds one, with an entry for each resource",
            ),
            (
                keys::POLLER_CONFIGURATION,
                "{\"a\":",
                "has to be a JSON object, or a text that holds one, with an entry for each resource; it is no JSON: \
                 it ends too early",
            ),
            (
                keys::POLLER_CONFIGURATION,
                "{\"a\":7}",
                "a has to be an object; {} means the element's default",
            ),
            (
                keys::CALLBACK_URL,
                "https;//mycoolapp.com",
                "\"https;//mycoolapp.com\" is no callback URL: relative URL without a base; it should be like \
                 https://example.com/events",
            ),
            (
                keys::CALLBACK_URL,
                "ftp://example.com",
                "\"ftp://example.com\" is no callback URL: its scheme is ftp; it should be like \
                 https://example.com/events",
            ),
        ];
        for (key, value, expected) in cases {
            let expected = format!("configuration[{key:?}]: {expected}");
            assert_eq!(checked(key, value), Err(expected), "{key} {value}");
            assert_eq!(checked(key, " "), Ok(()), "{key}: the default");
        }
    }

    #[test]
    fn values_are_read_leniently() {
        let cases = [
            (keys::NOTIFICATIONS_ENABLED, " TRUE "),
            (keys::VENDOR_TYPE, "Webhooks"),
            (keys::BATCH_SIZE, " 20 "),
            (keys::REFRESH_INTERVAL, "999999999"),
            (keys::CALLBACK_HEADERS, "{\"X-Tenant\": \"7\"}"),
            (keys::OBJECTS, "a, b"),
            ("acme.sandbox", "False"),
            ("anything.else", "yes"),
        ];
        for (key, value) in cases {
            assert_eq!(checked(key, value), Ok(()), "{key} {value}");
        }
    }

    #[test]
    fn defaults_are_in_their_own_tables_range() {
        for HostKey {
            key, default, check, ..
        } in HOST_KEYS
        {
            assert_eq!(
                default.map_or(Ok(()), |value| check(value, RULES)),
                Ok(()),
                "{key}"
            );
        }
    }

    #[test]
    fn truth_is_what_is_set_or_the_default() {
        let set = |value: &str| IndexMap::from([(keys::FILTER_NULLS.to_owned(), value.to_owned())]);
        for (value, expected) in [("", true), ("true", true), (" FALSE ", false), ("neither", true)] {
            assert_eq!(is_true(&set(value), keys::FILTER_NULLS), expected, "{value}");
        }
        assert!(!is_true(&IndexMap::new(), keys::TRACE_LOGGING));
        assert!(!is_true(&IndexMap::new(), "no.such.key"));
    }

    #[test]
    fn the_least_interval_is_said_in_few_digits() {
        let least = |min_poll_interval| interval("0", Rules { min_poll_interval }).unwrap_err();
        for (seconds, expected) in [
            (1, "at least 0.017 ("),
            (3, "at least 0.05 ("),
            (90, "at least 1.5 ("),
        ] {
            let told = least(Duration::from_secs(seconds));
            assert!(told.contains(expected), "{told}");
            assert!(
                interval(
                    "0.017",
                    Rules {
                        min_poll_interval: Duration::from_secs(1)
                    }
                )
                .is_ok()
            );
        }
    }

    #[test]
    fn intervals_are_minutes_with_decimals() {
        let cases = [
            ("0.05", Some(3)),
            ("15", Some(900)),
            (" 1 ", Some(60)),
            ("999999999", Some(59_999_999_940)),
            ("NaN", None),
            ("-1", None),
            ("soon", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(minutes(text), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
