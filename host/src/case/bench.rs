//! Where cases run: a host's own parts around an adapter, without a store that lasts.

use std::sync::Arc;

use indexmap::IndexMap;
use tokio::sync::{Notify, watch};

use super::{
    Call, Case, Scripted,
    outcome::{Operated, Outcome, Page, Walked},
    script::{Heard, Script, Unheard},
    single,
    webhook::{registration_json, told_records},
};
use crate::{
    adapter::{
        Adapter, Catalog,
        contract::{oauth2, poller, types::Detail},
    },
    clock::{Clock, Millis},
    egress::{Budgets, Egress, EgressError, Options, Secrets},
    host::{ElementDefaults, Host, LiveInstances},
    ids::Sequence,
    session::{CALLBACK_URL, CODE, CODE_VERIFIER, Consented, Failure, Session, Temporary},
    store::{InstanceId, StoreError, sqlite::Sqlite},
    tape::{Playback, Played},
    vault::{Secret, Vault},
};

/// Runs cases.
#[derive(Debug)]
pub struct Bench {
    catalog: Arc<Catalog>,
    egress: Options,
}

/// A live provider, as an instance of it has it.
#[derive(Debug, Default)]
pub struct Live {
    /// The instance's secrets.
    pub secrets: Secrets,
    /// Configuration besides the case's own.
    pub configuration: IndexMap<String, String>,
    /// The time.
    pub now: Millis,
}

/// What a case came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// What was asked and answered.
    pub exchanges: Vec<Scripted>,
    /// Those of them that the case has no answer to: what follows from them is nothing that a provider said.
    pub unanswered: Vec<usize>,
    /// What was asked and no provider heard.
    pub unheard: Vec<Unheard>,
    /// The result as a text.
    pub result: String,
    /// Where it is a failure, which one, in a few words.
    pub failed: Option<String>,
    /// Whether it is one that no adapter means.
    pub crashed: bool,
}

impl Observed {
    /// The exchanges of a case that were due, each with its place: all but those that the host refused.
    pub(super) fn due<'c>(&self, case: &'c Case) -> Vec<(usize, &'c Scripted)> {
        let is_refused = |at: usize| self.unheard.iter().any(|unheard| unheard.exchange == Some(at));
        let exchanges = case.exchanges.iter().enumerate();
        exchanges.filter(|(at, _)| !is_refused(*at)).collect()
    }
}

/// Why a case could not be run.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The store in memory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP client.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The configuration does not fit the adapter.
    #[error(transparent)]
    Session(#[from] Failure),
}

/// The secrets of scripted cases have values that tell what they are.
const VALUE: &str = "SECRET.";

impl Bench {
    /// A bench; `egress` is how live providers are reached.
    pub fn new(catalog: Arc<Catalog>, egress: Options) -> Self {
        Self { catalog, egress }
    }

    /// Run a case with its own answers.
    pub async fn replay(&self, adapter: &Arc<Adapter>, case: &Case) -> Result<Observed, BenchError> {
        let mut secrets = Secrets::default();
        for name in &case.secrets {
            secrets.insert(name.clone(), Secret::from(format!("{VALUE}{name}")));
        }
        let script = Arc::new(Script::of(&case.exchanges));
        let (host, wire) = (
            self.host(self.egress.clone().opened(), &script, case.now)?,
            &script,
        );
        let (observed, _secrets) =
            run(&host, wire, adapter, case, case.configuration.clone(), secrets).await?;
        Ok(observed)
    }

    /// Run a case with a live provider's answers. What is left in them of any secret is struck out.
    pub async fn record(
        &self,
        adapter: &Arc<Adapter>,
        case: &Case,
        live: Live,
    ) -> Result<Observed, BenchError> {
        let mut configuration = case.configuration.clone();
        configuration.extend(live.configuration);
        let script = Arc::new(Script::live());
        let host = self.host(self.egress.clone(), &script, live.now)?;
        let (mut observed, secrets) = run(&host, &script, adapter, case, configuration, live.secrets).await?;
        for scripted in &mut observed.exchanges {
            scripted.request = secrets.strike_out(std::mem::take(&mut scripted.request));
        }
        for unheard in &mut observed.unheard {
            unheard.request = secrets.strike_out(std::mem::take(&mut unheard.request));
        }
        observed.result = secrets.strike_out(observed.result);
        observed.failed = observed.failed.map(|failed| secrets.strike_out(failed));
        Ok(observed)
    }

