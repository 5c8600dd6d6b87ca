//! `/bulk`: exports of resources, asked for now and fetched when they are complete.

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use periodic_sdk::description::ResourceOperation;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    auth::OnInstance,
    elements,
    error::{ApiError, ApiResult},
    hub,
    openapi::{self, Endpoint},
    page::Page,
    query::Query,
    view,
};
use crate::{
    bulk::{ExportView, form},
    instance,
    store::{BulkError, BulkId, BulkJob, BulkStatus, NewBulk},
};

/// So many unfinished exports one instance may have.
const UNFINISHED: usize = 100;

pub(super) fn routes() -> Router<Api> {
    let under = |prefix: &str| {
        Router::new()
            .route(&format!("{prefix}/query"), post(ask))
            .route(&format!("{prefix}/jobs"), get(list))
            .route(&format!("{prefix}/{{id}}"), get(status).delete(end).post(upload))
            .route(&format!("{prefix}/{{id}}/status"), get(status))
            .route(&format!("{prefix}/{{id}}/errors"), get(errors))
            .route(&format!("{prefix}/{{id}}/{{object}}"), get(download))
    };
    under("/bulk").merge(under("/hubs/{hub}/bulk"))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let all = vec![
        Endpoint::post(
            "/bulk/query",
            "Ask for an export of a resource of the token's instance",
        )
        .asks(openapi::Q)
        .answers::<ExportView>()
        .guarded(),
        Endpoint::get("/bulk/jobs", "The exports of the token's instance, newest first")
            .pages::<ExportView>(),
        Endpoint::get("/bulk/{id}", "How far an export is").answers::<ExportView>(),
        Endpoint::post("/bulk/{id}", "Refused: nothing is taken in in bulk").refuses(),
        Endpoint::delete("/bulk/{id}", "Give an export up, or remove a finished one"),
        Endpoint::get("/bulk/{id}/status", "How far an export is").answers::<ExportView>(),
        Endpoint::get("/bulk/{id}/errors", "What went wrong with it").pages::<ErrorView>(),
        Endpoint::get("/bulk/{id}/{object}", "What was exported")
            .asks(openapi::FORMAT)
            .exports()
            .may_conflict(),
    ];
    all.into_iter().map(Endpoint::by_token).collect()
}

/// What went wrong with an export.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportError)]
struct ErrorView {
    date: String,
    message: String,
    /// What the provider says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider_message: Option<String>,
}

/// An export in a path, with or without a hub before it.
#[derive(Debug, serde::Deserialize)]
struct JobPath {
    id: String,
}

/// What an export holds.
#[derive(Debug, serde::Deserialize)]
struct ObjectPath {
    id: String,
    object: String,
}

/// `POST /bulk/query`.
async fn ask(
    State(api): State<Api>,
    on: OnInstance,
    headers: HeaderMap,
    query: Query,
) -> ApiResult<Json<ExportView>> {
    hub::check_enabled(&on.instance)?;
    let select = hub::select(&query)?;
    let adapter = elements::find(&api, &on.instance.element).await?;
    let resource = hub::find(adapter.description(), &select.object)?;
    if !resource.operations.contains(&ResourceOperation::List) {
        let message = format!("q: {} of {} cannot be listed", select.object, adapter.key());
        return Err(ApiError::bad_request(message));
    }
    let job = NewBulk {
        account: on.instance.account,
        instance: on.instance.id,
        object: select.object,
        query: query.get("q").unwrap_or_default().to_owned(),
        callback: callback(&headers)?,
        created: api.host.clock.now(),
    };
    let made = api.host.store.create_bulk(job, UNFINISHED).await?;
    let made = made.ok_or_else(|| {
        let message = format!(
            "instance {} has {UNFINISHED} unfinished exports; wait for one, or give one up with DELETE /bulk/ID",
            on.instance.id
        );
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, message)
    })?;
    api.host.bulk_due.notify_one();
    Ok(Json(made.into()))
}

fn callback(headers: &HeaderMap) -> ApiResult<Option<String>> {
    const HEADER: &str = "Elements-Async-Callback-Url";
    let Some(url) = headers.get(HEADER) else {
        return Ok(None);
    };
    let url = url.to_str().unwrap_or("?").trim();
    if url.is_empty() {
        return Ok(None);
    }
    instance::check_callback(url).map_err(|what| ApiError::bad_request(format!("{HEADER}: {what}")))?;
    Ok(Some(url.to_owned()))
}

