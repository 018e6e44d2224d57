//! How several policies act on one mailbox: unions and intersections, conflicts of one field, masks,
//! consent, and policies that only observe.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot compile its policies has failed")]

use chrono::{DateTime, Utc};
use mailwarden::domain::*;
use mailwarden::policy::render::{self, Colour};
use mailwarden::policy::*;
use proptest::prelude::*;
use uuid::Uuid;

fn at(moment: &str) -> DateTime<Utc> {
    moment.parse().unwrap()
}

fn as_of() -> DateTime<Utc> {
    at("2026-11-21T00:00:00Z")
}

/// One policy a line of `spec`, named p0, p1 and on; the selector is everybody unless it is given.
fn files(specs: &[&str]) -> Vec<SourceFile> {
    let file = |(number, spec): (usize, &&str)| {
        let selector = if spec.contains("selector:") { "" } else { "selector: { match: all }, " };
        let text = format!(
            "apiVersion: mailwarden/v1\nkind: MailboxAuditPolicy\nmetadata: {{ name: p{number} }}\nspec: {{ {selector}{spec} }}\n"
        );
        SourceFile { path: format!("p{number}.yaml"), bytes: text.into_bytes() }
    };
    specs.iter().enumerate().map(file).collect()
}

fn compiled(files: &[SourceFile]) -> PolicySet {
    let Compilation { policies, diagnostics } = compile(files, as_of());
    policies.unwrap_or_else(|| panic!("{}", render::text(&diagnostics, Colour::Never)))
}

fn mailbox() -> Mailbox {
    let mut mailbox = Mailbox::unread(MailboxId(Uuid::from_u128(1)), RecipientType::UserMailbox);
    mailbox.tier = AuditTier::Premium;
    mailbox
}

fn desire_at(specs: &[&str], as_of: DateTime<Utc>) -> Desired {
    let tenant = TenantName::parse("contoso").unwrap();
    let policies = compiled(&files(specs)).for_tenant(&tenant, Mode::Enforce);
    (*policies.desire(&mailbox(), &DefaultSets::from_table(), as_of)).clone()
}

fn desire(specs: &[&str]) -> Desired {
    desire_at(specs, as_of())
}

fn owner(desired: &Desired) -> &ActionsDesire {
    desired.enforced.actions.get(LogonType::Owner).as_ref().unwrap()
}

const CONSENT: &str = "allowWeakening: { fields: [owner], reason: x }";

#[test]
fn default_joined_with_a_name_is_default_plus_the_name() {
    let desired = desire(&["audit: { owner: default }", "audit: { owner: { atLeast: [Move] } }"]);
    let list = owner(&desired);
    assert_eq!(list.lower, default_actions(LogonType::Owner).union(&ActionSet::parse(["Move"])));
    assert_eq!(
        (list.named.to_string().as_str(), list.uses_default, list.upper.is_none()),
        ("Move", true, true)
    );
    assert!(!list.weakening_allowed(), "nothing is taken away, so there is nothing to allow");
    let texts: Vec<&str> = list.contributions.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["owner: default", "owner: { atLeast: [Move] }"]);
    assert_eq!((&*list.contributions[1].policy.path, list.contributions[1].line), ("p1.yaml", 4));
}

#[test]
fn a_conflict_is_of_one_field_and_names_both_sides() {
    let desired = desire(&[
        "audit: { enabled: true, owner: { atLeast: [Update, MailboxLogin] } }",
        "audit: { owner: { exactly: [Update, Send] } }",
        "audit: { owner: { atLeast: [Send] } }",
    ]);
    let conflict = owner(&desired).conflict.as_ref().unwrap();
    assert_eq!(conflict.actions.to_string(), "MailboxLogin");
    let names: Vec<&str> = conflict.between.iter().map(|one| one.policy.name.as_str()).collect();
    assert_eq!(names, ["p0", "p1"]);
    assert_eq!(owner(&desired).upper.as_ref().unwrap().to_string(), "Send,Update");
    assert_eq!(desired.enforced.enabled.unwrap().target, Joined::Agreed(EnabledTarget::Explicit));
}

#[test]
fn uppers_intersect_and_none_means_nothing() {
    let desired = desire(&[
        "audit: { owner: { atMost: [Update, Send, Move] } }",
        "audit: { owner: { atMost: [Update, Send, Create] } }",
    ]);
    assert_eq!(owner(&desired).upper.as_ref().unwrap().to_string(), "Send,Update");
    assert!(owner(&desired).lower.is_empty() && owner(&desired).conflict.is_none());

    let nothing = desire(&["audit: { owner: { exactly: [None] } }"]);
    assert_eq!(owner(&nothing).upper, Some(ActionSet::EMPTY));
    assert_eq!(owner(&nothing).contributions[0].text, "owner: { exactly: [None] }");
}

