//! The guard: which classes of change may be written. Only the guard approves, and only what it approved
//! is written. A refusal names its counts, its limit, and the words that would let it through.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::{Change, Consent, Object, Plan, PlannedCorrection};
use crate::domain::{Class, State, TenantId};

/// Below this many mailboxes no cap holds anything: percentages of small tenants mean nothing.
pub const SMALLEST_CAP: u64 = 10;

/// A share of the tenant's mailboxes, in percent.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(f64);

impl Percent {
    /// 0 to 100; none otherwise.
    pub fn new(percent: f64) -> Option<Self> {
        (0.0..=100.0).contains(&percent).then_some(Self(percent))
    }

    /// The number.
    pub const fn value(self) -> f64 {
        self.0
    }

    /// How many of a population that is, rounded up.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts of mailboxes are far below 2^52, and the share is at most the whole"
    )]
    pub fn of(self, population: u64) -> u64 {
        (population as f64 * self.0 / 100.0).ceil() as u64
    }
}

/// The caps, each over a rolling 24 hours and all lanes, in mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// Intentional changes (freezing ones included); none is no cap.
    pub max_changes: Option<u64>,
    /// The same as a share of the last complete full view.
    pub max_changes_percent: Option<Percent>,
    /// Weakening changes.
    pub max_weakening: u64,
}

/// How many mailboxes an operator accepted for a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// Any number.
    Any,
    /// At most so many.
    UpTo(u64),
}

/// What the guard weighs beside the plan.
#[derive(Debug, Clone, Default)]
pub struct GuardInputs {
    /// The caps.
    pub limits: Limits,
    /// What an operator accepted by name.
    pub accepted: BTreeMap<Class, Acceptance>,
    /// Objects that capped strengthening touched in the last 24 hours.
    pub changed: BTreeSet<Object>,
    /// Objects that were weakened in the last 24 hours.
    pub weakened: BTreeSet<Object>,
    /// Mailboxes in the last complete full view, where it is at most two periods old.
    pub population: Option<u64>,
}

/// Why a class of changes is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Held {
    /// More mailboxes than a cap allows in 24 hours.
    #[error("{wanted} mailboxes to change, {already} changed in the last 24 hours, at most {limit} allowed")]
    TooManyChanges {
        /// Mailboxes of this plan.
        wanted: u64,
        /// Mailboxes changed in the last 24 hours that the plan does not hold.
        already: u64,
        /// The cap.
        limit: u64,
    },
    /// More mailboxes would be audited less than allowed.
    #[error("{wanted} mailboxes would be audited less, at most {limit} allowed")]
    Weakening {
        /// Mailboxes of this plan and of the last 24 hours.
        wanted: u64,
        /// The cap.
        limit: u64,
    },
    /// Weakening needs a complete view.
    #[error("{wanted} mailboxes would be audited less, and the view is not complete")]
    PartialView {
        /// Mailboxes of this plan.
        wanted: u64,
    },
    /// A policy that forces a weakening does not say `allowWeakening`.
    #[error(
        "{wanted} mailboxes would be audited less, and a policy that forces it does not say `allowWeakening`"
    )]
    WithoutConsent {
        /// Mailboxes of this plan.
        wanted: u64,
    },
    /// A shorter log age deletes records.
    #[error("records in {wanted} mailboxes would be deleted by a shorter log age")]
    Destructive {
        /// Mailboxes of this plan.
        wanted: u64,
    },
}

impl Held {
    /// How many mailboxes it holds, and the limit that it rests on.
    pub const fn counts(&self) -> (u64, u64) {
        match self {
            Self::TooManyChanges { wanted, limit, .. } | Self::Weakening { wanted, limit } => {
                (*wanted, *limit)
            }
            Self::PartialView { wanted } | Self::WithoutConsent { wanted } | Self::Destructive { wanted } => {
                (*wanted, 0)
            }
        }
    }

    /// What would let it through.
    pub fn release(&self, class: Class) -> String {
        match self {
            Self::TooManyChanges { wanted, .. } => {
                format!(
                    "`mailwarden apply --accept {class}={wanted} --reason …`, or raise `limits.maxChanges`"
                )
            }
            Self::Weakening { wanted, .. } => {
                format!(
                    "`mailwarden apply --accept weakening={wanted} --reason …`, or raise `limits.maxWeakening`"
                )
            }
            Self::PartialView { .. } => "look again when the service answers completely".into(),
            Self::WithoutConsent { .. } => {
                "add `allowWeakening` with the field and a reason to each policy that forces it".into()
            }
            Self::Destructive { wanted } => {
                format!(
                    "`mailwarden apply --accept purge-audit-log={wanted} --reason …`; the daemon never does it"
                )
            }
        }
    }
}

/// What the guard decided, by class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The classes that are held, and why. A class that is not here is approved.
    pub held: BTreeMap<Class, Held>,
    /// Weakening changes that lack a policy's consent: held whatever the class is.
    pub without_consent: Option<Held>,
}

impl Verdict {
    /// Whether one correction may be written.
    pub fn approves(&self, planned: &PlannedCorrection) -> bool {
        if planned.consent == Consent::Missing {
            return false;
        }
        !planned.is_capped() || !self.held.contains_key(&planned.class)
    }

    /// Whether anything is held.
    pub fn holds_anything(&self) -> bool {
        !self.held.is_empty() || self.without_consent.is_some()
    }

