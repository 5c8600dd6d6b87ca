//! What a guest writes to standard error: where a panic says what it is. The end of it is kept, because last words come
//! last; what is too much does not stop the guest.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncWrite, sink};
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError},
};

/// So many bytes are taken at once.
const WRITE: usize = 64 << 10;
/// So many lines are quoted.
const LINES: usize = 5;
/// How the line begins in which a panic of Rust tells its reader to set a variable that no guest has.
const ADVICE: &str = "note: run with `RUST_BACKTRACE=1`";

/// The end of what was written.
#[derive(Debug, Clone)]
pub(super) struct Words {
    kept: Arc<Mutex<VecDeque<u8>>>,
    limit: usize,
}

impl Words {
    /// Keep so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        let kept = Arc::default();
        Self { kept, limit }
    }

    fn keep(&self, written: &[u8]) {
        let written = &written[written.len().saturating_sub(self.limit)..];
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = (kept.len() + written.len()).saturating_sub(self.limit);
        kept.drain(..surplus);
        kept.extend(written);
    }

    /// The last lines.
    pub(super) fn last(&self) -> String {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(kept.make_contiguous());
        let tells = |line: &&str| !line.trim().is_empty() && !line.starts_with(ADVICE);
        let lines: Vec<&str> = text.lines().filter(tells).collect();
        lines[lines.len().saturating_sub(LINES)..].join("; ")
    }
}

impl OutputStream for Words {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(WRITE)
    }
}

#[async_trait]
impl Pollable for Words {
    async fn ready(&mut self) {}
}

impl IsTerminal for Words {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Words {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// For WASI 0.3, which the host does not have.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(sink())
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn the_end_is_kept() {
        let words = Words::new(10);
        words.keep(b"first\n");
        assert_eq!(words.last(), "first");
        words.keep(b"second\n");
        assert_eq!(words.last(), "st; second", "10 bytes");
        words.keep("x".repeat(100).as_bytes());
        assert_eq!(words.last(), "x".repeat(10));
        let many = Words::new(1000);
        many.keep(b"1\n2\n\n3\n4\n5\n6");
        assert_eq!(many.last(), "2; 3; 4; 5; 6");
        let panic = Words::new(1000);
        panic.keep(b"thread 'main' panicked at src/lib.rs:7:5:\nno\n");
        panic.keep(b"note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n");
        assert_eq!(panic.last(), "thread 'main' panicked at src/lib.rs:7:5:; no");
        let none = Words::new(0);
        none.keep(b"anything");
        assert_eq!(none.last(), "");
    }
}
