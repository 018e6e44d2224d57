//! What every history does, held against each implementation in turn.
#![allow(clippy::unwrap_used, reason = "helpers of tests are not recognised as tests")]

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use mailwarden::domain::{
    ActionSet, AuditAction, AuditTier, Cause, Class, ContentHash, DefaultSets, Field, Lane, LogonType,
    MailboxId, Mode, TenantId,
};
use mailwarden::history::*;
use mailwarden::plan::Object;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));
const OTHER: TenantId = TenantId(Uuid::from_u128(2));

/// A history, and what has to outlive it.
type Kept = (Arc<dyn History>, Option<tempfile::TempDir>);

async fn sqlite() -> Kept {
    let directory = tempfile::tempdir().unwrap();
    let history = SqliteHistory::open(directory.path().join("mailwarden.db")).await.unwrap();
    (Arc::new(history), Some(directory))
}

async fn memory() -> Kept {
    (Arc::new(MemoryHistory::new()), None)
}

macro_rules! suite {
    ($($test:ident),+ $(,)?) => {
        mod in_sqlite {
            $(#[tokio::test] async fn $test() {
                let (history, _directory) = super::sqlite().await;
                super::$test(history.as_ref()).await;
            })+
        }
        mod in_memory {
            $(#[tokio::test] async fn $test() {
                let (history, _) = super::memory().await;
                super::$test(history.as_ref()).await;
            })+
        }
    };
}

suite!(
    quiet_cycles_are_counted_and_loud_ones_listed,
    the_last_complete_cycle_is_of_its_lane,
    mailboxes_are_new_once_and_vanish_once,
    a_mailbox_first_seen_during_a_view_has_not_vanished,
    looks_at_nothing_new_leave_last_seen_right,
    drift_opens_changes_and_closes_once,
    drift_is_judged_only_by_looks_that_can,
    drift_is_told_again_after_a_day_and_once_when_it_persists,
    drift_ends_for_the_reason_that_is_known,
    attempts_are_replaced_and_forgotten,
    refusals_are_kept_by_mailbox_list_and_action,
    learned_default_sets_come_back,
    an_intent_is_open_until_something_came_of_it,
    the_journal_lists_what_a_filter_takes,
    caps_count_objects_that_may_have_changed,
    an_outcome_needs_its_intent,
    tenants_do_not_see_each_other,
    one_writer_to_a_tenant,
);

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn id(number: u128) -> MailboxId {
    MailboxId(Uuid::from_u128(number))
}

fn revision(text: &str) -> ContentHash {
    ContentHash::of(text.as_bytes())
}

fn cycle(lane: Lane, outcome: CycleOutcome, minute: i64) -> CycleRecord {
    CycleRecord {
        tenant: TENANT,
        cycle_id: Uuid::from_u128(minute.unsigned_abs().into()),
        lane,
        started_at: at(minute - 1),
        finished_at: at(minute),
        outcome,
        examined: 7,
        corrected: 0,
        unknown: 0,
        edges: 0,
        policy_revision: revision("a"),
        error: None,
    }
}

async fn quiet_cycles_are_counted_and_loud_ones_listed(history: &dyn History) {
    for minute in 0..50 {
        history.record_cycle(cycle(Lane::New, CycleOutcome::Complete, minute)).await.unwrap();
    }
    let mut loud = cycle(Lane::New, CycleOutcome::Partial, 50);
    loud.corrected = 3;
    loud.error = Some("the second page did not come".into());
    history.record_cycle(loud.clone()).await.unwrap();

    assert_eq!(history.cycles(TENANT, at(0), 10).await.unwrap(), [loud]);
    let days = history.cycle_days(TENANT, at(0).date_naive()).await.unwrap();
    assert_eq!(days.len(), 2);
    assert_eq!((days[0].count, days[0].first_at, days[0].last_at), (50, at(0), at(49)));
    assert_eq!((days[1].outcome, days[1].corrected), (CycleOutcome::Partial, 3));
    assert_eq!(history.cycle_days(TENANT, at(3 * 1440).date_naive()).await.unwrap(), []);
}

