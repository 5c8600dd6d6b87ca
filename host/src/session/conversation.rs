//! Runs the adapter's steps: begin, send, resume, until done.

use std::time::Duration;

use super::{
    ACCESS_TOKEN, Failure, HubAnswer, Keeping, Session,
    failure::detail,
    fields::only,
    last::{LastCall, packed},
};
use crate::{
    adapter::{
        Adapter, Answers, Called, Course, Limits,
        contract::{element, hub, types},
    },
    clock::millis,
    egress::{Captured, Delivered, Sent, Spent},
    instance::{TRACE_LOGGING, is_true},
    store::InstanceChange,
};

/// A token is replaced so long before it ends, or a fifth of its life if that is shorter.
const EARLY: Duration = Duration::from_secs(30);
/// A read whose answer was lost is repeated so often.
const REPEATS: u32 = 2;
/// The first wait before a repeat; doubled each time.
const REPEAT_WAIT: Duration = Duration::from_millis(250);
/// So many secrets and derived settings an instance has at most.
const KEPT: usize = 200;
/// So many bytes the token of a next page has at most: it comes back in a URL.
const TOKEN: usize = 8 << 10;

/// What a step asks for.
pub(super) enum Next<T> {
    /// Send and come back.
    Send(types::Exchange),
    /// The result, and the answers that it refers to are those of the last exchange.
    Done(T),
}

/// An operation of the contract that goes in steps.
pub(super) trait Operation {
    /// What the adapter returns in the end.
    type Output;
    /// What the host makes of it.
    type Result;
    /// The names of its two functions.
    const FUNCTIONS: [&'static str; 2];

    /// What it is about: its arguments besides the context, in postcard's format.
    fn subject(&self) -> Vec<u8> {
        Vec::new()
    }

    async fn begin(&self, adapter: &Adapter, context: &types::Context) -> Called<Next<Self::Output>>;

    async fn resume(
        &self,
        adapter: &Adapter,
        context: &types::Context,
        state: &[u8],
        answers: &Answers,
    ) -> Called<Next<Self::Output>>;

    fn finish(
        &self,
        session: &Session<'_>,
        output: Self::Output,
        answers: &[types::Answer],
    ) -> Result<Self::Result, Failure>;
}

impl Session<'_> {
    /// Run an operation; when the token is rejected, refresh it and run the operation once more.
    pub(super) async fn run<O: Operation>(&mut self, operation: O) -> Result<O::Result, Failure> {
        match self.run_once(&operation).await {
            Err(Failure::Unauthenticated(why)) => {
                self.refresh(why).await?;
                self.run_once(&operation).await
            }
            result => result,
        }
    }

    async fn run_once<O: Operation>(&mut self, operation: &O) -> Result<O::Result, Failure> {
        let [begin, resume] = O::FUNCTIONS;
        let context = self.context();
        let begun = operation.begin(&self.adapter, &context).await?;
        self.last = Some(LastCall::new(begin, context, operation.subject()));
        let mut step = self.said(begun)?;
        let mut answers = Answers::default();
        let mut exchanges = 0;
        loop {
            match step {
                Next::Done(output) => {
                    let result = operation.finish(self, output, &answers)?;
                    self.adapter.accepted();
                    return Ok(result);
                }
                Next::Send(asked) => {
                    exchanges += 1;
                    answers = self.exchange(&asked, exchanges).await?;
                    let context = self.context();
                    let resumed = operation
                        .resume(&self.adapter, &context, &asked.state, &answers)
                        .await?;
                    self.last = Some(LastCall {
                        function: resume,
                        context,
                        subject: operation.subject(),
                        resumed: Some((asked.state, answers.clone())),
                        course: Course {
                            exchanges,
                            ..Course::default()
                        },
                    });
                    step = self.said(resumed)?;
                }
            }
        }
    }

    /// What an adapter answered: a failure in the contract's words is a good answer.
    pub(super) fn said<T>(&self, called: Result<T, types::Failure>) -> Result<T, Failure> {
        called.map_err(|failure| {
            self.adapter.accepted();
            failure.into()
        })
    }

