//! The records that a fake starts with.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::dates;
use crate::error::Refusal;
use crate::key::Key;
use crate::options::Seed;
use crate::schema::Entity;
use crate::store::Store;
use crate::write::Writer;

/// The store that a fake starts with.
pub(crate) fn store(seed: &Seed, now: DateTime<Utc>, user: &str) -> Result<Store, Refusal> {
    let mut store = Store::default();
    match seed {
        Seed::Empty => {}
        Seed::Samples => {
            for (entity, record) in samples(now) {
                add(&mut store, now, user, entity, &record)?;
            }
        }
        Seed::Records(objects) => {
            for (name, records) in objects {
                let entity =
                    Entity::parse(name).ok_or_else(|| Refusal::UnknownObject { name: name.clone() })?;
                let records = records
                    .as_array()
                    .ok_or_else(|| Refusal::malformed(name, "expected an array of records"))?;
                for record in records {
                    add(&mut store, now, user, entity, record)?;
                }
            }
        }
    }
    Ok(store)
}

fn add(
    store: &mut Store,
    now: DateTime<Utc>,
    user: &str,
    entity: Entity,
    record: &Value,
) -> Result<(), Refusal> {
    let record: &Map<String, Value> = record
        .as_object()
        .ok_or_else(|| Refusal::malformed(entity.name(), "expected an object"))?;
    Writer::operator(store, now, user)
        .create(entity, record)
        .map(drop)
}

