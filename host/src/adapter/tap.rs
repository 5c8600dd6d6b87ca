//! Who watches the boundary: a record of every byte that crosses it, for the proof that no secret does, and a witness
//! of calls that came to nothing by the guest's fault.

use std::{
    fmt,
    fs::File,
    io::{self, Write as _},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

use super::{Adapter, CallError, Health};

/// Watches the boundary. The file, where there is one, holds what goes into guests and what comes out of them: in each
/// entry text and bytes stand contiguous and unescaped (the format is postcard's), so that a search for a value finds it.
#[derive(Debug, Default)]
pub struct Tap {
    file: Option<Mutex<File>>,
    witness: Option<Arc<dyn Witness>>,
}

/// Hears of calls that came to nothing by the guest's fault.
pub trait Witness: fmt::Debug + Send + Sync {
    /// A guest trapped, reached a limit, or answered what the contract does not allow.
    fn crashed(&self, crash: Crash);
}

/// A call that came to nothing by the guest's fault.
#[derive(Debug)]
pub struct Crash {
    /// The element's key.
    pub element: String,
    /// The name of its file.
    pub file: String,
    /// The file's digest.
    pub digest: String,
    /// What was called.
    pub function: &'static str,
    /// The arguments, a tuple in postcard's format.
    pub arguments: Vec<u8>,
    /// Where in its operation the call stands.
    pub course: Course,
    /// What happened: the trap, the guest's own words, its backtrace.
    pub error: String,
    /// The limits that the call had.
    pub limits: String,
    /// How the adapter fares now.
    pub health: Health,
}

/// A call that came back with what cannot be used.
#[derive(Debug)]
pub(crate) struct Suspect {
    /// What was called.
    pub(crate) function: &'static str,
    /// The arguments, a tuple in postcard's format.
    pub(crate) arguments: Vec<u8>,
    /// Where in its operation the call stands.
    pub(crate) course: Course,
}

/// Where in its operation a call stands, as far as limits look beyond one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Course {
    /// Exchanges before it: of the operation, or of a walk since its last page.
    pub exchanges: usize,
    /// Pages of a walk before it.
    pub pages: usize,
    /// So many bytes of answers came for what it asks for, where they were too many to be handed over.
    pub answered: Option<usize>,
}

impl Tap {
    /// Record to this file, which is emptied; tell this witness.
    pub fn new(file: Option<&Path>, witness: Option<Arc<dyn Witness>>) -> io::Result<Self> {
        let file = file.map(File::create).transpose()?.map(Mutex::new);
        Ok(Self { file, witness })
    }

    pub(super) fn lowered(&self, function: &str, arguments: &impl Serialize) {
        self.write("in", function, arguments);
    }

    pub(super) fn returned(&self, function: &str, value: &impl Serialize) {
        self.write("out", function, value);
    }

    pub(super) fn crashed(
        &self,
        adapter: &Adapter,
        function: &'static str,
        arguments: &impl Serialize,
        error: &CallError,
    ) {
        match postcard::to_stdvec(arguments) {
            Ok(arguments) => {
                let course = Course::default();
                let call = Suspect {
                    function,
                    arguments,
                    course,
                };
                self.told(adapter, call, error.to_string());
            }
            Err(error) => tracing::error!(function, %error, "a crash could not be told"),
        }
    }

    /// Tell the witness of a call, and what came of it.
    pub(super) fn told(&self, adapter: &Adapter, call: Suspect, error: String) {
        let Some(witness) = &self.witness else { return };
        let Suspect {
            function,
            arguments,
            course,
        } = call;
        witness.crashed(Crash {
            element: adapter.key().to_owned(),
            file: adapter.file().to_owned(),
            digest: adapter.digest().to_owned(),
            function,
            arguments,
            course,
            error,
            limits: format!(
                "cpu {:?}, wall {:?}, memory {} bytes",
                adapter.limits.cpu, adapter.limits.wall, adapter.limits.memory
            ),
            health: adapter.health(),
        });
    }

    fn write(&self, direction: &str, function: &str, value: &impl Serialize) {
        let Some(file) = &self.file else { return };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
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
