//! The data service over HTTP: who may call, and the envelope.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Answer, Exchange};
use crate::casing;
use crate::error::Refusal;
use crate::faults::{Call, ExpireTokens, Faults, LogicalError, MessageStyle, TokenErrorStyle, Warning};
use crate::key::Key;
use crate::service::{Method, Service};
use crate::world::{State, World};

/// What the live service labels its JSON with.
const CONTENT_TYPE: &str = "application/octet-stream";
/// The sessions of personal access tokens have this number.
const PERSONAL: u64 = 1;

/// Answers a call of the data service.
pub(super) fn answer(
    world: &World,
    state: &mut State,
    faults: &Faults,
    exchange: &Exchange,
    method: &str,
    call: &Call,
    json: Option<&Value>,
) -> Answer {
    if state.board.hit::<ExpireTokens>(call).is_some() {
        state.tokens.expire_access();
    }
    let method = Method::parse(method).ok_or_else(|| Refusal::UnknownMethod {
        name: method.to_owned(),
    });
    let verb = if matches!(method, Ok(Method::VerifyToken)) {
        "GET"
    } else {
        "POST"
    };
    if exchange.method != verb {
        return Answer::not_allowed(verb);
    }
    if let Some(ordered) = state.board.hit::<LogicalError>(call) {
        let refusal = Refusal::Ordered {
            message: ordered.message,
            code: ordered.code,
        };
        return reply(faults, Err(refusal), None);
    }
    let warning = state.board.hit::<Warning>(call).map(|warning| warning.message);
    let session = session(world, state, exchange, json);
    let outcome = match (method, session) {
        (Err(refusal), _) => Err(refusal),
        (Ok(Method::VerifyToken), Some(_)) => return Answer::empty(StatusCode::OK),
        (Ok(Method::VerifyToken), None) => return unauthorized(),
        (Ok(Method::TokenValid), session) => session.map(|_| Map::new()).ok_or(Refusal::TokenInvalid),
        (Ok(Method::GetSystemInfo), _) => Ok(system(faults)),
        (Ok(Method::Authenticate), _) => authenticate(world, state, faults, json),
        (Ok(_), None) if is_http(faults) => return unauthorized(),
        (Ok(_), None) => Err(Refusal::TokenInvalid),
        (Ok(Method::GetSessionInfo), Some(session)) => Ok(session_info(world, faults, session)),
        (Ok(method), Some(session)) => match json {
            Some(json) => on_records(world, state, faults, method, call, session, json),
            None => Err(Refusal::malformed("request", "the body is no JSON")),
        },
    };
    reply(faults, outcome, warning)
}

fn on_records(
    world: &World,
    state: &mut State,
    faults: &Faults,
    method: Method,
    call: &Call,
    session: u64,
    json: &Value,
) -> Result<Map<String, Value>, Refusal> {
    let State { store, board, .. } = state;
    let now = world.record_now(faults);
    let mut service = Service {
        store,
        faults,
        now,
        user: &world.options.uid,
        session,
    };
    if method == Method::Read {
        service.shift(board, call, json)?;
    }
    service.call(method, json)
}

/// The number of the session of a live token, from the header or else from the body.
pub(super) fn session(
    world: &World,
    state: &mut State,
    exchange: &Exchange,
    json: Option<&Value>,
) -> Option<u64> {
    let in_body = || casing::text(json?.as_object()?, "Token");
    let token = exchange.bearer().or_else(in_body)?;
    if world
        .options
        .access_tokens
        .iter()
        .any(|personal| personal == token)
    {
        return Some(PERSONAL);
    }
    state.tokens.touch(token, world.clock().now())
}

fn is_http(faults: &Faults) -> bool {
    faults
        .token_error
        .as_ref()
        .is_some_and(|fault| fault.style == TokenErrorStyle::Http401)
}

pub(super) fn unauthorized() -> Answer {
    Answer::empty(StatusCode::UNAUTHORIZED).with("www-authenticate", "Bearer")
}

fn authenticate(
    world: &World,
    state: &mut State,
    faults: &Faults,
    json: Option<&Value>,
) -> Result<Map<String, Value>, Refusal> {
    let request = json.and_then(Value::as_object);
    let request = request.ok_or_else(|| Refusal::malformed("request", "expected a JSON object"))?;
    let options = &world.options;
    let is = |name: &str, expected: &str| casing::text(request, name) == Some(expected);
    let database = casing::text(request, "Database");
    let known = database.is_some_and(|name| name == options.database || options.serves(name));
    if !(known && is("UID", &options.uid) && is("Password", &options.password)) {
        return Err(Refusal::Login);
    }
    let token = state.tokens.issue_access(world.clock().now());
    Ok(data(faults, json!({ "Token": token })))
}

/// The vendor publishes neither this shape nor that of the session; callers only look at `Code`.
fn system(faults: &Faults) -> Map<String, Value> {
    let version = json!({ "Major": 2, "Minor": 9, "Version": "2.9" });
    data(faults, json!({ "Name": "Maximizer.Web.Data", "API": version }))
}

fn session_info(world: &World, faults: &Faults, session: u64) -> Map<String, Value> {
    let uid = &world.options.uid;
    let user = json!({ "Key": Key::user(uid).to_string(), "UID": uid, "DisplayValue": uid });
    data(
        faults,
        json!({ "Database": world.options.database, "User": user, "Session": session }),
    )
}

fn data(faults: &Faults, value: Value) -> Map<String, Value> {
    let casing = faults
        .casing
        .as_ref()
        .map(|casing| casing.members)
        .unwrap_or_default();
    Map::from_iter([(casing.spell("Data"), value)])
}

fn reply(faults: &Faults, outcome: Result<Map<String, Value>, Refusal>, warning: Option<String>) -> Answer {
    let body = Value::Object(envelope(faults, outcome, warning));
    let content_type = faults
        .content_type
        .as_ref()
        .map_or(CONTENT_TYPE, |fault| fault.value.as_str());
    Answer::new(StatusCode::OK, content_type, body.to_string().into_bytes())
}

/// `Code`, `Msg` and the members of the answer.
pub(crate) fn envelope(
    faults: &Faults,
    outcome: Result<Map<String, Value>, Refusal>,
    warning: Option<String>,
) -> Map<String, Value> {
    let casing = faults
        .casing
        .as_ref()
        .map(|casing| casing.members)
        .unwrap_or_default();
    let style = faults.message_form.as_ref().map(|form| form.style);
    let message = |style: MessageStyle, text: String, code: Option<i64>| match style {
        MessageStyle::Text => json!(text),
        MessageStyle::Strings => json!([text]),
        MessageStyle::Objects => {
            let (message, error) = (casing.spell("Message"), casing.spell("ErrorCode"));
            json!([{ message: text, error: code.unwrap_or(-1) }])
        }
    };
    let mut body = Map::new();
    match outcome {
        Ok(members) => {
            body.insert(casing.spell("Code"), json!(0));
            if let Some(text) = warning {
                let shown = message(style.unwrap_or_default(), text, Some(0));
                body.insert(casing.spell("Msg"), shown);
            }
            body.extend(members);
        }
        Err(refusal) => {
            // A bad token was recorded as a plain text when all else was objects.
            let plain = refusal == Refusal::TokenInvalid;
            let style = style.unwrap_or(if plain {
                MessageStyle::Strings
            } else {
                MessageStyle::Objects
            });
            body.insert(casing.spell("Code"), json!(-1));
            body.insert(
                casing.spell("Msg"),
                message(style, refusal.to_string(), refusal.code()),
            );
        }
    }
    body
}
