//! What the element says of itself.

use periodic_sdk::contract::Element as _;
use serde_json::Value;

use crate::Maximizer;

/// Written anew with `UPDATE_GOLDEN=1`.
#[test]
fn the_description_is_the_golden_one() {
    let description = Maximizer::describe(None).unwrap();
    let shown = serde_json::to_string_pretty(&description).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/describe.json");
        std::fs::write(file, &shown).unwrap();
        return;
    }
    assert!(
        shown == include_str!("describe.json"),
        "the description changed; look at it and set UPDATE_GOLDEN=1\n{shown}"
    );
}

/// Every member of the description is known to the published schema, and what the schema wants is there.
#[test]
fn the_description_follows_the_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../wit/v1/describe.schema.json")).unwrap();
    let description = serde_json::to_value(Maximizer::describe(None).unwrap()).unwrap();
    follow(&schema, &schema, &description, "$");
}

/// As much of JSON Schema as the schema uses.
fn follow(root: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return follow(root, target, value, at);
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{at}: {value} is none of {allowed:?}");
    }
    let of_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64(),
        None => true,
        Some(other) => panic!("{at}: the schema has {other}"),
    };
    assert!(of_type, "{at}: {value} is no {}", schema["type"]);
    for element in value.as_array().into_iter().flatten() {
        follow(root, &schema["items"], element, &format!("{at}[]"));
    }
    let Some(members) = value.as_object() else {
        return;
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(
            members.contains_key(required.as_str().unwrap()),
            "{at}: {required} is missing"
        );
    }
    for (name, member) in members {
        let at = format!("{at}.{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) => follow(root, schema, member, &at),
            (None, Some(Value::Bool(true))) => {}
            (None, Some(schema)) => follow(root, schema, member, &at),
            (None, None) => panic!("{at}: is not in the schema"),
        }
    }
}

/// Only names of secrets, and every one of them bound.
#[test]
fn secrets_are_bound_to_places_and_addresses() {
    let description = Maximizer::describe(None).unwrap();
    for key in description.configuration.iter().filter(|key| key.secret) {
        assert!(
            description.secrets.iter().any(|bound| bound.secret == key.key),
            "{} goes nowhere",
            key.key
        );
    }
    for bound in &description.secrets {
        assert!(
            !bound.places.is_empty() && !bound.urls.is_empty(),
            "{}",
            bound.secret
        );
        for url in &bound.urls {
            assert!(
                description.egress.contains(url),
                "{}: {url} is no egress",
                bound.secret
            );
        }
    }
}
