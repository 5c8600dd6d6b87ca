//! The control interface.

use serde_json::{Value, json};

use super::{Bench, column, read};
use crate::{CATALOG, Entity, FaultError, Options, Seed};

#[test]
fn the_help_names_everything() {
    let bench = Bench::new();
    let help = bench.control("GET", "", "");
    assert_eq!(help.status, 200);
    for entry in CATALOG {
        assert!(
            help.text
                .contains(&format!("curl -X PUT -d '{}' ", entry.example)),
            "{}",
            entry.name
        );
    }
    // Each command of the help works as it stands there.
    for line in help
        .text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("curl "))
    {
        let (verb, line) = line
            .strip_prefix("-X ")
            .map_or(("GET", line), |rest| rest.split_once(' ').unwrap());
        let (body, url) = match line.strip_prefix("-d '") {
            Some(rest) => rest.split_once("' ").unwrap(),
            None => ("", line),
        };
        bench.world().reset().unwrap();
        let reply = bench.send(
            verb,
            url,
            &[("content-type", "application/x-www-form-urlencoded")],
            body,
        );
        assert!(
            matches!(reply.status, 200 | 201),
            "{verb} {url} {body}: {reply:?}"
        );
    }
    assert!(bench.get("/").text.contains("/control"));
}

#[test]
fn mistakes_are_answered_with_what_would_be_right() {
    let bench = Bench::new();
    let check = |method: &str, path: &str, body: &str, status: u16, expect: &str| {
        let reply = bench.control(method, path, body);
        let error = reply.json()["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!(reply.status, status, "{method} {path} {body}: {error}");
        assert!(error.contains(expect), "{method} {path} {body}: {error}");
    };
    check(
        "PUT",
        "/faults/nope",
        "{}",
        400,
        "there are rate-limit, call-budget",
    );
    check(
        "GET",
        "/faults/nope",
        "",
        400,
        "there are rate-limit, call-budget",
    );
    check(
        "PUT",
        "/faults",
        r#"{"nope":{}}"#,
        400,
        "there are rate-limit, call-budget",
    );
    check(
        "PUT",
        "/faults",
        r#"{"slow":{"ms":1}}"#,
        400,
        "expected one of `headers_ms`, `body_ms`, `when`",
    );
    check(
        "PUT",
        "/faults/slow",
        r#"{"when":{"method":"Read"}}"#,
        400,
        "`methods`",
    );
    check(
        "PUT",
        "/faults/slow",
        r#"{"headers_ms":99999999}"#,
        400,
        "3600000 at most",
    );
    check(
        "PUT",
        "/faults/http-status",
        r#"{"status":200}"#,
        400,
        "from 400 to 599",
    );
    check(
        "PUT",
        "/faults/content-type",
        r#"{"value":"a\nb"}"#,
        400,
        "cannot stand in a header",
    );
    check(
        "PUT",
        "/faults/clock-skew",
        r#"{"seconds":9223372036854775807}"#,
        400,
        "at most",
    );
    check(
        "PUT",
        "/faults/page-shift",
        r#"{"entity":"Wine"}"#,
        400,
        "`AbEntry`",
    );
    check("PUT", "/faults/slow", "{", 400, "no JSON");
    check("PUT", "/faults", "[]", 400, "JSON object");
    check("POST", "/faults", "", 405, "GET, PUT, DELETE");
    check("PUT", "/clock", "{}", 400, "advance_s");
    check("PUT", "/clock", r#"{"now":"tomorrow"}"#, 400, "no instant");
    check(
        "PUT",
        "/clock",
        r#"{"now":"2026-01-01T00:00:00"}"#,
        400,
        "time zone",
    );
    check("PUT", "/clock", r#"{"advance_s":"9"}"#, 400, "number of seconds");
    check(
        "PUT",
        "/clock",
        r#"{"advance_s":9223372036854775807}"#,
        400,
        "number of seconds",
    );
    check("PUT", "/clock", r#"{"real":false}"#, 400, "real is true");
    check("PUT", "/clock", r#"{"time":1}"#, 400, "no member 'time'");
    check("POST", "/tokens/expire", r#"{"refresh":1}"#, 400, "refresh");
    check("POST", "/records/Wine", "{}", 400, "there are AbEntry");
    check("POST", "/records/AbEntry", "", 400, "CompanyName");
    check("POST", "/records/AbEntry", "1", 400, "expected an object");
    check("POST", "/records/AbEntry", r#"{"Nope":1}"#, 400, "'Nope'");
    check(
        "POST",
        "/records/AbEntry",
        r#"{"Key":{"ID":"DEMO_1C"},"CompanyName":"x"}"#,
        409,
        "exists already",
    );
    check("GET", "/records/AbEntry/nobody", "", 404, "does not exist");
    check(
        "PATCH",
        "/records/AbEntry/DEMO_1C",
        r#"{"LastModifyDate":"x"}"#,
        400,
        "ISO 8601",
    );
    check("PUT", "/records/AbEntry/DEMO_1C", "{}", 405, "PATCH");
    check("POST", "/service/Read", "[]", 400, "JSON object");
    check("GET", "/reset", "", 405, "POST");
    check("GET", "/nope", "", 404, "GET /control");
    check("GET", "/faults/slow/more", "", 404, "GET /control");
    assert!(bench.world().set_fault("nope", json!({})).is_err());
    assert!(matches!(
        bench.world().fault_hits("nope"),
        Err(FaultError::Unknown { .. })
    ));
}

#[test]
fn switches_are_set_shown_and_taken_away() {
    let bench = Bench::new();
    let shown = bench
        .control(
            "PUT",
            "/faults/HTTP-Status",
            r#"{"status":500,"when":{"times":2}}"#,
        )
        .json();
    assert_eq!(
        (shown["setting"]["status"].as_i64(), shown["hits"].as_i64()),
        (Some(500), Some(0))
    );
    bench.call("Read", &json!({}));
    let all = bench.control("GET", "/faults", "").json();
    assert_eq!(all["set"]["http-status"]["hits"], 1);
    assert_eq!(all["set"].as_object().unwrap().len(), 1);
    bench.control("PUT", "/faults", r#"{"page-cap":{},"slow":null}"#);
    assert_eq!(bench.world().faults().page_cap.unwrap().rows, 100);
    assert_eq!(bench.world().faults().http_status, None);
    bench.control("DELETE", "/faults/page-cap", "");
    assert_eq!(bench.world().faults().page_cap, None);
    bench.control("PUT", "/faults/slow", "");
    assert_eq!(bench.control("DELETE", "/faults", "").json()["set"], json!({}));
}

#[test]
fn records_are_edited_without_a_token_and_with_any_date() {
    let bench = Bench::with(Options {
        seed: Seed::Empty,
        ..Options::default()
    });
    let two = r#"[{"CompanyName":"A","LastModifyDate":"2026-03-01T00:00:00Z"},{"CompanyName":"B"}]"#;
    let created = bench.control("POST", "/records/abentry", two);
    assert_eq!(created.status, 201);
    let key = |at: usize| created.json()[at]["Key"].as_str().unwrap().to_owned();
    // An edit in the second of another, and one that leaves the date alone.
    let path = format!("/records/AbEntry/{}", key(1));
    let edited = bench
        .control("PATCH", &path, r#"{"LastModifyDate":"2026-03-01T00:00:00Z"}"#)
        .json();
    assert_eq!(edited["LastModifyDate"], "2026-03-01T00:00:00Z");
    let second = json!({"LastModifyDate": {"$EQ": "2026-03-01T00:00:00Z"}});
    assert_eq!(
        column(&bench.ok("Read", &read(&["CompanyName"], second)), "CompanyName"),
        ["A", "B"]
    );
    let touched = bench.control("PATCH", &path, "{}").json();
    assert_eq!(touched["LastModifyDate"], "2026-01-01T00:00:00Z");
    assert_eq!(bench.control("DELETE", &path, "").json()["deleted"], key(1));
    assert_eq!(bench.control("GET", &path, "").status, 404);
    assert_eq!(
        bench
            .control("GET", "/records/AbEntry", "")
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let udf = bench
        .control(
            "POST",
            "/records/Lead",
            r#"{"CompanyName":"L","Udf/$NAME(Wines)":"red"}"#,
        )
        .json();
    assert_eq!(udf["Udf/$NAME(Wines)"], "red");
    assert_eq!(bench.control("GET", "/records", "").json()["Lead"], 1);
    bench.control("DELETE", "/records", "");
    assert_eq!(bench.world().records(Entity::Lead), Vec::<Value>::new());
}

#[test]
fn requests_are_recorded_with_all_that_came() {
    let bench = Bench::new();
    bench.call("Read", &json!({"AbEntry": {}}));
    bench.token_form(&[("grant_type", "x")]);
    bench.get("/nothing?a=1");
    bench.control("GET", "/clock", "");
    let all = bench.control("GET", "/requests", "").json();
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 3, "the control interface is not recorded");
    assert_eq!(all[0]["call"], "Read");
    assert_eq!(
        all[0]["headers"]["authorization"],
        format!("Bearer {}", bench.token)
    );
    assert_eq!(
        (&all[0]["body"], &all[0]["status"]),
        (&json!({"AbEntry": {}}), &json!(200))
    );
    assert_eq!(
        (&all[1]["call"], &all[1]["body"]),
        (&json!("Token"), &json!("grant_type=x"))
    );
    assert_eq!(
        (&all[2]["call"], &all[2]["target"], &all[2]["status"]),
        (&json!(""), &json!("/nothing?a=1"), &json!(404))
    );
    assert_eq!(
        bench
            .control("GET", "/requests?call=token", "")
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(bench.control("DELETE", "/requests", "").json()["forgotten"], 3);
    assert_eq!(bench.world().requests(), []);
}

#[test]
fn the_clock_is_set_moved_and_let_go() {
    let bench = Bench::new();
    let put = |body: &str| bench.control("PUT", "/clock", body).json();
    assert_eq!(
        put(r#"{"advance_s":90}"#),
        json!({"now": "2026-01-01T00:01:30Z", "stands_still": true})
    );
    assert_eq!(
        put(r#"{"now":"2030-06-01T02:00:00+02:00"}"#)["now"],
        "2030-06-01T00:00:00Z"
    );
    let running = put(r#"{"run_from":"2030-06-01T00:00:00Z"}"#);
    assert!(
        running["now"].as_str().unwrap().starts_with("2030-06-01T00:"),
        "{running}"
    );
    assert_eq!(running["stands_still"], false);
    assert_eq!(put(r#"{"real":true}"#)["stands_still"], false);
}

#[test]
fn a_reset_brings_back_the_beginning() {
    let bench = Bench::new();
    let before = bench.world().records(Entity::AbEntry);
    bench.control("DELETE", "/records", "");
    bench.fault("slow", json!({"headers_ms": 1}));
    bench.world().clock().advance(chrono::TimeDelta::days(1));
    bench.call("Read", &json!({}));
    assert_eq!(bench.control("POST", "/reset", "").status, 200);
    assert_eq!(bench.world().records(Entity::AbEntry), before);
    assert_eq!(
        (bench.world().faults(), bench.world().requests()),
        (crate::Faults::default(), Vec::new())
    );
    assert_eq!(
        bench.call("Read", &json!({})).json()["Msg"],
        json!(["Token is invalid"])
    );
}
