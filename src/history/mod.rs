//! The store of what happened: cycles, mailboxes seen, drift, attempts, and the journal of writes. It
//! remembers and answers; it decides nothing, reads no clock and calls no service.
//!
//! [`History`] is the one port; [`SqliteHistory`] and [`MemoryHistory`] behave alike, and one suite of
//! tests holds both to it. Every key is a tenant's id with a mailbox's.
//!
//! An [`Error`] always means: stop writing to the tenant. What a failed or dropped call did is done whole
//! or not at all; a call that was begun is finished even where its future is dropped.

mod attempt;
mod chain;
mod cycle;
mod drift;
mod error;
mod journal;
mod lease;
mod memory;
mod seen;
mod sqlite;
mod text;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::BoxFuture;

use crate::domain::{Class, DefaultSets, Lane, MailboxId, TenantId};
use crate::plan::Object;

pub use attempt::{Attempt, AttemptStatus, FailedReturn, Patience, Rejection, count_rejections};
pub use chain::ChainCheck;
pub use cycle::{CycleDay, CycleOutcome, CycleRecord, LastComplete};
pub use drift::{ClosedHow, DriftEdge, DriftInterval, DriftKey, DriftRow, EdgeKind, Examined, Look};
pub use error::{Error, ErrorKind};
pub use journal::{
    Acceptance, Entry, EntryBody, FieldChange, Head, Intent, JournalFilter, OpenIntent, Outcome, PolicyLine,
    WriteOutcome,
};
pub use lease::WriterLease;
pub use memory::MemoryHistory;
pub use seen::{CompleteView, Seen, Sightings, ViewChange};
pub use sqlite::SqliteHistory;

/// An answer of the history.
pub type Pending<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// The port of the store. All times are given by the caller; of each, microseconds are kept.
pub trait History: Send + Sync {
    /// The right to write to a tenant. `holder` says who asks (host, process, verb, since when), for
    /// whoever is refused meanwhile.
    fn acquire_writer(&self, tenant: TenantId, holder: String) -> Pending<'_, WriterLease>;

    /// Remembers the end of a cycle.
    fn record_cycle(&self, record: CycleRecord) -> Pending<'_, ()>;
    /// The last complete cycle of a lane.
    fn last_complete(&self, tenant: TenantId, lane: Lane) -> Pending<'_, Option<LastComplete>>;
    /// Cycles that found or changed something, newest first.
    fn cycles(&self, tenant: TenantId, since: DateTime<Utc>, limit: usize) -> Pending<'_, Vec<CycleRecord>>;
    /// All cycles, quiet ones too, summed by day, lane and outcome, in that order.
    fn cycle_days(&self, tenant: TenantId, since: NaiveDate) -> Pending<'_, Vec<CycleDay>>;

    /// Remembers mailboxes that some look showed; says which were not there before.
    fn note_seen(&self, tenant: TenantId, seen: Vec<MailboxId>, at: DateTime<Utc>) -> Pending<'_, Sightings>;
    /// Remembers a look that saw every mailbox; says which are new and which have vanished.
    fn note_complete_view(&self, tenant: TenantId, view: CompleteView) -> Pending<'_, ViewChange>;
    /// Every mailbox that has not vanished, sorted.
    fn known(&self, tenant: TenantId) -> Pending<'_, Vec<MailboxId>>;
    /// Mailboxes first seen at or after a time, sorted by it.
    fn first_seen_since(
        &self,
        tenant: TenantId,
        since: DateTime<Utc>,
    ) -> Pending<'_, Vec<(MailboxId, DateTime<Utc>)>>;
    /// What is known of a mailbox's existence.
    fn seen(&self, tenant: TenantId, mailbox: MailboxId) -> Pending<'_, Option<Seen>>;

