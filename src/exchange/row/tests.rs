//! Rows in every form that the service is known or feared to send.

use super::*;
use serde_json::json;

const GUID: &str = "33333333-3333-3333-3333-333333333333";

fn read(row: serde_json::Value) -> Row {
    serde_json::from_slice(row.to_string().as_bytes()).expect("no row costs its page")
}

fn everything() -> Columns {
    Columns {
        attributes: [Attribute::Alias, Attribute::Custom(15)].into_iter().collect(),
        email_addresses: true,
    }
}

#[test]
fn a_value_of_the_wrong_type_costs_its_field_and_not_the_row() {
    let row = read(json!({
        "Guid": GUID, "RecipientTypeDetails": "UserMailbox", "AuditEnabled": [1, {"a": null}],
        "AuditLogAgeLimit": "ninety", "AuditOwner": {"x": 1}, "AuditAdmin": [1], "Alias": 4.5,
        "DefaultAuditSet": ["Admin", "Robot"], "WhenChangedUTC": "yesterday", "ExchangeGuid": "x",
        "AuditDelegate": ["Update"],
    }));
    assert_eq!(row.bad_fields, 8);
    let mailbox = row.into_mailbox(&everything()).expect("a mailbox");
    assert_eq!(mailbox.displayed_enabled, None);
    assert_eq!(mailbox.kept_by_microsoft, None, "part of a set is not the set");
    assert_eq!(mailbox.actions.get(LogonType::Owner), &None);
    assert_eq!(mailbox.actions.get(LogonType::Delegate), &Some(ActionSet::parse(["Update"])));
}

#[test]
fn null_and_missing_are_unknown_and_an_empty_list_is_known_to_be_empty() {
    let row = read(json!({
        "Guid": GUID, "RecipientTypeDetails": "UserMailbox", "AuditOwner": null, "AuditAdmin": [],
        "AuditDelegate": ["None"], "DefaultAuditSet": [], "AuditEnabled": null,
    }));
    assert_eq!(row.bad_fields, 0);
    let mailbox = row.into_mailbox(&Columns::default()).expect("a mailbox");
    assert_eq!(mailbox.actions.get(LogonType::Owner), &None);
    assert_eq!(mailbox.actions.get(LogonType::Admin), &Some(ActionSet::EMPTY));
    assert_eq!(mailbox.actions.get(LogonType::Delegate), &Some(ActionSet::EMPTY));
    assert_eq!(mailbox.kept_by_microsoft, Some(LogonTypes::NONE));
    assert_eq!(mailbox.displayed_enabled, None);
}

#[test]
fn a_row_without_identity_or_type_is_no_mailbox() {
    for row in [
        json!({"RecipientTypeDetails": "UserMailbox"}),
        json!({"Guid": "00000000-0000-0000-0000-000000000000", "RecipientTypeDetails": "UserMailbox"}),
        json!({"Guid": GUID}),
        json!(null),
        json!("row"),
        json!([1]),
        json!(true),
    ] {
        assert!(read(row.clone()).into_mailbox(&Columns::default()).is_none(), "{row}");
    }
}

#[test]
fn the_tier_needs_an_answer() {
    let tier_of = |capabilities: serde_json::Value| {
        let row = json!({"Guid": GUID, "RecipientTypeDetails": "UserMailbox", "PersistedCapabilities": capabilities});
        read(row).into_mailbox(&Columns::default()).map(|mailbox| mailbox.tier)
    };
    assert_eq!(tier_of(json!(["BPOS_S_Enterprise", "M365Auditing"])), Some(AuditTier::Premium));
    assert_eq!(tier_of(json!(["BPOS_S_Enterprise"])), Some(AuditTier::Standard));
    assert_eq!(tier_of(json!([])), Some(AuditTier::Standard));
    assert_eq!(tier_of(json!(null)), Some(AuditTier::Unknown));
    assert_eq!(tier_of(json!(7.5)), Some(AuditTier::Unknown));
}

#[test]
fn guids_dates_and_flags_are_read_in_any_form() {
    for guid in [GUID, "{33333333-3333-3333-3333-333333333333}", "33333333333333333333333333333333"] {
        assert!(read(json!({"Guid": guid})).id().is_some(), "{guid}");
    }
    let zulu = read(json!({"WhenChangedUTC": "2022-09-21T08:07:47.0000000Z"})).changed_at;
    for text in ["2022-09-21T10:07:47.0000000+02:00", "2022-09-21T08:07:47", "2022-09-21T08:07:47.0000000"] {
        let changed = read(json!({"WhenChangedUTC": text})).changed_at;
        assert!(changed.is_some() && changed == zulu, "{text}");
    }
    assert_eq!(read(json!({"AuditEnabled": "False"})).enabled, Some(false));
}

#[test]
fn addresses_lose_their_prefix_and_other_schemes() {
    let row = read(json!({
        "Guid": GUID, "RecipientTypeDetails": "UserMailbox",
        "EmailAddresses": ["SMTP:a@contoso.com", "smtp:b@contoso.com", "SIP:a@contoso.com", "c@contoso.com"],
    }));
    let mailbox = row.into_mailbox(&everything()).expect("a mailbox");
    let found: Vec<&str> = mailbox.email_addresses.iter().map(AsRef::as_ref).collect();
    assert_eq!(found, ["a@contoso.com", "b@contoso.com", "c@contoso.com"]);
}

#[test]
fn an_attribute_is_kept_where_it_was_asked_for_and_empty_is_a_value() {
    let row = json!({
        "Guid": GUID, "RecipientTypeDetails": "UserMailbox", "UserPrincipalName": "a@contoso.com",
        "Alias": "a", "Office": "Galway", "CustomAttribute15": "", "CustomAttribute16": "no such",
    });
    let mailbox = read(row).into_mailbox(&everything()).expect("a mailbox");
    assert_eq!(mailbox.user_principal_name(), Some("a@contoso.com"));
    assert_eq!(mailbox.attribute(Attribute::Custom(15)), Some(""));
    assert_eq!(mailbox.attribute(Attribute::Office), None);
    assert_eq!(mailbox.attributes.len(), 3);
}

#[test]
fn only_what_is_asked_for_is_selected() {
    assert!(select(&Columns::default()).ends_with("WhenMailboxCreated,WhenChangedUTC"));
    assert!(select(&everything()).ends_with("WhenChangedUTC,Alias,CustomAttribute15,EmailAddresses"));
}
