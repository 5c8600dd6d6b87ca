//! What is published of Cloud Elements' interface for Maximizer, to the letter.

use anyhow::Context as _;
use periodic_tests::{ELEMENT_MEMBERS, INSTANCE_MEMBERS, Instance, SIGNING_KEY, Stage, fixture, keys};
use serde_json::{Value, json};

const MASK: &str = "********";

#[tokio::test(flavor = "multi_thread")]
async fn the_published_request_makes_an_instance() -> anyhow::Result<()> {
    // NOTE: neither a minimum interval nor presets beside the provider's address: what a user starts with.
    let stage = Stage::with(|home| home.without("min-poll-interval")).await?;
    let mut request = fixture("maximizer-instance.json")?;
    request["providerData"]["code"] = json!(stage.provider.code().await?);
    request["configuration"]["event.notification.callback.url"] = json!(stage.receiver.url());
    request["configuration"]["event.poller.refresh_interval"] = json!("1");
    let answer = stage.api.post("/instances", &request).await?;
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.ok()?;

    assert_eq!(keys(&body)[..19], INSTANCE_MEMBERS);
    assert!(
        keys(&body)[19..].iter().all(|own| own.starts_with("state")),
        "{body}"
    );
    assert_eq!(keys(&body["element"]), ELEMENT_MEMBERS);
    assert_eq!(
        keys(&body["user"]),
        ["id", "emailAddress", "firstName", "lastName"]
    );
    assert!(body["id"].is_i64() && body["user"]["id"].is_i64(), "{body}");
    assert_eq!(body["name"], "API Instance with Polling");
    assert_eq!(
        (&body["elementId"], &body["element"]["id"]),
        (&json!(5127), &json!(5127))
    );
    assert_eq!(
        (&body["element"]["key"], &body["element"]["hub"]),
        (&json!("maximizer"), &json!("crm"))
    );
    assert_eq!(body["element"]["authentication"], json!({ "type": "oauth2" }));
    assert_eq!(body["tags"], json!(["Docs"]));
    assert_eq!((&body["valid"], &body["disabled"]), (&json!(true), &json!(false)));
    assert_eq!(body["eventsEnabled"], true);
    assert_eq!(body["externalAuthentication"], "none");
    assert_eq!(body["createdDate"].as_str().map(str::len), Some(20), "{body}");
    assert_eq!(keys(&body["providerData"]), ["code"]);
    assert!(
        !answer_contains(&body, &request["providerData"]["code"]),
        "the code is shown"
    );
    let configuration = &body["configuration"];
    for secret in ["oauth.api.key", "oauth.api.secret"] {
        assert_eq!(configuration[secret], MASK, "{secret}");
    }
    assert_eq!(configuration["oauth.callback.url"], "https;//mycoolapp.com");
    assert_eq!(configuration["event.notification.enabled"], "true");
    let poller = configuration["event.poller.configuration"]
        .as_str()
        .context("a text")?;
    let asked = &request["configuration"]["event.poller.configuration"];
    assert_eq!(&serde_json::from_str::<Value>(poller)?, asked);

    let id = body["id"].as_i64().context("an id")?;
    let shown = stage.api.get(&format!("/instances/{id}")).await?.ok()?;
    assert_eq!(shown, body);
    let token = body["token"].as_str().context("a token")?;
    let own = stage.api.element(token).get("/instances").await?.ok()?;
    assert_eq!(own["id"], id, "a token's own instance");

    // The same through the element's path, and with the poller configuration as a text.
    let mut request = stage.request().await?;
    request["configuration"]["event.poller.refresh_interval"] = json!(15);
    request["configuration"]["event.poller.configuration"] = json!(poller);
    request
        .as_object_mut()
        .context("an object")?
        .shift_remove("element");
    let other = stage
        .api
        .post("/elements/maximizer/instances", &request)
        .await?
        .ok()?;
    assert_ne!(other["id"], body["id"]);
    assert_eq!(other["configuration"]["event.poller.refresh_interval"], "15");
    Ok(())
}

