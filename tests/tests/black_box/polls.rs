//! What is remembered of polls, and polls that run again without their provider.

use anyhow::Context as _;
use periodic_tests::{
    Home, Instance, Needle, ORGANIZATION_SECRET, SIGNING_KEY, Stage, USER_SECRET, adapters, eventually,
    search_folder,
};
use serde_json::{Value, json};

/// Nobody polls this instance unless he is asked to.
const RARELY: &str = "1000";

async fn quiet(stage: &Stage) -> anyhow::Result<Instance> {
    let configuration = json!({
        "event.poller.refresh_interval": RARELY, "event.poller.configuration": { "contacts": {} },
    });
    let instance = stage.instance_with(configuration).await?;
    // The first poll is due at once.
    eventually("the first poll is over", async || {
        Ok((!polls(stage, &instance, "").await?.is_empty()).then_some(()))
    })
    .await?;
    Ok(instance)
}

async fn polls(stage: &Stage, instance: &Instance, query: &str) -> anyhow::Result<Vec<Value>> {
    let path = format!("/instances/{}/polls{query}", instance.id);
    let polls = stage.api.get(&path).await?.ok()?;
    Ok(polls.as_array().cloned().unwrap_or_default())
}

/// Poll now; the record of it.
async fn poll(stage: &Stage, instance: &Instance) -> anyhow::Result<Value> {
    stage.poll(instance).await?;
    let mut polls = polls(stage, instance, "?pageSize=1").await?;
    polls.pop().context("a poll leaves a record")
}

async fn replay(stage: &Stage, poll: &Value) -> anyhow::Result<Value> {
    let path = format!("/instances/polls/{}/replay", poll["id"]);
    stage.api.post(&path, &json!({})).await?.ok()
}

async fn case(stage: &Stage, poll: &Value) -> anyhow::Result<String> {
    let path = format!("/instances/polls/{}/case", poll["id"]);
    let shown = stage.api.get(&path).await?.ok()?;
    Ok(shown["case"].as_str().context("a case")?.to_owned())
}

