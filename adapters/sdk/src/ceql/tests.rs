use proptest::prelude::*;

use super::{
    CeqlFault, Expression, Field, MAX_DEPTH, MAX_LENGTH, Operator, Value,
    lexer::{is_keyword, is_number, is_word},
    parse,
};

#[track_caller]
fn check(source: &str, canonical: &str) {
    let expression = parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(expression.to_string(), canonical, "{source}");
    assert_eq!(parse(canonical).as_ref(), Ok(&expression), "{source}");
}

#[test]
fn reads_what_pollers_and_vendors_write() {
    check(
        "LastModifyDate>'2018-02-01T08:05:07Z'",
        "LastModifyDate > '2018-02-01T08:05:07Z'",
    );
    check(
        "LastModifiedDate>'2018-01-15T00:00:00.000Z' AND (Name='Account Name' OR Industry='Apparel')",
        "LastModifiedDate > '2018-01-15T00:00:00.000Z' AND (Name = 'Account Name' OR Industry = 'Apparel')",
    );
    check("AnnualRevenue >= 100000", "AnnualRevenue >= 100000");
    check(
        "mdate>=2017-02-28T16:11:29-06:00",
        "mdate >= 2017-02-28T16:11:29-06:00",
    );
    check(
        "lastModifiedDate>1506544512258",
        "lastModifiedDate > 1506544512258",
    );
    check("Name LIKE 'Acc%'", "Name LIKE 'Acc%'");
    check("Priority Like 'Hi%'", "Priority LIKE 'Hi%'");
    check("Name like 'x'", "Name LIKE 'x'");
    check("startEpochMillis ='1'", "startEpochMillis = '1'");
    check(
        " lastUpdateTimeFrom='a' and lastUpdateTimeTo='b'",
        "lastUpdateTimeFrom = 'a' AND lastUpdateTimeTo = 'b'",
    );
    check(
        "'Modified Time'>'2018-02-01 08:05:07'",
        "`Modified Time` > '2018-02-01 08:05:07'",
    );
    check("`metaData.lastUpdateTime` > '1'", "metaData.lastUpdateTime > '1'");
    check(
        "channel='webhook' and status='queued' and config.url='http://x'",
        "channel = 'webhook' AND status = 'queued' AND config.url = 'http://x'",
    );
    check("a:b='1'", "a:b = '1'");
    check("\"Full Name\" = 'x'", "`Full Name` = 'x'");
    check("Id IN (1,2)", "Id IN (1, 2)");
    check("Id in('a' , 'b')", "Id IN ('a', 'b')");
    check("Id not in (007)", "Id NOT IN (007)");
    check("Name NOT LIKE 'x%'", "Name NOT LIKE 'x%'");
    check("Name is null", "Name IS NULL");
    check("Name IS NOT NULL", "Name IS NOT NULL");
    check("a<>1", "a != 1");
    check("a!=1", "a != 1");
    check("a<1", "a < 1");
    check("a<=-1.5e3", "a <= -1.5e3");
    check("fetchChanges='true'", "fetchChanges = 'true'");
    check("deleted=true", "deleted = true");
    check("q='<EXAMPLE>'", "q = '<EXAMPLE>'");
    check("Type='0'", "Type = '0'");
    check("Name=''", "Name = ''");
    check("Name='O''Brien'", "Name = 'O''Brien'");
    check("Path='C:\\'", "Path = 'C:\\'");
    check("`in`='1' and `a``b`=2", "`in` = '1' AND `a``b` = 2");
    check("andrew=1 and orange=2", "andrew = 1 AND orange = 2");
}

#[test]
fn precedence_and_parentheses() {
    check("a=1 or b=2 and c=3", "a = 1 OR b = 2 AND c = 3");
    check("(a=1 or b=2) and c=3", "(a = 1 OR b = 2) AND c = 3");
    check("a=1 or (b=2 and c=3)", "a = 1 OR b = 2 AND c = 3");
    check("(a=1 and b=2) and c=3", "(a = 1 AND b = 2) AND c = 3");
    check("((a=1))", "a = 1");
    check("not a=1 and b=2", "NOT (a = 1) AND b = 2");
    check("not (a=1 and b=2)", "NOT (a = 1 AND b = 2)");
    check("NOT a NOT LIKE 'x'", "NOT (a NOT LIKE 'x')");
    check("(a=1)and(b=2)", "a = 1 AND b = 2");
}

