//! What makes a Periodic adapter short: the contract as plain Rust, the languages of poller configurations, and the
//! export shim. The contract itself is `wit/v1`; nothing here is needed to speak it.

#![forbid(unsafe_code)]

pub mod ceql;
pub mod child;
pub mod contract;
pub mod description;
mod export;
pub mod java_date;
pub mod oauth1;
pub mod oauth2;
pub mod path;
pub mod percent;
pub mod place;
pub mod poller;
pub mod raw;
pub mod template;

/// The text of a description, for the export shim.
#[doc(hidden)]
pub fn description_json(description: &description::Description) -> Result<String, String> {
    serde_json::to_string(description).map_err(|error| format!("the description is no JSON: {error}"))
}
