//! How long the real binary takes until it serves: without adapters, with twenty that it has to compile, and with
//! twenty whose compiled code it kept.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use periodic_benches::{Samples, head, path};

/// Adapters in the folder.
const ADAPTERS: u8 = 20;
/// Starts of each kind but the one that compiles.
const STARTS: usize = 20;

fn main() -> anyhow::Result<()> {
    let binary = path("PERIODIC_BIN")?;
    let adapter = std::fs::read(path("PERIODIC_ADAPTERS")?.join("maximizer.wasm"))?;
    let folder = tempfile::tempdir()?;
    let (none, twenty) = (folder.path().join("none"), folder.path().join("twenty"));
    std::fs::create_dir(&none)?;
    std::fs::create_dir(&twenty)?;
    for number in 0..ADAPTERS {
        std::fs::write(
            twenty.join(format!("adapter{number}.wasm")),
            renamed(&adapter, number),
        )?;
    }
    let data = folder.path().join("data");
    let [mut empty, mut compiling, mut kept] = [Samples::default(), Samples::default(), Samples::default()];
    compiling.time(|| start(&binary, &data, &twenty))?;
    for _start in 0..STARTS {
        empty.time(|| start(&binary, &data, &none))?;
        kept.time(|| start(&binary, &data, &twenty))?;
    }
    head("from the start of the process to `listening on`");
    empty.row("no adapters", None);
    kept.row("20 adapters, compiled before", Some(&empty));
    compiling.row("20 adapters, compiled now (once)", Some(&empty));
    let more = kept.percentile(50).saturating_sub(empty.percentile(50));
    println!("\n20 adapters that were compiled before add {more:.1?}.");
    Ok(())
}

/// The same component under another element's key, which has to be as long.
fn renamed(adapter: &[u8], number: u8) -> Vec<u8> {
    let (name, letter) = (b"maximizer", char::from(b'a' + number));
    let other = format!("maximize{letter}").replace("maximizer", "maximizez");
    let mut renamed = adapter.to_vec();
    let mut at = 0;
    while let Some(found) = renamed
        .get(at..)
        .and_then(|rest| rest.windows(name.len()).position(|it| it == name))
    {
        let start = at + found;
        renamed[start..start + name.len()].copy_from_slice(other.as_bytes());
        at = start + name.len();
    }
    renamed
}

/// Start, wait until it serves, and end it.
fn start(binary: &Path, data: &Path, adapters: &Path) -> anyhow::Result<()> {
    let mut host = Command::new(binary)
        .arg("run")
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .arg("--adapters")
        .arg(adapters)
        .env("PERIODIC_LOG_FILTER", "error")
        .stdout(Stdio::piped())
        .spawn()
        .context("the host does not start")?;
    let output = host.stdout.take().context("the host has no output")?;
    let mut lines = BufReader::new(output).lines();
    let serves = lines.any(|line| line.is_ok_and(|line| line.starts_with("listening on")));
    host.kill()?;
    host.wait()?;
    ensure!(serves, "the host ended before it served");
    Ok(())
}
