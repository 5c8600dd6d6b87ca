//! Pages of lists: `pageSize`, `nextPage`, and the headers that tell of both.

use axum::http::{HeaderMap, HeaderValue};

use super::{
    error::{ApiError, ApiResult},
    query::Query,
};

/// So many entries on a page at most, and unless the caller says otherwise.
const MOST: usize = 200;

/// Which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    size: usize,
    /// The last entry of the page before.
    pub(super) after: Option<i64>,
}

impl Page {
    /// What the query asks for.
    pub(super) fn of(query: &Query) -> ApiResult<Self> {
        let size = query.number("pageSize")?;
        let after = query.get("nextPage").map(|token| {
            token.parse().map_err(|_no_number| {
                ApiError::bad_request(
                    "nextPage: take the value of the Elements-Next-Page-Token header as it is",
                )
            })
        });
        Ok(Self {
            size: size.map_or(MOST, |size| (size as usize).min(MOST)),
            after: after.transpose()?,
        })
    }

    /// How many entries to read: one more than are shown tells whether there is another page.
    pub(super) fn limit(self) -> Option<usize> {
        Some(self.size + 1)
    }

    /// Cut what was read to the page, and say what the headers say.
    pub(super) fn headers<T>(self, found: &mut Vec<T>, id: impl Fn(&T) -> i64) -> HeaderMap {
        let more = found.len() > self.size;
        found.truncate(self.size);
        let mut headers = HeaderMap::new();
        headers.insert("elements-returned-count", HeaderValue::from(found.len()));
        if let (true, Some(last)) = (more, found.last()) {
            headers.insert("elements-next-page-token", HeaderValue::from(id(last)));
        }
        headers
    }
}
