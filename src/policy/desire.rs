//! What policies want of one mailbox: the join of each field, with every contribution that made it.
//! What would have to be written to get there is not decided here.

use std::sync::Arc;

use super::actions::ActionBound;
use super::join::{ActionInterval, Joined, LogAgeInterval};
use super::model::{EnabledTarget, LogAgeBound, PolicyInfo};
use crate::domain::{ActionSet, LogAge, LogonType, Mode, OrganizationSwitch, PerLogonType};

/// What one policy says about one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution<B> {
    /// The policy.
    pub policy: Arc<PolicyInfo>,
    /// The line of the clause in the policy's file.
    pub line: usize,
    /// What it says.
    pub bound: B,
    /// The clause as a person would write it.
    pub text: String,
    /// Whether the policy allows this field to be weakened at the time of the look.
    pub allows_weakening: bool,
}

/// A policy that matches a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The policy.
    pub policy: Arc<PolicyInfo>,
    /// Its mode in this tenant.
    pub mode: Mode,
}

/// What all policies together want of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Desired {
    /// What policies in force want.
    pub enforced: Join,
    /// What policies that only observe want; never part of the other, never in conflict with it.
    pub observed: Join,
    /// The policies that match, by name.
    pub matched: Vec<Match>,
    /// Policies whose selector asks for what the row lacks. Where that is in `match`, the policy counts
    /// as not matching; where it is in `exclude`, it counts as matching and is among `matched` too.
    pub undecided: Vec<Match>,
}

/// The fields of a mailbox; a field that no policy mentions is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Join {
    /// The explicit value of auditing.
    pub enabled: Option<EnabledDesire>,
    /// The age limit.
    pub log_age: Option<LogAgeDesire>,
    /// The lists.
    pub actions: PerLogonType<Option<ActionsDesire>>,
}

impl Join {
    /// Whether no policy mentions any field.
    pub fn is_empty(&self) -> bool {
        self.enabled.is_none()
            && self.log_age.is_none()
            && self.actions.iter().all(|(_, list)| list.is_none())
    }

    /// Whether any field is in conflict.
    pub fn has_conflict(&self) -> bool {
        self.enabled.as_ref().is_some_and(|enabled| enabled.target == Joined::Conflict)
            || self.log_age.as_ref().is_some_and(LogAgeDesire::is_conflict)
            || self.actions.iter().any(|(_, list)| list.as_ref().is_some_and(|list| list.conflict.is_some()))
    }
}

/// Whether every policy of the join that could match was decided. While one was not, nothing is
/// weakened: what it would have asked for is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Decided,
    Undecided,
}

/// Every contribution that takes something away allows it, and at least one takes something away.
fn all_allow<B>(contributions: &[Contribution<B>], view: View, removes: impl Fn(&B) -> bool) -> bool {
    let mut removing = contributions.iter().filter(|one| removes(&one.bound)).peekable();
    view == View::Decided && removing.peek().is_some() && removing.all(|one| one.allows_weakening)
}

/// What is wanted of the explicit value of auditing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnabledDesire {
    /// The value.
    pub target: Joined<EnabledTarget>,
    /// Who says so.
    pub contributions: Vec<Contribution<EnabledTarget>>,
    view: View,
}

impl EnabledDesire {
    pub(super) fn new(contributions: Vec<Contribution<EnabledTarget>>, view: View) -> Option<Self> {
        let targets = contributions.iter().map(|one| Joined::Agreed(one.bound));
        let target = targets.reduce(Joined::<EnabledTarget>::join)?;
        Some(Self { target, contributions, view })
    }

    /// Whether auditing may be switched off.
    pub fn weakening_allowed(&self) -> bool {
        all_allow(&self.contributions, self.view, |target| *target == EnabledTarget::Off)
    }
}

/// What is wanted of the age limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAgeDesire {
    /// Not shorter than this.
    pub lower: Option<LogAge>,
    /// Not longer than this.
    pub upper: Option<LogAge>,
    /// Who says so.
    pub contributions: Vec<Contribution<LogAgeBound>>,
    view: View,
}

impl LogAgeDesire {
    pub(super) fn new(contributions: Vec<Contribution<LogAgeBound>>, view: View) -> Option<Self> {
        let intervals = contributions.iter().map(|one| LogAgeInterval::of(one.bound));
        let LogAgeInterval { lower, upper } = intervals.reduce(LogAgeInterval::join)?;
        Some(Self { lower, upper, contributions, view })
    }

