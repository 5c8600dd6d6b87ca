//! The `where` of deliveries: `channel='webhook' and status='queued' and config.url='https://…'`.

use periodic_sdk::ceql::{self, Expression, Operator, Value};

use super::error::{ApiError, ApiResult};
use crate::store::{DeliveryFilter, DeliveryStatus, InstanceId, NotificationId, SubscriptionId};

/// Which deliveries a `where` means.
#[derive(Debug)]
pub(super) enum Where {
    /// Those that match.
    Matching(DeliveryFilter),
    /// None: what it asks for is never there.
    Nothing,
}

const KNOWN: &str = "channel, status, config.url, notificationId, subscriptionId and instanceId";

/// Read a `where`: equations joined by AND.
pub(super) fn parse(text: &str) -> ApiResult<Where> {
    let expression = ceql::parse(text).map_err(|error| ApiError::bad_request(format!("where: {error}")))?;
    let mut filter = DeliveryFilter::default();
    for condition in expression.conjuncts() {
        let Expression::Compare {
            field,
            operator: Operator::Equal,
            value: Value::Text(value) | Value::Number(value) | Value::Bare(value),
        } = condition
        else {
            return Err(ApiError::bad_request(format!(
                "where: {condition} is not understood; deliveries are found by equations like status='queued', joined \
                 by AND"
            )));
        };
        let twice = || ApiError::bad_request(format!("where: {} stands there twice", field.name));
        match field.name.to_ascii_lowercase().as_str() {
            "channel" => match channel(value)? {
                Channel::Webhook => {}
                Channel::Other => return Ok(Where::Nothing),
            },
            "status" => match status(value)? {
                Some(status) => once(&mut filter.status, status, twice)?,
                None => return Ok(Where::Nothing),
            },
            "config.url" => once(&mut filter.url, value.clone(), twice)?,
            "notificationid" => {
                once(
                    &mut filter.notification,
                    number(&field.name, value).map(NotificationId)?,
                    twice,
                )?;
            }
            "subscriptionid" => {
                once(
                    &mut filter.subscription,
                    number(&field.name, value).map(SubscriptionId)?,
                    twice,
                )?;
            }
            "instanceid" => once(
                &mut filter.instance,
                number(&field.name, value).map(InstanceId)?,
                twice,
            )?,
            _ => {
                return Err(ApiError::bad_request(format!(
                    "where: deliveries have no {}; they are found by {KNOWN}",
                    field.name
                )));
            }
        }
    }
    Ok(Where::Matching(filter))
}

fn once<T>(place: &mut Option<T>, value: T, twice: impl Fn() -> ApiError) -> ApiResult<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(twice()),
    }
}

/// The channels of Cloud Elements.
enum Channel {
    Webhook,
    /// Known, and never subscribed to here.
    Other,
}

fn channel(value: &str) -> ApiResult<Channel> {
    match value {
        "webhook" => Ok(Channel::Webhook),
        "email" | "sms" | "push" => Ok(Channel::Other),
        _ => Err(ApiError::bad_request(format!(
            "where: {value:?} is no channel; it should be webhook"
        ))),
    }
}

/// A status of Cloud Elements; none for one that no delivery here has.
pub(super) fn status(value: &str) -> ApiResult<Option<DeliveryStatus>> {
    match value {
        "created" => Ok(Some(DeliveryStatus::Created)),
        "delivered" => Ok(Some(DeliveryStatus::Delivered)),
        "retry" => Ok(Some(DeliveryStatus::Retry)),
        "queued" => Ok(Some(DeliveryStatus::Queued)),
        "notified" => Ok(None),
        _ => Err(ApiError::bad_request(format!(
            "status: {value:?} is none; it should be created, delivered, retry or queued"
        ))),
    }
}

fn number(name: &str, value: &str) -> ApiResult<i64> {
    value
        .parse()
        .map_err(|_no_number| ApiError::bad_request(format!("where: {name} is a number, not {value:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(Where::Nothing) => "nothing".to_owned(),
            Ok(Where::Matching(filter)) => format!(
                "{:?} {:?} {:?} {:?} {:?}",
                filter.status,
                filter.url,
                filter.notification.map(|id| id.0),
                filter.subscription.map(|id| id.0),
                filter.instance.map(|id| id.0)
            ),
            Err(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn the_published_one_is_read() {
        let cases = [
            (
                "channel='webhook' and status='queued' and config.url='https://a.example/x?y=z'",
                "Some(Queued) Some(\"https://a.example/x?y=z\") None None None",
            ),
            ("channel = 'webhook'", "None None None None None"),
            (
                "notificationId=5 AND (subscriptionId='7' and instanceId=9)",
                "None None Some(5) Some(7) Some(9)",
            ),
            ("channel='email'", "nothing"),
            ("status='notified'", "nothing"),
            ("channel='pigeon'", "refused"),
            ("status='lost'", "refused"),
            ("status='queued' or status='retry'", "refused"),
            ("status!='queued'", "refused"),
            ("status='queued' and status='retry'", "refused"),
            ("color='red'", "refused"),
            ("notificationId='x'", "refused"),
            ("", "refused"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
