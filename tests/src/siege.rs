//! Elements of the hostile adapter, a provider that they ask, and a host that has to bear it.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, ensure};
use axum::{Router, extract::Request, extract::State, response::Json};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{Answer, Api, Folder, Home, Host, becomes, test_adapters};

/// The key of every instance, which nobody but the provider may see.
pub const EVIL_KEY: &str = "t0p-s3cr3t-k3y-of-th3-inst4nc3";

/// A host with elements of the hostile adapter.
#[derive(Debug)]
pub struct Siege {
    /// Its adapters folder.
    pub folder: Folder,
    /// Its folder and settings.
    pub home: Home,
    /// The host.
    pub host: Host,
    /// Its interface as the first user.
    pub api: Api,
    /// The provider.
    pub provider: Echo,
    attacks: Mutex<u32>,
}

/// A provider that answers everything with what it was asked.
#[derive(Debug)]
pub struct Echo {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: JoinHandle<()>,
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its path and query.
    pub path: String,
    /// Its headers, names in small letters.
    pub headers: Vec<(String, String)>,
}

// === impl Siege ===

impl Siege {
    /// A host under siege, with settings of the test's own.
    ///
    /// # Errors
    /// A part does not start.
    pub async fn lay(settings: impl FnOnce(Home) -> Home) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        folder.put_test_adapter("evil.wasm")?;
        let home = settings(Home::new()?.set("adapters", &folder.path()));
        let host = home.start().await?;
        Ok(Self {
            api: Api::new(host.url())?,
            provider: Echo::start().await?,
            folder,
            home,
            host,
            attacks: Mutex::new(0),
        })
    }

    /// Put in a description file whose element makes this attack in this function; its name.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn plan(&self, at: &str, attack: &str) -> anyhow::Result<String> {
        let number = {
            let mut attacks = self.attacks.lock().unwrap_or_else(PoisonError::into_inner);
            *attacks += 1;
            *attacks
        };
        let file = format!("evil-{number}.element.toml");
        let lines = format!(
            "adapter = \"evil.wasm\"\nkey = \"evil-{number}\"\nid = \"{}\"\nat = \"{at}\"\nattack = \"{attack}\"\n",
            7000 + number
        );
        self.folder.put(&file, lines)?;
        Ok(file)
    }

    /// An element that makes this attack, and what its instance's creation came to.
    ///
    /// # Errors
    /// The element is not served.
    pub async fn instance(&self, at: &str, attack: &str) -> anyhow::Result<Answer> {
        let file = self.plan(at, attack)?;
        self.instance_of(&file, json!({})).await
    }

    /// The creation of an instance of the element of this description file.
    ///
    /// # Errors
    /// The element is not served.
    pub async fn instance_of(&self, file: &str, configuration: Value) -> anyhow::Result<Answer> {
        let served = becomes(&self.api, file, "ready").await?;
        let mut request = json!({
            "element": { "key": served["element"] }, "name": "Under siege",
            "configuration": { "evil.url": self.provider.url(), "evil.key": EVIL_KEY },
        });
        for (key, value) in configuration.as_object().into_iter().flatten() {
            request["configuration"][key] = value.clone();
        }
        self.api.post("/instances", &request).await
    }

    /// Run a report again: it fails as the host did, and passes with another description file.
    ///
    /// # Errors
    /// So it does not.
    pub async fn replayed(&self, report: &Path, file: &str, told: &str) -> anyhow::Result<()> {
        let wasm = test_adapters()?.join("evil.wasm");
        let replay = async |package: &str| {
            let package = self.folder.at(package).to_string_lossy().into_owned();
            self.home.replay(report, &wasm, Some(&package)).await
        };
        let again = replay(file).await?;
        let fails = again.code == Some(1) && again.stdout.contains(told);
        ensure!(fails, "{told}: {}{}", again.stdout, again.stderr);
        let repaired = replay(&self.plan("nowhere", "nothing")?).await?;
        ensure!(repaired.code == Some(0), "{}{}", repaired.stdout, repaired.stderr);
        Ok(())
    }

    /// What `GET /things` comes to with an element that makes this attack.
    ///
    /// # Errors
    /// There is no instance of it.
    pub async fn attack(&self, at: &str, attack: &str) -> anyhow::Result<Answer> {
        let made = self.instance(at, attack).await?.ok()?;
        let token = made["token"].as_str().context("no token")?;
        self.api.element(token).get("/things").await
    }
}

// === impl Echo ===

impl Echo {
    async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/api", listener.local_addr()?);
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&asked));
        let server = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { url, asked, server })
    }

    /// The address that instances are configured with.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it was asked so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Asked {
    /// A header's values, in order.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<&str> {
        let values = self.headers.iter().filter(|(known, _)| known == name);
        values.map(|(_, value)| value.as_str()).collect()
    }
}

/// Everything that was sent, as a provider would that means no good.
async fn answer(State(asked): State<Arc<Mutex<Vec<Asked>>>>, request: Request) -> Json<Value> {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = request.headers().iter();
    let arrived = Asked {
        path: request.uri().to_string(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
    };
    let echo: Vec<_> = arrived
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let key = arrived.header("x-key").concat();
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.push(arrived);
    Json(json!({
        "id": 1, "name": "http://127.0.0.1:1/api", "lifetime": 1e300, "echo": echo, "key": key, "number": asked.len(),
    }))
}
