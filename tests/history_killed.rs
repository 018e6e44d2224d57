//! A process that writes to the history is killed, for real: its right to write is free again, and its
//! journal is whole.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests are not recognised as tests")]

use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::DateTime;
use mailwarden::domain::{Cause, Class, ContentHash, Lane, TenantId};
use mailwarden::history::{
    ChainCheck, ErrorKind, History, Intent, Outcome, SqliteHistory, WriteOutcome, WriterLease,
};
use mailwarden::plan::Object;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));
const PLACE: &str = "TEST_HISTORY_TO_WRITE";

fn intent() -> Intent {
    Intent {
        tenant: TENANT,
        at: DateTime::UNIX_EPOCH,
        change_id: ContentHash::of(b"change"),
        cycle_id: Uuid::nil(),
        lane: Lane::Full,
        object: Object::Organization,
        class: Class::Corrective,
        cause: Cause::External,
        corrections: Vec::new(),
        policies: Vec::new(),
        policy_revision: ContentHash::of(b"set"),
        accepted: None,
        identity: "app".into(),
    }
}

fn outcome(intent: u64) -> Outcome {
    Outcome {
        tenant: TENANT,
        at: DateTime::UNIX_EPOCH,
        intent,
        outcome: WriteOutcome::Applied,
        request_id: None,
        error: None,
    }
}

/// Not a test of its own: what the killed process runs.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let history = SqliteHistory::open(place).await.unwrap();
    let _lease = history.acquire_writer(TENANT, format!("process {}", std::process::id())).await.unwrap();
    loop {
        let numbers = history.append_intents(vec![intent(), intent(), intent()]).await.unwrap();
        for number in numbers {
            history.append_outcomes(vec![outcome(number)]).await.unwrap();
        }
    }
}

async fn acquired(history: &SqliteHistory) -> Result<WriterLease, ErrorKind> {
    history.acquire_writer(TENANT, "the test".into()).await.map_err(|error| error.kind().clone())
}

#[tokio::test]
async fn killed_at_any_instant_it_leaves_a_whole_journal_and_no_lock() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("mailwarden.db");
    let history = SqliteHistory::open(&place).await.unwrap();
    let mut entries = 0;
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed"])
            .env(PLACE, &place)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while history.head(TENANT).await.unwrap().seq < entries + 4 {
            assert!(child.try_wait().unwrap().is_none(), "it is to be killed, not to end");
            tokio::time::sleep(Duration::from_millis(2 + round)).await;
        }
        let holder = format!("process {}", child.id());
        assert_eq!(acquired(&history).await.unwrap_err(), ErrorKind::WriterHeld { holder });
        child.kill().unwrap();
        child.wait().unwrap();

        let again = SqliteHistory::open(&place).await.unwrap();
        drop(acquired(&again).await.unwrap());
        entries = again.head(TENANT).await.unwrap().seq;
        assert_eq!(again.verify_chain(TENANT).await.unwrap(), ChainCheck::Whole(entries));
        let open = again.open_intents(TENANT).await.unwrap();
        assert!(open.len() <= 3, "{}", open.len());
        let outcomes = open.iter().map(|open| outcome(open.seq)).collect();
        again.append_outcomes(outcomes).await.unwrap();
        assert_eq!(again.open_intents(TENANT).await.unwrap(), []);
        entries = again.head(TENANT).await.unwrap().seq;
    }
}
