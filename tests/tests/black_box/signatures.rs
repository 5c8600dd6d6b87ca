//! Signatures of adapters and of their description files: made with the command line, asked for by the host.

use std::{
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use anyhow::{Context as _, ensure};
use periodic_tests::{Api, Folder, Home, Host, becomes, eventually, listed, test_adapters};
use serde_json::{Value, json};

const FILE: &str = "evil.wasm";
const PACKAGE: &str = "acme.element.toml";

/// A folder of adapters, keys that sign them, and the settings of a host that knows some of the keys.
struct Works {
    home: Home,
    folder: Folder,
}

impl Works {
    /// Keys `release` and `next`, which the host trusts, and `stranger`, which it does not.
    async fn new(policy: &str) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let home = Home::new()?.set("adapters", &folder.path());
        let works = Self { home, folder };
        let mut trusted = String::new();
        for name in ["release", "next"] {
            let printed = works.run(&["adapter", "keygen", &format!("{name}.pem")]).await?;
            trusted.push_str(
                printed
                    .strip_prefix("[adapters.trusted_keys]\n")
                    .context(printed.clone())?,
            );
        }
        works.run(&["adapter", "keygen", "stranger.pem"]).await?;
        std::fs::write(
            works.home.path().join("periodic.toml"),
            format!("[adapters]\nsignatures = \"{policy}\"\n\n[adapters.trusted_keys]\n{trusted}"),
        )?;
        Ok(works)
    }

    async fn run(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = self.home.run_bare(words).await?;
        ensure!(output.code == Some(0), "{words:?}: {}", output.stderr);
        Ok(output.stdout)
    }

    async fn sign(&self, key: &str, file: &str) -> anyhow::Result<()> {
        let (key, path) = (format!("{key}.pem"), self.folder.at(file));
        self.run(&[
            "adapter",
            "sign",
            "--force",
            "--key",
            &key,
            &path.to_string_lossy(),
        ])
        .await?;
        Ok(())
    }

    fn describe(&self, file: &str, key: &str, id: u32) -> anyhow::Result<()> {
        let lines = format!("adapter = \"{FILE}\"\nkey = \"{key}\"\nid = \"{id}\"\n");
        self.folder.put(file, lines)
    }

    /// A signed component with a signed description file.
    async fn serve(&self) -> anyhow::Result<()> {
        self.folder.put_test_adapter(FILE)?;
        self.describe(PACKAGE, "acme", 1)?;
        self.sign("release", FILE).await?;
        self.sign("next", PACKAGE).await
    }

    async fn start(&self) -> anyhow::Result<(Host, Api)> {
        let host = self.home.start().await?;
        let api = Api::new(host.url())?;
        Ok((host, api))
    }
}

fn good() -> anyhow::Result<Vec<u8>> {
    Ok(std::fs::read(test_adapters()?.join(FILE))?)
}

/// Another version of the component, that does the same.
fn other() -> anyhow::Result<Vec<u8>> {
    Ok([good()?.as_slice(), b"\0\x05\x04note"].concat())
}

async fn rejected(api: &Api, file: &str, state: &str, needles: &[&str]) -> anyhow::Result<()> {
    let entry = becomes(api, file, "rejected").await?;
    let reason = entry["reason"].as_str().unwrap_or_default();
    for needle in needles {
        ensure!(reason.contains(needle), "{file}: no {needle:?} in {entry}");
    }
    ensure!(entry["signature"]["state"] == state, "{file}: {entry}");
    Ok(())
}

