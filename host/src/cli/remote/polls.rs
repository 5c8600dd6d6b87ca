//! `periodic polls`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::anyhow;
use http::Method;
use serde_json::{Value, json};

use super::{Paging, Target, pages::Query, segment, told};
use crate::{
    case::{Bench, CaseFile},
    cli::{
        adapter,
        run::egress_options,
        table::{self, Column, Listing},
    },
    config::{Flags, load},
    poll::{Changed, Replay},
    store::TapeExtent,
};

/// Which poll.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Poll {
    #[command(flatten)]
    target: Target,
    /// The poll's id.
    id: String,
}

/// `periodic polls`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List the polls of an instance, newest first.
    List {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        paging: Paging,
        /// The instance's id.
        instance: String,
        /// Only of this resource.
        #[arg(long)]
        resource: Option<String>,
        /// Only those that came to this: nothing new, events, or a failure.
        #[arg(long, value_parser = ["idle", "told", "failed"])]
        result: Option<String>,
    },
    /// Show a poll with the requests that it became.
    Show(Poll),
    /// Print a poll as a case file of its adapter's tests. It holds what the provider answered: perhaps customers' data.
    Case(Poll),
    /// Run a poll again without its provider, and show what is different. Exit code 1 when something is.
    Replay {
        #[command(flatten)]
        poll: Poll,
        /// With this .wasm file, on this machine, instead of the adapter that the host serves.
        #[arg(long, value_name = "FILE")]
        adapter: Option<PathBuf>,
        /// The description file that belongs to it: NAME.element.toml.
        #[arg(long, value_name = "FILE", requires = "adapter")]
        package: Option<PathBuf>,
    },
}

pub(super) const LISTING: Listing = Listing {
    columns: &[
        ("ID", "/id"),
        ("STARTED", "/started"),
        ("RESOURCE", "/resource"),
        ("TRIGGER", "/trigger"),
        ("RESULT", "/result"),
        ("REQUESTS", "/requestCount"),
        ("RECORDS", "/recordCount"),
        ("EVENTS", "/eventCount"),
        ("ERROR", "/error"),
    ],
    empty: "No such polls are remembered. `periodic pollers list INSTANCE` shows when the next ones are, and `periodic \
            pollers poll INSTANCE` polls now.",
};
const REQUESTS: [Column; 7] = [
    ("METHOD", "/method"),
    ("URL", "/url"),
    ("STATUS", "/status"),
    ("BYTES", "/bytes"),
    ("MS", "/milliseconds"),
    ("DIGEST", "/digest"),
    ("ERROR", "/error"),
];

impl Poll {
    fn path(&self) -> String {
        format!("/instances/polls/{}", segment(&self.id))
    }
}

impl Command {
    pub(in crate::cli) async fn run(self, flags: &Flags) -> anyhow::Result<ExitCode> {
        match self {
            Self::List {
                target,
                paging,
                instance,
                resource,
                result,
            } => {
                let mut query: Query = resource
                    .map(|resource| ("resource", resource))
                    .into_iter()
                    .collect();
                query.extend(result.map(|result| ("result", result)));
                let path = format!("/instances/{}/polls", segment(&instance));
                target.pages(&path, &paging, query, &LISTING).await?;
            }
            Self::Show(poll) => {
                let shown = poll.target.get(&poll.path()).await?;
                poll.target.show_with(shown, "requests", &REQUESTS)?;
            }
            Self::Case(poll) => {
                let shown = poll.target.get(&format!("{}/case", poll.path())).await?;
                if poll.target.json {
                    table::json(&shown)?;
                } else {
                    print!("{}", told(&shown, "case")?);
                }
            }
            Self::Replay {
                poll, adapter: None, ..
            } => {
                let path = format!("{}/replay", poll.path());
                let replay = poll.target.send(Method::POST, &path, Some(&json!({}))).await?;
                return outcome(&poll, &replay);
            }
            Self::Replay {
                poll,
                adapter: Some(file),
                package,
            } => {
                let replay = replay_here(flags, &poll, &file, package.as_deref()).await?;
                let mut replay = json!(replay);
                replay["poll"] = json!(poll.id);
                return outcome(&poll, &replay);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// In the sandbox of this machine.
async fn replay_here(
    flags: &Flags,
    poll: &Poll,
    file: &Path,
    package: Option<&Path>,
) -> anyhow::Result<Replay> {
    let shown = poll.target.get(&format!("{}/case", poll.path())).await?;
    let name = told(&shown, "file")?;
    let case =
        CaseFile::parse(Path::new(name), told(&shown, "case")?).map_err(|what| anyhow!("{name}: {what}"))?;
    let sandbox = adapter::sandbox(flags)?;
    let adapter = Arc::new(sandbox.load(file, package).await?);
    let bench = Bench::new(sandbox.catalog(), egress_options(&load(flags)?.settings));
    let observed = bench.replay(&adapter, case.case()).await?;
    let extent = TapeExtent {
        bytes: shown["tape"]["bytes"].as_u64().unwrap_or_default(),
        whole: shown["tape"]["whole"].as_bool().unwrap_or_default(),
    };
    let recorded = told(&shown, "adapter")?.to_owned();
    let replayed = adapter.digest().to_owned();
    Ok(Replay::of(
        case.case(),
        &observed,
        recorded,
        replayed,
        Some(extent),
    ))
}

/// Print what a replay came to. The exit code says it too.
fn outcome(poll: &Poll, replay: &Value) -> anyhow::Result<ExitCode> {
    let same = replay["same"] == true;
    if poll.target.json {
        table::json(replay)?;
    } else {
        let (recorded, replayed) = (told(replay, "recorded")?, told(replay, "replayed")?);
        let short = |digest: &str| digest.chars().take(12).collect::<String>();
        let by = match recorded == replayed {
            true => format!("the adapter that polled, {}", short(recorded)),
            false => format!("{}; {} polled", short(replayed), short(recorded)),
        };
        let (word, requests) = (if same { "the same" } else { "DIFFERENT" }, &replay["requests"]);
        println!(
            "poll {}: {word} ({requests} requests compared; replayed by {by})",
            poll.id
        );
        let changed: Vec<Changed> = serde_json::from_value(replay["differences"].clone())?;
        for Changed { of, lines } in &changed {
            println!(
                "  {of}{}",
                if lines.is_empty() {
                    ""
                } else {
                    " (- recorded, + now):"
                }
            );
            lines.iter().for_each(|line| adapter::print_line(line));
        }
        if let Some(note) = replay["note"].as_str() {
            println!("  NOTE: {note}");
        }
    }
    Ok(if same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
