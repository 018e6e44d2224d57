//! Which mailboxes a policy is about. Answers are three-valued: a row may lack what a condition asks
//! for. Reading selectors from YAML is in `decode`.

mod decode;
mod keys;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::glob::{Pattern, fold};
use crate::domain::{Attribute, AuditTier, Mailbox, RecipientType};

pub(super) use decode::decode;

/// Whether a condition holds for a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The row lacks what the condition asks for.
    Unknown,
}

impl Verdict {
    const fn from_bool(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// Both: one No decides.
    fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::Yes;
        for verdict in verdicts {
            match verdict {
                Self::No => return Self::No,
                Self::Unknown => result = Self::Unknown,
                Self::Yes => {}
            }
        }
        result
    }

    /// Either: one Yes decides.
    fn any(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for verdict in verdicts {
            match verdict {
                Self::Yes => return Self::Yes,
                Self::Unknown => result = Self::Unknown,
                Self::No => {}
            }
        }
        result
    }
}

/// A moment that is fixed or moves with the time of the look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    At(DateTime<Utc>),
    DaysAgo(u16),
}

impl Moment {
    fn resolve(self, as_of: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(moment) => moment,
            Self::DaysAgo(days) => as_of - TimeDelta::days(days.into()),
        }
    }
}

/// One key of a selector with its values, of which one must fit.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Id(Vec<Uuid>),
    Types(Vec<RecipientType>),
    Text(Attribute, Vec<Pattern>),
    EmailAddress(Vec<Pattern>),
    Tier(Vec<AuditTier>),
    CreatedAfter(Moment),
    CreatedBefore(Moment),
}

impl Test {
    fn verdict(&self, mailbox: &Mailbox, as_of: DateTime<Utc>) -> Verdict {
        match self {
            Self::Id(ids) => Verdict::from_bool(ids.iter().any(|id| mailbox.has_id(*id))),
            Self::Types(types) => Verdict::from_bool(types.contains(&mailbox.recipient_type)),
            Self::Text(attribute, patterns) => match mailbox.attribute(*attribute) {
                Some(value) => Verdict::from_bool(covers(patterns, value)),
                None => Verdict::Unknown,
            },
            // Every mailbox has an address: none in the row means that none was asked for.
            Self::EmailAddress(_) if mailbox.email_addresses.is_empty() => Verdict::Unknown,
            Self::EmailAddress(patterns) => {
                Verdict::from_bool(mailbox.email_addresses.iter().any(|address| covers(patterns, address)))
            }
            Self::Tier(_) if mailbox.tier == AuditTier::Unknown => Verdict::Unknown,
            Self::Tier(tiers) => Verdict::from_bool(tiers.contains(&mailbox.tier)),
            Self::CreatedAfter(moment) => compare(mailbox, |created| created >= moment.resolve(as_of)),
            Self::CreatedBefore(moment) => compare(mailbox, |created| created < moment.resolve(as_of)),
        }
    }
}

fn covers(patterns: &[Pattern], value: &str) -> bool {
    let folded = fold(value);
    patterns.iter().any(|pattern| pattern.matches_folded(&folded))
}

fn compare(mailbox: &Mailbox, holds: impl Fn(DateTime<Utc>) -> bool) -> Verdict {
    mailbox.created_at.map_or(Verdict::Unknown, |created| Verdict::from_bool(holds(created)))
}

/// One mapping of a selector: every test must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Clause {
    pub(super) tests: Vec<Test>,
}

impl Clause {
    fn verdict(&self, mailbox: &Mailbox, as_of: DateTime<Utc>) -> Verdict {
        Verdict::all(self.tests.iter().map(|test| test.verdict(mailbox, as_of)))
    }

    /// Whether it may reach types beyond user and shared mailboxes, because it names types or mailboxes.
    fn names_its_mailboxes(&self) -> bool {
        self.tests.iter().any(|test| matches!(test, Test::Types(_) | Test::Id(_)))
    }

    fn types(&self) -> impl Iterator<Item = &RecipientType> {
        self.tests.iter().flat_map(|test| match test {
            Test::Types(types) => types.as_slice(),
            _ => &[],
        })
    }
}

/// `match` or `exclude`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    All,
    AnyOf(Vec<Clause>),
}

