//! Common objects: definitions and transformations at their levels, and records on their way through them.

use anyhow::Context as _;
use periodic_tests::{Api, Home, Instance, Stage, keys};
use reqwest::Method;
use serde_json::{Value, json};

/// The published transformation, of an instance's level.
fn published() -> Value {
    json!({
        "fields": [{
            "type": "string", "path": "accId", "vendorPath": "oneId", "associatedLevel": "account",
        }],
        "level": "instance",
        "objectName": "",
        "vendorName": "companies",
        "configuration": [
            { "type": "passThrough", "properties": { "fromVendor": false, "toVendor": false } },
            { "type": "inherit" },
        ],
    })
}

/// People made of contacts.
fn people() -> Value {
    json!({
        "vendorName": "contacts",
        "fields": [
            { "path": "id", "type": "string", "vendorPath": "Key" },
            { "path": "name.last", "vendorPath": "LastName" },
            { "path": "title", "vendorPath": "Position" },
            { "path": "changed", "type": "date", "vendorPath": "LastModifyDate" },
        ],
        "configuration": [{ "type": "passThrough", "properties": { "fromVendor": false, "toVendor": false } }],
    })
}

async fn put(api: &Api, path: &str, body: &Value) -> anyhow::Result<Value> {
    let body = Some(serde_json::to_vec(body)?);
    api.call(Method::PUT, path, body).await?.ok()
}

