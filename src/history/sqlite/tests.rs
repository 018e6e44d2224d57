//! What only a file can do: fill up, be tampered with, be opened twice, belong to somebody else.

use super::*;
use crate::domain::{Cause, Class, ContentHash, Field, Lane, MailboxId, TenantId};
use crate::history::{
    ChainCheck, CompleteView, CycleOutcome, CycleRecord, FieldChange, History, Intent, Outcome, WriteOutcome,
};
use crate::plan::Object;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn intent(number: u128) -> Intent {
    Intent {
        tenant: TENANT,
        at: at(0),
        change_id: ContentHash::of(&number.to_be_bytes()),
        cycle_id: Uuid::nil(),
        lane: Lane::New,
        object: Object::Mailbox(MailboxId(Uuid::from_u128(number))),
        class: Class::Corrective,
        cause: Cause::NewMailbox,
        corrections: vec![FieldChange { field: Field::Enabled, before: false.into(), after: true.into() }],
        policies: Vec::new(),
        policy_revision: ContentHash::of(b""),
        accepted: None,
        identity: "app".into(),
    }
}

async fn opened() -> (SqliteHistory, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (SqliteHistory::open(directory.path().join("m.db")).await.unwrap(), directory)
}

async fn execute(history: &SqliteHistory, sql: &'static str) {
    history.write("test", move |db| Ok(db.execute_batch(sql)?)).await.unwrap();
}

async fn count(history: &SqliteHistory, table: &'static str) -> u64 {
    let sql = format!("SELECT count(*) FROM {table}");
    history.read("test", move |db| Ok(db.query_row(&sql, [], |row| value::get(row, 0))?)).await.unwrap()
}

#[tokio::test]
async fn tampering_is_found_where_it_begins() {
    for (sql, seq) in [
        ("UPDATE journal SET body = replace(body, 'true', 'false') WHERE seq = 3", 3),
        ("UPDATE journal SET hash = (SELECT hash FROM journal WHERE seq = 1) WHERE seq = 2", 2),
        ("DELETE FROM journal WHERE seq = 4", 4),
        ("DELETE FROM journal WHERE seq = 5", 5),
        ("DELETE FROM journal WHERE seq = 1", 1),
        ("UPDATE journal SET seq = seq + 10 WHERE seq = 5", 5),
        ("UPDATE journal SET class = 'intentional' WHERE seq = 2", 2),
        ("UPDATE journal SET at = at - 1 WHERE seq = 3", 3),
        ("UPDATE journal_head SET hash = (SELECT hash FROM journal WHERE seq = 1)", 5),
    ] {
        let (history, _directory) = opened().await;
        history.append_intents((1..=5).map(intent).collect()).await.unwrap();
        assert_eq!(history.verify_chain(TENANT).await.unwrap(), ChainCheck::Whole(5));
        execute(&history, sql).await;
        match history.verify_chain(TENANT).await.unwrap() {
            ChainCheck::Broken { seq: found, .. } => assert_eq!(found, seq, "{sql}"),
            ChainCheck::Whole(_) => panic!("not found: {sql}"),
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_recovers() {
    let (history, _directory) = opened().await;
    let limit = |pages: i64| {
        history.run("test", move |store| {
            let connection = store.connection.lock().unwrap();
            Ok(connection.pragma_update(None, "max_page_count", pages)?)
        })
    };
    limit(1).await.unwrap();
    let mut error = None;
    for batch in 0..100 {
        if let Err(failed) = history.append_intents((batch * 50..batch * 50 + 50).map(intent).collect()).await
        {
            error = Some(failed);
            break;
        }
    }
    let error = error.expect("the limit is reached");
    assert_eq!(*error.kind(), ErrorKind::Full);
    assert!(error.to_string().contains("m.db`: no space is left"), "{error}");
    let before = history.head(TENANT).await.unwrap();
    assert_eq!(history.verify_chain(TENANT).await.unwrap(), ChainCheck::Whole(before.seq));
    limit(1_000_000).await.unwrap();
    assert_eq!(history.append_intents(vec![intent(1)]).await.unwrap(), [before.seq + 1]);
}

#[tokio::test]
async fn a_process_that_is_killed_leaves_open_intents() {
    let (history, directory) = opened().await;
    let path = history.path().to_owned();
    history.append_intents(vec![intent(1), intent(2)]).await.unwrap();
    let applied = Outcome {
        tenant: TENANT,
        at: at(1),
        intent: 1,
        outcome: WriteOutcome::Applied,
        request_id: None,
        error: None,
    };
    history.append_outcomes(vec![applied]).await.unwrap();
    // What a kill leaves: the files as they are, never closed.
    let killed = directory.path().join("killed.db");
    for suffix in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        std::fs::copy(name(&path), name(&killed)).unwrap();
    }
    let again = SqliteHistory::open(killed).await.unwrap();
    let open: Vec<u64> = again.open_intents(TENANT).await.unwrap().iter().map(|open| open.seq).collect();
    assert_eq!(open, [2]);
    assert_eq!(again.verify_chain(TENANT).await.unwrap(), ChainCheck::Whole(3));
}

#[tokio::test]
async fn quiet_looks_leave_nothing_behind() {
    let (history, _directory) = opened().await;
    let seen: Vec<MailboxId> = (0..1000).map(|number| MailboxId(Uuid::from_u128(number))).collect();
    let view = |seconds| CompleteView { started_at: at(seconds), at: at(seconds), seen: seen.clone() };
    history.note_complete_view(TENANT, view(0)).await.unwrap();
    let written = history.read("test", |db| Ok(db.total_changes()));
    let before = written.await.unwrap();
    for round in 0..100 {
        let record = CycleRecord {
            tenant: TENANT,
            cycle_id: Uuid::from_u128(round),
            lane: Lane::New,
            started_at: at(round as i64),
            finished_at: at(round as i64),
            outcome: CycleOutcome::Complete,
            examined: 1000,
            corrected: 0,
            unknown: 0,
            edges: 0,
            policy_revision: ContentHash::of(b""),
            error: None,
        };
        history.record_cycle(record).await.unwrap();
        history.note_complete_view(TENANT, view(round as i64)).await.unwrap();
    }
    assert_eq!((count(&history, "cycle").await, count(&history, "cycle_day").await), (0, 1));
    let after = history.read("test", |db| Ok(db.total_changes())).await.unwrap();
    assert_eq!(after - before, 200, "one row for the day and one for the view, each time");
}

#[tokio::test]
async fn two_may_open_and_readers_never_write() {
    let (first, _directory) = opened().await;
    let second = SqliteHistory::open(first.path()).await.unwrap();
    let reader = SqliteHistory::open_read_only(first.path()).await.unwrap();
    let lease = first.acquire_writer(TENANT, "host a, process 7, run".into()).await.unwrap();
    let refused = second.acquire_writer(TENANT, "me".into()).await.unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::WriterHeld { holder: "host a, process 7, run".into() });

    first.append_intents(vec![intent(1)]).await.unwrap();
    assert_eq!(reader.head(TENANT).await.unwrap().seq, 1);
    let error = reader.append_intents(vec![intent(2)]).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::ReadOnly);
    assert_eq!(*reader.acquire_writer(TENANT, "me".into()).await.unwrap_err().kind(), ErrorKind::ReadOnly);
    drop(lease);
    second.acquire_writer(TENANT, "me".into()).await.unwrap();
    assert_eq!(second.append_intents(vec![intent(3)]).await.unwrap(), [2]);
}

