//! `periodic adapter`: what authors of adapters need.

mod check;
mod lint;
mod render;
mod vendor;

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;

use crate::{
    adapter::{Limits, Sandbox},
    config::{Flags, load},
};

/// `periodic adapter`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Load a .wasm file as a host would, and show what it is and what could be better.
    Check(check::Arguments),
    /// Show the URL that a poll would call, and the provider requests that it becomes.
    Render(render::Arguments),
    /// Write the contract to DIR/wit/v1 and the SDK's sources to DIR/periodic-sdk, replacing what is there.
    Vendor {
        /// Where to.
        dir: PathBuf,
    },
}

pub(super) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(arguments) => check::run(&sandbox(flags)?, &arguments).await,
        Command::Render(arguments) => render::run(&sandbox(flags)?, &arguments).await,
        Command::Vendor { dir } => vendor::run(&dir).map(|()| ExitCode::SUCCESS),
    }
}

/// A sandbox with the limits of the host's settings.
fn sandbox(flags: &Flags) -> anyhow::Result<Sandbox> {
    let settings = load(flags)?.settings;
    Ok(Sandbox::new(Limits::of(&settings.adapter))?)
}
