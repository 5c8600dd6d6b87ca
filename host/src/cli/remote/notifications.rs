//! `periodic notifications`: messages to topics, those of events among them.

use http::Method;
use serde_json::json;

use super::{Paging, Target, segment};
use crate::cli::table::Listing;

/// Which notification.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Notification {
    #[command(flatten)]
    target: Target,
    /// Its id, as `periodic notifications list` shows it.
    id: String,
}

/// `periodic notifications`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List what was sent to topics, newest first.
    List {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        paging: Paging,
        /// The topics: of an instance's events it is instance-ID-ELEMENT-events.
        #[arg(required = true, value_name = "TOPIC")]
        topics: Vec<String>,
    },
    /// Show a notification with all that it says.
    Show(Notification),
    /// List the deliveries of a notification: to whom it went, and how.
    Deliveries {
        #[command(flatten)]
        notification: Notification,
        #[command(flatten)]
        paging: Paging,
    },
    /// Send a message to whoever is subscribed to a topic.
    #[command(
        after_help = "Example:\n  periodic notifications send maintenance 'Back at noon' --severity low"
    )]
    Send {
        #[command(flatten)]
        target: Target,
        /// The topic.
        topic: String,
        /// What to say.
        message: String,
        /// How bad it is.
        #[arg(long, value_parser = ["low", "medium", "high"])]
        severity: Option<String>,
        /// Who says it.
        #[arg(long, value_name = "NAME")]
        from: Option<String>,
    },
    /// Mark a notification as taken note of.
    Acknowledge(Notification),
    /// Remove a notification; what is not delivered of it is not delivered any more.
    Delete(Notification),
}

const LISTING: Listing = Listing {
    columns: &[
        ("ID", "/id"),
        ("CREATED", "/createdDate"),
        ("TOPIC", "/topic"),
        ("SEVERITY", "/severity"),
        ("ACKNOWLEDGED", "/acknowledged"),
        ("EVENT", "/eventId"),
        ("MESSAGE", "/message"),
    ],
    empty: "Nothing was sent to these topics. `periodic subscriptions list` shows topics that somebody waits for.",
};
const ALL: &str = "/notifications";

impl Notification {
    fn path(&self) -> String {
        format!("{ALL}/{}", segment(&self.id))
    }
}

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List {
                target,
                paging,
                topics,
            } => {
                let query = topics.into_iter().map(|topic| ("topics[]", topic)).collect();
                target.pages(ALL, &paging, query, &LISTING).await
            }
            Self::Show(one) => one.target.show(&one.target.get(&one.path()).await?),
            Self::Deliveries { notification, paging } => {
                let path = format!("{}/subscriptions/deliveries", notification.path());
                let listing = &super::deliveries::LISTING;
                notification
                    .target
                    .pages(&path, &paging, Vec::new(), listing)
                    .await
            }
            Self::Send {
                target,
                topic,
                message,
                severity,
                from,
            } => {
                let body = json!({ "topic": topic, "message": message, "severity": severity, "from": from });
                target.show(&target.send(Method::POST, ALL, Some(&body)).await?)
            }
            Self::Acknowledge(one) => {
                let path = format!("{}/acknowledge", one.path());
                one.target.show(&one.target.send(Method::PUT, &path, None).await?)
            }
            Self::Delete(one) => {
                one.target.send(Method::DELETE, &one.path(), None).await?;
                one.target.done(&format!("notification {} is removed", one.id))
            }
        }
    }
}
