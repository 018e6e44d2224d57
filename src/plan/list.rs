//! The decision about one action list: kept by Microsoft, added to, reduced, returned, or left alone.
//!
//! The premise: a type that Microsoft keeps receives new actions by itself, and any write to its list
//! ends that for good. So a list is written only for an action that a policy names, and a customised list
//! goes back to Microsoft only where nothing is lost by it.

use crate::domain::{ActionSet, DefaultSet, DefaultSource};
use crate::policy::{ActionBound, ActionsDesire};

/// What the decision needs to know about one logon type of one mailbox.
pub(super) struct ListInput<'a> {
    pub(super) desire: &'a ActionsDesire,
    /// The list as the mailbox shows it.
    pub(super) shown: &'a ActionSet,
    /// Whether `DefaultAuditSet` holds the type.
    pub(super) kept: bool,
    pub(super) default: &'a DefaultSet,
    /// Actions that the service rejected for this mailbox or its tier: not tried again for now.
    pub(super) rejected: &'a ActionSet,
    /// A return to Microsoft was tried under this very default set, and a named action was missing after it.
    pub(super) return_failed: bool,
}

/// One write to a list, in the order in which they are to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ListStep {
    Return,
    Add { actions: ActionSet, freezes: bool },
    Remove { actions: ActionSet },
    LogNothing,
}

/// What is to be done about a list, and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ListOutcome {
    pub(super) missing: ActionSet,
    pub(super) extra: ActionSet,
    pub(super) steps: Vec<ListStep>,
    /// Missing, and rejected by the service before.
    pub(super) blocked: ActionSet,
    /// Customised although `default` would do: what a return to Microsoft would remove.
    pub(super) frozen: Option<ActionSet>,
}

/// Decides about one list.
pub(super) fn decide(input: &ListInput<'_>) -> ListOutcome {
    let desire = input.desire;
    let conflict = desire.conflict.is_some();
    // In a conflict nothing is removed, and what no upper bound forbids is still added.
    let lower = match (&desire.upper, conflict) {
        (Some(upper), true) => desire.lower.intersection(upper),
        _ => desire.lower.clone(),
    };
    let extra = if conflict { ActionSet::EMPTY } else { extra(input) };
    if input.kept { kept(input, &lower, extra) } else { customised(input, &lower, extra) }
}

/// Whether the desired state of the list can be one that Microsoft keeps.
fn may_be_kept(input: &ListInput<'_>) -> bool {
    let (desire, default) = (input.desire, &input.default.actions);
    desire.conflict.is_none()
        && desire.lower.is_subset(default)
        && desire.upper.as_ref().is_none_or(|upper| default.is_subset(upper))
        && default.intersection(&desire.forbidden).is_empty()
}

fn extra(input: &ListInput<'_>) -> ActionSet {
    let desire = input.desire;
    let over = match &desire.upper {
        // An upper bound that rests on the dated table is good for nothing but adding.
        Some(_) if upper_uses_default(desire) && input.default.source == DefaultSource::Table => {
            ActionSet::EMPTY
        }
        Some(upper) => input.shown.difference(upper),
        None => ActionSet::EMPTY,
    };
    over.union(&input.shown.intersection(&desire.forbidden))
}

/// Whether an upper bound rests on the keyword `default`.
pub(super) fn upper_uses_default(desire: &ActionsDesire) -> bool {
    desire.contributions.iter().any(|clause| match &clause.bound {
        ActionBound::Exactly(terms) | ActionBound::AtMost(terms) => terms.default,
        ActionBound::AtLeast(_) | ActionBound::Without(_) => false,
    })
}

fn kept(input: &ListInput<'_>, lower: &ActionSet, extra: ActionSet) -> ListOutcome {
    let extra = if may_be_kept(input) { ActionSet::EMPTY } else { extra };
    // What is asked for only through `default` is Microsoft's to bring; what a policy names must show.
    let named = lower.intersection(&input.desire.named).difference(input.shown);
    let missing = match named.difference(input.rejected).is_empty() {
        true => named,
        // The type leaves Microsoft's management anyway, so one write brings all that it will lack.
        false => lower.difference(input.shown),
    };
    outcome(input, missing, extra, Freezes::Yes)
}

fn customised(input: &ListInput<'_>, lower: &ActionSet, extra: ActionSet) -> ListOutcome {
    let missing = lower.difference(input.shown);
    let wanted_back = input.desire.uses_default && may_be_kept(input);
    let loses = input.shown.difference(&input.default.actions);
    let learned = input.default.source == DefaultSource::Learned;
    if wanted_back && learned && loses.is_empty() && !input.return_failed {
        return ListOutcome { missing, extra, steps: vec![ListStep::Return], ..ListOutcome::default() };
    }
    let frozen = wanted_back.then_some(loses);
    ListOutcome { frozen, ..outcome(input, missing, extra, Freezes::No) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Freezes {
    Yes,
    No,
}

fn outcome(input: &ListInput<'_>, missing: ActionSet, extra: ActionSet, freezes: Freezes) -> ListOutcome {
    let blocked = missing.intersection(input.rejected);
    let add = missing.difference(input.rejected);
    let mut steps = Vec::new();
    if !add.is_empty() {
        steps.push(ListStep::Add { actions: add.clone(), freezes: freezes == Freezes::Yes });
    }
    if !extra.is_empty() {
        let nothing_left = extra == *input.shown && add.is_empty();
        steps.push(if nothing_left {
            ListStep::LogNothing
        } else {
            ListStep::Remove { actions: extra.clone() }
        });
    }
    ListOutcome { missing, extra, steps, blocked, frozen: None }
}
