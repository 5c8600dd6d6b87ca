//! A record of every byte that crosses the boundary: for the proof that no secret does.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

/// Writes what goes into guests and what comes out of them to a file: in each entry text and bytes stand
/// contiguous and unescaped (the format is postcard's), so that a search for a value finds it.
#[derive(Debug)]
pub struct Tap(Mutex<File>);

impl Tap {
    /// Record to this file, which is emptied.
    pub fn create(path: &Path) -> io::Result<Self> {
        File::create(path).map(Mutex::new).map(Self)
    }

    pub(super) fn lowered(&self, function: &str, arguments: &impl Serialize) {
        self.write("in", function, arguments);
    }

    pub(super) fn returned(&self, function: &str, value: &impl Serialize) {
        self.write("out", function, value);
    }

    fn write(&self, direction: &str, function: &str, value: &impl Serialize) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let written = postcard::to_stdvec(value)
            .map_err(io::Error::other)
            .and_then(|bytes| {
                writeln!(file, "{direction} {function} {}", bytes.len())?;
                file.write_all(&bytes)?;
                writeln!(file)
            });
        if let Err(error) = written {
            tracing::error!(function, %error, "the guest tap could not be written");
        }
    }
}
