//! Attacks that any function can make.

#![expect(
    clippy::disallowed_methods,
    reason = "sleeping and asking the clock are attacks here"
)]

use std::hint::black_box;

use crate::guest::log::{self, Level};

/// Make an attack, if it is one of these.
pub(crate) fn make(attack: &str) {
    match attack {
        "spin" => spin(),
        "grow" => grow(),
        "recurse" => drop(black_box(recurse(0))),
        "recurse with large frames" => drop(black_box(recurse_in_memory(0))),
        "panic" => fall(),
        "exit" => std::process::exit(0),
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "flood the log" => flood_log(),
        "flood standard error" => flood_stderr(),
        "flood standard error and panic" => {
            flood_stderr();
            fall();
        }
        "one long line" => log::write(Level::Error, &"x".repeat(1 << 20)),
        "forge the log" => log::write(
            Level::Info,
            "harmless\n2026-01-01T00:00:00Z ERROR periodic: forged line\u{1b}[31m",
        ),
        "read files" => read_files(),
        _ => {}
    }
}

fn spin() {
    let mut number = 0_u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

/// More memory than there is, a piece at a time. A refusal is answered by giving up.
fn grow() {
    let mut pieces = Vec::new();
    loop {
        pieces.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Its frames are on the machine's stack.
fn recurse(depth: u64) -> u64 {
    if black_box(depth) == u64::MAX {
        return 0;
    }
    recurse(depth + 1).rotate_left(1) ^ depth
}

/// Its frames are in the guest's memory, as those of arrays are.
fn recurse_in_memory(depth: u64) -> u64 {
    let room = black_box([depth; 1024]);
    if black_box(depth) == u64::MAX {
        return 0;
    }
    recurse_in_memory(depth + 1) + room.iter().sum::<u64>()
}

#[expect(clippy::panic, reason = "that is the attack")]
fn fall() {
    panic!("the guest's own last words")
}

fn flood_log() {
    for number in 0..100_000 {
        log::write(Level::Error, &format!("flood {number} {}", "x".repeat(200)));
    }
}

/// Ten times what is kept, and little enough for the processor's deadline.
fn flood_stderr() {
    for number in 0..3_000 {
        eprintln!("flood {number} {}", "x".repeat(200));
    }
}

/// What it finds goes to the log, where the test would see it.
fn read_files() {
    for path in ["/etc/passwd", "periodic.toml", ".", "/"] {
        let found = std::fs::read(path).map(|bytes| bytes.len());
        log::write(Level::Info, &format!("reading {path}: {found:?}"));
    }
    let found: Vec<_> = std::env::vars().collect();
    log::write(Level::Info, &format!("environment: {found:?}"));
    let found = std::net::TcpStream::connect("127.0.0.1:80").is_ok();
    log::write(Level::Info, &format!("connected: {found}"));
    let (one, two) = (std::time::SystemTime::now(), std::time::SystemTime::now());
    log::write(
        Level::Info,
        &format!(
            "clock: {:?} {:?}",
            one.duration_since(std::time::UNIX_EPOCH),
            two == one
        ),
    );
}
