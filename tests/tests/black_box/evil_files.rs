//! Attacks by files: what is dropped into the folder, and what it says of itself. Whatever it is, it is told with its
//! reason, and what served before goes on.

use std::{os::unix::fs::symlink, process::Command};

use periodic_tests::{Home, Siege, becomes, eventually, test_adapters, vanishes};

const FILE: &str = "evil.wasm";

/// Attacks of `describe`, and what their rejection says.
const DESCRIBED: &[(&str, &[&str])] = &[
    (
        "spin",
        &["describe failed", "used more than 300ms", "setting adapters.cpu"],
    ),
    (
        "grow",
        &["describe failed", "memory<=67108864", "setting adapters.memory"],
    ),
    ("recurse", &["describe failed"]),
    ("misspelt function", &["{evil.url|orgin}/*", "{key|origin}"]),
    (
        "bind the instance's token",
        &["the secret \"periodic.token\" is the host's own"],
    ),
    ("panic", &["describe failed", "the guest's own last words"]),
    ("exit", &["describe failed", "exit"]),
    (
        "sleep",
        &[
            "describe failed",
            "did not return within 1s",
            "setting adapters.wall",
        ],
    ),
    ("no JSON", &["not what its schema says", "EOF"]),
    ("no object", &["not what its schema says"]),
    ("no members", &["not what its schema says", "missing field"]),
    ("huge", &["8388608 bytes", "setting adapters.returned"]),
    ("too large", &["memory<=67108864", "setting adapters.memory"]),
    ("another key", &["\"../../etc\"", "small letters"]),
    (
        "claims webhooks",
        &["claims webhooks", "periodic:element/webhook"],
    ),
    (
        "claims OAuth",
        &["claims authentication by OAuth 1.0a", "periodic:element/oauth1"],
    ),
    ("broken pattern", &["https://{evil.url", "has a { without }"]),
    ("deep", &["not what its schema says", "recursion limit"]),
];

fn limits(home: Home) -> Home {
    home.variable("PERIODIC_ADAPTERS_CPU", "300ms")
        .variable("PERIODIC_ADAPTERS_WALL", "1s")
        .variable("PERIODIC_ADAPTERS_MEMORY", "67108864")
        .variable("PERIODIC_ADAPTERS_RETURNED", "8388608")
        .variable("PERIODIC_ADAPTERS_FILE_SIZE", "2000000")
}

