//! Which mailboxes a tenant has and had. What was seen in them is not kept here.
//!
//! A complete full view writes nothing for the mailboxes it expected to see: that it held every known
//! mailbox but those marked as vanished is what its one row means. So a sweep of a million mailboxes of
//! which nothing changed costs one row, and `last_seen` is derived.

use chrono::{DateTime, Utc};

use crate::domain::MailboxId;

/// What a look showed of which nothing was known before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sightings {
    /// Never seen before, whatever their dates say.
    pub new: Vec<MailboxId>,
    /// Seen before, then vanished, and now back.
    pub returned: Vec<MailboxId>,
}

/// A look that is known to have seen every mailbox of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteView {
    /// When it began. A mailbox first seen after that, by another lane, may be missing without having
    /// vanished.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Every mailbox that it saw, in any order.
    pub seen: Vec<MailboxId>,
}

/// What a complete view changed in what is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewChange {
    /// Mailboxes that are new, or back.
    pub sightings: Sightings,
    /// Mailboxes that are gone; each is told once.
    pub vanished: Vec<MailboxId>,
}

/// What is known of one mailbox's existence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// The last time that it is known to have been there.
    pub last_seen: DateTime<Utc>,
    /// When a complete view first missed it, until it is back.
    pub vanished_at: Option<DateTime<Utc>>,
}

/// What a store holds for a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Presence {
    pub(super) first_seen: DateTime<Utc>,
    /// Since when it has been there without a break: its first sight, or its last return.
    pub(super) since: DateTime<Utc>,
    pub(super) vanished_at: Option<DateTime<Utc>>,
    /// Of a vanished mailbox, the last complete view that had it.
    pub(super) last_seen: Option<DateTime<Utc>>,
}

impl Presence {
    pub(super) const fn new(at: DateTime<Utc>) -> Self {
        Self { first_seen: at, since: at, vanished_at: None, last_seen: None }
    }

    pub(super) const fn returned(self, at: DateTime<Utc>) -> Self {
        Self { since: at, vanished_at: None, last_seen: None, ..self }
    }

    /// Missed by a complete view; `previous` is when the complete view before it ended.
    pub(super) fn missed(self, at: DateTime<Utc>, previous: Option<DateTime<Utc>>) -> Self {
        let last_seen = previous.map_or(self.since, |previous| previous.max(self.since));
        Self { vanished_at: Some(at), last_seen: Some(last_seen), ..self }
    }

    /// `last_view` is when the last complete view ended.
    pub(super) fn seen(self, last_view: Option<DateTime<Utc>>) -> Seen {
        let last_seen = match self.last_seen {
            Some(last_seen) => last_seen,
            None => last_view.map_or(self.since, |view| view.max(self.since)),
        };
        Seen { first_seen: self.first_seen, last_seen, vanished_at: self.vanished_at }
    }
}

/// Compares a complete view with everything known, both sorted by id, in one pass.
///
/// Returns what changed, and the presences to write.
pub(super) fn compare(
    known: impl IntoIterator<Item = (MailboxId, Presence)>,
    view: CompleteView,
    previous: Option<DateTime<Utc>>,
) -> (ViewChange, Vec<(MailboxId, Presence)>) {
    let CompleteView { started_at, at, mut seen } = view;
    seen.sort_unstable();
    seen.dedup();
    let mut seen = seen.into_iter().peekable();
    let mut change = ViewChange::default();
    let mut writes = Vec::new();
    let new = |id: MailboxId, change: &mut ViewChange, writes: &mut Vec<_>| {
        change.sightings.new.push(id);
        writes.push((id, Presence::new(at)));
    };
    for (id, presence) in known {
        while let Some(unknown) = seen.next_if(|next| *next < id) {
            new(unknown, &mut change, &mut writes);
        }
        let is_here = seen.next_if_eq(&id).is_some();
        match (is_here, presence.vanished_at) {
            (true, Some(_)) => {
                change.sightings.returned.push(id);
                writes.push((id, presence.returned(at)));
            }
            (false, None) if presence.since < started_at => {
                change.vanished.push(id);
                writes.push((id, presence.missed(at, previous)));
            }
            (true, None) | (false, _) => {}
        }
    }
    for unknown in seen {
        new(unknown, &mut change, &mut writes);
    }
    (change, writes)
}
