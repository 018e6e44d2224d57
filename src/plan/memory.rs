//! What the planner is told of the past: attempts, rejections, causes, as data from the history.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::domain::{
    ActionSet, AuditAction, AuditTier, Cause, ContentHash, Field, LogonType, MailboxId, PerLogonType,
};

/// How an attempt to write a field ended so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptStatus {
    /// Written; it may not show yet.
    Verifying,
    /// Seen as written; a read from elsewhere may still show the old value for a while.
    Verified,
    /// Written, and it did not show within the settle window.
    Unverified,
}

/// The last attempt on one field of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What was to be true afterwards; another desired state makes the attempt irrelevant.
    pub desired: String,
    /// How it stands.
    pub status: AttemptStatus,
    /// When the service last took the write.
    pub written_at: DateTime<Utc>,
    /// Until when nothing is written again, unless somebody else changes the mailbox meanwhile.
    pub quiet_until: DateTime<Utc>,
}

impl Attempt {
    /// Whether a row that was last changed then is newer than the attempt: what it shows is somebody
    /// else's doing, not a late answer. The service's clock may run a little ahead of ours.
    pub fn is_overtaken_by(&self, changed_at: Option<DateTime<Utc>>) -> bool {
        changed_at.is_some_and(|changed| changed - self.written_at > chrono::TimeDelta::seconds(5))
    }
}

/// Since how many rejections of an action in a tier the rest of the tier is not tried in that run.
pub const REJECTIONS_OF_A_TIER: u32 = 5;

/// What the service refused to audit.
#[derive(Debug, Clone, Default)]
pub struct Rejections {
    by_mailbox: HashMap<(MailboxId, LogonType), ActionSet>,
    by_tier: HashMap<(AuditTier, LogonType, AuditAction), u32>,
}

impl Rejections {
    /// Remembers one rejection; says how many mailboxes of the tier have refused the action.
    pub fn insert(
        &mut self,
        mailbox: MailboxId,
        tier: AuditTier,
        kind: LogonType,
        action: AuditAction,
    ) -> u64 {
        let list = self.by_mailbox.entry((mailbox, kind)).or_default();
        let count = self.by_tier.entry((tier, kind, action.clone())).or_default();
        if !list.contains(&action) {
            list.insert(action);
            *count += 1;
        }
        u64::from(*count)
    }

    /// What is not to be tried on this mailbox: what it refused itself, and what its tier refused often.
    pub fn of(&self, mailbox: MailboxId, tier: AuditTier, kind: LogonType) -> ActionSet {
        let mut actions = self.by_mailbox.get(&(mailbox, kind)).cloned().unwrap_or_default();
        for ((other_tier, other_kind, action), count) in &self.by_tier {
            if *other_tier == tier && *other_kind == kind && *count >= REJECTIONS_OF_A_TIER {
                actions.insert(action.clone());
            }
        }
        actions
    }
}

/// What is known of the policies under which the tenant was last seen whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastComplete {
    /// When that look ended.
    pub at: DateTime<Utc>,
    /// How many mailboxes it held.
    pub population: u64,
    /// The content of the policy set in force.
    pub policy_revision: ContentHash,
}

/// Whether there is a memory at all.
#[derive(Debug, Clone, Default)]
pub enum Basis {
    /// No history: every cause is a policy change, but for mailboxes created in the last 24 hours.
    #[default]
    None,
    /// A history, whose tenant was perhaps never seen whole.
    History {
        /// The last complete full look.
        last_complete: Option<LastComplete>,
        /// Every mailbox ever seen, sorted.
        known: Vec<MailboxId>,
        /// Mailboxes that came after the tenant was first seen whole, in the last 24 hours, with when they
        /// were first seen.
        recent: HashMap<MailboxId, DateTime<Utc>>,
    },
}

/// The memory of one tenant, fixed for a look.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Whether there is a history, and what it says of the tenant as a whole.
    pub basis: Basis,
    /// Attempts that still matter.
    pub attempts: HashMap<(MailboxId, Field), Attempt>,
    /// Attempts on the organization's switches that still matter.
    pub switch_attempts: HashMap<Field, Attempt>,
    /// The causes of drift that is open and strengthens.
    pub open: HashMap<(MailboxId, Field), Cause>,
    /// The same of drift that only weakens. It may be held for ever, and is no reason for what somebody
    /// undoes in the same field meanwhile.
    pub open_weakening: HashMap<(MailboxId, Field), Cause>,
    /// What the service refused.
    pub rejections: Rejections,
    /// Default sets (by [`default_set_hash`]) under which a return to Microsoft left a named action missing.
    pub failed_returns: HashMap<(MailboxId, LogonType), ContentHash>,
    /// What Microsoft added to its default sets since the last complete look.
    pub grown: PerLogonType<ActionSet>,
}

impl Memory {
    /// Why a field of a mailbox differs, where nothing more particular is known.
    pub fn cause(
        &self,
        mailbox: MailboxId,
        created_at: Option<DateTime<Utc>>,
        field: Field,
        revision: ContentHash,
        as_of: DateTime<Utc>,
    ) -> Cause {
        if let Some(cause) = self.open.get(&(mailbox, field)) {
            return *cause;
        }
        let young = created_at.is_some_and(|created| as_of - created < chrono::TimeDelta::hours(24));
        match &self.basis {
            Basis::None if young => Cause::NewMailbox,
            Basis::None => Cause::PolicyChange,
            Basis::History { known, last_complete, recent } => {
                // Whichever lane saw it first: it is new until it was once written as policies say.
                let is_untouched =
                    recent.contains_key(&mailbox) && !self.attempts.contains_key(&(mailbox, field));
                let is_new = known.binary_search(&mailbox).is_err() || is_untouched;
                match last_complete {
                    Some(last) if is_new && (young || last.policy_revision == revision) => Cause::NewMailbox,
                    None if young => Cause::NewMailbox,
                    Some(last) if last.policy_revision == revision => Cause::External,
                    _ => Cause::PolicyChange,
                }
            }
        }
    }
}

/// What a default set is recognised by in the memory of failed returns.
pub fn default_set_hash(actions: &ActionSet) -> ContentHash {
    ContentHash::of(actions.to_string().as_bytes())
}
