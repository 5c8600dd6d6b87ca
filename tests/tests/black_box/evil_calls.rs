//! Attacks by calls: what a hostile adapter does when it is asked for its records. Each is an element of its own on one
//! host, and one that behaves works beside them.

use anyhow::Context as _;
use periodic_tests::{EVIL_KEY, Home, Siege, becomes, eventually, test_adapters};
use serde_json::json;

/// The attack's function, its name, the status of the answer, and what its message says.
type Case = (&'static str, &'static str, u16, &'static [&'static str]);

const USE_UP: &[Case] = &[
    (
        "hub.begin",
        "spin",
        502,
        &["hub.begin used more than 300ms", "setting adapters.cpu"],
    ),
    (
        "hub.resume",
        "spin",
        502,
        &["hub.resume used more than 300ms", "setting adapters.cpu"],
    ),
    (
        "hub.begin",
        "grow",
        502,
        &["memory<=67108864", "requested+=", "setting adapters.memory"],
    ),
    (
        "hub.resume",
        "grow",
        502,
        &["hub.resume", "memory<=67108864", "setting adapters.memory"],
    ),
    (
        "hub.begin",
        "recurse",
        502,
        &[
            "hub.begin failed after a refusal: limit reached: stack<=524288",
            "(setting adapters.stack)",
        ],
    ),
    (
        "hub.begin",
        "recurse with large frames",
        502,
        &["hub.begin trapped", "log"],
    ),
    ("hub.begin", "panic", 502, &["hub.begin trapped", "log"]),
    ("hub.resume", "panic", 502, &["hub.resume trapped", "log"]),
    ("hub.begin", "exit", 502, &["hub.begin trapped", "log"]),
    (
        "hub.begin",
        "sleep",
        502,
        &["hub.begin did not return within 1s", "setting adapters.wall"],
    ),
    (
        "hub.begin",
        "huge string",
        502,
        &[
            "hub.begin returned is not taken",
            "8388608 bytes",
            "setting adapters.returned",
        ],
    ),
    ("hub.begin", "flood the log", 200, &[]),
    ("hub.begin", "flood standard error", 200, &[]),
    (
        "hub.begin",
        "flood standard error and panic",
        502,
        &["hub.begin trapped", "log"],
    ),
    ("hub.begin", "one long line", 200, &[]),
    ("hub.begin", "forge the log", 200, &[]),
    ("hub.begin", "read files", 200, &[]),
];

const MALFORMED: &[Case] = &[
    (
        "hub.begin",
        "too many requests",
        502,
        &["requests<=100", "requested+=101", "setting adapters.requests"],
    ),
    (
        "hub.begin",
        "too large a state",
        502,
        &["state<=1048576", "requested+=2097152", "setting adapters.state"],
    ),
    (
        "hub.resume",
        "grow the state",
        502,
        &["state<=1048576", "setting adapters.state"],
    ),
    (
        "hub.resume",
        "come back for ever",
        502,
        &["exchanges<=100", "requested+=101", "setting adapters.exchanges"],
    ),
    (
        "hub.resume",
        "ask for ever",
        502,
        &["exchanges<=100", "setting adapters.exchanges"],
    ),
    ("hub.resume", "no JSON", 502, &["a record is no JSON"]),
    ("hub.resume", "no record", 502, &["a record is no JSON"]),
    ("hub.resume", "span outside", 502, &["outside of the answers"]),
    ("hub.resume", "answer outside", 502, &["outside of the answers"]),
    ("hub.resume", "giant spans", 502, &["outside of the answers"]),
    (
        "hub.resume",
        "the same span again and again",
        502,
        &["8388608 bytes", "adapters.returned"],
    ),
    (
        "hub.resume",
        "too many records",
        502,
        &["records<=10000", "requested+=10001", "setting adapters.records"],
    ),
    ("hub.begin", "failure without end", 400, &["xxxx…"]),
];

