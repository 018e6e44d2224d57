//! The planner's rules as cases and as a law, from policies as they are written to changes.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::{
    ActionSet, AuditTier, Cause, Class, ContentHash, DefaultSets, Field, LogonType, LogonTypes, Mailbox,
    MailboxId, Mode, Organization, RecipientType, Shrink, State, StoredAuditing, StoredLogAge, SwitchState,
    TenantId, TenantName, default_actions,
};
use crate::policy::{SourceFile, TenantPolicies, compile};

const ON: Organization =
    Organization { mailbox_auditing: SwitchState::On, unified_audit_log_ingestion: SwitchState::On };

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// A policy for every mailbox with these lines under `audit`, and others under `spec`.
fn policy(name: &str, audit: &str, spec: &str) -> String {
    let audit: String = audit.lines().map(|line| format!("    {}\n", line.trim())).collect();
    let spec: String = spec.lines().map(|line| format!("  {}\n", line.trim())).collect();
    format!(
        "apiVersion: mailwarden/v1\nkind: MailboxAuditPolicy\nmetadata: {{ name: {name} }}\nspec:\n  selector: \
         {{ match: all }}\n  audit:\n{audit}{spec}---\n"
    )
}

fn policies(text: &str) -> Arc<TenantPolicies> {
    let file = SourceFile { path: "policies/test.yaml".into(), bytes: text.as_bytes().to_vec() };
    let compilation = compile(&[file], now());
    let set = compilation.policies.unwrap_or_else(|| panic!("{:?}", compilation.diagnostics));
    Arc::new(set.for_tenant(&TenantName::parse("contoso").unwrap(), Mode::Enforce))
}

fn set(names: &str) -> ActionSet {
    ActionSet::parse(names.split(','))
}

/// Stored off, displayed on, every list kept by Microsoft as the table has it.
fn mailbox(number: u128) -> Mailbox {
    let mut mailbox = Mailbox::unread(MailboxId(Uuid::from_u128(number)), RecipientType::UserMailbox);
    mailbox.displayed_enabled = Some(true);
    mailbox.stored = StoredAuditing::Off;
    mailbox.kept_by_microsoft = Some(LogonTypes::ALL);
    mailbox.log_age = StoredLogAge::parse("90.00:00:00");
    mailbox.tier = AuditTier::Standard;
    for kind in LogonType::ALL {
        *mailbox.actions.get_mut(kind) = Some(default_actions(kind));
    }
    mailbox
}

fn learned() -> DefaultSets {
    let mut sets = DefaultSets::from_table();
    for tier in AuditTier::ALL {
        for kind in LogonType::ALL {
            sets.set_learned(tier, kind, default_actions(kind));
        }
    }
    sets
}

fn customise(mailbox: &mut Mailbox, kind: LogonType, names: &str) {
    *mailbox.actions.get_mut(kind) = Some(set(names));
    mailbox.kept_by_microsoft = mailbox.kept_by_microsoft.map(|kept| kept.without(kind));
}

struct Case {
    policies: Arc<TenantPolicies>,
    defaults: DefaultSets,
    memory: Memory,
    organization: Organization,
    sight: Sight,
}

impl Case {
    fn new(text: &str) -> Self {
        Self {
            policies: policies(text),
            defaults: learned(),
            memory: Memory::default(),
            organization: ON,
            sight: Sight::Whole,
        }
    }

    fn find(&self, mailbox: &Mailbox) -> Finding {
        let frame = Frame {
            tenant: TenantId(Uuid::nil()),
            organization: &self.organization,
            defaults: &self.defaults,
            memory: &self.memory,
            revision: ContentHash::of(b"policies"),
            sight: self.sight,
            as_of: now(),
        };
        diff(mailbox, &self.policies.desire(mailbox, &self.defaults, now()), &frame)
    }

