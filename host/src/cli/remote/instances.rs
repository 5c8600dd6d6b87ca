//! `periodic instances`.

use anyhow::ensure;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    Paging, Target,
    create::{Create, Setup},
    given::{Given, warn_of_unknown},
    pages::Query,
    rows, segment,
};
use crate::{cli::table::Listing, egress::OperatorPage};

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
        /// Only those that should be polled and are not.
        #[arg(long, conflicts_with_all = ["limit", "next", "all", "search", "tag"])]
        unpolled: bool,
    },
    /// Show an instance with its configuration.
    Show {
        #[command(flatten)]
        target: Target,
        /// Its id, as `periodic instances list` shows it.
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
        /// Process the calls that wait or failed now.
        #[arg(long)]
        retry: bool,
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
#[command(
    after_help = "Examples:\n  periodic instances change 5 --name Shop --set event.poller.refresh_interval=30\n  \
                        periodic instances change 5 --set-from acme-shop.key=ACME_SHOP_KEY --unset oauth.scope"
)]
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
        if let Some(Value::Object(configuration)) = change.get("configuration") {
            look_at(&self.target, &path, configuration).await;
        }
        let change = Value::Object(change);
        let changed = self.target.send(Method::PATCH, &path, Some(&change)).await?;
        self.target.show(&changed)
    }
}

/// Say of each key that nobody knows it, where the host tells what there is; the change itself says what is wrong otherwise.
async fn look_at(target: &Target, path: &str, configuration: &Map<String, Value>) {
    let Ok(instance) = target.get(path).await else {
        return;
    };
    let element = instance["element"]["key"].as_str().unwrap_or_default();
    let Ok(setup) = Setup::of(target, element).await else {
        return;
    };
    // What the instance has is known, such as what its adapter derived.
    let has = instance["configuration"].as_object().cloned().unwrap_or_default();
    let keys = configuration.keys().map(String::as_str);
    warn_of_unknown(target, &setup, keys, &has);
}

const LISTING: Listing = Listing {
    columns: &[
        ("ID", "/id"),
        ("NAME", "/name"),
        ("ELEMENT", "/element/key"),
        ("STATE", "/state"),
        ("DISABLED", "/disabled"),
        ("CREATED", "/createdDate"),
    ],
    empty: "There are no such instances. `periodic elements list` shows what can be connected, and `periodic instances \
            create ELEMENT` connects it.",
};

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List {
                target,
                paging,
                search,
                tag,
                unpolled,
            } => {
                if unpolled {
                    return target.list(rows(target.get("/instances/polling-disabled").await?)?, &LISTING);
                }
                let mut query: Query = search.map(|text| ("searchText", text)).into_iter().collect();
                query.extend(tag.into_iter().map(|tag| ("tags[]", tag)));
                target.page(found(&target, &paging, query).await?, &LISTING)
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
                target.done(&format!("instance {id} is enabled"))
            }
            Self::Disable { target, id } => {
                let path = format!("/instances/{}/enabled", segment(&id));
                target.send(Method::DELETE, &path, None).await?;
                target.done(&format!("instance {id} is disabled"))
            }
            Self::Webhook { target, id, retry } => {
                let path = format!("/instances/{}/webhook", segment(&id));
                let shown = match retry {
                    true => target.send(Method::POST, &format!("{path}/retry"), None).await?,
                    false => target.get(&path).await?,
                };
                target.show(&shown)
            }
            Self::Create(create) => create.run().await,
            Self::Delete { target, id } => {
                let path = format!("/instances/{}", segment(&id));
                target.send(Method::DELETE, &path, None).await?;
                target.done(&format!("instance {id} is removed"))
            }
        }
    }
}

/// The instances that match. That none does is a refusal of the host's, and here an answer.
async fn found(target: &Target, paging: &Paging, query: Query) -> anyhow::Result<OperatorPage> {
    match paging.fetch(&target.client()?, "/instances", query).await {
        Err(error) if error.is_status(StatusCode::NOT_FOUND) => Ok(OperatorPage {
            rows: Vec::new(),
            next: None,
        }),
        fetched => Ok(fetched?),
    }
}
