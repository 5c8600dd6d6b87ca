//! A generic element for REST APIs. A description file (`acme.element.toml`) says what the provider is like, so that a
//! simple one needs no code, and one component serves many.
//!
//! A pure library: every function answers from what it is handed, the description file first. `guest` is the shim that
//! exports it.

#![deny(unsafe_code)]

mod address;
mod describe;
mod filter;
#[cfg(all(target_family = "wasm", not(test)))]
mod guest;
mod hub;
mod oauth;
mod package;
mod paging;
mod reading;
mod walk;

#[cfg(test)]
mod tests;

use periodic_sdk::{
    contract::{Answer, Context, Element, Exchange, Failure, Setting, Step, succeeded},
    description::Description,
};

use crate::package::Package;

/// The element.
#[derive(Debug, Clone, Copy)]
pub struct Rest;

impl Element for Rest {
    fn describe(package: Option<&[u8]>) -> Result<Description, String> {
        Ok(describe::description(&Package::read(package)?))
    }

    /// Ask the provider something small: a wrong address or a wrong key is told when the instance is made.
    fn connect(context: &Context) -> Result<Step<Vec<Setting>>, Failure> {
        probe(context, Vec::new())
    }

    fn resume_connect(_: &Context, _: &[u8], answers: &[Answer]) -> Result<Step<Vec<Setting>>, Failure> {
        succeeded(answers).map(|_alive| Step::Done(Vec::new()))
    }

    fn check(context: &Context) -> Result<Step<()>, Failure> {
        probe(context, ())
    }
}

/// The description's own probe, or the first page of the first resource that can be listed.
fn probe<T>(context: &Context, nothing: T) -> Result<Step<T>, Failure> {
    let package = Package::of(context)?;
    let request = match (&package.api.probe, package.listable()) {
        (Some(path), _) => address::read(context, &package, path, &[])?,
        (None, Some(resource)) => {
            let paging = package.paging(resource);
            let first = paging.parameters(&paging::Place::Start, 1);
            address::read(context, &package, &resource.path, &first)?
        }
        (None, None) => return Ok(Step::Done(nothing)),
    };
    Ok(Step::Send(Exchange::one(request, Vec::new())))
}
