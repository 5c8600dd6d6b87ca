//! `/instances/events/analytics` and `/dispositions`: how many events, and what became of them.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::{ApiError, ApiResult},
    instant,
    openapi::{self, Endpoint},
    page::Page,
    query::Query,
    view,
};
use crate::{
    clock::Millis,
    store::{
        AccountId, Attempt, CountFilter, Disposition, EventCount, InstanceId, NotificationFilter,
        NotificationId,
    },
};

const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// What `interval` may be.
const INTERVALS: [(&str, Millis); 5] = [
    ("second", SECOND),
    ("minute", MINUTE),
    ("hour", HOUR),
    ("day", DAY),
    ("week", 7 * DAY),
];
/// The interval unless the caller says otherwise.
const INTERVAL: &str = "hour";
/// The range unless the caller says otherwise: so long up to now.
const RANGE: Millis = DAY;
/// So many buckets one answer has at most: a week by minutes is refused, and a day by seconds.
const MOST: i64 = 5000;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/instances/events/analytics", get(events))
        .route("/instances/events/analytics/accounts", get(accounts))
        .route("/instances/events/analytics/instances", get(instances))
        .route("/instances/events/dispositions", get(dispositions))
}

/// What is said of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let counted = |path: &str, summary| {
        let path = format!("/instances/events/analytics{path}");
        Endpoint::get(path, summary).asks(openapi::ANALYTICS).guarded()
    };
    vec![
        counted("", "How many events there were, by time").lists::<Count>(),
        counted("/accounts", "The same by account").lists::<Bucket>(),
        counted("/instances", "The same by instance").lists::<Bucket>(),
        Endpoint::get("/instances/events/dispositions", "What became of events")
            .asks(openapi::SPAN)
            .pages::<DispositionView>(),
    ]
}

/// How many events in a span of time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventCount)]
struct Count {
    count: u64,
    timestamp: String,
}

/// How many events in a span of time, and whose.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventCounts)]
struct Bucket {
    records: Vec<Record>,
    count: u64,
    total: u64,
    timestamp: String,
}

/// How many events of one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = EventsOfOne)]
enum Record {
    Account(AccountRecord),
    Instance(InstanceRecord),
}

/// How many events of an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountEvents)]
struct AccountRecord {
    account_id: AccountId,
    count: u64,
    success: u64,
    failed: u64,
}

/// How many events of an instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InstanceEvents)]
struct InstanceRecord {
    instance_id: InstanceId,
    count: u64,
    success: u64,
    failed: u64,
}

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Disposition)]
struct DispositionView {
    event_id: String,
    element_instance_id: InstanceId,
    notification_id: NotificationId,
    created_date: String,
    /// One for each attempt to deliver it.
    notification_data: Vec<AttemptView>,
}

/// An attempt to deliver an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DispositionAttempt)]
struct AttemptView {
    message: String,
    date: String,
    /// The status of the answer, if there was one.
    #[schema(required)]
    status: Option<u16>,
}

/// A range, cut into buckets that begin at whole intervals; both ends are within the first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Buckets {
    start: Millis,
    step: Millis,
    count: i64,
}

impl Buckets {
    fn new(from: Option<Millis>, to: Option<Millis>, interval: Option<&str>, now: Millis) -> ApiResult<Self> {
        let interval = interval.unwrap_or(INTERVAL);
        let known = INTERVALS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(interval));
        let Some((interval, step)) = known else {
            let names = INTERVALS.map(|(name, _)| name).join(", ");
            return Err(ApiError::bad_request(format!(
                "interval: {interval:?} is none; it should be one of {names}"
            )));
        };
        let to = to.unwrap_or(now);
        let from = from.unwrap_or_else(|| to.saturating_sub(RANGE));
        if to < from {
            return Err(ApiError::bad_request(format!(
                "to: {} is before from, {}",
                view::instant(to),
                view::instant(from)
            )));
        }
        let (first, last) = (from.div_euclid(*step), to.div_euclid(*step));
        let count = last - first + 1;
        if count > MOST {
            return Err(ApiError::bad_request(format!(
                "interval: from and to are {count} intervals of a {interval} apart, and at most {MOST} are told; choose \
                 a longer interval or a shorter range"
            )));
        }
        Ok(Self {
            start: first * step,
            step: *step,
            count,
        })
    }

    /// Each bucket's time and what was counted in it.
    fn fill(self, counts: &[EventCount]) -> impl Iterator<Item = (String, &[EventCount])> {
        let mut rest = counts;
        (0..self.count).map(move |bucket| {
            let own = rest.partition_point(|count| count.bucket <= bucket);
            let (own, later) = rest.split_at(own);
            rest = later;
            (view::instant(self.start + bucket * self.step), own)
        })
    }
}

/// `GET /instances/events/analytics`.
async fn events(State(api): State<Api>, caller: Caller, query: Query) -> ApiResult<Json<Vec<Count>>> {
    let (buckets, counts) = count(&api, &caller, &query).await?;
    let shown = buckets.fill(&counts).map(|(timestamp, counts)| Count {
        count: counts.iter().map(|count| count.count).sum(),
        timestamp,
    });
    Ok(Json(shown.collect()))
}

/// `GET /instances/events/analytics/accounts`: the caller's own.
async fn accounts(State(api): State<Api>, caller: Caller, query: Query) -> ApiResult<Json<Vec<Bucket>>> {
    let (buckets, counts) = count(&api, &caller, &query).await?;
    let account = caller.user.account;
    let shown = buckets.fill(&counts).map(|(timestamp, counts)| {
        let records = if counts.is_empty() {
            Vec::new()
        } else {
            vec![Record::Account(account_record(account, counts))]
        };
        Bucket::new(timestamp, counts, records)
    });
    Ok(Json(shown.collect()))
}

