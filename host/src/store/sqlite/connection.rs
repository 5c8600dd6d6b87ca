//! Opening the file: rights, lock, settings, migrations.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::{error::OpenError, migrations};
use crate::store::Result;

/// How long somebody else's lock (an operator's shell, a backup) is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared: more than the store has.
const STATEMENTS: usize = 160;

/// Where the one writer works.
///
/// `synchronous = FULL`: what was answered survives a power cut.
const WRITER: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;
    PRAGMA journal_size_limit = 67108864;
";

const READER: &str = "
    PRAGMA query_only = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -4096;
";

/// The right to work on a database file; given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Take the lock on a database, which is that on a file beside it: SQLite has its own use for locks on the
    /// database.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let file = private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::AlreadyOpen {
                path: database.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(OpenError::File { path, source }),
        }
    }
}

/// The connection that writes, to a database whose schema is this release's.
pub(super) fn writer(path: &Path) -> Result<Connection> {
    // SQLite gives its journals the database's own rights.
    private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags)?, path)
}

/// The connection to a database in memory.
pub(super) fn memory() -> Result<Connection> {
    prepare(Connection::open_in_memory()?, Path::new("the database in memory"))
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(READER)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn prepare(mut connection: Connection, path: &Path) -> Result<Connection> {
    connection.busy_timeout(PATIENCE)?;
    migrations::check(&connection, path)?;
    connection.execute_batch(WRITER)?;
    migrations::run(&mut connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Open a file for writing, made for nobody but its owner where there is none.
fn private(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| OpenError::File {
        path: path.to_owned(),
        source,
    })
}