    fn plan(&self, mailboxes: impl IntoIterator<Item = Mailbox>, view: ViewSummary) -> Plan {
        let mut planner = Planner::new(Inputs {
            tenant: TenantId(Uuid::nil()),
            policies: self.policies.clone(),
            revision: ContentHash::of(b"policies"),
            organization: self.organization,
            defaults: self.defaults.clone(),
            shrink: Shrink::Reported,
            memory: self.memory.clone(),
            sight: self.sight,
            detail: Detail::Remarkable,
            as_of: now(),
        });
        mailboxes.into_iter().for_each(|mailbox| planner.push(mailbox));
        planner.finish(view, Scope::WholeTenant)
    }
}

fn written(finding: &Finding) -> Vec<Vec<String>> {
    let describe = |change: &Change| change.to_write().iter().map(Correction::describe).collect();
    finding.changes.iter().map(describe).collect()
}

/// What the service makes of a correction.
fn apply(mailbox: &mut Mailbox, correction: &Correction) {
    let mut edit = |kind: LogonType, edit: &dyn Fn(&ActionSet) -> ActionSet| {
        let list = mailbox.actions.get_mut(kind);
        *list = list.as_ref().map(edit);
        mailbox.kept_by_microsoft = mailbox.kept_by_microsoft.map(|kept| kept.without(kind));
    };
    match correction {
        Correction::Enable => mailbox.stored = StoredAuditing::On,
        Correction::Disable => mailbox.stored = StoredAuditing::Off,
        Correction::SetLogAge(age) => mailbox.log_age = Some(age.stored()),
        Correction::Add { kind, actions } => edit(*kind, &|list| list.union(actions)),
        Correction::Remove { kind, actions } => edit(*kind, &|list| list.difference(actions)),
        Correction::LogNothing(kind) => edit(*kind, &|_| ActionSet::EMPTY),
        Correction::KeepByMicrosoft { restore, set } => {
            for kind in restore.iter() {
                *mailbox.actions.get_mut(kind) = Some(default_actions(kind));
            }
            mailbox.kept_by_microsoft = Some(*set);
        }
        Correction::SwitchOn(_) => {}
    }
}

const BASELINE: &str = "enabled: true\nadmin: default\ndelegate: default\nowner: default";

#[test]
fn a_mailbox_that_only_the_tenant_covers_is_enabled_and_nothing_else() {
    let case = Case::new(&policy("baseline", BASELINE, ""));
    let finding = case.find(&mailbox(1));
    assert_eq!(written(&finding), [["enable auditing explicitly"]]);
    assert_eq!(finding.state, State::ToCorrect);
    assert_eq!(finding.drifts[0].observed, "by_tenant_default");
}

#[test]
fn what_microsoft_keeps_is_left_to_microsoft() {
    let case = Case::new(&policy("baseline", BASELINE, ""));
    let mut kept = mailbox(1);
    kept.stored = StoredAuditing::On;
    // The list lags behind the default set, or runs ahead of it: either way it is Microsoft's.
    *kept.actions.get_mut(LogonType::Owner) = Some(set("Update,BrandNew"));
    assert_eq!(case.find(&kept).state, State::InSync);
}

#[test]
fn a_named_action_that_does_not_show_is_added_with_all_that_the_frozen_list_would_lack() {
    let case = Case::new(&policy("owner", "owner: { atLeast: [default, MailboxLogin] }", ""));
    let mut kept = mailbox(1);
    *kept.actions.get_mut(LogonType::Owner) = Some(set("Update"));
    let finding = case.find(&kept);
    assert_eq!(finding.changes.len(), 1);
    assert_eq!(finding.changes[0].class(), Class::Freezing);
    let expected = default_actions(LogonType::Owner).union(&set("MailboxLogin")).difference(&set("Update"));
    assert_eq!(finding.drifts[0].missing, expected);
}

