//! A provider that refuses, fails, ages its tokens and disagrees about the time.

use std::time::Duration;

use periodic_tests::{Gate, Instance, Provider, Stage, eventually};
use serde_json::{Value, json};

/// Wait until the contacts poller is failing with these words.
async fn failing(stage: &Stage, instance: &Instance, words: &str) -> anyhow::Result<Value> {
    eventually(&format!("a poll fails with {words:?}"), async || {
        let pollers = stage.pollers(instance).await?;
        let poller = pollers[0].clone();
        let told = poller["lastError"]
            .as_str()
            .is_some_and(|error| error.contains(words));
        Ok((poller["state"] == "failing" && told).then_some(poller))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_in_the_middle_of_a_poll_lose_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let contacts = json!({ "contacts": { "pageSize": 2,
        "url": "/hubs/crm/contacts?where=LastModifyDate>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}'", "idField": "Key" } });
    let instance = stage
        .instance_with(json!({ "event.poller.configuration": contacts }))
        .await?;
    for style in ["message", "http-401"] {
        stage.provider.set_fault(
            "token-error",
            match style {
                "message" => Value::Null,
                style => json!({ "style": style }),
            },
        )?;
        let keys: Vec<String> = (0..7)
            .map(|number| stage.provider.contact(&format!("{style} {number}")))
            .collect::<anyhow::Result<_>>()?;
        let middle = json!({ "when": { "methods": ["Read"], "skip": 2, "times": 1 } });
        stage.provider.set_fault("expire-tokens", middle)?;
        let refreshed = stage.provider.token_requests("refresh_token");
        eventually("the tokens ended", async || {
            Ok((stage.provider.fault_hits("expire-tokens")? == 1).then_some(()))
        })
        .await?;
        stage.settle(&instance).await?;
        for key in &keys {
            let events = stage.receiver.events_of(key);
            assert_eq!(events.len(), 1, "{style}: {key} is told once: {events:?}");
        }
        assert_eq!(
            stage.provider.token_requests("refresh_token"),
            refreshed + 1,
            "{style}"
        );
    }
    assert_eq!(stage.shown(&instance).await?["valid"], true);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_need_a_new_token_ask_for_one() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let api = stage.api.element(&instance.token);
    for round in 1..=3 {
        stage.provider.expire_tokens();
        let calls = (0..8).map(|_| api.get("/contacts?pageSize=1"));
        for answer in futures::future::join_all(calls).await {
            answer?.ok()?;
        }
        assert_eq!(stage.provider.token_requests("refresh_token"), round);
    }
    // Rotated tokens were stored: none was used twice.
    assert!(
        stage
            .provider
            .requests_of("Token")
            .iter()
            .all(|request| request.status == 200)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_replaced_before_its_announced_end() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage
        .provider
        .set_fault("token-response", json!({ "expires_in": 4 }))?;
    let instance = stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await?;
    let api = stage.api.element(&instance.token);
    api.get("/contacts?pageSize=1").await?.ok()?;
    stage.provider.set_fault("token-response", Value::Null)?;
    for _second in 0..5 {
        stage.provider.next_second().await?;
    }
    let calls = (0..4).map(|_| api.get("/contacts?pageSize=1"));
    for answer in futures::future::join_all(calls).await {
        answer?.ok()?;
    }
    assert_eq!(stage.provider.token_requests("refresh_token"), 1);
    // The new one came without an end: it is used until it is refused.
    for _second in 0..2 {
        stage.provider.next_second().await?;
        api.get("/contacts?pageSize=1").await?.ok()?;
    }
    assert_eq!(stage.provider.token_requests("refresh_token"), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_needs_authentication_and_a_new_code_heals_it() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let first = stage.provider.contact("First")?;
    stage.receiver.expect("CREATED", &first).await?;
    stage.provider.expire_refresh_tokens();
    stage.provider.expire_tokens();
    let missed = stage.provider.contact("While nobody could look")?;
    let shown = eventually("the instance needs authentication", async || {
        let shown = stage.shown(&instance).await?;
        Ok((shown["valid"] == false).then_some(shown))
    })
    .await?;
    assert_eq!(shown["state"], "needs-authentication");
    assert!(
        shown["stateReason"]
            .as_str()
            .is_some_and(|reason| reason.contains("refresh token")),
        "{shown}"
    );
    let refreshed = stage.provider.token_requests("refresh_token");
    let hub = stage.api.element(&instance.token).get("/contacts").await?;
    hub.refused(403, &["PATCH", "providerData.code"])?;
    assert!(stage.provider.token_requests("refresh_token") <= refreshed + 1);

    // A code that is none changes nothing.
    let path = format!("/instances/{}", instance.id);
    let wrong = json!({ "providerData": { "code": "no-such-code" } });
    stage.api.patch(&path, &wrong).await?.refused(400, &[])?;
    assert_eq!(stage.shown(&instance).await?["valid"], false);

    let code = json!({ "providerData": { "code": stage.provider.code().await? } });
    let healed = stage.api.patch(&path, &code).await?.ok()?;
    assert_eq!(
        (&healed["id"], &healed["valid"]),
        (&json!(instance.id), &json!(true))
    );
    assert_eq!(healed["token"], json!(instance.token));
    // What happened meanwhile was not missed, and polling goes on.
    stage.receiver.expect("CREATED", &missed).await?;
    let after = stage.provider.contact("After")?;
    stage.receiver.expect("CREATED", &after).await?;
    assert_eq!(stage.receiver.events().len(), 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_waited_for() -> anyhow::Result<()> {
    let stage = Stage::with(|home| home.set("log", "info,periodic=debug")).await?;
    let instance = stage.instance().await?;
    stage.poll(&instance).await?;
    // Short waits are sat out, longer ones put the poll off; both in each form of Retry-After.
    let cases = [(1, "seconds"), (4, "seconds"), (4, "date")];
    for (limits, (seconds, format)) in (1..).zip(cases) {
        let limit = json!({ "retry_after_s": seconds, "format": format, "when": { "methods": ["Read"], "times": 1 } });
        stage.provider.set_fault("rate-limit", limit)?;
        let key = stage.provider.contact(&format!("{seconds} {format}"))?;
        // What is under way while the provider says it cannot know better: the host has to have read it.
        eventually("the host was told to wait", async || {
            let log = stage.host()?.log();
            Ok((log.matches("path=\"/octopus/Read\" status=429").count() == limits).then_some(()))
        })
        .await?;
        // Whoever asks through the hub meanwhile does not get around it.
        let hub = stage
            .api
            .element(&instance.token)
            .get("/contacts?pageSize=1")
            .await?;
        assert!(matches!(hub.status, 200 | 429), "{}", hub.text);
        stage.receiver.expect("CREATED", &key).await?;
    }
    let violations: Vec<_> = stage
        .provider
        .requests()
        .into_iter()
        .filter(|request| request.retry_after_violated)
        .collect();
    assert_eq!(violations, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_and_outlived() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    stage.poll(&instance).await?;
    let always = json!({ "methods": ["Read"] });
    for (fault, setting, words) in [
        (
            "logical-error",
            json!({ "message": "Access Denied", "when": always }),
            "Access Denied",
        ),
        ("http-status", json!({ "status": 408, "when": always }), "408"),
    ] {
        stage.provider.set_fault(fault, setting)?;
        let key = stage.provider.contact(fault)?;
        let poller = failing(&stage, &instance, words).await?;
        assert!(poller["failures"].as_u64() >= Some(1), "{poller}");
        assert!(poller["lastFailure"].is_string(), "{poller}");
        let hub = stage.api.element(&instance.token).get("/contacts").await?;
        assert!(hub.status >= 400 && hub.text.contains(words), "{}", hub.text);
        stage.provider.clear_faults();
        // NOTE: polled by hand, since what is hopeless is tried again after half an hour only.
        stage.settle(&instance).await?;
        stage.receiver.expect("CREATED", &key).await?;
        let pollers = stage.pollers(&instance).await?;
        assert_eq!(
            (&pollers[0]["state"], &pollers[0]["failures"]),
            (&json!("ok"), &json!(0))
        );
    }
    // What fails once is hardly noticed.
    for (fault, setting) in [
        ("http-status", json!({ "status": 503 })),
        ("drop-connection", json!({})),
        ("truncate-json", json!({})),
        ("non-json", json!({})),
        ("message-form", json!({ "style": "text" })),
        ("casing", json!({ "members": "lower" })),
    ] {
        let mut setting = setting;
        if !matches!(fault, "message-form" | "casing") {
            setting["when"] = json!({ "methods": ["Read"], "times": 1 });
        }
        stage.provider.set_fault(fault, setting)?;
        let key = stage.provider.contact(fault)?;
        eventually(&format!("a poll after {fault}"), async || {
            stage.poll(&instance).await?;
            Ok((!stage.receiver.events_of(&key).is_empty()).then_some(()))
        })
        .await?;
        stage.provider.clear_faults();
    }
    assert_eq!(stage.receiver.events().len(), 8, "{:?}", stage.receiver.events());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_says_of_a_request_keeps_its_status() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let api = stage.api.element(&instance.token);
    for (said, told) in [
        (400, 400),
        (403, 403),
        (406, 406),
        (409, 409),
        (410, 410),
        (413, 413),
        (415, 415),
        (418, 400),
        (422, 422),
        (500, 502),
    ] {
        let fault = json!({ "status": said, "when": { "methods": ["Read"] } });
        stage.provider.set_fault("http-status", fault)?;
        let answer = api.get("/contacts").await?;
        assert_eq!(answer.status, told, "{said}: {}", answer.text);
        let body: Value = serde_json::from_str(&answer.text)?;
        assert!(body["message"].to_string().contains(&said.to_string()), "{body}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_not_asked_for_again() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let api = stage.api.element(&instance.token);
    let huge = json!({ "bytes": 17 << 20, "when": { "methods": ["Read"] } });
    stage.provider.set_fault("huge-body", huge)?;
    let before = stage.provider.fault_hits("huge-body")?;
    let refused = api.get("/contacts").await?;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("16777216 bytes"), "{}", refused.text);
    assert_eq!(stage.provider.fault_hits("huge-body")? - before, 1);
    stage.provider.clear_faults();
    api.get("/contacts").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_left_alone_and_found_again() -> anyhow::Result<()> {
    let provider = Provider::start().await?;
    let gate = Gate::before(provider.url()).await?;
    let stage = Stage::around(provider, &gate.url(), |home| home).await?;
    let instance = stage.instance().await?;
    let first = stage.provider.contact("First")?;
    stage.receiver.expect("CREATED", &first).await?;
    gate.close();
    let key = stage.provider.contact("In the dark")?;
    failing(&stage, &instance, "").await?;
    eventually("it is left alone for a while", async || {
        let poller = stage.pollers(&instance).await?[0].clone();
        let (failed, next) = (poller["lastFailure"].as_str(), poller["nextRun"].as_str());
        // The first back-off is 5 s, cut to seconds here.
        Ok((failed < next && next > Some(stage.provider.now().as_str())).then_some(()))
    })
    .await?;
    let hub = stage.api.element(&instance.token).get("/contacts").await?;
    hub.refused(502, &[])?;
    gate.open();
    stage.receiver.expect("CREATED", &key).await?;
    stage.settle(&instance).await?;
    assert_eq!(stage.receiver.events().len(), 2);
    assert_eq!(stage.pollers(&instance).await?[0]["state"], "ok");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_host_does_not_wait_for_a_provider_that_hangs() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let instance = stage.instance().await?;
    stage.poll(&instance).await?;
    stage.provider.set_fault(
        "slow",
        json!({ "headers_ms": 600_000, "when": { "methods": ["Read"] } }),
    )?;
    eventually("a read hangs", async || {
        Ok((stage.provider.fault_hits("slow")? > 0).then_some(()))
    })
    .await?;
    let host = stage
        .host
        .take()
        .ok_or_else(|| anyhow::anyhow!("the host is down"))?;
    let ended = host.terminate(Duration::from_secs(10)).await?;
    assert_eq!(ended.code(), Some(0));
    Ok(())
}
