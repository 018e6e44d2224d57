//! Folds a look, row by row, into a plan. What each row means is decided in `diff`.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::finding::Finding;
use super::list::upper_uses_default;
use super::organization::{OrganizationFinding, diff_organization};
use super::{Frame, Memory, PlannedCorrection, Sight, diff, digest};
use crate::domain::{
    ContentHash, DefaultSetChange, DefaultSetLearner, DefaultSets, DefaultSource, LogonType, Mailbox,
    Organization, Shrink, State, TenantId,
};
use crate::policy::{Composer, Desired, TenantPolicies};

/// What a plan is made from, beside the rows.
#[derive(Debug)]
pub struct Inputs {
    /// The tenant.
    pub tenant: TenantId,
    /// The policies that concern it.
    pub policies: Arc<TenantPolicies>,
    /// The content of the whole policy set.
    pub revision: ContentHash,
    /// The tenant's switches.
    pub organization: Organization,
    /// Default sets as remembered; the dated table where nothing is.
    pub defaults: DefaultSets,
    /// Whether a default set that shrank is accepted.
    pub shrink: Shrink,
    /// The past.
    pub memory: Memory,
    /// What the rows can tell.
    pub sight: Sight,
    /// Which findings the plan keeps.
    pub detail: Detail,
    /// When the look began.
    pub as_of: DateTime<Utc>,
}

/// Which findings a plan keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Those of which there is something to say beyond their state.
    Remarkable,
    /// All: for a look at single mailboxes.
    Everything,
}

/// How much of the tenant a look saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ViewSummary {
    /// Mailboxes that were looked at.
    pub examined: u64,
    /// Rows that could not be read, and answers that are missing.
    pub unknown: u64,
    /// Whether the enumeration was cut off.
    pub truncated: bool,
}

impl ViewSummary {
    /// Whether the look saw everything that it asked for.
    pub const fn is_complete(&self) -> bool {
        !self.truncated && self.unknown == 0
    }
}

/// How many mailboxes stand where. The counts add up to what was observed.
pub type StateCounts = BTreeMap<State, u64>;

/// What a look amounts to.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The tenant.
    pub tenant: TenantId,
    /// The content of the policy set.
    pub revision: ContentHash,
    /// When the look began.
    pub observed_at: DateTime<Utc>,
    /// How much it saw.
    pub view: ViewSummary,
    /// The tenant's switches, and what is to be done about them.
    pub organization: OrganizationFinding,
    /// The default sets that the plan rests on.
    pub defaults: DefaultSets,
    /// How these differ from those remembered.
    pub default_changes: Vec<DefaultSetChange>,
    /// Every mailbox that is not simply in sync, in the order of the rows.
    pub findings: Vec<Finding>,
    /// How many mailboxes stand where.
    pub states: StateCounts,
    /// What the plan is recognised by: tenant, policies, default sets and changes; no times, no counts.
    pub digest: ContentHash,
}

impl Plan {
    /// How many mailboxes stand in a state.
    pub fn count(&self, state: State) -> u64 {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// Leaves only those mailboxes that `keep` wants, and no other is counted any more, but those of which
    /// there was nothing to say.
    pub fn narrow(&mut self, mut keep: impl FnMut(&Finding) -> bool) {
        let states = &mut self.states;
        self.findings.retain(|finding| {
            let kept = keep(finding);
            if !kept {
                states.entry(finding.state).and_modify(|count| *count -= 1);
            }
            kept
        });
        self.states.retain(|_, count| *count > 0);
        self.view.examined = self.states.values().sum();
        self.digest = self.compute_digest();
    }

    /// Leaves only what a policy asks for, and what several ask for together with it.
    pub fn restrict_to(&mut self, policy: &str) {
        let tenant = self.tenant;
        let asks =
            |planned: &PlannedCorrection| planned.policies.iter().any(|one| *one.policy.name == *policy);
        for finding in &mut self.findings {
            finding.drifts.retain(|drift| drift.policies.iter().any(|one| *one.policy.name == *policy));
            let changes = std::mem::take(&mut finding.changes);
            finding.changes = changes.iter().filter_map(|change| change.restricted(tenant, asks)).collect();
        }
        self.digest = self.compute_digest();
    }

    fn compute_digest(&self) -> ContentHash {
        digest::of(self.tenant, self.revision, &self.defaults, self.changes())
    }

    /// Every change, the organization's first, then mailbox by mailbox.
    pub fn changes(&self) -> impl Iterator<Item = &super::Change> {
        self.organization.changes.iter().chain(self.findings.iter().flat_map(|finding| &finding.changes))
    }
}

/// Makes a [`Plan`] from rows.
///
/// While default sets are still to be learned, rows that depend on them wait until the view is whole: a
/// list must not be judged by a set that the next page would change.
#[derive(Debug)]
pub struct Planner {
    inputs: Inputs,
    composer: Composer,
    learner: DefaultSetLearner,
    waiting: Vec<Mailbox>,
    findings: Vec<Finding>,
    states: StateCounts,
    examined: u64,
}

impl Planner {
    /// A planner that has seen nothing yet.
    pub fn new(inputs: Inputs) -> Self {
        let composer = inputs.policies.composer(inputs.defaults.clone(), inputs.as_of);
        Self {
            inputs,
            composer,
            learner: DefaultSetLearner::default(),
            waiting: Vec::new(),
            findings: Vec::new(),
            states: StateCounts::new(),
            examined: 0,
        }
    }

