//! The adapter runtime: the only part of the host that knows WebAssembly.

mod bindings;

/// The contract's types as the host sees them, one module for each interface of `wit/v1`.
pub mod contract {
    pub use super::bindings::exports::periodic::element::{
        element, hub, oauth1, oauth2, poller, types, webhook,
    };
}
