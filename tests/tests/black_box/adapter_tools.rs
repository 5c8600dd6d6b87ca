//! `periodic adapter check` and `render`: what they say of what cannot work.

use std::path::Path;

use periodic_tests::{Home, Output, adapters, test_adapters};
use serde_json::{Value, json};

/// The help desk's description file, changed.
fn helpdesk(changes: &[(&str, &str)]) -> anyhow::Result<String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/rest/examples");
    let mut text = std::fs::read_to_string(examples.join("helpdesk.element.toml"))?;
    for (from, to) in changes {
        anyhow::ensure!(text.contains(from), "no {from:?} in {text}");
        text = text.replacen(from, to, 1);
    }
    Ok(text)
}

async fn check(home: &Home, description: &str) -> anyhow::Result<Output> {
    let package = home.path().join("desk.element.toml");
    std::fs::write(&package, description)?;
    let (wasm, package) = (adapters()?.join("rest.wasm"), package.to_string_lossy());
    let words = ["adapter", "check", &wasm.to_string_lossy(), "--package", &package];
    home.run_bare(&words).await
}

#[tokio::test(flavor = "multi_thread")]
async fn misspelt_names_are_found_and_the_nearest_is_named() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let clean = check(&home, &helpdesk(&[])?).await?;
    assert_eq!(clean.code, Some(0), "{}", clean.stderr);
    assert!(
        clean.stdout.contains("nothing to complain about"),
        "{}",
        clean.stdout
    );

    // What only the host knows is found in what the file comes to.
    let misspelt = helpdesk(&[
        (
            "url = \"/tickets?where",
            "url = \"/tickets?desk={acmedesk.ulr}&where",
        ),
        (
            "idField = \"id\"\n\n[resources.tickets.polling.dates",
            "idFeild = \"id\"\nidField = \"id\"\n\n[resources.tickets.polling.dates",
        ),
        ("type = \"date\"", "type = \"dat\""),
        ("account = [\"acmedesk.url\"]", "account = [\"acmedesk.urls\"]"),
    ])?;
    let found = check(&home, &misspelt).await?;
    assert_eq!(found.code, Some(1), "{}{}", found.stdout, found.stderr);
    for told in [
        "warning: resources.tickets.polling: {acmedesk.ulr} is no configuration key; did you mean {acmedesk.url}?",
        "warning: resources.tickets.polling: \"idFeild\" is no member that this host knows; did you mean idField?",
        "error: resources.tickets.fields[3].type: \"dat\" is none of string, number, boolean, date, object, array; did you \
         mean date?",
        "warning: rateLimits[0].account: {acmedesk.urls} is no configuration key; did you mean {acmedesk.url}?",
    ] {
        assert!(found.stdout.contains(told), "{told:?} in\n{}", found.stdout);
    }

    // What the adapter knows it refuses.
    for (from, to, told) in [
        (
            "base = \"{acmedesk.url}",
            "base = \"{acmedesk.ulr}",
            "api.base: {acmedesk.ulr} is no configuration key",
        ),
        ("type = \"apiKey\"", "type = \"bsic\"", "unknown variant `bsic`"),
        (
            "required = true",
            "requird = true",
            "configuration.0.requird: there is no such member",
        ),
    ] {
        let refused = check(&home, &helpdesk(&[(from, to)])?).await?;
        assert_eq!(refused.code, Some(1), "{}", refused.stdout);
        assert!(refused.stderr.contains(told), "{told:?} in\n{}", refused.stderr);
    }
    Ok(())
}

