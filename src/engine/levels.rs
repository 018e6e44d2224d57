//! Levels between full looks: the last full look counts every mailbox, and what the fast lanes find and the
//! writer corrects moves mailboxes from one count to another until the next one counts afresh.

use std::collections::{BTreeMap, BTreeSet};

use super::cycle::Cycle;
use super::queue::Work;
use super::{Tenant, TenantStatus};
use crate::domain::{Cause, Field, Lane, Mode, State};
use crate::history::{DriftEdge, EdgeKind};
use crate::plan::{Change, Object};

/// Counts afresh, by a full look.
pub(super) fn count(tenant: &Tenant, cycle: &Cycle) {
    let plan = &cycle.looked.plan;
    let mut drifted: BTreeMap<Field, u64> = BTreeMap::new();
    for drift in plan.findings.iter().flat_map(|finding| &finding.drifts) {
        *drifted.entry(drift.field).or_default() += 1;
    }
    publish(tenant, |status| {
        status.states = plan.states.clone();
        status.drifted = drifted;
    });
}

/// What a fast lane found that was not known before.
pub(super) fn found(tenant: &Tenant, lane: Lane, edges: &[DriftEdge]) {
    if lane == Lane::Full {
        return;
    }
    let opened =
        edges.iter().filter(|edge| edge.kind == EdgeKind::Opened && edge.drift.row.mode == Mode::Enforce);
    let rows: Vec<_> = opened.map(|edge| &edge.drift.row).collect();
    if rows.is_empty() {
        return;
    }
    publish(tenant, |status| {
        let mut counted = BTreeSet::new();
        for row in &rows {
            *status.drifted.entry(row.field).or_default() += 1;
            if !matches!(row.object, Object::Mailbox(_)) || !counted.insert(row.object) {
                continue;
            }
            // A new mailbox was in no count yet.
            let before = (row.cause != Cause::NewMailbox).then_some(State::InSync);
            shift(status, before, State::ToCorrect);
        }
    });
}

/// What was written and seen to hold.
pub(super) fn corrected(tenant: &Tenant, work: &Work, change: &Change) {
    let is_last = work.changes.last().is_some_and(|last| last.id == change.id);
    publish(tenant, |status| {
        for planned in &change.corrections {
            if let Some(count) = status.drifted.get_mut(&planned.field) {
                *count = count.saturating_sub(1);
            }
        }
        if is_last && matches!(change.object, Object::Mailbox(_)) {
            shift(status, Some(State::ToCorrect), State::InSync);
        }
    });
}

fn shift(status: &mut TenantStatus, before: Option<State>, after: State) {
    if let Some(before) = before {
        match status.states.get_mut(&before) {
            Some(count) if *count > 0 => *count -= 1,
            // Counted nowhere: the next full look counts it.
            _ => return,
        }
    }
    *status.states.entry(after).or_default() += 1;
}

fn publish(tenant: &Tenant, change: impl FnOnce(&mut TenantStatus)) {
    let mut levels = None;
    tenant.status.update(&tenant.name, |status| {
        change(status);
        status.states.retain(|_, count| *count > 0);
        levels = Some((status.states.clone(), status.drifted.clone()));
    });
    if let Some((states, drifted)) = levels {
        let metrics = tenant.telemetry.metrics();
        metrics.set_mailboxes(&tenant.name, &states);
        metrics.set_drift_mailboxes(&tenant.name, &drifted);
    }
}
