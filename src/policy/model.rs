//! Compiled policies: what documents say once every fault is out of them. How several of them act on
//! one mailbox is in `join` and `desire`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::actions::ActionBound;
use super::decode::start_of_day;
use super::glob::Pattern;
use super::selector::Selector;
use crate::domain::{Field, LogAge, Mode, OrganizationSwitch, PerLogonType};

/// The kinds of document that this version takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What is audited in mailboxes.
    MailboxAuditPolicy,
    /// The tenant's two switches.
    OrganizationAuditPolicy,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::MailboxAuditPolicy, Self::OrganizationAuditPolicy];

    /// The word of the policy language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MailboxAuditPolicy => "MailboxAuditPolicy",
            Self::OrganizationAuditPolicy => "OrganizationAuditPolicy",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a policy says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInfo {
    /// What kind of document it is.
    pub kind: Kind,
    /// Its name, unique in its kind.
    pub name: String,
    /// The file it stands in.
    pub path: Arc<str>,
    /// The line of its name.
    pub line: usize,
    /// What it is for.
    pub description: Option<String>,
    /// Who answers for it.
    pub responsible: Option<String>,
    /// Free words for sorting.
    pub labels: BTreeMap<String, String>,
    /// The controls of frameworks that it implements.
    pub controls: Vec<String>,
    /// Whether it is enforced or only reported, as its file says.
    pub mode: Mode,
}

/// What a policy asks of the explicit value of auditing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnabledTarget {
    /// Covered by the tenant's default is enough where the mailbox has Audit Premium.
    Effective,
    /// Stored true.
    Explicit,
    /// Stored false.
    Off,
}

impl EnabledTarget {
    /// The word of the policy language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Explicit => "true",
            Self::Off => "false",
        }
    }
}

impl fmt::Display for EnabledTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a policy asks of the age limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogAgeBound {
    /// This age or a longer one.
    AtLeast(LogAge),
    /// This age.
    Exactly(LogAge),
}

impl fmt::Display for LogAgeBound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(age) => age.fmt(formatter),
            Self::Exactly(age) => write!(formatter, "{{ exactly: {age} }}"),
        }
    }
}

/// One clause of a policy and the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause<B> {
    pub(super) line: usize,
    pub(super) bound: B,
}

/// What a policy sets on mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Audit {
    pub(super) enabled: Option<Clause<EnabledTarget>>,
    pub(super) log_age: Option<Clause<LogAgeBound>>,
    pub(super) actions: PerLogonType<Vec<Clause<ActionBound>>>,
}

/// The consent to record less afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowWeakening {
    /// The fields that may be weakened.
    pub fields: BTreeSet<Field>,
    /// Why.
    pub reason: String,
    /// Where it was agreed.
    pub ticket: Option<String>,
    /// The last day.
    pub until: Option<NaiveDate>,
}

impl AllowWeakening {
    /// Whether it has ended at a moment. It lasts to the end of its last day, in UTC.
    pub fn has_lapsed(&self, as_of: DateTime<Utc>) -> bool {
        self.until.is_some_and(|day| has_ended(day, as_of))
    }

    /// Whether a field may be weakened at a moment.
    pub fn allows(&self, field: Field, as_of: DateTime<Utc>) -> bool {
        self.fields.contains(&field) && !self.has_lapsed(as_of)
    }
}

/// Whether a last day is over, in UTC.
pub(super) fn has_ended(day: NaiveDate, as_of: DateTime<Utc>) -> bool {
    as_of >= start_of_day(day) + TimeDelta::days(1)
}

/// A `MailboxAuditPolicy`.
#[derive(Debug, Clone)]
pub(super) struct MailboxPolicy {
    pub(super) info: Arc<PolicyInfo>,
    pub(super) tenants: Tenants,
    pub(super) selector: Selector,
    pub(super) audit: Audit,
    pub(super) allow_weakening: Option<AllowWeakening>,
}

/// An `OrganizationAuditPolicy`: the switches it requires and where it says so.
#[derive(Debug, Clone)]
pub(super) struct OrganizationPolicy {
    pub(super) info: Arc<PolicyInfo>,
    pub(super) tenants: Tenants,
    pub(super) required: Vec<Clause<OrganizationSwitch>>,
}

/// The tenants that a policy is for; all where it names none.
#[derive(Debug, Clone, Default)]
pub(super) struct Tenants(pub(super) Option<Vec<Pattern>>);

impl Tenants {
    pub(super) fn include(&self, tenant: &str) -> bool {
        self.0.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(tenant)))
    }
}

/// One compiled document.
#[derive(Debug)]
pub(super) enum Policy {
    Mailbox(Box<MailboxPolicy>),
    Organization(OrganizationPolicy),
}
