//! Swagger 2.0 of an element's resources, as Cloud Elements has it, made from what its adapter describes.

use std::borrow::Cow;

use periodic_sdk::{
    child,
    description::{Description, Resource, ResourceOperation},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::hub::Place;
use crate::transform::Objects;

/// What is documented: the resources of an element and, for an instance, its common objects.
#[derive(Debug, Clone, Copy)]
pub(in crate::api) struct Subject<'a> {
    pub(super) element: &'a Description,
    objects: Option<&'a Objects>,
}

/// A document of Swagger 2.0.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Swagger {
    swagger: String,
    #[schema(value_type = Object)]
    info: Value,
    base_path: String,
    #[schema(value_type = Object)]
    paths: Value,
    #[schema(value_type = Object)]
    definitions: Value,
}

/// An operation of a document, where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct DocumentedOperation {
    path: String,
    method: String,
    /// The operation in the words of Swagger 2.0.
    #[schema(value_type = Object)]
    operation: Value,
}

/// The document of all resources, or of one. It names this host where its address is known.
pub(super) fn document(subject: Subject<'_>, only: Option<&str>, public_url: Option<&str>) -> Value {
    let description = subject.described();
    let mut paths = Map::new();
    let mut definitions = Map::new();
    let mut tags = Vec::new();
    let chosen = description
        .resources
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name));
    for (declared, resource) in chosen {
        let parent = child::names(declared);
        let path = match parent {
            None => format!("/{declared}"),
            Some((parent, child)) => format!("/{parent}/{{parentId}}/{child}"),
        };
        let name = definition_name(declared);
        let ids = Ids {
            parent: parent.map(|_names| "parentId"),
            own: subject.id_of(declared),
        };
        definitions.insert(name.clone(), schema(resource));
        tags.push(json!({ "name": name }));
        let (list, object) = operations(&name, resource, ids);
        if !list.is_empty() {
            paths.insert(path.clone(), Value::Object(list));
        }
        if !object.is_empty() {
            paths.insert(format!("{path}/{{{}}}", ids.own), Value::Object(object));
        }
    }
    definitions.insert("error".to_owned(), error());
    let mut document = json!({
        "swagger": "2.0",
        "info": {
            "title": description.name,
            "description": description.description,
            "version": env!("CARGO_PKG_VERSION"),
        },
        "basePath": format!("/elements/api-v2/hubs/{}", description.hub),
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "security": [{ "elements": [] }],
        "tags": tags,
        "paths": paths,
        "definitions": definitions,
        "securityDefinitions": {
            "elements": {
                "type": "apiKey", "in": "header", "name": "Authorization",
                "description": "User <secret>, Element <token>",
            },
        },
    });
    if let (Some(host), Value::Object(members)) = (host(public_url), &mut document) {
        members.extend(host);
    }
    document
}

