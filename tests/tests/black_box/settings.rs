//! Settings, their sources, and what goes wrong at the start.

use anyhow::Context as _;
use periodic_tests::{Api, Home, Needle, ORGANIZATION_SECRET, Output, Provider, USER_SECRET, search_folder};
use serde_json::{Value, json};

/// A setting of `config show --json`: its value and its source.
fn setting(output: &Output, name: &str) -> anyhow::Result<(String, String)> {
    let rows: Value = serde_json::from_str(&output.stdout).with_context(|| output.stderr.clone())?;
    let mut rows = rows.as_array().cloned().unwrap_or_default().into_iter();
    let row = rows.find(|row| row["setting"] == name);
    let row = row.with_context(|| format!("no {name} in {}", output.stdout))?;
    let text = |member: &str| row[member].as_str().unwrap_or_default().to_owned();
    Ok((text("value"), text("source")))
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_shown_with_their_sources() -> anyhow::Result<()> {
    let home = Home::bare()?
        .variable("PERIODIC_MIN_POLL_INTERVAL", "3m")
        .variable("PERIODIC_RETENTION", "2d")
        .variable("PERIODIC_EGRESS_ALLOW", "10.0.0.0/8, 127.0.0.1")
        .set("min-poll-interval", "2m")
        .set(
            "element-default",
            "maximizer.maximizer.url=http://127.0.0.1/octopus",
        );
    std::fs::write(
        home.path().join("periodic.toml"),
        "min_poll_interval = \"5m\"\nretention = \"1d\"\n\n[delivery]\ntimeout = \"7s\"\n\n\
         [elements.maximizer.configuration]\nmaximizer.datacenter = \"ukw\"\noauth.api.secret = \"t0p-s3cr3t\"\n",
    )?;
    let shown = home.run(&["config", "show", "--json"]).await?;
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    for (name, value, source) in [
        ("min_poll_interval", "2m", "command line"),
        ("retention", "2d", "environment variable PERIODIC_RETENTION"),
        ("delivery.timeout", "7s", "periodic.toml"),
        ("delivery.schedule", "cloud-elements", "default"),
        ("listen", "127.0.0.1:8080", "default"),
        (
            "egress.allow",
            "10.0.0.0/8, 127.0.0.1",
            "environment variable PERIODIC_EGRESS_ALLOW",
        ),
        (
            "elements.maximizer.configuration.maximizer.datacenter",
            "ukw",
            "periodic.toml",
        ),
        (
            "elements.maximizer.configuration.maximizer.url",
            "http://127.0.0.1/octopus",
            "command line",
        ),
        (
            "elements.maximizer.configuration.oauth.api.secret",
            "********",
            "periodic.toml",
        ),
    ] {
        let found = setting(&shown, name)?;
        assert_eq!(found.0, value, "{name}");
        assert!(found.1.ends_with(source), "{name}: {found:?}");
    }
    assert!(!shown.stdout.contains("t0p-s3cr3t"));
    let table = home.run(&["config", "show"]).await?;
    assert!(
        table.stdout.contains("SETTING") && table.stdout.contains("environment variable PERIODIC_RETENTION"),
        "{}",
        table.stdout
    );
    assert!(!table.stdout.contains("t0p-s3cr3t"));
    // A settings file that is named has to be there; one that is not is looked for.
    let other = home.path().join("other.toml");
    std::fs::write(&other, "retention = \"9d\"\n[delivery]\ntimeout = \"9s\"\n")?;
    let shown = home
        .run(&["config", "show", "--json", "--config", &other.to_string_lossy()])
        .await?;
    assert_eq!(setting(&shown, "delivery.timeout")?.0, "9s");
    assert_eq!(setting(&shown, "retention")?.0, "2d");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_refused_with_their_source() -> anyhow::Result<()> {
    let bare = || Home::bare();
    let file = |text: &str| -> anyhow::Result<Home> {
        let home = Home::bare()?;
        std::fs::write(home.path().join("periodic.toml"), text)?;
        Ok(home)
    };
    let cases: Vec<(Home, i32, &[&str])> = vec![
        (
            file("min_poll_interval = 15\n")?,
            1,
            &["periodic.toml", "min_poll_interval", "15"],
        ),
        (
            file("min_pol_interval = \"1m\"\n")?,
            1,
            &["periodic.toml", "min_pol_interval"],
        ),
        (
            file("[delivery]\ntimeout = \"soon\"\n")?,
            1,
            &["periodic.toml", "delivery.timeout", "soon"],
        ),
        (file("retention =\n")?, 1, &["periodic.toml"]),
        (
            file("adapters = \"/srv/adapters\"\n")?,
            1,
            &[
                "periodic.toml",
                "setting adapters",
                "adapters.folder = \"/srv/adapters\"",
            ],
        ),
        (
            file("[adapters]\nsignatures = \"always\"\n")?,
            1,
            &["periodic.toml", "adapters.signatures", "always", "require"],
        ),
        (
            bare()?.variable("PERIODIC_DELIVERY_TIMEOUT", "soon"),
            1,
            &["PERIODIC_DELIVERY_TIMEOUT", "soon"],
        ),
        (
            bare()?.variable("PERIODIC_EGRESS_ALLOW", "1.2.3.4.5"),
            1,
            &["PERIODIC_EGRESS_ALLOW", "1.2.3.4.5"],
        ),
        (
            bare()?.variable("PERIODIC_LISTEN", "here"),
            1,
            &["PERIODIC_LISTEN", "address"],
        ),
        (
            bare()?.set("min-poll-interval", "soon"),
            2,
            &["--min-poll-interval", "soon"],
        ),
        (bare()?.set("listen", "here"), 2, &["--listen", "here"]),
        (bare()?.set("egress-allow", "all"), 2, &["--egress-allow", "all"]),
        (
            bare()?.set("element-default", "nonsense"),
            1,
            &["nonsense", "ELEMENT.KEY=VALUE"],
        ),
        (bare()?.set("config", "missing.toml"), 1, &["missing.toml"]),
        (bare()?.set("nonsense", "x"), 2, &["--nonsense"]),
    ];
    for (home, code, needles) in cases {
        let output = home.run(&["config", "show"]).await?;
        assert_eq!(output.code, Some(code), "{needles:?}: {}", output.stderr);
        for needle in needles {
            assert!(output.stderr.contains(needle), "{needle:?} in {}", output.stderr);
        }
        assert_eq!(output.stdout, "", "{needles:?}");
    }
    let usage = bare()?.run(&["fly"]).await?;
    assert_eq!(usage.code, Some(2), "{}", usage.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_secrets_are_told_once_and_stored_as_digests() -> anyhow::Result<()> {
    let fresh = || -> anyhow::Result<Home> {
        Ok(Home::new()?
            .without_variable("PERIODIC_USER_SECRET")
            .without_variable("PERIODIC_ORGANIZATION_SECRET"))
    };
    // Those that somebody chose are hard to guess, and a header can bring them.
    for weak in ["short", "with spaces in it", "with,commas,in,it"] {
        let refused = Home::new()?
            .variable("PERIODIC_USER_SECRET", weak)
            .run(&["init"])
            .await?;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{weak}");
        let told = ["PERIODIC_USER_SECRET", "at least 12 characters"];
        assert!(
            told.iter().all(|told| refused.stderr.contains(told)),
            "{}",
            refused.stderr
        );
    }
    // By init.
    let home = fresh()?;
    let made = home.run(&["init", "--json"]).await?;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let secrets: Value = serde_json::from_str(&made.stdout)?;
    let user = secrets["userSecret"].as_str().context("a text")?;
    let organization = secrets["organizationSecret"].as_str().context("a text")?;
    let again = home.run(&["init", "--json"]).await?;
    assert_eq!((again.code, again.stdout.as_str()), (Some(1), ""));
    assert!(again.stderr.contains("initialised already"), "{}", again.stderr);
    let host = home.start().await?;
    assert!(!host.output().contains(user), "they are told once");
    let header = format!("User {user}, Organization {organization}");
    let api = Api::new(host.url())?;
    api.authorized(Some(&header)).get("/instances").await?.ok()?;
    api.get("/instances").await?.refused(401, &[])?;
    let needles = [
        Needle::new("user", user),
        Needle::new("organization", organization),
    ];
    assert_eq!(search_folder(&needles, &home.data())?, Vec::<String>::new());

    // Two hosts on one data folder, and two on one port.
    let second = home.run(&["run"]).await?;
    assert_eq!(second.code, Some(1));
    assert!(
        second.stderr.contains("in use by another host"),
        "{}",
        second.stderr
    );
    let address = host.url().trim_start_matches("http://").to_owned();
    let taken = Home::new()?.set("listen", &address).run(&["run"]).await?;
    assert_eq!(taken.code, Some(1));
    for needle in [address.as_str(), "setting listen"] {
        assert!(taken.stderr.contains(needle), "{}", taken.stderr);
    }
    drop(host);

    // By the first run; the second says nothing.
    let home = fresh()?;
    let host = home.start().await?;
    let output = host.output();
    let line = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("Authorization: "));
    let header = line.context("the header to send is shown")?;
    Api::new(host.url())?
        .authorized(Some(header))
        .get("/instances")
        .await?
        .ok()?;
    host.kill().await?;
    let host = home.start().await?;
    assert!(!host.output().contains("Authorization"), "{}", host.output());
    Api::new(host.url())?
        .authorized(Some(header))
        .get("/instances")
        .await?
        .ok()?;
    host.kill().await?;

    // From the environment: the same again, or not at all.
    let home = home.variable("PERIODIC_USER_SECRET", USER_SECRET);
    let one = home.run(&["run"]).await?;
    assert_eq!(one.code, Some(1));
    assert!(
        one.stderr.contains("PERIODIC_ORGANIZATION_SECRET"),
        "{}",
        one.stderr
    );
    let home = home.variable("PERIODIC_ORGANIZATION_SECRET", ORGANIZATION_SECRET);
    let other = home.run(&["run"]).await?;
    assert_eq!(other.code, Some(1));
    assert!(other.stderr.contains("another data folder"), "{}", other.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn presets_reach_instances_and_are_overridden_by_them() -> anyhow::Result<()> {
    let (first, second) = (Provider::start().await?, Provider::start().await?);
    let home = Home::new()?;
    std::fs::write(
        home.path().join("periodic.toml"),
        format!(
            "[elements.maximizer.configuration]\nmaximizer.url = \"{0}/octopus\"\n\
             \"maximizer.oauth.url\" = \"{0}/oauth2/CloudElements\"\n\
             oauth.api.key = \"Rand0MAP1-key\"\n\"oauth.api.secret\" = \"fak3AP1-s3Cr3t\"\n",
            first.url()
        ),
    )?;
    let host = home.start().await?;
    let api = Api::new(host.url())?;
    // Neither an address nor a client: both are the operator's.
    let request = json!({
        "element": { "key": "maximizer" }, "providerData": { "code": first.code().await? },
        "configuration": { "oauth.callback.url": periodic_tests::CALLBACK }, "name": "Preset",
    });
    let preset = api.post("/instances", &request).await?.ok()?;
    assert!(!preset.to_string().contains("fak3AP1"), "{preset}");
    assert_eq!(preset["tags"], json!(["Preset"]), "without tags the name is one");
    let token = preset["token"].as_str().context("a token")?;
    api.element(token).get("/contacts").await?.ok()?;

    let mut request = request;
    request["providerData"]["code"] = json!(second.code().await?);
    request["configuration"]["maximizer.url"] = json!(format!("{}/octopus", second.url()));
    request["configuration"]["maximizer.oauth.url"] = json!(format!("{}/oauth2/CloudElements", second.url()));
    let own = api.post("/instances", &request).await?.ok()?;
    let token = own["token"].as_str().context("a token")?;
    let (before, reads) = (first.requests().len(), second.requests_of("Read").len());
    api.element(token).get("/contacts").await?.ok()?;
    assert_eq!(first.requests().len(), before);
    assert_eq!(second.requests_of("Read").len(), reads + 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_cannot_be_used_are_named() -> anyhow::Result<()> {
    let home = Home::new()?;
    let file = home.path().join("a-file");
    std::fs::write(&file, "no folder")?;
    let file = file.to_string_lossy().into_owned();
    let home = home.set("data", &file);
    for words in [&["run"][..], &["init"]] {
        let output = home.run(words).await?;
        assert_eq!(output.code, Some(1), "{words:?}");
        assert!(output.stderr.contains(&file), "{words:?}: {}", output.stderr);
    }
    let home = Home::new()?.set("adapters", &file);
    let output = home.run(&["run"]).await?;
    assert_eq!(output.code, Some(1));
    for needle in [file.as_str(), "adapters"] {
        assert!(output.stderr.contains(needle), "{}", output.stderr);
    }
    let home = Home::new()?;
    std::fs::create_dir_all(home.data())?;
    std::fs::write(home.data().join("vault.key"), "no key\n")?;
    let output = home.run(&["run"]).await?;
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("vault.key"), "{}", output.stderr);
    let home = Home::new()?.variable("PERIODIC_DELIVERY_SCHEDULE", "never");
    let output = home.run(&["run"]).await?;
    assert_eq!(output.code, Some(1));
    for needle in ["delivery.schedule", "never", "cloud-elements"] {
        assert!(output.stderr.contains(needle), "{needle}: {}", output.stderr);
    }
    Ok(())
}