async fn the_last_complete_cycle_is_of_its_lane(history: &dyn History) {
    assert_eq!(history.last_complete(TENANT, Lane::Full).await.unwrap(), None);
    for (lane, outcome, minute) in [
        (Lane::Full, CycleOutcome::Complete, 5),
        (Lane::Full, CycleOutcome::Complete, 3000),
        (Lane::Full, CycleOutcome::Failed, 3010),
        (Lane::New, CycleOutcome::Complete, 3020),
    ] {
        history.record_cycle(cycle(lane, outcome, minute)).await.unwrap();
    }
    let last = history.last_complete(TENANT, Lane::Full).await.unwrap().unwrap();
    assert_eq!((last.started_at, last.at, last.population), (at(2999), at(3000), 7));
}

fn view(minute: i64, seen: &[u128]) -> CompleteView {
    let seen = seen.iter().rev().copied().map(id).collect();
    CompleteView { started_at: at(minute - 5), at: at(minute), seen }
}

async fn mailboxes_are_new_once_and_vanish_once(history: &dyn History) {
    let first = history.note_seen(TENANT, vec![id(3), id(1), id(3)], at(0)).await.unwrap();
    assert_eq!(first.new, [id(1), id(3)]);
    assert_eq!(history.note_seen(TENANT, vec![id(1)], at(1)).await.unwrap(), Sightings::default());

    let change = history.note_complete_view(TENANT, view(10, &[2, 3])).await.unwrap();
    assert_eq!((change.sightings.new, change.vanished), (vec![id(2)], vec![id(1)]));
    let again = history.note_complete_view(TENANT, view(20, &[2, 3])).await.unwrap();
    assert_eq!(again, ViewChange::default());
    assert_eq!(history.known(TENANT).await.unwrap(), [id(2), id(3)]);

    let back = history.note_seen(TENANT, vec![id(1)], at(30)).await.unwrap();
    assert_eq!((back.new, back.returned), (vec![], vec![id(1)]));
    let seen = history.seen(TENANT, id(1)).await.unwrap().unwrap();
    assert_eq!((seen.first_seen, seen.last_seen, seen.vanished_at), (at(0), at(30), None));
    let new = history.first_seen_since(TENANT, at(1)).await.unwrap();
    assert_eq!(new, [(id(2), at(10))]);
}

async fn a_mailbox_first_seen_during_a_view_has_not_vanished(history: &dyn History) {
    history.note_complete_view(TENANT, view(0, &[1])).await.unwrap();
    history.note_seen(TENANT, vec![id(2)], at(8)).await.unwrap();
    // Began at minute 5, before the second mailbox was there.
    let change = history.note_complete_view(TENANT, view(10, &[1])).await.unwrap();
    assert_eq!(change, ViewChange::default());
    let change = history.note_complete_view(TENANT, view(20, &[1])).await.unwrap();
    assert_eq!(change.vanished, [id(2)]);
}

async fn looks_at_nothing_new_leave_last_seen_right(history: &dyn History) {
    for minute in [10, 20, 30] {
        history.note_complete_view(TENANT, view(minute, &[1, 2])).await.unwrap();
    }
    assert_eq!(history.seen(TENANT, id(1)).await.unwrap().unwrap().last_seen, at(30));
    history.note_complete_view(TENANT, view(40, &[2])).await.unwrap();
    let gone = history.seen(TENANT, id(1)).await.unwrap().unwrap();
    assert_eq!((gone.last_seen, gone.vanished_at), (at(30), Some(at(40))));
    assert_eq!(history.seen(TENANT, id(9)).await.unwrap(), None);
}

fn row(object: Object, field: Field) -> DriftRow {
    DriftRow {
        object,
        field,
        cause: Cause::External,
        class: Some(Class::Corrective),
        mode: Mode::Enforce,
        observed: "Update".into(),
        desired: "HardDelete,Update".into(),
        missing: ActionSet::parse(["HardDelete"]),
        extra: ActionSet::EMPTY,
        policies: vec!["baseline".into(), "executives".into()],
    }
}

