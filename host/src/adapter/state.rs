//! What lives as long as one call: the guest's limits, its log, and a world in which nothing can be reached.

use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView, random::Deterministic,
};

use super::{
    bindings::periodic::element::log,
    limits::{Limits, Meter},
    words::Words,
};

/// The data of a call's store.
pub(super) struct State {
    /// The element's key, for the log.
    adapter: String,
    /// Memory and tables.
    pub(super) meter: Meter,
    /// Bytes of log that are left; none when the limit was reached.
    log_left: Option<usize>,
    /// What is said then.
    log_limit: String,
    wasi: WasiCtx,
    table: ResourceTable,
    stderr: Words,
}

/// A clock that stands still: time comes with the call.
struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

impl State {
    pub(super) fn new(adapter: &str, limits: &Limits) -> Self {
        let stderr = Words::new(limits.log);
        // Everything that is not set here is refused or empty: no files, no arguments, no environment.
        let wasi = WasiCtx::builder()
            .stderr(stderr.clone())
            .wall_clock(Still)
            .monotonic_clock(Still)
            .secure_random(Deterministic::new(vec![0]))
            .insecure_random(Deterministic::new(vec![0]))
            .insecure_random_seed(0)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(1000);
        Self {
            adapter: adapter.to_owned(),
            meter: Meter::new(limits),
            log_left: Some(limits.log),
            log_limit: format!("log<={} (setting {})", limits.log, limits.setting("log")),
            wasi,
            table,
            stderr,
        }
    }

    /// The last lines that the guest wrote to standard error: where a panic says what it is.
    pub(super) fn last_words(&self) -> String {
        self.stderr.last()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Bytes of one line of log.
const LINE: usize = 4 << 10;

/// A guest's message as one line that cannot pass for anything else.
fn line(message: &str) -> String {
    let mut line = String::new();
    for character in message.chars() {
        if line.len() >= LINE {
            line.push('…');
            break;
        }
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) {
        let Some(left) = self.log_left else {
            return;
        };
        let adapter = self.adapter.as_str();
        let message = line(&message);
        self.log_left = left.checked_sub(message.len());
        if self.log_left.is_none() {
            let refusal = &self.log_limit;
            tracing::warn!(adapter, "the rest of what this call logs is dropped: {refusal}");
            return;
        }
        match level {
            log::Level::Debug => tracing::debug!(adapter, "{message}"),
            log::Level::Info => tracing::info!(adapter, "{message}"),
            log::Level::Warn => tracing::warn!(adapter, "{message}"),
            log::Level::Error => tracing::error!(adapter, "{message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE, line};

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        assert_eq!(
            line("hällo\n2026 ERROR\u{1b}[31m"),
            "hällo\\n2026 ERROR\\u{1b}[31m"
        );
        assert!(line(&"ä".repeat(LINE)).len() <= LINE + 4);
    }
}