fn answer_contains(answer: &Value, needle: &Value) -> bool {
    needle
        .as_str()
        .is_none_or(|needle| answer.to_string().contains(needle))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_polls_all_four_resources() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let filled = stage.request().await?;
    let mut request = fixture("maximizer-instance-all-resources.json")?;
    request["providerData"] = filled["providerData"].clone();
    request["tags"] = json!(["all"]);
    request["name"] = json!("All resources");
    for key in [
        "oauth.callback.url",
        "oauth.api.key",
        "oauth.api.secret",
        "event.poller.refresh_interval",
    ] {
        request["configuration"][key] = filled["configuration"][key].clone();
    }
    request["configuration"]["event.notification.callback.url"] = json!(stage.receiver.url());
    let instance = stage.create(&request).await?;
    let pollers = stage.pollers(&instance).await?;
    let resources: Vec<_> = pollers
        .as_array()
        .into_iter()
        .flatten()
        .map(|poller| &poller["resource"])
        .collect();
    assert_eq!(
        resources,
        ["contacts", "companies", "addressbook-entries", "opportunities"]
    );
    for poller in pollers.as_array().into_iter().flatten() {
        assert_eq!(poller["configuration"]["idField"], "Key", "{poller}");
    }

    let contact = stage.provider.contact("Chung")?;
    let company = json!({ "Type": "Company", "CompanyName": "Mountain View" });
    let company = stage.provider.add(fake_maximizer::Entity::AbEntry, company)?;
    let opportunity = json!({ "AbEntryKey": company, "Objective": "A big one" });
    let opportunity = stage
        .provider
        .add(fake_maximizer::Entity::Opportunity, opportunity)?;
    stage.receiver.expect("CREATED", &opportunity).await?;
    stage.settle(&instance).await?;
    let mut told: Vec<_> = stage
        .receiver
        .events()
        .into_iter()
        .map(|event| (event.resource, event.object))
        .collect();
    told.sort();
    let mut expected = vec![
        ("addressbook-entries".to_owned(), contact.clone()),
        ("addressbook-entries".to_owned(), company.clone()),
        ("companies".to_owned(), company),
        ("contacts".to_owned(), contact),
        ("opportunities".to_owned(), opportunity),
    ];
    expected.sort();
    assert_eq!(told, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_are_changed_found_and_removed() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let quiet = json!({
        "event.notification.enabled": false, "event.notification.signature.key": SIGNING_KEY,
    });
    let instance = stage.instance_with(quiet).await?;
    let path = format!("/instances/{}", instance.id);
    assert_eq!(
        instance.body["configuration"]["event.notification.signature.key"],
        MASK
    );

    // PATCH merges, and does not show providerData. A masked value means: as it is.
    let change = json!({
        "name": "<b>Renamed</b>", "tags": ["one", "two"],
        "configuration": { "event.poller.refresh_interval": "2", "oauth.api.secret": MASK, "event.notification.signature.key": MASK },
    });
    let changed = stage.api.patch(&path, &change).await?.ok()?;
    assert_eq!(
        keys(&changed)[..18],
        INSTANCE_MEMBERS
            .into_iter()
            .filter(|member| *member != "providerData")
            .collect::<Vec<_>>()
    );
    assert_eq!(changed["name"], "Renamed");
    assert_eq!(changed["tags"], json!(["one", "two"]));
    let configuration = &changed["configuration"];
    assert_eq!(configuration["event.poller.refresh_interval"], "2");
    assert_eq!(configuration["oauth.callback.url"], "https;//mycoolapp.com");
    assert_eq!(configuration["oauth.api.secret"], MASK);
    assert_eq!(changed["token"], json!(instance.token));
    // The secret behind the mask still works: a refresh needs it.
    stage.provider.expire_tokens();
    stage
        .api
        .element(&instance.token)
        .get("/contacts?pageSize=1")
        .await?
        .ok()?;
    assert_eq!(stage.provider.token_requests("refresh_token"), 1);
    let own = json!({ "configuration": { "event.notification.callback.url": "http://127.0.0.1:9/" } });
    let own = stage
        .api
        .element(&instance.token)
        .patch("/instances", &own)
        .await?
        .ok()?;
    assert_eq!(
        own["configuration"]["event.notification.callback.url"],
        "http://127.0.0.1:9/"
    );
    assert_eq!(own["configuration"]["event.poller.refresh_interval"], "2");

    let other = stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await?;
    let ids = async |query: &str| -> anyhow::Result<Vec<i64>> {
        let found = stage
            .api
            .get(&format!("/instances{query}"))
            .await?
            .ok()
            .context("found")?;
        Ok(found
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["id"].as_i64())
            .collect())
    };
    assert_eq!(ids("").await?, [instance.id, other.id]);
    assert_eq!(ids("?searchText=renam").await?, [instance.id]);
    assert_eq!(ids("?tags[]=two").await?, [instance.id]);
    assert_eq!(ids("?tags%5B%5D=Docs").await?, [other.id]);
    for nothing in ["?searchText=nobody", "?tags[]=none"] {
        stage
            .api
            .get(&format!("/instances{nothing}"))
            .await?
            .refused(404, &[])?;
    }
    let first = stage.api.get("/instances?pageSize=1").await?;
    let token = first.header("elements-next-page-token").to_owned();
    assert_eq!(ids(&format!("?pageSize=1&nextPage={token}")).await?, [other.id]);

    removed(&stage, &instance).await?;
    assert_eq!(ids("").await?, [other.id]);
    Ok(())
}

async fn removed(stage: &Stage, instance: &Instance) -> anyhow::Result<()> {
    let path = format!("/instances/{}", instance.id);
    let gone = stage.api.delete(&path).await?;
    assert_eq!(
        (gone.status, gone.text.as_str()),
        (200, ""),
        "200 with an empty body"
    );
    let unknown = ["Invalid Organization or User secret, or invalid Element token provided."];
    let with_token = stage.api.element(&instance.token);
    for path in ["/hubs/crm/contacts", "/instances", "/ping"] {
        with_token.get(path).await?.refused(401, &unknown)?;
    }
    stage.api.get(&path).await?.refused(404, &[])?;
    stage.api.delete(&path).await?.refused(404, &[])?;
    Ok(())
}
