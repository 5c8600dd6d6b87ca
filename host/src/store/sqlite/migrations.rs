//! The schema and its versions.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{columns::signed, error::OpenError};
use crate::store::Result;

/// What brings the schema from one version to the next, by `PRAGMA user_version`. Released ones are never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
    include_str!("migrations/6.sql"),
    include_str!("migrations/7.sql"),
    include_str!("migrations/8.sql"),
    include_str!("migrations/9.sql"),
];

/// Marks a database as Periodic's: `PRIO` in ASCII.
const APPLICATION: i64 = 0x5052_494f;

/// Refuse what this release must not touch.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<()> {
    let known = signed(MIGRATIONS.len());
    let found = pragma(connection, "user_version")?;
    let application = pragma(connection, "application_id")?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    let empty = objects == 0 && found == 0 && application == 0;
    if application != APPLICATION && !empty {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        }
        .into());
    }
    if found > known {
        return Err(OpenError::NewerSchema {
            path: path.to_owned(),
            found,
            known,
        }
        .into());
    }
    Ok(())
}

/// Bring the schema to this release's version, all steps or none.
pub(super) fn run(connection: &mut Connection) -> Result<()> {
    // A table can only be made anew while nothing cascades from the old one, and that is no matter of transactions.
    connection.pragma_update(None, "foreign_keys", false)?;
    let done = steps(connection);
    connection.pragma_update(None, "foreign_keys", true)?;
    done
}

fn steps(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = pragma(&transaction, "user_version")?;
    for (migration, after) in MIGRATIONS.iter().zip(1..) {
        if version < after {
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", after)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    Ok(transaction.commit()?)
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}
