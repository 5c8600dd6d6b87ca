//! `periodic bulk`.

use std::{io::Write as _, path::PathBuf, pin::pin};

use anyhow::Context as _;
use futures::StreamExt as _;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Paging, Target, segment, told};
use crate::{cli::table::Listing, egress::OperatorClient};

/// Whose export.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    target: Target,
    /// The instance's id.
    instance: String,
    /// The export's id.
    id: String,
}

/// `periodic bulk`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Ask for an export.
    #[command(
        after_help = "Examples:\n  periodic bulk query 5 'select * from contacts'\n  periodic bulk query 5 \"select \
                            LastName from contacts where LastName like 'C%'\""
    )]
    Query {
        #[command(flatten)]
        target: Target,
        /// The instance's id.
        instance: String,
        /// What to export: `select * from contacts where …`.
        query: String,
        /// Where to tell that it is complete.
        #[arg(long, value_name = "URL")]
        callback: Option<String>,
    },
    /// List the exports of an instance, newest first.
    List {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        paging: Paging,
        /// The instance's id.
        instance: String,
    },
    /// Show how far an export is.
    Status(Export),
    /// List what went wrong with an export, that too which another attempt got over.
    Errors {
        #[command(flatten)]
        export: Export,
        #[command(flatten)]
        paging: Paging,
    },
    /// Fetch a complete export.
    Download {
        #[command(flatten)]
        export: Export,
        /// A record a line, an array, or a table.
        #[arg(long, value_name = "FORMAT", value_parser = ["jsonl", "json", "csv"], default_value = "jsonl")]
        format: String,
        /// Write it here [default: standard output].
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Give an unfinished export up, or remove a finished one.
    Cancel(Export),
}

const LISTING: Listing = Listing {
    columns: &[
        ("ID", "/id"),
        ("STATUS", "/status"),
        ("OBJECT", "/objectName"),
        ("RECORDS", "/recordsCount"),
        ("BYTES", "/bytes"),
        ("MESSAGE", "/message"),
    ],
    empty: "The instance has no exports. `periodic bulk query INSTANCE 'select * from RESOURCE'` asks for one.",
};
const ERRORS: Listing = Listing {
    columns: &[
        ("AT", "/date"),
        ("MESSAGE", "/message"),
        ("PROVIDER", "/providerMessage"),
    ],
    empty: "Nothing went wrong.",
};

impl Export {
    async fn client(&self) -> anyhow::Result<OperatorClient> {
        self.target.client_of(&self.instance).await
    }

    fn path(&self, what: &str) -> String {
        format!("/bulk/{}{what}", segment(&self.id))
    }
}

impl Command {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Query {
                target,
                instance,
                query,
                callback,
            } => {
                let client = target.client_of(&instance).await?;
                let path = format!("/bulk/query?q={}", utf8_percent_encode(&query, NON_ALPHANUMERIC));
                let header = callback
                    .as_deref()
                    .map(|url| ("Elements-Async-Callback-Url", url));
                target.show(&client.post(&path, header).await?)
            }
            Self::List {
                target,
                paging,
                instance,
            } => {
                let client = target.client_of(&instance).await?;
                target.page(paging.fetch(&client, "/bulk/jobs", Vec::new()).await?, &LISTING)
            }
            Self::Status(export) => {
                let client = export.client().await?;
                let status = client.call(Method::GET, &export.path("/status"), None).await?;
                export.target.show(&status)
            }
            Self::Errors { export, paging } => {
                let client = export.client().await?;
                let page = paging.fetch(&client, &export.path("/errors"), Vec::new()).await?;
                export.target.page(page, &ERRORS)
            }
            Self::Download {
                export,
                format,
                output,
            } => download(&export, &format, output).await,
            Self::Cancel(export) => {
                let client = export.client().await?;
                client.call(Method::DELETE, &export.path(""), None).await?;
                export.target.done(&format!("export {} is gone", export.id))
            }
        }
    }
}

async fn download(export: &Export, format: &str, output: Option<PathBuf>) -> anyhow::Result<()> {
    let client = export.client().await?;
    let status = client.call(Method::GET, &export.path("/status"), None).await?;
    let object = segment(told(&status, "objectName")?);
    let path = format!("{}?format={format}", export.path(&format!("/{object}")));
    let mut pieces = pin!(client.stream(&path, None).await?);
    let mut sink: Box<dyn std::io::Write> = match &output {
        Some(file) => {
            let made = std::fs::File::create(file);
            Box::new(made.with_context(|| format!("{} cannot be written", file.display()))?)
        }
        None => Box::new(std::io::stdout().lock()),
    };
    while let Some(piece) = pieces.next().await {
        sink.write_all(&piece?)?;
    }
    Ok(sink.flush()?)
}