async fn becomes_signed(api: &Api, file: &str, component: Value, package: Value) -> anyhow::Result<Value> {
    eventually(
        &format!("{file} is signed by {component} and {package}"),
        async || {
            let entry = listed(api, file, "ready").await?;
            let short = |verdict: &Value| match &verdict["key"] {
                Value::Null => verdict["state"].clone(),
                key => key.clone(),
            };
            Ok(entry.filter(|entry| {
                short(&entry["signature"]) == component && short(&entry["packageSignature"]) == package
            }))
        },
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_trusted_key_has_signed_is_served() -> anyhow::Result<()> {
    let works = Works::new("require").await?;
    let folder = &works.folder;
    works.serve().await?;
    let (_host, api) = works.start().await?;
    let served = becomes_signed(&api, PACKAGE, json!("release"), json!("next")).await?;
    assert_eq!(
        served["signature"],
        json!({ "state": "trusted", "key": "release" })
    );

    let good = good()?;
    let sign = async |key: &str, file: &str| {
        folder.put(file, &good)?;
        works.sign(key, file).await
    };
    folder.put("unsigned.wasm", &good)?;
    folder.put("text.wasm", "this is no WebAssembly")?;
    sign("stranger", "foreign.wasm").await?;
    sign("release", "changed.wasm").await?;
    let mut changed = good.clone();
    changed[good.len() / 2] ^= 1;
    folder.put("changed.wasm", changed)?;
    sign("release", "garbage.wasm").await?;
    folder.put("garbage.wasm.sig", [0xff; 100])?;
    sign("release", "endless.wasm").await?;
    folder.put("endless.wasm.sig", "key ".repeat(1 << 20))?;
    sign("release", "damaged.wasm").await?;
    let text = std::fs::read_to_string(folder.at("damaged.wasm.sig"))?;
    let (lines, last) = text.trim_end().rsplit_once(' ').context("a signature")?;
    let first = if last.starts_with('A') { "B" } else { "A" };
    folder.put("damaged.wasm.sig", format!("{lines} {first}{}\n", &last[1..]))?;
    // Signed as something else.
    folder.put("as.element.toml", &good)?;
    works.sign("release", "as.element.toml").await?;
    folder.put("kind.wasm", &good)?;
    std::fs::rename(folder.at("as.element.toml.sig"), folder.at("kind.wasm.sig"))?;
    folder.remove("as.element.toml")?;
    // A good signature, out of the folder.
    let outside = tempfile::tempdir()?;
    sign("release", "outside.wasm").await?;
    std::fs::rename(folder.at("outside.wasm.sig"), outside.path().join("s"))?;
    symlink(outside.path().join("s"), folder.at("outside.wasm.sig"))?;
    std::fs::create_dir(folder.at("directory.wasm.sig"))?;
    folder.put("directory.wasm", &good)?;
    works.describe("unsigned.element.toml", "unsigned", 2)?;
    folder.put("text.element.toml", "adapter = ")?;
    works.describe("changed.element.toml", "changed", 3)?;
    works.sign("release", "changed.element.toml").await?;
    works.describe("changed.element.toml", "changed", 4)?;

    let public = "MCowBQYDK2VwAyEA";
    for (file, state, needles) in [
        (
            "unsigned.wasm",
            "unsigned",
            &[
                "no signature lies beside it",
                "adapters.signatures",
                "unsigned.wasm.sig",
            ][..],
        ),
        (
            "text.wasm",
            "unsigned",
            &["no signature lies beside it", "periodic adapter sign text.wasm"],
        ),
        (
            "foreign.wasm",
            "foreign",
            &[public, "adapters.trusted_keys does not have"],
        ),
        (
            "changed.wasm",
            "invalid",
            &["by the key release", "is not of this content"],
        ),
        (
            "damaged.wasm",
            "invalid",
            &["by the key release", "is not of this content"],
        ),
        ("kind.wasm", "invalid", &["signed as another kind of file"]),
        (
            "garbage.wasm",
            "invalid",
            &["its signature is none", "invalid utf-8"],
        ),
        (
            "endless.wasm",
            "invalid",
            &["its signature is none", "key BASE64"],
        ),
        (
            "outside.wasm",
            "invalid",
            &["cannot be read", "out of the adapters folder"],
        ),
        ("directory.wasm", "invalid", &["cannot be read", "a directory"]),
        (
            "unsigned.element.toml",
            "unsigned",
            &["no signature lies beside it"],
        ),
        ("text.element.toml", "unsigned", &["no signature lies beside it"]),
        (
            "changed.element.toml",
            "invalid",
            &["by the key release", "is not of this content"],
        ),
    ] {
        rejected(&api, file, state, needles).await?;
    }
    let elements = api.get("/elements").await?.ok()?;
    assert_eq!(elements.as_array().map(Vec::len), Some(1), "{elements}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_comes_or_goes_is_noticed() -> anyhow::Result<()> {
    let works = Works::new("require").await?;
    let folder = &works.folder;
    works.serve().await?;
    let kept = std::fs::read(folder.at("evil.wasm.sig"))?;
    folder.remove("evil.wasm.sig")?;
    folder.remove("acme.element.toml.sig")?;
    let (host, api) = works.start().await?;
    rejected(&api, FILE, "unsigned", &["no signature"]).await?;
    rejected(&api, PACKAGE, "unsigned", &["no signature"]).await?;
    assert_eq!(api.get("/elements").await?.ok()?, json!([]));

    // In whatever order they come.
    works.sign("next", PACKAGE).await?;
    becomes(&api, PACKAGE, "waiting").await?;
    folder.put("evil.wasm.sig", &kept)?;
    let served = becomes_signed(&api, PACKAGE, json!("release"), json!("next")).await?;
    assert_eq!(listed(&api, FILE, "rejected").await?, None);

    // Another key takes over.
    works.sign("next", FILE).await?;
    works.sign("release", PACKAGE).await?;
    becomes_signed(&api, PACKAGE, json!("next"), json!("release")).await?;

    // One that goes, or is spoilt, rejects the file; what was accepted serves on.
    let goes = async |file: &str, state: &str| {
        rejected(&api, file, state, &[]).await?;
        let entry = listed(&api, PACKAGE, "ready").await?.context("it serves on")?;
        ensure!(entry["digest"] == served["digest"], "{entry}");
        api.get("/elements/acme").await?.ok()
    };
    folder.remove("evil.wasm.sig")?;
    goes(FILE, "unsigned").await?;
    folder.put("evil.wasm.sig", "key none\n")?;
    eventually("the garbage is seen", async || {
        let entry = listed(&api, FILE, "rejected").await?;
        Ok(entry.filter(|entry| entry["signature"]["state"] == "invalid"))
    })
    .await?;
    goes(FILE, "invalid").await?;
    folder.remove("acme.element.toml.sig")?;
    goes(PACKAGE, "unsigned").await?;
    // A new version without a new signature is none.
    folder.put("evil.wasm.sig", &kept)?;
    folder.put(FILE, other()?)?;
    goes(FILE, "invalid").await?;

    // A host that starts knows of no version that was accepted once.
    host.terminate(std::time::Duration::from_secs(10)).await?;
    let (_host, api) = works.start().await?;
    rejected(&api, FILE, "invalid", &["is not of this content"]).await?;
    rejected(&api, PACKAGE, "unsigned", &["no signature"]).await?;
    assert_eq!(api.get("/elements").await?.ok()?, json!([]));
    works.sign("release", FILE).await?;
    works.sign("release", PACKAGE).await?;
    let served = becomes_signed(&api, PACKAGE, json!("release"), json!("release")).await?;
    assert_eq!(served["fileDigest"], blake3::hash(&other()?).to_hex().as_str());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_warns_serves_and_tells() -> anyhow::Result<()> {
    let works = Works::new("warn").await?;
    let folder = &works.folder;
    folder.put(FILE, good()?)?;
    works.describe(PACKAGE, "acme", 1)?;
    let (host, api) = works.start().await?;
    let served = becomes_signed(&api, PACKAGE, json!("unsigned"), json!("unsigned")).await?;
    assert_eq!(served["signature"]["reason"], "no signature lies beside it");
    for file in [FILE, PACKAGE] {
        let log = host.log();
        let warned = |line: &str| line.contains("the file is not trusted") && line.contains(file);
        assert!(log.lines().any(warned), "{file}: {log}");
    }
    works.sign("release", FILE).await?;
    becomes_signed(&api, PACKAGE, json!("release"), json!("unsigned")).await?;
    works.sign("stranger", PACKAGE).await?;
    becomes_signed(&api, PACKAGE, json!("release"), json!("foreign")).await?;
    let table = works.run(&["adapter", "list", "--host", host.url()]).await?;
    assert!(
        table.contains("SIGNED") && table.contains("release, foreign"),
        "{table}"
    );
    folder.put("acme.element.toml.sig", [0; 7])?;
    becomes_signed(&api, PACKAGE, json!("release"), json!("invalid")).await?;
    folder.put(FILE, other()?)?;
    becomes_signed(&api, PACKAGE, json!("invalid"), json!("invalid")).await?;
    folder.remove("evil.wasm.sig")?;
    folder.remove("acme.element.toml.sig")?;
    becomes_signed(&api, PACKAGE, json!("unsigned"), json!("unsigned")).await?;
    works.sign("next", PACKAGE).await?;
    let shown = becomes_signed(&api, PACKAGE, json!("unsigned"), json!("next")).await?;
    assert_eq!(
        shown["packageSignature"],
        json!({ "state": "trusted", "key": "next" })
    );
    let inspected = works
        .run(&["adapter", "inspect", "acme", "--host", host.url()])
        .await?;
    assert!(inspected.contains("packageSignature"), "{inspected}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_ask_looks_at_no_signature() -> anyhow::Result<()> {
    let works = Works::new("off").await?;
    works.serve().await?;
    works.folder.put("evil.wasm.sig", "garbage")?;
    let (host, api) = works.start().await?;
    let served = becomes(&api, PACKAGE, "ready").await?;
    assert_eq!(
        (&served["signature"], &served["packageSignature"]),
        (&Value::Null, &Value::Null)
    );
    let listed = api.get("/adapters").await?.ok()?;
    assert_eq!(
        listed.as_array().map(Vec::len),
        Some(1),
        "a signature is no adapter: {listed}"
    );
    let table = works.run(&["adapter", "list", "--host", host.url()]).await?;
    assert!(!table.contains("SIGNED"), "{table}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_once_and_files_are_signed_and_checked() -> anyhow::Result<()> {
    let works = Works::new("require").await?;
    let at = |name: &str| works.home.path().join(name);
    let mode = |path: &Path| std::fs::metadata(path).map(|found| found.permissions().mode() & 0o777);
    assert_eq!(mode(&at("release.pem"))?, 0o600);
    let before = std::fs::read_to_string(at("release.pem"))?;
    assert!(before.starts_with("-----BEGIN PRIVATE KEY-----\n"), "a PEM file");
    let refused = works.home.run_bare(&["adapter", "keygen", "release.pem"]).await?;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(std::fs::read_to_string(at("release.pem"))?, before);

    let folder = &works.folder;
    folder.put(FILE, good()?)?;
    works.describe(PACKAGE, "acme", 1)?;
    let (wasm, package) = (folder.at(FILE), folder.at(PACKAGE));
    let (wasm, package) = (wasm.to_string_lossy(), package.to_string_lossy());
    let check = ["adapter", "check", &wasm, "--package", &package];
    let refused = works.home.run_bare(&check).await?;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("no signature lies beside it"),
        "{}",
        refused.stderr
    );
    let signed = works
        .run(&["adapter", "sign", "--key", "next.pem", &wasm, &package])
        .await?;
    assert_eq!(signed, format!("{wasm}.sig\n{package}.sig\n"));
    let checked = works.run(&check).await?;
    assert!(
        checked.contains("signature  by the trusted key next\n"),
        "{checked}"
    );

    // Once more with the same key, or after the file changed, is nothing special; a good signature by another key is.
    let by = |key: &'static str| ["adapter", "sign", "--key", key, &wasm];
    works.run(&by("next.pem")).await?;
    let before_it = std::fs::read(folder.at("evil.wasm.sig"))?;
    let kept = works.home.run_bare(&by("release.pem")).await?;
    assert_eq!(kept.code, Some(1));
    for needle in [
        "evil.wasm.sig is a good signature by another key, MCow",
        "--force",
    ] {
        assert!(kept.stderr.contains(needle), "{}", kept.stderr);
    }
    assert_eq!(std::fs::read(folder.at("evil.wasm.sig"))?, before_it);
    folder.put(FILE, other()?)?;
    works.run(&by("release.pem")).await?;
    folder.put(FILE, good()?)?;

    works
        .run(&["adapter", "keygen", "release.pem", "--force"])
        .await?;
    assert_ne!(std::fs::read_to_string(at("release.pem"))?, before);
    assert_eq!(mode(&at("release.pem"))?, 0o600);
    works.sign("release", FILE).await?;
    let settings = std::fs::read_to_string(at("periodic.toml"))?;
    std::fs::write(at("periodic.toml"), settings.replace("\"require\"", "\"warn\""))?;
    let warned = works.run(&check).await?;
    let needle = "signature  not trusted: it is signed by the key MCow";
    assert!(warned.contains(needle), "{warned}");

    std::fs::write(at("notes.txt"), "x")?;
    std::fs::write(at("no.pem"), "x")?;
    for (words, needle) in [
        (
            &["--key", "next.pem", "notes.txt"][..],
            "only .wasm files and description files",
        ),
        (&["--key", "no.pem", &wasm], "holds no Ed25519 private key"),
        (&["--key", "absent.pem", &wasm], "absent.pem"),
        (&["--key", "next.pem", "absent.wasm"], "absent.wasm"),
    ] {
        let refused = works
            .home
            .run_bare(&[&["adapter", "sign"], words].concat())
            .await?;
        assert_eq!(refused.code, Some(1), "{words:?}");
        assert!(refused.stderr.contains(needle), "{words:?}: {}", refused.stderr);
    }

    // A key that is none stops the start.
    std::fs::write(
        at("periodic.toml"),
        "[adapters.trusted_keys]\nrelease = \"c2hvcnQ=\"\n",
    )?;
    let mut host = works.home.begin(&["run", "--listen", "127.0.0.1:0"])?;
    assert!(!host.ended().await?.success());
    for needle in ["setting adapters.trusted_keys.release", "c2hvcnQ=", "keygen"] {
        assert!(host.log().contains(needle), "no {needle:?} in {}", host.log());
    }
    Ok(())
}
