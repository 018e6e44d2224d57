//! Filters over a few mailboxes whose answers are known.

use super::*;
use crate::simulator::names::Profile;
use crate::simulator::record::{PREMIUM, Record};
use crate::simulator::spec::MailboxKind;
use crate::simulator::tenant::Seen;

fn profile() -> Profile {
    Profile {
        seed: 7,
        initial_domain: "contoso.onmicrosoft.com".to_owned(),
        mail_domain: "contoso.com".to_owned(),
    }
}

/// 2017-08-01T14:00:00Z.
const CREATED: i64 = 1_501_596_000;

fn mailbox() -> Record {
    let profile = profile();
    let mut record = Record::new(4, profile.guid(4), MailboxKind::User, CREATED);
    record.chosen = Some(Box::new(crate::simulator::record::Chosen {
        alias: Some("o.brien".to_owned()),
        display_name: Some("Miles O'Brien".to_owned()),
        ..Default::default()
    }));
    record
}

fn holds(filter: &str, record: &Record) -> bool {
    let seen = Seen { record, settings: &record.settings };
    read(filter).expect("a good filter").holds(seen, &profile())
}

#[test]
fn audit_enabled_is_the_stored_value_and_unset_is_a_third_one() {
    let mut record = mailbox();
    let answers = |record: &Record| {
        [
            "AuditEnabled -ne 'True'",
            "auditenabled -eq $true",
            "AuditEnabled -eq 'False'",
            "AuditEnabled -ne '$true'",
            "AuditEnabled -eq $null",
        ]
        .map(|filter| holds(filter, record))
    };
    assert_eq!(answers(&record), [true, false, false, true, true], "unset");
    record.settings.enabled = Some(false);
    assert_eq!(answers(&record), [true, false, true, true, false], "false");
    record.settings.enabled = Some(true);
    assert_eq!(answers(&record), [false, true, false, false, false], "true");
}

#[test]
fn and_binds_tighter_than_or_and_parentheses_tighter_than_both() {
    let record = mailbox();
    let (yes, no) = ("Alias -eq 'O.BRIEN'", "Alias -eq 'x'");
    assert!(holds(&format!("{yes} -or {yes} -and {no}"), &record));
    assert!(!holds(&format!("({yes} -or {yes}) -and {no}"), &record));
    assert!(holds(&format!("-not ({no}) -and -not {no}"), &record));
}

#[test]
fn quotes_are_doubled_and_wildcards_stand_at_the_ends() {
    let record = mailbox();
    assert!(holds("DisplayName -eq 'Miles O''Brien'", &record));
    assert!(holds("DisplayName -like 'miles*'", &record));
    assert!(holds("DisplayName -like '*brien'", &record));
    assert!(holds("DisplayName -notlike '*kira*'", &record));
    assert!(!holds("DisplayName -like 'iles*'", &record));
    assert!(read("DisplayName -like 'Mi*en'").is_err());
    assert!(read("DisplayName -eq 'Miles").is_err());
}

#[test]
fn dates_come_in_two_forms_and_compare_by_the_second() {
    let record = mailbox();
    for date in [
        "8/1/2017 2:00:00 PM",
        "2017-08-01T14:00:00Z",
        "2017-08-01T16:00:00+02:00",
        "2017-08-01T14:00:00.0000000Z",
    ] {
        assert!(!holds(&format!("WhenMailboxCreated -gt '{date}'"), &record), "{date}");
        assert!(holds(&format!("WhenMailboxCreated -ge '{date}'"), &record), "{date}");
    }
    assert!(holds("WhenChangedUTC -gt '8/1/2017 1:59:59 PM'", &record));
    assert!(read("WhenChangedUTC -gt 'yesterday'").is_err());
}

#[test]
fn several_values_match_by_any_and_differ_by_none() {
    let mut record = mailbox();
    let (is, is_not) =
        ("PersistedCapabilities -eq 'M365Auditing'", "PersistedCapabilities -ne 'M365Auditing'");
    assert_eq!((holds(is, &record), holds(is_not, &record)), (false, true));
    record.capabilities = PREMIUM;
    assert_eq!((holds(is, &record), holds(is_not, &record)), (true, false));
    assert!(holds("CustomAttribute3 -eq $null", &record));
    assert!(holds("CustomAttribute3 -ne 'Finance'", &record));
}

#[test]
fn what_is_not_filterable_is_refused_by_name() {
    for property in ["Department", "AuditOwner", "DefaultAuditSet", "CustomAttribute16"] {
        let refused = read(&format!("{property} -eq 'x'")).expect_err(property);
        assert!(refused.0.contains("is not a recognized filterable property"), "{refused:?}");
    }
    for bad in [
        "AuditLogAgeLimit -eq '90.00:00:00'",
        "AuditEnabled -gt 'True'",
        "AuditEnabled -eq 'Maybe'",
        "Guid -eq 'not-a-guid'",
        "RecipientTypeDetails -eq 'Mailbox'",
        "Alias -match 'x'",
        "(Alias -eq 'x'",
        "Alias -eq 'x')",
        "Alias",
        "",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert!(read(&format!("{}Alias -eq 'x'", "-not ".repeat(5_000))).is_err());
}

#[test]
fn a_filter_may_be_long_but_neither_endless_nor_deep() {
    let long = vec!["Name -eq 1"; 4_000].join(" -or ");
    assert!(read(&long).is_ok());
    assert!(read(&vec!["Name -eq 1"; 9_000].join(" -or ")).is_err());
    let deep = format!("{}Name -eq 1{}", "(".repeat(900), ")".repeat(900));
    assert!(read(&deep).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_brings_the_reader_down(text in "[ ()'\"$*A-Za-zé0-9-]{0,60}|.{0,40}") {
        let _ = read(&text);
    }

    #[test]
    fn wildcards_read_any_text(text in ".{0,20}") {
        let _ = read(&format!("Alias -like '{}'", text.replace('\'', "''")));
    }
}
