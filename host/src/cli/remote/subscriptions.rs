//! `periodic subscriptions`.

use http::Method;
use serde_json::json;

use super::{Column, Paging, Target, segment};

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

const COLUMNS: [Column; 6] = [
    ("ID", "/id"),
    ("ACTIVE", "/active"),
    ("TOPICS", "/topics"),
    ("URL", "/config/url"),
    ("CREATED", "/createdDate"),
    ("REASON", "/reason"),
];
const ALL: &str = "/notifications/subscriptions";

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List {
                target,
                paging,
                topic,
            } => {
                let mut query = paging.query();
                query.extend(topic.map(|topic| ("topics[]", topic)));
                target.list(ALL, &query, &COLUMNS).await
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
                println!("subscription {id} is ended");
                Ok(())
            }
        }
    }
}
