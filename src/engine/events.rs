//! What the loop says: turns what happened into events, once each. How an event looks is `telemetry`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::cycle::{Cycle, Request};
use super::executor::Stop;
use super::journal::chain;
use super::look::LookError;
use super::queue::Work;
use super::{Tenant, TenantStatus};
use crate::domain::{
    AuditAction, Cause, Class, ContentHash, Field, Lane, LogonType, MailboxId, Mode, OrganizationSwitch,
    State, SwitchState,
};
use crate::exchange;
use crate::history::{self, ClosedHow, CycleOutcome, CycleRecord, DriftEdge, DriftInterval, EdgeKind, Head};
use crate::plan::{Change, Conflict, Finding, Held, Object, PlannedCorrection};
use crate::policy::{PolicySet, TenantPolicies};
use crate::telemetry::{
    CycleEnd, CycleEvent, CycleFacts, DriftEvent, DriftFacts, Event, Failure, Finding as Found, MailboxEvent,
    MailboxFacts, ProcessEvent, ServiceEvent, Telemetry,
};

/// What a drift is called in the history where policies contradict each other and nothing can be added.
pub(super) const CONFLICT: &str = "policies contradict each other";

fn cycle_facts(tenant: &Tenant, request: &Request) -> CycleFacts {
    CycleFacts { tenant: tenant.name.clone(), cycle_id: request.id, lane: request.lane }
}

fn work_facts(tenant: &Tenant, work: &Work) -> CycleFacts {
    CycleFacts { tenant: tenant.name.clone(), cycle_id: work.origin.cycle_id, lane: work.origin.lane }
}

/// An error of the service as logs tell it.
pub(super) fn failure_of(error: &exchange::Error) -> Failure {
    Failure {
        kind: error.kind().as_str(),
        text: chain(error),
        remedy: error.remedy().map(str::to_owned),
        request_id: error.request_id().map(str::to_owned),
    }
}

fn failure_of_history(error: &history::Error) -> Failure {
    let remedy = Some(error.remedy().to_string()).filter(|remedy| !remedy.is_empty());
    Failure { kind: "history", text: chain(error), remedy, request_id: None }
}

/// Why a look came to nothing.
pub(super) fn failure_of_look(error: &LookError) -> Failure {
    match error {
        LookError::Exchange(error) => failure_of(error),
        LookError::History(error) => failure_of_history(error),
        LookError::Ambiguous { .. } | LookError::NotFound(_) => {
            Failure { kind: "identity", text: error.to_string(), remedy: None, request_id: None }
        }
    }
}

/// A cycle that panicked.
pub(super) fn failure_of_panic(error: &tokio::task::JoinError) -> Failure {
    Failure {
        kind: "defect",
        text: format!("the cycle ended by a defect of mailwarden: {error}"),
        remedy: Some("report it with this line and the lines before it".into()),
        request_id: None,
    }
}

fn duration(span: TimeDelta) -> Duration {
    span.to_std().unwrap_or(Duration::ZERO)
}

/// A cycle begins.
pub fn started(tenant: &Tenant, request: &Request) {
    tenant.telemetry.emit(Event::Cycle(cycle_facts(tenant, request), CycleEvent::Started));
}

pub(super) fn failed(tenant: &Tenant, request: &Request, began: DateTime<Utc>, failure: Failure) {
    tenant.status.update(&tenant.name, |status| {
        status.failing.insert(request.lane, failure.text.clone());
    });
    if matches!(failure.kind, "credential" | "unauthorized" | "forbidden") {
        let tenant_name = tenant.name.clone();
        let event = ServiceEvent::AuthFailed { tenant: tenant_name, failure: failure.clone() };
        tenant.telemetry.emit(Event::Service(event));
    }
    let elapsed = duration(tenant.clock.now() - began);
    let event = CycleEvent::Failed { failure, elapsed };
    tenant.telemetry.emit(Event::Cycle(cycle_facts(tenant, request), event));
}

pub(super) fn completed(
    tenant: &Tenant,
    request: &Request,
    cycle: &Cycle,
    record: &CycleRecord,
    head: Option<Head>,
) {
    let plan = &cycle.looked.plan;
    if let Some(fault) = cycle.looked.faults.first() {
        let event = CycleEvent::ViewPartial {
            examined: plan.view.examined,
            unknown: record.unknown,
            failure: failure_of(fault),
        };
        tenant.telemetry.emit(Event::Cycle(cycle_facts(tenant, request), event));
    }
    let complete = record.outcome == CycleOutcome::Complete;
    gauges(tenant, request, cycle, complete.then_some(record.finished_at));
    if let Some(head) = head {
        tenant.telemetry.metrics().set_journal_entries(&tenant.name, head.seq);
    }
    let event = CycleEvent::Completed {
        end: if complete { CycleEnd::Complete } else { CycleEnd::Partial },
        at: record.finished_at,
        examined: record.examined,
        corrected: record.corrected,
        unknown: record.unknown,
        elapsed: duration(record.finished_at - record.started_at),
        policy_revision: record.policy_revision,
        journal_head: head.filter(|head| head.seq > 0).map(|head| head.hash),
    };
    tenant.telemetry.emit(Event::Cycle(cycle_facts(tenant, request), event));
}

