//! `periodic instances`.

use http::Method;

use super::{Column, Paging, Target, create::Create, segment};

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
