//! Lists of instances.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        Api,
        auth::Caller,
        elements,
        error::{ApiError, ApiResult},
        query::Query,
        view::{InstanceBody, Shown, events_enabled},
    },
    show,
};
use crate::{
    delivery::envelope,
    store::{Instance, InstanceFilter, InstanceId, InstanceState},
};

/// So many instances on a page, unless the caller says otherwise.
const PAGE: usize = 200;

/// The Element token's instance, or a page of instances.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Listed {
    One(Box<InstanceBody>),
    Page(Vec<InstanceBody>),
}

/// How many instances there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InstanceCount)]
pub(super) struct Count {
    total_instances: usize,
    /// By the elements' keys.
    element_instances: BTreeMap<String, usize>,
}

/// The polling of an instance, as a job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PollingJob)]
pub(super) struct Job {
    id: String,
    name: String,
    disallow_concurrent: bool,
    data: JobData,
    /// Why the instance is not polled, where the provider said it.
    #[schema(required)]
    reason: Option<String>,
}

/// What a job is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PollingJobData)]
struct JobData {
    element_key: String,
    topic: String,
    id: InstanceId,
}

/// `GET /instances`: the Element token's instance, or all that match.
pub(super) async fn all(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Listed>)> {
    list_with(&api, &caller, &query, None).await
}

/// `GET /elements/{key}/instances`.
pub(super) async fn of_element(
    State(api): State<Api>,
    caller: Caller,
    Path(element): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Listed>)> {
    let found = elements::find(&api, &element).await;
    let key = found.as_ref().map_or(element, |adapter| adapter.key().to_owned());
    let (headers, Json(listed)) = list_with(&api, &caller, &query, Some(key)).await?;
    // Instances outlive the adapter that serves them.
    match (found, &listed) {
        (Err(unknown), Listed::Page(page)) if page.is_empty() => Err(unknown),
        _ => Ok((headers, Json(listed))),
    }
}

/// `GET /instances/count`: how many there are, and of which elements.
pub(super) async fn count(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Count>> {
    let mut elements: BTreeMap<String, usize> = BTreeMap::new();
    let mut pages = Pages::default();
    while let Some(page) = pages.next(&api, &caller).await? {
        for instance in page {
            *elements.entry(instance.element).or_default() += 1;
        }
    }
    Ok(Json(Count {
        total_instances: elements.values().sum(),
        element_instances: elements,
    }))
}

/// `GET /instances/polling-disabled`: instances that should be polled and are not, without anybody having switched
/// them off: their credentials are refused, or a poller is paused.
pub(super) async fn polling_disabled(
    State(api): State<Api>,
    caller: Caller,
) -> ApiResult<Json<Vec<InstanceBody>>> {
    let mut shown = Vec::new();
    for instance in unpolled(&api, &caller).await? {
        let Json(body) = show(&api, &instance, Shown::Whole).await?;
        shown.push(body);
    }
    Ok(Json(shown))
}

/// `GET /jobs/polling-disabled`: the same as jobs, of which an instance that is polled has one.
pub(super) async fn jobs_disabled(State(api): State<Api>, caller: Caller) -> ApiResult<Json<Vec<Job>>> {
    let job = |instance: Instance| Job {
        id: instance.id.to_string(),
        name: format!("polling of {}", instance.name),
        disallow_concurrent: true,
        data: JobData {
            topic: envelope::topic(instance.id, &instance.element),
            element_key: instance.element,
            id: instance.id,
        },
        reason: instance.state_reason,
    };
    let found = unpolled(&api, &caller).await?;
    Ok(Json(found.into_iter().map(job).collect()))
}

async fn unpolled(api: &Api, caller: &Caller) -> ApiResult<Vec<Instance>> {
    let mut found = Vec::new();
    let mut pages = Pages::default();
    while let Some(page) = pages.next(api, caller).await? {
        for instance in page {
            if is_polling_disabled(api, &instance).await? {
                found.push(instance);
            }
        }
    }
    Ok(found)
}

/// All instances of an account, a page at a time.
#[derive(Debug, Default)]
struct Pages {
    after: Option<InstanceId>,
    done: bool,
}

impl Pages {
    async fn next(&mut self, api: &Api, caller: &Caller) -> ApiResult<Option<Vec<Instance>>> {
        if self.done {
            return Ok(None);
        }
        let filter = InstanceFilter {
            after: self.after,
            limit: Some(PAGE),
            ..InstanceFilter::default()
        };
        let page = api.host.store.instances(caller.user.account, &filter).await?;
        self.after = page.last().map(|last| last.id);
        self.done = page.len() < PAGE;
        Ok(Some(page))
    }
}

async fn is_polling_disabled(api: &Api, instance: &Instance) -> ApiResult<bool> {
    if instance.disabled || !events_enabled(instance) {
        return Ok(false);
    }
    if instance.state == InstanceState::NeedsAuthentication {
        return Ok(true);
    }
    let pollers = api.host.store.pollers(instance.id).await?;
    Ok(pollers.iter().any(|poller| poller.paused))
}

async fn list_with(
    api: &Api,
    caller: &Caller,
    query: &Query,
    element: Option<String>,
) -> ApiResult<(HeaderMap, Json<Listed>)> {
    if let (Some(instance), None) = (&caller.instance, &element) {
        let Json(shown) = show(api, instance, Shown::Whole).await?;
        return Ok((HeaderMap::new(), Json(Listed::One(Box::new(shown)))));
    }
    let limit = query
        .number("pageSize")?
        .map_or(PAGE, |size| (size as usize).min(PAGE));
    let after = match query.get("nextPage") {
        None => None,
        Some(token) => Some(token.parse().map(InstanceId).map_err(|_no_number| {
            ApiError::bad_request("nextPage: take the value of the Elements-Next-Page-Token header as it is")
        })?),
    };
    // `hydrate=false` leaves out what is large: the configuration and the element's particulars.
    let shape = match query.get("hydrate") {
        Some(text) if text.eq_ignore_ascii_case("false") => Shown::Brief,
        _ => Shown::Whole,
    };
    let tags: Vec<String> = query.all("tags[]").map(str::to_owned).collect();
    let search = query.get("searchText").map(str::to_owned);
    let searched = !tags.is_empty() || search.is_some();
    let filter = InstanceFilter {
        element,
        tags,
        search,
        after,
        limit: Some(limit + 1),
    };
    let mut instances = api.host.store.instances(caller.user.account, &filter).await?;
    if instances.is_empty() && searched {
        return Err(ApiError::not_found("no instance matches the search"));
    }
    let more = instances.len() > limit;
    instances.truncate(limit);
    let mut headers = HeaderMap::new();
    headers.insert("elements-returned-count", HeaderValue::from(instances.len()));
    if let (true, Some(last)) = (more, instances.last()) {
        headers.insert("elements-next-page-token", HeaderValue::from(last.id.0));
    }
    let mut shown = Vec::with_capacity(instances.len());
    for instance in &instances {
        let Json(body) = show(api, instance, shape).await?;
        shown.push(body);
    }
    Ok((headers, Json(Listed::Page(shown))))
}
