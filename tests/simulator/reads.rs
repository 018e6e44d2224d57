//! Get-Mailbox and the other reads.

use mailwarden::simulator::{
    AuditList, LogonType, MailboxKind, MailboxSpec, Readings, SimulationOptions, Switches,
};
use serde_json::json;

use crate::harness::{Client, empty, input, named, sorted};

#[tokio::test]
async fn rows_show_auditing_on_while_the_filter_sees_what_is_stored() {
    let client = Client::of(empty()).await;
    let stored = |enabled| MailboxSpec { audit_enabled: enabled, ..MailboxSpec::default() };
    let unset = client.simulation.add_mailbox(stored(None));
    let off = client.simulation.add_mailbox(stored(Some(false)));
    let on = client.simulation.add_mailbox(stored(Some(true)));
    for guid in [unset, off, on] {
        assert_eq!(client.row(guid).await["AuditEnabled"], true);
    }
    let rows = client.filtered("AuditEnabled -ne 'True'").await.rows();
    let guids: Vec<_> = rows.iter().map(|row| row["Guid"].as_str().unwrap()).collect();
    assert_eq!(guids, [unset.to_string(), off.to_string()]);
    assert!(rows.iter().all(|row| row["AuditEnabled"] == true), "shown as on all the same");

    client.simulation.set_switches(Switches { audit_disabled: true, unified_audit_log_ingestion: true });
    assert_eq!(client.row(off).await["AuditEnabled"], false);
    assert_eq!(client.row(on).await["AuditEnabled"], true);
}

#[tokio::test]
async fn what_is_not_covered_by_default_shows_what_is_stored() {
    let client = Client::of(empty()).await;
    let kinds = [
        (MailboxKind::Shared, true),
        (MailboxKind::Room, false),
        (MailboxKind::Equipment, false),
        (MailboxKind::Discovery, false),
    ];
    for (kind, shown) in kinds {
        let guid = client.simulation.add_mailbox(MailboxSpec { kind, ..MailboxSpec::default() });
        let row = client.row(guid).await;
        assert_eq!(row["AuditEnabled"], shown, "{kind:?}");
        assert_eq!(row["RecipientTypeDetails"], kind.recipient_type_details());
    }
}

#[tokio::test]
async fn a_row_has_the_shapes_and_annotations_of_the_service() {
    let client = Client::of(empty()).await;
    let guid = client.simulation.add_mailbox(MailboxSpec {
        owner: AuditList::custom(["Update", "HardDelete"]),
        premium: true,
        ..named("adele")
    });
    let row = client.row(guid).await;
    assert_eq!(row["Guid"], guid.to_string());
    assert_eq!(row["Guid@data.type"], "System.Guid");
    assert_eq!(row["AuditLogAgeLimit"], "90.00:00:00");
    assert_eq!(row["AuditOwner@odata.type"], "#Collection(String)");
    assert_eq!(row["AuditOwner"], json!(["Update", "HardDelete"]));
    assert_eq!(row["AuditAdmin"].as_array().unwrap().len(), 13);
    assert_eq!(row["AuditDelegate"].as_array().unwrap().len(), 11);
    assert_eq!(row["DefaultAuditSet"], json!(["Admin", "Delegate"]));
    assert!(sorted(&row["PersistedCapabilities"]).contains(&"M365Auditing".to_owned()));
    assert_eq!(row["CustomAttribute1"], "");
    assert_eq!(row["ExtensionCustomAttribute5"], json!([]));
    assert!(row["WhenChangedUTC"].as_str().unwrap().ends_with(".0000000Z"));
    assert!(row["WhenMailboxCreated"].as_str().unwrap().ends_with(".0000000+00:00"));
    assert!(row.get("Department").is_none());
    let full = row.as_object().unwrap().len();
    assert!((280..400).contains(&full), "a full row is as wide as the service's: {full}");
}