#[test]
fn conjuncts_reach_through_nested_ands() {
    let expression = parse("(a=1 and (b=2 and c=3)) and (d=4 or e=5)").unwrap();
    let shown: Vec<_> = expression.conjuncts().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["a = 1", "b = 2", "c = 3", "d = 4 OR e = 5"]);
}

#[test]
fn values_keep_what_was_written() {
    let value = |source: &str| match parse(source).unwrap() {
        Expression::Compare { value, .. } => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(value("a='1'"), Value::Text("1".into()));
    assert_eq!(value("a=1.50"), Value::Number("1.50".into()));
    assert_eq!(value("a=-007"), Value::Number("-007".into()));
    assert_eq!(value("a=1."), Value::Bare("1.".into()));
    assert_eq!(value("a=2018-02-01"), Value::Bare("2018-02-01".into()));
    assert_eq!(value("a=true"), Value::Bare("true".into()));
}

#[track_caller]
fn refuse(source: &str, offset: usize, message: &str) {
    let error = parse(source).unwrap_err();
    assert_eq!(
        (error.fault.to_string().as_str(), error.place.offset()),
        (message, offset),
        "{source}"
    );
}

#[test]
fn refuses_with_the_place_and_the_way_out() {
    const EMPTY: &str =
        "the expression is empty: leave the parameter out, or write a condition such as Name = 'Acme'";
    const INNER: &str =
        "the text ended at its quote, but goes on: a quote inside a text is written twice, as in 'O''Brien'";
    const OPERATOR: &str = "expected an operator: = != < > <= >= LIKE IN IS, found";
    refuse("", 0, EMPTY);
    refuse("   ", 0, EMPTY);
    refuse("ChangedOn>='2018-02-01T08:05:07Z", 11, "the ' is never closed");
    refuse("d>='2018-02-01''", 3, "the ' is never closed");
    refuse("`Modified Time > 1", 0, "the ` is never closed");
    refuse("Name='O'Brien'", 8, INNER);
    refuse("(Name='O'Brien)", 9, INNER);
    refuse("Name", 4, &format!("{OPERATOR} the end"));
    refuse("Name 'x'", 5, &format!("{OPERATOR} 'x'"));
    refuse("Name=", 5, "expected a value, found the end");
    refuse("a=>1", 2, "expected a value, found >");
    refuse("a==1", 2, "expected a value, found =");
    refuse("=1", 0, "expected the name of a field, found =");
    refuse("a=1 b=2", 4, "expected AND, OR or the end, found b");
    refuse("a=1 and", 7, "expected the name of a field, found the end");
    refuse("a=1)", 3, "expected AND, OR or the end, found )");
    refuse("(a=1", 4, "expected a closing parenthesis, found the end");
    refuse(
        "(a=1 b=2)",
        5,
        "expected AND, OR or a closing parenthesis, found b",
    );
    refuse("()", 1, "expected the name of a field, found )");
    refuse(
        "a>2017-02-28 16:11:29",
        13,
        "expected AND, OR or the end, found 16:11:29",
    );
    refuse(
        "a=null",
        2,
        "nothing compares to NULL: write IS NULL or IS NOT NULL",
    );
    refuse("a is 1", 5, "expected NULL, found 1");
    refuse("a not 1", 6, "expected LIKE or IN, found 1");
    refuse("a in 1", 5, "expected a list such as ('a', 'b'), found 1");
    refuse("a in ()", 6, "expected a value, found )");
    refuse(
        "a in (1 2)",
        8,
        "expected a comma or a closing parenthesis, found 2",
    );
    refuse(
        "a in (1",
        7,
        "expected a comma or a closing parenthesis, found the end",
    );
    refuse("'' = 1", 0, "the name of the field is empty");
    refuse(
        "a=\"x\"",
        2,
        "a value stands in single quotes; back-ticks and double quotes hold names of fields",
    );
    refuse(
        "and=1",
        0,
        "expected the name of a field, found the keyword and: put it in back-ticks if it is meant as a name or text",
    );
    refuse(
        "a=in",
        2,
        "expected a value, found the keyword in: put it in single quotes if it is meant as a name or text",
    );
    refuse(
        "a ! b",
        2,
        "'!' means nothing here: texts stand in straight single quotes, operators are = != < > <= >=",
    );
    refuse(
        "a=‘x’",
        2,
        "'‘' means nothing here: texts stand in straight single quotes, operators are = != < > <= >=",
    );
}

#[test]
fn the_error_shows_the_place() {
    insta::assert_snapshot!(parse("Type = 0 AND Name = 'O'Brien'").unwrap_err(), @r"
    the text ended at its quote, but goes on: a quote inside a text is written twice, as in 'O''Brien' at byte 23:
      Type = 0 AND Name = 'O'Brien'
                             ^
    ");
}

#[test]
fn hostile_sizes_are_refused() {
    let nested =
        |open: &str, close: &str, depth: usize| parse(&(open.repeat(depth) + "a=1" + &close.repeat(depth)));
    assert!(nested("(", ")", MAX_DEPTH).is_ok());
    assert_eq!(
        nested("(", ")", MAX_DEPTH + 1).unwrap_err().fault,
        CeqlFault::TooDeep
    );
    assert_eq!(
        nested("not ", "", MAX_DEPTH + 1).unwrap_err().fault,
        CeqlFault::TooDeep
    );
    assert_eq!(
        nested("(", "", MAX_LENGTH - 3).unwrap_err().fault,
        CeqlFault::TooDeep
    );
    let long = "a=1 or ".repeat(MAX_LENGTH / 7 - 1) + "a=1";
    assert!(parse(&long).is_ok());
    let longer = " ".repeat(MAX_LENGTH + 1);
    assert_eq!(
        parse(&longer).unwrap_err().fault,
        CeqlFault::TooLong {
            length: MAX_LENGTH + 1
        }
    );
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{0,10}".prop_map(Value::Text),
        "['%a ]{0,4}".prop_map(Value::Text),
        "-?[0-9]{1,5}(\\.[0-9]{1,3})?(e[+-]?[0-9])?".prop_map(Value::Number),
        "[a-zA-Z0-9:.+-]{1,8}"
            .prop_filter("a bare word is neither number nor keyword", |word| !is_number(
                word
            )
                && !is_keyword(word))
            .prop_map(Value::Bare),
    ]
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z.:0-9_]{0,6}",
        "[a-z '`\"]{1,6}",
        "and|OR|Not|in|is|like|null"
    ]
    .prop_map(Field::new)
}

