use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, value::RawValue};

use super::{
    Fields, Keys, Kind, MAX_DEPTH, RawError, RawFault, Span, elements, find, find_with, kind, members,
    scalar, text,
};
use crate::path::JsonPath;

fn path(text: &str) -> JsonPath {
    JsonPath::parse(text).unwrap()
}

fn whole(json: &str) -> Span {
    Span::between(0, json.len())
}

fn at(json: &str, span: Span) -> &str {
    std::str::from_utf8(span.of(json.as_bytes()).unwrap()).unwrap()
}

#[track_caller]
fn check_find(json: &str, name: &str, expect: Option<&str>) {
    let found = find(json.as_bytes(), &path(name)).unwrap();
    assert_eq!(found.map(|span| at(json, span)), expect, "{name} in {json}");
}

#[test]
fn finds_a_value() {
    check_find(r#"{"a":1,"b":[2]}"#, "b", Some("[2]"));
    check_find(r#" { "a" : { "b" : "x" } } "#, "a.b", Some(r#""x""#));
    check_find(r#"{"a":[{"b":1},{"b":2}]}"#, "a[1].b", Some("2"));
    check_find(r#"{"a":[{"b":1},{"b":2}]}"#, "a[2].b", None);
    check_find(r#"{"a":1}"#, "a.b", None);
    check_find(r#"{"a":1}"#, "", None);
    check_find(" [1, 2] ", "@", Some("[1, 2]"));
    check_find("[1, 2]", "[1]", Some("2"));
    check_find("7", "@", Some("7"));
    check_find("7", "a", None);
    check_find(r#"{"\u0061":1}"#, "a", Some("1"));
    check_find(r#"{"A":1}"#, "a", None);
    check_find(r#"{"a":null}"#, "a", Some("null"));
    check_find(r#"{"a":1,"a":2}"#, "a", Some("2"));
    check_find(r#"{"a":{"b":1},"a":{}}"#, "a.b", None);
    check_find("\u{feff}{\"a\":1}", "a", Some("1"));
    check_find(r#"{"ключ":"значение"}"#, "ключ", Some("\"значение\""));
}

#[test]
fn keys_can_be_found_in_any_case() {
    let json = r#"{"data":{"KEY":1}}"#;
    let found = |keys| find_with(json.as_bytes(), &path("Data.Key"), keys).unwrap();
    assert_eq!(found(Keys::AnyCase).map(|span| at(json, span)), Some("1"));
    assert_eq!(found(Keys::Exact), None);

    // Two paths that differ only by case are one then.
    let fields = Fields::with_keys(&[path("a.b"), path("A.c"), path("A.B")], Keys::AnyCase);
    let json = r#"{"a":{"B":1,"C":2}}"#;
    let found: Vec<_> = fields.read(json.as_bytes(), whole(json)).unwrap();
    assert_eq!(
        found
            .into_iter()
            .flatten()
            .map(|span| at(json, span))
            .collect::<Vec<_>>(),
        ["1", "2", "1"]
    );
}

#[track_caller]
fn refuse(json: &[u8], fault: RawFault, offset: usize) {
    assert_eq!(
        find(json, &path("@")),
        Err(RawError { fault, offset }),
        "{}",
        String::from_utf8_lossy(json)
    );
}

#[test]
fn refuses_what_is_not_json() {
    let unexpected = |expected, found| RawFault::Unexpected { expected, found };
    let end = |expected| RawFault::End { expected };
    refuse(b"", end("a value"), 0);
    refuse(b"  ", end("a value"), 2);
    refuse(b"{", end("a key in double quotes"), 1);
    refuse(b"[1", end("a comma or a closing bracket"), 2);
    refuse(b"[1,]", unexpected("a value", b']'), 3);
    refuse(b"{\"a\":1,}", unexpected("a key in double quotes", b'}'), 7);
    refuse(b"{\"a\" 1}", unexpected("a colon", b'1'), 5);
    refuse(b"{\"a\":1]", unexpected("a comma or a closing brace", b']'), 6);
    refuse(b"{a:1}", unexpected("a key in double quotes", b'a'), 1);
    refuse(b"1 2", RawFault::Trailing, 2);
    refuse(b"01", RawFault::Trailing, 1);
    refuse(b"-", end("a digit"), 1);
    refuse(b"1.", end("a digit"), 2);
    refuse(b"1e+x", unexpected("a digit", b'x'), 3);
    refuse(b".5", unexpected("a value", b'.'), 0);
    refuse(b"tru", unexpected("true", b't'), 0);
    refuse(b"NaN", unexpected("a value", b'N'), 0);
    refuse(b"'a'", unexpected("a value", b'\''), 0);
    refuse(b"\"a", end("the closing quote of a string"), 2);
    refuse(b"\"a\nb\"", RawFault::Control, 2);
    refuse(b"\"a\\x\"", RawFault::Escape, 2);
    refuse(b"\"\\u12g4\"", RawFault::Escape, 1);
    refuse(b"\"\\u12", RawFault::Escape, 1);
    refuse(b"\"ab\xff\"", RawFault::Utf8, 3);
    refuse(b"<html>", unexpected("a value", b'<'), 0);
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: u32| "[".repeat(depth as usize) + &"]".repeat(depth as usize);
    assert!(find(nested(MAX_DEPTH).as_bytes(), &path("@")).is_ok());
    assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH)).is_ok());
    refuse(
        nested(MAX_DEPTH + 1).as_bytes(),
        RawFault::Depth,
        MAX_DEPTH as usize,
    );
    refuse(nested(1_000_000).as_bytes(), RawFault::Depth, MAX_DEPTH as usize);
    refuse(
        "{\"a\":".repeat(1_000_000).as_bytes(),
        RawFault::Depth,
        MAX_DEPTH as usize * 5,
    );
}

#[test]
fn spans_of_other_bytes_are_refused() {
    let outside = Span { offset: 2, length: 9 };
    let error = RawError {
        fault: RawFault::Outside { length: 3 },
        offset: 2,
    };
    assert_eq!(elements(b"[1]", outside).collect::<Vec<_>>(), [Err(error)]);
    assert_eq!(members(b"[1]", outside).collect::<Vec<_>>(), [Err(error)]);
    assert_eq!(text(b"[1]", outside), Err(error));
    assert_eq!(scalar(b"[1]", outside), Err(error));
    assert_eq!(
        Fields::new(&[])
            .read(
                b"[1]",
                Span {
                    offset: u32::MAX,
                    length: u32::MAX
                }
            )
            .map_err(|e| e.offset),
        Err(u32::MAX as usize)
    );
}

#[track_caller]
fn check_elements(json: &str, expect: Result<&[&str], &str>) {
    let found: Result<Vec<_>, _> = elements(json.as_bytes(), whole(json))
        .map(|span| span.map(|span| at(json, span)))
        .collect();
    assert_eq!(
        found.as_deref().map_err(ToString::to_string),
        expect.map_err(ToOwned::to_owned),
        "{json}"
    );
}

#[test]
fn walks_arrays() {
    check_elements("[]", Ok(&[]));
    check_elements(" [ ] ", Ok(&[]));
    check_elements("[1]", Ok(&["1"]));
    check_elements(
        "[ {\"a\":[1]} , \"]\",null ]",
        Ok(&["{\"a\":[1]}", "\"]\"", "null"]),
    );
    check_elements("{}", Err("expected an array, found '{' at byte 0"));
    check_elements(
        "[1 2]",
        Err("expected a comma or a closing bracket, found '2' at byte 3"),
    );
    check_elements("[1]]", Err("the document goes on after its value at byte 3"));
}

#[test]
fn an_error_ends_the_walk() {
    assert_eq!(
        elements(b"[1,2,x,3]", Span { offset: 0, length: 9 })
            .map(|item| item.is_ok())
            .collect::<Vec<_>>(),
        [true, true, false]
    );
}

#[test]
fn walks_objects() {
    let json = r#"{"a":1, "b\n" : [2] ,"c":{}}"#;
    let found: Vec<_> = members(json.as_bytes(), whole(json))
        .map(Result::unwrap)
        .map(|member| {
            (
                member.key.into_owned(),
                at(json, member.key_span),
                at(json, member.value),
            )
        })
        .collect();
    let expect = [
        ("a", r#""a""#, "1"),
        ("b\n", r#""b\n""#, "[2]"),
        ("c", r#""c""#, "{}"),
    ];
    assert_eq!(
        found,
        expect.map(|(key, span, value)| (key.to_owned(), span, value))
    );
}

#[track_caller]
fn check_text(json: &str, expect: Result<&str, RawFault>) {
    let found = text(json.as_bytes(), whole(json));
    assert_eq!(
        found.map_err(|error| error.fault),
        expect.map(Cow::Borrowed),
        "{json}"
    );
}

#[test]
fn reads_strings() {
    check_text(r#""""#, Ok(""));
    check_text(r#""plain""#, Ok("plain"));
    check_text(
        r#""a longer text that ends in a quote\"""#,
        Ok("a longer text that ends in a quote\""),
    );
    check_text(r#""\"\\\/\b\f\n\r\t""#, Ok("\"\\/\u{8}\u{c}\n\r\t"));
    check_text(r#""\u00e9\u20AC""#, Ok("é€"));
    check_text(r#""x\ud83d\ude00y""#, Ok("x😀y"));
    check_text(r#""\ud83d""#, Err(RawFault::Surrogate));
    check_text(r#""\ud83dx""#, Err(RawFault::Surrogate));
    check_text(r#""\ud83d\u0041""#, Err(RawFault::Surrogate));
    check_text(r#""\ude00""#, Err(RawFault::Surrogate));
    check_text(
        "1",
        Err(RawFault::Unexpected {
            expected: "a string",
            found: b'1',
        }),
    );
    check_text("\"a\" 1", Err(RawFault::Trailing));
}

#[track_caller]
fn check_scalar(json: &str, expect: Result<Option<&str>, RawFault>) {
    let found = scalar(json.as_bytes(), whole(json));
    assert_eq!(
        found.map_err(|error| error.fault),
        expect.map(|text| text.map(Cow::Borrowed)),
        "{json}"
    );
}

#[test]
fn reads_scalars_as_text() {
    check_scalar(r#""a\tb""#, Ok(Some("a\tb")));
    check_scalar("1517472307089", Ok(Some("1517472307089")));
    check_scalar("-1.50e3", Ok(Some("-1.50e3")));
    check_scalar("true", Ok(Some("true")));
    check_scalar("null", Ok(None));
    let refused = |found| RawFault::Unexpected {
        expected: "a string, a number or a boolean",
        found,
    };
    check_scalar("{}", Err(refused(b'{')));
    check_scalar("[1]", Err(refused(b'[')));
    check_scalar("1 2", Err(RawFault::Trailing));
    check_scalar("1x", Err(RawFault::Trailing));
}

#[test]
fn tells_kinds() {
    let cases = [
        ("{}", Some(Kind::Object)),
        ("[]", Some(Kind::Array)),
        ("\"\"", Some(Kind::String)),
        ("-1", Some(Kind::Number)),
        ("false", Some(Kind::Boolean)),
        ("null", Some(Kind::Null)),
        ("x", None),
        ("", None),
    ];
    for (json, expect) in cases {
        assert_eq!(kind(json.as_bytes(), whole(json)), expect, "{json}");
    }
}

#[test]
fn reads_the_fields_of_records() {
    let fields = Fields::new(&["Key", "dates.updated", "", "dates.created", "Key", "tags[1]"].map(path));
    let json = r#"{"Data":[
        {"Key":"a","other":{"Key":"no"},"dates":{"created":1,"updated":2},"tags":["x","y"]},
        {"dates":null,"Key":7},
        "text"
    ]}"#;
    let array = find(json.as_bytes(), &path("Data")).unwrap().unwrap();
    let found: Vec<_> = fields
        .records(json.as_bytes(), array)
        .map(Result::unwrap)
        .map(|(_, found)| {
            found
                .into_iter()
                .map(|span| span.map(|span| at(json, span)))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        found,
        [
            vec![
                Some("\"a\""),
                Some("2"),
                None,
                Some("1"),
                Some("\"a\""),
                Some("\"y\"")
            ],
            vec![Some("7"), None, None, None, Some("7"), None],
            vec![None; 6],
        ]
    );
    let records: Vec<_> = fields
        .records(json.as_bytes(), array)
        .map(|record| record.unwrap().0)
        .collect();
    let spans: Vec<_> = elements(json.as_bytes(), array).map(Result::unwrap).collect();
    assert_eq!(records, spans);
}

/// Documents with few distinct keys, so that paths meet them.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[\\x00-\\x7f]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-c\"\\\\é]{1,2}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn paths() -> impl Strategy<Value = Vec<JsonPath>> {
    let segment = prop_oneof!["[a-c]", "\\['[a-cé]{1,2}'\\]", "\\[[0-3]\\]"];
    let path_text = prop::collection::vec(segment, 0..4).prop_map(|segments| {
        format!("@.{}", segments.join("."))
            .replace(".[", "[")
            .trim_end_matches('.')
            .to_owned()
    });
    prop::collection::vec(path_text.prop_map(|text| path(&text)), 0..5)
}

/// The bytes with a few of them changed, dropped or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<prop::sample::Index>(),
        prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\u0-e."[..])],
        0..3_u8,
    );
    (document(), prop::collection::vec(change, 1..5)).prop_map(|(document, changes)| {
        let mut bytes = document.to_string().into_bytes();
        for (index, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        bytes
    })
}

/// What serde_json takes, apart from numbers beyond f64, lone surrogates and the depth, which it checks only in trees.
fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<&RawValue>(text).is_ok())
}

proptest! {
    #[test]
    fn finds_what_a_tree_holds(document in document(), paths in paths(), pretty in any::<bool>()) {
        let json = if pretty { serde_json::to_string_pretty(&document).unwrap() } else { document.to_string() };
        let found = Fields::new(&paths).read(json.as_bytes(), whole(&json)).unwrap();
        let tree: Value = serde_json::from_str(&json).unwrap();
        for (path, found) in paths.iter().zip(found) {
            let value = found.map(|span| serde_json::from_str::<Value>(at(&json, span)).unwrap());
            prop_assert_eq!(value.as_ref(), path.lookup(&tree), "{}", path);
            prop_assert_eq!(find(json.as_bytes(), path).unwrap(), found);
        }
    }

    #[test]
    fn walks_what_a_tree_holds(document in document()) {
        let json = document.to_string();
        let value = |span| serde_json::from_str::<Value>(at(&json, span)).unwrap();
        match serde_json::from_str::<Value>(&json).unwrap() {
            Value::Array(expect) => {
                let found: Vec<_> = elements(json.as_bytes(), whole(&json)).map(|span| value(span.unwrap())).collect();
                prop_assert_eq!(found, expect);
            }
            Value::Object(expect) => {
                let found: Vec<_> = members(json.as_bytes(), whole(&json)).map(Result::unwrap).map(|member| (member.key.into_owned(), value(member.value))).collect();
                prop_assert_eq!(found, expect.into_iter().collect::<Vec<_>>());
            }
            Value::String(expect) => prop_assert_eq!(text(json.as_bytes(), whole(&json)).unwrap(), expect),
            _ => {
                let expect = (json != "null").then_some(json.as_str());
                let found = scalar(json.as_bytes(), whole(&json)).unwrap();
                prop_assert_eq!(found.as_deref(), expect);
            }
        }
    }

    #[test]
    fn refuses_what_serde_json_refuses(bytes in mutated()) {
        prop_assert_eq!(find(&bytes, &path("@")).is_ok(), is_json(&bytes), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\u0-e. tn"[..])], 0..40), paths in paths(), offset in 0..45_u32, length in 0..45_u32) {
        let span = Span { offset, length };
        prop_assert_eq!(find(&bytes, &path("@")).is_ok(), is_json(&bytes));
        let fields = Fields::new(&paths);
        let _ = (fields.read_document(&bytes), fields.read(&bytes, span), fields.records(&bytes, span).count());
        let _ = (elements(&bytes, span).count(), members(&bytes, span).count());
        let _ = (text(&bytes, span), scalar(&bytes, span), kind(&bytes, span));
    }
}

#[test]
fn the_whole_is_what_stands_between_blanks() {
    for (text, expected) in [
        ("{}", "{}"),
        ("\u{feff} {\"a\":1}\r\n", "{\"a\":1}"),
        ("", ""),
        (" \n", ""),
        ("\u{feff}", ""),
    ] {
        assert_eq!(
            super::whole(text.as_bytes()).of(text.as_bytes()),
            Some(expected.as_bytes()),
            "{text:?}"
        );
    }
}