fn of(number: u128, field: Field) -> DriftRow {
    row(Object::Mailbox(id(number)), field)
}

fn look(minute: i64) -> Look {
    Look {
        at: at(minute),
        policy_revision: revision("a"),
        examined: Examined::All,
        fields: Field::ALL.to_vec(),
        unknown: BTreeSet::new(),
        remind_after: TimeDelta::hours(24),
        persists_after: TimeDelta::hours(1),
    }
}

fn these(minute: i64, ids: &[u128], fields: &[Field]) -> Look {
    let examined = Examined::These(ids.iter().copied().map(id).collect());
    Look { examined, fields: fields.to_vec(), ..look(minute) }
}

fn kinds(edges: &[DriftEdge]) -> Vec<EdgeKind> {
    edges.iter().map(|edge| edge.kind).collect()
}

async fn drift_opens_changes_and_closes_once(history: &dyn History) {
    let find = |minute, row: DriftRow| history.reconcile_drift(TENANT, look(minute), vec![row]);
    let opened = find(0, of(1, Field::Owner)).await.unwrap();
    assert_eq!(kinds(&opened), [EdgeKind::Opened]);
    let later = DriftRow { cause: Cause::PolicyChange, ..of(1, Field::Owner) };
    assert_eq!(find(1, later.clone()).await.unwrap(), []);

    let changed = find(2, DriftRow { observed: "None".into(), ..later }).await.unwrap();
    assert_eq!(kinds(&changed), [EdgeKind::Changed]);
    let closed = history.reconcile_drift(TENANT, look(3), vec![]).await.unwrap();
    assert_eq!(kinds(&closed), [EdgeKind::Closed]);
    assert_eq!(history.reconcile_drift(TENANT, look(4), vec![]).await.unwrap(), []);

    let ids: BTreeSet<Uuid> = [&opened, &changed, &closed].map(|edges| edges[0].drift.drift_id).into();
    assert_eq!(ids.len(), 1, "the same from opened to closed");
    let again = find(5, of(1, Field::Owner)).await.unwrap();
    assert!(!ids.contains(&again[0].drift.drift_id));
    let timeline = history.drift_of(TENANT, Object::Mailbox(id(1)), 10).await.unwrap();
    assert_eq!(timeline, [again[0].drift.clone(), closed[0].drift.clone()]);
}

async fn drift_is_judged_only_by_looks_that_can(history: &dyn History) {
    let found =
        vec![of(1, Field::Enabled), of(2, Field::Owner), row(Object::Organization, Field::MailboxAuditing)];
    history.reconcile_drift(TENANT, look(0), found).await.unwrap();
    let lists = [Field::Admin, Field::Delegate, Field::Owner];
    // Rows without stored state: `enabled` neither closes nor opens.
    let edges = history.reconcile_drift(TENANT, these(1, &[1, 3], &lists), vec![of(3, Field::Enabled)]).await;
    assert_eq!(edges.unwrap(), []);
    let edges = history.reconcile_drift(TENANT, these(2, &[1], &Field::OF_MAILBOX), vec![]).await.unwrap();
    assert_eq!(kinds(&edges), [EdgeKind::Closed]);
    assert_eq!(edges[0].drift.row.key(), (Object::Mailbox(id(1)), Field::Enabled));

    let unknown = [(Object::Mailbox(id(2)), Field::Owner)].into();
    let edges = history.reconcile_drift(TENANT, Look { unknown, ..look(3) }, vec![]).await.unwrap();
    assert_eq!(edges.len(), 1, "what is unknown stays open: {edges:?}");
    assert_eq!(edges[0].drift.row.object, Object::Organization);
    assert_eq!(history.open_drift(TENANT).await.unwrap().len(), 1);
}

