//! The element's resources, read and written through the hub.

use anyhow::Context as _;
use periodic_tests::{Api, Stage, USER_SECRET, keys};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test(flavor = "multi_thread")]
async fn records_are_listed_filtered_ordered_and_paged() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await?;
    let api = stage.api.element(&instance.token);
    for name in ["Adams", "Baker", "Clark", "Davis", "Evans"] {
        stage
            .provider
            .contact_with(json!({ "LastName": name, "Position": "Tester" }))?;
    }

    // The hub segment is ignored.
    let answer = api.get("/hubs/crm/contacts").await?;
    assert_eq!(
        answer.header("elements-element-instance-id"),
        instance.id.to_string()
    );
    let contacts = answer.clone().ok()?;
    let count = contacts.as_array().map(Vec::len).context("an array")?;
    assert!(count >= 5, "{contacts}");
    assert_eq!(answer.header("elements-returned-count"), count.to_string());
    assert_eq!(answer.header("elements-next-page-token"), "");
    for path in ["/contacts", "/hubs/crap/contacts", "/hubs/documents/contacts"] {
        assert_eq!(api.get(path).await?.ok()?, contacts, "{path}");
    }
    let all_three = format!(
        "User {}, Organization {}, Element {}",
        periodic_tests::USER_SECRET,
        periodic_tests::ORGANIZATION_SECRET,
        instance.token
    );
    let with_all = stage.api.authorized(Some(&all_three));
    assert_eq!(with_all.get("/contacts").await?.ok()?, contacts);

    // Exactly the fields that are asked for, spaces and all.
    let fields = api
        .get("/hubs/crm/contacts?fields=LastName,%20Position")
        .await?
        .ok()?;
    for contact in fields.as_array().into_iter().flatten() {
        let mut names = keys(contact);
        names.sort_unstable();
        assert_eq!(names, ["LastName", "Position"], "{contact}");
    }
    let one = "/contacts?where=LastName='Chung'";
    let asked = api.get(&format!("{one}&fields=LastName,Position")).await?.ok()?;
    assert_eq!(asked, json!([{ "LastName": "Chung", "Position": null }]));
    // What is null and was not asked for is left out, unless the instance wants it.
    let shows_nulls = async || -> anyhow::Result<bool> {
        let whole = api.get(one).await?.ok()?;
        let contact = whole[0].as_object().context("a contact")?;
        anyhow::ensure!(contact["LastName"] == "Chung", "{contact:?}");
        Ok(contact.values().any(Value::is_null))
    };
    assert!(!shows_nulls().await?);
    let shown = json!({ "configuration": { "filter.response.nulls": "false" } });
    let path = format!("/instances/{}", instance.id);
    stage.api.patch(&path, &shown).await?.ok()?;
    assert!(shows_nulls().await?);
    let hidden = json!({ "configuration": { "filter.response.nulls": "true" } });
    stage.api.patch(&path, &hidden).await?.ok()?;

    let names = async |query: &str| last_names(&api, query).await;
    assert_eq!(names("where=LastName='Clark'").await?, ["Clark"]);
    assert_eq!(
        names("where=Position='Tester' and LastName like 'B%25'").await?,
        ["Baker"]
    );
    assert_eq!(
        names("where=LastName IN ('Evans','Adams')&orderBy=LastName desc").await?,
        ["Evans", "Adams"]
    );
    let testers = "where=Position='Tester'&orderBy=LastName asc";
    let everybody = ["Adams", "Baker", "Clark", "Davis", "Evans"];
    assert_eq!(names(testers).await?, everybody);

    // Pages by token: the token and the page number come together, as Cloud Elements' own tests send them.
    let mut seen = Vec::new();
    let mut next = String::new();
    for page in 1..=3 {
        let token = if next.is_empty() {
            String::new()
        } else {
            format!("&nextPage={next}&page={page}")
        };
        let answer = api.get(&format!("/contacts?{testers}&pageSize=2{token}")).await?;
        next = answer.header("elements-next-page-token").to_owned();
        let part = answer.ok()?;
        assert!(part.as_array().is_some_and(|part| part.len() <= 2), "{part}");
        seen.extend(names_of(&part));
        assert_eq!(next.is_empty(), page == 3, "page {page}");
    }
    assert_eq!(seen, everybody);
    assert_eq!(
        names(&format!("{testers}&pageSize=2&page=2")).await?,
        ["Clark", "Davis"]
    );
    Ok(())
}

async fn last_names(api: &Api, query: &str) -> anyhow::Result<Vec<String>> {
    Ok(names_of(&api.get(&format!("/contacts?{query}")).await?.ok()?))
}

