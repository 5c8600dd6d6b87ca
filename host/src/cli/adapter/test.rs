//! `periodic adapter test`: case files in the real sandbox.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use indexmap::IndexMap;
use owo_colors::{OwoColorize as _, Stream};

use crate::{
    adapter::{Adapter, Sandbox},
    case::{Bench, CaseFile, Difference, Live, Observed, Unheard, differences, lines},
    cli::run::egress_options,
    clock::Clock,
    config::{Flags, load},
    egress::Secrets,
    vault::Secret,
};

/// `periodic adapter test`. Exit code 1 when a case fails.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The adapter's .wasm file.
    file: PathBuf,
    /// The description file that belongs to it: NAME.element.toml.
    #[arg(long, value_name = "FILE")]
    package: Option<PathBuf>,
    /// The folder of case files, or one of them.
    #[arg(long, value_name = "DIR")]
    cases: PathBuf,
    /// Only cases whose name contains this.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Take what the adapter asks and returns now for what is expected.
    #[arg(long)]
    update: bool,
    /// Ask the real provider, and write what it was asked and answered into the cases.
    #[arg(long, conflicts_with = "update")]
    record: bool,
    /// With --record: a configuration value of the instance, KEY=VALUE; repeatable.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, requires = "record")]
    set: Vec<(String, String)>,
    /// With --record: a secret of the instance and the environment variable that holds it; repeatable.
    #[arg(long, value_name = "NAME=VARIABLE", value_parser = pair, requires = "record")]
    secret: Vec<(String, String)>,
}

/// How a case went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Written,
}