const REQUESTS: &[Case] = &[
    (
        "hub.begin",
        "another outcome",
        502,
        &["an outcome of another operation than the one that was asked for"],
    ),
    (
        "hub.begin",
        "a page token without end",
        502,
        &["a page token of 9216 bytes, and 8192 are the most"],
    ),
    (
        "hub.begin",
        "undeclared host",
        400,
        &[
            "does not declare requests to http://127.0.0.2:1/things",
            "{evil.url}*",
        ],
    ),
    (
        "hub.begin",
        "other port",
        400,
        &["does not declare requests to http://127.0.0.1:1/things"],
    ),
    ("hub.begin", "user info", 400, &["user and password in the URL"]),
    (
        "hub.begin",
        "host behind user info",
        400,
        &["user and password in the URL"],
    ),
    (
        "hub.begin",
        "unicode host",
        400,
        &["does not declare requests to http://127.0.0.2/things"],
    ),
    (
        "hub.begin",
        "decimal host",
        400,
        &["does not declare requests to http://127.0.0.2/things"],
    ),
    (
        "hub.begin",
        "path traversal",
        400,
        &["does not declare", "/outside"],
    ),
    (
        "hub.begin",
        "encoded traversal",
        400,
        &["does not declare", "/outside"],
    ),
    (
        "hub.begin",
        "file URL",
        400,
        &["does not declare requests to file:///etc/passwd"],
    ),
    (
        "hub.begin",
        "header injection",
        400,
        &["the value of the header X-Harmless has a line break"],
    ),
    ("hub.begin", "header name injection", 400, &["is no header name"]),
    (
        "hub.begin",
        "host header",
        400,
        &["the header Host is the host's"],
    ),
    (
        "hub.begin",
        "content length",
        400,
        &["the header Content-Length is the host's"],
    ),
    ("hub.begin", "method injection", 400, &["is no method"]),
    (
        "hub.begin",
        "undeclared secret",
        400,
        &["does not bind the secret", "evil.other"],
    ),
    (
        "hub.begin",
        "another element's secret",
        400,
        &["does not bind the secret", "oauth.api.secret"],
    ),
    (
        "hub.begin",
        "the instance's token",
        400,
        &["does not bind the secret", "periodic.token"],
    ),
    (
        "hub.begin",
        "capture over the instance's token",
        502,
        &["periodic.token", "which is the host's own"],
    ),
    (
        "hub.begin",
        "capture the callback",
        502,
        &["event.notification.callback.url", "which is the host's own"],
    ),
    (
        "hub.begin",
        "secret in another header",
        400,
        &["does not bind the secret", "header:X-Other"],
    ),
    (
        "hub.begin",
        "secret in the query",
        400,
        &["does not bind the secret", "query:key"],
    ),
    (
        "hub.begin",
        "too many captures",
        400,
        &["it has 33 captures, and 32 are the most"],
    ),
    (
        "hub.begin",
        "too many headers",
        400,
        &["it has 101 headers, and 100 are the most"],
    ),
    (
        "hub.begin",
        "too many credentials",
        400,
        &["it has 17 credentials, and 16 are the most"],
    ),
    (
        "hub.begin",
        "too long a URL",
        400,
        &["bytes of its URL, and 65536 are the most"],
    ),
    (
        "hub.begin",
        "the body signed twice",
        400,
        &["2 bodies in what is signed, and 1 are the most"],
    ),
    (
        "hub.begin",
        "too many signed parts",
        400,
        &["33 parts that are signed, and 32 are the most"],
    ),
    ("hub.begin", "backslash", 200, &[]),
    ("hub.begin", "line break in the URL", 200, &[]),
    ("hub.begin", "placeholder", 200, &[]),
    ("hub.begin", "capture a secret as a setting", 200, &[]),
    ("hub.begin", "capture the address", 200, &[]),
    ("hub.begin", "endless life", 200, &[]),
    ("hub.resume", "echo the context", 200, &[]),
    ("hub.resume", "echo the answer", 200, &[]),
    ("hub.resume", "fail with the answer", 400, &["x-key: ****"]),
];

fn limits(home: Home) -> Home {
    home.variable("PERIODIC_ADAPTERS_CPU", "300ms")
        .variable("PERIODIC_ADAPTERS_WALL", "1s")
        .variable("PERIODIC_ADAPTERS_MEMORY", "67108864")
        .variable("PERIODIC_ADAPTERS_RETURNED", "8388608")
}

