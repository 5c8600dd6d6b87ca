//! The runner of test programs that were built for WASI, so that `cargo component test` needs no other one.

use std::path::Path;

use anyhow::{Context as _, bail};
use wasmtime::{
    Config, Engine, Linker, Module, Store,
    component::{self, Component, ResourceTable},
};
use wasmtime_wasi::{
    I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
    p1::{self, WasiP1Ctx},
    p2::bindings::Command,
};

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Run a core module or a component with these arguments; an exit status other than 0 is an error.
pub(crate) async fn run(program: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let bytes = std::fs::read(program).with_context(|| format!("{} cannot be read", program.display()))?;
    let engine = Engine::new(&Config::new())?;
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stdio()
        .arg(program.display().to_string())
        .args(arguments);
    let status = if wasmparser::Parser::is_component(&bytes) {
        run_component(&engine, &bytes, wasi.build()).await?
    } else {
        run_module(&engine, &bytes, wasi.build_p1()).await?
    };
    if status != 0 {
        bail!("{} ended with status {status}", program.display());
    }
    Ok(())
}

async fn run_component(engine: &Engine, bytes: &[u8], wasi: WasiCtx) -> anyhow::Result<i32> {
    let component = Component::from_binary(engine, bytes)?;
    let mut linker = component::Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let mut store = Store::new(
        engine,
        State {
            wasi,
            table: ResourceTable::new(),
        },
    );
    let command = Command::instantiate_async(&mut store, &component, &linker).await?;
    match command.wasi_cli_run().call_run(&mut store).await {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(1),
        Err(error) => exit_status(error),
    }
}

async fn run_module(engine: &Engine, bytes: &[u8], wasi: WasiP1Ctx) -> anyhow::Result<i32> {
    let module = Module::from_binary(engine, bytes)?;
    let mut linker: Linker<WasiP1Ctx> = Linker::new(engine);
    p1::add_to_linker_async(&mut linker, |wasi| wasi)?;
    let mut store = Store::new(engine, wasi);
    let instance = linker.instantiate_async(&mut store, &module).await?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    match start.call_async(&mut store, ()).await {
        Ok(()) => Ok(0),
        Err(error) => exit_status(error),
    }
}

/// A program that ends by `exit` traps with its status.
fn exit_status(error: wasmtime::Error) -> anyhow::Result<i32> {
    match error.downcast_ref::<I32Exit>() {
        Some(exit) => Ok(exit.0),
        None => Err(error.into()),
    }
}
