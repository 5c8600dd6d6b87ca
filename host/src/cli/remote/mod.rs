//! What is done with a running host over its interface, from this machine or another.

pub(super) mod adapters;
mod ask;
mod bulk;
mod common;
mod consent;
mod create;
mod deliveries;
mod elements;
mod events;
mod given;
mod grant;
mod instances;
mod pollers;
mod polls;
mod settings;
mod subscriptions;
mod table;
mod tail;

pub(super) use self::{
    bulk::Command as Bulk,
    common::{Command as Common, Definitions, Transformations},
    deliveries::Command as Deliveries,
    elements::Command as Elements,
    events::Command as Events,
    instances::Command as Instances,
    pollers::Command as Pollers,
    polls::Command as Polls,
    settings::Command as Settings,
    subscriptions::Command as Subscriptions,
};

use anyhow::Context as _;
use http::Method;
use serde_json::Value;

use crate::{
    config::{Flags, load},
    egress::{OperatorClient, OperatorPage},
    vault::Secret,
};

/// Which host, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Target {
    /// The running host [default: where the settings say that it listens].
    #[arg(long, env = "PERIODIC_HOST", value_name = "URL")]
    host: Option<String>,
    /// The secret of the user who asks.
    #[arg(
        long,
        env = "PERIODIC_USER_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    user_secret: Option<String>,
    /// The secret of its organization.
    #[arg(
        long,
        env = "PERIODIC_ORGANIZATION_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    organization_secret: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A column of a table: its title, and where its value stands in each row.
type Column = (&'static str, &'static str);

impl Target {
    fn client(&self) -> anyhow::Result<OperatorClient> {
        let secret = |given: &Option<String>, flag: &str, variable: &str| {
            let given = given.as_deref().filter(|given| !given.is_empty());
            let given = given.with_context(|| {
                format!(
                    "{flag} is missing; it or {variable} is what `periodic init` or the first start printed"
                )
            })?;
            anyhow::Ok(Secret::from(given))
        };
        let user = secret(&self.user_secret, "--user-secret", "PERIODIC_USER_SECRET")?;
        let organization = secret(
            &self.organization_secret,
            "--organization-secret",
            "PERIODIC_ORGANIZATION_SECRET",
        )?;
        let host = match &self.host {
            Some(host) => host.clone(),
            None => format!("http://{}", load(&Flags::default())?.settings.listen),
        };
        Ok(OperatorClient::new(&host, &user, &organization)?)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.client()?.call(Method::GET, path, None).await?)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        Ok(self.client()?.call(method, path, body).await?)
    }

    /// A client that addresses an instance, as hub calls do.
    async fn client_of(&self, instance: &str) -> anyhow::Result<OperatorClient> {
        let client = self.client()?;
        let path = format!("/instances/{}", segment(instance));
        let shown = client.call(Method::GET, &path, None).await?;
        let token = shown.get("token").and_then(Value::as_str);
        let token = token.context("the host is of another version than this command")?;
        Ok(client.on_instance(&Secret::from(token)))
    }

    /// Print a list: as JSON, or as a table with these columns.
    async fn list(&self, path: &str, query: &[(&str, String)], columns: &[Column]) -> anyhow::Result<()> {
        self.rows(self.client()?.page(path, query).await?, columns)
    }

    /// Print a page of a list, likewise.
    fn rows(&self, page: OperatorPage, columns: &[Column]) -> anyhow::Result<()> {
        let OperatorPage { body, next } = page;
        if self.json {
            return table::json(&body);
        }
        let rows = body.as_array().map(Vec::as_slice).unwrap_or_default();
        table::rows(rows, columns);
        if let Some(next) = next {
            println!("There is more: --next {next}");
        }
        Ok(())
    }

    /// Print one thing: as JSON, or member by member.
    fn show(&self, body: &Value) -> anyhow::Result<()> {
        if self.json {
            return table::json(body);
        }
        table::members(body);
        Ok(())
    }
}

/// Which page of a list.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Paging {
    /// So many entries at most, up to 200.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u32,
    /// The page that begins here: what the page before said.
    #[arg(long, value_name = "TOKEN")]
    next: Option<String>,
}

impl Paging {
    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("pageSize", self.limit.to_string())];
        query.extend(self.next.clone().map(|next| ("nextPage", next)));
        query
    }
}

/// A key and its value: `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} has no equals sign"))?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// A path segment.
fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
