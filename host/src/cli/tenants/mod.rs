//! `periodic organizations`, `periodic accounts` and `periodic users`.
//!
//! They talk to the running host, as the user whose secrets they are given. With `--offline` they work on the data
//! folder of a host that is stopped, as its first operator: the way back in for whoever lost all secrets.

mod offline;
mod show;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use crate::{
    config::{Flags, load},
    egress::OperatorClient,
    vault::Secret,
};

/// Where to work, and as whom.
#[derive(Debug, Args)]
pub(super) struct Door {
    /// The running host [default: where the settings say that it listens].
    #[arg(long, env = "PERIODIC_HOST", value_name = "URL", global = true)]
    host: Option<String>,
    /// The secret of the user who asks.
    #[arg(
        long,
        env = "PERIODIC_USER_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        global = true
    )]
    user_secret: Option<String>,
    /// The secret of its organization.
    #[arg(
        long,
        env = "PERIODIC_ORGANIZATION_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        global = true
    )]
    organization_secret: Option<String>,
    /// Work on the data folder of a stopped host instead, as its first operator.
    #[arg(long, global = true)]
    offline: bool,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// `periodic organizations`.
#[derive(Debug, Subcommand)]
pub(super) enum Organizations {
    /// Show them.
    List,
    /// Make one with its first user, an administrator, and print both secrets.
    Create {
        /// Its name.
        name: String,
        /// The user's address.
        #[arg(long)]
        email: String,
    },
    /// Replace an organization's secret, and print the new one.
    Rotate {
        /// Its id.
        id: i64,
    },
    /// Refuse an organization's secret, until it is rotated.
    Revoke {
        /// Its id.
        id: i64,
    },
}

/// `periodic accounts`.
#[derive(Debug, Subcommand)]
pub(super) enum Accounts {
    /// Show them.
    List,
    /// Make one.
    Create {
        /// Its name.
        name: String,
        /// The id of its organization [default: the caller's].
        #[arg(long)]
        organization: Option<i64>,
    },
}

/// `periodic users`.
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Show them.
    List,
    /// Make one, and print its secret.
    Create {
        /// Its address.
        email: String,
        /// Its first name.
        #[arg(long, default_value = "")]
        first_name: String,
        /// Its last name.
        #[arg(long, default_value = "")]
        last_name: String,
        /// The id of its account [default: the caller's].
        #[arg(long)]
        account: Option<i64>,
        /// What it may do: member, administrator or operator.
        #[arg(long, default_value = "member")]
        role: String,
    },
    /// Replace a user's secret, and print the new one.
    Rotate {
        /// Its id.
        id: i64,
    },
    /// Refuse a user's secret, until it is rotated.
    Revoke {
        /// Its id.
        id: i64,
    },
}

/// What is asked, once for both doors.
#[derive(Debug)]
enum Task {
    List(Kind),
    Create(Kind, Value),
    Rotate(Kind, i64),
    Revoke(Kind, i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Organizations,
    Accounts,
    Users,
}

pub(super) async fn organizations(flags: &Flags, door: &Door, command: Organizations) -> anyhow::Result<()> {
    let kind = Kind::Organizations;
    let task = match command {
        Organizations::List => Task::List(kind),
        Organizations::Create { name, email } => {
            Task::Create(kind, json!({ "name": name, "user": { "email": email } }))
        }
        Organizations::Rotate { id } => Task::Rotate(kind, id),
        Organizations::Revoke { id } => Task::Revoke(kind, id),
    };
    run(flags, door, kind, task).await
}

pub(super) async fn accounts(flags: &Flags, door: &Door, command: Accounts) -> anyhow::Result<()> {
    let kind = Kind::Accounts;
    let task = match command {
        Accounts::List => Task::List(kind),
        Accounts::Create { name, organization } => {
            Task::Create(kind, json!({ "name": name, "organizationId": organization }))
        }
    };
    run(flags, door, kind, task).await
}

pub(super) async fn users(flags: &Flags, door: &Door, command: Users) -> anyhow::Result<()> {
    let kind = Kind::Users;
    let task = match command {
        Users::List => Task::List(kind),
        Users::Create {
            email,
            first_name,
            last_name,
            account,
            role,
        } => Task::Create(
            kind,
            json!({
                "email": email, "firstName": first_name, "lastName": last_name, "accountId": account, "role": role,
            }),
        ),
        Users::Rotate { id } => Task::Rotate(kind, id),
        Users::Revoke { id } => Task::Revoke(kind, id),
    };
    run(flags, door, kind, task).await
}

async fn run(flags: &Flags, door: &Door, kind: Kind, task: Task) -> anyhow::Result<()> {
    let answer = match door.offline {
        true => offline::run(flags, task).await?,
        false => online(flags, door, task).await?,
    };
    if door.json {
        println!("{answer}");
    } else {
        show::show(kind, &answer);
    }
    Ok(())
}

async fn online(flags: &Flags, door: &Door, task: Task) -> anyhow::Result<Value> {
    let secret = |given: &Option<String>, name: &str| {
        let given = given.as_deref().filter(|given| !given.is_empty());
        given.map(Secret::from).with_context(|| {
            format!("--{name} is missing: give the secrets of whoever asks, or use --offline")
        })
    };
    let host = match &door.host {
        Some(host) => host.clone(),
        None => format!("http://{}", load(flags)?.settings.listen),
    };
    let user = secret(&door.user_secret, "user-secret")?;
    let organization = secret(&door.organization_secret, "organization-secret")?;
    let client = OperatorClient::new(&host, &user, &organization)?;
    Ok(match task {
        Task::List(kind) => client.call(Method::GET, kind.path(), None).await?,
        Task::Create(kind, body) => client.call(Method::POST, kind.path(), Some(&body)).await?,
        Task::Rotate(kind, id) => {
            let path = format!("{}/{id}/secret", kind.path());
            client.call(Method::PUT, &path, None).await?
        }
        Task::Revoke(kind, id) => {
            let path = format!("{}/{id}/secret", kind.path());
            client.call(Method::DELETE, &path, None).await?
        }
    })
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Organizations => "/organizations",
            Self::Accounts => "/accounts",
            Self::Users => "/users",
        }
    }
}
