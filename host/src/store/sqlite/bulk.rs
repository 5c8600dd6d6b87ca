//! Exports in bulk: jobs, pages, errors, and the one callback that tells of the end.

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    Sqlite,
    columns::{Json, count, signed},
    messages, outboxes, subscriptions,
};
use crate::{
    clock::Millis,
    store::{
        AccountId, BulkClaim, BulkEnd, BulkError, BulkId, BulkJob, BulkOutcome, BulkPage, BulkSettlement,
        BulkStatus, BulkStore, InstanceId, NewBulk, NewMessage, Result, StoreError,
    },
};

const JOB: &str = "id, account_id, instance_id, object, query, callback, status, reason, cursor, pages, skipped, \
                   records, bytes, columns, failures, created, started, finished";
/// Jobs that one transaction removes: each may have many pages.
const BATCH: i64 = 10;
/// Errors that are kept of one export.
const ERRORS: i64 = 1000;

#[async_trait]
impl BulkStore for Sqlite {
    async fn create_bulk(&self, job: NewBulk, most: usize) -> Result<Option<BulkJob>> {
        self.engine.write(move |c| create(c, &job, most)).await
    }

    async fn bulk_job(&self, instance: InstanceId, id: BulkId) -> Result<Option<BulkJob>> {
        self.engine.read(move |c| find(c, instance, id)).await
    }

    async fn bulk_jobs(
        &self,
        instance: InstanceId,
        before: Option<BulkId>,
        limit: usize,
    ) -> Result<Vec<BulkJob>> {
        self.engine.read(move |c| list(c, instance, before, limit)).await
    }

    async fn claim_bulk(&self, now: Millis, limit: usize, lease_ends: Millis) -> Result<Vec<BulkClaim>> {
        self.engine.write(move |c| claim(c, now, limit, lease_ends)).await
    }

    async fn next_bulk_due(&self) -> Result<Option<Millis>> {
        self.engine.read(next_due).await
    }

    async fn commit_bulk_page(&self, page: BulkPage) -> Result<bool> {
        self.engine.write(move |c| commit(c, &page)).await
    }

    async fn settle_bulk(&self, settlement: BulkSettlement) -> Result<bool> {
        self.engine.write(move |c| settle(c, &settlement)).await
    }

    async fn end_bulk(&self, instance: InstanceId, id: BulkId, now: Millis) -> Result<()> {
        self.engine.write(move |c| end(c, instance, id, now)).await
    }

    async fn bulk_page(&self, job: BulkId, ordinal: u64) -> Result<Option<Bytes>> {
        self.engine.read(move |c| page(c, job, ordinal)).await
    }

    async fn bulk_errors(&self, job: BulkId, after: i64, limit: usize) -> Result<Vec<BulkError>> {
        self.engine.read(move |c| errors(c, job, after, limit)).await
    }

    async fn prune_bulk(&self, before: Millis) -> Result<usize> {
        let mut total = 0;
        loop {
            let removed = self.engine.write(move |c| prune(c, before)).await?;
            if removed == 0 {
                return Ok(total);
            }
            total += removed;
        }
    }
}

/// Give back every lease.
pub(super) fn recover(connection: &Connection) -> Result<()> {
    connection.execute(
        "UPDATE bulk_jobs SET lease_epoch = lease_epoch + 1, lease_ends = NULL WHERE lease_ends IS NOT NULL",
        (),
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<BulkJob> {
    Ok(BulkJob {
        id: row.get("id")?,
        account: row.get("account_id")?,
        instance: row.get("instance_id")?,
        object: row.get("object")?,
        query: row.get("query")?,
        callback: row.get("callback")?,
        status: row.get("status")?,
        reason: row.get("reason")?,
        cursor: row.get("cursor")?,
        pages: count(row, "pages")?,
        skipped: count(row, "skipped")?,
        records: count(row, "records")?,
        bytes: count(row, "bytes")?,
        columns: row.get::<_, Json<_>>("columns")?.0,
        failures: row.get("failures")?,
        created: row.get("created")?,
        started: row.get("started")?,
        finished: row.get("finished")?,
    })
}

fn create(connection: &Connection, job: &NewBulk, most: usize) -> Result<Option<BulkJob>> {
    let mut unfinished = connection
        .prepare_cached("SELECT count(*) FROM bulk_jobs WHERE instance_id = ?1 AND finished IS NULL")?;
    if unfinished.query_row([job.instance], |row| row.get::<_, i64>(0))? >= signed(most) {
        return Ok(None);
    }
    let mut insert = connection.prepare_cached(&format!(
        "INSERT INTO bulk_jobs (account_id, instance_id, object, query, callback, next_run, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) RETURNING {JOB}"
    ))?;
    let values = params![
        job.account,
        job.instance,
        job.object,
        job.query,
        job.callback,
        job.created
    ];
    Ok(Some(insert.query_row(values, read)?))
}

fn find(connection: &Connection, instance: InstanceId, id: BulkId) -> Result<Option<BulkJob>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {JOB} FROM bulk_jobs WHERE id = ?1 AND instance_id = ?2"
    ))?;
    Ok(select.query_row(params![id, instance], read).optional()?)
}

