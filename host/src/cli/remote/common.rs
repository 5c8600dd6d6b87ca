//! `periodic objects` and `periodic transformations`: common objects at each level.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::ArgGroup;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Target, segment};
use crate::cli::table::{self, Listing};

/// What either command does, with what it is given to know the place.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command<P: Place> {
    /// List them.
    List {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        place: P,
    },
    /// Show one.
    Show {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        place: P,
        /// The common object.
        name: String,
    },
    /// Make one, or replace it.
    Set {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        place: P,
        /// The common object.
        name: String,
        /// A file with its JSON; - is standard input.
        file: PathBuf,
    },
    /// Remove one.
    Delete {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        place: P,
        /// The common object.
        name: String,
    },
}

/// Where something stands.
pub(in crate::cli) trait Place: clap::Args {
    /// How all are shown.
    const LISTING: Listing<'static>;
    /// The path of all.
    fn all(&self) -> String;
    /// The paths of what has to be there before anything can be missing.
    fn above(&self) -> Vec<String>;
    /// The path of one.
    fn one(&self, name: &str) -> String;
}

/// Where definitions stand.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Definitions {
    #[command(flatten)]
    level: Level,
}

/// Where transformations stand.
#[derive(Debug, Clone, clap::Args)]
#[command(group(ArgGroup::new("whose").args(["element", "instance"]).required(true)))]
pub(in crate::cli) struct Transformations {
    /// The element whose resources are transformed.
    #[arg(long, value_name = "KEY")]
    element: Option<String>,
    #[command(flatten)]
    level: Level,
}

/// A level: the organization's, unless another is said.
#[derive(Debug, Clone, clap::Args)]
struct Level {
    /// Of your account.
    #[arg(long)]
    account: bool,
    /// Of an instance.
    #[arg(long, value_name = "ID", conflicts_with = "account")]
    instance: Option<String>,
}

impl Level {
    fn path(&self) -> String {
        match &self.instance {
            Some(id) => format!("/instances/{}", segment(id)),
            None if self.account => "/accounts".to_owned(),
            None => "/organizations".to_owned(),
        }
    }

    fn above(&self) -> Vec<String> {
        self.instance
            .iter()
            .map(|id| format!("/instances/{}", segment(id)))
            .collect()
    }
}

impl Place for Definitions {
    const LISTING: Listing<'static> = Listing {
        columns: &[("NAME", "/name"), ("LEVEL", "/level"), ("FIELDS", "/paths")],
        empty: "There are no definitions at this level. `periodic objects set NAME FILE` makes one.",
    };

    fn all(&self) -> String {
        format!("{}/objects/definitions", self.level.path())
    }

    fn one(&self, name: &str) -> String {
        format!("{}/objects/{}/definitions", self.level.path(), segment(name))
    }

    fn above(&self) -> Vec<String> {
        self.level.above()
    }
}

impl Place for Transformations {
    const LISTING: Listing<'static> = Listing {
        columns: &[
            ("NAME", "/name"),
            ("LEVEL", "/level"),
            ("RESOURCE", "/vendorName"),
            ("FIELDS", "/paths"),
        ],
        empty: "There are no transformations at this level. `periodic transformations set --element KEY NAME FILE` makes \
                one.",
    };

    fn all(&self) -> String {
        let element = self.element.as_deref().map(segment);
        let element = element.map_or_else(String::new, |key| format!("/elements/{key}"));
        format!("{}{element}/transformations", self.level.path())
    }

    fn one(&self, name: &str) -> String {
        format!("{}/{}", self.all(), segment(name))
    }

    fn above(&self) -> Vec<String> {
        let element = self
            .element
            .iter()
            .map(|key| format!("/elements/{}", segment(key)));
        element.chain(self.level.above()).collect()
    }
}

impl<P: Place> Command<P> {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { target, place } => list(&target, &place).await,
            Self::Show { target, place, name } => {
                let shown = target.get(&place.one(&name)).await?;
                target.show(&shown)
            }
            Self::Set {
                target,
                place,
                name,
                file,
            } => {
                let path = place.one(&name);
                let method = match found(&target, &path).await? {
                    Some(_) => Method::PUT,
                    None => Method::POST,
                };
                let set = target.send(method, &path, Some(&read(&file)?)).await?;
                target.show(&set)
            }
            Self::Delete { target, place, name } => {
                target.send(Method::DELETE, &place.one(&name), None).await?;
                target.done(&format!("{name} is removed"))
            }
        }
    }
}

async fn list<P: Place>(target: &Target, place: &P) -> anyhow::Result<()> {
    let all = match found(target, &place.all()).await? {
        Some(all) => all,
        // The host refuses to list nothing. But what is missing may be what it would be listed of.
        None => {
            for path in place.above() {
                target.get(&path).await?;
            }
            json!({})
        }
    };
    if target.json {
        return table::json(&all);
    }
    let rows = all.as_object().into_iter().flatten().map(|(name, one)| {
        let fields = one.get("fields").and_then(Value::as_array);
        let paths = fields.into_iter().flatten().map(|field| field.get("path"));
        json!({
            "name": name,
            "level": one.get("level"),
            "vendorName": one.get("vendorName"),
            "paths": paths.collect::<Vec<_>>(),
        })
    });
    P::LISTING.print(&rows.collect::<Vec<_>>());
    Ok(())
}

/// What stands at a path, if anything does.
async fn found(target: &Target, path: &str) -> anyhow::Result<Option<Value>> {
    match target.client()?.call(Method::GET, path, None).await {
        Err(error) if error.is_status(StatusCode::NOT_FOUND) => Ok(None),
        found => Ok(Some(found?)),
    }
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))
}
