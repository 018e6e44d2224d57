//! The two switches of a tenant without which no mailbox setting counts.

use std::fmt;

/// A switch as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum SwitchState {
    /// The service said on.
    On,
    /// The service said off.
    Off,
    /// It was not read, or the answer did not hold it.
    #[default]
    Unknown,
}

impl SwitchState {
    /// From a flag of the service that may be missing.
    pub const fn from_on(on: Option<bool>) -> Self {
        match on {
            Some(true) => Self::On,
            Some(false) => Self::Off,
            None => Self::Unknown,
        }
    }

    /// `on`, `off` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Unknown => "unknown",
        }
    }

    /// The worse of two: off, then unknown, then on.
    #[must_use]
    pub const fn worst(self, other: Self) -> Self {
        match (self, other) {
            (Self::Off, _) | (_, Self::Off) => Self::Off,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::On, Self::On) => Self::On,
        }
    }
}

impl fmt::Display for SwitchState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Which of the two switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrganizationSwitch {
    /// Auditing on by default: `AuditDisabled` false of the organization's configuration.
    MailboxAuditing,
    /// `UnifiedAuditLogIngestionEnabled` of the admin audit log's configuration.
    UnifiedAuditLogIngestion,
}

impl OrganizationSwitch {
    /// Both.
    pub const ALL: [Self; 2] = [Self::MailboxAuditing, Self::UnifiedAuditLogIngestion];

    /// The key of the policy language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MailboxAuditing => "mailboxAuditing",
            Self::UnifiedAuditLogIngestion => "unifiedAuditLogIngestion",
        }
    }
}

impl fmt::Display for OrganizationSwitch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Both switches as one look saw them.
///
/// While `mailbox_auditing` is off, nothing is audited whatever the mailboxes store; while ingestion is
/// off, nothing that is audited can be found. Source: Microsoft Learn, "Manage mailbox auditing".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Organization {
    /// Auditing on by default.
    pub mailbox_auditing: SwitchState,
    /// Unified audit log ingestion.
    pub unified_audit_log_ingestion: SwitchState,
}

impl Organization {
    /// One switch.
    pub const fn get(&self, switch: OrganizationSwitch) -> SwitchState {
        match switch {
            OrganizationSwitch::MailboxAuditing => self.mailbox_auditing,
            OrganizationSwitch::UnifiedAuditLogIngestion => self.unified_audit_log_ingestion,
        }
    }

    /// The worse of the two: what every mailbox depends on.
    pub const fn worst(&self) -> SwitchState {
        self.mailbox_auditing.worst(self.unified_audit_log_ingestion)
    }
}
