//! A policy set without faults, and the part of it that concerns one tenant.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::compose::{Composer, compose};
use super::desire::{Contribution, Desired, OrganizationDesire};
use super::model::{MailboxPolicy, OrganizationPolicy, Policy, PolicyInfo, Tenants};
use super::selector::Selection;
use crate::domain::{
    Attribute, ContentHash, DefaultSets, Mailbox, Mode, OrganizationSwitch, RecipientType, TenantName,
};

/// Every policy of a set, compiled.
#[derive(Debug, Clone)]
pub struct PolicySet {
    revision: ContentHash,
    // Both by name, so that nothing depends on the order of files.
    mailbox: Vec<Arc<MailboxPolicy>>,
    organization: Vec<Arc<OrganizationPolicy>>,
}

impl PolicySet {
    pub(super) fn new(revision: ContentHash, policies: Vec<Policy>) -> Self {
        let mut set = Self { revision, mailbox: Vec::new(), organization: Vec::new() };
        for policy in policies {
            match policy {
                Policy::Mailbox(policy) => set.mailbox.push(Arc::new(*policy)),
                Policy::Organization(policy) => set.organization.push(Arc::new(policy)),
            }
        }
        set.mailbox.sort_by(|left, right| left.info.name.cmp(&right.info.name));
        set.organization.sort_by(|left, right| left.info.name.cmp(&right.info.name));
        set
    }

    /// What the set is recognised by: the hash of its files' names and bytes.
    pub const fn revision(&self) -> ContentHash {
        self.revision
    }

    /// How many policies there are.
    pub fn len(&self) -> usize {
        self.mailbox.len() + self.organization.len()
    }

    /// Never: a set without a policy does not compile.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the policies say about themselves, by kind and name.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<PolicyInfo>> {
        self.mailbox
            .iter()
            .map(|policy| &policy.info)
            .chain(self.organization.iter().map(|policy| &policy.info))
    }

    /// The policies that concern a tenant. A tenant that is only observed demotes every policy.
    pub fn for_tenant(&self, tenant: &TenantName, mode: Mode) -> TenantPolicies {
        let concerns = |tenants: &Tenants| tenants.include(tenant.as_str());
        let demoted = |info: &PolicyInfo| if mode == Mode::Observe { mode } else { info.mode };
        TenantPolicies {
            mailbox: self
                .mailbox
                .iter()
                .filter(|policy| concerns(&policy.tenants))
                .map(|policy| (Arc::clone(policy), demoted(&policy.info)))
                .collect(),
            organization: self
                .organization
                .iter()
                .filter(|policy| concerns(&policy.tenants))
                .map(|policy| (Arc::clone(policy), demoted(&policy.info)))
                .collect(),
        }
    }

    /// Types of mailbox that could be set and that no policy reaches by type: `validate` notes them.
    pub fn types_outside(&self) -> Vec<RecipientType> {
        let reached: BTreeSet<RecipientType> =
            self.mailbox.iter().flat_map(|policy| reached_types(policy)).collect();
        let settable = RecipientType::KNOWN.iter().filter(|kind| kind.is_settable());
        settable.filter(|kind| !reached.contains(kind)).cloned().collect()
    }
}

/// The types that a policy lists, and the common ones where part of its selector lists none.
fn reached_types(policy: &MailboxPolicy) -> BTreeSet<RecipientType> {
    let mut reached = policy.selector.named_types();
    if policy.selector.reaches_common_types() {
        reached.extend(RecipientType::KNOWN.iter().filter(|kind| kind.is_matched_by_all()).cloned());
    }
    reached
}

/// The columns that selectors ask for beyond those that every look reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequiredColumns {
    /// Text attributes.
    pub attributes: BTreeSet<Attribute>,
    /// Every address of the mailbox.
    pub email_addresses: bool,
}

/// The policies that concern one tenant, each in the mode that counts there.
#[derive(Debug, Clone)]
pub struct TenantPolicies {
    pub(super) mailbox: Vec<(Arc<MailboxPolicy>, Mode)>,
    organization: Vec<(Arc<OrganizationPolicy>, Mode)>,
}

