//! The webhooks API: targets and subscriptions are kept; nothing is delivered.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::server::Answer;

/// What was registered.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    issued: u64,
    targets: Vec<Map<String, Value>>,
    subscriptions: Vec<Map<String, Value>>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("there is no such target, subscription or path")]
    NotFound,
    #[error("the path does not take this method")]
    Method,
    #[error("the body has to be a JSON object")]
    Body,
    #[error("{0} is missing, or not of the right type")]
    Missing(&'static str),
    #[error("TargetId is the id of no target")]
    Target,
    #[error("there is a subscription with this TargetId, Entity and Op")]
    Duplicate,
}

/// Answers `/webhooks/v1/…` for a caller with a live token.
pub(crate) fn answer(hooks: &mut Hooks, method: &str, path: &[String], json: Option<&Value>) -> Answer {
    hooks.call(method, path, json).unwrap_or_else(Problem::answer)
}

// === impl Hooks ===

impl Hooks {
    fn call(&mut self, method: &str, path: &[String], json: Option<&Value>) -> Result<Answer, Problem> {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        match (method, path.as_slice()) {
            ("GET", ["targets"]) => Ok(items(&self.targets)),
            ("POST", ["targets"]) => {
                let target = self.new_target(json)?;
                self.targets.push(target.clone());
                Ok(item(StatusCode::CREATED, &target))
            }
            ("PUT", ["targets", id]) => {
                replace(&mut self.targets, "TargetId", id, &["Name", "Endpoint"], json)
            }
            ("DELETE", ["targets", id]) => {
                remove(&mut self.targets, "TargetId", id)?;
                self.subscriptions
                    .retain(|subscription| subscription.get("TargetId") != Some(&json!(id)));
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            ("PATCH", ["targets", id, switch @ ("enable" | "disable")]) => {
                let target = find(&mut self.targets, "TargetId", id)?;
                target.insert("Enabled".to_owned(), json!(*switch == "enable"));
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            ("GET", ["subscriptions"]) => Ok(items(&self.subscriptions)),
            ("POST", ["subscriptions"]) => {
                let subscription = self.new_subscription(json)?;
                self.subscriptions.push(subscription.clone());
                Ok(item(StatusCode::CREATED, &subscription))
            }
            ("PUT", ["subscriptions", id]) => {
                let members = ["Recipients", "Filter"];
                replace(&mut self.subscriptions, "SubscriptionId", id, &members, json)
            }
            ("DELETE", ["subscriptions", id]) => {
                remove(&mut self.subscriptions, "SubscriptionId", id)?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            (_, ["targets" | "subscriptions"] | ["targets" | "subscriptions", _]) => Err(Problem::Method),
            _ => Err(Problem::NotFound),
        }
    }

    fn new_target(&mut self, json: Option<&Value>) -> Result<Map<String, Value>, Problem> {
        let body = json.and_then(Value::as_object).ok_or(Problem::Body)?;
        let name = body
            .get("Name")
            .filter(|name| name.is_string())
            .ok_or(Problem::Missing("Name"))?;
        let endpoint = body.get("Endpoint").and_then(Value::as_object);
        let endpoint = endpoint.filter(|endpoint| endpoint.get("Url").is_some_and(Value::is_string));
        let endpoint = endpoint.ok_or(Problem::Missing("Endpoint.Url"))?;
        Ok(Map::from_iter([
            ("TargetId".to_owned(), json!(self.id())),
            ("Name".to_owned(), name.clone()),
            ("Enabled".to_owned(), json!(true)),
            ("Endpoint".to_owned(), json!(endpoint)),
        ]))
    }

    fn new_subscription(&mut self, json: Option<&Value>) -> Result<Map<String, Value>, Problem> {
        let body = json.and_then(Value::as_object).ok_or(Problem::Body)?;
        let text = |name: &'static str| {
            body.get(name)
                .and_then(Value::as_str)
                .ok_or(Problem::Missing(name))
        };
        let (target, entity, op) = (text("TargetId")?, text("Entity")?, text("Op")?);
        find(&mut self.targets, "TargetId", target).map_err(|_| Problem::Target)?;
        let same = |subscription: &Map<String, Value>| {
            [("TargetId", target), ("Entity", entity), ("Op", op)]
                .into_iter()
                .all(|(name, value)| {
                    let own = subscription.get(name).and_then(Value::as_str);
                    own.is_some_and(|own| own.eq_ignore_ascii_case(value))
                })
        };
        if self.subscriptions.iter().any(same) {
            return Err(Problem::Duplicate);
        }
        let list = |name: &str| body.get(name).cloned().unwrap_or_else(|| json!([]));
        Ok(Map::from_iter([
            ("SubscriptionId".to_owned(), json!(self.id())),
            ("Entity".to_owned(), json!(entity)),
            ("Op".to_owned(), json!(op)),
            ("TargetId".to_owned(), json!(target)),
            ("Recipients".to_owned(), list("Recipients")),
            ("Filter".to_owned(), list("Filter")),
        ]))
    }

    /// An id in the form of a UUID.
    fn id(&mut self) -> String {
        self.issued += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.issued)
    }
}

// === impl Problem ===

impl Problem {
    fn answer(self) -> Answer {
        let status = match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Duplicate => StatusCode::CONFLICT,
            Self::Body | Self::Missing(_) | Self::Target => StatusCode::BAD_REQUEST,
        };
        let body = json!({
            "Type": "about:blank",
            "Title": status.canonical_reason(),
            "Status": status.as_u16(),
            "Detail": self.to_string(),
            "Instance": null,
        });
        Answer::json(status, &body)
    }
}

