//! Organizations, accounts and users.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::error::taken;
use crate::{
    clock::Millis,
    store::{
        Account, AccountId, Digest, NewTenant, NewUser, Organization, OrganizationId, Result, Role,
        SecretChange, StoreError, User, UserId,
    },
};

/// The columns that [`read`] takes. A macro, so that statements stay literals.
macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.account_id, o.id, u.email, u.first_name, u.last_name, u.role, u.created, u.revoked
             FROM users u
             JOIN accounts a ON a.id = u.account_id
             JOIN organizations o ON o.id = a.organization_id
             WHERE ",
            $rest
        )
    };
}

/// Make a tenant unless there is one already.
pub(super) fn bootstrap(connection: &Connection, first: &NewTenant) -> Result<bool> {
    let mut exists = connection.prepare_cached("SELECT 1 FROM organizations LIMIT 1")?;
    if exists.exists(())? {
        return Ok(false);
    }
    create(connection, first, Role::Operator)?;
    Ok(true)
}

/// Make a tenant. Says who its first user is.
pub(super) fn create(connection: &Connection, new: &NewTenant, role: Role) -> Result<User> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO organizations (name, secret, created) VALUES (?1, ?2, ?3) RETURNING id",
    )?;
    let organization = insert
        .query_row(
            params![new.organization, new.organization_secret, new.created],
            |row| row.get(0),
        )
        .map_err(taken("organization's secret"))?;
    let account = create_account(connection, organization, "", new.created)?;
    let user = NewUser {
        account: account.id,
        email: new.email.clone(),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
        secret: new.user_secret,
        role,
        created: new.created,
    };
    create_user(connection, &user)
}

pub(super) fn organizations(connection: &Connection) -> Result<Vec<Organization>> {
    let mut select =
        connection.prepare_cached("SELECT id, name, created, revoked FROM organizations ORDER BY id")?;
    let rows = select.query_map((), read_organization)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn change_organization(
    connection: &Connection,
    id: OrganizationId,
    change: SecretChange,
) -> Result<Organization> {
    let (digest, revoked) = parts(change);
    let mut update = connection.prepare_cached(
        "UPDATE organizations SET secret = coalesce(?2, secret), revoked = ?3 WHERE id = ?1
         RETURNING id, name, created, revoked",
    )?;
    let changed = update
        .query_row(params![id, digest, revoked], read_organization)
        .optional()
        .map_err(taken("organization's secret"))?;
    changed.ok_or(StoreError::Missing("organization"))
}

pub(super) fn accounts(connection: &Connection, organization: OrganizationId) -> Result<Vec<Account>> {
    let mut select = connection.prepare_cached(
        "SELECT id, organization_id, name, created FROM accounts WHERE organization_id = ?1 ORDER BY id",
    )?;
    let rows = select.query_map([organization], read_account)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn create_account(
    connection: &Connection,
    organization: OrganizationId,
    name: &str,
    created: Millis,
) -> Result<Account> {
    // The condition tells a missing organization from everything else that may go wrong.
    let mut insert = connection.prepare_cached(
        "INSERT INTO accounts (organization_id, name, created)
         SELECT id, ?2, ?3 FROM organizations WHERE id = ?1
         RETURNING id, organization_id, name, created",
    )?;
    let made = insert
        .query_row(params![organization, name, created], read_account)
        .optional()?;
    made.ok_or(StoreError::Missing("organization"))
}

pub(super) fn users(connection: &Connection, organization: OrganizationId) -> Result<Vec<User>> {
    let mut select = connection.prepare_cached(select_users!("o.id = ?1 ORDER BY u.id"))?;
    let rows = select.query_map([organization], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn create_user(connection: &Connection, new: &NewUser) -> Result<User> {
    let mut organization = connection.prepare_cached("SELECT organization_id FROM accounts WHERE id = ?1")?;
    let organization: OrganizationId = organization
        .query_row([new.account], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::Missing("account"))?;
    let mut same = connection.prepare_cached(
        "SELECT 1 FROM users u JOIN accounts a ON a.id = u.account_id
         WHERE a.organization_id = ?1 AND lower(u.email) = lower(?2)",
    )?;
    if same.exists(params![organization, new.email])? {
        return Err(StoreError::Taken("user's address"));
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO users (account_id, email, first_name, last_name, secret, role, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
    )?;
    let id = insert
        .query_row(
            params![
                new.account,
                new.email,
                new.first_name,
                new.last_name,
                new.secret,
                new.role,
                new.created
            ],
            |row| row.get(0),
        )
        .map_err(taken("user's secret"))?;
    by_id(connection, id)?.ok_or(StoreError::Missing("user"))
}

pub(super) fn change_user(connection: &Connection, id: UserId, change: SecretChange) -> Result<User> {
    let (digest, revoked) = parts(change);
    let mut update = connection
        .prepare_cached("UPDATE users SET secret = coalesce(?2, secret), revoked = ?3 WHERE id = ?1")?;
    update
        .execute(params![id, digest, revoked])
        .map_err(taken("user's secret"))?;
    by_id(connection, id)?.ok_or(StoreError::Missing("user"))
}

pub(super) fn delete_user(connection: &Connection, id: UserId) -> Result<bool> {
    let mut makes = connection.prepare_cached("SELECT 1 FROM instances WHERE user_id = ?1 LIMIT 1")?;
    if makes.exists([id])? {
        return Ok(false);
    }
    let mut delete = connection.prepare_cached("DELETE FROM users WHERE id = ?1")?;
    match delete.execute([id])? {
        0 => Err(StoreError::Missing("user")),
        _ => Ok(true),
    }
}

/// A user whose secret, and whose organization's, are in force. Only the latter's digest may be unknown.
pub(super) fn by_secret(
    connection: &Connection,
    user: &Digest,
    organization: Option<&Digest>,
) -> Result<Option<User>> {
    let mut select = connection.prepare_cached(select_users!(
        "u.secret = ?1 AND u.revoked IS NULL AND (?2 IS NULL OR o.secret = ?2) AND o.revoked IS NULL"
    ))?;
    Ok(select.query_row(params![user, organization], read).optional()?)
}

pub(super) fn by_id(connection: &Connection, id: UserId) -> Result<Option<User>> {
    let mut select = connection.prepare_cached(select_users!("u.id = ?1"))?;
    Ok(select.query_row([id], read).optional()?)
}

fn parts(change: SecretChange) -> (Option<Digest>, Option<Millis>) {
    match change {
        SecretChange::Rotate(digest) => (Some(digest), None),
        SecretChange::Revoke(when) => (None, Some(when)),
    }
}

fn read_organization(row: &Row<'_>) -> rusqlite::Result<Organization> {
    Ok(Organization {
        id: row.get(0)?,
        name: row.get(1)?,
        created: row.get(2)?,
        revoked: row.get(3)?,
    })
}

fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get::<_, AccountId>(0)?,
        organization: row.get(1)?,
        name: row.get(2)?,
        created: row.get(3)?,
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        account: row.get(1)?,
        organization: row.get(2)?,
        email: row.get(3)?,
        first_name: row.get(4)?,
        last_name: row.get(5)?,
        role: row.get(6)?,
        created: row.get(7)?,
        revoked: row.get(8)?,
    })
}
