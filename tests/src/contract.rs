//! The host's own description of its interface, which every answer has to keep.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, bail, ensure};
use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Answer;

/// What the middle of the host answers wherever no operation is: nothing there, another method, and refusals that come
/// before either is looked at.
const OUTSIDE: [u16; 8] = [401, 403, 404, 405, 406, 413, 415, 503];
/// What stands beneath a hub as it stands without one.
const WITH_AND_WITHOUT_HUB: [&str; 4] = ["ping", "query", "objects", "bulk"];
/// What an Element token makes the element's own resources.
const MANAGED: &str = "tenants";

/// A description.
#[derive(Debug)]
pub(crate) struct Contract {
    document: Value,
    /// What was compiled so far, by the reference to the answer and the media type.
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

// === impl Contract ===

impl Contract {
    pub(crate) fn new(document: Value) -> anyhow::Result<Self> {
        ensure!(
            document["paths"].is_object(),
            "the description has no paths: {document}"
        );
        Ok(Self {
            document,
            compiled: Mutex::default(),
        })
    }

    /// Fail unless the description has such an answer to a request for a path beneath the base. `by_token` says whether
    /// the request addresses an instance by its token.
    pub(crate) fn check(
        &self,
        method: &Method,
        path: &str,
        by_token: bool,
        answer: &Answer,
    ) -> anyhow::Result<()> {
        self.check_answer(method, path, by_token, answer)
            .with_context(|| {
                let Answer {
                    asked, status, text, ..
                } = answer;
                format!("{asked} is not answered as /openapi.json says: {status} {text}")
            })
    }

    fn check_answer(
        &self,
        method: &Method,
        path: &str,
        by_token: bool,
        answer: &Answer,
    ) -> anyhow::Result<()> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let method = method.as_str().to_ascii_lowercase();
        let operations = self.operation(path, by_token);
        let operation = operations.and_then(|operations| operations.get(&method));
        let Some(responses) = operation.map(|operation| &operation["responses"]) else {
            ensure!(OUTSIDE.contains(&answer.status), "there is no such operation");
            return self.check_body(json!({ "$ref": "#/components/schemas/Error" }), "", answer);
        };
        let status = answer.status.to_string();
        let response = responses.get(&status).or_else(|| responses.get("default"));
        let response = self.resolved(response.context("the operation has no such status")?);
        self.check_headers(&response["headers"], answer)?;
        let Some(content) = response["content"].as_object() else {
            ensure!(answer.text.is_empty(), "the body is to be empty");
            return Ok(());
        };
        let kind = answer
            .header("content-type")
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        let described = content.get(kind);
        let described =
            described.with_context(|| format!("the operation has no answer of the type {kind:?}"))?;
        match kind {
            "application/json" if described["schema"] != json!({}) => {
                self.check_body(described["schema"].clone(), kind, answer)
            }
            _ => Ok(()),
        }
    }

    /// The operations at a path, as a request is routed: what is spelled out goes before what is a parameter.
    fn operation(&self, path: &str, by_token: bool) -> Option<&Map<String, Value>> {
        // A slash at the end changes nothing.
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let without_hub = match &*segments {
            ["hubs", _, rest @ ..]
                if rest
                    .first()
                    .is_some_and(|first| WITH_AND_WITHOUT_HUB.contains(first)) =>
            {
                rest
            }
            all => all,
        };
        let managed =
            |found: &&Map<String, Value>| found.values().any(|operation| operation["tags"][0] == MANAGED);
        self.find(without_hub)
            .filter(|found| !(by_token && managed(found)))
            .or_else(|| {
                let with_hub: Vec<&str> = ["hubs", "any"].into_iter().chain(segments).collect();
                self.find(&with_hub)
            })
    }

