//! Points in time in requests.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::{
    error::{ApiError, ApiResult},
    query::Query,
};
use crate::clock::Millis;

/// Read an instant: ISO 8601 with a zone or else in UTC, a date, or milliseconds since 1970.
pub(super) fn parse(field: &str, text: &str) -> ApiResult<Millis> {
    let text = text.trim();
    let zoned = || Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis());
    let local = || {
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(local.and_utc().timestamp_millis())
    };
    let date = || {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    };
    // Four digits are a year without the rest, not a moment of 1970.
    let millis = || {
        text.parse()
            .ok()
            .filter(|_| text.trim_start_matches('-').len() > 4)
    };
    zoned()
        .or_else(local)
        .or_else(date)
        .or_else(millis)
        .filter(|instant| (EARLIEST..LATEST).contains(instant))
        .ok_or_else(|| {
            ApiError::bad_request(format!(
                "{field}: {text:?} is no point in time; it should be like 2026-01-31T12:00:00Z"
            ))
        })
}

/// An instant of the query.
pub(super) fn of(query: &Query, name: &str) -> ApiResult<Option<Millis>> {
    query.get(name).map(|text| parse(name, text)).transpose()
}

/// The years 1 to 9999: all that is shown can be read back.
const EARLIEST: Millis = -62_135_596_800_000;
const LATEST: Millis = 253_402_300_800_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read() {
        let cases = [
            ("2018-08-20T15:29:34Z", Some(1_534_778_974_000)),
            ("2018-08-20T15:29:34.827Z", Some(1_534_778_974_827)),
            ("2018-08-20T17:29:34+02:00", Some(1_534_778_974_000)),
            ("2018-08-20T15:29:34", Some(1_534_778_974_000)),
            ("2018-08-20", Some(1_534_723_200_000)),
            (" 1534778974827 ", Some(1_534_778_974_827)),
            ("2018", None),
            ("soon", None),
            ("", None),
            ("99999999999999999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse("from", text).ok(), expected, "{text}");
        }
    }
}
