//! The notification as Cloud Elements sends it: same keys, same order, same types, same formats.

use bytes::Bytes;
use chrono::{DateTime, Datelike as _, Utc};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

use crate::{
    clock::Millis,
    store::{AccountId, EventKind, InstanceId, NotificationId, OrganizationId, UserId},
};

/// The `user` of a notification unless the setting `notification.from` says otherwise: the address that receivers
/// of Cloud Elements know, because some filter by it.
pub const DEFAULT_FROM: &str = "notifications@cloud-elements.com";

/// Whose events these are: the same for all notifications of a poll.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The key of the element.
    pub element_key: &'a str,
    /// The hub of the element.
    pub hub_key: &'a str,
    /// The account: `accountId`.
    pub account: AccountId,
    /// The organization: `companyId`.
    pub organization: OrganizationId,
    /// Who made the instance: `userId`.
    pub user: UserId,
    /// The instance: `instanceId` and `instance_id`.
    pub instance: InstanceId,
    /// The instance's name.
    pub instance_name: &'a str,
    /// The instance's tags.
    pub instance_tags: &'a [String],
    /// The setting `notification.from`, or [`DEFAULT_FROM`]: `user`.
    pub from: &'a str,
}

/// One notification to be.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// Whose events these are.
    pub origin: Origin<'a>,
    /// Its id.
    pub notification: NotificationId,
    /// Its event id, 20 characters.
    pub event_id: &'a str,
    /// When it is made: `createdDate`.
    pub created: Millis,
    /// The resource: `objectType`.
    pub resource: &'a str,
    /// What happened to all of its records.
    pub kind: EventKind,
    /// When the poll began: `pollDate`.
    pub poll_date: Millis,
    /// Its records, in order.
    pub records: &'a [NoticeRecord<'a>],
}

/// One record of a notification.
#[derive(Debug, Clone, Copy)]
pub struct NoticeRecord<'a> {
    /// What `GET /{resource}/{id}` takes.
    pub object_id: &'a str,
    /// When it was changed, by the provider; the poll date stands in where that is not known, or not within the
    /// years 1 to 9999 that the format can hold.
    pub date: Option<Millis>,
    /// The record as fetched. It enters the body byte for byte; the type proves that it is JSON, which is to be
    /// checked once, where the adapter hands it over.
    pub raw: &'a RawValue,
}

/// The topic of an instance's events: `instance-{id}-{elementKey}-events`.
pub fn topic(instance: InstanceId, element_key: &str) -> String {
    format!("instance-{instance}-{element_key}-events")
}

/// The body of a notification.
///
/// # Errors
///
/// None that the types let happen; serde's signature has one.
pub fn render(notice: &Notice<'_>) -> Result<Bytes, serde_json::Error> {
    let raw: usize = notice.records.iter().map(|record| record.raw.get().len()).sum();
    let mut body = Vec::with_capacity(ENVELOPE_BYTES + raw + notice.records.len() * EVENT_BYTES);
    serde_json::to_writer(&mut body, &Message::of(notice))?;
    Ok(body.into())
}

/// What an envelope and an event take beside the raw records, for the first allocation.
const ENVELOPE_BYTES: usize = 768;
const EVENT_BYTES: usize = 256;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    severity: &'static str,
    created_date: String,
    topic: String,
    action: &'static str,
    /// A string, unlike all other ids.
    id: String,
    message: Details<'a>,
    user: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    element_key: &'a str,
    account_id: AccountId,
    event_id: &'a str,
    company_id: OrganizationId,
    instance_id: InstanceId,
    #[serde(rename = "instance_id")]
    instance_id_again: InstanceId,
    instance_name: &'a str,
    instance_tags: &'a [String],
    raw: Raw<'a>,
    user_id: UserId,
    events: Vec<Event<'a>>,
}

/// `{ "<resource>": [records], "pollDate": ms, "objectType": "<resource>" }`.
struct Raw<'a> {
    resource: &'a str,
    poll_date: Millis,
    records: Vec<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    date: String,
    element_key: &'a str,
    poll_date: String,
    event_type: EventKind,
    hub_key: &'a str,
    object_id: &'a str,
    object_type: &'a str,
}

impl<'a> Message<'a> {
    fn of(notice: &Notice<'a>) -> Self {
        let origin = notice.origin;
        Self {
            severity: "medium",
            created_date: java_date(notice.created),
            topic: topic(origin.instance, origin.element_key),
            action: action(notice.kind),
            id: notice.notification.to_string(),
            message: Details::of(notice),
            user: origin.from,
        }
    }
}

impl<'a> Details<'a> {
    fn of(notice: &Notice<'a>) -> Self {
        let origin = notice.origin;
        let event = |record: &NoticeRecord<'a>| Event {
            date: iso_seconds(record.date.unwrap_or(notice.poll_date))
                .or_else(|| iso_seconds(notice.poll_date))
                .unwrap_or_default(),
            element_key: origin.element_key,
            poll_date: iso_seconds(notice.poll_date).unwrap_or_default(),
            event_type: notice.kind,
            hub_key: origin.hub_key,
            object_id: record.object_id,
            object_type: notice.resource,
        };
        Self {
            element_key: origin.element_key,
            account_id: origin.account,
            event_id: notice.event_id,
            company_id: origin.organization,
            instance_id: origin.instance,
            instance_id_again: origin.instance,
            instance_name: origin.instance_name,
            instance_tags: origin.instance_tags,
            raw: Raw {
                resource: notice.resource,
                poll_date: notice.poll_date,
                records: notice.records.iter().map(|record| record.raw).collect(),
            },
            user_id: origin.user,
            events: notice.records.iter().map(event).collect(),
        }
    }
}

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut raw = serializer.serialize_map(Some(3))?;
        raw.serialize_entry(self.resource, &self.records)?;
        raw.serialize_entry("pollDate", &self.poll_date)?;
        raw.serialize_entry("objectType", self.resource)?;
        raw.end()
    }
}

