//! The door at which providers knock.

use std::time::Duration;

use super::{
    CALL, FINDER,
    finder::Searched,
    verify::{NoSecret, Unverifiable, is_genuine, secrets_of},
};
use crate::{
    adapter::{
        NotServed,
        contract::{
            types::Header,
            webhook::{Delivery, Reply, Verification},
        },
    },
    egress::{PARTS, bodies},
    host::Host,
    session::{Failure, Session, greet},
    store::{Instance, InstanceId, Intake, NewInbound, Registration, StoreError},
};

/// An adapter that has not answered in this time is asked again when the call is processed: providers want an answer
/// within two seconds.
const PATIENCE: Duration = Duration::from_millis(1200);
/// A call concerns no more instances.
const MOST_INSTANCES: usize = 16;
/// No element has more places to look for an instance.
const MOST_FINDERS: usize = 16;
/// No instance has more calls waiting
const MOST_MESSAGES: usize = 10_000;
/// or more bytes in them.
const MOST_BYTES: usize = 64 << 20;

/// A call of a provider.
#[derive(Debug)]
pub struct Knock {
    /// The element's key or id, as the path has it.
    pub element: String,
    /// The instances that the call names by itself; none when it names none.
    pub named: Option<Vec<InstanceId>>,
    /// The call.
    pub call: Delivery,
}

/// How a call is answered.
#[derive(Debug)]
pub enum Admission {
    /// It is stored, or known already.
    Taken,
    /// The adapter answers.
    Greeted(Reply),
    /// It concerns nobody.
    Nobody,
    /// Whom it concerns is not known before an adapter is loaded.
    Loading,
    /// It concerns an instance that is being made.
    TooEarly,
    /// The instance is switched off.
    Disabled,
    /// It is not the provider's.
    Forged,
    /// Too much waits already.
    Full,
}

/// Take a call: find whom it concerns, let the adapter greet, verify, store. Of several instances the most friendly
/// answer counts.
pub async fn knock(host: &Host, knock: Knock) -> Result<Admission, Failure> {
    let element = match knock.element.parse::<u64>() {
        Err(_key) => knock.element,
        Ok(_id) => match host.adapters.find(&knock.element).await {
            Ok(adapter) => adapter.key().to_owned(),
            Err(NotServed::Loading { .. }) => return Ok(Admission::Loading),
            Err(_not_served) => return Ok(Admission::Nobody),
        },
    };
    let mut candidates = match knock.named {
        Some(named) => named,
        None => find(host, &element, &knock.call).await?,
    };
    candidates.truncate(MOST_INSTANCES);
    let mut answer = Admission::Nobody;
    for candidate in candidates {
        let admission = match known(host, &element, candidate).await? {
            Some((instance, registration)) => admit(host, &instance, &registration, &knock.call).await?,
            None => expect(host, &element, candidate, &knock.call).await,
        };
        if admission.friendliness() > answer.friendliness() {
            answer = admission;
        }
    }
    Ok(answer)
}

impl Admission {
    fn friendliness(&self) -> u8 {
        match self {
            Self::Nobody | Self::Loading => 0,
            Self::Forged => 1,
            Self::Disabled => 2,
            Self::TooEarly => 3,
            Self::Full => 4,
            Self::Taken => 5,
            Self::Greeted(_) => 6,
        }
    }
}

/// The instances that a call to the element's address concerns.
async fn find(host: &Host, element: &str, call: &Delivery) -> Result<Vec<InstanceId>, StoreError> {
    let paths = host.store.finder_paths(element, MOST_FINDERS).await?;
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let searched = Searched::new(call);
    let mut found = Vec::new();
    for path in paths {
        if let Some(value) = searched.value(&path) {
            let registered = host
                .store
                .find_registered(element, &path, &value, MOST_INSTANCES)
                .await?;
            found.extend(registered);
        }
    }
    if found.is_empty() {
        tracing::debug!(element, "a call concerns nobody by {FINDER}");
    }
    Ok(found)
}

