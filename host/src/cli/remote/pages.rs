//! Lists that come page by page.

use super::Target;
use crate::{
    cli::table::Listing,
    egress::{OperatorClient, OperatorError, OperatorPage},
};

/// The most entries of a page.
const MOST: u8 = 200;

/// Which page of a list.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Paging {
    /// So many entries at most.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=i64::from(MOST)))]
    limit: u8,
    /// The page that begins here: what the page before said.
    #[arg(long, value_name = "TOKEN")]
    next: Option<String>,
    /// This page and all that follow.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// Conditions of a list, as a query.
pub(super) type Query = Vec<(&'static str, String)>;

impl Target {
    /// Fetch a list and print it.
    pub(super) async fn pages(
        &self,
        path: &str,
        paging: &Paging,
        query: Query,
        listing: &Listing<'_>,
    ) -> anyhow::Result<()> {
        let page = paging.fetch(&self.client()?, path, query).await?;
        self.page(page, listing)
    }

    /// Print what was fetched of a list. Where it goes on is told where it is not taken for a row.
    pub(super) fn page(&self, page: OperatorPage, listing: &Listing<'_>) -> anyhow::Result<()> {
        self.list(page.rows, listing)?;
        if let Some(next) = page.next {
            eprintln!("There is more: --next {next}, or --all");
        }
        Ok(())
    }
}

impl Paging {
    /// A page, or this one and all that follow.
    pub(super) async fn fetch(
        &self,
        client: &OperatorClient,
        path: &str,
        query: Query,
    ) -> Result<OperatorPage, OperatorError> {
        let size = if self.all { MOST } else { self.limit };
        let mut fetched = OperatorPage {
            rows: Vec::new(),
            next: self.next.clone(),
        };
        loop {
            let mut asked = vec![("pageSize", size.to_string())];
            asked.extend(fetched.next.take().map(|next| ("nextPage", next)));
            asked.extend(query.iter().cloned());
            let page = client.page(path, &asked).await?;
            fetched.rows.extend(page.rows);
            fetched.next = page.next;
            if !self.all || fetched.next.is_none() {
                return Ok(fetched);
            }
        }
    }
}