async fn silent(stage: &Stage) -> anyhow::Result<Instance> {
    stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_kept_at_each_level() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = silent(&stage).await?;
    let account = stage.api.get("/accounts").await?.ok()?[0]["id"].clone();
    let token = stage.api.element(&instance.token);
    let definition = json!({ "name": "foo", "fields": [
        { "path": "id", "type": "number" }, { "path": "address.street", "type": "string" }, { "path": "phones[*].nr" },
    ] });
    let levels = [
        (&stage.api, "/organizations".to_owned(), "organization"),
        (&stage.api, "/accounts".to_owned(), "account"),
        (&stage.api, format!("/instances/{}", instance.id), "instance"),
    ];
    for (api, prefix, level) in &levels {
        let path = format!("{prefix}/objects/foo/definitions");
        api.get(&path).await?.refused(404, &["foo", level])?;
        let made = api.post(&path, &definition).await?.ok()?;
        assert_eq!((&made["name"], &made["level"]), (&json!("foo"), &json!(level)));
        let expected = json!({ "type": "number", "path": "id", "associatedLevel": level });
        assert_eq!(made["fields"][0], expected);
        assert_eq!(made["fields"].as_array().map(Vec::len), Some(3));
        assert_eq!(api.get(&path).await?.ok()?, made);
        api.post(&path, &definition).await?.refused(409, &["taken"])?;
        let empty = Some(Vec::new());
        api.call(Method::POST, &format!("{prefix}/objects/bar/definitions"), empty)
            .await?
            .refused(400, &["fields"])?;
        api.post(&format!("{prefix}/objects/bar/definitions"), &json!({}))
            .await?
            .refused(400, &["fields"])?;
        let nested = json!({ "fields": [{ "path": "a..b" }] });
        api.post(&format!("{prefix}/objects/bar/definitions"), &nested)
            .await?
            .refused(400, &["fields[0].path"])?;
        let changed = put(api, &path, &json!({ "fields": [{ "path": level }] })).await?;
        assert_eq!(
            changed["fields"],
            json!([{ "type": "string", "path": level, "associatedLevel": level }])
        );
        let missing = Some(definition.to_string().into_bytes());
        api.call(Method::PUT, &format!("{prefix}/objects/bar/definitions"), missing)
            .await?
            .refused(404, &[])?;
    }
    // Each level shows its own, by whatever way it is addressed.
    let by_id = stage
        .api
        .get(&format!("/accounts/{account}/objects/foo/definitions"))
        .await?
        .ok()?;
    assert_eq!(by_id["fields"][0]["path"], json!("account"));
    let by_token = token.get("/instances/objects/foo/definitions").await?.ok()?;
    assert_eq!(by_token["fields"][0]["path"], json!("instance"));
    let all = token.get("/instances/objects/definitions").await?.ok()?;
    assert_eq!(all, json!({ "foo": by_token }));
    let common = stage.api.get("/common-resources").await?.ok()?;
    assert_eq!(
        (&common[0]["name"], common[0]["fields"].as_array().map(Vec::len)),
        (&json!("foo"), Some(2))
    );
    stage
        .api
        .get("/accounts/4711/objects/foo/definitions")
        .await?
        .refused(404, &["account"])?;

    // Several at once are made all or not at all.
    let several = json!({ "baz": { "fields": [{ "path": "id" }] }, "foo": { "fields": [{ "path": "id" }] } });
    let path = "/organizations/objects/definitions";
    stage.api.post(path, &several).await?.refused(409, &[])?;
    assert_eq!(keys(&stage.api.get(path).await?.ok()?), ["foo"]);
    stage
        .api
        .delete("/organizations/objects/foo/definitions")
        .await?
        .ok()?;
    stage.api.post(path, &several).await?.ok()?;
    assert_eq!(keys(&stage.api.get(path).await?.ok()?), ["baz", "foo"]);
    let gone = stage.api.delete(path).await?;
    assert_eq!((gone.status, gone.text.as_str()), (200, ""));
    stage.api.get(path).await?.refused(404, &["organization"])?;
    stage
        .api
        .delete("/organizations/objects/foo/definitions")
        .await?
        .refused(404, &["foo"])?;
    assert_eq!(
        token.get("/instances/objects/foo/definitions").await?.ok()?,
        by_token
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn transformations_inherit_upward() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let instance = silent(&stage).await?;
    let api = stage.api.clone();
    let path = format!("/instances/{}/transformations/accounts2", instance.id);
    let made = api.post(&path, &published()).await?.ok()?;
    let mut expected = published();
    expected["objectName"] = json!("accounts2");
    expected["fields"][0]["level"] = json!("instance");
    for member in ["fields", "level", "objectName", "vendorName", "configuration"] {
        assert_eq!(made[member], expected[member], "{member}");
    }
    api.post(&path, &published()).await?.refused(409, &[])?;
    api.post(&format!("{path}3"), &json!({}))
        .await?
        .refused(400, &["vendorName"])?;
    let mut scripted = published();
    scripted["script"] = json!({ "body": "done({})", "mimeType": "application/javascript" });
    api.post(&format!("{path}3"), &scripted)
        .await?
        .refused(400, &["script", "JavaScript"])?;
    let mut unknown = published();
    unknown["configuration"][0]["type"] = json!("teleport");
    api.post(&format!("{path}3"), &unknown)
        .await?
        .refused(400, &["configuration[0]", "teleport", "passThrough"])?;

    // What is above is inherited, and shown with its level; what comes back of it is not taken for the level's own.
    let above = json!({ "vendorName": "contacts", "fields": [
        { "path": "id", "vendorPath": "Key" }, { "path": "accId", "vendorPath": "Other" },
    ] });
    for keyed in [
        "maximizer",
        &api.get("/elements/maximizer").await?.ok()?["id"].to_string(),
    ] {
        let path = format!("/organizations/elements/{keyed}/transformations/accounts2");
        api.post(&path, &above).await?.ok()?;
        assert_eq!(
            keys(&api.get(&path.replace("/accounts2", "")).await?.ok()?),
            ["accounts2"]
        );
        if keyed != "maximizer" {
            continue;
        }
        api.delete(&path).await?.ok()?;
        api.get(&path).await?.refused(404, &["accounts2"])?;
    }
    api.get("/organizations/elements/nobody/transformations/accounts2")
        .await?
        .refused(404, &["nobody"])?;
    let shown = api.get(&path).await?.ok()?;
    let fields = |shown: &Value| -> Vec<String> {
        let fields = shown["fields"].as_array().into_iter().flatten();
        let text = |field: &Value, member: &str| field[member].as_str().unwrap_or_default().to_owned();
        fields
            .map(|field| {
                format!(
                    "{} {} {}",
                    text(field, "level"),
                    text(field, "path"),
                    text(field, "vendorPath")
                )
            })
            .collect()
    };
    assert_eq!(fields(&shown), ["instance accId oneId", "organization id Key"]);
    assert_eq!(shown["vendorName"], json!("companies"));
    let mut back = shown.clone();
    back["fields"][0]["vendorPath"] = json!("twoId");
    assert_eq!(
        fields(&put(&api, &path, &back).await?),
        ["instance accId twoId", "organization id Key"]
    );
    api.delete("/organizations/elements/maximizer/transformations/accounts2")
        .await?
        .ok()?;
    assert_eq!(fields(&api.get(&path).await?.ok()?), ["instance accId twoId"]);

    // They outlast the process.
    stage.stop().await?;
    stage.start().await?;
    let token = stage.api.element(&instance.token);
    assert_eq!(
        fields(&token.get("/instances/transformations/accounts2").await?.ok()?),
        ["instance accId twoId"]
    );

    // Another name, at the instance's own level.
    let renamed = token
        .patch("/instances/objects/accounts2", &json!({ "name": "firms" }))
        .await?;
    assert_eq!(renamed.ok()?["name"], json!("firms"));
    assert_eq!(
        keys(&token.get("/instances/transformations").await?.ok()?),
        ["firms"]
    );
    token
        .patch("/instances/objects/accounts2", &json!({ "name": "firms" }))
        .await?
        .refused(404, &[])?;
    token
        .patch("/instances/objects/firms", &json!({ "name": "a/b" }))
        .await?
        .refused(400, &["a/b"])?;
    token.delete("/instances/transformations").await?.ok()?;
    token
        .get("/instances/transformations")
        .await?
        .refused(404, &["instance"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_belong_to_their_own() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = silent(&stage).await?;
    stage
        .api
        .post(
            "/organizations/elements/maximizer/transformations/people",
            &people(),
        )
        .await?
        .ok()?;
    let body = json!({ "name": "Strangers", "user": { "email": "eve@strangers.example" } });
    let stranger = stage.api.post("/organizations", &body).await?.ok()?;
    let secret = |value: &Value| value.as_str().map(str::to_owned).context("a secret");
    let (user, organization) = (secret(&stranger["user"]["secret"])?, secret(&stranger["secret"])?);
    let header = format!("User {user}, Organization {organization}");
    let stranger = stage.api.authorized(Some(&header));
    for path in [
        "/organizations/elements/maximizer/transformations/people",
        "/organizations/elements/maximizer/transformations",
        &format!("/instances/{}/transformations/people", instance.id),
    ] {
        stranger.get(path).await?.refused(404, &[])?;
    }
    assert_eq!(stranger.get("/common-resources").await?.ok()?, json!([]));
    // The same name means something else there.
    let own = json!({ "vendorName": "companies" });
    stranger
        .post("/organizations/elements/maximizer/transformations/people", &own)
        .await?
        .ok()?;
    let people = stage
        .api
        .element(&instance.token)
        .get("/people?pageSize=1")
        .await?
        .ok()?;
    assert_eq!(people.as_array().map(Vec::len), Some(1));

    // A member looks at what the organization has, and changes what its account has.
    let body = json!({ "email": "member@example.com" });
    let member = secret(&stage.api.post("/users", &body).await?.ok()?["secret"])?;
    let header = format!(
        "User {member}, Organization {}",
        periodic_tests::ORGANIZATION_SECRET
    );
    let member = stage.api.authorized(Some(&header));
    let path = "/organizations/elements/maximizer/transformations/people";
    member.get(path).await?.ok()?;
    member.delete(path).await?.refused(403, &["administrators"])?;
    member
        .post(
            "/organizations/objects/people/definitions",
            &json!({ "fields": [{ "path": "id" }] }),
        )
        .await?
        .refused(403, &["administrators"])?;
    member
        .post(
            "/accounts/objects/people/definitions",
            &json!({ "fields": [{ "path": "id" }] }),
        )
        .await?
        .ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_read_as_common_objects() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = silent(&stage).await?;
    let api = stage.api.element(&instance.token);
    let mut ids = Vec::new();
    for name in ["Adams", "Baker", "Clark"] {
        let contact = json!({ "LastName": name, "Position": "Tester" });
        ids.push(stage.provider.contact_with(contact)?);
    }
    api.get("/hubs/crm/people").await?.refused(404, &["people"])?;
    api.post("/instances/transformations/people", &people())
        .await?
        .ok()?;

    let query = "where=title='Tester'&orderBy=name.last desc&pageSize=2";
    let answer = api.get(&format!("/hubs/crm/people?{query}")).await?;
    assert_eq!(answer.header("elements-returned-count"), "2");
    assert_eq!(
        answer.header("elements-element-instance-id"),
        instance.id.to_string()
    );
    let next = answer.header("elements-next-page-token").to_owned();
    let first = answer.ok()?;
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.map(|item| item["name"]["last"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(names(&first), ["Clark", "Baker"]);
    assert_eq!(keys(&first[0]), ["id", "name", "title", "changed"]);
    assert_eq!(first[0]["id"], json!(ids[2]));
    assert!(
        first[0]["changed"]
            .as_str()
            .is_some_and(|text| text.ends_with('Z')),
        "{first}"
    );
    let second = api.get(&format!("/people?{query}&nextPage={next}")).await?;
    assert_eq!(second.header("elements-next-page-token"), "");
    assert_eq!(names(&second.ok()?), ["Adams"]);

    // One of them, by the id that events tell, and exactly the fields that are asked for.
    let one = api
        .get(&format!("/people/{}?fields=title, name.last", ids[0]))
        .await?
        .ok()?;
    assert_eq!(one, json!({ "name": { "last": "Adams" }, "title": "Tester" }));
    let selected = api
        .get("/query?q=select id, title from people where name.last = 'Baker'")
        .await?
        .ok()?;
    assert_eq!(selected, json!([{ "id": ids[1], "title": "Tester" }]));
    for (query, needles) in [
        (
            "where=LastName='Adams'",
            ["where", "LastName", "id, name.last, title, changed"],
        ),
        ("fields=LastName", ["fields", "LastName", "people"]),
        ("orderBy=Position", ["orderBy", "Position", "people"]),
        ("where=title=", ["where", "expected", "value"]),
    ] {
        api.get(&format!("/people?{query}"))
            .await?
            .refused(400, &needles)?;
    }

    // The resource itself stays what it is, unless the object has its name.
    let raw = api.get(&format!("/contacts/{}", ids[0])).await?.ok()?;
    assert_eq!(raw["LastName"], json!("Adams"));
    assert_eq!(raw["id"], Value::Null);
    let open = json!({ "fields": [{ "path": "id", "vendorPath": "Key" }] });
    api.post("/instances/transformations/contacts", &open)
        .await?
        .ok()?;
    let opened = api.get(&format!("/contacts/{}", ids[0])).await?.ok()?;
    assert_eq!(
        (&opened["id"], &opened["Key"], &opened["LastName"]),
        (&json!(ids[0]), &Value::Null, &json!("Adams"))
    );
    api.delete("/instances/transformations/contacts").await?.ok()?;
    assert_eq!(api.get(&format!("/contacts/{}", ids[0])).await?.ok()?, raw);

    // What is made of nothing says so.
    api.post(
        "/instances/transformations/ghosts",
        &json!({ "vendorName": "spirits" }),
    )
    .await?
    .ok()?;
    api.get("/ghosts")
        .await?
        .refused(404, &["ghosts", "spirits", "vendorName"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_tells_its_common_objects() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = silent(&stage).await?;
    let api = stage.api.element(&instance.token);
    let before = api.get("/objects").await?.ok()?;
    api.post("/instances/transformations/people", &people())
        .await?
        .ok()?;
    let names = api.get("/objects").await?.ok()?;
    let mut expected = before.as_array().cloned().unwrap_or_default();
    expected.push(json!("people"));
    assert_eq!(names, Value::Array(expected));
    let helium = api
        .with("elements-version", "Helium")
        .get("/objects")
        .await?
        .ok()?;
    let helium = helium.as_array().context("an array")?;
    let entry = json!({ "name": "people", "vendorName": "contacts", "type": "vdr" });
    assert!(helium.contains(&entry), "{helium:?}");

    let metadata = api.get("/hubs/crm/objects/people/metadata").await?.ok()?;
    assert_eq!(
        metadata["fields"][1],
        json!({ "type": "string", "path": "name.last", "vendorPath": "LastName" })
    );
    let docs = api.get("/objects/people/docs").await?.ok()?;
    assert_eq!(keys(&docs["paths"]), ["/people", "/people/{objectId}"]);
    let whole = api.get("/instances/docs").await?.ok()?;
    let schema = &whole["definitions"]["people"]["properties"];
    assert_eq!(keys(schema), ["id", "name", "title", "changed"]);
    assert_eq!(
        whole["paths"]["/people/{objectId}"],
        docs["paths"]["/people/{objectId}"]
    );
    let one = api.get("/instances/docs/list:people").await?.ok()?;
    assert_eq!(one["path"], json!("/people"));
    let element = api.get("/elements/maximizer").await?.ok()?;
    assert_eq!(element["transformationsEnabled"], json!(true));
    let others = stage.api.get("/elements/maximizer/docs").await?.ok()?;
    assert_eq!(others["paths"]["/people"], Value::Null);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn common_objects_are_written() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let api = stage.api.element(&instance.token);
    let mut open = people();
    open["configuration"] = json!(null);
    open["fields"]
        .as_array_mut()
        .context("fields")?
        .push(json!({ "path": "letters", "vendorPath": "LastName[*].size()" }));
    api.post("/instances/transformations/people", &open).await?.ok()?;

    // What is not mapped goes through; what cannot be written is ignored and told.
    let company = json!({ "CompanyName": "Sunrise Adventures", "Type": "Company" });
    let company = api.post("/hubs/crm/companies", &company).await?.ok()?;
    let body = json!({
        "name": { "last": "Chung" }, "title": "Guide", "letters": 5,
        "FirstName": "Ann", "Type": "Contact", "ParentKey": company["Key"],
    });
    let made = api.post("/hubs/crm/people", &body).await?;
    assert_eq!(made.header("elements-error"), "fields ignored: letters");
    let made = made.ok()?;
    assert_eq!(
        (&made["name"]["last"], &made["title"]),
        (&json!("Chung"), &json!("Guide"))
    );
    let id = made["id"].as_str().context("an id")?;
    let raw = api.get(&format!("/contacts/{id}")).await?.ok()?;
    assert_eq!(
        (&raw["LastName"], &raw["FirstName"]),
        (&json!("Chung"), &json!("Ann"))
    );

    // Events tell the provider's record, and the object is fetched by the id that they tell.
    let event = stage.receiver.expect("CREATED", id).await?;
    assert_eq!(event.resource, "contacts");
    let received = stage.receiver.received();
    let told = &received.last().context("a delivery")?.body["message"]["raw"]["contacts"];
    assert!(told.to_string().contains("\"LastName\":\"Chung\""), "{told}");
    assert_eq!(
        api.get(&format!("/people/{id}")).await?.ok()?["name"]["last"],
        json!("Chung")
    );

    put(&api, "/instances/transformations/people", &people()).await?;
    stage.provider.next_second().await?;
    let changed = api
        .patch(
            &format!("/people/{id}"),
            &json!({ "title": "Leader", "FirstName": "Bea" }),
        )
        .await?;
    assert_eq!(changed.header("elements-error"), "fields ignored: FirstName");
    changed.ok()?;
    let raw = api.get(&format!("/contacts/{id}")).await?.ok()?;
    assert_eq!(
        (&raw["Position"], &raw["FirstName"]),
        (&json!("Leader"), &json!("Ann"))
    );

    api.delete(&format!("/people/{id}")).await?.ok()?;
    api.get(&format!("/people/{id}")).await?.refused(404, &[])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_set_show_and_remove_them() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let url = stage.host()?.url().to_owned();
    let home = Home::bare()?
        .variable("PERIODIC_USER_SECRET", periodic_tests::USER_SECRET)
        .variable(
            "PERIODIC_ORGANIZATION_SECRET",
            periodic_tests::ORGANIZATION_SECRET,
        );
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("people.json");
    std::fs::write(&file, people().to_string())?;
    let file = file.to_str().context("a path")?;
    let run = async |words: &str| {
        let mut words: Vec<&str> = words.split(' ').collect();
        words.extend(["--host", &url]);
        home.run_bare(&words).await
    };
    for (words, needle) in [
        (
            format!("transformations set --element maximizer people {file}"),
            "contacts",
        ),
        (
            format!("transformations set --element maximizer people {file}"),
            "contacts",
        ),
        (
            "transformations list --element maximizer".to_owned(),
            "id, name.last, title, changed",
        ),
        (
            "transformations show --element maximizer people".to_owned(),
            "organization",
        ),
        (format!("objects set --account people {file}"), "account"),
        ("objects list --account".to_owned(), "people"),
        ("objects delete --account people".to_owned(), "people is removed"),
        (
            "transformations delete --element maximizer people".to_owned(),
            "people is removed",
        ),
    ] {
        let output = run(&words).await?;
        let told = format!("{words}: {} {}", output.stdout, output.stderr);
        assert!(output.stdout.contains(needle), "{told}");
    }
    let gone = run("transformations show --element maximizer people").await?;
    assert!(
        gone.stderr.contains("there is no transformation \"people\""),
        "{}",
        gone.stderr
    );
    Ok(())
}