#[test]
fn a_customised_list_returns_to_microsoft_only_where_nothing_is_lost_and_the_default_is_learned() {
    let mut case = Case::new(&policy("baseline", BASELINE, ""));
    let mut short = mailbox(1);
    short.stored = StoredAuditing::On;
    customise(&mut short, LogonType::Delegate, "Update,HardDelete");
    let returned = [["delegate: return to Microsoft's management"]];
    assert_eq!(written(&case.find(&short)), returned);
    let set_written = match &case.find(&short).changes[0].corrections[0].correction {
        Correction::KeepByMicrosoft { set, .. } => *set,
        other => panic!("{other:?}"),
    };
    assert_eq!(set_written, LogonTypes::ALL, "the types that are kept already stay in what is written");

    customise(&mut short, LogonType::Delegate, "Update,HardDelete,FolderBind");
    let finding = case.find(&short);
    assert_eq!(finding.frozen[0].would_lose, set("FolderBind"));
    assert!(finding.changes[0].to_write().iter().all(|one| matches!(one, Correction::Add { .. })));

    customise(&mut short, LogonType::Delegate, "Update,HardDelete");
    case.defaults = DefaultSets::from_table();
    assert!(matches!(case.find(&short).changes[0].to_write()[0], Correction::Add { .. }));
}

#[test]
fn a_return_after_which_a_named_action_is_missing_is_not_tried_again() {
    let text = policy("named", "owner: { atLeast: [default, HardDelete] }", "");
    let mut case = Case::new(&text);
    let mut returned = mailbox(1);
    *returned.actions.get_mut(LogonType::Owner) = Some(set("Update"));
    let attempt = Attempt {
        desired: "Update (kept by Microsoft)".into(),
        status: AttemptStatus::Verified,
        written_at: now() - TimeDelta::hours(1),
        quiet_until: now() - TimeDelta::hours(1),
    };
    case.memory.attempts.insert((returned.id, Field::Owner), attempt);
    let finding = case.find(&returned);
    let hash = default_set_hash(&default_actions(LogonType::Owner));
    assert_eq!(finding.failed_returns, [(LogonType::Owner, hash)]);

    case.memory.failed_returns.insert((returned.id, LogonType::Owner), hash);
    customise(&mut returned, LogonType::Owner, "Update,HardDelete");
    assert!(matches!(case.find(&returned).changes[0].to_write()[0], Correction::Add { .. }));
}

#[test]
fn two_policies_that_argue_about_a_list_leave_everything_else_enforced() {
    let text = policy("ceiling", "enabled: true\nowner: { atMost: [Update, Send] }", "")
        + &policy("floor", "owner: { atLeast: [Update, HardDelete] }", "");
    let mut customised = mailbox(1);
    customise(&mut customised, LogonType::Owner, "MailboxLogin");
    let finding = Case::new(&text).find(&customised);
    assert_eq!(finding.conflicts[0].field, Field::Owner);
    assert_eq!(finding.conflicts[0].about, "HardDelete");
    assert_eq!(written(&finding), [["enable auditing explicitly", "owner: add Update"]]);
}

#[test]
fn an_age_of_zero_is_corrected_and_no_other_age_without_a_policy_for_it() {
    let case = Case::new(&policy("baseline", BASELINE, ""));
    let mut purged = mailbox(1);
    purged.stored = StoredAuditing::On;
    purged.log_age = Some(StoredLogAge::ZERO);
    assert_eq!(written(&case.find(&purged)), [["keep the log in the mailbox for 90d"]]);
    purged.log_age = StoredLogAge::parse("30");
    assert_eq!(case.find(&purged).state, State::InSync);
}