#[tokio::test]
async fn select_trims_rows_in_either_spelling_and_keeps_annotations() {
    let client = Client::of(empty()).await;
    client.simulation.add_mailbox(named("adele"));
    for query in ["$select=guid,AuditOwner,NoSuchColumn", "%24select=Guid%2CAuditOwner"] {
        let url = format!("{}?{query}", client.url());
        let answer = client.post(&url, &[], &input("Get-Mailbox", json!({}))).await;
        let rows = answer.rows();
        let keys: Vec<_> = rows[0].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["AuditOwner", "AuditOwner@odata.type", "Guid", "Guid@data.type"]);
    }
}

#[tokio::test]
async fn a_service_that_ignores_select_sends_whole_rows() {
    let readings = Readings { select_ignored: true, ..Readings::default() };
    let client = Client::of(SimulationOptions { readings, ..empty() }).await;
    client.simulation.add_mailbox(named("adele"));
    let url = format!("{}?$select=Guid", client.url());
    let answer = client.post(&url, &[], &input("Get-Mailbox", json!({}))).await;
    assert!(answer.rows()[0].as_object().unwrap().len() > 280);
    assert!(answer.bytes.len() > 9_000, "{}", answer.bytes.len());
}

#[tokio::test]
async fn an_identity_may_be_any_unique_name_and_must_be_unique() {
    let client = Client::of(empty()).await;
    let guid = client
        .simulation
        .add_mailbox(MailboxSpec { display_name: Some("Adele Vance".into()), ..named("adele") });
    let row = client.row(guid).await;
    for column in [
        "Guid",
        "ExchangeGuid",
        "ExternalDirectoryObjectId",
        "UserPrincipalName",
        "PrimarySmtpAddress",
        "Alias",
        "DistinguishedName",
        "DisplayName",
    ] {
        let found = client.run("get-mailbox", json!({"identity": row[column]})).await.rows();
        assert_eq!(found[0]["Guid"], guid.to_string(), "by {column}");
    }
    let missing = client.run("Get-Mailbox", json!({"Identity": "nobody"})).await;
    assert_eq!(missing.status, 404);
    assert!(missing.message().contains("'nobody' couldn't be found on"), "{}", missing.text());

    client
        .simulation
        .add_mailbox(MailboxSpec { display_name: Some("Adele Vance".into()), ..named("adele2") });
    let two = client.run("Get-Mailbox", json!({"Identity": "Adele Vance"})).await;
    assert_eq!(two.status, 400);
    assert!(two.text().contains("ManagementObjectAmbiguousException"));
}

#[tokio::test]
async fn groups_public_folders_and_inactive_mailboxes_need_their_switch() {
    let client = Client::of(empty()).await;
    let add = |kind, inactive| {
        client.simulation.add_mailbox(MailboxSpec { kind, inactive, ..MailboxSpec::default() })
    };
    let user = add(MailboxKind::User, false);
    let group = add(MailboxKind::Group, false);
    let folder = add(MailboxKind::PublicFolder, false);
    let inactive = add(MailboxKind::User, true);
    let cases = [
        (json!({}), user),
        (json!({"GroupMailbox": true}), group),
        (json!({"PublicFolder": true}), folder),
        (json!({"InactiveMailboxOnly": true}), inactive),
        (json!({"RecipientTypeDetails": ["UserMailbox", "SharedMailbox"]}), user),
        (json!({"RecipientTypeDetails": "GroupMailbox"}), group),
    ];
    for (parameters, expected) in cases {
        let rows = client.run("Get-Mailbox", parameters.clone()).await.rows();
        let guids: Vec<_> = rows.iter().map(|row| row["Guid"].as_str().unwrap()).collect();
        assert_eq!(guids, [expected.to_string()], "{parameters}");
    }
    let wrong = client.run("Get-Mailbox", json!({"RecipientTypeDetails": "Mailbox"})).await;
    assert_eq!(wrong.status, 400);
    let row = &client.run("Get-Mailbox", json!({"GroupMailbox": true})).await.rows()[0];
    assert_eq!(sorted(&row["AuditOwner"]), ["HardDelete", "MoveToDeletedItems", "SoftDelete", "Update"]);
    assert_eq!(row["DefaultAuditSet"], json!(["Admin", "Delegate", "Owner"]));
}

