//! `GET /openapi.json`: the interface described, from the table of its endpoints.

mod schemas;
mod table;

use axum::{Json, extract::State};
use serde_json::{Map, Value, json};

use self::table::{ENDPOINTS, Endpoint, Who};
use super::{Api, BASE};

/// `GET /openapi.json`. Nobody has to say who he is for it.
pub(super) async fn get(State(api): State<Api>) -> Json<Value> {
    Json(document(api.host.public_url.as_deref()))
}

fn document(public_url: Option<&str>) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in ENDPOINTS {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(endpoint.method.to_owned(), operation(endpoint));
        }
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Periodic",
            "description": "Instances, their resources and their events, compatible with the Cloud Elements API.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": server(public_url) }],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "secrets": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "User <secret>, Organization <secret>; or User <secret>, Element <token>, where an \
                                    instance is addressed by its token",
                },
            },
        },
    })
}

/// Where the interface stands: beneath the public address, or beneath whatever address it was asked at.
fn server(public_url: Option<&str>) -> String {
    format!("{}{BASE}", public_url.unwrap_or_default().trim_end_matches('/'))
}

fn operation(endpoint: &Endpoint) -> Value {
    let in_path = endpoint.path.split('/').filter_map(|segment| {
        segment
            .strip_prefix('{')
            .and_then(|segment| segment.strip_suffix('}'))
    });
    let in_path = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query = endpoint.query.iter().map(|(name, kind)| {
        let schema = match *kind {
            "array" => json!({ "type": "array", "items": { "type": "string" } }),
            kind => json!({ "type": kind }),
        };
        json!({ "name": name, "in": "query", "required": false, "schema": schema })
    });
    let mut described = json!({
        "operationId": operation_id(endpoint),
        "summary": endpoint.summary,
        "parameters": in_path.chain(in_query).collect::<Value>(),
        "responses": { "200": success(endpoint.answer), "default": refusal() },
    });
    if let Value::Object(members) = &mut described {
        if let Some(body) = endpoint.body {
            let content = json!({ "application/json": { "schema": reference(body) } });
            members.insert("requestBody".to_owned(), json!({ "content": content }));
        }
        if endpoint.who == Who::User {
            members.insert("security".to_owned(), json!([{ "secrets": [] }]));
        }
    }
    described
}

fn success(answer: Option<&str>) -> Value {
    match answer {
        None => json!({ "description": "done; the body is empty" }),
        Some("EventStream") => json!({
            "description": "server-sent events",
            "content": { "text/event-stream": { "schema": { "type": "string" } } },
        }),
        Some("ExportFile") => json!({
            "description": "a record a line, or CSV",
            "content": {
                "application/x-ndjson": { "schema": { "type": "string" } },
                "application/json": { "schema": {} },
                "text/csv": { "schema": { "type": "string" } },
            },
        }),
        Some(schema) => json!({
            "description": "done",
            "content": { "application/json": { "schema": reference(schema) } },
        }),
    }
}

fn refusal() -> Value {
    json!({
        "description": "what went wrong",
        "content": { "application/json": { "schema": reference("Error") } },
    })
}

/// A schema by name; with `[]` at its end, a list of it.
fn reference(schema: &str) -> Value {
    match schema.strip_suffix("[]") {
        Some(item) => json!({ "type": "array", "items": reference(item) }),
        None => json!({ "$ref": format!("#/components/schemas/{schema}") }),
    }
}

/// `get /instances/{id}/events` is `get_instances_id_events`.
fn operation_id(endpoint: &Endpoint) -> String {
    let words = endpoint.path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<&str> = std::iter::once(endpoint.method).chain(words).collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The router's routes, as `get /path`. It tells them only by how it is printed.
    fn routes() -> BTreeSet<String> {
        let text = format!("{:?}", super::super::compatible(super::super::tenants::table()));
        let (routes, paths) = text.split_once("paths: {").unwrap();
        let (paths, _) = paths
            .split_once('}')
            .map_or((paths, ""), |_| paths.split_once("\"}").unwrap());
        let mut found = BTreeSet::new();
        for entry in paths.split("RouteId(").skip(1) {
            let (id, path) = entry.split_once("): \"").unwrap();
            let path = path.trim_end_matches([',', ' ', '"']);
            let at = routes.find(&format!("RouteId({id}): ")).unwrap();
            let methods = routes[at..].split("RouteId(").nth(1).unwrap();
            for method in ["get", "post", "put", "patch", "delete"] {
                let (_, state) = methods.split_once(&format!(" {method}: ")).unwrap();
                if !state.starts_with("None") {
                    found.insert(format!("{method} {path}"));
                }
            }
        }
        found
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        // A hub before a path means the same path, and without one before a resource it would hide all others.
        let nameless = |route: &String| route.contains(" /hubs/{hub}/") && !route.contains("/{resource}");
        let bare = |route: &String| route.contains(" /{resource}");
        // What a parameter is called says nothing, nor does a slash at the end.
        let plain = |route: &str| {
            let names = route
                .split('/')
                .map(|part| if part.starts_with('{') { "{}" } else { part });
            names
                .collect::<Vec<_>>()
                .join("/")
                .trim_end_matches('/')
                .to_owned()
        };
        let routed: BTreeSet<String> = routes().into_iter().filter(|route| !bare(route)).collect();
        assert!(routed.len() > 100, "{routed:?}");
        let described: BTreeSet<String> = ENDPOINTS
            .iter()
            .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
            .collect();
        let known: BTreeSet<String> = described.iter().map(|route| plain(route)).collect();
        let served: BTreeSet<String> = routed.iter().map(|route| plain(route)).collect();
        let missing: Vec<_> = routed
            .iter()
            .filter(|route| !known.contains(&plain(route)))
            .filter(|route| !nameless(route) || !known.contains(&plain(&route.replace("/hubs/{hub}", ""))))
            .collect();
        let dead: Vec<_> = described
            .iter()
            .filter(|route| !served.contains(&plain(route)))
            .collect();
        assert!(
            missing.is_empty() && dead.is_empty(),
            "missing: {missing:#?}\ndead: {dead:#?}"
        );
    }

    #[test]
    fn operations_have_ids_of_their_own() {
        let ids: BTreeSet<String> = ENDPOINTS.iter().map(operation_id).collect();
        assert_eq!(ids.len(), ENDPOINTS.len());
    }

    #[test]
    fn the_public_address_leads_to_the_interface() {
        assert_eq!(server(None), "/elements/api-v2");
        for address in ["https://periodic.example.com", "https://periodic.example.com/"] {
            assert_eq!(
                server(Some(address)),
                "https://periodic.example.com/elements/api-v2"
            );
        }
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let document = document(None);
        let known = &document["components"]["schemas"];
        let text = document.to_string();
        let mut named = text.match_indices("#/components/schemas/").map(|(at, prefix)| {
            let rest = &text[at + prefix.len()..];
            &rest[..rest.find('"').unwrap()]
        });
        assert!(named.all(|name| known[name].is_object()));
    }
}