    /// Refuse what a limit of the adapter does not allow.
    pub(super) fn count(
        &self,
        name: &'static str,
        limit: impl Fn(&Limits) -> usize,
        asked: usize,
    ) -> Result<(), Failure> {
        let limits = self.adapter.limits();
        let checked = limits.check(name, limit(limits), asked);
        checked.map_err(|refused| self.malformed(refused.to_string()))
    }

    /// What an exchange may hold, whether it is sent or not, and how many there may be.
    pub(crate) fn check_exchange(&self, asked: &types::Exchange, number: usize) -> Result<(), Failure> {
        self.count("exchanges", |limits| limits.exchanges, number)?;
        self.count("requests", |limits| limits.requests, asked.requests.len())?;
        self.count("state", |limits| limits.state, asked.state.len())
    }

    /// Send the requests of an exchange, one after the other.
    pub(super) async fn exchange(
        &mut self,
        asked: &types::Exchange,
        number: usize,
    ) -> Result<Answers, Failure> {
        self.check_exchange(asked, number)?;
        let mut answers = Vec::with_capacity(asked.requests.len());
        let mut handed = 0_usize;
        for request in &asked.requests {
            let answer = self.answer(request).await?;
            handed = handed.saturating_add(answer.as_ref().map_or(0, |response| response.body.len()));
            if let Some(last) = self
                .last
                .as_mut()
                .filter(|_| handed > self.adapter.limits().handed)
            {
                last.course.answered = Some(handed);
            }
            self.count("handed", |limits| limits.handed, handed)?;
            answers.push(answer);
        }
        Ok(answers.into())
    }

    /// Send one request, with all that the contract promises to keep from the adapter: a token that has to be
    /// refreshed, a provider that asks for patience, a read whose answer was lost.
    pub(super) async fn send(&mut self, request: &types::Request) -> Result<types::Answer, Failure> {
        let (mut repeats, mut refreshed, mut wait) = (0, false, REPEAT_WAIT);
        if uses_access_token(request) {
            self.refresh_before_the_end().await?;
        }
        loop {
            let sent = self.send_once(request).await?;
            let status = sent.answer.as_ref().map_or(0, |response| response.status);
            if status == 401 && !refreshed && uses_access_token(request) {
                refreshed = true;
                self.refresh(detail(format!("{} answered 401", host_of(&request.url))))
                    .await?;
                continue;
            }
            if let (429 | 503, Some(after)) = (status, sent.retry_after) {
                self.host.budgets.pause(&self.account(), after);
                if after <= self.patience.paused && repeats < REPEATS {
                    // The pause is waited for with the next request.
                    repeats += 1;
                    continue;
                }
                let message = format!("{} answered {status}", host_of(&request.url));
                return Err(Failure::RateLimited {
                    detail: detail(message),
                    after: Some(after),
                });
            }
            let lost = match &sent.answer {
                // It came, and would come again.
                Ok(_) | Err(types::TransportError::TooLarge(_)) => false,
                Err(_) => may_repeat(request.effect, sent.delivered),
            };
            if lost && repeats < REPEATS {
                repeats += 1;
                tokio::time::sleep(wait).await;
                wait *= 2;
                continue;
            }
            return Ok(sent
                .answer
                .map_err(|error| told(error, &request.url, repeats + 1)));
        }
    }

