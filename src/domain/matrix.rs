//! The dated table of audit actions: which logon type may audit which, which are in Microsoft's default
//! sets, what the audit search calls them. Data, kept by hand; it changed in 2013, 2018, 2019, 2024, 2026.

use super::{ActionSet, KnownAction, LogonType, LogonTypes};

/// The day on which the table was last compared with its sources.
pub const MATRIX_DATE: &str = "2026-06-24";

/// How an action stands with the service, apart from its logon types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Documented and in use.
    Current,
    /// Accepted, and said to record nothing that another action does not record already.
    Redundant,
    /// Refused where the mailbox has Audit Premium; superseded by `MailItemsAccessed`.
    Deprecated,
    /// Accepted by the service, and in no Microsoft table.
    Undocumented,
}

impl Standing {
    /// `current`, `redundant`, `deprecated` or `undocumented`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Redundant => "redundant",
            Self::Deprecated => "deprecated",
            Self::Undocumented => "undocumented",
        }
    }
}

/// How a logon type stands to an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefaultMembership {
    /// In Microsoft's default set.
    Default,
    /// May be added.
    OptIn,
    /// Refused by the service.
    Illegal,
}

/// What the table says of one action.
#[derive(Debug, Clone, Copy)]
pub struct ActionFacts {
    /// The action.
    pub action: KnownAction,
    /// The logon types whose default set has it.
    pub default_for: LogonTypes,
    /// The logon types that may audit it.
    pub legal_for: LogonTypes,
    /// How it stands with the service.
    pub standing: Standing,
    /// What the audit search shows for it; empty where Microsoft names none.
    pub activity: &'static str,
    /// What to know before using it; may be empty.
    pub note: &'static str,
}

impl ActionFacts {
    /// How one logon type stands to the action.
    pub const fn membership(&self, kind: LogonType) -> DefaultMembership {
        if self.default_for.contains(kind) {
            DefaultMembership::Default
        } else if self.legal_for.contains(kind) {
            DefaultMembership::OptIn
        } else {
            DefaultMembership::Illegal
        }
    }
}

const NONE: LogonTypes = LogonTypes::NONE;
const ADO: LogonTypes = LogonTypes::ALL;
const AD: LogonTypes = ADO.without(LogonType::Owner);
const AO: LogonTypes = ADO.without(LogonType::Delegate);
const A: LogonTypes = AD.without(LogonType::Delegate);
const O: LogonTypes = AO.without(LogonType::Admin);

const fn row(
    action: KnownAction,
    default_for: LogonTypes,
    legal_for: LogonTypes,
    standing: Standing,
    activity: &'static str,
    note: &'static str,
) -> ActionFacts {
    ActionFacts { action, default_for, legal_for, standing, activity, note }
}

use KnownAction as K;
use Standing::{Current, Deprecated, Redundant, Undocumented};

