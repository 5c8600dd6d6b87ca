//! Elements and the way to their authorize URLs.

use anyhow::Context as _;
use periodic_tests::{ELEMENT_MEMBERS, Stage, keys};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn elements_are_listed_and_lead_to_the_authorize_url() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let elements = stage.api.get("/elements").await?.ok()?;
    assert_eq!(elements.as_array().map(Vec::len), Some(1));
    assert_eq!(keys(&elements[0])[..21], ELEMENT_MEMBERS);
    for name in ["maximizer", "5127"] {
        let element = stage.api.get(&format!("/elements/{name}")).await?.ok()?;
        assert_eq!(element, elements[0], "{name}");
    }
    stage
        .api
        .get("/elements/nobody")
        .await?
        .refused(404, &["nobody"])?;

    let query = "apiKey=Rand0MAP1-key&apiSecret=fak3AP1-s3Cr3t&callbackUrl=https%3A%2F%2Fmycoolapp.com";
    let nobody = stage.api.authorized(None);
    let answer = nobody
        .get(&format!("/elements/maximizer/oauth/url?{query}"))
        .await?
        .ok()?;
    assert_eq!(keys(&answer), ["oauthUrl", "element"]);
    assert_eq!(answer["element"], "maximizer");
    let url = answer["oauthUrl"].as_str().context("a URL")?;
    let expected = format!("{}/oauth2/CloudElements/authorize?", stage.provider.url());
    assert!(url.to_lowercase().starts_with(&expected.to_lowercase()), "{url}");
    for part in [
        "response_type=code",
        "client_id=Rand0MAP1-key",
        "redirect_uri=https%3A%2F%2Fmycoolapp.com",
        "state=maximizer",
        "scope=data",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
    assert!(!url.contains("s3Cr3t"), "{url}");
    // The URL leads to a code that is good for an instance.
    let mut request = stage.request().await?;
    request["providerData"]["code"] = json!(stage.provider.consent(url).await?);
    request["configuration"]["oauth.callback.url"] = json!("https://mycoolapp.com");
    stage.create(&request).await?;
    let stated = nobody
        .get(&format!("/elements/maximizer/oauth/url?{query}&state=mine"))
        .await?
        .ok()?;
    assert!(
        stated["oauthUrl"]
            .as_str()
            .context("a URL")?
            .contains("state=mine")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_element_tells_what_it_can() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let expanded = stage
        .api
        .get("/elements/maximizer/metadata?expand=true")
        .await?
        .ok()?;
    assert_eq!(
        (
            &expanded["authenticationType"],
            &expanded["bulk"],
            &expanded["events"]["methods"]
        ),
        (
            &json!("oauth2"),
            &json!({ "upload": false, "download": true }),
            &json!(["polling"])
        )
    );
    let resources = expanded["resources"].as_array().context("resources")?;
    let contacts = resources
        .iter()
        .find(|resource| resource["canonicalName"] == "contacts");
    let contacts = contacts.context("contacts")?;
    assert_eq!(
        contacts["operations"],
        json!(["list", "get", "create", "update", "delete"])
    );
    assert_eq!(contacts["events"]["eventTypes"], json!(["created", "updated"]));
    Ok(())
}
