//! What can be written: closed, so that nothing outside the audit settings can be. Which cmdlet and
//! which parameters carry a correction is the business of `exchange`.

use crate::domain::{
    ActionSet, Field, LogAge, LogonType, LogonTypes, Mailbox, MailboxId, OrganizationSwitch, StoredAuditing,
};

/// What a change is made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// The tenant's switches; before every mailbox, since without them no mailbox setting counts.
    Organization,
    /// One mailbox.
    Mailbox(MailboxId),
}

/// One thing to make true, the smallest that does it. Several can go into one call of the service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Correction {
    /// Store auditing as explicitly on.
    Enable,
    /// Store auditing as off: weakening.
    Disable,
    /// Store this age of the log in the mailbox.
    SetLogAge(LogAge),
    /// Add actions to a list; never replaces it. The type leaves Microsoft's management where it was in it.
    Add {
        /// Whose list.
        kind: LogonType,
        /// What to add; not empty, and not in the list as observed.
        actions: ActionSet,
    },
    /// Remove actions from a list, and only these: weakening.
    Remove {
        /// Whose list.
        kind: LogonType,
        /// What to remove; not empty, a real part of the list as observed.
        actions: ActionSet,
    },
    /// Write the service's `None`: nothing is audited for the type. Weakening. An empty list cannot be
    /// written otherwise.
    LogNothing(LogonType),
    /// Return lists to Microsoft's management.
    KeepByMicrosoft {
        /// The types that come back by this correction.
        restore: LogonTypes,
        /// The whole of `DefaultAuditSet` to write: `restore` and the types that are in it already, so
        /// that it ends right whether the service adds to the set or replaces it.
        set: LogonTypes,
    },
    /// Switch the organization's auditing or the log's ingestion on; off cannot be said.
    SwitchOn(OrganizationSwitch),
}

impl Correction {
    /// The fields that it touches.
    pub fn fields(&self) -> Vec<Field> {
        match self {
            Self::Enable | Self::Disable => vec![Field::Enabled],
            Self::SetLogAge(_) => vec![Field::AuditLogAge],
            Self::Add { kind, .. } | Self::Remove { kind, .. } | Self::LogNothing(kind) => {
                vec![Field::from(*kind)]
            }
            Self::KeepByMicrosoft { restore, .. } => restore.iter().map(Field::from).collect(),
            Self::SwitchOn(switch) => vec![Field::from(*switch)],
        }
    }

    /// Whether a mailbox, as read back, shows that the correction took effect; none where the row does
    /// not hold what would tell.
    pub fn is_visible_in(&self, row: &Mailbox) -> Option<bool> {
        let list = |kind: LogonType| row.actions.get(kind).as_ref();
        match self {
            Self::Enable => match row.stored {
                StoredAuditing::Unknown => None,
                stored => Some(stored == StoredAuditing::On),
            },
            Self::Disable => match row.stored {
                StoredAuditing::Unknown => None,
                stored => Some(stored == StoredAuditing::Off),
            },
            Self::SetLogAge(age) => row.log_age.map(|stored| stored == age.stored()),
            Self::Add { kind, actions } => list(*kind).map(|shown| actions.is_subset(shown)),
            Self::Remove { kind, actions } => list(*kind).map(|shown| actions.intersection(shown).is_empty()),
            Self::LogNothing(kind) => list(*kind).map(ActionSet::is_empty),
            Self::KeepByMicrosoft { restore, .. } => {
                row.kept_by_microsoft.map(|kept| restore.iter().all(|kind| kept.contains(kind)))
            }
            Self::SwitchOn(_) => None,
        }
    }

    /// What it does, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Enable => "enable auditing explicitly".into(),
            Self::Disable => "disable auditing".into(),
            Self::SetLogAge(age) => format!("keep the log in the mailbox for {age}"),
            Self::Add { kind, actions } => format!("{kind}: add {actions}"),
            Self::Remove { kind, actions } => format!("{kind}: remove {actions}"),
            Self::LogNothing(kind) => format!("{kind}: audit nothing"),
            Self::KeepByMicrosoft { restore, .. } => format!("{restore}: return to Microsoft's management"),
            Self::SwitchOn(switch) => format!("switch {switch} on"),
        }
    }
}
