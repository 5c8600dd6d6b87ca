//! Organizations, accounts and users.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::store::{Digest, NewTenant, Result, User, UserId};

const BY_SECRET: &str = "
    SELECT u.id, u.account_id, o.id, u.email, u.first_name, u.last_name
    FROM users u
    JOIN accounts a ON a.id = u.account_id
    JOIN organizations o ON o.id = a.organization_id
    WHERE u.secret = ?1 AND (?2 IS NULL OR o.secret = ?2)";

const BY_ID: &str = "
    SELECT u.id, u.account_id, a.organization_id, u.email, u.first_name, u.last_name
    FROM users u
    JOIN accounts a ON a.id = u.account_id
    WHERE u.id = ?1";

pub(super) fn bootstrap(connection: &Connection, first: &NewTenant) -> Result<bool> {
    let mut exists = connection.prepare_cached("SELECT 1 FROM organizations LIMIT 1")?;
    if exists.exists(())? {
        return Ok(false);
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO organizations (name, secret, created) VALUES (?1, ?2, ?3) RETURNING id",
    )?;
    let organization: i64 = insert.query_row(
        params![first.organization, first.organization_secret, first.created],
        |row| row.get(0),
    )?;
    let mut insert = connection
        .prepare_cached("INSERT INTO accounts (organization_id, created) VALUES (?1, ?2) RETURNING id")?;
    let account: i64 = insert.query_row(params![organization, first.created], |row| row.get(0))?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO users (account_id, email, first_name, last_name, secret, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    insert.execute(params![
        account,
        first.email,
        first.first_name,
        first.last_name,
        first.user_secret,
        first.created
    ])?;
    Ok(true)
}

pub(super) fn by_secret(
    connection: &Connection,
    user: &Digest,
    organization: Option<&Digest>,
) -> Result<Option<User>> {
    let mut select = connection.prepare_cached(BY_SECRET)?;
    Ok(select.query_row(params![user, organization], read).optional()?)
}

pub(super) fn by_id(connection: &Connection, id: UserId) -> Result<Option<User>> {
    let mut select = connection.prepare_cached(BY_ID)?;
    Ok(select.query_row([id], read).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        account: row.get(1)?,
        organization: row.get(2)?,
        email: row.get(3)?,
        first_name: row.get(4)?,
        last_name: row.get(5)?,
    })
}
