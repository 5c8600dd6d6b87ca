//! Reports of calls that failed by the adapter's fault.

use std::path::{Path, PathBuf};

use crate::{Home, Output, eventually};

impl Home {
    /// The report of a call to this function, as soon as it is there.
    ///
    /// # Errors
    /// It does not come.
    pub async fn report(&self, function: &str) -> anyhow::Result<PathBuf> {
        let call = format!("call = \"{function}\"");
        eventually("the call is reported", async || {
            // The folder comes with the first report.
            let found = std::fs::read_dir(self.data().join("crashes"));
            let mut found = found.into_iter().flatten().flatten().map(|entry| entry.path());
            Ok(found.find(|path| {
                let is_case = path.extension().is_some_and(|ending| ending == "toml");
                is_case && std::fs::read_to_string(path).is_ok_and(|text| text.contains(&call))
            }))
        })
        .await
    }

    /// Run a report again, with a description file where the adapter has one.
    ///
    /// # Errors
    /// It cannot be run.
    pub async fn replay(&self, report: &Path, wasm: &Path, package: Option<&str>) -> anyhow::Result<Output> {
        let (wasm, report) = (wasm.to_string_lossy(), report.to_string_lossy());
        let mut words = vec!["adapter", "test", &wasm, "--cases", &report];
        words.extend(package.into_iter().flat_map(|package| ["--package", package]));
        self.run_bare(&words).await
    }
}
