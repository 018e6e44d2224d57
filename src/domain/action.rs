//! The names of what can be audited in a mailbox. Which logon type may audit which is in `matrix`.

use std::cmp::Ordering;
use std::fmt;

macro_rules! known_actions {
    ($($name:ident),+ $(,)?) => {
        /// An audit action that this version knows by name.
        ///
        /// Sources: Microsoft Learn, "Manage mailbox auditing" and "Set-Mailbox"; the values that
        /// the service itself lists when it refuses a name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "each variant is a name of the service; its facts are in `matrix`")]
        pub enum KnownAction { $($name),+ }

        impl KnownAction {
            /// Every known action, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name as the service writes it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

// Alphabetical, so that the order of the bits in an `ActionSet` is the order in which it prints.
known_actions!(
    AddFolderPermissions,
    ApplyPriorityCleanup,
    ApplyRecord,
    AttachmentAccess,
    Copy,
    Create,
    FolderBind,
    HardDelete,
    MailItemsAccessed,
    MailboxLogin,
    MessageBind,
    ModifyFolderPermissions,
    Move,
    MoveToDeletedItems,
    PreservedMailItemProactively,
    PriorityCleanupDelete,
    RecordDelete,
    RemoveFolderPermissions,
    SearchQueryInitiated,
    Send,
    SendAs,
    SendOnBehalf,
    SoftDelete,
    Update,
    UpdateCalendarDelegation,
    UpdateComplianceTag,
    UpdateFolderPermissions,
    UpdateInboxRules,
);

impl KnownAction {
    /// Reads a name in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str().eq_ignore_ascii_case(text))
    }
}

/// A name that this version does not know: the service adds actions over the years.
///
/// Compares without regard to case, as the service does; prints as first written.
#[derive(Debug, Clone)]
pub struct UnlistedAction(Box<str>);

impl UnlistedAction {
    /// The name as first written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for UnlistedAction {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
impl Eq for UnlistedAction {}
impl PartialOrd for UnlistedAction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for UnlistedAction {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}
impl std::hash::Hash for UnlistedAction {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
    }
}

/// An audit action, known to this version or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditAction {
    /// One of the documented names.
    Known(KnownAction),
    /// A name that only the service or a policy author knows.
    Unlisted(UnlistedAction),
}

impl AuditAction {
    /// Reads a name, in any case. `None`, the service's word for "log nothing", is not an action and
    /// is the caller's to handle.
    pub fn parse(text: &str) -> Self {
        match KnownAction::parse(text) {
            Some(known) => Self::Known(known),
            None => Self::Unlisted(UnlistedAction(text.into())),
        }
    }

    /// The name as the service writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(known) => known.as_str(),
            Self::Unlisted(unlisted) => unlisted.as_str(),
        }
    }
}

impl From<KnownAction> for AuditAction {
    fn from(known: KnownAction) -> Self {
        Self::Known(known)
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_written_canonically() {
        assert_eq!(AuditAction::parse("hArDdElEtE").as_str(), "HardDelete");
        assert_eq!(AuditAction::parse("BrandNew"), AuditAction::parse("brandnew"));
        assert_ne!(AuditAction::parse("BrandNew"), AuditAction::parse("BrandNewer"));
    }

    #[test]
    fn the_table_is_alphabetical_and_fits_the_bits_of_a_set() {
        assert!(KnownAction::ALL.is_sorted_by_key(|action| action.as_str()));
        assert!(KnownAction::ALL.len() <= 32);
    }
}
