//! One mailbox as the tenant stores it, small enough for a hundred thousand. What rows show of it is `wire::rows`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use uuid::Uuid;

use super::actions::{ActionSet, Tier};
use super::names::Profile;
use super::spec::MailboxKind;

/// Seconds of the age that the service gives to every new mailbox: 90 days.
pub(crate) const DEFAULT_AGE: i64 = 90 * 86_400;

/// Licence signals in `PersistedCapabilities`.
pub(crate) const ENTERPRISE: u8 = 1;
pub(crate) const PREMIUM: u8 = 2;

/// Where a mailbox is in its life; each is listed by a switch of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Active,
    Inactive,
    SoftDeleted,
}

/// What Set-Mailbox can change, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The stored `AuditEnabled`; never written is unset.
    pub(crate) enabled: Option<bool>,
    /// `AuditLogAgeLimit` in seconds.
    pub(crate) age: i64,
    /// By logon type: a customised list, or none where Microsoft keeps it.
    pub(crate) lists: [Option<ActionSet>; 3],
    /// `WhenChangedUTC` in whole seconds, as the directory has it.
    pub(crate) changed: i64,
}

/// What backends that have not heard of the last writes still show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    /// None: the mailbox did not exist yet.
    pub(crate) settings: Option<Settings>,
    pub(crate) until: i64,
    /// The backend that took the write and knows it at once.
    pub(crate) written_on: u8,
}

/// Properties that somebody chose; everything else follows from the serial number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chosen {
    pub(crate) alias: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) user_principal_name: Option<String>,
    pub(crate) custom_attributes: BTreeMap<u8, String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) serial: u32,
    pub(crate) guid: Uuid,
    pub(crate) kind: MailboxKind,
    pub(crate) life: Life,
    pub(crate) capabilities: u8,
    pub(crate) bypassed: bool,
    pub(crate) created: i64,
    pub(crate) settings: Settings,
    pub(crate) before: Option<Box<Before>>,
    pub(crate) chosen: Option<Box<Chosen>>,
}

/// The other identifiers follow from the Guid, so that they cost nothing and can be looked up.
const EXCHANGE_GUID: u128 = 0x0000_5a5a_0000_0000_0000_1111_2222_3333;
const EXTERNAL_ID: u128 = 0x0000_a5a5_0000_0000_0000_4444_5555_6666;

pub(crate) fn exchange_guid(guid: Uuid) -> Uuid {
    Uuid::from_u128(guid.as_u128() ^ EXCHANGE_GUID)
}

pub(crate) fn external_id(guid: Uuid) -> Uuid {
    Uuid::from_u128(guid.as_u128() ^ EXTERNAL_ID)
}

impl Record {
    pub(crate) fn new(serial: u32, guid: Uuid, kind: MailboxKind, created: i64) -> Self {
        Self {
            serial,
            guid,
            kind,
            life: Life::Active,
            capabilities: 0,
            bypassed: false,
            created,
            settings: Settings { enabled: None, age: DEFAULT_AGE, lists: [None; 3], changed: created },
            before: None,
            chosen: None,
        }
    }

    pub(crate) fn tier(&self) -> Tier {
        if self.capabilities & PREMIUM != 0 { Tier::Premium } else { Tier::Standard }
    }

    /// Empty for the discovery mailbox, which Entra does not know.
    pub(crate) fn external_directory_object_id(&self) -> Option<Uuid> {
        (self.kind != MailboxKind::Discovery).then(|| external_id(self.guid))
    }

    pub(crate) fn alias(&self, profile: &Profile) -> Cow<'_, str> {
        match self.chosen.as_ref().and_then(|c| c.alias.as_deref()) {
            Some(alias) => Cow::Borrowed(alias),
            None => Cow::Owned(profile.alias(self.serial, self.kind)),
        }
    }

    pub(crate) fn display_name(&self, profile: &Profile) -> Cow<'_, str> {
        match self.chosen.as_ref().and_then(|c| c.display_name.as_deref()) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(profile.display_name(self.serial, self.kind)),
        }
    }

    pub(crate) fn user_principal_name(&self, profile: &Profile) -> Cow<'_, str> {
        let chosen = self.chosen.as_ref();
        match chosen.and_then(|c| c.user_principal_name.as_deref()) {
            Some(upn) => Cow::Borrowed(upn),
            None => Cow::Owned(format!("{}@{}", self.alias(profile), profile.mail_domain)),
        }
    }

    /// `Name`, `Identity` and `Id`: the alias in older tenants, the directory id on newer objects. Both are seen live.
    pub(crate) fn name(&self, profile: &Profile) -> Cow<'_, str> {
        match self.external_directory_object_id() {
            Some(id) if self.serial.is_multiple_of(3) && !self.has_chosen_alias() => {
                Cow::Owned(id.to_string())
            }
            _ => self.alias(profile),
        }
    }

    fn has_chosen_alias(&self) -> bool {
        self.chosen.as_ref().is_some_and(|c| c.alias.is_some())
    }

    pub(crate) fn distinguished_name(&self, profile: &Profile) -> String {
        profile.distinguished_name(&self.name(profile))
    }

    pub(crate) fn custom_attribute(&self, number: u8, profile: &Profile) -> Cow<'_, str> {
        match self.chosen.as_ref() {
            Some(chosen) => Cow::Borrowed(chosen.custom_attributes.get(&number).map_or("", String::as_str)),
            None => Cow::Borrowed(profile.custom_attribute(self.serial, self.kind, number)),
        }
    }
}
