//! OAuth 1.0a (RFC 5849, section 2): temporary credentials, the authorize URL, and the token that a verifier is traded
//! for.

use super::{
    ACCESS_TOKEN, Failure, Session, TOKEN_SECRET,
    failure::detail,
    grant::unasked,
    last::{LastCall, packed},
};
use crate::{adapter::contract::types, vault::Secret};

/// The names of what lives as long as the grant (see `oauth1.wit`).
const REQUEST_TOKEN: &str = "oauth.request.token";
const REQUEST_TOKEN_SECRET: &str = "oauth.request.token.secret";
const VERIFIER: &str = "oauth.verifier";
/// The callback of a caller who names none: the provider shows the verifier (section 2.1).
const OUT_OF_BAND: &str = "oob";
/// Characters of a provider's refusal that are passed on.
const WORDS: usize = 500;

/// Temporary credentials. They are the caller's to keep until somebody has consented.
#[derive(Debug, Clone)]
pub struct Temporary {
    /// The request token.
    pub token: Secret,
    /// Its secret.
    pub secret: Secret,
}

/// Temporary credentials that somebody has consented to.
#[derive(Debug, Clone)]
pub struct Consented {
    /// The credentials.
    pub temporary: Temporary,
    /// What came back as the proof of it.
    pub verifier: Secret,
}

impl Session<'_> {
    /// The first leg: temporary credentials. Without a callback the configuration's holds.
    pub async fn temporary(&mut self, callback: Option<&str>) -> Result<Temporary, Failure> {
        let asked = self.temporary_request(&self.callback(callback)).await?;
        self.ask_for_credentials(&asked, "a request token").await?;
        Ok(Temporary {
            token: self.captured(REQUEST_TOKEN)?,
            secret: self.captured(REQUEST_TOKEN_SECRET)?,
        })
    }

    /// The adapter's request for them.
    pub(crate) async fn temporary_request(&mut self, callback: &str) -> Result<types::Request, Failure> {
        let context = self.context();
        let asked = self.adapter.request_token(&context, callback).await?;
        self.last = Some(LastCall::new("oauth1.request-token", context, packed(&callback)));
        self.capturing(asked, &[REQUEST_TOKEN, REQUEST_TOKEN_SECRET])
    }

    /// The second leg: the URL to send a browser to.
    pub async fn consent_url(&mut self, token: Secret, callback: Option<&str>) -> Result<String, Failure> {
        self.secrets.insert(REQUEST_TOKEN.to_owned(), token);
        let callback = self.callback(callback);
        let asked = self
            .adapter
            .authorize_temporary(&self.context(), &callback)
            .await?;
        let asked = self.said(asked)?;
        Ok(self
            .host
            .egress
            .complete_url(&self.audience, &self.secrets, &asked)?)
    }

    /// The third leg: trade the verifier for the token, which replaces the one that there is.
    pub async fn trade(&mut self, consented: Consented) -> Result<(), Failure> {
        let Consented { temporary, verifier } = consented;
        for (name, secret) in [
            (REQUEST_TOKEN, temporary.token),
            (REQUEST_TOKEN_SECRET, temporary.secret),
            (VERIFIER, verifier),
        ] {
            self.secrets.insert(name.to_owned(), secret);
        }
        for name in [ACCESS_TOKEN, TOKEN_SECRET] {
            self.secrets.remove(name);
        }
        let asked = self.token_trade().await?;
        let traded = self.ask_for_credentials(&asked, "the token").await;
        for name in [REQUEST_TOKEN, REQUEST_TOKEN_SECRET, VERIFIER] {
            self.secrets.remove(name);
        }
        traded?;
        for name in [ACCESS_TOKEN, TOKEN_SECRET] {
            self.captured(name)?;
        }
        self.adapter.accepted();
        Ok(())
    }

    /// The adapter's request for the token.
    pub(crate) async fn token_trade(&mut self) -> Result<types::Request, Failure> {
        let context = self.context();
        let asked = self.adapter.access_token(&context).await?;
        self.last = Some(LastCall::new("oauth1.access-token", context, Vec::new()));
        self.capturing(asked, &[ACCESS_TOKEN, TOKEN_SECRET])
    }

    fn callback(&self, asked: Option<&str>) -> String {
        let known = asked.or_else(|| self.setting(super::CALLBACK_URL));
        known.unwrap_or(OUT_OF_BAND).to_owned()
    }

    /// Send a request for credentials, which its captures keep. No adapter reads the answer: 200 to 299 is a yes, 429 and
    /// 5xx may become one, all else is a refusal.
    async fn ask_for_credentials(&mut self, asked: &types::Request, what: &str) -> Result<(), Failure> {
        let answer = self.send_once(asked).await?.answer;
        let response =
            answer.map_err(|error| unasked(error, &format!("the provider could not be asked for {what}")))?;
        if (200..300).contains(&response.status) {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&response.body);
        let words: String = words.trim().chars().take(WORDS).collect();
        let refused = types::Detail {
            provider_message: Some(words).filter(|words| !words.is_empty()),
            ..detail(format!("asked for {what}, it answered {}", response.status))
        };
        Err(match response.status {
            429 | 500.. => Failure::Transient(refused),
            _ => Failure::Unauthenticated(refused),
        })
    }

    /// What the provider's answer has brought.
    fn captured(&self, name: &str) -> Result<Secret, Failure> {
        let captured = self.secrets.get(name).cloned();
        captured.ok_or_else(|| {
            Failure::Transient(detail(format!(
                "the provider's answer has no {name}, where it should be"
            )))
        })
    }
}
