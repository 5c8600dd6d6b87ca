//! What is refused, and how.

use periodic_tests::{Answer, CLIENT_ID, Home, ORGANIZATION_SECRET, Stage, USER_SECRET, keys};
use reqwest::Method;
use serde_json::{Value, json};

/// Set a member at a JSON pointer; null takes it away.
fn with(mut request: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let member = member.replace("~1", "/");
    if let Some(Value::Object(parent)) = request.pointer_mut(parent) {
        match value {
            Value::Null => drop(parent.shift_remove(&member)),
            value => drop(parent.insert(member, value)),
        }
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_refused_with_the_field_and_what_it_should_be() -> anyhow::Result<()> {
    let stage = Stage::with(|home| home.set("min-poll-interval", "1m")).await?;
    let request = with(
        stage.request().await?,
        "/configuration/event.poller.refresh_interval",
        json!("15"),
    );
    let poller = |resource: &str, entry: Value| json!({ resource: entry });
    let url = |url: &str| {
        let dates =
            json!({ "updatedDateField": "LastModifyDate", "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ssXXX" });
        json!({ "contacts": { "url": url, "idField": "Key", "datesConfiguration": dates } })
    };
    let enabled = "/configuration/event.notification.enabled";
    let callback = "/configuration/event.notification.callback.url";
    let interval = "/configuration/event.poller.refresh_interval";
    let headers = "/configuration/event.notification.callback.headers";
    let pollers = "/configuration/event.poller.configuration";
    let cases: [(&str, Value, &[&str]); 39] = [
        (
            "/element/key",
            json!("nobody"),
            &["element.key", "nobody", "maximizer"],
        ),
        ("/element/key", json!({}), &["element.key"]),
        ("/element", Value::Null, &["element.key"]),
        ("/name", Value::Null, &["name"]),
        ("/name", json!(" "), &["name"]),
        ("/tags", json!("Docs"), &["tags: is a text", "list"]),
        ("/tags", json!(["a", []]), &["tags[1]: is a list"]),
        ("/configuration", json!([]), &["configuration", "object"]),
        ("/providerData", json!("code"), &["providerData", "object"]),
        ("/providerData", Value::Null, &["providerData.code", "oauth/url"]),
        ("/providerData/code", json!(""), &["providerData.code"]),
        ("/providerData/code", json!([1]), &["providerData.code"]),
        ("/configuration/oauth.api.key", Value::Null, &["oauth.api.key"]),
        (
            "/configuration/oauth.api.secret",
            Value::Null,
            &["oauth.api.secret"],
        ),
        (
            enabled,
            json!("maybe"),
            &["event.notification.enabled", "maybe", "true"],
        ),
        (
            interval,
            json!("soon"),
            &["event.poller.refresh_interval", "soon", "number of minutes"],
        ),
        (interval, json!(-1), &["event.poller.refresh_interval", "-1"]),
        (interval, json!("NaN"), &["event.poller.refresh_interval", "NaN"]),
        (
            interval,
            json!("0.5"),
            &["event.poller.refresh_interval", "at least 1", "min_poll_interval"],
        ),
        (
            callback,
            json!("https;//mycoolapp.com"),
            &["event.notification.callback.url", "https;//mycoolapp.com"],
        ),
        (
            callback,
            json!("mycoolapp.com/events"),
            &["event.notification.callback.url", "https://"],
        ),
        (
            callback,
            json!("ftp://mycoolapp.com"),
            &["event.notification.callback.url", "ftp"],
        ),
        (
            callback,
            json!("http://user:pass@mycoolapp.com"),
            &["event.notification.callback.url"],
        ),
        (
            "/configuration/event.notification.batch.size",
            json!("0"),
            &["event.notification.batch.size", "1"],
        ),
        (
            "/configuration/event.vendor.type",
            json!("pigeon"),
            &["event.vendor.type", "polling"],
        ),
        (
            "/configuration/filter.response.nulls",
            json!("sometimes"),
            &["filter.response.nulls", "sometimes", "neither true nor false"],
        ),
        (
            "/configuration/trace.logging.enabled",
            json!(1),
            &["trace.logging.enabled", "1", "neither true nor false"],
        ),
        (
            headers,
            json!("X-Tenant"),
            &["event.notification.callback.headers", "colon"],
        ),
        (
            headers,
            json!({ "Content-Length": "7" }),
            &[
                "event.notification.callback.headers",
                "content-length",
                "leave it out",
            ],
        ),
        (
            "/configuration/event.notification.format",
            json!("avro"),
            &["event.notification.format", "avro", "cloudevents"],
        ),
        (pollers, json!(7), &["event.poller.configuration", "JSON object"]),
        (pollers, json!([]), &["event.poller.configuration", "JSON object"]),
        (
            pollers,
            json!("contacts"),
            &["event.poller.configuration", "JSON object"],
        ),
        (
            pollers,
            poller("contacts", json!("all")),
            &["event.poller.configuration", "contacts"],
        ),
        (
            pollers,
            poller("events", json!({})),
            &[
                "event.poller.configuration",
                "events",
                "contacts, companies",
                "opportunities",
            ],
        ),
        (
            pollers,
            poller("notes", json!({})),
            &[
                "event.poller.configuration",
                "cannot poll notes",
                "contacts, companies",
            ],
        ),
        (
            pollers,
            url("/hubs/crm/contacts?where=LastModifyDate>'${date:yyyy-MM-dd"),
            &["event.poller.configuration", "contacts", "url"],
        ),
        (
            pollers,
            url("/hubs/crm/contacts?where=LastModifyDate>'${nope:yyyy}'"),
            &["event.poller.configuration", "contacts", "nope"],
        ),
        (
            pollers,
            url("/hubs/crm/companies?where=LastModifyDate>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}'"),
            &["event.poller.configuration", "contacts", "companies"],
        ),
    ];
    for (pointer, value, needles) in cases {
        let wrong = with(request.clone(), pointer, value.clone());
        let answer = stage.api.post("/instances", &wrong).await?;
        let checked = answer.refused(400, needles);
        assert!(checked.is_ok(), "{pointer} = {value}: {checked:?}");
    }
    for body in ["", "{", "[]", "\"text\"", "{\"element\":"] {
        let answer = stage
            .api
            .call(Method::POST, "/instances", Some(body.into()))
            .await?;
        answer.refused(400, &["body"])?;
    }
    // Nothing of all this was kept, and the code was never spent.
    assert_eq!(stage.api.get("/instances").await?.ok()?, json!([]));
    assert!(stage.provider.requests_of("Token").is_empty());
    let instance = stage.create(&request).await?;
    let path = format!("/instances/{}", instance.id);
    for (pointer, value, needles) in [
        (
            interval,
            json!("soon"),
            &["event.poller.refresh_interval", "soon"],
        ),
        (
            callback,
            json!("nowhere"),
            &["event.notification.callback.url", "nowhere"],
        ),
    ] {
        let change = with(json!({ "configuration": {} }), pointer, value);
        stage.api.patch(&path, &change).await?.refused(400, needles)?;
    }
    assert_eq!(stage.shown(&instance).await?, instance.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_is_refused_wherever_it_is_set() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let enabled = "event.notification.enabled";
    let instance = stage.instance_with(json!({ enabled: false })).await?;
    let path = format!("/instances/{}", instance.id);
    let cases = [
        ("filter.response.nulls", json!("maybe"), "neither true nor false"),
        ("event.notification.batch.size", json!(1001), "from 1 to 1000"),
        (
            "event.notification.callback.headers",
            json!("Host: x"),
            "leave it out",
        ),
        // While events are off.
        ("event.poller.configuration", json!("{"), "ends too early"),
        (
            "event.poller.configuration",
            json!({ "notes": {} }),
            "cannot poll notes",
        ),
        (
            "event.poller.configuration",
            json!({ "leads": {} }),
            "for polling leads",
        ),
        (
            "event.poller.configuration",
            json!({ "contacts": { "url": 7 } }),
            "contacts",
        ),
    ];
    for (key, value, told) in cases {
        let configuration = json!({ "configuration": { key: value } });
        let needles = &[key, told];
        stage
            .api
            .patch(&path, &configuration)
            .await?
            .refused(400, needles)?;
        let mut whole = instance.body.clone();
        whole["configuration"][key] = value.clone();
        let whole = Some(whole.to_string().into_bytes());
        stage
            .api
            .call(Method::PUT, &path, whole)
            .await?
            .refused(400, needles)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let entry = format!("{path}/configuration/{key}");
        let refused = stage.api.patch(&entry, &json!({ "propertyValue": text })).await?;
        refused.refused(400, needles)?;
        let mut new = stage.request().await?;
        new["configuration"][enabled] = json!(false);
        new["configuration"][key] = value;
        stage.api.post("/instances", &new).await?.refused(400, needles)?;
    }
    assert_eq!(stage.shown(&instance).await?, instance.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_are_let_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    // Nobody says who he is when he asks whether he may.
    let browser = stage.api.authorized(None).with("origin", "https://app.example");
    let asks = browser
        .with("access-control-request-method", "PATCH")
        .with("access-control-request-headers", "authorization, content-type");
    for (path, methods) in [
        ("//elements/api-v2/instances/7", "GET,HEAD,PUT,PATCH,DELETE"),
        ("//elements/api-v2/hubs/crm/contacts", "GET,HEAD,POST"),
        ("//elements/api-v2/accounts", "GET,HEAD,POST"),
        ("//elements/api-v2/no/thing/is/at/this/path", ""),
        ("//healthz", "GET,HEAD"),
    ] {
        let answer = asks.call(Method::OPTIONS, path, None).await?;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let allowed = answer.header("access-control-allow-methods");
        assert!(
            allowed.contains("PATCH") && allowed.contains("DELETE"),
            "{allowed}"
        );
        let allowed = answer.header("access-control-allow-headers");
        assert!(
            allowed.contains("Authorization") && allowed.contains("Content-Type"),
            "{allowed}"
        );
        assert!(!answer.header("access-control-max-age").is_empty());
        assert_eq!(answer.header("allow"), methods, "{path}");
    }
    // Answers are handed on, refusals too.
    for answer in [
        browser.get("/instances").await?,
        stage
            .api
            .with("origin", "https://app.example")
            .get("/elements")
            .await?,
    ] {
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "*",
            "{}",
            answer.asked
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_refused_in_words_of_our_own() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let poller = format!("/instances/{}/pollers/contacts", instance.id);
    let cases = [
        (
            Method::POST,
            "/instances",
            "[]",
            "body: is a list; it has to be an object",
        ),
        (
            Method::POST,
            "/instances",
            "{\"name\":\n",
            "body: is no JSON: it ends too early",
        ),
        (
            Method::PATCH,
            poller.as_str(),
            "[]",
            "body: is a list; it has to be an object",
        ),
        (
            Method::PATCH,
            &poller,
            "{\"paused\": \"yes\"}",
            "paused: is a text; it has to be true or false",
        ),
        (
            Method::POST,
            "/notifications",
            "{\"topic\": \"t\", \"severity\": \"dire\"}",
            "severity: is \"dire\"; it has to be low, medium or high",
        ),
        (
            Method::POST,
            "/notifications/subscriptions",
            "{\"topics\": [\"a\", 7]}",
            "topics[1]: is a number; it has to be a text",
        ),
        (Method::POST, "/accounts", "{}", "name: is missing"),
        (
            Method::POST,
            "/organizations",
            "{\"name\": \"n\", \"email\": \"bob@example.com\"}",
            "user: is missing; it is the first user, who will be an administrator, for instance {\"email\": \
             \"bob@example.com\"}",
        ),
        (
            Method::POST,
            "/organizations",
            "{\"name\": \"n\", \"user\": {\"email\": 7}}",
            "user.email: is a number; it has to be a text",
        ),
        (
            Method::POST,
            "/accounts/objects/definitions",
            "{\"thing\": {\"fields\": [{\"path\": \"a\"}, {\"path\": []}]}}",
            "thing.fields[1].path: is a list; it has to be a text",
        ),
    ];
    for (method, path, body, expected) in cases {
        let answer = stage.api.call(method, path, Some(body.into())).await?;
        assert_eq!(
            (answer.status, answer.message()),
            (400, expected),
            "{path} {body}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_fails_leaves_nothing_behind() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let request = stage.request().await?;
    let words = |answer: &Answer| {
        answer.body["providerMessage"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };

    let unknown = with(request.clone(), "/providerData/code", json!("no-such-code"));
    let answer = stage.api.post("/instances", &unknown).await?;
    answer.refused(400, &[])?;
    assert_eq!(keys(&answer.body), ["message", "requestId", "providerMessage"]);
    assert!(words(&answer).contains("the code is unknown"), "{}", answer.text);

    let refusal = json!({ "error": "invalid_client", "description": "this client is not welcome", "when": { "times": 1 } });
    stage.provider.set_fault("token-refusal", refusal)?;
    let answer = stage.api.post("/instances", &request).await?;
    answer.refused(400, &[])?;
    assert!(
        words(&answer).contains("this client is not welcome"),
        "{}",
        answer.text
    );

    let secret = with(request.clone(), "/configuration/oauth.api.secret", json!("wrong"));
    let answer = stage.api.post("/instances", &secret).await?;
    answer.refused(400, &[])?;
    assert!(!words(&answer).is_empty(), "{}", answer.text);

    assert_eq!(stage.api.get("/instances").await?.ok()?, json!([]));
    stage.create(&request).await?;
    // A code is good once.
    let answer = stage.api.post("/instances", &request).await?;
    answer.refused(400, &[])?;
    assert!(words(&answer).contains("redeemed before"), "{}", answer.text);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_wrong_paths_and_large_bodies_are_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let exact = ["Invalid Organization or User secret, or invalid Element token provided."];
    let (user, organization) = (USER_SECRET, ORGANIZATION_SECRET);
    for header in [
        None,
        Some(String::new()),
        Some(format!("User {user}")),
        Some(format!("Organization {organization}")),
        Some(format!("User {user}, Organization wrong")),
        Some(format!("User wrong, Organization {organization}")),
        Some(format!("User {organization}, Organization {user}")),
        Some(format!("User {user}, Organization {organization}, Element wrong")),
        Some(format!("User {user}, Element wrong")),
        Some(format!("Bearer {user}")),
        Some(format!("User {user} Organization {organization}")),
        Some(format!("User {user}, User {user}, Organization {organization}")),
    ] {
        let stranger = stage.api.authorized(header.as_deref());
        for path in ["/instances", "/elements", "/instances/1", "/contacts"] {
            let answer = stranger.get(path).await?;
            answer.refused(401, &exact)?;
            assert_eq!(answer.message(), exact[0], "{header:?} {path}");
            assert_eq!(keys(&answer.body), ["message", "requestId"]);
        }
    }
    for header in [
        format!("user {user},organization {organization}"),
        format!("  Organization  {organization} ,  User {user}  "),
    ] {
        stage
            .api
            .authorized(Some(&header))
            .get("/instances")
            .await?
            .ok()?;
    }

    let api = &stage.api;
    for path in [
        "//nowhere",
        "//elements/api-v1/instances",
        "/a/b/c/d",
        "/instances/-1",
        "/instances/x",
        "/instances/7/pollers",
    ] {
        api.get(path).await?.refused(404, &[])?;
    }
    // What there is instead is told to those whom the host knows.
    let stranger = api.authorized(None);
    for path in ["/elements/nope/oauth/url", "/elements/nope/oauth/token"] {
        let answer = stranger.get(path).await?;
        answer.refused(404, &["there is no element \"nope\""])?;
        assert!(!answer.text.contains("maximizer"), "{}", answer.text);
        api.get(path).await?.refused(404, &["nope", "maximizer"])?;
    }
    for (method, path, named) in [
        (Method::DELETE, "/notifications/-1", "notification -1"),
        (Method::PUT, "/notifications/-1/acknowledge", "notification -1"),
        (
            Method::DELETE,
            "/notifications/subscriptions/-1",
            "subscription -1",
        ),
    ] {
        api.call(method, path, None).await?.refused(404, &[named])?;
    }
    // A path is named as it was sent.
    for path in ["/a/b/c/d", "/a/b/c/d/e", "/hubs/crm/a/b/c/d"] {
        let named = format!("nothing is at /elements/api-v2{path};");
        api.get(path).await?.refused(404, &[&named])?;
    }
    let wrong = api.call(Method::PUT, "/elements", None).await?;
    wrong.refused(405, &["PUT", "/elements/api-v2/elements"])?;
    assert_eq!(wrong.header("allow"), "GET,HEAD");
    let wrong = api.call(Method::DELETE, "/accounts", None).await?;
    wrong.refused(405, &["DELETE", "/elements/api-v2/accounts"])?;
    let large = vec![b' '; (8 << 20) + 1];
    let large = api.call(Method::POST, "/instances", Some(large)).await?;
    large.refused(413, &[])?;

    let exposed = "Elements-Returned-Count, Elements-Total-Count, Elements-Request-Id, Elements-Next-Page-Token, \
                   Elements-Trace-Id, Elements-Error, Content-Disposition";
    for path in ["/instances", "/instances/-1", "//healthz", "//nowhere"] {
        let answer = api.get(path).await?;
        assert_eq!(answer.header("access-control-expose-headers"), exposed, "{path}");
        assert_eq!(answer.header("elements-request-id").len(), 24, "{path}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn special_addresses_are_closed_and_the_way_out_is_told() -> anyhow::Result<()> {
    let stage = Stage::with(|home: Home| home.without("egress-allow")).await?;
    let answer = stage.api.post("/instances", &stage.request().await?).await?;
    answer.refused(400, &["127.0.0.1", "egress"])?;
    assert!(answer.text.contains("--egress-allow"), "{}", answer.text);
    assert!(!answer.text.contains(CLIENT_ID), "{}", answer.text);
    assert!(stage.provider.requests_of("Token").is_empty());
    Ok(())
}
