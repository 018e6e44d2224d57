//! Sets of audit actions: a word of bits for the known ones, so that the common case touches no
//! heap, and an ordered set beside it for names that this version does not know.

use std::collections::BTreeSet;
use std::fmt;

use super::action::{AuditAction, KnownAction, UnlistedAction};

/// A set of audit actions. Order, case and duplicates do not matter; `None`, the service's word for
/// an empty list, is the empty set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct ActionSet {
    known: u32,
    #[allow(clippy::box_collection, reason = "8 bytes beside a set that is nearly always absent")]
    // Empty is always `None`, so that derived equality holds.
    unlisted: Option<Box<BTreeSet<UnlistedAction>>>,
}

impl ActionSet {
    /// The empty set.
    pub const EMPTY: Self = Self { known: 0, unlisted: None };

    /// Reads a list as the service or a policy writes it; `None` and the empty string add nothing.
    pub fn parse<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        names
            .into_iter()
            .filter(|name| !name.as_ref().is_empty() && !name.as_ref().eq_ignore_ascii_case("None"))
            .map(|name| AuditAction::parse(name.as_ref()))
            .collect()
    }

    /// Whether nothing is audited.
    pub const fn is_empty(&self) -> bool {
        self.known == 0 && self.unlisted.is_none()
    }

    /// How many actions there are.
    pub fn len(&self) -> usize {
        self.known.count_ones() as usize + self.unlisted.as_ref().map_or(0, |set| set.len())
    }

    /// Adds one action.
    pub fn insert(&mut self, action: AuditAction) {
        match action {
            AuditAction::Known(known) => self.known |= 1 << known as u8,
            AuditAction::Unlisted(name) => {
                self.unlisted.get_or_insert_default().insert(name);
            }
        }
    }

    /// Whether the action is a member.
    pub fn contains(&self, action: &AuditAction) -> bool {
        match action {
            AuditAction::Known(known) => self.known & (1 << *known as u8) != 0,
            AuditAction::Unlisted(name) => self.unlisted.as_ref().is_some_and(|set| set.contains(name)),
        }
    }

    /// Whether every member is in the other set too.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.known & !other.known == 0 && self.difference(other).unlisted.is_none()
    }

    /// The members of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a | b, |a, b| a.union(b).cloned().collect())
    }

    /// The members of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & b, |a, b| a.intersection(b).cloned().collect())
    }

    /// The members of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & !b, |a, b| a.difference(b).cloned().collect())
    }

    /// The members in alphabetical order, names that this version does not know last.
    pub fn iter(&self) -> impl Iterator<Item = AuditAction> + '_ {
        let known = self.known;
        KnownAction::ALL
            .iter()
            .copied()
            .filter(move |action| known & (1 << *action as u8) != 0)
            .map(AuditAction::Known)
            .chain(self.unlisted.iter().flat_map(|set| set.iter().cloned()).map(AuditAction::Unlisted))
    }

    /// The names of the members, as [`ActionSet::iter`] orders them.
    pub fn names(&self) -> Vec<String> {
        self.iter().map(|action| action.as_str().to_owned()).collect()
    }

    fn combine(
        &self,
        other: &Self,
        known: impl Fn(u32, u32) -> u32,
        unlisted: impl Fn(&BTreeSet<UnlistedAction>, &BTreeSet<UnlistedAction>) -> BTreeSet<UnlistedAction>,
    ) -> Self {
        let rest = match (&self.unlisted, &other.unlisted) {
            (None, None) => None,
            (mine, theirs) => {
                let none = BTreeSet::new();
                let set = unlisted(mine.as_deref().unwrap_or(&none), theirs.as_deref().unwrap_or(&none));
                (!set.is_empty()).then(|| Box::new(set))
            }
        };
        Self { known: known(self.known, other.known), unlisted: rest }
    }
}

impl FromIterator<AuditAction> for ActionSet {
    fn from_iter<I: IntoIterator<Item = AuditAction>>(actions: I) -> Self {
        let mut set = Self::EMPTY;
        actions.into_iter().for_each(|action| set.insert(action));
        set
    }
}

impl FromIterator<KnownAction> for ActionSet {
    fn from_iter<I: IntoIterator<Item = KnownAction>>(actions: I) -> Self {
        actions.into_iter().map(AuditAction::Known).collect()
    }
}

/// Names joined by commas; nothing for the empty set.
impl fmt::Display for ActionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, action) in self.iter().enumerate() {
            if position > 0 {
                formatter.write_str(",")?;
            }
            formatter.write_str(action.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &str) -> ActionSet {
        ActionSet::parse(names.split(','))
    }

    #[test]
    fn order_case_duplicates_and_none_do_not_matter() {
        assert_eq!(set("Update,hardDelete,Update"), set("HardDelete,Update"));
        assert_eq!(set("None"), ActionSet::EMPTY);
        assert_eq!(set("").len(), 0);
    }

    #[test]
    fn unlisted_names_take_part_in_every_operation() {
        let left = set("Update,BrandNew");
        let right = set("brandnew,Send");
        assert_eq!(left.intersection(&right), set("BrandNew"));
        assert_eq!(left.difference(&right), set("Update"));
        assert_eq!(left.union(&right), set("Update,Send,BRANDNEW"));
        assert!(!left.is_subset(&set("Update")) && left.is_subset(&left.union(&right)));
        assert_eq!(right.difference(&set("BrandNew")), set("Send"));
    }

    #[test]
    fn prints_in_alphabetical_order() {
        assert_eq!(set("Zeta,Update,Copy").to_string(), "Copy,Update,Zeta");
    }
}
