//! What a mailbox's audit setting amounts to: the stored value, what the tenant's default makes of it,
//! and whether records reach the unified audit log.

use std::fmt;

use super::{AuditTier, Mailbox, Organization, StoredAuditing, SwitchState};

/// The stored state of a mailbox's auditing, as `report` lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Auditing {
    /// Stored true.
    Explicit,
    /// Stored false or never stored, and covered by the tenant's auditing-on-by-default.
    ByTenantDefault,
    /// Stored false or never stored, and covered by nothing.
    Off,
    /// Not read.
    Unknown,
}

impl Auditing {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Explicit, Self::ByTenantDefault, Self::Off, Self::Unknown];

    /// The word of logs and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::ByTenantDefault => "by_tenant_default",
            Self::Off => "off",
            Self::Unknown => "unknown",
        }
    }

    /// What the stored value of a mailbox means in its organization.
    ///
    /// With the organization's switch unread, the displayed value decides: the service overlays true on
    /// every mailbox that its default covers, so a stored-off mailbox displayed as on is covered.
    pub fn of(mailbox: &Mailbox, organization: &Organization) -> Self {
        match mailbox.stored {
            StoredAuditing::On => Self::Explicit,
            StoredAuditing::Unknown => Self::Unknown,
            StoredAuditing::Off => match organization.mailbox_auditing {
                SwitchState::Off => Self::Off,
                SwitchState::On if mailbox.recipient_type.is_covered_by_tenant_default() => {
                    Self::ByTenantDefault
                }
                SwitchState::On => Self::Off,
                SwitchState::Unknown => match mailbox.displayed_enabled {
                    Some(true) => Self::ByTenantDefault,
                    Some(false) => Self::Off,
                    None => Self::Unknown,
                },
            },
        }
    }
}

impl fmt::Display for Auditing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Whether what happens in the mailbox reaches the unified audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effective {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It cannot be told from what was read.
    Unknown,
}

impl Effective {
    /// `yes`, `no` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    /// From the tenant's switches, the mailbox's stored value, type and tier.
    ///
    /// Records of a mailbox that only the tenant's default covers are known to arrive where it has Audit
    /// Premium; without it they may never reach the log, so that case is unknown, not yes. Source:
    /// Microsoft Learn, "Manage mailbox auditing".
    pub fn of(mailbox: &Mailbox, organization: &Organization) -> Self {
        match (organization.worst(), Auditing::of(mailbox, organization)) {
            (SwitchState::Off, _) | (_, Auditing::Off) => Self::No,
            (SwitchState::Unknown, _) | (_, Auditing::Unknown) => Self::Unknown,
            (SwitchState::On, Auditing::Explicit) => Self::Yes,
            (SwitchState::On, Auditing::ByTenantDefault) => match mailbox.tier {
                AuditTier::Premium => Self::Yes,
                AuditTier::Standard | AuditTier::Unknown => Self::Unknown,
            },
        }
    }
}

impl fmt::Display for Effective {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MailboxId, RecipientType};
    use uuid::Uuid;

    fn mailbox(kind: RecipientType, stored: StoredAuditing) -> Mailbox {
        Mailbox { stored, displayed_enabled: Some(true), ..Mailbox::unread(MailboxId(Uuid::nil()), kind) }
    }

    const ON: Organization =
        Organization { mailbox_auditing: SwitchState::On, unified_audit_log_ingestion: SwitchState::On };

    #[test]
    fn displayed_true_is_not_stored_true() {
        let user = mailbox(RecipientType::UserMailbox, StoredAuditing::Off);
        assert_eq!(Auditing::of(&user, &ON), Auditing::ByTenantDefault);
        let room = mailbox(RecipientType::RoomMailbox, StoredAuditing::Off);
        assert_eq!(Auditing::of(&room, &ON), Auditing::Off);
        let unread = mailbox(RecipientType::UserMailbox, StoredAuditing::Unknown);
        assert_eq!(Auditing::of(&unread, &ON), Auditing::Unknown);
    }

    #[test]
    fn a_switch_that_is_off_wins_and_an_unread_one_is_unknown() {
        let on = mailbox(RecipientType::UserMailbox, StoredAuditing::On);
        let off = Organization { unified_audit_log_ingestion: SwitchState::Off, ..ON };
        let unread = Organization { unified_audit_log_ingestion: SwitchState::Unknown, ..ON };
        assert_eq!(Effective::of(&on, &ON), Effective::Yes);
        assert_eq!(Effective::of(&on, &off), Effective::No);
        assert_eq!(Effective::of(&on, &unread), Effective::Unknown);
    }

    #[test]
    fn the_tenant_default_is_effective_only_with_premium() {
        let mut user = mailbox(RecipientType::UserMailbox, StoredAuditing::Off);
        assert_eq!(Effective::of(&user, &ON), Effective::Unknown);
        user.tier = AuditTier::Premium;
        assert_eq!(Effective::of(&user, &ON), Effective::Yes);
    }
}
