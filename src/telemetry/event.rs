//! Everything that is worth a line in the log, as data. What a line looks like is in `record`, what is
//! counted in `counting`, what each event means to an operator in `catalogue`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{
    ActionSet, AuditAction, AuditTier, Cause, Class, ContentHash, Field, Lane, LogonType, MailboxId, Mode,
    OrganizationSwitch, TenantName,
};

/// The cycle that an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleFacts {
    /// Of which tenant.
    pub tenant: TenantName,
    /// The cycle's id.
    pub cycle_id: Uuid,
    /// Its lane.
    pub lane: Lane,
}

/// How a cycle ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleEnd {
    /// It saw everything that it looks at.
    Complete,
    /// It did not see part of it.
    Partial,
    /// It was stopped.
    Cancelled,
}

impl CycleEnd {
    /// `complete`, `partial` or `cancelled`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A mailbox as logs name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxFacts {
    /// Its id.
    pub id: MailboxId,
    /// Its user principal name, where the look has it.
    pub user_principal_name: Option<String>,
}

/// A drift as logs tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftFacts {
    /// The cycle in which this happened to it.
    pub cycle: CycleFacts,
    /// The same from opened to closed.
    pub drift_id: Uuid,
    /// The mailbox; none where it is the organization's.
    pub mailbox: Option<MailboxFacts>,
    /// Which field.
    pub field: Field,
    /// Why.
    pub cause: Cause,
    /// Whether it is enforced.
    pub mode: Mode,
    /// The class of its correction.
    pub class: Option<Class>,
    /// The names of the policies that ask for it.
    pub policies: Vec<String>,
    /// Who is responsible for them.
    pub responsible: Vec<String>,
    /// Of the policy set in force.
    pub policy_revision: ContentHash,
    /// The value that was read.
    pub observed: String,
    /// The value that policies ask for.
    pub desired: String,
    /// Actions that are missing.
    pub missing: ActionSet,
    /// Actions that should not be there.
    pub extra: ActionSet,
    /// The change that corrects it, once there is one.
    pub change_id: Option<ContentHash>,
    /// For how long auditing was not effective, where it was not and that is known.
    pub effective_gap: Option<Duration>,
}

/// Why something failed, as a word to group by and a text to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of error: a word of whoever reports it.
    pub kind: &'static str,
    /// The chain of errors, without secrets and without identities.
    pub text: String,
    /// What helps, where that is known.
    pub remedy: Option<String>,
    /// The service's id of the request.
    pub request_id: Option<String>,
}

impl Failure {
    /// Of an error, with the chain of its sources joined into one text.
    pub fn of(kind: &'static str, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { kind, text, remedy: None, request_id: None }
    }
}

/// One thing that happened, with what it happened to.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// To the process.
    Process(ProcessEvent),
    /// To a cycle.
    Cycle(CycleFacts, CycleEvent),
    /// To a mailbox.
    Mailbox(CycleFacts, MailboxFacts, MailboxEvent),
    /// To a drift.
    Drift(Box<DriftFacts>, DriftEvent),
    /// Something that a cycle found out about a tenant.
    Finding(CycleFacts, Finding),
    /// To what a tenant depends on.
    Service(ServiceEvent),
}

/// What happens to the process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are words of the log, explained in `catalogue`")]
pub enum ProcessEvent {
    /// The daemon has read its configuration and begins.
    DaemonStarted { version: &'static str, tenants: Vec<TenantName>, mode: Mode },
    /// The daemon ends.
    DaemonStopped { reason: &'static str, in_flight: u64 },
    /// A policy set is in force.
    PolicyLoaded { policy_revision: ContentHash, policies: u64 },
    /// A policy set is not taken; the one before, if any, stays in force.
    PolicyRejected { in_force: Option<ContentHash>, faults: u64, first: String },
}

/// What happens to a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are words of the log, explained in `catalogue`")]
pub enum CycleEvent {
    /// It begins.
    Started,
    /// It ended.
    Completed {
        end: CycleEnd,
        at: DateTime<Utc>,
        examined: u64,
        corrected: u64,
        unknown: u64,
        elapsed: Duration,
        policy_revision: ContentHash,
        journal_head: Option<ContentHash>,
    },
    /// It could not be carried out.
    Failed { failure: Failure, elapsed: Duration },
    /// It did not see everything.
    ViewPartial { examined: u64, unknown: u64, failure: Failure },
}

/// What happens to a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailboxEvent {
    /// It was seen for the first time, so long after its creation.
    Discovered(Option<Duration>),
    /// It is gone.
    Vanished,
}

/// What happens to a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are words of the log, explained in `catalogue`")]
pub enum DriftEvent {
    /// It opened, or changed.
    Detected,
    /// A correction of ours is seen to hold.
    Corrected { time_to_protect: Option<Duration> },
    /// A correction was accepted and is not seen in time.
    Unverified { next_try_at: DateTime<Utc> },
    /// The guard holds its correction.
    Held { remedy: String },
    /// Policies contradict each other.
    Conflict,
    /// It ended without us.
    Resolved { how: &'static str },
    /// It is still open after a day.
    Open { since: DateTime<Utc> },
    /// It is still open long after its correction was tried.
    Persisting { since: DateTime<Utc> },
    /// The service refused its correction, or could not be asked.
    CorrectionFailed(Failure),
    /// It was a mailbox auditing more than allowed; less is audited now.
    WeakeningApplied { reason: String, ticket: Option<String> },
}

/// What a cycle found out about a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are words of the log, explained in `catalogue`")]
pub enum Finding {
    /// The service refuses an action for mailboxes of a tier.
    ActionUnsupported {
        action: AuditAction,
        logon_type: LogonType,
        tier: AuditTier,
        mailboxes: u64,
        text: String,
    },
    /// A switch of the tenant without which nothing is audited is off.
    OrganizationAuditingOff { switch: OrganizationSwitch, mode: Mode },
    /// Microsoft's default set is other than remembered.
    DefaultSetChanged { tier: AuditTier, logon_type: LogonType, grown: ActionSet, shrunk: ActionSet },
    /// The guard holds a class of a plan.
    PlanHeld { class: Class, mailboxes: u64, limit: u64, digest: ContentHash, remedy: String },
}

/// What happens to what a tenant depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are words of the log, explained in `catalogue`")]
pub enum ServiceEvent {
    /// The service asked us to wait.
    Throttled { tenant: TenantName, operation: &'static str, wait: Duration },
    /// No token, or one that the service does not take.
    AuthFailed { tenant: TenantName, failure: Failure },
    /// A credential ends soon.
    CredentialExpiring { tenant: TenantName, expires_at: DateTime<Utc>, days: i64 },
    /// Nothing can be recorded, so nothing is written.
    HistoryUnavailable { tenant: Option<TenantName>, failure: Failure },
}
