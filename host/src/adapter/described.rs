//! What a description may say, beyond what its schema asks for.
//!
//! Everybody who asks for the elements is told what adapters describe, and documents are made of it: what one says has
//! bounds that no provider's API comes near.

use periodic_sdk::description::Description;

use super::error::Rejection;
use crate::egress::{UrlPatterns, is_reserved};

/// Bytes of the JSON.
const BYTES: usize = 2 << 20;
const RESOURCES: usize = 500;
/// Fields of all resources.
const FIELDS: usize = 20_000;
/// Steps of a field's path.
const DEPTH: usize = 32;
const KEYS: usize = 500;
/// Patterns of egress and of secrets.
const PATTERNS: usize = 500;
/// Words of the API in the place of a key: `GET /elements/keys`.
const WORDS: [&str; 2] = ["keys", "metadata"];

/// What `describe` returned, or the member in which it is wrong.
pub(super) fn read(json: &str) -> Result<Description, Rejection> {
    within("bytes", json.len(), BYTES)?;
    let mut parsed = serde_json::Deserializer::from_str(json);
    let description: Description = serde_path_to_error::deserialize(&mut parsed)
        .map_err(|error| Rejection::Description(error.to_string()))?;
    if !is_key(&description.key) {
        return Err(Rejection::Key(description.key));
    }
    check_size(&description)?;
    check_words(&description)?;
    check_patterns(&description)?;
    check_secrets(&description)?;
    Ok(description)
}

/// Keys stand in paths, topics and settings.
fn is_key(key: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=64).contains(&key.len())
        && key.bytes().all(allowed)
        && key.bytes().any(|byte| byte.is_ascii_lowercase())
        && !WORDS.contains(&key)
}

fn check_size(description: &Description) -> Result<(), Rejection> {
    let resources = &description.resources;
    let fields = resources.values().flat_map(|resource| &resource.fields);
    within("resources", resources.len(), RESOURCES)?;
    within("fields", fields.clone().count(), FIELDS)?;
    within("configuration keys", description.configuration.len(), KEYS)?;
    let deepest = fields.map(|field| field.path.split('.').count()).max();
    within("steps in the path of a field", deepest.unwrap_or(0), DEPTH)
}

/// Names are printed on terminals and stand in logs.
fn check_words(description: &Description) -> Result<(), Rejection> {
    let keys = description.configuration.iter();
    let words = [&description.name, &description.hub].into_iter();
    let words = words.chain(description.resources.keys());
    let mut words = words.chain(keys.flat_map(|key| [&key.key, &key.name]));
    match words.find(|word| word.chars().any(char::is_control)) {
        None => Ok(()),
        Some(word) => Err(Rejection::Description(format!(
            "{word:?} has characters that control terminals"
        ))),
    }
}

/// A pattern that cannot be understood would only be found when somebody makes an instance.
fn check_patterns(description: &Description) -> Result<(), Rejection> {
    let bound = description.secrets.iter().flat_map(|binding| &binding.urls);
    let patterns: Vec<String> = description.egress.iter().chain(bound).cloned().collect();
    within("patterns", patterns.len(), PATTERNS)?;
    let understood = UrlPatterns::compile(&patterns, &|_key| None);
    understood.map_err(|error| Rejection::Description(error.to_string()))?;
    Ok(())
}

/// What is the host's own is nobody's to send.
fn check_secrets(description: &Description) -> Result<(), Rejection> {
    let bound = description.secrets.iter().map(|binding| &binding.secret);
    let declared = description.configuration.iter();
    let declared = declared.filter(|key| key.secret).map(|key| &key.key);
    match bound.chain(declared).find(|name| is_reserved(name)) {
        None => Ok(()),
        Some(name) => Err(Rejection::Description(format!(
            "the secret {name:?} is the host's own: names that begin with periodic. or event.notification. are not an \
             element's"
        ))),
    }
}

fn within(what: &str, said: usize, most: usize) -> Result<(), Rejection> {
    if said <= most {
        return Ok(());
    }
    Err(Rejection::Description(format!(
        "it has {said} {what}, and {most} are the most"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(changed: &Value) -> Result<(), String> {
        let mut description = json!({
            "key": "acme", "name": "Acme", "id": 1, "hub": "crm", "authentication": { "type": "none" },
        });
        for (member, value) in changed.as_object().into_iter().flatten() {
            description[member] = value.clone();
        }
        let read = read(&description.to_string());
        read.map(|_description| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_are_small_letters_digits_and_hyphens() {
        for (key, expected) in [
            ("acme", true),
            ("acme-2_x", true),
            ("", false),
            ("42", false),
            ("Acme", false),
            ("../acme", false),
            ("acme acme", false),
            ("metadata", false),
            ("keys", false),
            (&"a".repeat(65), false),
        ] {
            assert_eq!(is_key(key), expected, "{key:?}");
        }
    }

    #[test]
    fn a_wrong_description_is_refused_with_the_member_that_is_wrong() {
        let contacts = |contacts: Value| json!({ "resources": { "contacts": contacts } });
        assert_eq!(said(&contacts(json!({ "operations": ["list"] }))), Ok(()));
        for (changed, told) in [
            (
                contacts(json!({ "operations": ["fetch"] })),
                "resources.contacts.operations[0]: ",
            ),
            (contacts(json!({ "idField": 7 })), "resources.contacts.idField: "),
            (json!({ "resources": 7 }), "resources: "),
            (json!({ "name": "\u{1b}[2J" }), "control terminals"),
            (json!({ "hub": "a\0b" }), "control terminals"),
        ] {
            let refused = said(&changed).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
    }

    #[test]
    fn what_is_described_has_bounds() {
        let field = |depth: usize| json!({ "path": vec!["a"; depth].join("."), "type": "string" });
        let with = |field: Value| json!({ "resources": { "things": { "fields": [field] } } });
        assert_eq!(said(&with(field(DEPTH))), Ok(()));
        let resources: serde_json::Map<String, Value> = (0..=RESOURCES)
            .map(|number| (format!("r{number}"), json!({})))
            .collect();
        for (changed, told) in [
            (
                with(field(DEPTH + 1)),
                "33 steps in the path of a field, and 32 are the most",
            ),
            (
                json!({ "resources": resources }),
                "501 resources, and 500 are the most",
            ),
            (
                json!({ "description": "a".repeat(BYTES) }),
                "bytes, and 2097152 are the most",
            ),
        ] {
            let refused = said(&changed).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
