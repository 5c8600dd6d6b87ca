//! Organizations, accounts and users, and the walls between them.

use anyhow::Context as _;
use periodic_tests::{Api, ORGANIZATION_SECRET, Stage, USER_SECRET};
use reqwest::Method;
use serde_json::{Value, json};

const UNAUTHORIZED: &str = "Invalid Organization or User secret, or invalid Element token provided.";

/// Another organization's administrator.
struct Stranger {
    api: Api,
    user: String,
    organization: String,
    body: Value,
}

async fn stranger(stage: &Stage) -> anyhow::Result<Stranger> {
    let body = json!({ "name": "Strangers", "user": { "email": "eve@strangers.example" } });
    let body = stage.api.post("/organizations", &body).await?.ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a secret");
    let (user, organization) = (text(&body["user"]["secret"])?, text(&body["secret"])?);
    let header = format!("User {user}, Organization {organization}");
    Ok(Stranger {
        api: stage.api.authorized(Some(&header)),
        user,
        organization,
        body,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_sees_nothing_of_another_account() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    stage.settle(&instance).await?;
    let id = instance.id;
    let events = stage.api.get(&format!("/instances/{id}/events")).await?.ok()?;
    let event = events[0]["id"].as_str().context("an event")?.to_owned();
    let owner = stage.shown(&instance).await?["user"]["id"].clone();
    let entries = stage
        .api
        .get(&format!("/instances/{id}/configuration"))
        .await?
        .ok()?;
    let entry = entries[0]["id"].clone();
    let organizations = stage.api.get("/organizations").await?.ok()?;
    let organization = organizations[0]["id"].clone();
    let polls = stage.api.get(&format!("/instances/{id}/polls")).await?.ok()?;
    let poll = polls[0]["id"].to_string();
    stage.api.get(&format!("/instances/polls/{poll}")).await?.ok()?;
    let stranger = stranger(&stage).await?;

    // By id: nothing of it exists.
    let name = || Some(json!({ "name": "taken" }));
    let none = || None::<Value>;
    let paths = [
        (Method::GET, format!("/instances/{id}"), none()),
        (Method::PUT, format!("/instances/{id}"), name()),
        (Method::PATCH, format!("/instances/{id}"), name()),
        (Method::DELETE, format!("/instances/{id}"), none()),
        (Method::GET, format!("/elements/maximizer/instances/{id}"), none()),
        (Method::PUT, format!("/elements/maximizer/instances/{id}"), name()),
        (
            Method::PATCH,
            format!("/elements/maximizer/instances/{id}"),
            name(),
        ),
        (
            Method::DELETE,
            format!("/elements/maximizer/instances/{id}"),
            none(),
        ),
        (Method::GET, format!("/instances/{id}/configuration"), none()),
        (
            Method::GET,
            format!("/instances/{id}/configuration/{entry}"),
            none(),
        ),
        (
            Method::PATCH,
            format!("/instances/{id}/configuration/{entry}"),
            Some(json!({ "propertyValue": "x" })),
        ),
        (Method::PUT, format!("/instances/{id}/enabled"), none()),
        (Method::DELETE, format!("/instances/{id}/enabled"), none()),
        (Method::GET, format!("/instances/{id}/docs"), none()),
        (Method::GET, format!("/instances/{id}/events"), none()),
        (Method::GET, format!("/instances/{id}/events/{event}"), none()),
        (Method::GET, format!("/instances/{id}/pollers"), none()),
        (Method::POST, format!("/instances/{id}/polls"), none()),
        (Method::GET, format!("/instances/{id}/polls"), none()),
        (Method::GET, format!("/instances/polls/{poll}"), none()),
        (Method::GET, format!("/instances/polls/{poll}/case"), none()),
        (Method::POST, format!("/instances/polls/{poll}/replay"), none()),
        (Method::GET, format!("/instances/{id}/deliveries"), none()),
        (Method::GET, format!("/organizations/{organization}"), none()),
        (
            Method::PUT,
            format!("/organizations/{organization}/secret"),
            none(),
        ),
        (
            Method::DELETE,
            format!("/organizations/{organization}/secret"),
            none(),
        ),
        (Method::GET, format!("/accounts/{organization}"), none()),
        (Method::GET, format!("/users/{owner}"), none()),
        (Method::PUT, format!("/users/{owner}/secret"), none()),
        (Method::DELETE, format!("/users/{owner}/secret"), none()),
        (
            Method::POST,
            "/users".to_owned(),
            Some(json!({ "email": "mole@example.com", "accountId": 1 })),
        ),
        (
            Method::POST,
            "/accounts".to_owned(),
            Some(json!({ "name": "mole", "organizationId": organization })),
        ),
    ];
    for (method, path, body) in paths {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = stranger.api.call(method, &path, body).await?;
        answer.refused(404, &[])?;
        for secret in [&instance.token, "Chung", "example instance", &event] {
            assert!(
                !answer.text.contains(secret) || path.contains(secret),
                "{}: {}",
                answer.asked,
                answer.text
            );
        }
    }
    // Adapters serve everybody, and are the operators' affair.
    let reload = stranger
        .api
        .post("/adapters/maximizer/reload", &json!({}))
        .await?;
    reload.refused(403, &["operators"])?;
    // Nor by any other call that is described.
    let document = stage.api.authorized(None).get("//openapi.json").await?.ok()?;
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for method in periodic_tests::keys(methods) {
            if !path.contains("/{id}") || path.contains("{hub}") {
                continue;
            }
            let path = path
                .replace("{id}", &id.to_string())
                .replace("{key}", "maximizer")
                .replace("{entry}", &entry.to_string())
                .replace("{event}", &event)
                .replace("{poll}", &poll)
                .replace("{resource}", "contacts")
                .replace("{subscription}", "1");
            let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
            let body = (method != Method::GET).then(|| b"{}".to_vec());
            // Exports are addressed with a token only.
            let status = if path.starts_with("/bulk/") { 401 } else { 404 };
            stranger
                .api
                .call(method, &path, body)
                .await?
                .refused(status, &[])?;
        }
    }
    // In lists: none of it.
    let own = [stranger.body["id"].clone(), stranger.body["user"]["id"].clone()];
    for (path, expected) in [
        ("/instances", vec![]),
        ("/elements/maximizer/instances", vec![]),
        ("/instances/events", vec![]),
        ("/instances/polling-disabled", vec![]),
        ("/jobs/polling-disabled", vec![]),
        ("/organizations", vec![own[0].clone()]),
        ("/users", vec![own[1].clone()]),
    ] {
        let list = stranger.api.get(path).await?.ok()?;
        let ids = list.as_array().into_iter().flatten();
        let ids: Vec<Value> = ids.map(|item| item["id"].clone()).collect();
        assert_eq!(ids, expected, "{path}");
    }
    stranger
        .api
        .get("/instances?searchText=a")
        .await?
        .refused(404, &[])?;

    // Secrets that do not belong together open nothing.
    let token = &instance.token;
    let mixed = [
        format!("User {}, Element {token}", stranger.user),
        format!(
            "User {}, Organization {}, Element {token}",
            stranger.user, stranger.organization
        ),
        format!("User {USER_SECRET}, Organization {}", stranger.organization),
        format!("User {}, Organization {ORGANIZATION_SECRET}", stranger.user),
        format!("Organization {ORGANIZATION_SECRET}, Element {token}"),
        format!("Element {token}"),
    ];
    for header in &mixed {
        let api = stage.api.authorized(Some(header));
        for path in [
            "/instances",
            "/contacts",
            "/objects",
            "/ping",
            "/instances/events",
        ] {
            api.get(path).await?.refused(401, &[UNAUTHORIZED])?;
        }
    }
    // And all is as it was.
    let shown = stage.shown(&instance).await?;
    assert_eq!(
        (&shown["name"], &shown["disabled"]),
        (&instance.body["name"], &json!(false))
    );
    stage.api.element(token).get("/contacts").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_managed_over_the_interface() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let user = json!({ "email": "bob@example.com", "firstName": "Bob", "lastName": "Builder" });
    let made = stage.api.post("/users", &user).await?.ok()?;
    assert_eq!((&made["role"], &made["active"]), (&json!("member"), &json!(true)));
    stage
        .api
        .post("/users", &user)
        .await?
        .refused(409, &["address", "taken"])?;
    let as_user = |secret: &Value| {
        let secret = secret.as_str().unwrap_or_default();
        let header = format!("User {secret}, Organization {ORGANIZATION_SECRET}");
        stage.api.authorized(Some(&header))
    };
    let bob = as_user(&made["secret"]);
    let path = format!("/users/{}", made["id"]);
    let shown = bob.get(&path).await?.ok()?;
    assert!(shown.get("secret").is_none(), "secrets are told once");
    assert_eq!(bob.get("/users").await?.ok()?, json!([shown]));
    bob.post("/users", &json!({ "email": "x@example.com" }))
        .await?
        .refused(403, &["administrators"])?;
    bob.post("/organizations", &json!({ "name": "x", "user": user }))
        .await?
        .refused(403, &["operators"])?;
    // Users of one account see the same instances.
    let instance = stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await?;
    assert_eq!(
        bob.get(&format!("/instances/{}", instance.id)).await?.ok()?["id"],
        instance.id
    );

    let secret = format!("{path}/secret");
    let rotated = stage.api.call(Method::PUT, &secret, None).await?.ok()?;
    bob.get("/users").await?.refused(401, &[UNAUTHORIZED])?;
    let bob = as_user(&rotated["secret"]);
    bob.get("/users").await?.ok()?;
    assert_eq!(stage.api.delete(&secret).await?.status, 200);
    bob.get("/users").await?.refused(401, &[UNAUTHORIZED])?;
    assert_eq!(stage.api.get(&path).await?.ok()?["active"], false);
    let own = stage.shown(&instance).await?["user"]["id"].clone();
    stage
        .api
        .delete(&format!("/users/{own}/secret"))
        .await?
        .refused(409, &["rotate"])?;

    // With an Element token the path means the element's own resource.
    stage
        .api
        .element(&instance.token)
        .get("/users")
        .await?
        .refused(404, &["users", "contacts"])?;
    stage
        .api
        .element(&instance.token)
        .patch("/accounts/1", &json!({}))
        .await?
        .refused(404, &["accounts", "contacts"])
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_managed_on_the_command_line() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let url = stage.host()?.url().to_owned();
    let home = std::mem::replace(&mut stage.home, periodic_tests::Home::bare()?);
    let cli = async |words: &[&str]| -> anyhow::Result<(Option<i32>, String, String)> {
        let output = home.run_bare(words).await?;
        Ok((output.code, output.stdout, output.stderr))
    };
    let (code, made, error) = cli(&[
        "users",
        "create",
        "carol@example.com",
        "--role",
        "administrator",
        "--host",
        &url,
        "--json",
    ])
    .await?;
    assert_eq!(code, Some(0), "{error}");
    let made: Value = serde_json::from_str(&made)?;
    let secret = made["secret"].as_str().context("a secret")?.to_owned();
    let (code, list, error) = cli(&["users", "list", "--host", &url]).await?;
    assert_eq!(code, Some(0), "{error}");
    assert!(
        list.contains("carol@example.com") && !list.contains(&secret),
        "{list}"
    );
    for words in [
        ["users", "show", "Carol@example.com"],
        ["users", "show", &made["id"].to_string()],
        ["accounts", "show", &made["accountId"].to_string()],
        ["organizations", "show", &made["organizationId"].to_string()],
    ] {
        let (code, shown, error) = cli(&[&words[..], &["--host", &url]].concat()).await?;
        assert_eq!(code, Some(0), "{words:?}: {error}");
        assert!(
            shown.contains("createdDate") && !shown.contains(&secret),
            "{words:?}: {shown}"
        );
    }
    let (code, _, error) = cli(&["users", "show", "dave@example.com", "--host", &url]).await?;
    assert_eq!(code, Some(1));
    assert!(error.contains("periodic users list"), "{error}");
    let (code, _, error) = cli(&["users", "revoke", "999", "--host", &url]).await?;
    assert_eq!(code, Some(1));
    assert!(error.contains("no user 999"), "{error}");
    // A running host has its data folder for itself.
    let data = home.data().to_string_lossy().into_owned();
    let (code, _, error) = cli(&["users", "list", "--offline", "--data", &data]).await?;
    assert_eq!(code, Some(1));
    assert!(error.contains("in use by another host"), "{error}");

    stage.stop().await?;
    let (code, list, error) = cli(&["users", "list", "--offline", "--data", &data, "--json"]).await?;
    assert_eq!(code, Some(0), "{error}");
    let list: Value = serde_json::from_str(&list)?;
    assert_eq!(list[1]["email"], "carol@example.com");
    let id = list[1]["id"].to_string();
    let (code, shown, error) = cli(&["users", "show", &id, "--offline", "--data", &data]).await?;
    assert!(code == Some(0) && shown.contains("carol@example.com"), "{error}");
    let (code, rotated, error) =
        cli(&["users", "rotate", &id, "--offline", "--data", &data, "--json"]).await?;
    assert_eq!(code, Some(0), "{error}");
    let rotated: Value = serde_json::from_str(&rotated)?;
    let fresh = rotated["secret"].as_str().context("a secret")?;
    assert_ne!(fresh, secret);
    let guest = [
        "users",
        "create",
        "guest@example.com",
        "--offline",
        "--data",
        &data,
        "--json",
    ];
    let (_, made, _) = cli(&guest).await?;
    let guest = serde_json::from_str::<Value>(&made)?["id"].to_string();
    let (code, done, error) = cli(&["users", "delete", &guest, "--offline", "--data", &data]).await?;
    assert!(code == Some(0) && done.contains("is removed"), "{error}");
    stage.home = home;
    stage.start().await?;
    let header = |secret: &str| format!("User {secret}, Organization {ORGANIZATION_SECRET}");
    stage
        .api
        .authorized(Some(&header(fresh)))
        .get("/instances")
        .await?
        .ok()?;
    stage
        .api
        .authorized(Some(&header(&secret)))
        .get("/instances")
        .await?
        .refused(401, &[UNAUTHORIZED])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_has_a_budget_of_requests() -> anyhow::Result<()> {
    let stage = Stage::with(|home| {
        home.variable("PERIODIC_API_RATE_LIMIT", "3")
            .variable("PERIODIC_API_RATE_LIMIT_PER", "1h")
    })
    .await?;
    for _ in 0..3 {
        stage.api.get("/elements/keys").await?.ok()?;
    }
    let refused = stage.api.get("/elements/keys").await?;
    refused.refused(429, &["api.rate_limit"])?;
    let after: u64 = refused.header("retry-after").parse()?;
    assert!((1..=1200).contains(&after), "{after}");
    let home = stage.user()?;
    let told = home.run_bare(&["elements", "list"]).await?;
    assert!(told.stderr.contains("ask again in "), "{told:?}");
    let told = home.run_bare(&["elements", "list", "--json"]).await?;
    let told: Value = serde_json::from_str(&told.stderr)?;
    assert!(
        told["retryAfter"].as_u64().is_some_and(|after| after > 0),
        "{told}"
    );
    // Wrong secrets have no budget, and cost nobody's.
    stage
        .api
        .authorized(Some("User x, Organization y"))
        .get("/elements/keys")
        .await?
        .refused(401, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_removed_unless_instances_are_of_their_making() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let made = stage
        .api
        .post("/users", &json!({ "email": "guest@example.com" }))
        .await?
        .ok()?;
    let secret = made["secret"].as_str().context("a secret")?;
    let guest = stage.api.authorized(Some(&format!(
        "User {secret}, Organization {ORGANIZATION_SECRET}"
    )));
    let path = format!("/users/{}", made["id"]);
    guest.get("/instances").await?.ok()?;
    guest.delete(&path).await?.refused(403, &["administrators"])?;
    let request = stage.request().await?;
    let instance = guest.post("/instances", &request).await?.ok()?;
    stage.api.delete(&path).await?.refused(409, &["instances"])?;
    guest
        .delete(&format!("/instances/{}", instance["id"]))
        .await?
        .ok()?;
    stage.api.delete(&path).await?.ok()?;
    guest.get("/instances").await?.refused(401, &[UNAUTHORIZED])?;
    stage.api.get(&path).await?.refused(404, &[])?;
    let own = stage.api.get("/users").await?.ok()?[0]["id"].clone();
    stage
        .api
        .delete(&format!("/users/{own}"))
        .await?
        .refused(409, &["this is you"])
}