async fn drift_is_told_again_after_a_day_and_once_when_it_persists(history: &dyn History) {
    let key = vec![of(1, Field::Owner).key()];
    let find = |minute| history.reconcile_drift(TENANT, look(minute), vec![of(1, Field::Owner)]);
    find(0).await.unwrap();
    history.note_attempted(TENANT, key.clone(), at(600), WriteOutcome::Failed).await.unwrap();
    history.note_attempted(TENANT, key, at(630), WriteOutcome::Applied).await.unwrap();
    assert_eq!(find(659).await.unwrap(), []);
    assert_eq!(kinds(&find(660).await.unwrap()), [EdgeKind::Persisting]);
    assert_eq!(find(700).await.unwrap(), []);
    assert_eq!(kinds(&find(1440).await.unwrap()), [EdgeKind::Reminder]);
    assert_eq!(find(1441).await.unwrap(), []);
    assert_eq!(kinds(&find(2880).await.unwrap()), [EdgeKind::Reminder]);
}

async fn drift_ends_for_the_reason_that_is_known(history: &dyn History) {
    let found: Vec<DriftRow> = (1..=4).map(|number| of(number, Field::Owner)).collect();
    let key = |number| of(number, Field::Owner).key();
    history.reconcile_drift(TENANT, look(0), found).await.unwrap();
    let closed = history.close_drift(TENANT, vec![key(1), key(9)], at(1), ClosedHow::Vanished).await.unwrap();
    assert_eq!(closed[0].drift.closed_how, Some(ClosedHow::Vanished));
    assert_eq!(closed.len(), 1);
    history.note_attempted(TENANT, vec![key(2)], at(1), WriteOutcome::Applied).await.unwrap();
    history.note_attempted(TENANT, vec![key(3)], at(1), WriteOutcome::Failed).await.unwrap();
    let edges = history.reconcile_drift(TENANT, look(2), vec![of(4, Field::Owner)]).await.unwrap();
    let how: Vec<_> = edges.iter().map(|edge| edge.drift.closed_how.unwrap()).collect();
    assert_eq!(how, [ClosedHow::Corrected, ClosedHow::Resolved]);
    let other = Look { policy_revision: revision("b"), ..look(3) };
    let edges = history.reconcile_drift(TENANT, other, vec![]).await.unwrap();
    assert_eq!(edges[0].drift.closed_how, Some(ClosedHow::PolicyChanged));
}

async fn attempts_are_replaced_and_forgotten(history: &dyn History) {
    let attempt = |object, tries| Attempt {
        object,
        field: Field::Enabled,
        desired: "true".into(),
        first_attempt_at: at(0),
        last_attempt_at: at(5),
        tries,
        status: AttemptStatus::Verifying,
        next_try_at: at(9),
    };
    let mailbox = Object::Mailbox(id(1));
    let both = vec![attempt(mailbox, 1), attempt(Object::Organization, 1)];
    history.put_attempts(TENANT, both).await.unwrap();
    let patience = Patience { first: TimeDelta::hours(1), most: TimeDelta::hours(24) };
    let waits: Vec<i64> = (1..=7)
        .map(|tries| (attempt(mailbox, tries).unverified(patience).next_try_at - at(5)).num_hours())
        .collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 24, 24]);

    let unverified = attempt(mailbox, 2).unverified(patience);
    history.put_attempts(TENANT, vec![unverified.clone()]).await.unwrap();
    assert_eq!(history.attempts(TENANT).await.unwrap(), [attempt(Object::Organization, 1), unverified]);
    history.forget_attempts(TENANT, vec![(mailbox, Field::Enabled)]).await.unwrap();
    assert_eq!(history.attempts(TENANT).await.unwrap().len(), 1);
}

async fn refusals_are_kept_by_mailbox_list_and_action(history: &dyn History) {
    let refused = |number, action: &str, minute| Rejection {
        mailbox: id(number),
        kind: LogonType::Owner,
        action: AuditAction::parse(action),
        tier: AuditTier::Standard,
        rejected_at: at(minute),
        text: "is not valid".into(),
    };
    let list = vec![refused(1, "BrandNew", 0), refused(2, "Send", 0), refused(1, "brandnew", 5)];
    history.put_rejections(TENANT, list).await.unwrap();
    let kept = history.rejections(TENANT).await.unwrap();
    assert_eq!(kept, [refused(1, "brandnew", 5), refused(2, "Send", 0)]);
    let counts = count_rejections(&kept);
    assert_eq!(counts[&(AuditTier::Standard, LogonType::Owner, AuditAction::parse("BrandNew"))], 1);
    assert_eq!(history.forget_rejections(TENANT, at(1)).await.unwrap(), 1);
    assert_eq!(history.rejections(TENANT).await.unwrap().len(), 1);

    let lost = |text| FailedReturn { mailbox: id(1), kind: LogonType::Admin, default_set: revision(text) };
    history.put_failed_returns(TENANT, vec![lost("one")]).await.unwrap();
    history.put_failed_returns(TENANT, vec![lost("two")]).await.unwrap();
    assert_eq!(history.failed_returns(TENANT).await.unwrap(), [lost("two")]);
}

