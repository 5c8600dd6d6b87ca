//! CEQL as `SearchQuery`.

use crate::{query, resource};

fn check(resource: &str, clause: &str, expected: &str) {
    let resource = resource::lookup(resource).unwrap();
    let shown = query::parse(resource, clause).map_or_else(|error| error, |query| query.to_string());
    assert_eq!(shown, expected, "{clause}");
}

#[test]
fn every_operator() {
    let cases = [
        ("LastName='Chung'", r#"{"LastName":{"$EQ":"Chung"}}"#),
        ("LastName != 'Chung'", r#"{"LastName":{"$NE":"Chung"}}"#),
        ("LastName<'M'", r#"{"LastName":{"$LT":"M"}}"#),
        ("LastName <= 'M'", r#"{"LastName":{"$LE":"M"}}"#),
        ("LastName>'M'", r#"{"LastName":{"$GT":"M"}}"#),
        ("LastName >='M'", r#"{"LastName":{"$GE":"M"}}"#),
        ("lastname like 'Ch%'", r#"{"LastName":{"$LIKE":"Ch%"}}"#),
        ("LastName NOT LIKE 'Ch_'", r#"{"LastName":{"$NLIKE":"Ch_"}}"#),
        ("LastName IN ('a','b')", r#"{"LastName":{"$IN":["a","b"]}}"#),
        ("LastName not in ('a')", r#"{"LastName":{"$NIN":["a"]}}"#),
        ("Email IS NULL", r#"{"Email":{"$EQ":null}}"#),
        ("Email is not null", r#"{"Email":{"$NE":null}}"#),
        ("Lead = true", r#"{"Lead":{"$EQ":true}}"#),
        ("Lead = 'FALSE'", r#"{"Lead":{"$EQ":false}}"#),
        ("Address.City = 'Bern'", r#"{"Address":{"City":{"$EQ":"Bern"}}}"#),
        (
            "`Address/City` = 'Bern'",
            r#"{"Address":{"City":{"$EQ":"Bern"}}}"#,
        ),
        (
            r"`Udf/$NAME(Folder\A.B)` = 'x'",
            r#"{"Udf/$NAME(Folder\\A.B)":{"$EQ":"x"}}"#,
        ),
        ("Unknown = 5", r#"{"Unknown":{"$EQ":5}}"#),
        ("Unknown = '5'", r#"{"Unknown":{"$EQ":"5"}}"#),
    ];
    for (clause, expected) in cases {
        check("contacts", clause, expected);
    }
}

#[test]
fn values_have_the_type_of_their_field() {
    check("notes", "Type='0'", r#"{"Type":{"$EQ":0}}"#);
    check("contacts", "Type='0'", r#"{"Type":{"$EQ":"0"}}"#);
    check("tasks", "Priority Like 'Hi%'", r#"{"Priority":{"$LIKE":"Hi%"}}"#);
    check(
        "opportunities",
        "Status IN (2, '3')",
        r#"{"Status":{"$IN":[2,3]}}"#,
    );
    check("opportunities", "Cost >= '1.5'", r#"{"Cost":{"$GE":1.5}}"#);
    check("opportunities", "Cost = 'much'", r#"{"Cost":{"$EQ":"much"}}"#);
}

#[test]
fn conditions_are_joined_and_negated() {
    check(
        "contacts",
        "LastName='a' AND (FirstName='b' OR NOT FirstName IN ('c'))",
        r#"{"$AND":[{"LastName":{"$EQ":"a"}},{"$OR":[{"FirstName":{"$EQ":"b"}},{"FirstName":{"$NIN":["c"]}}]}]}"#,
    );
    check(
        "contacts",
        "NOT (LastName='a' AND FirstName LIKE 'b' OR Email IS NULL)",
        r#"{"$AND":[{"$OR":[{"LastName":{"$NE":"a"}},{"FirstName":{"$NLIKE":"b"}}]},{"Email":{"$NE":null}}]}"#,
    );
}

#[test]
fn dates_have_explicit_zones() {
    let cases = [
        ("2018-02-01T08:05:07Z", "2018-02-01T08:05:07Z"),
        ("2018-02-01T08:05:07", "2018-02-01T08:05:07Z"),
        ("2018-02-01 08:05:07", "2018-02-01T08:05:07Z"),
        ("2018-02-01T08:05:07.123", "2018-02-01T08:05:07.123Z"),
        ("2018-02-01T08:05:07-08:00", "2018-02-01T08:05:07-08:00"),
        ("2018-02-01T08:05:07.000+0530", "2018-02-01T08:05:07.000+05:30"),
        ("2018-02-01 08:05:07 -0800", "2018-02-01T08:05:07-08:00"),
        ("2018-02-01", "2018-02-01"),
        ("1517472307089", "2018-02-01T08:05:07Z"),
        ("$OFFSET(D-90, $TODAY())", "$OFFSET(D-90, $TODAY())"),
    ];
    for (date, expected) in cases {
        let expected = format!(r#"{{"LastModifyDate":{{"$GE":"{expected}"}}}}"#);
        check("leads", &format!("LastModifyDate >= '{date}'"), &expected);
    }
    check(
        "leads",
        "CreationDate>2018-02-01T00:05:07-08:00",
        r#"{"CreationDate":{"$GT":"2018-02-01T00:05:07-08:00"}}"#,
    );
    check(
        "leads",
        "CreationDate > '03/12/11'",
        "CreationDate is a date, and \"03/12/11\" is none that Maximizer reads for sure; write 2018-02-01T08:05:07Z",
    );
}

#[test]
fn what_is_no_ceql_is_refused_with_its_place() {
    let cases = [
        "LastName",
        "LastName ~ 'a'",
        "LastName = ",
        "(LastName='a'",
        "LastName='a' XOR b='c'",
    ];
    for clause in cases {
        let error = query::parse(resource::lookup("contacts").unwrap(), clause).unwrap_err();
        assert!(error.contains(" at byte "), "{clause}: {error}");
    }
}
