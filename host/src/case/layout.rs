//! JSON as people read it, every token as it was.

use serde_json::value::RawValue;

/// What fits on a line is not broken.
const WIDTH: usize = 96;
/// Deeper, everything stays on its line.
const DEPTH: usize = 32;

/// Break a JSON text into lines; what is no JSON stays as it is.
pub fn layout(json: &str) -> String {
    match serde_json::from_str::<&RawValue>(json) {
        Ok(value) => {
            let mut text = String::with_capacity(json.len() * 2);
            put(&compact(value.get()), 0, &mut text);
            text
        }
        Err(_no_json) => json.to_owned(),
    }
}

/// The same without blanks between tokens, so that what was laid out before is laid out alike.
fn compact(json: &str) -> String {
    let (mut is_text, mut is_escape) = (false, false);
    let mut keep = |letter: char| {
        if is_text {
            (is_text, is_escape) = match (letter, is_escape) {
                ('"', false) => (false, false),
                (letter, is_escape) => (true, letter == '\\' && !is_escape),
            };
            return true;
        }
        is_text = letter == '"';
        !letter.is_ascii_whitespace()
    };
    json.chars().filter(|letter| keep(*letter)).collect()
}

/// Values, and what stands before each.
type Children<'j> = Vec<(String, &'j RawValue)>;

/// A value's members or elements: each with what stands before it.
fn children(json: &str) -> Option<(char, Children<'_>, char)> {
    if json.starts_with('{') {
        let members: indexmap::IndexMap<String, &RawValue> = serde_json::from_str(json).ok()?;
        let member = |(name, value)| (format!("{}: ", serde_json::Value::String(name)), value);
        Some(('{', members.into_iter().map(member).collect(), '}'))
    } else if json.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let element = |value| (String::new(), value);
        Some(('[', elements.into_iter().map(element).collect(), ']'))
    } else {
        None
    }
}

fn put(json: &str, depth: usize, text: &mut String) {
    let room = WIDTH.saturating_sub(2 * depth);
    if depth >= DEPTH {
        text.push_str(json);
        return;
    }
    if let Some(line) = inline(json, room) {
        text.push_str(&line);
        return;
    }
    let Some((open, children, close)) = children(json) else {
        text.push_str(json);
        return;
    };
    text.push(open);
    for (index, (name, value)) in children.iter().enumerate() {
        text.push_str(if index > 0 { ",\n" } else { "\n" });
        text.push_str(&"  ".repeat(depth + 1));
        text.push_str(name);
        put(value.get(), depth + 1, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

/// The value on one line, where it fits and does not hold several things that have parts themselves.
fn inline(json: &str, room: usize) -> Option<String> {
    if json.len() > room {
        return None;
    }
    let Some((open, children, close)) = children(json) else {
        return Some(json.to_owned());
    };
    if children.is_empty() {
        return Some(format!("{open}{close}"));
    }
    if nests(&children) > 1 {
        return None;
    }
    let mut parts = Vec::with_capacity(children.len());
    for (name, value) in children {
        parts.push(format!("{name}{}", inline(value.get(), room)?));
    }
    let blank = if open == '{' { " " } else { "" };
    let line = format!("{open}{blank}{}{blank}{close}", parts.join(", "));
    (line.len() <= room).then_some(line)
}

/// How many of these have parts of their own.
fn nests(children: &[(String, &RawValue)]) -> usize {
    let is_nest =
        |(_, value): &&(String, &RawValue)| value.get().starts_with(['{', '[']) && value.get().len() > 2;
    children.iter().filter(is_nest).count()
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn tokens_stay_and_lines_are_broken() {
        let cases = [
            ("1.10", "1.10"),
            ("no json", "no json"),
            ("[]", "[]"),
            (r#"{"a":1e3,"b":"\u00e9"}"#, r#"{ "a": 1e3, "b": "\u00e9" }"#),
            (
                r#"{"a":[1,2],"b":{"c":12345678901234567890123}}"#,
                "{\n  \"a\": [1, 2],\n  \"b\": { \"c\": 12345678901234567890123 }\n}",
            ),
            (
                r#"{ "a" : " \\\" b " , "c":[ ] }"#,
                r#"{ "a": " \\\" b ", "c": [] }"#,
            ),
            (
                "[{\n\"name\": \"as long as a line takes, and not much more: after all, it is only a test\"}]",
                "[{ \"name\": \"as long as a line takes, and not much more: after all, it is only a test\" }]",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(layout(json), expected);
            assert_eq!(layout(expected), expected, "once more");
        }
    }
}
