//! The kinds of mailbox (`RecipientTypeDetails`), and what each kind means for auditing.

use std::fmt;

macro_rules! recipient_types {
    ($($name:ident),+ $(,)?) => {
        /// `RecipientTypeDetails` of a mailbox. Source: Microsoft Learn, "Get-Mailbox".
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each variant is a word of the service")]
        pub enum RecipientType {
            $($name,)+
            /// A word that this version does not know, as the service wrote it.
            Unlisted(Box<str>),
        }

        impl RecipientType {
            /// Every type that this version knows.
            pub const KNOWN: &'static [Self] = &[$(Self::$name),+];

            /// The service's word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => stringify!($name),)+
                    Self::Unlisted(text) => text,
                }
            }
        }
    };
}

recipient_types!(
    UserMailbox,
    SharedMailbox,
    RoomMailbox,
    EquipmentMailbox,
    SchedulingMailbox,
    LinkedMailbox,
    LinkedRoomMailbox,
    LegacyMailbox,
    TeamMailbox,
    DiscoveryMailbox,
    GroupMailbox,
    PublicFolderMailbox,
    InactiveMailbox,
);

impl RecipientType {
    /// Reads the service's word, in any case; never fails, since the service may add types.
    pub fn parse(text: &str) -> Self {
        Self::KNOWN
            .iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
            .cloned()
            .unwrap_or_else(|| Self::Unlisted(text.into()))
    }

    /// Whether `match: all` reaches it: people's and shared mailboxes. Every other type is reached only
    /// where a policy names it.
    pub const fn is_matched_by_all(&self) -> bool {
        matches!(self, Self::UserMailbox | Self::SharedMailbox)
    }

    /// Whether the tenant's auditing-on-by-default covers it, and so hides its stored value.
    /// Source: Microsoft Learn, "Manage mailbox auditing": user, shared and Microsoft 365 group mailboxes.
    pub const fn is_covered_by_tenant_default(&self) -> bool {
        matches!(self, Self::UserMailbox | Self::SharedMailbox | Self::GroupMailbox)
    }

    /// Whether the service lets its audit settings be set: groups have a fixed set, inactive mailboxes
    /// are frozen. Source: Microsoft Learn, "Manage mailbox auditing" and "Set-Mailbox".
    pub const fn is_settable(&self) -> bool {
        !matches!(self, Self::GroupMailbox | Self::InactiveMailbox)
    }
}

impl fmt::Display for RecipientType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
