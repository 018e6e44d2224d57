//! What the loop says about drift: found, corrected, held, failed. Everything else that it says is in
//! `events`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{CONFLICT, by_id, cycle_facts, duration, failure_of, name, work_facts};
use crate::domain::{Cause, Class, ContentHash, Field, Lane, Mode};
use crate::engine::Tenant;
use crate::engine::cycle::{Cycle, Request};
use crate::engine::queue::Work;
use crate::exchange;
use crate::history::{ClosedHow, DriftEdge, DriftInterval, EdgeKind};
use crate::plan::{Change, Conflict, Finding, Held, Object, PlannedCorrection};
use crate::policy::TenantPolicies;
use crate::telemetry::{CycleFacts, DriftEvent, DriftFacts, Event, MailboxFacts};

/// Who is responsible for policies, by their names.
fn responsible(policies: &TenantPolicies, names: &[String]) -> Vec<String> {
    let named = policies.policies().filter(|(info, _)| names.iter().any(|name| **name == *info.name));
    let people: BTreeSet<String> =
        named.filter_map(|(info, _)| info.responsible.as_deref().map(str::to_owned)).collect();
    people.into_iter().collect()
}

fn facts_of(
    cycle: CycleFacts,
    drift: &DriftInterval,
    user_principal_name: Option<String>,
    responsible: Vec<String>,
) -> DriftFacts {
    let row = &drift.row;
    let gap = drift.closed_at.map(|closed| duration(closed - drift.opened_at));
    DriftFacts {
        cycle,
        drift_id: drift.drift_id,
        mailbox: match row.object {
            Object::Mailbox(id) => Some(MailboxFacts { id, user_principal_name }),
            Object::Organization => None,
        },
        field: row.field,
        cause: row.cause,
        mode: row.mode,
        class: row.class,
        policies: row.policies.clone(),
        responsible,
        policy_revision: drift.policy_revision,
        observed: row.observed.clone(),
        desired: row.desired.clone(),
        missing: row.missing.clone(),
        extra: row.extra.clone(),
        change_id: None,
        effective_gap: gap.filter(|_| row.field == Field::Enabled),
    }
}

/// What happened to drifts in a look, once each.
pub(in crate::engine) fn drift(tenant: &Tenant, request: &Request, cycle: &Cycle, edges: &[DriftEdge]) {
    let findings = by_id(&cycle.looked.plan.findings);
    let mut missed = 0;
    for edge in edges {
        let row = &edge.drift.row;
        let finding = match row.object {
            Object::Mailbox(id) => findings.get(&id).copied(),
            Object::Organization => None,
        };
        let people = responsible(&cycle.looked.policies, &row.policies);
        let upn = finding.and_then(name);
        let mut facts = facts_of(cycle_facts(tenant, request), &edge.drift, upn, people);
        facts.change_id = finding.and_then(|finding| change_of(&finding.changes, row.field));
        missed += u64::from(edge.kind == EdgeKind::Opened && is_fast_lanes_business(row.cause));
        if let Some(event) = event_of(edge, finding) {
            tenant.telemetry.emit(Event::Drift(Box::new(facts.clone()), event));
        }
        if matches!(edge.kind, EdgeKind::Opened | EdgeKind::Changed) {
            for event in finding.into_iter().flat_map(|finding| complications(cycle, finding, row.field)) {
                tenant.telemetry.emit(Event::Drift(Box::new(facts.clone()), event));
            }
        }
    }
    let fast_lanes_looked = tenant.status.tenants().get(&tenant.name).is_some_and(|status| {
        status.last_success.contains_key(&Lane::Full) && status.last_success.contains_key(&Lane::New)
    });
    if request.lane == Lane::Full && missed > 0 && fast_lanes_looked {
        tenant.telemetry.metrics().count_missed_by_fast_lanes(&tenant.name, missed);
    }
}

const fn is_fast_lanes_business(cause: Cause) -> bool {
    matches!(cause, Cause::NewMailbox | Cause::External)
}

fn event_of(edge: &DriftEdge, finding: Option<&Finding>) -> Option<DriftEvent> {
    let drift = &edge.drift;
    Some(match edge.kind {
        EdgeKind::Opened | EdgeKind::Changed => {
            let only_conflict = drift.row.observed == CONFLICT && finding.is_some();
            return (!only_conflict).then_some(DriftEvent::Detected);
        }
        EdgeKind::Closed => match drift.closed_how {
            Some(ClosedHow::Corrected) => DriftEvent::Corrected { time_to_protect: None },
            Some(ClosedHow::Vanished) => DriftEvent::Resolved { how: "vanished" },
            Some(ClosedHow::PolicyChanged) => DriftEvent::Resolved { how: "policy_changed" },
            Some(ClosedHow::Resolved) | None => DriftEvent::Resolved { how: "resolved" },
        },
        EdgeKind::Reminder => DriftEvent::Open { since: drift.opened_at },
        EdgeKind::Persisting => {
            DriftEvent::Persisting { since: drift.first_attempt_at.unwrap_or(drift.opened_at) }
        }
    })
}

