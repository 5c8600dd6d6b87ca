//! `periodic adapter new`: what it makes builds, passes its tests and its cases, and is served.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use periodic_tests::{
    Home, Instance, ORGANIZATION_SECRET, Stage, USER_SECRET, cargo_variables, eventually, generated,
};
use serde_json::{Value, json};
use tokio::process::Command;

const KEY: &str = "a-k3y/f0r+blu3-sky";

/// Contacts as the template expects them, for whoever has the key.
type Contacts = Arc<Mutex<Vec<Value>>>;

async fn contacts(
    State(contacts): State<Contacts>,
    Query(query): Query<std::collections::HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<Vec<Value>>, StatusCode> {
    if headers.get("x-api-key").is_none_or(|key| key != KEY) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let since = query.get("updated_since").cloned().unwrap_or_default();
    let mut found = contacts.lock().unwrap_or_else(PoisonError::into_inner).clone();
    found.retain(|contact| {
        contact["updated_at"]
            .as_str()
            .is_some_and(|at| at >= since.as_str())
    });
    Ok(Json(found))
}

async fn provider() -> anyhow::Result<(String, Contacts)> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    let kept = Contacts::default();
    let router = Router::new()
        .route("/v1/contacts", get(contacts))
        .with_state(Arc::clone(&kept));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, kept))
}

/// Cargo in the made project.
async fn cargo(project: &Path, words: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("cargo")
        .args(words)
        .current_dir(project)
        .envs(cargo_variables()?)
        .kill_on_drop(true)
        .output()
        .await?;
    anyhow::ensure!(
        output.status.success(),
        "cargo {words:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_adapter_builds_passes_its_tests_and_is_served() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let made = home.run_bare(&["adapter", "new", "blue-sky"]).await?;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let project = home.path().join("blue-sky");
    // The workspace's choice of versions, so that nothing is fetched that is not there already.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    std::fs::copy(lock, project.join("Cargo.lock"))?;

    cargo(&project, &["test", "--quiet"]).await?;
    cargo(
        &project,
        &["build", "--quiet", "--release", "--target", "wasm32-wasip2"],
    )
    .await?;
    let wasm = generated()?.join("wasm32-wasip2/release/blue_sky.wasm");
    let file = wasm.to_string_lossy();
    let checked = home.run_bare(&["adapter", "check", &file]).await?;
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(
        checked.stdout.contains("nothing to complain about"),
        "{}",
        checked.stdout
    );
    let tested = home
        .run_bare(&["adapter", "test", &file, "--cases", "blue-sky/cases"])
        .await?;
    assert_eq!(tested.code, Some(0), "{}", tested.stdout);
    assert!(
        tested.stdout.ends_with("6 cases: 6 passed\n"),
        "{}",
        tested.stdout
    );

    // Into a running host.
    let folder = tempfile::tempdir()?;
    let stage = Stage::with(|home| home.set("adapters", &folder.path().to_string_lossy())).await?;
    std::fs::copy(&wasm, folder.path().join("blue_sky.wasm"))?;
    eventually("the element is served", async || {
        Ok((stage.api.get("/elements/blue-sky").await?.status == 200).then_some(()))
    })
    .await?;
    let (url, kept) = provider().await?;
    let mut request = json!({
        "name": "my sky", "element": { "key": "blue-sky" },
        "configuration": {
            "blue-sky.url": url, "blue-sky.key": "wrong",
            "event.notification.enabled": "true", "event.notification.callback.url": stage.receiver.url(),
            "event.poller.refresh_interval": "15",
        },
    });
    let refused = stage.api.post("/instances", &request).await?;
    refused.refused(400, &["401"])?;
    request["configuration"]["blue-sky.key"] = json!(KEY);
    let instance = stage.create(&request).await?;
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::UNIX_EPOCH + now()?).to_rfc3339();
    let at = format!("{}Z", now.split('.').next().unwrap_or_default());
    kept.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(json!({ "id": 7, "name": "Ada", "created_at": at, "updated_at": at }));
    stage.settle(&instance).await?;
    let events = stage.receiver.events();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.kind.as_str(), event.object.as_str()))
        .collect();
    assert_eq!(told, [("CREATED", "7")]);

    list_inspect_and_reload(&stage, &home).await?;

    // A version that panics at some contacts.
    let good = folder.path().join("good.was");
    std::fs::copy(&wasm, &good)?;
    let hub = project.join("src/hub.rs");
    let source = std::fs::read_to_string(&hub)?;
    let (before, after) = source.split_once("let mut listed").context("a list")?;
    let panics = "assert!(!body.windows(4).any(|word| word == b\"boom\"), \"no luck with boom\");";
    std::fs::write(&hub, format!("{before}{panics} let mut listed{after}"))?;
    cargo(
        &project,
        &["build", "--quiet", "--release", "--target", "wasm32-wasip2"],
    )
    .await?;
    let before = digest(&stage).await?;
    std::fs::copy(&wasm, folder.path().join("blue_sky.wasm"))?;
    eventually("the new version is served", async || {
        Ok((digest(&stage).await? != before).then_some(()))
    })
    .await?;
    crash_and_replay(&stage, &instance, &kept, &wasm, &good).await
}

