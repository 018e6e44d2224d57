//! What is remembered of one tenant, as plain collections.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::sorted;
use crate::domain::{AuditAction, Class, DefaultSets, Lane, LogonType, MailboxId, TenantId};
use crate::history::chain::{Link, link, origin};
use crate::history::drift::{self, OpenDrift};
use crate::history::seen::{Presence, compare};
use crate::history::{
    Attempt, ClosedHow, CompleteView, CycleDay, CycleOutcome, CycleRecord, DriftEdge, DriftInterval,
    DriftKey, DriftRow, EntryBody, ErrorKind, FailedReturn, Head, LastComplete, Look, Rejection, Sightings,
    ViewChange, WriteOutcome,
};
use crate::plan::{Object, is_capped};

#[derive(Debug)]
pub(super) struct Memory {
    tenant: TenantId,
    pub(super) cycles: Vec<CycleRecord>,
    pub(super) days: BTreeMap<(NaiveDate, Lane, CycleOutcome), CycleDay>,
    pub(super) mailboxes: BTreeMap<MailboxId, Presence>,
    pub(super) last_view: Option<DateTime<Utc>>,
    pub(super) open: OpenDrift,
    pub(super) closed: Vec<DriftInterval>,
    pub(super) attempts: BTreeMap<DriftKey, Attempt>,
    pub(super) rejections: BTreeMap<(MailboxId, LogonType, AuditAction), Rejection>,
    pub(super) returns: BTreeMap<(MailboxId, LogonType), FailedReturn>,
    pub(super) default_sets: DefaultSets,
    pub(super) journal: Vec<(Link, EntryBody)>,
    pub(super) open_intents: BTreeSet<u64>,
    pub(super) values: BTreeMap<&'static str, String>,
}

