//! `periodic subscriptions`.

use http::Method;
use serde_json::json;

use super::{Paging, Target, pages::Query, segment};
use crate::cli::table::Listing;

/// `periodic subscriptions`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List subscriptions.
    List {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        paging: Paging,
        /// Only with this topic.
        #[arg(long)]
        topic: Option<String>,
    },
    /// Show a subscription.
    Show {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// Send what is told under topics to a URL.
    #[command(
        after_help = "Example:\n  periodic subscriptions create https://example.com/events instance-5-crm-events"
    )]
    Create {
        #[command(flatten)]
        target: Target,
        /// The callback URL.
        callback: String,
        /// The topics, for instance instance-1-crm-events.
        #[arg(required = true)]
        topics: Vec<String>,
    },
    /// Let a deactivated subscription work again, and send what waits for it.
    Resume {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// End a subscription.
    Delete {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
}

const LISTING: Listing = Listing {
    columns: &[
        ("ID", "/id"),
        ("ACTIVE", "/active"),
        ("TOPICS", "/topics"),
        ("URL", "/config/url"),
        ("CREATED", "/createdDate"),
        ("REASON", "/reason"),
    ],
    empty: "There are no such subscriptions. An instance with a callback URL has one (`periodic instances change ID \
            --set event.notification.callback.url=URL`); `periodic subscriptions create URL TOPIC` makes others.",
};
const ALL: &str = "/notifications/subscriptions";

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List {
                target,
                paging,
                topic,
            } => {
                let query: Query = topic.map(|topic| ("topics[]", topic)).into_iter().collect();
                target.pages(ALL, &paging, query, &LISTING).await
            }
            Self::Show { target, id } => {
                let shown = target.get(&format!("{ALL}/{}", segment(&id))).await?;
                target.show(&shown)
            }
            Self::Create {
                target,
                callback,
                topics,
            } => {
                let body = json!({ "channel": "webhook", "topics": topics, "config": { "url": callback } });
                let made = target.send(Method::POST, ALL, Some(&body)).await?;
                target.show(&made)
            }
            Self::Resume { target, id } => {
                let path = format!("{ALL}/{}/resume", segment(&id));
                let resumed = target.send(Method::POST, &path, Some(&json!({}))).await?;
                target.show(&resumed)
            }
            Self::Delete { target, id } => {
                let path = format!("{ALL}/{}", segment(&id));
                target.send(Method::DELETE, &path, None).await?;
                target.done(&format!("subscription {id} is ended"))
            }
        }
    }
}
