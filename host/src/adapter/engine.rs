//! The one WebAssembly engine of the process.

use std::{num::NonZeroUsize, time::Duration};

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{HasSelf, Linker},
};

use super::{bindings::periodic::element::log, limits::Limits, state::State};

/// The length of an epoch. A deadline is met to within two of them, and whoever waits for a guest waits as long: short
/// enough for a neighbour's poll, long enough that handing on costs nothing beside it.
pub(super) const TICK: Duration = Duration::from_millis(2);

/// Guests that are alive at the same time. They only live while they compute, so that a few for each core do.
pub(super) const SLOTS: u32 = 64;
/// Core instances and tables of one component: the adapter's own and what its toolchain adds.
const PARTS: u32 = 16;
/// Memories of one component.
const MEMORIES: u32 = 4;

/// Bytes of stack for the host's functions on top of the guest's.
const HOST_STACK: usize = 3 << 19;

/// Engine and linker.
#[derive(Clone)]
pub(super) struct Runtime {
    pub(super) engine: Engine,
    pub(super) linker: Linker<State>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runtime")
    }
}

impl Runtime {
    pub(super) fn new(limits: &Limits) -> wasmtime::Result<Self> {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(SLOTS)
            .total_core_instances(SLOTS * PARTS)
            .total_memories(SLOTS * MEMORIES)
            .total_tables(SLOTS * PARTS)
            .total_stacks(SLOTS)
            .max_core_instances_per_component(PARTS)
            .max_memories_per_component(MEMORIES)
            .max_tables_per_component(PARTS)
            .max_memory_size(limits.memory)
            .table_elements(limits.table_elements)
            // What a small call touches stays mapped between calls and is reset by hand, which is cheaper than giving
            // pages back; the kernel tells which were touched, where it can (Linux 6.7).
            .linear_memory_keep_resident(256 << 10)
            .table_keep_resident(64 << 10)
            .pagemap_scan(Enabled::Auto);
        let mut config = code();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .max_wasm_stack(limits.stack)
            // The host's part of the stack is what the engine's defaults leave it.
            .async_stack_size(limits.stack.saturating_add(HOST_STACK))
            .wasm_backtrace_max_frames(NonZeroUsize::new(40));
        let engine = Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        tick(&engine);
        Ok(Self { engine, linker })
    }
}

/// All that code depends on: what one engine compiles with this, every other one loads.
fn code() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // No async-typed functions in the contract, and calls are several times cheaper without them.
        .concurrency_support(false)
        // A file compiles on a thread of its own. On those of a common pool, a small one would wait for all functions of
        // a large one.
        .parallel_compilation(false);
    config
}

/// An engine that compiles for the other one and reserves nothing.
pub(super) fn compiling() -> wasmtime::Result<Engine> {
    Engine::new(&code())
}

/// Advance the epoch for as long as the engine lives. A plain thread, because a guest that holds every worker of an
/// executor would hold its own clock.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            pause();
        }
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "a thread of its own that does nothing but sleep and count"
)]
fn pause() {
    std::thread::sleep(TICK);
}
