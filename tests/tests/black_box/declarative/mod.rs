//! Elements that a description file makes: the examples of `adapters/rest`, against servers that behave as they say.

mod desk;
mod tracker;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use periodic_tests::{Api, Home, Host, Receiver, SIGNING_KEY, adapters, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::{desk::Desk, tracker::Tracker};

/// The description of an example.
fn example(name: &str) -> anyhow::Result<String> {
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../adapters/rest/examples");
    Ok(std::fs::read_to_string(
        examples.join(format!("{name}.element.toml")),
    )?)
}

/// A host whose adapters folder has the generic adapter and these descriptions, by file name.
struct Scene {
    folder: TempDir,
    receiver: Receiver,
    api: Api,
    host: Host,
    _home: Home,
}

impl Scene {
    async fn set(descriptions: &[(&str, String)]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::copy(adapters()?.join("rest.wasm"), folder.path().join("rest.wasm"))?;
        for (name, text) in descriptions {
            std::fs::write(folder.path().join(name), text)?;
        }
        let home = Home::new()?.set("adapters", &folder.path().to_string_lossy());
        let host = home.start().await?;
        Ok(Self {
            folder,
            receiver: Receiver::start().await?,
            api: Api::new(host.url())?,
            host,
            _home: home,
        })
    }

    /// A request for an instance that polls a resource.
    fn request(&self, element: &str, resource: &str, configuration: &Value) -> Value {
        let mut request = json!({
            "element": { "key": element },
            "name": format!("one of {element}"),
            "configuration": {
                "event.notification.enabled": true,
                "event.notification.callback.url": self.receiver.url(),
                "event.notification.signature.key": SIGNING_KEY,
                "event.poller.refresh_interval": "0.01",
                "event.poller.configuration": { resource: {} },
            },
        });
        for (key, value) in configuration.as_object().into_iter().flatten() {
            request["configuration"][key] = value.clone();
        }
        request
    }
}

#[expect(clippy::disallowed_methods, reason = "providers have clocks of their own")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

fn ids(list: &Value) -> Vec<i64> {
    let records = list.as_array().into_iter().flatten();
    records.filter_map(|record| record["id"].as_i64()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_described_provider_with_cursors_is_read_written_and_polled() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    let scene = Scene::set(&[("acmedesk.element.toml", example("helpdesk")?)]).await?;
    let configuration = json!({ "acmedesk.url": desk.url(), "acmedesk.key": desk::KEY });
    let element = scene.api.get("/elements/acmedesk").await?.ok()?;
    assert_eq!(
        (&element["id"], &element["hub"]),
        (&json!(910_001), &json!("helpdesk"))
    );

    // What is wrong is told when the instance is made.
    let wrong = scene.request(
        "acmedesk",
        "tickets",
        &json!({ "acmedesk.url": desk.url(), "acmedesk.key": "no" }),
    );
    scene
        .api
        .post("/instances", &wrong)
        .await?
        .refused(400, &["401"])?;
    let unpolled = scene.request("acmedesk", "contacts", &configuration);
    scene
        .api
        .post("/instances", &unpolled)
        .await?
        .refused(400, &["contacts"])?;

    let request = scene.request("acmedesk", "tickets", &configuration);
    let instance = scene.api.post("/instances", &request).await?.ok()?;
    assert_eq!(instance["configuration"]["acmedesk.key"], "********");
    let api = scene.api.element(instance["token"].as_str().unwrap_or_default());

    // Changes become events.
    let made = api
        .post("/tickets", &json!({ "subject": "it smokes", "status": "open" }))
        .await?
        .ok()?;
    let id = made["id"].to_string();
    scene.receiver.expect("CREATED", &id).await?;
    desk.later(60);
    api.patch(&format!("/tickets/{id}"), &json!({ "status": "closed" }))
        .await?
        .ok()?;
    scene.receiver.expect("UPDATED", &id).await?;

    // Lists go from cursor to cursor.
    for number in 0..6 {
        api.post(
            "/tickets",
            &json!({ "subject": format!("number {number}"), "status": "open" }),
        )
        .await?
        .ok()?;
    }
    let path = "/tickets?where=status='open'&orderBy=id desc&fields=id&pageSize=4&returnTotalCount=true";
    let first = api.get(path).await?;
    assert_eq!(first.header("elements-total-count"), "6");
    let token = first.header("elements-next-page-token").to_owned();
    assert_eq!(
        first.body[0].as_object().map(serde_json::Map::len),
        Some(1),
        "exactly the fields"
    );
    let second = api.get(&format!("{path}&nextPage={token}")).await?;
    assert_eq!(second.header("elements-next-page-token"), "");
    let all = [ids(&first.ok()?), ids(&second.ok()?)].concat();
    assert_eq!(all, [7, 6, 5, 4, 3, 2]);
    api.get("/tickets?where=subject='x'")
        .await?
        .refused(400, &["status ="])?;

    api.delete(&format!("/tickets/{id}")).await?.ok()?;
    api.get(&format!("/tickets/{id}")).await?.refused(404, &[])?;
    api.get("/ping").await?.ok()?;
    assert!(
        desk.keys()
            .iter()
            .all(|key| key == &format!("Token {}", desk::KEY) || key == "Token no")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_described_provider_with_links_and_pkce_is_connected_and_polled() -> anyhow::Result<()> {
    let tracker = Tracker::start().await?;
    let scene = Scene::set(&[("acmetracker.element.toml", example("tracker")?)]).await?;
    let ask = json!({
        "apiKey": tracker::CLIENT,
        "callbackUrl": "https://me.example/back",
        "acmetracker.url": tracker.url(),
    });
    let url = scene
        .api
        .post("/elements/acmetracker/oauth/url", &ask)
        .await?
        .ok()?;
    let (code, state) = tracker.log_in(url["oauthUrl"].as_str().unwrap_or_default())?;

    let configuration = json!({
        "acmetracker.url": tracker.url(),
        "oauth.api.key": tracker::CLIENT,
        "oauth.callback.url": "https://me.example/back",
    });
    let mut request = scene.request("acmetracker", "issues", &configuration);
    request["providerData"] = json!({ "code": code, "state": state });
    let instance = scene.api.post("/instances", &request).await?.ok()?;
    let api = scene.api.element(instance["token"].as_str().unwrap_or_default());

    // More than one page of changes at once: each is told once.
    tracker.add(120);
    let events = eventually("all issues are told", async || {
        let events = scene.receiver.events();
        Ok((events.len() >= 120).then_some(events))
    })
    .await?;
    let mut told: Vec<_> = events.iter().map(|event| event.object.as_str()).collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!((told.len(), events.len()), (120, 120));

    let first = api.get("/issues?pageSize=50&returnTotalCount=true").await?;
    assert_eq!(first.header("elements-total-count"), "120");
    let token = first.header("elements-next-page-token").to_owned();
    let second = api
        .get(&format!("/issues?pageSize=50&nextPage={token}"))
        .await?
        .ok()?;
    assert_ne!(first.ok()?[0]["id"], second[0]["id"]);

    // A token that ends is refreshed.
    tracker.revoke_access();
    api.get("/issues?pageSize=1").await?.ok()?;
    assert_eq!(tracker.grants(), ["authorization_code", "refresh_token"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn description_files_come_change_break_and_go() -> anyhow::Result<()> {
    let scene = Scene::set(&[]).await?;
    scene.api.get("/elements/acmedesk").await?.refused(404, &[])?;
    let file = scene.folder.path().join("acmedesk.element.toml");
    let named = async |name: &str| {
        eventually(&format!("the element is called {name}"), async || {
            let element = scene.api.get("/elements/acmedesk").await?;
            Ok((element.body["name"] == name).then_some(()))
        })
        .await
    };
    let description = example("helpdesk")?;
    std::fs::write(&file, &description)?;
    named("Acme Desk").await?;
    std::fs::write(&file, description.replace("\"Acme Desk\"", "\"Other Desk\""))?;
    named("Other Desk").await?;

    // One that is broken is told, and the one before serves on.
    std::fs::write(
        &file,
        description.replace("style = \"cursor\"", "style = \"magic\""),
    )?;
    eventually("the broken file is rejected", async || {
        let adapters = scene.api.get("/adapters").await?.ok()?;
        let rejected = adapters.as_array().into_iter().flatten().any(|adapter| {
            adapter["package"] == "acmedesk.element.toml"
                && adapter["state"] == "rejected"
                && adapter["reason"]
                    .as_str()
                    .is_some_and(|reason| reason.contains("magic"))
        });
        Ok(rejected.then_some(()))
    })
    .await?;
    named("Other Desk").await?;

    std::fs::remove_file(&file)?;
    eventually("the element is gone", async || {
        let element = scene.api.get("/elements/acmedesk").await?;
        Ok((element.status == 404).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_is_replayed_with_another_version_of_its_description() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    let scene = Scene::set(&[("acmedesk.element.toml", example("helpdesk")?)]).await?;
    let configuration = json!({ "acmedesk.url": desk.url(), "acmedesk.key": desk::KEY });
    let request = scene.request("acmedesk", "tickets", &configuration);
    let instance = scene.api.post("/instances", &request).await?.ok()?;
    let api = scene.api.element(instance["token"].as_str().unwrap_or_default());
    let made = api
        .post("/tickets", &json!({ "subject": "it smokes" }))
        .await?
        .ok()?;
    scene.receiver.expect("CREATED", &made["id"].to_string()).await?;
    let path = format!("/instances/{}/polls?result=told", instance["id"]);
    let told = eventually("the poll is remembered", async || {
        Ok(scene.api.get(&path).await?.ok()?.get(0).cloned())
    })
    .await?;
    let replay = format!("/instances/polls/{}/replay", told["id"]);
    let same = scene.api.post(&replay, &json!({})).await?.ok()?;
    assert_eq!(
        (&same["same"], &same["replayed"]),
        (&json!(true), &told["adapter"]),
        "{same}"
    );

    // Another version asks for larger pages and tells records by another member.
    let changed = example("helpdesk")?
        .replace("largest = 100", "largest = 50")
        .replace("idField = \"id\"", "idField = \"subject\"");
    std::fs::write(scene.folder.path().join("acmedesk.element.toml"), &changed)?;
    let different = eventually("the new version serves", async || {
        let replay = scene.api.post(&replay, &json!({})).await?.ok()?;
        Ok((replay["replayed"] != told["adapter"]).then_some(replay))
    })
    .await?;
    assert_eq!(
        (&different["same"], &different["recorded"]),
        (&json!(false), &told["adapter"])
    );
    let text = different["differences"].to_string();
    for part in ["request 1", "limit=50", "limit=100", "- ", "+ "] {
        assert!(text.contains(part), "{part:?} in {text}");
    }

    // At a desk, the version that polled still does the same, and the new one what the host says.
    let home = Home::bare()?
        .variable("PERIODIC_HOST", scene.host.url())
        .variable("PERIODIC_USER_SECRET", periodic_tests::USER_SECRET)
        .variable(
            "PERIODIC_ORGANIZATION_SECRET",
            periodic_tests::ORGANIZATION_SECRET,
        );
    std::fs::write(home.path().join("old.element.toml"), example("helpdesk")?)?;
    std::fs::write(home.path().join("new.element.toml"), &changed)?;
    let (poll, wasm) = (told["id"].to_string(), scene.folder.path().join("rest.wasm"));
    let wasm = wasm.to_string_lossy();
    for (package, code) in [("old.element.toml", 0), ("new.element.toml", 1)] {
        let words = [
            "polls",
            "replay",
            &poll,
            "--adapter",
            &wasm,
            "--package",
            package,
            "--json",
        ];
        let output = home.run_bare(&words).await?;
        assert_eq!(
            output.code,
            Some(code),
            "{package}: {}{}",
            output.stdout,
            output.stderr
        );
        let told: Value = serde_json::from_str(&output.stdout)?;
        assert_eq!(told["same"], code == 0);
        if code == 1 {
            assert_eq!(told["differences"], different["differences"]);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_record_are_resources_too() -> anyhow::Result<()> {
    let desk = Desk::start().await?;
    let scene = Scene::set(&[("acmedesk.element.toml", example("helpdesk")?)]).await?;
    let configuration = json!({
        "acmedesk.url": desk.url(), "acmedesk.key": desk::KEY, "event.notification.enabled": false,
    });
    let request = scene.request("acmedesk", "tickets", &configuration);
    let instance = scene.api.post("/instances", &request).await?.ok()?;
    let api = scene.api.element(instance["token"].as_str().unwrap_or_default());

    let mut made = Vec::new();
    for number in 0..5 {
        let body = json!({ "text": format!("number {number}") });
        made.extend(api.post("/tickets/7/comments", &body).await?.ok()?["id"].as_i64());
    }
    // Another parent's, whose id has to be encoded; dots would lead elsewhere.
    let odd = "/tickets/a%2Fb%20%7Bc%7D/comments";
    let other = api.post(odd, &json!({ "text": "odd" })).await?.ok()?;
    assert_eq!(
        ids(&api.get(odd).await?.ok()?),
        [other["id"].as_i64().unwrap_or_default()]
    );
    for nowhere in [
        "/tickets/%2E%2E/comments",
        "/tickets/7/comments/%2E%2E",
        "/tickets/..%2F7/comments",
    ] {
        let answer = api.get(nowhere).await?;
        assert!(
            answer.status == 404 || answer.body == json!([]),
            "{nowhere}: {}",
            answer.text
        );
    }

    // Paged as all resources are, with the hub segment ignored.
    let path = "/hubs/helpdesk/tickets/7/comments?pageSize=2&returnTotalCount=true";
    let first = api.get(path).await?;
    assert_eq!(first.header("elements-total-count"), "5");
    assert_eq!(first.header("elements-returned-count"), "2");
    let token = first.header("elements-next-page-token").to_owned();
    let second = api.get(&format!("{path}&nextPage={token}")).await?;
    let both: Vec<i64> = ids(&first.ok()?).into_iter().chain(ids(&second.ok()?)).collect();
    assert_eq!(both, made[..4]);
    let one = format!("/tickets/7/comments/{}", made[0]);
    assert_eq!(api.get(&one).await?.ok()?["text"], "number 0");
    assert_eq!(
        api.get(&format!("{one}?fields=text")).await?.ok()?,
        json!({ "text": "number 0" })
    );
    api.delete(&one).await?.ok()?;
    api.get(&one).await?.refused(404, &[])?;
    assert_eq!(ids(&api.get("/tickets/7/comments").await?.ok()?), made[1..]);

    // What is not described is not there, and the parent alone is no resource.
    api.patch(&one, &json!({ "text": "x" }))
        .await?
        .refused(405, &["tickets/comments", "delete"])?;
    api.get("/tickets/7/attachments")
        .await?
        .refused(404, &["tickets/attachments"])?;
    api.get("/hubs/helpdesk/tickets%2Fcomments")
        .await?
        .refused(404, &["tickets/comments"])?;
    let objects = api.get("/objects").await?.ok()?;
    assert_eq!(objects, json!(["contacts", "tickets"]));
    let docs = api.get("/instances/docs").await?.ok()?;
    assert!(
        docs["paths"]["/tickets/{parentId}/comments/{id}"]["delete"].is_object(),
        "{docs}"
    );
    // Whoever addresses no instance is told that nothing is there.
    for path in [
        "/tickets/7/comments",
        "/instances/7/nonsense",
        "/hubs/helpdesk/tickets/7/comments/1",
    ] {
        scene.api.get(path).await?.refused(404, &["nothing is at"])?;
    }
    Ok(())
}
