//! What the adapter asks for and makes of answers.

#[cfg(target_family = "wasm")]
mod component;

use periodic_sdk::contract::{
    Answer, Body, Change, Context, Delivery, Element, Exchange, Header, Hub, Job, Listing, Operation,
    Outcome, PollStep, Poller, Position, Receipt, Registration, RegistrationChange, Request, Response,
    Setting, Step, Subscription, Webhook,
};
use serde_json::{Value, json};

use crate::WooCommerce;

/// 2024-05-01T10:00:00Z.
const SINCE: i64 = 1_714_557_600_000;

fn context() -> Context {
    Context {
        now: SINCE,
        configuration: vec![Setting::new("store.url", "https://shop.example.com/")],
        ..Context::default()
    }
}

fn answer(status: u16, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let header = |(name, value): &(&str, &str)| Header {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    Ok(Response {
        status,
        headers: headers.iter().map(header).collect(),
        body: body.to_string().into_bytes(),
    })
}

fn job(resource: &str, configuration: Value) -> Job {
    Job {
        resource: resource.to_owned(),
        configuration: WooCommerce::plan(&context(), resource, &configuration.to_string()).unwrap(),
        since: SINCE,
        until: SINCE + 60_000,
        checkpoint: None,
    }
}

fn sent(step: PollStep) -> Exchange {
    match step {
        PollStep::Send(exchange) => exchange,
        PollStep::Page(page) => panic!("a page: {page:?}"),
    }
}

fn query(request: &Request) -> Vec<String> {
    let (_, query) = request.url.split_once('?').unwrap();
    query.split('&').map(str::to_owned).collect()
}

#[test]
fn changes_are_asked_for_by_date() {
    let exchange = sent(<WooCommerce as Poller>::begin(&context(), job("orders", json!({}))).unwrap());
    let request = &exchange.requests[0];
    assert!(
        request
            .url
            .starts_with("https://shop.example.com/wp-json/wc/v3/orders?"),
        "{}",
        request.url
    );
    let expected = [
        "per_page=100",
        "offset=0",
        "modified_after=2024-05-01T09%3A59%3A59",
        "dates_are_gmt=true",
        "orderby=modified",
        "order=asc",
    ];
    assert_eq!(query(request), expected);
}

#[test]
fn customers_are_scanned() {
    let exchange = sent(<WooCommerce as Poller>::begin(&context(), job("customers", json!({}))).unwrap());
    let expected = [
        "per_page=100",
        "offset=0",
        "orderby=registered_date",
        "order=desc",
    ];
    assert_eq!(query(&exchange.requests[0]), expected);
}

#[test]
fn the_published_configuration_is_taken() {
    let published = json!({
        "url": "/hubs/ecommerce/customers", "idField": "id",
        "datesConfiguration": {
            "updatedDateField": "date_modified", "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ss'",
            "createdDateField": "date_created", "createdDateFormat": "yyyy-MM-dd'T'HH:mm:ss'",
        },
    });
    let job = job("customers", published);
    let exchange = sent(<WooCommerce as Poller>::begin(&context(), job.clone()).unwrap());
    let record = |id: u64, modified: Value| {
        json!({ "id": id, "date_created": "2024-05-01T12:00:01", "date_created_gmt": "2024-05-01T10:00:01",
                "date_modified": modified, "date_modified_gmt": modified })
    };
    let records = json!([
        record(1, Value::Null),
        record(2, json!("2024-05-01T10:00:09")),
        record(3, json!("2024-05-01T09:00:00"))
    ]);
    let step =
        <WooCommerce as Poller>::resume(&context(), job, &exchange.state, &[answer(200, &records, &[])])
            .unwrap();
    let PollStep::Page(page) = step else {
        panic!("no page")
    };
    let told: Vec<_> = page
        .records
        .iter()
        .map(|it| (it.object_id.as_str(), it.change))
        .collect();
    assert_eq!(told, [("1", Change::Created), ("2", Change::Updated)]);
    assert_eq!(page.next, None);
}

#[test]
fn a_full_page_is_followed_by_date_and_a_full_second_by_offset() {
    let job = job(
        "products",
        json!({ "url": "/hubs/ecommerce/products", "idField": "id", "pageSize": 2 }),
    );
    let records = |dates: [&str; 2]| {
        let record = |(date, id): (&str, u64)| json!({ "id": id, "date_modified_gmt": date });
        Value::Array(dates.into_iter().zip(1..).map(record).collect())
    };
    let follow = |state: &[u8], dates: [&str; 2]| {
        let answers = [answer(200, &records(dates), &[])];
        match <WooCommerce as Poller>::resume(&context(), job.clone(), state, &answers).unwrap() {
            PollStep::Page(page) => page.next.unwrap(),
            PollStep::Send(exchange) => panic!("no page: {exchange:?}"),
        }
    };
    let first = sent(<WooCommerce as Poller>::begin(&context(), job.clone()).unwrap());
    let second = follow(&first.state, ["2024-05-01T10:00:00", "2024-05-01T10:00:20"]);
    let asked = query(&second.requests[0]);
    assert!(
        asked.contains(&"modified_after=2024-05-01T10%3A00%3A19".to_owned()),
        "{asked:?}"
    );
    assert!(asked.contains(&"offset=0".to_owned()), "{asked:?}");
    let third = follow(&second.state, ["2024-05-01T10:00:20", "2024-05-01T10:00:20"]);
    let asked = query(&third.requests[0]);
    assert!(
        asked.contains(&"modified_after=2024-05-01T10%3A00%3A19".to_owned()),
        "{asked:?}"
    );
    assert!(asked.contains(&"offset=1".to_owned()), "{asked:?}");
}

#[test]
fn configurations_that_cannot_be_polled_are_refused() {
    let plan = |resource: &str, configuration: Value| {
        WooCommerce::plan(&context(), resource, &configuration.to_string()).unwrap_err()
    };
    assert!(plan("baskets", json!({})).contains("customers, orders"));
    assert!(plan("orders", json!({ "url": "/orders" })).starts_with("idField"));
    assert!(plan("orders", json!({ "url": "/products", "idField": "id" })).contains("which is not orders"));
    let like = json!({ "url": "/orders?where=status like 'x%'", "idField": "id" });
    assert!(plan("orders", like).contains("cannot look for"));
}

#[test]
fn a_page_of_the_caller_may_be_several_of_the_store() {
    let listing = Listing {
        resource: "discounts".to_owned(),
        filter: Some("code = 'may'".to_owned()),
        fields: vec!["id".to_owned(), "code".to_owned()],
        order_by: Some("date_modified desc".to_owned()),
        start: Position::Page(2),
        page_size: 150,
        total: true,
        parameters: Vec::new(),
    };
    let operation = Operation::List(listing);
    let Step::Send(exchange) = <WooCommerce as Hub>::begin(&context(), operation.clone()).unwrap() else {
        panic!("nothing is sent");
    };
    let asked: Vec<_> = exchange.requests.iter().map(query).collect();
    let common = ["orderby=modified", "order=desc", "_fields=id%2Ccode", "code=may"];
    assert_eq!(asked[0], [&common[..], &["per_page=100", "offset=150"]].concat());
    assert_eq!(asked[1], [&common[..], &["per_page=50", "offset=250"]].concat());
    let records = |count: usize| Value::Array(vec![json!({ "id": 1 }); count]);
    let total = [("X-WP-Total", "301")];
    let answers = [
        answer(200, &records(100), &total),
        answer(200, &records(50), &total),
    ];
    let step = <WooCommerce as Hub>::resume(&context(), operation, &[], &answers).unwrap();
    let Step::Done(Outcome::Listed(listed)) = step else {
        panic!("no list")
    };
    assert_eq!(
        (listed.records.len(), listed.total, listed.next.as_deref()),
        (150, Some(301), Some("300"))
    );
}

#[test]
fn comparisons_of_dates_are_parameters_of_the_store() {
    let cases = [
        ("date_created > 'D'", "after"),
        ("created_date > 'D'", "after"),
        ("date_created_gmt <= 'D'", "before"),
        ("date_modified >= 'D'", "modified_after"),
        ("date_modified_gmt < 'D'", "modified_before"),
    ];
    for (clause, parameter) in cases {
        let found = crate::hub::conditions(Some(clause)).unwrap();
        assert_eq!(found, [(parameter.to_owned(), "D".to_owned())], "{clause}");
    }
}

#[test]
fn webhooks_are_made_for_each_topic_or_not_at_all() {
    let change = RegistrationChange::Subscribe(Subscription {
        callback_url: "https://hooks.example.com/x".to_owned(),
        resources: vec!["customers".to_owned(), "orders".to_owned()],
        configuration: "{}".to_owned(),
    });
    let Step::Send(exchange) = WooCommerce::register(&context(), change.clone()).unwrap() else {
        panic!("nothing is sent");
    };
    assert_eq!(exchange.requests.len(), 7);
    let Body::Json(body) = &exchange.requests[0].body else {
        panic!("no JSON")
    };
    assert!(
        body.contains("customer.created") && !body.contains("secret"),
        "{body}"
    );
    let good: Vec<Answer> = (1..=7).map(|id| answer(201, &json!({ "id": id }), &[])).collect();
    let resume = |answers: &[Answer], state: &[u8]| {
        WooCommerce::resume_register(&context(), change.clone(), state, answers)
    };
    let made = resume(&good, &exchange.state).unwrap();
    let Step::Done(Some(Registration { data, expires })) = made else {
        panic!("{made:?}")
    };
    assert_eq!(
        (data.as_slice(), expires.is_some()),
        (&b"[1,2,3,4,5,6,7]"[..], true)
    );

    let mut bad = good;
    bad[1] = answer(400, &json!({ "code": "x", "message": "no such topic" }), &[]);
    let Step::Send(undo) = resume(&bad, &exchange.state).unwrap() else {
        panic!("nothing is undone")
    };
    assert_eq!(undo.requests.len(), 6);
    assert!(undo.requests.iter().all(|request| request.method == "DELETE"));
    let refused = format!("{:?}", resume(&[], &undo.state).unwrap_err());
    assert!(
        refused.contains("not all webhooks could be made") && refused.contains("no such topic"),
        "{refused}"
    );
}

#[test]
fn topics_become_events_and_pings_are_answered() {
    let delivery = |topic: Option<&str>, body: &str| Delivery {
        method: "POST".to_owned(),
        query: String::new(),
        headers: topic
            .into_iter()
            .map(|topic| Header {
                name: "x-wc-webhook-topic".to_owned(),
                value: topic.to_owned(),
            })
            .collect(),
        body: body.as_bytes().to_vec(),
    };
    assert!(WooCommerce::greet(&context(), &delivery(None, "webhook_id=7")).is_some());
    assert!(WooCommerce::greet(&context(), &delivery(Some("order.created"), "webhook_id=7")).is_none());
    let told = |topic: &str, body: &str| match WooCommerce::receive(&context(), delivery(Some(topic), body)) {
        Ok(Receipt::Records(records)) => Ok(records
            .into_iter()
            .map(|it| {
                (
                    it.resource,
                    it.changed.object_id,
                    it.changed.change,
                    it.changed.updated,
                )
            })
            .collect::<Vec<_>>()),
        other => Err(format!("{other:?}")),
    };
    let order = r#"{"id":5,"date_modified_gmt":"2024-05-01T10:00:00"}"#;
    let one =
        |resource: &str, change, updated| Ok(vec![(resource.to_owned(), "5".to_owned(), change, updated)]);
    assert_eq!(
        told("order.updated", order),
        one("orders", Change::Updated, Some(SINCE))
    );
    assert_eq!(
        told("coupon.restored", order),
        one("coupons", Change::Created, Some(SINCE))
    );
    assert_eq!(
        told("customer.deleted", r#"{"id":5}"#),
        one("customers", Change::Deleted, None)
    );
    assert_eq!(told("action.woocommerce_add_to_cart", "{}"), Ok(Vec::new()));
    assert!(
        told("order.updated", r#"{"code":"x","message":"cannot view"}"#)
            .unwrap_err()
            .contains("cannot view")
    );
}

#[test]
fn secrets_go_over_tls_only() {
    let cases = [
        ("https://shop.example.com", true),
        ("http://127.0.0.1:8080/shop", true),
        ("http://localhost:8080", true),
        ("http://[::1]:8080", true),
        ("http://shop.example.com", false),
        ("http://127.0.0.1.example.com", false),
        ("http://localhost@example.com", false),
        ("shop.example.com", false),
    ];
    for (url, taken) in cases {
        let context = Context {
            configuration: vec![Setting::new("store.url", url)],
            ..Context::default()
        };
        let asked = <WooCommerce as Element>::connect(&context);
        assert_eq!(asked.is_ok(), taken, "{url}");
    }
}
