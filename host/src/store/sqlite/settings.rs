//! Settings of accounts.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::store::{AccountId, Result};

pub(super) fn of(connection: &Connection, account: AccountId) -> Result<BTreeMap<String, String>> {
    let mut select =
        connection.prepare_cached("SELECT key, value FROM account_settings WHERE account_id = ?1")?;
    let settings = select.query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(settings.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn put(
    connection: &Connection,
    account: AccountId,
    settings: &BTreeMap<String, String>,
) -> Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO account_settings (account_id, key, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (account_id, key) DO UPDATE SET value = excluded.value",
    )?;
    for (key, value) in settings {
        put.execute(params![account, key, value])?;
    }
    Ok(())
}
