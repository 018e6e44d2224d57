//! Set-Mailbox and the other writes: what changes, what silently changes with it, what is refused.

use std::time::Duration;

use chrono::TimeDelta;
use mailwarden::simulator::{
    AuditList, DefaultAuditSetWrite, MailboxKind, MailboxSpec, NoneReadsBack, Readings, Simulation,
    SimulationOptions,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, empty, named, sorted};

async fn with(readings: Readings) -> (Client, Uuid) {
    let client = Client::of(SimulationOptions { readings, ..empty() }).await;
    let guid = client.simulation.add_mailbox(named("adele"));
    (client, guid)
}

fn delta(add: &[&str], remove: &[&str]) -> Value {
    json!({"@odata.type": "#Exchange.GenericHashTable", "Add": add, "Remove": remove})
}

fn owner(simulation: &Simulation, guid: Uuid) -> AuditList {
    simulation.mailbox(guid).unwrap().owner
}

fn done(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.rows().len(), 0);
    assert_eq!(answer.warnings(), Vec::<String>::new());
}

fn unchanged(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let warnings = answer.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with("The command completed successfully but no settings of '"),
        "{warnings:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_is_stored_dated_and_silent_and_the_second_one_warns() {
    let (client, guid) = with(Readings::default()).await;
    let before = client.simulation.mailbox(guid).unwrap().changed;
    tokio::time::advance(Duration::from_secs(60)).await;
    done(&client.set(guid, json!({"AuditEnabled": true, "AuditLogAgeLimit": "180.00:00:00"})).await);
    let mailbox = client.simulation.mailbox(guid).unwrap();
    assert_eq!(mailbox.audit_enabled, Some(true));
    assert_eq!(mailbox.audit_log_age, TimeDelta::days(180));
    assert_eq!(mailbox.changed - before, TimeDelta::seconds(60));
    unchanged(&client.set(guid, json!({"AuditEnabled": true})).await);
    assert_eq!(client.simulation.counters().changes, 1);
}

#[tokio::test(start_paused = true)]
async fn whether_an_audit_write_moves_when_changed_is_a_reading() {
    let (client, guid) =
        with(Readings { audit_write_bumps_when_changed: false, ..Readings::default() }).await;
    let before = client.simulation.mailbox(guid).unwrap().changed;
    tokio::time::advance(Duration::from_secs(60)).await;
    done(&client.set(guid, json!({"AuditEnabled": true})).await);
    assert_eq!(client.simulation.mailbox(guid).unwrap().changed, before);
    client.simulation.edit_mailbox(guid, |mailbox| mailbox.audit_enabled = None);
    assert!(
        client.simulation.mailbox(guid).unwrap().changed > before,
        "an administrator's edit is dated all the same"
    );
}

