//! Member names: found in any casing, echoed in the caller's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How the members that the service itself names (`Code`, `Data`, `Msg`, …) are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Casing {
    /// `Code`: what the live service was recorded with.
    #[default]
    Pascal,
    /// `code`, `displayValue`.
    Camel,
    /// `code`, `displayvalue`.
    Lower,
    /// `CODE`.
    Upper,
}

// === impl Casing ===

impl Casing {
    /// Spells a Pascal-case name in this casing.
    #[must_use]
    pub fn spell(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Camel => {
                let mut letters = name.chars();
                letters
                    .next()
                    .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
            }
            Self::Lower => name.to_lowercase(),
            Self::Upper => name.to_uppercase(),
        }
    }
}

/// Finds a member in any casing; an exact spelling wins. Answers the caller's spelling with the value.
pub(crate) fn find<'a>(object: &'a Map<String, Value>, name: &str) -> Option<(&'a str, &'a Value)> {
    object
        .get_key_value(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)))
        .map(|(key, value)| (key.as_str(), value))
}

/// The value of a member in any casing.
pub(crate) fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    find(object, name).map(|(_, value)| value)
}

/// The object below a member in any casing.
pub(crate) fn object<'a>(parent: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    get(parent, name).and_then(Value::as_object)
}

/// The text of a member in any casing.
pub(crate) fn text<'a>(parent: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    get(parent, name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Casing, find};

    #[test]
    fn spells_fixed_names() {
        let check = |casing: Casing, name: &str, expect: &str| assert_eq!(casing.spell(name), expect);
        check(Casing::Pascal, "Data", "Data");
        check(Casing::Camel, "ErrorCode", "errorCode");
        check(Casing::Lower, "ErrorCode", "errorcode");
        check(Casing::Upper, "Msg", "MSG");
        check(Casing::Camel, "", "");
    }

    #[test]
    fn finds_in_any_casing_and_prefers_the_exact_one() {
        let body = json!({"ABENTRY": 1, "abEntry": 2});
        let body = body.as_object().unwrap();
        assert_eq!(find(body, "abEntry"), Some(("abEntry", &json!(2))));
        assert_eq!(find(body, "AbEntry"), Some(("ABENTRY", &json!(1))));
        assert_eq!(find(body, "Lead"), None);
    }
}
