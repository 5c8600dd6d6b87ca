//! `periodic config`.

use clap::Subcommand;
use comfy_table::{Table, presets::NOTHING};

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

pub(super) fn run(flags: &Flags, command: &Command) -> anyhow::Result<()> {
    let Command::Show { json } = command;
    let origins = load(flags)?.origins();
    if *json {
        let rows: Vec<serde_json::Value> = origins
            .iter()
            .map(|origin| serde_json::json!({ "setting": origin.setting, "value": origin.value, "source": origin.source }))
            .collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["SETTING", "VALUE", "FROM"]);
    for origin in origins {
        table.add_row([origin.setting, origin.value, origin.source]);
    }
    println!("{table}");
    Ok(())
}
