//! The command line.

mod adapter;
mod config;
mod init;
mod listen;
mod remote;
mod run;
mod tenants;

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::{adapter::wasm_test, config::Flags};

/// A self-hosted integration host, wire-compatible with the Cloud Elements API.
///
/// Exit codes: 0 success, 1 failure, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "periodic", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host.
    Run {
        /// Record every byte that goes into adapters and comes out of them, for tests.
        #[arg(long, value_name = "FILE", hide = true)]
        guest_tap: Option<PathBuf>,
    },
    /// Make the data folder and the first user, and print the two secrets.
    Init {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the settings.
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Look at instances of a running host.
    #[command(subcommand)]
    Instances(remote::Instances),
    /// Look at pollers of a running host; pause, resume, set back, preview.
    #[command(subcommand)]
    Pollers(remote::Pollers),
    /// Look at what polls did, and run them again in the sandbox.
    #[command(subcommand)]
    Polls(remote::Polls),
    /// Look at events of a running host.
    #[command(subcommand)]
    Events(remote::Events),
    /// Look at deliveries of a running host, and make them again.
    #[command(subcommand)]
    Deliveries(remote::Deliveries),
    /// Look at the elements that a running host serves.
    #[command(subcommand)]
    Elements(remote::Elements),
    /// Export resources in bulk from a running host.
    #[command(subcommand)]
    Bulk(remote::Bulk),
    /// Look at the settings of an account on a running host; change them.
    #[command(subcommand)]
    Settings(remote::Settings),
    /// Look at subscriptions of a running host; make, resume and end them.
    #[command(subcommand)]
    Subscriptions(remote::Subscriptions),
    /// Look at definitions of common objects on a running host; set and remove them.
    #[command(subcommand)]
    Objects(remote::Common<remote::Definitions>),
    /// Look at transformations into common objects on a running host; set and remove them.
    #[command(subcommand)]
    Transformations(remote::Common<remote::Transformations>),
    /// Print what a shell needs to complete commands.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Manage organizations and their secrets, on the running host.
    Organizations {
        #[command(flatten)]
        door: tenants::Door,
        #[command(subcommand)]
        command: tenants::Organizations,
    },
    /// Manage accounts, on the running host.
    Accounts {
        #[command(flatten)]
        door: tenants::Door,
        #[command(subcommand)]
        command: tenants::Accounts,
    },
    /// Manage users and their secrets, on the running host.
    Users {
        #[command(flatten)]
        door: tenants::Door,
        #[command(subcommand)]
        command: tenants::Users,
    },
    /// Receive notifications on this machine, verify their signatures and print their events.
    Listen(listen::Arguments),
    /// What authors of adapters need.
    Adapter {
        #[command(subcommand)]
        command: adapter::Command,
    },
    /// Run a test program that was built for WASI: the runner of `cargo test --target wasm32-wasip1`.
    #[command(hide = true)]
    WasmTest {
        /// The program, a core module or a component.
        program: PathBuf,
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

impl Cli {
    /// Do what the command line says.
    pub async fn execute(self) -> anyhow::Result<ExitCode> {
        if !matches!(self.command, Command::Run { .. }) {
            // Whoever reads our output may stop reading, as `head` does: that ends the command, quietly.
            sigpipe::reset();
        }
        match self.command {
            Command::Run { guest_tap } => run::run(&self.flags, guest_tap.as_deref()).await,
            Command::Init { json } => init::run(&self.flags, json).await,
            Command::Config { command } => config::run(&self.flags, &command),
            Command::Instances(command) => command.run().await,
            Command::Pollers(command) => command.run().await,
            Command::Polls(command) => return command.run(&self.flags).await,
            Command::Events(command) => command.run().await,
            Command::Deliveries(command) => command.run().await,
            Command::Elements(command) => command.run().await,
            Command::Bulk(command) => command.run().await,
            Command::Settings(command) => command.run().await,
            Command::Subscriptions(command) => command.run().await,
            Command::Objects(command) => command.run().await,
            Command::Transformations(command) => command.run().await,
            Command::Completions { shell } => {
                clap_complete::generate(shell, &mut Self::command(), "periodic", &mut std::io::stdout());
                Ok(())
            }
            Command::Organizations { door, command } => {
                tenants::organizations(&self.flags, &door, command).await
            }
            Command::Accounts { door, command } => tenants::accounts(&self.flags, &door, command).await,
            Command::Users { door, command } => tenants::users(&self.flags, &door, command).await,
            Command::Listen(arguments) => listen::run(arguments).await,
            Command::Adapter { command } => return adapter::run(&self.flags, command).await,
            Command::WasmTest { program, arguments } => wasm_test::run(&program, &arguments).await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}
