//! Making an instance.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use indexmap::IndexMap;
use periodic_sdk::description::{AuthenticationKind, Description};

use super::{
    CreateRequest, MASK, Problem, ProviderData, Rules, external::check_external, keys, minted::mint,
    mode::Mode, polling, values,
};
use crate::{
    adapter::{Adapter, NotServed},
    delivery::envelope,
    egress::Secrets,
    host::Host,
    ids,
    inbound::{self, Expectation},
    session::{self, ACCESS_TOKEN, REFRESH_TOKEN, Session, TOKEN_SECRET},
    store::{Callback, Instance, NewInstance, SealedSecret, User},
    vault::Secret,
};

/// Make an instance of this user: check everything, authenticate, discover, then store it in one transaction. What
/// fails on the way leaves nothing behind.
pub async fn create(
    host: &Host,
    user: &User,
    rules: Rules,
    request: CreateRequest,
) -> Result<Instance, Problem> {
    let adapter = host.adapters.find(&request.element).await.map_err(not_served)?;
    agree(host, &adapter, &request)?;
    values::check(adapter.description(), &request.configuration, rules)?;
    let (configuration, mut secrets) = split(adapter.description(), request.configuration);
    for (name, token) in &request.provider_data.tokens {
        secrets.insert((*name).to_owned(), token.clone());
    }
    check_required(host, adapter.description(), &configuration, &secrets)?;
    check_external(adapter.description(), request.external, &secrets)?;
    mint(host, adapter.description(), &mut secrets)?;
    let mode = Mode::of(adapter.description(), &configuration)?;
    let id = host.store.reserve_instance().await?;
    let created = host.clock.now();

    let mut session = Session::draft(host, adapter, id, configuration.clone(), secrets)?;
    // What the adapter would refuse to poll is refused before the code is spent.
    polling::polling(&session, &configuration, created).await?;
    if matches!(mode, Mode::Webhook(_)) {
        inbound::address(host, &session, id)?;
    }
    authenticate(&mut session, request.provider_data).await?;
    session.connect().await?;

    // The provider's clock is known by now, and so is where polling starts.
    let polling = polling::polling(&session, &configuration, created).await?;
    let element = session.description().key.clone();
    let tells = polling.is_some() || matches!(mode, Mode::Webhook(_));
    let callback = polling::callback(&configuration).filter(|_| tells);
    let callback = callback.map(|url| Callback {
        topic: envelope::topic(id, &element),
        url,
    });
    // Last of all that may fail at the provider. It may challenge while it registers.
    let expectation = Expectation::new(host, id, &session);
    let registered = match mode {
        Mode::Webhook(resources) => Some(inbound::subscribe(host, &mut session, id, resources).await?),
        Mode::Off | Mode::Polling => None,
    };
    let session::Parts { derived, mut secrets } = session.parts()?;
    let token = Secret::from(STANDARD.encode(ids::random::<32>()?));
    let sealed = host.vault.seal(id, keys::TOKEN, &token)?;
    secrets.push(SealedSecret {
        name: keys::TOKEN.to_owned(),
        sealed,
        expires: None,
    });

    let instance = NewInstance {
        id,
        account: user.account,
        user: user.id,
        element,
        external: request.external,
        name: request.name,
        tags: request.tags,
        configuration,
        derived,
        token: host.vault.digest(token.expose()),
        secrets,
        polling,
        callback,
        registration: registered.as_ref().map(|registered| registered.row.clone()),
        created,
    };
    let stored = host.store.create_instance(instance).await;
    drop(expectation);
    if let (Err(_), Some(registered)) = (&stored, registered) {
        inbound::unsubscribe(&mut session, id, registered.data).await;
    }
    let instance = stored?;
    tracing::info!(instance = %instance.id, element = instance.element, "instance created");
    host.polls_due.notify_one();
    host.registrations_due.notify_one();
    Ok(instance)
}

/// Obtain tokens where the element needs them.
pub(super) async fn authenticate(session: &mut Session<'_>, mut data: ProviderData) -> Result<(), Problem> {
    let unreadable = data.unreadable.take().map_or(Ok(()), Err);
    match session.description().authentication.kind {
        AuthenticationKind::Oauth2 => {
            unreadable?;
            redeem(session, data).await
        }
        AuthenticationKind::Oauth1 => {
            unreadable?;
            trade(session, data).await
        }
        AuthenticationKind::Basic
        | AuthenticationKind::ApiKey
        | AuthenticationKind::Custom
        | AuthenticationKind::None => Ok(()),
    }
}

