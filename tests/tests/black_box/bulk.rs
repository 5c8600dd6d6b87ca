//! Exports in bulk: asked for, read to the end whatever happens, fetched as lines or as CSV.

use std::collections::BTreeSet;

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fake_maximizer::{Options, Seed};
use periodic_tests::{Answer, Api, Home, Instance, Provider, Received, SIGNING_KEY, Stage, eventually, keys};
use reqwest::Method;
use serde_json::{Value, json};

/// An instance that is not polled, so that the provider's budget is the export's.
async fn quiet(stage: &Stage) -> anyhow::Result<(Instance, Api)> {
    let configuration = json!({
        "event.notification.enabled": false,
        "event.notification.signature.key": SIGNING_KEY,
        "event.notification.format": "cloudevents",
    });
    let instance = stage.instance_with(configuration).await?;
    let api = stage.api.element(&instance.token);
    Ok((instance, api))
}

async fn ask(api: &Api, q: &str) -> anyhow::Result<Answer> {
    let q = q.replace('%', "%25").replace(' ', "%20").replace('&', "%26");
    api.call(Method::POST, &format!("/bulk/query?q={q}"), None).await
}

async fn status(api: &Api, id: &Value) -> anyhow::Result<Value> {
    api.get(&format!("/hubs/crm/bulk/{id}/status")).await?.ok()
}

/// Wait for the end of an export.
async fn ended(api: &Api, id: &Value) -> anyhow::Result<Value> {
    eventually("the export ends", async || {
        let status = status(api, id).await?;
        let over = !matches!(status["status"].as_str(), Some("CREATED" | "RUNNING"));
        Ok(over.then_some(status))
    })
    .await
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap_or_default()
}

