//! The fake Maximizer as a program.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use chrono::{DateTime, Utc};
use clap::Parser;
use fake_maximizer::{Client, ClockStart, FakeMaximizer, Faults, Options, Seed};

/// A fake Maximizer CRM on 127.0.0.1, to try things with: OAuth, the Octopus data service, discovery.
///
/// Prints one line, "listening on http://127.0.0.1:PORT", when it is ready, and ends on SIGINT or SIGTERM. Nothing is
/// kept. GET /control lists what can be changed while it runs, with commands to copy: records, faults, the clock.
#[derive(Debug, Parser)]
#[command(name = "fake-maximizer", version, max_term_width = 110)]
struct Arguments {
    /// The port; 0 takes any that is free.
    #[arg(long, value_name = "N", default_value_t = 8160)]
    port: u16,
    /// An alias of the database, as in /oauth2/ALIAS/authorize. Can be repeated [default: CloudElements]
    #[arg(long = "alias", value_name = "ALIAS")]
    aliases: Vec<String>,
    /// A registered OAuth client. Can be repeated [default: Rand0MAP1-key:fak3AP1-s3Cr3t]
    #[arg(long = "client", value_name = "ID:SECRET", value_parser = client)]
    clients: Vec<Client>,
    /// A redirect URI that is registered for all clients. Can be repeated [default: any]
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// A personal access token: a bearer token that never ends. Can be repeated.
    #[arg(long = "access-token", value_name = "TOKEN")]
    access_tokens: Vec<String>,
    /// The user that everything is done as.
    #[arg(long, value_name = "UID", default_value = "MASTER")]
    user: String,
    /// The user's password, for Authenticate.
    #[arg(long, value_name = "TEXT", default_value = "maximizer")]
    password: String,
    /// Start without the sample records.
    #[arg(long, conflicts_with = "records")]
    empty: bool,
    /// Start with the records of this JSON file: {"AbEntry":[{"Type":"Company","CompanyName":"ABC Wine Shop"}]}
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// Let the clock stand at this instant, such as 2026-01-01T00:00:00Z.
    #[arg(long, value_name = "INSTANT", conflicts_with = "run_from")]
    now: Option<DateTime<Utc>>,
    /// Let the clock run from this instant.
    #[arg(long, value_name = "INSTANT")]
    run_from: Option<DateTime<Utc>>,
    /// A switch to start with, such as page-cap={"rows":10}. Can be repeated; GET /control lists all.
    #[arg(long = "fault", value_name = "NAME=JSON")]
    faults: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let stopped = stopped()?;
    let fake = FakeMaximizer::start(Arguments::parse().options()?).await?;
    let mut output = io::stdout().lock();
    writeln!(output, "listening on {}", fake.url())?;
    output.flush()?;
    drop(output);
    stopped.await;
    Ok(())
}

/// Ends with SIGINT or SIGTERM, which are caught from now on.
#[cfg(unix)]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends with Ctrl-C.
#[cfg(not(unix))]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

// === impl Arguments ===

impl Arguments {
    fn options(self) -> anyhow::Result<Options> {
        let defaults = Options::default();
        let mut clients = or(self.clients, defaults.clients);
        for client in &mut clients {
            client.redirect_uris.clone_from(&self.redirect_uris);
        }
        let mut faults = Faults::default();
        for fault in &self.faults {
            let (name, setting) = fault.split_once('=').unwrap_or((fault, "{}"));
            let setting = serde_json::from_str(setting)
                .with_context(|| format!("--fault {name}: {setting:?} is no JSON"))?;
            faults.set(name, setting)?;
        }
        Ok(Options {
            port: self.port,
            aliases: or(self.aliases, defaults.aliases),
            clients,
            uid: self.user,
            password: self.password,
            database: defaults.database,
            access_tokens: self.access_tokens,
            seed: match &self.records {
                Some(file) => records(file)?,
                None if self.empty => Seed::Empty,
                None => Seed::Samples,
            },
            clock: match (self.now, self.run_from) {
                (Some(at), _) => ClockStart::Fixed(at),
                (None, Some(from)) => ClockStart::Running(from),
                (None, None) => ClockStart::Real,
            },
            faults,
        })
    }
}

fn or<T>(given: Vec<T>, default: Vec<T>) -> Vec<T> {
    if given.is_empty() { default } else { given }
}

fn client(text: &str) -> anyhow::Result<Client> {
    let (id, secret) = text
        .split_once(':')
        .ok_or_else(|| anyhow!("expected ID:SECRET"))?;
    Ok(Client::new(id, secret))
}

fn records(file: &Path) -> anyhow::Result<Seed> {
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    match serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))? {
        serde_json::Value::Object(objects) => Ok(Seed::Records(objects)),
        _ => bail!(
            "{} has to hold an object such as {{\"AbEntry\":[…]}}",
            file.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::Arguments;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn arguments_become_options_or_say_what_is_wrong() {
        let options = |arguments: &[&str]| {
            let parsed = Arguments::try_parse_from([&["fake-maximizer"], arguments].concat());
            parsed
                .map_err(|error| error.to_string())?
                .options()
                .map_err(|error| format!("{error:#}"))
        };
        let plain = options(&["--port", "0"]).unwrap();
        assert_eq!((plain.port, plain.aliases), (0, vec!["CloudElements".to_owned()]));
        let client = &options(&["--client", "a:b:c", "--redirect-uri", "https://x"])
            .unwrap()
            .clients[0];
        assert_eq!((client.id.as_str(), client.secret.as_str()), ("a", "b:c"));
        assert_eq!(client.redirect_uris, ["https://x"]);
        let faulty = options(&["--fault", "slow", "--fault", "page-cap={\"rows\":3}"])
            .unwrap()
            .faults;
        assert_eq!(faulty.page_cap.unwrap().rows, 3);
        assert!(faulty.slow.is_some());

        let check = |arguments: &[&str], expect: &str| {
            let problem = options(arguments).unwrap_err();
            assert!(problem.contains(expect), "{arguments:?}: {problem}");
        };
        check(&["--fault", "nope"], "rate-limit, call-budget");
        check(&["--fault", "slow={"], "is no JSON");
        check(&["--fault", "slow={\"ms\":1}"], "headers_ms");
        check(&["--client", "a"], "ID:SECRET");
        check(&["--empty", "--records", "x"], "cannot be used with");
        check(&["--records", "/nowhere"], "cannot be read");
        check(&["--now", "today"], "--now");
    }
}
