//! The first reading of a file: what nobody has looked at before is validated and compiled in a process of its own.
//!
//! A few thousand bytes can overflow the stack of whoever reads them, or compile for hours. In a process with limits that
//! ends the process, and the host learns why.

mod answer;
mod child;
mod order;
mod process;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use wasmparser::{Validator, WasmFeatures};
use wasmtime::Engine;

pub(crate) use self::{order::Order, process::serve};
use super::{
    error::Rejection,
    limits::Limits,
    needs,
    surface::{Surface, broken},
};

/// The stack of a thread that reads a file, here and in the process of its own: what passed there passes here.
const STACK: usize = 2 << 20;

/// Where files are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In this process, which bears whatever a file does to it: for programs that cannot compile for a host.
    Here,
    /// In processes of this program, which knows `compile-adapter`.
    Child(PathBuf),
}

/// Why a process that was to compile a file did not.
#[derive(Debug, thiserror::Error)]
pub enum Uncompiled {
    /// There is no process.
    #[error("no process can be started that compiles it: {0}")]
    Unstarted(#[source] io::Error),
    /// It took too much time on the processor.
    #[error("compiling it takes more than {limit:?} of processor time (setting {setting})")]
    Time {
        /// The limit.
        limit: Duration,
        /// Its setting.
        setting: String,
    },
    /// It took too long altogether.
    #[error(
        "it was not compiled within {limit:?}, ten times what setting {setting} allows of processor time"
    )]
    Wall {
        /// The limit.
        limit: Duration,
        /// The setting that it is made of.
        setting: String,
    },
    /// It took too much memory.
    #[error("compiling it takes more than {limit} bytes of memory (setting {setting})")]
    Memory {
        /// The limit.
        limit: u64,
        /// Its setting.
        setting: String,
    },
    /// What it became is too large.
    #[error(
        "its compiled code has more than {limit} bytes, a quarter of what setting {setting} allows of memory"
    )]
    Code {
        /// The limit.
        limit: u64,
        /// The setting that it is made of.
        setting: String,
    },
    /// It overflowed the stack.
    #[error(
        "it is nested too deep: reading or compiling it takes more than the {STACK} bytes of stack that there are, \
         whatever is set"
    )]
    Stack,
    /// It ended for another reason.
    #[error("the process that compiled it broke off ({status}){told}")]
    Broken {
        /// How it ended.
        status: String,
        /// What it said last.
        told: String,
    },
}

impl Compiler {
    /// In processes of this very program.
    pub fn of_this_program() -> io::Result<Self> {
        // The link leads to what runs, also where another version was put in its place meanwhile.
        let running = Path::new("/proc/self/exe");
        if running.exists() {
            return Ok(Self::Child(running.to_owned()));
        }
        std::env::current_exe().map(Self::Child)
    }

    /// Check a file that nobody has looked at, and compile it. Dropped, it stops at once where a process does it.
    pub(super) async fn compile(&self, limits: &Limits, bytes: &Arc<[u8]>) -> Result<Vec<u8>, Rejection> {
        match self {
            Self::Child(program) => child::compile(program, limits, bytes).await,
            Self::Here => {
                let (limits, bytes) = (limits.clone(), Arc::clone(bytes));
                let compiled = tokio::task::spawn_blocking(move || {
                    let engine = super::engine::compiling().map_err(failed)?;
                    compile(&engine, &limits, &bytes)
                });
                let compiled = compiled.await;
                compiled.unwrap_or_else(|panicked| Err(Rejection::Load(panicked.to_string())))
            }
        }
    }
}

/// Check and compile. It takes the processor for a while.
fn compile(engine: &Engine, limits: &Limits, bytes: &[u8]) -> Result<Vec<u8>, Rejection> {
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(bytes)
        .map_err(broken)?;
    Surface::read(bytes)?.check()?;
    needs::check(bytes, limits)?;
    engine.precompile_component(bytes).map_err(failed)
}

fn failed(error: wasmtime::Error) -> Rejection {
    Rejection::Load(format!("{error:#}"))
}
