//! `periodic instances create`: an element is connected from the command line.

use periodic_tests::{CLIENT_ID, CLIENT_SECRET, Home, Host, Output, Stage, eventually};
use serde_json::Value;

/// The command of a user of this stage's host.
fn user(stage: &Stage) -> anyhow::Result<Home> {
    let mut home = Home::new()?;
    for (name, value) in [
        ("PERIODIC_HOST", stage.host()?.url()),
        ("KEY", CLIENT_ID),
        ("SECRET", CLIENT_SECRET),
    ] {
        home = home.variable(name, value);
    }
    Ok(home)
}

const CREDENTIALS: [&str; 4] = [
    "--set-from",
    "oauth.api.key=KEY",
    "--set-from",
    "oauth.api.secret=SECRET",
];

/// The consent page that the command names.
async fn consent_page(command: &Host) -> anyhow::Result<String> {
    eventually("the command names the consent page", async || {
        let said = command.log();
        let mut words = said.split_whitespace();
        Ok(words.find(|word| word.contains("/authorize?")).map(str::to_owned))
    })
    .await
}

async fn create(home: &Home, more: &[&str]) -> anyhow::Result<Output> {
    let words = [&["instances", "create", "maximizer"], more].concat();
    home.run_bare(&words).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_sent_to_the_provider_and_comes_back() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let home = user(&stage)?;
    let words = [
        "instances",
        "create",
        "maximizer",
        "--json",
        "--redirect-port",
        "0",
        "--name",
        "Mine",
    ];
    let events = [
        "--poll",
        "contacts",
        "--interval",
        "0.01",
        "--notify",
        stage.receiver.url(),
    ];
    let mut command = home.begin(&[&words[..], &events, &CREDENTIALS].concat())?;
    let page = consent_page(&command).await?;

    // Somebody else's visit, and that of a browser for its icon, are not the one that is waited for.
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let answer = client.get(&page).send().await?;
    let location = answer.headers()["location"].to_str()?.to_owned();
    let back = reqwest::Url::parse(&location)?;
    let mut foreign = back.clone();
    for forged in ["another", "maximizer"] {
        foreign.set_query(Some(&format!("code=forged&state={forged}")));
        let page = client.get(foreign.clone()).send().await?.text().await?;
        assert!(page.contains("not the visit"), "{page}");
    }
    client.get(back.join("/favicon.ico")?).send().await?;
    let thanks = client.get(back).send().await?.text().await?;
    assert!(thanks.contains("close this page"), "{thanks}");

    assert!(command.ended().await?.success(), "{}", command.log());
    let instance: Value = serde_json::from_str(&command.output())?;
    assert_eq!(
        (&instance["name"], &instance["state"]),
        (&"Mine".into(), &"connected".into())
    );
    assert_eq!(instance["configuration"]["oauth.api.secret"], "********");
    assert!(!command.log().contains(CLIENT_SECRET), "secrets are not printed");
    let contact = stage.provider.contact("Chung")?;
    stage.receiver.expect("CREATED", &contact).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_wrong_is_told_with_the_options() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let home = user(&stage)?;
    let with = |more: &[&'static str]| [&CREDENTIALS[..], more].concat();
    let cases: [(Vec<&str>, &[&str]); 7] = [
        (
            vec![],
            &[
                "--set-from oauth.api.key=",
                "--set-from oauth.api.secret=",
                "API secret",
            ],
        ),
        (with(&["--poll", "nothing"]), &["--poll nothing", "contacts"]),
        (with(&["--poll", "opportunities.types"]), &["cannot poll"]),
        (
            with(&["--poll", "leads"]),
            &["--poll leads: maximizer has no configuration of its own for polling leads"],
        ),
        (vec!["--set-from", "oauth.api.key=NOWHERE"], &["no such variable"]),
        (vec!["--set", "oauth.api.key"], &["no equals sign"]),
        (with(&["--code", "made-up"]), &["provider says", "invalid_grant"]),
    ];
    for (more, needles) in cases {
        let output = create(&home, &more).await?;
        assert_ne!(output.code, Some(0), "{more:?}");
        for needle in needles {
            assert!(
                output.stderr.contains(needle),
                "{more:?}: no {needle:?} in {}",
                output.stderr
            );
        }
    }
    // What is probably misspelt is told before the host is asked.
    let misspelt = with(&[
        "--set",
        "maximizer.ulr=x",
        "--set",
        "a.note=y",
        "--code",
        "made-up",
    ]);
    let output = create(&home, &misspelt).await?;
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let warnings: Vec<&str> = output.stderr.lines().take(2).collect();
    assert_eq!(
        warnings,
        [
            "warning: maximizer.ulr is no configuration key of maximizer and none of the host's; did you mean \
             maximizer.url?",
            "warning: a.note is no configuration key of maximizer and none of the host's",
        ]
    );
    // A provider that says no.
    let mut command = home.begin(
        &[
            &["instances", "create", "maximizer", "--redirect-port", "0"],
            &CREDENTIALS[..],
        ]
        .concat(),
    )?;
    let page = reqwest::Url::parse(&consent_page(&command).await?)?;
    let part = |asked: &str| {
        let found = page.query_pairs().find(|(name, _)| name == asked);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (back, state) = (part("redirect_uri"), part("state"));
    let no = format!("{back}?error=access_denied&error_description=not%20today&state={state}");
    let client = reqwest::Client::builder().no_proxy().build()?;
    let shown = client.get(no).send().await?.text().await?;
    assert!(shown.contains("The provider refused"), "{shown}");
    assert!(!command.ended().await?.success());
    assert!(command.log().contains("not today"), "{}", command.log());
    let instances = stage.api.get("/instances").await?.ok()?;
    assert_eq!(instances.as_array().map(Vec::len), Some(0), "nothing was made");
    Ok(())
}
