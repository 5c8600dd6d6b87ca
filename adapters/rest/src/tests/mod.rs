//! The two example descriptions, and what is wrong with others.

mod hub;
mod oauth;
mod package;
mod walk;

use periodic_sdk::contract::{Answer, Context, Exchange, Header, Response, Setting};

const HELPDESK: &str = include_str!("../../examples/helpdesk.element.toml");
const TRACKER: &str = include_str!("../../examples/tracker.element.toml");

fn helpdesk() -> Context {
    Context {
        configuration: vec![Setting::new("acmedesk.url", "https://acme.desk.example/")],
        secrets: vec!["acmedesk.key".to_owned()],
        package: Some(HELPDESK.as_bytes().to_vec()),
        now: 0,
    }
}

fn tracker() -> Context {
    Context {
        configuration: vec![Setting::new("acmetracker.url", "https://tracker.example")],
        secrets: vec!["oauth.api.key".to_owned()],
        package: Some(TRACKER.as_bytes().to_vec()),
        now: 0,
    }
}

fn answer(body: &str) -> Vec<Answer> {
    linked(body, None)
}

fn linked(body: &str, next: Option<&str>) -> Vec<Answer> {
    let link = next.map(|next| Header {
        name: "link".to_owned(),
        value: format!("<{next}>; rel=\"next\""),
    });
    let count = Header {
        name: "x-total-count".to_owned(),
        value: "7".to_owned(),
    };
    vec![Ok(Response {
        status: 200,
        headers: link.into_iter().chain([count]).collect(),
        body: body.as_bytes().to_vec(),
    })]
}

/// The only request of an exchange: method and URL.
fn asked(exchange: &Exchange) -> String {
    let [request] = exchange.requests.as_slice() else {
        panic!("{exchange:?}")
    };
    format!("{} {}", request.method, request.url)
}

/// The text of a document.
fn text(document: &periodic_sdk::contract::Document, body: &str) -> String {
    use periodic_sdk::contract::PieceText;
    let pieces = document.iter().map(|piece| match &piece.text {
        PieceText::Text(text) => text.clone(),
        PieceText::Span { span, .. } => {
            String::from_utf8(span.of(body.as_bytes()).unwrap().to_vec()).unwrap()
        }
    });
    pieces.collect()
}