async fn render(home: &Home, attack: &str, more: &[&str]) -> anyhow::Result<Output> {
    let package = home.path().join("evil.element.toml");
    let lines = format!(
        "adapter = \"evil.wasm\"\nkey = \"acme\"\nid = \"7\"\nat = \"poller.begin\"\nattack = \"{attack}\"\n"
    );
    std::fs::write(&package, lines)?;
    let (wasm, package) = (test_adapters()?.join("evil.wasm"), package.to_string_lossy());
    let wasm = wasm.to_string_lossy();
    let mut words = vec!["adapter", "render", &wasm, "--package", &package];
    words.extend(["--resource", "things", "--since", "2025-01-01T00:00:00Z"]);
    words.extend(more);
    home.run_bare(&words).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_no_host_would_send_are_marked() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let set = ["--set", "evil.url=https://acme.example/v1"];
    let fine = render(&home, "nothing", &set).await?;
    assert_eq!(fine.code, Some(0), "{}{}", fine.stdout, fine.stderr);
    assert!(!fine.stdout.contains("refused"), "{}", fine.stdout);

    let refusal = "the element does not declare requests to http://127.0.0.2:1/things: none of its egress patterns \
                   ({evil.url}* = https://acme.example/v1*) matches";
    let refused = render(&home, "undeclared host", &set).await?;
    assert_eq!(refused.code, Some(2), "{}{}", refused.stdout, refused.stderr);
    assert!(
        refused.stdout.ends_with(&format!("refused   {refusal}\n")),
        "{}",
        refused.stdout
    );
    let told = format!("error: a host would not send this: {refusal}\n");
    assert_eq!(refused.stderr, told);
    let json = render(&home, "undeclared host", &["--json", set[0], set[1]]).await?;
    assert_eq!(json.code, Some(2));
    let shown: Value = serde_json::from_str(&json.stdout)?;
    assert_eq!(shown["expanded"], "/things", "{shown}");
    assert_eq!(shown["requests"][0]["refused"], json!(refusal), "{shown}");

    // A value that is no address is named.
    let relative = render(&home, "nothing", &["--set", "evil.url=/v1"]).await?;
    assert_eq!(relative.code, Some(2), "{}", relative.stdout);
    let told = "\"/v1/things\" is no URL: relative URL without a base; evil.url is \"/v1\", which is no address such as";
    assert!(relative.stderr.contains(told), "{}", relative.stderr);

    let misspelt = render(&home, "nothing", &["--set", "evil.ulr=https://acme.example"]).await?;
    let told = "warning: acme has no configuration key evil.ulr; did you mean evil.url?\n";
    assert_eq!((misspelt.code, misspelt.stderr.as_str()), (Some(0), told));

    // What the operator allows counts as well.
    std::fs::write(
        home.path().join("periodic.toml"),
        "[elements.acme]\negress = [\"https://other.example/*\"]\n",
    )?;
    let narrowed = render(&home, "nothing", &set).await?;
    assert_eq!(narrowed.code, Some(2), "{}", narrowed.stdout);
    let told = "setting elements.acme.egress allows only https://other.example/*";
    assert!(narrowed.stderr.contains(told), "{}", narrowed.stderr);
    Ok(())
}

/// The help desk's poll, rendered.
async fn poll(home: &Home, more: &[&str]) -> anyhow::Result<Output> {
    let package = home.path().join("desk.element.toml");
    std::fs::write(&package, helpdesk(&[])?)?;
    let (wasm, package) = (adapters()?.join("rest.wasm"), package.to_string_lossy());
    let words = [
        &[
            "adapter",
            "render",
            &wasm.to_string_lossy(),
            "--package",
            &package,
        ],
        &["--since", "2025-01-01T00:00:00Z"][..],
        more,
    ];
    home.run_bare(&words.concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_is_refused_is_told_in_one_way() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let tickets = ["--resource", "tickets"];
    let reads = "acmedesk refuses to poll this: url: reads \"other\", but the entry is for \"tickets\"";
    let secret = "the template is refused: {acmedesk.key} is a secret and stands in no URL";
    let key = ["--set", "acmedesk.key=s3cret"];
    let cases: [(Vec<&str>, &str); 5] = [
        (vec!["--template", "/other"], reads),
        (
            vec!["--template", "/tickets?x=${foo}"],
            "the template is refused: there is no macro",
        ),
        (vec!["--template", "/tickets?x={acmedesk.key}"], secret),
        (
            [&["--template", "/tickets?x={acmedesk.key}"], &key[..]].concat(),
            secret,
        ),
        (
            vec!["--now", "2024-12-31T23:59:59Z"],
            "--since 2025-01-01T00:00:00Z is after --now 2024-12-31T23:59:59Z",
        ),
    ];
    for (more, told) in &cases {
        let refused = poll(&home, &[&tickets, &more[..]].concat()).await?;
        assert_eq!(refused.code, Some(2), "{more:?}: {refused:?}");
        assert!(
            refused.stderr.starts_with("error: ") && refused.stderr.contains(told),
            "{more:?}: {}",
            refused.stderr
        );
        let json = poll(&home, &[&tickets, &more[..], &["--json"]].concat()).await?;
        assert_eq!(
            (json.code, json.stdout.as_str()),
            (Some(2), ""),
            "{more:?}: {json:?}"
        );
        let shown: Value = serde_json::from_str(&json.stderr)?;
        let message = shown["message"].as_str().unwrap_or_default();
        assert!(message.contains(told), "{more:?}: {shown}");
    }

    // What a host polls of nobody is rendered for nobody.
    for more in [&[][..], &["--template", "/comments"]] {
        let child = poll(&home, &[&["--resource", "tickets/comments"], more].concat()).await?;
        assert_eq!(child.code, Some(1), "{child:?}");
        let told = "acmedesk cannot poll tickets/comments; it can poll tickets";
        assert!(child.stderr.contains(told), "{}", child.stderr);
    }
    Ok(())
}