fn list(
    connection: &Connection,
    instance: InstanceId,
    before: Option<BulkId>,
    limit: usize,
) -> Result<Vec<BulkJob>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {JOB} FROM bulk_jobs WHERE instance_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
    ))?;
    let before = before.map_or(i64::MAX, |before| before.0);
    let found = select.query_map(params![instance, before, signed(limit)], read)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn claim(connection: &Connection, now: Millis, limit: usize, lease_ends: Millis) -> Result<Vec<BulkClaim>> {
    let mut take = connection.prepare_cached(&format!(
        "UPDATE bulk_jobs
         SET status = 1, started = coalesce(started, ?1), lease_epoch = lease_epoch + 1, lease_ends = ?3
         WHERE id IN (SELECT id FROM bulk_jobs j
                      WHERE finished IS NULL AND next_run <= ?1 AND coalesce(lease_ends, ?1) <= ?1
                        AND NOT EXISTS (SELECT 1 FROM bulk_jobs o
                                        WHERE o.instance_id = j.instance_id AND o.finished IS NULL AND o.id < j.id)
                      ORDER BY next_run, id LIMIT ?2)
         RETURNING {JOB}, lease_epoch"
    ))?;
    let taken = take.query_map(params![now, signed(limit), lease_ends], |row| {
        Ok(BulkClaim {
            job: read(row)?,
            epoch: row.get("lease_epoch")?,
        })
    })?;
    let mut taken: Vec<BulkClaim> = taken.collect::<rusqlite::Result<_>>()?;
    taken.sort_by_key(|claim| claim.job.id);
    Ok(taken)
}

fn next_due(connection: &Connection) -> Result<Option<Millis>> {
    let mut select = connection.prepare_cached(
        "SELECT min(coalesce(lease_ends, next_run)) FROM bulk_jobs j
         WHERE finished IS NULL
           AND NOT EXISTS (SELECT 1 FROM bulk_jobs o
                           WHERE o.instance_id = j.instance_id AND o.finished IS NULL AND o.id < j.id)",
    )?;
    Ok(select.query_row((), |row| row.get(0))?)
}

fn commit(connection: &Connection, page: &BulkPage) -> Result<bool> {
    let mut update = connection.prepare_cached(
        "UPDATE bulk_jobs
         SET cursor = ?3, pages = pages + ?4, records = records + ?5, bytes = bytes + ?6, skipped = skipped + ?7,
             columns = ?8, lease_ends = ?9, failures = 0, reason = NULL
         WHERE id = ?1 AND lease_epoch = ?2 AND lease_ends IS NOT NULL AND finished IS NULL
         RETURNING pages",
    )?;
    let stored = i64::from(!page.body.is_empty());
    let pages: Option<i64> = update
        .query_row(
            params![
                page.job,
                page.epoch,
                page.cursor,
                stored,
                signed(page.records),
                signed(page.body.len()),
                signed(page.skipped),
                Json(&page.columns),
                page.lease_ends,
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(pages) = pages else {
        return Ok(false);
    };
    if stored > 0 {
        let mut insert = connection
            .prepare_cached("INSERT INTO bulk_pages (job_id, ordinal, body) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![page.job, pages - 1, page.body.as_ref()])?;
    }
    if let Some(end) = &page.end {
        finish(connection, page.job, end, page.now)?;
    }
    Ok(true)
}

fn settle(connection: &Connection, settlement: &BulkSettlement) -> Result<bool> {
    let mut held = connection.prepare_cached(
        "SELECT 1 FROM bulk_jobs
         WHERE id = ?1 AND lease_epoch = ?2 AND lease_ends IS NOT NULL AND finished IS NULL",
    )?;
    if !held.exists(params![settlement.job, settlement.epoch])? {
        return Ok(false);
    }
    if let Some(error) = &settlement.error {
        note(connection, settlement.job, error)?;
    }
    match &settlement.outcome {
        BulkOutcome::Later {
            next_run,
            reason,
            failures,
        } => {
            let mut later = connection.prepare_cached(
                "UPDATE bulk_jobs SET next_run = ?2, reason = ?3, failures = ?4, lease_ends = NULL WHERE id = ?1",
            )?;
            later.execute(params![settlement.job, next_run, reason, failures])?;
        }
        BulkOutcome::Over(end) => finish(connection, settlement.job, end, settlement.now)?,
    }
    Ok(true)
}

fn note(connection: &Connection, job: BulkId, error: &BulkError) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO bulk_errors (job_id, at, message, provider_message)
         SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM bulk_errors WHERE job_id = ?1) < ?5",
    )?;
    insert.execute(params![
        job,
        error.at,
        error.message,
        error.provider_message,
        ERRORS
    ])?;
    Ok(())
}

