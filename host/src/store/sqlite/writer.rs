//! The one thread that writes, and its group commit.
//!
//! A commit costs a flush to the disk, whatever it holds. So transactions queue while the thread is busy, and it
//! commits all that are waiting at once: each in a savepoint of its own, so that one which fails undoes only itself.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::error::{GroupFailed, OpenError};
use crate::store::{Result, StoreError};

/// Transactions that may wait; more wait for a place.
const QUEUE: usize = 1024;
/// Transactions that share a commit at most, so that the first of them does not wait long for the last.
const GROUP: usize = 128;

/// The queue to the thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A transaction on its way through the thread.
trait Job: Send + fmt::Debug {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    /// Do it, and say whether to keep what it did.
    fn run(&mut self, connection: &Connection) -> Kept;
    /// Hand over what came of it, when the group was committed or not.
    fn answer(self: Box<Self>, group: Result<(), GroupFailed>);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

struct Transaction<T, W> {
    work: Option<W>,
    outcome: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl Writer {
    /// Start the thread.
    pub(super) fn start(connection: Connection) -> Result<Self, OpenError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(connection, jobs))
            .map_err(OpenError::Thread)?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Do this in a transaction. What it did is on the disk when this returns; when this is dropped before, it may
    /// be or not.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or(StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let job = Transaction {
            work: Some(work),
            outcome: None,
            answer,
        };
        queue.send(Box::new(job)).await.map_err(|_| StoreError::Closed)?;
        // The thread ends when the last sender is gone.
        drop(queue);
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Take nothing more; the thread ends when the queue is empty. The handle is there for the first caller.
    pub(super) fn shut(&self) -> Option<JoinHandle<()>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(thread) = self.shut() {
            // It can only have panicked, which has been told on stderr.
            let _ = thread.join();
        }
    }
}

impl<T, W> Job for Transaction<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> Kept {
        let outcome = self.work.take().map(|work| work(connection));
        let kept = if matches!(outcome, Some(Ok(_))) {
            Kept::Yes
        } else {
            Kept::No
        };
        self.outcome = outcome;
        kept
    }

    fn answer(self: Box<Self>, group: Result<(), GroupFailed>) {
        let outcome = match (self.outcome, group) {
            (Some(Ok(_)) | None, Err(failed)) => Err(failed.into()),
            (Some(outcome), _) => outcome,
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // Nobody may be waiting any more.
        let _ = self.answer.send(outcome);
    }
}

impl<T, W> fmt::Debug for Transaction<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}

fn serve(mut connection: Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut group = Vec::with_capacity(GROUP);
    while jobs.blocking_recv_many(&mut group, GROUP) > 0 {
        group.retain(|job| !job.is_abandoned());
        let committed = commit(&mut connection, &mut group).map_err(|error| GroupFailed(Arc::new(error)));
        for job in group.drain(..) {
            job.answer(committed.clone());
        }
    }
}

fn commit(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    if group.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in group {
        let savepoint = transaction.savepoint()?;
        // After errors like a full disk SQLite has undone the whole transaction. Then the savepoint is gone, either
        // call fails, and so does the group: it must not go on outside a transaction.
        match job.run(&savepoint) {
            Kept::Yes => savepoint.commit()?,
            Kept::No => savepoint.finish()?,
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests;
