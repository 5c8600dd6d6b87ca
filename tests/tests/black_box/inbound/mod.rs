//! Providers that call.

mod trouble;
mod verification;

use std::time::Duration;

use anyhow::Context as _;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use periodic_tests::{Answer, Api, Belfry, Home, Host, Receiver, door, eventually, signed};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

const PUBLIC_URL: &str = "https://hooks.example.com";
/// Providers want an answer in this time.
const PROMPT: Duration = Duration::from_secs(2);

/// A provider that calls, a receiver and a host.
struct Tower {
    belfry: Belfry,
    receiver: Receiver,
    home: Home,
    host: Option<Host>,
    api: Api,
}

impl Tower {
    async fn set() -> anyhow::Result<Self> {
        Self::with(|home| home.variable("PERIODIC_PUBLIC_URL", PUBLIC_URL)).await
    }

    async fn with(settings: impl FnOnce(Home) -> Home) -> anyhow::Result<Self> {
        let home = settings(Home::new()?.serving_test("bell.wasm")?);
        let host = home.start().await?;
        Ok(Self {
            belfry: Belfry::start().await?,
            receiver: Receiver::start().await?,
            api: Api::new(host.url())?,
            home,
            host: Some(host),
        })
    }

    async fn create(&self, configuration: Value) -> anyhow::Result<Answer> {
        let request = self.belfry.request(self.receiver.url(), &configuration);
        self.api.post("/instances", &request).await
    }

    async fn instance(&self, configuration: Value) -> anyhow::Result<i64> {
        let body = self.create(configuration).await?.ok()?;
        body["id"].as_i64().context("no id")
    }

    async fn ring(&self, call: Value) -> anyhow::Result<Answer> {
        self.belfry.ring(&self.api, &call).await
    }

    async fn webhook(&self, id: i64) -> anyhow::Result<Value> {
        self.api.get(&format!("/instances/{id}/webhook")).await?.ok()
    }

    /// Wait until nothing waits in the inbox.
    async fn settled(&self, id: i64) -> anyhow::Result<Value> {
        eventually("the inbox is empty", async || {
            let webhook = self.webhook(id).await?;
            Ok((webhook["inbox"]["waiting"] == 0).then_some(webhook))
        })
        .await
    }

    async fn kill(&mut self) -> anyhow::Result<()> {
        self.host.take().context("the host is down")?.kill().await
    }

    async fn start(&mut self) -> anyhow::Result<()> {
        let host = self.home.start().await?;
        self.api = self.api.at(host.url());
        self.host = Some(host);
        Ok(())
    }
}

