//! The command line, which talks to a running host: what it prints for people and for programs, and what it says when
//! something is wrong.

use anyhow::Context as _;
use axum::{Json, Router, http::StatusCode, routing::get};
use periodic_tests::{CLIENT_SECRET, Home, Instance, Output, Stage, binary, keys};
use serde_json::{Value, json};
use tokio::process::Command;

/// An instance that nobody polls unless he is asked to.
async fn quiet(stage: &Stage) -> anyhow::Result<Instance> {
    let configuration = json!({
        "event.poller.refresh_interval": "1000", "event.poller.configuration": { "contacts": {} },
    });
    stage.instance_with(configuration).await
}

/// What a command answers a program.
async fn json(home: &Home, words: &[&str]) -> anyhow::Result<Value> {
    let output = home.run_bare(&[words, &["--json"]].concat()).await?;
    anyhow::ensure!(output.code == Some(0), "{words:?}: {output:?}");
    serde_json::from_str(&output.stdout).with_context(|| format!("{words:?}: {output:?}"))
}

/// What a command that fails tells a program.
fn failure(output: &Output) -> anyhow::Result<Value> {
    assert_ne!(output.code, Some(0), "{output:?}");
    assert_eq!(output.stdout, "", "answers alone go there");
    serde_json::from_str(&output.stderr).with_context(|| format!("{output:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_works_over_the_interface() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage.instance().await?;
    let id = instance.id.to_string();
    stage.provider.contact("Chung")?;
    stage.receiver.expect_requests(1).await?;
    stage.settle(&instance).await?;
    let home = stage.user()?.variable("SECRET", CLIENT_SECRET);
    for (words, needle) in [
        (vec!["instances", "list"], "maximizer"),
        (vec!["instances", "show", &id], "API Instance with Polling"),
        (vec!["pollers", "list", &id], "contacts"),
        (vec!["pollers", "show", &id, "contacts"], "polls"),
        (vec!["pollers", "preview", &id, "contacts"], "events would result"),
        (vec!["events", "list"], "NOTIFIED"),
        (vec!["deliveries", "list", "--status", "delivered"], "delivered"),
        (vec!["deliveries", "replay", "--failed"], "released"),
        (vec!["subscriptions", "list"], "maximizer-events"),
        (vec!["elements", "list"], "oauth2"),
        (vec!["elements", "show", "maximizer"], "oauth.api.key"),
        (vec!["settings", "show"], "notification.webhook.failure.policy"),
        (
            vec!["settings", "set", "notification.webhook.failure.policy=queue"],
            "queue",
        ),
        (vec!["instances", "ping", &id], "maximizer"),
        (
            vec![
                "instances",
                "change",
                &id,
                "--name",
                "Renamed",
                "--tag",
                "a",
                "--set",
                "note=x",
            ],
            "Renamed",
        ),
        (
            vec![
                "instances",
                "change",
                &id,
                "--unset",
                "note",
                "--set-from",
                "oauth.api.secret=SECRET",
            ],
            "Renamed",
        ),
        (vec!["instances", "disable", &id], "is disabled"),
        (vec!["instances", "enable", &id], "is enabled"),
    ] {
        let output = home.run_bare(&words).await?;
        assert!(
            output.stdout.contains(needle),
            "{words:?}: {} {}",
            output.stdout,
            output.stderr
        );
    }
    let output = home.run_bare(&["events", "list", "--json"]).await?;
    let events: Value = serde_json::from_str(&output.stdout)?;
    assert_eq!(events.as_array().map(Vec::len), Some(1));
    let changed = stage.shown(&instance).await?;
    assert_eq!(
        (&changed["tags"], &changed["disabled"]),
        (&json!(["a"]), &json!(false))
    );
    assert!(changed["configuration"].get("note").is_none(), "{changed}");
    // Any key is taken, and the probable slip of the pen is told. What the instance has is known.
    let misspelt = "event.poller.refresh_intervall=30";
    let change = ["instances", "change", &id, "--set", misspelt];
    let output = home.run_bare(&change).await?;
    let told = "warning: event.poller.refresh_intervall is no configuration key of maximizer and none of the host's; did \
                you mean event.poller.refresh_interval?\n";
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (Some(0), told),
        "{}",
        output.stdout
    );
    let output = home.run_bare(&change).await?;
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    for (words, needle) in [
        (vec!["instances", "change", &id], "nothing is to be changed"),
        (
            vec!["settings", "set", "notification.webhook.failure.policy=drop"],
            "retry or queue",
        ),
        (vec!["instances", "webhook", &id], "webhook"),
    ] {
        let output = home.run_bare(&words).await?;
        assert!(
            output.code != Some(0) && output.stderr.contains(needle),
            "{words:?}: {output:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_failures_as_json() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let home = stage.user()?;
    // What the host refuses, it says itself.
    let refused = home.run_bare(&["instances", "show", "999999", "--json"]).await?;
    assert_eq!(refused.code, Some(1));
    let refused = failure(&refused)?;
    assert_eq!(refused["message"], "there is no instance 999999");
    assert_eq!(refused["requestId"].as_str().map(str::len), Some(24), "{refused}");
    assert_eq!(refused["status"], 404);
    // A provider's words are its own.
    let create = ["instances", "create", "maximizer", "--code", "stolen", "--json"];
    let key = format!("oauth.api.secret={CLIENT_SECRET}");
    let more = [
        "--set",
        "oauth.api.key=k",
        "--set",
        &key,
        "--set",
        "oauth.callback.url=https://a.example",
    ];
    let denied = failure(&home.run_bare(&[&create[..], &more].concat()).await?)?;
    assert!(denied["providerMessage"].is_string(), "{denied}");
    assert_eq!(denied["status"], 400);
    // What fails on this side has a message alone.
    let usage = home.run_bare(&["instances", "show", "--json"]).await?;
    assert_eq!(usage.code, Some(2));
    assert!(
        !usage.stderr.contains("--user-secret"),
        "what is set is not missing: {usage:?}"
    );
    let local = [
        (usage, "<ID>"),
        (
            home.run_bare(&["events", "list", "--host", "http://127.0.0.1:1", "--json"])
                .await?,
            "periodic run",
        ),
        (
            Home::bare()?.run_bare(&["users", "list", "--json"]).await?,
            "PERIODIC_USER_SECRET",
        ),
    ];
    for (output, needle) in local {
        let told = failure(&output)?;
        assert_eq!(keys(&told), ["message"]);
        assert!(
            told["message"].as_str().is_some_and(|text| text.contains(needle)),
            "{told}"
        );
    }
    // What was done and has nothing to show is an answer too.
    let id = quiet(&stage).await?.id.to_string();
    let done = json(&home, &["instances", "disable", &id]).await?;
    assert_eq!(done, json!({ "message": format!("instance {id} is disabled") }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_with_nothing_in_it_is_no_failure() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let home = stage.user()?;
    let lists: [(&[&str], &str, Value); 9] = [
        (&["instances", "list"], "periodic instances create", json!([])),
        (
            &["instances", "list", "--search", "x"],
            "periodic elements list",
            json!([]),
        ),
        (
            &["instances", "list", "--unpolled"],
            "periodic instances create",
            json!([]),
        ),
        (&["events", "list"], "periodic pollers list", json!([])),
        (&["deliveries", "list"], "periodic subscriptions list", json!([])),
        (
            &["subscriptions", "list"],
            "periodic subscriptions create",
            json!([]),
        ),
        (
            &["notifications", "list", "t"],
            "periodic subscriptions list",
            json!([]),
        ),
        (&["objects", "list"], "periodic objects set", json!({})),
        (
            &["transformations", "list", "--element", "maximizer"],
            "periodic transformations set",
            json!({}),
        ),
    ];
    for (words, way, nothing) in lists {
        let output = home.run_bare(words).await?;
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(0), ""),
            "{words:?}: {output:?}"
        );
        assert!(output.stderr.contains(way), "{words:?}: {}", output.stderr);
        assert_eq!(json(&home, words).await?, nothing, "{words:?}");
    }
    let whose = home.run_bare(&["transformations", "list"]).await?;
    assert!(
        whose.code == Some(2) && whose.stderr.contains("--element <KEY>|--instance <ID>"),
        "{whose:?}"
    );
    // That there is nothing of what is not there is one.
    for (words, missing) in [
        (
            ["objects", "list", "--instance", "999999"],
            "there is no instance 999999",
        ),
        (
            ["transformations", "list", "--instance", "999999"],
            "there is no instance 999999",
        ),
        (["transformations", "list", "--element", "unicorn"], "unicorn"),
    ] {
        let output = home.run_bare(&words).await?;
        assert_eq!(output.code, Some(1), "{words:?}: {output:?}");
        assert!(output.stderr.contains(missing), "{words:?}: {}", output.stderr);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_pipe_a_row_is_a_line() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = quiet(&stage).await?;
    let home = stage.user()?;
    stage.poll(&instance).await?;
    let id = instance.id.to_string();
    let polls = json(&home, &["polls", "list", &id]).await?;
    let polls = polls.as_array().context("a list")?;
    let listed = home.run_bare(&["polls", "list", &id]).await?;
    assert_eq!(
        listed.stdout.lines().count(),
        1 + polls.len(),
        "{}",
        listed.stdout
    );
    assert!(
        listed.stdout.lines().all(|line| line.trim_end() == line),
        "{:?}",
        listed.stdout
    );
    // Whatever stands in it.
    let address = format!("https://example.com/{}", "a".repeat(130));
    let message = format!("see\n{address}");
    json(&home, &["notifications", "send", "maintenance", &message]).await?;
    let listed = home.run_bare(&["notifications", "list", "maintenance"]).await?;
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
    assert!(
        listed.stdout.contains(&format!("see {address}")),
        "{}",
        listed.stdout
    );
    // What nobody can read in a row is cut.
    let message = "b".repeat(500);
    json(&home, &["notifications", "send", "maintenance", &message]).await?;
    let listed = home.run_bare(&["notifications", "list", "maintenance"]).await?;
    let cut = format!("{}…", "b".repeat(159));
    assert!(listed.stdout.contains(&cut), "{}", listed.stdout);
    assert!(!listed.stdout.contains(&message), "{}", listed.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_page_by_page_or_whole() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let home = stage.user()?;
    for message in ["one", "two", "three"] {
        json(&home, &["notifications", "send", "maintenance", message]).await?;
    }
    let list = ["notifications", "list", "maintenance"];
    let first = home
        .run_bare(&[&list[..], &["--limit", "2", "--json"]].concat())
        .await?;
    let page: Value = serde_json::from_str(&first.stdout)?;
    assert_eq!(
        (&page[0]["message"], &page[1]["message"]),
        (&json!("three"), &json!("two"))
    );
    let mut words = first
        .stderr
        .split_whitespace()
        .skip_while(|word| *word != "--next");
    let next = words.nth(1).context("where it goes on")?.trim_end_matches(',');
    let rest = json(&home, &[&list[..], &["--next", next]].concat()).await?;
    assert_eq!(rest.as_array().map(Vec::len), Some(1));
    let all = home.run_bare(&[&list[..], &["--all"]].concat()).await?;
    assert_eq!(
        (all.stdout.lines().count(), all.stderr.as_str()),
        (4, ""),
        "{all:?}"
    );
    let much = home.run_bare(&[&list[..], &["--limit", "201"]].concat()).await?;
    assert_eq!(much.code, Some(2), "{much:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_sent_shown_and_removed() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let home = stage.user()?;
    json(
        &home,
        &["subscriptions", "create", stage.receiver.url(), "maintenance"],
    )
    .await?;
    let send = [
        "notifications",
        "send",
        "maintenance",
        "Back at noon",
        "--severity",
        "low",
    ];
    let sent = json(&home, &send).await?;
    stage.receiver.expect_requests(1).await?;
    let id = sent["id"].to_string();
    for (words, needle) in [
        (vec!["list", "maintenance", "elsewhere"], "Back at noon"),
        (vec!["show", &id], "low"),
        (vec!["deliveries", &id], "SUBSCRIPTION"),
        (vec!["acknowledge", &id], "true"),
        (vec!["delete", &id], "is removed"),
    ] {
        let output = home.run_bare(&[&["notifications"], &words[..]].concat()).await?;
        assert!(
            output.code == Some(0) && output.stdout.contains(needle),
            "{words:?}: {output:?}"
        );
    }
    let gone = home.run_bare(&["notifications", "show", &id]).await?;
    assert!(
        gone.stderr.contains(&format!("there is no notification {id}")),
        "{gone:?}"
    );
    let grave = home
        .run_bare(&["notifications", "send", "t", "m", "--severity", "grave"])
        .await?;
    assert!(
        grave.code == Some(2) && grave.stderr.contains("low, medium, high"),
        "{grave:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_counted_and_followed_to_their_ends() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (instance, other) = (quiet(&stage).await?, quiet(&stage).await?);
    let home = stage.user()?;
    let (id, other) = (instance.id.to_string(), other.id.to_string());
    stage.settle(&instance).await?;
    stage.provider.contact("Chung")?;
    stage.settle(&instance).await?;
    for (words, needle) in [
        (vec!["analytics"], "EVENTS"),
        (
            vec!["analytics", "--by", "account", "--interval", "day"],
            "DELIVERED",
        ),
        (vec!["analytics", "--by", "instance"], &id),
        (vec!["events", "dispositions"], "Delivered event to"),
        (vec!["events", "dispositions", "--instance", &id], "200"),
    ] {
        let output = home.run_bare(&words).await?;
        assert!(
            output.code == Some(0) && output.stdout.contains(needle),
            "{words:?}: {output:?}"
        );
        assert_eq!(output.stdout.lines().count(), 2, "{words:?}: {}", output.stdout);
    }
    let minutes = json(
        &home,
        &[
            "analytics",
            "--interval",
            "minute",
            "--from",
            "2026-01-31T12:00:00Z",
            "--until",
            "2026-01-31T13:00:00Z",
        ],
    );
    assert_eq!(minutes.await?.as_array().map(Vec::len), Some(61));
    let dispositions = json(&home, &["events", "dispositions", "--instance", &id]).await?;
    assert_eq!(
        dispositions[0]["notificationData"][0]["status"], 200,
        "{dispositions}"
    );
    for words in [
        vec!["events", "dispositions", "--instance", &other],
        vec!["events", "dispositions", "--until", "2001-01-01"],
        vec!["analytics", "--from", "2001-01-01", "--until", "2001-01-02"],
    ] {
        let output = home.run_bare(&words).await?;
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(0), ""),
            "{words:?}: {output:?}"
        );
    }
    let long = ["analytics", "--interval", "second"];
    let refused = home.run_bare(&long).await?;
    assert!(refused.stderr.contains("choose a longer interval"), "{refused:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_used_is_told_apart() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let home = stage.user()?;
    let list = ["instances", "list"];
    let nobody = home
        .run_bare(&[&list[..], &["--host", "http://127.0.0.1:1"]].concat())
        .await?;
    assert!(
        nobody.stderr.contains("no host answers at http://127.0.0.1:1") && nobody.stderr.contains("refused"),
        "{nobody:?}"
    );
    let nowhere = home
        .run_bare(&[&list[..], &["--host", "localhost:8080"]].concat())
        .await?;
    assert!(
        nowhere.stderr.contains("write http:// or https:// before it")
            && nowhere.stderr.contains("http://127.0.0.1:8080"),
        "{nowhere:?}"
    );
    // The address that clients of the interface have.
    for end in ["/elements/api-v2", "/elements/api-v2/", "/"] {
        let base = format!("{}{end}", stage.host()?.url());
        let found = home.run_bare(&[&list[..], &["--host", &base]].concat()).await?;
        assert_eq!(found.code, Some(0), "{base}: {found:?}");
    }
    let wrong = home
        .run_bare(&[&list[..], &["--user-secret", "wrong"]].concat())
        .await?;
    assert!(
        wrong.stderr.contains("Invalid Organization or User secret")
            && wrong.stderr.contains("PERIODIC_ORGANIZATION_SECRET"),
        "{wrong:?}"
    );
    // Somebody else's server.
    let foreign = home
        .run_bare(&[&list[..], &["--host", stage.receiver.url()]].concat())
        .await?;
    assert!(foreign.stderr.contains("is it the right address?"), "{foreign:?}");
    // A host that lacks what is asked for, because it is older.
    let missing = async || {
        (
            StatusCode::NOT_FOUND,
            Json(json!({ "message": "nothing is here" })),
        )
    };
    let version = async || Json(json!({ "info": { "version": "0.0.7" } }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let older = format!("http://{}", listener.local_addr()?);
    let router = Router::new()
        .route("/openapi.json", get(version))
        .fallback(missing);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let other = home.run_bare(&["analytics", "--host", &older]).await?;
    assert!(
        other.stderr.contains("nothing is here") && other.stderr.contains("the host is of version 0.0.7"),
        "{other:?}"
    );
    // Without an address the settings say where the host is, those too that the command line has.
    let listen = stage.host()?.url().trim_start_matches("http://").to_owned();
    let here = stage.user()?.without_variable("PERIODIC_HOST");
    let found = here
        .run_bare(&[&list[..], &["--listen", &listen]].concat())
        .await?;
    assert_eq!(found.code, Some(0), "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_complete_commands() -> anyhow::Result<()> {
    let folder = binary()?.parent().context("a folder")?.to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH")?);
    let load = [
        (
            "bash",
            "source <(periodic completions bash) && complete -p periodic && COMP_WORDS=(periodic inst) COMP_CWORD=1 \
             && _periodic periodic inst periodic && echo \"${COMPREPLY[@]}\"",
        ),
        (
            "zsh",
            "autoload -Uz compinit && compinit -u && source <(periodic completions zsh) && echo $_comps[periodic] instances",
        ),
        (
            "fish",
            "periodic completions fish | source; complete -C 'periodic inst'",
        ),
    ];
    for (shell, script) in load {
        let generated = Command::new(binary()?)
            .args(["completions", shell])
            .output()
            .await?;
        let text = String::from_utf8(generated.stdout)?;
        assert!(
            text.contains("notifications") && text.contains("acknowledge"),
            "{shell}"
        );
        let ran = Command::new(shell)
            .args(["-c", script])
            .env("PATH", &path)
            .output()
            .await;
        match ran {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stdout);
                assert!(said.contains("instances"), "{shell}: {output:?}");
            }
            Err(error) => assert!(shell != "bash", "there is no bash: {error}"),
        }
    }
    Ok(())
}
