//! What the keyword `default` means for a tenant: Microsoft's default set, learned from the mailboxes
//! whose lists Microsoft keeps, and the dated table where there is no sample.

use std::collections::BTreeMap;

use super::{ActionSet, AuditAction, AuditTier, LogonType, Mailbox, PerLogonType, default_actions};

/// How many Microsoft-kept mailboxes must show an action before it counts as a default.
pub const DEFAULT_SAMPLE: u32 = 5;

/// Where a default set comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefaultSource {
    /// Seen on enough mailboxes of the tenant.
    Learned,
    /// The dated table: good for adding, never for removing or for returning a list to Microsoft.
    Table,
}

impl DefaultSource {
    /// `learned` or `table`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Learned => "learned",
            Self::Table => "table",
        }
    }
}

/// The default set of one logon type in one tier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DefaultSet {
    /// The actions.
    pub actions: ActionSet,
    /// How they are known.
    pub source: DefaultSource,
}

/// The default sets of a tenant, fixed for a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DefaultSets([PerLogonType<DefaultSet>; 3]);

impl DefaultSets {
    /// The dated table for every tier.
    pub fn from_table() -> Self {
        let table = PerLogonType::from_fn(|kind| DefaultSet {
            actions: default_actions(kind),
            source: DefaultSource::Table,
        });
        Self([table.clone(), table.clone(), table])
    }

    /// The set of a logon type in a tier.
    pub const fn get(&self, tier: AuditTier, kind: LogonType) -> &DefaultSet {
        self.0[tier as usize].get(kind)
    }

    /// Replaces the set of a logon type in a tier by a learned one.
    pub fn set_learned(&mut self, tier: AuditTier, kind: LogonType, actions: ActionSet) {
        *self.0[tier as usize].get_mut(kind) = DefaultSet { actions, source: DefaultSource::Learned };
    }

    /// Every set, by tier and logon type.
    pub fn iter(&self) -> impl Iterator<Item = (AuditTier, LogonType, &DefaultSet)> {
        AuditTier::ALL
            .into_iter()
            .zip(&self.0)
            .flat_map(|(tier, sets)| sets.iter().map(move |(kind, set)| (tier, kind, set)))
    }
}

impl Default for DefaultSets {
    fn default() -> Self {
        Self::from_table()
    }
}

/// A default set that a complete view showed to be other than remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultSetChange {
    /// The tier.
    pub tier: AuditTier,
    /// The logon type.
    pub kind: LogonType,
    /// Actions that Microsoft added; already part of the new sets.
    pub grown: ActionSet,
    /// Actions that no longer show on enough mailboxes; still part of the new sets until accepted.
    pub shrunk: ActionSet,
    /// How many Microsoft-kept mailboxes were looked at.
    pub sample: u32,
}

#[derive(Debug, Clone, Default)]
struct Sample {
    mailboxes: u32,
    shown: BTreeMap<AuditAction, u32>,
}

/// Counts what Microsoft-kept mailboxes show, row by row.
#[derive(Debug, Clone, Default)]
pub struct DefaultSetLearner([PerLogonType<Sample>; 3]);

impl DefaultSetLearner {
    /// Takes one row into account. Types that the service fixes (groups, inactive mailboxes) and types
    /// outside the tenant's default teach nothing.
    pub fn push(&mut self, mailbox: &Mailbox) {
        let Some(kept) = mailbox.kept_by_microsoft else { return };
        if !mailbox.recipient_type.is_matched_by_all() {
            return;
        }
        for kind in kept.iter() {
            let Some(actions) = mailbox.actions.get(kind) else { continue };
            let sample = self.0[mailbox.tier as usize].get_mut(kind);
            sample.mailboxes += 1;
            for action in actions.iter() {
                *sample.shown.entry(action).or_default() += 1;
            }
        }
    }

