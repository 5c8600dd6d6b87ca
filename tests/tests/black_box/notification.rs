//! What a notification looks like.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::NaiveDateTime;
use hmac::{Hmac, KeyInit as _, Mac as _};
use periodic_tests::{SIGNING_KEY, Stage, eventually, keys};
use serde_json::{Value, json};
use sha2::Sha256;

/// So rarely that the test polls itself.
const RARELY: &str = "1000";

fn signature(body: &[u8]) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_KEY.as_bytes())?;
    mac.update(body);
    Ok(format!("sha256={}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_have_the_published_shape_and_both_signatures() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(json!({
            "event.notification.signature.key": SIGNING_KEY,
            "event.notification.callback.headers": "X-Tenant: 7\nAuthorization: Basic dTpw",
        }))
        .await?;
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    let came = &stage.receiver.received()[0];
    assert_eq!(came.target, "POST /events");
    assert_eq!(came.header("content-type"), "application/json");
    assert_eq!(
        (came.header("x-tenant"), came.header("authorization")),
        ("7", "Basic dTpw")
    );
    assert_eq!(came.header("elements-webhook-signature"), signature(&came.bytes)?);
    let secret = format!("whsec_{}", STANDARD.encode(SIGNING_KEY));
    let standard = standardwebhooks::Webhook::new(&secret)?;
    standard.verify(&came.bytes, &came.headers)?;
    let mut forged = came.bytes.to_vec();
    forged.push(b' ');
    assert!(standard.verify(&forged, &came.headers).is_err());
    assert_eq!(came.header("webhook-id"), came.header("elements-webhook-id"));

    let body = &came.body;
    assert_eq!(
        keys(body),
        [
            "severity",
            "createdDate",
            "topic",
            "action",
            "id",
            "message",
            "user"
        ]
    );
    assert_eq!(
        (&body["severity"], &body["action"]),
        (&json!("medium"), &json!("create"))
    );
    let created = body["createdDate"].as_str().context("a text")?;
    NaiveDateTime::parse_from_str(created, "%a %b %d %H:%M:%S UTC %Y")?;
    assert_eq!(
        body["topic"],
        format!("instance-{}-maximizer-events", instance.id)
    );
    assert!(body["id"].as_str().context("a text")?.parse::<u64>().is_ok());
    assert!(body["user"].as_str().is_some_and(|user| user.contains('@')));
    let message = &body["message"];
    assert_eq!(
        keys(message),
        [
            "elementKey",
            "accountId",
            "eventId",
            "companyId",
            "instanceId",
            "instance_id",
            "instanceName",
            "instanceTags",
            "raw",
            "userId",
            "events"
        ]
    );
    assert_eq!(message["elementKey"], "maximizer");
    assert_eq!(message["eventId"].as_str().map(str::len), Some(20), "{message}");
    assert_eq!(message["eventId"], came.header("elements-webhook-id"));
    assert_eq!(
        (&message["instanceId"], &message["instance_id"]),
        (&json!(instance.id), &json!(instance.id))
    );
    assert_eq!(message["instanceName"], "API Instance with Polling");
    assert_eq!(message["instanceTags"], json!(["Docs"]));
    for number in ["accountId", "companyId", "userId"] {
        assert!(message[number].is_i64(), "{number}: {message}");
    }
    let raw = &message["raw"];
    assert_eq!(keys(raw), ["contacts", "pollDate", "objectType"]);
    assert_eq!(raw["objectType"], "contacts");
    assert_eq!(raw["contacts"][0]["LastName"], "Chung");
    let event = &message["events"][0];
    assert_eq!(
        keys(event),
        [
            "date",
            "elementKey",
            "pollDate",
            "eventType",
            "hubKey",
            "objectId",
            "objectType"
        ]
    );
    let iso = "%Y-%m-%dT%H:%M:%SZ";
    let date = event["date"].as_str().context("a text")?;
    NaiveDateTime::parse_from_str(date, iso)?;
    assert_eq!(raw["contacts"][0]["LastModifyDate"], date);
    let polled = NaiveDateTime::parse_from_str(event["pollDate"].as_str().context("a text")?, iso)?;
    let millis = raw["pollDate"].as_i64().context("milliseconds")?;
    assert_eq!(polled.and_utc().timestamp(), millis / 1000);
    let expected = json!({
        "date": date, "elementKey": "maximizer", "pollDate": event["pollDate"], "eventType": "CREATED",
        "hubKey": "crm", "objectId": key, "objectType": "contacts",
    });
    assert_eq!(*event, expected);

    // Without a key nothing is signed, and the id is there all the same.
    let unsigned = json!({ "configuration": { "event.notification.signature.key": null } });
    let path = format!("/instances/{}", instance.id);
    stage.api.patch(&path, &unsigned).await?.ok()?;
    eventually("an unsigned notification", async || {
        stage.provider.contact("Unsigned")?;
        stage.settle(&instance).await?;
        stage.provider.next_second().await?;
        let came = stage.receiver.received().pop().context("a notification")?;
        assert!(!came.header("elements-webhook-id").is_empty());
        let headers = ["elements-webhook-signature", "webhook-signature"];
        Ok(headers
            .iter()
            .all(|name| came.header(name).is_empty())
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_is_told_in_batches() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let mut instances = Vec::new();
    for size in [Value::Null, json!("1"), json!(25)] {
        let configuration =
            json!({ "event.poller.refresh_interval": RARELY, "event.notification.batch.size": size });
        let instance = stage.instance_with(configuration).await?;
        stage.poll(&instance).await?;
        instances.push(instance);
    }
    for number in 0..23 {
        stage.provider.contact(&format!("Batch {number}"))?;
    }
    for (instance, expected) in instances.iter().zip([vec![3, 10, 10], vec![1; 23], vec![23]]) {
        stage.settle(instance).await?;
        let received = stage.receiver.received().into_iter();
        let own = received.filter(|came| came.body["message"]["instanceId"] == instance.id);
        let mut sizes: Vec<_> = own.map(|came| came.events().len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, expected);
    }
    let received = stage.receiver.received();
    for came in &received {
        let raw = &came.body["message"]["raw"]["contacts"];
        assert_eq!(raw.as_array().map(Vec::len), Some(came.events().len()));
        for (event, record) in came.events().iter().zip(raw.as_array().into_iter().flatten()) {
            assert_eq!(record["Key"], json!(event.object));
        }
    }
    let mut ids: Vec<_> = received
        .iter()
        .map(|came| came.header("elements-webhook-id"))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3 + 23 + 1, "every notification has its own id");
    Ok(())
}