    fn find(&self, segments: &[&str]) -> Option<&Map<String, Value>> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let fitting = paths.filter_map(|(path, operations)| {
            let template: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            let spelled: Vec<bool> = template.iter().map(|part| !part.starts_with('{')).collect();
            let mut pairs = template.iter().zip(segments).zip(&spelled);
            let fits = template.len() == segments.len()
                && pairs.all(|((part, segment), spelled)| {
                    if *spelled {
                        part == segment
                    } else {
                        !segment.is_empty()
                    }
                });
            fits.then_some((spelled, operations.as_object()?))
        });
        fitting
            .max_by(|(one, _), (other, _)| one.cmp(other))
            .map(|(_, operations)| operations)
    }

    /// What a reference means.
    fn resolved<'d>(&'d self, described: &'d Value) -> &'d Value {
        let target = described["$ref"]
            .as_str()
            .and_then(|target| target.strip_prefix('#'));
        target
            .and_then(|target| self.document.pointer(target))
            .unwrap_or(described)
    }

    fn check_headers(&self, described: &Value, answer: &Answer) -> anyhow::Result<()> {
        for (name, header) in described.as_object().into_iter().flatten() {
            let value = answer.header(name);
            let kind = &self.resolved(header)["schema"]["type"];
            let fits = value.is_empty() || kind != "integer" || value.parse::<u64>().is_ok();
            ensure!(fits, "the header {name} is to be a number: {value}");
        }
        ensure!(
            !answer.header("elements-request-id").is_empty(),
            "the request has no id"
        );
        Ok(())
    }

    fn check_body(&self, schema: Value, kind: &str, answer: &Answer) -> anyhow::Result<()> {
        let body: Value = serde_json::from_str(&answer.text).context("the body is to be JSON")?;
        let validator = self.compiled(schema, kind)?;
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("{} at {:?}", error, error.instance_path().to_string()))
            .collect();
        if !errors.is_empty() {
            bail!("the body is not of its shape: {}", errors.join("; "));
        }
        Ok(())
    }

    fn compiled(&self, schema: Value, kind: &str) -> anyhow::Result<Arc<Validator>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{kind} {schema}");
        if let Some(validator) = compiled.get(&key) {
            return Ok(Arc::clone(validator));
        }
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": { "schemas": self.document["components"]["schemas"] },
        });
        let validator =
            Arc::new(jsonschema::validator_for(&whole).map_err(|error| anyhow::anyhow!("{error}"))?);
        compiled.insert(key, Arc::clone(&validator));
        Ok(validator)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn contract() -> Contract {
        let described = |schema: Value| json!({ "content": { "application/json": { "schema": schema } } });
        let named = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let object = |required: &str| json!({ "type": "object", "required": [required] });
        let of = |answer: &Value| json!({ "get": { "responses": { "200": answer } } });
        let document = json!({
            "paths": {
                "/things/{id}": of(&described(named("Thing"))),
                "/things/count": of(&described(named("Count"))),
                "/hubs/{hub}/{resource}": of(&described(json!({ "type": "array" }))),
            },
            "components": {
                "schemas": { "Thing": object("name"), "Count": object("count"), "Error": object("message") },
            },
        });
        Contract::new(document).unwrap()
    }

    fn fits(path: &str, status: u16, text: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("elements-request-id", "7".parse().unwrap());
        let answer = Answer {
            asked: String::new(),
            status,
            headers,
            text: text.to_owned(),
            body: Value::Null,
        };
        contract().check(&Method::GET, path, true, &answer).is_ok()
    }

    #[test]
    fn an_answer_has_a_status_and_a_shape_of_its_operation() {
        assert!(fits("/things/7?a=b", 200, r#"{"name":"x"}"#));
        assert!(!fits("/things/7", 200, r#"{"nme":"x"}"#), "a member is missing");
        assert!(!fits("/things/7", 200, "[]"), "another type");
        assert!(!fits("/things/7", 200, "no JSON"));
        assert!(
            !fits("/things/7", 404, r#"{"message":"x"}"#),
            "a status that is not described"
        );
    }

    #[test]
    fn operations_are_found_as_requests_are_routed() {
        assert!(fits("/things/count", 200, r#"{"count":1}"#));
        assert!(!fits("/things/count", 200, r#"{"name":"x"}"#));
        assert!(fits("/hubs/crm/contacts", 200, "[]") && fits("/contacts", 200, "[]"));
        assert!(fits("/nothing/at/all", 404, r#"{"message":"x"}"#));
        assert!(!fits("/nothing/at/all", 200, "{}") && !fits("/nothing/at/all", 404, "{}"));
    }
}
