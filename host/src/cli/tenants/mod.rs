//! `periodic organizations`, `periodic accounts` and `periodic users`.
//!
//! They talk to the running host, as the user whose secrets they are given. With `--offline` they work on the data
//! folder of a host that is stopped, as its first operator: the way back in for whoever lost all secrets.

mod offline;
mod show;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::remote::Target;
use crate::config::Flags;

/// Where to work, and as whom.
#[derive(Debug, Args)]
pub(super) struct Door {
    #[command(flatten)]
    target: Target,
    /// Work on the data folder of a stopped host instead, as its first operator.
    #[arg(long, global = true, help_heading = "Host")]
    offline: bool,
}

/// `periodic organizations`.
#[derive(Debug, Subcommand)]
pub(super) enum Organizations {
    /// List those that you may see.
    List,
    /// Show one.
    Show {
        /// Its id, or its name.
        #[arg(value_name = "ID_OR_NAME")]
        which: String,
    },
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
    /// List those that you may see.
    List,
    /// Show one.
    Show {
        /// Its id, or its name.
        #[arg(value_name = "ID_OR_NAME")]
        which: String,
    },
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
    /// List those that you may see.
    List,
    /// Show one.
    Show {
        /// Its id, or its address.
        #[arg(value_name = "ID_OR_ADDRESS")]
        which: String,
    },
    /// Make one, and print its secret.
    #[command(after_help = "Example:\n  periodic users create bob@example.com --role administrator")]
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
        /// What it may do: use its account's instances, manage its organization, or operate the host.
        #[arg(long, default_value = "member", value_parser = ["member", "administrator", "operator"])]
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
    /// Remove a user of whose making no instance is.
    Delete {
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
    Delete(Kind, i64),
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
        Organizations::Show { which } => return show_one(flags, door, kind, &which).await,
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
        Accounts::Show { which } => return show_one(flags, door, kind, &which).await,
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
        Users::Show { which } => return show_one(flags, door, kind, &which).await,
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
        Users::Delete { id } => Task::Delete(kind, id),
    };
    run(flags, door, kind, task).await
}

async fn run(flags: &Flags, door: &Door, kind: Kind, task: Task) -> anyhow::Result<()> {
    let done = match task {
        Task::Revoke(_, id) => format!("the secret of {} {id} is revoked", kind.one()),
        Task::Delete(_, id) => format!("{} {id} is removed", kind.one()),
        _ => String::new(),
    };
    match perform(flags, door, task).await? {
        Value::Null => door.target.done(&done),
        answer => show::show(door, kind, answer),
    }
}

async fn show_one(flags: &Flags, door: &Door, kind: Kind, which: &str) -> anyhow::Result<()> {
    let all = perform(flags, door, Task::List(kind)).await?;
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    door.target.show(find(kind, all, which)?)
}

async fn perform(flags: &Flags, door: &Door, task: Task) -> anyhow::Result<Value> {
    match door.offline {
        true => offline::run(flags, task).await,
        false => online(door, task).await,
    }
}

async fn online(door: &Door, task: Task) -> anyhow::Result<Value> {
    let client = door
        .target
        .client()
        .context("without --offline the running host is asked")?;
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
        Task::Delete(kind, id) => {
            let path = format!("{}/{id}", kind.path());
            client.call(Method::DELETE, &path, None).await?
        }
    })
}

/// The one with this id, or the only one of this name.
fn find<'v>(kind: Kind, all: &'v [Value], which: &str) -> anyhow::Result<&'v Value> {
    if let Ok(id) = which.parse::<i64>()
        && let Some(found) = all.iter().find(|one| one["id"] == id)
    {
        return Ok(found);
    }
    let is_named = |one: &&Value| {
        let name = one[kind.name()].as_str();
        name.is_some_and(|name| name.eq_ignore_ascii_case(which))
    };
    let named: Vec<&Value> = all.iter().filter(is_named).collect();
    match named.as_slice() {
        [one] => Ok(*one),
        [] => bail!(
            "there is no {} {which:?}; `periodic {}s list` shows those that you may see",
            kind.one(),
            kind.one()
        ),
        several => {
            let ids: Vec<String> = several.iter().map(|one| one["id"].to_string()).collect();
            bail!(
                "{} are called {which:?}: say which by its id, {}",
                several.len(),
                ids.join(" or ")
            )
        }
    }
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Organizations => "/organizations",
            Self::Accounts => "/accounts",
            Self::Users => "/users",
        }
    }

    fn one(self) -> &'static str {
        match self {
            Self::Organizations => "organization",
            Self::Accounts => "account",
            Self::Users => "user",
        }
    }

    /// The member that people know one by.
    fn name(self) -> &'static str {
        match self {
            Self::Organizations | Self::Accounts => "name",
            Self::Users => "email",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_found_by_id_or_by_a_name_of_its_own() {
        let all = [
            json!({ "id": 1, "name": "Sales" }),
            json!({ "id": 2, "name": "1" }),
            json!({ "id": 3, "name": "Twice" }),
            json!({ "id": 4, "name": "twice" }),
        ];
        let id = |which| find(Kind::Accounts, &all, which).map(|found| found["id"].clone());
        assert_eq!(id("1").unwrap(), 1);
        assert_eq!(id("sales").unwrap(), 1);
        assert!(id("twice").unwrap_err().to_string().contains("3 or 4"));
        assert!(
            id("5")
                .unwrap_err()
                .to_string()
                .contains("periodic accounts list")
        );
    }
}
