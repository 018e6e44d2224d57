//! The properties that `Get-Mailbox -Filter` knows, and how each is read off a mailbox.
//!
//! The list is Microsoft Learn's "Filterable properties for the -Filter parameter", reduced to what this simulation stores; a
//! property that is documented and never set here is in it as always blank. What is not in it is refused, as there.

use std::borrow::Cow;

use crate::simulator::names::Profile;
use crate::simulator::record::{self, ENTERPRISE, Life, PREMIUM};
use crate::simulator::spec::MailboxKind;
use crate::simulator::tenant::Seen;

/// A filterable (and sortable) property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Property {
    AuditEnabled,
    Truth(Truth),
    Date(Date),
    Id(Id),
    Text(Text),
    /// `CustomAttribute1` to 15.
    Custom(u8),
    RecipientTypeDetails,
    Capabilities,
    EmailAddresses,
    /// Documented, and blank on every mailbox here.
    Blank,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    IsShared,
    IsResource,
    IsInactive,
    IsSoftDeleted,
    /// True nowhere here: directory synchronisation, litigation hold.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Date {
    Created,
    Changed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id {
    /// `Guid`.
    Mailbox,
    /// `ExchangeGuid`.
    Exchange,
    /// `ExternalDirectoryObjectId`.
    Directory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Alias,
    DisplayName,
    Name,
    UserPrincipalName,
    PrimarySmtpAddress,
    DistinguishedName,
    RecipientType,
}

impl Property {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        if let Some(number) = lower.strip_prefix("customattribute") {
            let number: u8 = number.parse().ok()?;
            return (1..=15).contains(&number).then_some(Self::Custom(number));
        }
        if let Some(number) = lower.strip_prefix("extensioncustomattribute") {
            let number: u8 = number.parse().ok()?;
            return (1..=5).contains(&number).then_some(Self::Blank);
        }
        Some(match lower.as_str() {
            "auditenabled" => Self::AuditEnabled,
            "isshared" => Self::Truth(Truth::IsShared),
            "isresource" => Self::Truth(Truth::IsResource),
            "isinactivemailbox" => Self::Truth(Truth::IsInactive),
            "issoftdeletedbydisable" | "issoftdeletedbyremove" => Self::Truth(Truth::IsSoftDeleted),
            "isdirsynced" | "litigationholdenabled" => Self::Truth(Truth::Never),
            "whenmailboxcreated" | "whencreated" | "whencreatedutc" => Self::Date(Date::Created),
            "whenchanged" | "whenchangedutc" => Self::Date(Date::Changed),
            "guid" | "exchangeobjectid" => Self::Id(Id::Mailbox),
            "exchangeguid" => Self::Id(Id::Exchange),
            "externaldirectoryobjectid" => Self::Id(Id::Directory),
            "alias" => Self::Text(Text::Alias),
            "displayname" => Self::Text(Text::DisplayName),
            "name" => Self::Text(Text::Name),
            "userprincipalname" => Self::Text(Text::UserPrincipalName),
            "primarysmtpaddress" => Self::Text(Text::PrimarySmtpAddress),
            "distinguishedname" => Self::Text(Text::DistinguishedName),
            "recipienttype" => Self::Text(Text::RecipientType),
            "recipienttypedetails" => Self::RecipientTypeDetails,
            "persistedcapabilities" => Self::Capabilities,
            "emailaddresses" => Self::EmailAddresses,
            "office"
            | "usagelocation"
            | "skuassigned"
            | "mailboxplan"
            | "memberofgroup"
            | "administrativeunits"
            | "resourcetype"
            | "whensoftdeleted" => Self::Blank,
            _ => return None,
        })
    }

    /// Texts of this property; none for a blank one. Only for properties compared as text.
    pub(crate) fn texts<'a>(self, seen: Seen<'a>, profile: &'a Profile) -> Vec<Cow<'a, str>> {
        let record = seen.record;
        let one = match self {
            Property::Text(Text::Alias) => record.alias(profile),
            Property::Text(Text::DisplayName) => record.display_name(profile),
            Property::Text(Text::Name) => record.name(profile),
            Property::Text(Text::UserPrincipalName | Text::PrimarySmtpAddress) => {
                record.user_principal_name(profile)
            }
            Property::Text(Text::DistinguishedName) => record.distinguished_name(profile).into(),
            Property::Text(Text::RecipientType) => Cow::Borrowed("UserMailbox"),
            Property::RecipientTypeDetails => record.kind.recipient_type_details().into(),
            Property::Custom(number) => record.custom_attribute(number, profile),
            Property::EmailAddresses => {
                let address = record.user_principal_name(profile);
                return vec![format!("SMTP:{address}").into(), address];
            }
            Property::Capabilities => {
                return capabilities(record.capabilities).map(Cow::Borrowed).collect();
            }
            _ => Cow::Borrowed(""),
        };
        if one.is_empty() { Vec::new() } else { vec![one] }
    }
}

impl Truth {
    pub(crate) fn of(self, seen: Seen<'_>) -> bool {
        match self {
            Truth::IsShared => seen.record.kind == MailboxKind::Shared,
            Truth::IsResource => seen.record.kind.is_resource(),
            Truth::IsInactive => seen.record.life == Life::Inactive,
            Truth::IsSoftDeleted => seen.record.life == Life::SoftDeleted,
            Truth::Never => false,
        }
    }
}

impl Date {
    pub(crate) fn of(self, seen: Seen<'_>) -> i64 {
        match self {
            Date::Created => seen.record.created,
            Date::Changed => seen.settings.changed,
        }
    }
}

impl Id {
    pub(crate) fn of(self, seen: Seen<'_>) -> Option<uuid::Uuid> {
        let guid = seen.record.guid;
        match self {
            Id::Mailbox => Some(guid),
            Id::Exchange => Some(record::exchange_guid(guid)),
            Id::Directory => seen.record.external_directory_object_id(),
        }
    }
}

pub(crate) fn capabilities(bits: u8) -> impl Iterator<Item = &'static str> {
    [(ENTERPRISE, "BPOS_S_Enterprise"), (PREMIUM, "M365Auditing"), (PREMIUM, "BPOS_S_EquivioAnalytics")]
        .into_iter()
        .filter(move |(bit, _)| bits & bit != 0)
        .map(|(_, name)| name)
}
