//! `GET /query?q=select …`: a list in other words.

use axum::{extract::State, response::Response};

use super::{
    super::{
        Api,
        auth::OnInstance,
        error::{ApiError, ApiResult},
        query::Query,
    },
    LARGEST_PAGE, PAGE,
    address::Addressed,
    listed, start,
};
use crate::{adapter::contract::hub, bulk::Select};

/// `GET /query`. `limit` is a page's size and `offset` where it starts, which has to be a multiple of it; `pageSize`,
/// `page` and `nextPage` do the same without them.
pub(in crate::api) async fn get(State(api): State<Api>, on: OnInstance, query: Query) -> ApiResult<Response> {
    let select = select(&query)?;
    let limit = select.limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
    let page_size = match limit {
        Some(0) => return Err(ApiError::bad_request("q: LIMIT has to be above 0")),
        Some(limit) => limit,
        None => query.number("pageSize")?.unwrap_or(PAGE),
    };
    let page_size = page_size.min(LARGEST_PAGE);
    let start = match select.offset {
        0 => start(&query)?,
        offset if offset % u64::from(page_size) == 0 => {
            let page = offset / u64::from(page_size) + 1;
            hub::Position::Page(u32::try_from(page).unwrap_or(u32::MAX))
        }
        offset => {
            return Err(ApiError::bad_request(format!(
                "q: OFFSET {offset} is no multiple of the page's size, which is {page_size} (LIMIT, or pageSize)"
            )));
        }
    };
    let listing = hub::Listing {
        resource: select.object.clone(),
        where_: select.filter,
        fields: select.fields,
        order_by: select.order,
        start,
        page_size,
        total: query.truth("returnTotalCount"),
        parameters: Vec::new(),
    };
    let listed = listed(&api, &on, Addressed::plain(select.object), listing).await;
    listed.map_err(|error| error.of_parameter("q"))
}

/// The query's `q`, taken apart.
pub(in crate::api) fn select(query: &Query) -> ApiResult<Select> {
    let q = query
        .get("q")
        .ok_or_else(|| ApiError::bad_request("q: is missing; it is a query like select * from contacts"))?;
    Select::parse(q).map_err(|error| ApiError::bad_request(format!("q: {error}")))
}
