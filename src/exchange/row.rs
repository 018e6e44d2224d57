//! One row of `Get-Mailbox` as the service writes it, and the mailbox that it means. A field that makes
//! no sense is absent and counted; it never costs the row.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use uuid::Uuid;

use super::query::Columns;
use crate::domain::{
    ActionSet, Attribute, AuditTier, LogonType, LogonTypes, Mailbox, MailboxId, PerLogonType, RecipientType,
    StoredLogAge,
};

/// The capability of a mailbox with Audit Premium. Source: Microsoft's support script for mailbox auditing.
const PREMIUM_CAPABILITY: &str = "M365Auditing";

/// The columns that every row query selects.
const CORE: [&str; 14] = [
    "Guid",
    "ExchangeGuid",
    "ExternalDirectoryObjectId",
    "RecipientTypeDetails",
    "UserPrincipalName",
    "AuditEnabled",
    "AuditLogAgeLimit",
    "AuditAdmin",
    "AuditDelegate",
    "AuditOwner",
    "DefaultAuditSet",
    "PersistedCapabilities",
    "WhenMailboxCreated",
    "WhenChangedUTC",
];

/// The `$select` of a query.
pub(super) fn select(columns: &Columns) -> String {
    let mut names: Vec<String> = CORE.iter().map(|&name| name.to_owned()).collect();
    let more = columns.attributes.iter().filter(|attribute| **attribute != Attribute::UserPrincipalName);
    names.extend(more.map(|attribute| property(*attribute)));
    if columns.email_addresses {
        names.push("EmailAddresses".to_owned());
    }
    names.join(",")
}

fn property(attribute: Attribute) -> String {
    match attribute {
        Attribute::UserPrincipalName => "UserPrincipalName".to_owned(),
        Attribute::PrimarySmtpAddress => "PrimarySmtpAddress".to_owned(),
        Attribute::Alias => "Alias".to_owned(),
        Attribute::DisplayName => "DisplayName".to_owned(),
        Attribute::Office => "Office".to_owned(),
        Attribute::UsageLocation => "UsageLocation".to_owned(),
        Attribute::Custom(number) => format!("CustomAttribute{number}"),
    }
}

fn attribute(property: &str) -> Option<Attribute> {
    Some(match property {
        "UserPrincipalName" => Attribute::UserPrincipalName,
        "PrimarySmtpAddress" => Attribute::PrimarySmtpAddress,
        "Alias" => Attribute::Alias,
        "DisplayName" => Attribute::DisplayName,
        "Office" => Attribute::Office,
        "UsageLocation" => Attribute::UsageLocation,
        _ => match property.strip_prefix("CustomAttribute")?.parse() {
            Ok(number @ 1..=15) => Attribute::Custom(number),
            _ => return None,
        },
    })
}

/// A value of any JSON type, as far as any property needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Null,
    Flag(bool),
    Text(Box<str>),
    List(Vec<Box<str>>),
    Other,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
                Ok(Value::Flag(flag))
            }
            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.into()))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut list = Vec::new();
                let mut sound = true;
                while let Some(item) = items.next_element::<Value>()? {
                    match item {
                        Value::Text(text) => list.push(text),
                        _ => sound = false,
                    }
                }
                Ok(if sound { Value::List(list) } else { Value::Other })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Value::Other)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A row, not yet judged.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    guid: Option<Uuid>,
    exchange_guid: Option<Uuid>,
    external_directory_object_id: Option<Uuid>,
    recipient_type: Option<RecipientType>,
    attributes: Vec<(Attribute, Box<str>)>,
    email_addresses: Vec<Box<str>>,
    enabled: Option<bool>,
    log_age: Option<StoredLogAge>,
    actions: PerLogonType<Option<ActionSet>>,
    kept_by_microsoft: Option<LogonTypes>,
    tier: AuditTier,
    created_at: Option<DateTime<Utc>>,
    changed_at: Option<DateTime<Utc>>,
    /// `AuditDisabled` of an organization's row.
    pub(super) audit_disabled: Option<bool>,
    /// `UnifiedAuditLogIngestionEnabled` of an admin audit log's row.
    pub(super) ingestion_enabled: Option<bool>,
    /// Fields that made no sense.
    pub(super) bad_fields: u64,
}

impl Row {
    /// `Guid`, where it is one.
    pub(super) fn id(&self) -> Option<MailboxId> {
        self.guid.filter(|guid| !guid.is_nil()).map(MailboxId)
    }

    /// The mailbox, with the asked attributes only: a service that does not trim sends all of them.
    /// None where identity or type is missing.
    pub(super) fn into_mailbox(self, columns: &Columns) -> Option<Mailbox> {
        let mut mailbox = Mailbox::unread(self.id()?, self.recipient_type?);
        mailbox.exchange_guid = self.exchange_guid;
        mailbox.external_directory_object_id = self.external_directory_object_id;
        let asked = |attribute: Attribute| {
            attribute == Attribute::UserPrincipalName || columns.attributes.contains(&attribute)
        };
        mailbox.attributes = self.attributes.into_iter().filter(|(attribute, _)| asked(*attribute)).collect();
        if columns.email_addresses {
            mailbox.email_addresses = self.email_addresses;
        }
        mailbox.created_at = self.created_at;
        mailbox.changed_at = self.changed_at;
        mailbox.displayed_enabled = self.enabled;
        mailbox.actions = self.actions;
        mailbox.kept_by_microsoft = self.kept_by_microsoft;
        mailbox.log_age = self.log_age;
        mailbox.tier = self.tier;
        Some(mailbox)
    }

