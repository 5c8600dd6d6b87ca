//! What is done with a running host over its interface, from this machine or another.

pub(super) mod adapters;
mod analytics;
mod ask;
mod bulk;
mod common;
mod consent;
mod create;
mod deliveries;
mod elements;
mod events;
mod given;
mod grant;
mod instances;
mod notifications;
mod pages;
mod pollers;
mod polls;
mod settings;
mod subscriptions;
mod tail;
mod target;

pub(super) use self::{
    analytics::Analytics,
    bulk::Command as Bulk,
    common::{Command as Common, Definitions, Transformations},
    deliveries::Command as Deliveries,
    elements::Command as Elements,
    events::Command as Events,
    instances::Command as Instances,
    notifications::Command as Notifications,
    pollers::Command as Pollers,
    polls::Command as Polls,
    settings::Command as Settings,
    subscriptions::Command as Subscriptions,
    target::Target,
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use self::pages::Paging;

/// A key and its value: `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} has no equals sign; it should be KEY=VALUE"))?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// A path segment.
fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What an answer has to say.
fn told<'v>(answer: &'v Value, member: &str) -> anyhow::Result<&'v str> {
    let told = answer.get(member).and_then(Value::as_str);
    told.with_context(|| unlike(&format!("it has no {member:?}")))
}

/// An answer that is a list.
fn rows(answer: Value) -> anyhow::Result<Vec<Value>> {
    match answer {
        Value::Array(rows) => Ok(rows),
        _ => bail!(unlike("it is no list")),
    }
}

/// An answer that this program does not understand.
fn unlike(what: &str) -> String {
    format!(
        "the host's answer is not as this command, of version {}, knows it: {what}; GET /openapi.json says of which \
         version the host is",
        env!("CARGO_PKG_VERSION")
    )
}
