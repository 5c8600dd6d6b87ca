//! A provider that disagrees about the time.

use std::collections::BTreeSet;

use fake_maximizer::{Entity, Options};
use periodic_tests::{Provider, Stage};
use serde_json::json;

async fn skewed(seconds: i64) -> anyhow::Result<()> {
    let options = Options::default();
    let provider = Provider::with(options).await?;
    provider.set_fault("clock-skew", json!({ "seconds": seconds }))?;
    let url = provider.url().to_owned();
    let mut stage = Stage::around(provider, &url, |home| home).await?;
    let before = stage.provider.contact("Before")?;
    stage.provider.next_second().await?;
    stage.provider.next_second().await?;
    let instance = stage.instance().await?;
    let mut expected = Vec::new();
    for round in ["at first", "after a restart", "after a crash"] {
        match round {
            "after a restart" => {
                stage.stop().await?;
                stage.provider.next_second().await?;
                expected.push(stage.provider.contact("While the host was down")?);
                stage.start().await?;
            }
            "after a crash" => {
                stage.kill().await?;
                stage.start().await?;
            }
            _ => {}
        }
        let key = stage.provider.contact(round)?;
        stage.receiver.expect("CREATED", &key).await?;
        stage.provider.next_second().await?;
        stage.provider.edit(&key, json!({ "Position": round }))?;
        stage.receiver.expect("UPDATED", &key).await?;
        expected.extend([key.clone(), key]);
    }
    stage.settle(&instance).await?;
    // A kill may come between a delivery and the note of it; the same event comes again then, under its id.
    let events: BTreeSet<_> = stage.receiver.events().into_iter().collect();
    let mut told: Vec<_> = events.into_iter().map(|event| event.object).collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected, "and not {before}, which was there before");
    assert!(stage.provider.records(Entity::AbEntry).len() > 4);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_clock_is_ahead_is_polled_in_its_own_time() -> anyhow::Result<()> {
    skewed(600).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_clock_is_behind_is_polled_in_its_own_time() -> anyhow::Result<()> {
    skewed(-600).await
}
