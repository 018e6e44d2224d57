//! Whatever is done to them, in whatever order, the SQLite history answers as the plain model in memory.
#![allow(clippy::unwrap_used, reason = "helpers of tests are not recognised as tests")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use mailwarden::domain::{ActionSet, Cause, Class, ContentHash, Field, Lane, MailboxId, Mode, TenantId};
use mailwarden::history::*;
use mailwarden::plan::Object;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));

type Ids = BTreeSet<u8>;

#[derive(Debug, Clone)]
enum Step {
    Seen(Ids),
    View { ids: Ids, took: u8 },
    Look { examined: Option<Ids>, found: Ids, fields: u8, desired: bool, revision: bool },
    Attempted { ids: Ids, outcome: u8 },
    Close(Ids),
    Intents { ids: Ids, class: bool },
    Outcome { intent: u8, outcome: u8 },
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let ids = || btree_set(0_u8..8, 0..6);
    prop_oneof![
        ids().prop_map(Step::Seen),
        (ids(), 0_u8..9).prop_map(|(ids, took)| Step::View { ids, took }),
        (prop::option::of(ids()), ids(), 1_u8..4, any::<bool>(), any::<bool>()).prop_map(
            |(examined, found, fields, desired, revision)| Step::Look {
                examined,
                found,
                fields,
                desired,
                revision
            }
        ),
        (ids(), 0_u8..7).prop_map(|(ids, outcome)| Step::Attempted { ids, outcome }),
        ids().prop_map(Step::Close),
        (ids(), any::<bool>()).prop_map(|(ids, class)| Step::Intents { ids, class }),
        (0_u8..12, 0_u8..7).prop_map(|(intent, outcome)| Step::Outcome { intent, outcome }),
        (0_u8..30).prop_map(Step::Wait),
    ]
}

fn mailbox(number: u8) -> MailboxId {
    MailboxId(Uuid::from_u128(number.into()))
}

fn mailboxes(ids: &Ids) -> Vec<MailboxId> {
    ids.iter().copied().map(mailbox).collect()
}

fn keys(ids: &Ids) -> Vec<DriftKey> {
    ids.iter().map(|id| (Object::Mailbox(mailbox(*id)), Field::Owner)).collect()
}

fn row(id: u8, desired: bool) -> DriftRow {
    DriftRow {
        object: if id == 0 { Object::Organization } else { Object::Mailbox(mailbox(id)) },
        field: if id.is_multiple_of(2) { Field::Enabled } else { Field::Owner },
        cause: Cause::External,
        class: desired.then_some(Class::Corrective),
        mode: if id < 6 { Mode::Enforce } else { Mode::Observe },
        observed: "Update".into(),
        desired: desired.to_string(),
        missing: ActionSet::parse(["Send", "BrandNew"]),
        extra: ActionSet::EMPTY,
        policies: vec!["baseline".into()],
    }
}

fn intent(id: u8, class: bool, at: DateTime<Utc>) -> Intent {
    Intent {
        tenant: TENANT,
        at,
        change_id: ContentHash::of(&[id]),
        cycle_id: Uuid::nil(),
        lane: Lane::Full,
        object: Object::Mailbox(mailbox(id)),
        class: if class { Class::Intentional } else { Class::Freezing },
        cause: Cause::PolicyChange,
        corrections: Vec::new(),
        policies: Vec::new(),
        policy_revision: ContentHash::of(b"set"),
        accepted: None,
        identity: "app".into(),
    }
}

