//! Calls of the contract's `webhook`, as case files have them.

use serde::Deserialize;
use serde_json::{Value, json};
use toml_edit::{Item, Table};

use super::{
    arguments::{Bytes, datetime, millis_of},
    file::{array, bytes, instant, text},
    message::{headers_text, parse_message},
    outcome::Record,
};
use crate::{adapter::contract::webhook, session::Told};

/// `arguments.subscribe`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Subscribe {
    callback_url: String,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default = "empty_object")]
    configuration: String,
}

/// `arguments.renew` and `arguments.unsubscribe`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    data: Bytes,
    expires: Option<toml_edit::Datetime>,
}

fn empty_object() -> String {
    "{}".to_owned()
}

impl From<Subscribe> for webhook::Subscription {
    fn from(subscribe: Subscribe) -> Self {
        Self {
            callback_url: subscribe.callback_url,
            resources: subscribe.resources,
            configuration: subscribe.configuration,
        }
    }
}

impl TryFrom<Registration> for webhook::Registration {
    type Error = String;

    fn try_from(registration: Registration) -> Result<Self, String> {
        Ok(Self {
            data: registration.data.decode()?,
            expires: registration.expires.as_ref().map(millis_of).transpose()?,
        })
    }
}

/// A call of the provider: `POST /?query`, headers, an empty line, the body.
pub(super) fn parse_delivery(text: &str, body: Option<Bytes>) -> Result<webhook::Delivery, String> {
    let (first, headers, plain) = parse_message(text)?;
    let (method, target) = first.split_once(' ').unwrap_or((first, "/"));
    let query = target.split_once('?').map_or("", |(_, query)| query);
    Ok(webhook::Delivery {
        method: method.to_owned(),
        query: query.trim().to_owned(),
        headers,
        body: body.map(Bytes::decode).transpose()?.unwrap_or(plain),
    })
}

/// The other way round, into a table.
pub(super) fn put_delivery(table: &mut Table, delivery: &webhook::Delivery) {
    let mut head = format!("{} /", delivery.method);
    if !delivery.query.is_empty() {
        head.push('?');
        head.push_str(&delivery.query);
    }
    head.push('\n');
    head.push_str(&headers_text(&delivery.headers));
    match std::str::from_utf8(&delivery.body) {
        Ok("") => {}
        Ok(body) if !body.contains('\r') => head.push_str(&format!("\n{body}\n")),
        _ => {
            table.insert("body", bytes(&delivery.body));
        }
    }
    table.insert("delivery", text(&head));
}

pub(super) fn put_change(table: &mut Table, change: &webhook::ChangeRegistration) {
    let mut inner = Table::new();
    let name = match change {
        webhook::ChangeRegistration::Subscribe(subscription) => {
            inner.insert("callbackUrl", text(&subscription.callback_url));
            inner.insert("resources", array(&subscription.resources));
            inner.insert("configuration", text(&subscription.configuration));
            "subscribe"
        }
        webhook::ChangeRegistration::Renew(registration) => {
            put_registration(&mut inner, registration);
            "renew"
        }
        webhook::ChangeRegistration::Unsubscribe(registration) => {
            put_registration(&mut inner, registration);
            "unsubscribe"
        }
    };
    table.set_implicit(true);
    table.insert(name, Item::Table(inner));
}

fn put_registration(table: &mut Table, registration: &webhook::Registration) {
    table.insert("data", bytes(&registration.data));
    if let Some(expires) = registration.expires {
        table.insert("expires", instant(expires));
    }
}

/// What the provider registered.
pub(super) fn registration_json(registration: Option<&webhook::Registration>) -> Value {
    match registration {
        None => Value::Null,
        Some(registration) => json!({
            "data": Bytes::of(&registration.data), "expires": registration.expires.map(datetime),
        }),
    }
}

/// The answer that a call must have at once.
pub(super) fn reply_json(reply: Option<&webhook::Reply>) -> Value {
    match reply {
        None => Value::Null,
        Some(reply) => json!({
            "status": reply.status, "headers": headers_text(&reply.headers).lines().collect::<Vec<_>>(),
            "body": Bytes::of(&reply.body),
        }),
    }
}

/// What a call told, record by record.
pub(super) fn told_records(
    told: Vec<Told>,
    answers: &[crate::adapter::contract::types::Answer],
    delivery: &[u8],
) -> Vec<Record> {
    told.into_iter()
        .map(|told| Record::told(told, answers, delivery))
        .collect()
}
