//! `periodic elements`.

use super::{Target, rows, segment};
use crate::cli::table::{Column, Listing};

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

const LISTING: Listing = Listing {
    columns: &[
        ("KEY", "/key"),
        ("ID", "/id"),
        ("NAME", "/name"),
        ("HUB", "/hub"),
        ("AUTHENTICATION", "/authentication/type"),
    ],
    empty: "The host serves no elements. `periodic adapter list` shows which adapters it has, and why one is rejected.",
};
const QUESTIONS: [Column; 6] = [
    ("KEY", "/key"),
    ("NAME", "/name"),
    ("TYPE", "/type"),
    ("NEEDED", "/needed"),
    ("SECRET", "/secret"),
    ("DEFAULT", "/default"),
];

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { target } => target.list(rows(target.get("/elements").await?)?, &LISTING),
            Self::Show { target, element } => {
                let path = format!("/elements/{}/setup", segment(&element));
                target.show_with(target.get(&path).await?, "questions", &QUESTIONS)
            }
        }
    }
}
