//! Notifications on their way to the callback.

use std::time::Duration;

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use periodic_tests::{Received, Receiver, Reply, SIGNING_KEY, Stage, eventually};
use serde_json::json;

/// So rarely that the test polls itself.
const RARELY: &str = "1000";

/// The attempts at one notification: the same id, the same bytes.
fn same(attempts: &[Received]) {
    for attempt in attempts {
        assert_eq!(
            attempt.header("elements-webhook-id"),
            attempts[0].header("elements-webhook-id")
        );
        assert_eq!(attempt.bytes, attempts[0].bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_retry_comes_after_four_seconds_with_the_same_id() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(json!({ "event.notification.signature.key": SIGNING_KEY }))
        .await?;
    stage.receiver.answer_next([Reply::status(502)]);
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    let attempts = stage.receiver.received();
    assert_eq!(attempts.len(), 2);
    same(&attempts);
    let gap = attempts[1].at - attempts[0].at;
    assert!(
        gap > Duration::from_millis(3900) && gap < Duration::from_secs(12),
        "{gap:?}"
    );
    let signatures: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt.header("elements-webhook-signature"))
        .collect();
    assert!(
        signatures[0].starts_with("sha256=") && signatures[0] == signatures[1],
        "{signatures:?}"
    );
    stage.settle(&instance).await?;
    let deliveries = stage.deliveries(&instance).await?;
    assert_eq!(
        (&deliveries[0]["status"], &deliveries[0]["attempts"]),
        (&json!("delivered"), &json!(2))
    );
    Ok(())
}

/// A host that retries soon and waits for nobody.
async fn hasty() -> anyhow::Result<Stage> {
    Stage::with(|home| {
        home.variable("PERIODIC_DELIVERY_SCHEDULE", "1s,1s,1s,1s,1s")
            .variable("PERIODIC_DELIVERY_TIMEOUT", "1s")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_silence_and_redirects_are_failures() -> anyhow::Result<()> {
    let stage = hasty().await?;
    let instance = stage
        .instance_with(json!({ "event.poller.refresh_interval": RARELY }))
        .await?;
    stage.poll(&instance).await?;
    let elsewhere = stage.receiver.url().replace("/events", "/elsewhere");
    stage.receiver.answer_next([
        Reply::drip(),
        Reply::hang(),
        Reply::status(307).header("location", elsewhere),
        Reply::status(503).header("retry-after", "3"),
    ]);
    let key = stage.provider.contact("Chung")?;
    stage.poll(&instance).await?;
    let mut errors = Vec::new();
    eventually("the delivery succeeds", async || {
        let delivery = stage.deliveries(&instance).await?;
        let delivery = delivery.first().context("a delivery")?;
        if let Some(error) = delivery["lastError"].as_str()
            && errors.last().is_none_or(|last| last != error)
        {
            errors.push(error.to_owned());
        }
        Ok((delivery["status"] == "delivered").then_some(()))
    })
    .await?;
    let attempts = stage.receiver.received();
    assert_eq!(attempts.len(), 5, "{errors:?}");
    same(&attempts);
    assert!(attempts.iter().all(|attempt| attempt.target == "POST /events"));
    assert!(
        attempts[4].at - attempts[3].at > Duration::from_millis(2900),
        "Retry-After is obeyed"
    );
    assert_eq!(stage.receiver.events_of(&key).len(), 1);
    // The first two read the same: nothing complete came in time.
    let expected = ["within 1s", "307", "503"];
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for (error, expected) in errors.iter().zip(expected) {
        assert!(error.contains(expected), "{errors:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_or_never_takes_ends_its_subscription() -> anyhow::Result<()> {
    let stage = Stage::with(|home| home.variable("PERIODIC_DELIVERY_SCHEDULE", "1s")).await?;
    let instance = stage.instance().await?;
    let path = format!("/instances/{}", instance.id);
    for (round, status) in [410, 500].into_iter().enumerate() {
        stage.receiver.answer(move |_| Reply::status(status));
        let before = stage.receiver.received().len();
        let first = stage.provider.contact(&format!("First of {status}"))?;
        let queued = async |count: usize| {
            eventually("events are queued", async || {
                let deliveries = stage.deliveries(&instance).await?;
                let queued = deliveries
                    .iter()
                    .filter(|delivery| delivery["status"] == "queued");
                Ok((queued.count() == count).then_some(deliveries))
            })
            .await
        };
        let deliveries = queued(1).await?;
        let error = deliveries[0]["lastError"].as_str().unwrap_or_default();
        assert!(error.contains(&status.to_string()), "{error}");
        let attempts = stage.receiver.received().len() - before;
        assert_eq!(attempts, if status == 410 { 1 } else { 2 });
        // What comes later queues and is not even tried.
        let second = stage.provider.contact(&format!("Second of {status}"))?;
        queued(2).await?;
        assert_eq!(stage.receiver.received().len() - before, attempts);

        // Another callback takes over what is queued, in its order.
        stage.receiver.answer(|_| Reply::status(200));
        let url = format!("{}/{round}", stage.receiver.url());
        let change = json!({ "configuration": { "event.notification.callback.url": url } });
        stage.api.patch(&path, &change).await?.ok()?;
        stage.receiver.expect("CREATED", &first).await?;
        stage.receiver.expect("CREATED", &second).await?;
        let last = stage.receiver.received().pop().context("a notification")?;
        assert_eq!(last.target, format!("POST /events/{round}"));
    }
    stage.settle(&instance).await?;
    assert_eq!(stage.receiver.events().len(), 4);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_an_object_keep_their_order_and_hold_nobody_else_up() -> anyhow::Result<()> {
    let stage = hasty().await?;
    let instance = stage.instance().await?;
    let stuck = stage.provider.contact("Stuck")?;
    let mut refusals = 3;
    let object = stuck.clone();
    stage.receiver.answer(move |came| {
        let concerned = came.events().iter().any(|event| event.object == object);
        if concerned && refusals > 0 {
            refusals -= 1;
            return Reply::status(500);
        }
        Reply::status(200)
    });
    stage.receiver.expect_requests(1).await?;
    stage.provider.next_second().await?;
    stage.provider.edit(&stuck, json!({ "Position": "Guide" }))?;
    let free = stage.provider.contact("Free")?;
    stage.receiver.expect("CREATED", &free).await?;
    assert_eq!(stage.receiver.events_of(&stuck), [], "it is still refused");
    stage.receiver.expect("UPDATED", &stuck).await?;
    stage.settle(&instance).await?;
    let kinds: Vec<_> = stage
        .receiver
        .events_of(&stuck)
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, ["CREATED", "UPDATED"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_at_a_closed_address_is_never_called() -> anyhow::Result<()> {
    let stage = hasty().await?;
    for (callback, address) in [
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("http://[::ffff:10.0.0.1]/", "10.0.0.1"),
        ("http://0x0a000001/", "10.0.0.1"),
    ] {
        let configuration = json!({ "event.notification.callback.url": callback });
        let instance = stage.instance_with(configuration).await?;
        stage.provider.contact(address)?;
        let error = eventually("the attempt is refused", async || {
            let deliveries = stage.deliveries(&instance).await?;
            let error = deliveries
                .first()
                .and_then(|delivery| delivery["lastError"].as_str());
            Ok(error.map(str::to_owned))
        })
        .await?;
        for needle in [address, "--egress-allow"] {
            assert!(error.contains(needle), "{callback}: {error}");
        }
    }
    Ok(())
}

/// Whether a ready-made library with this secret takes a message.
fn verifies(secret: &str, message: &Received) -> anyhow::Result<bool> {
    let library = standardwebhooks::Webhook::new(secret)?;
    Ok(library.verify(&message.bytes, &message.headers).is_ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_callback_gets_nothing_of_the_old_ones_credentials() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(json!({
            "event.poller.refresh_interval": RARELY,
            "event.notification.signature.key": "KEY-A",
            "event.notification.callback.headers": "Authorization: Bearer SECRET-OF-A",
        }))
        .await?;
    let mut known = STANDARD.encode("KEY-A");
    let mut receivers = Vec::new();
    for round in ["B", "C", "D"] {
        stage.provider.next_second().await?;
        let key = stage.provider.contact(round)?;
        stage.poll(&instance).await?;
        // The settings were used a moment ago.
        let current = receivers.last().unwrap_or(&stage.receiver);
        current.expect("CREATED", &key).await?;
        let receiver = Receiver::start().await?;
        let (signing_key, bearer) = (format!("KEY-{round}"), format!("Bearer SECRET-OF-{round}"));
        let change = json!({ "configuration": {
            "event.notification.callback.url": receiver.url(),
            "event.notification.signature.key": signing_key,
            "event.notification.callback.headers": format!("Authorization: {bearer}"),
        } });
        stage
            .api
            .patch(&format!("/instances/{}", instance.id), &change)
            .await?
            .ok()?;
        let next = stage.provider.contact("Next")?;
        stage.poll(&instance).await?;
        receiver.expect("CREATED", &next).await?;
        for message in receiver.received() {
            assert_eq!(message.header("authorization"), bearer);
            assert!(verifies(&STANDARD.encode(&signing_key), &message)?);
            assert!(!verifies(&known, &message)?);
        }
        known = STANDARD.encode(&signing_key);
        receivers.push(receiver);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_standard_webhooks_is_a_key_as_it_stands() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let secret = format!("whsec_{}", STANDARD.encode("thirty-two bytes of randomness .."));
    stage
        .instance_with(json!({ "event.notification.signature.key": secret }))
        .await?;
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    let message = stage.receiver.received().remove(0);
    assert!(verifies(&secret, &message)?, "given to the library");
    let text = format!("whsec_{}", STANDARD.encode(&secret));
    assert!(verifies(&text, &message)?, "as any other text");
    let other = format!("whsec_{}", STANDARD.encode("another key"));
    assert!(!verifies(&other, &message)?);
    Ok(())
}
