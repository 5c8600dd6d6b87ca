//! One call of an adapter and no more: what follows from its answer is not done, but its answer has to pass what a
//! running host lets pass.

use serde_json::{Value, json};

use super::{
    Call, Case, Scripted,
    message::request_text,
    outcome::{Operated, Outcome, Page, Walked, exchange_json, settings_json},
    webhook::{registration_json, reply_json, told_records, verification_json},
};
use crate::{
    adapter::{
        Adapter, Answers, Called, Course,
        contract::{element, hub, poller, types, webhook},
    },
    inbound::verify,
    session::{Failure, Session, WalkPage},
};

/// The requests that the call asks for, and what it came to.
type Single = (Vec<Scripted>, Outcome);

/// Make the call.
pub(super) async fn call(
    session: &mut Session<'_>,
    adapter: &Adapter,
    case: &Case,
) -> Result<Single, Failure> {
    let none = Answers::default();
    let answers = case.call.resumed().map_or(&none, |resumed| &resumed.answers);
    let context = &session.context();
    let Course { exchanges, .. } = case.course;
    match &case.call {
        Call::Describe => Ok((Vec::new(), Outcome::of(adapter.description()))),
        Call::Connect(None) => connected(session, adapter.connect(context).await, exchanges).await,
        Call::Connect(Some(at)) => {
            let step = adapter.resume_connect(context, &at.state, answers).await;
            connected(session, step, exchanges).await
        }
        Call::Check(None) => checked(session, adapter.check(context).await, exchanges),
        Call::Check(Some(at)) => {
            let step = adapter.resume_check(context, &at.state, answers).await;
            checked(session, step, exchanges)
        }
        Call::Authorize(authorization) => Ok(asked(&adapter.authorize(context, authorization).await??)),
        Call::Token(grant) => Ok(asked(&session.token_request(grant).await?)),
        Call::Granted(grant, response) => {
            derived(session, adapter.granted(context, grant, response).await??).await
        }
        Call::RequestToken(callback) => Ok(asked(&session.temporary_request(callback).await?)),
        Call::AuthorizeTemporary(callback) => {
            Ok(asked(&adapter.authorize_temporary(context, callback).await??))
        }
        Call::AccessToken => Ok(asked(&session.token_trade().await?)),
        Call::Operate(operation, None) => {
            let step = adapter.hub(context, operation).await;
            hub_step(session, operation, step, answers, exchanges)
        }
        Call::Operate(operation, Some(at)) => {
            let step = adapter.resume_hub(context, operation, &at.state, answers).await;
            hub_step(session, operation, step, answers, exchanges)
        }
        Call::Plan {
            resource,
            configuration,
        } => {
            let shown = match adapter.plan(context, resource, configuration).await? {
                Ok(planned) => serde_json::from_str(&planned).unwrap_or(Value::String(planned)),
                Err(refused) => json!({ "refused": refused }),
            };
            Ok((Vec::new(), Outcome::of(&shown)))
        }
        Call::Register(change, None) => {
            let step = adapter.register(context, change).await;
            registered(session, step, exchanges)
        }
        Call::Register(change, Some(at)) => {
            let step = adapter.resume_register(context, change, &at.state, answers).await;
            registered(session, step, exchanges)
        }
        Call::Greet(delivery) => {
            let reply = session.greet(delivery).await?;
            Ok((Vec::new(), Outcome::of(&reply_json(reply.as_ref()))))
        }
        Call::Verify(delivery) => {
            // Whether the call of a case is genuine nobody knows: its secrets are none.
            let (verification, _) = verify(session, "", delivery, delivery).await?;
            Ok((Vec::new(), Outcome::of(&verification_json(&verification))))
        }
        Call::Receive(delivery, None) => {
            let receipt = adapter.receive(context, delivery).await;
            received(session, receipt, answers, delivery, exchanges)
        }
        Call::Receive(delivery, Some(at)) => {
            let receipt = adapter
                .resume_receive(context, delivery, &at.state, answers)
                .await;
            received(session, receipt, answers, delivery, exchanges)
        }
        Call::Poll(job, _, None) => {
            let step = adapter.poll(context, job).await;
            poll_step(session, step, answers, case.course)
        }
        Call::Poll(job, _, Some(at)) => {
            let step = adapter.resume_poll(context, job, &at.state, answers).await;
            poll_step(session, step, answers, case.course)
        }
    }
}

