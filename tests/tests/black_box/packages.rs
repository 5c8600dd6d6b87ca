//! Description files: several elements of one component.

use periodic_tests::{Api, Folder, Home, Host, Output, becomes, eventually, listed, test_adapters, vanishes};
use serde_json::{Value, json};

const FILE: &str = "evil.wasm";

/// A description file of the test adapter, which behaves unless an attack is chosen.
fn description(key: &str, id: u32) -> String {
    format!("adapter = \"{FILE}\"\nkey = \"{key}\"\nid = \"{id}\"\n")
}

async fn elements(api: &Api) -> anyhow::Result<Vec<String>> {
    let elements = api.get("/elements").await?.ok()?;
    let keys = elements.as_array().into_iter().flatten();
    Ok(keys
        .filter_map(|element| element["key"].as_str().map(str::to_owned))
        .collect())
}

async fn reason(api: &Api, file: &str, state: &str, needles: &[&str]) -> anyhow::Result<Value> {
    let entry = becomes(api, file, state).await?;
    let reason = entry["reason"].as_str().unwrap_or_default();
    for needle in needles {
        assert!(reason.contains(needle), "no {needle:?} in {entry}");
    }
    Ok(entry)
}

async fn command(home: &Home, host: &Host, words: &[&str]) -> anyhow::Result<Output> {
    home.run_bare(&[&["adapter"], words, &["--host", host.url()]].concat())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_tell_description_files_apart_and_fail_when_one_is_rejected() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let home = Home::new()?.set("adapters", &folder.path());
    let host = home.start().await?;
    let api = Api::new(host.url())?;
    folder.put_test_adapter(FILE)?;
    folder.put("one.element.toml", description("one", 1))?;
    folder.put("two.element.toml", description("two", 2))?;
    for file in ["one.element.toml", "two.element.toml"] {
        becomes(&api, file, "ready").await?;
    }
    let table = command(&home, &host, &["list"]).await?.stdout;
    for file in ["one.element.toml", "two.element.toml"] {
        assert!(table.contains(file), "{table}");
    }
    assert!(!table.contains(FILE), "{table}");

    // One that serves on in its old version is reloaded by its element, too.
    folder.put("one.element.toml", "adapter = ")?;
    becomes(&api, "one.element.toml", "rejected").await?;
    for name in ["one", "one.element.toml"] {
        let reloaded = command(&home, &host, &["reload", name]).await?;
        assert_eq!(reloaded.code, Some(1), "{name}: {reloaded:?}");
        assert!(reloaded.stdout.contains("rejected"), "{}", reloaded.stdout);
    }
    let reloaded = command(&home, &host, &["reload", "two"]).await?;
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    assert!(!reloaded.stdout.contains("rejected"), "{}", reloaded.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_component_serves_an_element_for_each_description_file() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let home = Home::new()?.set("adapters", &folder.path());
    let host = home.start().await?;
    let api = Api::new(host.url())?;

    // Neither file is anything without the other.
    folder.put("one.element.toml", description("one", 1))?;
    reason(&api, "one.element.toml", "waiting", &[FILE, "not in the folder"]).await?;
    folder.put_test_adapter(FILE)?;
    let one = becomes(&api, "one.element.toml", "ready").await?;
    assert_eq!((&one["element"], &one["file"]), (&json!("one"), &json!(FILE)));
    folder.remove("one.element.toml")?;
    reason(
        &api,
        FILE,
        "waiting",
        &[
            "NAME.element.toml",
            "adapter = \"evil.wasm\"",
            "an attack has to be chosen",
        ],
    )
    .await?;
    assert_eq!(elements(&api).await?, [""; 0]);

    // Several of them, each with what is its own and what is common.
    folder.put("one.element.toml", description("one", 1))?;
    folder.put("two.element.toml", description("two", 2))?;
    becomes(&api, "one.element.toml", "ready").await?;
    let two = becomes(&api, "two.element.toml", "ready").await?;
    assert_eq!(elements(&api).await?, ["one", "two"]);
    assert_eq!(listed(&api, FILE, "waiting").await?, None);
    assert_eq!(two["fileDigest"], one["fileDigest"]);
    assert_ne!(two["digest"], one["digest"]);
    assert_eq!(two["contract"], "1.0.0");
    assert_eq!(api.get("/elements/two").await?.ok()?["id"], 2);

    // What is wrong with a description file is told; what it served before goes on.
    folder.put("broken.element.toml", "adapter = ")?;
    folder.put("nameless.element.toml", "key = \"x\"")?;
    folder.put("path.element.toml", "adapter = \"../evil.wasm\"")?;
    folder.put(
        "large.element.toml",
        description("large", 3) + &"#".repeat(300 << 10),
    )?;
    folder.put("copy.element.toml", description("one", 4))?;
    folder.put("number.element.toml", description("number", 2))?;
    reason(&api, "broken.element.toml", "rejected", &["line 1"]).await?;
    reason(
        &api,
        "nameless.element.toml",
        "rejected",
        &["missing field `adapter`"],
    )
    .await?;
    reason(&api, "path.element.toml", "rejected", &["../evil.wasm"]).await?;
    reason(
        &api,
        "large.element.toml",
        "rejected",
        &["262144", "adapters.package_size"],
    )
    .await?;
    reason(
        &api,
        "copy.element.toml",
        "rejected",
        &["\"one\"", "one.element.toml"],
    )
    .await?;
    reason(
        &api,
        "number.element.toml",
        "rejected",
        &["id 2", "two.element.toml"],
    )
    .await?;
    folder.put("two.element.toml", "adapter = ")?;
    reason(&api, "two.element.toml", "rejected", &["line 1"]).await?;
    assert_eq!(elements(&api).await?, ["one", "two"]);
    folder.put("two.element.toml", description("zwei", 2))?;
    eventually("the element has its new key", async || {
        Ok((elements(&api).await? == ["one", "zwei"]).then_some(()))
    })
    .await?;

    // With the file that was in its way gone, a copy is served.
    folder.remove("one.element.toml")?;
    becomes(&api, "copy.element.toml", "ready").await?;

    // A new version of the component is taken for all of them or for none.
    let good = std::fs::read(test_adapters()?.join(FILE))?;
    let before = becomes(&api, "copy.element.toml", "ready").await?;
    folder.put(FILE, &good[..good.len() / 2])?;
    reason(&api, FILE, "rejected", &["no WebAssembly component"]).await?;
    assert_eq!(
        becomes(&api, "copy.element.toml", "ready").await?["digest"],
        before["digest"]
    );
    let newer = [good.as_slice(), &custom_section()].concat();
    folder.put(FILE, &newer)?;
    for file in ["copy.element.toml", "two.element.toml"] {
        eventually("the new version serves", async || {
            let entry = becomes(&api, file, "ready").await?;
            Ok((entry["fileDigest"] != before["fileDigest"]).then_some(()))
        })
        .await?;
    }
    assert_eq!(listed(&api, FILE, "rejected").await?, None);

    // Loaded anew on demand, by any of its names.
    for name in ["one", "copy.element.toml", FILE] {
        let entries = api
            .post(&format!("/adapters/{name}/reload"), &json!({}))
            .await?
            .ok()?;
        assert_eq!(entries[0]["state"], "ready", "{entries}");
        assert_eq!(entries[0]["counters"]["calls"], 1, "{entries}");
    }
    api.post("/adapters/nobody/reload", &json!({}))
        .await?
        .refused(404, &["nobody", "GET /adapters"])?;

    // Without the component there is nothing, and the description files wait for it.
    folder.remove(FILE)?;
    reason(&api, "copy.element.toml", "waiting", &["not in the folder"]).await?;
    assert_eq!(elements(&api).await?, [""; 0]);
    folder.remove("copy.element.toml")?;
    vanishes(&api, "copy.element.toml").await
}

/// A custom section changes a component's digest and nothing else.
fn custom_section() -> Vec<u8> {
    let name = b"note";
    let length = u8::try_from(name.len() + 1).unwrap_or(0);
    let mut section = vec![0, length, u8::try_from(name.len()).unwrap_or(0)];
    section.extend_from_slice(name);
    section
}
