//! What all adapters of a process share.

use std::{sync::Arc, thread::available_parallelism};

use super::{
    Cache, CallError, Compiler, LimitTable, Tap, Trust,
    engine::{self, Runtime},
    lanes::Lanes,
    room::Rooms,
    threads::Threads,
};
use crate::clock::Clock;

/// What all adapters of a process share.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) engine: Runtime,
    pub(super) limits: LimitTable,
    pub(super) trust: Trust,
    pub(super) threads: Threads,
    pub(super) rooms: Rooms,
    pub(super) compiler: Compiler,
    pub(super) lanes: Lanes,
    pub(super) clock: Clock,
    pub(super) tap: Option<Arc<Tap>>,
    pub(super) cache: Option<Arc<Cache>>,
}

impl Host {
    pub(super) fn new(
        limits: LimitTable,
        trust: Trust,
        compiler: Compiler,
        tap: Option<Arc<Tap>>,
        clock: Clock,
    ) -> Result<Self, CallError> {
        let failed = |what, why| CallError::Trap {
            adapter: "(none)".to_owned(),
            function: what,
            trap: why,
        };
        let engine = Runtime::new(&limits.ceiling())
            .map_err(|error| failed("start of the WebAssembly engine", format!("{error:#}")))?;
        // Guests compute; one processor is left for everybody else where there is more than one.
        let cores = available_parallelism().map_or(1, usize::from);
        let threads = Threads::new(cores.saturating_sub(1).max(1))
            .map_err(|error| failed("start of the threads of guests", error.to_string()))?;
        Ok(Self {
            engine,
            limits,
            trust,
            threads,
            rooms: Rooms::new(engine::SLOTS as usize),
            compiler,
            lanes: Lanes::new(cores),
            clock,
            tap,
            cache: None,
        })
    }
}