fn names(records: &[Value]) -> BTreeSet<&str> {
    records
        .iter()
        .filter_map(|record| record["LastName"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_fetched_in_every_form() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (instance, api) = quiet(&stage).await?;
    for name in ["Adams", "O\"Brien, Jr", "Clark\nTwo lines", "Davis"] {
        let members = json!({ "LastName": name, "Position": "Exported" });
        stage.provider.contact_with(members)?;
    }
    let asked = ask(&api, "select * from contacts where Position = 'Exported'")
        .await?
        .ok()?;
    assert_eq!(
        (&asked["status"], &asked["objectName"]),
        (&json!("CREATED"), &json!("contacts"))
    );
    let id = &asked["id"];
    let done = ended(&api, id).await?;
    assert_eq!(
        (
            &done["status"],
            &done["recordsCount"],
            &done["recordsFailedCount"],
            &done["message"]
        ),
        (&json!("COMPLETED"), &json!(4), &json!(0), &Value::Null)
    );
    assert_eq!(api.get(&format!("/bulk/{id}/errors")).await?.ok()?, json!([]));

    let path = format!("/bulk/{id}/contacts");
    let expected = BTreeSet::from(["Adams", "O\"Brien, Jr", "Clark\nTwo lines", "Davis"]);
    let usual = api.get(&path).await?;
    assert_eq!(
        (usual.status, usual.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(usual.header("elements-returned-count"), "4");
    let records = lines(&usual.text);
    assert_eq!((records.len(), names(&records)), (4, expected.clone()));
    // The same records as the list has them.
    let listed = api.get("/contacts?where=Position='Exported'").await?.ok()?;
    let listed: BTreeSet<String> = listed
        .as_array()
        .into_iter()
        .flatten()
        .map(Value::to_string)
        .collect();
    assert_eq!(
        records.iter().map(Value::to_string).collect::<BTreeSet<_>>(),
        listed
    );

    let named = api.with("accept", "application/x-ndjson").get(&path).await?;
    assert_eq!(
        (named.header("content-type"), &named.text),
        ("application/x-ndjson", &usual.text)
    );
    let array = api.get(&format!("{path}?format=json")).await?.ok()?;
    assert_eq!(array, Value::Array(records.clone()));

    let csv = api.with("accept", "text/csv").get(&path).await?;
    assert_eq!(csv.header("content-type"), "text/csv");
    assert!(csv.header("content-disposition").contains(".csv"));
    let mut read = csv::Reader::from_reader(csv.text.as_bytes());
    let header: Vec<String> = read.headers()?.iter().map(str::to_owned).collect();
    let mut members: Vec<&str> = Vec::new();
    for member in records.iter().flat_map(keys) {
        if !members.contains(&member) {
            members.push(member);
        }
    }
    assert_eq!(header, members, "the members in the order of their first coming");
    let rows: Vec<csv::StringRecord> = read.records().collect::<Result<_, _>>()?;
    assert_eq!(rows.len(), 4);
    for (row, record) in rows.iter().zip(&records) {
        for (column, cell) in header.iter().zip(row) {
            let expected = match &record[column] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(cell, expected, "{column}");
        }
    }

    // Fields, order, limit and offset; the header is what was asked for.
    let q = "select LastName,Key,FirstName from contacts where Position='Exported' order by LastName asc limit 2 offset 1";
    let asked = ask(&api, q).await?.ok()?;
    let done = ended(&api, &asked["id"]).await?;
    assert_eq!(done["recordsCount"], 2);
    let csv = api
        .get(&format!("/bulk/{}/contacts?format=csv", asked["id"]))
        .await?;
    let mut read = csv::Reader::from_reader(csv.text.as_bytes());
    assert_eq!(read.headers()?, vec!["LastName", "Key", "FirstName"]);
    let first: Vec<String> = read
        .records()
        .map(|row| row.map(|row| row[0].to_owned()))
        .collect::<Result<_, _>>()?;
    assert_eq!(first, ["Clark\nTwo lines", "Davis"]);

    // What is listed, what somebody else sees of it, and its end.
    let jobs = api.get("/bulk/jobs").await?.ok()?;
    assert_eq!(jobs.as_array().map(Vec::len), Some(2));
    api.get(&format!("/bulk/{id}/companies"))
        .await?
        .refused(404, &["contacts", "companies"])?;
    api.with("accept", "image/png")
        .get(&path)
        .await?
        .refused(406, &["application/json", "application/x-ndjson", "text/csv"])?;
    api.get(&format!("{path}?format=xml"))
        .await?
        .refused(400, &["format", "csv"])?;
    let other = stage.instance().await?;
    let stranger = stage.api.element(&other.token);
    for path in [
        format!("/bulk/{id}/status"),
        format!("/bulk/{id}/errors"),
        path.clone(),
    ] {
        stranger.get(&path).await?.refused(404, &["no export"])?;
    }
    stranger.delete(&format!("/bulk/{id}")).await?.refused(404, &[])?;
    api.delete(&format!("/bulk/{id}")).await?.ok()?;
    api.get(&path)
        .await?
        .refused(404, &["no export", "bulk.retention"])?;
    // An instance takes its exports with it.
    stage
        .api
        .delete(&format!("/instances/{}", instance.id))
        .await?
        .ok()?;
    api.get("/bulk/jobs").await?.refused(401, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_told_signed_and_again_until_it_is_taken() -> anyhow::Result<()> {
    let stage = Stage::with(|home| home.variable("PERIODIC_DELIVERY_SCHEDULE", "1s,1s,1s")).await?;
    let (instance, api) = quiet(&stage).await?;
    stage.receiver.answer_next([periodic_tests::Reply::status(503)]);
    let told = api.with("elements-async-callback-url", stage.receiver.url());
    let asked = ask(&told, "select * from contacts").await?.ok()?;
    let came = stage.receiver.expect_requests(2).await?;
    let [first, again] = came.as_slice() else {
        anyhow::bail!("{came:?}");
    };
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(
        first.header("elements-webhook-id"),
        again.header("elements-webhook-id")
    );
    signed(again)?;
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(again.body, status(&api, &asked["id"]).await?);
    assert_eq!(again.body["status"], "COMPLETED");
    // It is no event and no subscription of anybody's; its delivery can be looked at like any other.
    let events = stage
        .api
        .get(&format!("/instances/{}/events", instance.id))
        .await?
        .ok()?;
    assert_eq!(events, json!([]));
    assert_eq!(
        stage.api.get("/notifications/subscriptions").await?.ok()?,
        json!([])
    );
    eventually("the delivery is settled", async || {
        let deliveries = stage.deliveries(&instance).await?;
        Ok((deliveries.len() == 1 && deliveries[0]["status"] == "delivered").then_some(()))
    })
    .await?;
    let wrong = api.with("elements-async-callback-url", "nowhere");
    ask(&wrong, "select * from contacts")
        .await?
        .refused(400, &["Elements-Async-Callback-Url", "nowhere"])
}

fn signed(came: &Received) -> anyhow::Result<()> {
    let secret = format!("whsec_{}", STANDARD.encode(SIGNING_KEY));
    standardwebhooks::Webhook::new(&secret)?.verify(&came.bytes, &came.headers)?;
    anyhow::ensure!(came.header("elements-webhook-signature").starts_with("sha256="));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_records_survive_kills() -> anyhow::Result<()> {
    let entries: Vec<Value> = (0..10_000)
        .map(|number| json!({ "Type": "Company", "CompanyName": format!("Company {number}") }))
        .collect();
    let seed = json!({ "AbEntry": entries })
        .as_object()
        .cloned()
        .context("an object")?;
    let options = Options {
        seed: Seed::Records(seed),
        ..Options::default()
    };
    let provider = Provider::with(options).await?;
    let url = provider.url().to_owned();
    let mut stage = Stage::around(provider, &url, |home| home).await?;
    let (_, api) = quiet(&stage).await?;
    stage.provider.set_fault(
        "slow",
        json!({ "headers_ms": 30, "when": { "methods": ["Read"] } }),
    )?;
    let asked = ask(&api, "select Key,CompanyName from companies").await?.ok()?;
    let id = &asked["id"];
    let mut api = api;
    for pages in [2, 5, 11] {
        eventually("some pages are stored", async || {
            let status = status(&api, id).await?;
            anyhow::ensure!(status["status"] != "COMPLETED", "it was over too soon");
            let records = status["recordsCount"].as_u64().unwrap_or(0);
            Ok((records >= pages * 500).then_some(()))
        })
        .await?;
        api.get(&format!("/bulk/{id}/companies"))
            .await?
            .refused(409, &["not complete"])?;
        stage.kill().await?;
        stage.start().await?;
        api = api.at(stage.host()?.url());
    }
    let done = ended(&api, id).await?;
    assert_eq!(
        (&done["status"], &done["recordsCount"]),
        (&json!("COMPLETED"), &json!(10_000))
    );
    let records = lines(&api.get(&format!("/bulk/{id}/companies")).await?.text);
    let told: BTreeSet<&str> = records
        .iter()
        .filter_map(|record| record["CompanyName"].as_str())
        .collect();
    assert_eq!((records.len(), told.len()), (10_000, 10_000));
    let csv = api.get(&format!("/bulk/{id}/companies?format=csv")).await?;
    assert_eq!(
        csv::Reader::from_reader(csv.text.as_bytes()).records().count(),
        10_000
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_visible_and_exports_can_be_given_up() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (_, api) = quiet(&stage).await?;
    // A provider that is down: it is asked again.
    stage.provider.set_fault(
        "http-status",
        json!({ "status": 500, "body": "down for maintenance", "when": { "methods": ["Read"] } }),
    )?;
    let asked = ask(&api, "select * from contacts").await?.ok()?;
    let waiting = ask(&api, "select * from companies").await?.ok()?;
    let id = &asked["id"];
    let errors = eventually("the failure shows", async || {
        let errors = api.get(&format!("/bulk/{id}/errors")).await?.ok()?;
        Ok((errors != json!([])).then_some(errors))
    })
    .await?;
    assert!(
        errors[0]["message"]
            .as_str()
            .is_some_and(|message| message.contains("500")),
        "{errors}"
    );
    let running = status(&api, id).await?;
    assert_eq!(running["status"], "RUNNING");
    assert!(running["message"].is_string(), "{running}");
    // One after the other: the second export of the instance has its turn when the first one is over.
    assert_eq!(status(&api, &waiting["id"]).await?["status"], "CREATED");
    let given_up = ask(&api, "select * from contacts").await?.ok()?;
    api.delete(&format!("/bulk/{}", given_up["id"])).await?.ok()?;
    assert_eq!(status(&api, &given_up["id"]).await?["status"], "CANCELLED");
    api.get(&format!("/bulk/{}/contacts", given_up["id"]))
        .await?
        .refused(409, &["given up"])?;
    stage.provider.clear_faults();
    assert_eq!(ended(&api, id).await?["status"], "COMPLETED");
    assert_eq!(ended(&api, &waiting["id"]).await?["status"], "COMPLETED");

    // What the element cannot do is given up at once, with the reason and a callback.
    let told = api.with("elements-async-callback-url", stage.receiver.url());
    let asked = ask(&told, "select * from contacts where Nothing ~ 1")
        .await?
        .ok()?;
    let failed = ended(&api, &asked["id"]).await?;
    assert_eq!(failed["status"], "FAILED");
    let message = failed["message"].as_str().context("a message")?;
    assert!(
        message.contains("where") && message.contains("POST /bulk/query"),
        "{message}"
    );
    assert_eq!(
        api.get(&format!("/bulk/{}/errors", asked["id"]))
            .await?
            .ok()?
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    api.get(&format!("/bulk/{}/contacts", asked["id"]))
        .await?
        .refused(409, &["failed", "where"])?;
    let came = stage.receiver.expect_requests(1).await?;
    assert_eq!(came[0].body, failed);
    signed(&came[0])
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_queries_are_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (instance, api) = quiet(&stage).await?;
    let long = format!("select * from contacts where a='{}'", "x".repeat(20_000));
    for (q, needles) in [
        ("", &["q: is missing"] as &[&str]),
        ("drop table instances", &["SELECT is expected"]),
        (
            "select * from contacts; drop table bulk_jobs",
            &["no resource's name"],
        ),
        ("select * from contacts where a = 'b", &["opened and not closed"]),
        (
            "select * from contacts limit 99999999999999999999",
            &["LIMIT", "no number"],
        ),
        ("select * from ../../instances", &["no resource"]),
        ("select * from secrets", &["no resource", "contacts"]),
        ("select \u{0}* from contacts", &["neither"]),
        (&long, &["has 20033 bytes"]),
    ] {
        let shown: String = q.chars().take(40).collect();
        let answer = ask(&api, q).await?;
        let checked = match q {
            "select * from secrets" | "select * from ../../instances" => answer.refused(404, needles),
            _ => answer.refused(400, needles),
        };
        checked.with_context(|| shown)?;
    }
    for id in [
        "0",
        "-1",
        "9223372036854775807",
        "99999999999999999999",
        "1;2",
        "%00",
        "..%2f",
    ] {
        api.get(&format!("/bulk/{id}/status")).await?.refused(404, &[])?;
        api.delete(&format!("/bulk/{id}")).await?.refused(404, &[])?;
    }
    stage.api.get("/bulk/1/status").await?.refused(401, &[])?;
    api.post("/bulk/contacts", &json!({}))
        .await?
        .refused(400, &["takes nothing in"])?;
    // The same language, answered at once.
    stage
        .provider
        .contact_with(json!({ "LastName": "Queried", "Position": "Q" }))?;
    let found = api
        .get("/hubs/crm/query?q=select LastName from contacts where Position='Q' limit 5")
        .await?
        .ok()?;
    assert_eq!(found, json!([{ "LastName": "Queried" }]));
    let offset = "/query?q=select LastName from contacts limit 5 offset 3";
    api.get(offset).await?.refused(400, &["OFFSET", "multiple"])?;
    stage
        .api
        .delete(&format!("/instances/{}/enabled", instance.id))
        .await?
        .ok()?;
    ask(&api, "select * from contacts")
        .await?
        .refused(403, &["disabled"])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_exports() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (instance, api) = quiet(&stage).await?;
    for name in ["Adams", "Clark"] {
        let members = json!({ "LastName": name, "Position": "Exported" });
        stage.provider.contact_with(members)?;
    }
    let home = Home::bare()?
        .variable("PERIODIC_HOST", stage.host()?.url())
        .variable("PERIODIC_USER_SECRET", periodic_tests::USER_SECRET)
        .variable(
            "PERIODIC_ORGANIZATION_SECRET",
            periodic_tests::ORGANIZATION_SECRET,
        );
    let of = instance.id.to_string();
    let bulk = async |words: &[&str]| home.run_bare(&[&["bulk"], words].concat()).await;
    let query = "select LastName from contacts where Position = 'Exported' order by LastName";
    let callback = format!("{}/done", stage.receiver.url());
    let asked = bulk(&["query", &of, query, "--json", "--callback", &callback]).await?;
    let asked: Value = serde_json::from_str(&asked.stdout).with_context(|| asked.stderr.clone())?;
    let id = asked["id"].to_string();
    ended(&api, &asked["id"]).await?;
    let told = stage.receiver.expect_requests(1).await?;
    assert!(told.iter().any(|told| told.target.ends_with("/done")), "{told:?}");
    for (words, needle) in [
        (vec!["list", &of], "COMPLETED"),
        (vec!["status", &of, &id], "contacts"),
        (vec!["errors", &of, &id], ""),
        (
            vec!["download", &of, &id],
            "{\"LastName\":\"Adams\"}\n{\"LastName\":\"Clark\"}\n",
        ),
        (
            vec!["download", &of, &id, "--format", "csv"],
            "LastName\r\nAdams\r\nClark\r\n",
        ),
        (
            vec![
                "download",
                &of,
                &id,
                "--output",
                "export.json",
                "--format",
                "json",
            ],
            "",
        ),
        (vec!["cancel", &of, &id], "is gone"),
    ] {
        let output = bulk(&words).await?;
        assert!(
            output.code == Some(0) && output.stdout.contains(needle),
            "{words:?}: {output:?}"
        );
    }
    let written: Value = serde_json::from_slice(&std::fs::read(home.path().join("export.json"))?)?;
    assert_eq!(written, json!([{ "LastName": "Adams" }, { "LastName": "Clark" }]));
    for (words, needle) in [
        (vec!["status", &of, &id], "has no export"),
        (vec!["status", "999999", &id], "there is no instance 999999"),
        (vec!["query", &of, "select nonsense"], "q: "),
        (vec!["download", &of, &id, "--format", "xml"], "csv"),
    ] {
        let output = bulk(&words).await?;
        assert!(
            output.code != Some(0) && output.stderr.contains(needle),
            "{words:?}: {output:?}"
        );
    }
    Ok(())
}