/// `POST /bulk/{object}`, `POST /bulk/workflows`.
async fn upload(_: OnInstance) -> ApiError {
    ApiError::bad_request(
        "this host exports in bulk and takes nothing in; make records with POST /{resource}",
    )
}

/// `GET /bulk/jobs`: the exports of the token's instance, newest first.
async fn list(
    State(api): State<Api>,
    on: OnInstance,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<ExportView>>)> {
    let page = Page::of(&query)?;
    let limit = page.limit().unwrap_or_default();
    let before = page.after.map(BulkId);
    let mut found = api.host.store.bulk_jobs(on.instance.id, before, limit).await?;
    let headers = page.headers(&mut found, |last| last.id.0);
    Ok((headers, Json(found.into_iter().map(ExportView::from).collect())))
}

/// `GET /bulk/{id}/status`.
async fn status(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<JobPath>,
) -> ApiResult<Json<ExportView>> {
    Ok(Json(find(&api, &on, &path.id).await?.into()))
}

/// `GET /bulk/{id}/errors`.
async fn errors(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<JobPath>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<ErrorView>>)> {
    let job = find(&api, &on, &path.id).await?;
    let page = Page::of(&query)?;
    let limit = page.limit().unwrap_or_default();
    let after = page.after.unwrap_or(0);
    let mut found = api.host.store.bulk_errors(job.id, after, limit).await?;
    let headers = page.headers(&mut found, |last| last.id);
    Ok((headers, Json(found.into_iter().map(error).collect())))
}

fn error(error: BulkError) -> ErrorView {
    ErrorView {
        date: view::instant(error.at),
        message: error.message,
        provider_message: error.provider_message,
    }
}

/// `DELETE /bulk/{id}`: give an unfinished export up, remove a finished one.
async fn end(State(api): State<Api>, on: OnInstance, Path(path): Path<JobPath>) -> ApiResult<StatusCode> {
    let job = find(&api, &on, &path.id).await?;
    let now = api.host.clock.now();
    api.host.store.end_bulk(on.instance.id, job.id, now).await?;
    Ok(StatusCode::OK)
}

async fn find(api: &Api, on: &OnInstance, id: &str) -> ApiResult<BulkJob> {
    let missing = || {
        ApiError::not_found(format!(
            "instance {} has no export {id}, or no longer (setting bulk.retention)",
            on.instance.id
        ))
    };
    let number = id.parse().map(BulkId).map_err(|_no_number| missing())?;
    let found = api.host.store.bulk_job(on.instance.id, number).await?;
    found.ok_or_else(missing)
}

/// The forms in which an export is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// A record a line.
    Lines,
    /// A record a line, under the name that clients of Cloud Elements ask for.
    NamedJson,
    /// An array.
    Array,
    /// RFC 4180.
    Csv,
}

impl Format {
    fn of(headers: &HeaderMap, query: &Query) -> ApiResult<Self> {
        match query.get("format") {
            Some("jsonl" | "ndjson") => return Ok(Self::Lines),
            Some("json") => return Ok(Self::Array),
            Some("csv") => return Ok(Self::Csv),
            Some(other) => {
                let message = format!("format: {other:?} is none; there are csv, jsonl and json");
                return Err(ApiError::bad_request(message));
            }
            None => {}
        }
        let accept = headers
            .get_all(header::ACCEPT)
            .into_iter()
            .filter_map(|accept| accept.to_str().ok());
        let mut best = (0.0, Self::NamedJson);
        for range in accept.flat_map(|accept| accept.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "text/csv" | "text/*" => Self::Csv,
                "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::Lines,
                _ => Self::NamedJson,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            if weight > best.0 {
                best = (weight, format);
            }
        }
        Ok(best.1)
    }

    fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Lines => "application/x-ndjson",
            Self::NamedJson | Self::Array => "application/json",
            Self::Csv => "text/csv",
        })
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Lines | Self::NamedJson => "jsonl",
            Self::Array => "json",
            Self::Csv => "csv",
        }
    }

    /// What stands before the first page.
    fn head(self, columns: &[String]) -> Result<Vec<u8>, csv::Error> {
        match self {
            Self::Lines | Self::NamedJson => Ok(Vec::new()),
            Self::Array => Ok(b"[".to_vec()),
            Self::Csv => form::csv_header(columns),
        }
    }

    /// A page.
    fn page(self, ordinal: u64, columns: &[String], lines: Bytes) -> Result<Bytes, csv::Error> {
        match self {
            Self::Lines | Self::NamedJson => Ok(lines),
            Self::Csv => form::csv_rows(columns, &lines).map(Bytes::from),
            Self::Array => {
                let mut items = if ordinal == 0 { Vec::new() } else { b",".to_vec() };
                let lines = lines.strip_suffix(b"\n").unwrap_or(&lines);
                // A line break cannot stand within a line's texts: JSON writes it as \n.
                items.extend(lines.iter().map(|&byte| if byte == b'\n' { b',' } else { byte }));
                Ok(items.into())
            }
        }
    }

    /// What stands behind the last page.
    fn tail(self) -> &'static [u8] {
        match self {
            Self::Array => b"]",
            Self::Lines | Self::NamedJson | Self::Csv => b"",
        }
    }
}

/// `GET /bulk/{id}/{object}`: what was exported.
async fn download(
    State(api): State<Api>,
    on: OnInstance,
    Path(path): Path<ObjectPath>,
    headers: HeaderMap,
    query: Query,
) -> ApiResult<Response> {
    let job = find(&api, &on, &path.id).await?;
    if path.object != job.object {
        let message = format!("export {} holds {}, not {}", job.id, job.object, path.object);
        return Err(ApiError::not_found(message));
    }
    let format = Format::of(&headers, &query)?;
    if job.status != BulkStatus::Completed {
        return Err(ApiError::new(StatusCode::CONFLICT, unfinished(&job)));
    }
    if format == Format::Csv && job.columns.len() > form::COLUMNS {
        let message = format!(
            "the records have more than {} different members, too many for a CSV file; fetch it with format=jsonl, or \
             name fields in the query",
            form::COLUMNS
        );
        return Err(ApiError::new(StatusCode::CONFLICT, message));
    }
    let disposition = format!(
        "attachment; filename=\"export-{}.{}\"",
        job.id,
        format.extension()
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, format.media_type());
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert("elements-returned-count", HeaderValue::from(job.records));
    Ok((headers, Body::from_stream(body(api, job, format))).into_response())
}

fn unfinished(job: &BulkJob) -> String {
    let id = job.id;
    match job.status {
        BulkStatus::Created | BulkStatus::Running | BulkStatus::Completed => {
            format!("export {id} is not complete yet; GET /bulk/{id}/status tells how far it is")
        }
        BulkStatus::Cancelled => format!("export {id} was given up; ask again with POST /bulk/query"),
        BulkStatus::Failed => {
            let reason = job.reason.as_deref().unwrap_or_default();
            format!("export {id} failed: {reason}")
        }
    }
}

/// The pages one after the other, each read when the last one is on its way.
fn body(
    api: Api,
    job: BulkJob,
    format: Format,
) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> {
    let broken = |error: csv::Error| std::io::Error::other(error);
    let head = format.head(&job.columns).map(Bytes::from).map_err(broken);
    let pages = stream::unfold(0, move |ordinal| {
        let (api, job_id, columns) = (api.clone(), job.id, job.columns.clone());
        let pages = job.pages;
        async move {
            if ordinal >= pages {
                return None;
            }
            let page = match api.host.store.bulk_page(job_id, ordinal).await {
                Ok(Some(lines)) => format.page(ordinal, &columns, lines).map_err(broken),
                // Somebody removed it. The connection breaks off, so that nobody takes this for the whole.
                Ok(None) => Err(std::io::Error::other("the export was removed")),
                Err(error) => Err(std::io::Error::other(error)),
            };
            Some((page, ordinal + 1))
        }
    });
    let tail = stream::once(async move { Ok(Bytes::from_static(format.tail())) });
    stream::once(async move { head }).chain(pages).chain(tail)
}