    fn host(&self, options: Options, script: &Arc<Script>, now: Millis) -> Result<Host, BenchError> {
        let clock = Clock::still(now);
        Ok(Host {
            store: Arc::new(Sqlite::in_memory()?),
            // Nothing is sealed: the instance is a draft.
            vault: Vault::new([0; 32]),
            adapters: Arc::clone(&self.catalog),
            egress: Egress::new(options, clock)?.with_wire(Arc::clone(script) as _),
            budgets: Budgets::default(),
            objects: Default::default(),
            clock,
            sequence: Sequence::default(),
            element_defaults: ElementDefaults::default(),
            element_egress: std::collections::BTreeMap::new(),
            verifiers: Default::default(),
            public_url: None,
            expected: Default::default(),
            inbound_due: Notify::new(),
            registrations_due: Notify::new(),
            polls_due: Notify::new(),
            deliveries_due: Arc::new(Notify::new()),
            bulk_due: Notify::new(),
            events_stored: watch::Sender::new(()),
            live: LiveInstances::default(),
        })
    }
}

async fn run(
    host: &Host,
    script: &Script,
    adapter: &Arc<Adapter>,
    case: &Case,
    configuration: IndexMap<String, String>,
    secrets: Secrets,
) -> Result<(Observed, Secrets), BenchError> {
    let adapter = Arc::clone(adapter);
    adapter.pardon();
    let mut session = Session::draft(host, Arc::clone(&adapter), InstanceId(1), configuration, secrets)?;
    let is_alone = matches!(
        case.call,
        Call::Describe
            | Call::Authorize(_)
            | Call::Granted(..)
            | Call::AuthorizeTemporary(_)
            | Call::Plan { .. }
            | Call::Greet(_)
            | Call::Verify(_)
    );
    if case.handed {
        session.play(Playback::new(case.exchanges.iter().map(played)));
    }
    let (heard, outcome) = if is_alone || case.is_single() {
        match single::call(&mut session, &adapter, case).await {
            Ok((asked, outcome)) => (Heard::of(asked), outcome),
            Err(failure) => (Heard::default(), Outcome::failed(&failure)),
        }
    } else {
        let outcome = converse(&mut session, &case.call).await;
        let heard = match case.handed {
            true => Heard::of(session.heard().iter().map(single::scripted).collect()),
            false => script.heard(),
        };
        (heard, outcome)
    };
    let observed = Observed {
        exchanges: heard.exchanges,
        unanswered: heard.unanswered,
        unheard: heard.unheard,
        result: outcome.text,
        failed: outcome.failed,
        crashed: outcome.crashed,
    };
    Ok((observed, session.secrets().clone()))
}

fn played(Scripted { answer, now, .. }: &Scripted) -> Played {
    Played {
        answer: answer.clone(),
        now: *now,
    }
}

/// A call to its end, as on a running host.
async fn converse(session: &mut Session<'_>, call: &Call) -> Outcome {
    match call {
        Call::Connect(_) => Outcome::either(session.connect().await.map(|()| session.derived().clone())),
        Call::Check(_) => Outcome::either(session.check().await.map(|()| "good")),
        Call::Token(grant) => {
            let granted = grant_token(session, grant).await;
            Outcome::either(granted.map(|()| gathered(session)))
        }
        Call::RequestToken(callback) => {
            let asked = session.temporary(Some(callback)).await;
            Outcome::either(asked.map(|_temporary| gathered(session)))
        }
        Call::AccessToken => {
            let traded = session.trade(consented()).await;
            Outcome::either(traded.map(|()| gathered(session)))
        }
        Call::Operate(operation, _) => {
            Outcome::either(session.operate(operation.clone()).await.map(Operated::from))
        }
        Call::Poll(job, pages, _) => walk(session, job, pages.unwrap_or(usize::MAX)).await.into(),
        Call::Register(change, _) => {
            let registered = session.register(change.clone()).await;
            Outcome::either(registered.map(|registration| registration_json(registration.as_ref())))
        }
        Call::Receive(delivery, _) => {
            let told = session.receive(delivery.clone()).await;
            // What varies is told of the call alone: further answers are the session's.
            Outcome::either(told.map(|told| told_records(told, &[], &delivery.body)))
        }
        Call::Describe
        | Call::Authorize(_)
        | Call::Granted(..)
        | Call::AuthorizeTemporary(_)
        | Call::Plan { .. }
        | Call::Greet(_)
        | Call::Verify(_) => Outcome::of(&"a single call"),
    }
}

