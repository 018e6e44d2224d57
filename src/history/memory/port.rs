//! The port over the collections.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::{MemoryHistory, WriterGuard};
use crate::domain::{Class, DefaultSets, DefaultSource, Lane, MailboxId, TenantId};
use crate::history::chain::Verifier;
use crate::history::{
    Attempt, ChainCheck, ClosedHow, CompleteView, CycleDay, CycleRecord, DriftEdge, DriftInterval, DriftKey,
    DriftRow, Entry, EntryBody, ErrorKind, FailedReturn, Head, History, Intent, JournalFilter, LastComplete,
    Look, OpenIntent, Outcome, Pending, Rejection, Seen, Sightings, ViewChange, WriteOutcome, WriterLease,
};
use crate::plan::Object;

impl History for MemoryHistory {
    fn acquire_writer(&self, tenant: TenantId, holder: String) -> Pending<'_, WriterLease> {
        let shared = Arc::clone(&self.store);
        self.with("acquire the right to write", move |store| {
            if let Some(holder) = store.writers.get(&tenant) {
                return Err(ErrorKind::WriterHeld { holder: holder.clone() });
            }
            store.writers.insert(tenant, holder);
            Ok(WriterLease::new(tenant, WriterGuard { store: shared, tenant }))
        })
    }

    fn record_cycle(&self, record: CycleRecord) -> Pending<'_, ()> {
        self.of(record.tenant, "record a cycle", move |memory| memory.record_cycle(record))
    }

    fn last_complete(&self, tenant: TenantId, lane: Lane) -> Pending<'_, Option<LastComplete>> {
        self.of(tenant, "read the last complete cycle", move |memory| memory.last_complete(lane))
    }

    fn cycles(&self, tenant: TenantId, since: DateTime<Utc>, limit: usize) -> Pending<'_, Vec<CycleRecord>> {
        self.of(tenant, "list cycles", move |memory| {
            let wanted = memory.cycles.iter().filter(|cycle| cycle.finished_at >= since);
            let mut cycles: Vec<CycleRecord> = wanted.cloned().collect();
            cycles.sort_by_key(|cycle| (std::cmp::Reverse(cycle.finished_at), cycle.cycle_id));
            cycles.truncate(limit);
            cycles
        })
    }

    fn cycle_days(&self, tenant: TenantId, since: NaiveDate) -> Pending<'_, Vec<CycleDay>> {
        self.of(tenant, "list the days of cycles", move |memory| {
            memory.days.values().filter(|day| day.day >= since).cloned().collect()
        })
    }

    fn note_seen(&self, tenant: TenantId, seen: Vec<MailboxId>, at: DateTime<Utc>) -> Pending<'_, Sightings> {
        self.of(tenant, "remember mailboxes", move |memory| memory.note_seen(seen, at))
    }

    fn note_complete_view(&self, tenant: TenantId, view: CompleteView) -> Pending<'_, ViewChange> {
        self.of(tenant, "remember a complete view", move |memory| memory.note_complete_view(view))
    }

    fn known(&self, tenant: TenantId) -> Pending<'_, Vec<MailboxId>> {
        self.of(tenant, "list known mailboxes", |memory| {
            let present = memory.mailboxes.iter().filter(|(_, presence)| presence.vanished_at.is_none());
            present.map(|(id, _)| *id).collect()
        })
    }

    fn first_seen_since(
        &self,
        tenant: TenantId,
        since: DateTime<Utc>,
    ) -> Pending<'_, Vec<(MailboxId, DateTime<Utc>)>> {
        self.of(tenant, "list new mailboxes", move |memory| {
            let all = memory.mailboxes.iter().map(|(id, presence)| (*id, presence.first_seen));
            let mut new: Vec<_> = all.filter(|(_, first_seen)| *first_seen >= since).collect();
            new.sort_by_key(|(id, first_seen)| (*first_seen, *id));
            new
        })
    }

    fn seen(&self, tenant: TenantId, mailbox: MailboxId) -> Pending<'_, Option<Seen>> {
        self.of(tenant, "look up a mailbox", move |memory| {
            memory.mailboxes.get(&mailbox).map(|presence| presence.seen(memory.last_view))
        })
    }

    fn reconcile_drift(
        &self,
        tenant: TenantId,
        look: Look,
        found: Vec<DriftRow>,
    ) -> Pending<'_, Vec<DriftEdge>> {
        self.of(tenant, "record drift", move |memory| memory.reconcile_drift(&look, found))
    }

    fn note_attempted(
        &self,
        tenant: TenantId,
        keys: Vec<DriftKey>,
        at: DateTime<Utc>,
        outcome: WriteOutcome,
    ) -> Pending<'_, ()> {
        self.of(tenant, "record tries to correct drift", move |memory| {
            memory.note_attempted(&keys, at, outcome);
        })
    }

    fn close_drift(
        &self,
        tenant: TenantId,
        keys: Vec<DriftKey>,
        at: DateTime<Utc>,
        how: ClosedHow,
    ) -> Pending<'_, Vec<DriftEdge>> {
        self.of(tenant, "close drift", move |memory| memory.close_drift(keys, at, how))
    }

    fn open_drift(&self, tenant: TenantId) -> Pending<'_, Vec<DriftInterval>> {
        self.of(tenant, "list open drift", |memory| memory.open.values().cloned().collect())
    }

    fn drift_of(&self, tenant: TenantId, object: Object, limit: usize) -> Pending<'_, Vec<DriftInterval>> {
        self.of(tenant, "list the drift of an object", move |memory| memory.drift_of(object, limit))
    }

    fn attempts(&self, tenant: TenantId) -> Pending<'_, Vec<Attempt>> {
        self.of(tenant, "read attempts", |memory| memory.attempts.values().cloned().collect())
    }

    fn put_attempts(&self, tenant: TenantId, attempts: Vec<Attempt>) -> Pending<'_, ()> {
        self.of(tenant, "remember attempts", move |memory| {
            let keyed = attempts.into_iter().map(|attempt| ((attempt.object, attempt.field), attempt));
            memory.attempts.extend(keyed);
        })
    }

    fn forget_attempts(&self, tenant: TenantId, keys: Vec<DriftKey>) -> Pending<'_, ()> {
        self.of(tenant, "forget attempts", move |memory| {
            memory.attempts.retain(|key, _| !keys.contains(key));
        })
    }

    fn put_rejections(&self, tenant: TenantId, rejections: Vec<Rejection>) -> Pending<'_, ()> {
        self.of(tenant, "remember refused actions", move |memory| {
            for rejection in rejections {
                let key = (rejection.mailbox, rejection.kind, rejection.action.clone());
                memory.rejections.insert(key, rejection);
            }
        })
    }

    fn rejections(&self, tenant: TenantId) -> Pending<'_, Vec<Rejection>> {
        self.of(tenant, "read refused actions", |memory| memory.rejections.values().cloned().collect())
    }

    fn forget_rejections(&self, tenant: TenantId, before: DateTime<Utc>) -> Pending<'_, u64> {
        self.of(tenant, "forget refused actions", move |memory| {
            let known = memory.rejections.len();
            memory.rejections.retain(|_, rejection| rejection.rejected_at >= before);
            (known - memory.rejections.len()) as u64
        })
    }

    fn put_failed_returns(&self, tenant: TenantId, returns: Vec<FailedReturn>) -> Pending<'_, ()> {
        self.of(tenant, "remember failed returns", move |memory| {
            let keyed = returns.into_iter().map(|failed| ((failed.mailbox, failed.kind), failed));
            memory.returns.extend(keyed);
        })
    }

    fn failed_returns(&self, tenant: TenantId) -> Pending<'_, Vec<FailedReturn>> {
        self.of(tenant, "read failed returns", |memory| memory.returns.values().copied().collect())
    }

    fn default_sets(&self, tenant: TenantId) -> Pending<'_, DefaultSets> {
        self.of(tenant, "read default sets", |memory| memory.default_sets.clone())
    }

    fn put_default_sets(&self, tenant: TenantId, sets: DefaultSets) -> Pending<'_, ()> {
        self.of(tenant, "remember default sets", move |memory| {
            // The table is this program's own, and not remembered.
            memory.default_sets = DefaultSets::from_table();
            for (tier, kind, set) in sets.iter().filter(|(_, _, set)| set.source == DefaultSource::Learned) {
                memory.default_sets.set_learned(tier, kind, set.actions.clone());
            }
        })
    }

    fn append_intents(&self, intents: Vec<Intent>) -> Pending<'_, Vec<u64>> {
        self.with("journal intents", move |store| {
            let append = |intent: Intent| store.of(intent.tenant).append(EntryBody::Intent(intent));
            intents.into_iter().map(append).collect()
        })
    }

    fn append_outcomes(&self, outcomes: Vec<Outcome>) -> Pending<'_, ()> {
        self.with("journal outcomes", move |store| {
            for outcome in &outcomes {
                if !store.of(outcome.tenant).has_intent(outcome.intent) {
                    return Err(ErrorKind::NoSuchIntent(outcome.intent));
                }
            }
            for outcome in outcomes {
                store.of(outcome.tenant).append(EntryBody::Outcome(outcome))?;
            }
            Ok(())
        })
    }

    fn open_intents(&self, tenant: TenantId) -> Pending<'_, Vec<OpenIntent>> {
        self.of(tenant, "list open intents", |memory| {
            let open = memory.open_intents.iter();
            open.filter_map(|seq| Some(OpenIntent { seq: *seq, intent: memory.intent(*seq)?.clone() }))
                .collect()
        })
    }

    fn head(&self, tenant: TenantId) -> Pending<'_, Head> {
        self.of(tenant, "read the journal's head", |memory| memory.head())
    }

    fn entries(&self, tenant: TenantId, filter: JournalFilter, limit: usize) -> Pending<'_, Vec<Entry>> {
        self.of(tenant, "list the journal", move |memory| {
            let is_taken = |body: &EntryBody| match body {
                EntryBody::Intent(intent) => filter.takes(intent),
                EntryBody::Outcome(outcome) => {
                    memory.intent(outcome.intent).is_some_and(|intent| filter.takes(intent))
                }
            };
            let newest_first = memory.journal.iter().rev().filter(|(_, body)| is_taken(body)).take(limit);
            newest_first
                .map(|(link, body)| Entry { seq: link.seq, hash: link.hash, body: body.clone() })
                .collect()
        })
    }

    fn objects_changed(
        &self,
        tenant: TenantId,
        classes: Vec<Class>,
        since: DateTime<Utc>,
    ) -> Pending<'_, BTreeSet<Object>> {
        self.of(tenant, "list changed objects", move |memory| memory.objects_changed(&classes, since))
    }

    fn verify_chain(&self, tenant: TenantId) -> Pending<'_, ChainCheck> {
        self.of(tenant, "verify the journal", move |memory| {
            let mut verifier = Verifier::new(tenant);
            let _ = memory.journal.iter().all(|(link, _)| verifier.push(link));
            verifier.finish(&memory.head())
        })
    }

    fn value(&self, tenant: TenantId, key: &'static str) -> Pending<'_, Option<String>> {
        self.of(tenant, "read a value", move |memory| memory.values.get(key).cloned())
    }

    fn put_value(&self, tenant: TenantId, key: &'static str, value: String) -> Pending<'_, ()> {
        self.of(tenant, "remember a value", move |memory| {
            memory.values.insert(key, value);
        })
    }
}
