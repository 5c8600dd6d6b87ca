//! `periodic analytics`: how many events there were.

use serde_json::{Map, Value, json};

use super::Target;
use crate::cli::table::Listing;

/// `periodic analytics`.
///
/// One notification is one event, whatever number of changes it tells.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  periodic analytics\n  periodic analytics --by instance --interval day \
                        --from 2026-01-01 --until 2026-01-31"
)]
pub(in crate::cli) struct Analytics {
    #[command(flatten)]
    target: Target,
    /// Tell apart whose they were, and how many were delivered.
    #[arg(long, value_parser = ["account", "instance"])]
    by: Option<String>,
    /// How long the spans are that are counted.
    #[arg(long, default_value = "hour", value_parser = ["second", "minute", "hour", "day", "week"])]
    interval: String,
    /// From when on: 2026-01-31 or 2026-01-31T12:00:00Z [default: a day before --until].
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Until when [default: now].
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

const WHOLE: Listing = Listing {
    columns: &[("FROM", "/timestamp"), ("EVENTS", "/count")],
    empty: NONE,
};
const APART: Listing = Listing {
    columns: &[
        ("FROM", "/timestamp"),
        ("ACCOUNT", "/accountId"),
        ("EVENTS", "/count"),
        ("DELIVERED", "/success"),
        ("FAILED", "/failed"),
    ],
    empty: NONE,
};
const BY_INSTANCE: Listing = Listing {
    columns: &[
        ("FROM", "/timestamp"),
        ("INSTANCE", "/instanceId"),
        ("EVENTS", "/count"),
        ("DELIVERED", "/success"),
        ("FAILED", "/failed"),
    ],
    empty: NONE,
};
const NONE: &str = "There were no events. `periodic pollers list INSTANCE` shows what is polled and when.";

impl Analytics {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        let (of, listing) = match self.by.as_deref() {
            Some("account") => ("/accounts", APART),
            Some(_instance) => ("/instances", BY_INSTANCE),
            None => ("", WHOLE),
        };
        let path = format!("/instances/events/analytics{of}");
        let mut query = vec![("interval", self.interval)];
        query.extend(self.from.map(|from| ("from", from)));
        query.extend(self.until.map(|until| ("to", until)));
        let counted = self.target.client()?.page(&path, &query).await?.rows;
        if self.target.json {
            return self.target.list(counted, &listing);
        }
        // A quiet span says nothing to people.
        let told = counted.into_iter().filter(|span| span["count"] != 0);
        self.target.list(told.flat_map(rows).collect(), &listing)
    }
}

/// What a span of time says: itself, or whose events they were.
fn rows(span: Value) -> Vec<Value> {
    let Some(records) = span.get("records").and_then(Value::as_array) else {
        return vec![span];
    };
    let dated = records.iter().map(|record| {
        let mut row: Map<String, Value> = record.as_object().cloned().unwrap_or_default();
        row.insert("timestamp".to_owned(), json!(span["timestamp"]));
        Value::Object(row)
    });
    dated.collect()
}