    /// Takes one row into account.
    pub fn push(&mut self, mailbox: Mailbox) {
        self.examined += 1;
        self.learner.push(&mailbox);
        let desired = self.composer.desire(&mailbox);
        if depends_on_learning(&mailbox, &desired, &self.inputs.defaults) {
            self.waiting.push(mailbox);
        } else {
            self.judge(&mailbox, &desired);
        }
    }

    /// The plan. Only a complete view of the whole tenant teaches default sets.
    pub fn finish(mut self, view: ViewSummary, scope: Scope) -> Plan {
        let mut default_changes = Vec::new();
        if scope == Scope::WholeTenant && view.is_complete() {
            let (sets, changes) = self.learner.finish(&self.inputs.defaults, self.inputs.shrink);
            // What is already known stays fixed for the cycle; the next one plans by what this one learned.
            default_changes = changes;
            self.inputs.defaults = sets;
        }
        let mut composer = self.inputs.policies.composer(self.inputs.defaults.clone(), self.inputs.as_of);
        for mailbox in std::mem::take(&mut self.waiting) {
            let desired = composer.desire(&mailbox);
            self.judge(&mailbox, &desired);
        }
        let organization = diff_organization(&self.inputs);
        let view = ViewSummary { examined: self.examined, ..view };
        let mut plan = Plan {
            tenant: self.inputs.tenant,
            revision: self.inputs.revision,
            observed_at: self.inputs.as_of,
            view,
            organization,
            defaults: self.inputs.defaults,
            default_changes,
            findings: self.findings,
            states: self.states,
            digest: ContentHash::of(&[]),
        };
        plan.digest = plan.compute_digest();
        plan
    }

    fn judge(&mut self, mailbox: &Mailbox, desired: &Desired) {
        let inputs = &self.inputs;
        let frame = Frame {
            tenant: inputs.tenant,
            organization: &inputs.organization,
            defaults: &inputs.defaults,
            memory: &inputs.memory,
            revision: inputs.revision,
            sight: inputs.sight,
            as_of: inputs.as_of,
        };
        let finding = diff::diff(mailbox, desired, &frame);
        *self.states.entry(finding.state).or_default() += 1;
        if inputs.detail == Detail::Everything || finding.is_remarkable() {
            self.findings.push(finding);
        }
    }
}

/// What a look set out to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every mailbox.
    WholeTenant,
    /// Some mailboxes: they teach nothing about the tenant.
    Part,
}

fn depends_on_learning(mailbox: &Mailbox, desired: &Desired, defaults: &DefaultSets) -> bool {
    LogonType::ALL.into_iter().any(|kind| {
        let learned = defaults.get(mailbox.tier, kind).source == DefaultSource::Learned;
        let kept = mailbox.kept_by_microsoft.is_some_and(|set| set.contains(kind));
        let join = desired.enforced.actions.get(kind).iter().chain(desired.observed.actions.get(kind));
        let mut on_default = join.filter(|desire| desire.uses_default || upper_uses_default(desire));
        !learned && on_default.any(|desire| !kept || !desire.named.is_empty() || desire.upper.is_some())
    })
}
