//! The shipped policy sets: each compiles alone without diagnostics, and joins with the baseline as it
//! says it does.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use mailwarden::domain::*;
use mailwarden::policy::{self, Compilation, Desired, Joined, PolicySet, SourceFile};
use uuid::Uuid;

fn as_of() -> DateTime<Utc> {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

fn files(directory: &Path) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(SourceFile { path: path.display().to_string(), bytes: std::fs::read(&path).unwrap() });
        }
    }
    files
}

fn shipped() -> Vec<PathBuf> {
    let root = PathBuf::from("policies");
    let folders = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let mut sets: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    sets.push(root);
    sets
}

fn compile(files: &[SourceFile]) -> PolicySet {
    let Compilation { policies, diagnostics } = policy::compile(files, as_of());
    assert!(diagnostics.is_empty(), "{}", policy::render::text(&diagnostics, policy::render::Colour::Never));
    policies.unwrap()
}

fn with_baseline(set: &str) -> PolicySet {
    let mut all = policy::baseline();
    all.extend(files(&Path::new("policies").join(set)));
    compile(&all)
}

fn mailbox(kind: RecipientType, upn: &str) -> Mailbox {
    let mut mailbox = Mailbox::unread(MailboxId(Uuid::from_u128(7)), kind);
    mailbox.tier = AuditTier::Standard;
    mailbox.attributes.insert(Attribute::UserPrincipalName, upn.into());
    mailbox
}

fn desire(set: &PolicySet, mailbox: &Mailbox) -> Desired {
    let tenant = TenantName::parse("contoso").unwrap();
    let policies = set.for_tenant(&tenant, Mode::Enforce);
    let defaults = DefaultSets::from_table();
    let once = policies.desire(mailbox, &defaults, as_of());
    let mut composer = policies.composer(defaults, as_of());
    assert_eq!(composer.desire(mailbox), once);
    assert_eq!(composer.desire(mailbox), once);
    assert_eq!(composer.distinct(), 1);
    (*once).clone()
}

fn list(desired: &policy::Join, kind: LogonType) -> &policy::ActionsDesire {
    desired.actions.get(kind).as_ref().unwrap()
}

#[test]
fn every_shipped_set_compiles_alone_without_diagnostics() {
    let sets = shipped();
    assert_eq!(sets.len(), 6);
    for set in sets {
        let files = files(&set);
        assert!(!files.is_empty(), "{}", set.display());
        compile(&files);
    }
}

#[test]
fn the_embedded_baseline_is_the_one_in_the_folder() {
    let embedded: BTreeSet<_> = policy::baseline().into_iter().map(|file| (file.path, file.bytes)).collect();
    let folder: BTreeSet<_> =
        files(Path::new("policies")).into_iter().map(|file| (file.path, file.bytes)).collect();
    assert_eq!(embedded, folder);
}

#[test]
fn the_baseline_wants_everything_explicitly_on_and_kept_by_microsoft() {
    let set = compile(&policy::baseline());
    let desired = desire(&set, &mailbox(RecipientType::SharedMailbox, "info@contoso.example"));
    assert_eq!(
        desired.enforced.enabled.as_ref().unwrap().target,
        Joined::Agreed(policy::EnabledTarget::Explicit)
    );
    for kind in LogonType::ALL {
        let list = list(&desired.enforced, kind);
        assert!(
            list.uses_default && list.named.is_empty() && list.upper.is_none() && list.conflict.is_none()
        );
        assert_eq!(list.lower, default_actions(kind));
        assert_eq!(list.contributions[0].text, format!("{kind}: default"));
    }
    assert!(desired.observed.is_empty());
    let tenant = TenantName::parse("contoso").unwrap();
    for switch in OrganizationSwitch::ALL {
        let enforce = set.for_tenant(&tenant, Mode::Enforce).organization(switch).unwrap();
        assert_eq!((enforce.mode, enforce.contributions.len()), (Mode::Enforce, 1));
        assert_eq!(set.for_tenant(&tenant, Mode::Observe).organization(switch).unwrap().mode, Mode::Observe);
    }
    assert!(set.types_outside().contains(&RecipientType::RoomMailbox));
    assert!(!set.types_outside().contains(&RecipientType::GroupMailbox));
    let observed = set.for_tenant(&tenant, Mode::Observe).desire(
        &mailbox(RecipientType::UserMailbox, "a@b"),
        &DefaultSets::from_table(),
        as_of(),
    );
    assert!(observed.enforced.is_empty() && !observed.observed.is_empty());
}

#[test]
fn every_set_joins_with_the_baseline_without_conflict() {
    for set in ["cis-7.0", "every-action", "owner-actions", "resource-mailboxes", "executive-assistant"] {
        let policies = with_baseline(set);
        for kind in [RecipientType::UserMailbox, RecipientType::SharedMailbox, RecipientType::RoomMailbox] {
            let desired = desire(&policies, &mailbox(kind, "executive@contoso.example"));
            assert!(!desired.enforced.has_conflict() && !desired.observed.has_conflict(), "{set}");
        }
    }
}

#[test]
fn cis_adds_to_the_defaults_and_removes_nothing() {
    let desired =
        desire(&with_baseline("cis-7.0"), &mailbox(RecipientType::UserMailbox, "a@contoso.example"));
    let sizes = LogonType::ALL.map(|kind| list(&desired.enforced, kind).lower.len());
    assert_eq!(sizes, [16, 13, 13]);
    assert!(LogonType::ALL.iter().all(|kind| !list(&desired.enforced, *kind).weakening_allowed()));
    assert_eq!(desired.enforced.log_age.unwrap().lower, LogAge::from_days(180));
}

#[test]
fn the_assistant_is_observed_beside_the_baseline_and_no_longer_reads_on_record_once_enforced() {
    let executive = mailbox(RecipientType::UserMailbox, "Executive@contoso.example");
    let shipped = desire(&with_baseline("executive-assistant"), &executive);
    assert_eq!(list(&shipped.enforced, LogonType::Delegate).lower, default_actions(LogonType::Delegate));
    let wanted = list(&shipped.observed, LogonType::Delegate);
    assert_eq!(wanted.forbidden.to_string(), "MailItemsAccessed");
    assert!(!wanted.lower.contains(&KnownAction::MailItemsAccessed.into()));
    assert!(wanted.weakening_allowed());

    let mut enforced = policy::baseline();
    for mut file in files(Path::new("policies/executive-assistant")) {
        file.bytes = String::from_utf8(file.bytes).unwrap().replace("mode: observe", "mode: enforce").into();
        enforced.push(file);
    }
    let desired = desire(&compile(&enforced), &executive);
    let delegate = list(&desired.enforced, LogonType::Delegate);
    assert!(delegate.conflict.is_none() && delegate.weakening_allowed());
    assert!(!delegate.lower.contains(&KnownAction::MailItemsAccessed.into()));
    let other = desire(&compile(&enforced), &mailbox(RecipientType::UserMailbox, "other@contoso.example"));
    assert!(list(&other.enforced, LogonType::Delegate).forbidden.is_empty());
}

#[test]
fn the_revision_is_of_names_and_bytes_wherever_the_set_is_mounted() {
    let set = compile(&policy::baseline());
    let mut moved = policy::baseline();
    moved.reverse();
    for file in &mut moved {
        file.path = file.path.replace("policies/", "/etc/mailwarden/policies/");
    }
    assert_eq!(compile(&moved).revision(), set.revision());
    moved[0].bytes.push(b'\n');
    assert_ne!(compile(&moved).revision(), set.revision());
}
