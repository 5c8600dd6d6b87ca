//! Cargo in projects that tests make.

use std::{ffi::OsString, path::PathBuf};

use anyhow::Context as _;

use crate::adapters;

/// Where it compiles to: beside the workspace's own, so that what many projects need is compiled once.
///
/// # Errors
/// Nothing was built.
pub fn generated() -> anyhow::Result<PathBuf> {
    Ok(adapters()?.parent().context("a parent")?.join("generated"))
}

/// Its variables: what is built there need not be small.
///
/// # Errors
/// Nothing was built.
pub fn cargo_variables() -> anyhow::Result<[(&'static str, OsString); 3]> {
    Ok([
        ("CARGO_TARGET_DIR", generated()?.into()),
        ("CARGO_PROFILE_RELEASE_LTO", "off".into()),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1".into()),
    ])
}
