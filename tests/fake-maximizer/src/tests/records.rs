//! Create, read, update, delete.

use serde_json::{Value, json};

use super::{Bench, column, read};
use crate::{Entity, Key, Options, Seed};

fn empty() -> Bench {
    Bench::with(Options {
        seed: Seed::Empty,
        ..Options::default()
    })
}

fn create(bench: &Bench, entity: &str, data: Value) -> Value {
    bench.ok("Create", &json!({ entity: { "Data": data } }))[entity]["Data"].clone()
}

#[test]
fn a_record_is_created_read_updated_and_deleted() {
    let bench = empty();
    let reply = bench.call(
        "Create",
        &json!({"AbEntry": {"Data": {"Key": null, "CompanyName": "ABC Wine Shop"}}}),
    );
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    let created = reply.json()["AbEntry"]["Data"].clone();
    let key = created["Key"].as_str().unwrap();
    assert_eq!(
        created,
        json!({"Key": key, "CompanyName": "ABC Wine Shop"}),
        "only what was sent is echoed"
    );
    assert_eq!(Key::parse(key).unwrap().prefix, "Company");

    let fields = ["Type", "CompanyName", "WebSite", "CreationDate", "LastModifyDate"];
    let row = || bench.ok("Read", &read(&fields, json!({"Key": {"$EQ": key}})))["AbEntry"]["Data"][0].clone();
    let dates = (json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:00:00Z"));
    assert_eq!(
        (row()["CreationDate"].clone(), row()["LastModifyDate"].clone()),
        dates
    );
    bench
        .world()
        .clock()
        .advance(chrono::TimeDelta::milliseconds(1999));
    let update = json!({"abentry": {"Data": {"Key": key, "webSite": "http://x.example"}}});
    let updated = bench.ok("Update", &update)["abentry"]["Data"].clone();
    assert_eq!(updated, json!({"Key": key, "webSite": "http://x.example"}));
    let expect = json!({
        "Type": "Company", "CompanyName": "ABC Wine Shop", "WebSite": "http://x.example",
        "CreationDate": "2026-01-01T00:00:00Z", "LastModifyDate": "2026-01-01T00:00:01Z",
    });
    assert_eq!(row(), expect, "dates have whole seconds");

    let delete = json!({"AbEntry": {"Data": {"Key": key}}});
    assert_eq!(bench.ok("Delete", &delete)["AbEntry"]["Data"]["Key"], key);
    assert_eq!(row(), Value::Null);
    let again = bench.call("Delete", &delete).json();
    assert!(
        again["Msg"][0]["Message"]
            .as_str()
            .unwrap()
            .contains("does not exist"),
        "{again}"
    );
}

#[test]
fn contacts_are_numbered_under_the_id_of_their_parent() {
    let bench = empty();
    let parent = create(
        &bench,
        "AbEntry",
        json!({"Key": null, "CompanyName": "ABC Wine Shop"}),
    );
    let parent = Key::parse(parent["Key"].as_str().unwrap()).unwrap();
    for number in 1..=3 {
        let data = json!({"Key": null, "ParentKey": parent.to_string(), "LastName": "Jones"});
        let key = create(&bench, "AbEntry", data);
        let key = Key::parse(key["Key"].as_str().unwrap()).unwrap();
        assert_eq!(
            (key.prefix.as_str(), &key.id, key.number),
            ("Contact", &parent.id, Some(number))
        );
    }
    let related = json!({"Key": {"$EQ": {"Body": parent.to_string(), "OrRelated": true}}});
    assert_eq!(
        column(&bench.ok("Read", &read(&["Type"], related)), "Type").len(),
        4
    );
    let named = read(
        &["CompanyName", "DisplayValue"],
        json!({"Key": {"$EQ": {"ID": parent.id, "Number": 2}}}),
    );
    let row = bench.ok("Read", &named)["AbEntry"]["Data"][0].clone();
    assert_eq!(
        row,
        json!({"CompanyName": "ABC Wine Shop", "DisplayValue": "Jones - ABC Wine Shop"})
    );
}

#[test]
fn member_names_are_taken_in_any_casing_and_echoed() {
    let bench = Bench::new();
    let request = json!({"abEntry": {
        "scope": {"fields": {"key": {"id": 1, "number": 1}, "displayValue": 1, "PARENT": {"companyname": 1}}},
        "criteria": {"searchQuery": {"lastname": {"$eq": "chung"}}},
        "orderBy": {"pageSize": 1, "fields": [{"lastModifyDate": "desc"}]},
    }});
    let expect = json!({"Code": 0, "abEntry": {
        "Data": [{
            "key": {"id": "DEMO_5C", "number": 1},
            "displayValue": "Chung, Rennie - Sunrise Adventures",
            "PARENT": {"companyname": "Sunrise Adventures"},
        }],
        "orderBy": {"PageKey": null},
    }});
    assert_eq!(bench.ok("read", &request), expect);
    bench.fault("casing", json!({}));
    bench.fault("content-type", json!({}));
    let reply = bench.call("READ", &read(&["Type"], json!({"CompanyName": {"$EQ": "x"}})));
    assert_eq!(reply.json(), json!({"code": 0, "AbEntry": {"data": []}}));
    assert!(
        reply
            .header("content-type")
            .unwrap()
            .starts_with("application/json")
    );
}

#[test]
fn refusals_carry_the_codes_that_were_recorded() {
    let bench = Bench::new();
    let check = |method: &str, body: Value, code: i64, text: &str| {
        let answer = bench.call(method, &body);
        let (status, answer) = (answer.status, answer.json());
        assert_eq!((status, answer["Code"].as_i64()), (200, Some(-1)), "{body}");
        let message = &answer["Msg"][0];
        assert_eq!(message["ErrorCode"], code, "{body}: {answer}");
        assert!(
            message["Message"].as_str().unwrap().contains(text),
            "{body}: {answer}"
        );
    };
    let contact = bench.world().record(Entity::AbEntry, "DEMO_5C:1").unwrap()["Key"].clone();
    check(
        "Create",
        json!({"AbEntry": {"Data": {"Key": null}}}),
        -10010,
        "CompanyName is mandatory",
    );
    check(
        "Update",
        json!({"AbEntry": {"Data": {"Key": contact, "LastName": ""}}}),
        -10003,
        "LastName is mandatory",
    );
    check(
        "Update",
        json!({"AbEntry": {"Data": {"Key": contact, "Type": "Company"}}}),
        -1,
        "cannot be changed",
    );
    check(
        "Update",
        json!({"AbEntry": {"Data": {"Key": contact, "LastModifyDate": "2026-01-01"}}}),
        -1,
        "assignable",
    );
    check(
        "Update",
        json!({"AbEntry": {"Data": {"Key": contact, "Nope": 1}}}),
        -1023,
        "'Nope'",
    );
    check(
        "Create",
        json!({"Opportunity": {"Data": {"AbEntryKey": contact, "Cost": "1"}}}),
        -1024,
        "'Cost'",
    );
    check(
        "Create",
        json!({"Task": {"Data": {"Activity": "x", "Priority": "TOP"}}}),
        -60054,
        "Hi|Med|Low",
    );
    check(
        "Read",
        json!({"Note": {"Scope": {"Fields": {"LastModifyDate": 1}}}}),
        -1023,
        "'LastModifyDate'",
    );
    check("Read", read(&["Key"], json!({"Type": {"$XOR": 1}})), -1, "$XOR");
    check("Read", json!({"Wine": {}}), -1, "supported are AbEntry");
    check("Read", json!({}), -1, "expected an object to work on");
    check("Read", json!([]), -1, "expected a JSON object");
    check("SchemaRead", json!({}), -1, "supported are Authenticate");
    check(
        "Update",
        json!({"Lead": {"Data": {"Key": contact}}}),
        -1,
        "DONOTUPDATE",
    );
    for (style, expect) in [
        ("strings", json!(["Token is invalid"])),
        ("text", json!("Token is invalid")),
    ] {
        bench.fault("message-form", json!({"style": style}));
        assert_eq!(
            bench.send("POST", "/octopus/Read", &[], "{}").json()["Msg"],
            expect
        );
    }
}

#[test]
fn a_batch_is_written_one_by_one_until_the_first_refusal() {
    let bench = empty();
    let batch = json!({
        "AbEntry.First": {"Data": {"Key": null, "CompanyName": "ABC Wine Shop"}},
        "AbEntry.Second": {"Data": {"Key": null}},
        "AbEntry.Third": {"Data": {"Key": null, "CompanyName": "Sunrise Adventures"}},
    });
    assert_eq!(bench.call("Create", &batch).json()["Code"], -1);
    assert_eq!(
        column(
            &bench.ok("Read", &read(&["CompanyName"], json!({}))),
            "CompanyName"
        ),
        ["ABC Wine Shop"]
    );
    let both = json!({
        "AbEntry.a": {"Scope": {"Fields": {"Type": 1}}},
        "Lead.b": {"Scope": {"Fields": {"Email": 1}}},
        "Compatibility": {"AbEntryKey": "2.0"},
    });
    let answer = bench.ok("Read", &both);
    assert_eq!(
        (&answer["AbEntry.a"]["Data"], &answer["Lead.b"]["Data"]),
        (&json!([{"Type": "Company"}]), &json!([]))
    );
}

#[test]
fn what_was_saved_is_read_again_on_request() {
    let bench = empty();
    let data = json!({"Key": null, "type": "household", "CompanyName": "Park"});
    let body = json!({"AbEntry": {"Data": data, "Options": {"ReadAfterSave": true}}});
    let data = bench.ok("Create", &body)["AbEntry"]["Data"].clone();
    assert_eq!(data["type"], "Company", "a household is stored as a company");
    assert!(data["Key"].is_string());
}

#[test]
fn notes_of_a_deleted_contact_move_to_its_parent() {
    let bench = Bench::new();
    let key = |record: &str| bench.world().record(Entity::AbEntry, record).unwrap()["Key"].clone();
    let (parent, contact) = (key("DEMO_5C:0"), key("DEMO_5C:1"));
    bench.ok("Delete", &json!({"AbEntry": {"Data": {"Key": contact}}}));
    assert_eq!(bench.world().records(Entity::Note)[0]["ParentKey"], parent);
}

#[test]
fn updates_leave_notes_by_switch() {
    let bench = Bench::new();
    let key = bench.world().record(Entity::AbEntry, "DEMO_5C:1").unwrap()["Key"].clone();
    bench.fault("audit-notes", json!({"text": "Position changed"}));
    bench.ok(
        "Update",
        &json!({"AbEntry": {"Data": {"Key": key, "Position": "Guide"}}}),
    );
    let notes = bench.world().records(Entity::Note);
    assert_eq!(
        (&notes[1]["Text"], &notes[1]["ParentKey"]),
        (&json!("Position changed"), &key)
    );
}
