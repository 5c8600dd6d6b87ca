//! Answers for people and for programs.

use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

use super::Column;

/// The longest cell; what is longer is shown by `show` and `--json`.
const CELL: usize = 60;

/// Print JSON.
pub(super) fn json(body: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(body)?);
    Ok(())
}

/// Print rows under titles.
pub(super) fn rows(rows: &[Value], columns: &[Column]) {
    if rows.is_empty() {
        println!("Nothing is there.");
        return;
    }
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(columns.iter().map(|(title, _)| *title));
    for row in rows {
        let cell = |(_, pointer): &Column| short(&row.pointer(pointer).map(text).unwrap_or_default());
        table.add_row(columns.iter().map(cell));
    }
    println!("{table}");
}

/// Print the members of an object, each on a line that is no longer than it has to be.
pub(super) fn members(body: &Value) {
    let Value::Object(members) = body else {
        println!("{}", text(body));
        return;
    };
    let told = || members.iter().filter(|(_, value)| !value.is_null());
    let width = told()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or_default();
    for (name, value) in told() {
        println!(" {name:width$}  {}", text(value));
    }
}

fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= CELL {
        return line.to_owned();
    }
    let cut: String = line.chars().take(CELL - 1).collect();
    format!("{cut}…")
}

/// A value as people write it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
            items.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_people_do() {
        let cases = [
            (json!(null), ""),
            (json!("a"), "a"),
            (json!(5), "5"),
            (json!(["a", 1]), "a, 1"),
            (json!([{ "a": 1 }]), "[{\"a\":1}]"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&value), expected);
        }
        assert_eq!(short(&"x".repeat(61)).chars().count(), CELL);
        assert_eq!(short("a\nb"), "a");
    }
}
