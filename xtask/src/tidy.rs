//! The house rules that no compiler knows: boundaries between the host's parts, and habits.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::process::root;

/// The longest file, tables of tests aside.
const LONGEST: usize = 600;

/// A word that only these places may use.
struct Boundary {
    /// As it stands in code.
    word: &'static str,
    /// Where it is looked for.
    within: &'static str,
    /// Where it may stand.
    allowed: &'static [&'static str],
    /// Why.
    reason: &'static str,
}

const BOUNDARIES: [Boundary; 7] = [
    Boundary {
        word: "wasmtime::",
        within: "host/src",
        allowed: &["host/src/adapter/"],
        reason: "only the adapter runtime knows WebAssembly",
    },
    Boundary {
        word: "reqwest::",
        within: "host/src",
        allowed: &["host/src/egress/"],
        reason: "every outbound request passes the egress policy",
    },
    Boundary {
        word: "rusqlite::",
        within: "host/src",
        allowed: &["host/src/store/"],
        reason: "only the store knows SQL",
    },
    Boundary {
        word: "sqlx::",
        within: "host/src",
        allowed: &["host/src/store/"],
        reason: "only the store knows SQL",
    },
    Boundary {
        word: "axum::",
        within: "host/src",
        allowed: &[
            "host/src/api/",
            "host/src/console/",
            "host/src/cli/",
            "host/src/egress/tests",
        ],
        reason: "only the interface answers HTTP",
    },
    Boundary {
        word: "maximizer",
        within: "host/",
        allowed: &[],
        reason: "the host knows no provider",
    },
    Boundary {
        word: "woocommerce",
        within: "host/",
        allowed: &[],
        reason: "the host knows no provider",
    },
];

/// What may not stand in any Rust file.
const BANNED: [(&str, &str); 4] = [
    ("#[ignore", "a test that does not run proves nothing"),
    ("#[should_panic", "assert on the error instead"),
    ("#[allow(", "use #[expect(…, reason = \"…\")]"),
    ("#![allow(", "use #![expect(…, reason = \"…\")]"),
];

/// Check everything and tell all that was found.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut files = Vec::new();
    for folder in ["host", "adapters", "tests", "benches", "xtask", "wit"] {
        collect(&root().join(folder), &mut files)?;
    }
    let mut found = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let name = file
            .strip_prefix(root())
            .unwrap_or(file)
            .to_string_lossy()
            .replace('\\', "/");
        found.extend(check(&name, &text));
    }
    if found.is_empty() {
        println!("{} files are tidy", files.len());
        return Ok(());
    }
    for finding in &found {
        eprintln!("{finding}");
    }
    bail!("{} findings", found.len());
}

fn check(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let own = name == "xtask/src/tidy.rs";
    let boundaries = BOUNDARIES.iter().filter(|boundary| {
        name.starts_with(boundary.within) && !boundary.allowed.iter().any(|allowed| name.starts_with(allowed))
    });
    let boundaries: Vec<_> = boundaries.collect();
    for (index, line) in text.lines().enumerate() {
        let place = || format!("{name}:{}", index + 1);
        let lower = line.to_lowercase();
        for boundary in &boundaries {
            if lower.contains(boundary.word) {
                found.push(format!(
                    "{}: {:?} does not belong here: {}",
                    place(),
                    boundary.word,
                    boundary.reason
                ));
            }
        }
        if line.ends_with([' ', '\t']) {
            found.push(format!("{}: white space at the end of the line", place()));
        }
        for (word, reason) in BANNED {
            if !own && line.trim_start().starts_with(word) {
                found.push(format!("{}: {word}: {reason}", place()));
            }
        }
    }
    let lines = text.lines().count();
    if name.ends_with(".rs") && lines > LONGEST {
        found.push(format!("{name}: {lines} lines, more than {LONGEST}: split it"));
    }
    found
}

/// The text files beneath a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))? {
        let path = entry?.path();
        let skipped = path
            .file_name()
            .is_some_and(|name| name == "target" || name == "fixtures");
        if path.is_dir() && !skipped {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "wit" || extension == "sql")
        {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_is_tidy() {
        super::run().unwrap();
    }

    #[test]
    fn findings_name_place_and_reason() {
        let found = super::check("host/src/poll/x.rs", "use reqwest::Client;\nlet a = 1; \n");
        assert_eq!(
            found,
            [
                "host/src/poll/x.rs:1: \"reqwest::\" does not belong here: every outbound request passes the egress policy",
                "host/src/poll/x.rs:2: white space at the end of the line",
            ]
        );
    }
}
