//! What search queries find among the samples.

use serde_json::{Value, json};

use super::read;
use crate::clock::ClockStart;
use crate::options::Options;
use crate::world::World;

fn world() -> World {
    let clock = ClockStart::Fixed("2026-01-01T00:00:00Z".parse().unwrap());
    World::new(
        Options {
            clock,
            ..Options::default()
        },
        String::new(),
    )
    .unwrap()
}

/// The records that are found, by ID and number.
fn find(world: &World, query: &Value) -> Result<String, String> {
    let mut request = read(&[], query.clone());
    request["AbEntry"]["Scope"]["Fields"] = json!({"Key": {"ID": 1, "Number": 1}});
    let answer = world.service("Read", &request);
    if answer["Code"] != 0 {
        return Err(answer["Msg"][0]["Message"]
            .as_str()
            .unwrap_or_default()
            .to_owned());
    }
    let rows = answer["AbEntry"]["Data"].as_array().cloned().unwrap_or_default();
    let names = rows.iter().map(|row| {
        let id = row["Key"]["ID"].as_str().unwrap_or_default();
        format!(
            "{}{}",
            id.trim_start_matches("DEMO_").trim_end_matches('C'),
            row["Key"]["Number"]
        )
    });
    Ok(names.collect::<Vec<_>>().join(" "))
}

#[test]
fn queries_find_what_they_say() {
    let world = world();
    let check = |query: Value, expect: &str| {
        assert_eq!(find(&world, &query).as_deref(), Ok(expect), "{query}");
    };
    let all = "10 11 50 51 60";
    check(json!({}), all);
    check(Value::Null, all);
    check(json!({"Type": {"$EQ": "Contact"}}), "11 51");
    check(json!({"Type": {"$EQ": "Household"}}), all);
    check(json!({"Type": {"$NE": "Contact"}}), "10 50 60");
    check(json!({"Type": {"$IN": ["Company", "individual"]}}), "10 50 60");
    check(json!({"Type": {"$NIN": ["Company", "Individual"]}}), "11 51");
    check(json!({"$EQ": {"Type": "Individual"}}), "60");
    check(
        json!({"$AND": [{"$EQ": {"Type": "Contact"}}, {"FirstName": {"$LIKE": "r%"}}]}),
        "51",
    );
    check(
        json!({"$OR": [{"LastName": {"$EQ": "Jones"}}, {"LastName": {"$EQ": "DuPont"}}]}),
        "11 60",
    );
    check(
        json!({"Type": {"$EQ": "Company"}, "CompanyName": {"$LIKE": "%wine%"}}),
        "10",
    );
    check(json!({"CompanyName": {"$NLIKE": "%wine%"}}), "50 51 60");
    check(json!({"WebSite": {"$EQ": null}}), "10 11 51 60");
    check(json!({"WebSite": {"$NE": null}}), "50");
    check(json!({"Address": {"City": {"$EQ": "Vancouver"}}}), "10");
    check(json!({"Address/ZipCode": {"$LIKE": "V5K%"}}), "10");
    check(json!({"Category": {"$IN": ["Customer"]}}), "10");
    check(json!({"Category": {"$ALL": ["Customer", "Other"]}}), "");
    check(json!({"Parent/CompanyName": {"$EQ": "Sunrise Adventures"}}), "51");
    check(json!({"Key": {"$EQ": {"Id": "DEMO_1C"}}}), "10 11");
    check(json!({"Creator": {"$EQ": "VXNlcglNQVNURVI="}}), all);
    check(json!({"$PHRASE": "jon"}), "11");
    check(json!({"$PHRASE": "lou@"}), "11");
    check(json!({"$PHRASE": "(555) 555-0151"}), "51");
}

#[test]
fn queries_find_by_date() {
    let world = world();
    // Modified 30, 29, 20, 10 and 7 days ago.
    let check = |query: Value, expect: &str| {
        assert_eq!(
            find(&world, &json!({"LastModifyDate": query})).as_deref(),
            Ok(expect),
            "{query}"
        );
    };
    check(json!({"$GT": "2025-12-12T00:00:00Z"}), "51 60");
    check(json!({"$GE": "2025-12-12T00:00:00Z"}), "50 51 60");
    check(json!({"$GE": "2025-12-11T16:00:00-08:00"}), "50 51 60");
    check(json!({"$LT": "2025-12-12"}), "10 11");
    check(json!({"$LE": "2025-12-12T00:00:00"}), "10 11 50");
    check(json!({"$GE": "2025-12-03", "$LT": "2025-12-22"}), "11 50");
    check(json!({"$RANGE": ["2025-12-03", "2025-12-22"]}), "11 50 51");
    check(json!({"$NRANGE": ["2025-12-03", "2025-12-22"]}), "10 60");
    check(json!({"$GE": "$OFFSET(D-10, $TODAY())"}), "51 60");
    check(json!({"$LE": "$OFFSET(D-10, $TODAY())"}), "10 11 50 51");
    check(json!({"$GT": "$NOW()"}), "");
}

#[test]
fn queries_that_do_not_fit_are_refused() {
    let world = world();
    let check = |query: Value, expect: &str| {
        let refusal = find(&world, &query).unwrap_err();
        assert!(refusal.contains(expect), "{query}: {refusal}");
    };
    check(json!(1), "must be an object");
    check(json!({"Nope": {"$EQ": 1}}), "'Nope'");
    check(json!({"Type": "Contact"}), "needs an operator");
    check(json!({"Type": {}}), "needs an operator");
    check(json!({"Type": {"$NOT": 1}}), "$NOT");
    check(json!({"$NOT": {}}), "supported are $AND");
    check(json!({"$AND": {}}), "takes an array");
    check(json!({"Type": {"$IN": "Contact"}}), "takes an array");
    check(
        json!({"LastModifyDate": {"$RANGE": ["2025-12-03"]}}),
        "[low, high]",
    );
    check(json!({"LastModifyDate": {"$GT": 1_700_000_000}}), "ISO 8601");
    check(json!({"LastModifyDate": {"$LIKE": "2025%"}}), "$LIKE");
    check(json!({"Key": {"$EQ": "x"}}), "DONOTUPDATE");
    check(json!({"Key": {"$EQ": "VXNlcglNQVNURVI="}}), "DONOTUPDATE");
    let mut sql = read(&["Key"], json!({"Type": {"$NE": "Contact"}}));
    let driver = "Maximizer.Model.Access.Sql.AbEntrySearcher";
    sql["Configuration"] = json!({"Drivers": {"IAbEntrySearcher": driver}});
    assert_eq!(
        world.service("Read", &sql)["Code"],
        -1,
        "the SQL driver does not know $NE on Type"
    );
    let note = json!({"Note": {"Scope": {"Fields": {"Text": 1}}, "Criteria": {"SearchQuery": {"DateTime": {"$GT": "2025-12-03"}}}}});
    assert_eq!(
        world.service("Read", &note)["Code"],
        -1,
        "DateTime of a note rejects $GT"
    );
}
