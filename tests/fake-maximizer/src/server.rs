//! HTTP: from a request to the world and back.

mod answer;
mod authorization;
mod control;
mod data;
mod route;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

pub(crate) use answer::Answer;
pub(crate) use data::envelope;
use route::Route;
use wire::Wire;

use crate::faults::{Call, Faults, Gate, HttpStatus, NonJson};
use crate::recording::RecordedRequest;
use crate::service::entity_of;
use crate::webhooks;
use crate::world::{State as WorldState, World};

/// A request is no larger than this.
const MAX_BODY: usize = 64 << 20;

/// A request, read to its end.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// `GET`.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// The query, decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Everything that the fake serves.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new().fallback(serve).with_state(world)
}

async fn serve(State(world): State<Arc<World>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let query: Vec<_> = url::form_urlencoded::parse(query).into_owned().collect();
    let route = Route::parse(parts.uri.path(), &query);
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let problem = format!("the body did not arrive whole, or has more than {MAX_BODY} bytes\n");
        return Wire::default()
            .send(Answer::text(StatusCode::PAYLOAD_TOO_LARGE, problem))
            .await;
    };
    let method = parts.method.as_str().to_owned();
    let exchange = Exchange {
        method,
        target,
        query,
        headers: parts.headers,
        body: body.into(),
    };
    let (answer, wire) = match &route {
        Route::Control(path) => (control::answer(&world, &exchange, path), Wire::default()),
        route => provider(&world, &exchange, route),
    };
    wire.send(answer).await
}

/// What the provider answers, and what happens to it on the wire.
fn provider(world: &World, exchange: &Exchange, route: &Route) -> (Answer, Wire) {
    let json = exchange.json();
    let call = call(route, json.as_ref());
    let mut state = world.state();
    // The switches as they stand before this call: it may use some of them up.
    let faults = state.board.faults().clone();
    let gate = state.board.gate(&call, world.clock().now());
    let retry_after_violated = matches!(gate, Gate::Limited { violation: true, .. });
    let mut answer = match gate {
        Gate::Limited {
            retry_after_s,
            format,
            ..
        } => answer::limited(retry_after_s, format, world.header_now(&faults)),
        Gate::Open => match failure(&mut state, &call) {
            Some(failure) => failure,
            None => respond(world, &mut state, &faults, exchange, route, &call, json.as_ref()),
        },
    };
    answer.date(world.header_now(&faults));
    let wire = Wire::damaged(&mut state.board, &call);
    state.recorder.push(RecordedRequest {
        number: 0,
        at: world.clock().now(),
        call: call.name,
        method: exchange.method.clone(),
        target: exchange.target.clone(),
        headers: exchange.header_map(),
        body: json.unwrap_or_else(|| exchange.text()),
        status: answer.status.as_u16(),
        retry_after_violated,
    });
    (answer, wire)
}

/// A failure of the gateway in front of the service.
fn failure(state: &mut WorldState, call: &Call) -> Option<Answer> {
    if let Some(fault) = state.board.hit::<HttpStatus>(call) {
        let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let answer = Answer::text(status, fault.body);
        return Some(match fault.retry_after_s {
            Some(seconds) => answer.with("retry-after", &seconds.to_string()),
            None => answer,
        });
    }
    let fault = state.board.hit::<NonJson>(call)?;
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::OK);
    Some(Answer::new(status, &fault.content_type, fault.body.into_bytes()))
}

fn respond(
    world: &World,
    state: &mut WorldState,
    faults: &Faults,
    exchange: &Exchange,
    route: &Route,
    call: &Call,
    json: Option<&Value>,
) -> Answer {
    match route {
        Route::Home => Answer::text(StatusCode::OK, home(world)),
        Route::Authorize(alias) | Route::Token(alias) | Route::Discovery(alias)
            if alias.as_ref().is_some_and(|alias| !world.options.serves(alias)) =>
        {
            let aliases = world.options.aliases.join(", ");
            Answer::text(
                StatusCode::NOT_FOUND,
                format!("no such alias; there are {aliases}\n"),
            )
        }
        Route::Authorize(_) => authorization::authorize(world, state, exchange, call),
        Route::Token(_) => authorization::token(world, state, faults, exchange, call),
        Route::Discovery(_) => discovery(world, exchange),
        Route::Data(method) => data::answer(world, state, faults, exchange, method, call, json),
        Route::Webhooks(path) => match data::session(world, state, exchange, None) {
            Some(_) => webhooks::answer(&mut state.hooks, &exchange.method, path, json),
            None => data::unauthorized(),
        },
        Route::Control(_) | Route::Unknown => Answer::text(
            StatusCode::NOT_FOUND,
            "no such path; GET / tells what is here\n".to_owned(),
        ),
    }
}

/// The call as faults and recordings see it.
fn call(route: &Route, json: Option<&Value>) -> Call {
    let (name, is_data) = match route {
        Route::Data(method) => (method.as_str(), true),
        Route::Authorize(_) => ("Authorize", false),
        Route::Token(_) => ("Token", false),
        Route::Discovery(_) => ("Discovery", false),
        Route::Webhooks(_) => ("Webhooks", false),
        Route::Home | Route::Control(_) | Route::Unknown => ("", false),
    };
    let members = json.and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let entities = members
        .filter_map(|member| entity_of(member))
        .map(|entity| entity.name().to_owned());
    Call {
        name: name.to_owned(),
        is_data,
        entities: entities.collect(),
    }
}

/// `?request=api` tells the base URL of the API, `?request=ab` the name of the database.
fn discovery(world: &World, exchange: &Exchange) -> Answer {
    if exchange.method != "GET" {
        return Answer::not_allowed("GET");
    }
    match exchange.parameter("request") {
        Some(what) if what.eq_ignore_ascii_case("api") => {
            Answer::text(StatusCode::OK, format!("{}/octopus", world.url))
        }
        Some(what) if what.eq_ignore_ascii_case("ab") => {
            Answer::text(StatusCode::OK, world.options.database.clone())
        }
        _ => Answer::text(StatusCode::BAD_REQUEST, "request is 'api' or 'ab'\n".to_owned()),
    }
}

fn home(world: &World) -> String {
    let (url, alias) = (
        &world.url,
        world
            .options
            .aliases
            .first()
            .map_or("CloudElements", String::as_str),
    );
    format!(
        "A fake Maximizer CRM.\n\n\
         authorize   {url}/oauth2/{alias}/authorize\n\
         token       {url}/oauth2/{alias}/token\n\
         discovery   {url}/{alias}?request=api\n\
         API         {url}/octopus/Read, …\n\
         control     {url}/control\n"
    )
}

// === impl Exchange ===

impl Exchange {
    /// The body, where it is JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    fn text(&self) -> Value {
        if self.body.is_empty() {
            Value::Null
        } else {
            json!(String::from_utf8_lossy(&self.body))
        }
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// `Authorization: Bearer …`
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self
            .headers
            .get("authorization")?
            .to_str()
            .ok()?
            .split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
    }

    fn header_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            match map.get_mut(name.as_str()) {
                Some(Value::String(before)) => {
                    before.push_str(", ");
                    before.push_str(&value);
                }
                _ => drop(map.insert(name.to_string(), json!(value))),
            }
        }
        map
    }
}
