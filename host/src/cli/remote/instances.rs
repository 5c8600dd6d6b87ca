//! `periodic instances`.

use anyhow::ensure;
use http::Method;
use serde_json::{Map, Value, json};

use super::{Column, Paging, Target, create::Create, given::Given, segment};

/// `periodic instances`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List instances.
    List {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        paging: Paging,
        /// Only with this text in name or tags.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only with this tag; several have to be there all.
        #[arg(long, value_name = "TAG")]
        tag: Vec<String>,
    },
    /// Show an instance.
    Show {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// Ask the provider whether an instance's credentials are good.
    Ping {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// Change an instance: what is not named stays.
    Change(Change),
    /// Switch an instance on.
    Enable {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// Switch an instance off: it is not polled, and its resources answer 403.
    Disable {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// Show the registration at the provider and the calls that came, where events come by webhook.
    Webhook {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
    /// Connect an element: make an instance, asking on a terminal for what is missing.
    Create(Box<Create>),
    /// Remove an instance with its events.
    Delete {
        #[command(flatten)]
        target: Target,
        /// Its id.
        id: String,
    },
}

/// `periodic instances change`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Change {
    #[command(flatten)]
    target: Target,
    /// Its id.
    id: String,
    /// Another name.
    #[arg(long)]
    name: Option<String>,
    /// Its tags instead of those that it has; may be given several times.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    #[command(flatten)]
    given: Given,
    /// A configuration key to remove; may be given several times.
    #[arg(long = "unset", value_name = "KEY")]
    unset: Vec<String>,
}

impl Change {
    async fn run(self) -> anyhow::Result<()> {
        let mut configuration = self.given.configuration()?;
        configuration.extend(self.unset.into_iter().map(|key| (key, Value::Null)));
        let mut change = Map::new();
        change.extend(self.name.map(|name| ("name".to_owned(), json!(name))));
        if !self.tag.is_empty() {
            change.insert("tags".to_owned(), json!(self.tag));
        }
        if !configuration.is_empty() {
            change.insert("configuration".to_owned(), Value::Object(configuration));
        }
        ensure!(
            !change.is_empty(),
            "nothing is to be changed: give --name, --tag, --set, --set-from or --unset"
        );
        let path = format!("/instances/{}", segment(&self.id));
        let change = Value::Object(change);
        let changed = self.target.send(Method::PATCH, &path, Some(&change)).await?;
        self.target.show(&changed)
    }
}

const COLUMNS: [Column; 6] = [
    ("ID", "/id"),
    ("NAME", "/name"),
    ("ELEMENT", "/element/key"),
    ("STATE", "/state"),
    ("DISABLED", "/disabled"),
    ("CREATED", "/createdDate"),
];

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List {
                target,
                paging,
                search,
                tag,
            } => {
                let mut query = paging.query();
                query.extend(search.map(|text| ("searchText", text)));
                query.extend(tag.into_iter().map(|tag| ("tags[]", tag)));
                target.list("/instances", &query, &COLUMNS).await
            }
            Self::Show { target, id } => {
                let shown = target.get(&format!("/instances/{}", segment(&id))).await?;
                target.show(&shown)
            }
            Self::Ping { target, id } => {
                let client = target.client_of(&id).await?;
                target.show(&client.call(Method::GET, "/ping", None).await?)
            }
            Self::Change(change) => change.run().await,
            Self::Enable { target, id } => {
                let path = format!("/instances/{}/enabled", segment(&id));
                target.send(Method::PUT, &path, None).await?;
                println!("instance {id} is enabled");
                Ok(())
            }
            Self::Disable { target, id } => {
                let path = format!("/instances/{}/enabled", segment(&id));
                target.send(Method::DELETE, &path, None).await?;
                println!("instance {id} is disabled");
                Ok(())
            }
            Self::Webhook { target, id } => {
                let path = format!("/instances/{}/webhook", segment(&id));
                target.show(&target.get(&path).await?)
            }
            Self::Create(create) => create.run().await,
            Self::Delete { target, id } => {
                let path = format!("/instances/{}", segment(&id));
                target.send(Method::DELETE, &path, None).await?;
                println!("instance {id} is removed");
                Ok(())
            }
        }
    }
}
