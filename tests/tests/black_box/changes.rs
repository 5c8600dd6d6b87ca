//! Changes of one instance that come at the same time.

use periodic_tests::Stage;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_the_same_time_lose_nothing_of_each_other() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let path = format!("/instances/{}", instance.id);
    let token = stage.api.element(&instance.token);
    let changes = (0..24).map(|number| {
        let change = json!({ "configuration": { format!("own.{number}"): format!("value {number}") } });
        let (api, token, path) = (&stage.api, &token, &path);
        async move {
            match number % 2 {
                0 => token.patch("/instances", &change).await,
                _ => api.patch(path, &change).await,
            }
        }
    });
    for answer in futures::future::join_all(changes).await {
        answer?.ok()?;
    }
    let shown = stage.api.get(&path).await?.ok()?;
    for number in 0..24 {
        let key = format!("own.{number}");
        assert_eq!(shown["configuration"][&key], format!("value {number}"), "{shown}");
    }
    Ok(())
}
