//! Adapters to WebAssembly, the host to machine code.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use owo_colors::{OwoColorize as _, Stream};

use crate::process::{cargo, complete, target};

/// The target that adapters are built for.
pub(crate) const GUEST_TARGET: &str = "wasm32-wasip2";
/// The adapters, by package.
pub(crate) const ADAPTERS: [&str; 3] = ["maximizer", "rest", "woocommerce"];

/// Adapters of the tests, by package. They are built beside the others and shipped to nobody.
pub(crate) const TEST_ADAPTERS: [&str; 3] = ["bell", "evil", "signet"];

/// What was built.
#[derive(Debug)]
pub(crate) struct Built {
    /// The host.
    pub(crate) periodic: PathBuf,
    /// The folder of adapters.
    pub(crate) adapters: PathBuf,
    /// The folder of the tests' own adapters.
    pub(crate) test_adapters: PathBuf,
}

/// Build everything that a user runs.
pub(crate) fn all() -> anyhow::Result<Built> {
    build(&["--bins"])
}

/// Build everything that a user runs, and the tests of it.
// NOTE: tests ask tokio for more than the product does, so the two are built from different dependencies; whoever runs
// tests builds both at once, from one set.
pub(crate) fn with_tests() -> anyhow::Result<Built> {
    build(&["--bins", "--tests"])
}

/// Build the adapters, and these targets of the workspace.
fn build(targets: &[&str]) -> anyhow::Result<Built> {
    let adapters = adapters()?;
    let test_adapters = guests(&TEST_ADAPTERS, "test-adapters")?;
    step("building the host (the first time takes several minutes: it contains a compiler)");
    // NOTE: the whole workspace, so that tests and tools share the host's dependencies, feature for feature, and
    // nothing is compiled twice.
    complete(cargo(["build", "--release", "--workspace"]).args(targets))?;
    let periodic = target().join("release/periodic");
    println!("{} and {}", periodic.display(), adapters.join("*.wasm").display());
    Ok(Built {
        periodic,
        adapters,
        test_adapters,
    })
}

/// Build the adapters.
pub(crate) fn adapters() -> anyhow::Result<PathBuf> {
    guests(&ADAPTERS, "adapters")
}

/// Build these packages into this folder.
fn guests(packages: &[&str], folder: &str) -> anyhow::Result<PathBuf> {
    ensure_target()?;
    let folder = target().join(folder);
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for adapter in packages {
        step(&format!("building the adapter {adapter} to WebAssembly"));
        complete(&mut cargo([
            "build",
            "--profile",
            "guest",
            "--target",
            GUEST_TARGET,
            "--package",
            adapter,
        ]))?;
        let file = format!("{}.wasm", adapter.replace('-', "_"));
        let from = target().join(GUEST_TARGET).join("guest").join(&file);
        let to = folder.join(&file);
        std::fs::copy(&from, &to).with_context(|| format!("{} cannot be copied", from.display()))?;
    }
    Ok(folder)
}

/// Measure with what is built.
pub(crate) fn bench() -> anyhow::Result<()> {
    let built = all()?;
    step("measuring");
    let mut bench = cargo(["bench", "--workspace"]);
    bench.args(["calls", "neighbours", "start"].map(|name| format!("--bench={name}")));
    bench
        .env("PERIODIC_BIN", &built.periodic)
        .env("PERIODIC_ADAPTERS", &built.adapters)
        .env("PERIODIC_TEST_ADAPTERS", &built.test_adapters);
    complete(&mut bench)
}

/// Say what comes next.
pub(crate) fn step(what: &str) {
    println!(
        "{} {what}",
        "==>".if_supports_color(Stream::Stdout, |text| text.cyan())
    );
}

/// Add the WebAssembly target when it is missing.
fn ensure_target() -> anyhow::Result<()> {
    let listed = Command::new("rustup")
        .args(["target", "list", "--installed"])
        .stderr(Stdio::inherit())
        .output();
    // Without rustup the toolchain is somebody else's business; the build says what is missing.
    let Ok(listed) = listed else { return Ok(()) };
    let installed = String::from_utf8_lossy(&listed.stdout);
    if installed.lines().any(|line| line.trim() == GUEST_TARGET) {
        return Ok(());
    }
    step(&format!("adding the Rust target {GUEST_TARGET}"));
    complete(Command::new("rustup").args(["target", "add", GUEST_TARGET]))
}
