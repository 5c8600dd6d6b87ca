//! The README: a reader does what it says, from the first start to users.

use anyhow::{Context as _, bail, ensure};
use periodic_tests::{
    Api, CALLBACK, CLIENT_ID, CLIENT_SECRET, ORGANIZATION_SECRET, Provider, Receiver, SIGNING_KEY,
    USER_SECRET, adapters, binary, eventually,
};
use serde_json::{Value, json};

use super::{
    blocks::{Block, blocks},
    desk::{Desk, link},
    first,
};

/// Lines that are not run, and why.
const NOT_RUN: [(&str, &str); 3] = [
    ("cargo xtask build", "what it builds is what is tested"),
    ("cargo xtask test", "this is one of the tests that it runs"),
    (
        "cargo xtask demo",
        "it builds everything once more; CI runs it on its own",
    ),
];
/// What a test does otherwise than a reader at a terminal, and why.
const OTHERWISE: [(&str, &str); 3] = [
    // The host runs on while the reader opens another terminal, once it has begun its log. The port has to be free.
    (
        "--listen 127.0.0.1:8080",
        "--listen 127.0.0.1:0 > host.log 2>&1 & while [ ! -e host.log ]; do :; done",
    ),
    // Likewise the port that the browser comes back to.
    ("create maximizer", "create maximizer --redirect-port 0"),
    // A reader interrupts it.
    ("events tail", "events tail --after 0 --limit 1"),
];
/// The settings of a reader whose provider is on this machine, and who has a client there.
const SETTINGS: &str = r#"
[egress]
allow = ["127.0.0.0/8"]
[elements.maximizer.configuration]
"maximizer.url" = "<PROVIDER>/octopus"
"maximizer.oauth.url" = "<PROVIDER>/oauth2/CloudElements"
"oauth.api.key" = "<KEY>"
"oauth.api.secret" = "<SECRET>"
"#;
/// The instance that the README has him make over the API.
const NAME: &str = "API Instance with Polling";

struct Reader {
    desk: Desk,
    provider: Provider,
    receiver: Receiver,
    /// The host, once he has started it.
    api: Option<Api>,
    /// The instance, once he has made it.
    instance: Option<Value>,
}

impl Reader {
    async fn sit_down() -> anyhow::Result<Self> {
        let (mut desk, provider, receiver) =
            (Desk::set()?, Provider::start().await?, Receiver::start().await?);
        let work = desk.work();
        link(&binary()?, &work.join("target/release/periodic"))?;
        link(&adapters()?, &work.join("target/adapters"))?;
        for (said, done) in OTHERWISE {
            desk.value(said, done);
        }
        let code = provider.code().await?;
        let settings = SETTINGS
            .replace("<PROVIDER>", provider.url())
            .replace("<KEY>", CLIENT_ID)
            .replace("<SECRET>", CLIENT_SECRET);
        std::fs::write(work.join("periodic.toml"), settings)?;
        for (said, value) in [
            ("<USER_SECRET>", USER_SECRET),
            ("<ORGANIZATION_SECRET>", ORGANIZATION_SECRET),
            ("<KEY>", CLIENT_ID),
            ("<SECRET>", CLIENT_SECRET),
            ("<CALLBACK_URL>", CALLBACK),
            ("<CODE>", &code),
            ("<A KEY OF YOURS>", SIGNING_KEY),
            ("https://example.com/events", receiver.url()),
        ] {
            desk.value(said, value);
        }
        desk.variable("PERIODIC_USER_SECRET", USER_SECRET);
        desk.variable("PERIODIC_ORGANIZATION_SECRET", ORGANIZATION_SECRET);
        // What the host refuses fails.
        std::fs::write(work.join(".curlrc"), "fail-with-body\nsilent\nshow-error\n")?;
        desk.variable("CURL_HOME", work.to_string_lossy());
        Ok(Self {
            desk,
            provider,
            receiver,
            api: None,
            instance: None,
        })
    }

