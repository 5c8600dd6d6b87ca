//! Periodic: a self-hosted integration host, wire-compatible with the Cloud Elements API.
//!
//! ARCHITECTURE.md gives the bird's-eye view; each module says what it is for.

// Unsafe code is denied by the workspace's lints; one module holds the one call (`adapter::precompiled`).

pub mod adapter;
pub mod api;
pub mod body;
pub mod bootstrap;
pub mod bulk;
pub mod case;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod egress;
pub mod host;
pub mod ids;
pub mod inbound;
pub mod instance;
pub mod poll;
pub mod session;
pub mod store;
pub mod tape;
pub mod telemetry;
pub mod tenant;
pub mod transform;
pub mod vault;
