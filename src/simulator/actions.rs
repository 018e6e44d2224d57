//! Audit actions as the service knows them: names, what each logon type accepts, Microsoft's defaults. Not what a mailbox has.
//!
//! Sources: Microsoft Learn, "Manage mailbox auditing"; Set-Mailbox reference; the support script
//! Configure-MailboxAuditLogging.ps1 (2025) for the default sets as the service returns them.

use std::borrow::Cow;

/// Who acts on a mailbox, in the order the service prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogonType {
    /// Administrative access such as eDiscovery.
    Admin,
    /// Somebody with permissions on the mailbox.
    Delegate,
    /// The owner.
    Owner,
}

impl LogonType {
    pub(crate) const ALL: [LogonType; 3] = [LogonType::Admin, LogonType::Delegate, LogonType::Owner];

    pub(crate) fn name(self) -> &'static str {
        match self {
            LogonType::Admin => "Admin",
            LogonType::Delegate => "Delegate",
            LogonType::Owner => "Owner",
        }
    }

    /// The name in "Supported audit operations for ..."; the owner is called differently there.
    fn name_in_refusal(self) -> &'static str {
        match self {
            LogonType::Owner => "Mailbox Owner",
            other => other.name(),
        }
    }

    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(text))
    }
}

/// The licence a mailbox's auditing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Audit (Standard).
    Standard,
    /// Audit (Premium): the mailbox holds the capability `M365Auditing`.
    Premium,
}

/// A set of actions; a bit stands for a place in the [`Catalog`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ActionSet(u64);

impl ActionSet {
    pub(crate) fn contains(self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }

    pub(crate) fn insert(&mut self, index: usize) {
        self.0 |= 1 << index;
    }

    pub(crate) fn union(self, other: ActionSet) -> ActionSet {
        ActionSet(self.0 | other.0)
    }

    pub(crate) fn intersection(self, other: ActionSet) -> ActionSet {
        ActionSet(self.0 & other.0)
    }

    pub(crate) fn without(self, other: ActionSet) -> ActionSet {
        ActionSet(self.0 & !other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Names in the order in which live rows list them; the rest after.
const NAMES: [&str; 28] = [
    "Update",
    "MoveToDeletedItems",
    "SoftDelete",
    "HardDelete",
    "SendAs",
    "SendOnBehalf",
    "Create",
    "UpdateFolderPermissions",
    "UpdateInboxRules",
    "UpdateCalendarDelegation",
    "ApplyRecord",
    "MailItemsAccessed",
    "Send",
    "Copy",
    "Move",
    "FolderBind",
    "MessageBind",
    "MailboxLogin",
    "SearchQueryInitiated",
    "RecordDelete",
    "AddFolderPermissions",
    "ModifyFolderPermissions",
    "RemoveFolderPermissions",
    "UpdateComplianceTag",
    "PriorityCleanupDelete",
    "ApplyPriorityCleanup",
    "PreservedMailItemProactively",
    "AttachmentAccess",
];

const OWNER_ONLY: [&str; 2] = ["MailboxLogin", "SearchQueryInitiated"];
const NOT_FOR_DELEGATE: [&str; 4] = ["Copy", "MessageBind", "Send", "UpdateCalendarDelegation"];
const NOT_FOR_OWNER: [&str; 5] = ["Copy", "FolderBind", "MessageBind", "SendAs", "SendOnBehalf"];

const ADMIN_DEFAULT: [&str; 13] = [
    "Update",
    "MoveToDeletedItems",
    "SoftDelete",
    "HardDelete",
    "SendAs",
    "SendOnBehalf",
    "Create",
    "UpdateFolderPermissions",
    "UpdateInboxRules",
    "UpdateCalendarDelegation",
    "ApplyRecord",
    "MailItemsAccessed",
    "Send",
];
const NOT_DEFAULT_FOR_DELEGATE: [&str; 2] = ["UpdateCalendarDelegation", "Send"];
const NOT_DEFAULT_FOR_OWNER: [&str; 3] = ["SendAs", "SendOnBehalf", "Create"];

/// Group mailboxes: fixed, for admin and delegate; the owner has no Create, SendAs and SendOnBehalf.
const GROUP: [&str; 7] =
    ["Create", "HardDelete", "MoveToDeletedItems", "SoftDelete", "Update", "SendAs", "SendOnBehalf"];

/// The actions of one tenant's service; Microsoft can add to it while a simulation runs.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    names: Vec<Cow<'static, str>>,
    allowed: [ActionSet; 3],
    defaults: [[ActionSet; 3]; 2],
    group: [ActionSet; 3],
}

impl Catalog {
    pub(crate) fn current() -> Self {
        let mut catalog = Self {
            names: NAMES.iter().map(|name| Cow::Borrowed(*name)).collect(),
            allowed: [ActionSet::default(); 3],
            defaults: [[ActionSet::default(); 3]; 2],
            group: [ActionSet::default(); 3],
        };
        let all = catalog.set(&NAMES);
        let owner_only = catalog.set(&OWNER_ONLY);
        catalog.allowed = [
            all.without(owner_only),
            all.without(owner_only).without(catalog.set(&NOT_FOR_DELEGATE)),
            all.without(catalog.set(&NOT_FOR_OWNER)),
        ];
        let admin = catalog.set(&ADMIN_DEFAULT);
        let lists = [
            admin,
            admin.without(catalog.set(&NOT_DEFAULT_FOR_DELEGATE)),
            admin.without(catalog.set(&NOT_DEFAULT_FOR_OWNER)),
        ];
        catalog.defaults = [lists, lists];
        let group = catalog.set(&GROUP);
        catalog.group = [group, group, group.without(catalog.set(&NOT_DEFAULT_FOR_OWNER))];
        catalog
    }

    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|one| one.eq_ignore_ascii_case(name))
    }

