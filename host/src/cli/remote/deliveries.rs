//! `periodic deliveries`.

use clap::ArgGroup;
use http::Method;
use serde_json::json;

use super::{Paging, Target, pages::Query, segment};
use crate::cli::table::{Column, Listing};

/// `periodic deliveries`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List deliveries, newest first.
    List {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        paging: Paging,
        /// Only of this instance.
        #[arg(long, value_name = "ID")]
        instance: Option<String>,
        /// Only in this status.
        #[arg(long, value_parser = ["created", "delivered", "retry", "queued"])]
        status: Option<String>,
        /// Only to this URL.
        #[arg(long, value_name = "URL")]
        to: Option<String>,
    },
    /// Show a delivery with its attempts.
    Show {
        #[command(flatten)]
        target: Target,
        /// Its id, as `periodic deliveries list` shows it.
        id: String,
    },
    /// Make a delivery again, or all that failed, or those of a range.
    #[command(
        group(ArgGroup::new("which").args(["id", "failed", "from"]).required(true).multiple(true)),
        after_help = "Examples:\n  periodic deliveries replay 1234\n  periodic deliveries replay --failed --instance 5\n  \
                      periodic deliveries replay --from 2026-01-31 --until 2026-02-01"
    )]
    Replay {
        #[command(flatten)]
        target: Target,
        /// The delivery's id.
        #[arg(conflicts_with_all = ["failed", "instance", "from", "until"])]
        id: Option<String>,
        /// All that are to be retried or are queued.
        #[arg(long)]
        failed: bool,
        /// Only of this instance.
        #[arg(long, value_name = "ID")]
        instance: Option<String>,
        /// Those made at this time or later, delivered ones too.
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        /// Those made before this time.
        #[arg(long, value_name = "DATE", requires = "from")]
        until: Option<String>,
    },
}

pub(super) const LISTING: Listing = Listing {
    columns: &[
        ("ID", "/id"),
        ("CREATED", "/createdDate"),
        ("STATUS", "/status"),
        ("INSTANCE", "/instanceId"),
        ("SUBSCRIPTION", "/subscriptionId"),
        ("EVENT", "/eventId"),
        ("ATTEMPTS", "/attempts"),
        ("LAST ERROR", "/lastError"),
    ],
    empty: "There are no such deliveries. What nobody is subscribed to is not delivered: see `periodic subscriptions \
            list`.",
};
const ATTEMPTS: [Column; 4] = [
    ("STARTED", "/started"),
    ("MS", "/milliseconds"),
    ("STATUS", "/status"),
    ("ERROR", "/error"),
];
const ALL: &str = "/notifications/subscriptions/deliveries";

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List {
                target,
                paging,
                instance,
                status,
                to,
            } => {
                let conditions = [("instanceId", instance), ("status", status), ("config.url", to)];
                let conditions: Vec<String> = conditions
                    .into_iter()
                    .filter_map(|(name, value)| Some(format!("{name}='{}'", value?.replace('\'', "''"))))
                    .collect();
                let mut query = Query::new();
                if !conditions.is_empty() {
                    query.push(("where", conditions.join(" and ")));
                }
                target.pages(ALL, &paging, query, &LISTING).await
            }
            Self::Show { target, id } => {
                let shown = target.get(&format!("{ALL}/{}", segment(&id))).await?;
                target.show_with(shown, "history", &ATTEMPTS)
            }
            Self::Replay {
                target, id: Some(id), ..
            } => {
                let path = format!("{ALL}/{}/replay", segment(&id));
                let told = target.send(Method::POST, &path, Some(&json!({}))).await?;
                target.show(&told)
            }
            Self::Replay {
                target,
                id: None,
                failed,
                instance,
                from,
                until,
            } => {
                let path = match instance {
                    Some(instance) => format!("/instances/{}/deliveries/replay", segment(&instance)),
                    None => format!("{ALL}/replay"),
                };
                let body = json!({ "status": failed.then_some("failed"), "from": from, "to": until });
                let told = target.send(Method::POST, &path, Some(&body)).await?;
                target.show(&told)
            }
        }
    }
}
