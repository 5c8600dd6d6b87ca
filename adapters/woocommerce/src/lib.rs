//! The WooCommerce REST element (`wc/v3`).
//!
//! A pure library: every function answers from what it is handed. `guest` is the shim that exports it; it is not there
//! in tests, which therefore need no host.

#![deny(unsafe_code)]

mod describe;
#[cfg(all(target_family = "wasm", not(test)))]
mod guest;
mod hub;
mod plan;
mod reply;
mod resource;
mod store;
mod walk;
mod webhook;

#[cfg(test)]
mod tests;

use periodic_sdk::{
    contract::{Answer, Context, Element, Exchange, Failure, Setting, Step},
    description::Description,
};

/// The element.
#[derive(Debug, Clone, Copy)]
pub struct WooCommerce;

impl Element for WooCommerce {
    fn describe(_package: Option<&[u8]>) -> Result<Description, String> {
        Ok(describe::description())
    }

    /// Read one product: a wrong address or wrong keys are told when the instance is made.
    fn connect(context: &Context) -> Result<Step<Vec<Setting>>, Failure> {
        probe(context)
    }

    fn resume_connect(_: &Context, _: &[u8], answers: &[Answer]) -> Result<Step<Vec<Setting>>, Failure> {
        reply::list(answers).map(|_product| Step::Done(Vec::new()))
    }

    fn check(context: &Context) -> Result<Step<()>, Failure> {
        probe(context)
    }

    fn resume_check(_: &Context, _: &[u8], answers: &[Answer]) -> Result<Step<()>, Failure> {
        reply::list(answers).map(|_product| Step::Done(()))
    }
}

fn probe<T>(context: &Context) -> Result<Step<T>, Failure> {
    let request = store::get(
        context,
        "products",
        &[("per_page", "1".into()), ("_fields", "id".into())],
    )?;
    Ok(Step::Send(Exchange::one(request, Vec::new())))
}
