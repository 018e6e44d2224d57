//! Desired against observed, field by field, for one mailbox: what drifted, and the smallest changes.

use chrono::{DateTime, Utc};

use super::drift::{FieldDiff, diff_age, diff_enabled, diff_list};
use super::finding::{Drift, Finding, Standing};
use super::{AttemptStatus, Change, Memory, Object, PlannedCorrection};
use crate::domain::{
    ContentHash, DefaultSets, LogonType, LogonTypes, Mailbox, Organization, State, StoredAuditing,
    SwitchState, TenantId,
};
use crate::policy::{Desired, Join};

/// Which fields the rows of a look can judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Rows joined with the stored-off set.
    Whole,
    /// Rows without stored state: they never produce drift of `enabled`.
    WithoutStored,
}

/// What every mailbox of a look is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// Its switches, as this look saw them.
    pub organization: &'a Organization,
    /// Microsoft's default sets, fixed for the look.
    pub defaults: &'a DefaultSets,
    /// The past.
    pub memory: &'a Memory,
    /// The content of the policy set.
    pub revision: ContentHash,
    /// What the rows can tell.
    pub sight: Sight,
    /// When the look began.
    pub as_of: DateTime<Utc>,
}

/// Judges one mailbox.
pub fn diff(mailbox: &Mailbox, desired: &Desired, frame: &Frame<'_>) -> Finding {
    let mut finding = Finding {
        mailbox: mailbox.id,
        user_principal_name: mailbox.user_principal_name().map(Into::into),
        recipient_type: mailbox.recipient_type.clone(),
        tier: mailbox.tier,
        created_at: mailbox.created_at,
        state: State::InSync,
        drifts: Vec::new(),
        observed: Vec::new(),
        conflicts: Vec::new(),
        frozen: Vec::new(),
        failed_returns: Vec::new(),
        unknown: Vec::new(),
        changes: Vec::new(),
        held: Vec::new(),
    };
    if !mailbox.recipient_type.is_settable() {
        finding.state = State::NotApplicable;
        return finding;
    }
    let fields = judge(mailbox, &desired.enforced, frame);
    let mut corrections = Vec::new();
    for mut field in fields {
        finding.conflicts.append(&mut field.conflicts);
        finding.frozen.append(&mut field.frozen);
        finding.failed_returns.extend(field.failed_return);
        finding.unknown.append(&mut field.unknown);
        if let Some(mut drift) = field.drift {
            drift.standing = standing(mailbox, &drift, frame, &field.corrections);
            if drift.standing == Standing::ToCorrect {
                corrections.append(&mut field.corrections);
            }
            finding.drifts.push(drift);
        }
    }
    finding.observed =
        judge(mailbox, &desired.observed, frame).into_iter().filter_map(|field| field.drift).collect();
    finding.changes = group(mailbox, corrections, frame.tenant);
    finding.state = state(&finding, desired, frame);
    finding
}

fn judge(mailbox: &Mailbox, join: &Join, frame: &Frame<'_>) -> Vec<FieldDiff> {
    let mut fields = Vec::with_capacity(5);
    let stored_matters = frame.sight == Sight::Whole || mailbox.stored != StoredAuditing::Unknown;
    if let Some(desire) = join.enabled.as_ref().filter(|_| stored_matters) {
        fields.push(diff_enabled(mailbox, desire, frame));
    }
    if let Some(diff) = diff_age(mailbox, join, frame) {
        fields.push(diff);
    }
    for kind in LogonType::ALL {
        if let Some(desire) = join.actions.get(kind) {
            fields.push(diff_list(mailbox, kind, desire, frame));
        }
    }
    fields
}

