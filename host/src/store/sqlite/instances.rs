//! Instances and their secrets.

use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Value};

use super::{
    columns::Json, error::taken, messages, pollers, query::Query, registrations, schedules, subscriptions,
};
use crate::{
    clock::Millis,
    store::{
        AccountId, Digest, Instance, InstanceFilter, InstanceId, NewInstance, Result, SealedSecret,
        StoreError,
    },
};

/// Between name and tags in what a search looks at; no keyboard has it.
const SEPARATOR: &str = "\u{1f}";

/// The columns that [`read`] takes. A macro, so that statements stay literals.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, user_id, element, name, tags, configuration, derived, created, updated, disabled,
                    state, state_reason, state_since, external
             FROM instances WHERE ",
            $rest
        )
    };
}

pub(super) fn reserve(connection: &Connection) -> Result<InstanceId> {
    let mut next = connection
        .prepare_cached("UPDATE sequences SET value = value + 1 WHERE name = 'instance' RETURNING value")?;
    Ok(next.query_row((), |row| row.get(0))?)
}

pub(super) fn create(connection: &Connection, new: &NewInstance) -> Result<Instance> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO instances (id, account_id, user_id, element, name, tags, search, configuration, derived, token,
                                created, updated, state_since, external)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?11, ?12)",
    )?;
    insert
        .execute(params![
            new.id,
            new.account,
            new.user,
            new.element,
            new.name,
            Json(&new.tags),
            search_text(&new.name, &new.tags),
            Json(&new.configuration),
            Json(&new.derived),
            new.token,
            new.created,
            new.external,
        ])
        .map_err(taken("instance id or token"))?;
    put_secrets(connection, new.id, &new.secrets)?;
    if let Some(polling) = &new.polling {
        pollers::put(connection, new.id, &polling.pollers)?;
        schedules::put(connection, new.id, polling)?;
    }
    if let Some(callback) = &new.callback {
        subscriptions::put(connection, new.id, callback, new.created)?;
    }
    if let Some(registration) = &new.registration {
        registrations::put(connection, new.id, registration)?;
    }
    existing(connection, new.id)
}

pub(super) fn by_id(connection: &Connection, id: InstanceId) -> Result<Option<Instance>> {
    let mut select = connection.prepare_cached(select!("id = ?1"))?;
    Ok(select.query_row([id], read).optional()?)
}

/// An instance that the caller relies on.
pub(super) fn existing(connection: &Connection, id: InstanceId) -> Result<Instance> {
    by_id(connection, id)?.ok_or(StoreError::Missing("instance"))
}

pub(super) fn by_token(connection: &Connection, token: &Digest) -> Result<Option<Instance>> {
    let mut select = connection.prepare_cached(select!("token = ?1"))?;
    Ok(select.query_row([token], read).optional()?)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &InstanceFilter,
) -> Result<Vec<Instance>> {
    let mut query = Query::new(select!("account_id = ?"), account)
        .and_some("id > ?", filter.after)
        .and_some("element = ?", filter.element.clone())
        .and_some(
            "instr(search, ?) > 0",
            filter.search.as_deref().map(str::to_lowercase),
        );
    for tag in &filter.tags {
        query = query.and(
            "EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)",
            Value::Text(tag.clone()),
        );
    }
    query.rows(connection, "id", filter.limit, read)
}

pub(super) fn delete(connection: &Connection, id: InstanceId) -> Result<()> {
    let others = messages::leave_others(connection, id)?;
    let mut delete = connection.prepare_cached("DELETE FROM instances WHERE id = ?1")?;
    if delete.execute([id])? == 0 {
        return Err(StoreError::Missing("instance"));
    }
    let mut singles = connection.prepare_cached("DELETE FROM subscriptions WHERE signer = ?1")?;
    singles.execute([id])?;
    messages::refresh(connection, &others)
}

pub(super) fn secrets(connection: &Connection, instance: InstanceId) -> Result<Vec<SealedSecret>> {
    let mut select = connection
        .prepare_cached("SELECT name, sealed, expires FROM secrets WHERE instance_id = ?1 ORDER BY name")?;
    let secrets = select.query_map([instance], |row| {
        Ok(SealedSecret {
            name: row.get(0)?,
            sealed: row.get(1)?,
            expires: row.get(2)?,
        })
    })?;
    Ok(secrets.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn put_secrets(
    connection: &Connection,
    instance: InstanceId,
    secrets: &[SealedSecret],
) -> Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO secrets (instance_id, name, sealed, expires) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (instance_id, name) DO UPDATE SET sealed = excluded.sealed, expires = excluded.expires",
    )?;
    for secret in secrets {
        put.execute(params![instance, secret.name, secret.sealed, secret.expires])?;
    }
    Ok(())
}

pub(super) fn remove_secrets(connection: &Connection, instance: InstanceId, names: &[String]) -> Result<()> {
    let mut remove = connection.prepare_cached("DELETE FROM secrets WHERE instance_id = ?1 AND name = ?2")?;
    for name in names {
        remove.execute(params![instance, name])?;
    }
    Ok(())
}

/// Write the columns that a change can touch.
pub(super) fn update(connection: &Connection, instance: &Instance) -> Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE instances
         SET name = ?2, tags = ?3, search = ?4, configuration = ?5, derived = ?6, updated = ?7, disabled = ?8,
             state = ?9, state_reason = ?10, state_since = ?11
         WHERE id = ?1",
    )?;
    update.execute(params![
        instance.id,
        instance.name,
        Json(&instance.tags),
        search_text(&instance.name, &instance.tags),
        Json(&instance.configuration),
        Json(&instance.derived),
        instance.updated,
        instance.disabled,
        instance.state,
        instance.state_reason,
        instance.state_since,
    ])?;
    Ok(())
}

fn search_text(name: &str, tags: &[String]) -> String {
    let mut text = name.to_lowercase();
    for tag in tags {
        text.push_str(SEPARATOR);
        text.push_str(&tag.to_lowercase());
    }
    text
}

fn read(row: &Row<'_>) -> rusqlite::Result<Instance> {
    Ok(Instance {
        id: row.get("id")?,
        account: row.get("account_id")?,
        user: row.get("user_id")?,
        element: row.get("element")?,
        external: row.get("external")?,
        name: row.get("name")?,
        tags: row.get::<_, Json<_>>("tags")?.0,
        configuration: row.get::<_, Json<_>>("configuration")?.0,
        derived: row.get::<_, Json<_>>("derived")?.0,
        created: row.get::<_, Millis>("created")?,
        updated: row.get("updated")?,
        disabled: row.get("disabled")?,
        state: row.get("state")?,
        state_reason: row.get("state_reason")?,
        state_since: row.get("state_since")?,
    })
}
