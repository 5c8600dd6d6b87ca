//! Changes of an instance: refused as they are when it is made, and none lost to another at the same time.

use periodic_tests::{Stage, becomes, test_adapters};
use reqwest::Method;
use serde_json::{Value, json};

/// Changes by either method.
async fn refused(stage: &Stage, path: &str, change: &Value, needles: &[&str]) -> anyhow::Result<()> {
    for method in [Method::PATCH, Method::PUT] {
        let body = Some(change.to_string().into_bytes());
        stage.api.call(method, path, body).await?.refused(400, needles)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_element_needs_is_not_emptied() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let off = json!({ "event.notification.enabled": false, "event.notification.signature.key": "k3y" });
    let instance = stage.instance_with(off).await?;
    let path = format!("/instances/{}", instance.id);
    let missing = |key: &'static str| [key, "is missing"];
    for key in ["oauth.api.key", "oauth.api.secret"] {
        for value in [json!(""), json!(" "), Value::Null] {
            let change = json!({ "configuration": { key: value } });
            refused(&stage, &path, &change, &missing(key)).await?;
        }
        let entry = format!("{path}/configuration/{key}");
        let empty = json!({ "propertyValue": "" });
        stage
            .api
            .patch(&entry, &empty)
            .await?
            .refused(400, &missing(key))?;
        let mut request = stage.request().await?;
        request["configuration"][key] = json!("");
        stage
            .api
            .post("/instances", &request)
            .await?
            .refused(400, &missing(key))?;
    }
    assert_eq!(stage.shown(&instance).await?, instance.body);
    stage.api.element(&instance.token).get("/contacts").await?.ok()?;
    // What need not be there may go.
    let change = json!({ "configuration": { "event.notification.signature.key": "" } });
    let changed = stage.api.patch(&path, &change).await?.ok()?;
    let key = changed["configuration"].get("event.notification.signature.key");
    assert_eq!(key, None, "{changed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_that_he_brings_something_brings_it() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let off = json!({ "event.notification.enabled": false });
    let instance = stage.instance_with(off.clone()).await?;
    let path = format!("/instances/{}", instance.id);
    for (word, needle) in [
        ("zz", "\"zz\" is not understood"),
        ("initial", "oauth.user.token"),
        ("initial", "is missing"),
    ] {
        let change = json!({ "externalAuthentication": word });
        refused(&stage, &path, &change, &["externalAuthentication", needle]).await?;
    }
    let none = json!({ "externalAuthentication": "none" });
    stage.api.patch(&path, &none).await?.ok()?;
    let empty = json!({ "providerData": { "code": "" } });
    refused(&stage, &path, &empty, &["providerData.code", "is empty"]).await?;
    let masked = json!({ "providerData": { "code": "********" } });
    stage.api.patch(&path, &masked).await?.ok()?;
    assert_eq!(stage.shown(&instance).await?, instance.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_one_element() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let bell = stage.home.path().join("adapters/bell.wasm");
    std::fs::copy(test_adapters()?.join("bell.wasm"), bell)?;
    becomes(&stage.api, "bell.wasm", "ready").await?;
    let mut request = stage.request().await?;
    for (path, element, other) in [
        ("/elements/bell/instances", json!({ "key": "maximizer" }), "bell"),
        ("/elements/900001/instances", json!({ "id": 5127 }), "900001"),
        (
            "/elements/maximizer/instances",
            json!({ "key": "nobody" }),
            "nobody",
        ),
        (
            "/instances",
            json!({ "key": "maximizer", "id": 900_001 }),
            "900001",
        ),
    ] {
        request["element"] = element.clone();
        let named = element.get("key").or(element.get("id")).map(Value::to_string);
        let named = named.unwrap_or_default().trim_matches('"').to_owned();
        let answer = stage.api.post(path, &request).await?;
        answer.refused(400, &["element", "another element", &named, other])?;
    }
    // Both names of the same, and a number that means something elsewhere only.
    for id in [5127, 7] {
        let mut request = stage.request().await?;
        request["element"] = json!({ "key": "maximizer", "id": id });
        let path = "/elements/5127/instances";
        stage.api.post(path, &request).await?.ok()?;
    }
    let listed = stage.api.get("/elements/5127/instances").await?.ok()?;
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!(stage.api.get("/elements/bell/instances").await?.ok()?, json!([]));
    let unknown = stage.api.get("/elements/nope/instances").await?;
    unknown.refused(404, &["nope"])
}

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
