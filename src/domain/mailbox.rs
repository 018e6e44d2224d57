//! A mailbox as one look saw it. What is not known is absent, never a guess.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ActionSet, LogonTypes, PerLogonType, RecipientType, StoredLogAge};

/// The directory object's GUID (`Guid`): the only identity that writes and memory use, since names,
/// aliases and addresses move between mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxId(pub Uuid);

impl fmt::Display for MailboxId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The stored `AuditEnabled`, which rows do not show while the tenant's default is on: it is known only
/// through the server-side filter, or where a look joined both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum StoredAuditing {
    /// Stored true.
    On,
    /// Stored false, or never stored.
    Off,
    /// This look cannot say.
    #[default]
    Unknown,
}

/// Whether the mailbox has Audit Premium (`M365Auditing` among `PersistedCapabilities`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum AuditTier {
    /// Audit Premium.
    Premium,
    /// Audit Standard.
    Standard,
    /// The answer held no capabilities.
    #[default]
    Unknown,
}

impl AuditTier {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Premium, Self::Standard, Self::Unknown];

    /// `premium`, `standard` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Premium => "premium",
            Self::Standard => "standard",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }
}

impl fmt::Display for AuditTier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text attribute that selectors can ask for and that a look therefore may have to select.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// `UserPrincipalName`.
    UserPrincipalName,
    /// `PrimarySmtpAddress`.
    PrimarySmtpAddress,
    /// `Alias`.
    Alias,
    /// `DisplayName`.
    DisplayName,
    /// `Office`.
    Office,
    /// `UsageLocation`.
    UsageLocation,
    /// `CustomAttribute1` to `CustomAttribute15`; the number is 1 to 15.
    Custom(u8),
}

/// One mailbox, in the columns that audit policy needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// `Guid`.
    pub id: MailboxId,
    /// `ExchangeGuid`, which audit records use.
    pub exchange_guid: Option<Uuid>,
    /// `ExternalDirectoryObjectId`, which Entra uses.
    pub external_directory_object_id: Option<Uuid>,
    /// `RecipientTypeDetails`.
    pub recipient_type: RecipientType,
    /// Text attributes that were selected and answered; an attribute that is unset is the empty text.
    pub attributes: BTreeMap<Attribute, Box<str>>,
    /// `EmailAddresses` without the `smtp:` prefixes; empty where not selected.
    pub email_addresses: Vec<Box<str>>,
    /// `WhenMailboxCreated`.
    pub created_at: Option<DateTime<Utc>>,
    /// `WhenChangedUTC`.
    pub changed_at: Option<DateTime<Utc>>,
    /// `AuditEnabled` as displayed: not the stored value while the tenant's default is on.
    pub displayed_enabled: Option<bool>,
    /// The stored `AuditEnabled`, where this look can say.
    pub stored: StoredAuditing,
    /// `AuditAdmin`, `AuditDelegate`, `AuditOwner`.
    pub actions: PerLogonType<Option<ActionSet>>,
    /// `DefaultAuditSet`: the logon types whose lists Microsoft keeps.
    pub kept_by_microsoft: Option<LogonTypes>,
    /// `AuditLogAgeLimit`.
    pub log_age: Option<StoredLogAge>,
    /// From `PersistedCapabilities`.
    pub tier: AuditTier,
}

impl Mailbox {
    /// A mailbox of which nothing but its identity and type is known; readers fill in the rest.
    pub fn unread(id: MailboxId, recipient_type: RecipientType) -> Self {
        Self {
            id,
            exchange_guid: None,
            external_directory_object_id: None,
            recipient_type,
            attributes: BTreeMap::new(),
            email_addresses: Vec::new(),
            created_at: None,
            changed_at: None,
            displayed_enabled: None,
            stored: StoredAuditing::Unknown,
            actions: PerLogonType::default(),
            kept_by_microsoft: None,
            log_age: None,
            tier: AuditTier::Unknown,
        }
    }

    /// A text attribute, where this look has it.
    pub fn attribute(&self, attribute: Attribute) -> Option<&str> {
        self.attributes.get(&attribute).map(AsRef::as_ref)
    }

    /// `UserPrincipalName`, where this look has it.
    pub fn user_principal_name(&self) -> Option<&str> {
        self.attribute(Attribute::UserPrincipalName)
    }

    /// Whether one of the three GUIDs is this one.
    pub fn has_id(&self, id: Uuid) -> bool {
        self.id.0 == id || self.exchange_guid == Some(id) || self.external_directory_object_id == Some(id)
    }
}
