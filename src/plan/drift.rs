//! Desired against observed for one field: `enabled`, `auditLogAge`, and each of the three lists.

use super::finding::{Conflict, Drift, Frozen, Standing};
use super::list::{ListInput, ListStep, decide};
use super::memory::default_set_hash;
use super::{Citation, Consent, Correction, Frame, PlannedCorrection};
use crate::domain::{
    ActionSet, Auditing, Cause, Class, ContentHash, Effective, Field, LogAge, LogonType, LogonTypes, Mailbox,
    StoredAuditing,
};
use crate::policy::{ActionsDesire, Contribution, EnabledDesire, EnabledTarget, Join, Joined, LogAgeDesire};

/// What was found out about one field.
#[derive(Debug, Default)]
pub(super) struct FieldDiff {
    pub(super) drift: Option<Drift>,
    pub(super) corrections: Vec<PlannedCorrection>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) frozen: Vec<Frozen>,
    pub(super) unknown: Vec<Field>,
    pub(super) failed_return: Option<(LogonType, ContentHash)>,
}

impl FieldDiff {
    fn unknown(field: Field) -> Self {
        Self { unknown: vec![field], ..Self::default() }
    }
}

fn cite<B>(contributions: &[Contribution<B>]) -> Vec<Citation> {
    contributions.iter().map(|clause| Citation { policy: clause.policy.clone(), line: clause.line }).collect()
}

/// What a correction of one field needs beyond itself.
struct Why {
    field: Field,
    cause: Cause,
    before: String,
    after: String,
    policies: Vec<Citation>,
}

impl Why {
    fn correct(&self, correction: Correction, class: Class, consent: Consent) -> PlannedCorrection {
        PlannedCorrection {
            correction,
            field: self.field,
            class,
            cause: self.cause,
            before: self.before.clone(),
            after: self.after.clone(),
            consent,
            is_partial: false,
            policies: self.policies.clone(),
        }
    }

    /// The class of what strengthens: a repair, or something that a new revision wants.
    fn strengthening(&self) -> Class {
        match self.cause {
            Cause::NewMailbox | Cause::External => Class::Corrective,
            Cause::PolicyChange | Cause::DefaultsChanged | Cause::ExceptionExpired => Class::Intentional,
        }
    }

    fn drift(&self, class: Class, missing: ActionSet, extra: ActionSet) -> Drift {
        Drift {
            field: self.field,
            observed: self.before.clone(),
            desired: self.after.clone(),
            missing,
            extra,
            class,
            cause: self.cause,
            policies: self.policies.clone(),
            standing: Standing::ToCorrect,
        }
    }
}

fn cause(mailbox: &Mailbox, field: Field, frame: &Frame<'_>) -> Cause {
    frame.memory.cause(mailbox.id, mailbox.created_at, field, frame.revision, frame.as_of)
}

fn cause_of_weakening(mailbox: &Mailbox, field: Field, frame: &Frame<'_>) -> Cause {
    let open = frame.memory.open_weakening.get(&(mailbox.id, field)).copied();
    open.unwrap_or_else(|| cause(mailbox, field, frame))
}

fn consent(allowed: bool) -> Consent {
    if allowed { Consent::Given } else { Consent::Missing }
}

pub(super) fn diff_enabled(mailbox: &Mailbox, desire: &EnabledDesire, frame: &Frame<'_>) -> FieldDiff {
    let field = Field::Enabled;
    let target = match &desire.target {
        Joined::Agreed(target) => *target,
        Joined::Conflict => {
            let about = "`true` and `false`".to_owned();
            let conflicts = vec![Conflict { field, about, policies: cite(&desire.contributions) }];
            return FieldDiff { conflicts, ..FieldDiff::default() };
        }
    };
    let auditing = Auditing::of(mailbox, frame.organization);
    let settled = match (target, mailbox.stored) {
        (_, StoredAuditing::Unknown) => return FieldDiff::unknown(field),
        (EnabledTarget::Explicit | EnabledTarget::Effective, StoredAuditing::On) => true,
        (EnabledTarget::Effective, StoredAuditing::Off) => {
            Effective::of(mailbox, frame.organization) == Effective::Yes
        }
        (EnabledTarget::Explicit, StoredAuditing::Off) => false,
        (EnabledTarget::Off, stored) => stored == StoredAuditing::Off,
    };
    if settled {
        return FieldDiff::default();
    }
    let cause_of = if target == EnabledTarget::Off { cause_of_weakening } else { cause };
    let why = Why {
        field,
        cause: cause_of(mailbox, field, frame),
        before: auditing.as_str().into(),
        after: if target == EnabledTarget::Off { "off" } else { "explicit" }.into(),
        policies: cite(&desire.contributions),
    };
    let (correction, class, consent) = match target {
        EnabledTarget::Off => (Correction::Disable, Class::Weakening, consent(desire.weakening_allowed())),
        _ => (Correction::Enable, why.strengthening(), Consent::Given),
    };
    FieldDiff {
        drift: Some(why.drift(class, ActionSet::EMPTY, ActionSet::EMPTY)),
        corrections: vec![why.correct(correction, class, consent)],
        ..FieldDiff::default()
    }
}