#[tokio::test]
async fn what_was_written_is_there_again() {
    let (history, _directory) = opened().await;
    let path = history.path().to_owned();
    history.append_intents(vec![intent(1)]).await.unwrap();
    let head = history.head(TENANT).await.unwrap();
    drop(history);
    let again = SqliteHistory::open(&path).await.unwrap();
    assert_eq!(again.head(TENANT).await.unwrap(), head);
    drop(again);
    assert_eq!(SqliteHistory::open_read_only(&path).await.unwrap().head(TENANT).await.unwrap(), head);
}

#[tokio::test]
async fn what_is_not_ours_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let kind = |opened: Result<SqliteHistory, Error>| opened.unwrap_err().kind().clone();

    assert_eq!(kind(SqliteHistory::open_read_only(path("none.db")).await), ErrorKind::Missing);
    assert!(!path("none.db").exists());
    assert_eq!(kind(SqliteHistory::open(path("no/such/directory.db")).await), ErrorKind::Missing);

    std::fs::write(path("text.db"), "apiVersion: mailwarden/v1\n".repeat(100)).unwrap();
    assert_eq!(kind(SqliteHistory::open(path("text.db")).await), ErrorKind::Foreign);

    let foreign = Connection::open(path("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert_eq!(kind(SqliteHistory::open(path("foreign.db")).await), ErrorKind::Foreign);

    let newer = SqliteHistory::open(path("newer.db")).await.unwrap();
    execute(&newer, "INSERT INTO refinery_schema_history SELECT 99, name, applied_on, checksum FROM refinery_schema_history")
        .await;
    drop(newer);
    let expected = ErrorKind::NewerSchema { found: 99, known: 1 };
    assert_eq!(kind(SqliteHistory::open(path("newer.db")).await), expected);
    assert_eq!(kind(SqliteHistory::open_read_only(path("newer.db")).await), expected);
}

#[tokio::test]
async fn a_file_that_was_taken_away_is_not_written_on() {
    let (history, _directory) = opened().await;
    std::fs::remove_file(history.path()).unwrap();
    let error = history.append_intents(vec![intent(1)]).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Missing);
    assert!(!error.remedy().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_the_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let (history, directory) = opened().await;
    history.append_intents(vec![intent(1)]).await.unwrap();
    let _lease = history.acquire_writer(TENANT, "me".into()).await.unwrap();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn many_starting_together_migrate_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.db");
    let openings = (0..6).map(|_| tokio::spawn(SqliteHistory::open(path.clone())));
    for opening in openings.collect::<Vec<_>>() {
        opening.await.unwrap().unwrap();
    }
}
