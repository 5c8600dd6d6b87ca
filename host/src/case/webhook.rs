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
use crate::{
    adapter::contract::{types, webhook},
    session::Told,
};

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

/// How a call is verified, in the contract's words.
pub(super) fn verification_json(verification: &webhook::Verification) -> Value {
    match verification {
        webhook::Verification::None => "none".into(),
        webhook::Verification::Signature(signature) => json!({ "signature": {
            "header": signature.header,
            "prefix": signature.prefix,
            "digest": match signature.digest {
                types::Digest::Sha1 => "sha1",
                types::Digest::Sha256 => "sha256",
                types::Digest::Sha512 => "sha512",
            },
            "encoding": match signature.encoding {
                types::Encoding::Hex => "hex",
                types::Encoding::Base64 => "base64",
                types::Encoding::Base64url => "base64url",
            },
            "key": signature.key,
            "over": signature.over.iter().map(part_json).collect::<Vec<_>>(),
        } }),
        webhook::Verification::Secret(shared) => json!({ "secret": {
            "header": shared.header, "prefix": shared.prefix, "secret": shared.secret,
        } }),
        webhook::Verification::Basic(basic) => json!({ "basic": {
            "user": basic.user, "secret": basic.secret,
        } }),
    }
}

fn part_json(part: &types::Part) -> Value {
    match part {
        types::Part::Text(text) => json!({ "text": text }),
        types::Part::Method => "method".into(),
        types::Part::Url => "url".into(),
        types::Part::Path => "path".into(),
        types::Part::Query => "query".into(),
        types::Part::Body => "body".into(),
        types::Part::Header(name) => json!({ "header": name }),
        types::Part::Seconds => "seconds".into(),
        types::Part::Milliseconds => "milliseconds".into(),
        types::Part::Nonce => "nonce".into(),
        types::Part::Secret(name) => json!({ "secret": name }),
    }
}

/// What a call told, record by record.
pub(super) fn told_records(told: Vec<Told>, answers: &[types::Answer], delivery: &[u8]) -> Vec<Record> {
    told.into_iter()
        .map(|told| Record::told(told, answers, delivery))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(verification: webhook::Verification, expected: Value) {
        assert_eq!(verification_json(&verification), expected);
    }

    #[test]
    fn how_a_call_is_verified_is_told_in_the_contracts_words() {
        let (header, prefix) = ("X-Signature".to_owned(), "v1=".to_owned());
        check(webhook::Verification::None, json!("none"));
        check(
            webhook::Verification::Secret(webhook::SharedSecret {
                header: header.clone(),
                prefix: prefix.clone(),
                secret: "acme.key".to_owned(),
            }),
            json!({ "secret": { "header": "X-Signature", "prefix": "v1=", "secret": "acme.key" } }),
        );
        let over = vec![
            types::Part::Header("X-Time".to_owned()),
            types::Part::Text(".".to_owned()),
            types::Part::Body,
        ];
        check(
            webhook::Verification::Signature(webhook::Signature {
                header,
                prefix,
                digest: types::Digest::Sha256,
                encoding: types::Encoding::Base64url,
                key: "acme.key".to_owned(),
                over,
            }),
            json!({ "signature": {
                "header": "X-Signature", "prefix": "v1=", "digest": "sha256", "encoding": "base64url", "key": "acme.key",
                "over": [{ "header": "X-Time" }, { "text": "." }, "body"],
            } }),
        );
    }
}