/// What an earlier attempt to reach the same state means for a drift that still shows.
fn standing(
    mailbox: &Mailbox,
    drift: &Drift,
    frame: &Frame<'_>,
    corrections: &[PlannedCorrection],
) -> Standing {
    if corrections.is_empty() {
        return Standing::Blocked;
    }
    let Some(attempt) = frame.memory.attempts.get(&(mailbox.id, drift.field)) else {
        return Standing::ToCorrect;
    };
    let is_overtaken = attempt.is_overtaken_by(mailbox.changed_at);
    // One drift may take two writes, and only the one that was made waits to be seen.
    let is_attempted = corrections.iter().any(|planned| planned.after == attempt.desired);
    if !is_attempted || attempt.quiet_until <= frame.as_of || is_overtaken {
        return Standing::ToCorrect;
    }
    match attempt.status {
        AttemptStatus::Verifying | AttemptStatus::Verified => Standing::Verifying,
        AttemptStatus::Unverified => Standing::Unverified,
    }
}

/// Puts corrections into as few calls as their order and kind allow.
///
/// What weakens is never in one call with what strengthens, so that neither waits for the other. A return
/// to Microsoft comes before additions to other lists, since one call with both has no documented meaning.
fn group(mailbox: &Mailbox, corrections: Vec<PlannedCorrection>, tenant: TenantId) -> Vec<Change> {
    use super::Correction::{Add, KeepByMicrosoft};
    let object = Object::Mailbox(mailbox.id);
    let (weakening, strengthening): (Vec<_>, Vec<_>) =
        corrections.into_iter().partition(|planned| planned.class >= crate::domain::Class::Weakening);
    let returns = strengthening.iter().any(|planned| matches!(planned.correction, KeepByMicrosoft { .. }));
    let (later, mut first): (Vec<_>, Vec<_>) =
        strengthening.into_iter().partition(|planned| returns && matches!(planned.correction, Add { .. }));
    let customised: LogonTypes =
        later.iter().chain(&weakening).filter_map(|planned| planned.field.logon_type()).collect();
    merge_returns(mailbox, &mut first, customised);
    [first, later, weakening]
        .into_iter()
        .zip(0..)
        .filter_map(|(corrections, order)| Change::new(tenant, object, order, corrections))
        .collect()
}

/// One `DefaultAuditSet` for all returns of a mailbox: what returns, and what is in it and stays in it.
fn merge_returns(mailbox: &Mailbox, corrections: &mut Vec<PlannedCorrection>, customised: LogonTypes) {
    use super::Correction::KeepByMicrosoft;
    let returning: LogonTypes = corrections
        .iter()
        .filter(|planned| matches!(planned.correction, KeepByMicrosoft { .. }))
        .filter_map(|planned| planned.field.logon_type())
        .collect();
    let kept = mailbox.kept_by_microsoft.unwrap_or(LogonTypes::NONE);
    let stays = kept.iter().filter(|kind| !customised.contains(*kind)).collect::<LogonTypes>();
    for planned in corrections {
        if let KeepByMicrosoft { set, .. } = &mut planned.correction {
            *set = stays.union(returning);
        }
    }
}

fn state(finding: &Finding, desired: &Desired, frame: &Frame<'_>) -> State {
    let switch = frame.organization.worst();
    let stands = |standing| finding.drifts.iter().any(|drift| drift.standing == standing);
    let covered = !desired.enforced.is_empty();
    let otherwise_in_sync = covered && finding.drifts.is_empty() && finding.conflicts.is_empty();
    let applies = |state: &State| match state {
        State::Unknown => {
            !finding.unknown.is_empty()
                || !desired.undecided.is_empty()
                || (otherwise_in_sync && switch == SwitchState::Unknown)
        }
        State::ToCorrect => stands(Standing::ToCorrect),
        State::Verifying => stands(Standing::Verifying),
        State::Unverified => stands(Standing::Unverified),
        State::Conflict => !finding.conflicts.is_empty(),
        State::Blocked => stands(Standing::Blocked) || (covered && switch == SwitchState::Off),
        State::Observed => !finding.observed.is_empty(),
        State::Uncovered => !covered,
        State::InSync => true,
        // The guard, exceptions and comparison with the past are not this function's business.
        State::Held | State::Suspended | State::Excepted | State::NotApplicable | State::Vanished => false,
    };
    State::PRECEDENCE.into_iter().find(applies).unwrap_or(State::InSync)
}
