use std::fmt::Write as _;

use proptest::prelude::*;

use super::{MAX_LENGTH, Moment, PollerUrl, PollerUrlFault, Template, TemplateError, TemplateFault};
use crate::ceql;

/// 2018-02-01T08:05:07.089Z
const SINCE: i64 = 1_517_472_307_089;
const QUARTER_HOUR: i64 = 15 * 60 * 1000;

fn configured(name: &str) -> Option<String> {
    let value = match name {
        "TimeZone" => "PST",
        "offset" => "-8:00",
        "junk" => "Mars/Olympus",
        "format" => "yyyy-MM-dd",
        "calendarId" => "primary",
        "id" => "2414183",
        "updateKey" => "UPDATE-c1",
        "folder" => "a/b?c",
        "name" => "R&D 100%",
        "empty" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

fn render(url: &str, default_format: Option<&str>) -> Result<String, TemplateError> {
    let moment = Moment {
        since_ms: SINCE,
        now_ms: SINCE + QUARTER_HOUR,
        default_format,
        placeholders: &configured,
    };
    Template::parse(url)?.render(&moment)
}

#[track_caller]
fn check(url: &str, expect: &str) {
    match render(url, Some("milliseconds")) {
        Ok(rendered) => assert_eq!(rendered, expect, "{url}"),
        Err(error) => panic!("{url}: {error}"),
    }
}

#[test]
fn renders_macros() {
    check(
        "/a?where=b>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}'",
        "/a?where=b>'2018-02-01T08:05:07Z'",
    );
    check(
        "/a?where=b>'${gmtDate:yyyy-MM-dd'T'HH:mm:ss'Z'}'",
        "/a?where=b>'2018-02-01T08:05:07Z'",
    );
    check("/a?b=${gmtDate:yyyy-MM-dd HH:mm:ss}", "/a?b=2018-02-01 08:05:07");
    check("/a?b=${GMTDATE:yyyy}", "/a?b=2018");
    check("/a?b=${date:milliseconds}", "/a?b=1517472307089");
    check("/a?b=${date}", "/a?b=1517472307089");
    check("/a?b=${gmtDate}", "/a?b=1517472307089");
    check("/a?b=${epoch}", "/a?b=1517472307089");
    check("/a?b=${epoch:ms}", "/a?b=1517472307089");
    check("/a?b=${epoch:s}", "/a?b=1517472307");
    check("/a?b=${epoch:us}", "/a?b=1517472307089000");
    check("/a?b=${milliseconds}", "/a?b=1517472307089");
    check("/clients/startingFrom=${epoch:0}", "/clients/startingFrom=0");
    check(
        "/a?b=${gmtDate:EEE, dd MMM yyyy HH:mm:ss Z}",
        "/a?b=Thu, 01 Feb 2018 08:05:07 +0000",
    );
    check(
        "/a?b=${gmtDate:MM/dd/yyy'T'HH:mm:ssXXX}",
        "/a?b=02/01/2018T08:05:07Z",
    );
    check(
        "/a?b='${gmtDate:yyyy-MM-dd'T'HH:mmz}'",
        "/a?b='2018-02-01T08:05GMT'",
    );
    check("/a?b='${gmtDate:ss.SSSSSSXXX}'", "/a?b='07.000089Z'");
    check("/a?b=${gmtDate:yyyy'}'MM}", "/a?b=2018}02");
    check("/a?b='${gmtDate:yyyy''MM}c'", "/a?b='2018'02c'");
    check("/a", "/a");
    check("/a?b=$5", "/a?b=$5");
}

#[test]
fn zones_and_formats_hold_colons() {
    check(
        "/a?b=${dateTimeZone:PST:yyyy-MM-dd HH:mm:ss -0800}",
        "/a?b=2018-02-01 00:05:07 -0800",
    );
    check(
        "/a?b=${DateTimeZone:PST:yyyy-MM-dd'T'HH:mm:ss.SSS}",
        "/a?b=2018-02-01T00:05:07.089",
    );
    check("/a?b=${dateTimeZone:America/Denver:HH:mm}", "/a?b=01:05");
    check("/a?b=${dateTimeZone:CST:HH:mm:ss}", "/a?b=02:05:07");
    check("/a?b=${dateTimeZone:GMT:HH:mm}", "/a?b=08:05");
    check("/a?b=${dateTimeZone:-8:00:HH:mm:ss}", "/a?b=00:05:07");
    check("/a?b=${dateTimeZone:+05:30:HH:mmXXX}", "/a?b=13:35+05:30");
    check("/a?b=${dateTimeZone:GMT-6:00:HH:mm}", "/a?b=02:05");
    check("/a?b=${nowTimeZone:GMT:HH:mm:ss}", "/a?b=08:20:07");
    check("/a?b=${nowTimeZone:PST:HH:mm:ss}", "/a?b=00:20:07");
}

#[test]
fn placeholders_are_filled_from_the_configuration() {
    check(
        "/calendars/{calendarId}/changed-events",
        "/calendars/primary/changed-events",
    );
    check("/a?b='${dateTimeZone:{TimeZone}:HH:mm:ss}'", "/a?b='00:05:07'");
    check("/a?b=${dateTimeZone:{offset}:HH:mm:ss}", "/a?b=00:05:07");
    check("/a?b=${dateTimeZone:GMT{offset}:HH:mm:ss}", "/a?b=00:05:07");
    check("/a?b=${gmtDate:{format}'T'HH}", "/a?b=2018-02-01T08");
    check("/a?b=${gmtDate:yyyy'{format}'}", "/a?b=2018{format}");
    check("/a?b={ id }", "/a?b=2414183");
    check("/a/{folder}?b={folder}", "/a/a%2Fb%3Fc?b=a/b?c");
    check("/a?where=n='{name}'&c=1", "/a?where=n='R%26D 100%25'&c=1");
}

#[track_caller]
fn refuse(url: &str, offset: usize, expect: &str) {
    let error = render(url, None).unwrap_err();
    let message = error.fault.to_string();
    assert!(
        message.starts_with(expect) && error.place.offset() == offset,
        "{url}: {error}"
    );
}

#[test]
fn refuses_what_cannot_be_right() {
    refuse(
        "/a?b=${date:10 digit integer Unix time}",
        12,
        "\"10 digit integer Unix time\" is no date format: ",
    );
    refuse("/a?b=${date:yyyy-QQ}", 12, "\"yyyy-QQ\" is no date format: ");
    refuse("/a?b=${518862600}", 7, "a fixed number is no macro");
    refuse(
        "/a?b=${yyyy-MM-dd'T'HH:mm:ss'Z'}",
        7,
        "a date format needs the name of a macro before it: write ${gmtDate:yyyy-MM-dd'T'HH:mm:ss'Z'}",
    );
    refuse("/a?b=${datum:yyyy}", 7, "there is no macro \"datum\"");
    refuse("/a?b=${}", 7, "there is no macro \"\"");
    refuse(
        "/a?b=${webhookCallbackUrl}",
        7,
        "there is no macro \"webhookCallbackUrl\"",
    );
    refuse("/a?b=$${date:yyyy}", 5, "a macro begins with one $");
    refuse("/a?b='$epoch'", 6, "a macro stands in braces: write ${epoch}");
    refuse(
        "/a?b='$gmtDate:yyyy'",
        6,
        "a macro stands in braces: write ${gmtDate}",
    );
    refuse(
        "/a?b={epoch:s}",
        5,
        "a macro begins with a dollar sign: write ${epoch:s}",
    );
    refuse("/a?b=%24%7bepoch%7D", 5, "the macro is percent-encoded");
    refuse("/a&where=b>${epoch}", 2, "the query begins with ?");
    refuse("/a?b=${{date:yyyy}}", 5, "a macro has single braces");
    refuse("/hubs/{{page.hub}}/a", 6, "doubled braces are left over");
    refuse(
        "/a?where=b>='\\''${date:yyyy}'\\''",
        12,
        "the quote is escaped for a shell",
    );
    refuse("/a?b=${date:yyyy'\\''}", 19, "this quote hides the macro's }");
    refuse(
        "/a?where=b>'${date:yyyy-MM-dd'T'HH:mm:ss'}'",
        40,
        "this quote hides the macro's }",
    );
    refuse(
        "/a?b='${date:yyyy'}'&c='${date:yyyy'}'",
        17,
        "this quote hides the macro's }",
    );
    refuse("/a?b=${date:yyyy", 5, "the macro is never closed");
    refuse(
        "/a?b=${date:yyyy ${date:yyyy}",
        17,
        "a macro cannot hold another one",
    );
    refuse(
        "/a?where=b>'${date:yyyy-MM-dd'T'HH:mm:ss'Z'}",
        11,
        "this quote is never closed",
    );
    refuse("/a?where=b>'${date:yyyy}''", 25, "this quote is never closed");
    refuse(
        "/a?where=b>'${date:yyyy}'&key={updateKey}'",
        41,
        "this quote is never closed",
    );
    refuse("/a?where=b>'1&c='2'", 11, "this quote is never closed");
    refuse("/hubs/general/contacts}'", 22, "the } closes nothing");
    refuse("/hubs/general/contacts'", 22, "a quote cannot stand in the path");
    refuse("/a/{id", 3, "the placeholder is never closed");
    refuse("/a/{ }", 3, "between the braces stands no name");
    refuse("/a/{x'y}", 3, "between the braces stands no name");
    refuse(
        "/a?b=${dateTimeZone:{{x}}:yyyy}",
        20,
        "between the braces stands no name",
    );
    refuse(
        "/a?b=${dateTimeZone:Mars/Olympus:yyyy}",
        20,
        "there is no time zone \"Mars/Olympus\"",
    );
    refuse(
        "/a?b=${dateTimeZone:yyyy-MM-dd'T'HH:mm}",
        20,
        "there is no time zone \"yyyy-MM-dd'T'HH\"",
    );
    refuse(
        "/a?b=${dateTimeZone:{junk}:yyyy}",
        20,
        "there is no time zone \"Mars/Olympus\"",
    );
    refuse("/a?b=${dateTimeZone:PST}", 20, "the macro has no format");
    refuse("/a?b=${dateTimeZone:PST:}", 24, "the macro has no format");
    refuse("/a?b=${dateTimeZone}", 19, "the macro has no format");
    refuse("/a?b=${date:}", 12, "the macro has no format");
    refuse(
        "/a?b=${date}",
        7,
        "the macro has no format, and the resource has no",
    );
    refuse("/a?b=${epoch:ns}", 13, "\"ns\" is no unit");
    refuse("/a?b=${milliseconds:s}", 20, "\"s\" is no unit");
    refuse(
        "/a/{calendar}/b",
        3,
        "{calendar} is not filled: set \"calendar\" in the instance's configuration",
    );
    refuse("/a/{empty}/b", 3, "{empty} is not filled");
    refuse("/a?b=${dateTimeZone:{zone}:yyyy}", 20, "{zone} is not filled");
    refuse(&"a".repeat(MAX_LENGTH + 1), MAX_LENGTH, "the url has 8193 bytes");
}

#[test]
fn the_error_shows_the_place() {
    insta::assert_snapshot!(render("/hubs/crm/contacts?where=Updated>'${dateTimeZone:Mars:yyyy-MM-dd}'", None).unwrap_err(), @r#"
    there is no time zone "Mars": write PST, America/Denver, GMT-6:00 or -8:00 at byte 49:
      /hubs/crm/contacts?where=Updated>'${dateTimeZone:Mars:yyyy-MM-dd}'
                                                       ^
    "#);
}

#[test]
fn a_default_format_may_be_wrong_too() {
    let error = render("/a?b=${date}", Some("Q")).unwrap_err();
    assert!(matches!(error.fault, TemplateFault::Format { .. }), "{error}");
}

/// A URL, what becomes of it, and what its `where` clause means.
fn show(url: &str) -> String {
    let mut shown = format!("{url}\n");
    let refused =
        |error: &dyn ToString| format!("    refused: {}\n", error.to_string().replace('\n', "\n    "));
    let rendered = match render(url, Some("milliseconds")) {
        Err(error) => return shown + &refused(&error),
        Ok(rendered) => rendered,
    };
    writeln!(shown, "    {rendered}").unwrap();
    let parsed = match PollerUrl::parse(&rendered) {
        Err(error) => return shown + &refused(&error),
        Ok(parsed) => parsed,
    };
    match parsed.where_clause().map(ceql::parse).transpose() {
        Err(error) => shown + &refused(&error),
        Ok(clause) => {
            let clause = clause.map(|clause| clause.to_string()).unwrap_or_default();
            writeln!(shown, "    {} {clause}", parsed.resource()).unwrap();
            shown
        }
    }
}

#[test]
fn published_urls() {
    let rows = include_str!("../../fixtures/poller-urls.tsv").lines().skip(1);
    let shown: String = rows.map(|row| show(row.split('\t').nth(1).unwrap())).collect();
    insta::assert_snapshot!(shown);
}

/// URLs that users write, right and wrong.
#[test]
fn other_urls() {
    let shown: String = include_str!("../../fixtures/poller-urls-own.txt")
        .lines()
        .map(show)
        .collect();
    insta::assert_snapshot!(shown);
}

#[track_caller]
fn check_url(rendered: &str, hub: Option<&str>, resource: &str, query: &[(&str, &str)]) {
    let url = PollerUrl::parse(rendered).unwrap();
    let shown: Vec<_> = url
        .query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        (url.hub.as_deref(), url.resource().as_str(), shown.as_slice()),
        (hub, resource, query),
        "{rendered}"
    );
}

#[test]
fn takes_urls_apart() {
    check_url(
        "/hubs/crm/contacts?where=a>'2018-02-01T08:05:07+05:30'",
        Some("crm"),
        "contacts",
        &[("where", "a>'2018-02-01T08:05:07+05:30'")],
    );
    check_url("/contacts", None, "contacts", &[]);
    check_url("contacts/", None, "contacts", &[]);
    check_url(" /contacts?a=b ", None, "contacts", &[("a", "b")]);
    check_url("/elements/api-v2/hubs/crm/contacts", Some("crm"), "contacts", &[]);
    check_url(
        "/hubs/general/calendars/primary/changed-events",
        Some("general"),
        "calendars/primary/changed-events",
        &[],
    );
    check_url("/clients/startingFrom=0", None, "clients/startingFrom=0", &[]);
    check_url(
        "/a?where= b = 'x=y'&c&d=&&e=1",
        None,
        "a",
        &[("where", " b = 'x=y'"), ("c", ""), ("d", ""), ("e", "1")],
    );
    check_url(
        "/receipts?orderBy=!receivedDate&filter=receivedDate gte '2018'",
        None,
        "receipts",
        &[
            ("orderBy", "!receivedDate"),
            ("filter", "receivedDate gte '2018'"),
        ],
    );
    check_url(
        "/a?where=n='R%26D%20100%25' and m LIKE 'x%'&p=1",
        None,
        "a",
        &[("where", "n='R&D 100%' and m LIKE 'x%'"), ("p", "1")],
    );
    check_url("/a%2Fb?q=%C3%A9%2B+", None, "a/b", &[("q", "é++")]);
    check_url("/a?b=c?d", None, "a", &[("b", "c?d")]);
}

#[test]
fn escaped_slashes_do_not_part_segments() {
    assert_eq!(
        PollerUrl::parse("/hubs/x/a%2Fb/c").unwrap().segments,
        ["a/b", "c"]
    );
}

#[test]
fn an_empty_where_is_none() {
    assert_eq!(PollerUrl::parse("/a?where= ").unwrap().where_clause(), None);
    assert_eq!(
        PollerUrl::parse("/a?WHERE=b=1").unwrap().where_clause(),
        Some("b=1")
    );
}

#[track_caller]
fn refuse_url(rendered: &str, fault: PollerUrlFault, offset: usize) {
    let error = PollerUrl::parse(rendered).unwrap_err();
    assert_eq!((error.fault, error.place.offset()), (fault, offset), "{rendered}");
}

#[test]
fn refuses_urls_without_a_resource() {
    refuse_url("", PollerUrlFault::NoResource, 0);
    refuse_url("/", PollerUrlFault::NoResource, 1);
    refuse_url("?where=a=1", PollerUrlFault::NoResource, 0);
    refuse_url("/hubs", PollerUrlFault::NoResource, 5);
    refuse_url("/hubs/crm", PollerUrlFault::NoResource, 9);
    refuse_url("/hubs/crm/", PollerUrlFault::NoResource, 10);
    refuse_url("https://example.com/contacts", PollerUrlFault::Absolute, 0);
    refuse_url("/hubs/crm//contacts", PollerUrlFault::Segment, 10);
    refuse_url("/hubs/crm/../users", PollerUrlFault::Segment, 10);
    refuse_url("/hubs/crm/%2e%2E/users", PollerUrlFault::Segment, 10);
    refuse_url("/a?c=d&b>'2018'", PollerUrlFault::ParameterName, 7);
    refuse_url("/a?b>=2018", PollerUrlFault::ParameterName, 3);
    refuse_url("/a?b=%FF", PollerUrlFault::Escape, 5);
    refuse_url("/a?where=a=1&where=b=2", PollerUrlFault::SecondWhere, 13);
}

proptest! {
    #[test]
    fn never_panics(pieces in prop::collection::vec(prop::sample::select(vec![
        "${", "}", "{", "'", "''", ":", "date", "gmtDate:", "dateTimeZone:", "PST:", "-8:00:", "epoch", "yyyy", "XXX",
        "/a", "?", "&", "=", "{id}", "{TimeZone}", "\\", "é", "%", "%4", "milliseconds", " ",
    ]), 0..14), since_ms in any::<i64>(), now_ms in any::<i64>()) {
        let url = pieces.concat();
        if let Ok(template) = Template::parse(&url) {
            let moment = Moment { since_ms, now_ms, default_format: Some("yyyy"), placeholders: &configured };
            if let Ok(rendered) = template.render(&moment) {
                prop_assert!(!rendered.contains("${"), "{url} -> {rendered}");
                let _ = PollerUrl::parse(&rendered);
            }
        }
    }

    #[test]
    fn never_panics_on_any_text(url in "\\PC{0,40}") {
        let _ = render(&url, None);
        let _ = PollerUrl::parse(&url);
    }

    #[test]
    fn what_is_filled_in_survives(value in "\\PC{1,12}") {
        let fill = |_: &str| Some(value.clone());
        let moment = Moment { since_ms: 0, now_ms: 0, default_format: None, placeholders: &fill };
        let rendered = Template::parse("/x/{a}?b={a}&c=1").unwrap().render(&moment).unwrap();
        if let Ok(url) = PollerUrl::parse(&rendered) {
            prop_assert_eq!(&url.segments, &["x", value.as_str()]);
            prop_assert_eq!(url.parameter("b"), Some(value.as_str()));
            prop_assert_eq!(url.parameter("c"), Some("1"));
        } else {
            prop_assert!(matches!(value.as_str(), "." | ".."), "{value:?}");
        }
    }
}
