//! Secrets enter no guest, no log, no answer and no file.

use anyhow::Context as _;
use fake_maximizer::{Client, Options};
use periodic_tests::{
    CALLBACK, EVIL_KEY, Instance, Needle, ORGANIZATION_SECRET, Provider, SIGNING_KEY, Siege, Stage,
    USER_SECRET, eventually, search_folder,
};
use serde_json::json;

const CLIENT: &str = "cl1ent/id+with=chars";
const SECRET: &str = "s3cret&of+th3/cl1ent=with%chars";

/// A run with all that moves secrets: grants, refreshes, refusals, polls, deliveries, hub calls, changes.
async fn live(stage: &mut Stage) -> anyhow::Result<Instance> {
    let (provider, api) = (&stage.provider, &stage.api);
    let mut request = stage.request().await?;
    request["configuration"]["oauth.api.key"] = json!(CLIENT);
    request["configuration"]["oauth.api.secret"] = json!(SECRET);
    request["configuration"]["event.notification.signature.key"] = json!(SIGNING_KEY);
    api.post("/instances", &request).await?.refused(400, &[])?;
    request["providerData"]["code"] = json!(provider.code_for(CLIENT, CALLBACK).await?);
    let instance = stage.create(&request).await?;
    let path = format!("/instances/{}", instance.id);
    let element = api.element(&instance.token);
    let query = "apiKey=cl1ent%2Fid%2Bwith%3Dchars&apiSecret=s3cret%26of%2Bth3%2Fcl1ent%3Dwith%25chars&callbackUrl=https%3A%2F%2Fa";
    let url = api.get(&format!("/elements/maximizer/oauth/url?{query}")).await?;
    url.ok()?;

    let key = provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    for style in [json!(null), json!({ "style": "http-401" })] {
        provider.set_fault("token-error", style)?;
        provider.expire_tokens();
        element.get("/hubs/crm/contacts").await?.ok()?;
        stage.settle(&instance).await?;
    }
    let created = element
        .post(
            "/companies",
            &json!({ "CompanyName": "Sunrise", "Type": "Company" }),
        )
        .await?;
    created.ok()?;
    element.get("/contacts?where=Nope='x'").await?;

    // A provider that quotes what it was sent: its words reach pollers and callers, the secrets in them do not.
    let quoting = format!("client {CLIENT} with {SECRET} may not do this");
    provider.set_fault(
        "logical-error",
        json!({ "message": quoting, "when": { "methods": ["Read"] } }),
    )?;
    let failed = element.get("/contacts").await?;
    assert!(failed.text.contains("may not do this"), "{}", failed.text);
    eventually("a poll fails with the provider's words", async || {
        let told = stage.pollers(&instance).await?.to_string();
        Ok(told.contains("may not do this").then_some(()))
    })
    .await?;
    provider.clear_faults();

    // A refused refresh that quotes, and a new code.
    let refused = json!({ "description": quoting, "grants": ["refresh_token"] });
    provider.set_fault("token-refusal", refused)?;
    provider.expire_tokens();
    element.get("/contacts").await?.refused(403, &[])?;
    let shown = stage.shown(&instance).await?;
    assert_eq!(shown["valid"], false);
    provider.clear_faults();
    let code = json!({ "providerData": { "code": provider.code_for(CLIENT, CALLBACK).await? } });
    api.patch(&path, &code).await?.ok()?;
    let key = provider.contact("DuPont")?;
    stage.receiver.expect("CREATED", &key).await?;
    stage.settle(&instance).await?;
    for path in ["/instances", "/elements", "/adapters", "/instances/events"] {
        api.get(path).await?.ok()?;
    }
    api.authorized(Some("User wrong, Organization wrong"))
        .get("/instances")
        .await?;
    Ok(instance)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_found_where_none_belongs() -> anyhow::Result<()> {
    let clients = vec![Client::default(), Client::new(CLIENT, SECRET)];
    let provider = Provider::with(Options {
        clients,
        ..Options::default()
    })
    .await?;
    let url = provider.url().to_owned();
    let taps = tempfile::tempdir()?;
    let tap = taps.path().join("guest.tap");
    let file = tap.to_string_lossy().into_owned();
    let mut stage = Stage::around(provider, &url, |home| {
        home.argument("--guest-tap").argument(&file).set("log", "debug")
    })
    .await?;
    let instance = live(&mut stage).await?;

    let mut needles = vec![
        Needle::new("the user's secret", USER_SECRET),
        Needle::new("the organization's secret", ORGANIZATION_SECRET),
        Needle::new("the client's secret", SECRET),
        Needle::new("the signing key", SIGNING_KEY),
    ];
    let tokens = stage.provider.tokens().await?;
    assert!(tokens.len() >= 8, "several of each kind: {tokens:?}");
    for token in &tokens {
        let kind = token.split('-').next().unwrap_or_default();
        needles.push(Needle::new(&format!("a token ({kind})"), token));
    }
    let client = Needle::new("the client's id", CLIENT);
    let token = Needle::new("the instance's token", &instance.token);

    // Answers show the instance's token, and the authorize URL holds the client's id.
    let mut found = Vec::new();
    let mut tokens_shown = 0;
    for answer in stage.api.answers() {
        let text = format!("{:?}\n{}", answer.headers, answer.text);
        found.extend(
            needles
                .iter()
                .flat_map(|needle| needle.find(&answer.asked, text.as_bytes())),
        );
        tokens_shown += token.find(&answer.asked, text.as_bytes()).len();
        if !answer.asked.contains("/oauth/url") {
            found.extend(client.find(&answer.asked, text.as_bytes()));
        }
    }
    assert!(tokens_shown > 0, "the search finds what is there");

    needles.extend([client, token]);
    let host = stage.host()?;
    let (log, output) = (host.log(), host.output());
    assert!(log.contains("DEBUG"), "the log is at debug");
    found.extend(
        needles
            .iter()
            .flat_map(|needle| needle.find("the log", log.as_bytes())),
    );
    // Nor the first user's, who has them already.
    found.extend(
        needles
            .iter()
            .flat_map(|needle| needle.find("the output", output.as_bytes())),
    );

    let guest = std::fs::read(&tap).context("the tap")?;
    let text = String::from_utf8_lossy(&guest);
    for known in ["LastModifyDate", "oauth.user.refresh_token", "in ", "out "] {
        assert!(text.contains(known), "the tap has {known:?}");
    }
    found.extend(needles.iter().flat_map(|needle| needle.find("the guest", &guest)));

    // While it runs, with all journals, and after it stopped.
    found.extend(search_folder(&needles, &stage.home.data())?);
    stage.stop().await?;
    found.extend(search_folder(&needles, &stage.home.data())?);
    let name = [Needle::new("the instance's name", "API Instance with Polling")];
    assert!(
        !search_folder(&name, &stage.home.data())?.is_empty(),
        "the search finds what is there"
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_a_provider_echoes_is_no_setting() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home).await?;
    let made = siege
        .instance("hub.begin", "capture an echoed secret")
        .await?
        .ok()?;
    let api = siege.api.element(made["token"].as_str().unwrap_or_default());
    api.get("/things").await?.ok()?;
    api.get("/things").await?.ok()?;
    let asked = siege.provider.asked();
    assert_eq!(
        asked.last().map(|asked| asked.header("x-key")),
        Some(vec![EVIL_KEY])
    );
    let needles = [Needle::new("the key", EVIL_KEY)];
    assert_eq!(search_folder(&needles, &siege.home.data())?, Vec::<String>::new());
    Ok(())
}