async fn rejected(siege: &Siege, file: &str, needles: &[&str]) -> anyhow::Result<()> {
    let entry = becomes(&siege.api, file, "rejected").await?;
    let reason = entry["reason"].as_str().unwrap_or_default();
    for needle in needles {
        assert!(reason.contains(needle), "{file}: no {needle:?} in {entry}");
    }
    assert!(reason.len() < 8 << 10, "{file}: {} bytes", reason.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_says_of_itself_is_checked() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    let healthy = siege.instance("nowhere", "nothing").await?.ok()?;
    let healthy = siege.api.element(healthy["token"].as_str().unwrap_or_default());
    let mut files = Vec::new();
    for (attack, _) in DESCRIBED {
        files.push(siege.plan("element.describe", attack)?);
    }
    for (file, (attack, needles)) in files.iter().zip(DESCRIBED) {
        rejected(&siege, file, needles)
            .await
            .map_err(|error| error.context(*attack))?;
        healthy.get("/things").await?.ok()?;
    }
    let elements = siege.api.get("/elements").await?.ok()?;
    assert_eq!(elements.as_array().map(Vec::len), Some(1), "{elements}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_lies_in_the_folder_has_its_outcome() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    let healthy = siege.instance("nowhere", "nothing").await?.ok()?;
    let healthy = siege.api.element(healthy["token"].as_str().unwrap_or_default());
    let folder = &siege.folder;
    let good = std::fs::read(test_adapters()?.join(FILE))?;
    let outside = tempfile::tempdir()?;
    std::fs::write(outside.path().join("secret.wasm"), &good)?;

    let other = |from: &str, to: &str| replaced(&good, from, to);
    folder.put("zero.wasm", [])?;
    folder.put("compiled.cwasm", &good)?;
    folder.put("machine.wasm", b"\x7fELF\x02\x01\x01\0")?;
    folder.put("core.wasm", b"\0asm\x01\0\0\0")?;
    folder.put("nothing.wasm", b"\0asm\x0d\0\x01\0")?;
    folder.put(
        "major.wasm",
        other("periodic:element/element@1.0.0", "periodic:element/element@2.0.0"),
    )?;
    folder.put(
        "import.wasm",
        other("wasi:cli/environment@", "evil:cli/environment@"),
    )?;
    folder.put("large.wasm", vec![0; 2_000_001])?;
    std::fs::create_dir(folder.at("directory.wasm"))?;
    symlink(outside.path().join("secret.wasm"), folder.at("outside.wasm"))?;
    symlink("/dev/zero", folder.at("endless.wasm"))?;
    symlink("nowhere.wasm", folder.at("dangling.wasm"))?;
    let made = Command::new("mkfifo").arg(folder.at("pipe.wasm")).status()?;
    assert!(made.success());
    for (file, needles) in [
        ("zero.wasm", &["no WebAssembly component"][..]),
        ("compiled.cwasm", &["compiled code"]),
        ("machine.wasm", &["compiled code"]),
        ("core.wasm", &["it is a core module"]),
        ("nothing.wasm", &["exports no periodic:element/element"]),
        (
            "major.wasm",
            &["speaks periodic:element@2.0.0", "this host speaks 1.0"],
        ),
        ("import.wasm", &["imports evil:cli/environment@"]),
        (
            "large.wasm",
            &["2000001 bytes", "2000000", "setting adapters.file_size"],
        ),
        ("directory.wasm", &["it is a directory"]),
        (
            "outside.wasm",
            &["a link that leads nowhere or out of the adapters folder"],
        ),
        (
            "endless.wasm",
            &["a link that leads nowhere or out of the adapters folder"],
        ),
        (
            "dangling.wasm",
            &["a link that leads nowhere or out of the adapters folder"],
        ),
        ("pipe.wasm", &["a pipe, a socket or a device"]),
    ] {
        rejected(&siege, file, needles).await?;
        healthy.get("/things").await?.ok()?;
    }
    // A link within the folder is as good as a file; another description file makes an element of it.
    symlink(FILE, folder.at("link.wasm"))?;
    folder.put(
        "linked.element.toml",
        "adapter = \"link.wasm\"\nkey = \"linked\"\nid = \"9\"\n",
    )?;
    becomes(&siege.api, "linked.element.toml", "ready").await?;
    // What is gone is forgotten.
    std::fs::remove_dir(folder.at("directory.wasm"))?;
    folder.remove("pipe.wasm")?;
    vanishes(&siege.api, "directory.wasm").await?;
    vanishes(&siege.api, "pipe.wasm").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_cut_anywhere_is_rejected_while_the_old_version_serves() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    let healthy = siege.instance("nowhere", "nothing").await?.ok()?;
    let healthy = siege.api.element(healthy["token"].as_str().unwrap_or_default());
    let good = std::fs::read(test_adapters()?.join(FILE))?;
    for sixteenth in 0..16 {
        siege.folder.put(FILE, &good[..good.len() * sixteenth / 16])?;
        rejected(&siege, FILE, &["no WebAssembly component"]).await?;
        healthy.get("/things").await?.ok()?;
        siege.folder.put(FILE, &good)?;
        vanishes(&siege.api, FILE).await?;
    }
    healthy.get("/things").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_replaced_under_load_loses_no_call() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home).await?;
    let healthy = siege.instance("nowhere", "nothing").await?.ok()?;
    let healthy = siege.api.element(healthy["token"].as_str().unwrap_or_default());
    let good = std::fs::read(test_adapters()?.join(FILE))?;
    let versions = [good.clone(), [good.as_slice(), b"\0\x05\x04note"].concat()];
    let mut calls = 0;
    for number in 0..100 {
        // Every other one as a copy that is seen half-written, the others at once.
        let version = &versions[number % 2];
        if number % 4 < 2 {
            siege.folder.put("new", version)?;
            std::fs::rename(siege.folder.at("new"), siege.folder.at(FILE))?;
        } else {
            siege.folder.put(FILE, &version[..version.len() / 2])?;
            siege.folder.put(FILE, version)?;
        }
        for _call in 0..10 {
            healthy.get("/things").await?.ok()?;
            calls += 1;
        }
        if number % 10 < 2 {
            let digest = blake3::hash(version).to_hex().to_string();
            eventually("the version serves", async || {
                calls += 1;
                healthy.get("/things").await?.ok()?;
                let entry = siege.api.get("/adapters/evil-1").await?.ok()?[0].clone();
                Ok((entry["fileDigest"] == digest.as_str()).then_some(()))
            })
            .await?;
        }
    }
    assert_eq!(siege.provider.asked().len(), calls, "each call asked once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_removed_while_it_is_called_ends_its_calls_well() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home.variable("PERIODIC_ADAPTERS_CPU", "2s")).await?;
    let file = siege.plan("hub.begin", "spin")?;
    let made = siege.instance_of(&file, serde_json::json!({})).await?.ok()?;
    let api = siege.api.element(made["token"].as_str().unwrap_or_default());
    let calls = async || -> anyhow::Result<Option<u64>> {
        let entry = siege.api.get("/adapters/evil-1").await?.ok()?[0].clone();
        Ok(entry["counters"]["calls"].as_u64())
    };
    let before = calls().await?;
    let called = tokio::spawn({
        let api = api.clone();
        async move { api.get("/things").await }
    });
    eventually("the call is under way", async || {
        Ok((calls().await? > before).then_some(()))
    })
    .await?;
    siege.folder.remove(FILE)?;
    becomes(&siege.api, &file, "waiting").await?;
    assert_eq!(called.await??.status, 502, "the call went on to its own end");
    api.get("/things")
        .await?
        .refused(503, &["no adapter serves the element"])?;
    Ok(())
}

/// The same bytes with one text instead of another of the same length.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(window) = bytes.get(at..at + from.len()) {
        if window == from.as_bytes() {
            bytes.splice(at..at + from.len(), to.bytes());
        }
        at += 1;
    }
    bytes
}