#[test]
fn a_shorter_age_is_destructive_and_held() {
    let allow =
        "allowWeakening: { fields: [auditLogAge], reason: works council, ticket: CHG-1, until: 2030-01-31 }";
    let mut accepted = GuardInputs::default();
    accepted.accepted.insert(Class::Destructive, Acceptance::UpTo(1));
    let silent = Case::new(&policy("age", "auditLogAge: { exactly: 30d }", ""));
    let mut plan = silent.plan([mailbox(1)], ViewSummary::default());
    let verdict = judge(&plan, &accepted);
    assert!(verdict.without_consent.is_some() && plan.decide(&verdict).changes().is_empty());

    let case = Case::new(&policy("age", "auditLogAge: { exactly: 30d }", allow));
    let mut plan = case.plan([mailbox(1)], ViewSummary::default());
    assert_eq!(plan.clone().decide(&judge(&plan, &accepted)).changes().len(), 1);
    let verdict = judge(&plan, &GuardInputs::default());
    assert!(matches!(verdict.held.get(&Class::Destructive), Some(Held::Destructive { wanted: 1 })));
    assert!(plan.decide(&verdict).changes().is_empty());
    assert_eq!(plan.count(State::Held), 1);
}

#[test]
fn what_was_not_read_is_unknown_and_never_in_sync() {
    let case = Case::new(&policy("baseline", BASELINE, ""));
    let mut unread = mailbox(1);
    unread.stored = StoredAuditing::Unknown;
    *unread.actions.get_mut(LogonType::Admin) = None;
    let finding = case.find(&unread);
    assert_eq!(finding.state, State::Unknown);
    assert_eq!(finding.unknown, [Field::Enabled, Field::Admin]);
    assert!(finding.changes.is_empty());
}

#[test]
fn rows_without_stored_state_never_drift_in_enabled() {
    let mut case = Case::new(&policy("baseline", BASELINE, ""));
    case.sight = Sight::WithoutStored;
    let mut row = mailbox(1);
    row.stored = StoredAuditing::Unknown;
    assert_eq!(case.find(&row).state, State::InSync);
}

#[test]
fn a_switch_that_is_off_blocks_and_corrections_go_on() {
    let mut case = Case::new(&policy("baseline", BASELINE, ""));
    case.organization.mailbox_auditing = SwitchState::Off;
    let mut on = mailbox(1);
    on.stored = StoredAuditing::On;
    assert_eq!(case.find(&on).state, State::Blocked);
    assert_eq!(case.find(&mailbox(2)).state, State::ToCorrect);
    case.organization.mailbox_auditing = SwitchState::Unknown;
    assert_eq!(case.find(&on).state, State::Unknown);
}

#[test]
fn an_organization_policy_switches_on_before_any_mailbox() {
    let text = "apiVersion: mailwarden/v1\nkind: OrganizationAuditPolicy\nmetadata: { name: org }\nspec: { mode: enforce, \
                mailboxAuditing: required, unifiedAuditLogIngestion: required }\n---\n";
    let mut case = Case::new(&(text.to_owned() + &policy("baseline", BASELINE, "")));
    case.organization.mailbox_auditing = SwitchState::Off;
    let mut plan = case.plan([mailbox(1)], ViewSummary::default());
    let approved = plan.decide(&Verdict::default());
    assert_eq!(approved.changes()[0].object, Object::Organization);
    assert_eq!(approved.changes().len(), 2);
}

#[test]
fn groups_are_not_applicable_and_never_written() {
    let spec = "selector: { match: { recipientTypeDetails: [GroupMailbox] } }\naudit: { enabled: true }";
    let text = format!(
        "apiVersion: mailwarden/v1\nkind: MailboxAuditPolicy\nmetadata: {{ name: groups }}\nspec:\n  {}\n",
        spec.replace('\n', "\n  ")
    );
    let mut group = mailbox(1);
    group.recipient_type = RecipientType::GroupMailbox;
    let finding = Case::new(&text).find(&group);
    assert_eq!(finding.state, State::NotApplicable);
    assert!(finding.changes.is_empty());
}

#[test]
fn observing_policies_report_and_never_write() {
    let case = Case::new(&policy("watch", BASELINE, "mode: observe"));
    let finding = case.find(&mailbox(1));
    assert_eq!(finding.state, State::Observed);
    assert_eq!(finding.observed.len(), 1);
    assert!(finding.drifts.is_empty() && finding.changes.is_empty());
}