#[test]
fn default_in_an_upper_bound_is_the_default_set() {
    let desired = desire(&["audit: { owner: { exactly: [default, MailboxLogin] } }"]);
    let wanted = default_actions(LogonType::Owner).union(&ActionSet::parse(["MailboxLogin"]));
    assert_eq!((&owner(&desired).lower, owner(&desired).upper.as_ref()), (&wanted, Some(&wanted)));
    assert!(owner(&desired).uses_default && owner(&desired).upper_uses_default);
    let capped = desire(&["audit: { owner: { atMost: [default] } }"]);
    assert!(!owner(&capped).uses_default, "only a lower bound gives a list back to Microsoft");
}

#[test]
fn a_mask_takes_away_what_keywords_brought_in() {
    let mask = format!(
        "audit: {{ owner: {{ atLeast: [all], without: [MailboxLogin, Send, BrandNew] }} }}, {CONSENT}"
    );
    let desired = desire(&["audit: { owner: default }", &mask]);
    let list = owner(&desired);
    assert_eq!(list.forbidden.to_string(), "MailboxLogin,Send");
    assert!(list.lower.intersection(&list.forbidden).is_empty());
    assert!(list.named.intersection(&list.forbidden).is_empty());
    assert!(list.conflict.is_none() && list.weakening_allowed());
}

#[test]
fn a_mask_against_a_name_is_a_conflict_and_the_name_stays() {
    let mask = format!("audit: {{ owner: {{ atLeast: [default], without: [Send, Update] }} }}, {CONSENT}");
    let desired = desire(&[&mask, "audit: { owner: { atLeast: [Send] } }"]);
    let list = owner(&desired);
    assert_eq!(
        (list.forbidden.to_string().as_str(), list.conflict.as_ref().unwrap().actions.to_string().as_str()),
        ("Update", "Send")
    );
    assert!(list.lower.contains(&KnownAction::Send.into()));
    assert_eq!(list.conflict.as_ref().unwrap().between.len(), 3, "keyword, mask and name all touch it");
}

#[test]
fn ages_and_switches_join() {
    let desired = desire(&[
        "audit: { auditLogAge: 90d, enabled: effective }",
        "audit: { auditLogAge: 180d, enabled: true }",
    ]);
    let age = desired.enforced.log_age.unwrap();
    assert_eq!((age.lower, age.upper, age.is_conflict()), (LogAge::from_days(180), None, false));
    assert_eq!(desired.enforced.enabled.unwrap().target, Joined::Agreed(EnabledTarget::Explicit));

    let allow = "allowWeakening: { fields: [enabled, auditLogAge], reason: x }";
    let off = format!("audit: {{ enabled: false, auditLogAge: {{ exactly: 90d }} }}, {allow}");
    let desired = desire(&["audit: { enabled: effective, auditLogAge: 180d }", &off]);
    assert!(desired.enforced.log_age.as_ref().unwrap().is_conflict());
    let enabled = desired.enforced.enabled.as_ref().unwrap();
    assert_eq!(enabled.target, Joined::Conflict);
    assert!(enabled.weakening_allowed() && desired.enforced.has_conflict());
}

#[test]
fn every_policy_that_takes_away_must_allow_it_and_until_it_ends() {
    let first = format!("audit: {{ owner: {{ exactly: [Update] }} }}, {CONSENT}");
    let until = "audit: { owner: { atMost: [Update] } }, allowWeakening: { fields: [owner], reason: x, until: 2027-01-31 }";
    let silent = "audit: { owner: { atMost: [Update, Send] } }";
    assert!(owner(&desire(&[&first])).weakening_allowed());
    assert!(!owner(&desire(&[&first, silent])).weakening_allowed());
    assert!(owner(&desire(&[&first, "audit: { owner: { atLeast: [Update] } }"])).weakening_allowed());
    assert!(owner(&desire_at(&[until], at("2027-01-31T23:59:59Z"))).weakening_allowed());
    assert!(!owner(&desire_at(&[until], at("2027-02-01T00:00:00Z"))).weakening_allowed());
}

#[test]
fn what_cannot_be_decided_is_named_and_nothing_is_weakened_meanwhile() {
    let exact = format!("audit: {{ owner: {{ exactly: [Update] }} }}, {CONSENT}");
    let unsure = "selector: { match: { office: [Dublin] } }, audit: { owner: { atLeast: [Move] } }";
    let desired = desire(&[&exact, unsure]);
    assert_eq!(desired.matched.len(), 1);
    assert_eq!(desired.undecided[0].policy.name, "p1");
    assert!(!owner(&desired).weakening_allowed());

    let observing = "mode: observe, selector: { match: { office: [x] } }, audit: { owner: default }";
    let desired = desire(&[&exact, observing]);
    assert!(owner(&desired).weakening_allowed(), "a policy that only observes holds nothing back");

    let excluded =
        "selector: { match: all, exclude: { office: [Dublin] } }, audit: { owner: { atLeast: [Move] } }";
    let desired = desire(&[excluded]);
    assert_eq!((desired.matched.len(), desired.undecided.len()), (1, 1));
    assert!(owner(&desired).lower.contains(&KnownAction::Move.into()), "an exclusion is not assumed");
}

