//! Components that others made: giants, later and other contracts, features that the host does not have. Each is served
//! or refused with its reason, and nobody else notices.

use std::{collections::BTreeSet, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use periodic_tests::{Api, Home, Module, Odd, Siege, becomes, eventually, listed, test_adapters};
use tokio::time::{Instant, sleep};

const FILE: &str = "evil.wasm";
const MIB: usize = 1 << 20;
/// A giant compiles for so long on a machine that is busy.
const GIANT: Duration = Duration::from_secs(300);

fn good() -> anyhow::Result<Odd> {
    Ok(Odd::of(&std::fs::read(test_adapters()?.join(FILE))?))
}

/// An element of this component, by a description file of the same name.
fn put(siege: &Siege, name: &str, id: u32, odd: &Odd) -> anyhow::Result<()> {
    let lines = format!("adapter = \"{name}.wasm\"\nkey = \"{name}\"\nid = \"{id}\"\n");
    siege.folder.put(&format!("{name}.element.toml"), lines)?;
    siege.folder.put(&format!("{name}.wasm"), odd.bytes())
}

async fn rejected(siege: &Siege, file: &str, needles: &[&str]) -> anyhow::Result<()> {
    let entry = becomes(&siege.api, file, "rejected").await?;
    for needle in needles {
        let reason = entry["reason"].as_str().unwrap_or_default();
        ensure!(reason.contains(needle), "{file}: no {needle:?} in {entry}");
    }
    Ok(())
}

async fn healthy(siege: &Siege) -> anyhow::Result<Api> {
    let made = siege.instance("nowhere", "nothing").await?.ok()?;
    Ok(siege.api.element(made["token"].as_str().unwrap_or_default()))
}

/// An instance of this element answers.
async fn answers(siege: &Siege, package: &str) -> anyhow::Result<()> {
    let made = siege.instance_of(package, serde_json::json!({})).await?.ok()?;
    let api = siege.api.element(made["token"].as_str().unwrap_or_default());
    api.get("/things").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_giant_is_served_where_its_limits_allow_it_and_is_in_nobodys_way() -> anyhow::Result<()> {
    let settings = "[elements.\"code.wasm\".limits]\nfile_size = 80000000\n\
                    [elements.\"data.wasm\".limits]\nfile_size = 80000000\n\
                    [elements.\"padded.wasm\".limits]\nfile_size = 80000000\n\
                    [elements.\"narrow.wasm\".limits]\nfile_size = 80000000\nmemory = 33554432\n";
    let siege = Siege::lay(|home: Home| {
        // A folder that cannot be written fails the test at its first call.
        let _written = std::fs::write(home.path().join("periodic.toml"), settings);
        home
    })
    .await?;
    let healthy = healthy(&siege).await?;
    let code = good()?.with(&Module::default().functions(3900, 16 << 10));
    let data = good()?
        .with(&Module::default().memory(1000).data(60 * MIB))
        .instantiated();
    let padded = good()?.padded(60 * MIB);
    for giant in [&code, &data, &padded] {
        ensure!(giant.bytes().len() > 60 * MIB, "{} bytes", giant.bytes().len());
    }

    put(&siege, "code", 1, &code)?;
    becomes(&siege.api, "code.wasm", "loading").await?;
    // Whoever is small does not wait for it, and is called meanwhile.
    put(&siege, "small", 2, &good()?.padded(1))?;
    becomes(&siege.api, "small.element.toml", "ready").await?;
    answers(&siege, "small.element.toml").await?;
    assert!(
        listed(&siege.api, "code.element.toml", "ready").await?.is_none(),
        "the giant was no obstacle, because it was none"
    );
    put(&siege, "unlisted", 3, &padded)?;
    rejected(
        &siege,
        "unlisted.wasm",
        &["bytes, more than the 33554432 that setting adapters.file_size allows"],
    )
    .await?;
    put(&siege, "data", 4, &data)?;
    put(&siege, "narrow", 5, &data)?;
    put(&siege, "padded", 6, &padded)?;
    let until = Instant::now() + GIANT;
    for package in ["code.element.toml", "data.element.toml", "padded.element.toml"] {
        while listed(&siege.api, package, "ready").await?.is_none() {
            ensure!(
                Instant::now() < until,
                "{package} is not served: {}",
                siege.host.log()
            );
            healthy.get("/things").await?.ok()?;
            sleep(Duration::from_millis(50)).await;
        }
        answers(&siege, package).await?;
    }
    let needs =
        "memory<=33554432 current==0 requested+=65536000 (setting elements.\"narrow.wasm\".limits.memory)";
    rejected(&siege, "narrow.wasm", &[needs]).await?;
    healthy.get("/things").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_and_imports_of_others_are_served_or_named() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home).await?;
    let healthy = healthy(&siege).await?;
    let later = good()?.renamed("@1.0.0", "@1.1.0");
    let environment = "wasi:cli/environment@";
    put(&siege, "later", 1, &later)?;
    for (id, name, odd, import) in [
        (
            2,
            "later-more",
            later.clone().renamed(environment, "periodic:element/tea@"),
            "periodic:element/tea@",
        ),
        (
            3,
            "http",
            good()?.renamed(environment, "wasi:http/environmen@"),
            "wasi:http/environmen@",
        ),
        (
            4,
            "invented",
            good()?.renamed(environment, "wasi:cli/invironmant@"),
            "wasi:cli/invironmant@",
        ),
        (
            5,
            "foreign",
            good()?.renamed(environment, "acme:cli/environment@"),
            "acme:cli/environment@",
        ),
    ] {
        put(&siege, name, id, &odd)?;
        rejected(&siege, &format!("{name}.wasm"), &[import]).await?;
    }
    put(&siege, "major", 6, &good()?.renamed("@1.0.0", "@2.0.0"))?;
    rejected(
        &siege,
        "major.wasm",
        &[
            "speaks periodic:element@2.0.0",
            "this host speaks 1.0",
            "upgrade the host",
        ],
    )
    .await?;
    let served = becomes(&siege.api, "later.element.toml", "ready").await?;
    assert_eq!(served["contract"], "1.1.0");
    answers(&siege, "later.element.toml").await?;
    healthy.get("/things").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_does_not_offer_is_refused() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home).await?;
    let healthy = healthy(&siege).await?;
    let with = |module: Module| -> anyhow::Result<Odd> { Ok(good()?.with(&module).instantiated()) };
    let module = Module::default;
    let mut crowd = good()?;
    for _part in 0..40 {
        crowd = crowd.with(&module()).instantiated();
    }
    let cases: [(&str, Odd, &[&str]); 8] = [
        (
            "memories",
            with(module().memories(9, 0))?,
            &["memories count of 9", "limit of 1"],
        ),
        (
            "tables",
            with(module().tables(40, 1))?,
            &["tables count of 40", "limit of 1"],
        ),
        (
            "table",
            with(module().tables(1, 5_000_000))?,
            &["table_elements<=100000 current==0 requested+=5000000 (setting adapters.table_elements)"],
        ),
        (
            "memory",
            with(module().memory(65_536))?,
            &["memory<=134217728 current==0 requested+=4294967296 (setting adapters.memory)"],
        ),
        ("crowd", crowd, &["43 core module instances", "maximum of 16"]),
        (
            "shared",
            with(module().memories(1, 3))?,
            &["threads must be enabled for shared memories"],
        ),
        (
            "atomic",
            with(module().function(b"\xfe\x03\0"))?,
            &["threads support is not enabled"],
        ),
        ("core", Odd::of(b"\0asm\x01\0\0\0"), &["it is a core module"]),
    ];
    for (id, (name, odd, needles)) in (1..).zip(cases) {
        put(&siege, name, id, &odd)?;
        rejected(&siege, &format!("{name}.wasm"), needles).await?;
        healthy.get("/things").await?.ok()?;
    }
    // 64-bit memories are counted like any other.
    put(&siege, "wide", 9, &with(module().memories(1, 4))?)?;
    becomes(&siege.api, "wide.element.toml", "ready").await?;
    answers(&siege, "wide.element.toml").await
}

