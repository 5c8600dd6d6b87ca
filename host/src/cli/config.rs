//! `periodic config`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::table::{self, Column};
use crate::config::{Flags, load};

/// `periodic config`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show every setting in force, and where it comes from.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

const COLUMNS: [Column; 3] = [("SETTING", "/setting"), ("VALUE", "/value"), ("FROM", "/source")];

pub(super) fn run(flags: &Flags, command: &Command) -> anyhow::Result<()> {
    let Command::Show { json } = command;
    let origins = load(flags)?.origins();
    let rows: Vec<Value> = origins
        .iter()
        .map(|origin| json!({ "setting": origin.setting, "value": origin.value, "source": origin.source }))
        .collect();
    if *json {
        return table::json(&Value::Array(rows));
    }
    table::print(&rows, &COLUMNS);
    Ok(())
}
