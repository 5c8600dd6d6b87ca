//! A host that is killed loses nothing and tells nothing under two ids.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context as _;
use periodic_tests::{Event, Instance, Reply, Stage, eventually};
use serde_json::json;

/// Everything that reached the receiver, whether it was taken or not.
fn came(stage: &Stage) -> Vec<Event> {
    let received = stage.receiver.received();
    received.iter().flat_map(|came| came.events()).collect()
}

/// Every change was delivered, and none has two ids.
fn check(stage: &Stage, expected: &BTreeSet<(String, String)>) {
    let delivered: BTreeSet<_> = stage
        .receiver
        .events()
        .into_iter()
        .map(|event| (event.object, event.kind))
        .collect();
    assert_eq!(&delivered, expected);
    let mut ids: BTreeMap<(String, String, String), BTreeSet<String>> = BTreeMap::new();
    for Event {
        kind,
        object,
        date,
        id,
        ..
    } in came(stage)
    {
        ids.entry((object, date, kind)).or_default().insert(id);
    }
    let doubled: Vec<_> = ids.iter().filter(|(_, ids)| ids.len() != 1).collect();
    assert!(doubled.is_empty(), "changes with two ids: {doubled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_in_the_middle_of_polls_lose_and_double_nothing() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let contacts = json!({ "contacts": { "pageSize": 8, "idField": "Key",
        "url": "/hubs/crm/contacts?where=LastModifyDate>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}'" } });
    let instance = stage
        .instance_with(json!({ "event.poller.configuration": contacts }))
        .await?;
    stage.provider.set_fault(
        "slow",
        json!({ "headers_ms": 40, "when": { "methods": ["Read"] } }),
    )?;
    let mut expected = BTreeSet::new();
    let mut keys = Vec::new();
    for reads in [1, 2, 3, 4, 5] {
        for number in 0..6 {
            let key = stage.provider.contact(&format!("Kill {reads} {number}"))?;
            expected.insert((key.clone(), "CREATED".to_owned()));
            keys.push(key);
        }
        let before = stage.provider.requests_of("Read").len();
        eventually("a poll is under way", async || {
            Ok((stage.provider.requests_of("Read").len() >= before + reads).then_some(()))
        })
        .await?;
        stage.kill().await?;
        if reads == 3 {
            // Changes of a host that is down.
            stage.provider.next_second().await?;
            for key in keys.iter().take(6) {
                stage.provider.edit(key, json!({ "Position": "Guide" }))?;
                expected.insert((key.clone(), "UPDATED".to_owned()));
            }
        }
        stage.start().await?;
    }
    stage.provider.clear_faults();
    finish(&stage, &instance, &mut expected).await
}

/// A record that was created and edited between two polls is told as updated only: its creation is not expected then.
async fn finish(
    stage: &Stage,
    instance: &Instance,
    expected: &mut BTreeSet<(String, String)>,
) -> anyhow::Result<()> {
    stage.settle(instance).await?;
    stage.settle(instance).await?;
    let told: BTreeSet<_> = stage
        .receiver
        .events()
        .into_iter()
        .map(|event| (event.object, event.kind))
        .collect();
    let both = expected.clone();
    expected.retain(|(key, kind)| {
        let edited = both.contains(&(key.clone(), "UPDATED".to_owned()));
        kind == "UPDATED" || !edited || told.contains(&(key.clone(), kind.clone()))
    });
    check(stage, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_in_the_middle_of_deliveries_lose_and_double_nothing() -> anyhow::Result<()> {
    let mut stage = Stage::with(|home| home.variable("PERIODIC_DELIVERY_SCHEDULE", "1s,1s,1s,1s")).await?;
    let instance = stage
        .instance_with(json!({ "event.notification.batch.size": 2 }))
        .await?;
    let mut expected = BTreeSet::new();
    for kill_at in [1, 4, 8] {
        // Some are answered late, some are refused, so that a kill finds deliveries in every state.
        let mut turn = 0;
        stage.receiver.answer(move |_| {
            turn += 1;
            match turn % 3 {
                0 => Reply::status(500),
                1 => Reply {
                    pause: Duration::from_millis(300),
                    ..Reply::status(200)
                },
                _ => Reply::status(200),
            }
        });
        let before = stage.receiver.received().len();
        for number in 0..20 {
            let key = stage.provider.contact(&format!("Kill {kill_at} {number}"))?;
            expected.insert((key, "CREATED".to_owned()));
        }
        stage.receiver.expect_requests(before + kill_at).await?;
        stage.kill().await?;
        stage.start().await?;
    }
    finish(&stage, &instance, &mut expected).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_host_does_not_wait_for_a_receiver_that_hangs() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let instance = stage.instance().await?;
    stage.receiver.answer_next([Reply::hang()]);
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect_requests(1).await?;
    let host = stage.host.take().context("the host is down")?;
    let ended = host.terminate(Duration::from_secs(10)).await?;
    assert_eq!(ended.code(), Some(0));
    // The attempt that was broken off is made again under the same id.
    stage.start().await?;
    let event = stage.receiver.expect("CREATED", &key).await?;
    assert_eq!(
        event.id,
        stage.receiver.received()[0].header("elements-webhook-id")
    );
    let mut expected = BTreeSet::from([(key, "CREATED".to_owned())]);
    finish(&stage, &instance, &mut expected).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_host_stops_at_once_and_finds_everything_again() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    stage.settle(&instance).await?;
    let shown = stage.shown(&instance).await?;
    let pollers = stage.pollers(&instance).await?;
    let host = stage.host.take().context("the host is down")?;
    let ended = host.terminate(Duration::from_secs(5)).await?;
    assert_eq!(ended.code(), Some(0));
    let while_down = stage.provider.contact("While the host was down")?;
    stage.start().await?;
    assert_eq!(stage.shown(&instance).await?, shown);
    let again = stage.pollers(&instance).await?;
    assert_eq!(again[0]["configuration"], pollers[0]["configuration"]);
    stage.receiver.expect("CREATED", &while_down).await?;
    stage.settle(&instance).await?;
    assert_eq!(
        stage.receiver.events().len(),
        2,
        "what was told is not told again"
    );
    Ok(())
}
