//! Walks over pages, and what disturbs them.

use serde_json::{Value, json};

use super::{Bench, column, read};
use crate::{Entity, Options, Seed};

/// Companies A to G, one a second.
fn seven() -> Bench {
    let companies = ('A'..='G').enumerate().map(|(second, name)| {
        let at = format!("2025-06-01T00:00:0{second}Z");
        json!({"CompanyName": name.to_string(), "CreationDate": at, "LastModifyDate": at})
    });
    let records = json!({"AbEntry": companies.collect::<Vec<_>>()});
    Bench::with(Options {
        seed: Seed::Records(records.as_object().cloned().unwrap()),
        ..Options::default()
    })
}

fn page(size: usize, key: &Value) -> Value {
    let mut request = read(&["CompanyName"], json!({}));
    request["AbEntry"]["OrderBy"] =
        json!({"PageKey": key, "PageSize": size, "Fields": [{"LastModifyDate": "ASC"}]});
    request
}

/// The names of each page until there is no further key.
fn walk(bench: &Bench, size: usize) -> Vec<String> {
    let mut pages = Vec::new();
    let mut key = Value::Null;
    loop {
        let answer = bench.ok("Read", &page(size, &key));
        pages.push(column(&answer, "CompanyName").concat());
        key = answer["AbEntry"]["OrderBy"]["PageKey"].clone();
        if key.is_null() {
            return pages;
        }
    }
}

#[test]
fn page_keys_lead_through_a_result() {
    let bench = seven();
    assert_eq!(walk(&bench, 3), ["ABC", "DEF", "G"]);
    assert_eq!(walk(&bench, 7), ["ABCDEFG"]);
    assert_eq!(
        column(&bench.ok("Read", &page(3, &json!("Mw=="))), "CompanyName").concat(),
        "DEF"
    );
    assert_eq!(
        column(&bench.ok("Read", &page(3, &json!("OTk="))), "CompanyName").concat(),
        ""
    );
    let mut top = page(3, &Value::Null);
    top["AbEntry"]["Criteria"]["Top"] = json!(2);
    let answer = bench.ok("Read", &top);
    assert_eq!(
        (
            column(&answer, "CompanyName").concat(),
            &answer["AbEntry"]["OrderBy"]["PageKey"]
        ),
        ("AB".into(), &Value::Null)
    );
    bench.fault("page-cap", json!({"rows": 2}));
    assert_eq!(walk(&bench, 3), ["AB", "CD", "EF", "G"]);
}

#[test]
fn the_next_key_stands_elsewhere_by_switch() {
    let bench = seven();
    for (place, expect) in [
        ("entity", json!({"PageKey": "Mw=="})),
        ("next-page-key", json!({"NextPageKey": "Mw=="})),
        ("absent", json!({})),
    ] {
        bench.fault("page-key", json!({"place": place}));
        let mut answer = bench.ok("Read", &page(3, &Value::Null))["AbEntry"].take();
        answer.as_object_mut().unwrap().shift_remove("Data");
        assert_eq!(answer, expect);
    }
}

#[test]
fn rows_shift_while_pages_are_walked() {
    let check = |fault: Value, expect: &[&str]| {
        let bench = seven();
        bench.fault("page-shift", fault.clone());
        assert_eq!(walk(&bench, 3), expect, "{fault}");
        assert_eq!(bench.world().fault_hits("page-shift"), Ok(1));
        assert_eq!(
            bench.world().faults().page_shift,
            None,
            "it is over after one hit"
        );
    };
    // A is modified and goes to the end: D, which no page shows, takes the place of a row that was seen.
    check(json!({}), &["ABC", "EFG", "A"]);
    check(json!({"page": 3}), &["ABC", "DEF", "D"]);
    check(json!({"action": "delete"}), &["ABC", "EFG"]);
    let early = json!({"CompanyName": "0", "CreationDate": "2025-01-01", "LastModifyDate": "2025-01-01"});
    check(json!({"action": "create", "data": early}), &["ABC", "CDE", "FG"]);
}

#[test]
fn the_record_that_shifts_can_be_named() {
    let bench = seven();
    let key = bench.world().records(Entity::AbEntry)[1]["Key"].clone();
    bench.fault(
        "page-shift",
        json!({"key": key, "page": 2, "data": {"CompanyName": "b"}}),
    );
    assert_eq!(walk(&bench, 3), ["ABC", "EFG", "b"]);
}

#[test]
fn changes_show_late() {
    let bench = seven();
    bench.fault("late-visible", json!({"seconds": 30}));
    let key = bench.world().records(Entity::AbEntry)[0]["Key"].clone();
    bench.ok(
        "Update",
        &json!({"AbEntry": {"Data": {"Key": key, "CompanyName": "a"}}}),
    );
    bench.ok("Create", &json!({"AbEntry": {"Data": {"CompanyName": "H"}}}));
    let names = || {
        column(
            &bench.ok("Read", &read(&["CompanyName"], json!({}))),
            "CompanyName",
        )
        .concat()
    };
    assert_eq!(names(), "ABCDEFG");
    bench.world().clock().advance(chrono::TimeDelta::seconds(29));
    assert_eq!(names(), "ABCDEFG");
    bench.world().clock().advance(chrono::TimeDelta::seconds(1));
    assert_eq!(names(), "aBCDEFGH");
}

#[test]
fn dates_are_local_time_labelled_z() {
    let bench = seven();
    bench.fault("local-time", json!({}));
    let request = read(
        &["CreationDate", "LastModifyDate"],
        json!({"LastModifyDate": {"$EQ": "2025-06-01T00:00:03Z"}}),
    );
    let expect = json!([{"CreationDate": "2025-06-01T00:00:03Z", "LastModifyDate": "2025-05-31T17:00:03Z"}]);
    assert_eq!(bench.ok("Read", &request)["AbEntry"]["Data"], expect);
}

#[test]
fn properties_lose_their_search_and_order() {
    let bench = seven();
    bench.fault(
        "field-limits",
        json!({"not_searchable": ["AbEntry.CompanyName"], "not_sortable": ["abentry.lastmodifydate"]}),
    );
    let search = bench
        .call("Read", &read(&["Key"], json!({"CompanyName": {"$EQ": "A"}})))
        .json();
    assert!(
        search["Msg"][0]["Message"]
            .as_str()
            .unwrap()
            .contains("searching"),
        "{search}"
    );
    let sort = bench.call("Read", &page(3, &Value::Null)).json();
    assert!(
        sort["Msg"][0]["Message"].as_str().unwrap().contains("sorting"),
        "{sort}"
    );
}
