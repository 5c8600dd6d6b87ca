//! `periodic elements`.

use super::{Column, Target, segment};

/// `periodic elements`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List the elements that are served.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Show what has to be known to connect one.
    Show {
        #[command(flatten)]
        target: Target,
        /// Its key or id.
        element: String,
    },
}

const COLUMNS: [Column; 5] = [
    ("KEY", "/key"),
    ("ID", "/id"),
    ("NAME", "/name"),
    ("HUB", "/hub"),
    ("AUTHENTICATION", "/authentication/type"),
];

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { target } => target.list("/elements", &[], &COLUMNS).await,
            Self::Show { target, element } => {
                let path = format!("/elements/{}/setup", segment(&element));
                target.show(&target.get(&path).await?)
            }
        }
    }
}
