//! Black-box tests of the real binary: what they share.
//!
//! A [`Stage`] is a fake provider, a callback receiver and a running host, each of its own, so that tests run side by
//! side. Nothing here sleeps to pass: [`eventually`] waits for a condition, and fails when it does not come true.

#![forbid(unsafe_code)]

mod api;
mod belfry;
mod cargo;
mod chancery;
mod contract;
mod crashes;
mod folder;
mod gate;
mod host;
mod needle;
mod odd;
mod provider;
mod receiver;
mod shapes;
mod siege;
mod stage;
mod wait;

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

pub use api::{Answer, Api, client};
pub use belfry::{BELL_KEY, Belfry, Hook, Tower, door, signed, signed_over};
pub use cargo::{cargo_variables, generated};
pub use chancery::{CONSUMER_KEY, CONSUMER_SECRET, Chancery, Office};
pub use folder::{Folder, becomes, listed, vanishes};
pub use gate::Gate;
pub use host::{Home, Host, ORGANIZATION_SECRET, Output, USER_SECRET, adapters, binary, test_adapters};
pub use needle::{Needle, search_folder};
pub use odd::{Module, Odd};
pub use provider::{CALLBACK, CLIENT_ID, CLIENT_SECRET, Provider};
pub use receiver::{Event, Received, Receiver, Reply};
pub use shapes::{ELEMENT_MEMBERS, INSTANCE_MEMBERS};
pub use siege::{Asked, EVIL_KEY, Echo, Siege};
pub use stage::{Instance, SIGNING_KEY, Stage};
pub use wait::{PATIENCE, eventually};

/// A file of `tests/fixtures` as JSON.
///
/// # Errors
/// The file is missing or no JSON.
pub fn fixture(name: &str) -> anyhow::Result<Value> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// The members of a JSON object in their order.
#[must_use]
pub fn keys(value: &Value) -> Vec<&str> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, _)| key.as_str()).collect()
}