/// What a resource is called where slashes have a meaning: `accounts/notes` is `accountsNotes`, as Cloud Elements has it.
fn definition_name(resource: &str) -> String {
    let mut segments = resource.split('/');
    let mut name = segments.next().unwrap_or_default().to_owned();
    for segment in segments {
        let mut letters = segment.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    name
}

/// Where this host is; without it readers take the address that they had the document from.
fn host(public_url: Option<&str>) -> Option<[(String, Value); 2]> {
    let url = url::Url::parse(public_url?).ok()?;
    let host = url.host_str()?;
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    Some([
        ("host".to_owned(), json!(host)),
        ("schemes".to_owned(), json!([url.scheme()])),
    ])
}

/// One operation of a document.
pub(super) fn operation(document: &Value, id: &str) -> Option<DocumentedOperation> {
    let paths = document.get("paths")?.as_object()?;
    paths.iter().find_map(|(path, methods)| {
        let mut methods = methods.as_object()?.iter();
        let (method, found) =
            methods.find(|(_, operation)| operation.get("operationId").is_some_and(|known| known == id))?;
        Some(DocumentedOperation {
            path: path.clone(),
            method: method.clone(),
            operation: found.clone(),
        })
    })
}

/// The schemas that an operation names, by name.
pub(super) fn definitions(document: &Value, named_by: &DocumentedOperation) -> Map<String, Value> {
    let text = named_by.operation.to_string();
    let schemas = document.get("definitions").and_then(Value::as_object);
    let named = schemas
        .into_iter()
        .flatten()
        .filter(|(name, _)| text.contains(&format!("\"#/definitions/{name}\"")));
    named
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// What ids are called in a resource's paths.
#[derive(Debug, Clone, Copy)]
struct Ids {
    parent: Option<&'static str>,
    own: &'static str,
}

/// The operations on the collection and on one object.
fn operations(name: &str, resource: &Resource, ids: Ids) -> (Map<String, Value>, Map<String, Value>) {
    let (mut list, mut object) = (Map::new(), Map::new());
    for operation in &resource.operations {
        let Place {
            on_object,
            method,
            verb,
        } = Place::of(*operation);
        let methods = if on_object { &mut object } else { &mut list };
        methods.insert(
            method.to_ascii_lowercase(),
            described(*operation, verb, name, on_object, ids),
        );
    }
    (list, object)
}

fn described(operation: ResourceOperation, verb: &str, name: &str, on_object: bool, ids: Ids) -> Value {
    let reference = json!({ "$ref": format!("#/definitions/{name}") });
    let mut parameters = Vec::new();
    if let Some(parent) = ids.parent {
        parameters.push(parameter(parent, "path", "string", "the id of the parent"));
    }
    if on_object {
        parameters.push(parameter(ids.own, "path", "string", "the id of the object"));
    }
    let fields = || {
        parameter(
            "fields",
            "query",
            "string",
            "exactly these members, separated by commas",
        )
    };
    match operation {
        ResourceOperation::List => parameters.extend([
            parameter(
                "where",
                "query",
                "string",
                "a filter in CEQL, without the word WHERE",
            ),
            fields(),
            parameter("orderBy", "query", "string", "a field, and asc or desc"),
            parameter("page", "query", "integer", "the page, counted from 1"),
            parameter("pageSize", "query", "integer", "records on a page"),
            parameter(
                "nextPage",
                "query",
                "string",
                "the Elements-Next-Page-Token of the page before",
            ),
            parameter(
                "returnTotalCount",
                "query",
                "boolean",
                "whether Elements-Total-Count is wanted",
            ),
        ]),
        ResourceOperation::Get => parameters.push(fields()),
        _ => {}
    }
    let mut success = json!({ "description": "done" });
    let answered = match operation {
        ResourceOperation::Delete => None,
        ResourceOperation::List => Some(json!({ "type": "array", "items": reference })),
        _ => Some(reference.clone()),
    };
    if let (Some(schema), Value::Object(success)) = (answered, &mut success) {
        success.insert("schema".to_owned(), schema);
    }
    let has_body = matches!(
        operation,
        ResourceOperation::Create | ResourceOperation::Update | ResourceOperation::Replace
    );
    if has_body {
        parameters.push(json!({ "name": name, "in": "body", "required": true, "schema": reference }));
    }
    json!({
        "operationId": format!("{verb}:{name}"),
        "summary": format!("{verb} {name}"),
        "tags": [name],
        "parameters": parameters,
        "responses": {
            "200": success,
            "default": {
                "description": "what went wrong",
                "schema": { "$ref": "#/definitions/error" },
            },
        },
    })
}

fn parameter(name: &str, place: &str, kind: &str, description: &str) -> Value {
    json!({
        "name": name, "in": place, "required": place == "path", "description": description, "type": kind,
    })
}

/// A resource's object. Fields in objects are nested as their paths say.
fn schema(resource: &Resource) -> Value {
    let mut properties = Map::new();
    for field in &resource.fields {
        place(&mut properties, &field.path, &field.kind);
    }
    json!({ "type": "object", "properties": properties })
}

fn place(properties: &mut Map<String, Value>, path: &str, kind: &str) {
    let Some((parent, rest)) = path.split_once('.') else {
        // Below it may stand fields that were told before.
        properties.entry(path).or_insert_with(|| typed(kind));
        return;
    };
    let member = properties
        .entry(parent)
        .or_insert_with(|| json!({ "type": "object" }));
    if let Value::Object(member) = member {
        let inner = member.entry("properties").or_insert_with(|| json!({}));
        if let Value::Object(inner) = inner {
            place(inner, rest, kind);
        }
    }
}

fn typed(kind: &str) -> Value {
    match kind {
        "number" | "boolean" | "object" => json!({ "type": kind }),
        "array" => json!({ "type": "array", "items": {} }),
        // Providers' dates have many forms.
        _ => json!({ "type": "string" }),
    }
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["message", "requestId"],
        "properties": {
            "message": { "type": "string" },
            "requestId": { "type": "string" },
            "providerMessage": { "type": "string" },
        },
    })
}

