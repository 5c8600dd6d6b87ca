//! Poller configurations: taken, completed, refused.

use periodic_sdk::contract::{Job, PollStep, Poller as _};
use serde_json::{Value, json};

use super::{SINCE, connected, only};
use crate::Maximizer;

fn plan(resource: &str, configuration: &Value) -> Result<Value, String> {
    let planned = Maximizer::plan(&connected(), resource, &configuration.to_string())?;
    Ok(serde_json::from_str(&planned).unwrap())
}

fn published(resource: &str) -> Value {
    json!({
        "url": format!("/hubs/crm/{resource}?where=LastModifyDate>'${{date:yyyy-MM-dd'T'HH:mm:ssXXX}}'"),
        "idField": "Key",
        "datesConfiguration": {
            "updatedDateField": "LastModifyDate",
            "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ssXXX",
        },
    })
}

fn with(change: &dyn Fn(&mut Value)) -> Value {
    let mut configuration = published("contacts");
    change(&mut configuration);
    configuration
}

/// What the first request of a walk asks for.
fn asked(resource: &str, configuration: &Value) -> Value {
    let job = Job {
        resource: resource.to_owned(),
        configuration: configuration.to_string(),
        since: SINCE,
        until: SINCE + 900_000,
        checkpoint: None,
    };
    let PollStep::Send(exchange) = Maximizer::begin(&connected(), job).unwrap() else {
        panic!("a page without a request")
    };
    super::call(only(&exchange), "Read", periodic_sdk::contract::Effect::Read)
}

fn query(resource: &str, configuration: &Value) -> Value {
    let asked = asked(resource, configuration);
    let entity = asked.as_object().unwrap().values().next().unwrap();
    entity["Criteria"]["SearchQuery"].clone()
}

#[test]
fn an_empty_configuration_is_the_published_one_with_the_date_of_creation() {
    for resource in [
        "contacts",
        "companies",
        "addressbook-entries",
        "opportunities",
        "leads",
        "cases",
        "appointments",
    ] {
        let mut expected = published(resource);
        expected["datesConfiguration"]["createdDateField"] = "CreationDate".into();
        expected["datesConfiguration"]["createdDateFormat"] = "yyyy-MM-dd'T'HH:mm:ssXXX".into();
        assert_eq!(plan(resource, &json!({})), Ok(expected), "{resource}");
    }
}

#[test]
fn every_resource_with_a_date_is_polled_by_the_published_configuration() {
    for resource in [
        "contacts",
        "companies",
        "addressbook-entries",
        "opportunities",
        "leads",
        "cases",
        "appointments",
    ] {
        assert_eq!(
            plan(resource, &published(resource)),
            Ok(published(resource)),
            "{resource}"
        );
    }
}

#[test]
fn a_walk_asks_from_the_start_of_the_window_inclusive() {
    assert_eq!(
        asked("leads", &published("leads")),
        json!({
            "Lead": {
                "Scope": { "Fields": {
                    "Key": { "Value": 1, "ID": 1, "Number": 1, "EntityType": 1 },
                    "CompanyName": 1, "MrMs": 1, "FirstName": 1, "LastName": 1, "FullName": 1, "Position": 1, "Email": 1,
                    "WebSite": 1, "Status": 1, "AbEntryKey": 1, "OpportunityKey": 1, "Creator": 1, "CreationDate": 1,
                    "ModifiedBy": 1, "LastModifyDate": 1,
                }},
                "Criteria": { "SearchQuery": { "LastModifyDate": { "$GE": "2018-02-01T08:05:07Z" } } },
                "OrderBy": { "PageKey": null, "PageSize": 50, "Fields": [{ "LastModifyDate": "ASC" }] },
            },
            "Compatibility": { "LeadObject": "1.3" },
            "Configuration": { "Drivers": { "ILeadSearcher": "Maximizer.Model.Access.Sql.LeadSearcher" } },
        })
    );
}

#[test]
fn other_conditions_stay() {
    let start = json!({ "LastModifyDate": { "$GE": "2018-02-01T08:05:07Z" } });
    let contact = json!({ "Type": { "$EQ": "Contact" } });
    let cases = [
        ("/contacts", json!([contact, start])),
        (
            "/contacts?where=lastmodifydate >= ${epoch}",
            json!([contact, start]),
        ),
        (
            "/hubs/crm/contacts?where=LastModifyDate>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}' and LastName='A'",
            json!([contact, { "LastName": { "$EQ": "A" } }, start]),
        ),
        (
            "/contacts?where=(LastModifyDate > '${date:yyyy-MM-dd}' or CreationDate > '${date:yyyy-MM-dd}')",
            json!([contact, { "$OR": [
                { "LastModifyDate": { "$GE": "2018-02-01" } },
                { "CreationDate": { "$GE": "2018-02-01" } },
            ]}, start]),
        ),
        (
            "/contacts?where=LastModifyDate < '${nowTimeZone:PST:yyyy-MM-dd'T'HH:mm:ssXXX}'",
            json!([contact, { "LastModifyDate": { "$LT": "2018-02-01T00:20:07-08:00" } }, start]),
        ),
    ];
    for (url, expected) in cases {
        let configuration = with(&|configuration| configuration["url"] = url.into());
        assert_eq!(
            query("contacts", &configuration),
            json!({ "$AND": expected }),
            "{url}"
        );
    }
}

