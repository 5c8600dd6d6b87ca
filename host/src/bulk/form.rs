//! The forms of an export: a record a line, or CSV.

use indexmap::{IndexMap, IndexSet};
use serde_json::value::RawValue;

/// An export has at most so many different members for its CSV.
pub const COLUMNS: usize = 4096;

/// The members of a record in their order, unread.
type Members<'a> = IndexMap<String, &'a RawValue>;

/// Append a record as one line: what stands between its values goes, the values stay as they are.
pub fn push_line(lines: &mut Vec<u8>, record: &[u8]) {
    let (mut in_text, mut escaped) = (false, false);
    for &byte in record {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_text = byte == b'"';
        }
        lines.push(byte);
    }
    lines.push(b'\n');
}

/// Take down the members of a record that were not known, as far as there is room.
pub fn note_columns(columns: &mut IndexSet<String>, record: &[u8]) {
    let Ok(members) = serde_json::from_slice::<Members<'_>>(record) else {
        return;
    };
    for name in members.into_keys() {
        // One too many stays: that is how it is known that there were.
        if columns.len() <= COLUMNS {
            columns.insert(name);
        }
    }
}

/// The header of a CSV file.
pub fn csv_header(columns: &[String]) -> Result<Vec<u8>, csv::Error> {
    let mut csv = writer();
    if !columns.is_empty() {
        csv.write_record(columns)?;
    }
    finish(csv)
}

/// Lines as rows of a CSV file with these columns. A text stands as it is, null and what is not there as nothing, and
/// whatever is nested as JSON.
pub fn csv_rows(columns: &[String], lines: &[u8]) -> Result<Vec<u8>, csv::Error> {
    let mut csv = writer();
    if columns.is_empty() {
        return finish(csv);
    }
    for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let members: Members<'_> = serde_json::from_slice(line).unwrap_or_default();
        csv.write_record(columns.iter().map(|column| cell(members.get(column).copied())))?;
    }
    finish(csv)
}

fn cell(value: Option<&RawValue>) -> String {
    match value.map(RawValue::get) {
        None | Some("null") => String::new(),
        Some(text) if text.starts_with('"') => serde_json::from_str(text).unwrap_or_default(),
        Some(other) => other.to_owned(),
    }
}

/// RFC 4180: commas, and lines that end in CR and LF.
fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new())
}

fn finish(csv: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    csv.into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(record: &str) -> String {
        let mut lines = Vec::new();
        push_line(&mut lines, record.as_bytes());
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn a_record_becomes_a_line_and_keeps_its_values() {
        let record = "{ \"a\" :\n 1.0000000000000000001,\r\n\t\"b c\": [ 1, \"x \\\" y \\\\\", null ] }";
        assert_eq!(
            line(record),
            "{\"a\":1.0000000000000000001,\"b c\":[1,\"x \\\" y \\\\\",null]}\n"
        );
    }

    #[test]
    fn rows_have_the_columns_of_all_records() {
        let records = [
            r#"{"id":1,"name":"Plain"}"#,
            r#"{"id":2,"name":"A \"quote\", a comma\nand a line","more":{"a":[1,2]},"no":null}"#,
            r#"{"name":"Ünïcode","id":9007199254740993,"yes":true}"#,
            r#"[]"#,
        ];
        let mut columns = IndexSet::new();
        let mut lines = Vec::new();
        for record in records {
            note_columns(&mut columns, record.as_bytes());
            push_line(&mut lines, record.as_bytes());
        }
        let columns: Vec<String> = columns.into_iter().collect();
        let mut csv = csv_header(&columns).unwrap();
        csv.extend(csv_rows(&columns, &lines).unwrap());
        insta::assert_snapshot!(String::from_utf8(csv).unwrap().replace('\r', "␍"), @r#"
        id,name,more,no,yes␍
        1,Plain,,,␍
        2,"A ""quote"", a comma
        and a line","{""a"":[1,2]}",,␍
        9007199254740993,Ünïcode,,,true␍
        ,,,,␍
        "#);
        assert!(csv_header(&[]).unwrap().is_empty());
    }
}