/// What a session has of a grant: secrets by their names.
fn gathered(session: &Session<'_>) -> serde_json::Value {
    let secrets: Vec<&str> = session.secrets().names().collect();
    serde_json::json!({ "derived": session.derived(), "secrets": secrets })
}

/// What scripted cases hand over for a token of OAuth 1.0a.
fn consented() -> Consented {
    let secret = |name: &str| Secret::from(format!("{VALUE}{name}"));
    Consented {
        temporary: Temporary {
            token: secret("oauth.request.token"),
            secret: secret("oauth.request.token.secret"),
        },
        verifier: secret("oauth.verifier"),
    }
}

async fn grant_token(session: &mut Session<'_>, grant: &oauth2::Grant) -> Result<(), Failure> {
    match grant {
        oauth2::Grant::AuthorizationCode(redirect_uri) => {
            if !redirect_uri.is_empty() {
                session.set(CALLBACK_URL, redirect_uri);
            }
            let secret = |name: &str| Secret::from(format!("{VALUE}{name}"));
            let code = session.secrets().get(CODE).cloned();
            let verifier = session.secrets().get(CODE_VERIFIER).cloned();
            let verifier = verifier.or_else(|| {
                let pkce = session.description().authentication.pkce;
                pkce.then(|| secret(CODE_VERIFIER))
            });
            session
                .redeem(code.unwrap_or_else(|| secret(CODE)), verifier)
                .await
        }
        oauth2::Grant::RefreshToken(redirect_uri) => {
            if !redirect_uri.is_empty() {
                session.set(CALLBACK_URL, redirect_uri);
            }
            session.renew().await
        }
        oauth2::Grant::ClientCredentials => session.renew_by_client().await,
    }
}

/// Every page of a walk, as a poll reads it: a token that the adapter finds rejected is refreshed once.
async fn walk(session: &mut Session<'_>, job: &poller::Job, most: usize) -> Walked {
    let mut walked = Walked::default();
    let mut refreshed = false;
    loop {
        match walk_once(session, job, most, &mut walked).await {
            Err(Failure::Unauthenticated(why)) if !refreshed => {
                refreshed = true;
                if let Err(failure) = session.refresh(why).await {
                    walked.failed(&failure);
                    return walked;
                }
            }
            Err(failure) => {
                walked.failed(&failure);
                return walked;
            }
            Ok(()) => return walked,
        }
    }
}

/// A host stores what the adapter planned, and polls with that.
async fn planned(session: &Session<'_>, job: &poller::Job) -> Result<poller::Job, Failure> {
    if job.configuration.trim() != "{}" {
        return Ok(job.clone());
    }
    match session.plan(&job.resource, &job.configuration).await? {
        Ok(configuration) => Ok(poller::Job {
            configuration,
            ..job.clone()
        }),
        Err(wrong) => Err(Failure::InvalidRequest(Detail {
            message: wrong,
            provider_message: None,
        })),
    }
}

async fn walk_once(
    session: &mut Session<'_>,
    job: &poller::Job,
    most: usize,
    walked: &mut Walked,
) -> Result<(), Failure> {
    let job = planned(session, job).await?;
    let mut walk = session.walk(job).await?;
    while walked.pages.len() < most
        && let Some(page) = walk.next(session).await?
    {
        walked.pages.push(Page::of(session.adapter().key(), &page)?);
    }
    Ok(())
}
