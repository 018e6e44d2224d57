//! A mailbox as tests and the demo speak of it: to add one, to look at one, to change one as an administrator would.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// The kinds of mailbox that exist here, by their `RecipientTypeDetails`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MailboxKind {
    /// `UserMailbox`.
    #[default]
    User,
    /// `SharedMailbox`.
    Shared,
    /// `RoomMailbox`.
    Room,
    /// `EquipmentMailbox`.
    Equipment,
    /// `SchedulingMailbox`.
    Scheduling,
    /// `DiscoveryMailbox`.
    Discovery,
    /// `GroupMailbox`: a Microsoft 365 group, listed only with the switch of that name.
    Group,
    /// `PublicFolderMailbox`, listed only with the switch `PublicFolder`.
    PublicFolder,
}

impl MailboxKind {
    pub(crate) const ALL: [MailboxKind; 8] = [
        MailboxKind::User,
        MailboxKind::Shared,
        MailboxKind::Room,
        MailboxKind::Equipment,
        MailboxKind::Scheduling,
        MailboxKind::Discovery,
        MailboxKind::Group,
        MailboxKind::PublicFolder,
    ];

    /// The service's name for it.
    #[must_use]
    pub fn recipient_type_details(self) -> &'static str {
        match self {
            MailboxKind::User => "UserMailbox",
            MailboxKind::Shared => "SharedMailbox",
            MailboxKind::Room => "RoomMailbox",
            MailboxKind::Equipment => "EquipmentMailbox",
            MailboxKind::Scheduling => "SchedulingMailbox",
            MailboxKind::Discovery => "DiscoveryMailbox",
            MailboxKind::Group => "GroupMailbox",
            MailboxKind::PublicFolder => "PublicFolderMailbox",
        }
    }

    /// Auditing on by default covers user, shared and group mailboxes (Microsoft Learn: Manage mailbox auditing).
    #[must_use]
    pub fn is_covered_by_default(self) -> bool {
        matches!(self, MailboxKind::User | MailboxKind::Shared | MailboxKind::Group)
    }

    pub(crate) fn is_resource(self) -> bool {
        matches!(self, MailboxKind::Room | MailboxKind::Equipment | MailboxKind::Scheduling)
    }
}

/// The audited actions of one logon type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AuditList {
    /// In `DefaultAuditSet`: the list is whatever Microsoft's default is.
    #[default]
    Kept,
    /// Customised; an empty one is `None`. Names the service does not know are dropped.
    Custom(BTreeSet<String>),
}

impl AuditList {
    /// A customised list of these actions.
    pub fn custom<I: IntoIterator<Item = S>, S: Into<String>>(actions: I) -> Self {
        Self::Custom(actions.into_iter().map(Into::into).collect())
    }
}

/// A mailbox to add. The default is a fresh user mailbox with a generated name, created now.
#[derive(Debug, Clone, Default)]
pub struct MailboxSpec {
    /// Its kind.
    pub kind: MailboxKind,
    /// Alias and name; generated when absent.
    pub alias: Option<String>,
    /// Display name, which need not be unique; generated when absent.
    pub display_name: Option<String>,
    /// User principal name and primary address; follows the alias when absent.
    pub user_principal_name: Option<String>,
    /// It holds the capability `M365Auditing`.
    pub premium: bool,
    /// The stored `AuditEnabled`; unset when absent, as the service creates it.
    pub audit_enabled: Option<bool>,
    /// `AuditLogAgeLimit`; 90 days when absent.
    pub audit_log_age: Option<TimeDelta>,
    /// Actions of admins.
    pub admin: AuditList,
    /// Actions of delegates.
    pub delegate: AuditList,
    /// Actions of the owner.
    pub owner: AuditList,
    /// `CustomAttribute1` to 15 by number.
    pub custom_attributes: BTreeMap<u8, String>,
    /// When it was created; now when absent.
    pub created: Option<DateTime<Utc>>,
    /// It is inactive: listed by `InactiveMailboxOnly`, its settings frozen.
    pub inactive: bool,
}

/// A mailbox as stored, whatever rows show of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mailbox {
    /// `Guid`.
    pub guid: Uuid,
    /// `ExchangeGuid`.
    pub exchange_guid: Uuid,
    /// `ExternalDirectoryObjectId`; the discovery mailbox has none.
    pub external_directory_object_id: Option<Uuid>,
    /// Its kind.
    pub kind: MailboxKind,
    /// `Alias`.
    pub alias: String,
    /// `DisplayName`.
    pub display_name: String,
    /// `UserPrincipalName`.
    pub user_principal_name: String,
    /// It holds the capability `M365Auditing`.
    pub premium: bool,
    /// The stored `AuditEnabled`.
    pub audit_enabled: Option<bool>,
    /// `AuditLogAgeLimit`.
    pub audit_log_age: TimeDelta,
    /// Actions of admins.
    pub admin: AuditList,
    /// Actions of delegates.
    pub delegate: AuditList,
    /// Actions of the owner.
    pub owner: AuditList,
    /// The account is in the bypass list.
    pub bypassed: bool,
    /// `CustomAttribute1` to 15 that are set, by number.
    pub custom_attributes: BTreeMap<u8, String>,
    /// It is inactive.
    pub inactive: bool,
    /// `WhenMailboxCreated`.
    pub created: DateTime<Utc>,
    /// `WhenChangedUTC`.
    pub changed: DateTime<Utc>,
}

/// The organization's two switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// `AuditDisabled` of Get-OrganizationConfig.
    pub audit_disabled: bool,
    /// `UnifiedAuditLogIngestionEnabled` of Get-AdminAuditLogConfig.
    pub unified_audit_log_ingestion: bool,
}
