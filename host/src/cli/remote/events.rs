//! `periodic events`.

use super::{Column, Paging, Target, segment, tail};

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

const COLUMNS: [Column; 7] = [
    ("ID", "/id"),
    ("DATE", "/eventDate"),
    ("STATUS", "/status"),
    ("INSTANCE", "/eventElementInstances/0/elementInstanceId"),
    ("TYPE", "/notifiedData/0/events/0/eventType"),
    ("RESOURCE", "/notifiedData/0/events/0/objectType"),
    ("OBJECT", "/notifiedData/0/events/0/objectId"),
];

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List {
                target,
                paging,
                instance,
                object,
            } => {
                let path = match instance {
                    Some(instance) => format!("/instances/{}/events", segment(&instance)),
                    None => "/instances/events".to_owned(),
                };
                let mut query = paging.query();
                query.extend(object.map(|object| ("objectId", object)));
                target.list(&path, &query, &COLUMNS).await
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