    /// Compares what a look found with the drift that is open, remembers the difference and returns it.
    /// Findings outside of what the look says it can judge count for nothing.
    fn reconcile_drift(
        &self,
        tenant: TenantId,
        look: Look,
        found: Vec<DriftRow>,
    ) -> Pending<'_, Vec<DriftEdge>>;
    /// Remembers that corrections of open drifts were tried, and whether the service accepted them.
    fn note_attempted(
        &self,
        tenant: TenantId,
        keys: Vec<DriftKey>,
        at: DateTime<Utc>,
        outcome: WriteOutcome,
    ) -> Pending<'_, ()>;
    /// Closes those of the drifts that are open, for a reason that the caller knows.
    fn close_drift(
        &self,
        tenant: TenantId,
        keys: Vec<DriftKey>,
        at: DateTime<Utc>,
        how: ClosedHow,
    ) -> Pending<'_, Vec<DriftEdge>>;
    /// Every open drift, sorted by key.
    fn open_drift(&self, tenant: TenantId) -> Pending<'_, Vec<DriftInterval>>;
    /// The drifts of one object, open and closed, newest first.
    fn drift_of(&self, tenant: TenantId, object: Object, limit: usize) -> Pending<'_, Vec<DriftInterval>>;

    /// Every write that is not verified yet, sorted by key.
    fn attempts(&self, tenant: TenantId) -> Pending<'_, Vec<Attempt>>;
    /// Remembers attempts, each in place of what was known for its object and field.
    fn put_attempts(&self, tenant: TenantId, attempts: Vec<Attempt>) -> Pending<'_, ()>;
    /// Forgets attempts: they are verified, or no longer wanted.
    fn forget_attempts(&self, tenant: TenantId, keys: Vec<DriftKey>) -> Pending<'_, ()>;

    /// Remembers refused actions, each in place of what was known for its mailbox, list and action.
    fn put_rejections(&self, tenant: TenantId, rejections: Vec<Rejection>) -> Pending<'_, ()>;
    /// Every refused action, sorted by mailbox, list and action.
    fn rejections(&self, tenant: TenantId) -> Pending<'_, Vec<Rejection>>;
    /// Forgets actions refused before a time; says how many.
    fn forget_rejections(&self, tenant: TenantId, before: DateTime<Utc>) -> Pending<'_, u64>;
    /// Remembers returns to Microsoft that lost a named action, each in place of an earlier one.
    fn put_failed_returns(&self, tenant: TenantId, returns: Vec<FailedReturn>) -> Pending<'_, ()>;
    /// Every such return, sorted by mailbox and list.
    fn failed_returns(&self, tenant: TenantId) -> Pending<'_, Vec<FailedReturn>>;

    /// The default sets: learned ones as remembered, the dated table for the others.
    fn default_sets(&self, tenant: TenantId) -> Pending<'_, DefaultSets>;
    /// Remembers the learned ones of these sets in place of all that were.
    fn put_default_sets(&self, tenant: TenantId, sets: DefaultSets) -> Pending<'_, ()>;

    /// Puts intents into the journals of their tenants, all or none; returns their numbers in order. To be
    /// awaited before the first of the calls is made.
    fn append_intents(&self, intents: Vec<Intent>) -> Pending<'_, Vec<u64>>;
    /// Puts what came of intents into the journals, all or none.
    fn append_outcomes(&self, outcomes: Vec<Outcome>) -> Pending<'_, ()>;
    /// Intents without an outcome, in order: after a crash, what may or may not have been written.
    fn open_intents(&self, tenant: TenantId) -> Pending<'_, Vec<OpenIntent>>;
    /// The end of the journal.
    fn head(&self, tenant: TenantId) -> Pending<'_, Head>;
    /// Entries that a filter takes, newest first.
    fn entries(&self, tenant: TenantId, filter: JournalFilter, limit: usize) -> Pending<'_, Vec<Entry>>;
    /// The objects that have been changed, or may have been, since a time, by changes of these classes that
    /// the guard's caps count.
    fn objects_changed(
        &self,
        tenant: TenantId,
        classes: Vec<Class>,
        since: DateTime<Utc>,
    ) -> Pending<'_, BTreeSet<Object>>;
    /// Follows the whole chain of the journal.
    fn verify_chain(&self, tenant: TenantId) -> Pending<'_, ChainCheck>;

    /// A small value, such as a watermark.
    fn value(&self, tenant: TenantId, key: &'static str) -> Pending<'_, Option<String>>;
    /// Remembers a small value.
    fn put_value(&self, tenant: TenantId, key: &'static str, value: String) -> Pending<'_, ()>;
}