/// OAuth 2.0: a code for tokens.
async fn redeem(session: &mut Session<'_>, data: ProviderData) -> Result<(), Problem> {
    let Some(code) = data.code else {
        // Tokens that the caller brings along. One that only refreshes is worth a token at once.
        let known = |name| session.secrets().get(name).is_some();
        match (known(ACCESS_TOKEN), known(REFRESH_TOKEN)) {
            (true, _) => return Ok(()),
            (false, true) => return Ok(session.renew().await?),
            (false, false) => {}
        }
        let key = &session.description().key;
        let what = format!(
            "is missing; send a browser to the URL that GET /elements/{key}/oauth/url returns, and hand over the code \
             that comes back"
        );
        return Err(Problem::field("providerData.code", what));
    };
    let verifier = if session.description().authentication.pkce {
        let verifier = data
            .state
            .as_deref()
            .and_then(|state| session.take_verifier(state));
        let Some(verifier) = verifier else {
            let key = &session.description().key;
            let what = format!(
                "is missing, used up or too old; {key} uses PKCE: hand over the state that came back beside the code, \
                 and get a fresh URL from GET /elements/{key}/oauth/url when that was more than an hour ago"
            );
            return Err(Problem::field("providerData.state", what));
        };
        Some(verifier)
    } else {
        None
    };
    Ok(session.redeem(code, verifier).await?)
}

/// OAuth 1.0a: a verifier for the token.
async fn trade(session: &mut Session<'_>, data: ProviderData) -> Result<(), Problem> {
    if let Some(consented) = data.consented {
        return Ok(session.trade(consented).await?);
    }
    // A token that the caller brings along.
    let known = |name| session.secrets().get(name).is_some();
    if known(ACCESS_TOKEN) && known(TOKEN_SECRET) {
        return Ok(());
    }
    let key = &session.description().key;
    let what = format!(
        "is missing; get a request token from GET /elements/{key}/oauth/token, send a browser to the URL that GET \
         /elements/{key}/oauth/url returns for it, and hand over oauth_token and oauth_verifier that come back, with the \
         request token's secret"
    );
    Err(Problem::field("providerData.oauth_verifier", what))
}

/// Part the secrets from what may be seen.
pub(super) fn split(
    description: &Description,
    configuration: IndexMap<String, String>,
) -> (IndexMap<String, String>, Secrets) {
    let mut secrets = Secrets::default();
    let mut shown = IndexMap::new();
    for (key, value) in configuration {
        if !session::is_secret(description, &key) {
            shown.insert(key, value);
        } else if value != MASK && !value.trim().is_empty() {
            secrets.insert(key, Secret::from(value));
        }
    }
    (shown, secrets)
}

/// Refuse a configuration that lacks what the element needs.
pub(super) fn check_required(
    host: &Host,
    description: &Description,
    configuration: &IndexMap<String, String>,
    secrets: &Secrets,
) -> Result<(), Problem> {
    let presets = host.element_defaults.get(&description.key);
    for key in description.configuration.iter().filter(|key| key.required) {
        let given = values::given(configuration, &key.key).is_some()
            || secrets.get(&key.key).is_some()
            || key.default.is_some()
            || (key.secret && key.minted)
            || presets.is_some_and(|presets| presets.contains_key(&key.key));
        if !given {
            let field = format!("configuration[{:?}]", key.key);
            return Err(Problem::field(field, format!("is missing: {}", key.name)));
        }
    }
    Ok(())
}

/// Refuse a request that names two elements. A number that no element has is another system's and says nothing.
fn agree(host: &Host, adapter: &Adapter, request: &CreateRequest) -> Result<(), Problem> {
    let differs = |other: &&String| match host.adapters.get(other) {
        Some(named) => named.key() != adapter.key(),
        None => other.parse::<u64>().is_err(),
    };
    let Some(other) = request.also.iter().find(differs) else {
        return Ok(());
    };
    let what = format!(
        "names {other:?} beside {:?}, which is another element; name the one that is meant",
        request.element
    );
    Err(Problem::field("element", what))
}

/// What is still being loaded is not wrong of the caller.
fn not_served(why: NotServed) -> Problem {
    match why {
        NotServed::Loading { .. } => session::Failure::from(why).into(),
        NotServed::Kept { .. } | NotServed::Unknown { .. } => Problem::field("element.key", why.to_string()),
    }
}