#[test]
fn what_identity_and_dates_rest_on_is_read_whatever_is_asked_for() {
    let fields = |change: &dyn Fn(&mut Value)| {
        let asked = asked("contacts", &with(change));
        let fields = asked["AbEntry"]["Scope"]["Fields"].as_object().unwrap().clone();
        fields.keys().cloned().collect::<Vec<_>>()
    };
    let of_url = |url: &str| fields(&|configuration| configuration["url"] = url.into());
    assert_eq!(
        of_url("/contacts?fields=LastName, key"),
        ["LastName", "Key", "LastModifyDate", "CreationDate"]
    );
    let with_id = fields(&|configuration| configuration["idField"] = "Contact.Number".into());
    assert!(
        with_id.contains(&"Contact".to_owned()) && with_id.contains(&"LastName".to_owned()),
        "{with_id:?}"
    );
}

#[test]
fn page_sizes_come_from_the_configuration() {
    let asked = asked(
        "contacts",
        &with(&|configuration| configuration["pageSize"] = "200".into()),
    );
    assert_eq!(asked["AbEntry"]["OrderBy"]["PageSize"], 200);
}

#[test]
fn what_cannot_be_polled_is_refused_with_what_would_work() {
    let undated = "cannot be polled: Maximizer does not tell when its records were changed; what can be polled are \
                   contacts, companies, addressbook-entries, opportunities, leads, cases, appointments";
    for resource in ["notes", "tasks"] {
        let expected = Err(format!("{resource} {undated}"));
        assert_eq!(plan(resource, &json!({})), expected);
        assert_eq!(plan(resource, &published(resource)), expected);
    }
    let missing = plan("events", &json!({})).unwrap_err();
    assert_eq!(
        missing,
        "Maximizer has no resource \"events\"; it has contacts, companies, addressbook-entries, opportunities, leads, \
         cases, notes, tasks, appointments, addresses, documents, custom-records"
    );
}

#[test]
fn wrong_configurations_name_their_member() {
    let url = |url: &str| with(&|configuration| configuration["url"] = url.into());
    let dates = |member: &str, value: &str| with(&|it| it["datesConfiguration"][member] = value.into());
    let cases = [
        (
            with(&|it| drop(it.as_object_mut().unwrap().remove("url"))),
            "missing field `url`",
        ),
        (
            url("/companies"),
            "url: reads \"companies\", but the entry is for \"contacts\"; its path should be /contacts",
        ),
        (
            url("/contacts?where=LastModifyDate>'${dat:yyyy}'"),
            "url: there is no macro \"dat\"",
        ),
        (
            url("/contacts?where=LastModifyDate>'${date:yyyy}"),
            "url: this quote is never closed",
        ),
        (url("/contacts?where=LastModifyDate"), "url: where: "),
        (
            url("/contacts?where=LastModifyDate='${date:yyyy-MM-dd}'"),
            "url: where: LastModifyDate = … finds",
        ),
        (
            url("/contacts?where=CreationDate>'${date:dd/MM/yy}'"),
            "url: where: CreationDate is a date",
        ),
        (
            url("/contacts?LastModifyDate>${epoch}"),
            "url: this is no name of a parameter",
        ),
        (
            url("/contacts?whre=x"),
            "url: there is no parameter \"whre\"; there are where, fields,",
        ),
        (url("/contacts/{id}"), "url: {id} is not filled"),
        (with(&|it| it["idField"] = "".into()), "idField: is missing"),
        (with(&|it| it["idField"] = "a[".into()), "idField: "),
        (
            dates("updatedDateField", "Modified"),
            "datesConfiguration.updatedDateField: \"Modified\" is no date",
        ),
        (
            dates("updatedDateFormat", "yyyy-QQ"),
            "datesConfiguration.updatedDateFormat: the letter 'Q'",
        ),
        (
            dates("createdDateTimezone", "Mars"),
            "datesConfiguration.createdDateTimezone: \"Mars\" is no time zone",
        ),
        (
            with(&|it| it["pageSize"] = 0.into()),
            "pageSize: 0 is out of range",
        ),
    ];
    for (configuration, expected) in cases {
        let error = plan("contacts", &configuration).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(Maximizer::plan(&connected(), "contacts", "7").is_err());
    assert!(Maximizer::plan(&connected(), "contacts", "{").is_err());
}

#[test]
fn the_operator_s_tolerance_is_taken() {
    let context = |seconds: &str| {
        super::context(&[
            ("maximizer.api.url", super::API),
            ("event.poller.created_check_tolerance", seconds),
        ])
    };
    assert!(Maximizer::plan(&context("2.5"), "contacts", "{}").is_ok());
    let error = Maximizer::plan(&context("much"), "contacts", "{}").unwrap_err();
    assert!(error.contains("is no number of seconds"), "{error}");
}
