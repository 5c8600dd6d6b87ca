//! Notifications, subscriptions, deliveries, analytics, pollers and the stream, as clients use them.

use anyhow::Context as _;
use periodic_tests::{Reply, Stage, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const DELIVERIES: &str = "/notifications/subscriptions/deliveries";

async fn put(stage: &Stage, path: &str) -> anyhow::Result<Value> {
    stage.api.call(Method::PUT, path, None).await?.ok()
}

/// A subscription of a topic to the receiver.
async fn subscribe(stage: &Stage, topic: &str) -> anyhow::Result<i64> {
    let request =
        json!({ "channel": "webhook", "topics": [topic], "config": { "url": stage.receiver.url() } });
    let made = stage
        .api
        .post("/notifications/subscriptions", &request)
        .await?
        .ok()?;
    made["id"].as_i64().context("no id")
}

async fn notify(stage: &Stage, topic: &str) -> anyhow::Result<i64> {
    let request = json!({ "severity": "low", "topic": topic, "message": "a test", "from": "tests" });
    let made = stage.api.post("/notifications", &request).await?.ok()?;
    made["id"].as_i64().context("no id")
}

/// Wait until a delivery of a notification to a subscription has this status.
async fn delivery(stage: &Stage, id: i64, subscription: i64, status: &str) -> anyhow::Result<Value> {
    let path = format!("/notifications/{id}/subscriptions/{subscription}/deliveries?hydrate=true");
    eventually(status, async || {
        let delivery = stage.api.get(&path).await?.ok()?;
        Ok((delivery["status"] == status).then_some(delivery))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_made_listed_acknowledged_and_removed() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let subscription = subscribe(&stage, "topic-a").await?;
    let id = notify(&stage, "topic-a").await?;
    let shown = stage.api.get(&format!("/notifications/{id}")).await?.ok()?;
    for (member, expected) in [
        ("topic", json!("topic-a")),
        ("severity", json!("low")),
        ("message", json!("a test")),
        ("from", json!("tests")),
        ("active", json!(true)),
        ("acknowledged", json!(false)),
    ] {
        assert_eq!(shown[member], expected, "{member}");
    }
    let delivered = delivery(&stage, id, subscription, "delivered").await?;
    assert_eq!(delivered["notification"]["id"], id);
    assert_eq!(delivered["subscription"]["id"], subscription);
    let received = stage.receiver.expect_requests(1).await?;
    assert_eq!(received[0].body["message"], "a test");
    assert!(!received[0].header("elements-webhook-id").is_empty());

    let acknowledged = put(&stage, &format!("/notifications/{id}/acknowledge")).await?;
    assert_eq!(acknowledged["acknowledged"], true);
    let listed = stage.api.get("/notifications?topics[]=topic-a").await?.ok()?;
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let none = stage.api.get("/notifications?topics[]=nothing").await?.ok()?;
    assert_eq!(none, json!([]));
    stage
        .api
        .get("/notifications")
        .await?
        .refused(400, &["topics[]"])?;
    stage.api.delete(&format!("/notifications/{id}")).await?.ok()?;
    stage
        .api
        .get(&format!("/notifications/{id}"))
        .await?
        .refused(404, &[])?;
    stage.api.get("/notifications/-1").await?.refused(404, &[])?;
    for (body, needle) in [
        (json!({}), "topic"),
        (json!({ "topic": null, "message": "x" }), "topic"),
        (json!({ "topic": "t" }), "message"),
        (
            json!({ "topic": "t", "message": "x", "severity": "dire" }),
            "severity",
        ),
    ] {
        stage
            .api
            .post("/notifications", &body)
            .await?
            .refused(400, &[needle])?;
    }
    let email = json!({ "to": "a@example.com", "subject": "x", "message": "y" });
    stage
        .api
        .post("/notifications/emails", &email)
        .await?
        .refused(400, &["sends no e-mail"])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_queue_keeps_deliveries_until_they_are_released() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let policy = |policy: &str| json!({ "notification.webhook.failure.policy": policy });
    let settings = stage.api.get("/accounts/settings").await?.ok()?;
    assert_eq!(settings, policy("retry"));
    let settings = stage
        .api
        .patch("/accounts/settings", &policy("queue"))
        .await?
        .ok()?;
    assert_eq!(settings, policy("queue"));
    stage
        .api
        .patch("/accounts/settings", &policy("drop"))
        .await?
        .refused(400, &["retry or queue"])?;
    stage
        .api
        .get("/accounts/987654/settings")
        .await?
        .refused(404, &[])?;

    stage.receiver.answer_next([Reply::status(502)]);
    let subscription = subscribe(&stage, "topic-q").await?;
    let id = notify(&stage, "topic-q").await?;
    delivery(&stage, id, subscription, "queued").await?;
    let shown = stage
        .api
        .get(&format!("/notifications/subscriptions/{subscription}"))
        .await?
        .ok()?;
    assert_eq!(shown["active"], true);
    let filter = format!(
        "where=channel='webhook' and status='queued' and config.url='{}'&hydrate=true",
        stage.receiver.url()
    );
    let path = format!("{DELIVERIES}?{}", filter.replace(' ', "%20"));
    let queued = stage.api.get(&path).await?.ok()?;
    assert_eq!(queued[0]["notificationId"], id);
    let released = put(&stage, &path).await?;
    assert_eq!(released[0]["notificationId"], id);
    delivery(&stage, id, subscription, "delivered").await?;
    assert_eq!(stage.api.get(&path).await?.ok()?, json!([]));
    let requests = stage.receiver.expect_requests(2).await?;
    assert_eq!(
        requests[0].header("elements-webhook-id"),
        requests[1].header("elements-webhook-id")
    );
    stage
        .api
        .call(Method::PUT, DELIVERIES, None)
        .await?
        .refused(400, &["where"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_a_user_gets_the_events_of_an_instance_too() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let topic = format!("instance-{}-maximizer-events", instance.id);
    let own = subscribe(&stage, &topic).await?;
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect_requests(2).await?;
    stage.settle(&instance).await?;
    assert_eq!(stage.receiver.events_of(&key).len(), 2);
    let event = stage.receiver.events_of(&key).remove(0).id;

    let shown = stage.api.get(&format!("/instances/events/{event}")).await?.ok()?;
    assert_eq!(shown["status"], "NOTIFIED");
    let counted = stage
        .api
        .get("/instances/events/analytics/instances?interval=minute")
        .await?
        .ok()?;
    let total: i64 = counted
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|bucket| bucket["total"].as_i64())
        .sum();
    assert_eq!(total, 1);
    let told = stage.api.get("/instances/events/dispositions").await?.ok()?;
    assert_eq!(told[0]["notificationData"].as_array().map(Vec::len), Some(2));
    stage
        .api
        .get("/instances/events/analytics?accountIds[]=0")
        .await?
        .refused(403, &["accountIds[]"])?;

    // A replay is the same notification again.
    let replayed = stage
        .api
        .post(
            &format!("/instances/{}/deliveries/replay", instance.id),
            &json!({ "from": "2000-01-01" }),
        )
        .await?
        .ok()?;
    assert_eq!(replayed["repeated"], 2);
    let requests = stage.receiver.expect_requests(4).await?;
    assert!(
        requests
            .iter()
            .all(|request| request.header("elements-webhook-id") == event)
    );

    stage
        .api
        .delete(&format!("/notifications/subscriptions/{own}"))
        .await?
        .ok()?;
    stage
        .api
        .get(&format!("/notifications/subscriptions/{own}"))
        .await?
        .refused(404, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_is_previewed_and_set_back() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let start = stage.provider.now();
    let key = stage.provider.contact("Before")?;
    stage.provider.next_second().await?;
    let instance = stage
        .instance_with(json!({ "event.poller.refresh_interval": "999999" }))
        .await?;
    stage.settle(&instance).await?;
    assert_eq!(stage.receiver.events(), []);
    let poller = format!("/instances/{}/pollers/contacts", instance.id);
    let preview = format!("/instances/{}/polls/preview", instance.id);
    let since = json!({ "resource": "contacts", "since": start });
    let previewed = stage.api.post(&preview, &since).await?.ok()?;
    assert_eq!(previewed[0]["eventCount"], 1, "{previewed}");
    assert_eq!(previewed[0]["records"][0]["objectId"], key);
    assert!(
        previewed[0]["requests"][0]["url"]
            .as_str()
            .is_some_and(|url| url.starts_with(stage.provider.url()))
    );
    assert_eq!(stage.receiver.events(), [], "a preview delivers nothing");

    stage
        .api
        .patch(&poller, &json!({ "cursor": "2999-01-01" }))
        .await?
        .refused(400, &["cursor", "set back"])?;
    stage
        .api
        .patch(&poller, &json!({}))
        .await?
        .refused(400, &["paused"])?;
    let changed = stage
        .api
        .patch(&poller, &json!({ "cursor": start }))
        .await?
        .ok()?;
    assert_eq!(changed["start"], start);
    stage.receiver.expect("CREATED", &key).await?;

    let paused = stage.api.patch(&poller, &json!({ "paused": true })).await?.ok()?;
    assert_eq!(
        (&paused["state"], &paused["nextRun"]),
        (&json!("paused"), &json!(null))
    );
    let resumed = stage
        .api
        .patch(&poller, &json!({ "paused": false }))
        .await?
        .ok()?;
    assert_eq!(resumed["state"], "ok");
    stage
        .api
        .patch(
            &format!("/instances/{}/pollers/unicorns", instance.id),
            &json!({ "paused": true }),
        )
        .await?
        .refused(404, &["contacts"])
}
