//! Calls when something goes wrong: kills, poison, quarantine, secrets where they do not belong.

use anyhow::Context as _;
use periodic_tests::{BELL_KEY, Needle, door, eventually, search_folder, signed, test_adapters};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{PROMPT, PUBLIC_URL, Tower, created};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_answered_survives_a_kill() -> anyhow::Result<()> {
    let mut tower = Tower::set().await?;
    tower.instance(json!({})).await?;
    tower.belfry.tower().hang = Some("GET rings");
    let record = json!({ "id": "7", "tone": "c" });
    tower.belfry.tower().records.insert("rings/7".to_owned(), record);
    let announcement = json!({ "resource": "rings", "id": "7", "type": "created" });
    tower.ring(announcement).await?.ok()?;
    tower.ring(created("8")).await?.ok()?;
    tower.kill().await?;
    tower.belfry.tower().hang = None;
    tower.start().await?;
    tower.receiver.expect("CREATED", "7").await?;
    tower.receiver.expect("CREATED", "8").await?;
    assert_eq!(tower.receiver.events().len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_kept_with_its_reason_and_blocks_nobody() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    tower.ring(json!({ "refuse": true })).await?.ok()?;
    tower.ring(created("1")).await?.ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    let webhook = eventually("it is given up", async || {
        let webhook = tower.webhook(id).await?;
        Ok((webhook["inbox"]["failed"] == 1).then_some(webhook))
    })
    .await?;
    let troubled = &webhook["inbox"]["troubled"][0];
    assert_eq!(
        (&troubled["state"], &troubled["attempts"]),
        (&json!("failed"), &json!(3))
    );
    assert!(
        troubled["error"]
            .as_str()
            .unwrap_or_default()
            .contains("nobody understands this")
    );
    let path = format!("/instances/{id}/webhook/retry");
    assert_eq!(
        tower.api.post(&path, &json!({})).await?.ok()?,
        json!({ "retried": 1 })
    );
    eventually("it is tried again", async || {
        let webhook = tower.webhook(id).await?;
        let attempts = webhook["inbox"]["troubled"][0]["attempts"].as_u64();
        Ok((webhook["inbox"]["waiting"] == 1 || attempts == Some(3)).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_in_quarantine_misses_is_processed_afterwards() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let wasm = std::fs::read(test_adapters()?.join("bell.wasm"))?;
    let file = folder.path().join("bell.wasm");
    std::fs::write(&file, &wasm)?;
    let path = folder.path().to_string_lossy().into_owned();
    let tower = Tower::with(|home| {
        home.set("adapters", &path)
            .variable("PERIODIC_PUBLIC_URL", PUBLIC_URL)
    })
    .await?;
    let id = tower.instance(json!({})).await?;
    for number in 1..=3 {
        tower
            .ring(json!({ "trap": true, "number": number }))
            .await?
            .ok()?;
    }
    eventually("the adapter is in quarantine", async || {
        let adapters = tower.api.get("/adapters").await?.ok()?;
        Ok((adapters[0]["state"] == "quarantined").then_some(()))
    })
    .await?;
    let asked = Instant::now();
    tower.ring(created("1")).await?.ok()?;
    // Nobody can say now whether it is the provider's; it is found out later.
    let url = door(&tower.belfry.hook()?.url)?;
    let forged = signed(&tower.api, &url, "wrong", &created("2").to_string(), &[]).await?;
    assert_eq!(forged.status, 200);
    assert!(asked.elapsed() < PROMPT, "{:?}", asked.elapsed());
    let webhook = tower.webhook(id).await?;
    assert_eq!(webhook["inbox"]["waiting"], 5, "{webhook}");

    // A new version of the file: the same code, and a custom section that nobody reads.
    let mut newer = wasm;
    newer.extend_from_slice(&[0, 2, 1, b'n']);
    std::fs::write(&file, &newer)?;
    eventually("the new version is served", async || {
        let adapters = tower.api.get("/adapters").await?.ok()?;
        Ok((adapters[0]["state"] == "ready").then_some(()))
    })
    .await?;
    let retry = format!("/instances/{id}/webhook/retry");
    tower.api.post(&retry, &json!({})).await?.ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    let webhook = eventually("the forged one is refused", async || {
        let webhook = tower.webhook(id).await?;
        let troubled = webhook["inbox"]["troubled"].to_string();
        Ok(troubled.contains("not the provider's").then_some(webhook))
    })
    .await?;
    assert!(tower.receiver.events_of("2").is_empty(), "{webhook}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_call_is_one_strike_however_often_it_is_tried() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    let url = door(&tower.belfry.hook()?.url)?;
    let stranger = tower.api.authorized(None);
    let given_up = async |number: u64| {
        eventually("the call is given up", async || {
            let webhook = tower.webhook(id).await?;
            let inbox = &webhook["inbox"];
            Ok((inbox["failed"] == number && inbox["waiting"] == 0).then(|| inbox.clone()))
        })
        .await
    };
    // One that nobody can verify, of whoever sent it: the door's own, of which nobody else hears.
    stranger.get(&format!("{url}?bell.key")).await?.ok()?;
    let inbox = given_up(1).await?;
    assert_eq!(inbox["troubled"][0]["attempts"], 3, "{inbox}");
    let bell = bell(&tower).await?;
    assert_eq!(
        (&bell["state"], &bell["strikes"]),
        (&json!("ready"), &json!(null))
    );
    assert_eq!(
        (&bell["door"]["state"], &bell["door"]["strikes"]),
        (&json!("degraded"), &json!(1)),
        "{bell}"
    );
    // The provider's own.
    tower.ring(json!({ "trap": true })).await?.ok()?;
    let inbox = given_up(2).await?;
    let error = inbox["troubled"][0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("trapped; the host's log has the rest"), "{error}");
    assert!(
        !error.contains("wasm"),
        "the guest's words are not for callers: {error}"
    );
    let bell = self::bell(&tower).await?;
    assert_eq!(
        (&bell["state"], &bell["strikes"]),
        (&json!("degraded"), &json!(1))
    );
    assert_eq!(bell["door"], json!(null), "verified without failure: {bell}");
    // A good one clears them.
    tower.ring(created("1")).await?.ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    let bell = self::bell(&tower).await?;
    assert_eq!(
        (&bell["state"], &bell["strikes"]),
        (&json!("ready"), &json!(null))
    );
    Ok(())
}

/// What the host says of the adapter.
async fn bell(tower: &Tower) -> anyhow::Result<Value> {
    let adapters = tower.api.get("/adapters").await?.ok()?;
    let mut bell = adapters.as_array().into_iter().flatten();
    let bell = bell.find(|adapter| adapter["element"] == "bell");
    bell.cloned().context("the bell")
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_know_poison_close_the_door_and_nothing_else() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    let url = door(&tower.belfry.hook()?.url)?;
    let stranger = tower.api.authorized(None);
    let call = json!({ "trap": true });
    // What nobody signs, and the adapter does not survive.
    for number in 0..5 {
        let open = format!("{url}?bell.open");
        let differing = [("x-call", number.to_string())];
        signed(&tower.api, &open, "wrong", &call.to_string(), &differing)
            .await?
            .ok()?;
    }
    // What it cannot even greet.
    for number in 0..5 {
        stranger
            .get(&format!("{url}?bell.status={}", 700 + number))
            .await?
            .ok()?;
    }
    let closed = eventually("the door is closed", async || {
        let bell = bell(&tower).await?;
        Ok((bell["door"]["state"] == "quarantined").then_some(bell))
    })
    .await?;
    assert!(
        closed["door"]["reason"]
            .to_string()
            .contains("answers with the status 70"),
        "{closed}"
    );
    // Meanwhile the provider's calls are kept, and told.
    tower.ring(created("1")).await?.ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    eventually("all poison is given up", async || {
        let webhook = tower.webhook(id).await?;
        let inbox = &webhook["inbox"];
        Ok((inbox["failed"] == 10 && inbox["waiting"] == 0).then_some(()))
    })
    .await?;
    let bell = bell(&tower).await?;
    assert_eq!(
        (&bell["state"], &bell["strikes"]),
        (&json!("ready"), &json!(null))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_of_an_adapter_at_the_door_is_reported() -> anyhow::Result<()> {
    let wasm = test_adapters()?.join("bell.wasm");
    for (query, function, told) in [
        ("bell.status=700", "webhook.greet", "answers with the status 700"),
        ("bell.key", "webhook.verify", "does not bind the secret"),
    ] {
        let tower = Tower::set().await?;
        tower.instance(json!({})).await?;
        let path = door(&tower.belfry.hook()?.url)?;
        let stranger = tower.api.authorized(None);
        stranger.get(&format!("{path}?{query}")).await?.ok()?;
        let report = tower.home.report(function).await?;
        let text = std::fs::read_to_string(&report)?;
        assert!(text.contains(query) && !text.contains(BELL_KEY), "{text}");
        let again = tower.home.replay(&report, &wasm, None).await?;
        assert_eq!(again.code, Some(1), "{}", again.stdout);
        assert!(again.stdout.contains(told), "{}", again.stdout);
        // The same call without what is wrong with it.
        let other = tower.home.path().join("other.toml");
        std::fs::write(&other, text.replace(query, "bell"))?;
        let repaired = tower.home.replay(&other, &wasm, None).await?;
        assert_eq!(repaired.code, Some(0), "{}", repaired.stdout);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_calls_reach_no_guest_no_receiver_and_no_disk() -> anyhow::Result<()> {
    let taps = tempfile::tempdir()?;
    let tap = taps.path().join("guest.tap");
    let file = tap.to_string_lossy().into_owned();
    let mut tower = Tower::with(|home| {
        home.variable("PERIODIC_PUBLIC_URL", PUBLIC_URL)
            .argument("--guest-tap")
            .argument(&file)
    })
    .await?;
    let id = tower.instance(json!({})).await?;
    let hook = tower.belfry.hook()?;
    // A provider that quotes what it knows, in the body, in a header and in the query.
    let mut call = created("1");
    call["record"]["quoted"] = json!(hook.secret);
    let quoted = [("x-quoted", format!("Token {BELL_KEY}"))];
    let path = format!("{}?quoted={}", door(&hook.url)?, hook.secret);
    signed(&tower.api, &path, &hook.secret, &call.to_string(), &quoted)
        .await?
        .ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    tower.settled(id).await?;
    // One that waits stands on the disk.
    tower.belfry.tower().hang = Some("GET rings");
    let waiting = json!({ "resource": "rings", "id": "2", "type": "updated", "quoted": hook.secret });
    tower.ring(waiting).await?.ok()?;
    tower.kill().await?;
    let needles = [
        Needle::new("the minted secret", &hook.secret),
        Needle::new("the key", BELL_KEY),
    ];
    let guest = std::fs::read(&tap).context("the tap")?;
    assert!(String::from_utf8_lossy(&guest).contains("webhook.receive"));
    let came = tower.receiver.received().remove(0);
    let mut found = search_folder(&needles, &tower.home.data())?;
    for needle in &needles {
        found.extend(needle.find("the guest", &guest));
        found.extend(needle.find("the notification", &came.bytes));
    }
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}
