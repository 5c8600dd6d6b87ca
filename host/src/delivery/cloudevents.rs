//! Notifications as CloudEvents 1.0 over HTTP: structured, binary or batched.
//!
//! The stored body is always Cloud Elements' own; this makes the same events of it at every attempt, so that a retry
//! has the same ids and the form can be changed at any time. The data of an event is the record as fetched.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header::CONTENT_TYPE};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

use super::format::Format;

/// What an attempt sends: the body and the headers that say what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

/// Why a notification cannot be put in this form.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContentError {
    /// The stored body is none.
    #[error("the stored notification is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// An attribute cannot be a header.
    #[error("an attribute of the event cannot be a header: {0}")]
    Header(#[from] http::header::InvalidHeaderValue),
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const STRUCTURED: HeaderValue = HeaderValue::from_static("application/cloudevents+json; charset=utf-8");
const BATCH: HeaderValue = HeaderValue::from_static("application/cloudevents-batch+json; charset=utf-8");

/// What the HTTP binding wants encoded in header values.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// A CloudEvent. Attributes beyond those of the specification are extensions: all of them texts.
#[derive(Debug)]
struct Event<'a> {
    specversion: &'static str,
    id: String,
    source: String,
    kind: String,
    subject: String,
    time: Option<&'a str>,
    datacontenttype: &'static str,
    extensions: Vec<(&'static str, String)>,
    data: &'a RawValue,
}

/// The stored body.
#[derive(Debug, Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    topic: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

/// What is an event or a message of a user.
#[derive(Debug)]
struct Envelope<'a> {
    topic: std::borrow::Cow<'a, str>,
    message: &'a RawValue,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    account_id: i64,
    event_id: String,
    instance_id: i64,
    #[serde(borrow)]
    raw: BTreeMap<String, &'a RawValue>,
    events: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    date: String,
    element_key: String,
    poll_date: String,
    event_type: String,
    hub_key: String,
    object_id: String,
    object_type: String,
}

/// Put a stored notification in the form that its instance wants.
pub(super) fn content(format: Format, event_id: &str, stored: &Bytes) -> Result<Content, ContentError> {
    let as_it_is = || Content {
        headers: vec![(CONTENT_TYPE, JSON)],
        body: stored.clone(),
    };
    if format == Format::CloudElements {
        return Ok(as_it_is());
    }
    let envelope = match serde_json::from_slice(stored)? {
        Stored {
            topic: Some(topic),
            message: Some(message),
        } => Envelope { topic, message },
        // The end of an export: neither an event nor a message.
        Stored { .. } => return Ok(as_it_is()),
    };
    let details = serde_json::from_str::<Details<'_>>(envelope.message.get());
    let records: Vec<&RawValue>;
    let events = match &details {
        Ok(details) => {
            records = records_of(details)?;
            events_of(details, &records)
        }
        // What a user posts is a text.
        Err(_no_details) => vec![message_of(&envelope, event_id)],
    };
    match (format, events.as_slice()) {
        (Format::Binary, [event]) => Ok(Content {
            headers: attributes(event)?,
            body: Bytes::copy_from_slice(event.data.get().as_bytes()),
        }),
        (Format::Structured, [event]) => Ok(Content {
            headers: vec![(CONTENT_TYPE, STRUCTURED)],
            body: serde_json::to_vec(event)?.into(),
        }),
        // A notification of several events from the time before the instance wanted one each.
        _ => Ok(Content {
            headers: vec![(CONTENT_TYPE, BATCH)],
            body: serde_json::to_vec(&events)?.into(),
        }),
    }
}

fn records_of<'a>(details: &Details<'a>) -> Result<Vec<&'a RawValue>, serde_json::Error> {
    let resource = details.events.first().map(|change| change.object_type.as_str());
    match resource.and_then(|resource| details.raw.get(resource)) {
        Some(records) => serde_json::from_str(records.get()),
        None => Ok(Vec::new()),
    }
}

fn events_of<'a>(details: &'a Details<'_>, records: &[&'a RawValue]) -> Vec<Event<'a>> {
    let alone = details.events.len() == 1;
    let event = |(number, change): (usize, &'a Change)| Event {
        specversion: "1.0",
        id: if alone {
            details.event_id.clone()
        } else {
            format!("{}-{number}", details.event_id)
        },
        source: format!("/elements/api-v2/instances/{}", details.instance_id),
        kind: format!("periodic.record.{}", change.event_type.to_ascii_lowercase()),
        subject: format!("{}/{}", change.object_type, change.object_id),
        time: Some(&change.date),
        datacontenttype: "application/json",
        extensions: vec![
            ("accountid", details.account_id.to_string()),
            ("elementkey", change.element_key.clone()),
            ("hubkey", change.hub_key.clone()),
            ("instanceid", details.instance_id.to_string()),
            ("objecttype", change.object_type.clone()),
            ("objectid", change.object_id.clone()),
            ("polldate", change.poll_date.clone()),
            (
                "partitionkey",
                format!(
                    "{}/{}/{}",
                    details.instance_id, change.object_type, change.object_id
                ),
            ),
        ],
        data: records.get(number).copied().unwrap_or(RawValue::NULL),
    };
    details.events.iter().enumerate().map(event).collect()
}

fn message_of<'a>(envelope: &'a Envelope<'_>, event_id: &str) -> Event<'a> {
    Event {
        specversion: "1.0",
        id: event_id.to_owned(),
        source: "/elements/api-v2/notifications".to_owned(),
        kind: "periodic.message".to_owned(),
        subject: envelope.topic.to_string(),
        time: None,
        datacontenttype: "application/json",
        extensions: Vec::new(),
        data: envelope.message,
    }
}

/// The attributes as headers. The media type of the data is that of the message.
fn attributes(event: &Event<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, ContentError> {
    let mut headers = vec![(CONTENT_TYPE, JSON)];
    let own = [
        ("specversion", event.specversion),
        ("id", &event.id),
        ("source", &event.source),
        ("type", &event.kind),
        ("subject", &event.subject),
    ];
    let time = event.time.map(|time| ("time", time));
    let extensions = event
        .extensions
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    for (name, value) in own.into_iter().chain(time).chain(extensions) {
        let encoded = utf8_percent_encode(value, ENCODED).to_string();
        if let Ok(name) = HeaderName::try_from(format!("ce-{name}")) {
            headers.push((name, HeaderValue::try_from(encoded)?));
        }
    }
    Ok(headers)
}

/// As JSON, the data last.
impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", self.specversion)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("subject", &self.subject)?;
        if let Some(time) = self.time {
            map.serialize_entry("time", time)?;
        }
        map.serialize_entry("datacontenttype", self.datacontenttype)?;
        for (name, value) in &self.extensions {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("data", self.data)?;
        map.end()
    }
}

#[cfg(test)]
mod tests;
