//! One cycle: look, plan, guard, and everything that is to be remembered and said about it. The writes it
//! approves are returned, not made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::look::{LookError, Looked, Target, look};
use super::queue::{Accepted, Origin, Work};
use super::{Tenant, events, executor, levels, recall};
use crate::domain::{
    Cause, Class, Field, Lane, MailboxId, Mode, Organization, OrganizationSwitch, Shrink, SwitchState,
};
use crate::history::{
    ClosedHow, CompleteView, CycleOutcome, CycleRecord, DriftKey, DriftRow, Examined, FailedReturn, History,
    Look as DriftLook,
};
use crate::plan::{Acceptance, Change, Finding, GuardInputs, Object, Verdict, judge};
use crate::policy::PolicySet;

/// What a cycle is to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id in logs and journal.
    pub id: Uuid,
    /// On whose behalf.
    pub lane: Lane,
    /// What to look at.
    pub target: Target,
    /// The switches, where another lane read them a moment ago.
    pub organization: Option<Organization>,
    /// What an operator accepts.
    pub consent: Consent,
    /// Which of the findings matter.
    pub only: Only,
}

/// Part of what a look finds, where a verb is about part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// Mailboxes that this policy asks something of.
    pub policy: Option<String>,
    /// At most so many mailboxes with something to write.
    pub limit: Option<usize>,
}

impl Only {
    fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    fn narrow(&self, looked: &mut Looked) {
        if self.is_everything() {
            return;
        }
        let mut left = self.limit.unwrap_or(usize::MAX);
        looked.plan.narrow(|finding| {
            if self.policy.as_ref().is_some_and(|policy| !finding.concerns(policy)) {
                return false;
            }
            let writes = !finding.changes.is_empty();
            let fits = !writes || left > 0;
            left -= usize::from(writes && fits);
            fits
        });
        if let Some(policy) = &self.policy {
            looked.plan.restrict_to(policy);
        }
        // What was left out counts as not looked at: nothing is to be concluded from its absence.
        looked.ids = looked.plan.findings.iter().map(|finding| finding.mailbox).collect();
    }
}

impl Request {
    /// A look at everything, on nobody's particular behalf.
    pub fn new(lane: Lane, target: Target) -> Self {
        let id = Uuid::new_v4();
        Self { id, lane, target, organization: None, consent: Consent::default(), only: Only::default() }
    }

    /// Whether it is about the tenant as a whole, or about single mailboxes or policies.
    fn is_whole_tenant(&self) -> bool {
        self.only.is_everything() && !matches!(self.target, Target::Identity(_))
    }

    /// Whether it looks at the whole tenant.
    fn is_whole(&self) -> bool {
        self.target == Target::Everything && self.only.is_everything()
    }
}

/// An operator's acceptance of what the guard would hold.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    /// By class.
    pub classes: BTreeMap<Class, Acceptance>,
    /// Whether a default set that shrank is accepted.
    pub shrink: bool,
    /// Who accepts, and why; for the journal.
    pub accepted: Option<Accepted>,
}

/// What a cycle came to.
#[derive(Debug)]
pub struct Cycle {
    /// What it saw and planned; changes that the guard holds are marked as held.
    pub looked: Looked,
    /// What the guard said.
    pub verdict: Verdict,
    /// What may be written, object by object, in order.
    pub work: Vec<Work>,
}

impl Cycle {
    /// Whether everything that it looks at was seen.
    pub fn is_complete(&self) -> bool {
        self.looked.plan.view.is_complete() && self.looked.faults.is_empty()
    }
}

/// Looks, plans and asks the guard. Remembers nothing.
pub async fn decide(tenant: &Tenant, policies: &PolicySet, request: &Request) -> Result<Cycle, LookError> {
    let shrink = if request.consent.shrink { Shrink::Accepted } else { Shrink::Reported };
    let mut looked = look(tenant, policies, &request.target, request.organization, shrink).await?;
    request.only.narrow(&mut looked);
    if request.organization.is_some() || !request.is_whole_tenant() {
        // Known from another lane and perhaps corrected since, or not what a narrowed verb is about.
        looked.plan.organization.changes.clear();
    }
    let inputs = recall::guard_inputs(tenant, looked.started_at).await?;
    let inputs = GuardInputs { accepted: request.consent.classes.clone(), ..inputs };
    let verdict = judge(&looked.plan, &inputs);
    let approved = looked.plan.decide(&verdict);
    let work = work_of(tenant, &looked, approved.into_changes(), request);
    Ok(Cycle { looked, verdict, work })
}