fn asked(request: &types::Request) -> Single {
    (vec![scripted(request)], Outcome::of(&"asked"))
}

fn sent(session: &Session<'_>, exchange: &types::Exchange, before: usize) -> Result<Single, Failure> {
    session.check_exchange(exchange, before + 1)?;
    let requests = exchange.requests.iter().map(scripted).collect();
    Ok((requests, Outcome::of(&exchange_json(exchange))))
}

pub(super) fn scripted(request: &types::Request) -> Scripted {
    Scripted {
        request: request_text(request),
        answer: None,
        now: None,
    }
}

fn checked(session: &Session<'_>, step: Called<element::Step>, before: usize) -> Result<Single, Failure> {
    match step?? {
        element::Step::Send(exchange) => sent(session, &exchange, before),
        element::Step::Done(settings) => Ok((Vec::new(), Outcome::of(&settings_json(&settings)))),
    }
}

async fn connected(
    session: &mut Session<'_>,
    step: Called<element::Step>,
    before: usize,
) -> Result<Single, Failure> {
    match step?? {
        element::Step::Send(exchange) => sent(session, &exchange, before),
        element::Step::Done(settings) => derived(session, settings).await,
    }
}

async fn derived(session: &mut Session<'_>, settings: Vec<types::Setting>) -> Result<Single, Failure> {
    let shown = Outcome::of(&settings_json(&settings));
    session.take_over(settings).await?;
    Ok((Vec::new(), shown))
}

fn registered(session: &Session<'_>, step: Called<webhook::Step>, before: usize) -> Result<Single, Failure> {
    match step?? {
        webhook::Step::Send(exchange) => sent(session, &exchange, before),
        webhook::Step::Done(registration) => {
            Ok((Vec::new(), Outcome::of(&registration_json(registration.as_ref()))))
        }
    }
}

fn received(
    session: &Session<'_>,
    receipt: Called<webhook::Receipt>,
    answers: &[types::Answer],
    delivery: &webhook::Delivery,
    before: usize,
) -> Result<Single, Failure> {
    match receipt?? {
        webhook::Receipt::Send(exchange) => sent(session, &exchange, before),
        webhook::Receipt::Records(records) => {
            let told = session.told(records, answers, &delivery.body)?;
            let shown = told_records(told, answers, &delivery.body);
            Ok((Vec::new(), Outcome::of(&shown)))
        }
    }
}

fn hub_step(
    session: &Session<'_>,
    operation: &hub::Operation,
    step: Called<hub::Step>,
    answers: &[types::Answer],
    before: usize,
) -> Result<Single, Failure> {
    match step?? {
        hub::Step::Send(exchange) => sent(session, &exchange, before),
        hub::Step::Done(outcome) => {
            let answered = session.answered(operation, outcome, answers)?;
            Ok((Vec::new(), Outcome::of(&Operated::from(answered))))
        }
    }
}

fn poll_step(
    session: &Session<'_>,
    step: Called<poller::Step>,
    answers: &Answers,
    before: Course,
) -> Result<Single, Failure> {
    match step?? {
        poller::Step::Send(exchange) => sent(session, &exchange, before.exchanges),
        poller::Step::Page(page) => {
            // The pages before it are those of the version that was reported: one that ends the walk here is not
            // blamed for them.
            let number = before.pages + 1;
            session.check_page(&page, if page.next.is_some() { number } else { 1 })?;
            let next = match &page.next {
                Some(next) => sent(session, next, 0)?.0,
                None => Vec::new(),
            };
            let page = WalkPage {
                records: page.records,
                answers: answers.clone(),
                checkpoint: page.checkpoint,
            };
            let mut walked = Walked::default();
            walked.pages.push(Page::of(session.adapter().key(), &page)?);
            Ok((next, walked.into()))
        }
    }
}
