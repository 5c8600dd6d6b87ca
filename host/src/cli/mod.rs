//! The command line.

mod adapter;
mod config;
mod init;
mod listen;
mod nearest;
mod remote;
mod report;
mod run;
mod table;
mod tenants;

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{
    adapter::{compile, wasm_test},
    config::{Flags, SETTINGS},
};

/// A self-hosted integration host, wire-compatible with the Cloud Elements API.
///
/// Exit codes: 0 success, 1 failure, 2 wrong usage. With --json the answer is JSON on standard output, and an error is
/// JSON on standard error: {"message": …}, and of a host's refusal its requestId, its status, and providerMessage where
/// the provider said something.
#[derive(Debug, Parser)]
#[command(name = "periodic", version, disable_help_subcommand = true, after_help = AFTER)]
struct Cli {
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
    /// Look at events of a running host: stored ones, those that come, and what became of them.
    #[command(subcommand)]
    Events(remote::Events),
    /// Count events of a running host by time.
    Analytics(remote::Analytics),
    /// Look at what was sent to topics on a running host; send, acknowledge and remove.
    #[command(subcommand)]
    Notifications(remote::Notifications),
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
    #[command(subcommand, after_help = DEFINITIONS)]
    Objects(remote::Common<remote::Definitions>),
    /// Look at transformations into common objects on a running host; set and remove them.
    #[command(subcommand, after_help = TRANSFORMATIONS)]
    Transformations(remote::Common<remote::Transformations>),
    /// Print what a shell needs to complete commands.
    #[command(after_help = COMPLETIONS)]
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
    /// Read an adapter's file on standard input and write its compiled code: what a host starts for each file that it
    /// does not know.
    #[command(hide = true)]
    CompileAdapter(compile::Order),
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

/// What a newcomer has to know.
const AFTER: &str = "\
Commands that look at a running host find it by --host or PERIODIC_HOST, and need the two secrets that its first start \
printed: PERIODIC_USER_SECRET and PERIODIC_ORGANIZATION_SECRET.

  periodic run --data periodic-data --adapters adapters   the host
  periodic elements list                                  what can be connected
  periodic instances create ELEMENT                       connect it
  periodic events tail                                    watch what changes there";

/// What a definition is.
const DEFINITIONS: &str = "\
A definition says which fields a common object has, and of which types:
  {\"fields\": [{\"path\": \"id\", \"type\": \"string\"}, {\"path\": \"name.last\", \"type\": \"string\"}]}

  periodic objects set people people.json";

/// What a transformation is.
const TRANSFORMATIONS: &str = "\
A transformation makes a common object of a resource:
  {\"vendorName\": \"contacts\", \"fields\": [{\"path\": \"name.last\", \"vendorPath\": \"LastName\"}]}

  periodic transformations set --element ELEMENT people people.json";

/// How shells take completions.
const COMPLETIONS: &str = "\
To load them:
  bash  in ~/.bashrc: source <(periodic completions bash)
  zsh   in ~/.zshrc, after compinit: source <(periodic completions zsh)
  fish  once: periodic completions fish > ~/.config/fish/completions/periodic.fish";

/// The commands that the settings of a host are for. Others take them, and their help passes over them.
const HOST: [&str; 4] = ["run", "init", "config", "adapter"];

/// Its help, and that of all below it, without the flags of settings.
fn without_settings(command: clap::Command) -> clap::Command {
    let hidden = command.mut_args(|argument| {
        let is_setting = argument.get_help_heading() == Some(SETTINGS) && argument.get_id() != "config";
        if is_setting { argument.hide(true) } else { argument }
    });
    let below: Vec<String> = hidden
        .get_subcommands()
        .map(|below| below.get_name().to_owned())
        .collect();
    below.into_iter().fold(hidden, |command, name| {
        command.mut_subcommand(name, without_settings)
    })
}

/// Do what the command line says, and tell how it ended.
pub fn main() -> ExitCode {
    let for_programs = report::is_for_programs(std::env::args_os().skip(1));
    let cli = match Cli::parsed() {
        Ok(cli) => cli,
        Err(error) => return report::usage(&error, for_programs),
    };
    let done = match &cli.command {
        // Its limits leave nothing for an executor.
        Command::CompileAdapter(order) => compile::serve(order)
            .map(|()| ExitCode::SUCCESS)
            .map_err(Into::into),
        _ => tokio::runtime::Runtime::new()
            .map_err(Into::into)
            .and_then(|executor| executor.block_on(cli.execute())),
    };
    done.unwrap_or_else(|error| report::failure(&error, for_programs))
}

impl Cli {
    fn parsed() -> Result<Self, clap::Error> {
        let mut command = Self::command();
        command.build();
        let remote = command.get_subcommands().map(|below| below.get_name().to_owned());
        let remote: Vec<String> = remote.filter(|name| !HOST.contains(&name.as_str())).collect();
        for name in remote {
            command = command.mut_subcommand(name, without_settings);
        }
        Self::from_arg_matches(&command.try_get_matches()?)
    }

    async fn execute(self) -> anyhow::Result<ExitCode> {
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
            Command::Analytics(command) => command.run().await,
            Command::Notifications(command) => command.run().await,
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
            Command::CompileAdapter(order) => compile::serve(&order).map_err(Into::into),
            Command::WasmTest { program, arguments } => wasm_test::run(&program, &arguments).await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}
