//! `/control/clock`

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{ControlError, Exchange, Outcome, object, ok};
use crate::world::World;

/// What `PUT` takes.
pub(super) const FORMS: &str = "{\"now\":\"2026-01-01T00:00:00Z\"} (stands still), \
     {\"run_from\":\"2026-01-01T00:00:00Z\"}, {\"advance_s\":90}, {\"real\":true}";

pub(super) fn control(world: &World, exchange: &Exchange, rest: &[String]) -> Outcome {
    if !rest.is_empty() {
        return Err(ControlError::Path);
    }
    match exchange.method.as_str() {
        "GET" => {}
        "PUT" => put(world, &object(exchange)?.into_iter().collect::<Vec<_>>())?,
        _ => return Err(ControlError::Method("GET, PUT")),
    }
    let clock = world.clock();
    let now = clock.now().to_rfc3339_opts(SecondsFormat::AutoSi, true);
    ok(json!({ "now": now, "stands_still": clock.is_fixed() }))
}

fn put(world: &World, members: &[(String, Value)]) -> Result<(), ControlError> {
    let problem = |problem: String| ControlError::Clock { problem };
    let [(name, value)] = members else {
        return Err(problem(format!("{} members were sent", members.len())));
    };
    let clock = world.clock();
    let at = || {
        let at = value
            .as_str()
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        at.map(|at| at.with_timezone(&Utc))
            .ok_or_else(|| problem(format!("{name} is {value}, which is no instant with a time zone")))
    };
    match name.as_str() {
        "now" => clock.set(at()?),
        "run_from" => clock.run_from(at()?),
        "advance_s" => {
            let seconds = value.as_i64().and_then(TimeDelta::try_seconds);
            let seconds = seconds
                .ok_or_else(|| problem(format!("advance_s is {value}, which is no number of seconds")))?;
            clock.advance(seconds);
        }
        "real" if value == &Value::Bool(true) => clock.real(),
        "real" => return Err(problem("real is true or absent".to_owned())),
        _ => return Err(problem(format!("there is no member '{name}'"))),
    }
    Ok(())
}
