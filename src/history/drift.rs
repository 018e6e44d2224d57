//! Drift as intervals: opened when a look first finds it, closed when a look no longer does. The rules
//! are here, pure, and the same for every store; what is drift at all is for `plan` to say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::domain::{ActionSet, Cause, Class, ContentHash, Field, MailboxId, Mode, TenantId};
use crate::plan::Object;

use crate::domain::words;

words! {
    /// Why a drift ended.
    ClosedHow {
        /// We wrote it, and the look shows it.
        Corrected => "corrected",
        /// Somebody else did, or it went by itself.
        Resolved => "resolved",
        /// The mailbox is gone.
        Vanished => "vanished",
        /// Policies no longer ask for it.
        PolicyChanged => "policy_changed",
    }
}

words! {
    /// What happened to a drift in a look. Each is logged once.
    EdgeKind {
        /// Found for the first time.
        Opened => "opened",
        /// Still there, and not as it was.
        Changed => "changed",
        /// No longer there.
        Closed => "closed",
        /// Still there, and a day has passed since it was last told.
        Reminder => "reminder",
        /// Still there although it was written long enough ago; told once.
        Persisting => "persisting",
    }
}

/// What can drift apart from anything else.
pub type DriftKey = (Object, Field);

/// A drift as one look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftRow {
    /// Of what.
    pub object: Object,
    /// Which field of it.
    pub field: Field,
    /// Why, as far as the planner can tell.
    pub cause: Cause,
    /// The class of its correction, where there is one.
    pub class: Option<Class>,
    /// Whether the policies that ask for it enforce it.
    pub mode: Mode,
    /// The value that was read.
    pub observed: String,
    /// The value that policies ask for.
    pub desired: String,
    /// Actions that are missing; empty for fields that are no lists.
    pub missing: ActionSet,
    /// Actions that should not be there; empty for fields that are no lists.
    pub extra: ActionSet,
    /// The names of the policies that ask for it, sorted.
    pub policies: Vec<String>,
}

impl DriftRow {
    /// What it is the drift of.
    pub const fn key(&self) -> DriftKey {
        (self.object, self.field)
    }

    /// The same drift to whoever reads the log: its cause is that of its beginning.
    fn tells_the_same(&self, other: &Self) -> bool {
        self.class == other.class
            && self.mode == other.mode
            && self.observed == other.observed
            && self.desired == other.desired
            && self.missing == other.missing
            && self.extra == other.extra
            && self.policies == other.policies
    }
}

/// A drift from its first sight to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftInterval {
    /// The same from opened to closed.
    pub drift_id: Uuid,
    /// As it was last found.
    pub row: DriftRow,
    /// Of the policy set that it was last found with.
    pub policy_revision: ContentHash,
    /// When it was first found.
    pub opened_at: DateTime<Utc>,
    /// When a correction was first tried, whatever came of it.
    pub first_attempt_at: Option<DateTime<Utc>>,
    /// When the service last accepted a correction.
    pub written_at: Option<DateTime<Utc>>,
    /// When it was told to persist.
    pub persisting_since: Option<DateTime<Utc>>,
    /// When it was last reminded of.
    pub last_reminder_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why it ended.
    pub closed_how: Option<ClosedHow>,
}

/// Something that happened to a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftEdge {
    /// What.
    pub kind: EdgeKind,
    /// The drift after it.
    pub drift: DriftInterval,
}

/// Which mailboxes a look judged. What it did not examine stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examined {
    /// Every mailbox of the tenant, and the organization.
    All,
    /// These, and the organization where a look judges its fields.
    These(BTreeSet<MailboxId>),
}

/// A look, as far as it matters for what opens and closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub at: DateTime<Utc>,
    /// Of the policy set that it compared with.
    pub policy_revision: ContentHash,
    /// Which mailboxes it judged.
    pub examined: Examined,
    /// Which fields it can judge; rows that carry no stored state leave out [`Field::Enabled`], and a look
    /// that did not read the organization leaves out the organization's fields.
    pub fields: Vec<Field>,
    /// What it examined and could not judge after all: unknown neither opens nor closes.
    pub unknown: BTreeSet<DriftKey>,
    /// How long after its last telling an open drift is told again (24 h).
    pub remind_after: TimeDelta,
    /// How long after its first attempt an enforced drift persists (1 h).
    pub persists_after: TimeDelta,
}