fn expression() -> impl Strategy<Value = Expression> {
    let operator = prop::sample::select(vec![
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ]);
    let leaf = prop_oneof![
        (field(), operator, value()).prop_map(|(field, operator, value)| Expression::Compare {
            field,
            operator,
            value
        }),
        (field(), value(), any::<bool>()).prop_map(|(field, pattern, negated)| Expression::Like {
            field,
            pattern,
            negated
        }),
        (field(), prop::collection::vec(value(), 1..4), any::<bool>()).prop_map(
            |(field, values, negated)| Expression::In {
                field,
                values,
                negated
            }
        ),
        (field(), any::<bool>()).prop_map(|(field, negated)| Expression::IsNull { field, negated }),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::Or),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #[test]
    fn reads_back_what_it_shows(expression in expression()) {
        prop_assert_eq!(parse(&expression.to_string()), Ok(expression));
    }

    #[test]
    fn never_panics(source in "\\PC{0,40}") {
        let _ = parse(&source);
    }

    #[test]
    fn never_panics_on_near_misses(parts in prop::collection::vec(prop::sample::select(vec![
        "a", "'x'", "'", "`", "=", "<", ">", "!", "(", ")", ",", " ", "and", "or", "not", "in", "is", "null", "like", "1", "é", "\"",
    ]), 0..16)) {
        let source = parts.concat();
        if let Ok(expression) = parse(&source) {
            prop_assert_eq!(parse(&expression.to_string()), Ok(expression));
        }
    }

    #[test]
    fn bare_words_are_words(word in "[a-zA-Z0-9:.+-]{1,8}") {
        prop_assert!(is_word(&word));
    }
}