/// `GET /instances/events/analytics/instances`.
async fn instances(State(api): State<Api>, caller: Caller, query: Query) -> ApiResult<Json<Vec<Bucket>>> {
    let (buckets, counts) = count(&api, &caller, &query).await?;
    let shown = buckets.fill(&counts).map(|(timestamp, counts)| {
        let record = |count: &EventCount| {
            Record::Instance(InstanceRecord {
                instance_id: count.instance,
                count: count.count,
                success: count.delivered,
                failed: count.failed,
            })
        };
        Bucket::new(timestamp, counts, counts.iter().map(record).collect())
    });
    Ok(Json(shown.collect()))
}

fn account_record(account: AccountId, counts: &[EventCount]) -> AccountRecord {
    let sum = |part: fn(&EventCount) -> u64| counts.iter().map(part).sum::<u64>();
    AccountRecord {
        account_id: account,
        count: sum(|count| count.count),
        success: sum(|count| count.delivered),
        failed: sum(|count| count.failed),
    }
}

impl Bucket {
    fn new(timestamp: String, counts: &[EventCount], records: Vec<Record>) -> Self {
        let total = counts.iter().map(|count| count.count).sum();
        Self {
            records,
            count: total,
            total,
            timestamp,
        }
    }
}

async fn count(api: &Api, caller: &Caller, query: &Query) -> ApiResult<(Buckets, Vec<EventCount>)> {
    check_accounts(caller.user.account, query)?;
    let (from, to) = (instant::of(query, "from")?, instant::of(query, "to")?);
    let buckets = Buckets::new(from, to, query.get("interval"), api.host.clock.now())?;
    let filter = CountFilter {
        instance: caller.own(),
        from: buckets.start,
        to: buckets.start.saturating_add(buckets.count * buckets.step),
        step: buckets.step,
    };
    let counts = api.host.store.count_events(caller.user.account, &filter).await?;
    Ok((buckets, counts))
}

/// Nobody counts another account's events.
fn check_accounts(own: AccountId, query: &Query) -> ApiResult<()> {
    for id in query.all("accountIds[]").filter(|id| !id.is_empty()) {
        if id.parse() != Ok(own.0) {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                format!("accountIds[]: the account {id} is not yours; leave it out, or name {own}"),
            ));
        }
    }
    Ok(())
}

/// `GET /instances/events/dispositions`.
async fn dispositions(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> ApiResult<(HeaderMap, Json<Vec<DispositionView>>)> {
    let page = Page::of(&query)?;
    let filter = NotificationFilter {
        instance: caller.own(),
        from: instant::of(&query, "from")?,
        to: instant::of(&query, "to")?,
        before: page.after.map(NotificationId),
        limit: page.limit(),
        ..NotificationFilter::default()
    };
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && to < from
    {
        return Err(ApiError::bad_request("to: is before from"));
    }
    let mut found = api.host.store.dispositions(caller.user.account, &filter).await?;
    let headers = page.headers(&mut found, |last| last.notification.0);
    Ok((headers, Json(found.iter().map(disposition).collect())))
}

fn disposition(event: &Disposition) -> DispositionView {
    let attempts = event.attempts.iter().map(|(url, attempt)| AttemptView {
        message: message(url, attempt),
        date: view::instant(attempt.finished),
        status: attempt.status,
    });
    DispositionView {
        event_id: event.event_id.clone(),
        element_instance_id: event.instance,
        notification_id: event.notification,
        created_date: view::instant(event.created),
        notification_data: attempts.collect(),
    }
}

fn message(url: &str, attempt: &Attempt) -> String {
    match &attempt.error {
        Some(error) => format!("Error delivering event to {url}: {error}"),
        None => format!("Delivered event to {url}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::InstanceId;

    fn buckets(from: &str, to: &str, interval: &str) -> Result<i64, ApiError> {
        let (from, to) = (instant::parse("from", from)?, instant::parse("to", to)?);
        Buckets::new(Some(from), Some(to), Some(interval), 0).map(|buckets| buckets.count)
    }

    #[test]
    fn both_ends_are_told() {
        let cases = [
            ("2026-01-01T00:00:30Z", "2026-01-01T01:00:30Z", "minute", 61),
            ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "minute", 61),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "week", 1),
            ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "HOUR", 25),
        ];
        for (from, to, interval, expected) in cases {
            assert_eq!(
                buckets(from, to, interval),
                Ok(expected),
                "{from} {to} {interval}"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = [
            ("2026-01-01T01:00:00Z", "2026-01-01T00:00:00Z", "minute", "to"),
            (
                "2026-01-01T00:00:00Z",
                "2026-01-02T00:00:00Z",
                "second",
                "interval",
            ),
            (
                "2026-01-01T00:00:00Z",
                "2026-01-02T00:00:00Z",
                "moment",
                "interval",
            ),
        ];
        for (from, to, interval, field) in refused {
            assert!(buckets(from, to, interval).is_err(), "{field}");
        }
    }

    #[test]
    fn empty_buckets_are_there() {
        let count = |bucket, instance| EventCount {
            bucket,
            instance: InstanceId(instance),
            count: 2,
            delivered: 1,
            failed: 0,
        };
        let counts = [count(1, 7), count(1, 8), count(3, 7)];
        let buckets = Buckets {
            start: 0,
            step: MINUTE,
            count: 5,
        };
        let filled: Vec<_> = buckets
            .fill(&counts)
            .map(|(timestamp, own)| (timestamp, own.len()))
            .collect();
        let expected = [("00", 0), ("01", 2), ("02", 0), ("03", 1), ("04", 0)];
        assert_eq!(
            filled,
            expected.map(|(minute, own)| (format!("1970-01-01T00:{minute}:00Z"), own))
        );
    }
}
