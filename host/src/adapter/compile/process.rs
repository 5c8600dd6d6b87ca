//! The process that compiles one file, as seen from within: `periodic compile-adapter`.

use std::{
    io::{self, Read as _},
    thread,
};

use super::{Order, STACK, answer::Answer, compile, failed};
use crate::adapter::{Limits, Rejection, engine, precompiled};

/// The stack of the thread that does nothing but wait.
const SMALL: usize = 64 << 10;

/// Compile what comes on standard input; the answer goes to standard output.
pub(crate) fn serve(order: &Order) -> io::Result<()> {
    order.submit()?;
    let mut bytes = vec![0; order.size];
    io::stdin().read_exact(&mut bytes)?;
    thread::Builder::new()
        .stack_size(SMALL)
        .spawn(end_with_the_host)?;
    let limits = Limits::holding(order.memory, order.table_elements);
    let compiling = thread::Builder::new().stack_size(STACK);
    let compiled = compiling.spawn(move || compile_and_try(&limits, &bytes))?;
    let compiled = compiled.join().map_err(|_told| io::Error::other("it panicked"))?;
    Answer::of(compiled).write(io::stdout().lock())
}

/// The host holds its end of standard input open for as long as it wants an answer, and loses it however it ends.
fn end_with_the_host() {
    let mut nothing = [0];
    while matches!(io::stdin().read(&mut nothing), Ok(1..)) {}
    std::process::exit(1);
}

/// What can be loaded here can be loaded there: the host has the same stack for it.
fn compile_and_try(limits: &Limits, bytes: &[u8]) -> Result<Vec<u8>, Rejection> {
    let engine = engine::compiling().map_err(failed)?;
    let code = compile(&engine, limits, bytes)?;
    precompiled::load(&engine, &code).map_err(failed)?;
    Ok(code)
}
