//! What each operation asks for, and what it makes of the answer.

use periodic_sdk::contract::{
    Answer, Effect, Exchange, Failure, Hub as _, Listed, Listing, Operation, Outcome, Position, Step,
};
use serde_json::{Value, json};

use super::{answers, call, connected, document, key, only, response};
use crate::Maximizer;

fn listing(resource: &str) -> Listing {
    Listing {
        resource: resource.to_owned(),
        filter: None,
        fields: Vec::new(),
        order_by: None,
        start: Position::Page(1),
        page_size: 20,
        total: false,
        parameters: Vec::new(),
    }
}

fn begin(operation: &Operation) -> Result<Exchange, Failure> {
    match Maximizer::begin(&connected(), operation.clone())? {
        Step::Send(exchange) => Ok(exchange),
        Step::Done(outcome) => panic!("{outcome:?}"),
    }
}

fn resume(operation: &Operation, answers: &[Answer]) -> Result<Outcome, Failure> {
    match Maximizer::resume(&connected(), operation.clone(), &[], answers)? {
        Step::Done(outcome) => Ok(outcome),
        Step::Send(exchange) => panic!("{exchange:?}"),
    }
}

fn list(listing: Listing) -> Value {
    call(
        only(&begin(&Operation::List(listing)).unwrap()),
        "Read",
        Effect::Read,
    )
}

fn one(operation: &Operation, body: &str) -> String {
    match resume(operation, &answers(body)).unwrap() {
        Outcome::One(one) => document(&one, body).0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_asks_for_fields_filter_order_and_page() {
    let asked = list(Listing {
        filter: Some("LastName = 'Chung' and Lead = 'true'".to_owned()),
        fields: ["key", "lastname", "Address.City", "Address.Country"]
            .map(str::to_owned)
            .to_vec(),
        order_by: Some("lastmodifydate desc".to_owned()),
        start: Position::Page(3),
        ..listing("contacts")
    });
    assert_eq!(
        asked,
        json!({
            "AbEntry": {
                "Scope": { "Fields": {
                    "Key": { "Value": 1, "ID": 1, "Number": 1, "EntityType": 1 },
                    "LastName": 1,
                    "Address": { "City": 1, "Country": 1 },
                }},
                "Criteria": { "SearchQuery": { "$AND": [
                    { "Type": { "$EQ": "Contact" } },
                    { "LastName": { "$EQ": "Chung" } },
                    { "Lead": { "$EQ": true } },
                ]}},
                // Records 40 and on.
                "OrderBy": { "PageKey": "NDA=", "PageSize": 20, "Fields": [{ "LastModifyDate": "DESC" }] },
            },
            "Compatibility": { "AbEntryKey": "2.0" },
            "Configuration": { "Drivers": { "IAbEntrySearcher": "Maximizer.Model.Access.Sql.AbEntrySearcher" } },
        })
    );
}

#[test]
fn every_resource_is_read_as_its_entity() {
    let cases = [
        (
            "contacts",
            "AbEntry",
            json!({ "Type": { "$EQ": "Contact" } }),
            json!({ "AbEntryKey": "2.0" }),
        ),
        (
            "companies",
            "AbEntry",
            json!({ "Type": { "$EQ": "Company" } }),
            json!({ "AbEntryKey": "2.0" }),
        ),
        (
            "addressbook-entries",
            "AbEntry",
            json!({}),
            json!({ "AbEntryKey": "2.0" }),
        ),
        ("opportunities", "Opportunity", json!({}), Value::Null),
        ("leads", "Lead", json!({}), json!({ "LeadObject": "1.3" })),
        ("cases", "Case", json!({}), Value::Null),
        ("notes", "Note", json!({}), Value::Null),
        ("tasks", "Task", json!({}), Value::Null),
        ("appointments", "Appointment", json!({}), Value::Null),
        ("addresses", "Address", json!({}), Value::Null),
        ("documents", "Document", json!({}), Value::Null),
        ("custom-records", "Custom", json!({}), Value::Null),
    ];
    for (resource, entity, query, compatibility) in cases {
        let asked = list(listing(resource));
        assert_eq!(asked[entity]["Criteria"]["SearchQuery"], query, "{resource}");
        assert_eq!(asked["Compatibility"], compatibility, "{resource}");
        assert_eq!(
            asked[entity]["OrderBy"],
            json!({ "PageKey": null, "PageSize": 20 }),
            "{resource}"
        );
        assert!(asked[entity]["Scope"]["Fields"]["Key"].is_object(), "{resource}");
    }
}

#[test]
fn a_list_is_shown_as_the_provider_tells_it() {
    let operation = Operation::List(listing("contacts"));
    let body = r#"{"Code":0,"AbEntry":{"Data":[
        {"Key":{"Value":"S2V5","ID":"1C","Number":5,"EntityType":1},"LastName":"Chung"},
        {"LastName" : "Li"},
        {"key":"S2V5Mg==","lastName":"Ng"},
        {"Key":{"ID":"2C","Number":0},"LastName":null}],"OrderBy":{"PageKey":"NDA="}}}"#;
    let Outcome::Listed(Listed { records, next, total }) = resume(&operation, &answers(body)).unwrap() else {
        panic!("no list")
    };
    let shown: Vec<String> = records.iter().map(|record| document(record, body).0).collect();
    assert_eq!(
        shown,
        [
            r#"{"Key":"S2V5","LastName":"Chung"}"#,
            r#"{"LastName" : "Li"}"#,
            r#"{"key":"S2V5Mg==","lastName":"Ng"}"#,
            r#"{"Key":null,"LastName":null}"#,
        ]
    );
    assert_eq!((next.as_deref(), total), (Some("NDA="), None));
}

