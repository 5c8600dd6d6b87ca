//! `periodic adapter vendor`: the contract and the SDK for a crate outside of the repository.

use std::path::Path;

use anyhow::Context as _;

/// The files, as they were when this binary was built.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/vendored.rs"));

pub(super) fn run(dir: &Path) -> anyhow::Result<()> {
    for (name, text) in FILES {
        let path = dir.join(name);
        let folder = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    println!("{} files written to {}", FILES.len(), dir.display());
    println!("in the adapter's Cargo.toml:");
    println!("  [dependencies]");
    println!("  periodic-sdk = {{ path = \"periodic-sdk\" }}");
    println!(
        "  wit-bindgen = {{ version = \"0.61.1\", default-features = false, features = [\"macros\", \"realloc\"] }}"
    );
    Ok(())
}