#[test]
fn weakening_needs_every_policy_and_an_acceptance_and_a_whole_view() {
    let without = policy("exact", "owner: { exactly: [Update] }", "");
    let with = policy(
        "exact",
        "owner: { exactly: [Update] }",
        "allowWeakening: { fields: [owner], reason: works council, ticket: CHG-1, until: 2030-01-31 }",
    );
    let mut long = mailbox(1);
    customise(&mut long, LogonType::Owner, "Update,Send");
    let judged = |text: &str, inputs: &GuardInputs, view: ViewSummary| {
        let mut plan = Case::new(text).plan([long.clone()], view);
        let verdict = judge(&plan, inputs);
        (plan.decide(&verdict).changes().len(), verdict)
    };
    let whole = ViewSummary::default();
    let mut accepted = GuardInputs::default();
    accepted.accepted.insert(Class::Weakening, Acceptance::UpTo(1));
    let (changes, verdict) = judged(&without, &accepted, whole);
    assert_eq!((changes, verdict.without_consent.is_some()), (0, true));
    assert_eq!(judged(&with, &GuardInputs::default(), whole).0, 0);
    assert_eq!(judged(&with, &accepted, whole).0, 1);
    let cut = ViewSummary { truncated: true, ..whole };
    let (changes, verdict) = judged(&with, &accepted, cut);
    assert_eq!(changes, 0);
    assert!(matches!(verdict.held.get(&Class::Weakening), Some(Held::PartialView { .. })));
}

fn known_tenant(case: &mut Case, revision: &[u8]) {
    case.memory.basis = Basis::History {
        last_complete: Some(LastComplete {
            at: now() - TimeDelta::hours(1),
            population: 100,
            policy_revision: ContentHash::of(revision),
        }),
        known: (0..100).map(|number| MailboxId(Uuid::from_u128(number))).collect(),
        recent: std::collections::HashMap::new(),
    };
}

#[test]
fn caps_hold_what_a_new_revision_wants_and_never_a_repair_or_a_new_mailbox() {
    let mut case = Case::new(&policy("baseline", BASELINE, ""));
    let inputs = GuardInputs {
        limits: Limits { max_changes: Some(10), ..Limits::default() },
        ..GuardInputs::default()
    };
    let verdict_of = |case: &Case| {
        let mut plan = case.plan((0..20).map(mailbox), ViewSummary::default());
        let verdict = judge(&plan, &inputs);
        (plan.decide(&verdict).changes().len(), plan.count(State::Held), plan.findings[0].drifts[0].cause)
    };
    known_tenant(&mut case, b"an older set");
    assert_eq!(verdict_of(&case), (0, 20, Cause::PolicyChange));
    known_tenant(&mut case, b"policies");
    assert_eq!(verdict_of(&case), (20, 0, Cause::External));
    if let Basis::History { known, .. } = &mut case.memory.basis {
        known.clear();
    }
    assert_eq!(verdict_of(&case), (20, 0, Cause::NewMailbox));
}

#[test]
fn a_mailbox_is_new_until_it_was_once_written() {
    let mut case = Case::new(&policy("baseline", BASELINE, ""));
    known_tenant(&mut case, b"policies");
    if let Basis::History { recent, .. } = &mut case.memory.basis {
        recent.insert(mailbox(1).id, now() - TimeDelta::minutes(3));
    }
    assert_eq!(case.find(&mailbox(1)).drifts[0].cause, Cause::NewMailbox);
    let attempt = Attempt {
        desired: "explicit".into(),
        status: AttemptStatus::Verified,
        written_at: now() - TimeDelta::minutes(2),
        quiet_until: now() - TimeDelta::minutes(1),
    };
    case.memory.attempts.insert((mailbox(1).id, Field::Enabled), attempt);
    assert_eq!(case.find(&mailbox(1)).drifts[0].cause, Cause::External);
}

