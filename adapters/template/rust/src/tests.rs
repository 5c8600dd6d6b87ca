//! A test is a call and an answer; no host is needed. Whole conversations stand in `cases/`.

#[cfg(target_family = "wasm")]
mod component;

use periodic_sdk::contract::{
    Answer, Change, Context, Element, Failure, Hub, Job, Operation, PollStep, Poller, Response, Setting, Step,
};

use crate::{AcmeShop, poller};

fn context() -> Context {
    Context {
        configuration: vec![Setting::new("acme-shop.url", "https://api.acme-shop.example/v1/")],
        ..Context::default()
    }
}

fn answer(status: u16, body: &str) -> Answer {
    Ok(Response {
        status,
        body: body.as_bytes().to_vec(),
        ..Response::default()
    })
}

fn job() -> Job {
    Job {
        resource: "contacts".to_owned(),
        configuration: poller::DEFAULT.to_owned(),
        since: 1_735_689_600_000,
        until: 1_735_693_200_000,
        checkpoint: None,
    }
}

#[test]
fn the_default_configuration_is_accepted() {
    let planned = AcmeShop::plan(&context(), "contacts", "{}");
    assert_eq!(planned.as_deref(), Ok(poller::DEFAULT));
    assert!(AcmeShop::plan(&context(), "orders", "{}").is_err());
    let described = AcmeShop::describe(None).expect("a description");
    assert!(described.resources["contacts"].polling.is_some());
}

#[test]
fn an_id_cannot_lead_elsewhere() {
    let get = Operation::Get {
        resource: "contacts".to_owned(),
        id: "../keys".to_owned(),
        fields: Vec::new(),
    };
    assert!(matches!(<AcmeShop as Hub>::begin(&context(), get), Err(Failure::NotFound(_))));
}

#[test]
fn a_contact_that_was_made_in_the_window_is_created() {
    let Ok(PollStep::Send(exchange)) = <AcmeShop as Poller>::begin(&context(), job()) else {
        panic!("no request")
    };
    assert_eq!(
        exchange.requests[0].url,
        "https://api.acme-shop.example/v1/contacts?updated_since=2025-01-01T00%3A00%3A00Z&sort=updated_at&page=1&per_page=100"
    );
    let body = r#"[{"id":7,"updated_at":"2025-01-01T00:10:00Z","created_at":"2025-01-01T00:10:00Z"}]"#;
    let step = <AcmeShop as Poller>::resume(&context(), job(), &exchange.state, &[answer(200, body)]);
    let Ok(PollStep::Page(page)) = step else {
        panic!("no page: {step:?}")
    };
    assert_eq!(page.records.len(), 1);
    assert_eq!(page.records[0].change, Change::Created);
    assert_eq!(page.next, None, "a page that is not full is the last");
}

#[test]
fn a_refused_key_is_told() {
    let Ok(Step::Send(exchange)) = AcmeShop::connect(&context()) else {
        panic!("no request")
    };
    let refused = AcmeShop::resume_connect(&context(), &exchange.state, &[answer(401, "no such key")]);
    assert!(matches!(refused, Err(Failure::TokenInvalid(_))));
}
