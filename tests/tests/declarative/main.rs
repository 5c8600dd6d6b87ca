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
    _host: Host,
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
            _host: host,
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
