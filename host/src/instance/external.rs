//! Instances whose callers bring tokens that they obtained themselves.

use periodic_sdk::description::{AuthenticationKind, Description};

use super::{ChangeRequest, MASK, Problem};
use crate::{
    egress::Secrets,
    host::Host,
    session::{self, ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_SECRET},
    store::{ExternalAuthentication, Instance},
    vault::Secret,
};

/// Refuse to wait for tokens that nobody brought.
pub(super) fn check_external(
    description: &Description,
    external: ExternalAuthentication,
    secrets: &Secrets,
) -> Result<(), Problem> {
    if external == ExternalAuthentication::None {
        return Ok(());
    }
    let needed: &[&str] = match description.authentication.kind {
        AuthenticationKind::Oauth2 => &[ACCESS_TOKEN, REFRESH_TOKEN],
        AuthenticationKind::Oauth1 => &[ACCESS_TOKEN],
        _ => return Ok(()),
    };
    if needed.iter().any(|name| secrets.get(name).is_some()) {
        return Ok(());
    }
    let what = format!(
        "initial means that the configuration brings tokens: {} is missing",
        needed.join(" or ")
    );
    Err(Problem::field("externalAuthentication", what))
}

/// The same of a change. An instance that brought its tokens when it was made may say so again.
pub(super) async fn check_change(
    host: &Host,
    instance: &Instance,
    request: &ChangeRequest,
) -> Result<(), Problem> {
    if [ExternalAuthentication::None, instance.external].contains(&request.external) {
        return Ok(());
    }
    let adapter = host.adapters.find(&instance.element).await;
    let adapter = adapter.map_err(session::Failure::from)?;
    let mut brought = Secrets::default();
    for (name, token) in &request.provider_data.tokens {
        brought.insert((*name).to_owned(), token.clone());
    }
    for name in [ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_SECRET] {
        let token = request.configuration.get(name).and_then(Option::as_deref);
        if let Some(token) = token.filter(|token| *token != MASK && !token.trim().is_empty()) {
            brought.insert(name.to_owned(), Secret::from(token));
        }
    }
    check_external(adapter.description(), request.external, &brought)
}
