//! What others make of deliveries: the CNCF's library, and a receiver that is as strict as UiPath's.

use std::collections::BTreeSet;

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloudevents::{AttributesReader as _, Data, Event, binding::http::to_event, event::ExtensionValue};
use periodic_tests::{Instance, Received, Reply, SIGNING_KEY, Stage, eventually};
use serde_json::{Value, json};

/// What this receiver says to a notification that it does not take. The codes are those of UiPath's receiver.
fn complaint(received: &Received) -> Option<&'static str> {
    let body = &received.body;
    let message = &body["message"];
    let Some(events) = message["events"].as_array() else {
        return Some(if body.is_null() { "CNS1024" } else { "CNS1018" });
    };
    let [event] = events.as_slice() else {
        return Some("CNS1016");
    };
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let number = |value: &Value| value.is_i64();
    match () {
        () if !number(&message["instanceId"]) || !number(&message["instance_id"]) => Some("CNS1015"),
        () if !text(&event["objectType"]) => Some("CNS1017"),
        () if !matches!(
            event["eventType"].as_str(),
            Some("CREATED" | "UPDATED" | "DELETED")
        ) =>
        {
            Some("CNS1019")
        }
        () if ["objectId", "date", "pollDate", "elementKey", "hubKey"]
            .iter()
            .any(|member| !text(&event[*member])) =>
        {
            Some("a member is missing")
        }
        () if !text(&message["eventId"]) || received.header("elements-webhook-id").is_empty() => {
            Some("no id")
        }
        () => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_single_events_takes_everything_at_once() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(
            json!({ "event.notification.batch.size": 1, "event.notification.signature.key": SIGNING_KEY }),
        )
        .await?;
    stage.receiver.answer(|received| match complaint(received) {
        None => Reply::status(200),
        Some(_) => Reply::status(400),
    });
    let mut expected = BTreeSet::new();
    for number in 0..12 {
        expected.insert(stage.provider.contact(&format!("Single {number}"))?);
    }
    for key in &expected {
        stage.receiver.expect("CREATED", key).await?;
    }
    stage.provider.next_second().await?;
    for key in expected.iter().take(3) {
        stage.provider.edit(key, json!({ "Position": "Guide" }))?;
    }
    for key in expected.iter().take(3) {
        stage.receiver.expect("UPDATED", key).await?;
    }
    stage.settle(&instance).await?;
    let received = stage.receiver.received();
    let complaints: Vec<_> = received.iter().filter_map(complaint).collect();
    assert_eq!((received.len(), complaints), (15, vec![]));
    let ids: BTreeSet<&str> = received
        .iter()
        .map(|came| came.header("elements-webhook-id"))
        .collect();
    assert_eq!(ids.len(), 15, "each has an id of its own");
    let secret = format!("whsec_{}", STANDARD.encode(SIGNING_KEY));
    let verifier = standardwebhooks::Webhook::new(&secret)?;
    for came in &received {
        verifier.verify(&came.bytes, &came.headers)?;
    }
    Ok(())
}

/// An instance that wants CloudEvents, three contacts, and what came of them.
async fn told_as(format: &str) -> anyhow::Result<(Stage, Instance, BTreeSet<String>, Vec<Received>)> {
    let stage = Stage::set().await?;
    let configuration = json!({
        "event.notification.format": format,
        "event.notification.signature.key": SIGNING_KEY,
        "event.poller.refresh_interval": "1000",
    });
    let instance = stage.instance_with(configuration).await?;
    stage.poll(&instance).await?;
    let mut keys = BTreeSet::new();
    for name in ["Chung", "Dé \"Q\"", "Davis"] {
        keys.insert(stage.provider.contact(name)?);
    }
    stage.poll(&instance).await?;
    let path = format!("/instances/{}/deliveries", instance.id);
    eventually("all deliveries are delivered", async || {
        let deliveries = stage.api.get(&path).await?.ok()?;
        let deliveries = deliveries.as_array().cloned().unwrap_or_default();
        let done = deliveries
            .iter()
            .all(|delivery| delivery["status"] == "delivered");
        Ok((done && !deliveries.is_empty()).then_some(()))
    })
    .await?;
    let received = stage.receiver.received();
    Ok((stage, instance, keys, received))
}

fn check(event: &Event, instance: &Instance, keys: &mut BTreeSet<String>) -> anyhow::Result<()> {
    assert_eq!(event.ty(), "periodic.record.created");
    assert_eq!(
        event.source().to_string(),
        format!("/elements/api-v2/instances/{}", instance.id)
    );
    assert_eq!(event.datacontenttype(), Some("application/json"));
    assert!(event.time().is_some());
    let key = event
        .subject()
        .and_then(|subject| subject.strip_prefix("contacts/"));
    let key = key.context("the subject is the object")?;
    assert!(keys.remove(key), "{key} comes twice or was never made");
    let data = match event.data() {
        Some(Data::Json(data)) => data.clone(),
        Some(Data::Binary(data)) => serde_json::from_slice(data)?,
        Some(Data::String(data)) => serde_json::from_str(data)?,
        None => Value::Null,
    };
    assert_eq!(data["Key"], key, "{data}");
    let text = |name: &str| match event.extension(name) {
        Some(ExtensionValue::String(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(text("elementkey"), "maximizer");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cloud_events_are_read_by_a_foreign_library() -> anyhow::Result<()> {
    for (format, kind) in [
        ("cloudevents", "application/cloudevents+json"),
        ("cloudevents-binary", "application/json"),
        ("cloudevents-batch", "application/cloudevents-batch+json"),
    ] {
        let (_stage, instance, mut keys, received) = told_as(format).await?;
        let batch = format == "cloudevents-batch";
        assert_eq!(received.len(), if batch { 1 } else { 3 }, "{format}");
        let mut ids = BTreeSet::new();
        for came in &received {
            assert!(
                came.header("content-type").starts_with(kind),
                "{format}: {:?}",
                came.headers
            );
            let events: Vec<Event> = if batch {
                serde_json::from_slice(&came.bytes)?
            } else {
                vec![to_event(&came.headers, came.bytes.to_vec())?]
            };
            for event in &events {
                check(event, &instance, &mut keys)?;
                assert!(ids.insert(event.id().to_owned()), "{} comes twice", event.id());
            }
            let secret = format!("whsec_{}", STANDARD.encode(SIGNING_KEY));
            standardwebhooks::Webhook::new(&secret)?.verify(&came.bytes, &came.headers)?;
        }
        assert!(keys.is_empty(), "{format}: {keys:?} never came");
    }
    Ok(())
}
