use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{GROUP, GroupFailed, Job, Kept, Transaction, Writer, commit};
use crate::store::{Result, StoreError, sqlite::connection};

type Answer = oneshot::Receiver<Result<usize>>;

fn table() -> Connection {
    let connection = connection::memory().unwrap();
    connection
        .execute_batch("CREATE TABLE written (value INTEGER UNIQUE)")
        .unwrap();
    connection
}

fn written(connection: &Connection) -> Vec<i64> {
    let mut statement = connection
        .prepare("SELECT value FROM written ORDER BY value")
        .unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn insert(value: i64) -> impl FnOnce(&Connection) -> Result<usize> + Send + 'static {
    move |connection| Ok(connection.execute("INSERT INTO written VALUES (?1)", [value])?)
}

fn job(work: impl FnOnce(&Connection) -> Result<usize> + Send + 'static) -> (Box<dyn Job>, Answer) {
    let (answer, answered) = oneshot::channel();
    let job = Transaction {
        work: Some(work),
        outcome: None,
        answer,
    };
    (Box::new(job), answered)
}

/// Commit a group and hand out its answers.
fn run(connection: &mut Connection, mut group: Vec<Box<dyn Job>>) {
    let committed = commit(connection, &mut group).map_err(|error| GroupFailed(error.into()));
    for job in group {
        job.answer(committed.clone());
    }
}

#[test]
fn a_group_shares_one_commit_and_a_failure_undoes_only_itself() {
    let mut connection = table();
    let (first, mut first_answer) = job(insert(1));
    let (twice, mut twice_answer) = job(|connection| {
        insert(2)(connection)?;
        insert(1)(connection)
    });
    let (last, mut last_answer) = job(insert(3));
    run(&mut connection, vec![first, twice, last]);
    assert_eq!(first_answer.try_recv().unwrap().unwrap(), 1);
    assert!(matches!(
        twice_answer.try_recv().unwrap(),
        Err(StoreError::Engine(_))
    ));
    assert_eq!(last_answer.try_recv().unwrap().unwrap(), 1);
    assert_eq!(written(&connection), [1, 3]);
}

#[test]
fn a_commit_that_fails_is_everybodys_failure() {
    let mut connection = table();
    let (good, mut good_answer) = job(insert(1));
    // What a full disk does: the transaction is gone, and with it everybody's savepoint.
    let (breaking, mut breaking_answer) = job(|connection| {
        connection.execute_batch("ROLLBACK")?;
        Ok(0)
    });
    let (late, mut late_answer) = job(insert(2));
    run(&mut connection, vec![good, breaking, late]);
    assert!(good_answer.try_recv().unwrap().is_err());
    assert!(breaking_answer.try_recv().unwrap().is_err());
    assert!(late_answer.try_recv().unwrap().is_err());
    assert_eq!(written(&connection), [] as [i64; 0]);
}

#[test]
fn what_failed_is_not_kept() {
    let mut connection = table();
    let (mut failing, _answer) = job(|_connection| Err(StoreError::Missing("row")));
    assert_eq!(failing.run(&connection), Kept::No);
    let (mut working, _answer) = job(insert(1));
    assert_eq!(working.run(&connection), Kept::Yes);
    run(&mut connection, Vec::new());
}

#[tokio::test]
async fn more_than_a_group_is_written_and_nothing_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database");
    let writer = Writer::start(connection::writer(&path).unwrap()).unwrap();
    let create =
        |connection: &Connection| Ok(connection.execute_batch("CREATE TABLE written (value INTEGER)")?);
    writer.run(create).await.unwrap();
    let count = i64::try_from(GROUP * 3 + 1).unwrap();
    let inserted = (0..count).map(|value| writer.run(insert(value)));
    assert!(
        futures::future::join_all(inserted)
            .await
            .iter()
            .all(Result::is_ok)
    );
    writer.shut().unwrap().join().unwrap();
    assert!(matches!(writer.run(insert(0)).await, Err(StoreError::Closed)));
    assert_eq!(
        written(&connection::reader(&path).unwrap()),
        (0..count).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database");
    let writer = Writer::start(connection::writer(&path).unwrap()).unwrap();
    writer
        .run(|connection| Ok(connection.execute_batch("CREATE TABLE written (value INTEGER)")?))
        .await
        .unwrap();
    // Hold the thread until both others wait in the queue.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let holding = writer.run(move |_connection| Ok(held.recv().is_ok()));
    let abandoned = writer.run(insert(1));
    let waited_for = writer.run(insert(2));
    let (mut holding, mut waited_for) = (Box::pin(holding), Box::pin(waited_for));
    assert!(futures::poll!(holding.as_mut()).is_pending());
    {
        let mut abandoned = Box::pin(abandoned);
        assert!(futures::poll!(abandoned.as_mut()).is_pending());
    }
    assert!(futures::poll!(waited_for.as_mut()).is_pending());
    release.send(()).unwrap();
    assert!(holding.await.unwrap());
    waited_for.await.unwrap();
    writer.shut().unwrap().join().unwrap();
    assert_eq!(written(&connection::reader(&path).unwrap()), [2]);
}