async fn learned_default_sets_come_back(history: &dyn History) {
    assert_eq!(history.default_sets(TENANT).await.unwrap(), DefaultSets::from_table());
    let mut sets = DefaultSets::from_table();
    sets.set_learned(AuditTier::Premium, LogonType::Owner, ActionSet::parse(["Send", "BrandNew"]));
    sets.set_learned(AuditTier::Unknown, LogonType::Admin, ActionSet::EMPTY);
    history.put_default_sets(TENANT, sets.clone()).await.unwrap();
    assert_eq!(history.default_sets(TENANT).await.unwrap(), sets);
    history.put_default_sets(TENANT, DefaultSets::from_table()).await.unwrap();
    assert_eq!(history.default_sets(TENANT).await.unwrap(), DefaultSets::from_table());
}

fn intent(number: u128, minute: i64, class: Class) -> Intent {
    Intent {
        tenant: TENANT,
        at: at(minute),
        change_id: revision(&number.to_string()),
        cycle_id: Uuid::from_u128(minute.unsigned_abs().into()),
        lane: Lane::Full,
        object: Object::Mailbox(id(number)),
        class,
        cause: Cause::PolicyChange,
        corrections: vec![FieldChange {
            field: Field::Owner,
            before: serde_json::json!({ "actions": ["Update"], "keptByMicrosoft": true }),
            after: serde_json::json!({ "add": ["HardDelete"] }),
        }],
        policies: vec![PolicyLine {
            name: "baseline".into(),
            path: "policies/baseline.yaml".into(),
            line: 7,
        }],
        policy_revision: revision("a"),
        accepted: Some(Acceptance { by: "kim".into(), reason: "CHG-12, \"agreed\"".into() }),
        identity: "app 0001".into(),
    }
}

fn outcome(intent: u64, outcome: WriteOutcome) -> Outcome {
    Outcome { tenant: TENANT, at: at(99), intent, outcome, request_id: Some("r-1".into()), error: None }
}

async fn an_intent_is_open_until_something_came_of_it(history: &dyn History) {
    let empty = history.head(TENANT).await.unwrap();
    assert_eq!(empty.seq, 0);
    let intents = vec![intent(1, 0, Class::Corrective), intent(2, 0, Class::Corrective)];
    assert_eq!(history.append_intents(intents.clone()).await.unwrap(), [1, 2]);
    history.append_outcomes(vec![outcome(1, WriteOutcome::Applied)]).await.unwrap();
    // The process ends here: the second may or may not have been written.
    let open = history.open_intents(TENANT).await.unwrap();
    assert_eq!(open, [OpenIntent { seq: 2, intent: intents[1].clone() }]);
    history
        .append_outcomes(vec![outcome(2, WriteOutcome::Uncertain), outcome(1, WriteOutcome::Verified)])
        .await
        .unwrap();
    assert_eq!(history.open_intents(TENANT).await.unwrap(), []);

    let head = history.head(TENANT).await.unwrap();
    assert_eq!(head.seq, 5);
    assert_ne!(head.hash, empty.hash);
    assert_eq!(history.verify_chain(TENANT).await.unwrap(), ChainCheck::Whole(5));
    assert_eq!(history.verify_chain(OTHER).await.unwrap(), ChainCheck::Whole(0));
}