impl Memory {
    pub(super) fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            cycles: Vec::new(),
            days: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            last_view: None,
            open: OpenDrift::new(),
            closed: Vec::new(),
            attempts: BTreeMap::new(),
            rejections: BTreeMap::new(),
            returns: BTreeMap::new(),
            default_sets: DefaultSets::from_table(),
            journal: Vec::new(),
            open_intents: BTreeSet::new(),
            values: BTreeMap::new(),
        }
    }

    pub(super) fn record_cycle(&mut self, record: CycleRecord) {
        let key = (record.day(), record.lane, record.outcome);
        let day = match self.days.remove(&key) {
            Some(day) => day.and(&record),
            None => CycleDay::of(&record),
        };
        self.days.insert(key, day);
        if !record.quiet() {
            self.cycles.push(record);
        }
    }

    pub(super) fn last_complete(&self, lane: Lane) -> Option<LastComplete> {
        let complete =
            self.days.values().filter(|day| day.lane == lane && day.outcome == CycleOutcome::Complete);
        complete.max_by_key(|day| day.last_at).map(|day| LastComplete {
            started_at: day.last_started_at,
            at: day.last_at,
            population: day.population,
            policy_revision: day.policy_revision,
        })
    }

    pub(super) fn note_seen(&mut self, seen: Vec<MailboxId>, at: DateTime<Utc>) -> Sightings {
        let mut sightings = Sightings::default();
        for id in sorted(seen) {
            let presence = match self.mailboxes.get(&id) {
                None => {
                    sightings.new.push(id);
                    Presence::new(at)
                }
                Some(presence) if presence.vanished_at.is_some() => {
                    sightings.returned.push(id);
                    presence.returned(at)
                }
                Some(_) => continue,
            };
            self.mailboxes.insert(id, presence);
        }
        sightings
    }

    pub(super) fn note_complete_view(&mut self, view: CompleteView) -> ViewChange {
        let at = view.at;
        let known = self.mailboxes.iter().map(|(id, presence)| (*id, *presence));
        let (change, writes) = compare(known, view, self.last_view);
        self.mailboxes.extend(writes);
        self.last_view = Some(at);
        change
    }

    pub(super) fn reconcile_drift(&mut self, look: &Look, found: Vec<DriftRow>) -> Vec<DriftEdge> {
        let edges = drift::reconcile(self.tenant, &self.open, look, found);
        edges.iter().for_each(|edge| self.keep(edge));
        edges
    }

    pub(super) fn note_attempted(&mut self, keys: &[DriftKey], at: DateTime<Utc>, outcome: WriteOutcome) {
        for key in keys {
            let Some(drift) = self.open.get_mut(key) else { continue };
            drift.first_attempt_at.get_or_insert(at);
            if !WriteOutcome::WITHOUT_EFFECT.contains(&outcome) {
                drift.written_at = Some(at);
            }
        }
    }

    pub(super) fn close_drift(
        &mut self,
        keys: Vec<DriftKey>,
        at: DateTime<Utc>,
        how: ClosedHow,
    ) -> Vec<DriftEdge> {
        let mut edges = Vec::new();
        for key in keys {
            if let Some(drift) = self.open.get(&key) {
                let edge = drift::close(drift.clone(), at, how);
                self.keep(&edge);
                edges.push(edge);
            }
        }
        edges
    }

    pub(super) fn drift_of(&self, object: Object, limit: usize) -> Vec<DriftInterval> {
        let all = self.open.values().chain(&self.closed).filter(|drift| drift.row.object == object);
        let mut drifts: Vec<DriftInterval> = all.cloned().collect();
        drifts.sort_by_key(|drift| (std::cmp::Reverse(drift.opened_at), drift.drift_id));
        drifts.truncate(limit);
        drifts
    }

    fn keep(&mut self, edge: &DriftEdge) {
        let drift = edge.drift.clone();
        if drift.closed_at.is_some() {
            self.open.remove(&drift.row.key());
            self.closed.push(drift);
        } else {
            self.open.insert(drift.row.key(), drift);
        }
    }

    pub(super) fn head(&self) -> Head {
        match self.journal.last() {
            Some((link, _)) => Head { seq: link.seq, hash: link.hash },
            None => origin(self.tenant),
        }
    }

    pub(super) fn append(&mut self, body: EntryBody) -> Result<u64, ErrorKind> {
        let subject = match &body {
            EntryBody::Intent(_) => None,
            EntryBody::Outcome(outcome) => Some(outcome.intent),
        };
        let link = link(&self.head(), &body).map_err(|_| ErrorKind::Corrupt)?;
        let seq = link.seq;
        match subject {
            None => {
                self.open_intents.insert(seq);
            }
            Some(intent) => {
                self.open_intents.remove(&intent);
            }
        }
        self.journal.push((link, body));
        Ok(seq)
    }

    pub(super) fn has_intent(&self, seq: u64) -> bool {
        self.intent(seq).is_some()
    }

    pub(super) fn intent(&self, seq: u64) -> Option<&crate::history::Intent> {
        let position = usize::try_from(seq.checked_sub(1)?).ok()?;
        match self.journal.get(position) {
            Some((_, EntryBody::Intent(intent))) => Some(intent),
            _ => None,
        }
    }

    pub(super) fn objects_changed(&self, classes: &[Class], since: DateTime<Utc>) -> BTreeSet<Object> {
        let without_effect: BTreeSet<u64> = self
            .journal
            .iter()
            .filter_map(|(_, body)| match body {
                EntryBody::Outcome(outcome) => Some(outcome),
                EntryBody::Intent(_) => None,
            })
            .filter(|outcome| WriteOutcome::WITHOUT_EFFECT.contains(&outcome.outcome))
            .map(|outcome| outcome.intent)
            .collect();
        self.journal
            .iter()
            .filter(|(link, _)| !without_effect.contains(&link.seq))
            .filter_map(|(_, body)| match body {
                EntryBody::Intent(intent) => Some(intent),
                EntryBody::Outcome(_) => None,
            })
            .filter(|intent| intent.at >= since && classes.contains(&intent.class))
            .filter(|intent| is_capped(intent.class, intent.cause))
            .map(|intent| intent.object)
            .collect()
    }
}
