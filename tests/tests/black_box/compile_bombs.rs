//! Files that are made to break whoever reads or compiles them. Each is refused with the limit that it met, and neither
//! the host nor any other file notices.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use periodic_tests::{Api, Home, Module, Odd, Siege, becomes, eventually, listed, test_adapters, vanishes};

/// A host that stops waits for nothing that it compiles.
const STOP: Duration = Duration::from_secs(10);
const DEEP: &str =
    "it is nested too deep: reading or compiling it takes more than the 2097152 bytes of stack";

fn good() -> anyhow::Result<Odd> {
    Ok(Odd::of(&std::fs::read(test_adapters()?.join("evil.wasm"))?))
}

/// A small file that compiles for minutes, and takes more than a gigabyte for it.
fn bomb() -> anyhow::Result<Odd> {
    Ok(good()?.with(&Module::default().bomb(20, 20_000)))
}

async fn healthy(siege: &Siege) -> anyhow::Result<Api> {
    let made = siege.instance("nowhere", "nothing").await?.ok()?;
    Ok(siege.api.element(made["token"].as_str().unwrap_or_default()))
}

async fn rejected(api: &Api, file: &str, needle: &str) -> anyhow::Result<()> {
    let entry = becomes(api, file, "rejected").await?;
    let reason = entry["reason"].as_str().unwrap_or_default();
    ensure!(reason.contains(needle), "{file}: no {needle:?} in {entry}");
    Ok(())
}

/// The processes that compile for this host.
fn children(host: u32) -> anyhow::Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(id) = entry?.file_name().to_string_lossy().parse() else {
            continue;
        };
        if parent(id) == Some(host) && compiles_one(id) {
            children.push(id);
        }
    }
    Ok(children)
}

/// Just started, it is still a copy of its host.
fn compiles_one(process: u32) -> bool {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains("compile-adapter")
}

/// None for what has ended, waited for or not.
fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_name, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    match fields.next()? {
        "Z" => None,
        _ => fields.next()?.parse().ok(),
    }
}

async fn compiles(host: u32) -> anyhow::Result<u32> {
    eventually("something is compiled", async || {
        Ok(children(host)?.first().copied())
    })
    .await
}

async fn ended(process: u32) -> anyhow::Result<()> {
    eventually("the process has ended", async || {
        Ok(parent(process).is_none().then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_too_deep_to_be_read_is_refused_and_nobody_else_is() -> anyhow::Result<()> {
    let siege = Siege::lay(|home| home).await?;
    let healthy = healthy(&siege).await?;
    let deep = good()?.nested(1500);
    siege.folder.put("deep.wasm", deep.bytes())?;
    rejected(&siege.api, "deep.wasm", DEEP).await?;
    healthy.get("/things").await?.ok()?;

    let file = siege.folder.at("deep.wasm").to_string_lossy().into_owned();
    let checked = siege.home.run_bare(&["adapter", "check", &file]).await?;
    assert_eq!(checked.code, Some(1), "{}", checked.stderr);
    assert!(checked.stderr.contains(DEEP), "{}", checked.stderr);

    siege.host.terminate(STOP).await?;
    let again = siege.home.start().await?;
    let api = Api::new(again.url())?;
    rejected(&api, "deep.wasm", DEEP).await?;
    becomes(&api, "evil-1.element.toml", "ready").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_takes_what_its_limits_allow_and_delays_nobody() -> anyhow::Result<()> {
    let settings = "[elements.\"slow.wasm\".limits]\ncompile_time = \"4s\"\n\
                    [elements.\"fat.wasm\".limits]\ncompile_memory = 167772160\n";
    let siege = Siege::lay(|home: Home| {
        // A folder that cannot be written fails the test at its first call.
        let _written = std::fs::write(home.path().join("periodic.toml"), settings);
        home
    })
    .await?;
    let healthy = healthy(&siege).await?;
    siege.folder.put("slow.wasm", bomb()?.bytes())?;
    becomes(&siege.api, "slow.wasm", "loading").await?;
    let lines = "adapter = \"small.wasm\"\nkey = \"small\"\nid = \"2\"\n";
    siege.folder.put("small.element.toml", lines)?;
    siege.folder.put("small.wasm", good()?.padded(1).bytes())?;
    becomes(&siege.api, "small.element.toml", "ready").await?;
    healthy.get("/things").await?.ok()?;
    ensure!(
        listed(&siege.api, "slow.wasm", "loading").await?.is_some(),
        "the bomb was no obstacle, because it was none"
    );
    siege.folder.put("fat.wasm", bomb()?.bytes())?;
    let time = "compiling it takes more than 4s of processor time (setting elements.\"slow.wasm\".limits.compile_time)";
    rejected(&siege.api, "slow.wasm", time).await?;
    let memory = "compiling it takes more than 167772160 bytes of memory (setting \
                  elements.\"fat.wasm\".limits.compile_memory)";
    rejected(&siege.api, "fat.wasm", memory).await?;
    healthy.get("/things").await?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_compiled_ends_with_itself_and_with_its_host() -> anyhow::Result<()> {
    let siege = Siege::lay(|home: Home| home.variable("PERIODIC_SECRET_OF_THE_HOST", "hidden")).await?;
    let host = siege.host.id().context("the host runs")?;
    siege.folder.put("bomb.wasm", bomb()?.bytes())?;
    let removed = compiles(host).await?;
    inherits_nothing(removed, &siege)?;
    siege.folder.remove("bomb.wasm")?;
    ended(removed).await?;
    vanishes(&siege.api, "bomb.wasm").await?;

    siege.folder.put("bomb.wasm", bomb()?.padded(1).bytes())?;
    let replaced = compiles(host).await?;
    siege.folder.put("bomb.wasm", bomb()?.padded(2).bytes())?;
    ended(replaced).await?;
    let stopped = compiles(host).await?;
    siege.host.terminate(STOP).await?;
    ended(stopped).await?;

    // A host that is killed has no time to end anything.
    let again = siege.home.start().await?;
    let orphan = compiles(again.id().context("the host runs")?).await?;
    again.kill().await?;
    ended(orphan).await
}

/// Neither the variables of the host nor anything that it has opened.
fn inherits_nothing(process: u32, siege: &Siege) -> anyhow::Result<()> {
    let folder = Path::new("/proc").join(process.to_string());
    let environment = std::fs::read(folder.join("environ"))?;
    ensure!(
        environment.is_empty(),
        "{}",
        String::from_utf8_lossy(&environment)
    );
    for entry in std::fs::read_dir(folder.join("fd"))? {
        let target = std::fs::read_link(entry?.path())?;
        let is_hosts = target.starts_with(siege.home.path())
            || target.starts_with(siege.folder.path())
            || target.to_string_lossy().starts_with("socket:");
        ensure!(!is_hosts, "{}", target.display());
    }
    Ok(())
}
