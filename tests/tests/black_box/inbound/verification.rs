//! How calls are told from forged ones, beside a signature over their body.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use periodic_tests::{Answer, Hook, door, signed_over};
use reqwest::Method;
use serde_json::json;

use super::{Tower, created};

impl Tower {
    /// Call unsigned, with this query and these values of `Authorization`.
    async fn call(&self, hook: &Hook, query: &str, id: &str, values: &[String]) -> anyhow::Result<Answer> {
        let path = format!("{}?{query}", door(&hook.url)?);
        let headers: Vec<_> = values
            .iter()
            .map(|value| ("authorization", value.clone()))
            .collect();
        let body = created(id).to_string().into_bytes();
        let stranger = self.api.authorized(None);
        stranger
            .call_with(Method::POST, &path, &headers, Some(body))
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_verified_by_user_and_password() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    tower.instance(json!({})).await?;
    let hook = tower.belfry.hook()?;
    let basic =
        |user: &str, password: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let good = basic("bell", &hook.secret);
    let forged = [
        vec![],
        vec![basic("bell", "another secret")],
        vec![basic("ball", &hook.secret)],
        vec![format!("Basic bell:{}", hook.secret)],
        vec![format!("Basic {}", STANDARD.encode(&hook.secret))],
        vec![good.replace("Basic", "Bearer")],
        vec![format!("Basic {}", "A".repeat(20_000))],
    ];
    for values in forged {
        let answer = tower.call(&hook, "bell.basic", "forged", &values).await?;
        answer.refused(401, &["not signed"])?;
    }
    tower
        .call(&hook, "bell.basic", "1", std::slice::from_ref(&good))
        .await?
        .ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    let other_case = good.replace("Basic", "bASIC");
    tower.call(&hook, "bell.basic", "2", &[other_case]).await?.ok()?;
    tower.receiver.expect("CREATED", "2").await?;
    assert!(tower.receiver.events_of("forged").is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_may_cover_the_whole_address() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    tower.instance(json!({})).await?;
    let hook = tower.belfry.hook()?;
    let path = format!("{}?bell.whole", door(&hook.url)?);
    let body = created("1").to_string();
    let url = &hook.url;
    for covered in [
        body.clone(),
        format!("POST{url}{body}"),
        format!("POST{}?bell.whole{body}", url.replace("https:", "http:")),
    ] {
        let forged = signed_over(&tower.api, &path, &hook.secret, &covered, (&body, &[])).await?;
        forged.refused(401, &["not signed"])?;
    }
    let covered = format!("POST{url}?bell.whole{body}");
    signed_over(&tower.api, &path, &hook.secret, &covered, (&body, &[]))
        .await?
        .ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_not_verified_are_told_of_once() -> anyhow::Result<()> {
    const WARNING: &str = "taken unverified";
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    let warnings = || {
        let log = tower.host.as_ref().map(|host| host.log()).unwrap_or_default();
        let lines = log.lines().filter(|line| line.contains(WARNING));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    tower.ring(created("signed")).await?.ok()?;
    tower.receiver.expect("CREATED", "signed").await?;
    assert_eq!(warnings(), Vec::<String>::new());
    let hook = tower.belfry.hook()?;
    for object in ["1", "2"] {
        tower.call(&hook, "bell.open", object, &[]).await?.ok()?;
        tower.receiver.expect("CREATED", object).await?;
    }
    let told = warnings();
    let line = told.first().context("nobody is warned")?;
    assert_eq!(told.len(), 1, "{told:?}");
    for word in [id.to_string().as_str(), "bell", "secret"] {
        assert!(line.contains(word), "{line} has no {word}");
    }
    // A registration that is made anew is told of again.
    let other = json!({ "configuration": { "event.objects": "rings" } });
    tower.api.patch(&format!("/instances/{id}"), &other).await?.ok()?;
    let hook = tower.belfry.hook()?;
    tower.call(&hook, "bell.open", "3", &[]).await?.ok()?;
    tower.receiver.expect("CREATED", "3").await?;
    assert_eq!(warnings().len(), 2);
    Ok(())
}