async fn the_journal_lists_what_a_filter_takes(history: &dyn History) {
    let intents = vec![intent(1, 0, Class::Corrective), intent(2, 1, Class::Corrective)];
    history.append_intents(intents.clone()).await.unwrap();
    history.append_outcomes(vec![outcome(1, WriteOutcome::Applied)]).await.unwrap();
    let list = |filter, limit| history.entries(TENANT, filter, limit);
    let all = list(JournalFilter::default(), 10).await.unwrap();
    assert_eq!(all.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(all[2].body, EntryBody::Intent(intents[0].clone()));
    let of_one = list(JournalFilter::of_mailbox(id(1)), 10).await.unwrap();
    assert_eq!(of_one.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(of_one[0].body, EntryBody::Outcome(outcome(1, WriteOutcome::Applied)));
    let by_cycle = JournalFilter { cycle_id: Some(intents[1].cycle_id), ..JournalFilter::default() };
    assert_eq!(list(by_cycle, 10).await.unwrap()[0].seq, 2);
    let by_change = JournalFilter { change_id: Some(intents[0].change_id), ..JournalFilter::default() };
    assert_eq!(list(by_change, 1).await.unwrap().len(), 1);
}

async fn caps_count_objects_that_may_have_changed(history: &dyn History) {
    let intents = vec![
        intent(1, 10, Class::Intentional),
        intent(1, 11, Class::Intentional),
        intent(2, 12, Class::Freezing),
        intent(3, 13, Class::Intentional),
        intent(4, 14, Class::Corrective),
        intent(5, 1, Class::Intentional),
    ];
    history.append_intents(intents).await.unwrap();
    history.append_outcomes(vec![outcome(4, WriteOutcome::Superseded)]).await.unwrap();
    let changed = |classes: &[Class]| history.objects_changed(TENANT, classes.to_vec(), at(10));
    assert_eq!(changed(&[Class::Intentional, Class::Freezing]).await.unwrap().len(), 2);
    assert!(changed(&[Class::Corrective]).await.unwrap().is_empty(), "no cap counts repairs");
    assert!(changed(&[]).await.unwrap().is_empty());
}

async fn an_outcome_needs_its_intent(history: &dyn History) {
    history.append_intents(vec![intent(1, 0, Class::Corrective)]).await.unwrap();
    let outcomes = vec![outcome(1, WriteOutcome::Applied), outcome(7, WriteOutcome::Applied)];
    let error = history.append_outcomes(outcomes).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NoSuchIntent(7));
    assert_eq!(history.head(TENANT).await.unwrap().seq, 1, "all or none");
}

async fn tenants_do_not_see_each_other(history: &dyn History) {
    history.note_seen(TENANT, vec![id(1)], at(0)).await.unwrap();
    history.reconcile_drift(TENANT, look(0), vec![of(1, Field::Owner)]).await.unwrap();
    history.put_value(TENANT, "watermark", "one".into()).await.unwrap();
    history.put_value(TENANT, "watermark", "two".into()).await.unwrap();
    assert_eq!(history.value(TENANT, "watermark").await.unwrap().as_deref(), Some("two"));
    assert_eq!(history.value(OTHER, "watermark").await.unwrap(), None);
    assert_eq!(history.known(OTHER).await.unwrap(), []);
    assert_eq!(history.open_drift(OTHER).await.unwrap(), []);
    let mut foreign = intent(1, 0, Class::Corrective);
    foreign.tenant = OTHER;
    let numbers = history.append_intents(vec![intent(1, 0, Class::Corrective), foreign]).await.unwrap();
    assert_eq!(numbers, [1, 1]);
}

async fn one_writer_to_a_tenant(history: &dyn History) {
    let lease = history.acquire_writer(TENANT, "host a, process 7, run".into()).await.unwrap();
    let other = history.acquire_writer(OTHER, "host a, process 8, apply".into()).await.unwrap();
    let refused = history.acquire_writer(TENANT, "host a, process 9, apply".into()).await.unwrap_err();
    assert!(refused.to_string().contains("host a, process 7, run"), "{refused}");
    drop(lease);
    history.acquire_writer(TENANT, "host a, process 9, apply".into()).await.unwrap();
    drop(other);
}
