//! What a tenant is called, by its operators and by the service.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

/// The directory's GUID: with [`super::MailboxId`] the key of everything that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub Uuid);

impl fmt::Display for TenantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The name that the settings give a tenant; policies and metrics use it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantName(Arc<str>);

impl TenantName {
    /// A name of 1 to 64 letters, digits, `-`, `_` and `.`; none otherwise (it becomes a metric label
    /// and part of a file name).
    pub fn parse(text: &str) -> Option<Self> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let usable = (1..=64).contains(&text.len()) && !text.starts_with('.') && text.chars().all(legal);
        usable.then(|| Self(text.into()))
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
