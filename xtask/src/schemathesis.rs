//! The interface's description against a live host: no answer is a 5xx, and none is outside of its schema.

use std::process::Command;

use anyhow::Context as _;

use crate::{
    build::{self, step},
    demo::{ORGANIZATION_SECRET, Stage, USER_SECRET},
    process::{complete, target},
    python,
};

/// The packages that are installed.
const PACKAGES: [&str; 1] = ["schemathesis==4.32.5"];
/// What is checked of every answer.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
/// What would end the run or never end itself: our own secrets revoked, our own instance removed, streams.
const LEFT_OUT: [&str; 2] = ["/secret$", "/stream$"];
/// What an Element token means.
const OF_THE_TOKEN: &str =
    "^/(hubs/.*/.*|bulk.*|query|ping|objects.*|instances/(config|enabled|docs|events|trace|obj|transf).*)$";

/// `cargo xtask schemathesis`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// So many test cases for each operation.
    #[arg(long, default_value_t = 25)]
    examples: u32,
    /// The same requests for the same number.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Only paths that match this.
    #[arg(long, value_name = "REGEX")]
    path: Option<String>,
}

/// Run it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let bin = python::environment("schemathesis", &PACKAGES)?;
    let built = build::all()?;
    let stage = Stage::set(&built)?;
    let instance = stage.create_instance()?;
    let token = instance["token"].as_str().context("the instance has no token")?;
    let callers = [
        (
            "the token of an instance",
            format!("User {USER_SECRET}, Element {token}"),
            true,
        ),
        (
            "a user of an organization",
            format!("User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"),
            false,
        ),
    ];
    for (who, authorization, by_token) in callers {
        step(&format!("schemathesis, as {who}"));
        let mut command = Command::new(bin.join("schemathesis"));
        command
            // It leaves caches where it runs.
            .current_dir(target())
            .arg("run")
            .arg(format!("{}/openapi.json", stage.host_url()))
            .args(["--url", &stage.at("")])
            .args(["--checks", CHECKS])
            .args(["--phases", "examples,coverage,fuzzing"])
            .args(["--header", &format!("Authorization: {authorization}")])
            .args(["--max-examples", &arguments.examples.to_string()])
            .args(["--seed", &arguments.seed.to_string()])
            // One worker: the parser of Python 3.11 fails now and then in several threads at once.
            .args(["--workers", "1", "--warnings", "off", "--request-timeout", "20"])
            .args(["--continue-on-failure", "--suppress-health-check", "all"])
            .args(["--generation-database", "none"]);
        for pattern in LEFT_OUT {
            command.args(["--exclude-path-regex", pattern]);
        }
        command.args(["--exclude-operation-id", "delete_instances"]);
        match &arguments.path {
            Some(path) => command.args(["--include-path-regex", path]),
            None if by_token => command.args(["--include-path-regex", OF_THE_TOKEN]),
            None => &mut command,
        };
        complete(&mut command)?;
    }
    Ok(())
}
