//! What one look found out about one mailbox, before the guard.

use chrono::{DateTime, Utc};

use super::{Change, Citation};
use crate::domain::{
    ActionSet, AuditTier, Cause, Class, ContentHash, Field, LogonType, MailboxId, RecipientType, State,
};

/// One field that is not as policies say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The field.
    pub field: Field,
    /// What was observed, as text.
    pub observed: String,
    /// What policies want, as text.
    pub desired: String,
    /// Actions that should be there and are not; empty for fields that are not lists.
    pub missing: ActionSet,
    /// Actions that are there and should not be.
    pub extra: ActionSet,
    /// The class of what would correct it.
    pub class: Class,
    /// Why it differs.
    pub cause: Cause,
    /// Who asks for it.
    pub policies: Vec<Citation>,
    /// What holds its correction up, if anything does.
    pub standing: Standing,
}

/// What becomes of a drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// A change corrects it.
    ToCorrect,
    /// It was written a moment ago and may not show yet.
    Verifying,
    /// It was written, did not show, and is tried again later.
    Unverified,
    /// The service rejects what is missing.
    Blocked,
}

/// Two policies that contradict each other on one field of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub field: Field,
    /// What they disagree about, as text.
    pub about: String,
    /// Both sides.
    pub policies: Vec<Citation>,
}

/// A customised list that `default` would do for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Whose list.
    pub kind: LogonType,
    /// What a return to Microsoft's management would remove.
    pub would_lose: ActionSet,
}

/// Everything about one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which mailbox.
    pub mailbox: MailboxId,
    /// Its name for people, where the look had it.
    pub user_principal_name: Option<Box<str>>,
    /// Its kind: writes to some kinds have to say it.
    pub recipient_type: RecipientType,
    /// Its tier: rejected actions are remembered with it.
    pub tier: AuditTier,
    /// When it was created, where the look had it.
    pub created_at: Option<DateTime<Utc>>,
    /// Where it stands, before the guard.
    pub state: State,
    /// What enforcing policies say otherwise.
    pub drifts: Vec<Drift>,
    /// What only observing policies say otherwise.
    pub observed: Vec<Drift>,
    /// Contradictions.
    pub conflicts: Vec<Conflict>,
    /// Customised lists that need not be.
    pub frozen: Vec<Frozen>,
    /// Lists that were returned to Microsoft and lack a named action since, with what the default set was
    /// (by [`super::default_set_hash`]).
    pub failed_returns: Vec<(LogonType, ContentHash)>,
    /// Fields that policies concern and that this look could not judge.
    pub unknown: Vec<Field>,
    /// What to write, in order.
    pub changes: Vec<Change>,
    /// What the guard held of it; empty before the guard.
    pub held: Vec<Change>,
}

impl Finding {
    /// Whether there is anything to say about it beyond where it stands.
    pub fn is_remarkable(&self) -> bool {
        !(self.drifts.is_empty()
            && self.observed.is_empty()
            && self.conflicts.is_empty()
            && self.frozen.is_empty()
            && self.unknown.is_empty()
            && matches!(self.state, State::InSync | State::Uncovered))
    }
}
