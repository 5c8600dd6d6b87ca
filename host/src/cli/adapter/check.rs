//! `periodic adapter check`: a file as a host sees it.

use std::{path::PathBuf, process::ExitCode};

use comfy_table::{Table, presets::NOTHING};
use owo_colors::{OwoColorize as _, Stream};
use periodic_sdk::description::{Description, Resource};
use serde_json::json;

use super::lint::{Finding, Severity, lint};
use crate::{
    adapter::{Adapter, Compiler, LimitTable, Sandbox, SignatureView, Trust, Unloaded, Verdict},
    config::{Flags, load},
};

/// `periodic adapter check`. Exit code 1 when a host would not serve the file, or when something cannot work.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The adapter's .wasm file.
    file: PathBuf,
    /// The description file that belongs to it: NAME.element.toml.
    #[arg(long, value_name = "FILE")]
    package: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(flags: &Flags, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = load(flags)?.settings;
    let (limits, trust) = (LimitTable::of(&settings), Trust::of(&settings.adapters)?);
    let sandbox = Sandbox::with_trust(limits, trust, Compiler::of_this_program()?)?;
    let adapter = match sandbox.load(&arguments.file, arguments.package.as_deref()).await {
        Ok(adapter) => adapter,
        Err(Unloaded::Rejected { file, rejection }) if arguments.json => {
            println!("{}", json!({ "file": file, "rejected": rejection.to_string() }));
            return Ok(ExitCode::FAILURE);
        }
        Err(unloaded) => return Err(unloaded.into()),
    };
    let size = std::fs::metadata(&arguments.file)?.len();
    let described = adapter.described().await?;
    let findings = lint(adapter.description(), &described)?;
    if arguments.json {
        print_json(&adapter, size, &findings)?;
    } else {
        print_text(&adapter, size, &findings);
    }
    let fails = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if fails {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn print_json(adapter: &Adapter, size: u64, findings: &[Finding]) -> anyhow::Result<()> {
    let exports = adapter.exports().iter();
    let exports: Vec<String> = exports
        .map(|(interface, version)| format!("{interface}@{version}"))
        .collect();
    let shown = json!({
        "file": adapter.file(), "size": size, "digest": adapter.digest(), "exports": exports,
        "imports": adapter.imports(), "signature": adapter.verdict().map(SignatureView::from),
        "packageSignature": adapter.package_verdict().map(SignatureView::from),
        "description": adapter.description(), "findings": findings,
    });
    println!("{}", serde_json::to_string_pretty(&shown)?);
    Ok(())
}

fn print_text(adapter: &Adapter, size: u64, findings: &[Finding]) {
    let description = adapter.description();
    let Description {
        key, name, id, hub, ..
    } = description;
    println!(
        "file       {}, {size} bytes, blake3 {}",
        adapter.file(),
        adapter.digest()
    );
    let verdicts = [adapter.verdict(), adapter.package_verdict()];
    for verdict in verdicts.into_iter().flatten() {
        match verdict {
            Verdict::Trusted(name) => println!("signature  by the trusted key {name}"),
            Verdict::Doubtful(doubt) => println!("signature  not trusted: {doubt}"),
        }
    }
    println!("element    {key} (\"{name}\", id {id}), hub {hub}");
    println!("           authentication {}", json!(description.authentication));
    println!("exports    {}", versions(adapter.exports()));
    println!("imports    {}", adapter.imports().join(", "));
    println!("egress     {}", description.egress.join("\n           "));
    for binding in &description.secrets {
        println!(
            "secret     {} to {} of {}",
            binding.secret,
            binding.places.join(", "),
            binding.urls.join(", ")
        );
    }
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(["RESOURCE", "OPERATIONS", "ID", "POLLED BY DEFAULT"]);
    for (name, resource) in &description.resources {
        table.add_row([
            name.clone(),
            operations(resource),
            id_field(resource),
            polled(resource),
        ]);
    }
    println!("{table}");
    for Finding {
        severity,
        place,
        what,
    } in findings
    {
        let severity = match severity {
            Severity::Error => "error"
                .if_supports_color(Stream::Stdout, |text| text.red())
                .to_string(),
            Severity::Warning => "warning"
                .if_supports_color(Stream::Stdout, |text| text.yellow())
                .to_string(),
        };
        println!("{severity}: {place}: {what}");
    }
    if findings.is_empty() {
        println!("nothing to complain about");
    }
}

fn versions(exports: &[(String, String)]) -> String {
    let exports = exports
        .iter()
        .map(|(interface, version)| format!("{interface}@{version}"));
    exports.collect::<Vec<_>>().join(", ")
}

fn operations(resource: &Resource) -> String {
    let names = resource
        .operations
        .iter()
        .map(|operation| format!("{operation:?}").to_lowercase());
    names.collect::<Vec<_>>().join(", ")
}

fn id_field(resource: &Resource) -> String {
    resource.id_field.clone().unwrap_or_default()
}

fn polled(resource: &Resource) -> String {
    let url = resource.polling.as_ref().and_then(|polling| polling.get("url"));
    url.and_then(|url| url.as_str()).unwrap_or("no").to_owned()
}