/// An instance of this element that wants calls.
async fn known(
    host: &Host,
    element: &str,
    id: InstanceId,
) -> Result<Option<(Instance, Registration)>, StoreError> {
    let Some(registration) = host.store.registration(id).await? else {
        return Ok(None);
    };
    let instance = host.store.instance(id).await?;
    let instance = instance.filter(|instance| instance.element == element);
    Ok(instance.map(|instance| (instance, registration)))
}

/// A call for an instance that is being made: all that can be done is to greet.
async fn expect(host: &Host, element: &str, id: InstanceId, call: &Delivery) -> Admission {
    let draft = host.expected.get(id).filter(|draft| draft.element == element);
    let (Some(draft), Some(adapter)) = (draft, host.adapters.get(element)) else {
        return Admission::Nobody;
    };
    let adapter = adapter.for_strangers();
    let greeted = tokio::time::timeout(PATIENCE, greet(&adapter, &draft.context, call)).await;
    match greeted {
        Ok(Ok(Some(reply))) => Admission::Greeted(reply),
        Ok(Ok(None)) => Admission::TooEarly,
        Ok(Err(error)) => {
            tracing::warn!(instance = %id, %error, "a call for an instance to be could not be answered");
            Admission::TooEarly
        }
        Err(_elapsed) => Admission::TooEarly,
    }
}

/// What an adapter has to say of a call.
pub(super) enum Judgement {
    /// This at once, and nothing more.
    Greeted(Reply),
    /// It is the provider's.
    Genuine,
    /// Nobody vouches for it: the provider does not sign its calls.
    Unsigned,
    /// It is not.
    Forged,
}

/// Let the adapter greet, then verify.
pub(super) async fn judge(
    session: &mut Session<'_>,
    registration: &Registration,
    call: &Delivery,
    shown: &Delivery,
) -> Result<Judgement, Failure> {
    if let Some(reply) = session.greet(shown).await? {
        return Ok(Judgement::Greeted(reply));
    }
    let (verification, genuine) = verify(session, &registration.callback_url, call, shown).await?;
    match genuine {
        Ok(true) if matches!(verification, Verification::None) => {
            warn_of_unverified(session, registration);
            Ok(Judgement::Unsigned)
        }
        Ok(true) => Ok(Judgement::Genuine),
        Ok(false) => Ok(Judgement::Forged),
        Err(error) => {
            tracing::warn!(instance = %registration.lease.instance, %error, "a call cannot be verified");
            Ok(Judgement::Forged)
        }
    }
}

/// Its operator is told once: who knows an instance's id can make up its address.
fn warn_of_unverified(session: &Session<'_>, registration: &Registration) {
    if session.warns_of_unverified(registration) {
        tracing::warn!(
            instance = %registration.lease.instance,
            element = session.adapter().key(),
            "calls of the provider are taken unverified: anybody who guesses the instance's address can tell events. Give the \
             instance a secret that its adapter verifies calls with, where it knows one"
        );
    }
}

/// How the adapter has a call verified, and whether it is genuine: an error says that the instance lacks a secret.
pub(crate) async fn verify(
    session: &mut Session<'_>,
    address: &str,
    call: &Delivery,
    shown: &Delivery,
) -> Result<(Verification, Result<bool, NoSecret>), Failure> {
    let verification = session.verification(shown).await?;
    if let Verification::Signature(signature) = &verification
        && (signature.over.len() > PARTS || bodies(&signature.over) > 1)
    {
        let what = format!("a verification over more than {PARTS} parts, or over the body twice");
        return Err(session.malformed(what));
    }
    for secret in secrets_of(&verification) {
        let bound = session.check_verification(secret);
        bound.map_err(|refused| session.malformed(refused.to_string()))?;
    }
    match is_genuine(&verification, call, address, session.secrets()) {
        Ok(genuine) => Ok((verification, Ok(genuine))),
        Err(Unverifiable::NoSecret(missing)) => Ok((verification, Err(missing))),
        Err(error) => Err(session.malformed(error.to_string())),
    }
}