    /// Send one request as it is.
    pub(super) async fn send_once(&mut self, request: &types::Request) -> Result<Sent, Failure> {
        let account = self.account();
        let limits = &self.adapter.description().rate_limits;
        let acquired = self.host.budgets.acquire(&account, limits, self.patience).await;
        acquired.map_err(|spent| {
            let (host, seconds) = (host_of(&request.url), spent.after().as_secs() + 1);
            Failure::RateLimited {
                detail: detail(match spent {
                    Spent::Paused(_) => {
                        format!("{host} asked for patience, which lasts for another {seconds} s")
                    }
                    Spent::Full(_) => {
                        format!(
                            "the requests that {host} allows this account are used up for another {seconds} s"
                        )
                    }
                }),
                after: Some(spent.after()),
            }
        })?;
        self.requests += 1;
        let started = self.host.clock.now();
        let mut sent = self
            .host
            .egress
            .send(&self.audience, &self.secrets, request)
            .await;
        let took = self.host.clock.now().saturating_sub(started);
        self.last_status = sent.answer.as_ref().ok().map(|response| response.status);
        self.reel.sent(request, &sent.answer, took);
        if is_true(&self.own, TRACE_LOGGING) {
            let status = sent.answer.as_ref().map_or(0, |response| response.status);
            tracing::info!(
                instance = %self.instance,
                method = request.method,
                url = request.url.split(['?', '#']).next(),
                status,
                millis = took,
                "asked the provider"
            );
        }
        if let Some(skew) = sent.skew {
            self.live.skew.store(skew, std::sync::atomic::Ordering::Relaxed);
        }
        self.keep(std::mem::take(&mut sent.captured)).await?;
        Ok(sent)
    }

    /// What is captured stays with the instance, and every later call pays for it.
    fn check_kept(&self, captured: &[Captured]) -> Result<(), Failure> {
        let fresh = captured.iter().filter(|captured| match &captured.into {
            types::Target::Secret(name) => self.secrets.get(name).is_none(),
            types::Target::Setting(key) => !self.derived.contains_key(key),
            types::Target::Lifetime(_) => false,
        });
        let kept = self.secrets.iter().count() + self.derived.len() + fresh.count();
        if kept > KEPT {
            let what = format!("it has {kept} secrets and settings captured, and {KEPT} are the most");
            return Err(self.malformed(what));
        }
        Ok(())
    }

    /// Take captured values in: into the store before anything is done with them.
    async fn keep(&mut self, captured: Vec<Captured>) -> Result<(), Failure> {
        if captured.is_empty() {
            return Ok(());
        }
        for Captured { into, .. } in &captured {
            let (types::Target::Secret(key) | types::Target::Setting(key) | types::Target::Lifetime(key)) =
                into;
            self.not_the_hosts(key)?;
        }
        self.check_kept(&captured)?;
        let now = self.host.clock.now();
        let mut settings = Vec::new();
        let mut names = Vec::new();
        let mut lifetimes = Vec::new();
        for Captured { into, value } in captured {
            match into {
                types::Target::Secret(name) => {
                    self.expiries.shift_remove(&name);
                    self.secrets.insert(name.clone(), value);
                    names.push(name);
                }
                types::Target::Setting(key) => settings.push((key, value.expose().to_owned())),
                types::Target::Lifetime(name) => lifetimes.push((name, value)),
            }
        }
        // NOTE: after the secrets, each of which begins a life of its own, whatever the order of the rules.
        for (name, seconds) in lifetimes {
            let seconds: f64 = seconds.expose().trim().parse().unwrap_or(0.0);
            let lifetime = Duration::try_from_secs_f64(seconds).unwrap_or_default();
            if !lifetime.is_zero() {
                let early = EARLY.min(lifetime / 5);
                self.expiries
                    .insert(name, now.saturating_add(millis(lifetime - early)));
            }
        }
        if self.keeping == Keeping::Store && !names.is_empty() {
            let mut put_secrets = Vec::new();
            for name in names {
                if let Some(secret) = self.secrets.get(&name) {
                    put_secrets.push(self.seal(&name, secret)?);
                }
            }
            let change = InstanceChange {
                put_secrets,
                now,
                ..InstanceChange::default()
            };
            self.host.store.change_instance(self.instance, change).await?;
        }
        settings.retain(|(key, _)| !self.is_secret(key));
        self.derive(settings).await
    }

