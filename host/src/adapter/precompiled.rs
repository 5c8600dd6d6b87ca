//! The one unsafe call of the host: loading machine code.

#![expect(
    unsafe_code,
    reason = "loading compiled code trusts it; see the safety comment"
)]

use wasmtime::{Engine, component::Component};

/// Load what [`Component::serialize`] made. The caller has authenticated every byte of it as this host's own.
pub(super) fn load(engine: &Engine, authenticated: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes carry an authentication code under a key that only this host has (see `super::cache`, the only
    // caller), so they are what `Component::serialize` returned here before; wasmtime itself refuses code of another
    // version or of other settings.
    unsafe { Component::deserialize(engine, authenticated) }
}
