//! The browser's part of `periodic instances create`: what an instance authenticates with, as its `providerData`.

use anyhow::{bail, ensure};
use http::Method;
use periodic_sdk::description::AuthenticationKind;
use serde_json::{Map, Value, json};

use super::{
    Target, ask,
    consent::{Consent, Redirect},
    create::Setup,
    segment, told,
};
use crate::ids;

/// The configuration key of the redirect URI.
const REDIRECT_URI: &str = "oauth.callback.url";
/// Configuration keys and the parameters of the grant's calls that they are.
const PARAMETERS: [(&str, &str); 3] = [
    ("oauth.api.key", "apiKey"),
    ("oauth.api.secret", "apiSecret"),
    (REDIRECT_URI, "callbackUrl"),
];

/// How somebody consents.
#[derive(Debug, clap::Args)]
pub(super) struct Grant {
    /// The authorization code, where a browser has been at the provider already.
    #[arg(long)]
    code: Option<String>,
    /// The state that came back beside the code.
    #[arg(long, requires = "code")]
    state: Option<String>,
    /// The port of 127.0.0.1 that the browser comes back to: `http://127.0.0.1:PORT/callback` has to be registered with
    /// the provider. 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 8976)]
    redirect_port: u16,
    /// Print the address of the consent page, and do not open it.
    #[arg(long)]
    no_browser: bool,
}

/// A grant under way.
struct Way<'a> {
    target: &'a Target,
    element: &'a str,
    /// Of the calls.
    parameters: Map<String, Value>,
    /// Listens for the browser, unless it comes back elsewhere.
    redirect: Option<Redirect>,
    /// Whether somebody is there to answer.
    asks: bool,
}

impl Grant {
    /// From the options or from the browser. The redirect URI is put into the configuration.
    pub(super) async fn obtain(
        &self,
        target: &Target,
        setup: &Setup,
        configuration: &mut Map<String, Value>,
        asks: bool,
    ) -> anyhow::Result<Value> {
        if let Some(code) = &self.code {
            ensure!(
                setup.authentication == AuthenticationKind::Oauth2,
                "--code: {} authenticates without codes",
                setup.element
            );
            return Ok(json!({ "code": code, "state": self.state }));
        }
        let redirect = if configuration.contains_key(REDIRECT_URI) {
            None
        } else {
            let redirect = Redirect::listen(self.redirect_port).await?;
            configuration.insert(REDIRECT_URI.to_owned(), json!(redirect.uri()?));
            Some(redirect)
        };
        let way = Way {
            target,
            element: &setup.element,
            parameters: parameters(setup, configuration),
            redirect,
            asks,
        };
        match setup.authentication {
            AuthenticationKind::Oauth1 => self.verifier(way).await,
            _ => self.code(way).await,
        }
    }

    /// OAuth 2.0.
    async fn code(&self, mut way: Way<'_>) -> anyhow::Result<Value> {
        // Nobody else who calls the port knows it.
        let state = format!("{:032x}", u128::from_ne_bytes(ids::random()?));
        way.parameters.insert("state".to_owned(), json!(state));
        let url = way.authorize_url().await?;
        self.show(&url, way.asks);
        let mut consent = match way.redirect {
            Some(redirect) => returned(redirect, "state", state.clone()).await?,
            None if way.asks => pasted("code")?,
            None => {
                bail!("open the address above, and give the code that comes back with --code (and --state)")
            }
        };
        let code = consent.needed("code")?;
        Ok(json!({ "code": code, "state": consent.optional("state").unwrap_or(state) }))
    }

    /// OAuth 1.0a.
    async fn verifier(&self, mut way: Way<'_>) -> anyhow::Result<Value> {
        if way.redirect.is_none() && !way.asks {
            bail!(
                "{} authenticates by OAuth 1.0a, whose verifier has to be waited for: leave {REDIRECT_URI} out, so that \
                 the browser comes back to this machine, or run this on a terminal",
                way.element
            );
        }
        let temporary = way.post("token").await?;
        let member = |name: &str| told(&temporary, name).map(str::to_owned);
        let (token, secret) = (member("token")?, member("secret")?);
        way.parameters.insert("requestToken".to_owned(), json!(token));
        let url = way.authorize_url().await?;
        self.show(&url, way.asks);
        let mut consent = match way.redirect {
            Some(redirect) => returned(redirect, "oauth_token", token.clone()).await?,
            None => pasted("oauth_verifier")?,
        };
        let verifier = consent.needed("oauth_verifier")?;
        Ok(json!({ "oauth_token": token, "oauth_verifier": verifier, "secret": secret }))
    }

    fn show(&self, url: &str, asks: bool) {
        eprintln!("Allow the access here:\n\n  {url}\n");
        if asks && !self.no_browser && open::that_detached(url).is_err() {
            eprintln!("No browser could be opened: please do it by hand.");
        }
    }
}

impl Way<'_> {
    async fn authorize_url(&self) -> anyhow::Result<String> {
        Ok(told(&self.post("url").await?, "oauthUrl")?.to_owned())
    }

    async fn post(&self, what: &str) -> anyhow::Result<Value> {
        let path = format!("/elements/{}/oauth/{what}", segment(self.element));
        let body = Value::Object(self.parameters.clone());
        self.target.send(Method::POST, &path, Some(&body)).await
    }
}

async fn returned(redirect: Redirect, name: &'static str, value: String) -> anyhow::Result<Consent> {
    eprintln!("Waiting for the browser to come back …");
    redirect.wait(name, value).await
}

fn pasted(alone: &str) -> anyhow::Result<Consent> {
    let what = match alone {
        "code" => "code",
        _ => "verifier",
    };
    let question = format!("Paste the address that the browser ends at, or the {what}");
    Consent::pasted(&ask::line(&question, None, true)?, alone)
}

/// Configuration that a consent page may depend on. Of the secrets only those that the calls have parameters for.
fn parameters(setup: &Setup, configuration: &Map<String, Value>) -> Map<String, Value> {
    let shown = configuration
        .iter()
        .filter(|(key, value)| !setup.is_secret(key) && value.is_string());
    let mut parameters: Map<String, Value> = shown.map(|(key, value)| (key.clone(), value.clone())).collect();
    for (key, parameter) in PARAMETERS {
        let value = configuration.get(key);
        parameters.extend(value.map(|value| (parameter.to_owned(), value.clone())));
    }
    parameters
}
