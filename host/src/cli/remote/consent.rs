//! The provider's consent: a browser is sent there, and comes back to a port of this machine with a code.

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

/// Waits for the browser.
#[derive(Debug)]
pub(super) struct Redirect {
    listener: TcpListener,
}

/// What the browser brought.
#[derive(Debug)]
pub(super) struct Consent {
    /// The code.
    pub(super) code: String,
    /// What came back beside it.
    pub(super) state: Option<String>,
}

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

    /// Wait until the browser comes with a code. Visits with another state are not the one that is waited for.
    pub(super) async fn wait(self, state: Option<&str>) -> anyhow::Result<Consent> {
        let (visits, mut visited) = mpsc::channel(8);
        let router = Router::new().fallback(visit).with_state(visits);
        let served = async { anyhow::Ok(axum::serve(self.listener, router).await?) };
        let came = async {
            loop {
                let parameters = visited.recv().await.context("nobody listens any more")?;
                if state.is_none() || parameters.get("state").map(String::as_str) == state {
                    return Consent::read(parameters);
                }
            }
        };
        tokio::select! {
            served = served => served.and_then(|()| bail!("nobody listens any more")),
            came = came => came,
            () = tokio::time::sleep(PATIENCE) => bail!("nobody came back within {PATIENCE:?}; begin again"),
        }
    }
}

impl Consent {
    /// From the address that the browser ended at, or from the code alone: what somebody pastes.
    pub(super) fn pasted(text: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        match url::Url::parse(text) {
            Ok(url) if url.query().is_some() => Self::read(url.query_pairs().into_owned().collect()),
            _ if text.is_empty() => bail!("there is no code"),
            _ => Ok(Self {
                code: text.to_owned(),
                state: None,
            }),
        }
    }

    fn read(mut parameters: Parameters) -> anyhow::Result<Self> {
        if let Some(error) = parameters.get("error") {
            let words = parameters.get("error_description").unwrap_or(error);
            bail!("the provider refuses: {words}");
        }
        let code = parameters.remove("code").filter(|code| !code.is_empty());
        Ok(Self {
            code: code.context("the provider sent no code back")?,
            state: parameters.remove("state"),
        })
    }
}

async fn visit(
    State(visits): State<mpsc::Sender<Parameters>>,
    Query(parameters): Query<Parameters>,
) -> Html<&'static str> {
    if !parameters.contains_key("code") && !parameters.contains_key("error") {
        // A browser also asks for an icon.
        return Html("<p>Nothing is here.</p>");
    }
    // Nobody waits any more when the first visit was the right one.
    let _full_or_closed = visits.try_send(parameters);
    Html("<p>Thank you. You can close this page and go back to the terminal.</p>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_an_address_or_a_code() {
        let consent = Consent::pasted(" https://me/back?state=s%20t&code=a%2Fb ").unwrap();
        assert_eq!(
            (consent.code.as_str(), consent.state.as_deref()),
            ("a/b", Some("s t"))
        );
        let consent = Consent::pasted("abc").unwrap();
        assert_eq!((consent.code.as_str(), consent.state), ("abc", None));
        for wrong in [
            "",
            "https://me/back?state=s",
            "https://me/back?error=access_denied",
            "https://me/?code=",
        ] {
            assert!(Consent::pasted(wrong).is_err(), "{wrong}");
        }
    }
}