/// Levels: they describe the last full look, since only that one counts every mailbox.
fn gauges(tenant: &Tenant, request: &Request, cycle: &Cycle, succeeded_at: Option<DateTime<Utc>>) {
    let plan = &cycle.looked.plan;
    tenant.status.update(&tenant.name, |status| {
        if let Some(at) = succeeded_at {
            status.last_success.insert(request.lane, at);
        }
        status.failing.remove(&request.lane);
        if request.lane == Lane::Full {
            status.states = plan.states.clone();
            status.view = Some(plan.view);
            status.complete = succeeded_at.is_some();
        }
    });
    if request.lane != Lane::Full {
        return;
    }
    let metrics = tenant.telemetry.metrics();
    metrics.set_mailboxes(&tenant.name, &plan.states);
    let mut drifted: BTreeMap<Field, u64> = BTreeMap::new();
    for drift in plan.findings.iter().flat_map(|finding| &finding.drifts) {
        *drifted.entry(drift.field).or_default() += 1;
    }
    metrics.set_drift_mailboxes(&tenant.name, &drifted);
}

pub(super) fn vanished(tenant: &Tenant, request: &Request, gone: &[MailboxId]) {
    for id in gone {
        let facts = MailboxFacts { id: *id, user_principal_name: None };
        let event = Event::Mailbox(cycle_facts(tenant, request), facts, MailboxEvent::Vanished);
        tenant.telemetry.emit(event);
    }
}

/// Mailboxes seen for the first time. On a tenant that was never seen whole everything would be: that is
/// not news, and a line for each of a million mailboxes would drown what is.
pub(super) fn discovered(tenant: &Tenant, request: &Request, cycle: &Cycle, new: &[MailboxId]) {
    let findings = by_id(&cycle.looked.plan.findings);
    for id in new {
        let finding = findings.get(id);
        let created_at = finding.and_then(|finding| finding.created_at);
        let facts = MailboxFacts { id: *id, user_principal_name: finding.and_then(|finding| name(finding)) };
        let age = created_at.map(|created| duration(cycle.looked.started_at - created));
        let event = Event::Mailbox(cycle_facts(tenant, request), facts, MailboxEvent::Discovered(age));
        tenant.telemetry.emit(event);
    }
}

fn by_id(findings: &[Finding]) -> BTreeMap<MailboxId, &Finding> {
    findings.iter().map(|finding| (finding.mailbox, finding)).collect()
}