/// Sources: Microsoft Learn "Manage mailbox auditing" (2026-06), "Audit log activities", "Set-Mailbox";
/// the defaults as CIS Microsoft 365 Foundations 7.0 and Microsoft's own support script print them.
#[rustfmt::skip]
const TABLE: &[ActionFacts] = &[
    row(K::AddFolderPermissions, NONE, ADO, Redundant, "Added permissions to folder", "recorded by UpdateFolderPermissions already"),
    row(K::ApplyPriorityCleanup, NONE, ADO, Undocumented, "", "written by priority cleanup itself"),
    row(K::ApplyRecord, ADO, ADO, Current, "", "an item was labelled as a record"),
    row(K::AttachmentAccess, NONE, ADO, Current, "Accessed mailbox attachments", "described as always on; mailboxes do not show it in their lists"),
    row(K::Copy, NONE, A, Current, "Copied messages to another folder", ""),
    row(K::Create, AD, ADO, Current, "Created mailbox item", "sources disagree whether it is in the owner's default"),
    row(K::FolderBind, NONE, AD, Current, "", "one record a folder in 24 hours for delegates"),
    row(K::HardDelete, ADO, ADO, Current, "Purged messages from the mailbox", ""),
    row(K::MailItemsAccessed, ADO, ADO, Current, "Accessed mailbox items", "pauses for 24 hours above 1000 single reads a day"),
    row(K::MailboxLogin, NONE, O, Current, "User signed in to mailbox", "POP, IMAP and OAuth sign-ins; noisy"),
    row(K::MessageBind, NONE, A, Deprecated, "", "refused where the mailbox has Audit Premium; use MailItemsAccessed"),
    row(K::ModifyFolderPermissions, NONE, ADO, Redundant, "", "recorded by UpdateFolderPermissions already"),
    row(K::Move, NONE, ADO, Current, "Moved messages to another folder", ""),
    row(K::MoveToDeletedItems, ADO, ADO, Current, "Moved messages to Deleted Items folder", ""),
    row(K::PreservedMailItemProactively, NONE, ADO, Undocumented, "", ""),
    row(K::PriorityCleanupDelete, NONE, ADO, Undocumented, "", "written by priority cleanup itself"),
    row(K::RecordDelete, NONE, ADO, Current, "", "an item labelled as a record was deleted"),
    row(K::RemoveFolderPermissions, NONE, ADO, Redundant, "Removed permissions from folder", "recorded by UpdateFolderPermissions already"),
    row(K::SearchQueryInitiated, NONE, O, Current, "Search items in a mailbox", "recorded as SearchQueryInitiatedExchange; may need Audit Premium"),
    row(K::Send, AO, AO, Current, "Sent message", ""),
    row(K::SendAs, AD, AD, Current, "Sent message using Send As permissions", ""),
    row(K::SendOnBehalf, AD, AD, Current, "Sent message using Send On Behalf permissions", ""),
    row(K::SoftDelete, ADO, ADO, Current, "Deleted messages from Deleted Items folder", ""),
    row(K::Update, ADO, ADO, Current, "Updated message", ""),
    row(K::UpdateCalendarDelegation, AO, AO, Current, "Added or removed user with delegate access to calendar folder", ""),
    row(K::UpdateComplianceTag, NONE, ADO, Undocumented, "", ""),
    row(K::UpdateFolderPermissions, ADO, ADO, Current, "Modified permission of folder", ""),
    row(K::UpdateInboxRules, ADO, ADO, Current, "Updated inbox rules from Outlook client", "rules edited elsewhere appear as New-InboxRule and Set-InboxRule"),
];

/// The table's row of an action.
pub const fn action_facts(action: KnownAction) -> &'static ActionFacts {
    // The rows stand in the order of the enum; a test holds them to it.
    &TABLE[action as usize]
}

/// Microsoft's default set of a logon type by this table: 13, 11 and 10 actions.
pub fn default_actions(kind: LogonType) -> ActionSet {
    select(|facts| facts.default_for.contains(kind))
}

/// What the keyword `all` means: every documented, not deprecated action that is legal for the type.
/// Names that are recorded by another action already are documented, and therefore in it.
pub fn all_actions(kind: LogonType) -> ActionSet {
    select(|facts| facts.legal_for.contains(kind) && matches!(facts.standing, Current | Redundant))
}

fn select(predicate: impl Fn(&ActionFacts) -> bool) -> ActionSet {
    TABLE.iter().filter(|facts| predicate(facts)).map(|facts| facts.action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_stand_in_the_order_of_the_enum() {
        assert_eq!(TABLE.len(), KnownAction::ALL.len());
        for action in KnownAction::ALL {
            assert_eq!(action_facts(*action).action, *action);
        }
    }

    #[test]
    fn the_defaults_are_13_11_and_10() {
        let sizes = LogonType::ALL.map(|kind| default_actions(kind).len());
        assert_eq!(sizes, [13, 11, 10]);
        for kind in LogonType::ALL {
            assert!(default_actions(kind).is_subset(&all_actions(kind)));
        }
    }

    #[test]
    fn all_leaves_out_what_the_service_refuses_or_no_document_names() {
        let admin = all_actions(LogonType::Admin);
        assert!(admin.contains(&KnownAction::Copy.into()));
        assert!(!admin.contains(&KnownAction::MessageBind.into()));
        assert!(!admin.contains(&KnownAction::UpdateComplianceTag.into()));
        assert!(!all_actions(LogonType::Delegate).contains(&KnownAction::Send.into()));
    }
}
