//! `periodic polls`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use http::Method;
use serde_json::{Value, json};

use super::{Column, Paging, Target, segment, table};
use crate::{
    case::{Bench, CaseFile},
    cli::{adapter, run::egress_options},
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
        /// Only those that came to this: idle, told or failed.
        #[arg(long)]
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

const COLUMNS: [Column; 9] = [
    ("ID", "/id"),
    ("STARTED", "/started"),
    ("RESOURCE", "/resource"),
    ("TRIGGER", "/trigger"),
    ("RESULT", "/result"),
    ("REQUESTS", "/requestCount"),
    ("RECORDS", "/recordCount"),
    ("EVENTS", "/eventCount"),
    ("ERROR", "/error"),
];
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
                let mut query = paging.query();
                query.extend(resource.map(|resource| ("resource", resource)));
                query.extend(result.map(|result| ("result", result)));
                let path = format!("/instances/{}/polls", segment(&instance));
                target.list(&path, &query, &COLUMNS).await?;
            }
            Self::Show(poll) => show(&poll.target, poll.target.get(&poll.path()).await?)?,
            Self::Case(poll) => {
                let shown = poll.target.get(&format!("{}/case", poll.path())).await?;
                if poll.target.json {
                    table::json(&shown)?;
                } else {
                    print!("{}", text(&shown, "case")?);
                }
            }
            Self::Replay {
                poll, adapter: None, ..
            } => {
                let path = format!("{}/replay", poll.path());
                let replay = poll.target.send(Method::POST, &path, Some(&json!({}))).await?;
                return told(&poll, &replay);
            }
            Self::Replay {
                poll,
                adapter: Some(file),
                package,
            } => {
                let replay = replay_here(flags, &poll, &file, package.as_deref()).await?;
                let mut replay = json!(replay);
                replay["poll"] = json!(poll.id);
                return told(&poll, &replay);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(target: &Target, mut poll: Value) -> anyhow::Result<()> {
    if target.json {
        return table::json(&poll);
    }
    let requests = poll
        .as_object_mut()
        .and_then(|members| members.shift_remove("requests"));
    table::members(&poll);
    if let Some(requests) = requests
        .as_ref()
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty())
    {
        println!();
        table::rows(requests, &REQUESTS);
    }
    Ok(())
}

/// In the sandbox of this machine.
async fn replay_here(
    flags: &Flags,
    poll: &Poll,
    file: &Path,
    package: Option<&Path>,
) -> anyhow::Result<Replay> {
    let shown = poll.target.get(&format!("{}/case", poll.path())).await?;
    let name = text(&shown, "file")?;
    let case =
        CaseFile::parse(Path::new(name), text(&shown, "case")?).map_err(|what| anyhow!("{name}: {what}"))?;
    let sandbox = adapter::sandbox(flags)?;
    let adapter = Arc::new(sandbox.load(file, package).await?);
    let bench = Bench::new(sandbox.catalog(), egress_options(&load(flags)?.settings));
    let observed = bench.replay(&adapter, case.case()).await?;
    let extent = TapeExtent {
        bytes: shown["tape"]["bytes"].as_u64().unwrap_or_default(),
        whole: shown["tape"]["whole"].as_bool().unwrap_or_default(),
    };
    let recorded = text(&shown, "adapter")?.to_owned();
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
fn told(poll: &Poll, replay: &Value) -> anyhow::Result<ExitCode> {
    let same = replay["same"] == true;
    if poll.target.json {
        table::json(replay)?;
    } else {
        let (recorded, replayed) = (text(replay, "recorded")?, text(replay, "replayed")?);
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

fn text<'v>(value: &'v Value, member: &str) -> anyhow::Result<&'v str> {
    let text = value.get(member).and_then(Value::as_str);
    text.with_context(|| format!("the host's answer has no {member:?}: is it of this version?"))
}
