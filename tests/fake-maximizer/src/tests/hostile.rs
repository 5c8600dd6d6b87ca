//! Requests that mean no good.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Bench;
use crate::clock::ClockStart;
use crate::options::Options;
use crate::world::World;

#[test]
fn every_path_answers_bad_bodies_in_a_clean_way() {
    let options = Options {
        access_tokens: vec!["personal".to_owned()],
        ..Options::default()
    };
    let bench = Bench {
        token: "personal".to_owned(),
        ..Bench::with(options)
    };
    let deep = "[".repeat(100_000);
    let nested = format!("{}1{}", r#"{"$AND":["#.repeat(60), "]}".repeat(60));
    let query = format!(r#"{{"AbEntry":{{"Scope":{{"Fields":1}},"Criteria":{{"SearchQuery":{nested}}}}}}}"#);
    let bodies = [
        "",
        "\0",
        "{",
        "null",
        "1e999",
        "\u{feff}{}",
        "{}",
        "[]",
        r#""x""#,
        &deep,
        &query,
        r#"{"AbEntry":null}"#,
        r#"{"AbEntry":{"Data":[]}}"#,
        r#"{"AbEntry":{"Data":{"Key":{"ID":1}}}}"#,
        r#"{"AbEntry":{"Scope":{"Fields":{"Key":{"Key":{"Key":1}}}},"OrderBy":{"PageKey":"LTE="}}}"#,
        r#"{"AbEntry":{"Scope":{"Fields":1},"OrderBy":{"PageSize":1e400}}}"#,
        r#"{"AbEntry":{"Scope":{"Fields":1},"OrderBy":{"PageKey":"MTg0NDY3NDQwNzM3MDk1NTE2MTU=","PageSize":18446744073709551615}}}"#,
    ];
    let authorization = format!("Bearer {}", bench.token);
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    for path in [
        "/",
        "/octopus/Read",
        "/octopus/Create",
        "/octopus/Update",
        "/octopus/Delete",
        "/octopus/Authenticate",
        "/octopus/TokenValid",
        "/octopus/%00",
        "/octopus/VerifyToken",
        "/oauth2/CloudElements/token",
        "/oauth2/CloudElements/authorize",
        "/CloudElements?request=api",
        "/webhooks/v1/targets",
        "/webhooks/v1/subscriptions",
        "/webhooks/v1",
        "/control",
        "/control/clock",
        "/control/faults",
        "/control/faults/%ff",
        "/control/records/AbEntry",
        "/control/records/AbEntry/%00%ff",
        "/control/service/Read",
        "/control/service/Authenticate",
        "/control/tokens/expire",
        "/control/%2e%2e/%2e%2e",
    ] {
        for body in bodies {
            for method in ["POST", "PUT", "PATCH"] {
                let reply = bench.send(method, path, &headers, body);
                let code = serde_json::from_str::<Value>(&reply.text).unwrap_or_default()["Code"].clone();
                let clean = (400..500).contains(&reply.status) || matches!(reply.status, 200 | 201);
                assert!(
                    clean,
                    "{method} {path} {}: {reply:?}",
                    &body[..body.len().min(99)]
                );
                assert!(
                    code.is_null() || code == 0 || code == -1,
                    "{method} {path} {body}: {reply:?}"
                );
            }
        }
    }
    assert_eq!(
        bench.call("TokenValid", &json!({})).json(),
        json!({"Code": 0}),
        "it lives on"
    );
}

#[test]
fn lies_about_the_length_and_strange_bytes_do_no_harm() {
    let bench = Bench::new();
    let address = bench.fake.url().trim_start_matches("http://");
    for request in [
        &b"POST /octopus/Read HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\n{"[..],
        b"POST /octopus/Read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /%zz?%zz=%&&=&;\xff HTTP/1.1\r\nhost: x\r\nauthorization: \xff\xfe\r\nconnection: close\r\n\r\n",
        b"GET /octopus/VerifyToken HTTP/1.1\r\nhost: x\r\nauthorization: Bearer\r\nconnection: close\r\n\r\n",
        b"BREW * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request).unwrap();
        // The fake may have hung up already.
        let _closed = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _end = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(bench.get("/").status, 200);
}

/// JSON with the words of the service in places where they may not belong.
fn wild() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "AbEntry",
        "Note.x",
        "Scope",
        "Fields",
        "Criteria",
        "SearchQuery",
        "OrderBy",
        "PageKey",
        "PageSize",
        "Top",
        "Data",
        "Key",
        "Value",
        "ID",
        "Number",
        "Options",
        "ReadAfterSave",
        "Type",
        "ParentKey",
        "Parent",
        "Udf/x",
        "Address",
        "City",
        "$EQ",
        "$AND",
        "$OR",
        "$RANGE",
        "$GT",
        "$LIKE",
        "LastModifyDate",
        "Creator",
        "Phone1",
        "Contact",
        "2025-12-12",
        "$TODAY()",
        "MTA=",
        "Q29tcGFueQlERU1PXzFDCTA=",
        "VXNlcglNQVNURVI=",
        "ASC",
        "é/",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!(1)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        any::<bool>().prop_map(|b| json!(b)),
        word.clone().prop_map(|w| json!(w)),
    ];
    leaf.prop_recursive(7, 40, 5, move |inner| {
        let members = prop::collection::vec((word.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            members.prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_request_is_served_or_refused(
        method in prop::sample::select(vec!["Read", "Create", "Update", "Delete"]),
        entity in prop::sample::select(vec!["AbEntry", "Note", "Appointment", "Lead"]),
        part in wild(),
        query in wild(),
        data in wild(),
    ) {
        let clock = ClockStart::Fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let world = World::new(Options { clock, ..Options::default() }, String::new()).unwrap();
        let shaped = json!({
            "Scope": {"Fields": 1}, "Criteria": {"SearchQuery": query}, "Data": data,
            "OrderBy": {"Fields": [data]},
        });
        for request in [json!({ entity: part }), json!({ entity: shaped }), part] {
            let answer = world.service(method, &request);
            prop_assert!(answer["Code"] == 0 || answer["Code"] == -1);
            // What was written can be read.
            for entity in crate::Entity::ALL {
                prop_assert!(world.records(entity).iter().all(Value::is_object));
            }
        }
    }
}
