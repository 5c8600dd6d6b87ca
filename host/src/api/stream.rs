//! `GET /instances/events/stream`: events as they come, as server-sent events.
//!
//! The id of each is its position: a client that comes back with `Last-Event-ID` goes on behind it and misses nothing. Where
//! a stream begins is said at once, in an event that has its id alone, so that this holds before the first one, too.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION},
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use futures::{Stream, StreamExt as _, stream};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    events, instances,
    openapi::{self, Endpoint},
    query::Query,
};
use crate::store::{AccountId, InstanceId, Notification};

/// So many events are read at once.
const BATCH: usize = 100;
/// At the latest after so long it is looked whether another host stored something.
const LOOK: Duration = Duration::from_secs(5);
/// So often something is said on a quiet stream, for the sake of what stands between.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// So many streams one host serves.
pub(super) const STREAMS: usize = 256;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/instances/events/stream", get(all))
        .route("/instances/{id}/events/stream", get(of_instance))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/instances/events/stream",
            "Events as they happen, resumed by Last-Event-ID",
        )
        .asks(openapi::STREAM)
        .streams(),
        Endpoint::get(
            "/instances/{id}/events/stream",
            "Events of an instance as they happen",
        )
        .asks(openapi::STREAM)
        .streams(),
    ]
}

/// `GET /instances/events/stream`.
async fn all(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    query: Query,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let instance = caller.own();
    open(api, &caller, instance, &headers, &query).await
}

/// `GET /instances/{id}/events/stream`.
async fn of_instance(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    query: Query,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let instance = instances::find(&api, &caller.user, &id).await?.id;
    open(api, &caller, Some(instance), &headers, &query).await
}

/// A stream on its way.
struct Feed {
    api: Api,
    account: AccountId,
    instance: Option<InstanceId>,
    after: i64,
    /// What the caller may see, as long as it is worth something.
    authorization: Option<HeaderValue>,
    stored: tokio::sync::watch::Receiver<()>,
    _place: OwnedSemaphorePermit,
}

async fn open(
    api: Api,
    caller: &Caller,
    instance: Option<InstanceId>,
    headers: &HeaderMap,
    query: &Query,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>> {
    let place = api.streams.clone().try_acquire_owned().map_err(|_full| {
        let message = format!("all {STREAMS} streams of this host are in use; close one that is not needed");
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, message)
    })?;
    let last = match headers.get("last-event-id") {
        Some(id) => Some(id.to_str().unwrap_or("?")),
        None => query.get("lastEventId"),
    };
    let after = match last.filter(|last| !last.is_empty()) {
        Some(last) => last.parse().map_err(|_no_number| {
            ApiError::bad_request("Last-Event-ID: take the id of the last event that came, as it is")
        })?,
        None => api.host.store.newest_position().await?,
    };
    let shutdown = api.shutdown.clone();
    let feed = Feed {
        account: caller.user.account,
        instance,
        after,
        authorization: headers.get(AUTHORIZATION).cloned(),
        stored: api.host.events_stored.subscribe(),
        api,
        _place: place,
    };
    let events = stream::unfold(feed, |mut feed| async move {
        let batch = feed.next().await?;
        Some((batch, feed))
    });
    let events = events
        .flat_map(stream::iter)
        .map(|notification| Ok(event(&notification)))
        .take_until(shutdown.cancelled_owned());
    // Browsers remember its id and tell nobody of it, because it has no data.
    let begins = stream::once(async move { Ok(Event::default().id(after.to_string())) });
    Ok(Sse::new(begins.chain(events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Feed {
    /// The next events, as soon as there are some; none when the caller may see them no longer.
    async fn next(&mut self) -> Option<Vec<Notification>> {
        loop {
            // NOTE: Do that BEFORE reading, so that what is stored meanwhile is noticed.
            self.stored.mark_unchanged();
            let store = &self.api.host.store;
            match store.feed(self.account, self.instance, self.after, BATCH).await {
                _ if !self.is_open().await => return None,
                Ok(found) if found.is_empty() => {}
                Ok(found) => {
                    if let Some(last) = found.last() {
                        self.after = last.position;
                    }
                    return Some(found);
                }
                Err(error) => tracing::error!(%error, "a stream of events cannot be read"),
            }
            // Neither a time-out nor an end is anything but a reason to look again.
            let _ = tokio::time::timeout(LOOK, self.stored.changed()).await;
        }
    }
}

impl Feed {
    /// Whether the secrets are still those of the account, and the instance is there. A store that fails closes nothing.
    async fn is_open(&self) -> bool {
        let known = Caller::known(self.authorization.as_ref(), &self.api).await;
        let is_known = match known {
            Ok(caller) => caller.user.account == self.account,
            Err(refusal) => !refusal.is_unauthorized(),
        };
        let Some(instance) = self.instance.filter(|_| is_known) else {
            return is_known;
        };
        let stored = self.api.host.store.instance(instance).await;
        !matches!(stored, Ok(None))
    }
}

fn event(notification: &Notification) -> Event {
    let shown = serde_json::to_string(&events::shown(notification));
    Event::default()
        .id(notification.position.to_string())
        .event("event")
        .data(shown.unwrap_or_default())
}