impl Look {
    /// Whether the absence of a finding means that there is no drift.
    pub fn judges(&self, key: &DriftKey) -> bool {
        let is_examined = match (&self.examined, key.0) {
            (Examined::All, _) | (Examined::These(_), Object::Organization) => true,
            (Examined::These(ids), Object::Mailbox(id)) => ids.contains(&id),
        };
        is_examined && self.fields.contains(&key.1) && !self.unknown.contains(key)
    }
}

/// The open drifts of a tenant, or those that a look can concern.
pub(super) type OpenDrift = BTreeMap<DriftKey, DriftInterval>;

/// What a look changes. Of several rows for one key the last counts. Edges come in the order of keys,
/// organization first.
pub(super) fn reconcile(
    tenant: TenantId,
    open: &OpenDrift,
    look: &Look,
    found: Vec<DriftRow>,
) -> Vec<DriftEdge> {
    let judged = found.into_iter().map(|row| (row.key(), row)).filter(|(key, _)| look.judges(key));
    let found: BTreeMap<DriftKey, DriftRow> = judged.collect();
    let gone = open.iter().filter(|(key, _)| look.judges(key) && !found.contains_key(key));
    let mut edges: Vec<DriftEdge> = gone.map(|(_, drift)| end(drift, look)).collect();
    for (key, row) in found {
        match open.get(&key) {
            None => edges.push(DriftEdge { kind: EdgeKind::Opened, drift: begin(tenant, look, row) }),
            Some(drift) => edges.extend(go_on(drift, look, row)),
        }
    }
    edges.sort_by_key(|edge| (edge.drift.row.key(), edge.kind));
    edges
}

/// Ends a drift for a reason that the caller knows.
pub(super) fn close(drift: DriftInterval, at: DateTime<Utc>, how: ClosedHow) -> DriftEdge {
    let drift = DriftInterval { closed_at: Some(at), closed_how: Some(how), ..drift };
    DriftEdge { kind: EdgeKind::Closed, drift }
}

fn end(drift: &DriftInterval, look: &Look) -> DriftEdge {
    let how = if drift.written_at.is_some() {
        // Shown late: verification had given up on it.
        ClosedHow::Corrected
    } else if drift.policy_revision != look.policy_revision {
        ClosedHow::PolicyChanged
    } else {
        ClosedHow::Resolved
    };
    close(drift.clone(), look.at, how)
}

fn begin(tenant: TenantId, look: &Look, row: DriftRow) -> DriftInterval {
    DriftInterval {
        drift_id: drift_id(tenant, row.key(), look.at),
        row,
        policy_revision: look.policy_revision,
        opened_at: look.at,
        first_attempt_at: None,
        written_at: None,
        persisting_since: None,
        last_reminder_at: None,
        closed_at: None,
        closed_how: None,
    }
}

fn go_on(drift: &DriftInterval, look: &Look, mut row: DriftRow) -> Vec<DriftEdge> {
    let mut kinds = Vec::new();
    let mut after = drift.clone();
    if drift.row.tells_the_same(&row) {
        row.cause = drift.row.cause;
    } else {
        kinds.push(EdgeKind::Changed);
        after.policy_revision = look.policy_revision;
    }
    after.row = row;
    let told_at = drift.last_reminder_at.unwrap_or(drift.opened_at);
    if look.at - told_at >= look.remind_after {
        after.last_reminder_at = Some(look.at);
        kinds.push(EdgeKind::Reminder);
    }
    let is_late = drift.first_attempt_at.is_some_and(|first| look.at - first >= look.persists_after);
    if is_late && after.row.mode == Mode::Enforce && drift.persisting_since.is_none() {
        after.persisting_since = Some(look.at);
        kinds.push(EdgeKind::Persisting);
    }
    kinds.into_iter().map(|kind| DriftEdge { kind, drift: after.clone() }).collect()
}

/// A name that needs no generator: a drift cannot open twice at one instant.
fn drift_id(tenant: TenantId, key: DriftKey, opened_at: DateTime<Utc>) -> Uuid {
    let object = match key.0 {
        Object::Organization => Uuid::nil(),
        Object::Mailbox(id) => id.0,
    };
    let at = opened_at.timestamp_micros().to_be_bytes();
    let parts = [tenant.0.as_bytes().as_slice(), object.as_bytes(), key.1.as_str().as_bytes(), &at];
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&ContentHash::of_parts(parts).as_bytes()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
