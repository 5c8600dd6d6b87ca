//! Everything that CI runs.

use std::process::Command;

use crate::{
    build::{self, ADAPTERS, GUEST_TARGET, TEST_ADAPTERS, step},
    process::{cargo, complete, root, show},
    tidy,
};

/// `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Also build and test the adapters with cargo-component, which has to be installed.
    #[arg(long)]
    cargo_component: bool,
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// Run it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    step("format");
    run_shown(&mut cargo(["fmt", "--all", "--check"]))?;
    step("tidy");
    tidy::run()?;
    let built = build::with_tests()?;
    step("clippy");
    run_shown(&mut cargo([
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))?;
    for adapter in ADAPTERS.into_iter().chain(TEST_ADAPTERS) {
        let guest = [
            "clippy",
            "--profile",
            "guest",
            "--target",
            GUEST_TARGET,
            "--package",
            adapter,
        ];
        run_shown(cargo(guest).args(["--", "--deny", "warnings"]))?;
    }
    if arguments.cargo_component {
        step("cargo component");
        for adapter in ADAPTERS {
            for command in ["build", "test"] {
                let folder = root().join("adapters").join(adapter);
                run_shown(
                    cargo(["component", command, "--release"])
                        .current_dir(folder)
                        .env("PERIODIC_BIN", &built.periodic),
                )?;
            }
        }
    }
    step("tests");
    let mut tests = if has_nextest() {
        let mut tests = cargo(["nextest", "run", "--release", "--workspace", "--no-fail-fast"]);
        // Black-box tests wait more than they compute.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        tests.args(["--test-threads", &(2 * processors).to_string()]);
        tests
    } else {
        cargo(["test", "--release", "--workspace", "--no-fail-fast"])
    };
    tests.args(&arguments.filter);
    run_shown(
        tests
            .env("PERIODIC_BIN", &built.periodic)
            .env("PERIODIC_ADAPTERS", &built.adapters)
            .env("PERIODIC_TEST_ADAPTERS", &built.test_adapters),
    )
}

fn run_shown(command: &mut Command) -> anyhow::Result<()> {
    println!("    {}", show(command));
    complete(command)
}

fn has_nextest() -> bool {
    cargo(["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}