#[test]
fn a_tenth_of_a_small_tenant_is_still_ten_mailboxes() {
    let limits = Limits { max_changes_percent: Percent::new(1.0), ..Limits::default() };
    let inputs = GuardInputs { limits, population: Some(100), ..GuardInputs::default() };
    let mut case = Case::new(&policy("baseline", BASELINE, ""));
    known_tenant(&mut case, b"an older set");
    assert!(!judge(&case.plan((0..10).map(mailbox), ViewSummary::default()), &inputs).holds_anything());
    assert!(judge(&case.plan((0..11).map(mailbox), ViewSummary::default()), &inputs).holds_anything());
}

#[test]
fn a_held_class_does_not_hold_what_else_the_mailbox_needs() {
    let text = policy("baseline", "enabled: true\nowner: { atLeast: [MailboxLogin] }", "");
    let mut case = Case::new(&text);
    known_tenant(&mut case, b"an older set");
    for number in 0..20 {
        case.memory.open.insert((MailboxId(Uuid::from_u128(number)), Field::Enabled), Cause::External);
    }
    let mut plan = case.plan((0..20).map(mailbox), ViewSummary::default());
    let limits = Limits { max_changes: Some(10), ..Limits::default() };
    let verdict = judge(&plan, &GuardInputs { limits, ..GuardInputs::default() });
    let approved = plan.decide(&verdict);
    assert_eq!(approved.changes().len(), 20);
    assert!(approved.changes().iter().all(|change| change.to_write() == [Correction::Enable]));
    assert_eq!(plan.count(State::ToCorrect), 20);
    assert!(plan.findings.iter().all(|finding| finding.held.len() == 1));
}

#[test]
fn attempts_are_waited_for_and_rejections_are_not_repeated() {
    let mut case = Case::new(&policy("login", "enabled: true\nowner: { atLeast: [MailboxLogin] }", ""));
    let mut on = mailbox(1);
    on.stored = StoredAuditing::On;
    case.memory.rejections.insert(
        on.id,
        on.tier,
        LogonType::Owner,
        set("MailboxLogin").iter().next().unwrap(),
    );
    assert_eq!(case.find(&on).state, State::Blocked);

    let off = mailbox(2);
    let attempt = |status| Attempt {
        desired: "explicit".into(),
        status,
        written_at: now(),
        quiet_until: now() + TimeDelta::seconds(1),
    };
    case = Case::new(&policy("baseline", "enabled: true", ""));
    case.memory.attempts.insert((off.id, Field::Enabled), attempt(AttemptStatus::Verifying));
    assert_eq!(case.find(&off).state, State::Verifying);
    case.memory.attempts.insert((off.id, Field::Enabled), attempt(AttemptStatus::Unverified));
    assert_eq!(case.find(&off).state, State::Unverified);
    let mut undone = off;
    undone.changed_at = Some(now() + TimeDelta::seconds(6));
    assert_eq!(case.find(&undone).state, State::ToCorrect, "somebody changed it after our write");
}

#[test]
fn five_rejections_of_a_tier_stop_the_rest_of_it() {
    let mut rejections = Rejections::default();
    let login = set("MailboxLogin").iter().next().unwrap();
    for number in 0..4 {
        rejections.insert(
            MailboxId(Uuid::from_u128(number)),
            AuditTier::Standard,
            LogonType::Owner,
            login.clone(),
        );
    }
    let other = MailboxId(Uuid::from_u128(99));
    assert!(rejections.of(other, AuditTier::Standard, LogonType::Owner).is_empty());
    rejections.insert(MailboxId(Uuid::from_u128(4)), AuditTier::Standard, LogonType::Owner, login);
    assert_eq!(rejections.of(other, AuditTier::Standard, LogonType::Owner), set("MailboxLogin"));
    assert!(rejections.of(other, AuditTier::Premium, LogonType::Owner).is_empty());
}

#[test]
fn the_digest_knows_changes_and_not_the_order_of_rows() {
    let case = Case::new(&policy("baseline", BASELINE, ""));
    let digest =
        |numbers: &[u128]| case.plan(numbers.iter().copied().map(mailbox), ViewSummary::default()).digest;
    assert_eq!(digest(&[1, 2, 3]), digest(&[3, 1, 2]));
    assert_ne!(digest(&[1, 2, 3]), digest(&[1, 2]));
}

