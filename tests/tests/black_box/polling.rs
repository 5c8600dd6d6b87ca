//! From a change in the provider to an event at the callback.

use std::collections::BTreeSet;

use anyhow::Context as _;
use fake_maximizer::Entity;
use periodic_tests::{Stage, eventually};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_created_and_updated_is_told_and_what_was_there_before_is_not() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.provider.contact("Before")?;
    stage.provider.next_second().await?;
    let instance = stage.instance().await?;
    let key = stage.provider.contact("Chung")?;
    let created = stage.receiver.expect("CREATED", &key).await?;
    assert_eq!(created.resource, "contacts");
    stage.provider.next_second().await?;
    stage.provider.edit(&key, json!({ "Position": "Guide" }))?;
    let updated = stage.receiver.expect("UPDATED", &key).await?;
    assert_ne!(created.id, updated.id);
    assert!(created.date < updated.date, "{created:?} {updated:?}");
    stage.settle(&instance).await?;
    assert_eq!(stage.receiver.events(), [created, updated], "and nothing else");

    // The object's id is what the hub takes, and raw shows the same.
    let token = stage.api.element(&instance.token);
    let read = token.get(&format!("/hubs/crm/contacts/{key}")).await?.ok()?;
    assert_eq!(read["Position"], "Guide");
    let raw = &stage.receiver.received()[1].body["message"]["raw"]["contacts"][0];
    assert_eq!((&raw["Key"], &raw["Position"]), (&json!(key), &json!("Guide")));

    // What was there before is told once it changes, as an update.
    stage.provider.edit(&before, json!({ "Position": "Guide" }))?;
    stage.receiver.expect("UPDATED", &before).await?;

    // The stored events say the same, newest first.
    stage.settle(&instance).await?;
    let stored = stage
        .api
        .get(&format!("/instances/{}/events", instance.id))
        .await?
        .ok()?;
    let objects: Vec<_> = stored
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| {
            (
                event["notifiedData"][0]["events"][0]["objectId"].clone(),
                event["status"].clone(),
            )
        })
        .collect();
    let notified = |key: &str| (json!(key), json!("NOTIFIED"));
    assert_eq!(objects, [notified(&before), notified(&key), notified(&key)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_switched_by_patch_and_stored_without_a_callback() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let silent = json!({ "event.notification.enabled": false, "event.notification.callback.url": null });
    let instance = stage.instance_with(silent).await?;
    let path = format!("/instances/{}", instance.id);
    assert_eq!(stage.pollers(&instance).await?, json!([]));
    assert_eq!(instance.body["eventsEnabled"], false);
    let refused = stage.api.post(&format!("{path}/polls"), &json!({})).await?;
    refused.refused(409, &["not polled"])?;
    let reads = stage.provider.requests_of("Read").len();
    stage.provider.next_second().await?;
    stage.provider.next_second().await?;
    assert_eq!(stage.provider.requests_of("Read").len(), reads, "nobody polls");

    // Enabled without a callback: stored, readable, delivered to nobody.
    let enable = json!({ "configuration": { "event.notification.enabled": "true" } });
    let enabled = stage.api.patch(&path, &enable).await?.ok()?;
    assert_eq!(enabled["eventsEnabled"], true);
    stage.provider.next_second().await?;
    let key = stage.provider.contact("Chung")?;
    let events = eventually("an event is stored", async || {
        let events = stage.api.get(&format!("{path}/events")).await?.ok()?;
        Ok(events
            .as_array()
            .is_some_and(|events| !events.is_empty())
            .then_some(events))
    })
    .await?;
    let event = &events[0];
    assert_eq!(event["status"], "RECEIVED");
    assert_eq!(event["notifiedData"][0]["events"][0]["objectId"], json!(key));
    let data: Value = serde_json::from_str(event["providerData"].as_str().context("a text")?)?;
    assert_eq!(data, event["notifiedData"][0]);
    let id = event["id"].as_str().context("an id")?;
    assert_eq!(stage.api.get(&format!("{path}/events/{id}")).await?.ok()?, *event);
    assert!(stage.receiver.received().is_empty());

    // A callback gets what happens from then on.
    let callback = json!({ "configuration": { "event.notification.callback.url": stage.receiver.url() } });
    stage.api.patch(&path, &callback).await?.ok()?;
    let key = stage.provider.contact("DuPont")?;
    stage.receiver.expect("CREATED", &key).await?;

    // Disabled, nobody polls any more.
    let disable = json!({ "configuration": { "event.notification.enabled": false } });
    stage.api.patch(&path, &disable).await?.ok()?;
    eventually("the last poll has ended", async || {
        let refused = stage.api.post(&format!("{path}/polls"), &json!({})).await?;
        let reads = stage.provider.requests_of("Read").len();
        stage.provider.next_second().await?;
        Ok((refused.status == 409 && reads == stage.provider.requests_of("Read").len()).then_some(()))
    })
    .await?;
    assert_eq!(stage.pollers(&instance).await?, json!([]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_on_demand_is_refused_with_its_cause() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let off = json!({ "event.notification.enabled": false });
    let instance = stage.instance_with(off).await?;
    let path = format!("/instances/{}", instance.id);
    let polls = format!("{path}/polls");
    let refused = async |told: &str| {
        let answer = stage.api.post(&polls, &json!({})).await?;
        assert!(!answer.message().contains("in progress"), "{}", answer.text);
        answer.refused(409, &[told])
    };
    refused("its events are off").await?;
    let preview = stage.api.post(&format!("{polls}/preview"), &json!({})).await?;
    preview.refused(409, &["its events are off"])?;
    let on = json!({ "configuration": { "event.notification.enabled": true } });
    stage.api.patch(&path, &on).await?.ok()?;
    stage.poll(&instance).await?;
    let nope = json!({ "resource": "nope" });
    for polls in [&polls, &format!("{polls}/preview")] {
        let unknown = stage.api.post(polls, &nope).await?;
        unknown.refused(404, &["does not poll \"nope\"", "contacts"])?;
    }

    stage.provider.set_fault(
        "slow",
        json!({ "headers_ms": 2_000, "when": { "methods": ["Read"] } }),
    )?;
    eventually("a poll is refused while another is in progress", async || {
        let empty = json!({});
        let (one, other) = tokio::join!(stage.api.post(&polls, &empty), stage.api.post(&polls, &empty));
        let (one, other) = (one?, other?);
        let told = |answer: &periodic_tests::Answer| {
            answer.status == 409 && answer.message().contains("in progress")
        };
        Ok((told(&one) || told(&other)).then_some(()))
    })
    .await?;
    stage.provider.clear_faults();

    let contacts = format!("{path}/pollers/contacts");
    for poller in stage.pollers(&instance).await?.as_array().into_iter().flatten() {
        let resource = poller["resource"].as_str().context("a resource")?;
        let pause = json!({ "paused": true });
        stage
            .api
            .patch(&format!("{path}/pollers/{resource}"), &pause)
            .await?
            .ok()?;
    }
    refused("its pollers are paused").await?;
    stage
        .api
        .patch(&contacts, &json!({ "paused": false }))
        .await?
        .ok()?;
    stage.api.delete(&format!("{path}/enabled")).await?;
    refused("it is disabled").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pollers_may_be_written_in_the_older_form() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let urls = "contacts|/hubs/crm/contacts?where=LastModifyDate>='${date}'||LastModifyDate|yyyy-MM-dd'T'HH:mm:ssXXX\n\
                companies";
    let instance = stage
        .instance_with(json!({ "event.poller.configuration": "", "event.poller.urls": urls }))
        .await?;
    let pollers = stage.pollers(&instance).await?;
    let pollers = pollers.as_array().into_iter().flatten();
    let polled: Vec<_> = pollers.map(|poller| poller["resource"].clone()).collect();
    assert_eq!(polled, [json!("contacts"), json!("companies")]);
    let key = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &key).await?;
    let path = format!("/instances/{}", instance.id);
    let change = json!({ "configuration": { "event.poller.urls": "contacts\nleads" } });
    let refused = stage.api.patch(&path, &change).await?;
    refused.refused(400, &["event.poller.urls", "for polling leads"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn any_dated_resource_is_polled_by_default_or_by_a_copied_configuration() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let copied = json!({
        "url": "/hubs/crm/leads?where=LastModifyDate>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}'", "idField": "Key",
        "datesConfiguration": { "updatedDateField": "LastModifyDate", "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ssXXX" },
    });
    let resources = json!({ "leads": copied, "companies": {}, "opportunities": {} });
    let instance = stage
        .instance_with(json!({ "event.poller.configuration": resources }))
        .await?;
    let lead = stage
        .provider
        .add(Entity::Lead, json!({ "LastName": "Newcomer" }))?;
    let company = json!({ "Type": "Company", "CompanyName": "Mountain View" });
    let company = stage.provider.add(Entity::AbEntry, company)?;
    let contact = stage.provider.contact("Nobody asks")?;
    stage.receiver.expect("CREATED", &lead).await?;
    stage.receiver.expect("CREATED", &company).await?;
    stage.provider.next_second().await?;
    stage
        .provider
        .update(Entity::Lead, &lead, &json!({ "FirstName": "Ann" }))?;
    stage.receiver.expect("UPDATED", &lead).await?;
    stage.settle(&instance).await?;
    assert_eq!(stage.receiver.events_of(&contact), []);
    let told: BTreeSet<_> = stage
        .receiver
        .events()
        .into_iter()
        .map(|event| event.resource)
        .collect();
    assert_eq!(told, BTreeSet::from(["companies".to_owned(), "leads".to_owned()]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_one_second_and_other_spellings_of_keys_are_told_apart() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage
        .provider
        .set_fault("key-prefix", json!({ "rule": "per-session" }))?;
    let instance = stage.instance().await?;
    let key = stage.provider.contact("Chung")?;
    let record = stage.provider.record(Entity::AbEntry, &key)?;
    stage.settle(&instance).await?;
    assert_eq!(stage.receiver.events().len(), 1);

    // The same second once more, twice: only the content tells that something happened.
    for position in ["Guide", "Manager"] {
        let edit = json!({ "Position": position, "LastModifyDate": record["LastModifyDate"] });
        stage.provider.edit(&key, edit)?;
        stage.settle(&instance).await?;
    }
    let events = stage.receiver.events();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["CREATED", "UPDATED", "UPDATED"]);
    let ids: BTreeSet<_> = events.iter().map(|event| &event.id).collect();
    assert_eq!(ids.len(), 3, "{events:?}");

    // Another session spells the keys differently, and that alone is no change.
    for _session in 0..2 {
        stage.provider.expire_tokens();
        stage.settle(&instance).await?;
    }
    assert_eq!(stage.receiver.events().len(), 3);
    stage.provider.next_second().await?;
    stage.provider.expire_tokens();
    stage.provider.edit(&key, json!({ "Position": "Owner" }))?;
    stage.settle(&instance).await?;
    let events = stage.receiver.events();
    assert_eq!(events.len(), 4);
    // The id is in the session's spelling, and the hub takes it.
    let object = &events[3].object;
    let read = stage
        .api
        .element(&instance.token)
        .get(&format!("/contacts/{object}"))
        .await?
        .ok()?;
    assert_eq!(read["Position"], "Owner");
    Ok(())
}

/// The published contacts poller with this page size.
fn contacts_by(page_size: u32) -> Value {
    let contacts = json!({
        "url": "/hubs/crm/contacts?where=LastModifyDate>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}'", "idField": "Key",
        "datesConfiguration": { "updatedDateField": "LastModifyDate", "updatedDateFormat": "yyyy-MM-dd'T'HH:mm:ssXXX" },
        "pageSize": page_size,
    });
    json!({ "event.poller.configuration": { "contacts": contacts } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_with_more_rows_than_a_page_loses_none() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance_with(contacts_by(5)).await?;
    stage.poll(&instance).await?;
    let second = stage.provider.now();
    let mut keys = BTreeSet::new();
    for number in 0..23 {
        let contact = json!({ "LastName": format!("Crowd {number}"), "CreationDate": second, "LastModifyDate": second });
        keys.insert(stage.provider.contact_with(contact)?);
    }
    stage.provider.next_second().await?;
    for number in 0..7 {
        keys.insert(stage.provider.contact(&format!("Later {number}"))?);
    }
    stage.settle(&instance).await?;
    stage.settle(&instance).await?;
    let told: Vec<_> = stage
        .receiver
        .events()
        .into_iter()
        .map(|event| event.object)
        .collect();
    assert_eq!(told.len(), 30, "each once");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), keys);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_shift_while_they_are_read_lose_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance_with(contacts_by(5)).await?;
    stage.poll(&instance).await?;
    let now = stage.provider.clock().now();
    let mut keys = BTreeSet::new();
    // Dates that differ, all after the instance was made, and some equal ones.
    for number in 0..24_i64 {
        let at = (now + chrono::TimeDelta::seconds(number / 2)).format("%Y-%m-%dT%H:%M:%SZ");
        let contact = json!({ "LastName": format!("Row {number}"), "CreationDate": at.to_string(), "LastModifyDate": at.to_string() });
        keys.insert(stage.provider.contact_with(contact)?);
    }
    // Every walk loses a row of the page before, or has it moved to the end, as often as it reads a second page.
    stage
        .provider
        .set_fault("page-shift", json!({ "action": "touch", "when": {} }))?;
    stage.settle(&instance).await?;
    stage.settle(&instance).await?;
    stage.provider.set_fault("page-shift", Value::Null)?;
    stage.settle(&instance).await?;
    let events = stage.receiver.events();
    let told: BTreeSet<_> = events.iter().map(|event| event.object.clone()).collect();
    assert_eq!(told, keys);
    each_change_has_one_id(&events);
    Ok(())
}

fn each_change_has_one_id(events: &[periodic_tests::Event]) {
    let mut changes: Vec<_> = events
        .iter()
        .map(|event| (&event.object, &event.date, &event.kind, &event.id))
        .collect();
    changes.sort();
    changes.dedup();
    let ids = changes.len();
    changes.dedup_by_key(|(object, date, kind, _)| (*object, *date, *kind));
    assert_eq!(ids, changes.len(), "a change has two ids: {events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_show_late_are_told_when_they_show() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage
        .provider
        .set_fault("late-visible", json!({ "seconds": 3 }))?;
    let instance = stage.instance().await?;
    let late = stage.provider.contact("Late")?;
    stage.poll(&instance).await?;
    assert_eq!(stage.receiver.events(), [], "it does not show yet");
    stage.receiver.expect("CREATED", &late).await?;
    stage.provider.edit(&late, json!({ "Position": "Guide" }))?;
    stage.poll(&instance).await?;
    assert_eq!(stage.receiver.events().len(), 1, "its edit does not show yet");
    stage.receiver.expect("UPDATED", &late).await?;
    stage.settle(&instance).await?;
    assert_eq!(stage.receiver.events().len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_resource_is_polled_on_demand() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let resources = json!({
        "event.poller.refresh_interval": "1000", "event.poller.configuration": { "contacts": {}, "companies": {} },
    });
    let instance = stage.instance_with(resources).await?;
    let path = format!("/instances/{}", instance.id);
    let polls = format!("{path}/polls");
    stage.poll(&instance).await?;
    let counted = async |resource: &str| {
        let done = stage
            .api
            .get(&format!("{polls}?resource={resource}"))
            .await?
            .ok()?;
        anyhow::Ok(done.as_array().map_or(0, Vec::len))
    };
    let (contacts, companies) = (counted("contacts").await?, counted("companies").await?);
    let before = stage.pollers(&instance).await?;
    let key = stage.provider.contact("Chung")?;
    let one = json!({ "resource": "contacts" });
    stage.api.post(&polls, &one).await?.ok()?;
    stage.receiver.expect("CREATED", &key).await?;
    assert_eq!(counted("contacts").await?, contacts + 1);
    assert_eq!(counted("companies").await?, companies);
    // When all are due has not changed.
    let after = stage.pollers(&instance).await?;
    assert_eq!(after[0]["nextRun"], before[0]["nextRun"]);

    let contacts = format!("{path}/pollers/contacts");
    let rest = json!({ "paused": true });
    stage.api.patch(&contacts, &rest).await?.ok()?;
    stage
        .api
        .post(&polls, &one)
        .await?
        .refused(409, &["contacts", "paused"])?;
    stage.api.delete(&format!("{path}/enabled")).await?;
    for polls in [&polls, &format!("{polls}/preview")] {
        for body in [json!({}), json!({ "resource": "companies" })] {
            let disabled = stage.api.post(polls, &body).await?;
            disabled.refused(409, &["is disabled"])?;
        }
    }
    Ok(())
}
