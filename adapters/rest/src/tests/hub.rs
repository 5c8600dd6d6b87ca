//! Reading and writing.

use periodic_sdk::contract::{
    Body, Context, Failure, Hub as _, Listed, Listing, Operation, Outcome, Position, Response, Step,
};

use super::{TRACKER, answer, asked, helpdesk, linked, text, tracker};
use crate::{Rest, paging::Place};

fn listing(resource: &str) -> Listing {
    Listing {
        resource: resource.to_owned(),
        filter: None,
        fields: Vec::new(),
        order_by: None,
        start: Position::Page(1),
        page_size: 200,
        total: true,
        parameters: Vec::new(),
    }
}

fn request(context: &Context, operation: Operation) -> String {
    match Rest::begin(context, operation) {
        Ok(Step::Send(exchange)) => asked(&exchange),
        other => panic!("{other:?}"),
    }
}

fn listed(context: &Context, listing: Listing, answers: &[periodic_sdk::contract::Answer]) -> Listed {
    match Rest::resume(context, Operation::List(listing), &[], answers) {
        Ok(Step::Done(Outcome::Listed(listed))) => listed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lists_go_from_cursor_to_cursor() {
    let first = Listing {
        filter: Some("status = 'open' AND updated_at >= '2020-01-01T00:00:00Z'".to_owned()),
        order_by: Some("updated_at desc".to_owned()),
        fields: vec!["id".to_owned()],
        ..listing("tickets")
    };
    let url = "GET https://acme.desk.example/api/v2/tickets?status=open&updated_since=2020-01-01T00%3A00%3A00Z\
               &sort=-updated_at&limit=100";
    assert_eq!(request(&helpdesk(), Operation::List(first.clone())), url);
    let body = r#"{"tickets":[{"id":1,"x":"y"},{"x":0}],"meta":{"next_cursor":"c=2","total":3}}"#;
    let page = listed(&helpdesk(), first.clone(), &answer(body));
    let records: Vec<_> = page.records.iter().map(|record| text(record, body)).collect();
    assert_eq!(records, [r#"{"id":1}"#, "{}"]);
    assert_eq!(page.total, Some(3));
    let second = Listing {
        start: Position::Cursor(page.next.unwrap()),
        ..first
    };
    assert_eq!(
        request(&helpdesk(), Operation::List(second.clone())),
        format!("{url}&cursor=c%3D2")
    );
    let last = listed(
        &helpdesk(),
        second,
        &answer(r#"{"tickets":[],"meta":{"next_cursor":null}}"#),
    );
    assert_eq!(last.next, None);
}

#[test]
fn lists_follow_links_within_their_origin() {
    let first = listing("issues");
    assert_eq!(
        request(&tracker(), Operation::List(first.clone())),
        "GET https://tracker.example/v1/issues?state=all&per_page=50"
    );
    let page = listed(
        &tracker(),
        first.clone(),
        &linked("[{}]", Some("/v1/issues?page=2")),
    );
    assert_eq!((page.total, page.records.len()), (Some(7), 1));
    let next = Listing {
        start: Position::Cursor(page.next.unwrap()),
        ..first.clone()
    };
    assert_eq!(
        request(&tracker(), Operation::List(next)),
        "GET https://tracker.example/v1/issues?page=2"
    );
    let evil = Place::Link("https://evil.example/v1/issues".to_owned())
        .token()
        .unwrap();
    for foreign in [evil.as_str(), "2", ""] {
        let foreign = Listing {
            start: Position::Cursor(foreign.to_owned()),
            ..first.clone()
        };
        let refused = Rest::begin(&tracker(), Operation::List(foreign));
        assert!(matches!(refused, Err(Failure::InvalidRequest(_))), "{refused:?}");
    }
}

#[test]
fn counted_pages_end_where_the_total_does() {
    let paging = "style = \"page\"\nparameter = \"page\"";
    let file = TRACKER.replacen("style = \"link\"", paging, 1);
    let counted = Context {
        package: Some(file.into_bytes()),
        ..tracker()
    };
    // Seven there are, as the answer says.
    for (page, goes_on) in [(6, true), (7, false)] {
        let one = Listing {
            start: Position::Page(page),
            page_size: 1,
            total: false,
            ..listing("issues")
        };
        let found = listed(&counted, one, &answer("[{}]"));
        assert_eq!((found.next.is_some(), found.total), (goes_on, None), "{page}");
    }
}

#[test]
fn what_the_provider_cannot_do_is_refused() {
    let cases = [
        Listing {
            start: Position::Page(2),
            ..listing("tickets")
        },
        Listing {
            order_by: Some("id".to_owned()),
            ..listing("contacts")
        },
        Listing {
            order_by: Some("id sideways".to_owned()),
            ..listing("tickets")
        },
        Listing {
            filter: Some("subject = 'x'".to_owned()),
            ..listing("tickets")
        },
        Listing {
            filter: Some("id = 1".to_owned()),
            ..listing("contacts")
        },
    ];
    for case in cases {
        let refused = Rest::begin(&helpdesk(), Operation::List(case));
        assert!(matches!(refused, Err(Failure::InvalidRequest(_))), "{refused:?}");
    }
}

#[test]
fn single_records_are_wrapped_and_unwrapped() {
    let (resource, id) = ("tickets".to_owned(), "a/{b}".to_owned());
    let get = Operation::Get {
        resource: resource.clone(),
        id,
        fields: Vec::new(),
    };
    assert_eq!(
        request(&helpdesk(), get.clone()),
        "GET https://acme.desk.example/api/v2/tickets/a%2F%7Bb%7D"
    );
    let body = r#"{"ticket":{"id":7}}"#;
    match Rest::resume(&helpdesk(), get, &[], &answer(body)) {
        Ok(Step::Done(Outcome::One(document))) => assert_eq!(text(&document, body), r#"{"id":7}"#),
        other => panic!("{other:?}"),
    }
    let update = Operation::Update {
        resource: resource.clone(),
        id: "7".to_owned(),
        body: r#"{"a":1}"#.to_owned(),
    };
    let Ok(Step::Send(exchange)) = Rest::begin(&helpdesk(), update) else {
        panic!()
    };
    assert_eq!(
        asked(&exchange),
        "PATCH https://acme.desk.example/api/v2/tickets/7"
    );
    assert_eq!(
        exchange.requests[0].body,
        Body::Json(r#"{"ticket":{"a":1}}"#.to_owned())
    );
    let delete = Operation::Delete {
        resource,
        id: "7".to_owned(),
    };
    assert_eq!(
        request(&helpdesk(), delete),
        "DELETE https://acme.desk.example/api/v2/tickets/7"
    );
    let issue = Operation::Update {
        resource: "issues".to_owned(),
        id: "7".to_owned(),
        body: "{}".to_owned(),
    };
    assert_eq!(
        request(&tracker(), issue),
        "PUT https://tracker.example/v1/issues/7"
    );
}

#[test]
fn failures_are_those_of_the_statuses() {
    let refused = Response {
        status: 401,
        ..Response::default()
    };
    let failed = Rest::resume(
        &helpdesk(),
        Operation::List(listing("tickets")),
        &[],
        &[Ok(refused)],
    );
    assert!(matches!(failed, Err(Failure::TokenInvalid(_))));
    let odd = Rest::resume(
        &helpdesk(),
        Operation::List(listing("tickets")),
        &[],
        &answer("{}"),
    );
    assert!(matches!(odd, Err(Failure::Permanent(_))), "{odd:?}");
}

#[test]
fn resources_of_an_object_have_its_id_in_their_path() {
    let at = |resource: &str| request(&helpdesk(), Operation::List(listing(resource)));
    let start = "GET https://acme.desk.example/api/v2/tickets";
    assert_eq!(at("tickets/7/comments"), format!("{start}/7/comments?limit=100"));
    assert_eq!(
        at("tickets/a/{b}/comments"),
        format!("{start}/a%2F%7Bb%7D/comments?limit=100")
    );
    let single = Operation::Get {
        resource: "tickets/7/comments".to_owned(),
        id: "9".to_owned(),
        fields: Vec::new(),
    };
    assert_eq!(request(&helpdesk(), single), format!("{start}/7/comments/9"));
    for nowhere in [
        "tickets/../comments",
        "tickets/./comments",
        "tickets//comments",
        "contacts/7/comments",
    ] {
        let refused = Rest::begin(&helpdesk(), Operation::List(listing(nowhere)));
        assert!(
            matches!(refused, Err(Failure::NotFound(_))),
            "{nowhere}: {refused:?}"
        );
    }
}