fn name(finding: &Finding) -> Option<String> {
    finding.user_principal_name.as_deref().map(str::to_owned)
}

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
pub(super) fn drift(tenant: &Tenant, request: &Request, cycle: &Cycle, edges: &[DriftEdge]) {
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

/// What the guard holds of a plan, told when it changes.
pub(super) fn held(tenant: &Tenant, request: &Request, cycle: &Cycle) {
    let describe = |(class, held): (Class, &Held)| format!("{class}: {held}; {}", held.release(class));
    let now: Vec<String> = cycle.verdict.refusals().map(describe).collect();
    let mut is_news = false;
    tenant.status.update(&tenant.name, |status: &mut TenantStatus| {
        is_news = !now.is_empty() && status.held != now;
        // A fast lane sees a part: that it holds nothing does not mean that nothing is held.
        if request.lane == Lane::Full || !now.is_empty() {
            status.held = now;
        }
    });
    if !is_news {
        return;
    }
    for (class, refusal) in cycle.verdict.refusals() {
        let (mailboxes, limit) = refusal.counts();
        let event = Found::PlanHeld {
            class,
            mailboxes,
            limit,
            digest: cycle.looked.plan.digest,
            remedy: refusal.release(class),
        };
        tenant.telemetry.emit(Event::Finding(cycle_facts(tenant, request), event));
    }
}

/// Switches that went off since they were last read, whether a policy requires them or not.
pub(super) fn organization(tenant: &Tenant, request: &Request, cycle: &Cycle) {
    if request.organization.is_some() {
        return;
    }
    let now = cycle.looked.plan.organization.observed;
    let mut before = now;
    tenant.status.update(&tenant.name, |status| {
        before = std::mem::replace(&mut status.organization, now);
    });
    for switch in OrganizationSwitch::ALL {
        if now.get(switch) != SwitchState::Off || before.get(switch) == SwitchState::Off {
            continue;
        }
        let enforced = cycle.looked.plan.organization.drifted.contains(&switch);
        let mode = if enforced { Mode::Enforce } else { Mode::Observe };
        let event = Found::OrganizationAuditingOff { switch, mode };
        tenant.telemetry.emit(Event::Finding(cycle_facts(tenant, request), event));
    }
}

pub(super) fn default_sets(tenant: &Tenant, request: &Request, cycle: &Cycle) {
    for change in &cycle.looked.plan.default_changes {
        let event = Found::DefaultSetChanged {
            tier: change.tier,
            logon_type: change.kind,
            grown: change.grown.clone(),
            shrunk: change.shrunk.clone(),
        };
        tenant.telemetry.emit(Event::Finding(cycle_facts(tenant, request), event));
    }
}

/// What a look finds while there is no history to compare it with: counts, so that nothing is silent.
pub(super) fn unremembered(tenant: &Tenant, request: &Request, cycle: &Cycle) {
    held(tenant, request, cycle);
    organization(tenant, request, cycle);
    let now = tenant.clock.now();
    let plan = &cycle.looked.plan;
    let record = CycleRecord {
        tenant: tenant.id,
        cycle_id: request.id,
        lane: request.lane,
        started_at: cycle.looked.started_at,
        finished_at: now,
        outcome: if cycle.is_complete() { CycleOutcome::Complete } else { CycleOutcome::Partial },
        examined: plan.view.examined,
        corrected: 0,
        unknown: plan.count(State::Unknown) + plan.view.unknown,
        edges: 0,
        policy_revision: plan.revision,
        error: None,
    };
    completed(tenant, request, cycle, &record, None);
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

pub(super) fn corrected(
    tenant: &Tenant,
    work: &Work,
    change: &Change,
    edges: &[DriftEdge],
    now: DateTime<Utc>,
) {
    let protected_after = work.origin.discovered_at.map(|seen| duration(now - seen));
    for planned in &change.corrections {
        let mut facts = facts_of_work(tenant, work, change, planned);
        let edge = edges.iter().find(|edge| edge.drift.row.field == planned.field);
        if let Some(edge) = edge {
            let upn = work.origin.user_principal_name.as_deref().map(str::to_owned);
            let known = facts_of(facts.cycle.clone(), &edge.drift, upn, facts.responsible.clone());
            facts = DriftFacts { change_id: Some(change.id), ..known };
        }
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

pub(super) fn unverified(tenant: &Tenant, work: &Work, change: &Change, next_try_at: DateTime<Utc>) {
    for planned in &change.corrections {
        let facts = facts_of_work(tenant, work, change, planned);
        tenant.telemetry.emit(Event::Drift(Box::new(facts), DriftEvent::Unverified { next_try_at }));
    }
}

pub(super) fn correction_failed(tenant: &Tenant, work: &Work, change: &Change, error: &exchange::Error) {
    for planned in &change.corrections {
        let facts = facts_of_work(tenant, work, change, planned);
        let event = DriftEvent::CorrectionFailed(failure_of(error));
        tenant.telemetry.emit(Event::Drift(Box::new(facts), event));
    }
}

pub(super) fn action_unsupported(
    tenant: &Tenant,
    work: &Work,
    kind: LogonType,
    action: &AuditAction,
    mailboxes: u64,
    error: &exchange::Error,
) {
    let event = Found::ActionUnsupported {
        action: action.clone(),
        logon_type: kind,
        tier: work.tier,
        mailboxes,
        text: error.service_text().unwrap_or_default().to_owned(),
    };
    tenant.telemetry.emit(Event::Finding(work_facts(tenant, work), event));
}

/// Why nothing is written for a while.
pub(super) fn writing_stopped(tenant: &Tenant, reason: &Stop) {
    match reason {
        Stop::History(error) => history_unavailable(tenant, error),
        Stop::Service(error) => {
            let event = ServiceEvent::AuthFailed { tenant: tenant.name.clone(), failure: failure_of(error) };
            if error.recovery() == exchange::Recovery::NeedsOperator {
                tenant.telemetry.emit(Event::Service(event));
            }
        }
    }
}

/// What is said where no tenant can be remembered.
pub fn without_history(error: &history::Error) -> Event {
    let failure = failure_of_history(error);
    Event::Service(ServiceEvent::HistoryUnavailable { tenant: None, failure })
}

/// A look came to nothing.
pub fn look_failed(tenant: &Tenant, request: &Request, error: &LookError) {
    failed(tenant, request, tenant.clock.now(), failure_of_look(error));
}

/// Nothing of a tenant can be remembered, so nothing is written to it.
pub(super) fn history_unavailable(tenant: &Tenant, error: &history::Error) {
    tenant.status.set_history(Some(chain(error)));
    let event = ServiceEvent::HistoryUnavailable {
        tenant: Some(tenant.name.clone()),
        failure: failure_of_history(error),
    };
    tenant.telemetry.emit(Event::Service(event));
}

pub(super) fn queue_length(tenant: &Tenant, length: usize) {
    tenant.telemetry.metrics().set_write_queue_length(&tenant.name, length as u64);
}

pub(super) fn policy_loaded(telemetry: &Telemetry, set: &PolicySet) {
    let event = ProcessEvent::PolicyLoaded { policy_revision: set.revision(), policies: set.len() as u64 };
    telemetry.emit(Event::Process(event));
}

pub(super) fn policy_rejected(
    telemetry: &Telemetry,
    faults: u64,
    first: String,
    in_force: Option<ContentHash>,
) {
    telemetry.emit(Event::Process(ProcessEvent::PolicyRejected { in_force, faults, first }));
}
