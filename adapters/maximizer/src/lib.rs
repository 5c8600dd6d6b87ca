//! The Maximizer CRM element.
//!
//! A pure library: every function answers from what it is handed. `guest` is the shim that exports it; it is not there
//! in tests, which therefore need no host.

#![deny(unsafe_code)]

mod address;
mod describe;
#[cfg(all(target_family = "wasm", not(test)))]
mod guest;
mod hub;
mod key;
mod oauth;
mod plan;
mod query;
mod read;
mod reply;
mod resource;
mod walk;

#[cfg(test)]
mod tests;

use periodic_sdk::{
    contract::{self, Answer, Context, Element, Exchange, Failure, Setting, Step},
    description::Description,
};

/// The element.
#[derive(Debug, Clone, Copy)]
pub struct Maximizer;

impl Element for Maximizer {
    fn describe(_package: Option<&[u8]>) -> Result<Description, String> {
        Ok(describe::description())
    }

    /// Find the API, then read one record: a wrong address is told when the instance is made.
    fn connect(context: &Context) -> Result<Step<Vec<Setting>>, Failure> {
        if address::configured(context).is_some() {
            return probe(context);
        }
        let request = address::discovery(context)?;
        Ok(Step::Send(Exchange::one(request, DISCOVERING.to_vec())))
    }

    fn resume_connect(
        context: &Context,
        state: &[u8],
        answers: &[Answer],
    ) -> Result<Step<Vec<Setting>>, Failure> {
        let response = contract::only(answers)?;
        if state != DISCOVERING {
            reply::Reply::read(response, "AbEntry")?;
            return Ok(Step::Done(Vec::new()));
        }
        Ok(Step::Done(vec![address::discovered(context, response)?]))
    }

    fn check(context: &Context) -> Result<Step<()>, Failure> {
        probe(context)
    }

    fn resume_check(_: &Context, _: &[u8], answers: &[Answer]) -> Result<Step<()>, Failure> {
        reply::Reply::read(contract::only(answers)?, "AbEntry")?;
        Ok(Step::Done(()))
    }
}

const DISCOVERING: &[u8] = b"discovering";

/// The smallest call that needs a token.
fn probe<T>(context: &Context) -> Result<Step<T>, Failure> {
    let body = serde_json::json!({
        "AbEntry": { "Scope": { "Fields": { "Key": 1 } }, "Criteria": { "SearchQuery": {}, "Top": 1 } },
        "Compatibility": { "AbEntryKey": "2.0" },
    });
    let request = address::service(context, "Read")?.json(&body).reading();
    Ok(Step::Send(Exchange::one(request, Vec::new())))
}
