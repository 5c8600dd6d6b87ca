//! One call of an adapter and no more: what follows from its answer is not done.

use serde_json::{Value, json};

use super::{
    Call, Case, Scripted,
    message::request_text,
    outcome::{Outcome, Page, Walked, exchange_json, settings_json},
    webhook::{registration_json, reply_json, told_records},
};
use crate::{
    adapter::{
        Adapter, Answers, CallError,
        contract::{element, hub, poller, types, webhook},
    },
    session::{Failure, Renderer, WalkPage, render, tell},
};

/// The requests that the call asks for, and what it came to.
pub(super) async fn call(
    adapter: &Adapter,
    context: &types::Context,
    case: &Case,
) -> Result<(Vec<Scripted>, Outcome), CallError> {
    let none = Answers::default();
    let answers = case.call.resumed().map_or(&none, |resumed| &resumed.answers);
    Ok(match &case.call {
        Call::Describe => (Vec::new(), Outcome::of(adapter.description())),
        Call::Connect(None) => settings(adapter.connect(context).await?),
        Call::Connect(Some(at)) => settings(adapter.resume_connect(context, &at.state, answers).await?),
        Call::Check(None) => settings(adapter.check(context).await?),
        Call::Check(Some(at)) => settings(adapter.resume_check(context, &at.state, answers).await?),
        Call::Authorize(authorization) => request(adapter.authorize(context, authorization).await?),
        Call::Token(grant) => request(adapter.token(context, grant).await?),
        Call::Granted(grant, response) => match adapter.granted(context, grant, response).await? {
            Ok(derived) => (Vec::new(), Outcome::of(&settings_json(&derived))),
            Err(failure) => failed(failure),
        },
        Call::RequestToken(callback) => request(adapter.request_token(context, callback).await?),
        Call::AuthorizeTemporary(callback) => request(adapter.authorize_temporary(context, callback).await?),
        Call::AccessToken => request(adapter.access_token(context).await?),
        Call::Operate(operation, None) => hub_step(adapter, adapter.hub(context, operation).await?, answers),
        Call::Operate(operation, Some(at)) => {
            let step = adapter.resume_hub(context, operation, &at.state, answers).await?;
            hub_step(adapter, step, answers)
        }
        Call::Plan {
            resource,
            configuration,
        } => match adapter.plan(context, resource, configuration).await? {
            Ok(planned) => {
                let planned = serde_json::from_str(&planned).unwrap_or(Value::String(planned));
                (Vec::new(), Outcome::of(&planned))
            }
            Err(refused) => (Vec::new(), Outcome::of(&json!({ "refused": refused }))),
        },
        Call::Register(change, None) => registered(adapter.register(context, change).await?),
        Call::Register(change, Some(at)) => registered(
            adapter
                .resume_register(context, change, &at.state, answers)
                .await?,
        ),
        Call::Greet(delivery) => {
            let reply = adapter.greet(context, delivery).await?;
            (Vec::new(), Outcome::of(&reply_json(reply.as_ref())))
        }
        Call::Verify(delivery) => (Vec::new(), Outcome::of(&adapter.verify(context, delivery).await?)),
        Call::Receive(delivery, None) => received(
            adapter,
            adapter.receive(context, delivery).await?,
            answers,
            delivery,
        ),
        Call::Receive(delivery, Some(at)) => {
            let receipt = adapter
                .resume_receive(context, delivery, &at.state, answers)
                .await?;
            received(adapter, receipt, answers, delivery)
        }
        Call::Poll(job, _, None) => poll_step(adapter, adapter.poll(context, job).await?, answers),
        Call::Poll(job, _, Some(at)) => {
            let step = adapter.resume_poll(context, job, &at.state, answers).await?;
            poll_step(adapter, step, answers)
        }
    })
}

type Single = (Vec<Scripted>, Outcome);

fn failed(failure: types::Failure) -> Single {
    (Vec::new(), Outcome::failed(&Failure::from(failure)))
}

