//! The process that compiles one file, as seen by the host.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, copy, sink},
    process::{Child, Command},
    time::timeout,
};

use super::{Order, Uncompiled, answer::Answer};
use crate::adapter::{Limits, Rejection};

/// It only computes, so that whatever else the machine does, a tenth of a processor is there for it.
const PATIENCE: u32 = 10;
/// Bytes that are kept of what it writes to standard error.
const TOLD: u64 = 4 << 10;
/// What the runtime says before it gives up.
const STACK_OVERFLOW: &str = "has overflowed its stack";
/// The numbers are what mappings and threads fail with.
const NO_MEMORY: [&str; 3] = ["memory allocation of", "(os error 11)", "(os error 12)"];

/// Let a process of this program compile a file. It ends when this is dropped.
pub(super) async fn compile(program: &Path, limits: &Limits, bytes: &[u8]) -> Result<Vec<u8>, Rejection> {
    let order = Order::of(limits, bytes);
    let deadline = Duration::from_secs(order.seconds).saturating_mul(PATIENCE);
    let spawned = command(program, &order).spawn();
    let mut child = spawned.map_err(Uncompiled::Unstarted)?;
    let ended = match timeout(deadline, converse(&mut child, limits, bytes)).await {
        Ok(ended) => ended?,
        Err(_elapsed) => {
            return Err(Rejection::Compile(Uncompiled::Wall {
                limit: deadline,
                setting: limits.setting("compile_time"),
            }));
        }
    };
    ended.judged(limits)?.taken(limits)
}

/// It inherits neither secrets nor files, and signals of a terminal are the host's to act upon.
fn command(program: &Path, order: &Order) -> Command {
    let mut command = Command::new(program);
    command
        .arg0("periodic")
        .arg("compile-adapter")
        .args(order.arguments())
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What a process has left.
struct Ended {
    answer: Vec<u8>,
    told: String,
    status: ExitStatus,
}

async fn converse(child: &mut Child, limits: &Limits, bytes: &[u8]) -> Result<Ended, Uncompiled> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let asked = async {
        let mut stdin = stdin;
        if let Some(stdin) = &mut stdin {
            // One that ends before it has read all says why in its own way.
            let _broken = stdin.write_all(bytes).await;
        }
        // Open until it has answered: it ends when its host does.
        Ok(stdin)
    };
    let answered = answer(stdout, limits);
    let told = async { Ok(told(stderr).await) };
    let (_stdin, answer, told) = tokio::try_join!(asked, answered, told)?;
    let status = child.wait().await.map_err(Uncompiled::Unstarted)?;
    Ok(Ended { answer, told, status })
}

async fn answer(stdout: Option<impl AsyncRead + Unpin>, limits: &Limits) -> Result<Vec<u8>, Uncompiled> {
    let limit = limits.compile_memory / 4;
    let mut answer = Vec::new();
    if let Some(stdout) = stdout {
        // What cannot be read is no answer.
        let _broken = stdout
            .take(limit.saturating_add(2))
            .read_to_end(&mut answer)
            .await;
    }
    // The first byte is not of the code.
    if answer.len() as u64 > limit.saturating_add(1) {
        let setting = limits.setting("compile_memory");
        return Err(Uncompiled::Code { limit, setting });
    }
    Ok(answer)
}

/// The beginning of what it says; it may say more, and is not to wait for a reader.
async fn told(stderr: Option<impl AsyncRead + Unpin>) -> String {
    let mut told = Vec::new();
    if let Some(mut stderr) = stderr {
        let _broken = (&mut stderr).take(TOLD).read_to_end(&mut told).await;
        let _broken = copy(&mut stderr, &mut sink()).await;
    }
    String::from_utf8_lossy(&told).into_owned()
}

impl Ended {
    /// Its answer, or why it has none.
    fn judged(self, limits: &Limits) -> Result<Answer, Uncompiled> {
        let Self { answer, told, status } = self;
        let answer = status.success().then(|| Answer::read(answer)).flatten();
        let lacks_memory = |told: &str| NO_MEMORY.iter().any(|words| told.contains(words));
        match answer {
            Some(Answer::Told(reason)) if lacks_memory(&reason) => Err(memory(limits)),
            Some(answer) => Ok(answer),
            None if status.signal() == Some(Signal::XCPU.as_raw()) => Err(Uncompiled::Time {
                limit: limits.compile_time,
                setting: limits.setting("compile_time"),
            }),
            None if told.contains(STACK_OVERFLOW) => Err(Uncompiled::Stack),
            None if lacks_memory(&told) => Err(memory(limits)),
            None => Err(Uncompiled::broken(status, &told)),
        }
    }
}

fn memory(limits: &Limits) -> Uncompiled {
    Uncompiled::Memory {
        limit: limits.compile_memory,
        setting: limits.setting("compile_memory"),
    }
}

impl Uncompiled {
    fn broken(status: ExitStatus, told: &str) -> Self {
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        let colon = if told.is_empty() { "" } else { ": " };
        Self::Broken {
            status: status.to_string(),
            told: format!("{colon}{told}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(raw_status: i32, answer: &[u8], told: &str) -> String {
        let ended = Ended {
            answer: answer.to_vec(),
            told: told.to_owned(),
            status: ExitStatus::from_raw(raw_status),
        };
        let limits = Limits::default();
        match ended.judged(&limits).map(|answer| answer.taken(&limits)) {
            Ok(Ok(code)) => format!("{} bytes", code.len()),
            Ok(Err(rejection)) => rejection.to_string(),
            Err(uncompiled) => uncompiled.to_string(),
        }
    }

    #[test]
    fn how_it_ended_says_why() {
        let overflow = "thread '<unnamed>' (7) has overflowed its stack\nfatal runtime error";
        for (status, answer, stderr, expected) in [
            (0, &b"Ccode"[..], "", "4 bytes"),
            (0, b"Tit is a core module", "", "it is a core module"),
            (
                0,
                b"Tmmap failed (os error 12)",
                "",
                "(setting adapters.compile_memory)",
            ),
            (
                6,
                b"",
                "memory allocation of 77 bytes failed",
                "(setting adapters.compile_memory)",
            ),
            (6, b"", overflow, "it is nested too deep"),
            (
                24,
                b"",
                "",
                "more than 60s of processor time (setting adapters.compile_time)",
            ),
            (9, b"", "", "broke off (signal: 9 (SIGKILL))"),
            // An answer of a process that failed is none.
            (
                256,
                b"Ccode",
                "it\npanicked",
                "broke off (exit status: 1): it panicked",
            ),
            (0, b"", "", "broke off (exit status: 0)"),
        ] {
            let told = told(status, answer, stderr);
            assert!(told.contains(expected), "{status}: {told}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_started_is_told() {
        let limits = Limits::default();
        let absent = compile(Path::new("/nowhere/periodic"), &limits, b"").await;
        let absent = absent.unwrap_err().to_string();
        assert!(
            absent.starts_with("no process can be started that compiles it: "),
            "{absent}"
        );
        let other = compile(Path::new("/bin/true"), &limits, b"")
            .await
            .unwrap_err()
            .to_string();
        assert!(other.contains("broke off (exit status: 0)"), "{other}");
    }
}
