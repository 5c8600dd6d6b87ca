//! The whole path on one machine: a fake provider, the real host, a receiver, and changes on their way.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{ChildStdout, Command},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use owo_colors::{OwoColorize as _, Stream};
use serde_json::{Value, json};

use crate::{
    build::{self, Built, step},
    process::{Running, root, target},
};

/// The key that the demo's notifications are signed with.
pub(crate) const SIGNING_KEY: &str = "demo-signing-key";
/// The secrets of the demo's user and organization.
pub(crate) const USER_SECRET: &str = "demo-user-secret";
pub(crate) const ORGANIZATION_SECRET: &str = "demo-organization-secret";
/// The client that the demo's user registered with the provider.
const CLIENT_ID: &str = "Rand0MAP1-key";
/// So long an event may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// `cargo xtask demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// End after a created and an updated contact were delivered with valid signatures.
    #[arg(long)]
    once: bool,
}

/// Run it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let built = build::all()?;
    let mut stage = Stage::set(&built)?;
    let instance = stage.create_instance()?;
    let id = &instance["id"];
    println!("    instance {id} is there; its resources are polled every 3 seconds");
    let company = stage.change_contacts()?;
    if arguments.once {
        let done = "a created and an updated contact were delivered with valid signatures";
        println!("{}", done.if_supports_color(Stream::Stdout, |text| text.green()));
        return Ok(());
    }
    stage.invite(&instance, &company);
    stage.show_until_interrupted()
}

/// The processes of the demo; they end with it.
pub(crate) struct Stage {
    provider: Running,
    provider_url: String,
    receiver: Running,
    receiver_url: String,
    notifications: Receiver<Value>,
    host: Running,
    host_url: String,
    agent: ureq::Agent,
    _data: tempfile::TempDir,
}

