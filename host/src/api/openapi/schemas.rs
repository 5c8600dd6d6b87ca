//! The shapes of bodies.

use serde_json::{Map, Value, json};

/// All shapes by name.
pub(super) fn all() -> Value {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "integer" });
    let truth = || json!({ "type": "boolean" });
    let texts = || json!({ "type": "array", "items": { "type": "string" } });
    let any = || json!({});
    let list = || json!({ "type": "array", "items": { "type": "object" } });
    let fields = || {
        let field = object(&["path"], [("path", text()), ("type", text())]);
        json!({ "type": "array", "items": field })
    };
    let shapes = [
        ("Object", json!({ "type": "object" })),
        ("Text", text()),
        (
            "Document",
            json!({ "type": "object", "required": ["swagger", "basePath", "paths", "definitions"] }),
        ),
        (
            "Names",
            json!({ "type": "array", "items": { "anyOf": [{ "type": "string" }, { "type": "object" }] } }),
        ),
        (
            "InstanceOrInstances",
            json!({ "anyOf": [
                { "$ref": "#/components/schemas/Instance" },
                { "type": "array", "items": { "$ref": "#/components/schemas/Instance" } },
            ] }),
        ),
        (
            "Error",
            object(
                &["message", "requestId"],
                [
                    ("message", text()),
                    ("requestId", text()),
                    ("providerMessage", text()),
                ],
            ),
        ),
        (
            "InstanceRequest",
            object(
                &[],
                [
                    ("element", any()),
                    ("name", any()),
                    ("tags", any()),
                    ("configuration", any()),
                    ("providerData", any()),
                ],
            ),
        ),
        (
            "Instance",
            object(
                &[
                    "id", "name", "token", "element", "tags", "valid", "disabled", "user",
                ],
                [
                    ("id", number()),
                    ("name", text()),
                    ("createdDate", text()),
                    ("token", text()),
                    ("element", json!({ "type": "object" })),
                    ("tags", texts()),
                    ("valid", truth()),
                    ("disabled", truth()),
                    ("configuration", json!({ "type": "object" })),
                    ("eventsEnabled", truth()),
                    ("user", json!({ "type": "object" })),
                    ("state", text()),
                ],
            ),
        ),
        (
            "Entry",
            object(
                &["id", "key", "name", "active", "required", "type"],
                [
                    ("id", number()),
                    ("key", text()),
                    ("name", text()),
                    ("description", text()),
                    ("propertyValue", text()),
                    ("active", truth()),
                    ("hideFromConsole", truth()),
                    ("required", truth()),
                    ("type", text()),
                ],
            ),
        ),
        (
            "EntryChange",
            object(&["propertyValue"], [("propertyValue", any())]),
        ),
        (
            "Export",
            object(
                &[
                    "id",
                    "status",
                    "instanceId",
                    "objectName",
                    "recordsCount",
                    "recordsFailedCount",
                ],
                [
                    ("id", number()),
                    (
                        "status",
                        json!({ "type": "string", "enum": ["CREATED", "RUNNING", "COMPLETED", "CANCELLED", "FAILED"] }),
                    ),
                    ("instanceId", number()),
                    ("objectName", text()),
                    ("query", text()),
                    ("recordsCount", number()),
                    ("recordsFailedCount", number()),
                    ("bytes", number()),
                    ("message", json!({ "type": "string", "nullable": true })),
                    ("createdDate", text()),
                    ("startedDate", json!({ "type": "string", "nullable": true })),
                    ("completedDate", json!({ "type": "string", "nullable": true })),
                ],
            ),
        ),
        ("DefinitionRequest", object(&["fields"], [("fields", fields())])),
        (
            "Definition",
            object(
                &["name", "fields"],
                [
                    ("name", text()),
                    ("objectName", text()),
                    ("fields", fields()),
                    ("level", text()),
                ],
            ),
        ),
        (
            "TransformationRequest",
            object(
                &[],
                [("vendorName", any()), ("fields", any()), ("configuration", any())],
            ),
        ),
        (
            "Transformation",
            object(
                &["objectName", "vendorName", "level", "fields", "configuration"],
                [
                    ("objectName", text()),
                    ("vendorName", text()),
                    ("level", text()),
                    ("fields", fields()),
                    ("configuration", list()),
                    ("startDate", text()),
                ],
            ),
        ),
        (
            "OauthUrl",
            object(
                &["oauthUrl", "element"],
                [("oauthUrl", text()), ("element", text())],
            ),
        ),
        (
            "Temporary",
            object(&["token", "secret"], [("token", text()), ("secret", text())]),
        ),
        (
            "Organization",
            object(
                &["id", "name", "createdDate", "active"],
                [
                    ("id", number()),
                    ("name", text()),
                    ("createdDate", text()),
                    ("active", truth()),
                    ("secret", text()),
                    ("user", json!({ "$ref": "#/components/schemas/User" })),
                ],
            ),
        ),
        (
            "OrganizationRequest",
            object(
                &["name", "user"],
                [
                    ("name", text()),
                    ("user", json!({ "$ref": "#/components/schemas/UserRequest" })),
                ],
            ),
        ),
        (
            "Account",
            object(
                &["id", "organizationId", "name", "createdDate"],
                [
                    ("id", number()),
                    ("organizationId", number()),
                    ("name", text()),
                    ("createdDate", text()),
                ],
            ),
        ),
        (
            "AccountRequest",
            object(&["name"], [("name", text()), ("organizationId", number())]),
        ),
        (
            "User",
            object(
                &["id", "accountId", "organizationId", "email", "role", "active"],
                [
                    ("id", number()),
                    ("accountId", number()),
                    ("organizationId", number()),
                    ("email", text()),
                    ("emailAddress", text()),
                    ("firstName", text()),
                    ("lastName", text()),
                    ("role", role()),
                    ("createdDate", text()),
                    ("active", truth()),
                    ("secret", text()),
                ],
            ),
        ),
        (
            "UserRequest",
            object(
                &["email"],
                [
                    ("email", text()),
                    ("firstName", text()),
                    ("lastName", text()),
                    ("accountId", number()),
                    ("role", role()),
                ],
            ),
        ),
    ];
    let shapes = shapes.into_iter().map(|(name, shape)| (name.to_owned(), shape));
    Value::Object(shapes.collect())
}

fn role() -> Value {
    json!({ "type": "string", "enum": ["member", "administrator", "operator"] })
}

fn object<const N: usize>(required: &[&str], members: [(&str, Value); N]) -> Value {
    let members = members.into_iter().map(|(name, shape)| (name.to_owned(), shape));
    let members: Map<String, Value> = members.collect();
    let mut object = json!({ "type": "object", "properties": members });
    if let (false, Value::Object(parts)) = (required.is_empty(), &mut object) {
        parts.insert("required".to_owned(), json!(required));
    }
    object
}
