//! The closed list of what is asked of the service, and how long each may take.

use std::time::Duration;

/// What a request is for: the label of metrics and the first words of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A token of the sign-in service.
    Token,
    /// `Get-OrganizationConfig`.
    ReadOrganization,
    /// `Get-AdminAuditLogConfig`.
    ReadIngestion,
    /// The stored-off filter, identities only.
    StoredOff,
    /// All mailboxes, page by page.
    Rows,
    /// A small look: what changed, what is new, what is stored as off.
    Look,
    /// A group of named mailboxes.
    Group,
    /// The stored-off filter on a group of named mailboxes.
    GroupStoredOff,
    /// One mailbox by what a person calls it.
    Find,
    /// `Set-Mailbox`.
    SetMailbox,
    /// `Set-OrganizationConfig`.
    SetOrganization,
    /// `Set-AdminAuditLogConfig`.
    SetIngestion,
}

impl Operation {
    /// Every operation, in order.
    pub const ALL: [Self; 12] = [
        Self::Token,
        Self::ReadOrganization,
        Self::ReadIngestion,
        Self::StoredOff,
        Self::Rows,
        Self::Look,
        Self::Group,
        Self::GroupStoredOff,
        Self::Find,
        Self::SetMailbox,
        Self::SetOrganization,
        Self::SetIngestion,
    ];

    /// The word of the metric label `operation`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::ReadOrganization => "read_organization",
            Self::ReadIngestion => "read_ingestion",
            Self::StoredOff => "stored_off",
            Self::Rows => "rows",
            Self::Look => "look",
            Self::Group => "group",
            Self::GroupStoredOff => "group_stored_off",
            Self::Find => "find",
            Self::SetMailbox => "set_mailbox",
            Self::SetOrganization => "set_organization",
            Self::SetIngestion => "set_ingestion",
        }
    }

    /// Whether it changes anything in the tenant.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::SetMailbox | Self::SetOrganization | Self::SetIngestion)
    }

    /// Whether it names one mailbox, so that "not found" speaks of that mailbox.
    pub(super) const fn names_a_mailbox(self) -> bool {
        matches!(self, Self::Find | Self::SetMailbox)
    }

    /// How long one request may take, from sending it to the last byte of its answer.
    ///
    /// `Set-OrganizationConfig` is slow by nature: Microsoft's own module waits 1,800 s for it.
    pub const fn time_limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Token => 30,
            Self::ReadOrganization | Self::ReadIngestion => 25,
            Self::Look | Self::Group | Self::GroupStoredOff | Self::Find => 25,
            Self::StoredOff | Self::Rows | Self::SetMailbox => 120,
            Self::SetOrganization | Self::SetIngestion => 1_800,
        })
    }

    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::Token => "getting a token",
            Self::ReadOrganization => "reading the organization's configuration",
            Self::ReadIngestion => "reading the admin audit log's configuration",
            Self::StoredOff => "listing the mailboxes stored as off",
            Self::Rows => "listing the mailboxes",
            Self::Look => "looking for mailboxes",
            Self::Group => "reading a group of mailboxes",
            Self::GroupStoredOff => "reading which of a group are stored as off",
            Self::Find => "finding a mailbox",
            Self::SetMailbox => "setting a mailbox",
            Self::SetOrganization => "setting the organization's configuration",
            Self::SetIngestion => "setting the admin audit log's configuration",
        }
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
