//! The closed vocabularies that plans, logs, metrics and the history share. One word, one meaning.

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident => $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as users see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word exactly as [`Self::as_str`] writes it.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// Where a mailbox stands. Closed: the counts of all states add up to what was observed. A mailbox
    /// counts once, as the first that applies in the order of [`State::PRECEDENCE`].
    State {
        /// As the policies say.
        InSync => "in_sync",
        /// Something is to be written.
        ToCorrect => "to_correct",
        /// Written, not yet visible, still inside the settle window.
        Verifying => "verifying",
        /// Written, and not visible after the settle window.
        Unverified => "unverified",
        /// The guard held its correction.
        Held => "held",
        /// In sync but without effect: a tenant switch is off, or the service rejects an action.
        Blocked => "blocked",
        /// Two policies contradict each other on one of its fields.
        Conflict => "conflict",
        /// An exception covers what differs.
        Excepted => "excepted",
        /// A policy that is suspended covers it.
        Suspended => "suspended",
        /// Only policies in `observe` mode concern what differs.
        Observed => "observed",
        /// No policy enforces any of its fields.
        Uncovered => "uncovered",
        /// The service does not let it be set.
        NotApplicable => "not_applicable",
        /// It, or what it depends on, was not read.
        Unknown => "unknown",
        /// It was there and is gone.
        Vanished => "vanished",
    }
}

impl State {
    /// A mailbox to which several states apply counts as the first of these.
    pub const PRECEDENCE: [Self; 14] = [
        Self::Vanished,
        Self::NotApplicable,
        Self::Unknown,
        Self::ToCorrect,
        Self::Verifying,
        Self::Unverified,
        Self::Held,
        Self::Conflict,
        Self::Blocked,
        Self::Suspended,
        Self::Excepted,
        Self::Observed,
        Self::Uncovered,
        Self::InSync,
    ];
}

words! {
    /// What kind of change something is, which decides what the guard asks of it. In order of severity.
    Class {
        /// Back to what policy already said, or a new mailbox: never capped.
        Corrective => "corrective",
        /// A new policy revision wants more.
        Intentional => "intentional",
        /// Intentional, and a logon type leaves Microsoft's management for it.
        Freezing => "freezing",
        /// Less is audited afterwards.
        Weakening => "weakening",
        /// Records are deleted: a shorter log age.
        Destructive => "destructive",
        /// Mailboxes leave enforcement without a write.
        CoverageLoss => "coverage_loss",
    }
}

words! {
    /// Why something differs from what policies say.
    Cause {
        /// The mailbox was created or first seen a short while ago.
        NewMailbox => "new_mailbox",
        /// The policy set changed since the mailbox was last in sync.
        PolicyChange => "policy_change",
        /// Somebody or something else changed the mailbox.
        External => "external",
        /// Microsoft's default set grew, or was accepted as smaller.
        DefaultsChanged => "defaults_changed",
        /// An exception ended.
        ExceptionExpired => "exception_expired",
    }
}

words! {
    /// Which look at a tenant something belongs to.
    Lane {
        /// Mailboxes whose stored value is off, every half minute.
        New => "new",
        /// Mailboxes that changed, every five minutes, and the tenant's switches.
        Changed => "changed",
        /// Everything.
        Full => "full",
        /// Accounts whose auditing is bypassed.
        Bypass => "bypass",
        /// A verb that a person ran.
        Manual => "manual",
    }
}

words! {
    /// Whether corrections are written.
    Mode {
        /// They are.
        Enforce => "enforce",
        /// They are only reported.
        Observe => "observe",
    }
}

words! {
    /// What of a mailbox can drift; the keys of the policy language.
    Field {
        /// The explicit `AuditEnabled`.
        Enabled => "enabled",
        /// `AuditLogAgeLimit`.
        AuditLogAge => "auditLogAge",
        /// `AuditAdmin`.
        Admin => "admin",
        /// `AuditDelegate`.
        Delegate => "delegate",
        /// `AuditOwner`.
        Owner => "owner",
        /// `AuditDisabled` of the organization, said the other way round.
        MailboxAuditing => "mailboxAuditing",
        /// `UnifiedAuditLogIngestionEnabled`.
        UnifiedAuditLogIngestion => "unifiedAuditLogIngestion",
    }
}

impl Field {
    /// The fields of a mailbox.
    pub const OF_MAILBOX: [Self; 5] =
        [Self::Enabled, Self::AuditLogAge, Self::Admin, Self::Delegate, Self::Owner];

    /// The logon type whose list the field is.
    pub const fn logon_type(self) -> Option<super::LogonType> {
        match self {
            Self::Admin => Some(super::LogonType::Admin),
            Self::Delegate => Some(super::LogonType::Delegate),
            Self::Owner => Some(super::LogonType::Owner),
            _ => None,
        }
    }
}

impl From<super::LogonType> for Field {
    fn from(kind: super::LogonType) -> Self {
        match kind {
            super::LogonType::Admin => Self::Admin,
            super::LogonType::Delegate => Self::Delegate,
            super::LogonType::Owner => Self::Owner,
        }
    }
}

impl From<super::OrganizationSwitch> for Field {
    fn from(switch: super::OrganizationSwitch) -> Self {
        match switch {
            super::OrganizationSwitch::MailboxAuditing => Self::MailboxAuditing,
            super::OrganizationSwitch::UnifiedAuditLogIngestion => Self::UnifiedAuditLogIngestion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_place_in_the_order() {
        for state in State::ALL {
            assert_eq!(State::PRECEDENCE.iter().filter(|other| *other == state).count(), 1);
        }
    }

    #[test]
    fn words_read_back() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.as_str()), Some(*class));
        }
        assert_eq!(Class::parse("Corrective"), None);
    }
}