    /// Whether the policies contradict each other: no age satisfies both bounds.
    pub fn is_conflict(&self) -> bool {
        LogAgeInterval { lower: self.lower, upper: self.upper }.is_conflict()
    }

    /// Whether the age may be shortened. Shortening deletes records: the guard asks for more than this.
    pub fn weakening_allowed(&self) -> bool {
        all_allow(&self.contributions, self.view, |bound| matches!(bound, LogAgeBound::Exactly(_)))
    }
}

/// What is wanted of one list of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionsDesire {
    /// What must be there, masks applied. In a conflict, what an upper bound forbids is in it too: add
    /// only what `upper` allows.
    pub lower: ActionSet,
    /// The only ones allowed; none where everything is.
    pub upper: Option<ActionSet>,
    /// What `without` takes away: brought in by keywords only, named by no policy.
    pub forbidden: ActionSet,
    /// The part of `lower` that a policy names, or has through `all`; not what only `default` brings.
    pub named: ActionSet,
    /// Whether a lower bound holds `default`: only then may the list be given back to Microsoft.
    pub uses_default: bool,
    /// Whether an upper bound holds `default`: where the default set is only the dated table, nothing is
    /// removed on its word.
    pub upper_uses_default: bool,
    /// What the policies cannot agree on.
    pub conflict: Option<ActionsConflict>,
    /// Who says so.
    pub contributions: Vec<Contribution<ActionBound>>,
    view: View,
}

/// Actions that some policies demand and others forbid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionsConflict {
    /// The actions. Nothing is removed from the list while there is a conflict.
    pub actions: ActionSet,
    /// The contributions that demand or forbid any of them.
    pub between: Vec<Contribution<ActionBound>>,
}

impl ActionsDesire {
    pub(super) fn new(
        kind: LogonType,
        default: &ActionSet,
        contributions: Vec<Contribution<ActionBound>>,
        view: View,
    ) -> Option<Self> {
        let intervals = contributions.iter().map(|one| ActionInterval::of(&one.bound, kind, default));
        let joined = intervals.reduce(|left, right| left.join(&right))?;
        let masked = contributions.iter().fold(ActionSet::EMPTY, |masked, one| match &one.bound {
            ActionBound::Without(actions) => masked.union(actions),
            _ => masked,
        });
        // A mask takes away what keywords brought in. Where a policy names the action, it stays, and the
        // two policies are in conflict.
        let by_keyword = joined.by_all.union(&joined.by_default);
        let forbidden = masked.intersection(&by_keyword).difference(&joined.by_name);
        let lower = joined.lower().difference(&forbidden);
        let above = joined.upper.as_ref().map_or(ActionSet::EMPTY, |upper| lower.difference(upper));
        let disputed = above.union(&masked.intersection(&joined.by_name));
        let conflict = (!disputed.is_empty()).then(|| {
            let concerns = |one: &&Contribution<ActionBound>| touches(&one.bound, kind, default, &disputed);
            let between = contributions.iter().filter(concerns).cloned().collect();
            ActionsConflict { actions: disputed.clone(), between }
        });
        Some(Self {
            named: joined.by_name.union(&joined.by_all).difference(&forbidden),
            lower,
            upper: joined.upper,
            forbidden,
            uses_default: joined.uses_default,
            upper_uses_default: joined.upper_uses_default,
            conflict,
            contributions,
            view,
        })
    }

    /// Whether actions may be removed from the list.
    pub fn weakening_allowed(&self) -> bool {
        all_allow(&self.contributions, self.view, ActionBound::removes)
    }
}

/// Whether a clause demands or forbids any of the actions.
fn touches(bound: &ActionBound, kind: LogonType, default: &ActionSet, actions: &ActionSet) -> bool {
    if let ActionBound::Without(masked) = bound {
        return !masked.intersection(actions).is_empty();
    }
    let interval = ActionInterval::of(bound, kind, default);
    let demands = !interval.lower().intersection(actions).is_empty();
    demands || interval.upper.is_some_and(|upper| !actions.is_subset(&upper))
}

/// What is wanted of one of the tenant's two switches: that it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationDesire {
    /// Whether it is enforced; a single policy in force is enough.
    pub mode: Mode,
    /// The policies that say so in that mode.
    pub contributions: Vec<Contribution<OrganizationSwitch>>,
}
