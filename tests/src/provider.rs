//! The fake provider, and what a test does in it.

use std::ops::Deref;

use anyhow::Context as _;
use fake_maximizer::{Client, Entity, FakeMaximizer, Options, World};
use serde_json::{Value, json};

use crate::eventually;

/// The client of the published example.
pub const CLIENT_ID: &str = "Rand0MAP1-key";
/// Its secret.
pub const CLIENT_SECRET: &str = "fak3AP1-s3Cr3t";
/// The redirect URI of the published example, malformed as published.
pub const CALLBACK: &str = "https;//mycoolapp.com";

/// A fake provider of the test's own. Its records, switches and requests are those of [`World`].
#[derive(Debug)]
pub struct Provider {
    fake: FakeMaximizer,
}

// === impl Provider ===

impl Provider {
    /// A provider with a few sample records, all changed days ago.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(Options::default()).await
    }

    /// A provider with these options.
    ///
    /// # Errors
    /// It does not start.
    pub async fn with(options: Options) -> anyhow::Result<Self> {
        Ok(Self {
            fake: FakeMaximizer::start(options).await?,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        self.fake.url()
    }

    /// A code for the published example's client.
    ///
    /// # Errors
    /// The provider gives none.
    pub async fn code(&self) -> anyhow::Result<String> {
        self.code_for(&Client::default().id, CALLBACK).await
    }

    /// Walk the grant like a browser: the redirect's code.
    ///
    /// # Errors
    /// The provider gives none.
    pub async fn code_for(&self, client: &str, callback: &str) -> anyhow::Result<String> {
        let query = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", callback),
        ];
        let url = reqwest::Url::parse_with_params(&format!("{}/authorize", self.fake.oauth_url()), query)?;
        self.consent(url.as_str()).await
    }

    /// Follow an authorize URL.
    ///
    /// # Errors
    /// The provider gives no code.
    pub async fn consent(&self, authorize: &str) -> anyhow::Result<String> {
        let answer = crate::api::client()?.get(authorize).send().await?;
        let location = answer.headers().get("location").cloned();
        if let Some(location) = location {
            let location = reqwest::Url::parse(location.to_str()?)?;
            let code = location.query_pairs().find(|(name, _)| name == "code");
            return Ok(code.context("the redirect has no code")?.1.into_owned());
        }
        // The published redirect URI is no URL: the fake answers with the code instead of a redirect.
        let body: Value = answer.json().await?;
        Ok(body["code"]
            .as_str()
            .with_context(|| format!("no code: {body}"))?
            .to_owned())
    }

    /// Create a contact of the first company; its key.
    ///
    /// # Errors
    /// The fake refuses.
    pub fn contact(&self, last_name: &str) -> anyhow::Result<String> {
        self.contact_with(json!({ "LastName": last_name }))
    }

    /// Create a contact of the first company with these members; its key.
    ///
    /// # Errors
    /// The fake refuses.
    pub fn contact_with(&self, mut members: Value) -> anyhow::Result<String> {
        let companies = self.records(Entity::AbEntry);
        let company = companies.iter().find(|record| record["Type"] == "Company");
        members["Type"] = json!("Contact");
        members["ParentKey"] = company.context("there is no company")?["Key"].clone();
        self.add(Entity::AbEntry, members)
    }

    /// Create a record; its key.
    ///
    /// # Errors
    /// The fake refuses.
    pub fn add(&self, entity: Entity, members: Value) -> anyhow::Result<String> {
        let created = self.create(entity, &members)?;
        Ok(created["Key"]
            .as_str()
            .context("the fake gave no key")?
            .to_owned())
    }

    /// Change a contact, now.
    ///
    /// # Errors
    /// The fake refuses.
    pub fn edit(&self, key: &str, members: Value) -> anyhow::Result<Value> {
        Ok(self.update(Entity::AbEntry, key, &members)?)
    }

    /// Wait until the provider's clock shows another second, so that its dates differ.
    ///
    /// # Errors
    /// Its clock stands still.
    pub async fn next_second(&self) -> anyhow::Result<()> {
        let now = self.clock().now().timestamp();
        eventually("the provider's next second", async || {
            Ok((self.clock().now().timestamp() > now).then_some(()))
        })
        .await
    }

    /// The provider's present as it writes dates.
    #[must_use]
    pub fn now(&self) -> String {
        self.clock().now().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// How many token requests of a grant it answered.
    #[must_use]
    pub fn token_requests(&self, grant: &str) -> usize {
        let requests = self.requests_of("Token").into_iter();
        requests
            .filter(|request| request.body.to_string().contains(grant))
            .count()
    }

    /// Every token that it handed out, and every code that was shown to it.
    ///
    /// # Errors
    /// Its control interface does not answer.
    pub async fn tokens(&self) -> anyhow::Result<Vec<String>> {
        let url = format!("{}/control/tokens", self.url());
        let issued: Value = crate::api::client()?.get(url).send().await?.json().await?;
        let mut tokens: Vec<String> = ["access", "refresh"]
            .into_iter()
            .flat_map(|kind| crate::keys(&issued[kind]))
            .map(str::to_owned)
            .collect();
        for request in self.requests_of("Token") {
            let form = request.body.as_str().unwrap_or_default();
            let form = reqwest::Url::parse(&format!("http://form/?{form}"))?;
            let codes = form.query_pairs().filter(|(name, _)| name == "code");
            tokens.extend(codes.map(|(_, code)| code.into_owned()));
        }
        Ok(tokens)
    }
}

impl Deref for Provider {
    type Target = World;

    fn deref(&self) -> &World {
        self.fake.world()
    }
}
