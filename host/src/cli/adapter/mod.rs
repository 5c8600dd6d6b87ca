//! `periodic adapter`: what authors of adapters need.

mod check;
mod lint;
mod new;
mod render;
mod sign;
mod test;
mod vendor;

pub(super) use self::test::print_line;

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;

use crate::{
    adapter::{Compiler, LimitTable, Sandbox},
    cli::remote::{Target, adapters},
    config::{Flags, load},
};

/// `periodic adapter`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a project of a new adapter that builds, tests and loads, anywhere.
    New(new::Arguments),
    /// Load a .wasm file as a host would, and show what it is and what could be better.
    Check(check::Arguments),
    /// Show the URL that a poll would call, and the provider requests that it becomes.
    Render(render::Arguments),
    /// Run case files: calls in the real sandbox, with a provider that answers as the case says.
    Test(test::Arguments),
    /// Make a key that signs adapters, and print what makes a host trust it.
    Keygen(sign::KeygenArguments),
    /// Sign .wasm files and description files: each gets a FILE.sig beside it.
    Sign(sign::SignArguments),
    /// List what a running host serves, and what it does not and why.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Show everything about an adapter of a running host.
    Inspect {
        #[command(flatten)]
        target: Target,
        /// An element, or a file of the adapters folder.
        name: String,
    },
    /// Let a running host load an adapter anew, whether it changed or not; a quarantine ends with it. Exit code 1 when a
    /// file of it is rejected.
    Reload {
        #[command(flatten)]
        target: Target,
        /// An element, or a file of the adapters folder.
        name: String,
    },
    /// Write the contract to DIR/periodic-wit/v1 and the SDK's sources to DIR/periodic-sdk, replacing what is there.
    Vendor {
        /// Where to.
        dir: PathBuf,
    },
}

pub(super) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::New(arguments) => new::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Check(arguments) => check::run(flags, &arguments).await,
        Command::Render(arguments) => render::run(flags, &sandbox(flags)?, &arguments).await,
        Command::Test(arguments) => test::run(flags, &sandbox(flags)?, &arguments).await,
        Command::Keygen(arguments) => sign::keygen(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Sign(arguments) => sign::sign(&arguments).map(|()| ExitCode::SUCCESS),
        Command::List { target } => adapters::list(&target).await.map(|()| ExitCode::SUCCESS),
        Command::Inspect { target, name } => adapters::inspect(&target, &name)
            .await
            .map(|()| ExitCode::SUCCESS),
        Command::Reload { target, name } => adapters::reload(&target, &name).await,
        Command::Vendor { dir } => vendor::run(&dir).map(|()| ExitCode::SUCCESS),
    }
}

/// A sandbox with the limits of the host's settings; its user knows what the file is.
pub(super) fn sandbox(flags: &Flags) -> anyhow::Result<Sandbox> {
    let settings = load(flags)?.settings;
    Ok(Sandbox::new(
        LimitTable::of(&settings),
        Compiler::of_this_program()?,
    )?)
}