#[test]
fn rows_that_need_the_default_set_wait_until_it_is_learned() {
    let mut case = Case::new(&policy("baseline", BASELINE, ""));
    case.defaults = DefaultSets::from_table();
    let mut frozen = mailbox(0);
    frozen.stored = StoredAuditing::On;
    customise(&mut frozen, LogonType::Owner, "Update");
    let others = (1..=6).map(|number| {
        let mut other = mailbox(number);
        other.stored = StoredAuditing::On;
        other
    });
    let plan = case.plan([frozen].into_iter().chain(others), ViewSummary::default());
    let changes: Vec<_> = plan.changes().flat_map(Change::to_write).collect();
    assert!(matches!(changes.as_slice(), [Correction::KeepByMicrosoft { .. }]), "{changes:?}");
    assert_eq!(plan.count(State::InSync), 6);
}

fn some_actions(kind: LogonType) -> impl Strategy<Value = ActionSet> {
    let legal: Vec<_> = crate::domain::all_actions(kind).iter().collect();
    let most = legal.len();
    proptest::sample::subsequence(legal, 0..=most).prop_map(|actions| actions.into_iter().collect())
}

fn clause() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("default".to_owned()),
        Just("all".to_owned()),
        Just("{ exactly: [None] }".to_owned()),
        proptest::sample::select(vec!["Update", "HardDelete", "Move", "default", "RecordDelete"])
            .prop_map(|action| format!("{{ atLeast: [{action}, SoftDelete] }}")),
        proptest::sample::select(vec!["Update", "HardDelete", "Move", "default", "RecordDelete"])
            .prop_map(|action| format!("{{ exactly: [{action}, SoftDelete] }}")),
        proptest::sample::select(vec!["Update", "HardDelete", "default"])
            .prop_map(|action| format!("{{ atMost: [{action}, SoftDelete, Move] }}")),
    ]
}

proptest! {
    /// The law: whatever is written, the next plan finds nothing more to write.
    #[test]
    fn apply_then_plan_is_empty(
        clauses in proptest::collection::vec((clause(), clause(), clause()), 1..3),
        lists in (some_actions(LogonType::Admin), some_actions(LogonType::Delegate), some_actions(LogonType::Owner)),
        kept in 0_u8..8,
        on in any::<bool>(),
        days in 0_u64..400,
    ) {
        let allow = "allowWeakening: { fields: [admin, delegate, owner], reason: law, ticket: T, until: 2030-01-31 }";
        let text: String = clauses
            .iter()
            .enumerate()
            .map(|(number, (admin, delegate, owner))| {
                let audit = format!("enabled: true\nadmin: {admin}\ndelegate: {delegate}\nowner: {owner}");
                policy(&format!("p{number}"), &audit, allow)
            })
            .collect();
        let case = Case::new(&text);
        let mut row = mailbox(1);
        row.stored = if on { StoredAuditing::On } else { StoredAuditing::Off };
        row.log_age = StoredLogAge::parse(&days.to_string());
        for (kind, list) in LogonType::ALL.into_iter().zip([lists.0, lists.1, lists.2]) {
            if kept & (1 << kind as u8) == 0 {
                customise(&mut row, kind, &list.to_string());
            }
        }
        // A list that goes to pieces is added to, reduced, and perhaps returned: three looks at the most.
        for _ in 0..3 {
            for change in &case.find(&row).changes {
                for correction in change.to_write() {
                    apply(&mut row, &correction);
                    prop_assert_eq!(correction.is_visible_in(&row), Some(true));
                }
            }
        }
        let finding = case.find(&row);
        prop_assert!(finding.changes.is_empty(), "{:?}", written(&finding));
        prop_assert_ne!(finding.state, State::ToCorrect);
    }
}
