//! The control interface: what a test or a person does to the fake.

mod clock;
mod error;
mod help;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Answer, Exchange};
use crate::schema::Entity;
use crate::world::World;
use error::ControlError;

type Outcome = Result<Answer, ControlError>;

/// Answers `/control/…`.
pub(super) fn answer(world: &World, exchange: &Exchange, path: &[String]) -> Answer {
    control(world, exchange, path).unwrap_or_else(|error| error.answer())
}

fn control(world: &World, exchange: &Exchange, path: &[String]) -> Outcome {
    let (area, rest) = match path {
        [] => ("", &[][..]),
        [area, rest @ ..] => (area.as_str(), rest),
    };
    match area.to_ascii_lowercase().as_str() {
        "" => match exchange.method.as_str() {
            "GET" => Ok(Answer::text(StatusCode::OK, help::text(&world.url))),
            _ => Err(ControlError::Method("GET")),
        },
        "faults" => faults(world, exchange, rest),
        "requests" => requests(world, exchange, rest),
        "clock" => clock::control(world, exchange, rest),
        "tokens" => tokens(world, exchange, rest),
        "records" => records(world, exchange, rest),
        "service" => service(world, exchange, rest),
        "reset" => reset(world, exchange, rest),
        _ => Err(ControlError::Path),
    }
}

fn faults(world: &World, exchange: &Exchange, rest: &[String]) -> Outcome {
    let mut state = world.state();
    let board = &mut state.board;
    match (exchange.method.as_str(), rest) {
        ("GET", []) => {}
        ("PUT", []) => board.put_all(object(exchange)?)?,
        ("DELETE", []) => *board = crate::faults::Board::default(),
        (method, [name]) => {
            match method {
                "GET" => {}
                // Without a body: as by default.
                "PUT" => drop(board.put(name, body(exchange)?.unwrap_or_else(|| json!({})))?),
                "DELETE" => drop(board.put(name, Value::Null)?),
                _ => return Err(ControlError::Method("GET, PUT, DELETE")),
            }
            return ok(board.show(name)?);
        }
        (_, []) => return Err(ControlError::Method("GET, PUT, DELETE")),
        _ => return Err(ControlError::Path),
    }
    ok(board.show_all())
}

fn requests(world: &World, exchange: &Exchange, rest: &[String]) -> Outcome {
    let mut state = world.state();
    match (exchange.method.as_str(), rest) {
        ("GET", []) => ok(json!(state.recorder.list(exchange.parameter("call")))),
        ("DELETE", []) => ok(json!({ "forgotten": state.recorder.clear() })),
        (_, []) => Err(ControlError::Method("GET, DELETE")),
        _ => Err(ControlError::Path),
    }
}

fn tokens(world: &World, exchange: &Exchange, rest: &[String]) -> Outcome {
    match (exchange.method.as_str(), rest) {
        ("GET", []) => ok(world.state().tokens.show()),
        ("POST", []) => Ok(Answer::pretty(StatusCode::CREATED, &json!(world.issue_tokens()))),
        (_, []) => Err(ControlError::Method("GET, POST")),
        (method, [what]) if what.eq_ignore_ascii_case("expire") => {
            if method != "POST" {
                return Err(ControlError::Method("POST"));
            }
            let wanted = body(exchange)?.unwrap_or(Value::Null);
            let refresh = match wanted.get("refresh") {
                None | Some(Value::Null) => false,
                Some(flag) => flag.as_bool().ok_or(ControlError::Shape("{\"refresh\":true}"))?,
            };
            let refresh_tokens = if refresh { world.expire_refresh_tokens() } else { 0 };
            ok(json!({ "access_tokens": world.expire_tokens(), "refresh_tokens": refresh_tokens }))
        }
        _ => Err(ControlError::Path),
    }
}

fn records(world: &World, exchange: &Exchange, rest: &[String]) -> Outcome {
    let method = exchange.method.as_str();
    let [name, rest @ ..] = rest else {
        return match method {
            "GET" => {
                let state = world.state();
                ok(Entity::ALL
                    .iter()
                    .map(|entity| (entity.name(), state.store.len(*entity)))
                    .collect())
            }
            "DELETE" => {
                world.clear(None);
                ok(json!({ "cleared": "all objects" }))
            }
            _ => Err(ControlError::Method("GET, DELETE")),
        };
    };
    let entity = Entity::parse(name).ok_or_else(|| ControlError::Entity { name: name.clone() })?;
    let shape = || ControlError::Shape("{\"CompanyName\":\"ABC Wine Shop\"}");
    match (method, rest) {
        ("GET", []) => ok(json!(world.records(entity))),
        ("POST", []) => {
            let created = match body(exchange)?.ok_or_else(shape)? {
                Value::Array(many) => {
                    let created = many.iter().map(|data| world.create(entity, data));
                    Value::Array(created.collect::<Result<_, _>>()?)
                }
                one => world.create(entity, &one)?,
            };
            Ok(Answer::pretty(StatusCode::CREATED, &created))
        }
        ("DELETE", []) => {
            world.clear(Some(entity));
            ok(json!({ "cleared": entity }))
        }
        (_, []) => Err(ControlError::Method("GET, POST, DELETE")),
        ("GET", [key]) => ok(world.record(entity, key)?),
        ("PATCH", [key]) => ok(world.update(entity, key, &Value::Object(object(exchange)?))?),
        ("DELETE", [key]) => ok(json!({ "deleted": world.delete(entity, key)? })),
        (_, [_]) => Err(ControlError::Method("GET, PATCH, DELETE")),
        _ => Err(ControlError::Path),
    }
}

/// The data service as the operator sees it: no token, no faults, no recording.
fn service(world: &World, exchange: &Exchange, rest: &[String]) -> Outcome {
    match (exchange.method.as_str(), rest) {
        ("POST", [method]) => ok(world.service(method, &Value::Object(object(exchange)?))),
        (_, [_]) => Err(ControlError::Method("POST")),
        _ => Err(ControlError::Path),
    }
}

fn reset(world: &World, exchange: &Exchange, rest: &[String]) -> Outcome {
    match (exchange.method.as_str(), rest) {
        ("POST", []) => {
            world.reset()?;
            ok(json!({ "reset": "records, switches, clock, tokens and recorded requests" }))
        }
        (_, []) => Err(ControlError::Method("POST")),
        _ => Err(ControlError::Path),
    }
}

fn ok(body: Value) -> Outcome {
    Ok(Answer::pretty(StatusCode::OK, &body))
}

/// The body as JSON; `None` when there is none.
fn body(exchange: &Exchange) -> Result<Option<Value>, ControlError> {
    if exchange.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    serde_json::from_slice(&exchange.body)
        .map(Some)
        .map_err(|error| ControlError::Json(error.to_string()))
}

fn object(exchange: &Exchange) -> Result<Map<String, Value>, ControlError> {
    match body(exchange)? {
        Some(Value::Object(members)) => Ok(members),
        _ => Err(ControlError::Shape("{}")),
    }
}
