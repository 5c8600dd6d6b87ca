//! `/instances/{id}/polls` and `/instances/polls/{poll}`: what polls did.

use std::{collections::HashMap, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instances,
    openapi::{self, Endpoint},
    page::Page,
    query::Query,
    view,
};
use crate::{
    case::BenchError,
    clock::Millis,
    poll::{NoReplay, Replay, case_file},
    store::{
        InstanceId, PollEvents, PollFilter, PollId, PollRecord, PollRequest, PollResult, PollTrigger, User,
    },
    tape::TapeError,
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/instances/polls/{poll}", get(show))
        .route("/instances/polls/{poll}/case", get(case))
        .route("/instances/polls/{poll}/replay", post(replay))
        .route("/instances/{id}/polls/{poll}", get(show))
        .route("/instances/{id}/polls/{poll}/case", get(case))
        .route("/instances/{id}/polls/{poll}/replay", post(replay))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let of = |polls: &str| {
        let poll = |rest: &str| format!("{polls}/{{poll}}{rest}");
        [
            Endpoint::get(poll(""), "A poll, with the requests that it became").answers::<PollView>(),
            Endpoint::get(poll("/case"), "Its tape as a case file of its adapter's tests")
                .answers::<PollView>()
                .may_conflict(),
            Endpoint::post(
                poll("/replay"),
                "Run it again with the adapter that serves now, without the provider",
            )
            .answers::<ReplayView>()
            .at_provider()
            .may_conflict(),
        ]
    };
    let list = Endpoint::get("/instances/{id}/polls", "What its polls did, newest first")
        .asks(openapi::POLLS)
        .pages::<PollView>();
    let all = ["/instances/polls", "/instances/{id}/polls"];
    all.into_iter().flat_map(of).chain([list]).collect()
}

/// What a poll did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Poll)]
pub(super) struct PollView {
    id: PollId,
    instance_id: InstanceId,
    /// The element's key.
    element: String,
    resource: String,
    trigger: PollTrigger,
    result: PollResult,
    started: String,
    #[schema(value_type = i64)]
    milliseconds: Millis,
    /// The window, in provider time.
    since: String,
    until: String,
    request_count: u32,
    record_count: u32,
    event_count: u32,
    events: EventCounts,
    /// Where the cursor was moved to, when it was.
    #[schema(required)]
    cursor: Option<String>,
    /// The digest of the adapter.
    adapter: String,
    #[schema(required)]
    error: Option<String>,
    #[schema(required)]
    tape: Option<TapeView>,
    /// The requests that it became, where one poll is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    requests: Option<Vec<PollRequest>>,
    /// The path of its case file, where that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    file: Option<String>,
    /// The case file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    case: Option<String>,
}

/// How many events of each kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PollEvents)]
pub(super) struct EventCounts {
    created: u32,
    updated: u32,
    deleted: u32,
}

/// How large a tape is, and whether all of the poll is on it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tape)]
struct TapeView {
    bytes: u64,
    whole: bool,
}

/// What running a poll again came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PollReplay)]
struct ReplayView {
    #[serde(flatten)]
    replay: Replay,
    poll: PollId,
}

/// `GET /instances/{id}/polls`, newest first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<PollView>>)> {
    let instance = instances::find(&api, &caller.user, &id).await?;
    let page = Page::of(&query)?;
    let filter = PollFilter {
        instance: Some(instance.id),
        resource: query.get("resource").map(str::to_owned),
        result: query.get("result").map(result).transpose()?,
        before: page.after.map(PollId),
        limit: page.limit(),
        ..PollFilter::default()
    };
    let mut found = api.host.store.polls(caller.user.account, &filter).await?;
    let headers = page.headers(&mut found, |last| last.id.0);
    Ok((headers, Json(found.into_iter().map(outline).collect())))
}

