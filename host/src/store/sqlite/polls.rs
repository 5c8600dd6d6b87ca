//! The records of polls: the newest of each result, poller by poller.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    columns::{Json, count, signed},
    query::Query,
};
use crate::{
    clock::Millis,
    store::{
        AccountId, PollCommit, PollEvents, PollFilter, PollId, PollOutcome, PollRecord, PollerId, Result,
        TapeExtent,
    },
};

/// Records that one poll removes at most: usually it is the one that makes room, more after a setting was lowered.
const SWEEP: i64 = 64;

/// Keep the record of a poll, and as many before it as are to be kept.
pub(super) fn put(connection: &Connection, poll: &PollCommit) -> Result<()> {
    if poll.keep > 0 {
        insert(connection, poll)?;
    }
    let mut sweep = connection.prepare_cached(
        "DELETE FROM polls WHERE id IN
             (SELECT id FROM polls WHERE poller_id = ?1 AND result = ?2 ORDER BY id DESC LIMIT ?3 OFFSET ?4)",
    )?;
    sweep.execute(params![poll.poller, poll.result(), SWEEP, signed(poll.keep)])?;
    Ok(())
}

fn insert(connection: &Connection, poll: &PollCommit) -> Result<()> {
    let (cursor, error) = match &poll.outcome {
        PollOutcome::Complete { cursor, .. } => (Some(cursor), None),
        PollOutcome::Failed { error, .. } => (None, Some(error)),
    };
    let PollEvents {
        all,
        created,
        updated,
        deleted,
    } = poll.events;
    let mut insert = connection.prepare_cached(
        "INSERT INTO polls (id, poller_id, cause, result, started, finished, since, until, requests, records, events,
                            created, updated, deleted, cursor, adapter, error, asked, tape_bytes, tape_whole, tape)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    )?;
    insert.execute(params![
        poll.id,
        poll.poller,
        poll.trigger,
        poll.result(),
        poll.started,
        poll.finished,
        poll.since,
        poll.until,
        poll.requests,
        poll.records,
        all,
        created,
        updated,
        deleted,
        cursor,
        poll.adapter,
        error,
        Json(&poll.asked),
        poll.tape.as_ref().map(|tape| signed(tape.extent.bytes)),
        poll.tape.as_ref().map(|tape| tape.extent.whole),
        poll.tape.as_ref().map(|tape| &tape.sealed),
    ])?;
    Ok(())
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &PollFilter,
) -> Result<Vec<PollRecord>> {
    const SELECT: &str = "SELECT polls.id, poller_id, i.id AS instance_id, i.element, p.resource, cause, result, started, finished,
                since, until, requests, asked, polls.records, polls.events, polls.created, polls.updated, deleted,
                polls.cursor, adapter, error, tape_bytes, tape_whole
         FROM instances i JOIN pollers p ON p.instance_id = i.id JOIN polls ON poller_id = p.id
         WHERE i.account_id = ?";
    let query = Query::new(SELECT, account)
        .and_some("polls.id = ?", filter.id)
        .and_some("i.id = ?", filter.instance)
        .and_some("p.resource = ?", filter.resource.clone())
        .and_some("result = ?", filter.result.map(i64::from))
        .and_some("polls.id < ?", filter.before);
    // A plus: the few polls of an instance are sorted, rather than those of all gone through in their order.
    query.rows(connection, "+polls.id DESC", filter.limit, read)
}

pub(super) fn tape(connection: &Connection, account: AccountId, id: PollId) -> Result<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached(
        "SELECT tape FROM polls JOIN pollers p ON p.id = poller_id JOIN instances i ON i.id = p.instance_id
         WHERE polls.id = ?1 AND i.account_id = ?2",
    )?;
    let tape = select
        .query_row(params![id, account], |row| row.get(0))
        .optional()?;
    Ok(tape.flatten())
}

/// Remove what ended before, of the oldest records. Says whether there may be more.
pub(super) fn prune(connection: &Connection, before: Millis, batch: i64) -> Result<bool> {
    // Ids rise with the time of the start, so that no index over the end is needed.
    let mut remove = connection.prepare_cached(
        "DELETE FROM polls WHERE id IN
             (SELECT id FROM (SELECT id, finished FROM polls ORDER BY id LIMIT ?2) WHERE finished < ?1)",
    )?;
    Ok(remove.execute(params![before, batch])? > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<PollRecord> {
    let whole: Option<bool> = row.get("tape_whole")?;
    let extent = |whole| {
        Ok::<_, rusqlite::Error>(TapeExtent {
            bytes: count(row, "tape_bytes")?,
            whole,
        })
    };
    Ok(PollRecord {
        id: row.get("id")?,
        poller: row.get::<_, PollerId>("poller_id")?,
        instance: row.get("instance_id")?,
        element: row.get("element")?,
        resource: row.get("resource")?,
        trigger: row.get("cause")?,
        result: row.get("result")?,
        started: row.get("started")?,
        finished: row.get("finished")?,
        since: row.get("since")?,
        until: row.get("until")?,
        requests: row.get("requests")?,
        asked: row.get::<_, Json<_>>("asked")?.0,
        records: row.get("records")?,
        events: PollEvents {
            all: row.get("events")?,
            created: row.get("created")?,
            updated: row.get("updated")?,
            deleted: row.get("deleted")?,
        },
        cursor: row.get("cursor")?,
        adapter: row.get("adapter")?,
        error: row.get("error")?,
        tape: whole.map(extent).transpose()?,
    })
}