/// End an export, and tell its callback.
fn finish(connection: &Connection, job: BulkId, end: &BulkEnd, now: Millis) -> Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE bulk_jobs
         SET status = ?2, reason = ?3, finished = ?4, lease_ends = NULL, cursor = NULL
         WHERE id = ?1 RETURNING account_id, instance_id, callback",
    )?;
    let (account, instance, callback): (AccountId, InstanceId, Option<String>) = update
        .query_row(params![job, end.status, end.reason, now], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    if end.status != BulkStatus::Completed {
        drop_pages(connection, job)?;
    }
    let (Some(notice), Some(callback)) = (&end.notice, callback) else {
        return Ok(());
    };
    let message = NewMessage {
        id: notice.id,
        event_id: notice.event_id.clone(),
        topic: notice.topic.clone(),
        created: now,
        body: notice.body.clone(),
    };
    messages::keep(connection, account, &message)?;
    let subscription = subscriptions::create_single(connection, account, instance, &callback, now)?;
    outboxes::enqueue(connection, subscription, message.id, now)?;
    outboxes::refresh(connection, subscription)
}

fn drop_pages(connection: &Connection, job: BulkId) -> Result<()> {
    let mut drop = connection.prepare_cached("DELETE FROM bulk_pages WHERE job_id = ?1")?;
    drop.execute([job])?;
    Ok(())
}

fn end(connection: &Connection, instance: InstanceId, id: BulkId, now: Millis) -> Result<()> {
    let mut cancel = connection.prepare_cached(
        "UPDATE bulk_jobs
         SET status = ?3, finished = ?4, lease_ends = NULL, cursor = NULL, reason = NULL
         WHERE id = ?1 AND instance_id = ?2 AND finished IS NULL",
    )?;
    if cancel.execute(params![id, instance, BulkStatus::Cancelled, now])? > 0 {
        return drop_pages(connection, id);
    }
    let mut remove = connection.prepare_cached("DELETE FROM bulk_jobs WHERE id = ?1 AND instance_id = ?2")?;
    match remove.execute(params![id, instance])? {
        0 => Err(StoreError::Missing("export")),
        _ => Ok(()),
    }
}

fn page(connection: &Connection, job: BulkId, ordinal: u64) -> Result<Option<Bytes>> {
    let mut select =
        connection.prepare_cached("SELECT body FROM bulk_pages WHERE job_id = ?1 AND ordinal = ?2")?;
    let body = select.query_row(params![job, signed(ordinal)], |row| row.get::<_, Vec<u8>>(0));
    Ok(body.optional()?.map(Bytes::from))
}

fn errors(connection: &Connection, job: BulkId, after: i64, limit: usize) -> Result<Vec<BulkError>> {
    let mut select = connection.prepare_cached(
        "SELECT id, at, message, provider_message FROM bulk_errors WHERE job_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    )?;
    let found = select.query_map(params![job, after, signed(limit)], |row| {
        Ok(BulkError {
            id: row.get(0)?,
            at: row.get(1)?,
            message: row.get(2)?,
            provider_message: row.get(3)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn prune(connection: &Connection, before: Millis) -> Result<usize> {
    let mut remove = connection.prepare_cached(
        "DELETE FROM bulk_jobs WHERE id IN (SELECT id FROM bulk_jobs WHERE finished < ?1 LIMIT ?2)",
    )?;
    Ok(remove.execute(params![before, BATCH])?)
}
