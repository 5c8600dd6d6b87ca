//! `periodic adapter vendor`: the contract and the SDK for a crate outside of the repository.

use std::path::Path;

use anyhow::Context as _;

/// The files, as they were when this binary was built.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/vendored.rs"));

pub(super) fn run(dir: &Path) -> anyhow::Result<()> {
    vendor(dir)?;
    println!("{} files written to {}", FILES.len(), dir.display());
    println!("in the adapter's Cargo.toml:");
    println!("  [dependencies]");
    println!("  periodic-sdk = {{ path = \"periodic-sdk\" }}");
    println!(
        "  wit-bindgen = {{ version = \"0.61.1\", default-features = false, features = [\"macros\", \"realloc\"] }}"
    );
    Ok(())
}

/// Write them all.
pub(super) fn vendor(dir: &Path) -> anyhow::Result<()> {
    FILES
        .iter()
        .try_for_each(|(name, text)| write(&dir.join(name), text))
}

/// Write a file, in a folder that is made if need be.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