fn created(id: &str) -> Value {
    json!({ "resource": "rings", "id": id, "type": "created", "record": { "id": id, "tone": "c" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_becomes_a_signed_notification() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    let hook = tower.belfry.hook()?;
    let own = URL_SAFE_NO_PAD.encode(id.to_string());
    assert_eq!(
        hook.url,
        format!("{PUBLIC_URL}/elements/api-v2/events/bell/{own}")
    );
    assert_eq!(hook.resources, ["rings", "doors"]);
    assert!(hook.secret.len() >= 32, "a secret was minted: {}", hook.secret);
    let shown = tower.api.get(&format!("/instances/{id}")).await?.ok()?;
    assert_eq!(shown["configuration"]["bell.secret"], "********");

    tower.ring(created("1")).await?.ok()?;
    let event = tower.receiver.expect("CREATED", "1").await?;
    assert_eq!(event.resource, "rings");
    let came = tower.receiver.received().remove(0);
    assert_eq!(came.body["message"]["raw"]["rings"][0]["tone"], "c");
    assert_eq!(came.body["message"]["elementKey"], "bell");

    tower
        .ring(json!({ "resource": "rings", "id": "1", "type": "deleted" }))
        .await?
        .ok()?;
    tower.receiver.expect("DELETED", "1").await?;
    let webhook = tower.settled(id).await?;
    assert_eq!(webhook["state"], "registered");
    assert_eq!(webhook["callbackUrl"], hook.url);
    assert_eq!(webhook["inbox"]["failed"], 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_is_looked_up_and_the_answer_does_not_wait_for_that() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    let record = |tone: &str| json!({ "id": "7", "tone": tone });
    let announcement = json!({ "resource": "rings", "id": "7", "type": "updated" });
    tower
        .belfry
        .tower()
        .records
        .insert("rings/7".to_owned(), record("c"));
    tower.ring(announcement.clone()).await?.ok()?;
    tower.receiver.expect("UPDATED", "7").await?;
    tower.settled(id).await?;

    // The same words may announce something new: it is looked up, and told where it is.
    tower.ring(announcement.clone()).await?.ok()?;
    tower.settled(id).await?;
    assert_eq!(tower.receiver.events_of("7").len(), 1);
    tower
        .belfry
        .tower()
        .records
        .insert("rings/7".to_owned(), record("d"));
    tower.ring(announcement.clone()).await?.ok()?;
    eventually("the second change is told", async || {
        Ok((tower.receiver.events_of("7").len() == 2).then_some(()))
    })
    .await?;

    // A provider that hangs delays no answer.
    tower.belfry.tower().hang = Some("GET rings");
    let asked = Instant::now();
    tower.ring(announcement).await?.ok()?;
    assert!(asked.elapsed() < PROMPT, "{:?}", asked.elapsed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_calls_are_refused_and_challenges_answered() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    let hook = tower.belfry.hook()?;
    let path = door(&hook.url)?;
    let body = created("1").to_string();
    let forged = signed(&tower.api, &path, "another secret", &body, &[]).await?;
    forged.refused(401, &["not signed"])?;
    let unsigned = tower.api.authorized(None).post(&path, &created("1")).await?;
    unsigned.refused(401, &["not signed"])?;
    let stranger = tower.api.authorized(None);
    let challenge = stranger
        .get(&format!("{path}?bell.challenge=<b>ding</b>"))
        .await?;
    assert_eq!(
        (challenge.status, challenge.text.as_str()),
        (200, "%3Cb%3Eding%3C/b%3E")
    );
    assert!(challenge.header("content-type").starts_with("text/plain"));
    assert_eq!(challenge.header("x-content-type-options"), "nosniff");
    let webhook = tower.webhook(id).await?;
    assert_eq!(webhook["inbox"]["lastCall"], Value::Null, "{webhook}");
    assert!(tower.receiver.received().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_is_told_once() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    for _attempt in 0..3 {
        tower.ring(created("1")).await?.ok()?;
    }
    tower.settled(id).await?;
    tower.ring(created("1")).await?.ok()?;
    tower.ring(created("2")).await?.ok()?;
    tower.receiver.expect("CREATED", "2").await?;
    tower.settled(id).await?;
    assert_eq!(tower.receiver.events_of("1").len(), 1);
    // What is known by its fingerprint is an update when it is said to be new.
    let mut again = created("1");
    again["record"]["tone"] = json!("d");
    tower.ring(again).await?.ok()?;
    tower.receiver.expect("UPDATED", "1").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_are_found_by_path_header_and_content() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let finder =
        json!({ "bell.site": "north", "event.notification.instance.finder": "bell.site|place.site" });
    let id = tower.instance(finder).await?;
    let secret = tower.belfry.hook()?.secret;
    let at = |object: &str| {
        let mut call = created(object);
        call["place"] = json!({ "site": "north" });
        call.to_string()
    };
    let paths = [
        format!(
            "/events/bell/{}",
            STANDARD.encode(id.to_string()).replace('=', "%3D")
        ),
        format!("/events/bell/{}", STANDARD_NO_PAD.encode(id.to_string())),
        // The element by its numeric id.
        format!("/events/900001/{}", URL_SAFE_NO_PAD.encode(id.to_string())),
    ];
    for (number, path) in paths.iter().enumerate() {
        let object = format!("path {number}");
        signed(&tower.api, path, &secret, &at(&object), &[]).await?.ok()?;
        tower.receiver.expect("CREATED", &object).await?;
    }
    let named = [("element-instances", format!("999999, {id}"))];
    signed(
        &tower.api,
        "/events/bell",
        &secret,
        &created("named").to_string(),
        &named,
    )
    .await?
    .ok()?;
    tower.receiver.expect("CREATED", "named").await?;
    signed(&tower.api, "/events/bell/", &secret, &at("found"), &[])
        .await?
        .ok()?;
    tower.receiver.expect("CREATED", "found").await?;

    // A change of the place is a change of who is found.
    let south = json!({ "configuration": { "bell.site": "south" } });
    tower.api.patch(&format!("/instances/{id}"), &south).await?.ok()?;
    let secret = tower.belfry.hook()?.secret;
    let lost = signed(&tower.api, "/events/bell", &secret, &at("lost"), &[]).await?;
    lost.refused(404, &["nobody"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_learn_nothing_and_harm_nobody() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    let off = tower
        .instance(json!({ "event.notification.enabled": false }))
        .await?;
    let own = URL_SAFE_NO_PAD.encode(id.to_string());
    let api = tower.api.authorized(None);
    let off = URL_SAFE_NO_PAD.encode(off.to_string());
    let nowhere = [
        "/events/bell/OTk5".to_owned(),
        "/events/bell/!".to_owned(),
        "/events/bell".to_owned(),
        "/events/other".to_owned(),
        format!("/events/other/{own}"),
        format!("/events/bell/{off}"),
    ];
    let mut told = Vec::new();
    for path in &nowhere {
        let answer = api.post(path, &created("1")).await?;
        answer.refused(404, &[])?;
        told.push(answer.message().to_owned());
    }
    told.dedup();
    assert_eq!(told, ["nobody is called here"]);
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let path = format!("/events/bell/{own}");
        let answer = api.call(method, &path, Some(b"{}".to_vec())).await?;
        answer.refused(405, &[])?;
    }
    let path = door(&tower.belfry.hook()?.url)?;
    let large = vec![b' '; (8 << 20) + 1];
    api.call(Method::POST, &path, Some(large))
        .await?
        .refused(413, &[])?;
    let long = format!("{path}?{}", "a".repeat(40 << 10));
    let headers = [("x-long", "b".repeat(30 << 10))];
    let answer = api.call_with(Method::GET, &long, &headers, None).await?;
    assert_eq!(answer.status, 431);
    // Providers ask by GET as well, in forms of their own.
    let secret = tower.belfry.hook()?.secret;
    let form = [("content-type", "application/x-www-form-urlencoded".to_owned())];
    signed(&tower.api, &path, &secret, &created("form").to_string(), &form)
        .await?
        .ok()?;
    tower.receiver.expect("CREATED", "form").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_instance_is_not_called() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    let path = format!("/instances/{id}/enabled");
    tower.api.delete(&path).await?;
    tower.ring(created("1")).await?.refused(403, &["disabled"])?;
    tower.api.call(Method::PUT, &path, None).await?.ok()?;
    tower.ring(created("1")).await?.ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_come_and_go_with_their_instances() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    // A provider that refuses leaves nothing behind.
    tower.belfry.tower().refuse = Some(("POST hooks", 422));
    tower.create(json!({})).await?.refused(400, &["422"])?;
    assert_eq!(tower.api.get("/instances").await?.ok()?, json!([]));
    tower.belfry.tower().refuse = None;

    // A provider may challenge before it registers.
    tower.belfry.tower().challenge_at = Some(tower.host.as_ref().context("no host")?.url().to_owned());
    let id = tower.instance(json!({ "event.objects": "doors" })).await?;
    let first = tower.belfry.hook()?;
    assert_eq!(first.resources, ["doors"]);
    // What was not asked for is not told.
    tower.ring(created("1")).await?.ok()?;
    tower.settled(id).await?;

    let path = format!("/instances/{id}");
    let change = |key: &str, value: Value| json!({ "configuration": { key: value } });
    let wider = change("event.objects", json!("rings,doors"));
    tower.api.patch(&path, &wider).await?.ok()?;
    let second = tower.belfry.hook()?;
    assert_ne!(first.id, second.id);
    assert_eq!(first.secret, second.secret);
    tower.ring(created("2")).await?.ok()?;
    tower.receiver.expect("CREATED", "2").await?;
    assert!(tower.receiver.events_of("1").is_empty());

    // What only the host has to know is not told to the provider.
    let smaller = change("event.notification.batch.size", json!(1));
    tower.api.patch(&path, &smaller).await?.ok()?;
    assert_eq!(tower.belfry.hook()?, second);

    let off = change("event.notification.enabled", json!(false));
    tower.api.patch(&path, &off).await?.ok()?;
    assert_eq!(tower.belfry.tower().hooks, []);
    tower
        .api
        .get(&format!("{path}/webhook"))
        .await?
        .refused(404, &["webhook"])?;
    let on = change("event.notification.enabled", json!(true));
    tower.api.patch(&path, &on).await?.ok()?;
    tower.belfry.hook()?;
    tower.api.delete(&path).await?;
    assert_eq!(tower.belfry.tower().hooks, []);

    // A provider that does not let go keeps nobody from leaving.
    let id = tower.instance(json!({})).await?;
    tower.belfry.tower().refuse = Some(("DELETE hooks", 500));
    let gone = tower.api.delete(&format!("/instances/{id}")).await?;
    assert_eq!(gone.status, 200);
    tower
        .api
        .get(&format!("/instances/{id}"))
        .await?
        .refused(404, &[])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_nobody_can_be_called() -> anyhow::Result<()> {
    let tower = Tower::with(|home| home).await?;
    let refused = tower.create(json!({})).await?;
    refused.refused(400, &["public_url", "PERIODIC_PUBLIC_URL"])?;
    assert_eq!(tower.belfry.tower().requests, Vec::<String>::new());
    let polling = json!({ "event.vendor.type": "polling" });
    tower
        .create(polling)
        .await?
        .refused(400, &["does not tell events by polling", "webhook"])?;
    tower
        .instance(json!({ "event.notification.enabled": false }))
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_are_prolonged_before_they_end() -> anyhow::Result<()> {
    let mut tower = Tower::set().await?;
    tower.belfry.tower().life = Some(2_000);
    let id = tower.instance(json!({})).await?;
    let renewals = |tower: &Tower| {
        tower
            .belfry
            .tower()
            .hooks
            .iter()
            .map(|hook| hook.renewals)
            .sum::<usize>()
    };
    eventually("it is prolonged", async || {
        Ok((renewals(&tower) >= 1).then_some(()))
    })
    .await?;
    // Over a restart, with a provider that has trouble for a while.
    tower.kill().await?;
    tower.belfry.tower().refuse = Some(("PUT hooks", 503));
    tower.start().await?;
    let failing = eventually("the trouble is told", async || {
        let webhook = tower.webhook(id).await?;
        Ok((webhook["state"] == "failing").then_some(webhook))
    })
    .await?;
    assert!(
        failing["lastError"].as_str().unwrap_or_default().contains("503"),
        "{failing}"
    );
    let before = renewals(&tower);
    tower.belfry.tower().refuse = None;
    eventually("it is prolonged again", async || {
        Ok((renewals(&tower) > before).then_some(()))
    })
    .await?;
    // One that the provider forgot is made again.
    tower.belfry.tower().hooks.clear();
    eventually("it is made again", async || {
        let hooks = tower.belfry.tower().hooks.clone();
        Ok((hooks.len() == 1).then_some(()))
    })
    .await?;
    tower.ring(created("1")).await?.ok()?;
    tower.receiver.expect("CREATED", "1").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_sees_how_it_goes() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    let id = tower.instance(json!({})).await?;
    for path in [
        format!("/instances/{id}/webhook"),
        format!("/instances/{id}/webhook/retry"),
    ] {
        let stranger = tower.api.authorized(Some("User x, Organization y"));
        let method = if path.ends_with("retry") {
            Method::POST
        } else {
            Method::GET
        };
        stranger.call(method, &path, None).await?.refused(401, &[])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_began_is_done_to_its_end_when_he_hangs_up() -> anyhow::Result<()> {
    let tower = Tower::set().await?;
    tower.belfry.tower().hang = Some("POST hooks");
    let request = tower.belfry.request(tower.receiver.url(), &json!({}));
    let api = tower.api.clone();
    let caller = tokio::spawn(async move { api.post("/instances", &request).await });
    eventually("the provider is asked", async || {
        Ok(tower
            .belfry
            .tower()
            .requests
            .iter()
            .any(|asked| asked == "POST hooks")
            .then_some(()))
    })
    .await?;
    caller.abort();
    assert!(
        caller.await.is_err_and(|error| error.is_cancelled()),
        "he waits no more"
    );
    // His connection is gone, which the host notices, before the provider answers.
    tower.api.get("/instances").await?.ok()?;
    tower.belfry.tower().hang = None;
    let id = eventually("the instance is stored", async || {
        let instances = tower.api.get("/instances").await?.ok()?;
        Ok(instances[0]["id"].as_i64())
    })
    .await?;
    assert_eq!(tower.belfry.tower().hooks.len(), 1);
    tower.ring(created("1")).await?.ok()?;
    tower.receiver.expect("CREATED", "1").await?;

    // So is a removal.
    tower.belfry.tower().hang = Some("DELETE hooks");
    let (api, path) = (tower.api.clone(), format!("/instances/{id}"));
    let caller = tokio::spawn(async move { api.delete(&path).await });
    eventually("the provider is asked", async || {
        Ok(tower
            .belfry
            .tower()
            .requests
            .iter()
            .any(|asked| asked.starts_with("DELETE hooks"))
            .then_some(()))
    })
    .await?;
    caller.abort();
    tower.api.get("/instances").await?.ok()?;
    tower.belfry.tower().hang = None;
    eventually("the instance is gone", async || {
        let instances = tower.api.get("/instances").await?.ok()?;
        Ok((instances.as_array().map(Vec::len) == Some(0)).then_some(()))
    })
    .await?;
    assert!(tower.belfry.tower().hooks.is_empty());
    Ok(())
}