pub(super) async fn run(flags: &Flags, sandbox: &Sandbox, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let package = arguments.package.as_deref();
    let adapter = Arc::new(sandbox.load(&arguments.file, package).await?);
    let files = find(&arguments.cases, arguments.filter.as_deref())?;
    let bench = Bench::new(sandbox.catalog(), egress_options(&load(flags)?.settings));
    let secrets = secrets(arguments)?;
    let (mut passed, mut failed, mut written) = (0, 0, 0);
    for path in &files {
        let verdict = one(&bench, &adapter, path, arguments, &secrets).await;
        match verdict.unwrap_or_else(|error| unusable(path, &error)) {
            Verdict::Passed => passed += 1,
            Verdict::Failed => failed += 1,
            Verdict::Written => written += 1,
        }
    }
    let counts = [(passed, "passed"), (written, "written"), (failed, "failed")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    println!("{} cases: {}", files.len(), counts.join(", "));
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// The case files, by name.
fn find(place: &Path, filter: Option<&str>) -> anyhow::Result<Vec<PathBuf>> {
    if place.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    let unreadable = || format!("the folder {} cannot be read", place.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(place).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_case = path.extension().is_some_and(|ending| ending == "toml");
        if is_case && filter.is_none_or(|filter| name.contains(filter)) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!(
            "{} has no such case; cases are files that end in .toml",
            place.display()
        );
    }
    Ok(files)
}

/// The secrets that are given.
fn secrets(arguments: &Arguments) -> anyhow::Result<Secrets> {
    let mut secrets = Secrets::default();
    for (name, variable) in &arguments.secret {
        let value = std::env::var(variable).with_context(|| {
            format!("--secret {name}: the environment variable {variable} cannot be read")
        })?;
        secrets.insert(name.clone(), Secret::from(value));
    }
    Ok(secrets)
}

/// A case that cannot be run or written fails; the others are run all the same.
fn unusable(path: &Path, error: &anyhow::Error) -> Verdict {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    say(&name, Verdict::Failed);
    println!("  {}", format!("{error:#}").trim_end().replace('\n', "\n  "));
    Verdict::Failed
}

async fn one(
    bench: &Bench,
    adapter: &Arc<Adapter>,
    path: &Path,
    arguments: &Arguments,
    secrets: &Secrets,
) -> anyhow::Result<Verdict> {
    let mut file = CaseFile::read(path)?;
    let name = file.name();
    if arguments.record {
        return record(bench, adapter, &mut file, arguments, secrets.clone()).await;
    }
    let observed = bench.replay(adapter, file.case()).await;
    let observed = observed.with_context(|| path.display().to_string())?;
    let differences = differences(file.case(), &observed);
    let expects_nothing = file.case().result.is_none();
    if arguments.update && (expects_nothing || !differences.is_empty()) {
        return update(&mut file, &observed);
    }
    if differences.is_empty() {
        let note = if expects_nothing {
            " (any result will do)"
        } else {
            ""
        };
        say(&format!("{name}{note}"), Verdict::Passed);
        if let Some(bytes) = file.case().course.answered {
            println!(
                "  NOTE: what it asks for was answered with {bytes} bytes, more than are handed over; this case sends \
                 nothing, so that it cannot show that: look at what it asks for"
            );
        }
        return Ok(Verdict::Passed);
    }
    say(&name, Verdict::Failed);
    print_differences(&differences);
    Ok(Verdict::Failed)
}

/// Expect what came about. Without an answer of the provider there is nothing to expect.
fn update(file: &mut CaseFile, observed: &Observed) -> anyhow::Result<Verdict> {
    let unasked = file.expect(observed);
    let verdict = match observed.unanswered.is_empty() {
        true => write(file, observed)?,
        false => {
            file.write()?;
            say(&file.name(), Verdict::Failed);
            Verdict::Failed
        }
    };
    for unheard in &observed.unheard {
        let (request, reason) = (&unheard.request, unheard.reason());
        match unheard.exchange {
            Some(at) => {
                let number = at + 1;
                println!("  removed exchange {number}, which the host refused: {request}: {reason}");
            }
            None => println!("  the host refused what the adapter asked for: {request}: {reason}"),
        }
    }
    for (number, request) in unasked {
        println!("  removed exchange {number}, which the adapter does not come to: {request}");
    }
    for index in &observed.unanswered {
        let request = observed.exchanges.get(*index).map(|asked| asked.request.as_str());
        println!(
            "  exchange {} needs an answer: write the provider's into the case as its response, and run --update \
             again: {}",
            index + 1,
            request
                .and_then(|request| request.lines().next())
                .unwrap_or_default()
        );
    }
    Ok(verdict)
}

fn write(file: &CaseFile, observed: &Observed) -> anyhow::Result<Verdict> {
    file.write()?;
    match &observed.failed {
        Some(failed) => say(&format!("{} ({failed})", file.name()), Verdict::Written),
        None => say(&file.name(), Verdict::Written),
    }
    if observed.crashed {
        println!("  NOTE: the adapter crashed, and the case expects that now");
    }
    Ok(Verdict::Written)
}

/// Ask the real provider. What it did not hear is no recording: the file stays as it was.
async fn record(
    bench: &Bench,
    adapter: &Arc<Adapter>,
    file: &mut CaseFile,
    arguments: &Arguments,
    secrets: Secrets,
) -> anyhow::Result<Verdict> {
    let mut needed = file.case().secrets.iter();
    if let Some(missing) = needed.find(|name| secrets.get(name).is_none()) {
        bail!(
            "{}: the case has the secret {missing:?}; give it with --secret {missing}=VARIABLE",
            file.path().display()
        );
    }
    let configuration: IndexMap<String, String> = arguments.set.iter().cloned().collect();
    let names: Vec<String> = secrets.names().map(str::to_owned).collect();
    let live = Live {
        secrets,
        configuration: configuration.clone(),
        now: Clock::system().now(),
    };
    let now = live.now;
    let observed = bench.record(adapter, file.case(), live).await;
    let observed = observed.with_context(|| file.path().display().to_string())?;
    if !observed.unheard.is_empty() {
        say(&file.name(), Verdict::Failed);
        print_unheard(&observed.unheard);
        return Ok(Verdict::Failed);
    }
    file.record(&observed, now, &configuration, &names);
    write(file, &observed)
}

fn print_unheard(unheard: &[Unheard]) {
    println!("  not recorded, because the provider was not reached; the case stays as it was");
    let told = |unheard: &Unheard| format!("  {}: {}", unheard.request, unheard.reason());
    let mut lines: Vec<String> = unheard.iter().map(told).collect();
    // What was tried again is told once.
    lines.dedup();
    lines.iter().for_each(|line| println!("{line}"));
    if unheard.iter().any(|unheard| unheard.is_refused()) {
        println!(
            "  --set KEY=VALUE gives what the instance's configuration lacks, --secret NAME=VARIABLE a secret, and \
             --egress-allow 127.0.0.0/8 opens addresses of this machine"
        );
    }
}

fn say(name: &str, verdict: Verdict) {
    let word = match verdict {
        Verdict::Passed => "ok"
            .if_supports_color(Stream::Stdout, |text| text.green())
            .to_string(),
        Verdict::Failed => "FAILED"
            .if_supports_color(Stream::Stdout, |text| text.red())
            .to_string(),
        Verdict::Written => "written"
            .if_supports_color(Stream::Stdout, |text| text.yellow())
            .to_string(),
    };
    println!("{word} {name}");
}

fn print_differences(differences: &[Difference]) {
    for difference in differences {
        match difference {
            Difference::Note { note } => println!("  {}", note.replace('\n', "\n  ")),
            Difference::Text { of, expected, found } if expected.is_empty() => {
                println!("  {of}, which the case does not have:");
                found.lines().for_each(|line| print_line(&format!("+ {line}")));
            }
            Difference::Text { of, expected, found } => {
                println!("  {of} (- expected, + found):");
                lines(expected, found).iter().for_each(|line| print_line(line));
            }
        }
    }
}

/// A line of a difference, in its colour.
pub(in crate::cli) fn print_line(line: &str) {
    let line = match line.chars().next() {
        Some('-') => line
            .if_supports_color(Stream::Stdout, |text| text.red())
            .to_string(),
        Some('+') => line
            .if_supports_color(Stream::Stdout, |text| text.green())
            .to_string(),
        _ => line.to_owned(),
    };
    println!("    {line}");
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it should be like NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