// === impl Subject ===

impl<'a> Subject<'a> {
    /// An element by itself.
    pub(in crate::api) fn element(element: &'a Description) -> Self {
        Self {
            element,
            objects: None,
        }
    }

    /// The element of an instance.
    pub(in crate::api) fn instance(element: &'a Description, objects: &'a Objects) -> Self {
        Self {
            element,
            objects: Some(objects),
        }
    }

    fn described(self) -> Cow<'a, Description> {
        match self.objects {
            Some(objects) => Cow::Owned(objects.describe(self.element)),
            None => Cow::Borrowed(self.element),
        }
    }

    /// What the id is called in a resource's path; Cloud Elements calls that of common objects differently.
    fn id_of(self, resource: &str) -> &'static str {
        let is_common = self
            .objects
            .is_some_and(|objects| objects.get(resource).is_some());
        if is_common { "objectId" } else { "id" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> Description {
        serde_json::from_value(json!({
            "key": "acme", "name": "Acme", "id": 7, "hub": "crm", "authentication": { "type": "none" },
            "resources": {
                "contacts": {
                    "operations": ["list", "get", "create", "update", "replace", "delete"],
                    "fields": [
                        { "path": "Name", "type": "string" }, { "path": "Address.City", "type": "string" },
                        { "path": "Address", "type": "object" }, { "path": "Tags", "type": "array" },
                    ],
                },
                "notes": { "operations": ["list"] },
                "contacts/notes": { "operations": ["list", "delete"] },
                "hidden": {},
            },
        }))
        .unwrap()
    }

    #[test]
    fn every_operation_that_is_described_is_documented() {
        let document = document(Subject::element(&acme()), None, None);
        let methods = |path: &str| {
            let methods = document["paths"][path].as_object();
            methods.map(|methods| methods.keys().cloned().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(methods("/contacts").as_deref(), Some("get post"));
        assert_eq!(methods("/contacts/{id}").as_deref(), Some("get patch put delete"));
        assert_eq!(methods("/notes").as_deref(), Some("get"));
        assert_eq!(methods("/notes/{id}"), None);
        assert_eq!(methods("/hidden"), None);
        assert_eq!(methods("/contacts/{parentId}/notes").as_deref(), Some("get"));
        let removal = &document["paths"]["/contacts/{parentId}/notes/{id}"]["delete"];
        assert_eq!(removal["operationId"], "delete:contactsNotes");
        let names = removal["parameters"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|parameter| &parameter["name"]).collect();
        assert_eq!(names, ["parentId", "id"]);
        assert_eq!(
            document["paths"]["/contacts/{id}"]["delete"]["responses"]["200"],
            json!({ "description": "done" })
        );
    }

    #[test]
    fn an_operation_is_found_with_what_it_names() {
        let document = document(Subject::element(&acme()), None, None);
        let found = operation(&document, "update:contacts").unwrap();
        assert_eq!(
            (found.path.as_str(), found.method.as_str()),
            ("/contacts/{id}", "patch")
        );
        let named = definitions(&document, &found);
        let names: Vec<&String> = named.keys().collect();
        assert_eq!(names, ["contacts", "error"]);
        assert!(operation(&document, "update:hidden").is_none());
    }

    #[test]
    fn fields_nest_as_their_paths_say() {
        let document = document(
            Subject::element(&acme()),
            Some("contacts"),
            Some("https://api.example.com:8443/periodic"),
        );
        let expected = json!({
            "Name": { "type": "string" },
            "Address": { "type": "object", "properties": { "City": { "type": "string" } } },
            "Tags": { "type": "array", "items": {} },
        });
        assert_eq!(document["definitions"]["contacts"]["properties"], expected);
        assert_eq!(
            document["paths"].as_object().map(Map::len),
            Some(2),
            "only contacts"
        );
        assert_eq!(
            (&document["host"], &document["schemes"]),
            (&json!("api.example.com:8443"), &json!(["https"]))
        );
    }
}
