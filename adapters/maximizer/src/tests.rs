//! What the element asks for and makes of the answers, in tables.
//!
//! Golden files are read at compile time, so that the tests run where there are no files: `cargo component test`.

#[cfg(target_family = "wasm")]
mod component;
mod connect;
mod describe;
mod hub;
mod oauth;
mod plan;
mod provider;
mod query;
mod refusals;
mod walk;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use periodic_sdk::contract::{
    Answer, Body, Context, Credential, Document, Effect, Exchange, Header, PieceText, Request, Response,
    Setting,
};
use serde_json::Value;

/// 2018-02-01T08:05:07Z
const SINCE: i64 = 1_517_472_307_000;
const API: &str = "https://api.maximizer.com/octopus";

fn context(settings: &[(&str, &str)]) -> Context {
    Context {
        now: SINCE + 900_000,
        configuration: settings
            .iter()
            .map(|(key, value)| Setting::new(*key, *value))
            .collect(),
        ..Context::default()
    }
}

fn connected() -> Context {
    context(&[("maximizer.api.url", API)])
}

fn response(status: u16, body: impl Into<String>) -> Response {
    Response {
        status,
        headers: vec![Header {
            name: "Content-Type".to_owned(),
            value: "application/octet-stream".to_owned(),
        }],
        body: body.into().into_bytes(),
    }
}

fn answers(body: impl Into<String>) -> Vec<Answer> {
    vec![Ok(response(200, body))]
}

/// The only request of an exchange.
fn only(exchange: &Exchange) -> &Request {
    let [request] = exchange.requests.as_slice() else {
        panic!("{} requests", exchange.requests.len())
    };
    request
}

/// The body of a call of the data service: POST, with the token, as JSON.
fn call(request: &Request, method: &str, effect: Effect) -> Value {
    assert_eq!(
        (request.method.as_str(), request.url.as_str(), request.effect),
        ("POST", format!("{API}/{method}").as_str(), effect)
    );
    assert_eq!(
        request.credentials,
        [Credential::Bearer("oauth.user.token".to_owned())]
    );
    match &request.body {
        Body::Json(json) => serde_json::from_str(json).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn key(text: &str) -> String {
    STANDARD.encode(text)
}

/// A document and the part of it that counts as content.
fn document(document: &Document, body: &str) -> (String, String) {
    let (mut whole, mut content) = (String::new(), String::new());
    for piece in document {
        let text = match &piece.text {
            PieceText::Span { answer: 0, span } => &body[span.range()],
            PieceText::Span { answer, .. } => panic!("there is no answer {answer}"),
            PieceText::Text(text) => text,
        };
        whole.push_str(text);
        if piece.content {
            content.push_str(text);
        }
    }
    (whole, content)
}
