//! The provider's consent: a browser is sent there, and comes back to a port of this machine with a code or a verifier.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use axum::{
    Router,
    extract::{Query, State},
    response::Html,
};
use tokio::{net::TcpListener, sync::mpsc};

/// A person reads, logs in, looks for a second factor.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// What tells a provider's redirect from any other visit: of OAuth 2.0, of OAuth 1.0a, and of those who deny it.
const TELLING: [&str; 5] = ["code", "error", "oauth_verifier", "denied", "oauth_problem"];

/// Waits for the browser.
#[derive(Debug)]
pub(super) struct Redirect {
    listener: TcpListener,
}

/// What the browser brought.
#[derive(Debug)]
pub(super) struct Consent(Parameters);

type Parameters = HashMap<String, String>;

impl Redirect {
    /// Listen on this port of 127.0.0.1; 0 takes any that is free.
    pub(super) async fn listen(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
        let listener = listener
            .with_context(|| format!("port {port} is taken; name another one with --redirect-port"))?;
        Ok(Self { listener })
    }

    /// The redirect URI that leads here.
    pub(super) fn uri(&self) -> anyhow::Result<String> {
        let port = self.listener.local_addr()?.port();
        Ok(format!("http://127.0.0.1:{port}/callback"))
    }

    /// Wait until the browser comes back. Visits whose parameter of this name has another value are not the one that is
    /// waited for.
    pub(super) async fn wait(self, name: &'static str, value: String) -> anyhow::Result<Consent> {
        let (visits, mut visited) = mpsc::channel(8);
        let awaited = Awaited { visits, name, value };
        let router = Router::new().fallback(visit).with_state(awaited);
        let served = async { anyhow::Ok(axum::serve(self.listener, router).await?) };
        let came = async {
            let parameters = visited.recv().await.context("nobody listens any more")?;
            Consent::read(parameters)
        };
        tokio::select! {
            served = served => served.and_then(|()| bail!("nobody listens any more")),
            came = came => came,
            () = tokio::time::sleep(PATIENCE) => bail!("nobody came back within {PATIENCE:?}; begin again"),
        }
    }
}

impl Consent {
    /// From the address that the browser ended at, or from what it shows alone: what somebody pastes.
    pub(super) fn pasted(text: &str, alone: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        match url::Url::parse(text) {
            Ok(url) if url.query().is_some() => Self::read(url.query_pairs().into_owned().collect()),
            _ => Ok(Self(HashMap::from([(alone.to_owned(), text.to_owned())]))),
        }
    }

    fn read(parameters: Parameters) -> anyhow::Result<Self> {
        for refusal in ["error", "oauth_problem", "denied"] {
            if let Some(error) = parameters.get(refusal) {
                let words = parameters.get("error_description").unwrap_or(error);
                bail!("the provider refuses: {words}");
            }
        }
        Ok(Self(parameters))
    }

    /// What has to be there.
    pub(super) fn needed(&mut self, name: &str) -> anyhow::Result<String> {
        self.optional(name)
            .with_context(|| format!("the provider sent no {name} back"))
    }

    /// What may be there.
    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }
}

/// The visit that is waited for, and who waits.
#[derive(Debug, Clone)]
struct Awaited {
    visits: mpsc::Sender<Parameters>,
    name: &'static str,
    value: String,
}

impl Awaited {
    fn is(&self, parameters: &Parameters) -> bool {
        let found = parameters.get(self.name).or_else(|| parameters.get("denied"));
        found == Some(&self.value)
    }
}

async fn visit(State(awaited): State<Awaited>, Query(parameters): Query<Parameters>) -> Html<&'static str> {
    if !TELLING.iter().any(|name| parameters.contains_key(*name)) {
        // A browser also asks for an icon.
        return Html("<p>Nothing is here.</p>");
    }
    if !awaited.is(&parameters) {
        return Html(
            "<p>This is not the visit that the terminal waits for. Open the address that it shows once more.</p>",
        );
    }
    let refused = Consent::read(parameters.clone()).is_err();
    // Nobody waits any more when the first visit was the right one.
    let _full_or_closed = awaited.visits.try_send(parameters);
    if refused {
        return Html("<p>The provider refused. The terminal says why.</p>");
    }
    Html("<p>Thank you. You can close this page and go back to the terminal.</p>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_an_address_or_a_code() {
        let mut consent = Consent::pasted(" https://me/back?state=s%20t&code=a%2Fb ", "code").unwrap();
        assert_eq!(consent.needed("code").unwrap(), "a/b");
        assert_eq!(consent.optional("state").as_deref(), Some("s t"));
        let mut consent = Consent::pasted("abc", "oauth_verifier").unwrap();
        assert_eq!(consent.needed("oauth_verifier").unwrap(), "abc");
        assert_eq!(consent.optional("state"), None);
        let code = |text| Consent::pasted(text, "code").and_then(|mut consent| consent.needed("code"));
        for wrong in [
            "",
            "https://me/back?state=s",
            "https://me/back?error=access_denied",
            "https://me/back?denied=token",
            "https://me/?code=",
        ] {
            assert!(code(wrong).is_err(), "{wrong}");
        }
    }
}