fn request(asked: Result<types::Request, types::Failure>) -> Single {
    match asked {
        Ok(request) => (vec![scripted(&request)], Outcome::of(&"asked")),
        Err(failure) => failed(failure),
    }
}

fn sent(exchange: &types::Exchange) -> Single {
    let requests = exchange.requests.iter().map(scripted).collect();
    (requests, Outcome::of(&exchange_json(exchange)))
}

pub(super) fn scripted(request: &types::Request) -> Scripted {
    Scripted {
        request: request_text(request),
        answer: None,
        now: None,
    }
}

fn settings(step: Result<element::Step, types::Failure>) -> Single {
    match step {
        Ok(element::Step::Send(exchange)) => sent(&exchange),
        Ok(element::Step::Done(derived)) => (Vec::new(), Outcome::of(&settings_json(&derived))),
        Err(failure) => failed(failure),
    }
}

fn registered(step: Result<webhook::Step, types::Failure>) -> Single {
    match step {
        Ok(webhook::Step::Send(exchange)) => sent(&exchange),
        Ok(webhook::Step::Done(registration)) => {
            (Vec::new(), Outcome::of(&registration_json(registration.as_ref())))
        }
        Err(failure) => failed(failure),
    }
}

fn received(
    adapter: &Adapter,
    receipt: Result<webhook::Receipt, types::Failure>,
    answers: &[types::Answer],
    delivery: &webhook::Delivery,
) -> Single {
    match receipt {
        Ok(webhook::Receipt::Send(exchange)) => sent(&exchange),
        Ok(webhook::Receipt::Records(records)) => {
            let renderer = Renderer::new(answers, adapter.limits().returned).received(&delivery.body);
            let told = tell(renderer, records).map_err(|error| Failure::Malformed {
                adapter: adapter.key().to_owned(),
                what: error.to_string(),
            });
            let shown = told.map(|told| told_records(told, answers, &delivery.body));
            (Vec::new(), Outcome::either(shown))
        }
        Err(failure) => failed(failure),
    }
}

fn hub_step(adapter: &Adapter, step: Result<hub::Step, types::Failure>, answers: &[types::Answer]) -> Single {
    let render =
        |document: &types::Document| render(adapter.key(), document, answers).map(|rendered| rendered.json);
    let outcome = match step {
        Ok(hub::Step::Send(exchange)) => return sent(&exchange),
        Ok(hub::Step::Done(hub::Outcome::Listed(listed))) => {
            let records: Result<Vec<_>, _> = listed.records.iter().map(render).collect();
            let shown = records
                .map(|records| json!({ "records": records, "next": listed.next, "total": listed.total }));
            Outcome::either(shown)
        }
        Ok(hub::Step::Done(hub::Outcome::One(document))) => Outcome::either(render(&document)),
        Ok(hub::Step::Done(hub::Outcome::Fields(json))) => Outcome::of(&json),
        Ok(hub::Step::Done(hub::Outcome::Done)) => Outcome::of(&"done"),
        Err(failure) => return failed(failure),
    };
    (Vec::new(), outcome)
}

fn poll_step(adapter: &Adapter, step: Result<poller::Step, types::Failure>, answers: &Answers) -> Single {
    match step {
        Ok(poller::Step::Send(exchange)) => sent(&exchange),
        Ok(poller::Step::Page(page)) => {
            let next = page
                .next
                .iter()
                .flat_map(|next| &next.requests)
                .map(scripted)
                .collect();
            let shown = Page::of(
                adapter.key(),
                &WalkPage {
                    records: page.records,
                    answers: answers.clone(),
                    checkpoint: page.checkpoint,
                },
            );
            let mut walked = Walked::default();
            match shown {
                Ok(page) => walked.pages.push(page),
                Err(failure) => walked.failed(&failure),
            }
            (next, walked.into())
        }
        Err(failure) => failed(failure),
    }
}