impl TenantPolicies {
    /// Whether no policy concerns the tenant.
    pub fn is_empty(&self) -> bool {
        self.mailbox.is_empty() && self.organization.is_empty()
    }

    /// The policies of both kinds in the mode that counts in this tenant.
    pub fn policies(&self) -> impl Iterator<Item = (&Arc<PolicyInfo>, Mode)> {
        let mailbox = self.mailbox.iter().map(|(policy, mode)| (&policy.info, *mode));
        mailbox.chain(self.organization.iter().map(|(policy, mode)| (&policy.info, *mode)))
    }

    /// What is wanted of one of the tenant's switches; nothing where no policy mentions it.
    pub fn organization(&self, switch: OrganizationSwitch) -> Option<OrganizationDesire> {
        let contributions = |wanted: Mode| -> Vec<Contribution<OrganizationSwitch>> {
            let policies = self.organization.iter().filter(|(_, mode)| *mode == wanted);
            let clauses = policies.flat_map(|(policy, _)| {
                let clauses = policy.required.iter().filter(|clause| clause.bound == switch);
                clauses.map(|clause| (&policy.info, clause.line))
            });
            clauses
                .map(|(policy, line)| Contribution {
                    policy: Arc::clone(policy),
                    line,
                    bound: switch,
                    text: format!("{switch}: required"),
                    allows_weakening: false,
                })
                .collect()
        };
        [Mode::Enforce, Mode::Observe]
            .into_iter()
            .map(|mode| OrganizationDesire { mode, contributions: contributions(mode) })
            .find(|desire| !desire.contributions.is_empty())
    }

    /// What a look must read beyond what it always reads.
    pub fn required_columns(&self) -> RequiredColumns {
        let selectors = || self.mailbox.iter().map(|(policy, _)| &policy.selector);
        RequiredColumns {
            attributes: selectors().flat_map(|selector| selector.attributes()).collect(),
            email_addresses: selectors().any(|selector| selector.asks_for_email_addresses()),
        }
    }

    /// The types that selectors list. Groups, public folders and inactive mailboxes are not in the
    /// service's plain answer: they need queries of their own where they are among these.
    pub fn named_types(&self) -> BTreeSet<RecipientType> {
        self.mailbox.iter().flat_map(|(policy, _)| policy.selector.named_types()).collect()
    }

    /// The types outside which no policy reaches anything: what a look may ask the service to leave out.
    /// Empty where that cannot be said.
    pub fn reachable_types(&self) -> Vec<RecipientType> {
        let mut types = BTreeSet::new();
        for (policy, _) in &self.mailbox {
            match policy.selector.reachable_types() {
                Some(more) => types.extend(more),
                None => return Vec::new(),
            }
        }
        types.into_iter().collect()
    }

    /// What each mailbox policy's selector says of a mailbox.
    pub fn selections(
        &self,
        mailbox: &Mailbox,
        as_of: DateTime<Utc>,
    ) -> impl Iterator<Item = (&Arc<PolicyInfo>, Selection)> {
        self.mailbox.iter().map(move |(policy, _)| (&policy.info, policy.selector.select(mailbox, as_of)))
    }

    /// What the policies want of one mailbox. For many of them, use a [`Composer`].
    pub fn desire(&self, mailbox: &Mailbox, defaults: &DefaultSets, as_of: DateTime<Utc>) -> Arc<Desired> {
        let selections: Vec<Selection> =
            self.mailbox.iter().map(|(policy, _)| policy.selector.select(mailbox, as_of)).collect();
        Arc::new(compose(self, &selections, mailbox.tier, defaults, as_of))
    }

    /// Composes for many mailboxes of one look, remembering what it has composed.
    pub fn composer(&self, defaults: DefaultSets, as_of: DateTime<Utc>) -> Composer {
        Composer::new(self.clone(), defaults, as_of)
    }
}