/// The log's age. Where no policy sets one, an age of zero is still drift on a mailbox that a policy wants
/// audited: the service is emptying its log.
pub(super) fn diff_age(mailbox: &Mailbox, join: &Join, frame: &Frame<'_>) -> Option<FieldDiff> {
    let field = Field::AuditLogAge;
    let enabling = join.enabled.as_ref().filter(|desire| {
        matches!(desire.target, Joined::Agreed(EnabledTarget::Explicit | EnabledTarget::Effective))
    });
    let (lower, upper, policies) = match (&join.log_age, enabling) {
        (Some(desire), _) => (desire.lower, desire.upper, cite(&desire.contributions)),
        (None, Some(desire)) => (None, None, cite(&desire.contributions)),
        (None, None) => return None,
    };
    let Some(stored) = mailbox.log_age else {
        // Nothing was asked for but that it is not zero: a row without it is no reason to call it unknown.
        return join.log_age.as_ref().map(|_| FieldDiff::unknown(field));
    };
    let mut diff = FieldDiff::default();
    let conflict = join.log_age.as_ref().and_then(conflicting_ages);
    if let Some(about) = &conflict {
        diff.conflicts.push(Conflict { field, about: about.clone(), policies: policies.clone() });
    }
    // In a conflict the age rises as far as nobody forbids, and never falls.
    let floor = match (lower, upper) {
        (Some(lower), Some(upper)) => Some(lower.min(upper)),
        (Some(lower), None) => Some(lower),
        (None, Some(upper)) if stored.is_zero() => Some(upper.min(LogAge::SERVICE_DEFAULT)),
        (None, _) if stored.is_zero() => Some(LogAge::SERVICE_DEFAULT),
        (None, _) => None,
    };
    let why = |age: LogAge| Why {
        field,
        cause: match age.stored() < stored {
            true => cause_of_weakening(mailbox, field, frame),
            false => cause(mailbox, field, frame),
        },
        before: stored.to_string(),
        after: age.to_string(),
        policies: policies.clone(),
    };
    let (age, class, why) = match (floor, upper) {
        (Some(floor), _) if stored < floor.stored() => {
            let why = why(floor);
            (floor, why.strengthening(), why)
        }
        (_, Some(upper)) if stored > upper.stored() && conflict.is_none() => {
            (upper, Class::Destructive, why(upper))
        }
        _ => return Some(diff),
    };
    diff.drift = Some(why.drift(class, ActionSet::EMPTY, ActionSet::EMPTY));
    // What deletes records needs the consent of each policy that forces it, and an operator's acceptance.
    let allowed = join.log_age.as_ref().is_none_or(LogAgeDesire::weakening_allowed);
    let consent = consent(class != Class::Destructive || allowed);
    diff.corrections = vec![why.correct(Correction::SetLogAge(age), class, consent)];
    Some(diff)
}

fn conflicting_ages(desire: &LogAgeDesire) -> Option<String> {
    match (desire.lower, desire.upper) {
        (Some(lower), Some(upper)) if lower > upper => Some(format!("at least {lower} and at most {upper}")),
        _ => None,
    }
}

