//! What the engine says when it fails.

use std::{io, path::PathBuf, sync::Arc};

use rusqlite::{ErrorCode, ffi};

use crate::store::StoreError;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another host has it.
    #[error("{path} is in use by another host: stop that host, or give this one a data folder of its own")]
    AlreadyOpen {
        /// The database.
        path: PathBuf,
    },
    /// A later release made it.
    #[error(
        "{path} has schema version {found}, and this release knows versions up to {known}: start the release that \
         wrote it, or restore a backup from before its first start"
    )]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this release knows.
        known: i64,
    },
    /// It is no database of Periodic's.
    #[error("{path} belongs to another program: move it away, or set another data folder")]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// The file system refuses.
    #[error("{path} cannot be opened: {source}")]
    File {
        /// The database or its lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No thread could be started.
    #[error("the thread that writes to the database could not be started: {0}")]
    Thread(#[source] io::Error),
}

/// A group of transactions was not committed; nothing of it is stored.
#[derive(Debug, Clone, thiserror::Error)]
#[error("nothing of this transaction and those that share its commit is stored: {0}")]
pub struct GroupFailed(#[source] pub(super) Arc<rusqlite::Error>);

/// A column holds what its type cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{value} is no {what}")]
pub(super) struct Unknown {
    pub(super) what: &'static str,
    pub(super) value: i64,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<GroupFailed> for StoreError {
    fn from(error: GroupFailed) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// Turns the violation of a unique key into [`StoreError::Taken`].
pub(super) fn taken(what: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| match error.sqlite_error() {
        Some(ffi::Error {
            code: ErrorCode::ConstraintViolation,
            extended_code,
        }) if matches!(
            *extended_code,
            ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE
        ) =>
        {
            StoreError::Taken(what)
        }
        _ => error.into(),
    }
}
