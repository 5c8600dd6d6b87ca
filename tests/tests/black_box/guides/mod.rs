//! The README and the pages for authors of adapters: every snippet is run, from the first to the last. One in a language that nothing here
//! runs fails, and so does one that does not work.

mod blocks;
mod desk;
mod readme;
mod shop;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use periodic_tests::{Api, ORGANIZATION_SECRET, USER_SECRET, adapters, becomes, eventually, generated};
use serde_json::{Value, json};

use self::{
    blocks::{Block, blocks},
    desk::{Desk, link},
};

/// The adapter that the guide makes, as it names it.
const WASM: &str = "target/wasm32-wasip2/release/acme_shop.wasm";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An author who does what the guide says.
struct Author {
    desk: Desk,
    /// The provider's address.
    shop: String,
    /// The host that the guide has him start, once it runs.
    api: Option<Api>,
    /// The instance that it has him make, once it is there.
    instance: Option<i64>,
}

impl Author {
    async fn sit_down() -> anyhow::Result<Self> {
        let (mut desk, shop) = (Desk::set()?, shop::open().await?);
        let compiled = generated()?.join("wasm32-wasip2");
        // Of a run before this one, by a key that is gone: it would not be replaced.
        let signature = compiled.join("release/acme_shop.wasm.sig");
        if signature.exists() {
            std::fs::remove_file(signature)?;
        }
        desk.value("target/wasm32-wasip2", compiled.to_string_lossy());
        desk.value("https://api.acme-shop.example/v1", shop.as_str());
        desk.value("<USER_SECRET>", USER_SECRET);
        desk.value("<ORGANIZATION_SECRET>", ORGANIZATION_SECRET);
        desk.variable("ACME_SHOP_KEY", shop::KEY);
        desk.variable("PERIODIC_LISTEN", "127.0.0.1:0");
        desk.variable("PERIODIC_EGRESS_ALLOW", "127.0.0.0/8");
        Ok(Self {
            desk,
            shop,
            api: None,
            instance: None,
        })
    }

    /// Where the guide has him make his project.
    fn project(&self) -> PathBuf {
        self.desk.work().join("acme-shop")
    }

    async fn follow(&mut self, block: &Block) -> anyhow::Result<()> {
        match block.language.as_str() {
            "sh" => self.desk.run(&block.text).await?,
            "toml" => self.test(&block.text).await?,
            "json" => self.poll(&block.text).await?,
            "rust" => is_compiled(&block.text)?,
            other => bail!("nothing runs snippets of {other:?}:\n{}", block.text),
        }
        self.wait().await
    }

    /// A case file passes.
    async fn test(&self, case: &str) -> anyhow::Result<()> {
        let file = self.desk.work().join("case.toml");
        std::fs::write(&file, case)?;
        let line = format!("periodic adapter test {WASM} --cases {}", file.display());
        self.desk.run(&line).await
    }

    /// A poller's configuration is one that an instance can have.
    async fn poll(&self, configuration: &str) -> anyhow::Result<()> {
        let configuration: Value = serde_json::from_str(configuration)?;
        let request = json!({
            "element": { "key": "acme-shop" }, "name": "polled as the guide says",
            "configuration": {
                "acme-shop.url": self.shop, "acme-shop.key": shop::KEY, "event.notification.enabled": true,
                "event.poller.configuration": { "contacts": configuration },
            },
        });
        let api = self.api.as_ref().context("there is no host yet")?;
        api.post("/instances", &request).await?.ok().map(drop)
    }

    /// Between two blocks: what a reader sees or knows, and a script does not.
    async fn wait(&mut self) -> anyhow::Result<()> {
        let project = self.project();
        let lock = project.join("Cargo.lock");
        if project.exists() && !lock.exists() {
            // The workspace's choice of versions, so that nothing is fetched that is not there already.
            std::fs::copy(root().join("Cargo.lock"), lock)?;
        }
        let log = project.join("host.log");
        if self.api.is_none() && log.exists() {
            let url = eventually("the host listens", async || {
                let log = std::fs::read_to_string(&log)?;
                let url = log.lines().find_map(|line| line.strip_prefix("listening on "));
                Ok(url.map(str::to_owned))
            })
            .await?;
            self.api = Some(Api::new(&url)?);
            self.desk.variable("PERIODIC_HOST", url);
            // What a report is, other tests show. Here one of the adapter's own cases stands for one.
            let crashes = project.join("periodic-data/crashes");
            std::fs::create_dir_all(&crashes)?;
            std::fs::copy(
                project.join("cases/not-found.toml"),
                crashes.join("not-found.toml"),
            )?;
        }
        let Some(api) = self.api.clone() else {
            return Ok(());
        };
        if project.join("adapters/acme_shop.wasm").exists() {
            becomes(&api, "acme_shop.wasm", "ready").await?;
        }
        if self.instance.is_none() {
            self.instance = first(&api, "/instances").await?;
            if let Some(instance) = self.instance {
                let polls = format!("/instances/{instance}/polls");
                let poll = eventually("a poll is recorded", async || first(&api, &polls).await).await?;
                self.desk.value("<INSTANCE>", instance.to_string());
                self.desk.value("<POLL>", poll.to_string());
            }
        }
        Ok(())
    }
}

/// The id of the first of a list.
async fn first(api: &Api, list: &str) -> anyhow::Result<Option<i64>> {
    Ok(api.get(list).await?.ok()?[0]["id"].as_i64())
}

/// Code is a piece of the template or of an adapter, which other tests compile and run.
fn is_compiled(snippet: &str) -> anyhow::Result<()> {
    for folder in [
        "adapters/template/rust/src",
        "adapters/maximizer/src",
        "adapters/woocommerce/src",
        "tests/adapters/bell/src",
        "tests/adapters/signet/src",
    ] {
        if stands_in(&root().join(folder), snippet)? {
            return Ok(());
        }
    }
    bail!("this stands in no adapter:\n{snippet}")
}

fn stands_in(folder: &Path, snippet: &str) -> anyhow::Result<bool> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let found = match path.is_dir() {
            true => stands_in(&path, snippet)?,
            false => std::fs::read_to_string(&path)?.contains(snippet.trim_end()),
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_adapters_works_from_the_first_block_to_the_last() -> anyhow::Result<()> {
    let mut author = Author::sit_down().await?;
    for block in blocks("docs/adapters.md")? {
        author.follow(&block).await?;
    }
    ensure!(author.instance.is_some(), "the guide makes no instance");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_on_description_files_works() -> anyhow::Result<()> {
    let mut desk = Desk::set()?;
    let served = tempfile::tempdir()?;
    desk.value("<ADAPTERS>", served.path().to_string_lossy());
    link(&adapters()?, &desk.work().join("target/adapters"))?;
    link(&root().join("adapters/rest"), &desk.work().join("adapters/rest"))?;
    for Block { language, text } in blocks("docs/description-files.md")? {
        match language.as_str() {
            "sh" => desk.run(&text).await?,
            // A piece of the file that was checked before, and that other tests serve.
            "toml" => {
                let example = std::fs::read_to_string(served.path().join("helpdesk.element.toml"))?;
                ensure!(
                    example.contains(&text),
                    "this stands in no description file:\n{text}"
                );
            }
            other => bail!("nothing runs snippets of {other:?}:\n{text}"),
        }
    }
    Ok(())
}