    /// The sets after a complete view: they grow by themselves; what shrank is reported and kept, unless
    /// `shrink` accepts it.
    pub fn finish(&self, known: &DefaultSets, shrink: Shrink) -> (DefaultSets, Vec<DefaultSetChange>) {
        let mut sets = known.clone();
        let mut changes = Vec::new();
        for (tier, kind, before) in known.iter() {
            let sample = self.0[tier as usize].get(kind);
            if sample.mailboxes < DEFAULT_SAMPLE {
                continue;
            }
            let seen: ActionSet = sample
                .shown
                .iter()
                .filter(|(_, count)| **count >= DEFAULT_SAMPLE)
                .map(|(action, _)| action.clone())
                .collect();
            if before.source == DefaultSource::Table {
                sets.set_learned(tier, kind, seen);
                continue;
            }
            let change = DefaultSetChange {
                tier,
                kind,
                grown: seen.difference(&before.actions),
                shrunk: before.actions.difference(&seen),
                sample: sample.mailboxes,
            };
            let after = match shrink {
                Shrink::Accepted => seen,
                Shrink::Reported => seen.union(&before.actions),
            };
            sets.set_learned(tier, kind, after);
            if !change.grown.is_empty() || !change.shrunk.is_empty() {
                changes.push(change);
            }
        }
        (sets, changes)
    }
}

/// What becomes of a default set that shrank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shrink {
    /// It stays as remembered, and the difference is reported.
    Reported,
    /// An operator accepted it.
    Accepted,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LogonTypes, MailboxId, RecipientType};
    use uuid::Uuid;

    fn learn(lists: &[&str]) -> DefaultSetLearner {
        let mut learner = DefaultSetLearner::default();
        for (position, list) in lists.iter().enumerate() {
            let id = MailboxId(Uuid::from_u128(position as u128));
            let mut mailbox = Mailbox::unread(id, RecipientType::UserMailbox);
            mailbox.tier = AuditTier::Standard;
            mailbox.kept_by_microsoft = Some(LogonTypes::NONE.with(LogonType::Owner));
            for kind in LogonType::ALL {
                *mailbox.actions.get_mut(kind) = Some(ActionSet::parse(list.split(',')));
            }
            learner.push(&mailbox);
        }
        learner
    }

    fn owner(sets: &DefaultSets) -> String {
        sets.get(AuditTier::Standard, LogonType::Owner).actions.to_string()
    }

    #[test]
    fn five_mailboxes_make_a_default_and_four_do_not() {
        let lists = ["Update,Send", "Update,Send", "Update,Send", "Update,Send", "Update"];
        let (sets, _) = learn(&lists).finish(&DefaultSets::from_table(), Shrink::Reported);
        assert_eq!(owner(&sets), "Update");
        let (sets, _) = learn(&lists[..4]).finish(&DefaultSets::from_table(), Shrink::Reported);
        assert_eq!(sets, DefaultSets::from_table());
    }

    #[test]
    fn customised_types_teach_nothing() {
        let (sets, _) = learn(&["Update"; 9]).finish(&DefaultSets::from_table(), Shrink::Reported);
        assert_eq!(sets.get(AuditTier::Standard, LogonType::Admin).source, DefaultSource::Table);
        assert_eq!(sets.get(AuditTier::Premium, LogonType::Owner).source, DefaultSource::Table);
    }

    #[test]
    fn a_learned_set_grows_by_itself_and_shrinks_when_accepted() {
        let (first, _) = learn(&["Update,Send"; 5]).finish(&DefaultSets::from_table(), Shrink::Reported);
        let now = learn(&["Update,BrandNew"; 6]);
        let (grown, changes) = now.finish(&first, Shrink::Reported);
        assert_eq!(owner(&grown), "Send,Update,BrandNew");
        assert_eq!(changes[0].shrunk.to_string(), "Send");
        let (shrunk, _) = now.finish(&first, Shrink::Accepted);
        assert_eq!(owner(&shrunk), "Update,BrandNew");
    }
}
