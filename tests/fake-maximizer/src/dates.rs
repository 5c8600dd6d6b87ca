//! Instants as the data service reads and writes them, and its date functions.

use chrono::{
    DateTime, Datelike, Days, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat,
    SubsecRound, TimeDelta, Utc,
};
use serde::Serializer;

/// What a date literal stands for: `$TODAY()` is a day, an instant has both ends alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) low: DateTime<Utc>,
    pub(crate) high: DateTime<Utc>,
}

/// Nested `$OFFSET` deeper than this is refused rather than followed.
const MAX_NESTING: u8 = 8;

/// The vendor's system date form: seconds, `Z`.
pub(crate) fn format(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An instant of the control interface, to the millisecond.
pub(crate) fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// How a date is shown to people; the fake has one culture.
pub(crate) fn display(at: DateTime<Utc>) -> String {
    at.format("%B %-d, %Y %-I:%M %p").to_string()
}

/// Reads `…Z`, an offset, a naive date-time (counted as UTC) or a date (midnight UTC).
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc().trunc_subsecs(0));
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN)));
    naive.ok().map(|at| at.and_utc().trunc_subsecs(0))
}

/// Reads a query literal: an instant or a date function such as `$OFFSET(D-90, $TODAY())`.
pub(crate) fn literal(text: &str, now: DateTime<Utc>) -> Option<Span> {
    function(text.trim(), now.trunc_subsecs(0), MAX_NESTING)
}

fn function(text: &str, now: DateTime<Utc>, depth: u8) -> Option<Span> {
    if !text.starts_with('$') {
        return parse(text).map(|at| Span { low: at, high: at });
    }
    let (name, rest) = text.split_once('(')?;
    let argument = rest.strip_suffix(')')?.trim();
    let today = now.date_naive();
    let plain = |span: Option<Span>| span.filter(|_| argument.is_empty());
    match name.to_ascii_uppercase().as_str() {
        "$NOW" => plain(Some(Span { low: now, high: now })),
        "$TODAY" => plain(days(today, today.checked_add_days(Days::new(1))?)),
        "$THISWEEK" => {
            let since = u64::from(today.weekday().num_days_from_sunday());
            let sunday = today.checked_sub_days(Days::new(since))?;
            plain(days(sunday, sunday.checked_add_days(Days::new(7))?))
        }
        "$THISMONTH" => {
            let first = today.with_day(1)?;
            plain(days(first, first.checked_add_months(Months::new(1))?))
        }
        "$THISYEAR" => {
            let first = NaiveDate::from_ymd_opt(today.year(), 1, 1)?;
            plain(days(first, first.checked_add_months(Months::new(12))?))
        }
        "$OFFSET" => {
            let (by, base) = argument.split_once(',')?;
            let base = function(base.trim(), now, depth.checked_sub(1)?)?;
            let by = Offset::parse(by.trim())?;
            Some(Span {
                low: by.apply(base.low)?,
                high: by.apply(base.high)?,
            })
        }
        _ => None,
    }
}

/// From the start of `first` to the last second before `next`.
fn days(first: NaiveDate, next: NaiveDate) -> Option<Span> {
    let high = next
        .and_time(NaiveTime::MIN)
        .and_utc()
        .checked_sub_signed(TimeDelta::seconds(1))?;
    Some(Span {
        low: first.and_time(NaiveTime::MIN).and_utc(),
        high,
    })
}

/// `D-90`, `M+1`: a unit, case-sensitive because of months and minutes, and a signed count.
#[derive(Debug, Clone, Copy)]
enum Offset {
    Months(i32),
    Seconds(i64),
}

impl Offset {
    fn parse(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        let unit = letters.next()?;
        let count: i32 = letters.as_str().trim().parse().ok()?;
        let seconds = |each: i64| each.checked_mul(i64::from(count)).map(Self::Seconds);
        match unit {
            'Y' => count.checked_mul(12).map(Self::Months),
            'Q' => count.checked_mul(3).map(Self::Months),
            'M' => Some(Self::Months(count)),
            'W' => seconds(7 * 86_400),
            'D' => seconds(86_400),
            'h' => seconds(3600),
            'm' => seconds(60),
            's' => seconds(1),
            _ => None,
        }
    }

    fn apply(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Months(count) if count < 0 => at.checked_sub_months(Months::new(count.unsigned_abs())),
            Self::Months(count) => at.checked_add_months(Months::new(count.unsigned_abs())),
            Self::Seconds(count) => at.checked_add_signed(Duration::try_seconds(count)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{format, literal, parse};

    #[test]
    fn reads_the_literals_of_the_vendor() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(parse(text).map(format).as_deref(), expect, "{text}");
        };
        check("2015-01-20T20:37:51Z", Some("2015-01-20T20:37:51Z"));
        check("2024-01-01T00:00:00", Some("2024-01-01T00:00:00Z"));
        check("2018-01-01T00:00:00-08:00", Some("2018-01-01T08:00:00Z"));
        check("2018-01-01", Some("2018-01-01T00:00:00Z"));
        check("2023-09-08T21:28:19.7355579Z", Some("2023-09-08T21:28:19Z"));
        check("03/12/11", None);
        check("1517472307", None);
        check("2018-02-30", None);
        check("", None);
    }

    #[test]
    fn evaluates_date_functions() {
        let now = "2026-05-20T13:14:15Z".parse().unwrap();
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let span = literal(text, now).map(|span| (format(span.low), format(span.high)));
            assert_eq!(
                span.as_ref().map(|(low, high)| (low.as_str(), high.as_str())),
                expect,
                "{text}"
            );
        };
        check("$NOW()", Some(("2026-05-20T13:14:15Z", "2026-05-20T13:14:15Z")));
        check("$TODAY()", Some(("2026-05-20T00:00:00Z", "2026-05-20T23:59:59Z")));
        check(
            "$THISWEEK()",
            Some(("2026-05-17T00:00:00Z", "2026-05-23T23:59:59Z")),
        );
        check(
            "$THISMONTH()",
            Some(("2026-05-01T00:00:00Z", "2026-05-31T23:59:59Z")),
        );
        check(
            "$thisyear()",
            Some(("2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z")),
        );
        check(
            "$OFFSET(D-90, $TODAY())",
            Some(("2026-02-19T00:00:00Z", "2026-02-19T23:59:59Z")),
        );
        check(
            "$OFFSET(M+1, $NOW())",
            Some(("2026-06-20T13:14:15Z", "2026-06-20T13:14:15Z")),
        );
        check(
            "$OFFSET(m+1,$NOW())",
            Some(("2026-05-20T13:15:15Z", "2026-05-20T13:15:15Z")),
        );
        check(
            "$OFFSET(D+1, 2026-01-01)",
            Some(("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z")),
        );
        check(
            "$OFFSET(Y-1, $OFFSET(Q+1, 2026-01-01))",
            Some(("2025-04-01T00:00:00Z", "2025-04-01T00:00:00Z")),
        );
        check("$OFFSET(Y+999999999, $NOW())", None);
        check("$OFFSET(X-1, $NOW())", None);
        check("$NOW(1)", None);
        check("$NOW", None);
        check("$FOO()", None);
        check(
            &format!("{}$NOW(){}", "$OFFSET(D+1,".repeat(40), ")".repeat(40)),
            None,
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let now = "2026-05-20T13:14:15Z".parse().unwrap();
            let _ = literal(&text, now);
            let _ = literal(&format!("$OFFSET({text}, $TODAY())"), now);
        }
    }
}