    /// Instances that agree in these values share the provider's budget.
    fn account(&self) -> String {
        let description = self.adapter.description();
        let mut account = description.key.clone();
        for key in description.rate_limits.iter().flat_map(|limit| &limit.account) {
            account.push('\n');
            match self.secrets.get(key) {
                // Not the secret itself: a budget's key may be printed.
                Some(secret) => account.push_str(&blake3::hash(secret.expose().as_bytes()).to_hex()),
                None => account.push_str(self.setting(key).unwrap_or_default()),
            }
        }
        account
    }

    /// The adapter's last step is what the contract does not allow.
    pub(crate) fn malformed(&self, what: String) -> Failure {
        malformed(&self.adapter, self.last.as_ref(), what)
    }

    /// What an operation on a resource came to, with its documents rendered.
    pub(crate) fn answered(
        &self,
        operation: &hub::Operation,
        outcome: hub::Outcome,
        answers: &[types::Answer],
    ) -> Result<HubAnswer, Failure> {
        let mut renderer = self.renderer(answers);
        let fields = match operation {
            hub::Operation::List(listing) => listing.fields.as_slice(),
            hub::Operation::Get(single) => single.fields.as_slice(),
            _ => &[],
        };
        let mut render = |document: &types::Document| {
            let rendered = renderer.render(document);
            let rendered = rendered.map_err(|error| self.malformed(error.to_string()))?;
            only(rendered.json, fields).map_err(|error| self.malformed(format!("a record: {error}")))
        };
        if !fits(operation, &outcome) {
            return Err(
                self.malformed("an outcome of another operation than the one that was asked for".to_owned())
            );
        }
        Ok(match outcome {
            hub::Outcome::Listed(hub::Listed { records, next, total }) => {
                self.count("records", |limits| limits.records, records.len())?;
                if let Some(token) = next.as_ref().filter(|token| token.len() > TOKEN) {
                    let what = format!("a page token of {} bytes, and {TOKEN} are the most", token.len());
                    return Err(self.malformed(what));
                }
                let records = records.iter().map(render).collect::<Result<_, _>>()?;
                HubAnswer::Listed { records, next, total }
            }
            hub::Outcome::One(document) => HubAnswer::One(render(&document)?),
            hub::Outcome::Fields(json) => HubAnswer::Fields(json),
            hub::Outcome::Done => HubAnswer::Done,
        })
    }
}

/// Whether an operation can come to this. What is written may be shown or not.
fn fits(operation: &hub::Operation, outcome: &hub::Outcome) -> bool {
    use hub::{Operation, Outcome};
    match operation {
        Operation::List(_) => matches!(outcome, Outcome::Listed(_)),
        Operation::Get(_) => matches!(outcome, Outcome::One(_)),
        Operation::Fields(_) => matches!(outcome, Outcome::Fields(_)),
        _ => matches!(outcome, Outcome::One(_) | Outcome::Done),
    }
}

/// A call answered what the contract does not allow: a strike, and a case where the call is known.
pub(super) fn malformed(adapter: &Adapter, call: Option<&LastCall>, what: String) -> Failure {
    adapter.malformed(what.clone(), call.map(LastCall::suspect));
    Failure::Malformed {
        adapter: adapter.key().to_owned(),
        what,
    }
}

/// An error says which host it is about, and when it came so many times in a row: it took longer than one of them.
fn told(error: types::TransportError, url: &str, attempts: u32) -> types::TransportError {
    use types::TransportError::{Other, Refused, Timeout, Tls, TooLarge, Unreachable};
    let host = host_of(url);
    let told = |why: String| {
        let why = if why.contains(&*host) {
            why
        } else {
            format!("{host}: {why}")
        };
        match attempts {
            1 => why,
            attempts => format!("{why}; the last of {attempts} attempts"),
        }
    };
    match error {
        Unreachable(why) => Unreachable(told(why)),
        Tls(why) => Tls(told(why)),
        Timeout(why) => Timeout(told(why)),
        Other(why) => Other(told(why)),
        Refused(_) | TooLarge(_) => error,
    }
}