/// Code that this very host compiled, out of its cache.
fn compiled(home: &Path) -> anyhow::Result<Vec<u8>> {
    let mut files = std::fs::read_dir(home.join("compiled"))?;
    let kept = std::fs::read(files.next().context("nothing is compiled")??.path())?;
    Ok(kept.get(32..).context("the code is in front")?.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_run_under_no_name() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home).await?;
    let healthy = healthy(&siege).await?;
    let code = eventually("it is compiled", async || Ok(compiled(&siege.home.data()).ok())).await?;
    ensure!(
        code.starts_with(b"\x7fELF") && code.len() > 100_000,
        "{} bytes",
        code.len()
    );
    for file in ["own.cwasm", "renamed.wasm"] {
        siege.folder.put(file, &code)?;
        rejected(
            &siege,
            file,
            &["it is compiled code, which the host runs only when it compiled it itself"],
        )
        .await?;
    }
    // In place of the component that it was made of.
    siege.folder.put(FILE, &code)?;
    rejected(&siege, FILE, &["compiled code"]).await?;
    healthy.get("/things").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_replaced_under_load_loses_no_event() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home).await?;
    let file = siege.plan("poller.resume", "the number of the answer")?;
    let events = serde_json::json!({ "event.notification.enabled": true });
    let made = siege.instance_of(&file, events).await?.ok()?;
    let id = made["id"].as_i64().context("no id")?;
    let good = good()?;
    let versions = [good.clone(), good.padded(1)];
    let mut polls = 0;
    for number in 0..100 {
        let version = versions[number / 2 % 2].bytes();
        // Every other one as a copy that is seen half-written, the others at once.
        if number % 4 < 2 {
            siege.folder.put("new", version)?;
            std::fs::rename(siege.folder.at("new"), siege.folder.at(FILE))?;
        } else {
            siege.folder.put(FILE, &version[..version.len() / 2])?;
            siege.folder.put(FILE, version)?;
        }
        // Every other one is replaced before it is taken.
        let digest = blake3::hash(version).to_hex().to_string();
        eventually("the version serves", async || {
            let path = format!("/instances/{id}/polls");
            let polled = siege.api.post(&path, &serde_json::json!({})).await?;
            if polled.status != 409 {
                polled.ok()?;
                polls += 1;
            }
            let entry = siege.api.get("/adapters/evil-1").await?.ok()?[0].clone();
            let serves = number % 2 == 0 || entry["fileDigest"] == digest.as_str();
            Ok(serves.then_some(()))
        })
        .await?;
    }
    ensure!(polls >= 100, "{polls} polls");
    // Each number that the provider told is an event, and none is two.
    eventually("every number is an event", async || {
        let told = siege.provider.asked().len();
        let seen = numbers(&siege.api, id).await?;
        ensure!(
            seen.iter().collect::<BTreeSet<_>>().len() == seen.len(),
            "one comes twice: {seen:?}"
        );
        Ok((seen == (1..=told).collect::<Vec<_>>()).then_some(()))
    })
    .await
}

/// The objects of an instance's events, in order.
async fn numbers(api: &Api, instance: i64) -> anyhow::Result<Vec<usize>> {
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/instances/{instance}/events?pageSize=200{next}");
        let page = api.get(&path).await?;
        let notifications = page.body.as_array().into_iter().flatten();
        let messages = notifications.flat_map(|one| one["notifiedData"].as_array().into_iter().flatten());
        let events = messages.flat_map(|message| message["events"].as_array().into_iter().flatten());
        for event in events {
            seen.push(event["objectId"].as_str().unwrap_or_default().parse()?);
        }
        let token = page.header("elements-next-page-token");
        if token.is_empty() {
            seen.sort_unstable();
            return Ok(seen);
        }
        next = format!("&nextPage={token}");
    }
}
