//! Case files: adapters' own ones pass, a difference is shown, and a live provider fills them in.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fake_maximizer::Options;
use periodic_tests::{Home, Output, Provider, adapters, test_adapters};

const TOKEN: &str = "a-pers0nal-access/t0ken";

fn cases_of(adapter: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../adapters")
        .join(adapter)
        .join("cases")
}

async fn test(home: &Home, cases: &Path, more: &[&str]) -> anyhow::Result<Output> {
    let wasm = adapters()?.join("maximizer.wasm").to_string_lossy().into_owned();
    let cases = cases.to_string_lossy().into_owned();
    let mut words = vec!["adapter", "test", &wasm, "--cases", &cases];
    words.extend(more);
    home.run_bare(&words).await
}

/// A folder with one of the adapter's own cases, changed.
fn changed(case: &str, from: &str, to: &str) -> anyhow::Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let text = std::fs::read_to_string(cases_of("maximizer").join(case))?;
    anyhow::ensure!(text.contains(from), "{case} has no {from:?}");
    let path = folder.path().join(case);
    std::fs::write(&path, text.replace(from, to))?;
    Ok((folder, path))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adapters_own_cases_pass() -> anyhow::Result<()> {
    let example = |name: &str| cases_of("rest").with_file_name("examples").join(name);
    let helpdesk = example("helpdesk.element.toml");
    let tracker = example("tracker.element.toml");
    for (wasm, package, cases, least) in [
        (
            adapters()?.join("maximizer.wasm"),
            None,
            cases_of("maximizer"),
            12,
        ),
        (
            adapters()?.join("woocommerce.wasm"),
            None,
            cases_of("woocommerce"),
            14,
        ),
        (
            adapters()?.join("rest.wasm"),
            Some(helpdesk),
            cases_of("rest").join("helpdesk"),
            4,
        ),
        (
            adapters()?.join("rest.wasm"),
            Some(tracker),
            cases_of("rest").join("tracker"),
            4,
        ),
        (
            test_adapters()?.join("bell.wasm"),
            None,
            cases_of("../tests/adapters/bell"),
            8,
        ),
        (
            test_adapters()?.join("signet.wasm"),
            None,
            cases_of("../tests/adapters/signet"),
            4,
        ),
    ] {
        let (wasm, cases) = (wasm.to_string_lossy(), cases.to_string_lossy());
        let package = package.map(|package| package.to_string_lossy().into_owned());
        let mut words = vec!["adapter", "test", &wasm, "--cases", &cases];
        words.extend(package.iter().flat_map(|package| ["--package", package]));
        let output = Home::bare()?.run_bare(&words).await?;
        assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
        let summary = output.stdout.lines().last().context("a summary")?;
        let count: usize = summary.split(' ').next().context("a number")?.parse()?;
        assert!(count >= least, "{summary}");
        assert_eq!(summary, format!("{count} cases: {count} passed"));
        assert!(!output.stdout.contains("any result"), "{}", output.stdout);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_shown_and_taken_over_on_demand() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let (folder, path) = changed("get-contact.toml", "\"FirstName\": 1", "\"Forename\": 1")?;
    let output = test(&home, folder.path(), &[]).await?;
    assert_eq!(output.code, Some(1), "{}", output.stdout);
    for part in [
        "FAILED get-contact",
        "request 1 (- expected, + found)",
        "-     ",
        "\"Forename\": 1",
        "1 cases: 1 failed",
    ] {
        assert!(output.stdout.contains(part), "{part:?} in\n{}", output.stdout);
    }

    // Comments and answers stay what they are.
    let before = std::fs::read_to_string(&path)?;
    std::fs::write(&path, format!("# A word of mine.\n{before}"))?;
    let output = test(&home, folder.path(), &["--update"]).await?;
    assert_eq!(
        (output.code, output.stdout.contains("written")),
        (Some(0), true),
        "{}",
        output.stdout
    );
    let after = std::fs::read_to_string(&path)?;
    let own = std::fs::read_to_string(cases_of("maximizer").join("get-contact.toml"))?;
    assert_eq!(after, format!("# A word of mine.\n{own}"));
    let output = test(&home, folder.path(), &["--filter", "contact"]).await?;
    assert_eq!(output.code, Some(0), "{}", output.stdout);
    let output = test(&home, folder.path(), &["--filter", "company"]).await?;
    assert_eq!(output.code, Some(1), "{}", output.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_adapter_does_not_come_to_fails_and_is_removed_by_name() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let further = "\n[[exchange]]\nrequest = \"GET https://nobody.example/asks\"\nresponse = \"200\\n\"\n";
    let (folder, path) = changed(
        "get-contact.toml",
        "[expected]",
        &format!("{further}\n[expected]"),
    )?;
    let failed = test(&home, folder.path(), &[]).await?;
    assert_eq!(failed.code, Some(1), "{}", failed.stdout);
    let told = "1 of the case's 2 exchanges came about; the adapter did not ask for more";
    assert!(failed.stdout.contains(told), "{}", failed.stdout);
    let updated = test(&home, folder.path(), &["--update"]).await?;
    let told = "removed exchange 2, which the adapter does not come to: GET https://nobody.example/asks";
    assert!(updated.stdout.contains(told), "{}", updated.stdout);
    assert!(!std::fs::read_to_string(&path)?.contains("nobody.example"));
    let passed = test(&home, folder.path(), &[]).await?;
    assert_eq!(passed.code, Some(0), "{}", passed.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_case_says_wrong_is_told() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let wrong = [
        (
            "call = \"hub.begin\"",
            "call = \"hub.start\"",
            "no function of the contract",
        ),
        ("pageSize = 2", "pagesize = 2", "pagesize"),
        ("[arguments.list]", "[arguments.get]", "arguments"),
        ("200\n", "OK\n", "no status"),
        ("[arguments.list]", "[argument.list]", "unknown field"),
    ];
    for (from, to, told) in wrong {
        let (folder, _) = changed("list-contacts.toml", from, to)?;
        std::fs::copy(
            cases_of("maximizer").join("get-contact.toml"),
            folder.path().join("sound.toml"),
        )?;
        let output = test(&home, folder.path(), &[]).await?;
        assert_eq!(output.code, Some(1), "{to}: {}", output.stdout);
        // The others are run all the same.
        for told in [
            told,
            "FAILED list-contacts\n",
            "list-contacts.toml: ",
            "ok sound\n2 cases: 1 passed, 1 failed",
        ] {
            assert!(output.stdout.contains(told), "{told:?} in\n{}", output.stdout);
        }
    }
    Ok(())
}

/// A case of which only the call is written.
const ASKS: &str = "# Companies by name.\ncall = \"hub.begin\"\nsecrets = [\"oauth.user.token\"]\n\n[configuration]\n\
     \"maximizer.url\" = \"https://crm.example.com/octopus\"\n\n[arguments.list]\nresource = \"companies\"\n\
     fields = [\"Key\", \"CompanyName\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_no_provider_answered_is_expected_of_nobody() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("companies.toml");
    std::fs::write(&path, ASKS)?;
    let needs = "exchange 1 needs an answer: write the provider's into the case as its response";
    for more in [&["--update"][..], &[]] {
        let output = test(&home, folder.path(), more).await?;
        assert_eq!(output.code, Some(1), "{more:?}: {}", output.stdout);
        assert!(output.stdout.contains(needs), "{more:?}: {}", output.stdout);
        let text = std::fs::read_to_string(&path)?;
        assert!(
            text.starts_with(ASKS) && text.contains("POST https://crm.example.com/octopus/Read"),
            "{text}"
        );
        for placeholder in ["no further answer", "error", "[expected]"] {
            assert!(!text.contains(placeholder), "{placeholder:?} in\n{text}");
        }
    }
    let request = std::fs::read_to_string(&path)?;
    let answer = "response = \"401\\n\\nno\"\n";
    std::fs::write(&path, format!("{request}{answer}"))?;
    let output = test(&home, folder.path(), &["--update"]).await?;
    assert_eq!(output.code, Some(0), "{}", output.stdout);
    let told = "written companies (token-invalid: ";
    assert!(output.stdout.contains(told), "{}", output.stdout);
    let output = test(&home, folder.path(), &[]).await?;
    assert_eq!(output.code, Some(0), "{}", output.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_refuses_did_not_happen() -> anyhow::Result<()> {
    let home = Home::bare()?;
    let (folder, path) = changed(
        "get-contact.toml",
        "secrets = [\"oauth.user.token\"]",
        "secrets = []",
    )?;
    let failed = test(&home, folder.path(), &[]).await?;
    assert_eq!(failed.code, Some(1), "{}", failed.stdout);
    let told = "exchange 1 did not come about: the host refused POST https://crm.example.com/octopus/Read: refused: the \
                instance has no secret";
    assert!(failed.stdout.contains(told), "{}", failed.stdout);
    let updated = test(&home, folder.path(), &["--update"]).await?;
    let told =
        "removed exchange 1, which the host refused: POST https://crm.example.com/octopus/Read: refused: ";
    assert!(updated.stdout.contains(told), "{}", updated.stdout);
    let text = std::fs::read_to_string(&path)?;
    assert!(
        !text.contains("[[exchange]]") && text.contains("has no secret"),
        "{text}"
    );
    let passed = test(&home, folder.path(), &[]).await?;
    assert_eq!(passed.code, Some(0), "{}", passed.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_provider_fills_cases_in_and_its_secrets_stay_outside() -> anyhow::Result<()> {
    let options = Options {
        access_tokens: vec![TOKEN.to_owned()],
        ..Options::default()
    };
    let provider = Provider::with(options).await?;
    let url = format!("maximizer.url={}/octopus", provider.url());
    let home = Home::bare()?
        .variable("MAXIMIZER_TOKEN", TOKEN)
        .variable("ANOTHER_TOKEN", "nobody's")
        .variable("PERIODIC_EGRESS_ALLOW", "127.0.0.0/8");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("companies.toml");
    std::fs::write(
        &path,
        "# Companies by name.\ncall = \"hub.begin\"\n\n[arguments.list]\nresource = \"companies\"\n\
         fields = [\"Key\", \"CompanyName\"]\n",
    )?;

    // What the provider did not hear is no recording.
    let written = std::fs::read_to_string(&path)?;
    let nobody = "maximizer.url=http://127.0.0.1:1/octopus";
    let token = "oauth.user.token=MAXIMIZER_TOKEN";
    let open = ["--egress-allow", "127.0.0.0/8"];
    let closed = ["--egress-allow", "10.0.0.0/8"];
    for (more, told) in [
        (
            [&["--set", url.as_str()], &open[..]].concat(),
            "refused: the instance has no secret",
        ),
        (
            [&["--set", &url, "--secret", token], &closed[..]].concat(),
            "an operator opens it with --egress-allow 127.0.0.1",
        ),
        (
            [&["--set", nobody, "--secret", token], &open[..]].concat(),
            "unreachable: ",
        ),
    ] {
        let output = test(&home, folder.path(), &[&["--record"], &more[..]].concat()).await?;
        assert_eq!(
            output.code,
            Some(1),
            "{more:?}: {}{}",
            output.stdout,
            output.stderr
        );
        for told in [told, "FAILED companies\n", "not recorded", "/octopus/Read: "] {
            assert!(output.stdout.contains(told), "{told:?} in\n{}", output.stdout);
        }
        assert_eq!(std::fs::read_to_string(&path)?, written, "{more:?}");
    }

    // What it refused is one, and is told.
    let wrong = [
        "--record",
        "--set",
        &url,
        "--secret",
        "oauth.user.token=ANOTHER_TOKEN",
    ];
    let output = test(&home, folder.path(), &wrong).await?;
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    let told = "written companies (token-invalid: ";
    assert!(output.stdout.contains(told), "{}", output.stdout);

    let secret = [
        "--record",
        "--set",
        &url,
        "--secret",
        "oauth.user.token=MAXIMIZER_TOKEN",
    ];
    let output = test(&home, folder.path(), &secret).await?;
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    let recorded = std::fs::read_to_string(&path)?;
    assert!(!recorded.contains(TOKEN), "{recorded}");
    for part in [
        "# Companies by name.",
        "# bearer <oauth.user.token>",
        "\"Code\": 0",
        "[expected]",
    ] {
        assert!(recorded.contains(part), "{part:?} in\n{recorded}");
    }

    // Without the provider the same comes about.
    drop(provider);
    let output = test(&Home::bare()?, folder.path(), &[]).await?;
    assert_eq!(output.code, Some(0), "{}", output.stdout);

    // A secret that the case has must be given to record it.
    let output = test(&home, folder.path(), &["--record", "--set", &url]).await?;
    assert_eq!(output.code, Some(1), "{}", output.stdout);
    assert!(
        output.stdout.contains("--secret oauth.user.token=VARIABLE"),
        "{}",
        output.stdout
    );
    Ok(())
}
