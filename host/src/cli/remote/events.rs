//! `periodic events`.

use serde_json::{Value, json};

use super::{Paging, Target, pages::Query, segment, tail};
use crate::cli::table::Listing;

/// `periodic events`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List stored events, newest first.
    List {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        paging: Paging,
        /// Only of this instance.
        #[arg(long, value_name = "ID")]
        instance: Option<String>,
        /// Only with this object.
        #[arg(long, value_name = "ID")]
        object: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// List what became of events: each attempt to deliver them, newest first.
    Dispositions {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        paging: Paging,
        /// Only of this instance.
        #[arg(long, value_name = "ID")]
        instance: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Show an event.
    Show {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// Print events as they come, until interrupted.
    Tail {
        #[command(flatten)]
        target: Target,
        /// Only of this instance.
        #[arg(long, value_name = "ID")]
        instance: Option<String>,
        /// Go on behind the event with this id of the stream; 0 begins with the oldest.
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// End after so many events.
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
    },
}

/// Which span of time.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Span {
    /// From when on: 2026-01-31 or 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Until when.
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

impl Span {
    fn query(self) -> Query {
        let ends = [("from", self.from), ("to", self.until)];
        let said = ends.into_iter().filter_map(|(name, end)| Some((name, end?)));
        said.collect()
    }
}

const LISTING: Listing = Listing {
    columns: &[
        ("ID", "/id"),
        ("DATE", "/eventDate"),
        ("STATUS", "/status"),
        ("INSTANCE", "/eventElementInstances/0/elementInstanceId"),
        ("TYPE", "/notifiedData/0/events/0/eventType"),
        ("RESOURCE", "/notifiedData/0/events/0/objectType"),
        ("OBJECT", "/notifiedData/0/events/0/objectId"),
    ],
    empty: NONE,
};
/// The last attempt stands for all; see [`with_last`].
const DISPOSITIONS: Listing = Listing {
    columns: &[
        ("EVENT", "/eventId"),
        ("CREATED", "/createdDate"),
        ("INSTANCE", "/elementInstanceId"),
        ("NOTIFICATION", "/notificationId"),
        ("ATTEMPTS", "/attempts"),
        ("LAST STATUS", "/last/status"),
        ("LAST MESSAGE", "/last/message"),
    ],
    empty: NONE,
};
const NONE: &str = "There are no such events. `periodic pollers list INSTANCE` shows what is polled and when, and \
                    `periodic events tail` waits for events.";

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List {
                target,
                paging,
                instance,
                object,
                span,
            } => {
                let path = match instance {
                    Some(instance) => format!("/instances/{}/events", segment(&instance)),
                    None => "/instances/events".to_owned(),
                };
                let mut query = span.query();
                query.extend(object.map(|object| ("objectId", object)));
                target.pages(&path, &paging, query, &LISTING).await
            }
            Self::Dispositions {
                target,
                paging,
                instance,
                span,
            } => {
                let client = match instance {
                    Some(instance) => target.client_of(&instance).await?,
                    None => target.client()?,
                };
                let path = "/instances/events/dispositions";
                let mut page = paging.fetch(&client, path, span.query()).await?;
                if !target.json {
                    page.rows.iter_mut().for_each(with_last);
                }
                target.page(page, &DISPOSITIONS)
            }
            Self::Show { target, id } => {
                let path = format!("/instances/events/{}", segment(&id));
                let shown = target.get(&path).await?;
                target.show(&shown)
            }
            Self::Tail {
                target,
                instance,
                after,
                limit,
            } => tail::run(&target, instance.as_deref(), after, limit).await,
        }
    }
}

/// For people, how often it was tried, and how it ended.
fn with_last(disposition: &mut Value) {
    let attempts = disposition["notificationData"].take();
    let attempts = attempts.as_array().map(Vec::as_slice).unwrap_or_default();
    disposition["attempts"] = json!(attempts.len());
    disposition["last"] = json!(attempts.last());
}
