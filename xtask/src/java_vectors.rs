//! The SDK's dates against Java itself.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail, ensure};
use periodic_sdk::java_date::{Pattern, Zone};

/// What asks Java.
const PROGRAM: &str = include_str!("JavaVectors.java");

/// `cargo xtask java-vectors`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// So many fresh random rows.
    #[arg(default_value_t = 1000)]
    count: usize,
    /// Check the rows of this file instead, in the format of adapters/sdk/fixtures/java-dates.tsv.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Make the same rows again.
    #[arg(long)]
    seed: Option<u64>,
}

/// Run it.
pub(crate) fn run(arguments: &Args) -> anyhow::Result<()> {
    let now = now_ms()?;
    let rows = match &arguments.file {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
        }
        None if !has_java() => {
            println!("skipped: there is no `java` on this machine to compare with");
            return Ok(());
        }
        None => {
            let seed = arguments.seed.unwrap_or(now.unsigned_abs());
            println!("seed {seed}");
            ask_java(arguments.count, seed)?
        }
    };
    let (mut checked, mut missed) = (0, 0);
    for (number, row) in rows
        .lines()
        .enumerate()
        .skip(1)
        .filter(|(_, row)| !row.is_empty())
    {
        let columns: Vec<String> = row.split('\t').map(unescape).collect();
        let [operation, pattern, zone, input, expected] = columns.as_slice() else {
            bail!(
                "line {}: a row has five columns: op, pattern, zone, input, output",
                number + 1
            );
        };
        let got = answer(operation, pattern, zone, input, now)?;
        checked += 1;
        if got != *expected {
            missed += 1;
            println!(
                "{operation} {pattern:?} {zone:?} {input:?}: Java says {expected:?}, the SDK says {got:?}"
            );
        }
    }
    println!("{checked} rows, {missed} misses");
    ensure!(missed == 0, "{missed} of {checked} rows differ from Java");
    Ok(())
}

fn answer(operation: &str, pattern: &str, zone: &str, input: &str, now: i64) -> anyhow::Result<String> {
    let zone = Zone::java(zone);
    let Ok(pattern) = Pattern::new(pattern) else {
        return Ok("!ERROR".to_owned());
    };
    match operation {
        "format" => Ok(pattern.format(
            input.parse().context("the input of format is milliseconds")?,
            &zone,
        )),
        "parse" => Ok(pattern
            .parse(input, &zone, now)
            .map_or_else(|_refused| "!ERROR".to_owned(), |instant| instant.to_string())),
        other => bail!("{other:?} is neither format nor parse"),
    }
}

fn ask_java(count: usize, seed: u64) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("JavaVectors.java");
    std::fs::write(&program, PROGRAM)?;
    // Java knows no unsigned numbers.
    let seed = (seed >> 1).to_string();
    let output = Command::new("java")
        .arg(Path::new(&program))
        .args([count.to_string(), seed])
        .output()?;
    ensure!(
        output.status.success(),
        "java failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn has_java() -> bool {
    Command::new("java")
        .arg("-version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn unescape(text: &str) -> String {
    text.replace("\\\\", "\u{0}")
        .replace("\\t", "\t")
        .replace("\\n", "\n")
        .replace('\u{0}', "\\")
}

#[expect(
    clippy::disallowed_methods,
    reason = "Java places two-digit years by the machine's clock too"
)]
fn now_ms() -> anyhow::Result<i64> {
    Ok(i64::try_from(
        SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis(),
    )?)
}
