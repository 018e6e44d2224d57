//! The questions of the port and what an answer saw, in the domain's words. How they look on the wire is
//! in `opath` and `reader`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Error;
use crate::domain::{Attribute, MailboxId, Organization, RecipientType, SwitchState};

/// The most mailboxes that one group query names.
pub const GROUP_LIMIT: usize = 20;

/// A query for mailboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowQuery {
    /// Which mailboxes.
    pub scope: Scope,
    /// Which of their columns.
    pub columns: Columns,
    /// Which of them only.
    pub filter: RowFilter,
}

/// Part of a tenant's mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Which of the populations that the service lists apart.
    pub population: Population,
    /// Only these types; all where empty.
    pub types: Vec<RecipientType>,
}

/// The service lists some kinds of mailbox only when asked for them alone, and takes writes to them only
/// with the same word. Source: Microsoft Learn, "Get-Mailbox", "Set-Mailbox".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum Population {
    /// People's, shared, resource and other plain mailboxes.
    #[default]
    Plain,
    /// Mailboxes of Microsoft 365 groups (`-GroupMailbox`).
    Groups,
    /// Public folder mailboxes (`-PublicFolder`).
    PublicFolders,
    /// Inactive mailboxes (`-InactiveMailboxOnly`), which can be read and not set.
    Inactive,
}

impl Population {
    /// Where mailboxes of a type are found.
    pub const fn of(kind: &RecipientType) -> Self {
        match kind {
            RecipientType::GroupMailbox => Self::Groups,
            RecipientType::PublicFolderMailbox => Self::PublicFolders,
            RecipientType::InactiveMailbox => Self::Inactive,
            _ => Self::Plain,
        }
    }
}

/// What rows hold beyond the core columns (identities, type, UPN, dates, audit settings, capabilities).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    /// Text attributes; `UserPrincipalName` is always there.
    pub attributes: BTreeSet<Attribute>,
    /// `EmailAddresses`.
    pub email_addresses: bool,
}

/// A restriction that the service applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowFilter {
    /// Every mailbox of the scope.
    All,
    /// Mailboxes whose stored `AuditEnabled` is not true.
    StoredOff,
    /// Mailboxes changed after a moment (`WhenChangedUTC`).
    ChangedSince(DateTime<Utc>),
    /// Mailboxes created after a moment (`WhenMailboxCreated`).
    CreatedSince(DateTime<Utc>),
    /// Created after a moment, and stored as off.
    StoredOffCreatedSince(DateTime<Utc>),
}

impl RowFilter {
    /// Whether it sees the stored value: then every row of the answer is stored as off.
    pub const fn sees_stored_off(self) -> bool {
        matches!(self, Self::StoredOff | Self::StoredOffCreatedSince(_))
    }
}

/// What an enumeration saw.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Mailboxes handed over.
    pub examined: u64,
    /// Rows of mailboxes that were handed over already.
    pub duplicates: u64,
    /// Rows without a usable identity or type, which were not handed over.
    pub unreadable: u64,
    /// Fields that were there and made no sense, and count as absent.
    pub bad_fields: u64,
    /// Why the enumeration ended before its end, where it did.
    pub truncated: Option<Error>,
    /// Requests that were sent, retries included.
    pub requests: u32,
    /// Bytes of the answers, decoded.
    pub bytes: u64,
}

impl View {
    /// Whether everything that the service has was seen and could be read.
    pub const fn is_complete(&self) -> bool {
        self.truncated.is_none() && self.unreadable == 0
    }
}

/// The mailboxes stored as off.
#[derive(Debug, Clone, Default)]
pub struct StoredOff {
    /// Sorted, each once.
    pub ids: Vec<MailboxId>,
    /// What the enumeration saw; where it is not complete, absence of an identity says nothing.
    pub view: View,
}

impl StoredOff {
    /// Whether the mailbox is among them.
    pub fn contains(&self, id: MailboxId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }
}

/// Both switches, each with its own outcome: an unread one says nothing of the other.
#[derive(Debug, Clone)]
pub struct OrganizationReading {
    /// Auditing on by default.
    pub mailbox_auditing: Result<SwitchState, Error>,
    /// Unified audit log ingestion.
    pub ingestion: Result<SwitchState, Error>,
}

impl OrganizationReading {
    /// The switches, unknown where unread.
    pub fn organization(&self) -> Organization {
        let state = |reading: &Result<SwitchState, Error>| reading.as_ref().copied().unwrap_or_default();
        Organization {
            mailbox_auditing: state(&self.mailbox_auditing),
            unified_audit_log_ingestion: state(&self.ingestion),
        }
    }

    /// What went wrong, for either.
    pub fn errors(&self) -> impl Iterator<Item = &Error> {
        self.mailbox_auditing.as_ref().err().into_iter().chain(self.ingestion.as_ref().err())
    }
}
