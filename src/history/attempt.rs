//! The memory of writes whose effect was not yet seen, and of what the service would not have: so that
//! neither is tried again too soon, by any lane or run. Verified writes are not remembered here.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{AuditAction, AuditTier, ContentHash, Field, LogonType, MailboxId};
use crate::plan::Object;

use crate::domain::words;

words! {
    /// How far the service has shown a write.
    AttemptStatus {
        /// Written a moment ago; the service may still show the old value.
        Verifying => "verifying",
        /// The settle window is over, and the value is still not shown.
        Unverified => "unverified",
    }
}

/// A write to one field that is not verified yet. It is forgotten once it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What was written to.
    pub object: Object,
    /// Which field of it.
    pub field: Field,
    /// The value that it should show; another desired value starts a new attempt.
    pub desired: String,
    /// When it was first written.
    pub first_attempt_at: DateTime<Utc>,
    /// When it was last written.
    pub last_attempt_at: DateTime<Utc>,
    /// How many times it was written.
    pub tries: u32,
    /// How far the service has shown it.
    pub status: AttemptStatus,
    /// Before this time it is not written again.
    pub next_try_at: DateTime<Utc>,
}

/// How long to wait between writes that the service does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After the first.
    pub first: TimeDelta,
    /// At most; in between the wait doubles.
    pub most: TimeDelta,
}

impl Attempt {
    /// The attempt after its settle window ended without the value showing: the wait doubles with each
    /// write, counted from the last one.
    #[must_use]
    pub fn unverified(self, patience: Patience) -> Self {
        let doublings = self.tries.saturating_sub(1).min(20);
        let wait = i32::try_from(1_u32 << doublings)
            .ok()
            .and_then(|factor| patience.first.checked_mul(factor))
            .map_or(patience.most, |wait| wait.min(patience.most));
        let next_try_at = self.last_attempt_at.checked_add_signed(wait).unwrap_or(self.last_attempt_at);
        Self { status: AttemptStatus::Unverified, next_try_at, ..self }
    }
}

/// An action that the service refused for a mailbox. It holds while the mailbox stays in that tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Whose mailbox.
    pub mailbox: MailboxId,
    /// In which list.
    pub kind: LogonType,
    /// Which action.
    pub action: AuditAction,
    /// The tier that the mailbox was in.
    pub tier: AuditTier,
    /// When the service last refused it.
    pub rejected_at: DateTime<Utc>,
    /// The service's own words.
    pub text: String,
}

/// How many mailboxes of a tier were refused an action.
pub fn count_rejections(rejections: &[Rejection]) -> BTreeMap<(AuditTier, LogonType, AuditAction), u32> {
    let mut counts = BTreeMap::new();
    for rejection in rejections {
        let key = (rejection.tier, rejection.kind, rejection.action.clone());
        *counts.entry(key).or_default() += 1;
    }
    counts
}

/// A list that was returned to Microsoft and then lacked an action that a policy names. It is not
/// returned again while the default set is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedReturn {
    /// Whose mailbox.
    pub mailbox: MailboxId,
    /// Which list.
    pub kind: LogonType,
    /// The hash of the default set at that time.
    pub default_set: ContentHash,
}