/// What keeps a drift of a field from being corrected.
fn complications(cycle: &Cycle, finding: &Finding, field: Field) -> Vec<DriftEvent> {
    let mut events = Vec::new();
    if finding.conflicts.iter().any(|conflict: &Conflict| conflict.field == field) {
        events.push(DriftEvent::Conflict);
    }
    let held = finding.held.iter().flat_map(|change| &change.corrections);
    if let Some(planned) = held.into_iter().find(|planned| planned.field == field) {
        events.push(DriftEvent::Held { remedy: release_of(cycle, planned) });
    }
    events
}

fn release_of(cycle: &Cycle, planned: &PlannedCorrection) -> String {
    let refusals: Vec<(Class, &Held)> = cycle.verdict.refusals().collect();
    let refusal = refusals.iter().find(|(class, _)| *class == planned.class);
    refusal.map(|(class, held)| held.release(*class)).unwrap_or_default()
}

fn change_of(changes: &[Change], field: Field) -> Option<ContentHash> {
    let touches = |change: &&Change| change.corrections.iter().any(|planned| planned.field == field);
    changes.iter().find(touches).map(|change| change.id)
}

/// Facts of a correction, where the history holds no drift that it belongs to.
fn facts_of_work(tenant: &Tenant, work: &Work, change: &Change, planned: &PlannedCorrection) -> DriftFacts {
    let mut policies: Vec<String> =
        planned.policies.iter().map(|citation| citation.policy.name.to_string()).collect();
    policies.sort_unstable();
    policies.dedup();
    let people: BTreeSet<String> = planned
        .policies
        .iter()
        .filter_map(|citation| citation.policy.responsible.as_deref().map(str::to_owned))
        .collect();
    DriftFacts {
        cycle: work_facts(tenant, work),
        drift_id: Uuid::nil(),
        mailbox: match change.object {
            Object::Mailbox(id) => Some(MailboxFacts {
                id,
                user_principal_name: work.origin.user_principal_name.as_deref().map(str::to_owned),
            }),
            Object::Organization => None,
        },
        field: planned.field,
        cause: planned.cause,
        mode: Mode::Enforce,
        class: Some(planned.class),
        policies,
        responsible: people.into_iter().collect(),
        policy_revision: work.origin.policy_revision,
        observed: planned.before.clone(),
        desired: planned.after.clone(),
        missing: Default::default(),
        extra: Default::default(),
        change_id: Some(change.id),
        effective_gap: None,
    }
}

pub(in crate::engine) fn corrected(
    tenant: &Tenant,
    work: &Work,
    change: &Change,
    edges: &[DriftEdge],
    now: DateTime<Utc>,
) {
    let protected_after = work.origin.discovered_at.map(|seen| duration(now - seen));
    for planned in &change.corrections {
        let facts = facts_of_work(tenant, work, change, planned);
        // Without an edge a look has told it already, or the field drifts on.
        let Some(edge) = edges.iter().find(|edge| edge.drift.row.field == planned.field) else { continue };
        let upn = work.origin.user_principal_name.as_deref().map(str::to_owned);
        let known = facts_of(facts.cycle.clone(), &edge.drift, upn, facts.responsible.clone());
        let facts = DriftFacts { change_id: Some(change.id), ..known };
        let time_to_protect = protected_after.filter(|_| planned.field == Field::Enabled);
        tenant
            .telemetry
            .emit(Event::Drift(Box::new(facts.clone()), DriftEvent::Corrected { time_to_protect }));
        if planned.class >= Class::Weakening {
            let reason = work.origin.accepted.as_ref().map(|accepted| accepted.reason.clone());
            let event = DriftEvent::WeakeningApplied { reason: reason.unwrap_or_default(), ticket: None };
            tenant.telemetry.emit(Event::Drift(Box::new(facts), event));
        }
    }
}

pub(in crate::engine) fn unverified(
    tenant: &Tenant,
    work: &Work,
    change: &Change,
    next_try_at: DateTime<Utc>,
    known: &[DriftInterval],
) {
    for planned in &change.corrections {
        let mut facts = facts_of_work(tenant, work, change, planned);
        facts.drift_id = open_drift(known, planned.field);
        tenant.telemetry.emit(Event::Drift(Box::new(facts), DriftEvent::Unverified { next_try_at }));
    }
}

/// `known` are the object's drifts as the history has them, so that the failure carries the id of the drift
/// that it leaves open.
pub(in crate::engine) fn correction_failed(
    tenant: &Tenant,
    work: &Work,
    change: &Change,
    error: &exchange::Error,
    known: &[DriftInterval],
) {
    for planned in &change.corrections {
        let mut facts = facts_of_work(tenant, work, change, planned);
        facts.drift_id = open_drift(known, planned.field);
        tenant.telemetry.emit(Event::Drift(Box::new(facts), DriftEvent::CorrectionFailed(failure_of(error))));
    }
}

/// The id of the drift of a field that is open; nil where the history has none.
fn open_drift(known: &[DriftInterval], field: Field) -> Uuid {
    let is_open = |drift: &&DriftInterval| drift.closed_at.is_none() && drift.row.field == field;
    known.iter().find(is_open).map_or(Uuid::nil(), |drift| drift.drift_id)
}
