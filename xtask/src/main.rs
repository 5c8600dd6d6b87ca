//! The project's own commands: `cargo xtask build`, `demo`, `test` and what belongs to them.

#![forbid(unsafe_code)]

mod build;
mod check;
mod conformance;
mod demo;
mod java_vectors;
mod process;
mod python;
mod schemathesis;
mod tidy;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the adapters to target/adapters/*.wasm and the host to target/release/periodic.
    Build,
    /// Build, then show the whole path from a provider's change to a signed notification, all on this machine.
    Demo(demo::Arguments),
    /// Run everything that CI runs: format, clippy, tidy rules, unit tests, black-box tests of the real binary.
    Test(check::Arguments),
    /// Measure: the tables of BENCHMARKS.md.
    Bench,
    /// Check the SDK's date patterns against Java itself, or against rows from a file.
    JavaVectors(java_vectors::Args),
    /// Let the Standard Webhooks libraries of npm and PyPI verify real deliveries; installs them under target.
    Conformance,
    /// Check a live host against the description of its interface; installs schemathesis under target.
    Schemathesis(schemathesis::Arguments),
    /// Check the house rules that no compiler knows.
    Tidy,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Build => build::all().map(|_built| ()),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Test(arguments) => check::run(&arguments),
        Command::Bench => build::bench(),
        Command::JavaVectors(arguments) => java_vectors::run(&arguments),
        Command::Conformance => conformance::run(),
        Command::Schemathesis(arguments) => schemathesis::run(&arguments),
        Command::Tidy => tidy::run(),
    }
}
