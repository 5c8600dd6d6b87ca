//! The folder of adapters of a running host.

use std::path::{Path, PathBuf};

use periodic_tests::{Stage, adapters, becomes, eventually, listed, vanishes};
use serde_json::json;

const FILE: &str = "maximizer.wasm";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_in_is_served_and_what_is_broken_is_told() -> anyhow::Result<()> {
    let wasm = std::fs::read(adapters()?.join(FILE))?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_string_lossy().into_owned();
    let stage = Stage::with(|home| home.set("adapters", &path)).await?;
    let place = |file: &str| -> PathBuf { Path::new(&path).join(file) };
    assert_eq!(stage.api.get("/adapters").await?.ok()?, json!([]));
    assert_eq!(stage.api.get("/elements").await?.ok()?, json!([]));
    let refused = stage.api.post("/instances", &stage.request().await?).await?;
    refused.refused(400, &["element.key", "maximizer", "adapters folder is empty"])?;

    // A copy in two halves is taken once it is whole.
    let half = wasm.len() / 2;
    std::fs::write(place(FILE), &wasm[..half])?;
    becomes(&stage.api, FILE, "rejected").await?;
    // Whoever asks for its element is told so.
    let told = ["maximizer.wasm is in the adapters folder, but it is rejected"];
    let refused = stage.api.post("/instances", &stage.request().await?).await?;
    refused.refused(400, &["element.key", told[0]])?;
    stage.api.get("/elements/maximizer").await?.refused(404, &told)?;
    std::fs::write(place(FILE), &wasm)?;
    let served = becomes(&stage.api, FILE, "ready").await?;
    assert_eq!(served["element"], "maximizer");
    assert_eq!(listed(&stage.api, FILE, "rejected").await?, None);
    let instance = stage.instance().await?;
    let api = stage.api.element(&instance.token);
    api.get("/contacts").await?.ok()?;

    // What is broken is told with the reason and disturbs nobody.
    for (file, bytes) in [
        ("empty.wasm", Vec::new()),
        ("text.wasm", b"this is no WebAssembly".to_vec()),
        ("core.wasm", b"\0asm\x01\0\0\0".to_vec()),
        ("truncated.wasm", wasm[..half].to_vec()),
        ("copy.wasm", wasm.clone()),
        ("notes.txt", b"no adapter at all".to_vec()),
        (".hidden.wasm", b"nobody looks".to_vec()),
    ] {
        std::fs::write(place(file), bytes)?;
    }
    for (file, reason) in [
        ("empty.wasm", ""),
        ("text.wasm", ""),
        ("core.wasm", "component"),
        ("truncated.wasm", ""),
        ("copy.wasm", FILE),
    ] {
        let rejected = becomes(&stage.api, file, "rejected").await?;
        let told = rejected["reason"].as_str().unwrap_or_default();
        assert!(told.len() > 10 && told.contains(reason), "{rejected}");
        assert!(rejected["since"].is_string(), "{rejected}");
    }
    let all = stage.api.get("/adapters").await?.ok()?;
    assert_eq!(all.as_array().map(Vec::len), Some(6), "{all}");

    // A broken new version leaves the old one serving.
    std::fs::write(place(FILE), &wasm[..half])?;
    becomes(&stage.api, FILE, "rejected").await?;
    assert_eq!(
        becomes(&stage.api, FILE, "ready").await?["digest"],
        served["digest"]
    );
    api.get("/contacts").await?.ok()?;
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    std::fs::write(place(FILE), &wasm)?;
    eventually("the good version is back", async || {
        Ok(listed(&stage.api, FILE, "rejected")
            .await?
            .is_none()
            .then_some(()))
    })
    .await?;
    for file in [
        "empty.wasm",
        "text.wasm",
        "core.wasm",
        "truncated.wasm",
        "copy.wasm",
    ] {
        std::fs::remove_file(place(file))?;
        vanishes(&stage.api, file).await?;
    }

    // Removed, it is gone, and who needs it is told so; back again, everything goes on.
    std::fs::remove_file(place(FILE))?;
    vanishes(&stage.api, FILE).await?;
    assert_eq!(stage.api.get("/elements").await?.ok()?, json!([]));
    api.get("/contacts")
        .await?
        .refused(503, &["maximizer", "adapters folder"])?;
    assert_eq!(stage.shown(&instance).await?["element"]["active"], false);
    let missed = stage.provider.contact("While nobody served")?;
    std::fs::write(place(FILE), &wasm)?;
    becomes(&stage.api, FILE, "ready").await?;
    stage.receiver.expect("CREATED", &missed).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_what_is_being_loaded_waits_and_is_served() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_string_lossy().into_owned();
    let stage = Stage::with(|home| home.set("adapters", &path)).await?;
    // Code that was never compiled here: it takes a while.
    std::fs::copy(adapters()?.join(FILE), folder.path().join(FILE))?;
    eventually("the file is seen", async || {
        let adapters = stage.api.get("/adapters").await?.ok()?;
        Ok((adapters != json!([])).then_some(()))
    })
    .await?;
    // On a slow machine it takes longer than anybody is kept waiting; then one is told to come again, and nothing else.
    let shown = eventually("the element is served", async || {
        let shown = stage.api.get("/elements/maximizer").await?;
        if shown.status == 503 {
            shown.refused(503, &["is still being loaded", "come again"])?;
            return Ok(None);
        }
        shown.ok().map(Some)
    })
    .await?;
    assert_eq!(shown["key"], "maximizer");
    let instance = stage.instance().await?;
    stage.api.element(&instance.token).get("/contacts").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_is_announced_once_whoever_comes_after_it() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_string_lossy().into_owned();
    std::fs::copy(adapters()?.join(FILE), folder.path().join(FILE))?;
    let stage = Stage::with(|home| home.set("adapters", &path)).await?;
    std::fs::copy(
        adapters()?.join("woocommerce.wasm"),
        folder.path().join("woocommerce.wasm"),
    )?;
    becomes(&stage.api, "woocommerce.wasm", "ready").await?;
    let log = stage.host()?.log();
    for file in [FILE, "woocommerce.wasm"] {
        let told = log
            .lines()
            .filter(|line| line.contains("adapter ready") && line.contains(file));
        assert_eq!(told.count(), 1, "{file}: {log}");
    }
    Ok(())
}
