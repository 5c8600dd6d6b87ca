//! `periodic pollers`.

use http::Method;
use serde_json::{Value, json};

use super::{Target, polls, rows, segment};
use crate::cli::table::{self, Column, Listing};

/// Which poller.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Poller {
    #[command(flatten)]
    target: Target,
    /// The instance's id.
    instance: String,
    /// The resource.
    resource: String,
}

/// `periodic pollers`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List the pollers of an instance.
    List {
        #[command(flatten)]
        target: Target,
        /// The instance's id.
        instance: String,
    },
    /// Show a poller and its last polls.
    Show(Poller),
    /// Let a poller rest.
    Pause(Poller),
    /// Let a poller work again.
    Resume(Poller),
    /// Set a poller back: what changed since is told as events, again where it was told before.
    #[command(after_help = "Example:\n  periodic pollers rewind 5 contacts 2026-01-31T12:00:00Z")]
    Rewind {
        #[command(flatten)]
        poller: Poller,
        /// From when on: 2026-01-31 or 2026-01-31T12:00:00Z.
        since: String,
    },
    /// Poll an instance now.
    Poll {
        #[command(flatten)]
        target: Target,
        /// The instance's id.
        instance: String,
        /// Only this resource.
        resource: Option<String>,
    },
    /// Show what a poll would do: requests, records and events. Nothing is stored or delivered.
    Preview {
        #[command(flatten)]
        target: Target,
        /// The instance's id.
        instance: String,
        /// Only of this resource.
        resource: Option<String>,
        /// From when on, as a poller that was set back there.
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
    },
}

const LISTING: Listing = Listing {
    columns: &[
        ("RESOURCE", "/resource"),
        ("STATE", "/state"),
        ("LAST SUCCESS", "/lastSuccess"),
        ("NEXT RUN", "/nextRun"),
        ("CURSOR", "/cursor"),
        ("RECORDS", "/records"),
        ("EVENTS", "/events"),
        ("REASON", "/reason"),
    ],
    empty: "Nothing of the instance is polled. `periodic instances change ID --set event.notification.enabled=true` \
            polls what its element polls by default.",
};
const REQUESTS: [Column; 3] = [("METHOD", "/method"), ("URL", "/url"), ("BODY", "/body")];
const RECORDS: [Column; 3] = [
    ("OBJECT", "/objectId"),
    ("UPDATED", "/updated"),
    ("EVENT", "/event"),
];

impl Poller {
    async fn change(&self, change: Value) -> anyhow::Result<()> {
        let path = format!(
            "/instances/{}/pollers/{}",
            segment(&self.instance),
            segment(&self.resource)
        );
        let shown = self.target.send(Method::PATCH, &path, Some(&change)).await?;
        self.target.show(&shown)
    }
}

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { target, instance } => {
                let path = format!("/instances/{}/pollers", segment(&instance));
                target.list(rows(target.get(&path).await?)?, &LISTING)
            }
            Self::Show(poller) => {
                let (instance, resource) = (segment(&poller.instance), segment(&poller.resource));
                let path = format!("/instances/{instance}/pollers/{resource}");
                let shown = poller.target.get(&path).await?;
                poller.target.show_with(shown, "polls", polls::LISTING.columns)
            }
            Self::Pause(poller) => poller.change(json!({ "paused": true })).await,
            Self::Resume(poller) => poller.change(json!({ "paused": false })).await,
            Self::Rewind { poller, since } => poller.change(json!({ "cursor": since })).await,
            Self::Poll {
                target,
                instance,
                resource,
            } => {
                let path = format!("/instances/{}/polls", segment(&instance));
                let body = json!({ "resource": resource });
                let pollers = target.send(Method::POST, &path, Some(&body)).await?;
                target.list(rows(pollers)?, &LISTING)
            }
            Self::Preview {
                target,
                instance,
                resource,
                since,
            } => {
                let path = format!("/instances/{}/polls/preview", segment(&instance));
                let body = json!({ "resource": resource, "since": since });
                let previews = target.send(Method::POST, &path, Some(&body)).await?;
                if target.json {
                    return table::json(&previews);
                }
                previews.as_array().into_iter().flatten().for_each(preview);
                Ok(())
            }
        }
    }
}

fn preview(preview: &Value) {
    let text = |member: &str| preview.get(member).and_then(Value::as_str).unwrap_or_default();
    println!("{}, {} to {}", text("resource"), text("since"), text("until"));
    let list = |member: &str| preview.get(member).and_then(Value::as_array).cloned();
    table::print(&list("requests").unwrap_or_default(), &REQUESTS);
    println!(
        "{} records would be read, {} events would result",
        preview.get("recordCount").unwrap_or(&Value::Null),
        preview.get("eventCount").unwrap_or(&Value::Null)
    );
    if let Some(error) = preview.get("error").and_then(Value::as_str) {
        println!("it would fail: {error}");
    }
    let records = list("records").unwrap_or_default();
    if !records.is_empty() {
        table::print(&records, &RECORDS);
    }
    println!();
}
