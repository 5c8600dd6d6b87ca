//! Real deliveries, verified by the Standard Webhooks libraries of other languages.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{ChildStdout, Command},
};

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::{
    build::{self, step},
    demo::{SIGNING_KEY, Stage},
    process::{Running, complete, target},
    python,
};

/// What is installed from PyPI.
const PYPI: [&str; 1] = ["standardwebhooks==1.1.0"];
/// What is installed from npm.
const NPM: &str = "standardwebhooks@1.1.1";
/// Notifications that each receiver has to verify: a contact that was created and one that was edited.
const EXPECTED: usize = 2;

/// A receiver in another language.
struct Foreign {
    name: &'static str,
    _process: Running,
    output: BufReader<ChildStdout>,
}

/// Run it.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = target().join("conformance");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let python = python::environment("standardwebhooks", &PYPI)?.join("python");
    step(&format!("installing {NPM} from npm"));
    complete(Command::new("npm").current_dir(&folder).args([
        "install",
        "--no-save",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefix",
        ".",
        NPM,
    ]))
    .context("Node.js with npm has to be installed")?;

    let built = build::all()?;
    let mut stage = Stage::set(&built)?;
    let instance = stage.create_instance()?;
    let mut receivers = Vec::new();
    for (name, program, file, text) in [
        (
            "PyPI",
            python.as_path(),
            "receiver.py",
            include_str!("conformance/receiver.py"),
        ),
        (
            "npm",
            Path::new("node"),
            "receiver.mjs",
            include_str!("conformance/receiver.mjs"),
        ),
    ] {
        let file = folder.join(file);
        std::fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
        let mut command = Command::new(program);
        command.arg(&file).arg(SIGNING_KEY);
        let (process, url, output) = Running::start(name, &mut command, "listening on ")?;
        let subscription = json!({
            "channel": "webhook",
            "topics": [format!("instance-{}-maximizer-events", instance["id"])],
            "config": { "url": url },
        });
        stage.post("/notifications/subscriptions", &subscription)?;
        receivers.push(Foreign {
            name,
            _process: process,
            output,
        });
    }
    stage.change_contacts()?;
    for receiver in receivers {
        receiver.check()?;
    }
    Ok(())
}

impl Foreign {
    fn check(self) -> anyhow::Result<()> {
        let mut lines = self.output.lines();
        for number in 1..=EXPECTED {
            let line = lines
                .next()
                .with_context(|| format!("the receiver of {} ended", self.name))??;
            ensure!(
                line.starts_with("verified "),
                "the library of {}: {line}",
                self.name
            );
            println!("    {} verified delivery {number}: {line}", self.name);
        }
        Ok(())
    }
}
