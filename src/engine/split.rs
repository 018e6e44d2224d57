//! Makes a refused call smaller, so that the one action which the service rejects is found by what it
//! does, never by its localised words, and the rest of the change still goes through. Pure.

use crate::domain::{ActionSet, LogonType, TenantId};
use crate::plan::{Change, Correction, PlannedCorrection};

/// The change in two parts; none where it is one correction that cannot be halved.
pub(super) fn halves(change: &Change, tenant: TenantId) -> Option<(Change, Change)> {
    let part = |corrections| Change::new(tenant, change.object, change.order, corrections);
    match change.corrections.as_slice() {
        [only] => {
            let (one, other) = halves_of_list(only)?;
            Some((part(vec![one])?, part(vec![other])?))
        }
        corrections => {
            let (one, other) = corrections.split_at(corrections.len() / 2);
            Some((part(one.to_vec())?, part(other.to_vec())?))
        }
    }
}

fn halves_of_list(planned: &PlannedCorrection) -> Option<(PlannedCorrection, PlannedCorrection)> {
    let with = |correction| PlannedCorrection { correction, ..planned.clone() };
    match &planned.correction {
        Correction::Add { kind, actions } => {
            let (one, other) = halves_of_set(actions)?;
            let add = |actions| with(Correction::Add { kind: *kind, actions });
            Some((add(one), add(other)))
        }
        Correction::Remove { kind, actions } => {
            let (one, other) = halves_of_set(actions)?;
            let remove = |actions| with(Correction::Remove { kind: *kind, actions });
            Some((remove(one), remove(other)))
        }
        _ => None,
    }
}

fn halves_of_set(actions: &ActionSet) -> Option<(ActionSet, ActionSet)> {
    let half = actions.len() / 2;
    (half > 0).then(|| (actions.iter().take(half).collect(), actions.iter().skip(half).collect()))
}

/// The change without actions that are known to be rejected; none where nothing is left of it.
pub(super) fn without_rejected(
    change: &Change,
    tenant: TenantId,
    rejected: impl Fn(LogonType) -> ActionSet,
) -> Option<Change> {
    let corrections = change.corrections.iter().filter_map(|planned| match &planned.correction {
        Correction::Add { kind, actions } => {
            let actions = actions.difference(&rejected(*kind));
            let correction = Correction::Add { kind: *kind, actions: actions.clone() };
            (!actions.is_empty()).then(|| PlannedCorrection { correction, ..planned.clone() })
        }
        _ => Some(planned.clone()),
    });
    Change::new(tenant, change.object, change.order, corrections.collect())
}
