//! `periodic objects` and `periodic transformations`: common objects at each level.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Column, Target, segment, table};
use crate::egress::OperatorError;

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
    /// The path of all.
    fn all(&self) -> String;
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
pub(in crate::cli) struct Transformations {
    /// The element whose resources are transformed.
    #[arg(
        long,
        value_name = "KEY",
        required_unless_present = "instance",
        conflicts_with = "instance"
    )]
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

const COLUMNS: [Column; 4] = [
    ("NAME", "/name"),
    ("LEVEL", "/level"),
    ("RESOURCE", "/vendorName"),
    ("FIELDS", "/paths"),
];

impl Level {
    fn path(&self) -> String {
        match &self.instance {
            Some(id) => format!("/instances/{}", segment(id)),
            None if self.account => "/accounts".to_owned(),
            None => "/organizations".to_owned(),
        }
    }
}

impl Place for Definitions {
    fn all(&self) -> String {
        format!("{}/objects/definitions", self.level.path())
    }

    fn one(&self, name: &str) -> String {
        format!("{}/objects/{}/definitions", self.level.path(), segment(name))
    }
}

impl Place for Transformations {
    fn all(&self) -> String {
        let element = self.element.as_deref().map(segment);
        let element = element.map_or_else(String::new, |key| format!("/elements/{key}"));
        format!("{}{element}/transformations", self.level.path())
    }

    fn one(&self, name: &str) -> String {
        format!("{}/{}", self.all(), segment(name))
    }
}

impl<P: Place> Command<P> {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { target, place } => list(&target, &place.all()).await,
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
                println!("{name} is removed");
                Ok(())
            }
        }
    }
}

async fn list(target: &Target, path: &str) -> anyhow::Result<()> {
    let all = target.get(path).await?;
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
    table::rows(&rows.collect::<Vec<_>>(), &COLUMNS);
    Ok(())
}

/// What stands at a path, if anything does.
async fn found(target: &Target, path: &str) -> anyhow::Result<Option<Value>> {
    match target.client()?.call(Method::GET, path, None).await {
        Ok(body) => Ok(Some(body)),
        Err(OperatorError::Refused {
            status: StatusCode::NOT_FOUND,
            ..
        }) => Ok(None),
        Err(error) => Err(error.into()),
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
