//! From a change in the provider to an event at the callback.

use periodic_tests::Stage;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_created_and_an_updated_contact_arrive() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    stage.provider.next_second().await?;
    stage.provider.edit(&key, json!({ "Position": "Guide" }))?;
    stage.receiver.expect("UPDATED", &key).await?;
    stage.settle(&instance).await?;
    let kinds: Vec<_> = stage
        .receiver
        .events()
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, ["CREATED", "UPDATED"], "the baseline is not told");
    Ok(())
}
