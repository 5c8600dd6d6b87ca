//! `/instances/{id}/polls` and `/instances/polls/{poll}`: what polls did.

use std::{collections::HashMap, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instances,
    page::Page,
    query::Query,
    view,
};
use crate::{
    case::BenchError,
    poll::{NoReplay, case_file},
    store::{PollEvents, PollFilter, PollId, PollRecord, PollResult, User},
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

/// `GET /instances/{id}/polls`, newest first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Value>)> {
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
    Ok((headers, Json(found.iter().map(outline).collect())))
}

/// `GET /instances/polls/{poll}`, `GET /instances/{id}/polls/{poll}`: with the requests that it became.
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<HashMap<String, String>>,
) -> ApiResult<Json<Value>> {
    let poll = find(&api, &caller.user, &path).await?;
    let mut shown = outline(&poll);
    shown["requests"] = json!(poll.asked);
    Ok(Json(shown))
}

/// `GET …/polls/{poll}/case`: its tape as a case file.
async fn case(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<HashMap<String, String>>,
) -> ApiResult<Json<Value>> {
    let poll = find(&api, &caller.user, &path).await?;
    let case = api.scheduler.case(&caller.user, &poll).await?;
    let file = case_file(&poll, case);
    let mut shown = outline(&poll);
    shown["file"] = json!(file.path());
    shown["case"] = json!(file.text());
    Ok(Json(shown))
}

/// `POST …/polls/{poll}/replay`: run it again with the adapter that serves now, without the provider.
async fn replay(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<HashMap<String, String>>,
) -> ApiResult<Json<Value>> {
    let poll = find(&api, &caller.user, &path).await?;
    let replay = api.scheduler.replay(&caller.user, &poll).await?;
    let mut shown = json!(replay);
    shown["poll"] = json!(poll.id);
    Ok(Json(shown))
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
pub(super) fn outline(poll: &PollRecord) -> Value {
    json!({
        "id": poll.id,
        "instanceId": poll.instance,
        "element": poll.element,
        "resource": poll.resource,
        "trigger": poll.trigger,
        "result": poll.result,
        "started": view::instant(poll.started),
        "milliseconds": poll.finished.saturating_sub(poll.started),
        "since": view::instant(poll.since),
        "until": view::instant(poll.until),
        "requestCount": poll.requests,
        "recordCount": poll.records,
        "eventCount": poll.events.all,
        "events": events(poll.events),
        "cursor": poll.cursor.map(view::instant),
        "adapter": poll.adapter,
        "error": poll.error,
        "tape": poll.tape.map(|tape| json!({ "bytes": tape.bytes, "whole": tape.whole })),
    })
}

/// How many events of each kind.
pub(super) fn events(events: PollEvents) -> Value {
    json!({ "created": events.created, "updated": events.updated, "deleted": events.deleted })
}
