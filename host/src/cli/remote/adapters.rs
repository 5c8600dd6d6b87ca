//! `periodic adapter list`, `inspect` and `reload`.

use std::process::ExitCode;

use anyhow::bail;
use http::Method;
use serde_json::{Value, json};

use super::{Target, segment};
use crate::cli::table::{self, Column, Listing};

const COLUMNS: [Column; 7] = [
    ("ELEMENT", "/element"),
    ("STATE", "/state"),
    ("FILE", SOURCE),
    ("DIGEST", "/digest"),
    ("SIGNED", SIGNED),
    ("SINCE", "/since"),
    ("REASON", "/reason"),
];
const EMPTY: &str = "The host has no adapters: put .wasm files into its folder (setting adapters.folder).";
const ALL: &str = "/adapters";
/// Its description file, else its component; made here.
const SOURCE: &str = "/source";
/// By which keys it is signed; made here, and left out where nobody asks for signatures.
const SIGNED: &str = "/signed";
/// So much of a digest tells one from another in a table.
const DIGEST: usize = 12;

/// What the host serves, and what it does not.
pub(in crate::cli) async fn list(target: &Target) -> anyhow::Result<()> {
    let mut listed = target.get(ALL).await?;
    if target.json {
        return table::json(&listed);
    }
    let rows = listed.as_array_mut().map(Vec::as_mut_slice).unwrap_or_default();
    for row in rows.iter_mut() {
        if let Some(digest) = row.get_mut("digest") {
            let short: String = digest.as_str().unwrap_or_default().chars().take(DIGEST).collect();
            *digest = short.into();
        }
        if let Some(source) = source(row).map(str::to_owned) {
            row["source"] = source.into();
        }
        if let Some(signed) = signed(row) {
            row["signed"] = signed.into();
        }
    }
    let asked = rows.iter().any(|row| row.pointer(SIGNED).is_some());
    let columns = COLUMNS
        .into_iter()
        .filter(|(_, pointer)| asked || *pointer != SIGNED);
    let columns: Vec<Column> = columns.collect();
    let listing = Listing {
        columns: &columns,
        empty: EMPTY,
    };
    listing.print(rows);
    Ok(())
}

/// The names of the keys that signed its files, or what is wrong with a signature.
fn signed(row: &Value) -> Option<String> {
    let verdict = |member: &str| {
        let verdict = row.get(member)?;
        verdict["key"].as_str().or_else(|| verdict["state"].as_str())
    };
    let mut told: Vec<&str> = ["signature", "packageSignature"]
        .into_iter()
        .filter_map(verdict)
        .collect();
    told.dedup();
    (!told.is_empty()).then(|| told.join(", "))
}

/// Everything about an element, or about a file.
pub(in crate::cli) async fn inspect(target: &Target, name: &str) -> anyhow::Result<()> {
    let listed = target.get(ALL).await?;
    let entries = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let named: Vec<Value> = entries
        .iter()
        .filter(|entry| is_named(entry, name))
        .cloned()
        .collect();
    if entries.is_empty() {
        bail!(EMPTY);
    }
    if named.is_empty() {
        let known: Vec<&str> = entries
            .iter()
            .filter_map(|entry| entry["element"].as_str().or_else(|| entry["file"].as_str()))
            .collect();
        bail!("the host has no adapter {name:?}; it has {}", known.join(", "));
    }
    show(target, named)
}

/// Load it anew, whether it changed or not. Exit code 1 when a file of it is rejected.
pub(in crate::cli) async fn reload(target: &Target, name: &str) -> anyhow::Result<ExitCode> {
    let path = format!("{ALL}/{}/reload", segment(name));
    let reloaded = target.send(Method::POST, &path, Some(&json!({}))).await?;
    let mut entries = match reloaded {
        Value::Array(entries) => entries,
        entry => vec![entry],
    };
    // A rejected file knows no element: where the version before it serves, it has an entry of its own.
    let listed = target.get(ALL).await?;
    for other in listed.as_array().into_iter().flatten() {
        let is_of = |entry: &Value| source(other).is_some_and(|file| is_named(entry, file));
        if is_rejected(other) && entries.iter().any(is_of) && !entries.contains(other) {
            entries.push(other.clone());
        }
    }
    let rejected = entries.iter().any(is_rejected);
    show(target, entries)?;
    Ok(match rejected {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn is_rejected(entry: &Value) -> bool {
    entry["state"] == "rejected"
}

/// The file that makes it what it is: its description file, else its component.
fn source(entry: &Value) -> Option<&str> {
    ["package", "file"]
        .iter()
        .find_map(|member| entry.get(*member)?.as_str())
}

fn is_named(entry: &Value, name: &str) -> bool {
    ["element", "file", "package"]
        .iter()
        .any(|member| entry[*member] == name)
}

fn show(target: &Target, entries: Vec<Value>) -> anyhow::Result<()> {
    if target.json {
        return table::json(&entries.into());
    }
    entries.iter().try_for_each(|entry| target.show(entry))
}
