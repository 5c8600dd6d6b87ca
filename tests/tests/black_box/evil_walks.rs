//! Attacks by walks: what a hostile adapter does when it is polled. Its poller fails with the reason, and that of an
//! element that behaves goes on.

use periodic_tests::{Siege, eventually};
use serde_json::{Value, json};

/// Attacks, and what their pollers tell.
const WALKS: &[(&str, &str, &[&str])] = &[
    (
        "poller.begin",
        "spin",
        &["poller.begin used more than 300ms", "setting adapters.cpu"],
    ),
    (
        "poller.begin",
        "grow",
        &["memory<=67108864", "setting adapters.memory"],
    ),
    (
        "poller.resume",
        "panic",
        &["poller.resume trapped", "the guest's own last words"],
    ),
    (
        "poller.resume",
        "a walk without end",
        &["pages<=20", "requested+=21", "setting adapters.pages"],
    ),
    (
        "poller.resume",
        "a walk without pages",
        &["exchanges<=100", "setting adapters.exchanges"],
    ),
    (
        "poller.resume",
        "a page of 10001 records",
        &["records<=10000", "requested+=10001", "setting adapters.records"],
    ),
    (
        "poller.resume",
        "a record that is no JSON",
        &["a record is no JSON"],
    ),
    (
        "poller.begin",
        "a checkpoint without end",
        &["state<=1048576", "requested+=2097152", "setting adapters.state"],
    ),
    ("poller.resume", "a huge identity", &["setting adapters.returned"]),
];

/// What the poller of the one resource of an instance tells.
async fn poller(siege: &Siege, instance: &Value) -> anyhow::Result<Value> {
    let pollers = siege
        .api
        .get(&format!("/instances/{}/pollers", instance["id"]))
        .await?
        .ok()?;
    Ok(pollers[0].clone())
}

async fn polled(siege: &Siege, at: &str, attack: &str) -> anyhow::Result<Value> {
    let file = siege.plan(at, attack)?;
    let events = json!({ "event.notification.enabled": true, "event.poller.refresh_interval": "0.01" });
    siege.instance_of(&file, events).await?.ok()
}

async fn succeeds(siege: &Siege, instance: &Value) -> anyhow::Result<Value> {
    eventually("a poll succeeds", async || {
        let poller = poller(siege, instance).await?;
        Ok((poller["state"] == "ok" && poller["lastSuccess"].is_string()).then_some(poller))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_breaks_the_contract_fails_and_hurts_nobody() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| {
        home.variable("PERIODIC_ADAPTERS_CPU", "300ms")
            .variable("PERIODIC_ADAPTERS_MEMORY", "67108864")
            .variable("PERIODIC_ADAPTERS_RETURNED", "8388608")
            .variable("PERIODIC_ADAPTERS_PAGES", "20")
    })
    .await?;
    let healthy = polled(&siege, "nowhere", "nothing").await?;
    let mut attackers = Vec::new();
    for (at, attack, _) in WALKS {
        attackers.push(polled(&siege, at, attack).await?);
    }
    for (instance, (at, attack, needles)) in attackers.iter().zip(WALKS) {
        let told = eventually(&format!("{at}: {attack} fails"), async || {
            let poller = poller(&siege, instance).await?;
            Ok(poller["lastError"].as_str().map(str::to_owned))
        })
        .await?;
        for needle in *needles {
            assert!(told.contains(needle), "{at}: {attack}: no {needle:?} in {told}");
        }
    }
    let before = succeeds(&siege, &healthy).await?;
    eventually("who behaves is polled again", async || {
        let poller = poller(&siege, &healthy).await?;
        Ok((poller["lastSuccess"] != before["lastSuccess"] && poller["state"] == "ok").then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_a_whole_walk_is_reached_again_when_its_last_call_is_replayed() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home.variable("PERIODIC_ADAPTERS_PAGES", "20")).await?;
    for (attack, told, course) in [
        ("a walk without end", "limit reached: pages<=20", "pages = 20"),
        (
            "a walk without pages",
            "limit reached: exchanges<=100",
            "exchanges = 100",
        ),
    ] {
        let file = siege.plan("poller.resume", attack)?;
        let events = json!({ "event.notification.enabled": true, "event.poller.refresh_interval": "60" });
        siege.instance_of(&file, events).await?.ok()?;
        let report = siege.home.report("poller.resume").await?;
        let text = std::fs::read_to_string(&report)?;
        assert!(text.contains(course), "{course}: {text}");
        siege.replayed(&report, &file, told).await?;
        // The next one is of the same function.
        std::fs::remove_file(report)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_is_odd_is_stored() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home).await?;
    for attack in [
        "a page of 10000 records",
        "dates out of this world",
        "a page that needs no answer",
    ] {
        let at = if attack.ends_with("answer") {
            "poller.begin"
        } else {
            "poller.resume"
        };
        let instance = polled(&siege, at, attack).await?;
        succeeds(&siege, &instance)
            .await
            .map_err(|error| error.context(attack))?;
    }
    Ok(())
}
