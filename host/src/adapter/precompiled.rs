//! The one unsafe call of the host: loading machine code.

#![expect(
    unsafe_code,
    reason = "loading compiled code trusts it; see the safety comment"
)]

use wasmtime::{Engine, component::Component};

/// Load what [`Engine::precompile_component`] made. The caller knows that every byte of it is this host's own work.
pub(super) fn load(engine: &Engine, own: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what `Engine::precompile_component` returned to this host, and nobody else could touch them:
    // - `super::cache` hands over what carries an authentication code under a key that only this host has;
    // - `super::load` and `super::compile::process` hand over what was compiled a moment ago, in this process or in one
    //   that this host started of its own program and that answered over a pipe of theirs alone. That process reads a
    //   file which nobody trusts; that the compiler makes sound code of any file is believed of it as it would be here.
    // wasmtime itself refuses code of another version or of other settings.
    unsafe { Component::deserialize(engine, own) }
}