fn work_of(tenant: &Tenant, looked: &Looked, changes: Vec<Change>, request: &Request) -> Vec<Work> {
    if tenant.mode == Mode::Observe {
        return Vec::new();
    }
    let findings: BTreeMap<_, &Finding> =
        looked.plan.findings.iter().map(|finding| (finding.mailbox, finding)).collect();
    let mut work: Vec<Work> = Vec::new();
    for change in changes {
        // Changes come object by object; those of one object stay together, in their order.
        if let Some(last) = work.last_mut().filter(|last| last.object == change.object) {
            last.changes.push(change);
            continue;
        }
        let finding = match change.object {
            Object::Mailbox(id) => findings.get(&id).copied(),
            Object::Organization => None,
        };
        let is_new = change.corrections.iter().any(|planned| planned.cause == Cause::NewMailbox);
        work.push(Work {
            object: change.object,
            population: executor::population_of(
                change.object,
                finding.map(|finding| &finding.recipient_type),
            ),
            tier: finding.map_or_else(Default::default, |finding| finding.tier),
            origin: Origin {
                cycle_id: request.id,
                lane: request.lane,
                policy_revision: looked.plan.revision,
                discovered_at: is_new.then(|| first_seen(looked, change.object)),
                accepted: request.consent.accepted.clone(),
                user_principal_name: finding.and_then(|finding| finding.user_principal_name.clone()),
            },
            changes: vec![change],
        });
    }
    work
}

/// When a look first held an object that is new.
fn first_seen(looked: &Looked, object: Object) -> DateTime<Utc> {
    match object {
        Object::Mailbox(id) => looked.recent.get(&id).copied().unwrap_or(looked.started_at),
        Object::Organization => looked.started_at,
    }
}

/// Remembers a cycle and says what is new in it: sightings, drift, default sets, its end.
pub async fn remember(
    tenant: &Tenant,
    history: &Arc<dyn History>,
    cycle: &Cycle,
    request: &Request,
) -> Result<(), LookError> {
    let (looked, now) = (&cycle.looked, tenant.clock.now());
    let complete = cycle.is_complete();
    let whole = request.is_whole() && complete;
    let was_seen_whole = history.last_complete(tenant.id, Lane::Full).await?.is_some();
    let sightings = if whole {
        let view = CompleteView { started_at: looked.started_at, at: now, seen: looked.ids.clone() };
        let change = history.note_complete_view(tenant.id, view).await?;
        if !was_seen_whole {
            history.put_value(tenant.id, recall::FIRST_WHOLE, now.to_rfc3339()).await?;
        }
        events::vanished(tenant, request, &change.vanished);
        forget_vanished(tenant, &**history, request, cycle, &change.vanished, now).await?;
        change.sightings
    } else {
        history.note_seen(tenant.id, looked.ids.clone(), now).await?
    };
    if was_seen_whole {
        events::discovered(tenant, request, cycle, &sightings.new);
    }
    let edges = history.reconcile_drift(tenant.id, drift_look(request, cycle, now), rows_of(cycle)).await?;
    events::drift(tenant, request, cycle, &edges);
    levels::found(tenant, request.lane, &edges);
    events::held(tenant, request, cycle);
    events::organization(tenant, request, cycle);
    remember_lists(tenant, &**history, request, cycle, whole).await?;
    let record = CycleRecord {
        tenant: tenant.id,
        cycle_id: request.id,
        // A verb that saw everything is remembered as a full look: by it later drift is told from rollout.
        lane: if whole { Lane::Full } else { request.lane },
        started_at: looked.started_at,
        finished_at: now,
        outcome: if complete { CycleOutcome::Complete } else { CycleOutcome::Partial },
        examined: looked.plan.view.examined,
        corrected: cycle.work.len() as u64,
        unknown: looked.plan.count(crate::domain::State::Unknown) + looked.plan.view.unknown,
        edges: edges.len() as u64,
        policy_revision: looked.plan.revision,
        error: looked.faults.first().map(|error| super::journal::chain(error)),
    };
    history.record_cycle(record.clone()).await?;
    let head = history.head(tenant.id).await?;
    events::completed(tenant, request, cycle, &record, Some(head));
    Ok(())
}

/// A mailbox that is gone drifts no more, and nothing that was tried on it matters.
async fn forget_vanished(
    tenant: &Tenant,
    history: &dyn History,
    request: &Request,
    cycle: &Cycle,
    gone: &[MailboxId],
    now: DateTime<Utc>,
) -> Result<(), LookError> {
    if gone.is_empty() {
        return Ok(());
    }
    let keys: Vec<DriftKey> =
        gone.iter().flat_map(|id| Field::OF_MAILBOX.map(|field| (Object::Mailbox(*id), field))).collect();
    let edges = history.close_drift(tenant.id, keys.clone(), now, ClosedHow::Vanished).await?;
    events::drift(tenant, request, cycle, &edges);
    history.forget_attempts(tenant.id, keys).await?;
    Ok(())
}

