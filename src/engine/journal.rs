//! Turns changes and answers into entries of the journal. Where entries are kept is `history`'s.

use chrono::{DateTime, Utc};

use super::Tenant;
use super::queue::Work;
use crate::exchange::{Error, Written};
use crate::history::{Acceptance, FieldChange, Intent, Outcome, PolicyLine, WriteOutcome};
use crate::plan::Change;

pub(super) fn intent_of(tenant: &Tenant, work: &Work, change: &Change, at: DateTime<Utc>) -> Intent {
    let mut policies: Vec<PolicyLine> = Vec::new();
    for citation in change.corrections.iter().flat_map(|planned| &planned.policies) {
        let line = PolicyLine {
            name: citation.policy.name.to_string(),
            path: citation.policy.path.to_string(),
            line: u32::try_from(citation.line).unwrap_or(u32::MAX),
        };
        if !policies.contains(&line) {
            policies.push(line);
        }
    }
    Intent {
        tenant: tenant.id,
        at,
        change_id: change.id,
        cycle_id: work.origin.cycle_id,
        lane: work.origin.lane,
        object: change.object,
        class: change.class(),
        cause: change.cause(),
        corrections: change
            .corrections
            .iter()
            .map(|planned| FieldChange {
                field: planned.field,
                before: planned.before.clone().into(),
                after: planned.after.clone().into(),
            })
            .collect(),
        policies,
        policy_revision: work.origin.policy_revision,
        accepted: work
            .origin
            .accepted
            .as_ref()
            .map(|accepted| Acceptance { by: accepted.by.clone(), reason: accepted.reason.clone() }),
        identity: tenant.identity.clone(),
    }
}

pub(super) fn outcome_of(
    tenant: &Tenant,
    intent: u64,
    at: DateTime<Utc>,
    outcome: WriteOutcome,
    answer: Result<&Written, &Error>,
) -> Outcome {
    let (request_id, error) = match answer {
        Ok(written) => (written.request_id.as_deref().map(str::to_owned), None),
        Err(error) => (error.request_id().map(str::to_owned), Some(chain(error))),
    };
    Outcome { tenant: tenant.id, at, intent, outcome, request_id, error }
}

/// An error with its sources, once each.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = error.source();
    }
    text
}
