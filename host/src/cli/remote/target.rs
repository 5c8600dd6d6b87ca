//! Which host is asked, and as whom; what it answers, for people and for programs.

use anyhow::Context as _;
use clap::{ArgMatches, FromArgMatches};
use http::Method;
use serde_json::{Value, json};

use super::{segment, told};
use crate::{
    cli::table::{self, Column, Listing},
    config::{Flags, load},
    egress::OperatorClient,
    vault::Secret,
};

/// Which host, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Target {
    /// The running host [env: PERIODIC_HOST] [default: where the settings say that it listens].
    #[arg(long, value_name = "URL", global = true, help_heading = "Host")]
    host: Option<String>,
    /// The secret of the user who asks [env: PERIODIC_USER_SECRET].
    #[arg(long, value_name = "SECRET", global = true, help_heading = "Host")]
    user_secret: Option<String>,
    /// The secret of its organization [env: PERIODIC_ORGANIZATION_SECRET].
    #[arg(long, value_name = "SECRET", global = true, help_heading = "Host")]
    organization_secret: Option<String>,
    /// Print JSON, errors too.
    #[arg(long, global = true)]
    pub(in crate::cli) json: bool,
    #[command(flatten)]
    settings: Settings,
}

/// The settings of this machine's host, from the flags that every command takes.
#[derive(Debug, Clone)]
struct Settings(Flags);

impl Target {
    /// A client of the host.
    pub(in crate::cli) fn client(&self) -> anyhow::Result<OperatorClient> {
        let secret = |given: &Option<String>, flag: &str, variable: &str| {
            let given = or_variable(given, variable).with_context(|| {
                format!(
                    "{flag} is missing: give it, or set {variable}, to what `periodic init` or the host's first start \
                     printed"
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
        let host = match or_variable(&self.host, "PERIODIC_HOST") {
            Some(host) => host,
            None => format!("http://{}", load(&self.settings.0)?.settings.listen),
        };
        Ok(OperatorClient::new(&host, &user, &organization)?)
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.client()?.call(Method::GET, path, None).await?)
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        Ok(self.client()?.call(method, path, body).await?)
    }

    /// A client that addresses an instance, as hub calls do.
    pub(super) async fn client_of(&self, instance: &str) -> anyhow::Result<OperatorClient> {
        let client = self.client()?;
        let path = format!("/instances/{}", segment(instance));
        let shown = client.call(Method::GET, &path, None).await?;
        let token = Secret::from(told(&shown, "token")?);
        Ok(client.on_instance(&token))
    }

    /// Print a list: as JSON, or as a table.
    pub(in crate::cli) fn list(&self, rows: Vec<Value>, listing: &Listing<'_>) -> anyhow::Result<()> {
        if self.json {
            return table::json(&Value::Array(rows));
        }
        listing.print(&rows);
        Ok(())
    }

    /// Print one thing: as JSON, or member by member.
    pub(in crate::cli) fn show(&self, body: &Value) -> anyhow::Result<()> {
        if self.json {
            return table::json(body);
        }
        table::members(body);
        Ok(())
    }

    /// Print one thing with a list in it, which people get as a table beneath the rest.
    pub(super) fn show_with(&self, mut body: Value, name: &str, columns: &[Column]) -> anyhow::Result<()> {
        if self.json {
            return table::json(&body);
        }
        let list = body
            .as_object_mut()
            .and_then(|members| members.shift_remove(name));
        table::members(&body);
        if let Some(Value::Array(rows)) = list
            && !rows.is_empty()
        {
            println!("\n{name}:");
            table::print(&rows, columns);
        }
        Ok(())
    }

    /// Say what was done where the host has nothing to show.
    pub(in crate::cli) fn done(&self, what: &str) -> anyhow::Result<()> {
        if self.json {
            return table::json(&json!({ "message": what }));
        }
        println!("{what}");
        Ok(())
    }
}

/// What the command line says, or a variable. They are not clap's: it would name what is set there in the usage of each
/// command that lacks something else.
fn or_variable(given: &Option<String>, variable: &str) -> Option<String> {
    let given = given.clone().or_else(|| std::env::var(variable).ok());
    given.filter(|given| !given.is_empty())
}

// === impl Settings ===

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Flags::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl clap::Args for Settings {
    /// They are global: every command has them.
    fn augment_args(command: clap::Command) -> clap::Command {
        command
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command
    }
}
