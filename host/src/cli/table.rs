//! Answers for people and for programs.
//!
//! On a terminal a table is as wide as the terminal, and what is long goes on in the next line of its cell. Whatever else
//! reads along gets a row in a line. What is too long to be read in a list is cut in both.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets::NOTHING};
use dialoguer::console::Term;
use serde_json::{Map, Value};

/// The longest cell of a list; what is longer is shown whole by `show`, `inspect` and `--json`.
const CELL: usize = 160;
/// What is longer than this may be divided.
const WORD: u16 = 24;
/// A column is so much wider than its cells.
const PADDING: u16 = 2;
/// No column becomes narrower than this.
const NARROWEST: u16 = PADDING + 6;

/// A column: its title, and where its value stands in each row.
pub(super) type Column = (&'static str, &'static str);

/// How a list is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing<'l> {
    /// Its columns.
    pub(super) columns: &'l [Column],
    /// What is said when nothing is in it: how something comes there.
    pub(super) empty: &'l str,
}

/// Print JSON.
pub(super) fn json(body: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(body)?);
    Ok(())
}

impl Listing<'_> {
    /// Print rows under titles. That there are none is said where it is not taken for a row.
    pub(super) fn print(&self, rows: &[Value]) {
        match rows.is_empty() {
            true => eprintln!("{}", self.empty),
            false => println!("{}", render(rows, self.columns, width(), CELL)),
        }
    }
}

/// Print rows under titles, and all that stands in them.
pub(super) fn print(rows: &[Value], columns: &[Column]) {
    println!("{}", render(rows, columns, width(), usize::MAX));
}

/// Print the members of an object, each on a line that is no longer than it has to be.
pub(super) fn members(body: &Value) {
    match body {
        Value::Object(members) => print!("{}", outline(members, 1)),
        other => println!("{}", text(other)),
    }
}

/// A member a line; what a member has itself stands beneath it, indented.
fn outline(members: &Map<String, Value>, indent: usize) -> String {
    let told = || members.iter().filter(|(_, value)| !value.is_null());
    let width = told()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or_default();
    let line = |(name, value): (&String, &Value)| match value {
        Value::Object(inner) if !inner.is_empty() => {
            format!("{:indent$}{name}\n{}", "", outline(inner, indent + 2))
        }
        value => {
            format!("{:indent$}{name:width$}  {}", "", text(value))
                .trim_end()
                .to_owned()
                + "\n"
        }
    };
    told().map(line).collect()
}

/// The width of the terminal that shows what is printed, if one does.
fn width() -> Option<u16> {
    let terminal = Term::stdout();
    terminal.features().is_attended().then(|| terminal.size().1)
}

fn render(rows: &[Value], columns: &[Column], width: Option<u16>, longest: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(columns.iter().map(|(title, _)| *title));
    for row in rows {
        let cell = |(_, pointer): &Column| {
            let line = line(&row.pointer(pointer).map(text).unwrap_or_default());
            cut(line, longest)
        };
        table.add_row(columns.iter().map(cell));
    }
    if let Some(width) = width {
        wrap(&mut table, width);
    }
    table.trim_fmt()
}

/// Let what is long go on in the next line of its cell. Identifiers, dates and titles stay whole where there is room for
/// them, and the longest are divided first where there is not.
fn wrap(table: &mut Table, width: u16) {
    let content = table.column_max_content_widths();
    let mut least: Vec<u16> = content
        .into_iter()
        .map(|longest| PADDING + if longest > WORD { WORD } else { longest })
        .collect();
    shrink(&mut least, width);
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_constraints(
            least
                .into_iter()
                .map(|least| ColumnConstraint::LowerBoundary(Width::Fixed(least))),
        );
}

/// Make the widest columns narrower until all have room, or none can become narrower.
fn shrink(least: &mut [u16], width: u16) {
    while least.iter().sum::<u16>() > width {
        match least.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

/// Without the ends of its lines.
fn line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.join(" ")
}

fn cut(line: String, longest: usize) -> String {
    if line.chars().count() <= longest {
        return line;
    }
    let cut: String = line.chars().take(longest.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// A text without what controls terminals or turns the direction of writing: providers, makers of adapters and strangers
/// choose it.
fn readable(text: &str) -> String {
    let hides = |letter: char| {
        (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|letter| if hides(letter) { '\u{fffd}' } else { letter })
        .collect()
}

/// A value as people write it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => readable(text),
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
            (
                json!("\u{1b}[2J\u{7}a\u{202e}b\r\n"),
                "\u{fffd}[2J\u{fffd}a\u{fffd}b\u{fffd}\n",
            ),
            (json!(5), "5"),
            (json!(["a", 1]), "a, 1"),
            (json!([{ "a": 1 }]), "[{\"a\":1}]"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&value), expected);
        }
    }

    #[test]
    fn members_stand_beneath_what_they_belong_to() {
        let body =
            json!({ "id": 5, "none": null, "configuration": { "a.b": "x", "long.key": true }, "tags": [] });
        let Value::Object(members) = body else {
            unreachable!("it is one")
        };
        let expected = " id             5\n configuration\n   a.b       x\n   long.key  true\n tags\n";
        assert_eq!(outline(&members, 1), expected);
    }

    #[test]
    fn tables_wrap_on_terminals_only() {
        let url = format!("https://example.com/{}", "a".repeat(300));
        let rows = [json!({ "id": 1, "url": url, "why": "one\ntwo" })];
        let columns = [("ID", "/id"), ("URL", "/url"), ("REASON", "/why")];
        let piped = render(&rows, &columns, None, usize::MAX);
        assert_eq!(piped.lines().count(), 2, "{piped}");
        assert!(piped.contains(&url) && piped.contains("one two"), "{piped}");
        let rows = [json!({ "id": 375_833_522_577_408_u64, "url": url, "why": "one\ntwo" })];
        let shown = render(&rows, &columns, Some(60), CELL);
        assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
        assert!(shown.lines().count() > 2 && shown.contains('…'), "{shown}");
        assert!(
            shown.contains("375833522577408") && shown.contains("REASON"),
            "{shown}"
        );
        let narrow = render(&rows, &columns, Some(30), CELL);
        assert!(narrow.lines().all(|line| line.chars().count() <= 30), "{narrow}");
        let narrowest = render(&rows, &columns, Some(10), CELL);
        let widest = narrowest.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(24), "{narrowest}");
    }

    #[test]
    fn the_widest_columns_make_room() {
        let cases = [
            ([26, 17, 9], 80, [26, 17, 9]),
            ([26, 17, 9], 40, [16, 15, 9]),
            ([26, 17, 9], 30, [11, 10, 9]),
            ([26, 17, 5], 10, [8, 8, 5]),
        ];
        for (mut least, width, expected) in cases {
            shrink(&mut least, width);
            let mut sorted = least;
            sorted.sort_unstable_by(|one, other| other.cmp(one));
            assert_eq!(sorted, expected, "{width}");
        }
    }

    #[test]
    fn what_is_too_long_for_a_list_is_cut_wherever_it_goes() {
        let rows = [json!({ "id": 1, "why": format!("it panicked\n{}", "b".repeat(300)) })];
        let columns = [("ID", "/id"), ("REASON", "/why")];
        let piped = render(&rows, &columns, None, CELL);
        let cut = format!("it panicked {}…", "b".repeat(CELL - 13));
        assert!(piped.ends_with(&cut), "{piped}");
    }
}