#[tokio::test]
async fn filters_that_the_service_does_not_know_are_refused() {
    let client = Client::of(empty()).await;
    let answer = client.filtered("Department -eq 'Finance'").await;
    assert_eq!(answer.status, 400);
    assert!(answer.message().contains("is not a recognized filterable property"));
    let both = "Guid -eq '11111111-1111-1111-1111-111111111111' -and AuditEnabled -ne 'True'";
    assert_eq!(client.filtered(both).await.status, 200);
    let readings = Readings { refuse_guid_with_audit_enabled: true, ..Readings::default() };
    let client = Client::of(SimulationOptions { readings, ..empty() }).await;
    assert_eq!(client.filtered(both).await.status, 400);
    assert_eq!(client.filtered("AuditEnabled -ne 'True'").await.status, 200);
}

#[tokio::test]
async fn unknown_parameters_and_cmdlets_are_refused_in_their_own_ways() {
    let client = Client::of(empty()).await;
    let parameter = client.run("Get-Mailbox", json!({"Properties": "Guid"})).await;
    assert_eq!(parameter.status, 400);
    assert!(parameter.text().contains("AmbiguousParameterSetException"));
    assert!(parameter.message().ends_with("Properties"));

    let cmdlet = client.run("Remove-Mailbox", json!({})).await;
    assert_eq!(cmdlet.status, 403);
    assert!(!cmdlet.bytes.is_empty() && cmdlet.bytes.iter().all(|byte| *byte == 0));
    assert_eq!(cmdlet.header("content-encoding"), Some("gzip"), "a lie");
    assert_eq!(cmdlet.header("x-exceptiontype"), Some("CmdletAccessDeniedException"));
}

#[tokio::test]
async fn the_organization_and_the_bypass_list_can_be_read() {
    let client = Client::of(empty()).await;
    let guid = client.simulation.add_mailbox(named("backup"));
    let organization = client.run("Get-OrganizationConfig", json!({})).await.rows();
    assert_eq!(organization[0]["AuditDisabled"], false);
    let log = client.run("Get-AdminAuditLogConfig", json!({})).await.rows();
    assert_eq!(log[0]["UnifiedAuditLogIngestionEnabled"], true);

    let all =
        client.run("Get-MailboxAuditBypassAssociation", json!({"ResultSize": "Unlimited"})).await.rows();
    assert_eq!(all.len(), 4, "a mailbox and three accounts without one");
    let one =
        client.run("Get-MailboxAuditBypassAssociation", json!({"Identity": guid.to_string()})).await.rows();
    assert_eq!((one.len(), one[0]["AuditBypassEnabled"].clone()), (1, json!(false)));
    let wrong = client.run("Get-MailboxAuditBypassAssociation", json!({"Identity": "nobody"})).await.rows();
    assert_eq!(wrong.len(), 4, "a wrong identity returns every object");
}

#[tokio::test]
async fn lists_that_microsoft_keeps_follow_its_default() {
    use mailwarden::simulator::Tier;
    let client = Client::of(empty()).await;
    let kept = client.simulation.add_mailbox(named("kept"));
    let custom = client
        .simulation
        .add_mailbox(MailboxSpec { owner: AuditList::custom(["Update"]), ..named("custom") });
    client.simulation.set_microsoft_default(LogonType::Owner, Tier::Standard, &["Update", "RecallMessage"]);
    assert_eq!(client.row(kept).await["AuditOwner"], json!(["Update", "RecallMessage"]));
    assert_eq!(client.row(custom).await["AuditOwner"], json!(["Update"]), "frozen");
    assert_eq!(client.simulation.actions(kept, LogonType::Owner), ["Update", "RecallMessage"]);
}