async fn admit(
    host: &Host,
    instance: &Instance,
    registration: &Registration,
    call: &Delivery,
) -> Result<Admission, Failure> {
    if instance.disabled {
        return Ok(Admission::Disabled);
    }
    let judged = tokio::time::timeout(PATIENCE, async {
        let mut session = Session::open(host, instance).await?.for_strangers()?;
        let shown = session.shown(call);
        let judgement = judge(&mut session, registration, call, &shown).await?;
        session.adapter().accepted();
        Ok(judgement)
    });
    let verified = match judged.await {
        Ok(Ok(Judgement::Greeted(reply))) => return Ok(Admission::Greeted(reply)),
        Ok(Ok(Judgement::Forged)) => {
            tracing::warn!(instance = %instance.id, "a call was refused: its signature is not the provider's");
            return Ok(Admission::Forged);
        }
        Ok(Ok(Judgement::Genuine)) => true,
        Ok(Ok(Judgement::Unsigned)) => false,
        Ok(Err(failure @ (Failure::Store(_) | Failure::Vault(_)))) => return Err(failure),
        // An adapter that cannot be asked now is asked when the call is processed.
        Ok(Err(failure)) => {
            tracing::warn!(instance = %instance.id, error = %failure, "a call is kept that could not be verified yet");
            false
        }
        Err(_elapsed) => {
            tracing::warn!(instance = %instance.id, "a call is kept that could not be verified in time");
            false
        }
    };
    keep(host, instance, call, verified).await
}

async fn keep(
    host: &Host,
    instance: &Instance,
    call: &Delivery,
    verified: bool,
) -> Result<Admission, Failure> {
    let malformed = |error: postcard::Error| Failure::Malformed {
        adapter: instance.element.clone(),
        what: format!("a call cannot be written down: {error}"),
    };
    let message = postcard::to_stdvec(call).map_err(malformed)?;
    let identity = postcard::to_stdvec(&identity(call)).map_err(malformed)?;
    let intake = host
        .store
        .keep_inbound(NewInbound {
            instance: instance.id,
            digest: host.vault.call_digest(&identity),
            message: host.vault.seal_bytes(instance.id, CALL, &message)?,
            verified,
            now: host.clock.now(),
            most_messages: MOST_MESSAGES,
            most_bytes: MOST_BYTES,
        })
        .await?;
    host.inbound_due.notify_one();
    Ok(match intake {
        Intake::Kept => Admission::Taken,
        Intake::Repeated => {
            tracing::debug!(instance = %instance.id, "a call came again");
            Admission::Taken
        }
        Intake::Full => Admission::Full,
    })
}

/// What tells a call from others: all of it but the headers of transport, which differ from one attempt to the next.
fn identity(call: &Delivery) -> Delivery {
    let mut identity = call.clone();
    identity.headers.retain(|header| !is_transport(header));
    for header in &mut identity.headers {
        header.name.make_ascii_lowercase();
    }
    identity
        .headers
        .sort_by(|a, b| (&a.name, &a.value).cmp(&(&b.name, &b.value)));
    identity
}

fn is_transport(header: &Header) -> bool {
    const NAMES: [&str; 16] = [
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-length",
        "date",
        "expect",
        "forwarded",
        "host",
        "te",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        "user-agent",
        "via",
        "x-request-id",
    ];
    const PREFIXES: [&str; 3] = ["x-forwarded-", "x-real-ip", "cf-"];
    let name = header.name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(headers: &[(&str, &str)]) -> Delivery {
        let header = |(name, value): &(&str, &str)| Header {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        Delivery {
            method: "POST".to_owned(),
            query: String::new(),
            headers: headers.iter().map(header).collect(),
            body: b"{}".to_vec(),
        }
    }

    #[test]
    fn attempts_of_a_call_are_the_same_call() {
        let one = call(&[("Date", "1"), ("X-Topic", "a"), ("X-Forwarded-For", "1.2.3.4")]);
        let again = call(&[("x-topic", "a"), ("Date", "2"), ("X-Request-Id", "7")]);
        let other = call(&[("X-Topic", "b")]);
        assert_eq!(identity(&one), identity(&again));
        assert_ne!(identity(&one), identity(&other));
    }
}
