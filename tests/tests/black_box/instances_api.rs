//! Instances over the interface: by id, beneath their element, and by their token.

use anyhow::Context as _;
use periodic_tests::{CALLBACK, CLIENT_ID, CLIENT_SECRET, Stage, eventually, keys};
use reqwest::Method;
use serde_json::{Value, json};

/// Callbacks are not what these tests are about.
const SILENT: &str = "event.notification.enabled";

fn bytes(body: &Value) -> Option<Vec<u8>> {
    Some(body.to_string().into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_addressed_in_three_ways() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance_with(json!({ SILENT: false })).await?;
    let by_token = stage.api.element(&instance.token);
    let id = instance.id;
    let shown = stage.shown(&instance).await?;
    let elsewhere = [
        format!("/elements/maximizer/instances/{id}"),
        format!("/elements/5127/instances/{id}"),
    ];
    for path in &elsewhere {
        assert_eq!(stage.api.get(path).await?.ok()?, shown, "{path}");
    }
    assert_eq!(by_token.get("/instances").await?.ok()?, shown);
    stage
        .api
        .get(&format!("/elements/acme/instances/{id}"))
        .await?
        .refused(404, &["acme"])?;

    let ways = [
        (&stage.api, format!("/instances/{id}")),
        (&stage.api, elsewhere[0].clone()),
        (&by_token, "/instances".to_owned()),
    ];
    for (number, (api, path)) in ways.iter().enumerate() {
        let name = format!("<b>name</b> {number}");
        let body = json!({ "name": name, "tags": ["<i>a</i>", "b"] });
        let changed = api.call(Method::PUT, path, bytes(&body)).await?.ok()?;
        assert_eq!(changed["name"], format!("name {number}"), "{path}");
        assert_eq!(changed["tags"], json!(["a", "b"]), "{path}");
        assert!(changed.get("providerData").is_none(), "{path}");
        assert_eq!(
            changed["configuration"], shown["configuration"],
            "a configuration that is not named stays"
        );
        let changed = api
            .call(Method::PUT, path, bytes(&json!({ "tags": [] })))
            .await?
            .ok()?;
        assert_eq!(changed["tags"], json!([]), "{path}");
        let changed = api.patch(path, &json!({ "tags": ["c"] })).await?.ok()?;
        assert_eq!(changed["name"], format!("name {number}"), "{path}");
        assert_eq!(changed["tags"], json!(["c"]), "{path}");
    }
    let other = json!({ "element": { "key": "acme" } });
    stage
        .api
        .patch(&format!("/instances/{id}"), &other)
        .await?
        .refused(400, &["element.key", "maximizer"])?;
    let same = json!({ "element": { "id": 5127 } });
    stage.api.patch(&format!("/instances/{id}"), &same).await?.ok()?;

    // A token is worth nothing once its instance is gone.
    let gone = by_token.delete("/instances").await?;
    assert_eq!((gone.status, gone.text.as_str()), (200, ""));
    let unauthorized = "Invalid Organization or User secret, or invalid Element token provided.";
    for path in ["/instances", "/contacts", "/objects"] {
        by_token.get(path).await?.refused(401, &[unauthorized])?;
    }
    stage
        .api
        .get(&format!("/instances/{id}"))
        .await?
        .refused(404, &[&id.to_string()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_with_a_configuration_replaces_it_and_keeps_secrets() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(json!({ SILENT: false, "maximizer.alias": "Own" }))
        .await?;
    let path = format!("/instances/{}", instance.id);
    let mut configuration = instance.body["configuration"].clone();
    assert_eq!(configuration["maximizer.alias"], "Own");
    configuration
        .as_object_mut()
        .context("an object")?
        .shift_remove("maximizer.alias");
    let body = json!({ "configuration": configuration });
    let changed = stage.api.call(Method::PUT, &path, bytes(&body)).await?.ok()?;
    assert!(
        changed["configuration"].get("maximizer.alias").is_none(),
        "{changed}"
    );
    assert_eq!(changed["configuration"]["oauth.api.key"], "********");
    // The masked key that came back is the key that was there.
    stage.api.element(&instance.token).get("/contacts").await?.ok()?;

    // A fresh code authenticates the same instance again.
    let body = json!({ "providerData": { "code": stage.provider.code().await? } });
    let changed = stage.api.call(Method::PUT, &path, bytes(&body)).await?.ok()?;
    assert_eq!(
        (&changed["id"], &changed["valid"]),
        (&json!(instance.id), &json!(true))
    );
    stage.api.element(&instance.token).get("/contacts").await?.ok()?;
    let body = json!({ "providerData": { "code": "used-up" } });
    let refused = stage.api.call(Method::PUT, &path, bytes(&body)).await?;
    assert_eq!(refused.status, 400, "{}", refused.text);
    stage.api.element(&instance.token).get("/contacts").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_read_and_changed_entry_by_entry() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance_with(json!({ SILENT: false })).await?;
    let by_token = stage.api.element(&instance.token);
    let path = format!("/instances/{}/configuration", instance.id);
    let entries = stage.api.get(&path).await?.ok()?;
    assert_eq!(by_token.get("/instances/configuration").await?.ok()?, entries);
    let entry = |key: &str| {
        let mut entries = entries.as_array().into_iter().flatten();
        entries
            .find(|entry| entry["key"] == key)
            .cloned()
            .with_context(|| format!("{key} is listed"))
    };
    assert_eq!(entry("oauth.api.secret")?["propertyValue"], "********");
    let interval = "event.poller.refresh_interval";
    assert_eq!(
        entry(interval)?["propertyValue"],
        instance.body["configuration"][interval]
    );
    let mut enabled = entry(SILENT)?;
    assert_eq!(
        keys(&enabled),
        [
            "id",
            "key",
            "name",
            "description",
            "propertyValue",
            "active",
            "hideFromConsole",
            "required",
            "type"
        ]
    );
    assert_eq!(enabled["type"], "BOOLEAN");
    assert_eq!(enabled["propertyValue"], "false");

    let own = format!("{path}/{}", enabled["id"]);
    assert_eq!(stage.api.get(&own).await?.ok()?, enabled);
    enabled["propertyValue"] = json!("true");
    assert_eq!(stage.api.patch(&own, &enabled).await?.ok()?, enabled);
    assert_eq!(stage.shown(&instance).await?["eventsEnabled"], true);
    assert_ne!(stage.pollers(&instance).await?, json!([]), "it is polled now");
    enabled["propertyValue"] = json!("false");
    let own = format!("/instances/configuration/{}", enabled["id"]);
    assert_eq!(by_token.patch(&own, &enabled).await?.ok()?, enabled);

    stage
        .api
        .patch(&format!("{path}/{}", enabled["id"]), &json!({ "id": 1 }))
        .await?
        .refused(400, &["propertyValue"])?;
    let unfit = json!({ "propertyValue": "maybe" });
    stage
        .api
        .patch(&format!("{path}/{}", enabled["id"]), &unfit)
        .await?
        .refused(400, &["maybe"])?;
    stage
        .api
        .get(&format!("{path}/-1"))
        .await?
        .refused(404, &["-1"])?;
    // What is needed cannot be taken away.
    let key = entry("oauth.api.key")?;
    stage
        .api
        .patch(
            &format!("{path}/{}", key["id"]),
            &json!({ "propertyValue": null }),
        )
        .await?
        .refused(400, &["oauth.api.key"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_instance_answers_403_but_lists_its_objects() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let by_token = stage.api.element(&instance.token);
    let by_id = format!("/instances/{}/enabled", instance.id);
    for (api, path) in [(&stage.api, by_id.as_str()), (&by_token, "/instances/enabled")] {
        let off = api.delete(path).await?;
        assert_eq!((off.status, off.text.as_str()), (200, ""), "{path}");
        assert_eq!(stage.shown(&instance).await?["disabled"], true);
        for call in ["/contacts", "/hubs/crm/contacts/x", "/ping"] {
            by_token
                .get(call)
                .await?
                .refused(403, &["disabled", "/enabled"])?;
        }
        by_token.get("/objects").await?.ok()?;
        by_token.get("/objects/contacts/metadata").await?.ok()?;
        assert_eq!(
            stage.api.get("/instances/polling-disabled").await?.ok()?,
            json!([])
        );
        let on = api.call(Method::PUT, path, None).await?.ok()?;
        assert_eq!(on["disabled"], false, "{path}");
        by_token.get("/contacts").await?.ok()?;
    }
    // It polls on where it was.
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_are_listed_searched_and_paged() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let mut ids = Vec::new();
    for (name, tags) in [
        ("Alpha", json!(["red", "shared"])),
        ("Beta", json!(["shared"])),
        ("Gamma", json!(null)),
    ] {
        let mut request = stage.request().await?;
        request["name"] = json!(name);
        request["tags"] = tags;
        request["configuration"][SILENT] = json!(false);
        ids.push(stage.create(&request).await?.id);
    }
    let found = async |query: &str| -> anyhow::Result<Vec<i64>> {
        let list = stage.api.get(&format!("/instances?{query}")).await?.ok()?;
        let ids = list.as_array().into_iter().flatten();
        Ok(ids.filter_map(|instance| instance["id"].as_i64()).collect())
    };
    assert_eq!(found("").await?, ids);
    assert_eq!(found("tags[]=shared").await?, ids[..2]);
    assert_eq!(found("tags%5B%5D=shared&tags%5B%5D=red").await?, ids[..1]);
    assert_eq!(found("searchText=beta").await?, ids[1..2]);
    assert_eq!(
        found("searchText=GAMMA").await?,
        ids[2..],
        "the default tag is the name"
    );
    for path in ["/instances", "/elements/maximizer/instances"] {
        stage
            .api
            .get(&format!("{path}?searchText=nobody"))
            .await?
            .refused(404, &[])?;
    }
    let first = stage.api.get("/elements/maximizer/instances?pageSize=2").await?;
    let next = first.header("elements-next-page-token").to_owned();
    assert_eq!(first.header("elements-returned-count"), "2");
    assert_eq!(found(&format!("pageSize=2&nextPage={next}")).await?, ids[2..]);
    let brief = stage.api.get("/instances?hydrate=false").await?.ok()?;
    assert!(brief[0].get("configuration").is_none(), "{brief}");
    assert_eq!(keys(&brief[0]["element"]), ["id", "name", "key", "hub"]);
    assert!(brief[0]["createdDate"].is_string());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_and_hubs_say_what_they_are() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance_with(json!({ SILENT: false })).await?;
    let by_token = stage.api.element(&instance.token);
    assert_eq!(stage.api.get("/elements/keys").await?.ok()?, json!(["maximizer"]));
    let by_key = stage.api.get("/elements/maximizer").await?.ok()?;
    assert_eq!(stage.api.get("/elements/5127").await?.ok()?, by_key);
    assert_eq!(stage.api.get("/hubs/crm/elements").await?.ok()?, json!([by_key]));
    let hub = stage.api.get("/hubs/crm").await?.ok()?;
    assert_eq!(stage.api.get("/hubs").await?.ok()?, json!([hub]));
    stage.api.get("/hubs/none").await?.refused(404, &["none"])?;
    stage.api.get("/elements/none").await?.refused(404, &["none"])?;

    for path in [
        "/elements/maximizer/metadata",
        "/elements/5127/metadata?expand=false",
    ] {
        let metadata = stage.api.get(path).await?.ok()?;
        assert_eq!(keys(&metadata), ["id", "key", "name", "description", "events"]);
        let events = &metadata["events"];
        assert_eq!(events["supported"], true);
        assert_eq!(events["methods"], json!(["polling"]));
        assert_eq!(
            events["polling"]["contacts"]["eventTypes"],
            json!(["created", "updated"])
        );
        assert!(events["polling"]["contacts"]["pollUrl"].is_string());
    }
    let configuration = stage.api.get("/elements/maximizer/configuration").await?.ok()?;
    let pollers = configuration
        .as_array()
        .and_then(|keys| keys.iter().find(|key| key["key"] == "event.poller.configuration"));
    let pollers = pollers.and_then(|key| key["defaultValue"].as_str());
    // What would poll everything, to be changed and sent back.
    let pollers: Value = serde_json::from_str(pollers.context("the default pollers")?)?;
    assert_eq!(
        keys(&pollers),
        ["contacts", "companies", "addressbook-entries", "opportunities"]
    );
    assert!(pollers["contacts"]["url"].is_string(), "{pollers}");
    let key = stage
        .api
        .get("/elements/maximizer/configuration/oauth.api.key")
        .await?
        .ok()?;
    assert_eq!(
        (&key["required"], &key["type"]),
        (&json!(true), &json!("PASSWORD"))
    );

    let docs = stage.api.get("/elements/maximizer/docs").await?.ok()?;
    assert_eq!(docs["swagger"], "2.0");
    assert_eq!(docs["basePath"], "/elements/api-v2/hubs/crm");
    assert_eq!(keys(&docs["paths"]["/contacts/{id}"]), ["get", "patch", "delete"]);
    assert_eq!(by_token.get("/instances/docs").await?.ok()?, docs);
    for path in ["/instances/docs", "/elements/maximizer/docs"] {
        let elsewhere = format!("{path}?baseUrl=https://api.example.com:8443");
        let docs = by_token.get(&elsewhere).await?.ok()?;
        assert_eq!(
            (&docs["host"], &docs["schemes"]),
            (&json!("api.example.com:8443"), &json!(["https"]))
        );
        let refused = by_token.get(&format!("{path}?baseUrl=here")).await?;
        refused.refused(400, &["baseUrl", "here", "no address"])?;
    }
    let one = by_token.get("/objects/contacts/docs").await?.ok()?;
    assert_eq!(keys(&one["paths"]), ["/contacts", "/contacts/{id}"]);

    let fields = by_token.get("/hubs/crm/objects/contacts/metadata").await?.ok()?;
    assert!(
        fields["fields"]
            .as_array()
            .is_some_and(|fields| fields.iter().any(|field| field["vendorPath"] == "LastName")),
        "{fields}"
    );
    by_token
        .get("/objects/none/metadata")
        .await?
        .refused(404, &["none", "contacts"])?;

    // Nobody has to say who he is to be sent to the provider.
    let anyone = stage.api.authorized(None);
    let query = "apiKey=k&apiSecret=s&callbackUrl=https%3A%2F%2Fexample.com&maximizer.alias=Own";
    let url = anyone
        .get(&format!("/elements/maximizer/oauth/url?{query}"))
        .await?
        .ok()?;
    assert!(
        url["oauthUrl"]
            .as_str()
            .is_some_and(|url| url.contains("state=maximizer") && url.contains("client_id=k")),
        "{url}"
    );
    let body = json!({
        "apiKey": "k", "apiSecret": "s", "callbackUrl": "https://example.com", "maximizer.alias": "Own",
    });
    assert_eq!(
        anyone.post("/elements/maximizer/oauth/url", &body).await?.ok()?,
        url
    );
    anyone
        .get("/elements/maximizer/oauth/token?apiKey=k")
        .await?
        .refused(400, &["OAuth 2.0", "/oauth/url"])
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_traced_while_somebody_wants_it() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await?;
    let (path, element) = (
        format!("/instances/{}/trace-logging", instance.id),
        stage.api.element(&instance.token),
    );
    assert_eq!(instance.body["traceLoggingEnabled"], false);
    element.get("/contacts").await?.ok()?;
    assert!(!stage.host()?.log().contains("asked the provider"));
    let traced = stage.api.call(Method::PUT, &path, None).await?.ok()?;
    assert_eq!(traced["traceLoggingEnabled"], true);
    let answer = element
        .with("elements-trace-id", "row-7")
        .get("/contacts")
        .await?;
    assert_eq!(
        (answer.status, answer.header("elements-trace-id")),
        (200, "row-7")
    );
    let line = eventually("the request is logged", async || {
        let log = stage.host()?.log();
        let mut lines = log.lines();
        Ok(lines
            .find(|line| line.contains("asked the provider"))
            .map(str::to_owned))
    })
    .await?;
    for needle in ["POST", "/octopus/Read", "200", "row-7"] {
        assert!(line.contains(needle), "no {needle} in {line}");
    }
    element.delete("/instances/trace-logging").await?.ok()?;
    assert_eq!(stage.shown(&instance).await?["traceLoggingEnabled"], false);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn single_operations_are_described_and_instances_are_counted() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let paths = [
        format!("/instances/{}/docs", instance.id),
        "/elements/maximizer/docs".to_owned(),
    ];
    for path in paths {
        let operation = stage.api.get(&format!("{path}/update:contacts")).await?.ok()?;
        assert_eq!(
            (&operation["path"], &operation["method"]),
            (&json!("/contacts/{id}"), &json!("patch"))
        );
        let named = stage
            .api
            .get(&format!("{path}/update:contacts/definitions"))
            .await?
            .ok()?;
        assert_eq!(named["contacts"]["type"], "object");
        stage
            .api
            .get(&format!("{path}/dance:contacts"))
            .await?
            .refused(404, &["list:contacts"])?;
    }
    let count = stage.api.get("/instances/count").await?.ok()?;
    assert_eq!(
        count,
        json!({ "totalInstances": 1, "elementInstances": { "maximizer": 1 } })
    );
    let metadata = stage.api.get("/elements/metadata").await?.ok()?;
    assert_eq!(metadata[0]["key"], "maximizer");
    let hubs = stage.api.get("/hubs?hydrate=true").await?.ok()?;
    assert!(
        hubs[0]["resources"]
            .as_array()
            .is_some_and(|resources| resources.contains(&json!("contacts")))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_polled_is_listed() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let lists = ["/instances/polling-disabled", "/jobs/polling-disabled"];
    for path in lists {
        assert_eq!(stage.api.get(path).await?.ok()?, json!([]), "{path}");
    }
    let poller = format!("/instances/{}/pollers/contacts", instance.id);
    stage.api.patch(&poller, &json!({ "paused": true })).await?.ok()?;
    let instances = stage.api.get(lists[0]).await?.ok()?;
    assert_eq!(instances[0]["id"], json!(instance.id));
    let jobs = stage.api.get(lists[1]).await?.ok()?;
    let topic = format!("instance-{}-maximizer-events", instance.id);
    let data = json!({ "elementKey": "maximizer", "topic": topic, "id": instance.id });
    assert_eq!(
        (&jobs[0]["data"], jobs.as_array().map(Vec::len)),
        (&data, Some(1))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_may_bring_its_own_tokens() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    // Whoever brings tokens has got them from the provider himself.
    let tokens = async || -> anyhow::Result<Value> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &stage.provider.code().await?),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("redirect_uri", CALLBACK),
        ];
        let form = reqwest::Url::parse_with_params("http://form/", form)?;
        let request = periodic_tests::client()?
            .post(format!("{}/oauth2/CloudElements/Token", stage.provider.url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.query().unwrap_or_default().to_owned());
        Ok(request.send().await?.json().await?)
    };
    let mut request = stage.request().await?;
    request
        .as_object_mut()
        .context("an object")?
        .remove("providerData");
    request["externalAuthentication"] = json!("initial");
    let create = async |configuration: Value| {
        let mut request = request.clone();
        for (key, value) in configuration.as_object().into_iter().flatten() {
            request["configuration"][key] = value.clone();
        }
        stage.api.post("/instances", &request).await
    };
    let missing = create(json!({})).await?;
    missing.refused(
        400,
        &[
            "externalAuthentication",
            "oauth.user.token",
            "oauth.user.refresh_token",
        ],
    )?;

    let mut instances = Vec::new();
    for kept in [
        &["oauth.user.token", "oauth.user.refresh_token"][..],
        &["oauth.user.token"],
        &["oauth.user.refresh_token"],
    ] {
        let issued = tokens().await?;
        let brought = [
            ("oauth.user.token", &issued["access_token"]),
            ("oauth.user.refresh_token", &issued["refresh_token"]),
        ];
        let configuration: serde_json::Map<_, _> = brought
            .into_iter()
            .filter(|(key, _)| kept.contains(key))
            .map(|(key, token)| (key.to_owned(), token.clone()))
            .collect();
        let body = create(Value::Object(configuration)).await?.ok()?;
        assert_eq!(body["externalAuthentication"], "initial", "{kept:?}");
        assert!(
            !body["configuration"].to_string().contains("oauth.user"),
            "{kept:?}"
        );
        let element = stage.api.element(body["token"].as_str().context("no token")?);
        element
            .get("/contacts")
            .await?
            .ok()
            .with_context(|| format!("{kept:?}"))?;
        instances.push(body);
    }
    let refreshed = stage.provider.token_requests("refresh_token");
    assert_eq!(refreshed, 1, "a refresh token alone is worth a token at once");

    // Fresh tokens authenticate the same instance again, as a fresh code does.
    let path = format!("/instances/{}", instances[1]["id"]);
    stage.provider.expire_tokens();
    let element = stage
        .api
        .element(instances[1]["token"].as_str().context("no token")?);
    element.get("/contacts").await?.refused(403, &[])?;
    let fresh = json!({ "configuration": { "oauth.user.token": tokens().await?["access_token"] } });
    let changed = stage.api.patch(&path, &fresh).await?.ok()?;
    assert_eq!(
        (&changed["state"], &changed["externalAuthentication"]),
        (&json!("connected"), &json!("initial"))
    );
    element.get("/contacts").await?.ok()?;

    let usual = stage.instance().await?;
    assert_eq!(usual.body["externalAuthentication"], "none");
    let mut odd = stage.request().await?;
    odd["externalAuthentication"] = json!("maybe");
    stage
        .api
        .post("/instances", &odd)
        .await?
        .refused(400, &["externalAuthentication", "initial"])?;
    Ok(())
}