fn uses_access_token(request: &types::Request) -> bool {
    request.credentials.iter().any(|credential| match credential {
        types::Credential::Bearer(name) => name == ACCESS_TOKEN,
        types::Credential::Header(at)
        | types::Credential::Query(at)
        | types::Credential::Form(at)
        | types::Credential::Json(at) => at.secret == ACCESS_TOKEN,
        types::Credential::Basic(_) | types::Credential::Oauth1(_) | types::Credential::Hmac(_) => false,
    })
}

fn may_repeat(effect: types::Effect, delivered: Delivered) -> bool {
    match effect {
        types::Effect::Read => delivered != Delivered::Refused,
        types::Effect::Write => delivered == Delivered::NotSent,
    }
}

/// For messages: the host only, since paths may tell more than is meant for a log.
fn host_of(url: &str) -> String {
    url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// `element.connect`.
pub(super) struct Connect;

/// `element.check`.
pub(super) struct Check;

/// `hub`.
pub(super) struct Operate(pub(super) hub::Operation);

fn element_next(step: element::Step) -> Next<Vec<types::Setting>> {
    match step {
        element::Step::Send(exchange) => Next::Send(exchange),
        element::Step::Done(settings) => Next::Done(settings),
    }
}

fn hub_next(step: hub::Step) -> Next<hub::Outcome> {
    match step {
        hub::Step::Send(exchange) => Next::Send(exchange),
        hub::Step::Done(outcome) => Next::Done(outcome),
    }
}

impl Operation for Connect {
    type Output = Vec<types::Setting>;
    type Result = Vec<types::Setting>;
    const FUNCTIONS: [&'static str; 2] = ["element.connect", "element.resume-connect"];

    async fn begin(&self, adapter: &Adapter, context: &types::Context) -> Called<Next<Self::Output>> {
        Ok(adapter.connect(context).await?.map(element_next))
    }

    async fn resume(
        &self,
        adapter: &Adapter,
        context: &types::Context,
        state: &[u8],
        answers: &Answers,
    ) -> Called<Next<Self::Output>> {
        Ok(adapter
            .resume_connect(context, state, answers)
            .await?
            .map(element_next))
    }

    fn finish(
        &self,
        _: &Session<'_>,
        output: Self::Output,
        _: &[types::Answer],
    ) -> Result<Self::Result, Failure> {
        Ok(output)
    }
}

impl Operation for Check {
    type Output = Vec<types::Setting>;
    type Result = ();
    const FUNCTIONS: [&'static str; 2] = ["element.check", "element.resume-check"];

    async fn begin(&self, adapter: &Adapter, context: &types::Context) -> Called<Next<Self::Output>> {
        Ok(adapter.check(context).await?.map(element_next))
    }

    async fn resume(
        &self,
        adapter: &Adapter,
        context: &types::Context,
        state: &[u8],
        answers: &Answers,
    ) -> Called<Next<Self::Output>> {
        Ok(adapter
            .resume_check(context, state, answers)
            .await?
            .map(element_next))
    }

    fn finish(&self, _: &Session<'_>, _: Self::Output, _: &[types::Answer]) -> Result<Self::Result, Failure> {
        Ok(())
    }
}

impl Operation for Operate {
    type Output = hub::Outcome;
    type Result = HubAnswer;
    const FUNCTIONS: [&'static str; 2] = ["hub.begin", "hub.resume"];

    fn subject(&self) -> Vec<u8> {
        packed(&self.0)
    }

    async fn begin(&self, adapter: &Adapter, context: &types::Context) -> Called<Next<Self::Output>> {
        Ok(adapter.hub(context, &self.0).await?.map(hub_next))
    }

    async fn resume(
        &self,
        adapter: &Adapter,
        context: &types::Context,
        state: &[u8],
        answers: &Answers,
    ) -> Called<Next<Self::Output>> {
        Ok(adapter
            .resume_hub(context, &self.0, state, answers)
            .await?
            .map(hub_next))
    }

    fn finish(
        &self,
        session: &Session<'_>,
        output: Self::Output,
        answers: &[types::Answer],
    ) -> Result<Self::Result, Failure> {
        session.answered(&self.0, output, answers)
    }
}
