//! The questions of the port, as they look on the wire, and what is made of the answers.

use mailwarden::domain::{Attribute, RecipientType, StoredAuditing, SwitchState};
use mailwarden::exchange::{
    Columns, ErrorKind, Operation, Population, Reader, Recovery, RequestResult, RowFilter, RowQuery, Scope,
};
use serde_json::json;

use crate::fake::{Fake, Reply, Seen, fault, id, now, page, row, rows};

const USERS: &str = "(RecipientTypeDetails -eq 'UserMailbox')";

fn users() -> Scope {
    Scope { types: vec![RecipientType::UserMailbox], ..Scope::default() }
}

fn filter(seen: &Seen) -> String {
    seen.parameters()["Filter"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_stored_off_query_asks_for_identities_only_and_sorts_them() {
    let fake = Fake::new(|_, _| rows([3, 1, 2]));
    let off = fake.connect().stored_off(&Scope::default()).await.expect("read");
    assert_eq!(off.ids, [id(1), id(2), id(3)]);
    assert!(off.contains(id(2)) && !off.contains(id(4)) && off.view.is_complete());
    let asked = fake.asked();
    assert_eq!(asked[0].query, "$select=Guid");
    assert_eq!(
        asked[0].parameters(),
        json!({"ResultSize": "Unlimited", "Filter": "AuditEnabled -ne 'True'"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_look_at_what_is_stored_off_brings_full_rows_that_are_off() {
    let fake = Fake::new(|_, _| rows([1]));
    let query = RowQuery { scope: users(), columns: Columns::default(), filter: RowFilter::StoredOff };
    let mut found = Vec::new();
    fake.connect().mailboxes(&query, &mut |mailbox| found.push(mailbox)).await.expect("read");
    assert_eq!((found[0].displayed_enabled, found[0].stored), (Some(true), StoredAuditing::Off));
    assert_eq!(filter(&fake.asked()[0]), format!("{USERS} -and AuditEnabled -ne 'True'"));
}

#[tokio::test(start_paused = true)]
async fn each_filter_and_population_has_its_form() {
    let fake = Fake::new(|_, _| rows([]));
    let exchange = fake.connect();
    for (population, filter) in [
        (Population::Plain, RowFilter::ChangedSince(now())),
        (Population::PublicFolders, RowFilter::StoredOffCreatedSince(now())),
        (Population::Groups, RowFilter::All),
        (Population::Inactive, RowFilter::CreatedSince(now())),
    ] {
        let columns = Columns { attributes: [Attribute::Office].into(), email_addresses: true };
        let query = RowQuery { scope: Scope { population, types: Vec::new() }, columns, filter };
        exchange.mailboxes(&query, &mut |_| ()).await.expect("read");
    }
    let asked = fake.asked();
    let expected = [
        json!({"ResultSize": "Unlimited", "Filter": "WhenChangedUTC -gt '2026-11-21T10:00:00Z'"}),
        json!({"ResultSize": "Unlimited", "PublicFolder": true,
            "Filter": "WhenMailboxCreated -gt '2026-11-21T10:00:00Z' -and AuditEnabled -ne 'True'"}),
        json!({"ResultSize": "Unlimited", "GroupMailbox": true}),
        json!({"ResultSize": "Unlimited", "InactiveMailboxOnly": true,
            "Filter": "WhenMailboxCreated -gt '2026-11-21T10:00:00Z'"}),
    ];
    assert_eq!(asked.iter().map(Seen::parameters).collect::<Vec<_>>(), expected);
    assert!(asked[0].query.ends_with("WhenChangedUTC,Office,EmailAddresses"));
}

#[tokio::test(start_paused = true)]
async fn types_that_the_service_refuses_in_a_filter_are_sorted_out_here_from_then_on() {
    let fake = Fake::new(|_, seen| match filter(seen).contains("RecipientTypeDetails") {
        true => fault(400, "FilterException", "no such property"),
        false => {
            let shared = json!({"Guid": id(9).to_string(), "RecipientTypeDetails": "SharedMailbox"});
            Reply::from(json!({"value": [row(1), shared]}))
        }
    });
    let exchange = fake.connect();
    let query = RowQuery { scope: users(), columns: Columns::default(), filter: RowFilter::StoredOff };
    for _ in 0..2 {
        let mut found = Vec::new();
        let view = exchange.mailboxes(&query, &mut |mailbox| found.push(mailbox.id)).await.expect("read");
        assert_eq!((found, view.examined), (vec![id(1)], 1));
    }
    let filters: Vec<String> = fake.asked().iter().map(filter).collect();
    let plain = "AuditEnabled -ne 'True'".to_owned();
    assert_eq!(filters, [format!("{USERS} -and {plain}"), plain.clone(), plain]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_stored_off_filter_is_named_so_that_it_can_be_done_without() {
    let fake = Fake::new(|_, _| fault(400, "FilterException", "AuditEnabled cannot be filtered"));
    let exchange = fake.connect();
    let error = exchange.stored_off(&users()).await.expect_err("refused");
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::FilterRefused, Recovery::FilterRefused));
    assert_eq!(error.service_text(), Some("AuditEnabled cannot be filtered"));
    let error = exchange.stored_off_in_group(Population::Plain, &[id(1)]).await.expect_err("refused");
    assert_eq!(error.recovery(), Recovery::FilterRefused);
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_group_is_asked_for_by_identity_and_strangers_are_dropped() {
    let fake = Fake::new(|_, _| rows([2, 7, 1]));
    let exchange = fake.connect();
    let group = [id(1), id(2), id(3)];
    let found = exchange.read_group(Population::Plain, &group, &Columns::default()).await.expect("read");
    assert_eq!(found.iter().map(|mailbox| mailbox.id).collect::<Vec<_>>(), [id(2), id(1)]);
    assert!(found.iter().all(|mailbox| mailbox.stored == StoredAuditing::Unknown));
    let off = exchange.stored_off_in_group(Population::Plain, &group).await.expect("read");
    assert_eq!(off, [id(1), id(2)]);
    assert_eq!(exchange.metrics().unasked_rows, 2);
    let named = format!("(Guid -eq '{}' -or Guid -eq '{}' -or Guid -eq '{}')", id(1), id(2), id(3));
    let filters: Vec<String> = fake.asked().iter().map(filter).collect();
    assert_eq!(filters, [named.clone(), format!("{named} -and AuditEnabled -ne 'True'")]);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_not_read_to_its_end_is_an_error() {
    let fake = Fake::new(|number, _| match number {
        0 => Reply::from(page([1], "one")),
        _ => fault(400, "x", "Expired or Invalid pagination request."),
    });
    let error = fake.connect().stored_off_in_group(Population::Plain, &[id(1), id(2)]).await;
    assert_eq!(error.expect_err("absence would be a guess").kind(), ErrorKind::PagingExpired);
}

#[tokio::test(start_paused = true)]
async fn a_group_has_a_size_and_an_empty_one_costs_nothing() {
    let fake = Fake::new(|_, _| rows([]));
    let exchange = fake.connect();
    assert!(exchange.stored_off_in_group(Population::Plain, &[]).await.is_ok_and(|off| off.is_empty()));
    let many: Vec<_> = (1..=21).map(id).collect();
    let error = exchange.stored_off_in_group(Population::Plain, &many).await.expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(fake.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_name_finds_one_none_or_several() {
    let fake = Fake::new(|_, seen| match seen.parameters()["Identity"].as_str() {
        Some("adele") => Reply::from(rows([1])),
        Some("nobody") => fault(404, "X.ManagementObjectNotFoundException", "couldn't be found"),
        Some("smith") => fault(400, "X.ManagementObjectAmbiguousException", "matches multiple entries"),
        _ => Reply::from(rows([1, 2])),
    });
    let exchange = fake.connect();
    let columns = Columns::default();
    let count = async |name: &str| exchange.find(name, &columns).await.map(|found| found.len());
    assert_eq!(count("adele").await.ok(), Some(1));
    assert_eq!(count("nobody").await.ok(), Some(0));
    assert_eq!(count("smith").await.ok(), Some(2));
    let asked = fake.asked();
    assert_eq!(asked[0].parameters(), json!({"Identity": "adele", "ResultSize": 20}));
    assert!(filter(&asked[3]).starts_with("(Alias -eq 'smith' -or UserPrincipalName -eq 'smith'"));
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_name_whose_matches_are_not_shown_is_an_error() {
    let fake = Fake::new(|_, _| fault(400, "X.ManagementObjectAmbiguousException", "matches multiple"));
    let error = fake.connect().find("smith", &Columns::default()).await.expect_err("ambiguous");
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Ambiguous, Recovery::SkipMailbox));
}

#[tokio::test(start_paused = true)]
async fn each_switch_of_the_organization_has_its_own_outcome() {
    let fake = Fake::new(|_, seen| match seen.cmdlet().as_str() {
        "Get-OrganizationConfig" => Reply::from(json!({"value": [{"AuditDisabled": true}]})),
        _ => fault(403, "CmdletAccessDeniedException", "not allowed"),
    });
    let exchange = fake.connect();
    let reading = exchange.organization().await;
    assert_eq!(reading.mailbox_auditing.as_ref().ok(), Some(&SwitchState::Off));
    assert_eq!(reading.errors().count(), 1);
    let organization = reading.organization();
    assert_eq!(organization.mailbox_auditing, SwitchState::Off);
    assert_eq!(organization.unified_audit_log_ingestion, SwitchState::Unknown);
    let metrics = exchange.metrics();
    assert_eq!(metrics.count(Operation::ReadOrganization, RequestResult::Ok), 1);
    assert_eq!(metrics.count(Operation::ReadIngestion, RequestResult::Denied), 1);
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_the_answer_does_not_hold_is_unknown() {
    let fake = Fake::new(|_, _| json!({"value": [{"Identity": "contoso"}]}));
    let reading = fake.connect().organization().await;
    assert_eq!(reading.mailbox_auditing.ok(), Some(SwitchState::Unknown));
    let none = Fake::new(|_, _| rows([]));
    assert!(none.connect().organization().await.mailbox_auditing.is_err());
}
