//! A provider, a receiver and a host, put together.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{Api, Home, Host, ORGANIZATION_SECRET, Provider, Receiver, USER_SECRET, eventually, fixture};

/// The key that notifications are signed with.
pub const SIGNING_KEY: &str = "MySecret+Event/Signature=Key";
/// The polls of tests are 0.6 s apart. More often, and the element's budget of 90 requests in 30 s is used up soon:
/// everybody waits then, and so would the test.
const INTERVAL: &str = "0.01";

/// A provider, a receiver and a host. All end with the test.
#[derive(Debug)]
pub struct Stage {
    /// The provider.
    pub provider: Provider,
    /// The receiver.
    pub receiver: Receiver,
    /// The host's folder and settings.
    pub home: Home,
    /// The host's process; none while it is down.
    pub host: Option<Host>,
    /// The host's interface as the first user.
    pub api: Api,
}

/// An instance that was made.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its id.
    pub id: i64,
    /// Its token.
    pub token: String,
    /// The answer.
    pub body: Value,
}

// === impl Stage ===

impl Stage {
    /// Everything as usual.
    ///
    /// # Errors
    /// A part does not start.
    pub async fn set() -> anyhow::Result<Self> {
        Self::with(|home| home).await
    }

    /// With settings of the test's own.
    ///
    /// # Errors
    /// A part does not start.
    pub async fn with(settings: impl FnOnce(Home) -> Home) -> anyhow::Result<Self> {
        let provider = Provider::start().await?;
        let url = provider.url().to_owned();
        Self::around(provider, &url, settings).await
    }

    /// Around a provider that is reached at `url`.
    ///
    /// # Errors
    /// A part does not start.
    pub async fn around(
        provider: Provider,
        url: &str,
        settings: impl FnOnce(Home) -> Home,
    ) -> anyhow::Result<Self> {
        let receiver = Receiver::start().await?;
        let home = Home::new()?
            .add(
                "element-default",
                &format!("maximizer.maximizer.url={url}/octopus"),
            )
            .add(
                "element-default",
                &format!("maximizer.maximizer.oauth.url={url}/oauth2/CloudElements"),
            );
        let home = settings(home);
        let host = home.start().await?;
        let api = Api::new(host.url())?;
        Ok(Self {
            provider,
            receiver,
            home,
            host: Some(host),
            api,
        })
    }

    /// The published example with its three blanks filled in.
    ///
    /// # Errors
    /// The provider gives no code.
    pub async fn request(&self) -> anyhow::Result<Value> {
        let mut request = fixture("maximizer-instance.json")?;
        request["providerData"]["code"] = json!(self.provider.code().await?);
        let configuration = &mut request["configuration"];
        configuration["event.notification.callback.url"] = json!(self.receiver.url());
        configuration["event.poller.refresh_interval"] = json!(INTERVAL);
        Ok(request)
    }

    /// An instance of the published example.
    ///
    /// # Errors
    /// The host refuses.
    pub async fn instance(&self) -> anyhow::Result<Instance> {
        self.instance_with(json!({})).await
    }

    /// An instance of the published example with these configuration keys besides; null takes one away.
    ///
    /// # Errors
    /// The host refuses.
    pub async fn instance_with(&self, configuration: Value) -> anyhow::Result<Instance> {
        let mut request = self.request().await?;
        for (key, value) in configuration.as_object().into_iter().flatten() {
            match value {
                Value::Null => drop(
                    request["configuration"]
                        .as_object_mut()
                        .and_then(|known| known.shift_remove(key)),
                ),
                value => request["configuration"][key] = value.clone(),
            }
        }
        self.create(&request).await
    }

    /// An instance of this request.
    ///
    /// # Errors
    /// The host refuses.
    pub async fn create(&self, request: &Value) -> anyhow::Result<Instance> {
        let body = self.api.post("/instances", request).await?.ok()?;
        Ok(Instance {
            id: body["id"].as_i64().context("no id")?,
            token: body["token"].as_str().context("no token")?.to_owned(),
            body,
        })
    }

    /// The pollers of an instance.
    ///
    /// # Errors
    /// The host refuses.
    pub async fn pollers(&self, instance: &Instance) -> anyhow::Result<Value> {
        self.api
            .get(&format!("/instances/{}/pollers", instance.id))
            .await?
            .ok()
    }

    /// The deliveries of an instance, newest first.
    ///
    /// # Errors
    /// The host refuses.
    pub async fn deliveries(&self, instance: &Instance) -> anyhow::Result<Vec<Value>> {
        let path = format!("/instances/{}/deliveries?pageSize=200", instance.id);
        let deliveries = self.api.get(&path).await?.ok()?;
        Ok(deliveries.as_array().cloned().unwrap_or_default())
    }

    /// An instance as it is shown.
    ///
    /// # Errors
    /// The host refuses.
    pub async fn shown(&self, instance: &Instance) -> anyhow::Result<Value> {
        self.api.get(&format!("/instances/{}", instance.id)).await?.ok()
    }

    /// Poll from beginning to end, once, after whatever poll is under way.
    ///
    /// # Errors
    /// No poll can be made.
    pub async fn poll(&self, instance: &Instance) -> anyhow::Result<()> {
        eventually("a whole poll", async || {
            let path = format!("/instances/{}/polls", instance.id);
            let answer = self.api.post(&path, &json!({})).await?;
            if answer.status == 409 {
                return Ok(None);
            }
            answer.ok().map(Some)
        })
        .await?;
        Ok(())
    }

    /// Poll once more and wait until everything is delivered: what has not come by then does not come.
    ///
    /// # Errors
    /// No poll can be made, or a delivery does not succeed.
    pub async fn settle(&self, instance: &Instance) -> anyhow::Result<()> {
        self.poll(instance).await?;
        eventually("all deliveries are delivered", async || {
            let deliveries = self.deliveries(instance).await?;
            let done = deliveries
                .iter()
                .all(|delivery| delivery["status"] == "delivered");
            Ok(done.then_some(()))
        })
        .await
    }

    /// A folder of the first user, whose commands go to the host.
    ///
    /// # Errors
    /// The host is down, or no folder can be made.
    pub fn user(&self) -> anyhow::Result<Home> {
        let home = Home::bare()?.variable("PERIODIC_HOST", self.host()?.url());
        Ok(home
            .variable("PERIODIC_USER_SECRET", USER_SECRET)
            .variable("PERIODIC_ORGANIZATION_SECRET", ORGANIZATION_SECRET))
    }

    /// The running host.
    ///
    /// # Errors
    /// It is down.
    pub fn host(&self) -> anyhow::Result<&Host> {
        self.host.as_ref().context("the host is down")
    }

    /// Kill the host.
    ///
    /// # Errors
    /// It is down.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.host.take().context("the host is down")?.kill().await
    }

    /// Stop the host as an operator does.
    ///
    /// # Errors
    /// It does not stop.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let host = self.host.take().context("the host is down")?;
        host.terminate(Duration::from_secs(10)).await?;
        Ok(())
    }

    /// Start the host again; it listens elsewhere.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let host = self.home.start().await?;
        self.api = self.api.at(host.url());
        self.host = Some(host);
        Ok(())
    }
}
