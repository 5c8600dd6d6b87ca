//! An author's desk: a folder and a shell, in which the commands of a page are run one block after the other.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, ensure};
use periodic_tests::{binary, cargo_variables};
use tempfile::TempDir;
use tokio::process::Command;

/// A block begins where the one before has ended: with its folder and its variables. What it leaves running is noted.
const BLOCK: &str = r#"
set -euo pipefail
exec > "$DESK/said" 2>&1
trap 'jobs -p >> "$DESK/jobs"' EXIT
. "$DESK/state"
set -o allexport
. "$DESK/block"
set +o allexport
{ export -p; printf 'cd %q\n' "$PWD"; } > "$DESK/state"
"#;

/// A desk. What its blocks left running ends with it.
pub(crate) struct Desk {
    folder: TempDir,
    /// What a reader puts in for the placeholders of the page.
    values: BTreeMap<String, String>,
    variables: Vec<(String, String)>,
}

impl Desk {
    /// A desk with an empty folder to work in.
    pub(crate) fn set() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        for part in ["bin", "work"] {
            std::fs::create_dir(folder.path().join(part))?;
        }
        std::os::unix::fs::symlink(binary()?, folder.path().join("bin/periodic"))?;
        let desk = Self {
            folder,
            values: BTreeMap::new(),
            variables: Vec::new(),
        };
        std::fs::write(desk.at("state"), format!("cd {}\n", desk.work().display()))?;
        Ok(desk)
    }

    /// The folder that the first block begins in.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Put this in wherever a block says that.
    pub(crate) fn value(&mut self, said: &str, value: impl Into<String>) {
        self.values.insert(said.to_owned(), value.into());
    }

    /// Set a variable of all blocks from now on.
    pub(crate) fn variable(&mut self, name: &str, value: impl Into<String>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Run a block as it stands.
    pub(crate) async fn run(&self, block: &str) -> anyhow::Result<()> {
        let mut filled = block.to_owned();
        for (said, value) in &self.values {
            filled = filled.replace(said, value);
        }
        std::fs::write(self.at("block"), &filled)?;
        std::fs::write(self.at("said"), "")?;
        let status = self.shell()?.status().await.context("there is no bash")?;
        ensure!(
            status.success(),
            "{status}:\n{block}\nwhich is\n{filled}\nprinted\n{}",
            self.said()?
        );
        Ok(())
    }

    /// What the block that was run last has printed, or has so far.
    pub(crate) fn said(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(self.at("said"))?).into_owned())
    }

    fn shell(&self) -> anyhow::Result<Command> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.at("bin")).chain(std::env::split_paths(&path));
        let mut shell = Command::new("bash");
        // NOTE: the caller's own settings of a host are none of the desk's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PERIODIC_") {
                shell.env_remove(name);
            }
        }
        shell
            .args(["-c", BLOCK])
            .env("PATH", std::env::join_paths(path)?)
            .env("DESK", self.folder.path())
            .envs(cargo_variables()?)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ok(shell)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let jobs = std::fs::read_to_string(self.at("jobs")).unwrap_or_default();
        for job in jobs.lines() {
            // It may have ended by itself.
            let _ended = std::process::Command::new("kill").args(["-KILL", job]).status();
        }
    }
}

/// A link, so that a page finds at the desk what it names.
pub(crate) fn link(from: &Path, to: &Path) -> anyhow::Result<()> {
    let parent = to.parent().context("a parent")?;
    std::fs::create_dir_all(parent)?;
    std::os::unix::fs::symlink(from, to).with_context(|| to.display().to_string())
}