fn action(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Created => "create",
        EventKind::Updated => "update",
        EventKind::Deleted => "delete",
        EventKind::Unknown => "unknown",
    }
}

/// Java's `Date.toString()` in UTC.
pub(super) fn java_date(at: Millis) -> String {
    instant(at)
        .map(|at| at.format("%a %b %d %H:%M:%S UTC %Y").to_string())
        .unwrap_or_default()
}

/// `yyyy-MM-dd'T'HH:mm:ss'Z'`.
fn iso_seconds(at: Millis) -> Option<String> {
    instant(at).map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn instant(at: Millis) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at).filter(|at| (1..=9999).contains(&at.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL_DATE: Millis = 1_534_778_974_827;

    fn render_one(kind: EventKind, date: Option<Millis>, object_id: &str, raw: &str) -> String {
        let tags = ["Local netsuite".to_owned()];
        let raw: &RawValue = serde_json::from_str(raw).unwrap();
        let notice = Notice {
            origin: Origin {
                element_key: "netsuiteerpv2",
                hub_key: "erp",
                account: AccountId(874),
                organization: OrganizationId(291),
                user: UserId(2749),
                instance: InstanceId(7_950_647),
                instance_name: "Local netsuite",
                instance_tags: &tags,
                from: DEFAULT_FROM,
            },
            notification: NotificationId(1_496_771),
            event_id: "AWVX9OTIhdQRdI1F7Q7v",
            created: 1_534_779_007_000,
            resource: "invoices",
            kind,
            poll_date: POLL_DATE,
            records: &[NoticeRecord { object_id, date, raw }],
        };
        String::from_utf8(render(&notice).unwrap().to_vec()).unwrap()
    }

    /// A body that a receiver of Cloud Elements got on 20 August 2018, with its record cut to three fields.
    #[test]
    fn a_real_notification_comes_out_byte_for_byte() {
        let rendered = render_one(
            EventKind::Created,
            Some(1_534_778_946_000),
            "14682",
            r#"{ "internalId": "14682", "lastModifiedDate": "2018-08-20T15:29:06Z", "createdDate": "2018-08-20T15:29:06Z" }"#,
        );
        let real = concat!(
            r#"{"severity":"medium","#,
            r#""createdDate":"Mon Aug 20 15:30:07 UTC 2018","#,
            r#""topic":"instance-7950647-netsuiteerpv2-events","#,
            r#""action":"create","#,
            r#""id":"1496771","#,
            r#""message":{"#,
            r#""elementKey":"netsuiteerpv2","accountId":874,"eventId":"AWVX9OTIhdQRdI1F7Q7v","companyId":291,"#,
            r#""instanceId":7950647,"instance_id":7950647,"instanceName":"Local netsuite","instanceTags":["Local netsuite"],"#,
            r#""raw":{"invoices":[{ "internalId": "14682", "lastModifiedDate": "2018-08-20T15:29:06Z", "createdDate": "2018-08-20T15:29:06Z" }],"#,
            r#""pollDate":1534778974827,"objectType":"invoices"},"#,
            r#""userId":2749,"#,
            r#""events":[{"date":"2018-08-20T15:29:06Z","elementKey":"netsuiteerpv2","pollDate":"2018-08-20T15:29:34Z","#,
            r#""eventType":"CREATED","hubKey":"erp","objectId":"14682","objectType":"invoices"}]},"#,
            r#""user":"notifications@cloud-elements.com"}"#,
        );
        assert_eq!(rendered, real);
    }

    #[test]
    fn the_kind_names_action_and_event_type() {
        for (kind, action, event_type) in [
            (EventKind::Created, "create", "CREATED"),
            (EventKind::Updated, "update", "UPDATED"),
            (EventKind::Deleted, "delete", "DELETED"),
            (EventKind::Unknown, "unknown", "UNKNOWN"),
        ] {
            let rendered = render_one(kind, None, "1", "{}");
            assert!(
                rendered.contains(&format!(r#""action":"{action}""#)),
                "{rendered}"
            );
            assert!(
                rendered.contains(&format!(r#""eventType":"{event_type}""#)),
                "{rendered}"
            );
        }
    }

    #[test]
    fn an_unknown_or_impossible_date_gives_way_to_the_poll_date() {
        let impossible = [i64::MIN, i64::MAX, -62_135_596_800_001, 253_402_300_800_000];
        for date in impossible.map(Some).into_iter().chain([None]) {
            let rendered = render_one(EventKind::Updated, date, "1", "{}");
            assert!(
                rendered.contains(r#"{"date":"2018-08-20T15:29:34Z","elementKey""#),
                "{date:?}"
            );
        }
        let first = render_one(EventKind::Updated, Some(-62_135_596_800_000), "1", "{}");
        assert!(first.contains(r#"{"date":"0001-01-01T00:00:00Z","elementKey""#));
    }

    #[test]
    fn hostile_text_stays_inside_its_string_and_raw_stays_as_it_was() {
        let raw = "{\"n\":1.10,\"n\":1e400,\"big\":123456789012345678901234567890,\"e\":\"\\u00e9\\/\"}";
        let hostile = "2|0\"}],\n\u{2028}\u{0}\\";
        let rendered = render_one(EventKind::Created, None, hostile, raw);
        assert!(rendered.contains(&format!("[{raw}]")), "{rendered}");
        let parsed: serde_json::Value =
            serde_json::from_str(&rendered.replace(raw, "{}")).expect("the body is JSON");
        assert_eq!(parsed["message"]["events"][0]["objectId"], hostile);
    }
}
