//! Against Java's own rows, and against hostile input.

use proptest::prelude::*;

use super::{Pattern, Zone};

/// The rows were made on this day; it places years of two digits.
const ROWS_MADE: i64 = 1_795_000_000_000;

fn unescape(text: &str) -> String {
    text.replace("\\\\", "\u{0}")
        .replace("\\t", "\t")
        .replace("\\n", "\n")
        .replace('\u{0}', "\\")
}

fn run(operation: &str, pattern: &str, zone: &str, input: &str) -> String {
    let zone = Zone::java(zone);
    let Ok(pattern) = Pattern::new(pattern) else {
        return "!ERROR".to_owned();
    };
    match operation {
        "format" => pattern.format(input.parse().unwrap(), &zone),
        _ => pattern
            .parse(input, &zone, ROWS_MADE)
            .map_or("!ERROR".to_owned(), |instant| instant.to_string()),
    }
}

#[test]
fn every_row_of_java() {
    let rows = include_str!("../../fixtures/java-dates.tsv").lines().skip(1);
    let mut misses = Vec::new();
    for row in rows {
        let columns: Vec<String> = row.split('\t').map(unescape).collect();
        let [operation, pattern, zone, input, expected] = columns.as_slice() else {
            panic!("{row:?}")
        };
        let got = run(operation, pattern, zone, input);
        if got != *expected {
            misses.push(format!("{row:?} got {got}"));
        }
    }
    assert!(
        misses.is_empty(),
        "{} misses\n{}",
        misses.len(),
        misses.join("\n")
    );
}

#[test]
fn zones_that_java_would_take_for_gmt_are_not_known() {
    for id in [
        "",
        "XYZ",
        "GMT+24:00",
        "GMT+1:5",
        "{TimeZone}",
        "gmt",
        "-8:0",
        "+99:00",
    ] {
        assert_eq!(Zone::known(id), None, "{id}");
        assert_eq!(Zone::java(id), Zone::UTC, "{id}");
    }
    for (id, hours) in [
        ("-8:00", -8),
        ("+0530", 5),
        ("PST", -8),
        ("America/Denver", -7),
        ("GMT-6:00", -6),
        ("MST", -7),
    ] {
        assert_eq!(Zone::known(id).unwrap().offset_ms(0) / 3_600_000, hours, "{id}");
    }
}

#[test]
fn patterns_say_where_they_are_wrong() {
    let cases = [
        (
            "yyyy-QQ",
            "the letter 'Q' at position 5 means nothing in a date pattern; letters that stand for themselves go between single quotes",
        ),
        (
            "yyyy'T",
            "the quote that begins at position 4 does not end; a single quote is written as two",
        ),
        (
            "XXXX",
            "4 times X at position 0: X, XX and XXX are ISO 8601 time zones, more are not",
        ),
    ];
    for (pattern, expected) in cases {
        assert_eq!(Pattern::new(pattern).unwrap_err().to_string(), expected);
    }
}

proptest! {
    #[test]
    fn nothing_panics(pattern in "[GyYMLwWDdFEuaHkKhmsSzZX' :.-]{0,12}", text in ".{0,30}", instant: i64) {
        if let Ok(pattern) = Pattern::new(&pattern) {
            let zone = Zone::java("America/New_York");
            let formatted = pattern.format(instant, &zone);
            let _ = pattern.parse(&text, &zone, 0);
            let _ = pattern.parse(&formatted, &zone, 0);
        }
    }

    #[test]
    fn what_is_written_is_read(instant in -62_000_000_000_000_i64..250_000_000_000_000) {
        let pattern = Pattern::new("yyyy-MM-dd'T'HH:mm:ss.SSSZ").unwrap();
        let zone = Zone::java("GMT-03:30");
        prop_assert_eq!(pattern.parse(&pattern.format(instant, &zone), &zone, 0), Ok(instant));
    }
}
