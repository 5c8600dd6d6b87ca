//! What the element says of itself, truly or not.

use serde_json::{Value, json};

use crate::plot::Plot;

/// The JSON of `describe`.
pub(crate) fn describe(plot: &Plot) -> String {
    let honest = honest(plot);
    match plot.at("element.describe") {
        "no JSON" => "{\"key\": ".to_owned(),
        "no object" => "[]".to_owned(),
        "no members" => "{}".to_owned(),
        "huge" => {
            let mut described = honest;
            described["description"] = "x".repeat(10 << 20).into();
            described.to_string()
        }
        "too large" => "x".repeat(80 << 20),
        "another key" => with(honest, "key", "../../etc".into()),
        "claims webhooks" => {
            let mut described = honest;
            described["resources"]["things"]["webhookEvents"] = json!(["CREATED"]);
            described.to_string()
        }
        "claims OAuth" => with(honest, "authentication", json!({ "type": "oauth1" })),
        "broken pattern" => with(honest, "egress", json!(["https://{evil.url"])),
        "misspelt function" => with(honest, "egress", json!(["{evil.url|orgin}/*"])),
        "bind the instance's token" => {
            let binding =
                json!({ "secret": "periodic.token", "places": ["bearer"], "urls": ["{evil.url}*"] });
            with(honest, "secrets", json!([binding]))
        }
        "deep" => {
            // Nested deeper than a parser's stack may be.
            let (depth, mut described) = (200_000, honest);
            described["resources"]["things"]["polling"]["deep"] = Value::Null;
            described
                .to_string()
                .replace("null", &("[".repeat(depth) + &"]".repeat(depth)))
        }
        _ => honest.to_string(),
    }
}

fn with(mut described: Value, member: &str, value: Value) -> String {
    described[member] = value;
    described.to_string()
}

fn honest(plot: &Plot) -> Value {
    let key = plot.get("key");
    let polling = json!({ "url": "/things", "idField": "id" });
    let authentication = if plot.get("at").starts_with("oauth2.") {
        "oauth2"
    } else {
        "apiKey"
    };
    json!({
        "key": key, "name": key, "id": plot.get("id").parse().unwrap_or(0_u64), "hub": "evil",
        "authentication": { "type": authentication },
        "configuration": [
            { "key": "evil.url", "name": "Address" },
            { "key": "evil.key", "name": "Key", "type": "PASSWORD", "secret": true },
            { "key": "evil.other", "name": "Another key", "type": "PASSWORD", "secret": true }
        ],
        "resources": { "things": {
            "operations": ["list", "get", "create"], "idField": "id", "polling": polling,
            "pollEvents": ["CREATED", "UPDATED"]
        } },
        "egress": ["{evil.url}*"],
        "secrets": [{ "secret": "evil.key", "places": ["header:X-Key"], "urls": ["{evil.url}*"] }]
    })
}
