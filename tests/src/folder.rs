//! An adapters folder of a test's own, and what the host says of its files.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Api, adapters, eventually, test_adapters};

/// An adapters folder of a test's own.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// An empty folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(TempDir::new()?))
    }

    /// The folder's path, for the flag `--adapters`.
    #[must_use]
    pub fn path(&self) -> String {
        self.0.path().to_string_lossy().into_owned()
    }

    /// Where a file of this name is or would be.
    #[must_use]
    pub fn at(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Put in a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&self, file: &str, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
        Ok(std::fs::write(self.at(file), content)?)
    }

    /// Put in an adapter that was built for users.
    ///
    /// # Errors
    /// It was not built.
    pub fn put_adapter(&self, file: &str) -> anyhow::Result<Vec<u8>> {
        self.copy(&adapters()?, file)
    }

    /// Put in an adapter that was built for tests only.
    ///
    /// # Errors
    /// It was not built.
    pub fn put_test_adapter(&self, file: &str) -> anyhow::Result<Vec<u8>> {
        self.copy(&test_adapters()?, file)
    }

    fn copy(&self, from: &Path, file: &str) -> anyhow::Result<Vec<u8>> {
        let content = std::fs::read(from.join(file)).with_context(|| format!("{file} was not built"))?;
        self.put(file, &content)?;
        Ok(content)
    }

    /// Remove a file.
    ///
    /// # Errors
    /// It is not there.
    pub fn remove(&self, file: &str) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.at(file))?)
    }
}

/// The entry of `GET /adapters` that concerns this file and has this state.
///
/// # Errors
/// The host does not answer.
pub async fn listed(api: &Api, file: &str, state: &str) -> anyhow::Result<Option<Value>> {
    let listed = api.get("/adapters").await?.ok()?;
    let mut listed = listed.as_array().cloned().unwrap_or_default().into_iter();
    Ok(listed.find(|entry| concerns(entry, file) && entry["state"] == state))
}

/// Wait until a file has this state.
///
/// # Errors
/// It does not come to that.
pub async fn becomes(api: &Api, file: &str, state: &str) -> anyhow::Result<Value> {
    eventually(&format!("{file} is {state}"), async || {
        listed(api, file, state).await
    })
    .await
}

/// Wait until nobody knows the file any more.
///
/// # Errors
/// It does not come to that.
pub async fn vanishes(api: &Api, file: &str) -> anyhow::Result<()> {
    eventually(&format!("{file} is gone"), async || {
        let listed = api.get("/adapters").await?.ok()?;
        let mut listed = listed.as_array().into_iter().flatten();
        Ok((!listed.any(|entry| concerns(entry, file))).then_some(()))
    })
    .await
}

/// Whether an entry is about a description file, or about a component without one.
fn concerns(entry: &Value, file: &str) -> bool {
    match &entry["package"] {
        Value::Null => entry["file"] == file,
        package => package == file,
    }
}
