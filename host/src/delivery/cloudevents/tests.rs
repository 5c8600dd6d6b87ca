//! Parsed back by the CNCF's own library.

use ::cloudevents::{
    AttributesReader as _, Data, Event as Parsed, binding::http::to_event, event::ExtensionValue,
};
use http::HeaderMap;
use serde_json::{Value, json};

use super::*;

const ID: &str = "AWVX9OTIhdQRdI1F7Q7v";

fn stored(objects: &[&str]) -> Bytes {
    let records: Vec<_> = objects
        .iter()
        .map(|object| json!({ "Key": object, "Name": "Ä \"q\"" }))
        .collect();
    let events: Vec<_> = objects
        .iter()
        .map(|object| {
            json!({
                "date": "2018-08-20T15:29:06Z", "elementKey": "crm1", "pollDate": "2018-08-20T15:29:34Z",
                "eventType": "CREATED", "hubKey": "crm", "objectId": object, "objectType": "contacts",
            })
        })
        .collect();
    let body = json!({
        "severity": "medium", "createdDate": "Mon Aug 20 15:30:07 UTC 2018", "topic": "instance-7-crm1-events",
        "action": "create", "id": "1",
        "message": {
            "elementKey": "crm1", "accountId": 874, "eventId": ID, "companyId": 291, "instanceId": 7,
            "instance_id": 7, "instanceName": "x", "instanceTags": [],
            "raw": { "contacts": records, "pollDate": 1_534_778_974_827_i64, "objectType": "contacts" },
            "userId": 1, "events": events,
        },
        "user": "a@example.com",
    });
    body.to_string().into()
}

fn message() -> Bytes {
    let body = json!({
        "severity": "low", "createdDate": "Mon Aug 20 15:30:07 UTC 2018", "topic": "maintenance", "id": "1",
        "message": "back at \"noon\"", "user": "ops",
    });
    body.to_string().into()
}

fn send(format: Format, body: &Bytes) -> (HeaderMap, Vec<u8>) {
    let content = content(format, ID, body).unwrap();
    (content.headers.into_iter().collect(), content.body.to_vec())
}

fn check(event: &Parsed, id: &str, object: &str) {
    assert_eq!(event.id(), id);
    assert_eq!(event.source().to_string(), "/elements/api-v2/instances/7");
    assert_eq!(event.ty(), "periodic.record.created");
    assert_eq!(event.subject(), Some(format!("contacts/{object}").as_str()));
    assert_eq!(event.time().unwrap().to_rfc3339(), "2018-08-20T15:29:06+00:00");
    assert_eq!(event.datacontenttype(), Some("application/json"));
    let extension = |name: &str| match event.extension(name) {
        Some(ExtensionValue::String(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(extension("objectid"), object);
    assert_eq!(extension("instanceid"), "7");
    assert_eq!(extension("accountid"), "874");
    assert_eq!(extension("polldate"), "2018-08-20T15:29:34Z");
    assert_eq!(extension("partitionkey"), format!("7/contacts/{object}"));
    let data = match event.data().unwrap() {
        Data::Json(value) => value.clone(),
        Data::Binary(bytes) => serde_json::from_slice(bytes).unwrap(),
        Data::String(text) => serde_json::from_str(text).unwrap(),
    };
    assert_eq!(data, json!({ "Key": object, "Name": "Ä \"q\"" }));
}

#[test]
fn structured_events_are_read_back() {
    let (headers, body) = send(Format::Structured, &stored(&["a|0"]));
    check(&to_event(&headers, body).unwrap(), ID, "a|0");
}

#[test]
fn binary_events_are_read_back() {
    let (headers, body) = send(Format::Binary, &stored(&["a"]));
    assert_eq!(headers["content-type"], "application/json");
    check(&to_event(&headers, body).unwrap(), ID, "a");
}

#[test]
fn attributes_are_encoded_as_headers_want_it() {
    let (headers, _) = send(Format::Binary, &stored(&["Ü 1%\""]));
    assert_eq!(headers["ce-objectid"], "%C3%9C%201%25%22");
    assert_eq!(headers["ce-subject"], "contacts/%C3%9C%201%25%22");
}

#[test]
fn batches_are_read_back() {
    let (headers, body) = send(Format::Batch, &stored(&["a", "b"]));
    assert_eq!(
        headers["content-type"],
        "application/cloudevents-batch+json; charset=utf-8"
    );
    let events: Vec<Parsed> = serde_json::from_slice(&body).unwrap();
    check(&events[0], &format!("{ID}-0"), "a");
    check(&events[1], &format!("{ID}-1"), "b");
    let (_, body) = send(Format::Batch, &stored(&["a"]));
    let events: Vec<Parsed> = serde_json::from_slice(&body).unwrap();
    check(&events[0], ID, "a");
}

#[test]
fn several_events_of_before_go_as_a_batch() {
    for format in [Format::Structured, Format::Binary] {
        let (headers, body) = send(format, &stored(&["a", "b"]));
        assert_eq!(
            headers["content-type"],
            "application/cloudevents-batch+json; charset=utf-8"
        );
        assert_eq!(serde_json::from_slice::<Vec<Parsed>>(&body).unwrap().len(), 2);
    }
}

#[test]
fn a_users_message_is_an_event_too() {
    let (headers, body) = send(Format::Structured, &message());
    let event = to_event(&headers, body).unwrap();
    assert_eq!((event.id(), event.ty()), (ID, "periodic.message"));
    assert_eq!(event.subject(), Some("maintenance"));
    assert_eq!(event.data(), Some(&Data::Json(json!("back at \"noon\""))));
}

#[test]
fn as_stored_is_as_stored() {
    let body = stored(&["a", "b"]);
    let (headers, sent) = send(Format::CloudElements, &body);
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(sent, body);
    assert!(content(Format::Batch, ID, &Bytes::from_static(b"{")).is_err());
    let _: Value = serde_json::from_slice(&sent).unwrap();
}