/// Make these attacks one after the other. After each one the element that behaves still works.
async fn suffer(siege: &Siege, cases: &[Case]) -> anyhow::Result<()> {
    let healthy = siege.instance("nowhere", "nothing").await?.ok()?;
    let healthy = siege.api.element(healthy["token"].as_str().unwrap_or_default());
    for (at, attack, status, needles) in cases {
        let answer = siege.attack(at, attack).await?;
        assert_eq!(answer.status, *status, "{at}: {attack}: {}", answer.text);
        for needle in *needles {
            assert!(
                answer.message().contains(needle),
                "{at}: {attack}: no {needle:?} in {}",
                answer.text
            );
        }
        for words in ["wasm trap", "last words", "it wrote", "; in "] {
            assert!(
                !answer.text.contains(words),
                "{at}: {attack}: {words:?} in {}",
                answer.text
            );
        }
        assert!(
            answer.text.len() < 64 << 10,
            "{at}: {attack}: {} bytes",
            answer.text.len()
        );
        healthy.get("/things").await?.ok()?;
    }
    let log = siege.host.log();
    assert!(!log.contains(EVIL_KEY), "the key is in the log");
    for answer in siege.api.answers() {
        assert!(
            !answer.text.contains(EVIL_KEY),
            "the key is in the answer to {}",
            answer.asked
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_uses_up_is_bounded() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    suffer(&siege, USE_UP).await?;
    let log = siege.host.log();
    assert!(
        !log.lines().any(|line| line.starts_with("2026-01-01")),
        "a forged line"
    );
    assert!(log.contains("the rest of what this call logs is dropped: log<=65536 (setting adapters.log)"));
    let flood: usize = log
        .lines()
        .filter(|line| line.contains(" flood "))
        .map(str::len)
        .sum();
    assert!(flood < 200 << 10, "{flood} bytes of flood");
    assert!(log.lines().all(|line| line.len() < 16 << 10), "an endless line");
    // What the caller is not told stands under his request's id.
    let answers = siege.api.answers();
    let mut trapped = answers
        .iter()
        .filter(|answer| answer.message().contains("hub.resume trapped"));
    let id = trapped
        .next()
        .map(|answer| answer.header("elements-request-id").to_owned());
    let id = id.context("nothing trapped")?;
    eventually("the log has the words and the report", async || {
        let log = siege.host.log();
        let of_request: Vec<&str> = log.lines().filter(|line| line.contains(&id)).collect();
        let has = |words: &str| of_request.iter().any(|line| line.contains(words));
        Ok((has("the guest's own last words") && has("is the case: periodic adapter test")).then_some(()))
    })
    .await?;
    for found in ["reading /etc/passwd: Ok", "environment: [(", "connected: true"] {
        assert!(!log.contains(found), "{found}");
    }
    assert!(log.contains("environment: []"), "the attack was made");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_answers_is_checked() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    suffer(&siege, MALFORMED).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_asks_for_stays_within_what_it_declares() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    suffer(&siege, REQUESTS).await?;
    for asked in siege.provider.asked() {
        assert!(asked.path.starts_with("/api/"), "{asked:?}");
        assert_eq!(asked.header("x-injected"), [""; 0], "{asked:?}");
        let key = asked.header("x-key");
        assert_eq!(key.last(), Some(&EVIL_KEY), "{asked:?}");
        for spelling in key.iter().take(key.len() - 1) {
            assert_eq!(*spelling, "{{evil.key}} {evil.key} ${evil.key}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_derives_becomes_no_secret_and_no_address() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    let made = siege.instance("element.connect", "derive secrets").await?.ok()?;
    let api = siege.api.element(made["token"].as_str().unwrap_or_default());
    api.get("/things").await?.ok()?;
    let asked = siege.provider.asked();
    assert_eq!(
        asked.last().map(|asked| asked.header("x-key")),
        Some(vec![EVIL_KEY])
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_answer_leaves_the_case_that_shows_it() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    let file = siege.plan("hub.resume", "no JSON")?;
    let made = siege.instance_of(&file, json!({})).await?.ok()?;
    let api = siege.api.element(made["token"].as_str().unwrap_or_default());
    assert_eq!(api.get("/things?pageSize=7").await?.status, 502);
    let report = siege.home.report("hub.resume").await?;
    let text = std::fs::read_to_string(&report)?;
    for part in [
        "pageSize = 7",
        "a record is no JSON",
        "\"number\":1",
        "x-key: ****",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(!text.contains(EVIL_KEY), "{text}");
    siege.replayed(&report, &file, "a record is no JSON").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_limit_refused_is_refused_when_it_is_replayed() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    for (at, attack, told) in [
        ("hub.begin", "too many requests", "limit reached: requests<=100"),
        ("hub.begin", "too large a state", "limit reached: state<=1048576"),
        ("hub.resume", "too many records", "limit reached: records<=10000"),
        // A limit over all calls of the operation: the report tells where this one stood.
        ("hub.resume", "ask for ever", "limit reached: exchanges<=100"),
    ] {
        let file = siege.plan(at, attack)?;
        let made = siege.instance_of(&file, json!({})).await?.ok()?;
        let api = siege.api.element(made["token"].as_str().unwrap_or_default());
        assert_eq!(api.get("/things").await?.status, 502, "{attack}");
        let report = siege.home.report(at).await?;
        siege.replayed(&report, &file, told).await?;
        // The next one is of the same function.
        std::fs::remove_file(report)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_may_use_holds_for_the_tools_too() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    let file = siege.plan("hub.begin", "too many requests")?;
    let made = siege.instance_of(&file, json!({})).await?.ok()?;
    let api = siege.api.element(made["token"].as_str().unwrap_or_default());
    assert_eq!(api.get("/things").await?.status, 502);
    let report = siege.home.report("hub.begin").await?;
    let settings = "[elements.\"evil.wasm\".limits]\nrequests = 101\n";
    std::fs::write(siege.home.path().join("periodic.toml"), settings)?;
    let package = siege.folder.at(&file).to_string_lossy().into_owned();
    let wasm = test_adapters()?.join("evil.wasm");
    let granted = siege.home.replay(&report, &wasm, Some(&package)).await?;
    assert_eq!(granted.code, Some(0), "{}", granted.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_a_token_that_keeps_none_is_reported() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    let file = siege.plan("oauth2.token", "capture nothing")?;
    let served = becomes(&siege.api, &file, "ready").await?;
    let request = json!({
        "element": { "key": served["element"] }, "name": "Under siege", "providerData": { "code": "c0d3" },
        "configuration": {
            "evil.url": siege.provider.url(), "evil.key": EVIL_KEY, "oauth.callback.url": "https://app.example/back",
            "oauth.api.key": "key", "oauth.api.secret": "secret",
        },
    });
    let refused = siege.api.post("/instances", &request).await?;
    let told = "its request for credentials captures no oauth.user.token";
    refused.refused(502, &[told])?;
    let report = siege.home.report("oauth2.token").await?;
    siege.replayed(&report, &file, told).await
}

#[tokio::test(flavor = "multi_thread")]
async fn three_strikes_bring_quarantine_which_a_reload_ends() -> anyhow::Result<()> {
    let siege = Siege::lay(limits).await?;
    for (at, attack) in [
        ("hub.begin", "panic"),
        ("hub.resume", "panic"),
        ("hub.resume", "no JSON"),
        ("hub.resume", "come back for ever"),
    ] {
        let made = siege.instance(at, attack).await?.ok()?;
        let api = siege.api.element(made["token"].as_str().unwrap_or_default());
        for _strike in 0..3 {
            assert_eq!(api.get("/things").await?.status, 502, "{attack}");
        }
        let quarantined = api.get("/things").await?;
        quarantined.refused(
            503,
            &["is in quarantine until", "a new version of its file ends that"],
        )?;
        assert!(!quarantined.header("retry-after").is_empty());
        let key = made["element"]["key"].as_str().unwrap_or_default();
        let entry = siege.api.get(&format!("/adapters/{key}")).await?.ok()?[0].clone();
        assert_eq!(entry["state"], "quarantined", "{entry}");
        assert!(
            entry["until"].is_string() && entry["since"].is_string() && entry["reason"].is_string(),
            "{entry}"
        );
        let failures = &entry["counters"]["failures"];
        let (trap, malformed) = (failures["trap"].as_u64(), failures["malformed"].as_u64());
        let expected = if attack == "panic" {
            (Some(3), Some(0))
        } else {
            (Some(0), Some(3))
        };
        assert_eq!((trap, malformed), expected, "{entry}");
        let reloaded = siege
            .api
            .post(&format!("/adapters/{key}/reload"), &json!({}))
            .await?
            .ok()?;
        assert_eq!(reloaded[0]["state"], "ready", "{reloaded}");
        assert_eq!(api.get("/things").await?.status, 502, "{attack}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_limits_and_narrows_one_element() -> anyhow::Result<()> {
    let settings = "[elements.evil-1.limits]\nrecords = 0\n[elements.evil-2]\negress = [\"https://crm.example.com/*\"]\n";
    let siege = Siege::lay(|home| {
        // A folder that cannot be written fails the test at its first call.
        let _written = std::fs::write(home.path().join("periodic.toml"), settings);
        home
    })
    .await?;
    siege.attack("nowhere", "nothing").await?.refused(
        502,
        &[
            "records<=0",
            "requested+=1",
            "setting elements.evil-1.limits.records",
        ],
    )?;
    siege.attack("nowhere", "nothing").await?.refused(
        400,
        &[
            "the operator does not allow requests",
            "the element declares {evil.url}*",
            "setting elements.evil-2.egress allows only https://crm.example.com/*",
        ],
    )?;
    siege.attack("nowhere", "nothing").await?.ok()?;
    Ok(())
}