#[tokio::test]
async fn a_written_list_leaves_the_default_set_and_restoring_brings_it_back() {
    let (client, guid) = with(Readings::default()).await;
    done(&client.set(guid, json!({"AuditOwner": ["Update", "harddelete"]})).await);
    let row = client.row(guid).await;
    assert_eq!(row["DefaultAuditSet"], json!(["Admin", "Delegate"]));
    assert_eq!(sorted(&row["AuditOwner"]), ["HardDelete", "Update"], "canonical case");
    unchanged(&client.set(guid, json!({"AuditOwner": ["HardDelete", "Update"]})).await);

    done(&client.set(guid, json!({"DefaultAuditSet": ["Admin", "Delegate", "Owner"]})).await);
    let row = client.row(guid).await;
    assert_eq!(row["DefaultAuditSet"], json!(["Admin", "Delegate", "Owner"]));
    assert_eq!(row["AuditOwner"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn the_two_readings_of_default_audit_set_differ_in_what_is_not_named() {
    for (reading, left) in [
        (DefaultAuditSetWrite::Replaces, json!(["Owner"])),
        (DefaultAuditSetWrite::Adds, json!(["Admin", "Delegate", "Owner"])),
    ] {
        let (client, guid) = with(Readings { default_audit_set: reading, ..Readings::default() }).await;
        client.simulation.edit_mailbox(guid, |m| m.owner = AuditList::custom(["Update"]));
        done(&client.set(guid, json!({"DefaultAuditSet": ["Owner"]})).await);
        let row = client.row(guid).await;
        assert_eq!(row["DefaultAuditSet"], left, "{reading:?}");
        assert_eq!(row["AuditOwner"].as_array().unwrap().len(), 10, "{reading:?}");
        assert_eq!(row["AuditAdmin"].as_array().unwrap().len(), 13, "frozen as it was at most");
    }
}

#[tokio::test]
async fn lists_are_edited_by_tagged_tables_and_only_by_those() {
    let (client, guid) = with(Readings::default()).await;
    done(&client.set(guid, json!({"AuditOwner": delta(&["MailboxLogin"], &["Send"])})).await);
    let row = client.row(guid).await;
    let list = sorted(&row["AuditOwner"]);
    assert!(list.contains(&"MailboxLogin".to_owned()) && !list.contains(&"Send".to_owned()));
    assert_eq!(list.len(), 10);
    assert_eq!(row["DefaultAuditSet"], json!(["Admin", "Delegate"]));

    let untagged = client.set(guid, json!({"AuditOwner": {"Add": ["Move"]}})).await;
    assert_eq!(untagged.status, 400);
    assert!(untagged.message().contains("JObject"));

    unchanged(&client.set(guid, json!({"AuditAdmin": delta(&["Update"], &[])})).await);
    assert_eq!(
        client.row(guid).await["DefaultAuditSet"],
        json!(["Admin", "Delegate"]),
        "adding what is there is nothing"
    );
}

#[tokio::test]
async fn one_illegal_action_fails_the_whole_call_in_the_words_of_its_logon_type() {
    let (client, guid) = with(Readings::default()).await;
    for (parameter, action, name) in [
        ("AuditOwner", "FolderBind", "Mailbox Owner"),
        ("AuditDelegate", "Send", "Delegate"),
        ("AuditAdmin", "MailboxLogin", "Admin"),
    ] {
        let mut parameters = json!({"AuditEnabled": true});
        parameters[parameter] = json!(["Update", action]);
        let answer = client.set(guid, parameters).await;
        assert_eq!(answer.status, 400);
        let message = answer.message();
        let start =
            format!("Invalid audit operation specified. Supported audit operations for {name} are None, ");
        assert!(message.starts_with(&start), "{message}");
        assert!(!message.contains(&format!(" {action},")), "{message}");
    }
    let unknown = client.set(guid, json!({"AuditOwner": ["Bogus"]})).await;
    assert!(unknown.message().contains("The possible enumeration values are"), "{}", unknown.text());
    assert_eq!(client.simulation.mailbox(guid).unwrap().audit_enabled, None, "nothing was written");
    assert_eq!(client.simulation.counters().changes, 0);
}

#[tokio::test]
async fn message_bind_and_licensed_actions_depend_on_the_mailbox() {
    let readings = Readings { licensed_actions: vec!["MailItemsAccessed".into()], ..Readings::default() };
    let (client, standard) = with(readings).await;
    let premium = client.simulation.add_mailbox(MailboxSpec { premium: true, ..named("premium") });
    done(&client.set(standard, json!({"AuditAdmin": ["MessageBind"]})).await);
    let refused = client.set(premium, json!({"AuditAdmin": ["MessageBind"]})).await;
    assert!(
        refused.message().contains("MessageBind audit operation type is deprecated"),
        "{}",
        refused.text()
    );
    done(&client.set(premium, json!({"AuditOwner": ["MailItemsAccessed"]})).await);
    let refused = client.set(standard, json!({"AuditOwner": ["MailItemsAccessed"]})).await;
    assert!(refused.message().contains("only available for users with appropriate license"));
}

#[tokio::test]
async fn none_empties_a_list_and_an_empty_array_does_nothing() {
    for (reading, shown) in [(NoneReadsBack::Empty, json!([])), (NoneReadsBack::Word, json!(["None"]))] {
        let (client, guid) = with(Readings { none_reads_back: reading, ..Readings::default() }).await;
        unchanged(&client.set(guid, json!({"AuditOwner": []})).await);
        done(&client.set(guid, json!({"AuditOwner": ["None"]})).await);
        assert_eq!(client.row(guid).await["AuditOwner"], shown);
        assert_eq!(owner(&client.simulation, guid), AuditList::custom([""; 0]));
        assert_eq!(client.set(guid, json!({"AuditOwner": ["None", "Update"]})).await.status, 400);
    }
}

#[tokio::test]
async fn ages_come_as_time_spans_or_days_and_zero_is_a_purge() {
    let (client, guid) = with(Readings::default()).await;
    for (sent, shown) in [
        (json!("365"), "365.00:00:00"),
        (json!(30), "30.00:00:00"),
        (json!("1.02:03:04"), "1.02:03:04"),
        (json!("00:00:00"), "00:00:00"),
    ] {
        done(&client.set(guid, json!({"AuditLogAgeLimit": sent})).await);
        assert_eq!(client.row(guid).await["AuditLogAgeLimit"], shown);
    }
    assert_eq!(client.simulation.purges(), 1);
    for bad in
        [json!("90 days"), json!("-1.00:00:00"), json!("1.25:00:00"), json!(true), json!("24856.00:00:00")]
    {
        assert_eq!(client.set(guid, json!({"AuditLogAgeLimit": bad})).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn groups_take_an_age_with_their_switch_and_no_lists() {
    let client = Client::of(empty()).await;
    let group =
        client.simulation.add_mailbox(MailboxSpec { kind: MailboxKind::Group, ..MailboxSpec::default() });
    assert_eq!(
        client.set(group, json!({"AuditLogAgeLimit": "30.00:00:00"})).await.status,
        404,
        "not without the switch"
    );
    done(&client.set(group, json!({"GroupMailbox": true, "AuditLogAgeLimit": "30.00:00:00"})).await);
    assert_eq!(client.set(group, json!({"GroupMailbox": true, "AuditOwner": ["Update"]})).await.status, 400);
    assert_eq!(client.simulation.mailbox(group).unwrap().audit_log_age, TimeDelta::days(30));
}

#[tokio::test]
async fn inactive_mailboxes_are_frozen() {
    let client = Client::of(empty()).await;
    let guid = client.simulation.add_mailbox(MailboxSpec { inactive: true, ..MailboxSpec::default() });
    assert_eq!(client.set(guid, json!({"AuditEnabled": true})).await.status, 404);
    assert_eq!(client.set(guid, json!({"AuditEnabled": true, "InactiveMailbox": true})).await.status, 400);
}

#[tokio::test]
async fn values_of_the_wrong_type_unknown_parameters_and_a_missing_identity_are_refused() {
    let (client, guid) = with(Readings::default()).await;
    for bad in [
        json!({"AuditEnabled": "True"}),
        json!({"AuditOwner": 3}),
        json!({"DefaultAuditSet": ["Guest"]}),
        json!({"AuditPolicy": 1}),
    ] {
        assert_eq!(client.set(guid, bad.clone()).await.status, 400, "{bad}");
    }
    assert_eq!(client.run("Set-Mailbox", json!({"AuditEnabled": true})).await.status, 400);
    assert_eq!(client.simulation.counters().changes, 0);
}

#[tokio::test]
async fn success_may_be_a_204() {
    let (client, guid) = with(Readings { success_is_204: true, ..Readings::default() }).await;
    let answer = client.set(guid, json!({"AuditEnabled": true})).await;
    assert_eq!((answer.status, answer.bytes.len()), (204, 0));
    unchanged(&client.set(guid, json!({"AuditEnabled": true})).await);
}

#[tokio::test]
async fn what_if_and_confirm_write_nothing() {
    let (client, guid) = with(Readings::default()).await;
    assert_eq!(client.set(guid, json!({"AuditEnabled": true, "WhatIf": true})).await.status, 200);
    let asked = client.set(guid, json!({"AuditEnabled": true, "Confirm": true})).await;
    assert!(asked.json()["@adminapi.confirmationmessage"].is_string());
    assert_eq!(client.simulation.mailbox(guid).unwrap().audit_enabled, None);
    done(&client.set(guid, json!({"AuditEnabled": true, "Confirm": false})).await);
}

#[tokio::test(start_paused = true)]
async fn the_organization_is_set_and_ingestion_may_lag() {
    let readings = Readings { ingestion_lag: Duration::from_secs(1_800), ..Readings::default() };
    let (client, _) = with(readings).await;
    done(&client.run("Set-OrganizationConfig", json!({"AuditDisabled": true})).await);
    assert!(client.simulation.switches().audit_disabled);
    unchanged(&client.run("Set-OrganizationConfig", json!({"AuditDisabled": true})).await);
    done(&client.run("Set-AdminAuditLogConfig", json!({"UnifiedAuditLogIngestionEnabled": false})).await);
    let shown = async || {
        client.run("Get-AdminAuditLogConfig", json!({})).await.rows()[0]["UnifiedAuditLogIngestionEnabled"]
            .clone()
    };
    assert_eq!(shown().await, true, "not yet");
    tokio::time::advance(Duration::from_secs(900)).await;
    assert_eq!(shown().await, true, "not yet");
    tokio::time::advance(Duration::from_secs(901)).await;
    assert_eq!(shown().await, false);
}

#[tokio::test]
async fn bypass_is_set_on_mailboxes_and_on_accounts_without_one() {
    let (client, guid) = with(Readings::default()).await;
    let set = async |identity: &str| {
        client
            .run(
                "Set-MailboxAuditBypassAssociation",
                json!({"Identity": identity, "AuditBypassEnabled": true}),
            )
            .await
    };
    done(&set(&guid.to_string()).await);
    assert!(client.simulation.mailbox(guid).unwrap().bypassed);
    done(&set("BackupConnector").await);
    unchanged(&set("BackupConnector").await);
    assert_eq!(set("nobody").await.status, 404);
    let rows = client.run("Get-MailboxAuditBypassAssociation", json!({})).await.rows();
    assert_eq!(rows.iter().filter(|row| row["AuditBypassEnabled"] == true).count(), 2);
}

#[tokio::test]
async fn writing_the_default_list_word_for_word_freezes_it_unless_read_otherwise() {
    for (stays, left) in
        [(false, json!(["Delegate", "Owner"])), (true, json!(["Admin", "Delegate", "Owner"]))]
    {
        let readings = Readings { verbatim_default_stays_kept: stays, ..Readings::default() };
        let (client, guid) = with(readings).await;
        let list = client.row(guid).await["AuditAdmin"].clone();
        assert_eq!(client.set(guid, json!({"AuditAdmin": list})).await.status, 200);
        assert_eq!(client.row(guid).await["DefaultAuditSet"], left);
    }
}

#[tokio::test]
async fn old_refusals_can_be_had() {
    let readings = Readings {
        readding_is_error: true,
        false_write_ignored: true,
        dehydrated: true,
        ..Readings::default()
    };
    let (client, guid) = with(readings).await;
    let again = client.set(guid, json!({"AuditOwner": delta(&["Update"], &[])})).await;
    assert!(again.message().contains("already being audited"));
    client.simulation.edit_mailbox(guid, |m| m.audit_enabled = Some(true));
    unchanged(&client.set(guid, json!({"AuditEnabled": false})).await);
    assert_eq!(client.simulation.mailbox(guid).unwrap().audit_enabled, Some(true));
    let organization = client.run("Set-OrganizationConfig", json!({"AuditDisabled": true})).await;
    assert!(organization.message().contains("Enable-OrganizationCustomization"));
    assert!(!client.simulation.switches().audit_disabled);
}
