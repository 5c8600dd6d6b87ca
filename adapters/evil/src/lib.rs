//! A hostile adapter: what a host has to survive.
//!
//! A description file chooses one attack and the exported function that makes it; everything else behaves. So each
//! attack is an element of its own, and one running host can be attacked in many ways at once:
//!
//! ```toml
//! adapter = "evil.wasm"
//! key = "spinner"
//! id = "7001"
//! at = "hub.begin"
//! attack = "spin"
//! ```
//!
//! It is built for tests only and stands on the bare contract, because a kit that keeps its author from mistakes would be
//! in the way.

#![deny(unsafe_code)]

#[cfg(target_family = "wasm")]
mod attack;
#[cfg(target_family = "wasm")]
mod description;
#[cfg(target_family = "wasm")]
mod guest;
#[cfg(target_family = "wasm")]
mod hub;
#[cfg(target_family = "wasm")]
mod plot;
#[cfg(target_family = "wasm")]
mod poller;
