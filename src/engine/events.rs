//! What the loop says: turns what happened into events, once each. How an event looks is `telemetry`'s.

mod drift;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cycle::{Cycle, Request};
use super::executor::Stop;
use super::journal::chain;
use super::look::LookError;
use super::queue::Work;
use super::{Tenant, TenantStatus, levels};
use crate::domain::{
    AuditAction, Class, ContentHash, Lane, LogonType, MailboxId, Mode, OrganizationSwitch, State, SwitchState,
};
use crate::exchange;
use crate::history::{self, CycleOutcome, CycleRecord, Head};
use crate::plan::{Finding, Held};
use crate::policy::PolicySet;
use crate::telemetry::{
    CycleEnd, CycleEvent, CycleFacts, Event, Failure, Finding as Found, MailboxEvent, MailboxFacts,
    ProcessEvent, ServiceEvent, Telemetry,
};

pub(super) use drift::{corrected, correction_failed, drift, unverified};

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

/// Where the lane stands, and what a full look counted.
fn gauges(tenant: &Tenant, request: &Request, cycle: &Cycle, succeeded_at: Option<DateTime<Utc>>) {
    tenant.status.update(&tenant.name, |status| {
        if let Some(at) = succeeded_at {
            status.last_success.insert(request.lane, at);
        }
        status.failing.remove(&request.lane);
        if request.lane == Lane::Full {
            status.view = Some(cycle.looked.plan.view);
            status.complete = succeeded_at.is_some();
        }
    });
    if request.lane == Lane::Full {
        levels::count(tenant, cycle);
    }
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
