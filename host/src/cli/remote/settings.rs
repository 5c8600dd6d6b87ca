//! `periodic settings`: what an account says of itself.

use http::Method;
use serde_json::{Map, Value, json};

use super::{Target, pair};

/// `periodic settings`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Show the settings of the caller's account.
    Show {
        #[command(flatten)]
        target: Target,
    },
    /// Change some of them.
    Set {
        #[command(flatten)]
        target: Target,
        /// Keys and values, for instance notification.webhook.failure.policy=queue.
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = pair)]
        settings: Vec<(String, String)>,
    },
}

const ALL: &str = "/accounts/settings";

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Show { target } => target.show(&target.get(ALL).await?),
            Self::Set { target, settings } => {
                let settings = settings.into_iter().map(|(key, value)| (key, json!(value)));
                let body = Value::Object(settings.collect::<Map<_, _>>());
                target.show(&target.send(Method::PATCH, ALL, Some(&body)).await?)
            }
        }
    }
}
