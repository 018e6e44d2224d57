//! From the policies that match a mailbox to what they want of it. Mailboxes that the same policies
//! match want the same, so a tenant of a hundred thousand mailboxes composes a few dozen times.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::desire::{ActionsDesire, Contribution, Desired, EnabledDesire, Join, LogAgeDesire, Match, View};
use super::model::{Clause, MailboxPolicy};
use super::selector::Selection;
use super::set::TenantPolicies;
use crate::domain::{AuditTier, DefaultSets, Field, Mailbox, Mode, PerLogonType};

/// Composes what policies want, for the mailboxes of one look: default sets and time are fixed in it.
#[derive(Debug)]
pub struct Composer {
    policies: TenantPolicies,
    defaults: DefaultSets,
    as_of: DateTime<Utc>,
    composed: HashMap<(AuditTier, Box<[Selection]>), Arc<Desired>>,
}

impl Composer {
    pub(super) fn new(policies: TenantPolicies, defaults: DefaultSets, as_of: DateTime<Utc>) -> Self {
        Self { policies, defaults, as_of, composed: HashMap::new() }
    }

    /// What the policies want of a mailbox.
    pub fn desire(&mut self, mailbox: &Mailbox) -> Arc<Desired> {
        let policies = self.policies.mailbox.iter();
        let selections: Box<[Selection]> =
            policies.map(|(policy, _)| policy.selector.select(mailbox, self.as_of)).collect();
        let key = (mailbox.tier, selections);
        if let Some(desired) = self.composed.get(&key) {
            return Arc::clone(desired);
        }
        let desired = Arc::new(compose(&self.policies, &key.1, mailbox.tier, &self.defaults, self.as_of));
        self.composed.insert(key, Arc::clone(&desired));
        desired
    }

    /// The policies.
    pub const fn policies(&self) -> &TenantPolicies {
        &self.policies
    }

    /// The default sets that `default` stands for.
    pub const fn defaults(&self) -> &DefaultSets {
        &self.defaults
    }

    /// The time of the look.
    pub const fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// How many different answers there were so far.
    pub fn distinct(&self) -> usize {
        self.composed.len()
    }
}

/// Joins what the selected policies say; `selections` stand in the order of the policies.
pub(super) fn compose(
    policies: &TenantPolicies,
    selections: &[Selection],
    tier: AuditTier,
    defaults: &DefaultSets,
    as_of: DateTime<Utc>,
) -> Desired {
    let mut desired = Desired::default();
    let mut in_force: Vec<&MailboxPolicy> = Vec::new();
    let mut in_observation: Vec<&MailboxPolicy> = Vec::new();
    for ((policy, mode), selection) in policies.mailbox.iter().zip(selections) {
        let one = || Match { policy: Arc::clone(&policy.info), mode: *mode };
        if matches!(selection, Selection::Undecided | Selection::MatchedUnlessExcluded) {
            desired.undecided.push(one());
        }
        if matches!(selection, Selection::Matched | Selection::MatchedUnlessExcluded) {
            desired.matched.push(one());
            match mode {
                Mode::Enforce => in_force.push(policy),
                Mode::Observe => in_observation.push(policy),
            }
        }
    }
    let context = |of: Mode| {
        let undecided = desired.undecided.iter().any(|one| one.mode == of);
        let view = if undecided { View::Undecided } else { View::Decided };
        Context { tier, defaults, as_of, view }
    };
    let enforced = context(Mode::Enforce).join(&in_force);
    let observed = context(Mode::Observe).join(&in_observation);
    Desired { enforced, observed, ..desired }
}

struct Context<'a> {
    tier: AuditTier,
    defaults: &'a DefaultSets,
    as_of: DateTime<Utc>,
    view: View,
}

impl Context<'_> {
    fn join(&self, policies: &[&MailboxPolicy]) -> Join {
        let enabled = self.contributions(Field::Enabled, policies, |policy| policy.audit.enabled.as_slice());
        let log_age =
            self.contributions(Field::AuditLogAge, policies, |policy| policy.audit.log_age.as_slice());
        Join {
            enabled: EnabledDesire::new(enabled, self.view),
            log_age: LogAgeDesire::new(log_age, self.view),
            actions: PerLogonType::from_fn(|kind| {
                let default = &self.defaults.get(self.tier, kind).actions;
                let clauses =
                    self.contributions(kind.into(), policies, |policy| policy.audit.actions.get(kind));
                ActionsDesire::new(kind, default, clauses, self.view)
            }),
        }
    }

    fn contributions<'p, B: Clone + Display + 'p>(
        &self,
        field: Field,
        policies: &[&'p MailboxPolicy],
        clauses: impl Fn(&'p MailboxPolicy) -> &'p [Clause<B>],
    ) -> Vec<Contribution<B>> {
        let mut contributions = Vec::new();
        for policy in policies {
            let allow = policy.allow_weakening.as_ref();
            for clause in clauses(policy) {
                contributions.push(Contribution {
                    policy: Arc::clone(&policy.info),
                    line: clause.line,
                    bound: clause.bound.clone(),
                    text: format!("{field}: {}", clause.bound),
                    allows_weakening: allow.is_some_and(|allow| allow.allows(field, self.as_of)),
                });
            }
        }
        contributions
    }
}
