//! How much a mapping may make: few fields can name the same large value many times.

use std::cell::Cell;

use serde_json::Value;

/// The most bytes that an answer or a request comes to, about.
const MOST: usize = 64 << 20;

/// What is left for one answer or request.
#[derive(Debug)]
pub struct Room(Cell<Option<usize>>);

/// There was too much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} comes to more than {MOST} bytes: its transformation names large values too often, or the page is too large for \
     it; ask for fewer records or fields, or map less"
)]
pub struct TooMuch(pub String);

impl Default for Room {
    fn default() -> Self {
        Self(Cell::new(Some(MOST)))
    }
}

impl Room {
    /// The value, or null when there is no room for it.
    pub(super) fn admit(&self, value: Value) -> Value {
        match self.take(size(&value)) {
            true => value,
            false => Value::Null,
        }
    }

    /// Whether there was room for so many bytes.
    pub(super) fn take(&self, bytes: usize) -> bool {
        self.0.set(self.0.get().and_then(|left| left.checked_sub(bytes)));
        self.0.get().is_some()
    }

    /// An error when there was no room for something.
    pub fn check(&self, object: &str) -> Result<(), TooMuch> {
        let left = self.0.get();
        left.map(|_| ()).ok_or_else(|| TooMuch(object.to_owned()))
    }
}

/// About so many bytes of JSON.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => 2 + items.iter().map(|item| 1 + size(item)).sum::<usize>(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| name.len() + 4 + size(value);
            2 + members.iter().map(member).sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_no_room_is_told() {
        let room = Room::default();
        let half = json!("x".repeat(MOST / 2));
        assert_eq!(room.admit(half.clone()), half);
        room.check("people").unwrap();
        assert_eq!(room.admit(half), Value::Null);
        // Once is enough, even if something small would have room.
        assert_eq!(room.admit(json!(1)), Value::Null);
        assert!(
            room.check("people")
                .unwrap_err()
                .to_string()
                .starts_with("people")
        );
    }

    #[test]
    fn sizes_are_about_those_of_the_text() {
        for value in [
            json!({ "a": [1, "two", null, { "b": true }] }),
            json!("text"),
            json!([[], {}]),
        ] {
            let text = value.to_string().len();
            assert!(size(&value) >= text && size(&value) <= 8 * text, "{value}");
        }
    }
}
