//! Common objects.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::{Sqlite, columns::signed, error::taken};
use crate::{
    clock::Millis,
    store::{AccountId, CommonObject, InstanceId, ObjectStore, OrganizationId, Owner, Result, StoreError},
};

/// What is told to be taken.
const TAKEN: &str = "object's name";
const MISSING: StoreError = StoreError::Missing("common object of this name at this level");

#[async_trait]
impl ObjectStore for Sqlite {
    async fn common_objects(&self, owners: &[Owner], element: Option<&str>) -> Result<Vec<CommonObject>> {
        let (owners, element) = (owners.to_vec(), element.map(str::to_owned));
        self.engine
            .read(move |c| list(c, &owners, element.as_deref()))
            .await
    }

    async fn create_common_objects(&self, objects: Vec<CommonObject>, most: usize) -> Result<bool> {
        self.engine.write(move |c| create(c, &objects, most)).await
    }

    async fn replace_common_object(&self, object: CommonObject) -> Result<()> {
        self.engine.write(move |c| replace(c, &object)).await
    }

    async fn delete_common_objects(
        &self,
        owner: Owner,
        element: Option<&str>,
        name: Option<&str>,
    ) -> Result<usize> {
        let (element, name) = (element.map(str::to_owned), name.map(str::to_owned));
        self.engine
            .write(move |c| delete(c, owner, element.as_deref(), name.as_deref()))
            .await
    }

    async fn rename_common_object(&self, owner: Owner, name: &str, to: &str, now: Millis) -> Result<()> {
        let (name, to) = (name.to_owned(), to.to_owned());
        self.engine
            .write(move |c| rename(c, owner, &name, &to, now))
            .await
    }
}

/// An owner as columns have it. The schema names these levels.
fn columns(owner: Owner) -> (i64, i64) {
    match owner {
        Owner::Organization(id) => (0, id.0),
        Owner::Account(id) => (1, id.0),
        Owner::Instance(id) => (2, id.0),
    }
}

/// The element's column: a definition has the empty one.
fn element_column(element: Option<&str>) -> &str {
    element.unwrap_or_default()
}

fn list(connection: &Connection, owners: &[Owner], element: Option<&str>) -> Result<Vec<CommonObject>> {
    let mut select = connection.prepare_cached(
        "SELECT level, owner, element, name, body, changed FROM common_objects
         WHERE level = ?1 AND owner = ?2 AND (?3 IS NULL OR element IN ('', ?3)) ORDER BY element, name",
    )?;
    let mut found = Vec::new();
    for owner in owners {
        let (level, id) = columns(*owner);
        let rows = select.query_map(params![level, id, element], read)?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

fn create(connection: &Connection, objects: &[CommonObject], most: usize) -> Result<bool> {
    let mut count =
        connection.prepare_cached("SELECT count(*) FROM common_objects WHERE level = ?1 AND owner = ?2")?;
    let mut instance = connection.prepare_cached("SELECT 1 FROM instances WHERE id = ?1")?;
    for object in objects {
        let (level, id) = columns(object.owner);
        if let Owner::Instance(id) = object.owner
            && !instance.exists([id])?
        {
            return Err(StoreError::Missing("instance"));
        }
        let known: i64 = count.query_row([level, id], |row| row.get(0))?;
        let new = objects.iter().filter(|other| other.owner == object.owner).count();
        if known + signed(new) > signed(most) {
            return Ok(false);
        }
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO common_objects (level, owner, element, name, body, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for object in objects {
        let (level, id) = columns(object.owner);
        let element = element_column(object.element.as_deref());
        insert
            .execute(params![
                level,
                id,
                element,
                object.name,
                object.body,
                object.changed
            ])
            .map_err(taken(TAKEN))?;
    }
    Ok(true)
}

fn replace(connection: &Connection, object: &CommonObject) -> Result<()> {
    let (level, id) = columns(object.owner);
    let mut update = connection.prepare_cached(
        "UPDATE common_objects SET body = ?5, changed = ?6
         WHERE level = ?1 AND owner = ?2 AND element = ?3 AND name = ?4",
    )?;
    let element = element_column(object.element.as_deref());
    let changed = update.execute(params![
        level,
        id,
        element,
        object.name,
        object.body,
        object.changed
    ])?;
    if changed == 0 { Err(MISSING) } else { Ok(()) }
}

fn delete(connection: &Connection, owner: Owner, element: Option<&str>, name: Option<&str>) -> Result<usize> {
    let (level, id) = columns(owner);
    let mut delete = connection.prepare_cached(
        "DELETE FROM common_objects
         WHERE level = ?1 AND owner = ?2 AND element = ?3 AND (?4 IS NULL OR name = ?4)",
    )?;
    Ok(delete.execute(params![level, id, element_column(element), name])?)
}

fn rename(connection: &Connection, owner: Owner, name: &str, to: &str, now: Millis) -> Result<()> {
    let (level, id) = columns(owner);
    let mut update = connection.prepare_cached(
        "UPDATE common_objects SET name = ?4, changed = ?5 WHERE level = ?1 AND owner = ?2 AND name = ?3",
    )?;
    let mut there = connection
        .prepare_cached("SELECT 1 FROM common_objects WHERE level = ?1 AND owner = ?2 AND name = ?3")?;
    if !there.exists(params![level, id, name])? {
        return Err(MISSING);
    }
    // A definition and a transformation of one name belong together.
    if name != to && there.exists(params![level, id, to])? {
        return Err(StoreError::Taken(TAKEN));
    }
    update.execute(params![level, id, name, to, now])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<CommonObject> {
    let id = row.get(1)?;
    let owner = match row.get::<_, i64>(0)? {
        0 => Owner::Organization(OrganizationId(id)),
        1 => Owner::Account(AccountId(id)),
        _ => Owner::Instance(InstanceId(id)),
    };
    let element: String = row.get(2)?;
    Ok(CommonObject {
        owner,
        element: (!element.is_empty()).then_some(element),
        name: row.get(3)?,
        body: row.get(4)?,
        changed: row.get(5)?,
    })
}