    /// The known ones of these names.
    pub(crate) fn set<S: AsRef<str>>(&self, names: &[S]) -> ActionSet {
        let mut set = ActionSet::default();
        for index in names.iter().filter_map(|name| self.index(name.as_ref())) {
            set.insert(index);
        }
        set
    }

    pub(crate) fn names(&self, set: ActionSet) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .enumerate()
            .filter(move |(index, _)| set.contains(*index))
            .map(|(_, name)| name.as_ref())
    }

    pub(crate) fn default_of(&self, logon: LogonType, tier: Tier) -> ActionSet {
        self.defaults[tier as usize][logon as usize]
    }

    pub(crate) fn group_list(&self, logon: LogonType) -> ActionSet {
        self.group[logon as usize]
    }

    /// Microsoft changes a default; a name never heard of becomes an action that this logon type accepts.
    pub(crate) fn set_default(&mut self, logon: LogonType, tier: Tier, names: &[&str]) {
        for name in names {
            // 64 actions is what a set can hold; Exchange has had 28 in thirteen years.
            if self.index(name).is_none() && self.names.len() < 64 {
                self.names.push(Cow::Owned((*name).to_owned()));
            }
        }
        let set = self.set(names);
        self.allowed[logon as usize] = self.allowed[logon as usize].union(set);
        self.defaults[tier as usize][logon as usize] = set;
    }

    pub(crate) fn allows(&self, logon: LogonType, index: usize) -> bool {
        self.allowed[logon as usize].contains(index)
    }

    /// The service's words for an action that exists and is not for this logon type.
    pub(crate) fn refusal(&self, logon: LogonType) -> String {
        let supported: Vec<&str> = self.names(self.allowed[logon as usize]).collect();
        format!(
            "Invalid audit operation specified. Supported audit operations for {} are None, {}.",
            logon.name_in_refusal(),
            supported.join(", ")
        )
    }

    /// The service's words for something that is no action at all.
    pub(crate) fn unknown(&self, parameter: &str, value: &str) -> String {
        let all: Vec<&str> = self.names.iter().map(AsRef::as_ref).collect();
        format!(
            "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{value}\" to type \
             \"Microsoft.Exchange.Data.Directory.MailboxAuditOperations\". The possible enumeration values are 'None, {}'.",
            all.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_has_the_sizes_that_the_documents_give() {
        let catalog = Catalog::current();
        let default = |logon| catalog.names(catalog.default_of(logon, Tier::Standard)).count();
        assert_eq!(LogonType::ALL.map(default), [13, 11, 10], "defaults of 2025-04");
        let illegal = [
            (LogonType::Delegate, "Send"),
            (LogonType::Delegate, "MessageBind"),
            (LogonType::Owner, "FolderBind"),
            (LogonType::Admin, "MailboxLogin"),
            (LogonType::Delegate, "SearchQueryInitiated"),
        ];
        for (logon, name) in illegal {
            let index = catalog.index(name).expect("a known action");
            assert!(!catalog.allows(logon, index), "{name} for {logon:?}");
        }
    }

    #[test]
    fn microsoft_can_add_an_action_nobody_knew() {
        let mut catalog = Catalog::current();
        assert_eq!(catalog.index("RecallMessage"), None);
        catalog.set_default(LogonType::Owner, Tier::Premium, &["Update", "RecallMessage"]);
        let index = catalog.index("recallmessage").expect("known now");
        assert!(catalog.allows(LogonType::Owner, index));
        assert!(catalog.default_of(LogonType::Owner, Tier::Premium).contains(index));
        assert!(!catalog.default_of(LogonType::Owner, Tier::Standard).contains(index));
    }
}