pub(super) fn diff_list(
    mailbox: &Mailbox,
    kind: LogonType,
    desire: &ActionsDesire,
    frame: &Frame<'_>,
) -> FieldDiff {
    let field = Field::from(kind);
    let (Some(shown), Some(kept)) = (mailbox.actions.get(kind), mailbox.kept_by_microsoft) else {
        return FieldDiff::unknown(field);
    };
    let rejected = frame.memory.rejections.of(mailbox.id, mailbox.tier, kind);
    let default = frame.defaults.get(mailbox.tier, kind);
    let failed = frame.memory.failed_returns.get(&(mailbox.id, kind));
    let outcome = decide(&ListInput {
        desire,
        shown,
        kept: kept.contains(kind),
        default,
        rejected: &rejected,
        return_failed: failed.is_some_and(|set| *set == default_set_hash(&default.actions)),
    });
    let mut diff = FieldDiff::default();
    if let Some(conflict) = &desire.conflict {
        let about = conflict.actions.to_string();
        diff.conflicts.push(Conflict { field, about, policies: cite(&conflict.between) });
    }
    diff.frozen.extend(outcome.frozen.map(|would_lose| Frozen { kind, would_lose }));
    let returns = outcome.steps.contains(&ListStep::Return);
    let was_returned =
        frame.memory.attempts.get(&(mailbox.id, field)).is_some_and(|last| is_kept(&last.desired));
    let freezes = outcome.steps.iter().any(|step| matches!(step, ListStep::Add { freezes: true, .. }));
    diff.failed_return = (was_returned && freezes).then(|| (kind, default_set_hash(&default.actions)));
    if outcome.missing.is_empty() && outcome.extra.is_empty() && !returns {
        return diff;
    }
    let grown = frame.memory.grown.get(kind);
    let brought_by_microsoft = !outcome.missing.is_empty() && outcome.missing.is_subset(grown);
    let cause_of = if outcome.missing.is_empty() && !returns { cause_of_weakening } else { cause };
    let why = Why {
        field,
        cause: match cause_of(mailbox, field, frame) {
            Cause::External if brought_by_microsoft => Cause::DefaultsChanged,
            cause => cause,
        },
        before: show_list(shown, kept.contains(kind)),
        after: match returns {
            true => show_list(&default.actions, true),
            false => show_list(&shown.union(&outcome.missing).difference(&outcome.extra), false),
        },
        policies: cite(&desire.contributions),
    };
    diff.corrections = outcome.steps.iter().map(|step| correct_list(&why, kind, step, desire)).collect();
    if !outcome.blocked.is_empty() {
        diff.corrections.iter_mut().for_each(|planned| planned.is_partial = true);
    }
    if !outcome.extra.is_empty() && !returns {
        let added = show_list(&shown.union(&outcome.missing), false);
        let adds = |planned: &&mut PlannedCorrection| matches!(planned.correction, Correction::Add { .. });
        diff.corrections.iter_mut().filter(adds).for_each(|planned| planned.after.clone_from(&added));
    }
    let class = diff.corrections.iter().map(|planned| planned.class).max();
    let class = class.unwrap_or_else(|| why.strengthening());
    diff.drift = Some(why.drift(class, outcome.missing, outcome.extra));
    diff
}

fn correct_list(why: &Why, kind: LogonType, step: &ListStep, desire: &ActionsDesire) -> PlannedCorrection {
    let weakening = || (Class::Weakening, consent(desire.weakening_allowed()));
    let (correction, (class, consent)) = match step {
        ListStep::Return => {
            let restore = LogonTypes::NONE.with(kind);
            // The whole set is known once all corrections of the mailbox are.
            let correction = Correction::KeepByMicrosoft { restore, set: restore };
            (correction, (why.strengthening(), Consent::Given))
        }
        ListStep::Add { actions, freezes } => {
            let class = if *freezes { Class::Freezing } else { why.strengthening() };
            (Correction::Add { kind, actions: actions.clone() }, (class, Consent::Given))
        }
        ListStep::Remove { actions } => (Correction::Remove { kind, actions: actions.clone() }, weakening()),
        ListStep::LogNothing => (Correction::LogNothing(kind), weakening()),
    };
    why.correct(correction, class, consent)
}

/// What marks a list that Microsoft keeps, where it is shown as text.
const KEPT: &str = " (kept by Microsoft)";

/// A list as text: its actions, and whether Microsoft keeps it.
fn show_list(actions: &ActionSet, kept: bool) -> String {
    let names = if actions.is_empty() { "None".to_owned() } else { actions.to_string() };
    if kept { format!("{names}{KEPT}") } else { names }
}

fn is_kept(shown: &str) -> bool {
    shown.ends_with(KEPT)
}
