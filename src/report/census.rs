//! The counts of a plan, in mailboxes: the summary line, and the words of JSON.

use std::collections::BTreeMap;
use std::fmt;

use super::TenantPlan;
use crate::domain::{Class, State};
use crate::plan::{Change, StateCounts};

/// What a plan amounts to, in mailboxes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Mailboxes that something is to be written to.
    pub to_correct: u64,
    /// Among these, mailboxes of which a logon type leaves Microsoft's management.
    pub leaving_microsoft: u64,
    /// Mailboxes that would be audited less, held ones included.
    pub weakening: u64,
    /// Mailboxes that could not be judged, and answers that are missing.
    pub unknown: u64,
    /// Whether the enumeration was cut off: there are more mailboxes, and nobody knows how many.
    pub more_not_seen: bool,
    /// Mailboxes that are as policies say.
    pub in_sync: u64,
    /// Mailboxes by state; they add up to what was observed.
    pub states: StateCounts,
}

impl Census {
    /// The counts of one tenant.
    pub fn of(tenant: &TenantPlan<'_>) -> Self {
        let plan = tenant.plan;
        let having = |changes: &[Change], least: Class, most: Class| {
            let mut planned = changes.iter().flat_map(|change| &change.corrections);
            planned.any(|planned| (least..=most).contains(&planned.class))
        };
        let count = |holds: &dyn Fn(&crate::plan::Finding) -> bool| {
            plan.findings.iter().filter(|finding| holds(finding)).count() as u64
        };
        Self {
            to_correct: plan.count(State::ToCorrect),
            leaving_microsoft: count(&|finding| having(&finding.changes, Class::Freezing, Class::Freezing)),
            weakening: count(&|finding| {
                having(&finding.changes, Class::Weakening, Class::Destructive)
                    || having(&finding.held, Class::Weakening, Class::Destructive)
            }),
            unknown: plan.count(State::Unknown) + plan.view.unknown,
            more_not_seen: plan.view.truncated,
            in_sync: plan.count(State::InSync),
            states: plan.states.clone(),
        }
    }

    /// The counts of several tenants together.
    pub fn of_all(tenants: &[TenantPlan<'_>]) -> Self {
        tenants.iter().map(Self::of).fold(Self::default(), |mut sum, one| {
            sum.to_correct += one.to_correct;
            sum.leaving_microsoft += one.leaving_microsoft;
            sum.weakening += one.weakening;
            sum.unknown += one.unknown;
            sum.more_not_seen |= one.more_not_seen;
            sum.in_sync += one.in_sync;
            for (state, count) in one.states {
                *sum.states.entry(state).or_default() += count;
            }
            sum
        })
    }

    /// The states that hold any mailbox, under their words.
    pub fn words(&self) -> BTreeMap<&'static str, u64> {
        self.states
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(state, count)| (state.as_str(), *count))
            .collect()
    }
}

/// `2000 to correct (3 leave Microsoft's management), 0 weakening, 0 unknown, 500 in sync`; a view that was
/// cut off has `0 unknown and more not seen`, so that its line does not read healthy.
impl fmt::Display for Census {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { to_correct, leaving_microsoft, weakening, unknown, in_sync, .. } = self;
        let more = if self.more_not_seen { " and more not seen" } else { "" };
        write!(
            formatter,
            "{to_correct} to correct ({leaving_microsoft} leave Microsoft's management), {weakening} weakening, \
             {unknown} unknown{more}, {in_sync} in sync"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Held;
    use crate::report::sample::{Sample, baseline_drift};

    #[test]
    fn the_summary_counts_mailboxes_and_keeps_held_weakening_in_sight() {
        let mut sample = Sample::everything();
        let before = Census::of(&sample.tenant());
        assert_eq!((before.leaving_microsoft, before.weakening, before.unknown), (1, 1, 1));
        assert_eq!(before.states.values().sum::<u64>(), sample.plan.view.examined);
        sample.verdict.held.insert(Class::Weakening, Held::Weakening { wanted: 1, limit: 0 });
        sample.plan.decide(&sample.verdict);
        let after = Census::of(&sample.tenant());
        assert_eq!((after.to_correct, after.weakening), (before.to_correct - 1, 1));
    }

    #[test]
    fn the_line_is_the_one_that_people_search_for() {
        let census = Census { to_correct: 2000, leaving_microsoft: 3, in_sync: 500, ..Census::default() };
        let line = "2000 to correct (3 leave Microsoft's management), 0 weakening, 0 unknown, 500 in sync";
        assert_eq!(census.to_string(), line);
        let mut sample = Sample::new(&baseline_drift());
        sample.plan.view.unknown = 4;
        assert_eq!(Census::of_all(&[sample.tenant(), sample.tenant()]).unknown, 8);
    }

    #[test]
    fn a_view_that_was_cut_off_does_not_read_healthy() {
        let census = Census { to_correct: 294, in_sync: 681, more_not_seen: true, ..Census::default() };
        let line = "294 to correct (0 leave Microsoft's management), 0 weakening, 0 unknown and more not seen, \
                    681 in sync";
        assert_eq!(census.to_string(), line);
        let (whole, mut cut_off) = (Sample::new(&[]), Sample::new(&[]));
        cut_off.plan.view.truncated = true;
        assert!(Census::of_all(&[cut_off.tenant(), whole.tenant()]).more_not_seen);
        assert!(!Census::of(&whole.tenant()).more_not_seen);
        for text in [
            crate::report::plan_text(&[cut_off.tenant()], crate::report::Colour::Never, None),
            crate::report::plan_markdown(&[cut_off.tenant()]),
        ] {
            assert!(text.contains("0 unknown and more not seen, 6 in sync."), "{text}");
        }
    }
}
