//! The three kinds of logon that Exchange Online audits apart, and values kept once for each.

use std::fmt;

/// Who acted on a mailbox. Source: Microsoft Learn, "Manage mailbox auditing".
///
/// An administrator who was granted full access acts as [`LogonType::Delegate`], not as
/// [`LogonType::Admin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogonType {
    /// eDiscovery, content search, impersonation and low-level mailbox tools.
    Admin,
    /// Anyone with SendAs, SendOnBehalf or FullAccess.
    Delegate,
    /// The account that the mailbox belongs to.
    Owner,
}

impl LogonType {
    /// All three, in the order in which every list of this program names them.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Delegate, Self::Owner];

    /// The word of the policy language and of the logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Delegate => "delegate",
            Self::Owner => "owner",
        }
    }

    /// Reads the word, in any case (the service writes `Admin`, policies write `admin`).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for LogonType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A set of logon types, such as the members of `DefaultAuditSet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct LogonTypes(u8);

impl LogonTypes {
    /// No logon type: every list is customised.
    pub const NONE: Self = Self(0);
    /// Every logon type: Microsoft keeps all three lists.
    pub const ALL: Self = Self(0b111);

    /// Whether the type is a member.
    pub const fn contains(self, kind: LogonType) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// This set and one more member.
    #[must_use]
    pub const fn with(self, kind: LogonType) -> Self {
        Self(self.0 | (1 << kind as u8))
    }

    /// This set without a member.
    #[must_use]
    pub const fn without(self, kind: LogonType) -> Self {
        Self(self.0 & !(1 << kind as u8))
    }

    /// The members of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is no member.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many members there are.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The members, in the order of [`LogonType::ALL`].
    pub fn iter(self) -> impl Iterator<Item = LogonType> {
        LogonType::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<LogonType> for LogonTypes {
    fn from_iter<I: IntoIterator<Item = LogonType>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Comma-separated words, `none` for the empty set.
impl fmt::Display for LogonTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return formatter.write_str("none");
        }
        for (position, kind) in self.iter().enumerate() {
            if position > 0 {
                formatter.write_str(",")?;
            }
            formatter.write_str(kind.as_str())?;
        }
        Ok(())
    }
}

/// One value for each logon type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct PerLogonType<T>([T; 3]);

impl<T> PerLogonType<T> {
    /// Makes each value from its logon type.
    pub fn from_fn(make: impl FnMut(LogonType) -> T) -> Self {
        Self(LogonType::ALL.map(make))
    }

    /// The value of a logon type.
    pub const fn get(&self, kind: LogonType) -> &T {
        &self.0[kind as usize]
    }

    /// The value of a logon type, to change it.
    pub const fn get_mut(&mut self, kind: LogonType) -> &mut T {
        &mut self.0[kind as usize]
    }

    /// Each logon type with its value, in the order of [`LogonType::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (LogonType, &T)> {
        LogonType::ALL.into_iter().zip(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logon_types_hold_what_was_put_in() {
        let set: LogonTypes = [LogonType::Owner, LogonType::Admin].into_iter().collect();
        assert!(set.contains(LogonType::Admin) && !set.contains(LogonType::Delegate));
        assert_eq!(set.to_string(), "admin,owner");
        assert_eq!(set.without(LogonType::Admin).len(), 1);
        assert_eq!(LogonTypes::NONE.to_string(), "none");
    }

    #[test]
    fn the_word_is_read_in_any_case() {
        assert_eq!(LogonType::parse("Delegate"), Some(LogonType::Delegate));
        assert_eq!(LogonType::parse("delegates"), None);
    }
}
