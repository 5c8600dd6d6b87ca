//! The real binary: its folder, its settings, its process.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    time::timeout,
};

use crate::{PATIENCE, eventually};

/// The first user's secret, in the shape that Cloud Elements' have.
pub const USER_SECRET: &str = "us3r+S/cr3t-0f-th3-t3sts+pl3as3/k33p=";
/// The organization's.
pub const ORGANIZATION_SECRET: &str = "0123456789abcdeffedcba9876543210";

/// A host's folder and settings; they outlive its processes.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    settings: Vec<(String, String)>,
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
}

/// A running host. It is killed when this is dropped.
#[derive(Debug)]
pub struct Host {
    child: Child,
    url: String,
    output: Captured,
    log: Captured,
}

/// What a command that ended has left.
#[derive(Debug)]
pub struct Output {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

/// What a process writes, as it comes.
#[derive(Debug, Clone, Default)]
struct Captured(Arc<Mutex<String>>);

// === impl Home ===

impl Home {
    /// A new folder, with the settings that suit tests on loopback.
    ///
    /// # Errors
    /// No folder can be made, or nothing was built.
    pub fn new() -> anyhow::Result<Self> {
        let home = Self::bare()?;
        let mut home = home
            .set("listen", "127.0.0.1:0")
            .set("egress-allow", "127.0.0.0/8")
            .set("min-poll-interval", "100ms")
            .variable("PERIODIC_USER_SECRET", USER_SECRET)
            .variable("PERIODIC_ORGANIZATION_SECRET", ORGANIZATION_SECRET);
        let data = home.data();
        home = home.set("data", &data.to_string_lossy());
        home.serving("maximizer.wasm")
    }

    /// Serve this one of the built adapters and no other: each is compiled anew in every test's folder.
    ///
    /// # Errors
    /// It was not built.
    pub fn serving(self, file: &str) -> anyhow::Result<Self> {
        self.serving_of(&adapters()?, file)
    }

    /// Serve this one of the tests' own adapters and no other.
    ///
    /// # Errors
    /// It was not built.
    pub fn serving_test(self, file: &str) -> anyhow::Result<Self> {
        self.serving_of(&test_adapters()?, file)
    }

    fn serving_of(self, built: &Path, file: &str) -> anyhow::Result<Self> {
        let folder = self.folder.path().join("adapters");
        // What another was served from is gone with it.
        let _absent = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder)?;
        let from = built.join(file);
        let copied = std::fs::copy(&from, folder.join(file));
        copied.with_context(|| format!("{} cannot be copied", from.display()))?;
        Ok(self.set("adapters", &folder.to_string_lossy()))
    }

    /// A new folder and no settings at all.
    ///
    /// # Errors
    /// No folder can be made.
    pub fn bare() -> anyhow::Result<Self> {
        Ok(Self {
            folder: TempDir::new().context("no temporary folder can be made")?,
            settings: Vec::new(),
            variables: Vec::new(),
            arguments: Vec::new(),
        })
    }

    /// Set a flag, given without its dashes, instead of what it was set to.
    #[must_use]
    pub fn set(mut self, flag: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != flag);
        self.add(flag, value)
    }

    /// Set a flag once more.
    #[must_use]
    pub fn add(mut self, flag: &str, value: &str) -> Self {
        self.settings.push((flag.to_owned(), value.to_owned()));
        self
    }

    /// Leave a flag out.
    #[must_use]
    pub fn without(mut self, flag: &str) -> Self {
        self.settings.retain(|(known, _)| known != flag);
        self
    }

    /// Set an environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leave an environment variable out.
    #[must_use]
    pub fn without_variable(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// An argument of `run` itself.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// The folder that commands run in.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Start the host and wait until it is ready.
    ///
    /// # Errors
    /// It ends, or is not ready in time; the message has its log.
    pub async fn start(&self) -> anyhow::Result<Host> {
        let mut host = self.launch().await?;
        host.wait_until_ready().await?;
        Ok(host)
    }

    /// Start the host and wait until it listens.
    ///
    /// # Errors
    /// It ends, or does not listen in time; the message has its log.
    pub async fn launch(&self) -> anyhow::Result<Host> {
        let words = ["run".to_owned()].into_iter().chain(self.arguments.clone());
        Host::launch(self.command(words, true)?).await
    }

    /// Run a command to its end, with this home's variables and flags.
    ///
    /// # Errors
    /// It cannot be started, or does not end in time.
    pub async fn run(&self, words: &[&str]) -> anyhow::Result<Output> {
        finish(self.command(words.iter().copied(), true)?, words).await
    }

    /// Run a command to its end, with this home's variables only.
    ///
    /// # Errors
    /// It cannot be started, or does not end in time.
    pub async fn run_bare(&self, words: &[&str]) -> anyhow::Result<Output> {
        finish(self.command(words.iter().copied(), false)?, words).await
    }

    /// Start another command that prints where it listens.
    ///
    /// # Errors
    /// It ends, or does not listen in time.
    pub async fn spawn(&self, words: &[&str]) -> anyhow::Result<Host> {
        Host::launch(self.command(words.iter().copied(), false)?).await
    }

    /// Start a command, with this home's variables only, and leave it running.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn begin(&self, words: &[&str]) -> anyhow::Result<Host> {
        Host::begin(self.command(words.iter().copied(), false)?)
    }

    fn command<W: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = W>,
        flags: bool,
    ) -> anyhow::Result<Command> {
        let mut command = Command::new(binary()?);
        // NOTE: nothing of the caller's environment, which has variables of the host's own names in it.
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for (flag, value) in self.settings.iter().filter(|_| flags) {
            command.arg(format!("--{flag}")).arg(value);
        }
        Ok(command)
    }
}

