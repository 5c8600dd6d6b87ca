//! Python tools, each in a virtual environment of its own under the target folder.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use crate::{
    build::step,
    process::{complete, target},
};

/// The folder of programs of an environment that holds these packages; it is made when it is not there.
pub(crate) fn environment(name: &str, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let folder = target().join("python").join(name);
    let bin = folder.join("bin");
    let stamp = folder.join("packages");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(bin);
    }
    step(&format!("installing {} from PyPI", packages.join(", ")));
    complete(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )
    .context("Python 3 with its module venv has to be installed")?;
    let pip: &Path = &bin.join("pip");
    complete(Command::new(pip).args(["install", "--quiet"]).args(packages))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))?;
    Ok(bin)
}
