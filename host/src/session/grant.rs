//! OAuth 2.0: the authorize URL, the exchange of a code, and the refresh of a token, one at a time for an instance.

use periodic_sdk::description::AuthenticationKind;

use super::{
    ACCESS_TOKEN, CALLBACK_URL, CODE, CODE_VERIFIER, Failure, REFRESH_TOKEN, Session,
    failure::detail,
    last::{LastCall, packed},
    pkce,
};
use crate::{
    adapter::contract::{oauth2, types},
    store::{InstanceChange, InstanceState},
    vault::Secret,
};

/// What to ask the authorize URL for.
#[derive(Debug, Clone, Default)]
pub struct AuthorizeRequest {
    /// Where the browser is sent back to; none means the configuration's `oauth.callback.url`.
    pub callback_url: Option<String>,
    /// Comes back with the code.
    pub state: String,
    /// What to ask for.
    pub scope: Option<String>,
    /// The PKCE verifier, where the element uses PKCE.
    pub verifier: Option<Secret>,
}

impl Session<'_> {
    /// The URL to send a browser to.
    pub async fn authorize_url(&self, asked: AuthorizeRequest) -> Result<String, Failure> {
        let redirect_uri = asked.callback_url.unwrap_or_else(|| self.redirect_uri());
        let authorization = oauth2::Authorization {
            redirect_uri,
            state: asked.state,
            scope: asked.scope,
            code_challenge: asked.verifier.as_ref().map(pkce::challenge),
        };
        let request = self.adapter.authorize(&self.context(), &authorization).await?;
        let request = self.said(request)?;
        let url = self
            .host
            .egress
            .complete_url(&self.audience, &self.secrets, &request)?;
        self.adapter.accepted();
        Ok(url)
    }

    /// The verifier that waits under the state that came back with a code. It can be taken once.
    pub fn take_verifier(&self, state: &str) -> Option<Secret> {
        let now = self.host.clock.now();
        self.host.verifiers.take(&self.description().key, state, now)
    }

    /// Exchange an authorization code for tokens, with its PKCE verifier where there is one.
    pub async fn redeem(&mut self, code: Secret, verifier: Option<Secret>) -> Result<(), Failure> {
        self.secrets.insert(CODE.to_owned(), code);
        if let Some(verifier) = verifier {
            self.secrets.insert(CODE_VERIFIER.to_owned(), verifier);
        }
        let granted = self
            .request_token(oauth2::Grant::AuthorizationCode(self.redirect_uri()))
            .await;
        self.secrets.remove(CODE);
        self.secrets.remove(CODE_VERIFIER);
        granted
    }

    /// Replace a rejected access token. Whoever comes second waits for the first and uses what he got; a refusal
    /// for good marks the instance, so that nobody asks again before somebody authenticates it.
    pub(crate) async fn refresh(&mut self, why: types::Detail) -> Result<(), Failure> {
        if self.is_played() {
            return Err(Failure::Unauthenticated(why));
        }
        let rejected = self.secrets.get(ACCESS_TOKEN).cloned();
        let live = std::sync::Arc::clone(&self.live);
        let _one_at_a_time = live.refresh.lock().await;
        self.reread().await?;
        let current = self.secrets.get(ACCESS_TOKEN);
        let replaced = match (&rejected, current) {
            (Some(rejected), Some(current)) => rejected.expose() != current.expose(),
            (None, current) => current.is_some(),
            (Some(_), None) => false,
        };
        if replaced {
            return Ok(());
        }
        if self.secrets.get(REFRESH_TOKEN).is_none() {
            return self.give_up(why).await;
        }
        match self
            .request_token(oauth2::Grant::RefreshToken(self.redirect_uri()))
            .await
        {
            Err(Failure::Unauthenticated(refused)) => self.give_up(refused).await,
            refreshed => refreshed,
        }
    }

    /// Ask for a token with the refresh token, whatever the present one is worth.
    pub(crate) async fn renew(&mut self) -> Result<(), Failure> {
        self.request_token(oauth2::Grant::RefreshToken(self.redirect_uri()))
            .await
    }

    /// Ask for a token with the client's own credentials, likewise.
    pub(crate) async fn renew_by_client(&mut self) -> Result<(), Failure> {
        self.request_token(oauth2::Grant::ClientCredentials).await
    }

    /// Replace an access token whose announced end is near. While it may still be good, a failure that may pass is no
    /// reason to stop.
    pub(super) async fn refresh_before_the_end(&mut self) -> Result<(), Failure> {
        let ends = self.expiries.get(ACCESS_TOKEN);
        if ends.is_none_or(|ends| *ends > self.host.clock.now()) || self.secrets.get(REFRESH_TOKEN).is_none()
        {
            return Ok(());
        }
        match self.refresh(detail("the access token has ended")).await {
            Err(failure @ (Failure::Unauthenticated(_) | Failure::Store(_) | Failure::Vault(_))) => {
                Err(failure)
            }
            _ => Ok(()),
        }
    }

    async fn request_token(&mut self, grant: oauth2::Grant) -> Result<(), Failure> {
        // A refresh comes between a call and what is made of its answer.
        let interrupted = self.last.take();
        let granted = self.ask_for_token(grant).await;
        self.last = interrupted;
        granted
    }

    async fn ask_for_token(&mut self, grant: oauth2::Grant) -> Result<(), Failure> {
        let request = self.token_request(&grant).await?;
        let endpoint = self.send_once(&request).await?.answer;
        let response = match endpoint {
            Ok(response) => response,
            Err(error) => return Err(unasked(error, "the token endpoint could not be asked")),
        };
        let context = self.context();
        let granted = self.adapter.granted(&context, &grant, &response).await?;
        self.last = Some(LastCall::new(
            "oauth2.granted",
            context,
            packed(&(grant, response)),
        ));
        let settings = self.said(granted)?;
        self.take_over(settings).await?;
        self.adapter.accepted();
        Ok(())
    }

    /// The adapter's request for a token.
    pub(crate) async fn token_request(&mut self, grant: &oauth2::Grant) -> Result<types::Request, Failure> {
        let context = self.context();
        let asked = self.adapter.token(&context, grant).await?;
        self.last = Some(LastCall::new("oauth2.token", context, packed(grant)));
        self.capturing(asked, &[ACCESS_TOKEN])
    }

    /// A request for credentials that would not keep them is of no use.
    pub(super) fn capturing(
        &self,
        asked: Result<types::Request, types::Failure>,
        names: &[&str],
    ) -> Result<types::Request, Failure> {
        let request = self.said(asked)?;
        let captured = |name: &str| {
            let mut captures = request.captures.iter();
            captures.any(|capture| matches!(&capture.into, types::Target::Secret(secret) if secret == name))
        };
        match names.iter().find(|name| !captured(name)) {
            None => Ok(request),
            Some(name) => Err(self.malformed(format!("its request for credentials captures no {name}"))),
        }
    }

    /// What another task stored in the meantime.
    async fn reread(&mut self) -> Result<(), Failure> {
        if self.keeping == super::Keeping::Session {
            return Ok(());
        }
        for sealed in self.host.store.secrets(self.instance).await? {
            let secret = self
                .host
                .vault
                .open(self.instance, &sealed.name, &sealed.sealed)?;
            match sealed.expires {
                Some(ends) => self.expiries.insert(sealed.name.clone(), ends),
                None => self.expiries.shift_remove(&sealed.name),
            };
            self.secrets.insert(sealed.name, secret);
        }
        Ok(())
    }

    async fn give_up(&mut self, why: types::Detail) -> Result<(), Failure> {
        if self.keeping == super::Keeping::Store {
            let reason = why
                .provider_message
                .clone()
                .unwrap_or_else(|| why.message.clone());
            let fresh = match self.description().authentication.kind {
                AuthenticationKind::Oauth2 | AuthenticationKind::Oauth1 => "a fresh providerData.code",
                _ => "fresh keys in its configuration",
            };
            tracing::warn!(
                instance = %self.instance, reason,
                "the instance needs authentication: PATCH /instances/{} with {fresh}", self.instance
            );
            let state = Some((InstanceState::NeedsAuthentication, Some(reason)));
            let change = InstanceChange {
                state,
                now: self.host.clock.now(),
                ..InstanceChange::default()
            };
            self.host.store.change_instance(self.instance, change).await?;
        }
        Err(Failure::Unauthenticated(why))
    }

    fn redirect_uri(&self) -> String {
        self.setting(CALLBACK_URL).unwrap_or_default().to_owned()
    }
}

/// No answer to a question for credentials.
pub(super) fn unasked(error: types::TransportError, what: &str) -> Failure {
    let message = format!("{what}: {}", describe(&error));
    match error {
        // Refused here, and again next time: somebody has to open the address first.
        types::TransportError::Refused(_) => Failure::Permanent(detail(message)),
        _ => Failure::Transient(detail(message)),
    }
}

/// A transport error in words.
pub(super) fn describe(error: &types::TransportError) -> String {
    match error {
        types::TransportError::Refused(why)
        | types::TransportError::Unreachable(why)
        | types::TransportError::Tls(why)
        | types::TransportError::Timeout(why)
        | types::TransportError::Other(why) => why.clone(),
        types::TransportError::TooLarge(bytes) => format!("the answer is larger than {bytes} bytes"),
    }
}