fn assert_same(replay: &Value, requests: u64) {
    assert_eq!(
        (&replay["same"], &replay["differences"]),
        (&json!(true), &json!([])),
        "{replay}"
    );
    assert_eq!(replay["requests"], requests, "{replay}");
    assert_eq!(replay["recorded"], replay["replayed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_poll_leaves_a_record_that_runs_again() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let instance = quiet(&stage).await?;
    let first = polls(&stage, &instance, "")
        .await?
        .pop()
        .context("the first poll")?;
    assert_eq!(
        (&first["trigger"], &first["result"]),
        (&json!("schedule"), &json!("idle"))
    );
    assert!(
        first["cursor"].as_str() <= first["until"].as_str() && first["cursor"].is_string(),
        "{first}"
    );

    let keys = [
        stage.provider.contact("Chung")?,
        stage.provider.contact("DuPont")?,
    ];
    let told = poll(&stage, &instance).await?;
    assert_eq!(
        (&told["trigger"], &told["result"]),
        (&json!("manual"), &json!("told")),
        "{told}"
    );
    assert!(
        told["recordCount"].as_u64() >= Some(2) && told["eventCount"] == 2,
        "{told}"
    );
    assert_eq!(
        told["events"],
        json!({ "created": 2, "updated": 0, "deleted": 0 })
    );
    assert_eq!(told["tape"]["whole"], true, "{told}");
    let adapters = stage.api.get("/adapters").await?.ok()?;
    assert_eq!(told["adapter"], adapters[0]["digest"]);

    // One by one: the requests that it became, and the same when it is addressed beneath its instance.
    let shown = stage
        .api
        .get(&format!("/instances/polls/{}", told["id"]))
        .await?
        .ok()?;
    let requests = shown["requests"].as_array().context("requests")?;
    assert_eq!(json!(requests.len()), told["requestCount"]);
    for request in requests {
        assert_eq!(
            (&request["method"], &request["status"]),
            (&json!("POST"), &json!(200)),
            "{request}"
        );
        assert_eq!(request["digest"].as_str().map(str::len), Some(32), "{request}");
        assert!(request["bytes"].as_u64() > Some(10), "{request}");
    }
    let beneath = format!("/instances/{}/polls/{}", instance.id, told["id"]);
    assert_eq!(stage.api.get(&beneath).await?.ok()?, shown);

    // Again without the provider, which does not notice, and after the host was stopped and killed.
    let asked = stage.provider.requests().len();
    let count = requests.len() as u64;
    assert_same(&replay(&stage, &told).await?, count);
    stage.stop().await?;
    stage.start().await?;
    assert_same(&replay(&stage, &told).await?, count);
    stage.kill().await?;
    stage.start().await?;
    assert_same(&replay(&stage, &told).await?, count);
    assert_same(
        &replay(&stage, &first).await?,
        first["requestCount"].as_u64().unwrap_or_default(),
    );
    assert_eq!(stage.provider.requests().len(), asked);
    assert_eq!(
        stage.deliveries(&instance).await?.len(),
        1,
        "and nothing is told again"
    );

    // As a case of the adapter's tests.
    let case = case(&stage, &told).await?;
    for part in [
        "call = \"poller.begin\"",
        "handed = true",
        "Chung",
        keys[0].as_str(),
        "[expected]",
    ] {
        assert!(case.contains(part), "{part:?} in\n{case}");
    }
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("poll.toml"), &case)?;
    let wasm = periodic_tests::adapters()?
        .join("maximizer.wasm")
        .to_string_lossy()
        .into_owned();
    let cases = folder.path().to_string_lossy().into_owned();
    let tested = Home::bare()?
        .run_bare(&["adapter", "test", &wasm, "--cases", &cases])
        .await?;
    assert_eq!(tested.code, Some(0), "{}{}", tested.stdout, tested.stderr);
    std::fs::write(folder.path().join("poll.toml"), case.replace("Chung", "Chang"))?;
    let tested = Home::bare()?
        .run_bare(&["adapter", "test", &wasm, "--cases", &cases])
        .await?;
    assert_eq!(
        tested.code,
        Some(0),
        "answers and result agree still: {}",
        tested.stdout
    );
    std::fs::write(
        folder.path().join("poll.toml"),
        case.replacen("Chung", "Chang", 1),
    )?;
    let tested = Home::bare()?
        .run_bare(&["adapter", "test", &wasm, "--cases", &cases])
        .await?;
    assert_eq!(tested.code, Some(1), "{}", tested.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_are_listed_by_page_resource_and_result() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = quiet(&stage).await?;
    for _poll in 0..3 {
        poll(&stage, &instance).await?;
    }
    stage.provider.contact("Chung")?;
    poll(&stage, &instance).await?;
    let all = polls(&stage, &instance, "").await?;
    assert_eq!(all.len(), 5);
    let path = format!("/instances/{}/polls", instance.id);
    let page = stage.api.get(&format!("{path}?pageSize=2")).await?;
    let next = page.header("elements-next-page-token").to_owned();
    assert_eq!(page.ok()?, json!(all[..2]));
    let rest = polls(&stage, &instance, &format!("?pageSize=200&nextPage={next}")).await?;
    assert_eq!(rest, all[2..]);
    assert_eq!(polls(&stage, &instance, "?result=told").await?, all[..1]);
    assert_eq!(
        polls(&stage, &instance, "?resource=contacts&result=idle").await?,
        all[1..]
    );
    assert_eq!(
        polls(&stage, &instance, "?resource=notes").await?,
        Vec::<Value>::new()
    );
    let wrong = stage.api.get(&format!("{path}?result=good")).await?;
    wrong.refused(400, &["idle, told and failed"])?;
    for path in [
        "/instances/polls/1",
        "/instances/polls/x/case",
        "/instances/polls/1/replay",
    ] {
        let method = if path.ends_with("replay") { "POST" } else { "GET" };
        let answer = stage.api.call(method.parse()?, path, None).await?;
        answer.refused(404, &["poll.records"])?;
    }
    // The poller shows the same.
    let poller = stage
        .api
        .get(&format!("/instances/{}/pollers/contacts", instance.id))
        .await?
        .ok()?;
    assert_eq!(poller["polls"], json!(all));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_remembered_and_runs_again() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = quiet(&stage).await?;

    // The provider says no in its own words: the adapter fails the same way again.
    let no = json!({ "message": "not today", "when": { "methods": ["Read"] } });
    stage.provider.set_fault("logical-error", no)?;
    let failed = poll(&stage, &instance).await?;
    assert_eq!(
        (&failed["result"], &failed["cursor"]),
        (&json!("failed"), &Value::Null),
        "{failed}"
    );
    assert!(
        failed["error"]
            .as_str()
            .is_some_and(|error| error.contains("not today")),
        "{failed}"
    );
    assert_same(
        &replay(&stage, &failed).await?,
        failed["requestCount"].as_u64().unwrap_or_default(),
    );
    assert!(case(&stage, &failed).await?.contains("not today"));
    stage.provider.clear_faults();

    // A token that is refreshed in the middle is the host's affair: it is listed, and not on the tape.
    stage.provider.contact("Chung")?;
    stage.provider.expire_tokens();
    let refreshed = poll(&stage, &instance).await?;
    assert_eq!(refreshed["result"], "told", "{refreshed}");
    let again = replay(&stage, &refreshed).await?;
    assert_eq!(again["same"], true, "{again}");
    assert!(
        again["requests"].as_u64() < refreshed["requestCount"].as_u64(),
        "{again} {refreshed}"
    );

    // The provider refuses the credentials for good.
    stage.provider.set_fault(
        "token-refusal",
        json!({ "description": "gone", "grants": ["refresh_token"] }),
    )?;
    stage.provider.expire_tokens();
    let refused = poll(&stage, &instance).await?;
    assert_eq!(refused["result"], "failed");
    assert!(
        refused["error"]
            .as_str()
            .is_some_and(|error| error.contains("authenticate")),
        "{refused}"
    );
    assert_eq!(stage.shown(&instance).await?["state"], "needs-authentication");
    let again = replay(&stage, &refused).await?;
    assert_eq!(again["same"], true, "{again}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_on_a_tape_and_customers_data_is_sealed() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    // What was there before is read and not told: it stands on the tape only.
    stage.provider.contact("Unmistakable")?;
    stage.provider.next_second().await?;
    let instance = quiet(&stage).await?;
    let first = polls(&stage, &instance, "")
        .await?
        .pop()
        .context("the first poll")?;
    assert!(
        first["recordCount"].as_u64() >= Some(1) && first["eventCount"] == 0,
        "{first}"
    );
    let mut text = case(&stage, &first).await?;
    // The names are there: an adapter sees which secrets there are.
    assert!(
        text.contains("oauth.user.token") && text.contains("Unmistakable"),
        "{text}"
    );
    stage.provider.expire_tokens();
    text.push_str(&case(&stage, &poll(&stage, &instance).await?).await?);

    let mut needles = vec![
        Needle::new("the user's secret", USER_SECRET),
        Needle::new("the organization's secret", ORGANIZATION_SECRET),
        Needle::new("the signing key", SIGNING_KEY),
        Needle::new("the client's secret", periodic_tests::CLIENT_SECRET),
        Needle::new("the instance's token", &instance.token),
    ];
    let tokens = stage.provider.tokens().await?;
    assert!(tokens.len() >= 4, "several of each kind: {tokens:?}");
    needles.extend(tokens.iter().map(|token| Needle::new("a token", token)));
    let mut found: Vec<String> = needles
        .iter()
        .flat_map(|needle| needle.find("the cases", text.as_bytes()))
        .collect();
    needles.push(Needle::new("a customer's name", "Unmistakable"));
    found.extend(search_folder(&needles, &stage.home.data())?);
    stage.stop().await?;
    found.extend(search_folder(&needles, &stage.home.data())?);
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tape_over_its_budget_says_so() -> anyhow::Result<()> {
    let stage = Stage::with(|home| home.variable("PERIODIC_POLL_TAPE_SIZE", "4000")).await?;
    let instance = quiet(&stage).await?;
    let idle = poll(&stage, &instance).await?;
    assert_eq!(idle["tape"]["whole"], true, "{idle}");
    for number in 0..20 {
        stage.provider.contact(&format!("Contact {number}"))?;
    }
    let told = poll(&stage, &instance).await?;
    assert_eq!(
        (&told["eventCount"], &told["tape"]["whole"]),
        (&json!(20), &json!(false)),
        "{told}"
    );
    let replay = replay(&stage, &told).await?;
    assert_eq!(replay["same"], true, "what is there agrees: {replay}");
    let note = replay["note"].as_str().context("a note")?;
    assert!(
        note.contains("poll.tape_size") && note.contains(&told["tape"]["bytes"].to_string()),
        "{note}"
    );
    // What is not kept is known by its digest.
    let shown = stage
        .api
        .get(&format!("/instances/polls/{}", told["id"]))
        .await?
        .ok()?;
    let large = shown["requests"].as_array().into_iter().flatten();
    let large: Vec<_> = large
        .filter(|request| request["bytes"].as_u64() > Some(4000))
        .collect();
    assert!(
        !large.is_empty() && large.iter().all(|request| request["digest"].is_string()),
        "{shown}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_records_are_kept_and_none_where_none_is_wanted() -> anyhow::Result<()> {
    let mut stage = Stage::with(|home| home.variable("PERIODIC_POLL_RECORDS", "2")).await?;
    let instance = quiet(&stage).await?;
    stage.provider.contact("Chung")?;
    let told = poll(&stage, &instance).await?;
    let mut idle = Vec::new();
    for _poll in 0..5 {
        idle.insert(0, poll(&stage, &instance).await?);
    }
    let expected = [idle[0].clone(), idle[1].clone(), told.clone()];
    assert_eq!(
        polls(&stage, &instance, "").await?,
        expected,
        "idle polls push out idle ones only"
    );

    stage.stop().await?;
    stage.home = std::mem::replace(&mut stage.home, Home::bare()?).variable("PERIODIC_POLL_TAPE_SIZE", "0");
    stage.start().await?;
    let bare = poll(&stage, &instance).await?;
    assert_eq!(bare["tape"], Value::Null);
    let refused = stage
        .api
        .get(&format!("/instances/polls/{}/case", bare["id"]))
        .await?;
    refused.refused(409, &["poll.tape_size"])?;

    stage.stop().await?;
    stage.home = std::mem::replace(&mut stage.home, Home::bare()?).variable("PERIODIC_POLL_RECORDS", "0");
    stage.start().await?;
    stage.poll(&instance).await?;
    assert_eq!(
        polls(&stage, &instance, "?result=idle").await?,
        Vec::<Value>::new()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_and_replays() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = quiet(&stage).await?;
    stage.provider.contact("Chung")?;
    let told = poll(&stage, &instance).await?;
    let (id, poll) = (instance.id.to_string(), told["id"].to_string());
    let home = Home::bare()?
        .variable("PERIODIC_HOST", stage.host()?.url())
        .variable("PERIODIC_USER_SECRET", USER_SECRET)
        .variable("PERIODIC_ORGANIZATION_SECRET", ORGANIZATION_SECRET);
    let run = async |words: &[&str]| home.run_bare(&[&["polls"], words].concat()).await;
    let listed = run(&["list", &id, "--resource", "contacts", "--result", "told"]).await?;
    assert!(
        listed.stdout.contains(&poll) && listed.stdout.contains("manual"),
        "{}{}",
        listed.stdout,
        listed.stderr
    );
    let shown = run(&["show", &poll]).await?;
    assert!(
        shown.stdout.contains("DIGEST") && shown.stdout.contains("POST"),
        "{}",
        shown.stdout
    );
    let printed = run(&["case", &poll]).await?;
    assert_eq!(printed.stdout, case(&stage, &told).await?);

    let same = run(&["replay", &poll]).await?;
    assert_eq!(same.code, Some(0), "{}{}", same.stdout, same.stderr);
    assert!(
        same.stdout.contains("the same") && same.stdout.contains("requests compared"),
        "{}",
        same.stdout
    );
    let wasm = adapters()?.join("maximizer.wasm").to_string_lossy().into_owned();
    let here = run(&["replay", &poll, "--adapter", &wasm, "--json"]).await?;
    assert_eq!(here.code, Some(0), "{}{}", here.stdout, here.stderr);
    let here: Value = serde_json::from_str(&here.stdout)?;
    assert_eq!(here["recorded"], here["replayed"]);

    // An adapter of another provider asks for something else.
    let other = adapters()?
        .join("woocommerce.wasm")
        .to_string_lossy()
        .into_owned();
    let different = run(&["replay", &poll, "--adapter", &other]).await?;
    assert_eq!(
        different.code,
        Some(1),
        "{}{}",
        different.stdout,
        different.stderr
    );
    assert!(
        different.stdout.contains("DIFFERENT") && different.stdout.contains("- "),
        "{}",
        different.stdout
    );
    let unknown = run(&["replay", "77"]).await?;
    assert_eq!(unknown.code, Some(1));
    assert!(
        unknown.stderr.contains("no record of a poll 77"),
        "{}",
        unknown.stderr
    );
    Ok(())
}