    fn set(&mut self, name: &str, value: Value) {
        if value == Value::Null {
            return;
        }
        let sound = match name {
            "Guid" => keep(&mut self.guid, guid(value)),
            "ExchangeGuid" => keep(&mut self.exchange_guid, guid(value)),
            // Empty where a mailbox has no directory object, a discovery mailbox for instance.
            "ExternalDirectoryObjectId" if value == Value::Text("".into()) => true,
            "ExternalDirectoryObjectId" => keep(&mut self.external_directory_object_id, guid(value)),
            "RecipientTypeDetails" => keep(&mut self.recipient_type, recipient_type(value)),
            "AuditEnabled" => keep(&mut self.enabled, flag(value)),
            "AuditDisabled" => keep(&mut self.audit_disabled, flag(value)),
            "UnifiedAuditLogIngestionEnabled" => keep(&mut self.ingestion_enabled, flag(value)),
            "AuditLogAgeLimit" => keep(&mut self.log_age, text(value).and_then(|t| StoredLogAge::parse(&t))),
            "AuditAdmin" => keep(self.actions.get_mut(LogonType::Admin), actions(value)),
            "AuditDelegate" => keep(self.actions.get_mut(LogonType::Delegate), actions(value)),
            "AuditOwner" => keep(self.actions.get_mut(LogonType::Owner), actions(value)),
            "DefaultAuditSet" => keep(&mut self.kept_by_microsoft, logon_types(value)),
            "PersistedCapabilities" => list(value).map(|held| self.tier = tier(&held)).is_some(),
            "WhenMailboxCreated" => keep(&mut self.created_at, moment(value)),
            "WhenChangedUTC" => keep(&mut self.changed_at, moment(value)),
            "EmailAddresses" => list(value).map(|held| self.email_addresses = addresses(held)).is_some(),
            _ => match (attribute(name), value) {
                (Some(attribute), Value::Text(text)) => {
                    self.attributes.push((attribute, text));
                    true
                }
                (Some(_), _) => false,
                (None, _) => true,
            },
        };
        self.bad_fields += u64::from(!sound);
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Row;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a row")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Row, A::Error> {
                let mut row = Row::default();
                while let Some(name) = members.next_key::<std::borrow::Cow<'de, str>>()? {
                    // Keys with an at sign annotate their neighbour.
                    if name.contains('@') {
                        members.next_value::<IgnoredAny>()?;
                    } else {
                        row.set(&name, members.next_value()?);
                    }
                }
                Ok(row)
            }
            // What is no object at all is a row that cannot be read, and no reason to lose the page.
            fn visit_unit<E>(self) -> Result<Row, E> {
                Ok(Row::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Row, E> {
                Ok(Row::default())
            }
            fn visit_str<E>(self, _: &str) -> Result<Row, E> {
                Ok(Row::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Row, E> {
                Ok(Row::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Row, E> {
                Ok(Row::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Row, E> {
                Ok(Row::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Row, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Row::default())
            }
        }
        deserializer.deserialize_any(Members)
    }
}

/// Keeps a value that made sense, and says whether it did.
fn keep<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let sound = value.is_some();
    *slot = value;
    sound
}

fn text(value: Value) -> Option<Box<str>> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn flag(value: Value) -> Option<bool> {
    match value {
        Value::Flag(flag) => Some(flag),
        Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn guid(value: Value) -> Option<Uuid> {
    Uuid::try_parse(text(value)?.trim()).ok()
}

fn recipient_type(value: Value) -> Option<RecipientType> {
    text(value).filter(|word| !word.is_empty()).map(|word| RecipientType::parse(&word))
}

/// A list; a list of one may come as its only member.
fn list(value: Value) -> Option<Vec<Box<str>>> {
    match value {
        Value::List(list) => Some(list),
        Value::Text(text) => {
            Some(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Into::into).collect())
        }
        _ => None,
    }
}

fn actions(value: Value) -> Option<ActionSet> {
    list(value).map(ActionSet::parse)
}

fn logon_types(value: Value) -> Option<LogonTypes> {
    list(value)?
        .iter()
        .filter(|word| !word.eq_ignore_ascii_case("None"))
        .map(|word| LogonType::parse(word))
        .collect()
}

fn tier(capabilities: &[Box<str>]) -> AuditTier {
    if capabilities.iter().any(|held| held.eq_ignore_ascii_case(PREMIUM_CAPABILITY)) {
        AuditTier::Premium
    } else {
        AuditTier::Standard
    }
}

fn moment(value: Value) -> Option<DateTime<Utc>> {
    let text = text(value)?;
    match DateTime::parse_from_rfc3339(text.trim()) {
        Ok(moment) => Some(moment.to_utc()),
        // Without an offset it is UTC: the service's own default for such texts.
        Err(_) => NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%dT%H:%M:%S%.f")
            .ok()
            .map(|moment| moment.and_utc()),
    }
}

fn addresses(list: Vec<Box<str>>) -> Vec<Box<str>> {
    list.into_iter()
        .filter_map(|address| {
            let (scheme, rest) = address.split_once(':').unwrap_or(("smtp", &address));
            scheme.eq_ignore_ascii_case("smtp").then(|| rest.into())
        })
        .collect()
}

#[cfg(test)]
mod tests;
