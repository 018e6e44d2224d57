//! A small tenant for the tests of this module: policies, mailboxes, and the plan that follows from them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::TenantPlan;
use crate::domain::{
    ActionSet, Attribute, AuditAction, AuditTier, Class, DefaultSets, KnownAction, LogAge, LogonType,
    LogonTypes, Mailbox, MailboxId, Mode, Organization, PerLogonType, RecipientType, Shrink, StoredAuditing,
    SwitchState, TenantId, TenantName, default_actions,
};
use crate::plan::{Held, Inputs, Memory, Plan, Planner, Scope, Sight, Verdict, ViewSummary};
use crate::policy::{PolicySet, SourceFile, compile};

const POLICIES: &str = include_str!("samples/policies.yaml");

/// A plan and its verdict, to be changed by tests.
pub(super) struct Sample {
    pub(super) plan: Plan,
    pub(super) verdict: Verdict,
}

pub(super) fn as_of() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(super) fn name() -> TenantName {
    TenantName::parse("contoso").unwrap()
}

pub(super) fn policies() -> PolicySet {
    let file = SourceFile { path: "policies/sample.yaml".into(), bytes: POLICIES.into() };
    let compilation = compile(&[file], as_of());
    let faults = crate::policy::render::text(&compilation.diagnostics, super::Colour::Never);
    compilation.policies.unwrap_or_else(|| panic!("{faults}"))
}

pub(super) const fn organization(mailbox_auditing: SwitchState) -> Organization {
    Organization { mailbox_auditing, unified_audit_log_ingestion: SwitchState::On }
}

impl Sample {
    /// Six mailboxes that are as policies say, and these.
    pub(super) fn new(mailboxes: &[Mailbox]) -> Self {
        Self::with(mailboxes, SwitchState::On)
    }

    /// One of everything that a plan can say, with auditing switched off in the organization.
    pub(super) fn everything() -> Self {
        Self::with(&everything(), SwitchState::Off)
    }

    fn with(mailboxes: &[Mailbox], mailbox_auditing: SwitchState) -> Self {
        let policies = policies();
        let mut planner = Planner::new(Inputs {
            tenant: TenantId(Uuid::from_u128(1)),
            policies: policies.for_tenant(&name(), Mode::Enforce).into(),
            revision: policies.revision(),
            organization: organization(mailbox_auditing),
            defaults: DefaultSets::from_table(),
            shrink: Shrink::Reported,
            memory: Memory::default(),
            sight: Sight::Whole,
            detail: crate::plan::Detail::Remarkable,
            as_of: as_of(),
        });
        (0..6).for_each(|number| planner.push(synced(number, "user")));
        mailboxes.iter().cloned().for_each(|mailbox| planner.push(mailbox));
        let plan = planner.finish(ViewSummary::default(), Scope::WholeTenant);
        Self { plan, verdict: Verdict::default() }
    }

    /// Holds the intentional changes.
    pub(super) fn hold(&mut self) {
        let held = Held::TooManyChanges { wanted: 12, already: 0, limit: 10 };
        self.verdict = Verdict { held: BTreeMap::from([(Class::Intentional, held)]), without_consent: None };
        self.plan.decide(&self.verdict);
    }

    pub(super) fn tenant(&self) -> TenantPlan<'_> {
        TenantPlan { name: name(), plan: &self.plan, verdict: &self.verdict, writes_per_minute: 120 }
    }
}

/// A mailbox as the sample's policies want it.
pub(super) fn synced(number: u128, name: &str) -> Mailbox {
    let mut mailbox = Mailbox::unread(MailboxId(Uuid::from_u128(0x100 + number)), RecipientType::UserMailbox);
    let upn = format!("{name}-{number}@contoso.example");
    mailbox.attributes.insert(Attribute::UserPrincipalName, upn.into());
    mailbox.displayed_enabled = Some(true);
    mailbox.stored = StoredAuditing::On;
    mailbox.actions = PerLogonType::from_fn(|kind| Some(default_actions(kind)));
    mailbox.kept_by_microsoft = Some(LogonTypes::ALL);
    mailbox.log_age = LogAge::from_days(90).map(LogAge::stored);
    mailbox.tier = AuditTier::Premium;
    mailbox
}

/// A mailbox that is not explicitly on, and one whose log is emptied and whose list an administrator cut.
pub(super) fn baseline_drift() -> Vec<Mailbox> {
    let mut off = synced(20, "off");
    off.stored = StoredAuditing::Off;
    let mut cut = synced(21, "cut");
    cut.log_age = Some(crate::domain::StoredLogAge::ZERO);
    cut.kept_by_microsoft = Some(LogonTypes::ALL.without(LogonType::Owner));
    *cut.actions.get_mut(LogonType::Owner) = Some([KnownAction::HardDelete].into_iter().collect());
    vec![off, cut]
}

fn list(kind: LogonType, more: KnownAction) -> Option<ActionSet> {
    Some(default_actions(kind).union(&[AuditAction::from(more)].into_iter().collect()))
}

/// The mailboxes of [`Sample::everything`].
pub(super) fn everything() -> Vec<Mailbox> {
    let mut mailboxes = baseline_drift();
    let mut more = synced(30, "more");
    more.tier = AuditTier::Standard;
    let dispute = synced(31, "dispute");
    let mut trim = synced(32, "trim");
    trim.kept_by_microsoft = Some(LogonTypes::ALL.without(LogonType::Owner));
    *trim.actions.get_mut(LogonType::Owner) = list(LogonType::Owner, KnownAction::UpdateComplianceTag);
    let mut frozen = synced(33, "frozen");
    frozen.kept_by_microsoft = Some(LogonTypes::ALL.without(LogonType::Admin));
    *frozen.actions.get_mut(LogonType::Admin) = list(LogonType::Admin, KnownAction::Copy);
    let mut unread = synced(34, "unread");
    unread.stored = StoredAuditing::Unknown;
    let watched = synced(35, "watched");
    let mut group = synced(36, "group");
    group.recipient_type = RecipientType::GroupMailbox;
    mailboxes.extend([more, dispute, trim, frozen, unread, watched, group]);
    mailboxes
}

/// Compares a text with the one kept beside this file; `MAILWARDEN_BLESS=1` keeps the new one.
pub(super) fn assert_kept(file: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/samples").join(file);
    if std::env::var_os("MAILWARDEN_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} is stale:\n{text}", path.display());
}