    async fn follow(&mut self, block: &Block) -> anyhow::Result<()> {
        match block.language.as_str() {
            "sh" => {
                let run = without_what_is_not_run(&block.text);
                if run.contains("instances create") {
                    self.consent(&run).await?;
                } else {
                    self.desk.run(&run).await?;
                }
            }
            "toml" => {
                std::fs::write(self.desk.work().join("example.toml"), &block.text)?;
                self.desk
                    .run("periodic config show --config example.toml")
                    .await?;
            }
            other => bail!("nothing runs snippets of {other:?}:\n{}", block.text),
        }
        self.look().await
    }

    /// Run a block that sends a browser to the provider, and be the browser.
    async fn consent(&self, block: &str) -> anyhow::Result<()> {
        let browser = async {
            let page = eventually("the command names the consent page", async || {
                let said = self.desk.said()?;
                let mut words = said.split_whitespace();
                Ok(words.find(|word| word.contains("/authorize?")).map(str::to_owned))
            });
            let client = reqwest::Client::builder().no_proxy().build()?;
            client.get(page.await?).send().await?.error_for_status()?;
            anyhow::Ok(())
        };
        tokio::try_join!(self.desk.run(block), browser)?;
        Ok(())
    }

    /// Between two blocks: what a reader sees, and puts in for the placeholders that follow.
    async fn look(&mut self) -> anyhow::Result<()> {
        let log = self.desk.work().join("host.log");
        if self.api.is_none() && log.exists() {
            let url = eventually("the host listens", async || {
                let log = std::fs::read_to_string(&log)?;
                let url = log.lines().find_map(|line| line.strip_prefix("listening on "));
                Ok(url.map(str::to_owned))
            })
            .await?;
            self.api = Some(Api::new(&url)?);
            self.desk.value("http://127.0.0.1:8080", url.as_str());
            self.desk.variable("PERIODIC_HOST", url);
        }
        let Some(api) = self.api.clone() else {
            return Ok(());
        };
        match &self.instance {
            None => self.look_for_instance(&api).await,
            Some(instance) => {
                let token = instance["token"].as_str().context("a token")?;
                let api = api.element(token);
                if let Some(export) = first(&api, "/bulk/jobs").await? {
                    self.desk.value("<EXPORT>", export.to_string());
                    let status = format!("/bulk/{export}/status");
                    eventually("the export is complete", async || {
                        let status = api.get(&status).await?.ok()?;
                        Ok((status["status"] == "COMPLETED").then_some(()))
                    })
                    .await?;
                }
                Ok(())
            }
        }
    }

    async fn look_for_instance(&mut self, api: &Api) -> anyhow::Result<()> {
        let all = api.get("/instances").await?.ok()?;
        let named = all
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["name"] == NAME);
        let Some(instance) = named else {
            return Ok(());
        };
        let id = instance["id"].to_string();
        let polls = format!("/instances/{id}/polls");
        eventually("the first poll is over", async || first(api, &polls).await).await?;
        // A record that changes at the provider is told.
        let contact = self.provider.contact("Chung")?;
        eventually("a poll on demand", async || {
            Ok((api.post(&polls, &json!({})).await?.status == 200).then_some(()))
        })
        .await?;
        self.receiver.expect("CREATED", &contact).await?;
        let poll = first(api, &polls).await?.context("a poll")?;
        self.desk.value("<ID>", id);
        self.desk.value("<POLL>", poll.to_string());
        self.desk
            .value("<TOKEN>", instance["token"].as_str().context("a token")?);
        self.instance = Some(instance.clone());
        Ok(())
    }
}

fn without_what_is_not_run(block: &str) -> String {
    let is_run = |line: &&str| NOT_RUN.iter().all(|(word, _why)| !line.starts_with(word));
    block
        .lines()
        .filter(is_run)
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_works_from_the_first_block_to_the_last() -> anyhow::Result<()> {
    let mut reader = Reader::sit_down().await?;
    let blocks = blocks("README.md")?;
    for (line, _why) in NOT_RUN {
        let said = blocks.iter().any(|block| block.text.contains(line));
        ensure!(said, "the README does not say {line:?} any more");
    }
    for block in &blocks {
        reader.follow(block).await?;
    }
    ensure!(reader.instance.is_some(), "the README makes no instance");
    Ok(())
}
