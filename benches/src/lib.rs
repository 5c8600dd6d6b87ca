//! What measurements share: samples and their percentiles, as rows of a table.

#![forbid(unsafe_code)]

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context as _;

/// How long something took, again and again.
#[derive(Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Measure once more.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.0.push(start.elapsed());
        done
    }

    /// The same of a future.
    pub async fn watch<T>(&mut self, work: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let done = work.await;
        self.0.push(start.elapsed());
        done
    }

    /// So many in a hundred took this long or less.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted.get(last * percent / 100).copied().unwrap_or_default()
    }

    /// Print a row: what, the 50th and the 99th percentile, and the ratio of the 50ths to another row's.
    pub fn row(&self, what: &str, against: Option<&Self>) {
        let (half, most) = (self.percentile(50), self.percentile(99));
        let ratio = against.map(|other| half.as_secs_f64() / other.percentile(50).as_secs_f64());
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        println!("| {what} | {half:.1?} | {most:.1?} | {ratio} |");
    }
}

/// Print the head of a table.
pub fn head(what: &str) {
    println!("\n| {what} | p50 | p99 | ratio |\n|---|---|---|---|");
}

/// A path that `cargo xtask bench` names in a variable.
///
/// # Errors
/// It does not.
pub fn path(variable: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os(variable);
    let path = path.with_context(|| format!("{variable} is not set: run `cargo xtask bench`"))?;
    Ok(PathBuf::from(path))
}