fn item(status: StatusCode, item: &Map<String, Value>) -> Answer {
    Answer::json(status, &json!({ "Data": { "Item": item } }))
}

fn items(items: &[Map<String, Value>]) -> Answer {
    Answer::json(StatusCode::OK, &json!({ "Data": { "Items": items } }))
}

fn find<'a>(
    list: &'a mut [Map<String, Value>],
    member: &str,
    id: &str,
) -> Result<&'a mut Map<String, Value>, Problem> {
    let wanted = |item: &&mut Map<String, Value>| item.get(member).and_then(Value::as_str) == Some(id);
    list.iter_mut().find(wanted).ok_or(Problem::NotFound)
}

fn remove(list: &mut Vec<Map<String, Value>>, member: &str, id: &str) -> Result<(), Problem> {
    find(list, member, id)?;
    list.retain(|item| item.get(member).and_then(Value::as_str) != Some(id));
    Ok(())
}

fn replace(
    list: &mut [Map<String, Value>],
    member: &str,
    id: &str,
    members: &[&str],
    json: Option<&Value>,
) -> Result<Answer, Problem> {
    let body = json.and_then(Value::as_object).ok_or(Problem::Body)?;
    let found = find(list, member, id)?;
    for name in members {
        if let Some(value) = body.get(*name) {
            found.insert((*name).to_owned(), value.clone());
        }
    }
    Ok(item(StatusCode::OK, found))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Hooks, answer};

    #[test]
    fn targets_and_subscriptions_come_and_go() {
        let mut hooks = Hooks::default();
        let mut check = |method: &str, path: &str, body: Value, expect: u16| {
            let path: Vec<_> = path.split('/').map(str::to_owned).collect();
            let found = answer(&mut hooks, method, &path, Some(&body));
            assert_eq!(found.status.as_u16(), expect, "{method} {path:?} {body}");
            serde_json::from_slice::<Value>(&found.body).unwrap_or_default()
        };
        let target = json!({"Name": "x", "Endpoint": {"Url": "https://x"}});
        check("POST", "targets", json!([]), 400);
        check("POST", "targets", json!({"Name": "x", "Endpoint": 1}), 400);
        let made = check("POST", "targets", target.clone(), 201);
        let id = made["Data"]["Item"]["TargetId"].as_str().unwrap().to_owned();
        check("PATCH", &format!("targets/{id}/disable"), Value::Null, 204);
        let listed = check("GET", "targets", Value::Null, 200);
        assert_eq!(listed["Data"]["Items"][0]["Enabled"], json!(false));
        check("PUT", &format!("targets/{id}"), target, 200);

        let subscription = json!({"Entity": "AbEntry", "Op": "Update", "TargetId": id});
        check(
            "POST",
            "subscriptions",
            json!({"Entity": "AbEntry", "Op": "Update", "TargetId": "no"}),
            400,
        );
        check("POST", "subscriptions", subscription.clone(), 201);
        check("POST", "subscriptions", subscription, 409);
        check("DELETE", "subscriptions/no", Value::Null, 404);
        check("DELETE", &format!("targets/{id}"), Value::Null, 204);
        let listed = check("GET", "subscriptions", Value::Null, 200);
        assert_eq!(listed["Data"]["Items"], json!([]));
        check("PATCH", "targets", Value::Null, 405);
        check("GET", "nothing", Value::Null, 404);
    }
}
