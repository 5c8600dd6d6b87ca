//! Limits, failures and damage.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Bench, read};

fn names() -> Value {
    read(&["CompanyName"], json!({}))
}

#[test]
fn who_does_not_wait_is_refused_and_recorded() {
    let bench = Bench::new();
    bench.fault("rate-limit", json!({"retry_after_s": 5, "when": {"times": 1}}));
    let limited = bench.call("Read", &names());
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("5")));
    bench.world().clock().advance(chrono::TimeDelta::seconds(4));
    let limited = bench.call("Read", &names());
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("1")));
    bench.world().clock().advance(chrono::TimeDelta::seconds(1));
    bench.ok("Read", &names());
    let seen: Vec<_> = bench
        .world()
        .requests_of("read")
        .iter()
        .map(|seen| (seen.status, seen.retry_after_violated))
        .collect();
    assert_eq!(seen, [(429, false), (429, true), (200, false)]);

    bench.fault("rate-limit", json!({"format": "date"}));
    assert_eq!(
        bench.call("Read", &names()).header("retry-after"),
        Some("Thu, 01 Jan 2026 00:00:10 GMT")
    );
    bench.fault("rate-limit", json!({"format": "absent"}));
    assert_eq!(bench.call("Read", &names()).header("retry-after"), None);
}

#[test]
fn calls_beyond_the_budget_wait() {
    let bench = Bench::new();
    bench.fault("call-budget", json!({"calls": 2, "per_s": 10}));
    bench.ok("Read", &names());
    bench.world().clock().advance(chrono::TimeDelta::seconds(6));
    bench.ok("Read", &names());
    let limited = bench.call("Read", &names());
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("4")));
    bench.world().clock().advance(chrono::TimeDelta::seconds(4));
    bench.ok("Read", &names());
}

#[test]
fn the_gateway_fails() {
    let bench = Bench::new();
    bench.fault(
        "http-status",
        json!({"status": 408, "when": {"methods": ["Read"], "every": 2}}),
    );
    let statuses: Vec<_> = (0..4).map(|_| bench.call("Read", &names()).status).collect();
    assert_eq!(statuses, [200, 408, 200, 408]);
    bench.fault(
        "http-status",
        json!({"retry_after_s": 2, "body": "busy", "when": {"entities": ["Lead"]}}),
    );
    assert_eq!(bench.call("Read", &names()).status, 200);
    let failed = bench.call("Read", &json!({"lead.x": {"Scope": {"Fields": 1}}}));
    assert_eq!(
        (failed.status, failed.header("retry-after"), failed.text.as_str()),
        (503, Some("2"), "busy")
    );
    bench.world().clear_faults();
    bench.fault("non-json", json!({}));
    assert!(bench.call("Read", &names()).text.starts_with("<!DOCTYPE html>"));
}

#[test]
fn the_service_refuses_and_warns() {
    let bench = Bench::new();
    bench.fault("logical-error", json!({"code": -7, "when": {"times": 1}}));
    let expect = json!({"Code": -1, "Msg": [{"Message": "Access Denied", "ErrorCode": -7}]});
    assert_eq!(bench.call("Read", &names()).json(), expect);
    bench.fault("warning", json!({"message": "BETA"}));
    assert_eq!(bench.ok("Read", &names())["Msg"][0]["Message"], "BETA");
}

#[test]
fn bodies_are_cut_broken_and_padded() {
    let bench = Bench::new();
    bench.fault("truncate-json", json!({"keep_bytes": 8, "when": {"times": 1}}));
    assert_eq!(bench.call("Read", &names()).text, r#"{"Code":"#);

    bench.fault("huge-body", json!({"bytes": 200_000, "when": {"times": 1}}));
    let huge = bench.call("Read", &names());
    assert_eq!(
        (
            huge.text.len() - huge.text.trim_end().len(),
            huge.json()["Code"].as_i64()
        ),
        (200_000, Some(0))
    );

    bench.fault("drop-connection", json!({"after_bytes": 8, "when": {"times": 1}}));
    let authorization = format!("Bearer {}", bench.token);
    let broken = bench.try_send(
        "POST",
        "/octopus/Read",
        &[("authorization", &authorization)],
        &names().to_string(),
    );
    assert!(broken.is_err(), "{broken:?}");
    bench.ok("Read", &names());
}

#[test]
fn answers_take_their_time() {
    let bench = Bench::new();
    bench.fault(
        "slow",
        json!({"headers_ms": 60, "body_ms": 60, "when": {"times": 1}}),
    );
    let before = Instant::now();
    bench.ok("Read", &names());
    assert!(before.elapsed() >= Duration::from_millis(120));
}

#[test]
fn the_clocks_of_the_provider_are_off() {
    let bench = Bench::new();
    let stamps = || {
        let created = bench.call(
            "Create",
            &json!({"AbEntry": {"Data": {"Key": null, "CompanyName": "x"}}}),
        );
        let key = created.json()["AbEntry"]["Data"]["Key"]
            .as_str()
            .unwrap()
            .to_owned();
        let record = bench.world().record(crate::Entity::AbEntry, &key).unwrap();
        let time = |text: &str, from: usize| text[from..from + 8].to_owned();
        let date = time(created.header("date").unwrap(), "Thu, 01 Jan 2026 ".len());
        (date, time(record["LastModifyDate"].as_str().unwrap(), 11))
    };
    let check = |on: &str, date: &str, record: &str| {
        bench.fault("clock-skew", json!({"seconds": 90, "on": on}));
        assert_eq!(stamps(), (date.to_owned(), record.to_owned()), "{on}");
    };
    assert_eq!(stamps(), ("00:00:00".to_owned(), "00:00:00".to_owned()));
    check("both", "00:01:30", "00:01:30");
    check("date-header", "00:01:30", "00:00:00");
    check("records", "00:00:00", "00:01:30");
}
