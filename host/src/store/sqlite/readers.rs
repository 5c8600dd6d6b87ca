//! A few connections that only read, each beside the writer and beside the others.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task};

use super::connection;
use crate::store::{Result, StoreError};

/// Reads at a time. They are short; what they wait for is the disk.
const READERS: u32 = 4;

/// The connections.
#[derive(Debug)]
pub(super) struct Readers {
    free: Arc<Semaphore>,
    idle: Arc<Idle>,
}

#[derive(Debug)]
struct Idle {
    path: PathBuf,
    connections: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Connections to this database, which are made when they are needed.
    pub(super) fn new(path: PathBuf) -> Self {
        let idle = Idle {
            path,
            connections: Mutex::new(Vec::new()),
        };
        Self {
            free: Arc::new(Semaphore::new(READERS as usize)),
            idle: Arc::new(idle),
        }
    }

    /// Read in one transaction, that is: from one state of the database.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.free)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let idle = Arc::clone(&self.idle);
        let read = move || {
            let mut connection = idle.take()?;
            let outcome = read(&mut connection, work);
            idle.put(connection);
            drop(permit);
            outcome
        };
        task::spawn_blocking(read)
            .await
            .map_err(|error| StoreError::Engine(Box::new(error)))?
    }

    /// Let the reads in progress finish, then close.
    pub(super) async fn close(&self) {
        if let Ok(all) = self.free.acquire_many(READERS).await {
            self.free.close();
            drop(all);
        }
        self.idle.connections().clear();
    }
}

impl Idle {
    fn take(&self) -> Result<Connection> {
        let idle = self.connections().pop();
        idle.map_or_else(|| connection::reader(&self.path), Ok)
    }

    fn put(&self, connection: Connection) {
        self.connections().push(connection);
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Do this in a transaction that only reads.
pub(super) fn read<T>(connection: &mut Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let transaction = connection.transaction()?;
    let outcome = work(&transaction)?;
    transaction.finish()?;
    Ok(outcome)
}