/// Does one step and tells everything that came of it.
async fn play(history: &dyn History, step: &Step, at: DateTime<Utc>) -> String {
    let outcome_of = |number: u8| WriteOutcome::ALL[usize::from(number) % WriteOutcome::ALL.len()];
    match step.clone() {
        Step::Seen(ids) => format!("{:?}", history.note_seen(TENANT, mailboxes(&ids), at).await.unwrap()),
        Step::View { ids, took } => {
            let started_at = at - TimeDelta::minutes(took.into());
            let view = CompleteView { started_at, at, seen: mailboxes(&ids) };
            format!("{:?}", history.note_complete_view(TENANT, view).await.unwrap())
        }
        Step::Look { examined, found, fields, desired, revision } => {
            let judged = [(1, Field::Enabled), (2, Field::Owner)].into_iter();
            let look = Look {
                at,
                policy_revision: ContentHash::of(&[revision.into()]),
                examined: examined
                    .map_or(Examined::All, |ids| Examined::These(mailboxes(&ids).into_iter().collect())),
                fields: judged.filter(|(bit, _)| fields & bit != 0).map(|(_, field)| field).collect(),
                unknown: BTreeSet::new(),
                remind_after: TimeDelta::minutes(40),
                persists_after: TimeDelta::minutes(20),
            };
            let found = found.iter().map(|id| row(*id, desired)).collect();
            format!("{:?}", history.reconcile_drift(TENANT, look, found).await.unwrap())
        }
        Step::Attempted { ids, outcome } => {
            history.note_attempted(TENANT, keys(&ids), at, outcome_of(outcome)).await.unwrap();
            String::new()
        }
        Step::Close(ids) => {
            format!("{:?}", history.close_drift(TENANT, keys(&ids), at, ClosedHow::Corrected).await.unwrap())
        }
        Step::Intents { ids, class } => {
            let intents = ids.iter().map(|id| intent(*id, class, at)).collect();
            format!("{:?}", history.append_intents(intents).await.unwrap())
        }
        Step::Outcome { intent, outcome } => {
            let outcome = Outcome {
                tenant: TENANT,
                at,
                intent: intent.into(),
                outcome: outcome_of(outcome),
                request_id: None,
                error: None,
            };
            let done = history.append_outcomes(vec![outcome]).await;
            format!("{:?}", done.map_err(|error| error.kind().clone()))
        }
        Step::Wait(_) => String::new(),
    }
}

/// Everything that can be asked afterwards.
async fn ask(history: &dyn History, at: DateTime<Utc>) -> Vec<String> {
    let mut answers = vec![
        format!("{:?}", history.known(TENANT).await.unwrap()),
        format!("{:?}", history.first_seen_since(TENANT, at - TimeDelta::minutes(30)).await.unwrap()),
        format!("{:?}", history.open_drift(TENANT).await.unwrap()),
        format!("{:?}", history.head(TENANT).await.unwrap()),
        format!("{:?}", history.open_intents(TENANT).await.unwrap()),
        format!("{:?}", history.entries(TENANT, JournalFilter::of_mailbox(mailbox(1)), 5).await.unwrap()),
        format!("{:?}", history.verify_chain(TENANT).await.unwrap()),
    ];
    let since = at - TimeDelta::minutes(60);
    let changed = history.objects_changed(TENANT, vec![Class::Intentional], since).await.unwrap();
    answers.push(format!("{changed:?}"));
    for id in 0..8 {
        answers.push(format!("{:?}", history.seen(TENANT, mailbox(id)).await.unwrap()));
        let drifts = history.drift_of(TENANT, Object::Mailbox(mailbox(id)), 10).await.unwrap();
        answers.push(format!("{drifts:?}"));
    }
    answers
}

async fn compare(steps: &[Step]) {
    let directory = tempfile::tempdir().unwrap();
    let sqlite = SqliteHistory::open(directory.path().join("m.db")).await.unwrap();
    let memory = MemoryHistory::new();
    let mut at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    for step in steps {
        let minutes = if let Step::Wait(minutes) = step { *minutes } else { 1 };
        at += TimeDelta::minutes(minutes.into());
        assert_eq!(play(&sqlite, step, at).await, play(&memory, step, at).await, "{step:?}");
    }
    assert_eq!(ask(&sqlite, at).await, ask(&memory, at).await);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_answer_alike(steps in vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(&steps));
    }
}