#[test]
fn tenants_are_matched_by_name_and_pattern() {
    let set = compiled(&files(&[
        "tenants: [contoso-*, fabrikam], audit: { enabled: true }",
        "audit: { owner: default }",
    ]));
    let count =
        |name: &str| set.for_tenant(&TenantName::parse(name).unwrap(), Mode::Enforce).policies().count();
    assert_eq!([count("Contoso-EU"), count("fabrikam"), count("contoso")], [2, 2, 1]);
    assert_eq!((set.len(), set.policies().count()), (2, 2));
}

#[test]
fn columns_and_types_are_those_of_the_tenant() {
    let set = compiled(&files(&[
        "tenants: [a], selector: { match: { alias: [x], recipientTypeDetails: [PublicFolderMailbox] } }, audit: { enabled: true }",
        "tenants: [b], selector: { match: { emailAddress: [x] } }, audit: { enabled: true }",
    ]));
    let policies = |name: &str| set.for_tenant(&TenantName::parse(name).unwrap(), Mode::Enforce);
    assert_eq!(
        policies("a").required_columns(),
        RequiredColumns { attributes: [Attribute::Alias].into(), email_addresses: false }
    );
    assert_eq!(
        policies("b").required_columns(),
        RequiredColumns { attributes: [].into(), email_addresses: true }
    );
    assert_eq!(policies("a").named_types(), [RecipientType::PublicFolderMailbox].into());
}

fn clause() -> impl Strategy<Value = String> {
    let list =
        || proptest::sample::subsequence(vec!["default", "all", "Update", "Send", "Move", "BrandNew"], 1..4);
    let masked = proptest::sample::subsequence(vec!["Update", "HardDelete", "MailboxLogin"], 1..3);
    prop_oneof![
        (proptest::sample::select(vec!["atLeast", "exactly", "atMost"]), list())
            .prop_map(|(bound, list)| format!("{{ {bound}: [{}] }}", list.join(", "))),
        masked.prop_map(|list| format!("{{ without: [{}] }}", list.join(", "))),
    ]
}

fn spec() -> impl Strategy<Value = String> {
    let mode = proptest::sample::select(vec!["enforce", "observe"]);
    let enabled = proptest::sample::select(vec!["true", "effective", "false"]);
    (mode, enabled, 1_u16..400, clause()).prop_map(|(mode, enabled, age, owner)| {
        format!(
            "mode: {mode}, audit: {{ enabled: {enabled}, auditLogAge: {age}d, owner: {owner} }}, \
             allowWeakening: {{ fields: [enabled, owner], reason: x }}"
        )
    })
}

proptest! {
    #[test]
    fn nothing_depends_on_the_order_of_files(specs in proptest::collection::vec(spec(), 1..5), seed in any::<u64>()) {
        let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
        let all = files(&specs);
        let mut shuffled = all.clone();
        shuffled.sort_by_key(|file| ContentHash::of_parts([file.path.as_bytes(), &seed.to_be_bytes()]));
        let tenant = TenantName::parse("contoso").unwrap();
        let desired = |files: &[SourceFile]| {
            compiled(files).for_tenant(&tenant, Mode::Enforce).desire(&mailbox(), &DefaultSets::from_table(), as_of())
        };
        prop_assert_eq!(desired(&all), desired(&shuffled));
        prop_assert_eq!(compiled(&all).revision(), compiled(&shuffled).revision());
    }

    #[test]
    fn observing_changes_nothing_that_is_enforced(specs in proptest::collection::vec(spec(), 1..5)) {
        let all: Vec<&str> = specs.iter().map(String::as_str).collect();
        // The same policies under the same names, the observing ones asking for something else.
        let harmless: Vec<String> = all
            .iter()
            .map(|spec| if spec.starts_with("mode: observe") { "mode: observe, audit: { admin: default }".to_owned() } else { (*spec).to_owned() })
            .collect();
        let harmless: Vec<&str> = harmless.iter().map(String::as_str).collect();
        prop_assert_eq!(desire(&all).enforced, desire(&harmless).enforced);
    }

    #[test]
    fn one_more_policy_never_asks_for_less_and_never_ends_a_conflict(specs in proptest::collection::vec(spec(), 2..5)) {
        let without_masks: Vec<&str> = specs.iter().map(String::as_str).filter(|spec| !spec.contains("without")).collect();
        prop_assume!(without_masks.len() >= 2);
        let fewer = desire(&without_masks[1..]).enforced;
        let more = desire(&without_masks).enforced;
        if let (Some(fewer), Some(more)) = (&fewer.enabled, &more.enabled) {
            prop_assert!(fewer.target != Joined::Conflict || more.target == Joined::Conflict);
        }
        if let (Some(fewer), Some(more)) = (&fewer.log_age, &more.log_age) {
            prop_assert!(fewer.lower <= more.lower);
        }
        let list = |join: &Join| join.actions.get(LogonType::Owner).clone();
        if let (Some(fewer), Some(more)) = (list(&fewer), list(&more)) {
            prop_assert!(fewer.lower.is_subset(&more.lower) && fewer.named.is_subset(&more.named));
            prop_assert!(fewer.conflict.is_none() || more.conflict.is_some());
        }
    }
}
