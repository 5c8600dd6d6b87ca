//! `periodic deliveries`.

use http::Method;
use serde_json::json;

use super::{Column, Paging, Target, segment};

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
        /// Only in this status: created, delivered, retry or queued.
        #[arg(long)]
        status: Option<String>,
        /// Only to this URL.
        #[arg(long, value_name = "URL")]
        to: Option<String>,
    },
    /// Show a delivery with its attempts.
    Show {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// Make a delivery again, or all that failed, or those of a range.
    Replay {
        #[command(flatten)]
        target: Target,
        /// The delivery's id.
        #[arg(conflicts_with_all = ["failed", "instance", "from", "until"], required_unless_present_any = ["failed", "from"])]
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
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
}

const COLUMNS: [Column; 8] = [
    ("ID", "/id"),
    ("CREATED", "/createdDate"),
    ("STATUS", "/status"),
    ("INSTANCE", "/instanceId"),
    ("SUBSCRIPTION", "/subscriptionId"),
    ("EVENT", "/eventId"),
    ("ATTEMPTS", "/attempts"),
    ("LAST ERROR", "/lastError"),
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
                let mut query = paging.query();
                if !conditions.is_empty() {
                    query.push(("where", conditions.join(" and ")));
                }
                target.list(ALL, &query, &COLUMNS).await
            }
            Self::Show { target, id } => {
                let shown = target.get(&format!("{ALL}/{}", segment(&id))).await?;
                target.show(&shown)
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