impl Stage {
    /// Start provider, receiver and host.
    pub(crate) fn set(built: &Built) -> anyhow::Result<Self> {
        step("starting the fake provider, a receiver and the host");
        let fake = target().join("release/fake-maximizer");
        let mut command = Command::new(fake);
        command.args(["--port", "0"]);
        let (provider, provider_url, output) =
            Running::start("the fake provider", &mut command, "listening on ")?;
        drain(output);

        let mut command = Command::new(&built.periodic);
        command.args(["listen", "--port", "0", "--key", SIGNING_KEY, "--json"]);
        let (receiver, receiver_url, output) = Running::start("the receiver", &mut command, "listening on ")?;
        let notifications = show_notifications(output);

        let data = tempfile::tempdir().context("no temporary folder can be made")?;
        let listen = format!("127.0.0.1:{}", free_port(8080)?);
        let mut command = Command::new(&built.periodic);
        command
            .current_dir(data.path())
            .arg("run")
            .arg("--data")
            .arg(data.path().join("data"))
            .arg("--adapters")
            .arg(&built.adapters)
            .args([
                "--listen",
                &listen,
                "--egress-allow",
                "127.0.0.0/8",
                "--min-poll-interval",
                "1s",
            ])
            .args([
                "--element-default",
                &format!("maximizer.maximizer.url={provider_url}/octopus"),
            ])
            .args([
                "--element-default",
                &format!("maximizer.maximizer.oauth.url={provider_url}/oauth2/CloudElements"),
            ])
            .env("PERIODIC_USER_SECRET", USER_SECRET)
            .env("PERIODIC_ORGANIZATION_SECRET", ORGANIZATION_SECRET);
        let (host, host_url, output) = Running::start("the host", &mut command, "listening on ")?;
        drain(output);
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        let stage = Self {
            provider,
            provider_url,
            receiver,
            receiver_url,
            notifications,
            host,
            host_url,
            agent,
            _data: data,
        };
        stage.wait_until_ready()?;
        println!("    provider {}", stage.provider_url);
        println!("    receiver {}", stage.receiver_url);
        println!("    host     {}", stage.host_url);
        Ok(stage)
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        let url = format!("{}/readyz", self.host_url);
        loop {
            if self
                .agent
                .get(&url)
                .call()
                .is_ok_and(|response| response.status() == 200)
            {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "the host is not ready after {PATIENCE:?}: see GET {url}"
            );
            thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// Walk the grant like a browser, then make the instance of the published example.
    pub(crate) fn create_instance(&self) -> anyhow::Result<Value> {
        step("walking the OAuth grant like a browser");
        let example = root().join("tests/fixtures/maximizer-instance.json");
        let mut request: Value = serde_json::from_str(&read(&example)?)?;
        let callback = request["configuration"]["oauth.callback.url"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let query = [
            ("apiKey", CLIENT_ID),
            ("apiSecret", "fak3AP1-s3Cr3t"),
            ("callbackUrl", &callback),
        ];
        let answer = self.call(
            "GET",
            &url::Url::parse_with_params(&self.at("/elements/maximizer/oauth/url"), query)?,
            None,
        )?;
        let authorize = answer["oauthUrl"]
            .as_str()
            .context("the answer has no oauthUrl")?;
        println!("    {authorize}");
        let code = self.consent(authorize)?;

        step("creating the instance of the published example");
        request["providerData"]["code"] = code.into();
        request["configuration"]["event.notification.callback.url"] = self.receiver_url.clone().into();
        request["configuration"]["event.notification.signature.key"] = SIGNING_KEY.into();
        request["configuration"]["event.poller.refresh_interval"] = "0.05".into();
        self.call("POST", &url::Url::parse(&self.at("/instances"))?, Some(&request))
    }

    /// What a browser does: follow the authorize URL until the provider sends it back with a code.
    fn consent(&self, authorize: &str) -> anyhow::Result<String> {
        let mut response = self
            .agent
            .get(authorize)
            .header("accept", "application/json")
            .call()?;
        let location = response
            .headers()
            .get("location")
            .and_then(|location| location.to_str().ok());
        let code = match location {
            Some(location) => {
                let (_, query) = location.split_once('?').context("the redirect has no query")?;
                url::form_urlencoded::parse(query.as_bytes())
                    .find(|(name, _)| name == "code")
                    .map(|(_, code)| code.into_owned())
            }
            // The published redirect URI is no URL: the fake answers with the code instead of a redirect.
            None => response.body_mut().read_json::<Value>()?["code"]
                .as_str()
                .map(str::to_owned),
        };
        code.context("the provider gave no code")
    }

    /// Create, edit and delete a contact in the provider, and wait for what has to arrive. Returns its company's key.
    pub(crate) fn change_contacts(&mut self) -> anyhow::Result<String> {
        step("creating a contact in the provider");
        let company = self.provide("Create", &json!({ "AbEntry": { "Data": { "Key": null, "Type": "Company", "CompanyName": "Sunrise Adventures" } } }))?;
        let parent = company["AbEntry"]["Data"]["Key"]
            .as_str()
            .context("the fake gave no key")?;
        let contact = json!({ "AbEntry": { "Data": { "Key": null, "Type": "Contact", "ParentKey": parent, "LastName": "Chung", "FirstName": "Rennie" } } });
        let contact = self.provide("Create", &contact)?;
        let key = contact["AbEntry"]["Data"]["Key"]
            .as_str()
            .context("the fake gave no key")?
            .to_owned();
        self.expect("CREATED", &key)?;

        step("editing it");
        // Dates have whole seconds: an edit in the second of the creation would be a creation by its dates.
        thread::park_timeout(Duration::from_millis(1100));
        self.provide(
            "Update",
            &json!({ "AbEntry": { "Data": { "Key": key, "Position": "Guide" } } }),
        )?;
        self.expect("UPDATED", &key)?;

        step("deleting it (Maximizer tells nobody what was deleted, so nothing arrives)");
        self.provide("Delete", &json!({ "AbEntry": { "Data": { "Key": key } } }))?;
        Ok(parent.to_owned())
    }

    /// Wait for a notification with this event, and check its signature.
    fn expect(&mut self, event_type: &str, object: &str) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.notifications.recv_timeout(Duration::from_millis(200)) {
                Ok(notification) => {
                    let body = &notification["body"];
                    let events = body["message"]["events"]
                        .as_array()
                        .context("a notification without events")?;
                    let wanted =
                        |event: &Value| event["eventType"] == event_type && event["objectId"] == object;
                    let signature = &notification["signature"];
                    ensure!(signature == "valid", "a notification's signature is {signature}");
                    if events.iter().any(wanted) {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.check()?;
                    ensure!(
                        Instant::now() < until,
                        "no {event_type} event of {object} arrived within {PATIENCE:?}"
                    );
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the receiver ended"),
            }
        }
    }

    fn show_until_interrupted(&mut self) -> anyhow::Result<()> {
        loop {
            self.check()?;
            // The reading thread shows what arrives; here it is only taken off the queue.
            while self
                .notifications
                .recv_timeout(Duration::from_millis(500))
                .is_ok()
            {}
        }
    }

    fn check(&mut self) -> anyhow::Result<()> {
        self.provider.check()?;
        self.receiver.check()?;
        self.host.check()
    }

    fn invite(&self, instance: &Value, company: &str) {
        let authorization = format!("User {USER_SECRET}, Organization {ORGANIZATION_SECRET}");
        let token = instance["token"].as_str().unwrap_or_default();
        let id = &instance["id"];
        step("everything keeps running until Ctrl-C; try:");
        println!("\n  # the instance, its pollers, its events");
        for path in [
            format!("/instances/{id}"),
            format!("/instances/{id}/pollers"),
            format!("/instances/{id}/events"),
        ] {
            println!("  curl -H 'Authorization: {authorization}' {}", self.at(&path));
        }
        println!("\n  # contacts through the normalized resource");
        println!(
            "  curl -H 'Authorization: User {USER_SECRET}, Element {token}' '{}'",
            self.at("/hubs/crm/contacts?fields=Key,FullName")
        );
        println!("\n  # another contact in the provider; its event arrives here within 3 seconds");
        let contact =
            json!([{ "Type": "Contact", "ParentKey": company, "FirstName": "Gail", "LastName": "DuPont" }]);
        println!(
            "  curl -X POST -H 'Content-Type: application/json' -d '{contact}' {}/control/records/AbEntry\n",
            self.provider_url
        );
    }

    /// Where the host listens.
    pub(crate) fn host_url(&self) -> &str {
        &self.host_url
    }

    /// A path of the host's interface.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}/elements/api-v2{path}", self.host_url)
    }

    /// Post to the host's API.
    pub(crate) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call("POST", &url::Url::parse(&self.at(path))?, Some(body))
    }

    /// Call the host's API. Adapters that were never compiled here take a while on a slow machine, and the host says so.
    fn call(&self, method: &str, url: &url::Url, body: Option<&Value>) -> anyhow::Result<Value> {
        let until = Instant::now() + 4 * PATIENCE;
        loop {
            let (status, answer) = self.ask(method, url, body)?;
            if status.is_success() {
                return Ok(answer);
            }
            ensure!(
                status == ureq::http::StatusCode::SERVICE_UNAVAILABLE && Instant::now() < until,
                "{method} {} answered {status}: {answer}",
                url.path()
            );
            thread::park_timeout(Duration::from_secs(1));
        }
    }

    fn ask(
        &self,
        method: &str,
        url: &url::Url,
        body: Option<&Value>,
    ) -> anyhow::Result<(ureq::http::StatusCode, Value)> {
        let authorization = format!("User {USER_SECRET}, Organization {ORGANIZATION_SECRET}");
        let mut response = match body {
            None => self
                .agent
                .get(url.as_str())
                .header("authorization", authorization)
                .call()?,
            Some(body) => self
                .agent
                .post(url.as_str())
                .header("authorization", authorization)
                .send_json(body)?,
        };
        let status = response.status();
        let answer: Value = response
            .body_mut()
            .read_json()
            .with_context(|| format!("{method} {url} answered {status}"))?;
        Ok((status, answer))
    }

    /// Call the fake's data service.
    fn provide(&self, method: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("{}/control/service/{method}", self.provider_url);
        let answer: Value = self.agent.post(&url).send_json(body)?.body_mut().read_json()?;
        ensure!(answer["Code"] == 0, "the fake refuses {method}: {answer}");
        Ok(answer)
    }
}

/// Show each notification as it arrives, and hand it on.
fn show_notifications(output: BufReader<ChildStdout>) -> Receiver<Value> {
    let (sender, receiver) = mpsc::sync_channel(1024);
    thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let Ok(notification) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            show(&notification);
            if sender.send(notification).is_err() {
                return;
            }
        }
    });
    receiver
}

fn show(notification: &Value) {
    let signature = notification["signature"].as_str().unwrap_or("missing");
    let events = notification["body"]["message"]["events"].as_array();
    for event in events.into_iter().flatten() {
        let text = |member: &str| event[member].as_str().unwrap_or("?").to_owned();
        let kind = text("eventType");
        let kind = kind.if_supports_color(Stream::Stdout, |kind| match kind.as_str() {
            _ if signature != "valid" => kind.to_string().red().to_string(),
            _ => kind.to_string().green().to_string(),
        });
        println!(
            "  ● {kind} {} {} at {} (signature {signature})",
            text("objectType"),
            text("objectId"),
            text("date")
        );
    }
}

/// Read output that nobody wants, so that its writer never blocks.
fn drain(mut output: BufReader<ChildStdout>) {
    thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
}

/// This port when it is free, any other otherwise.
fn free_port(wanted: u16) -> anyhow::Result<u16> {
    let listener =
        TcpListener::bind(("127.0.0.1", wanted)).or_else(|_taken| TcpListener::bind(("127.0.0.1", 0)))?;
    Ok(listener.local_addr()?.port())
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}