#[test]
fn the_next_page_follows_a_full_one() {
    let two = r#"{"Code":0,"Case":{"Data":[{"Key":"a"},{"Key":"b"}]}}"#;
    let cases = [
        // Start, page size, the answer's next page.
        (Position::Page(1), 2, Some("Mg==")),
        (Position::Page(3), 2, Some("Ng==")),
        (Position::Cursor("Mg==".to_owned()), 2, Some("NA==")),
        (Position::Cursor("opaque".to_owned()), 2, None),
        (Position::Page(1), 3, None),
    ];
    for (start, page_size, expected) in cases {
        let operation = Operation::List(Listing {
            start: start.clone(),
            page_size,
            ..listing("cases")
        });
        let asked = call(only(&begin(&operation).unwrap()), "Read", Effect::Read);
        if let Position::Cursor(cursor) = &start {
            assert_eq!(asked["Case"]["OrderBy"]["PageKey"], *cursor);
        }
        let Outcome::Listed(listed) = resume(&operation, &answers(two)).unwrap() else {
            panic!("no list")
        };
        assert_eq!(listed.next.as_deref(), expected, "{start:?}");
    }
}

#[test]
fn one_record_is_found_by_its_key() {
    let id = key("Contact\t1C\t5");
    let operation = Operation::Get {
        resource: "contacts".to_owned(),
        id: id.clone(),
        fields: vec!["CompanyName".to_owned(), "FullName".to_owned()],
    };
    let asked = call(only(&begin(&operation).unwrap()), "Read", Effect::Read);
    assert_eq!(
        asked["AbEntry"]["Scope"]["Fields"],
        json!({ "CompanyName": 1, "FullName": 1 })
    );
    assert_eq!(
        asked["AbEntry"]["Criteria"]["SearchQuery"],
        json!({ "$AND": [{ "Type": { "$EQ": "Contact" } }, { "Key": { "$EQ": id } }] })
    );
    let body = r#"{"Code":0,"AbEntry":{"Data":[{"CompanyName":"A","FullName":"B"}]}}"#;
    assert_eq!(one(&operation, body), r#"{"CompanyName":"A","FullName":"B"}"#);
    let none = resume(&operation, &answers(r#"{"Code":0,"AbEntry":{"Data":[]}}"#));
    assert!(matches!(none, Err(Failure::NotFound(_))));
}

#[test]
fn a_record_is_made_and_read_back() {
    let operation = |body: &str| Operation::Create {
        resource: "companies".to_owned(),
        body: body.to_owned(),
    };
    let asked = call(
        only(&begin(&operation(r#"{"CompanyName":"Acme","Key":"ignored"}"#)).unwrap()),
        "Create",
        Effect::Write,
    );
    assert_eq!(
        asked,
        json!({
            "AbEntry": {
                "Data": { "Key": null, "Type": "Company", "CompanyName": "Acme" },
                "Options": { "ReadAfterSave": true },
            },
            "Compatibility": { "AbEntryKey": "2.0" },
        })
    );
    let typed = begin(&operation(r#"{"type":"Individual","LastName":"Ng"}"#)).unwrap();
    let asked = call(only(&typed), "Create", Effect::Write);
    assert_eq!(
        asked["AbEntry"]["Data"],
        json!({ "Key": null, "type": "Individual", "LastName": "Ng" })
    );
    let body = r#"{"Code":0,"AbEntry":{"Data":{"Key":"S2V5","CompanyName":"Acme"}}}"#;
    assert_eq!(
        one(&operation("{}"), body),
        r#"{"Key":"S2V5","CompanyName":"Acme"}"#
    );
    for wrong in ["[]", "7", "{", ""] {
        assert!(
            matches!(begin(&operation(wrong)), Err(Failure::InvalidRequest(_))),
            "{wrong}"
        );
    }
}

#[test]
fn what_was_read_can_be_written_back() {
    let body = json!({
        "Key": "S2V5", "Subject": "Tour", "StartDate": "2026-01-02T15:00:00Z", "creator": "VXNlcglNQVNURVI=",
        "CreationDate": "2026-01-01T00:00:00Z", "ModifiedBy": "VXNlcglNQVNURVI=",
        "LastModifyDate": "2026-01-01T00:00:00Z", "DisplayValue": "Tour", "FullName": "", "SecStatus": {},
    });
    let update = Operation::Update {
        resource: "appointments".to_owned(),
        id: "S2V5".to_owned(),
        body: body.to_string(),
    };
    let asked = call(only(&begin(&update).unwrap()), "Update", Effect::Write);
    assert_eq!(
        asked["Appointment"]["Data"],
        json!({ "Key": "S2V5", "Subject": "Tour", "StartDate": "2026-01-02T15:00:00Z" })
    );
}

#[test]
fn an_opportunity_without_an_objective_has_its_description() {
    let made = |body: Value| {
        let create = Operation::Create {
            resource: "opportunities".to_owned(),
            body: body.to_string(),
        };
        call(only(&begin(&create).unwrap()), "Create", Effect::Write)["Opportunity"]["Data"].clone()
    };
    assert_eq!(
        made(json!({ "Description": "Wine" })),
        json!({ "Key": null, "Objective": "Wine", "Description": "Wine" })
    );
    assert_eq!(
        made(json!({ "description": "Wine", "objective": "Cellar" })),
        json!({ "Key": null, "description": "Wine", "objective": "Cellar" })
    );
}

#[test]
fn a_record_is_changed_and_removed_by_its_key() {
    let update = Operation::Update {
        resource: "opportunities".to_owned(),
        id: "S2V5".to_owned(),
        body: r#"{"key":"other","Objective":"Win"}"#.to_owned(),
    };
    let asked = call(only(&begin(&update).unwrap()), "Update", Effect::Write);
    assert_eq!(
        asked,
        json!({ "Opportunity": {
            "Data": { "Key": "S2V5", "Objective": "Win" },
            "Options": { "ReadAfterSave": true },
        }})
    );
    let delete = Operation::Delete {
        resource: "contacts".to_owned(),
        id: "S2V5".to_owned(),
    };
    let asked = call(only(&begin(&delete).unwrap()), "Delete", Effect::Write);
    assert_eq!(
        asked,
        json!({ "AbEntry": { "Data": { "Key": "S2V5" } }, "Compatibility": { "AbEntryKey": "2.0" } })
    );
    assert_eq!(resume(&delete, &answers(r#"{"Code":0}"#)), Ok(Outcome::Done));
}

#[test]
fn a_key_that_cannot_be_one_is_of_no_record() {
    let refused = r#"{"Code":-1,"Msg":["The given key is of a type not supported by the target object."]}"#;
    let resource = || "contacts".to_owned();
    for (id, missing) in [("-1".to_owned(), true), (key("Contact\t1C\t5"), false)] {
        let get = Operation::Get {
            resource: resource(),
            id: id.clone(),
            fields: Vec::new(),
        };
        let update = Operation::Update {
            resource: resource(),
            id: id.clone(),
            body: "{}".to_owned(),
        };
        let delete = Operation::Delete {
            resource: resource(),
            id: id.clone(),
        };
        for operation in [get, update, delete] {
            match resume(&operation, &answers(refused)).unwrap_err() {
                Failure::NotFound(detail) if missing => {
                    assert_eq!(detail.message, format!("contacts has no record {id}"));
                    assert!(detail.provider_message.is_some());
                }
                Failure::InvalidRequest(_) if !missing => {}
                failure => panic!("{id}: {failure:?}"),
            }
        }
    }
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let with = |change: &dyn Fn(&mut Listing)| {
        let mut listing = listing("contacts");
        change(&mut listing);
        begin(&Operation::List(listing)).unwrap_err()
    };
    let cases = [
        (
            with(&|list| list.resource = "events".to_owned()),
            "Maximizer has no resource \"events\"; it has contacts,",
        ),
        (
            with(&|list| list.filter = Some("LastName ~ 'a'".to_owned())),
            "where: ",
        ),
        (
            with(&|list| list.order_by = Some("LastName up".to_owned())),
            "orderBy: \"up\" is neither asc nor desc",
        ),
        (
            with(&|list| list.order_by = Some("a b c".to_owned())),
            "orderBy: has to be",
        ),
    ];
    for (failure, expected) in cases {
        let (Failure::InvalidRequest(detail) | Failure::NotFound(detail)) = failure else {
            panic!("{failure:?}")
        };
        assert!(detail.message.starts_with(expected), "{}", detail.message);
    }
    let replace = Operation::Replace {
        resource: "contacts".to_owned(),
        id: "S2V5".to_owned(),
        body: "{}".to_owned(),
    };
    assert!(matches!(begin(&replace), Err(Failure::Unsupported(_))));
}

#[test]
fn a_refusal_of_the_provider_is_passed_on() {
    let get = Operation::Get {
        resource: "leads".to_owned(),
        id: "S2V5".to_owned(),
        fields: Vec::new(),
    };
    let cases = [
        response(200, r#"{"Code":-1,"Msg":["Token is invalid"]}"#),
        response(401, ""),
    ];
    for refused in cases {
        assert!(matches!(
            resume(&get, &[Ok(refused)]),
            Err(Failure::TokenInvalid(_))
        ));
    }
}

#[test]
fn fields_are_known_without_asking() {
    let step = Maximizer::begin(&connected(), Operation::Fields("leads".to_owned())).unwrap();
    let Step::Done(Outcome::Fields(fields)) = step else {
        panic!("{step:?}")
    };
    let fields: Vec<Value> = serde_json::from_str(&fields).unwrap();
    assert!(fields.contains(&json!({ "path": "LastModifyDate", "type": "date" })));
}