/// `GET /instances/polls/{poll}`, `GET /instances/{id}/polls/{poll}`: with the requests that it became.
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<HashMap<String, String>>,
) -> ApiResult<Json<PollView>> {
    let mut poll = find(&api, &caller.user, &path).await?;
    let requests = std::mem::take(&mut poll.asked);
    Ok(Json(PollView {
        requests: Some(requests),
        ..outline(poll)
    }))
}

/// `GET …/polls/{poll}/case`: its tape as a case file.
async fn case(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<HashMap<String, String>>,
) -> ApiResult<Json<PollView>> {
    let poll = find(&api, &caller.user, &path).await?;
    let case = api.scheduler.case(&caller.user, &poll).await?;
    let file = case_file(&poll, case);
    Ok(Json(PollView {
        file: Some(file.path().to_string_lossy().into_owned()),
        case: Some(file.text()),
        ..outline(poll)
    }))
}

/// `POST …/polls/{poll}/replay`: run it again with the adapter that serves now, without the provider.
async fn replay(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<HashMap<String, String>>,
) -> ApiResult<Json<ReplayView>> {
    let poll = find(&api, &caller.user, &path).await?;
    let replay = api.scheduler.replay(&caller.user, &poll).await?;
    Ok(Json(ReplayView {
        replay,
        poll: poll.id,
    }))
}

impl From<NoReplay> for ApiError {
    fn from(no: NoReplay) -> Self {
        match no {
            NoReplay::NoTape(_) | NoReplay::Tape(TapeError::Foreign(_)) => {
                Self::new(StatusCode::CONFLICT, no.to_string())
            }
            NoReplay::Failure(failure) | NoReplay::Bench(BenchError::Session(failure)) => failure.into(),
            NoReplay::Store(error) => error.into(),
            NoReplay::Stopping => Self::unavailable(no.to_string(), Duration::from_secs(5)),
            no @ (NoReplay::Tape(TapeError::Vault(_)) | NoReplay::Bench(_)) => Self::internal(&no),
        }
    }
}

async fn find(api: &Api, user: &User, path: &HashMap<String, String>) -> ApiResult<PollRecord> {
    let text = |name| path.get(name).map(String::as_str);
    let (instance, poll) = (text("id"), text("poll").unwrap_or_default());
    let instance = match instance {
        Some(id) => Some(instances::find(api, user, id).await?.id),
        None => None,
    };
    let missing = || {
        ApiError::not_found(format!(
            "there is no record of a poll {poll}; the newest are kept (setting poll.records), and none beyond retention"
        ))
    };
    let filter = PollFilter {
        id: Some(poll.parse().map(PollId).map_err(|_no_number| missing())?),
        instance,
        ..PollFilter::default()
    };
    let found = api.host.store.polls(user.account, &filter).await?.pop();
    found.ok_or_else(missing)
}

fn result(text: &str) -> ApiResult<PollResult> {
    [PollResult::Idle, PollResult::Told, PollResult::Failed]
        .into_iter()
        .find(|known| json!(known) == *text)
        .ok_or_else(|| ApiError::bad_request(format!("result: {text:?} is none of idle, told and failed")))
}

/// A poll in lists.
pub(super) fn outline(poll: PollRecord) -> PollView {
    PollView {
        id: poll.id,
        instance_id: poll.instance,
        element: poll.element,
        resource: poll.resource,
        trigger: poll.trigger,
        result: poll.result,
        started: view::instant(poll.started),
        milliseconds: poll.finished.saturating_sub(poll.started),
        since: view::instant(poll.since),
        until: view::instant(poll.until),
        request_count: poll.requests,
        record_count: poll.records,
        event_count: poll.events.all,
        events: poll.events.into(),
        cursor: poll.cursor.map(view::instant),
        adapter: poll.adapter,
        error: poll.error,
        tape: poll.tape.map(|tape| TapeView {
            bytes: tape.bytes,
            whole: tape.whole,
        }),
        requests: None,
        file: None,
        case: None,
    }
}

impl From<PollEvents> for EventCounts {
    fn from(events: PollEvents) -> Self {
        Self {
            created: events.created,
            updated: events.updated,
            deleted: events.deleted,
        }
    }
}