async fn digest(stage: &Stage) -> anyhow::Result<Value> {
    let listed = stage.api.get("/adapters").await?.ok()?;
    let entries = listed.as_array().into_iter().flatten();
    let served = entries.into_iter().find(|entry| entry["element"] == "blue-sky");
    Ok(served.context("it is served")?["digest"].clone())
}

/// What the command line says of a running host's adapters.
async fn list_inspect_and_reload(stage: &Stage, home: &Home) -> anyhow::Result<()> {
    let target = [
        "--host",
        stage.host()?.url(),
        "--user-secret",
        USER_SECRET,
        "--organization-secret",
        ORGANIZATION_SECRET,
    ];
    let run = async |words: &[&str]| {
        let words: Vec<&str> = words.iter().copied().chain(target).collect();
        home.run_bare(&words).await
    };
    let listed = run(&["adapter", "list"]).await?;
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    for part in ["ELEMENT", "blue-sky", "ready", "blue_sky.wasm"] {
        assert!(listed.stdout.contains(part), "{part:?} in\n{}", listed.stdout);
    }
    let shown = run(&["adapter", "inspect", "blue_sky.wasm", "--json"]).await?;
    let shown: Value = serde_json::from_str(&shown.stdout)?;
    assert_eq!(shown[0]["element"], "blue-sky");
    assert_eq!(shown[0]["digest"].as_str().map(str::len), Some(64), "{shown}");
    let unknown = run(&["adapter", "inspect", "red-sky"]).await?;
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("it has blue-sky"), "{}", unknown.stderr);
    Ok(())
}

/// A crash leaves a case that fails with this version and passes with a better one.
async fn crash_and_replay(
    stage: &Stage,
    instance: &Instance,
    kept: &Contacts,
    bad: &Path,
    good: &Path,
) -> anyhow::Result<()> {
    kept.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(json!({ "id": 8, "name": "boom", "updated_at": "2020-01-01T00:00:00Z" }));
    let api = stage.api.element(&instance.token);
    let folder = stage.home.data().join("crashes");
    let report = eventually("a crash is reported", async || {
        api.get("/contacts").await?;
        let found = std::fs::read_dir(&folder)?.flatten().map(|entry| entry.path());
        Ok(found
            .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
            .last())
    })
    .await?;
    let name = report
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    eventually("the log names the report", async || {
        Ok(stage.host()?.log().contains(&name).then_some(()))
    })
    .await?;
    let text = std::fs::read_to_string(&report)?;
    for part in [
        "call = \"hub.resume\"",
        "secrets = [\"blue-sky.key\"",
        "no luck with boom",
        "in blue_sky::hub::",
        "\"name\":\"boom\"",
        "memory 134217728 bytes",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    assert!(!text.contains(KEY), "{text}");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&report)?.permissions().mode() & 0o777, 0o600);

    let replay = async |wasm: &Path| {
        let (wasm, cases) = (wasm.to_string_lossy(), folder.to_string_lossy());
        Home::bare()?
            .run_bare(&["adapter", "test", &wasm, "--cases", &cases])
            .await
    };
    let crashes = replay(bad).await?;
    assert_eq!(crashes.code, Some(1), "{}", crashes.stdout);
    assert!(crashes.stdout.contains("no luck with boom"), "{}", crashes.stdout);
    let repaired = replay(good).await?;
    assert_eq!(repaired.code, Some(0), "{}", repaired.stdout);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a provider has a clock of its own")]
fn now() -> anyhow::Result<std::time::Duration> {
    Ok(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten_and_bad_names_are_refused() -> anyhow::Result<()> {
    let home = Home::bare()?;
    std::fs::create_dir(home.path().join("taken"))?;
    std::fs::write(home.path().join("taken/notes.txt"), "mine")?;
    let refused = [
        (vec!["taken"], "not empty"),
        (vec!["Acme"], "lower-case"),
        (vec!["../acme"], "lower-case"),
        (vec!["serde"], "another name"),
        (vec!["fine", "--path", "taken"], "not empty"),
    ];
    for (words, told) in refused {
        let words: Vec<&str> = ["adapter", "new"].into_iter().chain(words).collect();
        let output = home.run_bare(&words).await?;
        assert_eq!(output.code, Some(1), "{words:?}");
        assert!(output.stderr.contains(told), "{words:?}: {}", output.stderr);
    }
    assert_eq!(std::fs::read_dir(home.path().join("taken"))?.count(), 1);
    assert!(!home.path().join("fine").exists());

    let made = home
        .run_bare(&["adapter", "new", "fine", "--path", "deep/er"])
        .await?;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    for file in [
        "Cargo.toml",
        "src/lib.rs",
        "cases/poll.toml",
        "periodic-wit/v1/types.wit",
        "periodic-sdk/src/lib.rs",
    ] {
        assert!(home.path().join("deep/er").join(file).is_file(), "{file}");
    }
    Ok(())
}