async fn finish(mut command: Command, words: &[&str]) -> anyhow::Result<Output> {
    let ended = timeout(PATIENCE, command.output()).await;
    let output = ended.with_context(|| format!("{words:?} does not end"))??;
    Ok(Output {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

// === impl Host ===

impl Host {
    fn begin(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.spawn().context("the binary cannot be started")?;
        let (output, log) = (Captured::default(), Captured::default());
        output.follow(child.stdout.take().context("the output is piped")?);
        log.follow(child.stderr.take().context("the log is piped")?);
        Ok(Self {
            child,
            url: String::new(),
            output,
            log,
        })
    }

    async fn launch(command: Command) -> anyhow::Result<Self> {
        let mut host = Self::begin(command)?;
        host.url = eventually("the process says where it listens", async || {
            let announced = host.output();
            let announced = announced
                .lines()
                .find_map(|line| line.strip_prefix("listening on "));
            if let (None, Some(status)) = (announced, host.child.try_wait()?) {
                bail!("the process ended ({status}): {}", host.log());
            }
            Ok(announced.map(str::to_owned))
        })
        .await?;
        Ok(host)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let url = format!("{}/readyz", self.url);
        let client = crate::api::client()?;
        eventually("the host is ready", async || {
            if let Some(status) = self.child.try_wait()? {
                bail!("the host ended ({status}): {}", self.log());
            }
            let answer = client.get(&url).send().await;
            Ok(answer.is_ok_and(|answer| answer.status() == 200).then_some(()))
        })
        .await
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// The number of its process, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Wait until it ends by itself.
    ///
    /// # Errors
    /// It does not.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.context("it does not end")??)
    }

    /// End it at once, as a power cut would.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Send SIGTERM and wait for its end.
    ///
    /// # Errors
    /// It does not end within `limit`.
    pub async fn terminate(mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let id = self.child.id().context("the process ended before")?;
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -TERM {id}")])
            .status()
            .await?;
        ensure!(sent.success(), "SIGTERM could not be sent");
        let ended = timeout(limit, self.child.wait()).await;
        Ok(ended.with_context(|| format!("it did not end within {limit:?} after SIGTERM"))??)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Shown by the test runner where the test failed.
        eprintln!("--- log of {} ---\n{}", self.url, self.log());
    }
}

// === impl Captured ===

impl Captured {
    fn follow(&self, mut source: impl AsyncRead + Unpin + Send + 'static) {
        let this = self.clone();
        tokio::spawn(async move {
            let mut bytes = vec![0; 8192];
            while let Ok(count @ 1..) = source.read(&mut bytes).await {
                let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default());
                this.0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&text);
            }
        });
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The folder of built adapters.
///
/// # Errors
/// It is not there.
pub fn adapters() -> anyhow::Result<PathBuf> {
    built("PERIODIC_ADAPTERS", "target/adapters")
}

/// The folder of the tests' own adapters.
///
/// # Errors
/// It is not there.
pub fn test_adapters() -> anyhow::Result<PathBuf> {
    built("PERIODIC_TEST_ADAPTERS", "target/test-adapters")
}

/// The program.
///
/// # Errors
/// It is not there.
pub fn binary() -> anyhow::Result<PathBuf> {
    built("PERIODIC_BIN", "target/release/periodic")
}

fn built(variable: &str, fallback: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os(variable).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(fallback),
        PathBuf::from,
    );
    let found = path.canonicalize();
    found.with_context(|| {
        format!(
            "{} is missing: run `cargo xtask build` first, or set {variable}",
            path.display()
        )
    })
}