async fn remember_lists(
    tenant: &Tenant,
    history: &dyn History,
    request: &Request,
    cycle: &Cycle,
    whole: bool,
) -> Result<(), LookError> {
    let plan = &cycle.looked.plan;
    let failed: Vec<FailedReturn> = plan
        .findings
        .iter()
        .flat_map(|finding| {
            let returns = finding.failed_returns.iter();
            returns.map(|(kind, default_set)| FailedReturn {
                mailbox: finding.mailbox,
                kind: *kind,
                default_set: *default_set,
            })
        })
        .collect();
    if !failed.is_empty() {
        history.put_failed_returns(tenant.id, failed).await?;
    }
    if whole {
        history.put_default_sets(tenant.id, plan.defaults.clone()).await?;
        if let Some(grown) = recall::describe_grown(&plan.default_changes) {
            history.put_value(tenant.id, recall::GROWN, grown).await?;
        }
        events::default_sets(tenant, request, cycle);
    }
    Ok(())
}

/// What the look could judge, in the history's terms.
fn drift_look(request: &Request, cycle: &Cycle, now: DateTime<Utc>) -> DriftLook {
    let plan = &cycle.looked.plan;
    let mut fields: Vec<Field> = Field::OF_MAILBOX.to_vec();
    if matches!(request.target, Target::ChangedSince(_)) {
        fields.retain(|field| *field != Field::Enabled);
    }
    if request.organization.is_none() {
        fields.extend(
            OrganizationSwitch::ALL
                .into_iter()
                .filter(|switch| plan.organization.observed.get(*switch) != SwitchState::Unknown)
                .map(Field::from),
        );
    }
    let unknown = plan
        .findings
        .iter()
        .flat_map(|finding| finding.unknown.iter().map(|field| (Object::Mailbox(finding.mailbox), *field)));
    // What a narrowed verb left out is neither there nor gone.
    let is_narrowed = request.only.policy.is_some();
    let left_out = plan.findings.iter().filter(|_| is_narrowed).flat_map(|finding| {
        let drifts = |field: &Field| finding.drifts.iter().any(|drift| drift.field == *field);
        let others = Field::OF_MAILBOX.into_iter().filter(move |field| !drifts(field));
        others.map(|field| (Object::Mailbox(finding.mailbox), field))
    });
    let seen_all = request.is_whole() && cycle.is_complete();
    DriftLook {
        at: now,
        policy_revision: plan.revision,
        examined: match seen_all {
            true => Examined::All,
            false => Examined::These(cycle.looked.ids.iter().copied().collect::<BTreeSet<_>>()),
        },
        fields,
        unknown: unknown.chain(left_out).collect(),
        remind_after: TimeDelta::hours(24),
        persists_after: TimeDelta::hours(1),
    }
}

/// Every drift of the plan, as the history keeps it.
fn rows_of(cycle: &Cycle) -> Vec<DriftRow> {
    let plan = &cycle.looked.plan;
    let mut rows = Vec::new();
    let switches =
        [(&plan.organization.drifted, Mode::Enforce), (&plan.organization.observed_drift, Mode::Observe)];
    for (switches, mode) in switches {
        rows.extend(switches.iter().map(|switch| DriftRow {
            object: Object::Organization,
            field: Field::from(*switch),
            cause: Cause::External,
            class: Some(Class::Corrective),
            mode,
            observed: "off".into(),
            desired: "on".into(),
            missing: Default::default(),
            extra: Default::default(),
            policies: Vec::new(),
        }));
    }
    for finding in &plan.findings {
        // Of two rows for one field the later counts: what is enforced.
        for (drifts, mode) in [(&finding.observed, Mode::Observe), (&finding.drifts, Mode::Enforce)] {
            rows.extend(drifts.iter().map(|drift| DriftRow {
                object: Object::Mailbox(finding.mailbox),
                field: drift.field,
                cause: drift.cause,
                class: Some(drift.class),
                mode,
                observed: drift.observed.clone(),
                desired: drift.desired.clone(),
                missing: drift.missing.clone(),
                extra: drift.extra.clone(),
                policies: names(&drift.policies),
            }));
        }
        rows.extend(bare_conflicts(finding));
    }
    rows
}

/// Contradictions on fields that do not drift otherwise: so that they open, close and are told once too.
fn bare_conflicts(finding: &Finding) -> impl Iterator<Item = DriftRow> + '_ {
    let drifts = |field| finding.drifts.iter().any(|drift| drift.field == field);
    finding.conflicts.iter().filter(move |conflict| !drifts(conflict.field)).map(|conflict| DriftRow {
        object: Object::Mailbox(finding.mailbox),
        field: conflict.field,
        cause: Cause::PolicyChange,
        class: None,
        mode: Mode::Enforce,
        observed: events::CONFLICT.into(),
        desired: conflict.about.clone(),
        missing: Default::default(),
        extra: Default::default(),
        policies: names(&conflict.policies),
    })
}

fn names(citations: &[crate::plan::Citation]) -> Vec<String> {
    let names: BTreeSet<String> = citations.iter().map(|citation| citation.policy.name.to_string()).collect();
    names.into_iter().collect()
}
