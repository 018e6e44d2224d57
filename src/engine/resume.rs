//! What a process that was killed left open: intents in the journal without an outcome. Whether the call
//! happened is found out by looking at the tenant.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Tenant;
use super::look::{LookError, Target, look};
use crate::domain::Shrink;
use crate::history::{Error, History, OpenIntent, Outcome, WriteOutcome};
use crate::plan::{Object, describe_object};
use crate::policy::PolicySet;

/// Resolves every intent that was open before a moment: what came later may be under way right now. What
/// cannot be looked at stays open, and is looked at next time.
pub async fn resume(
    tenant: &Tenant,
    history: &Arc<dyn History>,
    policies: &PolicySet,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let mut resolved = 0;
    let open = history.open_intents(tenant.id).await?;
    for open in open.into_iter().filter(|open| open.intent.at < before) {
        let Some(outcome) = resolve(tenant, policies, &open).await else { continue };
        let at = tenant.clock.now();
        let error = match outcome {
            WriteOutcome::Verified => None,
            _ => {
                Some("the process ended during the call, and the tenant does not show its effect".to_owned())
            }
        };
        let entry = Outcome { tenant: tenant.id, at, intent: open.seq, outcome, request_id: None, error };
        history.append_outcomes(vec![entry]).await?;
        resolved += 1;
    }
    Ok(resolved)
}

async fn resolve(tenant: &Tenant, policies: &PolicySet, open: &OpenIntent) -> Option<WriteOutcome> {
    let target = match open.intent.object {
        Object::Mailbox(_) => Target::Identity(describe_object(open.intent.object)),
        // A look at nobody: only the switches matter.
        Object::Organization => Target::CreatedSince(tenant.clock.now()),
    };
    let looked = match look(tenant, policies, &target, None, Shrink::Reported).await {
        Ok(looked) => looked,
        Err(LookError::NotFound(_)) => return Some(WriteOutcome::Superseded),
        Err(_) => return None,
    };
    let touched = |field| open.intent.corrections.iter().any(|change| change.field == field);
    let still_drifted = looked.plan.findings.iter().any(|finding| {
        finding.drifts.iter().any(|drift| touched(drift.field))
            || finding.unknown.iter().any(|field| touched(*field))
    }) || looked.plan.organization.drifted.iter().any(|switch| touched((*switch).into()));
    Some(if still_drifted { WriteOutcome::Failed } else { WriteOutcome::Verified })
}
