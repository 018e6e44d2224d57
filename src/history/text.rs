//! How values of the domain are written as text in stores and in the journal, and read back. The
//! domain's own words stay as they are; nothing here is shown to users.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serializer, de};
use uuid::Uuid;

use crate::domain::{
    ActionSet, AuditAction, AuditTier, Cause, Class, ContentHash, Field, Lane, LogonType, MailboxId, Mode,
    TenantId,
};
use crate::plan::Object;

/// A value with one textual form that reads back to the same value.
pub(super) trait Text: Sized {
    fn to_text(&self) -> String;
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! words {
    ($($word:ty),+ $(,)?) => {$(
        impl Text for $word {
            fn to_text(&self) -> String {
                self.as_str().to_owned()
            }
            fn from_text(text: &str) -> Option<Self> {
                Self::parse(text)
            }
        }
    )+};
}

words!(Lane, Class, Cause, Mode, Field, AuditTier, LogonType);
words!(super::CycleOutcome, super::AttemptStatus, super::ClosedHow, super::WriteOutcome);

impl Text for Uuid {
    fn to_text(&self) -> String {
        self.to_string()
    }
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Text for TenantId {
    fn to_text(&self) -> String {
        self.to_string()
    }
    fn from_text(text: &str) -> Option<Self> {
        Uuid::from_text(text).map(Self)
    }
}

impl Text for Object {
    fn to_text(&self) -> String {
        match self {
            Self::Organization => "organization".to_owned(),
            Self::Mailbox(id) => id.to_string(),
        }
    }
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "organization" => Some(Self::Organization),
            id => Uuid::from_text(id).map(|id| Self::Mailbox(MailboxId(id))),
        }
    }
}

impl Text for ContentHash {
    fn to_text(&self) -> String {
        self.to_string()
    }
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Text for AuditAction {
    fn to_text(&self) -> String {
        self.as_str().to_owned()
    }
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::parse(text))
    }
}

impl Text for ActionSet {
    fn to_text(&self) -> String {
        self.to_string()
    }
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::parse(text.split(',')))
    }
}

impl Text for DateTime<Utc> {
    fn to_text(&self) -> String {
        self.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
    fn from_text(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
    }
}

/// For `#[serde(with = "text")]`.
pub(super) fn serialize<T: Text, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_text())
}

/// For `#[serde(with = "text")]`.
pub(super) fn deserialize<'de, T: Text, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    T::from_text(&text).ok_or_else(|| de::Error::custom(format!("`{text}` cannot be read")))
}