    /// Every refusal with its class.
    pub fn refusals(&self) -> impl Iterator<Item = (Class, &Held)> {
        let without = self.without_consent.iter().map(|held| (Class::Weakening, held));
        self.held.iter().map(|(class, held)| (*class, held)).chain(without)
    }
}

/// What was approved for writing; only [`Plan::decide`] makes one.
#[derive(Debug, Clone)]
pub struct Approved {
    changes: Vec<Change>,
}

impl Approved {
    /// The changes, in the order of the plan.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The changes, to be queued.
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }
}

/// Weighs a plan.
pub fn judge(plan: &Plan, inputs: &GuardInputs) -> Verdict {
    let census = Census::of(plan);
    let mut verdict = Verdict::default();
    let capped: BTreeSet<Object> = census.intentional.union(&census.freezing).copied().collect();
    if let Some(held) = over_cap(&capped, inputs) {
        for (class, objects) in
            [(Class::Intentional, &census.intentional), (Class::Freezing, &census.freezing)]
        {
            if !objects.is_empty() && !accepts(inputs, class, count(objects)) {
                verdict.held.insert(class, held.clone());
            }
        }
    }
    if let Some(held) = weakening(&census.weakening, inputs, plan.view.is_complete()) {
        verdict.held.insert(Class::Weakening, held);
    }
    if !census.destructive.is_empty() && !accepts(inputs, Class::Destructive, count(&census.destructive)) {
        verdict.held.insert(Class::Destructive, Held::Destructive { wanted: count(&census.destructive) });
    }
    if !census.without_consent.is_empty() {
        verdict.without_consent = Some(Held::WithoutConsent { wanted: count(&census.without_consent) });
    }
    verdict
}

impl Plan {
    /// Parts the plan into what the verdict approves and what it holds, and counts mailboxes again.
    pub fn decide(&mut self, verdict: &Verdict) -> Approved {
        let tenant = self.tenant;
        let mut approved = self.organization.changes.clone();
        for finding in &mut self.findings {
            let changes = finding.part(tenant, verdict);
            if changes.is_empty() && finding.state == State::ToCorrect && !finding.held.is_empty() {
                finding.state = State::Held;
                *self.states.entry(State::ToCorrect).or_insert(1) -= 1;
                *self.states.entry(State::Held).or_default() += 1;
            }
            approved.extend(changes);
        }
        self.states.retain(|_, count| *count > 0);
        Approved { changes: approved }
    }
}

impl Finding {
    fn part(&mut self, tenant: TenantId, verdict: &Verdict) -> Vec<Change> {
        let changes = std::mem::take(&mut self.changes);
        for change in &changes {
            self.changes.extend(change.restricted(tenant, |planned| verdict.approves(planned)));
            self.held.extend(change.restricted(tenant, |planned| !verdict.approves(planned)));
        }
        self.changes.clone()
    }
}

#[derive(Debug, Default)]
struct Census {
    intentional: BTreeSet<Object>,
    freezing: BTreeSet<Object>,
    weakening: BTreeSet<Object>,
    destructive: BTreeSet<Object>,
    without_consent: BTreeSet<Object>,
}

impl Census {
    fn of(plan: &Plan) -> Self {
        let mut census = Self::default();
        for change in plan.changes() {
            for planned in &change.corrections {
                let objects = match planned.class {
                    _ if planned.consent == Consent::Missing => &mut census.without_consent,
                    _ if !planned.is_capped() => continue,
                    Class::Intentional => &mut census.intentional,
                    Class::Freezing => &mut census.freezing,
                    Class::Weakening => &mut census.weakening,
                    Class::Destructive => &mut census.destructive,
                    Class::Corrective | Class::CoverageLoss => continue,
                };
                objects.insert(change.object);
            }
        }
        census
    }
}

fn count(objects: &BTreeSet<Object>) -> u64 {
    objects.len() as u64
}

fn accepts(inputs: &GuardInputs, class: Class, wanted: u64) -> bool {
    match inputs.accepted.get(&class) {
        Some(Acceptance::Any) => true,
        Some(Acceptance::UpTo(limit)) => wanted <= *limit,
        None => false,
    }
}

fn over_cap(capped: &BTreeSet<Object>, inputs: &GuardInputs) -> Option<Held> {
    // Without a recent complete view a share of it is not known, and does not hold what strengthens.
    let share = inputs.limits.max_changes_percent.zip(inputs.population);
    let share = share.map(|(percent, population)| percent.of(population));
    let limit = [inputs.limits.max_changes, share].into_iter().flatten().min()?.max(SMALLEST_CAP);
    let already = inputs.changed.difference(capped).count() as u64;
    let wanted = count(capped);
    (wanted > 0 && wanted + already > limit).then_some(Held::TooManyChanges { wanted, already, limit })
}

fn weakening(objects: &BTreeSet<Object>, inputs: &GuardInputs, complete: bool) -> Option<Held> {
    let wanted = count(objects);
    if wanted == 0 {
        return None;
    }
    if !complete {
        return Some(Held::PartialView { wanted });
    }
    let total = objects.union(&inputs.weakened).count() as u64;
    let within = total <= inputs.limits.max_weakening || accepts(inputs, Class::Weakening, wanted);
    (!within).then_some(Held::Weakening { wanted: total, limit: inputs.limits.max_weakening })
}