impl Condition {
    fn clauses(&self) -> &[Clause] {
        match self {
            Self::All => &[],
            Self::AnyOf(clauses) => clauses,
        }
    }
}

/// A compiled selector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selector {
    pub(super) matched: Condition,
    pub(super) excluded: Option<Condition>,
}

/// What a selector says of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Selection {
    /// The policy is not about it.
    Outside,
    /// The policy is about it.
    Matched,
    /// It is matched, and whether it is excluded cannot be told: it counts as matched.
    MatchedUnlessExcluded,
    /// Whether it is matched cannot be told: it counts as not matched.
    Undecided,
}

impl Selector {
    /// What the selector says of a mailbox at a moment.
    pub(super) fn select(&self, mailbox: &Mailbox, as_of: DateTime<Utc>) -> Selection {
        let matched = match &self.matched {
            Condition::All => Verdict::from_bool(mailbox.recipient_type.is_matched_by_all()),
            Condition::AnyOf(clauses) => Verdict::any(
                clauses
                    .iter()
                    .filter(|clause| {
                        clause.names_its_mailboxes() || mailbox.recipient_type.is_matched_by_all()
                    })
                    .map(|clause| clause.verdict(mailbox, as_of)),
            ),
        };
        if matched == Verdict::No {
            return Selection::Outside;
        }
        let excluded = match &self.excluded {
            None => Verdict::No,
            Some(Condition::All) => Verdict::Yes,
            Some(Condition::AnyOf(clauses)) => {
                Verdict::any(clauses.iter().map(|clause| clause.verdict(mailbox, as_of)))
            }
        };
        match (matched, excluded) {
            (_, Verdict::Yes) | (Verdict::No, _) => Selection::Outside,
            (Verdict::Unknown, _) => Selection::Undecided,
            (Verdict::Yes, Verdict::No) => Selection::Matched,
            (Verdict::Yes, Verdict::Unknown) => Selection::MatchedUnlessExcluded,
        }
    }

    /// The types that `match` lists.
    pub(super) fn named_types(&self) -> BTreeSet<RecipientType> {
        self.matched.clauses().iter().flat_map(Clause::types).cloned().collect()
    }

    /// Whether some part of `match` lists no types and no mailboxes, and so reaches the common types.
    pub(super) fn reaches_common_types(&self) -> bool {
        match &self.matched {
            Condition::All => true,
            Condition::AnyOf(clauses) => clauses.iter().any(|clause| !clause.names_its_mailboxes()),
        }
    }

    /// Every type that the selector can reach; none where it also reaches mailboxes of any type by `id`.
    pub(super) fn reachable_types(&self) -> Option<BTreeSet<RecipientType>> {
        let mut types = self.named_types();
        if self.reaches_common_types() {
            types.extend(RecipientType::KNOWN.iter().filter(|kind| kind.is_matched_by_all()).cloned());
        }
        let lists_types = |clause: &Clause| clause.types().next().is_some();
        let by_id_alone = |clause: &Clause| clause.names_its_mailboxes() && !lists_types(clause);
        (!self.matched.clauses().iter().any(by_id_alone)).then_some(types)
    }

    /// The text attributes that the selector asks for.
    pub(super) fn attributes(&self) -> BTreeSet<Attribute> {
        self.tests()
            .filter_map(|test| match test {
                Test::Text(attribute, _) => Some(*attribute),
                _ => None,
            })
            .collect()
    }

    /// Whether the selector asks for every address of a mailbox.
    pub(super) fn asks_for_email_addresses(&self) -> bool {
        self.tests().any(|test| matches!(test, Test::EmailAddress(_)))
    }

    /// Whether mailboxes with Audit Premium can be among the matched.
    pub(super) fn may_match_premium(&self) -> bool {
        let standard_only = |clause: &Clause| {
            clause
                .tests
                .iter()
                .any(|test| matches!(test, Test::Tier(tiers) if !tiers.contains(&AuditTier::Premium)))
        };
        match &self.matched {
            Condition::All => true,
            Condition::AnyOf(clauses) => !clauses.iter().all(standard_only),
        }
    }

    fn tests(&self) -> impl Iterator<Item = &Test> {
        let excluded = self.excluded.iter().flat_map(Condition::clauses);
        self.matched.clauses().iter().chain(excluded).flat_map(|clause| &clause.tests)
    }
}

#[cfg(test)]
mod tests;