fn names_of(records: &Value) -> Vec<String> {
    let records = records.as_array().into_iter().flatten();
    records
        .map(|record| record["LastName"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_created_read_changed_and_deleted() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let api = stage.api.element(&instance.token);
    let company = json!({ "CompanyName": "Sunrise Adventures", "Type": "Company" });
    let company = api.post("/hubs/crm/companies", &company).await?.ok()?;
    let parent = company["Key"].as_str().context("a key")?;
    let contact = json!({ "LastName": "Chung", "Type": "Contact", "ParentKey": parent });
    let contact = api.post("/hubs/crm/contacts", &contact).await?.ok()?;
    let key = contact["Key"].as_str().context("a key")?;
    let path = format!("/hubs/crm/contacts/{key}");

    let read = api.get(&path).await?.ok()?;
    assert_eq!((&read["LastName"], &read["Key"]), (&json!("Chung"), &json!(key)));
    let fields = api
        .get(&format!("{path}?fields=FirstName,LastName"))
        .await?
        .ok()?;
    assert_eq!(keys(&fields), ["FirstName", "LastName"], "no key is added");
    // What is created through the hub is a change like any other.
    let event = stage.receiver.expect("CREATED", key).await?;
    assert_eq!(event.resource, "contacts");

    stage.provider.next_second().await?;
    api.patch(&path, &json!({ "Position": "Guide" })).await?.ok()?;
    let read = api.get(&path).await?.ok()?;
    assert_eq!(
        (&read["LastName"], &read["Position"]),
        (&json!("Chung"), &json!("Guide"))
    );
    stage.receiver.expect("UPDATED", key).await?;

    let gone = api.delete(&path).await?;
    assert_eq!((gone.status, gone.text.as_str()), (200, ""));
    api.get(&path).await?.refused(404, &["contacts"])?;

    // Nor is there what can be no key at all.
    api.get("/contacts/-1").await?.refused(404, &["contacts", "-1"])?;
    api.delete("/contacts/-1")
        .await?
        .refused(404, &["contacts", "-1"])?;
    let unknown = api.patch("/contacts/-1", &json!({ "Position": "Guide" })).await?;
    unknown.refused(404, &["contacts", "-1"])?;
    // A refusal tells the instance as well.
    let id = instance.id.to_string();
    assert_eq!(unknown.header("elements-element-instance-id"), id);

    // What cannot be done is said with what can.
    api.get("/hubs/crm/nothing")
        .await?
        .refused(404, &["nothing", "contacts", "opportunities"])?;
    let lead = api.post("/hubs/crm/leads", &json!({ "LastName": "X" })).await?;
    lead.refused(405, &["leads"])?;
    assert_eq!(lead.header("allow"), "GET, HEAD");
    let lead = api.delete("/hubs/crm/leads/1").await?;
    lead.refused(405, &["leads", "delete"])?;
    assert_eq!(lead.header("allow"), "GET, HEAD");
    // Nor is another answer given for methods that no resource has at the path.
    for (method, path, allow) in [
        (Method::DELETE, "/leads", "GET, HEAD"),
        (Method::PATCH, "/hubs/crm/leads", "GET, HEAD"),
        (Method::POST, "/leads/1", "GET, HEAD"),
        (Method::PUT, "/contacts", "GET, HEAD, POST"),
    ] {
        let unknown = api.call(method.clone(), path, None).await?;
        unknown.refused(405, &[method.as_str(), "of maximizer", "it can list"])?;
        assert_eq!(unknown.header("allow"), allow, "{method} {path}");
        assert_eq!(unknown.header("elements-element-instance-id"), id);
    }
    let none = api.delete("/hubs/crm/nothing").await?;
    none.refused(404, &["nothing", "contacts", "opportunities"])?;
    assert_eq!(none.header("allow"), "");
    let stranger = stage.api.authorized(None);
    let stranger = stranger.delete("/leads").await?;
    stranger.refused(401, &[])?;
    assert_eq!(stranger.header("allow"), "");
    api.call(Method::POST, "/contacts", Some(b"[1]".to_vec()))
        .await?
        .refused(400, &["body"])?;
    let clause = api.get("/contacts?where=LastName%3D%3D").await?;
    clause.refused(400, &["where"])?;
    let page = api.get("/contacts?pageSize=many").await?;
    page.refused(400, &["pageSize", "many"])?;

    let ping = api.get("/ping").await?.ok()?;
    assert_eq!(keys(&ping), ["dateTime", "endpoint"]);
    assert_eq!(ping["endpoint"], "maximizer");
    let objects = api.get("/objects").await?.ok()?;
    assert!(
        objects
            .as_array()
            .is_some_and(|objects| objects.contains(&json!("companies"))),
        "{objects}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_is_told_and_polls_wait() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let element = stage.api.element(&instance.token);
    // The element allows 90 requests in 30 s.
    let begun = tokio::time::Instant::now();
    let mut answered = 0;
    let told = loop {
        let answer = element.get("/contacts?pageSize=1").await?;
        if answer.status != 200 {
            break answer;
        }
        answered += 1;
        assert!(answered <= 90, "the budget has no end");
    };
    told.refused(429, &["used up"])?;
    let after: u64 = told.header("retry-after").parse()?;
    assert!((1..=30).contains(&after), "{after}");
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(25),
        "nobody was kept waiting"
    );
    let contact = stage.provider.contact("Patience")?;
    stage.receiver.expect("CREATED", &contact).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_may_stand_in_the_address_as_it_is() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let key = stage.provider.contact("Plain")?;
    let url = stage.host()?.url().trim_start_matches("http://").to_owned();
    let request = format!(
        "GET /elements/api-v2/hubs/crm/contacts?where=LastModifyDate>'2017-02-28T16:11:29Z' AND LastName='Plain' HTTP/1.1\r\n\
         Host: {url}\r\nAuthorization: User {USER_SECRET}, Element {}\r\nConnection: close\r\n\r\n",
        instance.token
    );
    let mut connection = tokio::net::TcpStream::connect(&url).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        answer.contains("elements-request-id") && answer.contains(&key),
        "{answer}"
    );
    Ok(())
}