/// Companies and people as in the vendor's demo database, and one record of each other object.
fn samples(now: DateTime<Utc>) -> Vec<(Entity, Value)> {
    let ago = |days: i64| Value::String(dates::format(now - TimeDelta::days(days)));
    let key = |id: &str, number: u32| json!({ "ID": id, "Number": number });
    let entry = |id: &str, number: u32| {
        let prefix = Entity::AbEntry.name().to_owned();
        let key = Key {
            prefix,
            id: id.to_owned(),
            number: Some(number),
            rest: Vec::new(),
        };
        Value::String(key.to_string())
    };
    let ab = Entity::AbEntry;
    vec![
        (
            ab,
            json!({
                "Key": key("DEMO_1C", 0), "Type": "Company", "CompanyName": "ABC Wine Shop",
                "Phone1": { "Default": true, "Description": "Main", "Number": "(555) 555-0100" },
                "Email1": { "Default": true, "Description": "Office", "Address": "office@abcwineshop.example" },
                "Address": { "AddressLine1": "1 Harbour Street", "City": "Vancouver", "StateProvince": "BC", "ZipCode": "V5K 0A1", "Country": "Canada", "Default": true },
                "Category": ["Customer"], "CreationDate": ago(90), "LastModifyDate": ago(30),
            }),
        ),
        (
            ab,
            json!({
                "Key": key("DEMO_1C", 1), "Type": "Contact", "ParentKey": entry("DEMO_1C", 0),
                "FirstName": "Lou", "LastName": "Jones", "Position": "Manager",
                "Email1": { "Default": true, "Description": "Work", "Address": "lou@abcwineshop.example" },
                "CreationDate": ago(89), "LastModifyDate": ago(29),
            }),
        ),
        (
            ab,
            json!({
                "Key": key("DEMO_5C", 0), "Type": "Company", "CompanyName": "Sunrise Adventures",
                "WebSite": "http://sunriseadventures.example", "CreationDate": ago(80), "LastModifyDate": ago(20),
            }),
        ),
        (
            ab,
            json!({
                "Key": key("DEMO_5C", 1), "Type": "Contact", "ParentKey": entry("DEMO_5C", 0),
                "FirstName": "Rennie", "LastName": "Chung",
                "Phone1": { "Default": true, "Description": "Mobile", "Number": "(555) 555-0151" },
                "CreationDate": ago(80), "LastModifyDate": ago(10),
            }),
        ),
        (
            ab,
            json!({
                "Key": key("DEMO_6C", 0), "Type": "Individual", "CompanyName": "Mountain View Sports",
                "FirstName": "Gail", "LastName": "DuPont", "CreationDate": ago(70), "LastModifyDate": ago(7),
            }),
        ),
        (
            Entity::Opportunity,
            json!({
                "Key": key("DEMO_1O", 0), "AbEntryKey": entry("DEMO_1C", 0), "ContactKey": entry("DEMO_1C", 1),
                "Objective": "Cellar management", "Status": 2, "ForecastRevenue": 24000.0,
                "StartDate": ago(40), "CreationDate": ago(40), "LastModifyDate": ago(6),
            }),
        ),
        (
            Entity::Lead,
            json!({
                "Key": key("DEMO_1LE", 0), "CompanyName": "Lakeside Rentals", "FirstName": "Kim", "LastName": "Park",
                "Email": "kim@lakesiderentals.example", "CreationDate": ago(5), "LastModifyDate": ago(5),
            }),
        ),
        (
            Entity::Case,
            json!({
                "Key": key("DEMO_1S", 0), "AbEntryKey": entry("DEMO_5C", 0), "Subject": "Damaged delivery",
                "Status": "57998", "Priority": 57901, "CreationDate": ago(4), "LastModifyDate": ago(4),
            }),
        ),
        (
            Entity::Note,
            json!({
                "Key": key("3001", 0), "ParentKey": entry("DEMO_5C", 1), "Text": "Prefers to be called in the morning",
                "DateTime": ago(10),
            }),
        ),
        (
            Entity::Task,
            json!({
                "Key": key("31", 0), "AbEntryKey": entry("DEMO_6C", 0), "Activity": "Send the new catalogue",
                "DateTime": ago(1), "Priority": "MED", "Completed": false,
            }),
        ),
        (
            Entity::Appointment,
            json!({
                "Key": key("DEMO_1P", 0), "Subject": "Product tour", "StartDate": ago(-2), "EndDate": ago(-2),
                "AbEntries": [{ "Key": entry("DEMO_1C", 1) }], "CreationDate": ago(3), "LastModifyDate": ago(3),
            }),
        ),
        (
            Entity::Document,
            json!({
                "Key": key("41", 0), "ParentKey": entry("DEMO_1C", 0), "Name": "Offer", "Type": "pdf",
                "Description": "The offer of last spring",
            }),
        ),
        (
            Entity::Custom,
            json!({
                "Key": key("51", 0), "ApplicationId": "cellars", "Name": "North cellar",
                "Description": "Reds", "CreationDate": ago(2), "LastModifyDate": ago(2),
            }),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::store;
    use crate::error::Refusal;
    use crate::options::Seed;
    use crate::schema::Entity;

    #[test]
    fn every_object_but_addresses_has_a_sample() {
        let store = store(&Seed::Samples, "2026-01-01T00:00:00Z".parse().unwrap(), "MASTER").unwrap();
        for entity in Entity::ALL {
            assert_eq!(store.len(entity) > 0, entity != Entity::Address, "{entity}");
        }
    }

    #[test]
    fn records_of_the_user_are_checked() {
        let check = |records: serde_json::Value, expect: Option<&str>| {
            let seed = Seed::Records(records.as_object().cloned().unwrap_or_else(Map::new));
            let found = store(&seed, "2026-01-01T00:00:00Z".parse().unwrap(), "MASTER");
            let found = found.err().map(|refusal: Refusal| refusal.to_string());
            assert_eq!(found.is_some(), expect.is_some(), "{records}: {found:?}");
            assert!(
                found.unwrap_or_default().contains(expect.unwrap_or_default()),
                "{records}"
            );
        };
        check(json!({"abentry": [{"CompanyName": "ABC Wine Shop"}]}), None);
        check(json!({"Wine": []}), Some("AbEntry, Opportunity"));
        check(json!({"AbEntry": {}}), Some("an array of records"));
        check(json!({"AbEntry": [1]}), Some("an object"));
        check(json!({"AbEntry": [{"Nope": 1}]}), Some("Nope"));
    }
}
