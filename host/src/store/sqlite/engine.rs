//! Where transactions run: on threads, or within the caller's task.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::task;

use super::{
    connection::{self, Lock},
    readers::{self, Readers},
    writer::Writer,
};
use crate::store::{Result, StoreError};

/// Runs transactions.
#[derive(Debug)]
pub(super) enum Engine {
    /// Beside tokio's tasks.
    Threads(Threads),
    /// Within them.
    InTask(InTask),
}

/// A thread that writes and a few that read.
#[derive(Debug)]
pub(super) struct Threads {
    // Dropped in this order: the writer is the last to close the database, and the lock goes when nobody has it open.
    readers: Readers,
    writer: Writer,
    lock: Mutex<Option<Lock>>,
}

/// One connection, used where the caller stands.
#[derive(Debug)]
pub(super) struct InTask(Mutex<Option<(Connection, Option<Lock>)>>);

impl Engine {
    /// Threads on this file.
    pub(super) fn threads(path: &Path) -> Result<Self> {
        let lock = Lock::take(path)?;
        let writer = Writer::start(connection::writer(path)?)?;
        let readers = Readers::new(path.to_owned());
        Ok(Self::Threads(Threads {
            readers,
            writer,
            lock: Mutex::new(Some(lock)),
        }))
    }

    /// A connection to this file.
    pub(super) fn in_task(path: &Path) -> Result<Self> {
        let lock = Lock::take(path)?;
        Ok(Self::InTask(InTask(Mutex::new(Some((
            connection::writer(path)?,
            Some(lock),
        ))))))
    }

    /// A connection to nothing but memory.
    pub(super) fn memory() -> Result<Self> {
        Ok(Self::InTask(InTask(Mutex::new(Some((
            connection::memory()?,
            None,
        ))))))
    }

    /// Read in a transaction.
    pub(super) async fn read<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        match self {
            Self::Threads(threads) => threads.readers.run(work).await,
            Self::InTask(connection) => connection.run(|connection| readers::read(connection, work)),
        }
    }

    /// Write in a transaction.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        match self {
            Self::Threads(threads) => threads.writer.run(work).await,
            Self::InTask(connection) => connection.run(|connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let outcome = work(&transaction)?;
                transaction.commit()?;
                Ok(outcome)
            }),
        }
    }

    /// Finish what was begun, then close.
    pub(super) async fn close(&self) {
        match self {
            Self::Threads(threads) => threads.close().await,
            Self::InTask(connection) => drop(connection.slot().take()),
        }
    }
}

impl Threads {
    async fn close(&self) {
        self.readers.close().await;
        if let Some(thread) = self.writer.shut() {
            // Either kind of failure is a panic, which has been told on stderr.
            let _ = task::spawn_blocking(move || thread.join()).await;
            self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

impl InTask {
    fn run<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        match self.slot().as_mut() {
            Some((connection, _)) => work(connection),
            None => Err(StoreError::Closed),
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<(Connection, Option<Lock>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
