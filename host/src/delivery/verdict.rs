//! What becomes of a delivery after an attempt.

use chrono::{DateTime, SecondsFormat};

use super::{courier::Reply, retry::Schedule};
use crate::{
    clock::Millis,
    store::{ClaimedDelivery, FailurePolicy, Settlement, Verdict},
};

/// Judge an attempt.
///
/// Taken is what is answered with 2xx. 410 ends the subscription, as Standard Webhooks has it. All else fails, and
/// 3xx with it: a redirect that is followed would lead a signed body to a place that nobody configured.
///
/// This is the one place that decides about a failure. Under the account's policy `queue` a delivery is tried once and
/// queues then, and its subscription lives on.
pub(super) fn judge(
    delivery: &ClaimedDelivery,
    reply: Reply,
    schedule: &Schedule,
    started: Millis,
    finished: Millis,
) -> Settlement {
    let (status, retry_after, error) = match reply {
        Reply::Answered { status, retry_after } => (Some(status), retry_after, complaint(status)),
        Reply::Failed { error } => (None, None, Some(error)),
    };
    let verdict = match (&error, status) {
        (None, _) => Verdict::Delivered,
        (Some(error), Some(GONE)) => Verdict::Deactivate {
            reason: format!("{error}; {WAY_OUT}"),
        },
        (Some(_), _) if delivery.on_failure == FailurePolicy::Queue => Verdict::Queue,
        (Some(error), _) => {
            let attempts = delivery.attempts.saturating_add(1);
            let first_failure = delivery.first_failure.unwrap_or(finished);
            match schedule.next(attempts, first_failure, finished, retry_after) {
                Some(at) => Verdict::Retry { at },
                None => Verdict::Deactivate {
                    reason: exhausted(attempts, first_failure, error),
                },
            }
        }
    };
    Settlement {
        delivery: delivery.id,
        epoch: delivery.epoch,
        verdict,
        started,
        finished,
        status,
        error,
    }
}

const GONE: u16 = 410;
const WAY_OUT: &str = "when its receiver is back, resume the subscription, or give the instance another \
                       event.notification.callback.url; its events are queued until then";

/// What is wrong with a status.
fn complaint(status: u16) -> Option<String> {
    match status {
        200..=299 => None,
        300..=399 => Some(format!(
            "the callback answered {status}, and redirects are not followed; make event.notification.callback.url \
             the URL that it leads to"
        )),
        GONE => Some("the callback answered 410 Gone: it wants no more events".to_owned()),
        _ => Some(format!("the callback answered {status}")),
    }
}

fn exhausted(attempts: u32, first_failure: Millis, error: &str) -> String {
    let since = DateTime::from_timestamp_millis(first_failure)
        .map(|since| since.to_rfc3339_opts(SecondsFormat::Secs, true))
        .unwrap_or_default();
    format!("exhausted: {attempts} attempts failed since {since}, the last because {error}; {WAY_OUT}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::store::{DeliveryId, InstanceId, Maker, NotificationId, SubscriptionId};

    const NOW: Millis = 1_534_778_974_000;

    fn check(attempts: u32, reply: Reply, expect: &str) {
        check_under(FailurePolicy::Retry, attempts, reply, expect);
    }

    fn check_under(on_failure: FailurePolicy, attempts: u32, reply: Reply, expect: &str) {
        let delivery = ClaimedDelivery {
            id: DeliveryId(1),
            epoch: 3,
            instance: Some(InstanceId(2)),
            subscription: SubscriptionId(4),
            maker: Maker::Configuration,
            on_failure,
            url: "http://127.0.0.1/".to_owned(),
            notification: NotificationId(5),
            event_id: "AWVX9OTIhdQRdI1F7Q7v".to_owned(),
            attempts,
            first_failure: (attempts > 0).then_some(NOW - 4000),
            body: Bytes::new(),
        };
        let settlement = judge(&delivery, reply.clone(), &Schedule::CloudElements, NOW - 10, NOW);
        assert_eq!((settlement.delivery, settlement.epoch), (DeliveryId(1), 3));
        let verdict = match &settlement.verdict {
            Verdict::Delivered => "delivered".to_owned(),
            Verdict::Retry { at } => format!("retry in {} s", (at - NOW) / 1000),
            Verdict::Queue => "queue".to_owned(),
            Verdict::Deactivate { reason } => format!("deactivate: {reason}"),
        };
        let shown = [verdict, settlement.error.unwrap_or_default()].join(" | ");
        assert!(shown.starts_with(expect), "{reply:?}\n{shown}\n{expect}");
    }

    fn answered(status: u16) -> Reply {
        Reply::Answered {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn the_policy_queue_tries_once() {
        let queue = |reply, expect| check_under(FailurePolicy::Queue, 0, reply, expect);
        queue(answered(200), "delivered | ");
        queue(answered(502), "queue | the callback answered 502");
        queue(answered(410), "deactivate: the callback answered 410 Gone");
    }

    #[test]
    fn a_reply_has_a_verdict() {
        for status in [200, 201, 202, 204, 299] {
            check(0, answered(status), "delivered | ");
            check(9, answered(status), "delivered | ");
        }
        for status in [
            100, 199, 301, 302, 307, 308, 400, 401, 404, 413, 429, 500, 503, 599, 0, 999,
        ] {
            check(0, answered(status), "retry in 4 s | the callback answered ");
            check(1, answered(status), "retry in 12 s | the callback answered ");
        }
        check(
            0,
            answered(410),
            "deactivate: the callback answered 410 Gone: it wants no more events; when its receiver",
        );
        let slow = Reply::Failed {
            error: "nothing came within 30 s".to_owned(),
        };
        check(0, slow.clone(), "retry in 4 s | nothing came within 30 s");
        check(
            9,
            slow,
            "deactivate: exhausted: 10 attempts failed since 2018-08-20T15:29:30Z, the last because nothing came",
        );
        let busy = Reply::Answered {
            status: 429,
            retry_after: Some(Duration::from_secs(120)),
        };
        check(0, busy, "retry in 120 s | the callback answered 429");
    }
}
