//! The port over SQLite: each call names what it does and hands its statements to a blocking thread.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Fault, SqliteHistory, cycles, drifts, journals, memories, seen};
use crate::domain::{Class, DefaultSets, Lane, MailboxId, TenantId};
use crate::history::{
    Attempt, ChainCheck, ClosedHow, CompleteView, CycleDay, CycleRecord, DriftEdge, DriftInterval, DriftKey,
    DriftRow, Entry, ErrorKind, FailedReturn, Head, History, Intent, JournalFilter, LastComplete, Look,
    OpenIntent, Outcome, Pending, Rejection, Seen, Sightings, ViewChange, WriteOutcome, WriterLease, lease,
};
use crate::plan::Object;
use rusqlite::TransactionBehavior;

impl History for SqliteHistory {
    fn acquire_writer(&self, tenant: TenantId, holder: String) -> Pending<'_, WriterLease> {
        self.run("acquire the right to write", move |store| {
            store.check_writable()?;
            match lease::lock(&store.path, tenant)? {
                Some(lock) => {
                    store.transact(TransactionBehavior::Immediate, |db| {
                        memories::put_writer(db, tenant, &holder)
                    })?;
                    Ok(WriterLease::new(tenant, lock))
                }
                None => {
                    let holder =
                        store.transact(TransactionBehavior::Deferred, |db| memories::writer(db, tenant))?;
                    let holder = holder.unwrap_or_else(|| "another process".to_owned());
                    Err(Fault::of(ErrorKind::WriterHeld { holder }))
                }
            }
        })
    }

    fn record_cycle(&self, record: CycleRecord) -> Pending<'_, ()> {
        self.write("record a cycle", move |db| cycles::record(db, &record))
    }

    fn last_complete(&self, tenant: TenantId, lane: Lane) -> Pending<'_, Option<LastComplete>> {
        self.read("read the last complete cycle", move |db| cycles::last_complete(db, tenant, lane))
    }

    fn cycles(&self, tenant: TenantId, since: DateTime<Utc>, limit: usize) -> Pending<'_, Vec<CycleRecord>> {
        self.read("list cycles", move |db| cycles::list(db, tenant, since, limit))
    }

    fn cycle_days(&self, tenant: TenantId, since: NaiveDate) -> Pending<'_, Vec<CycleDay>> {
        self.read("list the days of cycles", move |db| cycles::days(db, tenant, since))
    }

    fn note_seen(&self, tenant: TenantId, seen: Vec<MailboxId>, at: DateTime<Utc>) -> Pending<'_, Sightings> {
        self.write("remember mailboxes", move |db| seen::note(db, tenant, seen, at))
    }

    fn note_complete_view(&self, tenant: TenantId, view: CompleteView) -> Pending<'_, ViewChange> {
        self.write("remember a complete view", move |db| seen::note_complete_view(db, tenant, view))
    }

    fn known(&self, tenant: TenantId) -> Pending<'_, Vec<MailboxId>> {
        self.read("list known mailboxes", move |db| seen::known(db, tenant))
    }

    fn first_seen_since(
        &self,
        tenant: TenantId,
        since: DateTime<Utc>,
    ) -> Pending<'_, Vec<(MailboxId, DateTime<Utc>)>> {
        self.read("list new mailboxes", move |db| seen::first_seen_since(db, tenant, since))
    }

    fn seen(&self, tenant: TenantId, mailbox: MailboxId) -> Pending<'_, Option<Seen>> {
        self.read("look up a mailbox", move |db| seen::seen(db, tenant, mailbox))
    }

    fn reconcile_drift(
        &self,
        tenant: TenantId,
        look: Look,
        found: Vec<DriftRow>,
    ) -> Pending<'_, Vec<DriftEdge>> {
        self.write("record drift", move |db| drifts::reconcile(db, tenant, &look, found))
    }

    fn note_attempted(
        &self,
        tenant: TenantId,
        keys: Vec<DriftKey>,
        at: DateTime<Utc>,
        outcome: WriteOutcome,
    ) -> Pending<'_, ()> {
        self.write("record tries to correct drift", move |db| {
            drifts::note_attempted(db, tenant, &keys, at, outcome)
        })
    }

    fn close_drift(
        &self,
        tenant: TenantId,
        keys: Vec<DriftKey>,
        at: DateTime<Utc>,
        how: ClosedHow,
    ) -> Pending<'_, Vec<DriftEdge>> {
        self.write("close drift", move |db| drifts::close(db, tenant, keys, at, how))
    }

    fn open_drift(&self, tenant: TenantId) -> Pending<'_, Vec<DriftInterval>> {
        self.read("list open drift", move |db| drifts::open(db, tenant))
    }

    fn drift_of(&self, tenant: TenantId, object: Object, limit: usize) -> Pending<'_, Vec<DriftInterval>> {
        self.read("list the drift of an object", move |db| drifts::of_object(db, tenant, object, limit))
    }

    fn attempts(&self, tenant: TenantId) -> Pending<'_, Vec<Attempt>> {
        self.read("read attempts", move |db| memories::attempts(db, tenant))
    }

    fn put_attempts(&self, tenant: TenantId, attempts: Vec<Attempt>) -> Pending<'_, ()> {
        self.write("remember attempts", move |db| memories::put_attempts(db, tenant, &attempts))
    }

    fn forget_attempts(&self, tenant: TenantId, keys: Vec<DriftKey>) -> Pending<'_, ()> {
        self.write("forget attempts", move |db| memories::forget_attempts(db, tenant, &keys))
    }

    fn put_rejections(&self, tenant: TenantId, rejections: Vec<Rejection>) -> Pending<'_, ()> {
        self.write("remember refused actions", move |db| memories::put_rejections(db, tenant, &rejections))
    }

    fn rejections(&self, tenant: TenantId) -> Pending<'_, Vec<Rejection>> {
        self.read("read refused actions", move |db| memories::rejections(db, tenant))
    }

    fn forget_rejections(&self, tenant: TenantId, before: DateTime<Utc>) -> Pending<'_, u64> {
        self.write("forget refused actions", move |db| memories::forget_rejections(db, tenant, before))
    }

    fn put_failed_returns(&self, tenant: TenantId, returns: Vec<FailedReturn>) -> Pending<'_, ()> {
        self.write("remember failed returns", move |db| memories::put_returns(db, tenant, &returns))
    }

    fn failed_returns(&self, tenant: TenantId) -> Pending<'_, Vec<FailedReturn>> {
        self.read("read failed returns", move |db| memories::returns(db, tenant))
    }

    fn default_sets(&self, tenant: TenantId) -> Pending<'_, DefaultSets> {
        self.read("read default sets", move |db| memories::default_sets(db, tenant))
    }

    fn put_default_sets(&self, tenant: TenantId, sets: DefaultSets) -> Pending<'_, ()> {
        self.write("remember default sets", move |db| memories::put_default_sets(db, tenant, &sets))
    }

    fn append_intents(&self, intents: Vec<Intent>) -> Pending<'_, Vec<u64>> {
        self.write("journal intents", move |db| journals::append_intents(db, intents))
    }

    fn append_outcomes(&self, outcomes: Vec<Outcome>) -> Pending<'_, ()> {
        self.write("journal outcomes", move |db| journals::append_outcomes(db, outcomes))
    }

    fn open_intents(&self, tenant: TenantId) -> Pending<'_, Vec<OpenIntent>> {
        self.read("list open intents", move |db| journals::open_intents(db, tenant))
    }

    fn head(&self, tenant: TenantId) -> Pending<'_, Head> {
        self.read("read the journal's head", move |db| journals::head(db, tenant))
    }

    fn entries(&self, tenant: TenantId, filter: JournalFilter, limit: usize) -> Pending<'_, Vec<Entry>> {
        self.read("list the journal", move |db| journals::entries(db, tenant, filter, limit))
    }

    fn objects_changed(
        &self,
        tenant: TenantId,
        classes: Vec<Class>,
        since: DateTime<Utc>,
    ) -> Pending<'_, BTreeSet<Object>> {
        self.read("list changed objects", move |db| journals::objects_changed(db, tenant, &classes, since))
    }

    fn verify_chain(&self, tenant: TenantId) -> Pending<'_, ChainCheck> {
        self.read("verify the journal", move |db| journals::verify(db, tenant))
    }

    fn value(&self, tenant: TenantId, key: &'static str) -> Pending<'_, Option<String>> {
        self.read("read a value", move |db| memories::value(db, tenant, key))
    }

    fn put_value(&self, tenant: TenantId, key: &'static str, value: String) -> Pending<'_, ()> {
        self.write("remember a value", move |db| memories::put_value(db, tenant, key, &value))
    }
}
